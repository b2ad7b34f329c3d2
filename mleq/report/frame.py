"""The frame that every page shares: head, colours for light and dark, sections with anchors, and the last word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mleq.report.agencies import NO_WARNING, Agency
from mleq.report.markup import Html, html, paragraph, tag


@dataclass(frozen=True)
class Panel:
    """A named section of a page.

    Parameters
    ----------
    name : str
        Its anchor, unique on the page.
    title : str
    content : Html
    """

    name: str
    title: str
    content: Html


# Okabe and Ito's colours, which eyes of every kind tell apart, darkened or lightened until thin lines and text
# reach a contrast of 4.5 on their ground. Plots take the same variables, so that they follow light and dark.
# The shades of heatmaps are of viridis, from the ground's side away; so the strongest stands out on either ground.
_VIRIDIS = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")
_LIGHT = """--ground:#fbfbfa;--panel:#ffffff;--ink:#1c2024;--muted:#59616a;--rule:#d9dde1;--link:#0b5c96;
--model:#0068a8;--reference:#8a5a00;--event:#b84300;--better:#00694e;--sea:#eef3f6;"""
_LIGHT += "".join(f"--s{i}:{colour};" for i, colour in enumerate(_VIRIDIS[::-1]))
_DARK = """--ground:#14171a;--panel:#1c2024;--ink:#e8eaec;--muted:#a5adb5;--rule:#3a4148;--link:#7cc0f0;
--model:#63b8ec;--reference:#e8b04a;--event:#ff8f52;--better:#4fc79f;--sea:#161d23;"""
_DARK += "".join(f"--s{i}:{colour};" for i, colour in enumerate(_VIRIDIS))

