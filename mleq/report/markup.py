"""HTML from Python: one helper that makes elements, and one class of text that is markup already.

Whatever is not `Html` is text, and is escaped when it enters an element. So nothing that data or a recipe say can
become markup, whoever writes the panel.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

LONG = 40  # characters of a fact that takes a line of its own
VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Html(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def html(value: Any) -> Html:
    """Make HTML of a value: markup stays, None is nothing, all else is escaped text.

    Examples
    --------
    >>> html("M < 5 & deep")
    'M &lt; 5 &amp; deep'
    """
    if isinstance(value, Html):
        return value
    if value is None:
        return Html("")
    # Half of a surrogate pair, which JSON can spell, cannot be written as UTF-8.
    return Html(escape(str(value).encode("utf-8", "replace").decode("utf-8"), quote=True))


def join(parts: Iterable[Any], between: str = "") -> Html:
    """Join markup and text into markup."""
    return Html(html(between).join(html(part) for part in parts))


def tag(name: str, *content: Any, **attributes: Any) -> Html:
    """Make an element.

    Parameters
    ----------
    name : str
        The element's name.
    *content : Html, str or None
        What it holds; text is escaped.
    **attributes
        `class_` is class and `aria_label` is aria-label; True stands for an attribute without a value, and one
        that is None or False is left out.

    Returns
    -------
    Html

    Examples
    --------
    >>> tag("a", "A & B", href="#a", class_="quiet")
    '<a href="#a" class="quiet">A &amp; B</a>'
    """
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.rstrip("_").replace("_", "-")
        words.append(attribute if value is True else f'{attribute}="{html(value)}"')
    opening = f"<{' '.join(words)}>"
    return Html(opening if name in VOID else f"{opening}{join(content)}</{name}>")


def paragraph(*content: Any, **attributes: Any) -> Html:
    """Make a paragraph of text and markup."""
    return tag("p", *content, **attributes)


def facts(pairs: Iterable[tuple[Any, Any]]) -> Html:
    """Make a list of names and values; pairs whose value is None or empty are left out."""
    rows = []
    for name, value in pairs:
        if value is not None and value != "":
            long = "long" if len(html(value)) > LONG else None
            rows.append(tag("div", tag("dt", name), tag("dd", value), class_=long))
    return tag("dl", *rows, class_="facts")


def table(header: Iterable[Any], rows: Iterable[Iterable[Any]], *, label: str, first_is_name: bool = True) -> Html:
    """Make a table that scrolls sideways where the screen is narrow.

    Parameters
    ----------
    header : iterable of str or Html
        Names of the columns.
    rows : iterable of iterables
        The cells; the first of each row names it, unless `first_is_name` is False.
    label : str
        What the table shows, for those who cannot see it.
    """
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in header)))
    body = []
    for row in rows:
        cells = list(row)
        named = [tag("th", cells.pop(0), scope="row")] if first_is_name else []
        body.append(tag("tr", *named, *(tag("td", cell) for cell in cells)))
    inner = tag("table", head, tag("tbody", *body))
    return tag("div", inner, class_="scroll", role="region", aria_label=label, tabindex="0")


def json_text(value: Any) -> Html:
    """JSON that may stand inside a script element: nothing in it can end the element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    return Html(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
