"""The same process under other names."""

import math
from dataclasses import astuple, replace

import pytest
from scipy.integrate import quad
from scipy.special import gamma, gammaincc

from mleq.errors import DataError, Mistake
from mleq.etas import EtasParameters
from mleq.etas.conversion import from_mizrahi, to_mizrahi

OURS = EtasParameters(0.593, 0.204, 1.495, 0.0227, 1.110, 10.4, 1.860, 1.042, m0=4.5)


TAPERED = replace(OURS, p=0.96, tau_days=5115.0)


@pytest.mark.parametrize("o", [OURS, TAPERED])
@pytest.mark.parametrize(("m", "t", "r"), [(4.5, 0.001, 0.3), (5.7, 1.0, 30.0), (8.0, 400.0, 500.0)])
def test_both_formulas_give_the_same_rate(o, m, t, r):
    theirs = to_mizrahi(o, area_km2=1e6)
    growth = m - 4.5
    sigma = o.d_km2 * math.exp(o.gamma * growth)
    whole = quad(lambda u: math.exp((1 - o.p) * u - o.c_days * math.expm1(u) / o.tau_days), 0, 200, limit=500)[0]
    ours = o.productivity * math.exp(o.alpha * growth) * (1 + t / o.c_days) ** -o.p * math.exp(-t / o.tau_days)
    ours /= o.c_days * whole
    ours *= (o.q - 1) / (math.pi * sigma) * (1 + r * r / sigma) ** -o.q
    k0, c, d = (10 ** theirs[name] for name in ("log10_k0", "log10_c", "log10_d"))
    rate = (
        k0
        * math.exp(theirs["a"] * growth)
        / (t + c) ** (1 + theirs["omega"])
        * math.exp(-t / 10 ** theirs["log10_tau"])
    )
    rate /= (r * r + d * math.exp(theirs["gamma"] * growth)) ** (1 + theirs["rho"])
    assert ours == pytest.approx(rate, rel=1e-7)
    assert 10 ** theirs["log10_mu"] * 1e6 == pytest.approx(0.593)


@pytest.mark.parametrize("ours", [OURS, TAPERED])
def test_there_and_back(ours):
    back = from_mizrahi(to_mizrahi(ours, area_km2=2.5e5), m0=4.5, area_km2=2.5e5)
    assert astuple(back) == pytest.approx(astuple(ours))


def test_back_and_there():
    """Values as that package fits them to California, exponent below one, with a key that we do not know."""
    theirs = {
        "log10_mu": -7.4286,
        "log10_iota": None,
        "log10_k0": -2.4661,
        "a": 1.7231,
        "log10_c": -3.1419,
        "omega": -0.0432,
        "log10_tau": 3.7089,
        "log10_d": -0.3322,
        "gamma": 1.1888,
        "rho": 0.5589,
    }
    ours = from_mizrahi(theirs, m0=3.55, area_km2=959_823.0)
    there = to_mizrahi(ours, area_km2=959_823.0)
    assert there == pytest.approx({name: theirs[name] for name in there})
    assert ours.p == pytest.approx(0.9568)
    # The integral over time that their code writes with the incomplete gamma function.
    tau, c, omega = 10**3.7089, 10**-3.1419, -0.0432
    in_time = tau**-omega * math.exp(c / tau) * gammaincc(-omega, c / tau) * gamma(-omega)
    productivity = 10**-2.4661 * math.pi / (0.5589 * 10 ** (-0.3322 * 0.5589)) * in_time
    assert ours.productivity == pytest.approx(productivity, rel=1e-9)


def test_what_has_no_equal_is_refused():
    theirs = to_mizrahi(OURS, area_km2=1e6)
    with pytest.raises(Mistake, match=r"p is 0.94.*not above 1"):
        from_mizrahi(theirs | {"omega": -0.06}, m0=4.5, area_km2=1e6)
    with pytest.raises(DataError, match="no rho among"):
        from_mizrahi({name: value for name, value in theirs.items() if name != "rho"}, m0=4.5, area_km2=1e6)
