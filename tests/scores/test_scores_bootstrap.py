"""Resamples, and the intervals made from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mleq import scores
from mleq.errors import DataError
from mleq.scores.areas import area_influences, ranked_areas
from mleq.scores.blocks import Blocks, resample_counts
from mleq.scores.intervals import FAR
from mleq.scores.molchan import area_skill_influences, resampled_area_skill
from mleq.scores.probability import daily_log_score


def bernoulli(seed, n=600, rate=(1, 6)):
    rng = np.random.default_rng(seed)
    chance = rng.beta(*rate, n)
    return rng.random(n) < chance, chance


def test_indices_are_blocks_of_the_stated_mean_length():
    indices = scores.stationary_indices(1000, 50, 200, seed=1)
    assert indices.shape == (200, 1000)
    assert indices.min() == 0
    assert indices.max() == 999
    breaks = (np.diff(indices, axis=1) % 1000 != 1).mean()
    # A new block begins with chance 1/50; one time in a thousand it goes on where the last one stopped.
    assert breaks == pytest.approx(1 / 50, rel=0.05)


def test_indices_draw_every_day_alike():
    counts = resample_counts(100, 20, 4000, seed=2)
    assert (counts.sum(axis=0) == 100).all()
    np.testing.assert_allclose(counts.mean(axis=1), 1, atol=0.12)


def test_block_of_one_day_is_the_ordinary_bootstrap():
    counts = resample_counts(50, 1, 20_000, seed=3)
    # Multinomial: variance n * 1/n * (1 - 1/n).
    np.testing.assert_allclose(counts.var(axis=1), 1 - 1 / 50, rtol=0.06)


def test_same_seed_same_resamples():
    one, two = (scores.stationary_indices(300, 30, 10, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (one != scores.stationary_indices(300, 30, 10, seed=5)).any()


@pytest.mark.parametrize("wrong", [(0, 10, 5), (10, 0.5, 5), (10, 10, 0), (10, float("nan"), 5)])
def test_impossible_bootstraps_are_refused(wrong):
    with pytest.raises(DataError):
        scores.stationary_indices(*wrong, seed=1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40),
    st.integers(0, 2**32 - 1),
)
def test_areas_of_resamples_are_scikit_learns(pairs, seed):
    """Ties, repeated days and resamples of one class included."""
    observed, level = (np.array(column) for column in zip(*pairs, strict=True))
    if observed.all() or not observed.any():
        return
    probability = level / 6
    areas = ranked_areas(observed, probability, resample_counts(observed.size, 3, 20, seed))
    # The same generator makes the same resamples, as indices.
    indices = scores.stationary_indices(observed.size, 3, 20, seed)
    for resample, found in zip(indices, areas.T, strict=True):
        if observed[resample].all() or not observed[resample].any():
            assert np.isnan(found).all()
        else:
            assert found[0] == pytest.approx(scores.roc_auc(observed[resample], probability[resample]))
            assert found[1] == pytest.approx(scores.pr_auc(observed[resample], probability[resample]))


def test_values_are_the_scores_themselves():
    observed, chance = bernoulli(1)
    result = scores.block_bootstrap(observed, {"m": chance, "c": 0.1}, mean_block_days=10, seed=1, n_resamples=50)
    found = result.score("m")
    for name in ("log_score", "brier_score", "roc_auc", "pr_auc"):
        assert found[name]["value"] == pytest.approx(getattr(scores, name)(observed, chance), rel=1e-12)
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]
    gain, plain = result.gain("m", "c"), scores.information_gain(observed, chance, 0.1)
    for name in plain:
        assert gain[name]["value"] == pytest.approx(plain[name], rel=1e-9)
    assert result.score("c")["roc_auc"] == {"value": 0.5, "low": 0.5, "high": 0.5}


def test_intervals_equal_resampling_by_hand():
    """Studentised by the blocks of each resample, one resample after the other."""
    observed, chance = bernoulli(2, n=200)
    other = np.clip(chance * 1.3, 0, 0.95)
    result = scores.block_bootstrap(
        observed, {"m": chance, "o": other}, mean_block_days=7, seed=9, n_resamples=100, level=0.9
    )
    indices = scores.stationary_indices(200, 7, 100, seed=9)
    blocks = Blocks.drawn(200, 7, 100, seed=9)
    daily = daily_log_score(observed, other) - daily_log_score(observed, chance)
    value = scores.information_gain(observed, chance, other)
    assert value["nats_per_day"] > 0  # so that the far end is the upper one
    for name, per, beyond in (
        ("nats_per_day", np.ones(200), 0.05),
        ("nats_per_event_day", observed.astype(float), 0.05 * FAR),
    ):
        gains, pivots = [], []
        for resample, days in enumerate(indices):
            gain = scores.information_gain(observed[days], chance[days], other[days])[name]
            ends = np.cumsum(blocks.length[blocks.resample == resample])
            residuals = np.split((daily - gain * per)[days], ends[:-1])
            error = np.sqrt(sum(one.sum() ** 2 for one in residuals)) / per[days].sum()
            gains.append(gain)
            pivots.append((gain - value[name]) / error)
        low, high = np.quantile(pivots, [beyond, 0.95])
        spread = np.std(gains, ddof=1)
        interval = result.gain("m", "o")[name]
        assert interval["low"] == pytest.approx(value[name] - high * spread)
        assert interval["high"] == pytest.approx(value[name] - low * spread)
        assert interval["detectable"] == pytest.approx((high + 0.8416) * spread)


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_a_gain_is_the_other_ones_loss(seed):
    observed, chance = bernoulli(seed, n=150)
    other = np.clip(chance * np.random.default_rng(seed).uniform(0.6, 1.4), 0, 0.95)
    result = scores.block_bootstrap(observed, {"m": chance, "o": other}, mean_block_days=7, seed=9, n_resamples=100)
    for name in ("nats_per_day", "nats_per_event_day"):
        ours, theirs = result.gain("m", "o")[name], result.gain("o", "m")[name]
        if ours["low"] is not None:
            assert [ours["low"], ours["value"], ours["high"]] == pytest.approx(
                [-theirs["high"], -theirs["value"], -theirs["low"]]
            )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=3, max_size=30),
    st.integers(0, 29),
)
def test_influences_are_derivatives(days, at):
    """Of areas by the weight of a day, by finite differences; and their mean is the area."""
    observed, level = (np.array(column) for column in zip(*days, strict=True))
    if observed.all() or not observed.any():
        return
    reference = 0.1 + 0.2 * level / 4
    weights = np.full((observed.size, 2), 1_000_000, dtype=np.uint32)
    weights[at % observed.size, 1] += 1
    areas = np.vstack(
        [ranked_areas(observed, level / 4, weights), resampled_area_skill(observed, level / 4, reference, weights)]
    )
    influences = np.vstack(
        [area_influences(observed, level / 4), area_skill_influences(observed, level / 4, reference)]
    )
    np.testing.assert_allclose(influences.mean(axis=1), areas[:, 0], atol=1e-12)
    slope = (areas[:, 1] - areas[:, 0]) * 1_000_000 * observed.size
    np.testing.assert_allclose(influences[:, at % observed.size] - areas[:, 0], slope, atol=1e-4 * observed.size)


def test_paired_differences_are_antisymmetric_and_narrow():
    observed, chance = bernoulli(3)
    near = np.clip(chance + 0.01, 0, 1)
    result = scores.block_bootstrap(observed, {"a": chance, "b": near}, mean_block_days=5, seed=3, n_resamples=200)
    there, back = result.gain("a", "b"), result.gain("b", "a")
    for name in there:
        assert there[name]["value"] == -back[name]["value"]
        assert there[name]["low"] == pytest.approx(-back[name]["high"])
    own = result.score("a")["log_score"]
    paired = there["nats_per_day"]
    assert paired["high"] - paired["low"] < 0.2 * (own["high"] - own["low"])
    for score in result.score("a"):
        difference = result.difference("a", "b", score)
        assert difference["value"] == pytest.approx(-result.difference("b", "a", score)["value"], abs=1e-15)
    assert result.gain("a", "a")["nats_per_day"] == {"value": 0, "low": 0, "high": 0, "detectable": 0}


def test_no_event_leaves_what_can_be_said():
    result = scores.block_bootstrap(np.zeros(100), {"m": 0.1, "c": 0.2}, mean_block_days=5, seed=1, n_resamples=20)
    assert result.score("m")["log_score"]["low"] is not None
    area = result.score("m")["roc_auc"]
    assert area["value"] is None
    assert area["low"] is None
    assert area["reason"] == "undefined on days of one kind"
    assert result.difference("m", "c", "roc_auc")["value"] is None
    gain = result.gain("m", "c")
    assert gain["nats_per_day"]["value"] > 0
    assert gain["nats_per_event_day"]["value"] is None
    assert "reason" in gain["nats_per_event_day"]


def test_too_few_events_or_days_for_an_interval():
    one_event = np.arange(100) == 50
    result = scores.block_bootstrap(one_event, {"m": 0.1, "c": 0.2}, mean_block_days=5, seed=1)
    interval = result.gain("m", "c")["nats_per_event_day"]
    assert interval["low"] is None
    assert interval["value"] is not None
    assert "too few event-days: undefined in" in interval["reason"]
    short = scores.block_bootstrap(one_event, {"m": 0.1}, mean_block_days=60, seed=1, n_resamples=10)
    assert short.score("m")["log_score"]["reason"] == "100 days are fewer than 5 blocks of 60 days"


@pytest.mark.parametrize(
    "wrong", [{"level": 1.0}, {"level": 95}, {"n_resamples": 1}, {"mean_block_days": 0}, {"mean_block_days": None}]
)
def test_wrong_settings_are_refused(wrong):
    settings = {"mean_block_days": 5, "seed": 1, "n_resamples": 10} | wrong
    with pytest.raises((DataError, TypeError)):
        scores.block_bootstrap([0, 1], {"m": 0.5}, **settings)


def test_unknown_names_are_refused():
    result = scores.block_bootstrap([0, 1], {"m": 0.5}, mean_block_days=1, seed=1, n_resamples=10)
    for call in (
        lambda: result.score("n"),
        lambda: result.gain("m", "n"),
        lambda: result.difference("m", "m", "auc"),
    ):
        with pytest.raises(DataError, match="expected one of"):
            call()


def test_coverage_on_independent_days():
    """On independent days nominal 95 % intervals cover the expected score in about that share of series."""
    covered = {"brier_score": 0, "gain": 0}
    chance_law, trials = (2, 5), 200
    a, b = chance_law
    mean = a / (a + b)
    # E (p - y)^2 for calibrated p is E p(1-p).
    expected_brier = mean - a * (a + 1) / ((a + b) * (a + b + 1))
    draws = np.random.default_rng(0).beta(a, b, 2_000_000)
    expected_gain = np.mean(draws * np.log(draws / mean) + (1 - draws) * np.log((1 - draws) / (1 - mean)))
    for seed in range(trials):
        observed, chance = bernoulli(seed + 100, n=300, rate=chance_law)
        result = scores.block_bootstrap(
            observed, {"m": chance, "c": mean}, mean_block_days=10, seed=seed, n_resamples=200
        )
        brier, gain = result.score("m")["brier_score"], result.gain("m", "c")["nats_per_day"]
        covered["brier_score"] += brier["low"] <= expected_brier <= brier["high"]
        covered["gain"] += gain["low"] <= expected_gain <= gain["high"]
    # 200 trials at 0.95: three standard errors are 0.046.
    for name, count in covered.items():
        assert 0.89 <= count / trials <= 0.995, name


def test_studentised_intervals_cover_more_of_clustered_days():
    """Busy and quiet spells of 25 and 75 days on average; Brier score of a constant, whose expectation is known."""
    trials, days, constant, rates = 150, 600, 0.1, np.array([0.02, 0.4])
    share = rates @ [0.75, 0.25]
    truth = share * (1 - 2 * constant) + constant**2
    covered = np.zeros(2)
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        spells = np.concatenate([rng.geometric([1 / 75, 1 / 25]) for _ in range(days // 10)])
        busy = np.repeat(np.arange(spells.size) % 2, spells)
        first = rng.integers(1000)
        observed = rng.random(days) < rates[busy[first : first + days]]
        result = scores.block_bootstrap(
            observed, {"c": constant}, mean_block_days=scores.mean_block_days(days), seed=seed, n_resamples=300
        )
        found = result.score("c")["brier_score"]
        low, high = np.quantile(result.resampled["c"]["brier_score"], [0.025, 0.975])
        covered += [found["low"] <= truth <= found["high"], low <= truth <= high]
    studentised, percentile = covered / trials
    assert studentised > 0.87
    assert studentised > percentile + 0.04


def test_blocks_are_an_eighth_or_as_long_as_they_must_be():
    assert scores.mean_block_days(4000, 16) == 500
    assert scores.mean_block_days(300, 16) == 60
    assert scores.mean_block_days(300, 75) == 75


@given(st.integers(1, 60), st.integers(1, 12), st.floats(1, 30), st.integers(0, 2**32 - 1))
def test_blocks_counts_and_sums_are_those_of_the_indices(days, resamples, mean_block, seed):
    blocks = Blocks.drawn(days, mean_block, resamples, seed)
    indices, daily = blocks.indices(), np.random.default_rng(seed).random(days)
    np.testing.assert_array_equal(blocks.counts().T, [np.bincount(row, minlength=days) for row in indices])
    np.testing.assert_allclose(blocks.by_resample(blocks.sums(daily)), daily[indices].sum(axis=1))


def test_resamples_drawn_in_chunks_are_whole(monkeypatch):
    """How many are drawn at once bounds the memory; each resample is as long as the series all the same."""
    monkeypatch.setattr("mleq.scores.blocks.DAYS_AT_ONCE", 100)
    blocks = Blocks.drawn(30, 4.0, 50, 7)
    assert (np.diff(blocks.resample) >= 0).all()
    np.testing.assert_array_equal(blocks.by_resample(blocks.length), np.full(50, 30))
    np.testing.assert_array_equal(blocks.counts().sum(axis=0), np.full(50, 30))
    assert len({tuple(row) for row in blocks.indices()}) > 45


def test_intervals_stay_where_scores_can_be():
    """Of few long blocks intervals are wide; what is not cut reaches beyond on both sides."""
    cut = set()
    for seed in range(10):
        rng = np.random.default_rng(seed)
        observed = np.repeat(rng.random(10) < 0.4, 30) & (rng.random(300) < 0.6)
        told = np.where(np.repeat(rng.random(10) < 0.7, 30), 0.98 * observed + 0.01, np.repeat(rng.random(10), 30))
        made = scores.block_bootstrap(
            observed, {"told": told, "turned": 1 - told}, mean_block_days=60, n_resamples=100, seed=1
        )
        for name in ("told", "turned"):
            for score, found in made.score(name).items():
                if found["low"] is not None:
                    assert 0 <= found["low"] <= found["high"]
                    assert score == "log_score" or found["high"] <= 1
                    cut |= {(score, end) for end in ("low", "high") if found[end] in (0.0, 1.0)}
        assert made.gain("told", "turned")["nats_per_day"]["high"] > 1, "a gain has no bounds"
    areas = {(area, end) for area in ("roc_auc", "pr_auc") for end in ("low", "high")}
    assert cut == areas | {("brier_score", "low"), ("brier_score", "high"), ("log_score", "low")}


def test_days_that_all_have_an_event_have_no_areas():
    result = scores.block_bootstrap(np.ones(400, bool), {"m": 0.9}, mean_block_days=20, n_resamples=50, seed=1)
    assert result.event_days == 400
    for area in ("roc_auc", "pr_auc"):
        assert result.score("m")[area] == {
            "value": None, "low": None, "high": None, "reason": "undefined on days of one kind"
        }  # fmt: skip
    assert result.score("m")["brier_score"]["value"] == pytest.approx(0.01)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, float("nan")])
def test_a_level_lies_between_none_and_all(level):
    with pytest.raises(DataError, match="level"):
        scores.block_bootstrap([0, 1], {"m": 0.5}, mean_block_days=1, seed=1, level=level)


def test_two_resamples_of_blocks_of_a_day_are_the_least():
    result = scores.block_bootstrap([0, 1] * 10, {"m": 0.5}, mean_block_days=1, n_resamples=2, seed=1)
    assert result.score("m")["brier_score"]["value"] == 0.25
    for wrong in ({"n_resamples": 1}, {"mean_block_days": 0.99}):
        with pytest.raises(DataError, match="at least 2 resamples and blocks of at least 1 day"):
            scores.block_bootstrap([0, 1], {"m": 0.5}, **{"mean_block_days": 1, "n_resamples": 2, "seed": 1, **wrong})


def test_differences_of_a_score_are_paired_too():
    observed, chance = bernoulli(3)
    result = scores.block_bootstrap(observed, {"m": chance, "o": 0.2}, mean_block_days=20, n_resamples=200, seed=1)
    one, back = result.difference("m", "o", "brier_score"), result.difference("o", "m", "brier_score")
    assert one["value"] == pytest.approx(scores.brier_score(observed, chance) - scores.brier_score(observed, 0.2))
    assert (one["low"], one["high"]) == pytest.approx((-back["high"], -back["low"]))
    with pytest.raises(DataError, match="a score 'brier'; expected one of log_score, brier_score, roc_auc, pr_auc"):
        result.difference("m", "o", "brier")
    none = scores.block_bootstrap(np.zeros(400), {"m": 0.1, "o": 0.2}, mean_block_days=20, n_resamples=20, seed=1)
    assert none.difference("m", "o", "roc_auc")["reason"] == "undefined on days of one kind"


def test_a_resample_of_a_single_event_day_has_a_gain_per_event_day():
    observed = np.arange(400) == 7
    result = scores.block_bootstrap(observed, {"m": 0.1, "o": 0.2}, mean_block_days=1, n_resamples=100, seed=1)
    without = int((result.resampled_event_days == 0).sum())
    assert 20 < without < 60
    assert result.gain("m", "o")["nats_per_event_day"]["reason"].endswith(f"undefined in {without} of 100 resamples")


@pytest.mark.parametrize("events", [1, 399])
def test_a_single_day_of_one_kind_has_areas(events):
    rng = np.random.default_rng(2)
    observed = rng.permutation(400) < events
    chance = rng.random(400)
    result = scores.block_bootstrap(observed, {"m": chance, "o": 0.5}, mean_block_days=2, n_resamples=60, seed=1)
    for name, score in (("roc_auc", scores.roc_auc), ("pr_auc", scores.pr_auc)):
        assert result.score("m")[name]["value"] == pytest.approx(score(observed, chance))
        found = result.difference("m", "o", name)
        assert found["value"] == pytest.approx(score(observed, chance) - score(observed, 0.5))
        lacking = int((result.resampled_event_days == (0 if events == 1 else 400)).sum())
        assert found["reason"].endswith(f"undefined in {lacking} of 60 resamples")
