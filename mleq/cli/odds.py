"""`mleq odds`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mleq.cli import common
from mleq.errors import RequestError
from mleq.experiment.table import columns

OF_THE_FIT = "interval what the fitted parameters and the simulation leave open; not that the model may be wrong"


@common.door("odds", "answer one question: how likely, here, this strong, this soon")
@click.option("--latitude", type=float, help="Degrees, north above zero.")
@click.option("--longitude", type=float, help="Degrees, east above zero.")
@click.option("--radius_km", type=float, help="How far from there, 1 to 1,000 km.")
@click.option("--magnitude", type=float, required=True, help="The smallest magnitude that counts.")
@click.option("--days", type=float, required=True, help="How many days ahead; 0.04 is an hour, 365 a year.")
@click.option("--issue_time", metavar="TIME", help="As of when (UTC), e.g. 2011-03-12T06:00; now without it.")
@click.option("--allow_incomplete", is_flag=True, help="Answer below the completeness magnitude too, and say so.")
@click.option("--map", "whole_earth", is_flag=True, help="Of every cell of the Earth, instead of one place.")
@click.option("--step", type=float, default=1.0, show_default=True, help="With --map: side of a cell, degrees.")
@common.file_to_write("--csep", help="With --map: also as CSEP's gridded forecast.")
@common.catalog_files
@common.data_dir
@common.out_dir
@common.workers()
@common.scheduler
@common.as_json
def command(
    latitude: float | None,
    longitude: float | None,
    radius_km: float | None,
    magnitude: float,
    days: float,
    issue_time: str | None,
    allow_incomplete: bool,
    whole_earth: bool,
    step: float,
    csep: Path | None,
    files: tuple[Path, ...],
    data_dir: Path,
    out_dir: Path,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Say how likely an earthquake is: here, this strong, this soon.

    The answer is that of ETAS, the field's model of how earthquakes trigger others, from the events before the issue
    time. It is fitted around the place where there are events enough, at the first of each month, and kept in the
    data folder.

    With --map the question is asked of every cell of the Earth, and the answer is a map: GeoJSON, Parquet, PNG and a
    page in out/map. Regions are fitted at once on several processors, or on a Dask cluster.

    \b
    Examples:
      mleq odds --latitude 35.68 --longitude 139.77 --radius_km 150 --magnitude 5 --days 7
      mleq odds --latitude 38.3 --longitude 142.4 --radius_km 200 --magnitude 6 --days 1 --issue_time 2011-03-12
      mleq odds --map --magnitude 6 --days 30 --step 1
    """
    from mleq import api
    from mleq.report.agencies import agency_for

    where = {"--latitude": latitude, "--longitude": longitude, "--radius_km": radius_km}
    data = {"files": files, "data_dir": data_dir, "allow_incomplete": allow_incomplete}
    if whole_earth:
        given = [name for name, value in where.items() if value is not None]
        if given:
            raise RequestError(f"--map with {' and '.join(given)}", expected="one of them: a map, or a place")
        engine = {"workers": workers, "scheduler": scheduler}
        found = api.odds_map(magnitude, days, step, issue_time, out_dir=out_dir, csep=csep, **data, **engine)
        _show_map(found, as_json)
        return
    missing = [name for name, value in where.items() if value is None]
    if missing or csep:
        odd = f"no {' and no '.join(missing)}" if missing else f"--csep {csep} without --map"
        raise RequestError(odd, expected="--latitude, --longitude and --radius_km of a place, or --map")
    answer = api.odds(
        latitude,
        longitude,
        radius_km,
        magnitude,
        days,
        issue_time,
        **data,
    )
    agency = agency_for(latitude, longitude)
    answer["agency"] = {"name": agency.name, "url": agency.url}
    if as_json:
        common.answer_json(answer)
        return
    for line in lines(answer):
        click.echo(line)


def _show_map(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        common.answer_json(found)
        return
    from mleq.forecast.plain_words import percent

    rows = [["cell", "chance", "95 % of the fit"]]
    for one in found["largest"][:10]:
        interval = f"{percent(one['low'])} to {percent(one['high'])}"
        rows.append([f"{one['latitude']:.2f}, {one['longitude']:.2f}", percent(one["probability"]), interval])
    asked, folder = found["question"], Path(found["folder"])
    for line in (
        f"{found['expected_number']:.2f} events of M {asked['magnitude']:g} or more are expected in "
        f"{found['answered']:,} of {found['cells']:,} cells within {asked['days']:g} days of "
        f"{asked['issue_time'][:16].replace('T', ' ')} UTC",
        "",
        *columns(rows),
        "",
        OF_THE_FIT,
        *(f"no answer in {number:,} cells: {why}" for why, number in found["reasons"].items()),
        f"map      {folder / 'map.png'}",
        f"page     {(folder / 'report.html').as_uri()}",
        f"warnings {found['no_warning']}",
    ):
        click.echo(line)


def lines(answer: dict[str, Any]) -> list[str]:
    """Say an answer in lines."""
    from mleq.forecast.plain_words import percent

    chance, usual, parameters = answer["probability"], answer["long_term"], answer["parameters"]
    rows = [
        ["", "chance", "95 % of the fit"],
        ["from the issue time", percent(chance["value"]), f"{percent(chance['low'])} to {percent(chance['high'])}"],
        ["long term", percent(usual["value"]), f"{percent(usual['low'])} to {percent(usual['high'])}"],
    ]
    ratio = "none" if answer["ratio"] is None else f"{answer['ratio']:.3g}"
    said = [answer["sentence"], "", *columns(rows), OF_THE_FIT, f"ratio    {ratio}", ""]
    background = answer["background_share"]
    if background is not None:
        said.append(f"drivers  {background:.0%} of the expected number is background; the past events that add most:")
        for one in answer["drivers"]:
            when = one["origin_time"][:16].replace("T", " ")
            said.append(
                f"         {one['share']:.1%}  M {one['magnitude']:.1f} of {when}, {one['distance_km']:,.0f} km away, "
                f"{one['days_before']:,.1f} days before"
            )
    complete, catalog = answer["completeness"], answer["catalog"]
    magnitude = f"M {complete['completeness_magnitude']:.1f} +- {complete['completeness_uncertainty']:.1f}"
    said += [
        f"data     {catalog['events_before_issue']:,} events before the issue time ({catalog['source']}); complete "
        f"from {magnitude} around the place",
        f"model    {parameters['source']} ETAS ({parameters['name']}): {parameters['reason']}; M >= "
        f"{parameters['values']['m0']:g}, b = {parameters['b_value']:.2f}, branching ratio "
        f"{parameters['branching_ratio']:.2f}, fitted to "
        f"{parameters['start'][:10]} to {parameters['end'][:10]}",
        f"warnings {answer['no_warning']} Here: {answer['agency']['name']}, {answer['agency']['url']}",
    ]
    return said