_CSS = (
    f":root{{color-scheme:light;{_LIGHT}}}\n@media (prefers-color-scheme:dark){{:root:not([data-theme=light])"
    f"{{color-scheme:dark;{_DARK}}}}}\n:root[data-theme=dark]{{color-scheme:dark;{_DARK}}}"
    """
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,"Noto Sans","Noto Sans CJK JP","Hiragino Sans",sans-serif}
main,header,footer{max-width:58rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}
h1{font-size:1.7rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
h1 small{font-size:1rem;font-weight:400;color:var(--muted);margin-left:.5rem}
h2{font-size:1.15rem;line-height:1.3;margin:0 0 .6rem}
h3{font-size:1rem;margin:1rem 0 .3rem}
p{margin:.5rem 0;overflow-wrap:anywhere}
a{color:var(--link)}
a:focus-visible,.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--link);outline-offset:2px}
nav{font-size:.85rem;margin:.8rem 0 1rem}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:0 1rem;margin:0;padding:0}
nav a{display:inline-block;padding:.25rem 0}
section{background:var(--panel);border:1px solid var(--rule);border-radius:8px;padding:1rem;margin:0 0 1rem}
section.first{border-left:6px solid var(--muted);font-size:1.2rem}
section.better{border-left-color:var(--better)}
section.worse{border-left-color:var(--event)}
section.first h2{font-size:.85rem;color:var(--muted);font-weight:600;margin:0}
section.first p{margin:.2rem 0 0}
section.first .caution{font-size:1rem;margin-top:.6rem}
.quiet,figcaption,.notes,.hint{color:var(--muted);font-size:.875rem}
.caution{border-left:4px solid var(--event);padding-left:.7rem}
.facts{margin:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.1rem 1.2rem}
.facts div{padding:.25rem 0;min-width:0}
.facts .long{grid-column:1/-1}
.facts dt{color:var(--muted);font-size:.8rem}
.facts dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:.5rem 0;background:linear-gradient(to right,var(--panel) 2rem,transparent),
linear-gradient(to left,var(--panel) 2rem,transparent) 100%,linear-gradient(to right,var(--rule),transparent),
linear-gradient(to left,var(--rule),transparent) 100%;background-repeat:no-repeat;
background-size:3rem 100%,3rem 100%,1rem 100%,1rem 100%;background-attachment:local,local,scroll,scroll}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.4rem .55rem;border-bottom:1px solid var(--rule);vertical-align:top;white-space:nowrap}
thead th{font-size:.8rem;color:var(--muted);font-weight:600;white-space:normal;vertical-align:bottom;min-width:5.2rem}
th:first-child{text-align:left;position:sticky;left:0;background:var(--panel)}
tbody th{font-weight:600;white-space:normal;min-width:6rem;max-width:11rem}
tbody tr:last-child>*{border-bottom:0}
td small{display:block;color:var(--muted);font-size:.78rem}
th small{display:block;font-weight:400}
abbr{text-decoration:none;cursor:help}
sup a{text-decoration:none;padding:0 .2rem}
figure{margin:.3rem 0 0}
figure svg{display:block;width:100%;height:auto}
figure svg text{font-family:inherit!important}
figure .narrow{display:none}
@media (max-width:540px){figure .wide{display:none}figure .narrow{display:block}
main,header,footer{padding-left:.6rem;padding-right:.6rem}section{padding:.8rem .7rem}
th,td{padding:.35rem .3rem}thead th{min-width:3.5rem}}
@media print{figure .wide{display:block!important}figure .narrow{display:none!important}section{break-inside:avoid}}
pre{overflow-x:auto;font-size:.8rem;background:var(--ground);border:1px solid var(--rule);border-radius:6px;
padding:.7rem;margin:.5rem 0}
code{font-size:.85em;overflow-wrap:anywhere}
pre code{font-size:1em;overflow-wrap:normal}
summary{cursor:pointer;padding:.25rem 0}
footer{padding-bottom:2rem}
header{position:relative}
button,input{font:inherit;font-size:.9rem;color:var(--ink);background:var(--panel);border:1px solid var(--muted);
border-radius:6px;padding:.25rem .6rem;min-height:2rem}
button{cursor:pointer}
button:hover{border-color:var(--link)}
button:focus-visible,input:focus-visible,.maps:focus-visible,[data-from]:focus-visible{outline:2px solid var(--link);
outline-offset:2px}
.theme{position:absolute;top:1rem;right:1rem;font-size:.8rem}
header h1{padding-right:7.5rem}
.map svg{background:var(--sea);border-radius:4px;overflow:hidden}
.graticule{stroke:var(--muted);stroke-width:.5;opacity:.35;fill:none}
.degree{font-size:11px;fill:var(--muted)}.maps .degree{font-size:24px}.middle{text-anchor:middle}
.ring{fill:none;stroke:var(--event);stroke-width:2;vector-effect:non-scaling-stroke}
.strong{fill:var(--ink);fill-opacity:.02;stroke:var(--ink);stroke-opacity:.75;stroke-width:1}
.new{fill:var(--model);fill-opacity:.65;stroke:var(--panel);stroke-width:.6}
.strong:hover,.new:hover{stroke:var(--event);stroke-width:2.5;stroke-opacity:1}
[data-from]{position:relative;touch-action:pan-y}
figure[data-series]{position:relative}
.cursor{position:absolute;top:0;bottom:0;width:1px;background:var(--ink);opacity:.6;pointer-events:none}
.tip{position:absolute;top:1.6rem;margin-left:.5rem;white-space:pre;background:var(--panel);color:var(--ink);
border:1px solid var(--muted);border-radius:6px;padding:.3rem .5rem;font-size:.8rem;pointer-events:none}
.tip.left{transform:translateX(calc(-100% - 1rem))}
.controls{position:sticky;top:0;z-index:1;background:var(--panel);padding:.3rem 0;
display:flex;flex-wrap:wrap;gap:.4rem .6rem;align-items:center}
.controls label{display:flex;align-items:center;gap:.4rem}
.controls label:last-child{flex:1 1 12rem}.day{flex:1;padding:0;min-width:6rem;accent-color:var(--model)}
.maps{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.8rem}
@media (max-width:540px){.degree,.named{font-size:20px}.maps .degree{font-size:16px}.maps{grid-template-columns:1fr}}
@media (min-width:860px){#roc,#molchan{display:inline-block;width:calc(50% - .5rem);vertical-align:top}
#roc{margin-right:1rem}}
.cells rect{stroke:var(--ground);stroke-width:.6}
.chosen{fill:none;stroke:var(--ink);stroke-width:2.5}
.legend{display:flex;align-items:center;margin:.3rem 0 0;font-size:.75rem;color:var(--muted);gap:0}
.legend i{flex:1;height:.7rem}.legend span{padding:0 .4rem}.legend span:first-child{padding-left:0}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr));gap:1rem}
article{border:1px solid var(--rule);border-left:6px solid var(--muted);border-radius:8px;padding:.6rem .9rem;
min-width:0}
article.better{border-left-color:var(--better)}article.worse{border-left-color:var(--event)}
article h3{margin:0;overflow-wrap:anywhere}article h3 small{font-weight:400;color:var(--muted);margin-left:.5rem}
.bar{display:grid;grid-template-columns:5rem 1fr 4.5rem;align-items:center;gap:.5rem;font-size:.875rem}
.bar b{text-align:right;font-variant-numeric:tabular-nums}
.track{height:.7rem;background:var(--ground);border:1px solid var(--rule);border-radius:4px;overflow:hidden}
.track i{display:block;height:100%;background:var(--model)}.track .long-term{background:var(--reference)}
.named{font-size:12px;fill:var(--ink);paint-order:stroke;stroke:var(--sea);stroke-width:3}
.target{fill:var(--event);stroke:var(--panel);stroke-width:1.5}a:focus-visible .target,a:hover .target{
stroke:var(--ink);stroke-width:3}
.now{font-variant-numeric:tabular-nums;min-height:3rem}
.values{font-variant-numeric:tabular-nums;min-height:1.5em}
"""
) + "".join(f".s{i}{{fill:var(--s{i})}}i.s{i}{{background:var(--s{i})}}" for i in range(len(_VIRIDIS)))

