"""The page of a run: the panels that its family shows, in the frame that all pages share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from mleq import atomic, progress, registry
from mleq.report import about, alarms, assets, daily, frame, kit, player, quakes, skill
from mleq.report.agencies import agency_of
from mleq.report.markup import Html, join, paragraph, tag
from mleq.report.record import RunRecord

Draw = Callable[[RunRecord], Html | None]
Panels = dict[str, tuple[str, Draw]]
"""Title and drawing function of each panel by name, in the order of the page."""


def draw(run_folder: Path, target: Path) -> Path:
    """Draw the page of a run from what lies in its folder.

    Parameters
    ----------
    run_folder : pathlib.Path
        out/<id>/runs/<utc>-<hash>, complete.
    target : pathlib.Path
        The HTML file; what stood there stays until the page is whole.

    Returns
    -------
    pathlib.Path
        `target`.

    Raises
    ------
    Failure
        If the run's files are damaged.
    StorageError
        If the page cannot be written.
    """
    target = Path(target)
    text = made(run_folder, target)
    assets.write(target.parents[1])
    atomic.write_text(target, text)
    return target


def draw_single(run_folder: Path, out_dir: Path, target: Path) -> Path:
    """Draw the page of a run as one file, to be sent; see `draw`."""
    from mleq.report import single

    recipe_id = Path(run_folder).parents[1].name
    atomic.write_text(target, single.one_file(made(run_folder, Path(out_dir) / recipe_id / "report.html")))
    return Path(target)


def made(run_folder: Path, target: Path) -> str:
    """Return the page of a run that will lie at `target`; see `draw`."""
    run = RunRecord.read(Path(run_folder))
    wanted = panels(run, target)
    drawn = []
    with progress.task("drawing the page", total=len(wanted), unit="panels") as shown:
        for name, (title, make) in wanted.items():
            content = make(run)
            if content:
                drawn.append(frame.Panel(name, title, content))
            shown.advance()
    agency = agency_of(run.summary.get("target"))
    return frame.page(f"{run.title}: mleq", _header(run), drawn, agency=agency)


def panels(run: RunRecord, target: Path) -> Panels:
    """Return the panels of a run's page: those common to all families, as its own family changes them.

    A family's module may have a function `panels(common, kit)` that returns the panels of its pages by name, each a
    title and a function of the RunRecord that gives HTML, or None where there is nothing to show. It may add, replace,
    reorder or leave out. `kit` is the module `mleq.report.kit`, which makes elements and plots.

    Parameters
    ----------
    run : RunRecord
    target : pathlib.Path
        Where the page will lie.
    """
    common: Panels = {
        "verdict": ("Verdict", skill.verdict),
        "target": ("What is forecast", about.target),
        "map": ("Where", quakes.target_map),
        "time": ("Forecast through time", daily.time_series),
        "methods": ("All methods", skill.methods),
        "gains": ("Gain over each reference", skill.gains),
        "cumulative": ("Gain through time", daily.cumulative),
        "reliability": ("Reliability", daily.reliability),
        "roc": ("ROC", alarms.roc),
        "molchan": ("Molchan diagram", alarms.molchan),
        "confusion": ("As an alarm", alarms.confusion),
        "player": ("What the model sees", player.window_player),
        "learning": ("Learning curve", skill.learning),
        "catalog": ("Catalogue and completeness", about.catalog),
        "recipe": ("Recipe", about.recipe),
        "again": ("To run it again", partial(about.again, page=target)),
    }
    family = run.summary["family"]
    own = getattr(registry.family(family), "panels", None) if family in registry.recipe_models else None
    return own(common, kit) if own else common


def _header(run: RunRecord) -> Html:
    """The title in all its languages, and what a reader should know before believing the result."""
    titles = run.summary.get("title") or {}
    others = [tag("small", text, lang=language) for language, text in titles.items() if text != run.title]
    note = run.summary.get("note")
    said = f"A run of the recipe {run.summary['recipe_id']}, {run.summary['run']}"
    return join(
        [
            tag("h1", run.title, *others),
            paragraph(said, ". ", tag("a", "All recipes", href="../index.html"), class_="quiet"),
            paragraph(note) if note else None,
        ]
    )
