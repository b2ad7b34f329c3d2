"""Matplotlib figures as inline SVG that follows the page's colours and width."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from mleq.report.markup import Html, tag

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
}


def figure(
    name: str, draw: Callable[[Any, bool], None], *, height: float, alternative: str, caption: Any, narrow: float = 0
) -> Html:
    """Draw a plot twice, for wide and for narrow screens, of which the page shows the one that fits.

    Parameters
    ----------
    name : str
        Unique on the page; ids inside the SVG begin with it.
    draw : callable
        (matplotlib Figure, whether it is wide) -> None.
    height : float
        In inches of a page 7.6 inches wide.
    alternative : str
        What the plot shows, in words, for those who cannot see it.
    caption : str or Html
        How to read it.
    narrow : float, optional
        Height in inches on a page 4 inches wide; by default the same.

    Returns
    -------
    Html
        A figure element.
    """
    heights = {"wide": height, "narrow": narrow or height}
    drawn = [
        tag("div", _svg(f"{name}-{form}", draw, form, heights[form], alternative), class_=form) for form in heights
    ]
    return tag("figure", *drawn, tag("figcaption", caption))


def _svg(name: str, draw: Callable[[Any, bool], None], form: str, height: float, alternative: str) -> Html:
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    buffer = io.StringIO()
    with rc_context({**_STYLE, "svg.hashsalt": name}):
        plot = Figure(figsize=(_WIDTH_INCHES[form], height), layout="constrained")
        FigureCanvasSVG(plot)
        draw(plot, form == "wide")
        plot.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return _inline(buffer.getvalue(), name, alternative)


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
