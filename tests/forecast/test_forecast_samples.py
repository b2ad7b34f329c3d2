import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mleq.errors import DataError, RequestError
from mleq.etas.sphere import distance_km
from mleq.forecast.samples import issue_time, make_samples, window_for

NEAR_TOKYO = (35.7, 139.8)


@pytest.fixture(scope="module")
def events(make_events):
    """A year around Tokyo: about half of the days have an M 4.5 within 150 km."""
    return make_events(700, near=NEAR_TOKYO)


@pytest.fixture(scope="module")
def samples(make_recipe, events):
    return make_samples(make_recipe(), events)


def test_first_window_and_last_horizon_are_wholly_observed(samples):
    # The catalogue covers 2001-01-01 to 2001-12-31 UTC: in Tokyo whole days from 2 January to 30 December.
    assert samples.first_day == np.datetime64("2001-01-02")
    assert samples.heatmaps.shape == (363, 10, 12, 3)
    assert samples.dates[0] == np.datetime64("2001-01-07")
    assert samples.dates[-1] == np.datetime64("2001-12-30")
    assert len(samples) == 358 == len(samples.target)


def test_days_whose_horizon_is_not_observed_are_no_samples(make_recipe, events):
    samples = make_samples(make_recipe(target={"horizon_days": 2, "magnitude": 5.0}), events)
    assert samples.dates[-1] == np.datetime64("2001-12-29")


@pytest.mark.parametrize("horizon_days", [1, 3])
def test_target_is_what_its_definition_says(make_recipe, events, horizon_days):
    recipe = make_recipe(target={"horizon_days": horizon_days, "magnitude": 5.0, "max_depth_km": 400.0})
    samples = make_samples(recipe, events)
    local = events["origin_time"].dt.tz_convert("Asia/Tokyo").dt.date
    for i in range(0, len(samples), 7):
        first = samples.dates[i].astype(object)
        came_true = False
        for row, day in zip(events.itertuples(), local, strict=True):
            in_circle = distance_km(row.latitude, row.longitude, 35.680934, 139.767551) <= 150
            soon = first <= day < first + dt.timedelta(days=horizon_days)
            came_true |= bool(soon and in_circle and row.magnitude >= 5.0 and not row.depth_km > 400)
        assert samples.target[i] == came_true


def test_heatmaps_count_every_event_of_the_whole_days(samples, events):
    local = events["origin_time"].dt.tz_convert("Asia/Tokyo").dt.strftime("%Y-%m-%d")
    counts = samples.heatmaps[..., 1].sum(axis=(1, 2))
    expected = [int((local == str(samples.first_day + i)).sum()) for i in range(363)]
    assert counts.tolist() == expected


def test_windows_are_views_and_batches_are_scaled(samples):
    assert np.shares_memory(samples.windows, samples.heatmaps)
    assert samples.sample_shape == (5, 10, 12, 3)
    raw = samples.heatmaps[17 : 17 + 5]
    expected = np.clip(raw / np.array([10, 100, 500], np.float32), 0, 1)
    np.testing.assert_array_equal(samples.window(17), expected)
    batch = samples.batch([3, 17])
    assert batch.shape == (2, *samples.sample_shape)
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch[1], expected)
    np.testing.assert_array_equal(samples.window(-1), samples.window(len(samples) - 1))


def test_batch_beyond_the_samples_is_refused(samples):
    with pytest.raises(IndexError):
        samples.batch([len(samples)])


def test_window_ends_where_the_target_date_begins(samples):
    i = 40
    last_day = samples.first_day + i + samples.window_days - 1
    assert last_day == samples.dates[i] - 1
    assert samples.issue_times[i] == issue_time(samples.dates[i], "Asia/Tokyo")
    assert samples.issue_times[i] == pd.Timestamp(str(samples.dates[i]), tz="Asia/Tokyo")
    assert str(samples.issue_times.tz) == "UTC"


def test_parts_are_apart_by_window_and_horizon(samples):
    parts = [samples.dates[samples.parts[name]] for name in ("train", "validation", "test")]
    for earlier, later in zip(parts, parts[1:], strict=False):
        assert later[0] - earlier[-1] > np.timedelta64(5 + 1, "D")


