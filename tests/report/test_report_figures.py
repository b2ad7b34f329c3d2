import numpy as np
import pytest
from PIL import Image

from mleq.report import figures


def check(folder, written):
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in written)
    assert {path.stem for path in written} - {"leaderboard"} == set(figures.FIGURES)
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
    check(tmp_path / "img", figures.draw_all(tmp_path / "img", out_dir=tmp_path))


def test_the_real_catalogue_is_named_in_the_caption(tmp_path, world_csv):
    subject = figures.find_subject(world_csv)
    assert subject.real
    assert "U.S. Geological Survey" in subject.caption
    assert "1973–2015" in subject.caption
    check(tmp_path / "img", figures.draw_all(tmp_path / "img", world_csv, tmp_path))


@pytest.mark.parametrize("degrees", [-180, -90, 0, 90, 180, 270])
def test_longitudes_are_written_in_the_half_they_lie_in(degrees):
    from mleq.report.pictures import _longitude

    expected = {-180: "180°", -90: "90°W", 0: "0°", 90: "90°E", 180: "180°", 270: "90°W"}
    assert _longitude(degrees) == expected[degrees]


def test_the_leaderboard_is_drawn_from_its_page(tmp_path, monkeypatch):
    from mleq.report.forecast_pictures import first_table

    page = tmp_path / "leaderboard.md"
    page.write_text(
        "# Leaderboard\n\n## M 4.5\n\n| method | nats per event-day, all places | better at | worse at | of |\n"
        "|---|---|---|---|---|\n| omori | +0.031 [-0.020, +0.081] | 1 | 0 | 14 |\n"
        "| **this model** | -0.120 | 0 | 3 | 14 |\n\n### tokyo\n\n| x | -9.0 [-9.5, -8.5] | -1 | 0.5 |\n\n## M 5\n"
    )
    assert first_table(page.read_text()) == (
        "M 4.5",
        [("omori", 0.031, -0.02, 0.081), ("this model", -0.12, None, None)],
    )
    monkeypatch.setattr(figures, "LEADERBOARD", page)
    monkeypatch.setattr(figures, "FIGURES", {})
    monkeypatch.setattr(figures, "WORLD_CATALOG", tmp_path / "absent.csv.gz")
    (drawn,) = figures.draw_all(tmp_path / "img")
    assert np.asarray(Image.open(drawn)).shape[1] >= 1000
