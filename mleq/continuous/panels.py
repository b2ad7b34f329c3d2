"""What the page of a run of this family shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mleq import atomic

COLOURS = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b3a200", "#7f7f7f", "#8c564b", "#9467bd",
)  # fmt: skip
MARKS = "os^vD*PX<>"

MOST_OF_A_DAY = 6
"""Hours of record from which a day is drawn whole."""

FEWEST_HOURS = 6
"""Hours of record below which counts through time say nothing."""


def keep_for_page(recipe: Any, material: Any, samples: Any, folder: Path) -> None:
    """Keep what the panels draw beside the files that every run has."""
    atomic.write_json(folder / "page.json", samples.page)


def panels(common: dict, kit: Any) -> dict:
    """Return the page's panels: those of every family, and what is in the record."""
    own = {
        "day": ("A day of record", lambda run: _day(run, kit)),
        "counts": ("Counts through time", lambda run: _counts(run, kit)),
        "detections": ("Events", lambda run: _events(run, kit)),
        "waveforms": ("Waveforms of each cluster", lambda run: _waveforms(run, kit)),
        "spectra": ("Spectra of each cluster", lambda run: _spectra(run, kit)),
        "embedding": ("Embedding", lambda run: _embedding(run, kit)),
        "tree": ("Which clusters are alike", lambda run: _tree(run, kit)),
        "enough": ("How many windows are enough", lambda run: _enough(run, kit)),
    }
    kept = {name: panel for name, panel in common.items() if name not in ("time", "reliability", "confusion", "target")}
    kept["catalog"] = ("Record", lambda run: _record(run, kit))
    head = {name: kept.pop(name) for name in ("verdict", "methods") if name in kept}
    return {**head, **own, **kept}


