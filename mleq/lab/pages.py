"""What the page of a laboratory run shows beside the panels that all families have."""

from __future__ import annotations

import json
from typing import Any

from mleq.lab.evaluation import BIN
from mleq.lab.recipe import SCORED
from mleq.lab.statement import SCHEMES, contrastive_line

MOST_FEATURES = 12
KINDS_OF_SPLIT = {
    "forward_chained": "Each part is made of whole cycles, later than those of the part before it: nothing of a "
    "failure serves two parts.",
    "leave_one_cycle_out": "Each part is made of whole cycles: nothing of a failure serves two parts. One cycle is "
    "tested; others, before and after it, train.",
    "random_folds": "Windows were drawn at random, so that parts share cycles: the scores are flattered, by how much "
    "leaving a cycle out would show.",
}


def panels(common: dict[str, Any], kit: Any) -> dict[str, Any]:
    """Return the panels of the page; see `mleq.report`."""
    own = {
        "target": ("What is forecast", lambda run: target(run, kit)),
        "predicted": ("Predicted and true, through the cycles", lambda run: predicted(run, kit)),
        "distribution": ("Distribution over the bins", lambda run: distribution(run, kit)),
        "objectives": ("Three ways to learn", lambda run: objectives(run, kit)),
        "folds": ("The references under other splits", lambda run: cross_validation(run, kit)),
        "network": ("The network", lambda run: network(run, kit)),
        "drift": ("Drift of the features", lambda run: drift(run, kit)),
        "learning": ("Learning curve", lambda run: learning(run, kit)),
        "signals": ("Signals", lambda run: signals(run, kit)),
    }
    return {
        "verdict": common["verdict"],
        "target": own.pop("target"),
        **{name: common[name] for name in ("methods", "gains")},
        **own,
        **{name: common[name] for name in ("recipe", "again")},
    }


def target(run: Any, kit: Any) -> Any:
    """Say what is forecast, and of what the parts are made."""
    windows, parts = run.recipe["windows"], run.summary["split"]
    rows = [
        [
            name,
            kit.count(part["cycles"]),
            kit.count(part["windows"]),
            kit.join([part["start"], kit.tag("small", f"to {part['end']}")]),
        ]
        for name, part in parts.items()
    ]
    of_table = run.calibration.get("table")
    asked = "of each row" if of_table else f"from the end of a window of {windows['samples']:,} samples"
    made_of = KINDS_OF_SPLIT[run.recipe["split"]["scheme"]]
    return kit.join(
        [
            kit.paragraph(f"The time to the next failure, in seconds, {asked}."),
            kit.table(["part", "cycles", "windows", "beginning with"], rows, label="Size of each part"),
            kit.paragraph(made_of, " The test part was read once, at the end.", class_="hint"),
        ]
    )


def predicted(run: Any, kit: Any) -> Any:
    """Draw the saw-tooth of the true times with the forecasts beside it."""
    test = run.test.sort_values("window")
    if not len(test):
        return None
    observed, model = test["observed"].to_numpy(), test[SCORED].to_numpy()
    strongest = _strongest(run)

    def draw(plot: Any, wide: bool) -> None:
        axes = plot.subplots()
        axes.plot(observed, color=kit.INK, linewidth=1, label="true")
        axes.plot(model, ".", color=kit.MODEL, markersize=3, label="this model")
        if strongest in test:
            axes.plot(
                test[strongest].to_numpy(), ".", color=kit.REFERENCE, markersize=2, label=kit.method_title(strongest)
            )
        axes.set_xlabel("windows of the test part, in order")
        axes.set_ylabel("time to failure, s")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3)

    return kit.figure(
        "predicted",
        draw,
        height=3.2,
        alternative=f"Time to failure of {len(test)} windows in {test['cycle'].nunique()} cycles, from "
        f"{observed.max():.1f} to {observed.min():.2f} s; the model's answers lie between {model.min():.2f} and "
        f"{model.max():.2f} s.",
        caption="Each tooth is a cycle that ends in a failure. A model that knows nothing answers the same everywhere. "
        "All in seconds.",
    )


