"""Matplotlib figures as inline SVG that follows the page's colours and width."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from mleq.report.markup import Html, json_text, tag

# Matplotlib wants colours; the page wants variables. Each of these stands for one and is replaced in the SVG.
INK, MUTED, RULE, PANEL = "#010101", "#020202", "#030303", "#040404"
MODEL, REFERENCE, EVENT = "#050505", "#060606", "#070707"
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    PANEL: "panel",
    MODEL: "model",
    REFERENCE: "reference",
    EVENT: "event",
}

_WIDTH_INCHES = {"wide": 7.6, "narrow": 4.0}
FEW_DECADES = 30
"""A logarithmic axis whose ends are closer has ticks at 2 and 5 too: powers of ten would be one or none."""

_STYLE = {
    "svg.fonttype": "none",  # text as text: small, and in the reader's own font
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.unicode_minus": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.solid_capstyle": "butt",
    "text.parse_math": False,  # a name may hold dollar signs
    "axes.formatter.useoffset": False,
}


def figure(
    name: str,
    draw: Callable[[Any, bool], Any],
    *,
    height: float,
    alternative: str,
    caption: Any,
    narrow: float = 0,
    series: dict[str, Any] | None = None,
    half: bool = False,
) -> Html:
    """Draw a plot twice, for wide and for narrow screens, of which the page shows the one that fits.

    Parameters
    ----------
    name : str
        Unique on the page; ids inside the SVG begin with it.
    draw : callable
        (matplotlib Figure, whether it is wide) -> None, or with `series` the axes that it belongs to.
    height : float
        In inches of a page 7.6 inches wide.
    alternative : str
        What the plot shows, in words, for those who cannot see it.
    caption : str or Html
        How to read it.
    narrow : float, optional
        Height in inches on a page 4 inches wide; by default the same.
    series : dict, optional
        What stands behind the pointer, where the axes go evenly through time from the first day to the last: `first`
        (the day of offset 0), `offset` (days), `observed` (0 or 1), `columns` (pairs of a name and values) and
        `unit` ("%" for shares).
    half : bool, optional
        Draw it for narrow screens alone: a wide page has two such panels side by side.

    Returns
    -------
    Html
        A figure element.
    """
    heights = {"narrow": narrow or height} if half else {"wide": height, "narrow": narrow or height}
    drawn = []
    for form in heights:
        made, span = _svg(f"{name}-{form}", draw, form, heights[form], alternative)
        more = {}
        if series:
            said = "Arrow keys read the days, page keys by the month."
            more = {"data_from": span[0], "data_to": span[1], "tabindex": "0", "role": "group", "aria_label": said}
        drawn.append(tag("div", made, class_=None if half else form, **more))
    data = tag("script", json_text(series), type="application/json") if series else None
    return tag("figure", data, *drawn, tag("figcaption", caption), data_series=bool(series))


def _svg(
    name: str, draw: Callable[[Any, bool], Any], form: str, height: float, alternative: str
) -> tuple[Html, tuple[str, str]]:
    """The drawing, and the shares of its width between which its axes lie."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    buffer = io.StringIO()
    with rc_context({**_STYLE, "svg.hashsalt": name}):
        plot = Figure(figsize=(_WIDTH_INCHES[form], height), layout="constrained")
        FigureCanvasSVG(plot)
        axes = draw(plot, form == "wide")
        _plain_ticks(plot)
        plot.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    box = axes.get_position() if axes is not None else None  # as the layout left it, which ran when it was saved
    span = (f"{box.x0:.4f}", f"{box.x1:.4f}") if box else ("0", "1")
    return _inline(buffer.getvalue(), name, alternative), span


def _plain_ticks(plot: Any) -> None:
    """Label logarithmic axes by plain numbers, and their small ticks not at all: matplotlib would write TeX."""
    from matplotlib.ticker import LogFormatter, LogLocator, NullFormatter

    for axes in plot.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() in ("log", "symlog"):
                axis.set_minor_formatter(NullFormatter())
                if isinstance(axis.get_major_formatter(), LogFormatter):
                    axis.set_major_formatter("{x:,g}")
            low, high = axis.get_view_interval()
            if axis.get_scale() == "log" and high < FEW_DECADES * low:
                axis.set_major_locator(LogLocator(subs=(1, 2, 5)))


def _inline(document: str, name: str, alternative: str) -> Html:
    """Make an SVG document a small part of an HTML page."""
    opening = re.search(r"<svg\b[^>]*>", document)
    box = re.search(r'viewBox="([^"]+)"', opening[0])[1]
    inside = document[opening.end() : document.rindex("</svg>")]
    inside = re.sub(r"<metadata>.*?</metadata>", "", inside, flags=re.DOTALL)
    inside = re.sub(r"<!--.*?-->", "", inside, flags=re.DOTALL)
    inside = re.sub(r"<[^>]*>", lambda element: _translated(element[0], name), inside)
    inside = re.sub(r"\s*\n\s*", "\n", inside)
    return tag("svg", Html(inside), viewBox=box, role="img", aria_label=alternative)


def _translated(element: str, name: str) -> str:
    """One tag with ids of its own, the page's colours, and coordinates no finer than a screen can show."""
    element = element.replace("xlink:href=", "href=")
    element = re.sub(r'\bid="', f'id="{name}-', element)
    element = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", element)
    for colour, variable in _VARIABLES.items():
        element = element.replace(colour, f"var(--{variable})")
    return re.sub(r"(\d\.\d\d)\d+", r"\1", element)
