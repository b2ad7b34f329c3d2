"""Pictures of the pages as a browser shows them, wide and narrow, light and dark, for looking at and for the README.

python benchmarks/screenshots.py [out] [FOLDER]      all pages of a folder of results, into FOLDER
python benchmarks/screenshots.py --readme tokyo      the top of one page, into img/page.png
"""

import argparse
import shutil
import sys
from pathlib import Path

CLONE = Path(__file__).resolve().parents[1]
SIZES = {"wide": 1280, "narrow": 390}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, default=CLONE / "out")
    parser.add_argument("folder", nargs="?", type=Path, default=CLONE / "out" / "screenshots")
    parser.add_argument("--readme", metavar="RECIPE_ID")
    asked = parser.parse_args()
    pages = [*sorted(asked.out.glob("*/report.html")), *asked.out.glob("index.html")]
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not pages or browser is None:
        print("no pages" if browser else "no Chromium on this machine", "- no screenshots")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        if asked.readme:
            page = chromium.new_page(viewport={"width": 1280, "height": 1500}, device_scale_factor=1)
            page.goto((asked.out / asked.readme / "report.html").resolve().as_uri())
            page.wait_for_timeout(500)
            page.screenshot(path=CLONE / "img" / "page.png")
            _shrink(CLONE / "img" / "page.png")
            print("img/page.png")
            return
        for path in pages:
            for name, width in SIZES.items():
                for scheme in ("light", "dark"):
                    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                    page.goto(path.resolve().as_uri())
                    page.wait_for_timeout(500)
                    stem = path.parent.name if path.stem == "report" else path.stem
                    target = asked.folder / f"{stem}-{name}-{scheme}.png"
                    page.screenshot(path=target, full_page=True)
                    page.close()
                    print(target)


def _shrink(path: Path) -> None:
    """Write a PNG with a palette, a third as large as one of true colours."""
    from PIL import Image

    Image.open(path).convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


if __name__ == "__main__":
    sys.exit(main())
