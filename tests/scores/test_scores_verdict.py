"""The sentence that is made by rule."""

import pytest

from mleq import scores
from mleq.scores.verdict import one_for_all


def gain(value, low, high, detectable=None):
    return {"nats_per_day": {"value": value, "low": low, "high": high, "detectable": detectable}}


def test_no_skill_as_in_the_design():
    told = scores.verdict({"etas": gain(-0.004, -0.012, 0.003, 0.011)}, days=3551, event_days=300)
    assert told == (
        "No skill shown beyond ETAS: -0.004 [-0.012, +0.003] nats per day on 3,551 days;"
        " the test could have seen 0.011."
    )


def test_better_needs_the_interval():
    assert scores.verdict({"etas": gain(0.02, 0.005, 0.04)}, days=1000, event_days=20) == (
        "Better than ETAS: +0.020 [+0.005, +0.040] nats per day on 1,000 days."
    )
    touching = {"etas": gain(0.02, 0.0, 0.04)}
    assert scores.verdict(touching, days=1000, event_days=20).startswith("No skill shown beyond")


def test_the_strongest_reference_decides():
    gains = {"climatology": gain(0.2, 0.1, 0.3), "etas": gain(0.01, -0.01, 0.03), "omori": gain(0.1, 0.05, 0.2)}
    assert scores.verdict(gains, days=1000, event_days=100).startswith("No skill shown beyond ETAS: +0.010")


def test_a_trivial_rule_that_wins_is_named():
    gains = {"etas": gain(-0.01, -0.03, 0.01), "trailing_mix": gain(-0.05, -0.08, -0.02)}
    told = scores.verdict(gains, days=1000, event_days=100)
    assert told.startswith("Worse than trailing mix, a trivial rule: -0.050 [-0.080, -0.020]")
    assert "trivial" not in scores.verdict({"etas": gain(-0.05, -0.08, -0.02)}, days=1000, event_days=100)


@pytest.mark.parametrize("event_days", [0, 1, 19])
def test_too_few_event_days_no_verdict(event_days):
    told = scores.verdict({"etas": gain(0.02, 0.005, 0.04)}, days=1000, event_days=event_days)
    assert told.startswith(f"No verdict: {event_days} event-day")
    assert "fewer than 20" in told


def test_no_interval_no_verdict():
    short = {"nats_per_day": {"value": 0.1, "low": None, "high": None, "reason": "100 days are too few"}}
    told = scores.verdict({"etas": short}, days=100, event_days=30)
    assert told == "No verdict: the gain over ETAS has no interval (100 days are too few)."
    assert scores.verdict({}, days=100, event_days=30).startswith("No verdict: no reference")


def test_small_gains_keep_their_digits_and_zero_has_no_minus():
    told = scores.verdict({"etas": gain(0.00004, 0.00001, 0.00007)}, days=1000, event_days=30)
    assert "+0.000040 [+0.000010, +0.000070]" in told
    told = scores.verdict({"etas": gain(-0.0000001, -0.1, 0.1)}, days=1000, event_days=30)
    assert "+0.000 [-0.100, +0.100]" in told


def test_digits_are_those_that_the_width_asks_for():
    told = scores.verdict({"etas": gain(0.5, 0.4990, 0.5012)}, days=1000, event_days=30)
    assert "+0.5000 [+0.4990, +0.5012]" in told


def test_identical_forecasts():
    told = scores.verdict({"etas": gain(0.0, 0.0, 0.0, 0.0)}, days=1000, event_days=30)
    assert told.startswith("No skill shown beyond ETAS: +0.000 [+0.000, +0.000]")


def test_made_from_a_bootstrap():
    observed = [0, 0, 0, 0, 1] * 100
    result = scores.block_bootstrap(
        observed,
        {"m": [0.1, 0.1, 0.1, 0.1, 0.9] * 100, "climatology": 0.2},
        mean_block_days=10,
        seed=1,
        n_resamples=99,
    )
    gains = {"climatology": result.gain("m", "climatology")}
    told = scores.verdict(gains, days=result.days, event_days=result.event_days)
    assert told.startswith("Better than climatology: +0.395")


