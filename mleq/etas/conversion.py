r"""To and from the parametrisation of the package `etas` (Mizrahi, Nandan and Wiemer 2021).

There an event of magnitude m triggers, per day and km2 at time t and distance r,

.. math:: k_0\,e^{a(m - m_c)}\; \frac{e^{-t/\tau}}{(t + c)^{1+\omega}}\;
   \frac{1}{\left(r^2 + d\,e^{\gamma(m - m_c)}\right)^{1+\rho}}

over a uniform background of mu events per day and km2. Kernels without taper (tau infinite) and with omega
> 0 are the same as ours with p = 1 + omega, q = 1 + rho, and

.. math:: A = \frac{\pi k_0}{\rho\,d^{\rho}\,\omega\,c^{\omega}}, \qquad \alpha = a - \rho\gamma

References
----------
Mizrahi, L., Nandan, S. and Wiemer, S. (2021). Seismol. Res. Lett. 92, 2333-2342. doi:10.1785/0220200231
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from mleq.errors import DataError
from mleq.etas.parameters import EtasParameters

NAMES = ("log10_mu", "log10_k0", "a", "log10_c", "omega", "log10_tau", "log10_d", "gamma", "rho")


def from_mizrahi(values: Mapping[str, float], *, m0: float, area_km2: float) -> EtasParameters:
    """Our parameters for a dict with the keys of that package: `log10_mu`, `log10_k0`, `a`, `log10_c`, ….

    Parameters
    ----------
    values : mapping of str to float
        All of `NAMES`; `log10_tau` may be infinite or missing, the rest must be there.
    m0 : float
        The magnitude that the values refer to.
    area_km2 : float
        Area of the region over which the background is summed.

    Raises
    ------
    mleq.errors.DataError
        If a value is missing, tau is finite or omega not above zero: such a kernel has no equal without
        taper.
    """
    missing = [name for name in NAMES if name not in values and name != "log10_tau"]
    if missing:
        raise DataError(f"no {', '.join(missing)} among {', '.join(values)}")
    omega, rho = values["omega"], values["rho"]
    if math.isfinite(values.get("log10_tau", math.inf)) or omega <= 0:
        raise DataError(
            f"an Omori law with omega = {omega:g} and tau = 10^{values.get('log10_tau', math.inf):g} days",
            expected="omega above 0 and no taper, which our kernel does not have",
        )
    c, d = 10 ** values["log10_c"], 10 ** values["log10_d"]
    return EtasParameters(
        background_per_day=10 ** values["log10_mu"] * area_km2,
        productivity=10 ** values["log10_k0"] * math.pi / (rho * d**rho * omega * c**omega),
        alpha=values["a"] - rho * values["gamma"],
        c_days=c,
        p=1 + omega,
        d_km2=d,
        q=1 + rho,
        gamma=values["gamma"],
        m0=m0,
    )


def to_mizrahi(parameters: EtasParameters, *, area_km2: float) -> dict[str, float]:
    """The same process under the names of that package; `log10_tau` is infinite."""
    p, omega, rho = parameters, parameters.p - 1, parameters.q - 1
    k0 = p.productivity * rho * p.d_km2**rho * omega * p.c_days**omega / math.pi
    return {
        "log10_mu": math.log10(p.background_per_day / area_km2),
        "log10_k0": math.log10(k0),
        "a": p.alpha + rho * p.gamma,
        "log10_c": math.log10(p.c_days),
        "omega": omega,
        "log10_tau": math.inf,
        "log10_d": math.log10(p.d_km2),
        "gamma": p.gamma,
        "rho": rho,
    }
