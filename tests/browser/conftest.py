"""A browser and the pages of a folder of results, for tests of what moves on them."""

import shutil

import pytest
from report.run_by_hand import make_summary, write_pool_run, write_run

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium; tests that need it skip where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install .[test])")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def out(tmp_path_factory):
    """A folder of results with two recipes, one of them with a hostile title, and a forecast."""
    import json

    from mleq.report import site

    folder = tmp_path_factory.mktemp("pages") / "out"
    runs = "runs/20260101T000000Z-0123abcd"
    write_run(folder / "somewhere" / runs)
    attack = "<img src=http://example.invalid/x onerror=document.title='hacked'>"
    target = {**make_summary()["target"], "latitude": -41.0, "longitude": 179.5}
    write_run(folder / "elsewhere" / runs, recipe_id="elsewhere", title={"en": attack}, target=target, place=attack)
    write_pool_run(folder / "pooled" / runs, recipe_id="pooled", title={"en": "Circles"}, plots=False)
    entry = {
        "recipe_id": "somewhere", "target_date": "2026-02-01", "probability": 0.08, "climatology": 0.065,
        "probability_gain": 1.23, "period": {"start_local": "2026-02-01T00:00:00+09:00", "timezone": "Asia/Tokyo"},
    }  # fmt: skip
    (folder / "predictions.json").write_text(json.dumps({"predictions": [entry]}))
    site.draw_all(folder)
    return folder


class Watched:
    """A page with all that it asked for and complained of."""

    def __init__(self, page):
        self.page, self.complaints, self.asked = page, [], []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))


@pytest.fixture
def look(browser):
    """Open an address in a browser of its own; at the end nothing may have been complained of."""
    opened = []

    def at(address, *, width=1100, scheme="light", **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        context.set_default_timeout(90_000)  # machines are shared and slow at times
        watched = Watched(context.new_page())
        opened.append((context, watched))
        watched.page.goto(address)
        return watched

    yield at
    for context, watched in opened:
        context.close()
        assert watched.complaints == []
