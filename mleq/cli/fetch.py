"""`mleq fetch`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from mleq.cli import common


@common.door("fetch", "bring the catalogue store up to date")
@common.recipe_file
@click.option("--recipe_id", shell_complete=common.known_ids, help="Bring the events that this recipe needs.")
@click.option("--start", metavar="DATE", help="First day (UTC) wanted.")
@click.option("--end", metavar="DATE", help="Day (UTC) before which events end; without it: now.")
@click.option("--min_magnitude", type=float, help="Smallest magnitude wanted.")
@click.option(
    "--verify",
    is_flag=True,
    help="Count every window at the service again and check every partition; list what differs.",
)
@click.option("--repair", is_flag=True, help="As --verify, and bring the windows that differ again.")
@common.file_to_write("--export", "export_to", help="Write the events to FILE.")
@click.option("--snapshot", metavar="NAME", help="Freeze the state of the store under this name.")
@click.option("--usgs_url", metavar="ADDRESS", help="Address of the event service (also from MLEQ_USGS_URL).")
@common.inputs
@common.data_dir
@common.as_json
def command(
    recipe_file: Path | None,
    recipe_id: str | None,
    start: str | None,
    end: str | None,
    min_magnitude: float | None,
    verify: bool,
    repair: bool,
    export_to: Path | None,
    snapshot: str | None,
    usgs_url: str | None,
    inputs: tuple[Path, ...],
    data_dir: Path,
    as_json: bool,
) -> None:
    """Bring the catalogue store up to date: what is missing first, then what was revised since last time.

    Only what the store lacks is asked for; it may be stopped at any time and goes on where it was. With
    --verify, --repair, --export or --snapshot alone, nothing is brought and the store is worked on as it is.
    While another fetch works in the same store this one says so and waits: it then has less to bring.

    With --input, the signals of a waveform recipe are brought into a store of their own.

    --export writes .csv, .csv.gz, .parquet, .geojson or .xml (QuakeML), with every event type.

    \b
    Examples:
      mleq fetch --recipe_id tokyo
      mleq fetch --start 1980-01-01 --end 2016-01-01 --min_magnitude 4 --export events.csv
      mleq fetch --verify
      mleq fetch --recipe_id mine --input signals.mseed --input events.xml --input stations.xml
    """
    from mleq import api
    from mleq.catalog import export, fetch
    from mleq.catalog.fdsn import connect
    from mleq.catalog.store import Store

    if inputs:
        brought = api.fetch_signals(recipe_id, recipe_file, inputs=inputs, data_dir=data_dir, export_to=export_to)
        common.answer_json(brought) if as_json else click.echo("\n".join(api.fetch_lines(brought)))
        return
    period, magnitude, url = _request(recipe_file, recipe_id, start, end, min_magnitude)
    if period is None and not (verify or repair or export_to or snapshot):
        raise click.UsageError("say what to bring: --recipe_id ID, or --start DATE --min_magnitude M")
    if export_to:
        export.writer_for(export_to)
    store = Store.of(data_dir, url)
    if snapshot:
        store.snapshot_path(snapshot)  # a name that cannot be is refused before anything is brought
    answer: dict[str, Any] = {"store": str(store.folder)}
    with connect(usgs_url, url) as service:
        if period is not None:
            brought = fetch.fetch(store, service, *period, magnitude)
            answer |= vars(brought)
        if verify or repair:
            answer["differences"] = _verified(store, service, repair)
    answer |= _state(store)
    if snapshot:
        answer["snapshot"] = {"name": snapshot, "sha256": store.freeze(snapshot)}
    if export_to:
        raw = store.read(*(period or (None, None)), **({} if magnitude is None else {"min_magnitude": magnitude}))
        export.export(raw, export_to)
        answer["exported"] = {"file": str(export_to), "events": len(raw)}
    common.answer_json(answer) if as_json else _tell(answer, repair)
    if recipe_id:
        _make_ready(recipe_id, recipe_file, data_dir)
    if answer.get("differences") and not repair:
        raise click.exceptions.Exit(1)


def _verified(store, service, repair: bool) -> list[dict[str, Any]]:
    """Windows of the store that the service counts otherwise, or that are damaged, and that `repair` brings again."""
    from mleq.catalog import fetch

    differences = fetch.verify(store, service)
    if repair:
        fetch.repair(store, service, differences)
    return [
        {
            "window": str(one.record.window),
            "stored": one.record.count,
            "counted": one.counted,
            "damaged": one.damaged,
        }
        for one in differences
    ]


def _make_ready(recipe_id: str, recipe_file: Path | None, data_dir: Path) -> None:
    """Open the recipe's events once, so that the next command finds them ready, and say now what is odd about them."""
    from mleq import api
    from mleq.errors import DataError, MissingData

    with contextlib.suppress(DataError, MissingData):  # what is missing is said by the command that needs it
        api.load_events(api.load_recipe(recipe_id, recipe_file), data_dir=data_dir)


