"""A page as one file that can be sent: what lies beside the pages is put into it."""

from __future__ import annotations

import base64
import hashlib
import re

from mleq.report import assets
from mleq.report.coast import UNITS
from mleq.report.markup import Html, tag

_LAND = re.compile(r'<image href="[^"]*/land\.svg"[^>]*? transform="([^"]*)"></image>')
_SCRIPT = re.compile(r'<script src="[^"]*/mleq\.js"></script>')


def one_file(page: str) -> str:
    """Return a page that needs no other file: the script inside, allowed by its hash, and the land once.

    Parameters
    ----------
    page : str
        As `mleq.report.page` makes it.
    """
    script = assets.text("mleq.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = page.replace("script-src &#x27;self&#x27; file:", f"script-src &#x27;sha256-{digest}&#x27;", 1)
    page = _SCRIPT.sub(lambda _: f"<script>{script}</script>", page)
    page = page.replace('. <a href="../index.html">All recipes</a>', "", 1)
    page, copies = _LAND.subn(lambda found: _use(found[1]), page)
    return page.replace("<body>", f"<body>{_land()}", 1) if copies else page


def _use(place: str) -> str:
    """A copy of the land, which is drawn in its own units from the middle, where an image begins at its corner."""
    own = f"scale({1 / UNITS:g}) translate({180 * UNITS} {90 * UNITS})"
    return tag("use", href="#land", transform=f"{place} {own}")


def _land() -> Html:
    path = re.search(r"<path.*?/>", assets.text("land.svg"))[0].replace("<path", '<path id="land"', 1)
    return tag("svg", tag("defs", Html(path)), width="0", height="0", aria_hidden="true", style="position:absolute")
