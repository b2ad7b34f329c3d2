"""Maps of a circle's region: what stands in them, that they know nothing later, and what a network learns from them."""

import numpy as np
import pytest
from test_pool_etas import LATER, N_DAYS, catalogue, pool_of

from mleq.forecast.features import Past
from mleq.forecast.pool.inputs import INPUTS
from mleq.forecast.pool.maps import CHANNELS, REASONS, SMALLEST_EXPECTED, Atlas, Frame
from mleq.forecast.pool.rows import Rows
from mleq.forecast.pool.shape import Shape
from mleq.forecast.pool.walk import Fit, offsets, walk_forward
from mleq.forecast.recipe import ResidualConvLstm

FRAME = Frame(2.0, 4, (3.0, 30.0, 300.0))
SETTINGS = ResidualConvLstm(
    name="residual_convlstm", reach_radii=2, cells=4, ages_days=(3, 30, 300), filters=3, hidden=(8,), dropout=0.0,
    epochs=4, learning_rate=0.03, batch_size=128, quiet_share=0.5,
)  # fmt: skip


def by_hand(pool, fit, circle: int, day: int) -> np.ndarray:
    """The maps of one day of a circle, an event at a time."""
    found, depths = np.zeros(FRAME.shape), {}
    issue, centre = pool.midnights[day], pool.circles.vectors[circle]
    latitude, longitude = np.radians(pool.circles.latitude[circle]), np.radians(pool.circles.longitude[circle])
    for time, vector, magnitude, depth in zip(
        pool.past.times, pool.past.vectors, pool.past.magnitude, pool.past.depth_km, strict=True
    ):
        age = (issue - time) / np.timedelta64(1, "D")
        place = np.searchsorted(FRAME.ages_days, age)
        if age <= 0 or place == 3:
            continue
        distance = 6371.0 * np.arccos(np.clip(vector @ centre, -1, 1))
        phi, lam = np.arcsin(vector[2]), np.arctan2(vector[1], vector[0])
        bearing = np.arctan2(
            np.sin(lam - longitude) * np.cos(phi),
            np.cos(latitude) * np.sin(phi) - np.sin(latitude) * np.cos(phi) * np.cos(lam - longitude),
        )
        column, row = (int(np.floor((distance * way(bearing) / 300 + 1) * 2)) for way in (np.sin, np.cos))
        if not (0 <= row < 4 and 0 <= column < 4):
            continue
        cell = found[2 - place, row, column]
        cell[0] += 1
        cell[1] = max(cell[1], magnitude - 4.0)
        depths.setdefault((2 - place, row, column), []).append(depth)
        shape = fit.shape
        law = (1 + age / shape.c_days) ** (1 - shape.p) - (1 + (age + 1) / shape.c_days) ** (1 - shape.p)
        cell[3] += (
            fit.productivity[circle] * shape.A * np.exp(shape.alpha * (magnitude - 5.0)) * law / SMALLEST_EXPECTED
        )
    for place, values in depths.items():
        found[place][2] = np.mean(values) / 100
    found[..., 0], found[..., 3] = np.log1p(found[..., 0]), np.log1p(found[..., 3])
    return found


def test_maps_hold_what_their_words_say():
    pool = pool_of(catalogue(n=1500))
    fits = [
        Fit(np.datetime64("1990-01-01"), Shape(5.0), np.ones(3), np.array([0.5, 1.0, 2.0])),
        Fit(np.datetime64("1995-01-01"), Shape(5.0, A=0.1, p=1.3), np.ones(3), np.ones(3)),
    ]
    atlas = Atlas.of(pool, fits, FRAME)
    days = [(0, 900, 0), (2, 1500, 0), (1, 3000, 1), (2, N_DAYS - 1, 1)]
    found = atlas.rows(*np.array([day[:2] for day in days]).T).made()
    assert found.shape == (4, *FRAME.shape)
    assert len(CHANNELS) == FRAME.shape[3]
    for one, (circle, day, number) in zip(found, days, strict=True):
        expected = by_hand(pool, fits[number], circle, day)
        np.testing.assert_allclose(one[..., :4], expected[..., :4], rtol=2e-3, atol=1e-3)
        assert (one[..., 4] <= one[..., 3] + 1e-5).all()
    assert found[..., 0].sum() > 20


def test_what_etas_expects_of_all_cells_and_ages_is_what_it_forecasts():
    pool = pool_of(catalogue(n=1500))
    fits = [Fit(np.datetime64("1990-01-01"), Shape(5.0), np.ones(3), np.array([0.5, 1.0, 2.0]))]
    whole = Atlas.of(pool, fits, Frame(6.0, 4, (1.0, 100.0, 10_000.0)))
    days = np.array([1000, 2500, 4000])
    drawn = whole.rows(np.tile(np.arange(3), 3), np.repeat(days, 3)).made()[..., 4].astype(float)
    expected = offsets(pool, fits, slice(0, N_DAYS)).triggered.sum(axis=0)[days].ravel()
    summed = SMALLEST_EXPECTED * np.expm1(drawn).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(summed, expected, rtol=0.02)


