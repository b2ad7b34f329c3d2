"""The window player: what the model was given before a target date, day by day, on the map."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import numpy as np
import pandas as pd

from mleq.errors import Failure
from mleq.report.markup import Html, join, json_text, paragraph, tag
from mleq.report.record import RunRecord
from mleq.report.view import WIDTH, View
from mleq.report.wording import count

MOST_BYTES = 900_000
"""Of packed heatmaps in a page, before they are written as text; the newest days that fit are shown."""

SHADES = 9
CHANNELS = (
    ("magnitude", "Magnitude", "magnitude of the cell's summed energy"),
    ("frequency", "Frequency", "earthquakes in the cell"),
    ("depth_km", "Depth", "mean depth, km"),
)
PARTS = ("train", "validation", "test")


def window_player(run: RunRecord) -> Html | None:
    """Show any sample's window as three maps with play, a slider of days, and the values under the pointer."""
    kept = read(run)
    if kept is None:
        return None
    south, west, high, wide, rows, columns = kept["grid"].tolist()
    view = View(south, south + rows * high, west, west + columns * wide)
    data, first = packed(run, kept)
    window = int(kept["window_days"])
    maps = [_map(view, run, name, title, unit, data["range"][name]) for name, title, unit in CHANNELS]
    return join(
        [
            paragraph(
                f"What the model is given for a target date: the {count(window, 'day')} before it, as three maps a day "
                f"of {rows:g} × {columns:g} cells. Here are the target dates from {first} on.",
                class_="hint",
            ),
            tag(
                "div",
                tag("script", json_text(data), type="application/json"),
                _controls(window),
                tag("p", "", class_="now", aria_live="polite"),
                tag("div", *maps, class_="maps", tabindex="0", role="group", aria_label=_KEYS),
                tag("p", "Point at a cell, or move with the arrow keys.", class_="values", aria_live="polite"),
                tag("noscript", paragraph("The player needs the script that lies beside this page.")),
                class_="player",
            ),
            paragraph(
                "Cells without colour had no earthquake that day. The ring is the target. The days play from the "
                "oldest to the one before the target date; the model sees them all at once.",
                class_="hint",
            ),
        ]
    )


_KEYS = "Three maps of the same cells. Arrow keys move from cell to cell; space plays."


def _controls(window: int) -> Html:
    def button(act: str, name: str, shown: str) -> Html:
        return tag("button", shown, type="button", data_act=act, aria_label=name, title=name)

    return tag(
        "div",
        button("back", "Previous target date", "‹"),
        tag("label", "target date ", tag("input", type="date", class_="date")),
        button("on", "Next target date", "›"),
        button("event", "Next target date with an event", "next with an event"),
        button("play", "Play the days of the window", "▶ play"),
        tag(
            "label",
            "day ",
            tag("input", type="range", min="0", max=str(window - 1), value=str(window - 1), class_="day"),
        ),
        class_="controls",
    )


def _map(view: View, run: RunRecord, name: str, title: str, unit: str, ends: list[float]) -> Html:
    target = run.summary.get("target") or {}
    circle = [target.get(key) for key in ("latitude", "longitude", "radius_km")]
    ring = view.ring(*circle) if None not in circle else None
    drawing = view.svg(
        tag("g", class_="cells"),
        ring,
        tag("rect", class_="chosen", width="0", height="0"),
        data_channel=name,
        role="img",
        aria_label=f"Map of the {title.lower()} in each cell on the day that is shown",
    )
    shades = [tag("i", class_=f"s{shade}") for shade in range(SHADES)]
    words = [tag("span", f"{ends[0]:g}"), *shades, tag("span", f"{ends[1]:g}{'' if name == 'magnitude' else '+'}")]
    legend = tag("div", *words, class_="legend", aria_hidden="true")
    return tag("figure", tag("div", drawing, class_="map"), legend, tag("figcaption", f"{title}: {unit}"))


def read(run: RunRecord) -> dict[str, np.ndarray] | None:
    """Read the heatmaps that the run kept; None where it kept none.

    Raises
    ------
    Failure
        If the file is damaged.
    """
    path = run.plots / "heatmaps.npz"
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except Exception as error:  # zipfile, zlib and numpy have each their own
        raise Failure(
            f"the run's file {path} cannot be read: {error}", remedy=f"train again, or remove the folder {run.folder}"
        ) from None


