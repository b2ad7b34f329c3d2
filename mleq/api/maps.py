"""What a notebook may ask about the whole Earth at once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mleq import atomic, scaling
from mleq.errors import Failure

log = logging.getLogger("mleq")


def odds_map(
    magnitude: float,
    days: float,
    step: float = 1.0,
    issue_time: Any = None,
    *,
    events: pd.DataFrame | None = None,
    files: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
    out_dir: str | Path = "out",
    allow_incomplete: bool = False,
    csep: str | Path | None = None,
    workers: int | None = 1,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Answer one question with ETAS for every cell of the Earth: how likely is an earthquake this strong, this soon?

    Parameters
    ----------
    magnitude, days, issue_time, events, files, data_dir, allow_incomplete
        As for `odds`.
    step : float, optional
        Side of a cell in degrees: 0.25, 0.5, 1, 2, 2.5, 5 or 10.
    out_dir : path, optional
        The map stands in out/map/<name>: map.parquet, map.geojson, map.png, report.html, summary.json.
    csep : path, optional
        Also write CSEP's gridded ASCII format, which pyCSEP reads.
    workers, scheduler : optional
        What fits and simulates regions; see `mleq.scaling.engine`. A map that was stopped goes on.

    Returns
    -------
    dict
        name, folder, question, cells, answered, expected_number, largest and more.

    Raises
    ------
    mleq.errors.Failure
        If a region failed; the others are kept.
    """
    from mleq.catalog.load import data_folder, everything
    from mleq.forecast import worldmap

    catalog = events if events is not None else everything(files=files, data_dir=data_dir)
    question, cautions = worldmap.ask(catalog, magnitude, days, step, issue_time, allow_incomplete=allow_incomplete)
    for caution in cautions:
        log.warning("%s", caution)
    past = worldmap.needed(catalog, question)
    key, fits = worldmap.digest(past, question), (data_folder(data_dir) / "etas").resolve()
    name = f"{question.issue_time[:16].replace(':', '')}-M{magnitude:g}-{days:g}d-{step:g}deg-{key[:8]}"
    place, shared, pieces = Path(out_dir).resolve() / "map", scaling.Shared(past), worldmap.regions(step)
    units = [
        scaling.Unit(
            f"{one.row:02d}-{one.column:02d}-{key[:24]}", "mleq.forecast.worldmap:forecast_region",
            (one, question, fits, shared), {"region": [one.latitude, one.longitude]},
        )
        for one in pieces
    ]  # fmt: skip
    with scaling.engine(workers, scheduler, at_most=len(units)) as by:
        outcomes = list(scaling.run(units, by, folder=place / name / "regions", label="forecasting", noun="regions"))
    failed = [one for one in outcomes if one.error is not None]
    if failed:
        raise Failure(
            f"{len(failed)} of {len(units)} regions failed, the first by: {failed[0].error}",
            remedy="The others are kept; the same command does these again",
        )
    # In the order of regions: sums come out the same, whoever was ready first.
    answers = sorted((one.value for one in outcomes), key=lambda answer: answer["cells"][0])
    table = worldmap.table_of(question, answers)
    summary = {"name": name, "folder": str(place / name)}
    summary |= worldmap.summary_of(question, table, catalog, cautions)
    _write(place / name, table, summary, Path(out_dir))
    if csep is not None:
        worldmap.csep_of(question, table).write(csep)
    return summary


def _write(folder: Path, table: pd.DataFrame, summary: dict[str, Any], out_dir: Path) -> None:
    """Write the files of a map, and remove the regions' answers that they were made of."""
    import shutil

    from mleq.report import worldmap as report

    with atomic.beside(folder / "map.parquet") as temporary:
        table.to_parquet(temporary, index=False)
    report.write_geojson(folder / "map.geojson", table, summary["question"])
    report.write_png(folder / "map.png", table, summary["question"], report.title_of(summary))
    report.draw_page(folder / "report.html", summary, out_dir=out_dir)
    atomic.write_json(folder / "summary.json", summary)
    shutil.rmtree(folder / "regions", ignore_errors=True)
