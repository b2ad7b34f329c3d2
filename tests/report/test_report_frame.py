import re

import pytest

from mleq.report import frame
from mleq.report.agencies import USGS
from mleq.report.markup import html, paragraph


def luminance(colour):
    """Relative luminance of WCAG 2.2."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("place", [0, 1], ids=["light", "dark"])
def test_text_and_lines_reach_the_contrast_that_wcag_asks_for(place):
    page = frame.page("t", html("h"), [], agency=USGS)
    colours = dict(re.findall(r"--(\w+):(#\w{6})", re.findall(r":root[^{]*\{([^}]*)", page)[place]))
    for ground in (colours["ground"], colours["panel"]):
        for name in ("ink", "muted", "link", "model", "reference", "event", "better"):
            dark, light = sorted([luminance(colours[name]), luminance(ground)])
            assert (light + 0.05) / (dark + 0.05) >= 4.5, name


def test_an_empty_panel_is_left_out_with_its_link():
    panels = [frame.Panel("a", "A < B", paragraph("x")), frame.Panel("b", "B", html(""))]
    page = frame.page("t", html("h"), panels, agency=USGS)
    assert '<a href="#a">A &lt; B</a>' in page
    assert 'id="a"' in page
    assert 'id="b"' not in page
    assert "#b" not in re.sub(r"<style>.*</style>", "", page, flags=re.DOTALL)


def test_every_page_says_that_it_is_no_warning_system():
    page = frame.page("t", html("h"), [], agency=USGS)
    assert "no warning system" in page
    assert f'href="{USGS.url}"' in page