def _strongest(run: Any) -> str:
    gain = run.summary["gain"]
    return min(gain, key=lambda name: gain[name]["mae_seconds"]["value"]) if gain else ""


def distribution(run: Any, kit: Any) -> Any:
    """Draw the chances of all bins for the windows of the test part."""
    import numpy as np

    test = run.test.sort_values("window")
    bins = [name for name in test if name.startswith(BIN)]
    edges = (run.calibration.get("codec") or {}).get("edges_s")
    if not bins or not edges or not len(test):
        return None
    density = test[bins].to_numpy().T / np.diff(edges)[:, None]
    observed = test["observed"].to_numpy()

    def draw(plot: Any, wide: bool) -> None:
        axes = plot.subplots()
        # A contour is a few paths; a picture of pixels would not follow the page's colours.
        middle = (np.array(edges[1:]) + np.array(edges[:-1])) / 2
        top = np.quantile(density, 0.98)
        levels = [0.15 * top, 0.4 * top, 0.7 * top, density.max() * 1.001 + 1e-9]
        for place in range(3):
            axes.contourf(
                np.arange(len(test)),
                middle,
                density,
                levels=levels[place : place + 2],
                colors=[kit.MODEL],
                alpha=0.2 + 0.25 * place,
            )
        axes.plot(observed, color=kit.INK, linewidth=1)
        axes.set_xlabel("windows of the test part, in order")
        axes.set_ylabel("time to failure, s")

    inside = (test[bins].to_numpy().cumsum(axis=1) > 0).any()
    return (
        kit.figure(
            "distribution",
            draw,
            height=3.2,
            alternative=f"Chances of {len(bins)} bins of the time to failure for {len(test)} windows, beside the true "
            "times.",
            caption="The darker, the more likely the model holds that time to failure, in seconds; the line is the "
            "true one. The model's answer is the median of each column.",
        )
        if inside
        else None
    )


def objectives(run: Any, kit: Any) -> Any:
    """Show what the same network came to under each objective."""
    found = run.summary.get("objectives")
    if not found:
        return None
    titles = {
        "bins": "bins, cross-entropy, posterior median",
        "mse": "one number, squares",
        "mae": "one number, absolutely",
    }
    rows = [[titles[name], *(_score(scores[key], kit) for key in scores)] for name, scores in found.items()]
    return kit.join(
        [
            kit.paragraph(
                "The same network, trained once for each objective; the first is the recipe's. One number learnt by "
                "squares tends towards the mean; what that costs is shown here.",
                class_="hint",
            ),
            kit.table(["learnt by", "mean absolute error, s", "R²"], rows, label="Scores by objective"),
        ]
    )


def _score(score: dict[str, Any], kit: Any) -> Any:
    if score["value"] is None:
        return "–"
    shown = kit.number(score["value"])
    if score["low"] is None:
        return shown
    return kit.join([shown, kit.tag("small", f"[{kit.number(score['low'])}, {kit.number(score['high'])}]")])


def cross_validation(run: Any, kit: Any) -> Any:
    """Show the references left out by cycle, forward in time, and on random folds."""
    found = run.summary.get("cross_validation")
    if not found:
        return None
    methods = list(dict.fromkeys(name for scheme in found.values() for name in scheme["methods"]))
    rows = [
        [
            kit.method_title(name),
            *(_score(scheme["methods"][name]["mean_absolute_error"], kit) for scheme in found.values()),
        ]
        for name in methods
    ]
    counted = [
        kit.join([SCHEMES[name], kit.tag("small", f"{one['windows']:,} windows")]) for name, one in found.items()
    ]
    return kit.join(
        [
            kit.paragraph(
                "Mean absolute error in seconds. Random folds train on windows of the very cycles that they are tested "
                "on: where they look better than leaving a cycle out, they reward recognising the cycle.",
                class_="hint",
            ),
            kit.table(["method", *counted], rows, label="Mean absolute error of the references by kind of split"),
        ]
    )