@given(seed=st.integers(0, 1000), index=st.integers(0, 357))
@settings(deadline=None, max_examples=20)
def test_permuted_future_changes_no_window(make_recipe, events, samples, seed, index):
    """Whatever happens at or after the issue time, the window and earlier targets stay as they are."""
    issued = samples.issue_times[index]
    future = (events["origin_time"] >= issued).to_numpy()
    rng = np.random.default_rng(seed)
    changed = events.copy()
    for name in ("latitude", "longitude", "depth_km"):
        changed.loc[future, name] = rng.permutation(changed.loc[future, name].to_numpy())
    changed.loc[future, "magnitude"] = 9.0
    recipe, date = make_recipe(), samples.dates[index]
    np.testing.assert_array_equal(window_for(recipe, changed, [date])[0], samples.window(index))
    np.testing.assert_array_equal(window_for(recipe, events[~future], [date])[0], samples.window(index))


def test_planted_event_shows_before_the_issue_time_alone(make_recipe, events, samples):
    """An event one millisecond before the issue time enters the window, one at it does not."""
    recipe, index = make_recipe(), 100
    issued = samples.issue_times[index]
    for instant, seen in ((issued - pd.Timedelta("1ms"), True), (issued, False)):
        planted = events.iloc[[0]].assign(origin_time=instant, magnitude=9.9, latitude=-80.0)
        changed = pd.concat([events, planted])
        changed.attrs = events.attrs
        window = window_for(recipe, changed, [samples.dates[index]])[0]
        assert (window != samples.window(index)).any() == seen


def test_window_for_equals_the_samples_windows(make_recipe, events, samples):
    chosen = [200, 3, 201, 3]
    windows = window_for(make_recipe(), events, samples.dates[chosen])
    np.testing.assert_array_equal(windows, samples.batch(chosen))
    assert window_for(make_recipe(), events, [dt.date(2001, 3, 1), "2001-03-02"]).shape == (2, 5, 10, 12, 3)
    assert window_for(make_recipe(), events, []).shape == (0, 5, 10, 12, 3)


def test_window_across_a_change_of_clocks(make_recipe, make_events):
    recipe = make_recipe(target={"timezone": "America/New_York"}, grid={"window_days": 2})
    times = pd.to_datetime(
        ["2001-04-01T04:59:00Z", "2001-04-01T05:00:00Z", "2001-04-02T03:59:00Z", "2001-04-02T04:00:00Z"]
    )
    events = make_events(origin_time=times, latitude=[0.0] * 4, longitude=[0.0] * 4, magnitude=[5.0] * 4)
    # On 1 April the clocks went forward: the day had 23 hours.
    counts = window_for(recipe, events, ["2001-04-02", "2001-04-03"])[..., 1].sum(axis=(2, 3)) * 100
    np.testing.assert_allclose(counts, [[1, 2], [2, 1]])


def test_window_after_the_catalogues_end_is_empty(make_recipe, events):
    assert not window_for(make_recipe(), events, ["2030-01-01"]).any()


def test_window_before_the_catalogue_is_refused(make_recipe, events):
    with pytest.raises(RequestError, match=r"starts on 2001-01-01.*expected a target date of 2001-01-07 or later"):
        window_for(make_recipe(), events, ["2001-06-01", "2001-01-06"])
    window_for(make_recipe(), events, ["2001-01-07"])


def test_catalogue_without_attrs_covers_first_to_last_event(make_recipe, make_events):
    events = make_events(700, near=NEAR_TOKYO, attrs=False)
    samples = make_samples(make_recipe(), events)
    first = events["origin_time"].min().tz_convert("Asia/Tokyo")
    assert samples.first_day == np.datetime64(first.date()) + 1


