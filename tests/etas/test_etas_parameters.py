"""The parameters of ETAS: their ranges and the branching ratio."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from mleq.errors import Mistake
from mleq.etas import EtasParameters

JAPAN = EtasParameters(0.593, 0.204, 1.495, 0.0227, 1.110, 10.4, 1.860, 1.042, m0=4.5)


def test_branching_ratio_equals_the_integral():
    beta = 0.9 * math.log(10)

    def integrand(m):
        offspring = JAPAN.productivity * math.exp(JAPAN.alpha * (m - 4.5))
        return offspring * beta * math.exp(-beta * (m - 4.5)) / (1 - math.exp(-beta * (8.5 - 4.5)))

    assert JAPAN.branching_ratio(0.9, 8.5) == pytest.approx(quad(integrand, 4.5, 8.5)[0], rel=1e-10)


def test_branching_ratio_without_upper_limit_is_the_closed_form():
    # METHODS: about .73 for Japan at b = .9.
    beta = 0.9 * math.log(10)
    assert JAPAN.branching_ratio(0.9) == pytest.approx(0.204 * beta / (beta - 1.495), rel=1e-12)
    assert JAPAN.branching_ratio(0.9) == pytest.approx(0.73, abs=0.005)


def test_branching_ratio_is_continuous_where_alpha_equals_beta():
    beta = 0.5 * math.log(10)
    ratios = [
        EtasParameters(1, 0.1, beta + step, 0.01, 1.1, 1, 1.5, 1, m0=3).branching_ratio(0.5, 8)
        for step in (-1e-7, 0, 1e-7)
    ]
    assert ratios[0] < ratios[1] < ratios[2]
    np.testing.assert_allclose(ratios, ratios[1], rtol=1e-6)
    assert EtasParameters(1, 0.1, beta, 0.01, 1.1, 1, 1.5, 1, m0=3).branching_ratio(0.5) == math.inf


def test_no_productivity_no_offspring():
    assert EtasParameters(1, 0, 5.0, 0.01, 1.1, 1, 1.5, 1, m0=3).branching_ratio(1.0) == 0


def test_all_wrong_values_are_named_at_once():
    with pytest.raises(Mistake) as caught:
        EtasParameters(-1, 0.2, math.nan, 0.0, 1.0, 1, 1.5, "1", m0=3)
    message = str(caught.value)
    for name in ("background_per_day", "alpha", "c_days", "p is 1.0", "gamma"):
        assert name in message
    assert "productivity" not in message


@pytest.mark.parametrize(("b_value", "magnitude_max"), [(0, 8), (-1, 8), (math.nan, 8), (1, 4.5), (1, math.nan)])
def test_impossible_magnitude_laws_are_refused(b_value, magnitude_max):
    with pytest.raises(Mistake):
        JAPAN.branching_ratio(b_value, magnitude_max)
