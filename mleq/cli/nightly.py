"""`mleq nightly`."""

from __future__ import annotations

from pathlib import Path

import click

from mleq.cli import common
from mleq.errors import Failure


@common.door("nightly", "one line for cron: fetch, forecast, score, redraw", quiet=True)
@click.option("--usgs_url", metavar="ADDRESS", help="Address of the event service (also from MLEQ_USGS_URL).")
@common.recipe_file
@common.catalog_files
@common.data_dir
@common.out_dir
@common.as_json
def command(
    usgs_url: str | None,
    recipe_file: Path | None,
    files: tuple[Path, ...],
    data_dir: Path,
    out_dir: Path,
    as_json: bool,
) -> None:
    """Bring the catalogue, forecast the next day of every trained recipe, score what has come true, redraw the pages.

    Says nothing when all is well (-v says what is done); otherwise what went wrong, and exits 1. Run twice, it adds
    no forecast twice; while another one is at work it fails at once, so that slow nights do not pile up.

    \b
    Examples:
      mleq nightly
      15 14 * * *  cd /path/to/clone && .venv/bin/python cmd/nightly
    """
    from mleq import nightly

    done = nightly.nightly(out_dir, path=recipe_file, files=files, data_dir=data_dir, usgs_url=usgs_url)
    if as_json:
        common.answer_json(done)
    if done["problems"]:
        raise Failure("\n".join(dict.fromkeys(done["problems"])))
