"""How numbers, dates and names are written on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

DASH = "–"
MINUS = "−"

SCORES = {
    "log_score": ("Log score", "nats per day; lower is better"),
    "brier_score": ("Brier score", "0 to 1; lower is better"),
    "roc_auc": ("ROC-AUC", "0.5 is chance; higher is better"),
    "pr_auc": ("PR-AUC", "the base rate is chance; higher is better"),
    "mean_absolute_error": ("Mean absolute error", "s; lower is better"),
    "r_squared": ("R²", "1 is perfect, 0 the mean"),
    "mae_seconds": ("Gain", "s of mean absolute error; above 0 the model is better"),
    "nats_per_day": ("Gain per day", "nats; above 0 the model is better"),
    "nats_per_event_day": ("Gain per event-day", "nats; above 0 the model is better"),
    "circular_mae_deg": ("Mean error", "degrees on the circle; 90 is guessing; lower is better"),
    "circular_median_deg": ("Median error", "degrees on the circle; lower is better"),
    "share_within_20_deg": ("Within 20°", "share; higher is better"),
    "share_of_flips": ("Flips", "share beyond 120°; lower is better"),
    "von_mises_log_score": ("Log score of the angle", "nats; 1.838 knows nothing; lower is better"),
    "coverage_50": ("Coverage of 50\u00a0%", "share of true angles in the sector said to hold half of them"),
    "coverage_90": ("Coverage of 90\u00a0%", "share of true angles in the sector said to hold 90\u00a0% of them"),
    "degrees": ("Gain in mean error", "degrees; above 0 the model is better"),
    "nats_per_trace": ("Gain in log score", "nats a trace; above 0 the model is better"),
    "adjusted_rand": ("Adjusted Rand index", "0 is chance, 1 the truth"),
    "adjusted_mutual_information": ("Adjusted mutual information", "0 is chance, 1 the truth"),
    "family_f1": ("F1 of the family", "0 to 1; higher is better"),
}
"""Titles of scores and gains, with unit and direction; a name that is not here is shown as it is."""

UNITS = {
    "nats_per_day": "nats per day",
    "nats_per_event_day": "nats per event-day",
    "nats_per_trace": "nats a trace",
    "mae_seconds": "seconds of mean absolute error",
    "degrees": "degrees of mean error",
    "adjusted_rand": "adjusted Rand index",
}
"""Units of gains."""

METHODS = {
    "polarization_noise_corrected": "polarisation, noise subtracted",
    "polarization": "polarisation",
    "probability": "this model",
    "etas": "ETAS",
    "omori": "Omori",
    "smoothed": "smoothed seismicity",
    "boosting": "gradient boosting",
    "raw_pca": "raw PCA",
}


def score_title(name: str) -> tuple[str, str]:
    """Return the title of a score and what its numbers mean."""
    return SCORES.get(name, (name.replace("_", " "), ""))


def gain_title(name: str, *, shared: bool) -> tuple[str, str]:
    """Return the title of a gain and what its numbers mean.

    Parameters
    ----------
    name : str
    shared : bool
        Whether a score has the same name, so that the gain must say that it is one.
    """
    title, meaning = score_title(name)
    return (f"Gain: {title}", "over it; above 0 the model is better") if shared else (title, f"over it: {meaning}")


def unit_of(gain: str) -> str:
    """Return the unit of a gain.

    >>> unit_of("nats_per_day"), unit_of("hits_per_year")
    ('nats per day', 'hits per year')
    """
    return UNITS.get(gain) or gain.replace("_", " ")


def method_title(name: str) -> str:
    """Return how a method is called on the page.

    >>> method_title("trailing_30")
    'trailing 30'
    """
    return METHODS.get(name) or " ".join(METHODS.get(word, word) for word in name.split("_"))


def digits_for(score: Mapping[str, Any]) -> int:
    """Return how many decimals tell a value from the ends of its interval, and these from zero, 3 to 6.

    >>> digits_for({"value": -0.003, "low": -0.013, "high": -0.0002})
    4
    """
    low, high = score.get("low"), score.get("high")
    scale = high - low if low is not None and high is not None else abs(score.get("value") or 0.0)
    if not scale > 0:
        return 3
    ends = [-math.floor(math.log10(abs(end))) for end in (low, high) if end]
    return min(max(3, 1 - math.floor(math.log10(scale)), *ends), 6)


def number(value: float, digits: int = 3, *, signed: bool = False) -> str:
    """Write a number with a true minus sign.

    >>> number(-0.00012, 4)
    '−0.0001'
    >>> number(-0.0004, signed=True), number(0.004, signed=True)
    ('0.000', '+0.004')
    """
    rounded = round(value, digits) + 0.0  # adding zero turns -0.0 into 0.0
    return f"{rounded:{'+' if signed and rounded else ''},.{digits}f}".replace("-", MINUS)


def percent(share: float) -> str:
    """Write a share in percent with two digits at least.

    >>> percent(0.0648), percent(0.00443), percent(0.5)
    ('6.5\\xa0%', '0.44\\xa0%', '50\\xa0%')
    """
    if share <= 0:
        return "0\u00a0%"
    decimals = min(max(0, 1 - math.floor(math.log10(share * 100))), 6)
    return f"{share * 100:.{decimals}f}\u00a0%"


def count(value: Any, noun: str = "") -> str:
    """Write a number of things.

    >>> count(1, "day"), count(3267, "day")
    ('1 day', '3,267 days')
    """
    if value is None:
        return DASH
    text = f"{value:,}"
    return f"{text} {noun}{'' if value == 1 else 's'}" if noun else text


def place(latitude: float, longitude: float) -> str:
    """Write a place in degrees.

    >>> place(-33.45, 139.767551)
    '33.45°\\xa0S, 139.77°\\xa0E'
    """
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.2f}°\u00a0{north}, {abs(longitude):.2f}°\u00a0{east}"


def moment(text: str | None) -> str:
    """Write an ISO instant in UTC to the minute, or what was found where it is none."""
    import datetime as dt

    if not text:
        return DASH
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    if instant.tzinfo is not None:
        instant = instant.astimezone(dt.UTC)
    return f"{instant:%Y-%m-%d %H:%M} UTC"
