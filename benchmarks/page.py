"""A page of a 4,000-day test: how long it takes to draw, what it weighs, and when a browser has it ready.

Ready means that the window player and the values under the pointer answer; measured from the request on, in headless
Chromium, as the median of five loads. Needs chromium; without it only the first two are printed.
"""

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "report"))
from run_by_hand import write_run  # a run made by hand: a world of 20 by 30 cells, 22 of them filled a day

from mleq.report import page

DAYS, LOADS = 4000, 5
READY = "document.querySelector('.player[data-ready]') ? performance.now() : 0"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        run = write_run(out / "somewhere" / "runs" / "20260101T000000Z-0123abcd", days=DAYS)
        page.draw(run, out / "somewhere" / "report.html")  # imports what is imported once
        began, worked = time.perf_counter(), time.process_time()
        drawn = page.draw(run, out / "somewhere" / "report.html")
        print(f"drawing a page of {DAYS:,} days: {time.perf_counter() - began:.1f} s, "
              f"{time.process_time() - worked:.1f} s of a processor")  # fmt: skip
        weight = drawn.stat().st_size
        shared = sum(path.stat().st_size for path in (out / "assets").iterdir())
        print(f"its weight: {weight / 1e6:.2f} MB, and {shared / 1e6:.2f} MB that all pages share")
        browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if browser is None:
            print("no Chromium on this machine: time to interactive not measured")
            return
        print(f"interactive after {time_to_interactive(browser, drawn.as_uri()):.2f} s")


def time_to_interactive(browser: str, address: str) -> float:
    """Seconds from the request until the player answers, the median of several loads."""
    from playwright.sync_api import sync_playwright

    seconds = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(LOADS):
            context = chromium.new_context(viewport={"width": 1100, "height": 900})
            opened = context.new_page()
            opened.goto(address, wait_until="commit")
            while not (ready := opened.evaluate(READY)):
                time.sleep(0.01)
            seconds.append(ready / 1000)
            context.close()
        chromium.close()
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
