"""Draw the pictures of the README: `python -m mleq.report.figures img`, which is `make figures`.

The real catalogue is used where it is at hand and the simulated one elsewhere; each picture says which.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

import mleq
from mleq import atomic, registry
from mleq.recipe import load_recipe
from mleq.report.forecast_pictures import leaderboard, through_time
from mleq.report.pictures import INK, MUTED, RULE, Subject, circle, events_per_year, heatmaps
from mleq.report.wording import count

log = logging.getLogger("mleq")

WORLD_CATALOG = Path(mleq.__file__).parents[2] / "shared" / "data" / "usgs_world_m4_1973_2015.csv.gz"
"""A copy of the USGS catalogue beside the checkout."""

STYLE = {
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.0,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "savefig.dpi": 160,
}


def find_subject(catalog: Path | None, out_dir: Path = Path("out")) -> Subject:
    """Take the recipe tokyo on a catalogue file, or the recipe demo on its simulated catalogue."""
    if catalog is None and WORLD_CATALOG.is_file():
        catalog = WORLD_CATALOG
    models, files = registry.recipe_models, [] if catalog is None else [catalog]
    if catalog is None:
        recipe = load_recipe("demo", models=models)
    else:
        recipe = load_recipe("tokyo", models=models, changes=["catalog.start=1973-01-01"])
    events = registry.family(recipe.family).load(recipe, files=files)
    years = f"{events['origin_time'].iloc[0]:%Y}–{events['origin_time'].iloc[-1]:%Y}"
    what = f"{count(len(events))} earthquakes of M\u00a0≥\u00a0{recipe.catalog.min_magnitude:g}, {years}"
    if catalog is None:
        return Subject(
            recipe, events, f"Simulated catalogue (ETAS, seed {recipe.catalog.seed}; no real place): {what}.", out_dir
        )
    return Subject(recipe, events, f"Data: U.S. Geological Survey (ComCat), {what}, as revised later.", out_dir)


FIGURES = {
    "heatmaps": (heatmaps, (12.0, 3.9)),
    "events_per_year": (events_per_year, (8.6, 4.2)),
    "circle": (circle, (6.6, 5.6)),
    "forecast": (through_time, (8.6, 3.9)),
}
"""Each picture with the function that draws it and its size in inches."""


LEADERBOARD = Path(mleq.__file__).parents[1] / "docs" / "leaderboard.md"
"""What `make leaderboard` wrote; without it there is no picture of it."""


def draw_all(folder: Path, catalog: Path | None = None, out_dir: Path = Path("out")) -> list[Path]:
    """Draw every picture.

    Parameters
    ----------
    folder : pathlib.Path
        Where the PNG files go.
    catalog : pathlib.Path, optional
        A file of the USGS catalogue of the world; by default the copy beside the checkout, else simulated.
    out_dir : pathlib.Path, optional
        Folder of all results: where the recipe has a run, its forecast is drawn.

    Returns
    -------
    list of pathlib.Path
    """
    subject, folder = find_subject(catalog, out_dir), Path(folder)
    written = []
    for name, (draw, size) in FIGURES.items():
        written.append(_draw(folder / f"{name}.png", size, partial(draw, subject)))
    if LEADERBOARD.is_file():
        written.append(_draw(folder / "leaderboard.png", (7.6, 4.6), partial(leaderboard, LEADERBOARD)))
    return written


def _draw(path: Path, size: tuple[float, float], draw: Callable[[Any], None]) -> Path:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        with atomic.beside(path) as temporary:
            _save(figure, temporary)
    log.info("drew %s", path)
    return path


def _save(figure: Any, path: Path) -> None:
    """Write a PNG with a palette, a third as large as one of true colours."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    Image.open(buffer).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--catalog", type=click.Path(path_type=Path), help="A file of the USGS catalogue of the world.")
@click.option("--out_dir", type=click.Path(path_type=Path), default=Path("out"), help="Folder of all results.")
def main(folder: Path, catalog: Path | None, out_dir: Path) -> None:
    """Draw the README's pictures into FOLDER."""
    draw_all(folder, catalog, out_dir)


if __name__ == "__main__":
    main()
