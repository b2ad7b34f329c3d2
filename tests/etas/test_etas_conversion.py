"""The same process under other names."""

import math
from dataclasses import astuple

import pytest

from mleq.errors import DataError
from mleq.etas import EtasParameters
from mleq.etas.conversion import from_mizrahi, to_mizrahi

OURS = EtasParameters(0.593, 0.204, 1.495, 0.0227, 1.110, 10.4, 1.860, 1.042, m0=4.5)


@pytest.mark.parametrize(("m", "t", "r"), [(4.5, 0.001, 0.3), (5.7, 1.0, 30.0), (8.0, 400.0, 500.0)])
def test_both_formulas_give_the_same_rate(m, t, r):
    o, theirs = OURS, to_mizrahi(OURS, area_km2=1e6)
    growth = m - 4.5
    sigma = o.d_km2 * math.exp(o.gamma * growth)
    ours = o.productivity * math.exp(o.alpha * growth) * (o.p - 1) / o.c_days * (1 + t / o.c_days) ** -o.p
    ours *= (o.q - 1) / (math.pi * sigma) * (1 + r * r / sigma) ** -o.q
    k0, c, d = (10 ** theirs[name] for name in ("log10_k0", "log10_c", "log10_d"))
    rate = k0 * math.exp(theirs["a"] * growth) / (t + c) ** (1 + theirs["omega"])
    rate /= (r * r + d * math.exp(theirs["gamma"] * growth)) ** (1 + theirs["rho"])
    assert ours == pytest.approx(rate, rel=1e-12)
    assert 10 ** theirs["log10_mu"] * 1e6 == pytest.approx(0.593)


def test_there_and_back():
    back = from_mizrahi(to_mizrahi(OURS, area_km2=2.5e5), m0=4.5, area_km2=2.5e5)
    assert astuple(back) == pytest.approx(astuple(OURS))


def test_what_has_no_equal_is_refused():
    theirs = to_mizrahi(OURS, area_km2=1e6)
    for wrong in ({"log10_tau": 3.7}, {"omega": -0.06}):
        with pytest.raises(DataError, match="no taper"):
            from_mizrahi(theirs | wrong, m0=4.5, area_km2=1e6)
    with pytest.raises(DataError, match="no rho among"):
        from_mizrahi({name: value for name, value in theirs.items() if name != "rho"}, m0=4.5, area_km2=1e6)
