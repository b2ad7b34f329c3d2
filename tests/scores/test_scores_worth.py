"""Gambling score and cost-loss value, against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mleq import scores
from mleq.errors import DataError

CHANCE = st.floats(0.01, 0.99)
FINLEY = (np.repeat([1, 0, 1, 0], [28, 72, 23, 2680]), np.repeat([0.9, 0.9, 0.1, 0.1], [28, 72, 23, 2680]))


def test_gambling_on_alarms_as_published():
    # Zhuang (2010): an alarm that comes true wins (1 - p0)/p0, a quiet day foreseen p0/(1 - p0); else -1.
    won = scores.daily_gambling_return([1, 0, 1, 0], [1, 0, 0, 1], 0.2)
    np.testing.assert_allclose(won, [4, 0.25, -1, -1])


@given(truth=CHANCE, told=st.floats(0, 1), reference=CHANCE)
def test_expected_winnings(truth, told, reference):
    won, lost = scores.daily_gambling_return([1, 0], told, reference)
    expected = (truth - reference) * (told - reference) / (reference * (1 - reference))
    assert truth * won + (1 - truth) * lost == pytest.approx(expected, abs=1e-9)


def test_betting_as_the_house_wins_nothing():
    assert scores.gambling_score([1, 0, 0], 0.3, 0.3) == {"total": pytest.approx(0), "per_day": pytest.approx(0)}


def test_a_certain_house_pays_nothing_and_is_refused():
    for certain in (0.0, 1.0):
        with pytest.raises(DataError, match="certain on 1 of 2 days, the first day 1"):
            scores.gambling_score([1, 0], 0.5, [0.5, certain])


def test_value_of_richardsons_formula():
    """In hit rate H, false-alarm rate F and base rate s, after Richardson (2000)."""
    observed, probability = FINLEY
    hit, false, s = 28 / 51, 72 / 2752, 51 / 2803
    a = np.array([0.005, 0.12, 0.2, 0.5, 0.85])
    formula = (np.minimum(a, s) - false * a * (1 - s) + hit * s * (1 - a) - s) / (np.minimum(a, s) - s * a)
    found = scores.cost_loss_value(observed, probability, a)
    np.testing.assert_allclose(found["value"][1:], formula[1:])
    assert found["value"][0] == pytest.approx(0)  # below both probabilities: always acts, as the base rate would


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=2, max_size=60))
def test_potential_value_at_the_base_rate_is_the_best_peirce_score(days):
    observed, level = (np.array(column) for column in zip(*days, strict=True))
    if observed.all() or not observed.any():
        return
    found = scores.cost_loss_value(observed, level / 10, observed.mean())
    peirce = max(0.0, max(scores.peirce_score(observed, level / 10, one) for one in np.unique(level / 10)))
    assert found["potential"][0] == pytest.approx(peirce, abs=1e-12)
    for ratio in (0.05, 0.4, 0.95):
        found = scores.cost_loss_value(observed, level / 10, [ratio])
        alarm = level / 10 >= ratio
        spent = (ratio * alarm + (observed & ~alarm)).mean()
        plain, perfect = min(ratio, observed.mean()), ratio * observed.mean()
        assert found["value"][0] == pytest.approx((plain - spent) / (plain - perfect))
        assert found["value"][0] <= found["potential"][0] + 1e-12


def test_value_of_calibration_and_of_perfection():
    rng = np.random.default_rng(1)
    chance = rng.beta(1, 5, 50_000)
    observed = rng.random(50_000) < chance
    ratios = np.linspace(0.05, 0.6, 12)
    calibrated = scores.cost_loss_value(observed, chance, ratios)
    np.testing.assert_allclose(calibrated["value"], calibrated["potential"], atol=0.02)
    raised = scores.cost_loss_value(observed, np.sqrt(chance), ratios)
    np.testing.assert_allclose(raised["potential"], calibrated["potential"], atol=1e-12)
    assert raised["value"].min() < -0.2
    np.testing.assert_allclose(scores.cost_loss_value(observed, observed, ratios)["value"], 1)


def test_a_wrong_base_rate_makes_the_plain_user_spend_more():
    observed, probability = FINLEY
    honest = scores.cost_loss_value(observed, probability, 0.1, base_rate=0.3)
    assert honest["value"][0] > scores.cost_loss_value(observed, probability, 0.1)["value"][0]


@pytest.mark.parametrize("ratios", [0.0, 1.0, [0.1, np.nan], [[0.1]]])
def test_impossible_ratios_are_refused(ratios):
    with pytest.raises(DataError, match="cost-loss"):
        scores.cost_loss_value([0, 1], 0.5, ratios)


def test_one_class_or_no_base_rate_is_refused():
    with pytest.raises(DataError, match="undefined"):
        scores.cost_loss_value([0, 0], 0.5, 0.1)
    with pytest.raises(DataError, match="base rate"):
        scores.cost_loss_value([0, 1], 0.5, 0.1, base_rate=2)


@given(st.lists(st.tuples(st.booleans(), CHANCE), min_size=1, max_size=40), CHANCE)
def test_log_skill_is_the_gain_as_a_share(days, reference):
    observed, probability = zip(*days, strict=True)
    gain = scores.information_gain(observed, probability, reference)["nats_per_day"]
    skill = scores.log_skill_score(observed, probability, reference)
    assert skill == pytest.approx(gain / scores.log_score(observed, reference), abs=1e-9)


def test_winnings_a_day_are_the_mean():
    found = scores.gambling_score([1, 0, 0, 1], [0.8, 0.1, 0.5, 0.1], 0.25)
    won = scores.daily_gambling_return([1, 0, 0, 1], [0.8, 0.1, 0.5, 0.1], 0.25)
    assert won == pytest.approx([2.2, 0.2, -1 / 3, -0.6])
    assert found == {"total": pytest.approx(won.sum()), "per_day": pytest.approx(won.sum() / 4)}


@pytest.mark.parametrize("base_rate", [0.0, 1.0])
def test_whoever_is_sure_acts_always_or_never(base_rate):
    observed, probability = FINLEY
    found = scores.cost_loss_value(observed, probability, [0.2], base_rate=base_rate)
    alarm, s = probability >= 0.2, 51 / 2803
    spent = (0.2 * alarm + (observed == 1) * ~alarm).mean()
    plain = 0.2 if base_rate else s
    assert found["value"][0] == pytest.approx((plain - spent) / (plain - 0.2 * s))
    assert found["cost_loss_ratio"].tolist() == [0.2]


def test_at_the_base_rate_itself_acting_and_not_cost_the_same():
    found = scores.cost_loss_value([1, 0, 0, 0], [0.9, 0.1, 0.1, 0.1], [0.25], base_rate=0.25)
    assert found["value"][0] == pytest.approx(1)
