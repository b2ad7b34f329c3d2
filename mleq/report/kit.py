"""What a family draws its own panels with; it is handed over, since families stand before this room."""

from mleq.report.diagram import diagram
from mleq.report.markup import Html, facts, html, join, paragraph, table, tag
from mleq.report.plots import forest
from mleq.report.svg import EVENT, INK, MODEL, MUTED, PANEL, REFERENCE, RULE, figure
from mleq.report.view import View
from mleq.report.wording import count, digits_for, method_title, moment, number, percent, place

__all__ = [
    "EVENT",
    "INK",
    "MODEL",
    "MUTED",
    "PANEL",
    "REFERENCE",
    "RULE",
    "Html",
    "View",
    "count",
    "diagram",
    "digits_for",
    "facts",
    "figure",
    "forest",
    "html",
    "join",
    "method_title",
    "moment",
    "number",
    "paragraph",
    "percent",
    "place",
    "table",
    "tag",
]
