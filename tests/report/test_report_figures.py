import numpy as np
import pytest
from PIL import Image

from mleq.report import figures


def check(folder, written):
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in written)
    assert len(written) == 3
    for path in written:
        assert path.stat().st_size < 200_000
        pixels = np.asarray(Image.open(path).convert("RGB"))
        assert pixels.shape[1] >= 1000, "sharp at a README's width"
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20, "something is drawn"


def test_the_simulated_catalogue_serves_where_the_real_one_is_absent(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "WORLD_CATALOG", tmp_path / "absent.csv.gz")
    subject = figures.find_subject(None)
    assert not subject.real
    assert subject.caption.startswith("Simulated catalogue")
    assert f"{len(subject.events):,} earthquakes" in subject.caption
    check(tmp_path / "img", figures.draw_all(tmp_path / "img"))


def test_the_real_catalogue_is_named_in_the_caption(tmp_path, world_csv):
    subject = figures.find_subject(world_csv)
    assert subject.real
    assert "U.S. Geological Survey" in subject.caption
    assert "1973–2015" in subject.caption
    check(tmp_path / "img", figures.draw_all(tmp_path / "img", world_csv))


@pytest.mark.parametrize("degrees", [-180, -90, 0, 90, 180, 270])
def test_longitudes_are_written_in_the_half_they_lie_in(degrees):
    from mleq.report.pictures import _longitude

    expected = {-180: "180°", -90: "90°W", 0: "0°", 90: "90°E", 180: "180°", 270: "90°W"}
    assert _longitude(degrees) == expected[degrees]
