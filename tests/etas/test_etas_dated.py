"""A table of events and dates go in, and answers by date come out."""

import numpy as np
import pandas as pd
import pytest

import mleq
from mleq.errors import DataError, RequestError
from mleq.etas import Circle, EtasParameters, History, fault_like_background, fit_etas, simulate_catalog
from mleq.etas.dated import b_value_of, days_since, history_of, moment

REGION = (32.0, 40.0, 135.0, 145.0)
TRUTH = EtasParameters(0.4, 0.25, 1.3, 0.02, 1.4, 6.0, 1.7, 1.0, m0=4.0)
EPOCH = pd.Timestamp("1990-01-01", tz="UTC")


@pytest.fixture(scope="module")
def events():
    catalog = simulate_catalog(
        REGION, 0, 2500, TRUTH, b_value=1.0, magnitude_max=8.0, seed=4, keep_outside=True,
        background=fault_like_background(REGION, np.random.default_rng(4)),
    )  # fmt: skip
    times = EPOCH + pd.to_timedelta(catalog["time_days"], unit="D")
    columns = {name: catalog[name] for name in ("latitude", "longitude", "magnitude")}
    return pd.DataFrame({"origin_time": times.as_unit("us"), **columns})


@pytest.fixture(scope="module")
def model(events):
    return mleq.etas.fit(events, region=REGION, start="1991-06-01", end="1996-06-01", magnitude=4.0, magnitude_max=8.0)


def test_it_is_the_fit_in_days(events, model):
    start = days_since(EPOCH, "1991-06-01")
    history = history_of(events, EPOCH)
    plain = fit_etas(history, region=REGION, start=start, end=days_since(EPOCH, "1996-06-01"), m0=4.0)
    assert model.log_likelihood == pytest.approx(plain.log_likelihood, abs=0.05)
    assert model.parameters.alpha == pytest.approx(plain.parameters.alpha, rel=1e-2)
    assert model.b_value == pytest.approx(1.0, abs=0.1)
    assert 0.2 < model.branching_ratio < 0.9


def test_any_object_with_the_columns_will_do(events, model):
    mapping = {name: events[name].to_numpy() for name in events.columns}
    assert len(model.given(mapping).history) == len(events)
    shuffled = model.given(events.sample(frac=1, random_state=1))
    np.testing.assert_array_equal(shuffled.history.time_days, model.history.time_days)


def test_questions_by_date(model):
    circle = Circle(36.0, 140.0, 150.0)
    found = model.probability(circle, "1996-06-01", 7, 4.5, n_simulations=20_000)
    assert 0 < found["low"] < found["value"] < found["high"] < 1
    assert found == model.probability((36.0, 140.0, 150.0), "1996-06-01T00:00Z", 7, 4.5, n_simulations=20_000)
    wider = model.probability(circle, "1996-06-01", 7, 4.5, n_simulations=20_000, uncertain_parameters=True)
    assert wider["high"] - wider["low"] > found["high"] - found["low"]
    rate = model.rate([36.0, 37.0], [140.0, 141.0], "1996-06-01")
    assert rate.shape == (2,)
    assert (rate > 0).all()


def test_the_past_can_be_renewed_without_a_new_fit(events, model):
    quiet = model.given(events[events.origin_time < "1993-01-01"])
    assert quiet.parameters == model.parameters
    args = ((36.0, 140.0, 300.0), "1996-06-01", 7, 4.5)
    assert quiet.probability(*args)["value"] < model.probability(*args)["value"]


def test_simulated_catalogs_are_tables(model):
    once = model.simulate("2001-01-01", "2002-01-01", seed=3)
    assert once.origin_time.is_monotonic_increasing
    assert once.origin_time.min() >= pd.Timestamp("2001-01-01", tz="UTC")
    assert once.origin_time.max() < pd.Timestamp("2002-01-01", tz="UTC")
    pd.testing.assert_frame_equal(once, model.simulate("2001-01-01", "2002-01-01", seed=3))
    expected = model.parameters.background_per_day * 365 / (1 - model.branching_ratio)
    assert 0.3 * expected < len(once) < 3 * expected


def test_b_of_rounded_and_unrounded_magnitudes():
    rng = np.random.default_rng(1)
    exact = 4.0 + rng.exponential(1 / (0.9 * np.log(10)), 50_000)
    assert b_value_of(exact, 4.0) == pytest.approx(0.9, abs=0.02)
    rounded = np.round(exact[exact >= 4.05], 1)
    assert b_value_of(rounded, 4.1) == pytest.approx(0.9, abs=0.02)


def test_wrong_tables_and_dates(events, model):
    with pytest.raises(DataError, match="no column magnitude"):
        mleq.etas.fit(events.drop(columns="magnitude"), region=REGION, magnitude=4.0)
    with pytest.raises(RequestError, match="later than the start"):
        mleq.etas.fit(events, region=REGION, start="1996-01-01", end="1991-01-01", magnitude=4.0)
    with pytest.raises(RequestError, match="no moment"):
        moment("yesterday-ish")
    with pytest.raises(DataError, match="no event"):
        mleq.etas.fit(events.iloc[:0], region=REGION, magnitude=4.0)
    assert isinstance(model.history, History)


def test_what_cannot_be_fitted_is_said(events):
    with pytest.raises(DataError, match="the table holds no event"):
        mleq.etas.fit(events.iloc[:0], region=REGION, magnitude=4.0)
    with pytest.raises(RequestError, match="expected an end later than the start"):
        mleq.etas.fit(events, region=REGION, start="1996-01-01", end="1996-01-01", magnitude=4.0)
    with pytest.raises(DataError, match="all 3 magnitudes are 4; expected larger ones too"):
        b_value_of([4.0, 4.0, 4.0], 4.0)
    for nothing in ("NaT", "yesterday", "2011-02-30", [1, 2]):
        with pytest.raises(RequestError, match="is no moment"):
            moment(nothing)


def test_b_is_akis_with_utsus_half_step_where_magnitudes_are_rounded():
    """Tinti and Mulargia (1987) for tenths, Aki (1965) for continuous magnitudes; both from the mean above m0."""
    tenths = np.array([4.0, 4.1, 4.1, 4.3, 5.0])
    assert b_value_of(tenths, 4.0) == pytest.approx(np.log10(1 + 0.1 / (tenths.mean() - 4)) / 0.1)
    fine = tenths + np.array([0.013, 0.027, 0.031, 0.049, 0.057])
    assert b_value_of(fine, 4.0) == pytest.approx(np.log10(np.e) / (fine.mean() - 4))