def test_a_trivial_rule_that_scored_better_is_named_beside_a_stronger_reference():
    gains = {
        "etas": gain(-0.02, -0.03, -0.01),
        "climatology": gain(0.01, 0.0, 0.02),
        "count": gain(-0.004, -0.01, 0.002),
    }
    told = scores.verdict(gains, days=1000, event_days=100)
    assert told == (
        "Worse than ETAS: -0.020 [-0.030, -0.010] nats per day on 1,000 days;"
        " count, a trivial rule, scored better than this forecast too: -0.004 [-0.010, +0.002]."
    )
    gains["count"] = gain(-0.0001, -0.01, 0.01)
    assert "trivial" not in scores.verdict(gains, days=1000, event_days=100)
    gains["count"] = gain(0.004, -0.01, 0.01)
    assert "trivial" not in scores.verdict(gains, days=1000, event_days=100)


def test_a_reference_that_is_shown_to_be_better_is_named_beside_one_that_only_scored_better():
    gains = {
        "trailing_mix": gain(-0.007, -0.046, 0.006, 0.03),
        "etas": gain(-0.0044, -0.0086, -0.0006),
        "count": gain(-0.002, -0.003, -0.001),
        "climatology": {"nats_per_day": {"value": -0.001, "low": None, "high": None, "reason": "too few"}},
    }
    told = scores.verdict(gains, days=1000, event_days=100)
    assert told == (
        "No skill shown beyond trailing mix, a trivial rule: -0.007 [-0.046, +0.006] nats per day on 1,000 days;"
        " the test could have seen 0.030; worse than ETAS: -0.0044 [-0.0086, -0.0006]."
    )
    gains["trailing_mix"] = gain(-0.007, -0.046, -0.001)
    assert "worse than ETAS" not in scores.verdict(gains, days=1000, event_days=100), "the verdict says worse itself"


def test_ties_show_no_skill_and_name_the_simplest():
    same = gain(0.0, 0.0, 0.0, 0.0)
    told = scores.verdict({"etas": same, "climatology": same}, days=1000, event_days=100)
    assert told.startswith("No skill shown beyond climatology, a trivial rule: +0.000 [+0.000, +0.000]")


@pytest.mark.parametrize(("low", "high"), [(-0.029976, -0.000237), (0.0000412, 0.8)])
def test_a_bound_that_decides_is_not_rounded_to_zero(low, high):
    told = scores.verdict({"etas": gain((low + high) / 2, low, high)}, days=1000, event_days=100)
    assert told.startswith("Better" if low > 0 else "Worse")
    printed = [float(text) for text in told[told.index("[") + 1 : told.index("]")].split(", ")]
    assert (printed[0] > 0) == (low > 0)
    assert (printed[1] < 0) == (high < 0)


@pytest.mark.parametrize(("event_days", "said"), [(0, "0 event-days"), (1, "1 event-day"), (2, "2 event-days")])
def test_one_is_no_plural(event_days, said):
    told = scores.verdict({"etas": gain(0.02, 0.005, 0.04)}, days=1000, event_days=event_days)
    assert told == f"No verdict: {said} in the test part, fewer than 20."


def test_what_could_have_been_seen_is_said_only_where_nothing_was_and_it_is_known():
    for one, could in (
        (gain(0.0, -0.1, 0.1), False),
        (gain(0.0, -0.1, 0.1, 0.2), True),
        (gain(0.2, 0.1, 0.3, 0.2), False),
        (gain(-0.2, -0.3, -0.1, 0.2), False),
    ):
        told = scores.verdict({"etas": one}, days=1000, event_days=20)
        assert ("could have seen 0.2" in told) == could
        assert told.endswith(".")


def test_an_interval_that_touches_zero_shows_no_skill_from_either_side():
    assert scores.verdict({"etas": gain(-0.1, -0.2, 0.0)}, days=99, event_days=20).startswith("No skill shown beyond")
    assert scores.verdict({"etas": gain(-0.1, -0.2, -1e-6)}, days=99, event_days=20).startswith("Worse than ETAS")


def test_a_trivial_rule_that_did_no_better_or_has_no_interval_is_not_named():
    without = {"nats_per_day": {"value": -0.01, "low": None, "high": None, "reason": "few"}}
    for trivial in (gain(0.01, 0.0, 0.02), gain(0.0, -0.01, 0.01), gain(-0.0000001, -0.1, 0.1), without):
        gains = {"etas": gain(-0.02, -0.03, -0.01), "climatology": trivial}
        assert "climatology" not in scores.verdict(gains, days=99, event_days=20)


def test_one_chance_for_all_days_is_told_by_the_area():
    assert one_for_all({"value": 0.5, "low": 0.5, "high": 0.5})
    assert not one_for_all({"value": 0.5, "low": 0.4, "high": 0.6})
    assert not one_for_all({"value": None, "low": None, "high": None})
    assert not one_for_all({})
