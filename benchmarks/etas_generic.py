"""Generic sets of ETAS parameters, for places with too few events of their own.

    python benchmarks/etas_generic.py [--catalog FILE] [--write]

ETAS is fitted to ten wide regions of two kinds, subduction zones and active shallow crust, once on the 20 years before
2000 and once on those before 2015. The fits are brought to m0 = 5 and averaged in their logarithms; how they differ
from region to region is the uncertainty that a generic set has anywhere else. A fit that ends on a bound of the search
is left out. The Omori-Utsu law is tapered with a lifetime of ten years, about as long as triggered earthquakes are seen
to go on worldwide (Parsons 2002, doi:10.1029/2001JB000646: 7 to 11 years): without, its tail stands in for the
background in twenty years of data, p comes out at 1 and the branching ratio far above it. `--write` keeps the sets in
mleq/forecast/generic_etas.json; without it they are printed only. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mleq import atomic, etas  # noqa: E402
from mleq.catalog.load import everything  # noqa: E402
from mleq.etas.dated import LARGEST_MAGNITUDE  # noqa: E402
from mleq.etas.likelihood import TAPERED_LOG_NAMES, from_log, to_log  # noqa: E402
from mleq.forecast.regional import TAPER_DAYS  # noqa: E402

REAL_FILE = ROOT.parent / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"
KEPT = ROOT / "mleq" / "forecast" / "generic_etas.json"
FIRST_GUESS = etas.EtasParameters(0.1, 0.4, 1.4, 0.01, 1.05, 80.0, 2.0, 1.0, m0=5.0)
M0, YEARS, ENDS = 5.0, 20, ("2000-01-01", "2015-01-01")
REGIONS = {
    # kind, name: (south, north, west, east), smallest magnitude
    ("subduction", "Japan"): ((24.0, 46.0, 122.0, 150.0), 5.0),
    ("subduction", "Kuril Islands and Kamchatka"): ((43.0, 57.0, 146.0, 166.0), 5.0),
    ("subduction", "Tonga and Kermadec"): ((-34.0, -14.0, -180.0, -170.0), 5.0),
    ("subduction", "Chile"): ((-45.0, -15.0, -78.0, -66.0), 5.0),
    ("subduction", "Sumatra and Java"): ((-12.0, 8.0, 92.0, 116.0), 5.0),
    ("subduction", "Central America"): ((5.0, 20.0, -107.0, -82.0), 5.0),
    ("crust", "California"): ((31.0, 42.0, -127.0, -113.5), 4.2),
    ("crust", "Aegean and Anatolia"): ((34.0, 42.0, 19.0, 42.0), 4.6),
    ("crust", "Iran"): ((25.0, 40.0, 44.0, 62.0), 4.8),
    ("crust", "Tibet and Tien Shan"): ((26.0, 44.0, 70.0, 105.0), 4.8),
}


def fitted(events: pd.DataFrame, region: tuple, magnitude: float, end: str) -> dict:
    """One region's fit, brought to the common m0."""
    start = pd.Timestamp(end) - pd.DateOffset(years=YEARS)
    guess = replace(FIRST_GUESS, m0=magnitude)
    period = {"region": region, "start": start, "end": end, "magnitude": magnitude}
    model = etas.fit(events, **period, first_guess=guess, tapered=TAPER_DAYS)
    parameters = etas.rescaled(model.parameters, M0, model.b_value)
    return {
        "region": list(region),
        "start": f"{start:%Y-%m-%d}",
        "end": end,
        "magnitude": magnitude,
        "events": model.fitted.n_targets,
        "b_value": round(model.b_value, 3),
        "log_likelihood": round(model.log_likelihood, 1),
        "branching_ratio": round(model.branching_ratio, 3),
        "at_bounds": list(model.fitted.at_bounds),
        "log_parameters": [round(float(value), 4) for value in to_log(parameters)],
    }


def generic(members: dict[str, dict]) -> dict:
    """Mean of regions in log-parameters, and covariance between them; background rates say nothing elsewhere."""
    theta = np.array([one["log_parameters"] for one in members.values()])
    covariance = np.cov(theta, rowvar=False)
    covariance[0] = covariance[:, 0] = 0
    b_value = round(float(np.mean([one["b_value"] for one in members.values()])), 3)
    ratio = from_log(theta.mean(axis=0), M0).branching_ratio(b_value, LARGEST_MAGNITUDE)
    return {
        "log_parameters": [None, *np.round(theta.mean(axis=0), 4)[1:].tolist()],
        "log_covariance": np.round(covariance, 5).tolist(),
        "b_value": b_value,
        "branching_ratio": round(ratio, 3),
        "regions": list(members),
    }


def in_words(one: dict) -> str:
    """Parameters of a fit or of a set, and its branching ratio."""
    named = zip(TAPERED_LOG_NAMES, one["log_parameters"], strict=True)
    shown = [f"{name} {np.exp(value):.4g}" for name, value in named if value is not None]
    return "  ".join([*shown, f"branching ratio {one['branching_ratio']:.2f}"])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--catalog", type=Path, metavar="FILE", default=REAL_FILE)
    options.add_argument("--write", action="store_true", help=f"write {KEPT.relative_to(ROOT)}")
    chosen = options.parse_args()
    if not chosen.catalog.is_file():
        print(f"{chosen.catalog} is not there: nothing to fit")
        return
    events = everything(files=[chosen.catalog])
    vintages = []
    for end in ENDS:
        regions, kinds = {}, {"subduction": {}, "crust": {}, "world": {}}
        for (kind, name), (region, magnitude) in REGIONS.items():
            regions[name] = one = fitted(events, region, magnitude, end)
            if not one["at_bounds"]:
                kinds[kind][name] = kinds["world"][name] = one
            label = f"{name}, {one['start']} to {end}, {one['events']} events M >= {magnitude}"
            print(f"{label}: {in_words(one)}", flush=True)
        sets = {kind: generic(members) for kind, members in kinds.items()}
        vintages.append({"end": end, "sets": sets, "regions": regions})
        for kind, one in sets.items():
            print(f"generic {kind} before {end}, M >= {M0}: {in_words(one)}", flush=True)
    if chosen.write:
        source = "USGS ComCat, world, M >= 4, as in 2016; fitted by benchmarks/etas_generic.py"
        names = list(TAPERED_LOG_NAMES)
        atomic.write_json(KEPT, {"source": source, "m0": M0, "log_names": names, "vintages": vintages})
        print(f"written to {KEPT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