def network(run: Any, kit: Any) -> Any:
    """Draw the network as boxes: inputs at the top, each entry of the recipe's list below what it takes."""
    boxes = _kept(run, "network.json")
    if not boxes:
        return None
    return kit.diagram("network", boxes, settings=run.summary["model"])


def _kept(run: Any, name: str) -> Any:
    path = run.plots / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def drift(run: Any, kit: Any) -> Any:
    """Draw how far the features differ between training and test part."""
    found = (_kept(run, "drift.json") or [])[:MOST_FEATURES]
    if not found:
        return None
    names = [row["feature"].replace("_", " ") for row in found][::-1]
    values = [row["statistic"] for row in found][::-1]

    def draw(plot: Any, wide: bool) -> None:
        axes = plot.subplots()
        axes.hlines(names, 0, values, color=kit.RULE)
        axes.plot(values, names, "o", color=kit.MODEL, markersize=4)
        axes.set_xlim(0, 1)
        axes.set_xlabel("distance of distributions")

    return kit.figure(
        "drift",
        draw,
        height=0.9 + 0.22 * len(found),
        alternative="; ".join(f"{row['feature']}: {row['statistic']:.2f}" for row in found) + ".",
        caption="Kolmogorov-Smirnov distance of a feature's distributions in the training and the test part. 0: they "
        "are alike; 1: no value of one part occurs in the other. What drifts may be the instrument or the sample, and "
        "a model that relies on it will be wrong later.",
    )


def learning(run: Any, kit: Any) -> Any:
    """Draw the validation error by epoch, and for contrastive coding its loss beside chance."""
    history = run.history
    if history.empty or "validation_mae_s" not in history:
        return None
    said = run.summary["model"].get("contrastive")
    epochs, error = history["epoch"].to_numpy(), history["validation_mae_s"].to_numpy()

    def draw(plot: Any, wide: bool) -> None:
        panes = plot.subplots(1 if wide else 1 + bool(said), 1 + bool(said) if wide else 1, squeeze=False).ravel()
        panes[-1].plot(epochs, error, color=kit.MODEL)
        panes[-1].set_xlabel("epoch")
        panes[-1].set_ylabel("validation error, s")
        if said:
            losses = said["loss_by_epoch"]
            panes[0].plot(range(1, len(losses) + 1), losses, color=kit.MODEL)
            panes[0].axhline(said["chance"], color=kit.REFERENCE, linestyle="--")
            panes[0].set_xlabel("epoch, without times")
            panes[0].set_ylabel("contrastive loss, nats")

    shown = kit.figure(
        "learning",
        draw,
        height=2.5,
        narrow=2.2 * (1 + bool(said)),
        alternative=f"Validation error over {len(epochs)} epochs, from {error[0]:.2f} to {error[-1]:.2f} s, "
        f"best {error.min():.2f} s.",
        caption="Mean absolute error on the validation part; the epoch with the lowest was kept."
        + (" Dashed: chance, ln N." if said else ""),
    )
    return kit.join([kit.paragraph(contrastive_line(said)) if said else None, shown])


def signals(run: Any, kit: Any) -> Any:
    """Describe the record beneath."""
    found = run.summary["catalog"]
    titles = {
        "source": "Source",
        "kind": "Kind",
        "rows": "Rows",
        "events": "Failures",
        "complete_cycles": "Complete cycles",
        "shortest_cycle_s": "Shortest cycle, s",
        "longest_cycle_s": "Longest cycle, s",
        "sampling_rate_hz": "Samples a second",
        "sha256": "SHA-256 of its content",
    }
    pairs = [(title, _shown(found[key])) for key, title in titles.items() if found.get(key) is not None]
    simulated = kit.paragraph(
        "These signals are simulated: the truth is known, and of a real experiment nothing is shown.", class_="caution"
    )
    return kit.join([simulated if found["simulated"] else None, kit.facts(pairs)])


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
