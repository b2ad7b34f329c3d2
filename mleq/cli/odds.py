"""`mleq odds`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mleq.cli import common
from mleq.experiment.table import columns


@common.door("odds", "answer one question: how likely, here, this strong, this soon")
@click.option("--latitude", type=float, required=True, help="Degrees, north above zero.")
@click.option("--longitude", type=float, required=True, help="Degrees, east above zero.")
@click.option("--radius_km", type=float, required=True, help="How far from there, 1 to 1,000 km.")
@click.option("--magnitude", type=float, required=True, help="The smallest magnitude that counts.")
@click.option("--days", type=float, required=True, help="How many days ahead; 0.04 is an hour, 365 a year.")
@click.option("--issue_time", metavar="TIME", help="As of when (UTC), e.g. 2011-03-12T06:00; now without it.")
@click.option("--allow_incomplete", is_flag=True, help="Answer below the completeness magnitude too, and say so.")
@common.catalog_files
@common.data_dir
@common.as_json
def command(
    latitude: float,
    longitude: float,
    radius_km: float,
    magnitude: float,
    days: float,
    issue_time: str | None,
    allow_incomplete: bool,
    files: tuple[Path, ...],
    data_dir: Path,
    as_json: bool,
) -> None:
    """Say how likely an earthquake is: here, this strong, this soon.

    The answer is that of ETAS, the field's model of how earthquakes trigger others, from the events before the issue
    time. It is fitted around the place where there are events enough, at the first of each month, and kept in the
    data folder.

    \b
    Examples:
      mleq odds --latitude 35.68 --longitude 139.77 --radius_km 150 --magnitude 5 --days 7
      mleq odds --latitude 38.3 --longitude 142.4 --radius_km 200 --magnitude 6 --days 1 --issue_time 2011-03-12
    """
    from mleq import api
    from mleq.report.agencies import agency_for

    answer = api.odds(
        latitude,
        longitude,
        radius_km,
        magnitude,
        days,
        issue_time,
        files=files,
        data_dir=data_dir,
        allow_incomplete=allow_incomplete,
    )
    agency = agency_for(latitude, longitude)
    answer["agency"] = {"name": agency.name, "url": agency.url}
    if as_json:
        common.answer_json(answer)
        return
    for line in lines(answer):
        click.echo(line)


def lines(answer: dict[str, Any]) -> list[str]:
    """Say an answer in lines."""
    from mleq.forecast.plain_words import percent

    chance, usual, parameters = answer["probability"], answer["long_term"], answer["parameters"]
    rows = [
        ["", "chance", "95 % interval"],
        ["from the issue time", percent(chance["value"]), f"{percent(chance['low'])} to {percent(chance['high'])}"],
        ["long term", percent(usual["value"]), f"{percent(usual['low'])} to {percent(usual['high'])}"],
    ]
    ratio = "none" if answer["ratio"] is None else f"{answer['ratio']:.3g}"
    said = [answer["sentence"], "", *columns(rows), f"ratio    {ratio}", ""]
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