def packed(run: RunRecord, kept: dict[str, np.ndarray]) -> tuple[dict[str, Any], str]:
    """Pack heatmaps and samples for the script: the newest that fit into MOST_BYTES.

    Returns
    -------
    data : dict
        JSON values; `packed` is gzip in base64 of the days' numbers of cells (uint32), then the cells (uint32), then
        magnitudes (uint8), then frequencies and depths (uint16).
    first : str
        The first target date that can be shown.
    """
    window, days = int(kept["window_days"]), kept["cells_per_day"]
    ends = np.concatenate([[0], np.cumsum(days.astype(np.int64))])
    content, begin = b"", 0
    while True:
        content = _gzipped(kept, ends, begin)
        if len(content) <= MOST_BYTES or begin + window + 1 >= len(days):
            break
        # The oldest days are left out, a little more than their share of what is too much.
        begin += max(1, int((len(days) - begin) * min(0.9, 1.05 * (1 - MOST_BYTES / len(content)))))
        begin = min(begin, len(days) - window - 1)
    first_day = np.datetime64(str(kept["first_day"]), "D") + begin
    date = kept["date"].astype("datetime64[D]")
    shown = (date - first_day).astype(int) >= window
    sample = pd.DataFrame({"date": date, "observed": kept["observed"], "part": kept["part"]})[shown]
    south, west, high, wide, rows, columns = kept["grid"].tolist()
    view = View(south, south + rows * high, west, west + columns * wide)
    data = {
        "first_day": str(first_day),
        "window": window,
        "days": len(days) - begin,
        "grid": {"south": south, "west": west, "high": high, "wide": wide, "rows": int(rows), "columns": int(columns)},
        "drawing": {"width": WIDTH, "height": view.height},
        "range": _ranges(kept),
        "samples": {
            "offset": (sample["date"].to_numpy("datetime64[D]") - first_day).astype(int).tolist(),
            "observed": sample["observed"].astype(int).tolist(),
            "part": sample["part"].astype(int).tolist(),
            "probability": _probabilities(run, sample),
        },
        "parts": list(PARTS),
        "packed": base64.b64encode(content).decode("ascii"),
    }
    return data, str(sample["date"].min().date()) if len(sample) else str(first_day)


def _gzipped(kept: dict[str, np.ndarray], ends: np.ndarray, begin: int) -> bytes:
    cells = slice(int(ends[begin]), int(ends[-1]))
    columns = (("cell", "<u4"), ("magnitude", "u1"), ("frequency", "<u2"), ("depth_km", "<u2"))
    parts = [kept["cells_per_day"][begin:].astype("<u4").tobytes()]
    parts += [kept[name][cells].astype(kind).tobytes() for name, kind in columns]
    return gzip.compress(b"".join(parts), 6, mtime=0)


def _ranges(kept: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """The values between which the colours of each map change: round numbers that few cells lie outside of."""
    if not kept["cell"].size:
        return {name: [0.0, 1.0] for name, _, _ in CHANNELS}
    magnitude = kept["magnitude"] * 0.05
    lowest = float(np.floor(magnitude.min()))
    often, deep = float(np.quantile(kept["frequency"], 0.995)), float(np.quantile(kept["depth_km"], 0.99))
    return {
        "magnitude": [lowest, max(lowest + 1, float(np.ceil(2 * magnitude.max()) / 2))],
        "frequency": [0.0, max(3.0, float(np.ceil(often)))],
        "depth_km": [0.0, max(50.0, float(np.ceil(deep / 50) * 50))],
    }


def _probabilities(run: RunRecord, sample: pd.DataFrame) -> list[float | None]:
    """What the run forecast for each sample; None for those of the training part, which it keeps no forecast of."""
    known = run.forecasts
    if not {"target_date", "probability"} <= set(known):
        return [None] * len(sample)
    by_date = dict(zip(known["target_date"].to_numpy("datetime64[D]"), known["probability"], strict=True))
    dates = sample["date"].to_numpy("datetime64[D]")
    return [None if (value := by_date.get(date)) is None else round(float(value), 5) for date in dates]