def test_no_later_event_changes_a_map(monkeypatch):
    """Every event at or after an issue time is moved to another place and size: maps up to that day stay."""
    from mleq.forecast.pool import maps

    past, cut = catalogue(4, 3000), 4447
    issue = pool_of(past).midnights[cut]
    times = past.times.copy()
    times[np.searchsorted(times, issue)] = issue  # an event at the very instant is a later one
    later, rng, found = times >= issue, np.random.default_rng(9), []
    vectors = np.where(later[:, None], rng.permutation(past.vectors), past.vectors)
    magnitude = np.where(later, rng.permutation(past.magnitude) + 1, past.magnitude)
    rest = (past.depth_km, past.start, past.end)
    monkeypatch.setattr(maps, "EVENTS_AT_ONCE", 400)  # in several pieces
    for one in (Past(times, past.vectors, past.magnitude, *rest), Past(times, vectors, magnitude, *rest)):
        pool = pool_of(one)
        fits = walk_forward(pool, [(np.datetime64("1999-01-01"), True), *LATER])
        day = np.repeat(np.arange(cut - 10, cut + 10), 3)
        found.append(Atlas.of(pool, fits, FRAME).rows(np.tile(np.arange(3), 20), day).made())
    np.testing.assert_array_equal(found[0][:33], found[1][:33])  # ten days before the cut, and its own
    assert (found[0][33:] != found[1][33:]).any(axis=(0, 1, 2, 3)).all()
    assert np.isfinite(found[1]).all()


def planted(seed: int) -> tuple:
    """Days on which what happened lately in the circle's own cells moves the log-odds of ETAS."""
    rng = np.random.default_rng(seed)
    pool = pool_of(catalogue(seed, 4000))
    fits = [Fit(np.datetime64("1990-01-01"), Shape(5.0), np.ones(3), np.ones(3))]
    day, circle = rng.integers(400, N_DAYS, 6000), rng.integers(0, 3, 6000)
    maps = Atlas.of(pool, fits, FRAME).rows(circle, day)
    signal = maps.made()[:, -1, 1:3, 1:3, 0].sum(axis=(1, 2))
    signal = (signal - signal.mean()) / signal.std()
    log_odds = rng.normal(-1.5, 0.5, day.size).astype(np.float32)
    came = rng.random(day.size) < 1 / (1 + np.exp(-(log_odds + signal)))
    inputs = rng.normal(size=(day.size, len(INPUTS))).astype(np.float16)
    rows = Rows(inputs, came, log_odds, np.ones(day.size, np.float32), day.astype(np.int32), circle.astype(np.int32))
    best = rows.log_loss(log_odds) - rows.log_loss(log_odds + signal)
    return rows, maps, best


@pytest.mark.tensorflow
@pytest.mark.parametrize("inputs", [False, True])
def test_a_network_of_maps_begins_at_nothing_learns_and_is_read_back(inputs, tmp_path):
    from mleq.forecast.pool import convolved

    settings = SETTINGS.model_copy(update={"inputs": inputs})
    (rows, maps, _), (held, held_maps, best) = planted(1), planted(2)
    names = tuple(INPUTS) if inputs else ()
    fresh = convolved.ConvolvedCorrection(convolved._network(settings, rows, maps, names, 1), names, FRAME)
    assert (fresh.corrections(held.inputs[:50], held_maps[:50]) == 0).all()
    found, curve = convolved.ConvolvedCorrection.trained(
        settings, rows, maps, seed=1, work=tmp_path / "w", key="k", validation=held, validation_maps=held_maps
    )
    said = found.corrections(held.inputs, held_maps)
    gain = held.log_loss(held.log_odds) - held.log_loss(held.log_odds + said)
    assert gain > 0.5 * best > 0.02
    assert curve["validation_log_loss"].iloc[-1] == pytest.approx(held.log_loss(held.log_odds + said), rel=1e-5)
    moved = found.contributions(held.inputs[:200], held_maps[:200])
    assert moved.shape == (200, len(REASONS))
    rest = said[:200] - moved.sum(axis=1)  # integrated gradients are complete: the rest is what is said of the means
    assert rest.std() < 0.15 * said[:200].std()
    strongest = np.abs(moved).mean(axis=0)
    assert strongest[len(INPUTS) :].max() > strongest[: len(INPUTS)].max()
    assert inputs == (strongest[: len(INPUTS)].max() > 0)
    found.save(tmp_path / "c")
    again = convolved.ConvolvedCorrection.loaded(tmp_path / "c")
    np.testing.assert_allclose(again.corrections(held.inputs[:40], held_maps[:40]), said[:40], atol=1e-5)
    assert (again.frame, again.names) == (found.frame, found.names)


@pytest.mark.tensorflow
def test_an_epoch_sees_all_events_and_a_weighted_share_of_the_other_days():
    from mleq.forecast.pool import convolved

    rows, maps, _ = planted(3)
    batches = convolved._batches(rows, maps, (), SETTINGS, 5)
    came, weight = (np.concatenate([batches[i][k].ravel() for i in range(len(batches))]) for k in (1, 2))
    assert came.sum() == rows.came.sum()
    assert weight.sum() == pytest.approx(rows.weight.sum(), rel=1e-5)
    assert len(came) == pytest.approx(rows.came.sum() + 0.5 * (~rows.came).sum(), abs=1)


def test_ages_that_do_not_ascend_are_refused():
    with pytest.raises(ValueError, match="ascend"):
        ResidualConvLstm(name="residual_convlstm", ages_days=(3.0, 1.0))