def _page(run: Any) -> dict | None:
    path = run.plots / "page.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _colours(names: list[str]) -> dict[str, tuple[str, str]]:
    """A colour and a mark of each cluster; more clusters than colours differ in their marks."""
    return {
        name: (COLOURS[k % len(COLOURS)], MARKS[(k // len(COLOURS) + k) % len(MARKS)]) for k, name in enumerate(names)
    }


def _plain(*axes: Any) -> None:
    """Write the ticks of logarithmic axes as plain numbers."""
    from matplotlib.ticker import NullFormatter

    for one in axes:
        for axis in (one.xaxis, one.yaxis):
            if axis.get_scale() != "linear":
                axis.set_major_formatter("{x:g}")
                axis.set_minor_formatter(NullFormatter())


def _record(run: Any, kit: Any) -> Any:
    record = run.summary["catalog"]
    return kit.facts(
        [
            ("Source", record["source"]),
            ("Stations", ", ".join(record["stations"])),
            ("Channels each", record["channels"]),
            ("Samples a second", f"{record['sampling_rate_hz']:g}"),
            ("From", kit.moment(record["start"])),
            ("Until", kit.moment(record["end"])),
            ("Days without gaps", f"{record['days']:.2f}"),
            ("Gaps", record["gaps"]),
            ("Windows", kit.count(record["windows"])),
            ("SHA-256 of what it holds", kit.tag("code", record["sha256"])),
        ]
    )


def _day(run: Any, kit: Any) -> Any:
    page = _page(run)
    if not page or not page["day"]["hours"]:
        return None
    from matplotlib.ticker import MultipleLocator

    day, colours = page["day"], _colours(page["names"])
    hours, loud, cluster = np.array(day["hours"]), np.array(day["loudness"]), np.array(day["cluster"])

    def draw(plot: Any, wide: bool) -> None:
        axes = plot.subplots()
        for name in page["names"]:
            mine = cluster == name
            if mine.any():
                axes.vlines(hours[mine], 0, loud[mine], color=colours[name][0], linewidth=0.8, label=name)
        axes.set(ylabel="loudest band, usual amplitudes", yscale="symlog", ylim=0)
        if np.ptp(hours) > MOST_OF_A_DAY:
            axes.set(xlabel=f"hour of {day['day']} (UTC)", xlim=(0, 24), xticks=range(0, 25, 3))
        else:
            axes.set(xlabel=f"{day['day']} (UTC)")
            axes.xaxis.set_major_locator(MultipleLocator(max(1, round(10 * np.ptp(hours))) / 60))
            axes.xaxis.set_major_formatter(lambda hour, _: "{:02d}:{:02d}".format(*divmod(round(hour * 60), 60)))
        _plain(axes)
        axes.legend(ncols=8 if wide else 4, loc="lower center", bbox_to_anchor=(0.5, 1.0))

    return kit.figure(
        "day", draw, height=3.2,
        alternative=f"{len(hours)} windows of {day['day']} at {day['station']}, coloured by cluster.",
        caption=f"Each line is a window of {page['window_s']:g} s at {day['station']}, on the day with most events: as "
        "high as its loudest band, in the colour of its cluster. Capitals are the bulk, small letters what was told "
        "apart when looking again.",
    )  # fmt: skip


def _counts(run: Any, kit: Any) -> Any:
    path = run.folder / "clusters.parquet"
    if not path.exists():
        return None
    table = pd.read_parquet(path)
    daily = table.groupby([table["hour"].dt.floor("D"), "cluster"])["windows"].sum().unstack(fill_value=0)
    hourly = table.groupby(["hour", "cluster"])["windows"].sum().unstack(fill_value=0)
    if len(hourly) < FEWEST_HOURS:
        return None
    page = _page(run)
    names = [name for name in (page["names"] if page else hourly.columns) if name in hourly]
    colours = _colours(page["names"] if page else names)

    def draw(plot: Any, wide: bool) -> None:
        above, below = plot.subplots(2, 1, sharex=True)
        for name in names:
            total = hourly[name].cumsum()
            above.plot(total.index, total / total.iloc[-1], color=colours[name][0], label=name, linewidth=1.2)
            below.plot(daily.index, daily[name], color=colours[name][0], linewidth=1.0, marker=".", markersize=4)
        above.set(ylabel="cumulative, part of all")
        below.set(ylabel="windows a day", yscale="symlog")
        _plain(below)
        above.legend(ncols=8 if wide else 4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        plot.autofmt_xdate()

    late = {name: float((hourly[name].cumsum() / hourly[name].sum() < 0.5).mean()) for name in names}
    last = max(late, key=late.get)
    return kit.figure(
        "counts", draw, height=4.6,
        alternative=f"Windows of {len(names)} clusters through time; half of those of {last} come after "
        f"{late[last]:.0%} of the record.",
        caption="Above, how much of each cluster has come by a time: a straight line is a steady kind of signal, one "
        f"that turns upwards is one that grows. Half of {last} comes after {late[last]:.0%} of the record. Below, "
        "windows a day.",
    )  # fmt: skip


def _events(run: Any, kit: Any) -> Any:
    path = run.folder / "events.parquet"
    if not path.exists():
        return None
    rows = pd.read_parquet(path)
    found = run.summary["model"]["detection"]
    said = kit.paragraph(
        f"{len(rows):,} events by {found['method'].replace('_', '/')}, in events.csv, events.parquet and, where the "
        "station's place is known, events.xml (QuakeML) of the run's folder. Magnitudes are relative.",
    )
    if rows.empty:
        return said
    names = list(rows["family_id"].value_counts().index)
    colours = _colours(names)

    def draw(plot: Any, wide: bool) -> None:
        axes = plot.subplots()
        for name in names:
            mine = rows[rows["family_id"] == name]
            axes.scatter(
                mine["time"].dt.tz_localize(None), mine["mag"], s=9, color=colours[name][0], marker=colours[name][1],
                label=f"{name} ({len(mine)})",
            )  # fmt: skip
        axes.set(ylabel="relative magnitude")
        axes.legend(ncols=4 if wide else 2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        plot.autofmt_xdate()

    picture = kit.figure(
        "detections", draw, height=3.4,
        alternative=f"{len(rows)} events of {len(names)} families through time, magnitudes {rows['mag'].min():.1f} to "
        f"{rows['mag'].max():.1f}.",
        caption="Each mark is an event, in the colour of the template that found it.",
    )  # fmt: skip
    table = kit.table(
        ["template", "from", "events"],
        [[one["name"], one["origin"], int((rows["family_id"] == one["name"]).sum())]
         for one in run.calibration.get("templates", [])],
        label="Templates",
    )  # fmt: skip
    return kit.join([said, picture, table if run.calibration.get("templates") else None])


def _waveforms(run: Any, kit: Any) -> Any:
    page = _page(run)
    if not page:
        return None
    colours = _colours(page["names"])

    def draw(plot: Any, wide: bool) -> None:
        axes = plot.subplots()
        for row, (name, values) in enumerate(page["medoids"].items()):
            values = np.array(values)
            seconds = np.linspace(0, page["window_s"], len(values))
            axes.plot(
                seconds, -row + 0.45 * values / max(np.abs(values).max(), 1e-9), color=colours[name][0], linewidth=0.7
            )
            axes.annotate(f"{name} {page['shares'][name]:.1%}", (0, -row + 0.3), fontsize=8)
        axes.set(yticks=[], xlabel="seconds")

    return kit.figure(
        "waveforms", draw, height=0.8 + 0.36 * len(page["medoids"]),
        alternative=f"The most typical window of each of {len(page['medoids'])} clusters.",
        caption="The medoid of each cluster, the window nearest to all others of it, on its first channel, each to its "
        "own height; beside the name the cluster's share of the sample.",
    )  # fmt: skip


def _spectra(run: Any, kit: Any) -> Any:
    page = _page(run)
    if not page:
        return None
    colours = _colours(page["names"])

    def draw(plot: Any, wide: bool) -> None:
        axes = plot.subplots()
        for name, values in page["spectra"].items():
            axes.plot(page["frequencies_hz"], np.exp(values), color=colours[name][0], label=name, linewidth=1.1)
        axes.set(xscale="log", yscale="log", xlabel="frequency, Hz", ylabel="mean modulus, usual amplitudes")
        _plain(axes)
        axes.legend(ncols=8 if wide else 4, loc="lower center", bbox_to_anchor=(0.5, 1.0))

    return kit.figure(
        "spectra", draw, height=3.2,
        alternative=f"Median first-layer coefficients of {len(page['spectra'])} clusters by frequency.",
        caption="Median over a cluster's windows of the mean modulus in each band of the first layer: where two lines "
        "part, those frequencies tell the two kinds of signal apart.",
    )  # fmt: skip


def _embedding(run: Any, kit: Any) -> Any:
    page = _page(run)
    if not page or not page["axes"]:
        return None
    axes_of, cluster, colours = np.array(page["axes"]), np.array(page["axes_cluster"]), _colours(page["names"])

    def draw(plot: Any, wide: bool) -> None:
        axes = plot.subplots()
        for name in page["names"]:
            mine = cluster == name
            if mine.any():
                colour, mark = colours[name]
                axes.scatter(*axes_of[mine].T, s=7, color=colour, marker=mark, label=name, linewidths=0)
        axes.set(xlabel="first axis", ylabel="second axis")
        axes.legend(ncols=8 if wide else 4, loc="lower center", bbox_to_anchor=(0.5, 1.0))

    return kit.figure(
        "embedding", draw, height=4.2,
        alternative=f"{len(axes_of)} windows on the first two axes of their features, by cluster.",
        caption="Each mark is a window, on the first two of the axes on which the mixture was fitted, each of unit "
        "variance: groups that lie apart are told apart by what the two axes say, others by further axes.",
    )  # fmt: skip


def _tree(run: Any, kit: Any) -> Any:
    page = _page(run)
    if not page or len(page["tree"]) < 1:
        return None
    labels = list(page["names"][: page["bulk"]])
    labels += ["looked at again"] * (len(page["tree"]) + 1 - len(labels))

    def draw(plot: Any, wide: bool) -> None:
        from scipy.cluster.hierarchy import dendrogram

        axes = plot.subplots()
        colour = kit.MODEL
        dendrogram(np.array(page["tree"]), labels=labels, ax=axes, orientation="right", leaf_font_size=9,
                   link_color_func=lambda _: colour)  # fmt: skip
        axes.set(xlabel="distance (Ward, whitened)")

    return kit.figure(
        "tree", draw, height=0.9 + 0.25 * len(labels),
        alternative=f"A tree of the {len(labels)} clusters of the first look.",
        caption="Clusters of the first look, joined by the distance of their means: those that meet far to the left "
        "are kinds of signal that hardly differ.",
    )  # fmt: skip


def _enough(run: Any, kit: Any) -> Any:
    from mleq.continuous.statement import advice

    curve = run.summary["model"].get("sample_curve") or []
    if len(curve) < 2:
        return None
    sizes = [row["windows"] for row in curve]

    def draw(plot: Any, wide: bool) -> None:
        left, right = plot.subplots(1, 2) if wide else plot.subplots(2, 1)
        left.plot(sizes, [row["held_out_log_likelihood"] for row in curve], "o-", color=kit.MODEL)
        left.set(xscale="log", xlabel="windows", ylabel="held-out log-likelihood, nats")
        right.plot(sizes[:-1], [row["agreement"] for row in curve[:-1]], "o-", color=kit.MODEL)
        right.set(xscale="log", xlabel="windows", ylabel="agreement with the largest", ylim=(0, 1))
        _plain(left, right)

    return kit.figure(
        "enough", draw, height=2.6, narrow=4.4,
        alternative=f"Held-out likelihood and agreement of mixtures of {sizes[0]} to {sizes[-1]} windows.",
        caption=f"Where both curves are level, more windows change nothing: {advice(curve)}. Agreement is the adjusted "
        "mutual information of clusters on windows that no mixture has seen.",
    )  # fmt: skip
