"""The parameters of the space-time ETAS model, and what follows from them alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from mleq.errors import Mistake


@dataclass(frozen=True)
class EtasParameters:
    r"""Space-time ETAS in the form with normalised kernels (Ogata 1998; Zhuang, Ogata and Vere-Jones 2002).

    The conditional intensity of events of magnitude `m0` and above, per day and km2, is

    .. math::

        \lambda(t, x) = \mu\,u(x) + \sum_{t_i < t} A e^{\alpha(m_i - m_0)}\; g(t - t_i)\; f(|x - x_i|; m_i)

        g(t) = \frac{e^{-t/\tau}}{c\,F} \left(1 + \frac{t}{c}\right)^{-p}, \qquad
        f(r; m) = \frac{q - 1}{\pi\sigma} \left(1 + \frac{r^2}{\sigma}\right)^{-q}, \qquad
        \sigma = D e^{\gamma (m - m_0)}

    where `u` is a density over the region and `F` makes `g` a density in time: 1/(p - 1) where tau is
    infinite, and the incomplete gamma function of `mleq.etas.decay` where offspring end exponentially after
    tau (Mizrahi, Nandan and Wiemer 2021).

    Parameters
    ----------
    background_per_day : float
        mu: background events of magnitude m0 and above a day, in the whole region.
    productivity : float
        A: expected direct offspring of an event of magnitude m0.
    alpha : float
        Growth of productivity with magnitude, in natural units per magnitude.
    c_days : float
        c of the Omori-Utsu law.
    p : float
        Exponent of the Omori-Utsu law: above 1, or above 0 with a taper.
    d_km2 : float
        D: squared distance scale of the offspring of an event of magnitude m0.
    q : float
        Exponent of the decay in space, above 1.
    gamma : float
        Growth of the squared distance scale with magnitude, in natural units per magnitude.
    m0 : float
        Reference magnitude: the smallest magnitude that the model counts and that triggers.
    tau_days : float, optional
        Mean lifetime of the exponential taper; infinite, no taper, by default.

    Raises
    ------
    mleq.errors.Mistake
        If a value is not finite or out of its range; all values that are wrong are named at once.

    References
    ----------
    Ogata, Y. (1998). Ann. Inst. Statist. Math. 50, 379-402. doi:10.1023/A:1003403601725
    Zhuang, J., Ogata, Y. and Vere-Jones, D. (2002). JASA 97, 369-380. doi:10.1198/016214502760046925
    Mizrahi, L., Nandan, S. and Wiemer, S. (2021). Seismol. Res. Lett. 92, 2333-2342. doi:10.1785/0220200231

    Examples
    --------
    >>> japan = EtasParameters(0.593, 0.204, 1.495, 0.0227, 1.110, 10.4, 1.860, 1.042, m0=4.5)
    >>> round(japan.branching_ratio(b_value=0.9, magnitude_max=9.0), 3)
    0.678
    """

    background_per_day: float
    productivity: float
    alpha: float
    c_days: float
    p: float
    d_km2: float
    q: float
    gamma: float
    m0: float
    tau_days: float = math.inf

    def __post_init__(self):
        # Without taper, an exponent of 1 or less would let an event trigger without end.
        lowest_p = 1.0 if self.tau_days == math.inf else 0.0
        above = {"c_days": 0.0, "p": lowest_p, "d_km2": 0.0, "q": 1.0, "tau_days": 0.0}
        at_least = {"background_per_day": 0.0, "productivity": 0.0, "alpha": 0.0, "gamma": 0.0}
        mistakes = []
        for field in fields(self):
            value = getattr(self, field.name)
            endless = field.name == "tau_days" and value == math.inf
            if not endless and (not isinstance(value, int | float) or not math.isfinite(value)):
                mistakes.append(f"{field.name} is {value!r}, which is not a finite number")
            elif field.name in above and not value > above[field.name]:
                mistakes.append(f"{field.name} is {value!r}, which is not above {above[field.name]:g}")
            elif field.name in at_least and not value >= at_least[field.name]:
                mistakes.append(f"{field.name} is {value!r}, which is below {at_least[field.name]:g}")
        if mistakes:
            raise Mistake("ETAS parameters out of range: " + "; ".join(mistakes))

    def branching_ratio(self, b_value: float, magnitude_max: float = math.inf) -> float:
        r"""Expected direct offspring of an event, averaged over its magnitude.

        For Gutenberg-Richter magnitudes between m0 and `magnitude_max`, with beta = b ln 10 and
        w = magnitude_max - m0,

        .. math:: n = A\beta \int_0^w e^{(\alpha - \beta) s} ds \Big/ (1 - e^{-\beta w})

        (Zhuang, Werner and Harte 2013 for the truncated law; A beta / (beta - alpha) without an upper limit).
        At n >= 1 a sequence never ends.

        Parameters
        ----------
        b_value : float
            Slope of the Gutenberg-Richter law, in decades per magnitude.
        magnitude_max : float, optional
            Largest magnitude that there is; infinite by default.

        Returns
        -------
        float
            The ratio n; infinite where the integral diverges.

        References
        ----------
        Zhuang, J., Werner, M. J. and Harte, D. S. (2013). Phys. Rev. E 88, 062109.
        doi:10.1103/PhysRevE.88.062109
        """
        check_magnitudes(self.m0, magnitude_max, b_value)
        beta, width = b_value * math.log(10), magnitude_max - self.m0
        share_below_max = -math.expm1(-beta * width)
        excess = self.alpha - beta
        if math.isinf(width):
            integral = -1 / excess if excess < 0 else math.inf
        else:
            integral = math.expm1(excess * width) / excess if abs(excess) > 1e-12 else width
        return self.productivity * beta * integral / share_below_max if self.productivity else 0.0


def check_magnitudes(m0: float, magnitude_max: float, b_value: float) -> None:
    """Raise a Mistake unless `b_value` is above zero and `magnitude_max` above `m0`."""
    if not (math.isfinite(b_value) and b_value > 0):
        raise Mistake(f"the b value is {b_value!r}", expected="a number above 0, near 1")
    if not magnitude_max > m0:
        raise Mistake(f"the largest magnitude, {magnitude_max!r}, is not above m0 = {m0:g}")
