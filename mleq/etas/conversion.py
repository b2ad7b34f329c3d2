r"""To and from the parametrisation of the package `etas` (Mizrahi, Nandan and Wiemer 2021).

There an event of magnitude m triggers, per day and km2 at time t and distance r,

.. math:: k_0\,e^{a(m - m_c)}\; \frac{e^{-t/\tau}}{(t + c)^{1+\omega}}\;
   \frac{1}{\left(r^2 + d\,e^{\gamma(m - m_c)}\right)^{1+\rho}}

over a uniform background of mu events per day and km2. That is ours with p = 1 + omega, q = 1 + rho, the same tau,
and

.. math:: A = \frac{\pi k_0 F}{\rho\,d^{\rho}\,c^{\omega}}, \qquad \alpha = a - \rho\gamma

where F, the integral of the Omori-Utsu law over t/c, is 1/omega without taper; see `mleq.etas.decay`.

References
----------
Mizrahi, L., Nandan, S. and Wiemer, S. (2021). Seismol. Res. Lett. 92, 2333-2342. doi:10.1785/0220200231
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from mleq.errors import DataError
from mleq.etas.decay import omori_norm
from mleq.etas.parameters import EtasParameters

NAMES = ("log10_mu", "log10_k0", "a", "log10_c", "omega", "log10_tau", "log10_d", "gamma", "rho")


def from_mizrahi(values: Mapping[str, float], *, m0: float, area_km2: float) -> EtasParameters:
    """Our parameters for a dict with the keys of that package: `log10_mu`, `log10_k0`, `a`, `log10_c`, ….

    Parameters
    ----------
    values : mapping of str to float
        All of `NAMES`; `log10_tau` may be infinite or missing, which is no taper; the rest must be there.
    m0 : float
        The magnitude that the values refer to.
    area_km2 : float
        Area of the region over which the background is summed.

    Raises
    ------
    mleq.errors.DataError
        If a value is missing.
    mleq.errors.Mistake
        If a value is out of range, such as omega at or below zero without a taper.
    """
    missing = [name for name in NAMES if values.get(name) is None and name != "log10_tau"]
    if missing:
        raise DataError(f"no {', '.join(missing)} among {', '.join(values)}")
    omega, rho, log10_tau = (values.get(name, math.inf) for name in ("omega", "rho", "log10_tau"))
    c, d = 10 ** values["log10_c"], 10 ** values["log10_d"]
    unscaled = EtasParameters(
        background_per_day=10 ** values["log10_mu"] * area_km2,
        productivity=10 ** values["log10_k0"] * math.pi / (rho * d**rho * c**omega),
        alpha=values["a"] - rho * values["gamma"],
        c_days=c,
        p=1 + omega,
        d_km2=d,
        q=1 + rho,
        gamma=values["gamma"],
        m0=m0,
        tau_days=math.inf if log10_tau is None else 10**log10_tau,
    )
    return replace(unscaled, productivity=unscaled.productivity * omori_norm(unscaled))


def to_mizrahi(parameters: EtasParameters, *, area_km2: float) -> dict[str, float]:
    """The same process under the names of that package; `log10_tau` is infinite without taper."""
    p, omega, rho = parameters, parameters.p - 1, parameters.q - 1
    k0 = p.productivity * rho * p.d_km2**rho * p.c_days**omega / (math.pi * omori_norm(p))
    return {
        "log10_mu": math.log10(p.background_per_day / area_km2),
        "log10_k0": math.log10(k0),
        "a": p.alpha + rho * p.gamma,
        "log10_c": math.log10(p.c_days),
        "omega": omega,
        "log10_tau": math.log10(p.tau_days),
        "log10_d": math.log10(p.d_km2),
        "gamma": p.gamma,
        "rho": rho,
    }
