"""`mleq predict`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from mleq.cli import common
from mleq.errors import MleqError, RequestError


@common.door("predict", "forecast days with a trained recipe")
@click.option(
    "--recipe_id", shell_complete=common.known_ids, help="Id of a trained recipe; without it every trained recipe."
)
@click.option("--target_date", "dates", multiple=True, metavar="DATE", help="A day to forecast; repeatable.")
@click.option("--from", "first", metavar="DATE", help="First day of a range (with --to).")
@click.option("--to", "last", metavar="DATE", help="Last day of a range, inclusive.")
@common.recipe_file
@common.catalog_files
@common.inputs
@common.file_to_write("--submission", help="Write the answers as a competition's csv.")
@click.option("--pool", is_flag=True, help="Forecast all circles of the recipe's pool, into a Parquet file.")
@click.option(
    "--circle", "circles", multiple=True, metavar="LAT,LON", help="With --pool: this place instead; repeatable."
)
@common.file_to_write("--output", help="With --pool: the Parquet file to write.")
@common.data_dir
@common.out_dir
@common.as_json
def command(
    recipe_id: str | None,
    dates: tuple[str, ...],
    first: str | None,
    last: str | None,
    recipe_file: Path | None,
    files: tuple[Path, ...],
    inputs: tuple[Path, ...],
    submission: Path | None,
    pool: bool,
    circles: tuple[str, ...],
    output: Path | None,
    data_dir: Path,
    out_dir: Path,
    as_json: bool,
) -> None:
    """Forecast days with a trained recipe; without a day, tomorrow.

    Only events before a day begins are used for it. Every forecast is added to predictions.json in the results'
    folder, to predictions.geojson beside it, and to the ledger, which nothing is ever taken from.

    \b
    Examples:
      mleq predict --recipe_id tokyo --target_date 2020-02-23
      mleq predict --recipe_id tokyo --from 2015-01-01 --to 2015-12-31 --catalog usgs.csv.gz
      mleq predict --recipe_id lab_wave --input segments.zip --submission submission.csv
      mleq predict --recipe_id world_best --pool --from 2015-01-01 --to 2015-12-31 --catalog usgs.csv.gz
      mleq predict
    """
    from mleq import api

    wanted = [*dates, *_range(first, last)]
    if (circles or output) and not pool:
        raise RequestError("--circle and --output are of a pool's forecasts", remedy="add --pool")
    if pool:
        _show_pool(recipe_id, wanted, circles, output, as_json, path=recipe_file, files=files, data_dir=data_dir,
                   out_dir=out_dir)  # fmt: skip
        return
    names = [recipe_id] if recipe_id else api.trained_recipes(out_dir, by_files=bool(inputs))
    if not names:
        raise RequestError(
            f"no trained recipe in {out_dir}", remedy="train one first: python cmd/train --recipe_id demo"
        )
    entries, problems = [], []
    for name in names:
        try:
            entries += api.predict(
                name, wanted, path=recipe_file, files=files, inputs=inputs, data_dir=data_dir, out_dir=out_dir
            )
        except MleqError as error:  # of one recipe; what others forecast is recorded by then, and is shown
            if len(names) == 1:
                raise
            problems.append((name, error))
    _show(entries, submission, as_json, out_dir)
    for name, error in problems:
        click.echo(f"mleq: {name}: {error}", err=True)
    if problems:
        raise click.exceptions.Exit(max(error.exit_code for _, error in problems))


def _show(entries: list[dict[str, Any]], submission: Path | None, as_json: bool, out_dir: Path) -> None:
    """Print forecasts, and write them where a file was asked for."""
    from mleq import api
    from mleq.report.agencies import NO_WARNING, agency_of

    if submission and entries:
        api.write_submission(entries, submission)
    if as_json:
        common.answer_json({"predictions": entries, "no_warning": NO_WARNING})
        return
    for line in api.answer_lines(entries):
        click.echo(line)
    if not entries:
        return
    places = [entry["target"] for entry in entries if "latitude" in (entry.get("target") or {})]
    mapped = ", as a map in predictions.geojson," if places else ""
    click.echo(f"kept in {out_dir / 'predictions.json'}{mapped} and in ledger.jsonl")
    for agency in dict.fromkeys(map(agency_of, places)):
        click.echo(f"{NO_WARNING} Here: {agency.name}, {agency.url}")


def _show_pool(
    recipe_id: str | None, dates: list[str], circles: tuple[str, ...], output: Path | None, as_json: bool, **where
) -> None:
    from mleq import api

    if recipe_id is None:
        raise RequestError("--pool needs a recipe with a pool", remedy="add --recipe_id world_best")
    said = api.predict_pool(recipe_id, dates, places=[_place(text) for text in circles], file=output, **where)
    if as_json:
        common.answer_json(said)
        return
    click.echo(f"{said['circles']} circles from {said['first']} to {said['last']}: {said['rows']:,} rows")
    if "observed" in said:
        click.echo(f"expected {said['expected']:,.1f} circle-days with an event, observed {said['observed']:,}")
    click.echo(f"kept in {said['file']}")


def _place(text: str) -> tuple[float, float]:
    try:
        latitude, longitude = (float(word) for word in text.split(","))
    except ValueError:
        raise RequestError(f"--circle {text}: not a place", expected="latitude,longitude such as 35.7,139.8") from None
    return latitude, longitude


def _range(first: str | None, last: str | None) -> list[str]:
    if first is None and last is None:
        return []
    if first is None or last is None:
        raise RequestError("--from and --to belong together", expected="both or neither")
    try:
        begin, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    except ValueError:
        raise RequestError(f"--from {first} --to {last}: not two dates", expected="days such as 2015-06-01") from None
    if end < begin:
        raise RequestError(f"--from {first} lies after --to {last}", expected="the earlier day first")
    return [(begin + dt.timedelta(days=i)).isoformat() for i in range((end - begin).days + 1)]
