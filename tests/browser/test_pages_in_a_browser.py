"""What moves on the pages, in headless Chromium."""

import re

import pandas as pd
import pytest

from mleq.report import page as pages
from mleq.report import serve

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install .[test])")


@pytest.fixture
def report(out):
    return (out / "somewhere" / "report.html").as_uri()


def opened(look, address, **options):
    watched = look(address, **options)
    watched.page.wait_for_selector(".player[data-ready]")
    return watched


def test_the_window_player_plays_and_stops(look, report):
    page = opened(look, report).page
    day, now = page.locator(".player .day"), page.locator(".player .now")
    assert day.input_value() == "14"
    last = now.inner_text()
    page.get_by_role("button", name="Play the days of the window").click()
    assert int(day.input_value()) < 5, "it begins with the first day"
    sync_api.expect(day).to_have_value(re.compile("[2-9]"))
    page.get_by_role("button", name="Stop").click()
    stopped = day.input_value()
    assert now.inner_text() != last
    page.wait_for_timeout(900)
    assert day.input_value() == stopped


def test_the_slider_and_the_keyboard_choose_the_day(look, report):
    page = opened(look, report).page
    day, now = page.locator(".player .day"), page.locator(".player .now")
    day.focus()
    page.keyboard.press("Home")
    assert "15 before the target date 2008-02-24" in now.inner_text()
    page.keyboard.press("ArrowRight")
    assert "Day 2008-02-10, 14 before" in now.inner_text()
    day.fill("10")
    assert "Day 2008-02-19, 5 before" in now.inner_text()
    page.get_by_role("button", name="Previous target date").click()
    assert "target date 2008-02-23 (test part): forecast" in now.inner_text()
    page.locator(".player .date").fill("2007-06-01")
    assert "target date 2007-06-01" in now.inner_text()
    page.get_by_role("button", name="Next target date with an event").click()
    assert "an event came" in now.inner_text()


def test_the_values_under_the_pointer_are_those_of_the_heatmaps(look, report, out):
    import numpy as np

    (run,) = (out / "somewhere" / "runs").iterdir()
    with np.load(run / "plots" / "heatmaps.npz") as stored:
        kept = dict(stored)
    end = int(kept["cells_per_day"][:-1].sum())  # the last day of the last window
    begin = end - int(kept["cells_per_day"][-2])
    cell = int(kept["cell"][begin])
    chosen = begin + int(np.flatnonzero(kept["cell"][begin:end] == cell)[-1])
    page = opened(look, report).page
    drawing = page.locator("svg[data-channel=depth_km]")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    row, column = divmod(cell, 30)
    page.mouse.move(box["x"] + (column + 0.5) / 30 * box["width"], box["y"] + (19.5 - row) / 20 * box["height"])
    said = page.locator(".player .values").inner_text()
    assert f"magnitude {kept['magnitude'][chosen] * 0.05:.1f}, {kept['frequency'][chosen]} earthquake" in said
    assert f"mean depth {kept['depth_km'][chosen]} km" in said
    page.locator(".maps").focus()
    page.keyboard.press("ArrowUp")
    assert page.locator(".player .values").inner_text() != said
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Stop").is_visible()


def test_a_day_of_the_plot_is_read_by_pointer_and_by_keyboard(look, report, out):
    (run,) = (out / "somewhere" / "runs").iterdir()
    table = pd.read_parquet(run / "forecasts.parquet")
    page = opened(look, report).page
    plot = page.locator("#time [data-from]:visible")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    tip = page.locator("#time .tip")
    date, *values = tip.inner_text().split("\n")
    row = table[(table["part"] == "test") & (table["target_date"] == date)].iloc[0]
    shown = float(re.fullmatch(r"this model ([\d.]+) %", values[0])[1])
    assert shown == pytest.approx(100 * row["probability"], rel=0.06)
    assert values[-1] == ("an event came" if row["observed"] else "no event")
    page.mouse.move(5, 5)
    assert not tip.is_visible()
    plot.focus()
    page.keyboard.press("ArrowLeft")
    assert tip.is_visible()
    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_dark_is_what_the_machine_says_or_the_button(look, report):
    page = opened(look, report).page

    def ground():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = ground()
    page.emulate_media(color_scheme="dark")
    dark = ground()
    assert dark != light
    button = page.get_by_role("button", name="theme")
    button.click()
    assert (button.inner_text(), ground()) == ("theme: light", light)
    button.click()
    assert (button.inner_text(), ground()) == ("theme: dark", dark)
    page.reload()
    assert ground() == dark, "the choice is kept"


@pytest.mark.parametrize("name", ["somewhere/report.html", "pooled/report.html", "index.html"])
def test_a_telephone_shows_the_page_without_scrolling_sideways(look, out, name):
    page = look((out / name).as_uri()).page
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide, narrow = page.locator("figure .wide"), page.locator("figure .narrow")
    assert not any(wide.nth(k).is_visible() for k in range(wide.count()))
    assert all(narrow.nth(k).is_visible() for k in range(narrow.count()))


@pytest.mark.parametrize("name", ["somewhere/report.html", "elsewhere/report.html", "pooled/report.html", "index.html"])
def test_no_host_is_asked_and_markup_in_data_stays_text(look, out, name):
    watched = look((out / name).as_uri())
    watched.page.wait_for_timeout(500)  # whatever a page asks for later than its load
    assert all(address.startswith(out.as_uri()) for address in watched.asked)
    assert watched.page.title() != "hacked"
    assert watched.page.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["somewhere/report.html", "pooled/report.html", "index.html"])
def test_axe_finds_no_serious_violation(look, out, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = look((out / name).as_uri(), scheme=scheme, bypass_csp=True).page
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    violations = axe.Axe().run(page).response["violations"]
    serious = [one for one in violations if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in serious] == []


def test_served_pages_work_and_show_what_was_drawn_anew(look, out):
    with serve.serving(out) as address:
        watched = look(address)
        page = watched.page
        page.get_by_role("link", name="Somewhere").first.click()
        page.wait_for_selector(".player[data-ready]")
        page.wait_for_timeout(2500)
        page.evaluate("document.title = 'before'")
        pages.draw(next((out / "somewhere" / "runs").iterdir()), out / "somewhere" / "report.html")
        sync_api.expect(page).not_to_have_title("before", timeout=10_000)
        assert all(url.startswith(address) for url in watched.asked)


def test_a_page_as_one_file_needs_nothing_else(look, out, tmp_path):
    run = next((out / "somewhere" / "runs").iterdir())
    path = pages.draw_single(run, out, tmp_path / "alone" / "page.html")
    watched = opened(look, path.as_uri())
    assert watched.asked == [path.as_uri()]
    watched.page.get_by_role("button", name="Play the days of the window").click()
    assert watched.page.locator("#land").count() == 1