def test_no_event_in_the_circle(make_recipe, events):
    recipe = make_recipe(target={"latitude": -33.0, "longitude": -71.0})
    with pytest.raises(DataError) as caught:
        make_samples(recipe, events)
    for part in (
        "small",
        "700 events",
        "2001-01-01 to 2001-12-31",
        "150 km of (-33, -71)",
        "km away",
        "radius_km",
    ):
        assert part in str(caught.value)
    assert caught.value.exit_code == 2


def test_no_event_strong_enough_names_the_strongest(make_recipe, events):
    with pytest.raises(DataError, match=r"M >= 9\.5.*in the circle reach M \d\.\d"):
        make_samples(make_recipe(target={"magnitude": 9.5}), events)


def test_part_with_a_single_class(make_recipe, make_events):
    magnitude = np.full(700, 4.0)
    magnitude[50:120] = 5.0
    events = make_events(700, near=NEAR_TOKYO, magnitude=magnitude)
    with pytest.raises(DataError, match=r"the validation part has \d+ target dates \(2001.* to 2001.*\), 0 of them"):
        make_samples(make_recipe(), events)


def test_part_with_positives_alone(make_recipe, make_events):
    events = make_events(4000, near=NEAR_TOKYO)
    with pytest.raises(DataError, match=r"(\d+) target dates .*, \1 of them positive.*narrow target.radius_km"):
        make_samples(make_recipe(target={"radius_km": 5000.0, "magnitude": 4.0}), events)


def test_catalogue_too_short_for_a_window(make_recipe, make_events):
    events = make_events(50, end="2001-01-06", near=NEAR_TOKYO)
    with pytest.raises(DataError, match=r"covers 4 whole days.*at least 6: a window of 5 days and a horizon of 1"):
        make_samples(make_recipe(), events)


def test_catalogue_too_short_for_the_split(make_recipe, make_events):
    events = make_events(200, end="2001-01-20", near=NEAR_TOKYO)
    with pytest.raises(RequestError, match="part has no days"):
        make_samples(make_recipe(), events)


@pytest.mark.parametrize("attrs", [True, False])
def test_empty_catalogue(make_recipe, events, attrs):
    empty = events.iloc[:0].copy()
    empty.attrs = events.attrs if attrs else {}
    with pytest.raises(DataError, match="no event|none of the catalogue's 0 events"):
        make_samples(make_recipe(), empty)


def test_table_that_cannot_be_gridded(make_recipe, events):
    with pytest.raises(DataError, match="no column depth_km; it has id, origin_time"):
        make_samples(make_recipe(), events.drop(columns="depth_km"))
    gap = events.assign(magnitude=events["magnitude"].where(events.index != 3))
    with pytest.raises(DataError, match="1 of 700 events have no magnitude"):
        make_samples(make_recipe(), gap)
    naive = events.assign(origin_time=events["origin_time"].dt.tz_localize(None))
    with pytest.raises(DataError, match="no time zone"):
        window_for(make_recipe(), naive, ["2001-06-01"])


def test_tokyo_on_the_real_catalogue(world_csv, make_recipe):
    """Facts of the catalogue, counted here with pandas alone."""
    raw = pd.read_csv(world_csv, usecols=["time", "latitude", "longitude", "depth", "mag", "type"])
    raw = raw[raw["type"] == "earthquake"].rename(columns={"depth": "depth_km", "mag": "magnitude"})
    raw["origin_time"] = pd.to_datetime(raw["time"], utc=True, format="ISO8601")
    raw.attrs = {"start": pd.Timestamp("1973-01-01", tz="UTC"), "end": pd.Timestamp("2016-01-01", tz="UTC")}
    samples = make_samples(make_recipe(grid={"rows": 20, "columns": 30, "window_days": 15}), raw)
    local = raw["origin_time"].dt.tz_convert("Asia/Tokyo").dt.strftime("%Y-%m-%d")
    within = local.between("1973-01-02", "2015-12-31")
    assert samples.heatmaps[..., 1].sum() == within.sum()
    strong = within & (raw["magnitude"] >= 4.5) & (local >= str(samples.dates[0]))
    near = distance_km(raw["latitude"], raw["longitude"], 35.680934, 139.767551) <= 150
    assert samples.target.sum() == local[strong & near].nunique() > 500
