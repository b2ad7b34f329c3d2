import numpy as np
import pandas as pd

from mleq.api import load_events, load_recipe, samples
from mleq.forecast import kept


def test_the_kept_heatmaps_are_those_of_the_samples(tmp_path):
    recipe = load_recipe("demo", changes=["catalog.days=1200"])
    events = load_events(recipe)
    made = samples(recipe, events)
    kept.keep_for_page(recipe, events, made, tmp_path)
    with np.load(tmp_path / "heatmaps.npz", allow_pickle=False) as stored:
        found = dict(stored)
    whole = np.zeros_like(made.heatmaps).reshape(len(made.heatmaps), -1, 3)
    day = np.repeat(np.arange(len(whole)), found["cells_per_day"])
    whole[day, found["cell"], 0] = found["magnitude"] * 0.05
    whole[day, found["cell"], 1] = found["frequency"]
    whole[day, found["cell"], 2] = found["depth_km"]
    expected = made.heatmaps.reshape(whole.shape)
    assert np.array_equal(whole[..., 1], expected[..., 1])
    assert np.abs(whole[..., 0] - expected[..., 0]).max() < 0.026
    assert np.abs(whole[..., 2] - expected[..., 2]).max() < 0.51
    assert str(found["first_day"]) == str(made.first_day)
    order = np.concatenate([made.parts[part] for part in ("train", "validation", "test")])
    assert found["date"].tolist() == made.dates[order].astype(str).tolist()
    assert np.array_equal(found["observed"], made.target[order])

    near = pd.read_parquet(tmp_path / "events.parquet")
    reach = events[kept.distances_km(events, recipe.target) <= 1.5 * kept.REACH * recipe.target.radius_km]
    assert near["strongest"].sum() == near["newest"].sum() == min(300, len(reach))
    assert near["magnitude"].max() == reach["magnitude"].max()
    assert near["origin_time"].max() == reach["origin_time"].max()
    assert near["origin_time"].is_monotonic_increasing

    counts = pd.read_csv(tmp_path / "magnitudes.csv")
    assert 0 < counts["events"].sum() <= len(events)
