"""The picture by which ETAS is judged."""

import io

import numpy as np
from matplotlib.figure import Figure

from mleq.etas import EtasParameters, History, fit_etas, simulate_catalog
from mleq.report.etas import draw_checks

REGION = (34.0, 38.0, 136.0, 141.0)
TRUTH = EtasParameters(0.5, 0.25, 1.3, 0.02, 1.4, 6.0, 1.7, 1.0, m0=4.0)


def test_four_pictures_and_their_numbers():
    one = simulate_catalog(REGION, 0, 900, TRUTH, b_value=1.0, magnitude_max=7.0, seed=1, burn_in_days=200)
    history = History.of(*(one[name] for name in ("time_days", "latitude", "longitude", "magnitude")))
    fit = fit_etas(history, region=REGION, start=100, end=900, m0=4.0)
    figure = Figure(figsize=(11, 9), layout="constrained")
    numbers = draw_checks(figure, fit, history, start=100, end=900)
    assert numbers["events"] == fit.n_targets
    assert abs(numbers["expected"] - fit.n_targets) < 0.02 * fit.n_targets
    assert numbers["uniform_p_value"] > 1e-3
    assert numbers["evenness_p_value"] > 1e-4
    titles = [axes.get_title() for axes in figure.axes]
    assert [sum(word in title for title in titles) for word in ("transformed", "through time", "declustering")] == [
        1
    ] * 3
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    assert len(picture.getvalue()) > 20_000
    band = [line for line in figure.axes[0].lines if line.get_label() == "events minus expected"]
    assert np.size(band[0].get_ydata()) == fit.n_targets