# Nothing is loaded but what lies beside the pages (file: where one is opened by itself), and nothing that might slip
# into the text of a page runs.
_POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'unsafe-inline'; img-src 'self' file: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)


def no_warning(agency: Agency) -> Html:
    """Return the sentence that stands on every page, with a link to the responsible agency."""
    link = tag("a", agency.name, href=agency.url, rel="noopener noreferrer")
    return paragraph(NO_WARNING.removesuffix("."), ": ", link, ".")


def page(title: str, header: Any, panels: Sequence[Panel], *, agency: Agency, assets: str = "../assets") -> str:
    """Put panels into the frame.

    Parameters
    ----------
    title : str
        Of the browser's window.
    header : Html
        What stands above the panels.
    panels : sequence of Panel
        In their order; an empty one is left out.
    agency : Agency
        Who is responsible for warnings at the target.
    assets : str, optional
        Where the page finds the script and the land that all pages share.

    Returns
    -------
    str
        A whole HTML document that loads nothing from elsewhere.
    """
    shown = [panel for panel in panels if panel.content]
    contents = tag(
        "nav",
        tag("ul", *(tag("li", tag("a", panel.title, href=f"#{panel.name}")) for panel in shown)),
        aria_label="On this page",
    )
    body = tag(
        "body",
        tag("header", header, contents),
        tag("main", *(_section(panel) for panel in shown)),
        tag("footer", no_warning(agency), class_="quiet"),
        tag("script", src=f"{assets}/mleq.js"),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("link", rel="icon", href="data:,"),  # else a browser asks a server for one
        tag("title", title),
        tag("style", Html(_CSS)),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _section(panel: Panel) -> Html:
    """A panel as a section; one that brings its own section element, such as the verdict, keeps it."""
    if panel.content.startswith("<section"):
        return panel.content
    heading = f"{panel.name}-title"
    return tag(
        "section",
        tag("h2", html(panel.title), id=heading),
        panel.content,
        id=panel.name,
        aria_labelledby=heading,
    )