def _request(recipe_file, recipe_id, start, end, min_magnitude):
    """What is asked for: ((start, end), smallest magnitude, address), from the recipe, then the options."""
    import pandas as pd

    from mleq.catalog.load import wanted_period
    from mleq.errors import RequestError

    url = first = last = None
    magnitude = min_magnitude
    if recipe_id:
        from mleq.recipe import load_recipe
        from mleq.registry import recipe_models

        recipe = load_recipe(recipe_id, recipe_file, models=recipe_models)
        settings = getattr(recipe, "catalog", None)
        if getattr(settings, "source", None) != "usgs":
            raise RequestError(
                f"the recipe {recipe_id} takes its events from no service: there is nothing to fetch",
                remedy=f"Train it right away: python cmd/train --recipe_id {recipe_id}; signals of your own come with "
                "--input, for a recipe of signals",
            )
        first, last = wanted_period(settings)
        url = settings.url
        magnitude = settings.min_magnitude if min_magnitude is None else min_magnitude
    first = _moment("--start", start) or first
    last = _moment("--end", end) or last
    if first is None:
        if last is not None or min_magnitude is not None:
            raise RequestError("--end and --min_magnitude need --start", remedy="Add --start DATE")
        return None, None, url
    if magnitude is None:
        raise RequestError("--start needs --min_magnitude", remedy="Add --min_magnitude 4, for example")
    if not -3 <= magnitude <= 10:
        raise RequestError(f"--min_magnitude {magnitude:g}", expected="a magnitude between -3 and 10")
    if first >= pd.Timestamp.now("UTC"):
        raise RequestError(f"--start {first:%Y-%m-%d} lies in the future", expected="a day that has begun")
    if last is not None and last <= first:
        raise RequestError(
            f"--end {last:%Y-%m-%d} is not later than --start {first:%Y-%m-%d}",
            expected="an end (exclusive) after it",
        )
    return (first, last), magnitude, url


def _moment(option: str, text: str | None):
    """Read a date or an ISO time, UTC unless it names a zone."""
    import pandas as pd

    from mleq.errors import RequestError

    if text is None:
        return None
    try:
        moment = pd.to_datetime(text, utc=True, format="ISO8601")
    except ValueError:
        raise RequestError(f"{option} {text!r} is no date", expected="one such as 1980-01-01") from None
    return moment.as_unit("us").floor("ms")


def _state(store) -> dict[str, Any]:
    """What the store holds now."""
    from mleq.catalog.window import Window, missing, timestamp

    records = store.records()
    held: dict[str, Any] = {"held": sum(record.count for record in records), "partitions": len(records)}
    if records:
        held["start"] = timestamp(min(record.window.start for record in records)).isoformat()
        held["end"] = timestamp(max(record.window.end for record in records)).isoformat()
        held["min_magnitude"] = min(record.window.min_magnitude for record in records)
        windows = [record.window for record in records]
        whole = Window(min(w.start for w in windows), max(w.end for w in windows), held["min_magnitude"])
        held["missing"] = [str(gap) for gap in missing(whole, windows)]
    return held


def _tell(answer: dict[str, Any], repaired: bool) -> None:
    """Print the answer for a person."""
    if "windows" in answer:
        for file in answer["damaged"]:
            click.echo(f"damaged partition fetched again: {file}")
        click.echo(f"brought {answer['events']:,} events in {answer['windows']} window{'s' * (answer['windows'] != 1)}")
        click.echo(f"revisions: {answer['new']} new, {answer['revised']} revised, {answer['deleted']} deleted events")
    for one in answer.get("differences", ()):
        stored = "damaged" if one["damaged"] else f"{one['stored']} stored"
        click.echo(f"differs: {one['window']}: {stored}, {one['counted']} at the service")
    if "differences" in answer:
        number = len(answer["differences"])
        done = ", fetched again" if repaired and number else ""
        click.echo(f"recounted {answer['partitions']} windows: {number} differ{done}")
        if number and not repaired:
            click.echo("`mleq fetch --repair` brings these windows again")
    if answer["held"]:
        span = f"{answer['start'][:10]} to {answer['end'][:10]}, M >= {answer['min_magnitude']:g}"
        gaps = f", but not {'; '.join(answer['missing'])}" if answer["missing"] else ""
        click.echo(f"{answer['store']} holds {answer['held']:,} events: {span}{gaps}")
    if "snapshot" in answer:
        click.echo(f"snapshot {answer['snapshot']['name']}: {answer['snapshot']['sha256']}")
    if "exported" in answer:
        click.echo(f"wrote {answer['exported']['events']:,} events to {answer['exported']['file']}")
