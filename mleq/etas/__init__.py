"""The field's reference process: the Epidemic-Type Aftershock Sequence in space and time.

The room takes arrays (times, places, magnitudes) and knows no catalogue. Heavy parts load on use.
"""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "Circle": "areas",
    "Completeness": "completeness",
    "DatedEtas": "dated",
    "EtasFit": "fitting",
    "EtasModel": "forecasting",
    "EtasParameters": "parameters",
    "History": "history",
    "KernelBackground": "background",
    "Polygon": "polygon",
    "Grid": "cells",
    "expected_in_cells": "cells",
    "expected_until": "diagnostics",
    "fault_like_background": "background",
    "fit": "dated",
    "fit_etas": "fitting",
    "forecast_cells": "cells",
    "from_mizrahi": "conversion",
    "rescaled": "uncertainty",
    "residual_tests": "diagnostics",
    "likelihood_of": "likelihood",
    "simulate_catalog": "simulation",
    "super_thinned": "thinning",
    "to_mizrahi": "conversion",
    "transformed_times": "diagnostics",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
