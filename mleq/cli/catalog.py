"""`mleq catalog`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mleq.cli import common

PERIOD_YEARS = 5
"""Years that one line of the report stands for."""


@common.door("catalog", "say what the store holds and how complete it is")
@click.option(
    "--recipe_id",
    shell_complete=common.known_ids,
    help="Look at the neighbourhood of this recipe's target, and at its events alone.",
)
@common.recipe_file
@common.catalog_files
@common.data_dir
@common.out_dir
@common.file_to_write("--plot", help="Where to draw it (.png, .svg, .pdf).")
@common.as_json
def command(
    recipe_id: str | None,
    recipe_file: Path | None,
    files: tuple[Path, ...],
    data_dir: Path,
    out_dir: Path,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Say what there is and how complete it is: rates, magnitude types, Mc through time, b, doubles; draw it.

    Long catalogues are shown in periods of five years; --json has every year and every window.

    Without --recipe_id it looks at everything that the store (or FILE) holds. The drawing goes to
    catalog.png in the recipe's folder of --out_dir, or to --plot.

    \b
    Examples:
      mleq catalog --recipe_id tokyo
      mleq catalog --catalog events.csv.gz --plot events.png
    """
    from mleq.catalog import quality
    from mleq.catalog.completeness import ENOUGH
    from mleq.catalog.neighbourhood import neighbourhood
    from mleq.errors import DataError
    from mleq.report.catalog import draw

    settings, place = _settings(recipe_id, recipe_file)
    events = _events(settings, files, data_dir, recipe_id)
    near = events if place is None else neighbourhood(events, place, ENOUGH)[0]
    estimator = getattr(settings, "completeness", "goodness_of_fit")
    through_time = quality.completeness_through_time(events, place, estimator)
    if not through_time:
        raise DataError(
            f"{len(events):,} events are too few to say how complete they are",
            expected=f"at least {ENOUGH} within five years",
        )
    answer = _answer(events, near, through_time, place)
    path = plot or out_dir / (recipe_id or "") / "catalog.png"
    draw(path, events, near, through_time[-1], through_time, place)
    answer["drawing"] = str(path)
    common.answer_json(answer) if as_json else _tell(answer)


def _settings(recipe_id: str | None, recipe_file: Path | None):
    """The recipe's catalog and target; None for each without a recipe."""
    from mleq.errors import RequestError

    if recipe_id is None:
        return None, None
    from mleq.recipe import load_recipe
    from mleq.registry import recipe_models

    recipe = load_recipe(recipe_id, recipe_file, models=recipe_models)
    if not hasattr(recipe, "catalog") or not hasattr(recipe, "target"):
        raise RequestError(f"the recipe {recipe_id} (family {recipe.family}) uses no catalogue of earthquakes")
    return recipe.catalog, recipe.target


def _events(settings, files, data_dir, recipe_id):
    from mleq.catalog.load import everything, load_events

    if settings is None:
        return everything(files=files, data_dir=data_dir)
    return load_events(settings, files=files, data_dir=data_dir, recipe_id=recipe_id)


def _answer(events, near, through_time, place) -> dict[str, Any]:
    from mleq.catalog import quality
    from mleq.catalog.events import source_of

    now = through_time[-1]
    doubles = quality.near_duplicates(near)
    changes = quality.network_changes(near, round(max(one.magnitude for one in through_time) + 0.3, 1))
    types = quality.magnitude_types(near)
    answer = source_of(events) | {
        "near": len(near),
        "radius_km": None if place is None else place.radius_km,
        "rates": {int(year): _named(row) for year, row in quality.rates(near).iterrows()},
        "magnitude_types": {int(year): _named(row) for year, row in types.iterrows()},
        "latest": now.summary(),
        "through_time": [one.summary() for one in through_time],
        "near_duplicates": {"pairs": len(doubles), "first": doubles.head(10).to_dict("records")},
        "network_changes": changes.to_dict("records"),
    }
    if place is not None:
        since = quality.complete_since(through_time, place.magnitude)
        answer["target_magnitude"] = place.magnitude
        answer["target_complete_since"] = None if since is None else since.isoformat()
    return answer


def _named(row) -> dict[str, float]:
    return {
        f"{name:g}" if isinstance(name, float) else str(name): round(float(value), 4) for name, value in row.items()
    }


def _tell(answer: dict[str, Any]) -> None:
    """Print the report for a person."""
    from mleq.catalog.completeness import sentence

    click.echo(f"{answer['source']}: {answer['events']:,} events, {answer['start'][:10]} to {answer['end'][:10]}")
    if "magnitude_conversion" in answer:
        click.echo(f"magnitudes converted {answer['magnitude_conversion']}")
    if answer["radius_km"] is not None:
        click.echo(f"around the target: {answer['near']:,} events")
    _tell_rates(answer)
    click.echo("\nmagnitude types, share of events")
    for year, shares in _every_fifth(answer["magnitude_types"]):
        said = "  ".join(
            f"{kind} {share:.2f}" for kind, share in sorted(shares.items(), key=lambda one: -one[1]) if share
        )
        click.echo(f"  {year}  {said}")
    click.echo("\ncompleteness, five years each: Mc (maximum curvature + 0.2, 90 % goodness of fit, b-stability)  b")
    windows = answer["through_time"]
    few = len(answer["rates"]) <= 3 * PERIOD_YEARS
    for one in windows if few else reversed(windows[::-PERIOD_YEARS]):  # else those that do not overlap
        _tell_window(one)
    click.echo(f"\nlatest: {sentence(answer['latest']).replace('worst era', 'era')}")
    click.echo(f"note: {answer['latest']['completeness_bias']}")
    if "target_magnitude" in answer:
        since = answer["target_complete_since"]
        said = f"complete since {since[:10]}" if since else "not complete even in the latest years"
        click.echo(f"target magnitude {answer['target_magnitude']:g}: {said}, by the estimator that counts")
    doubles = answer["near_duplicates"]
    click.echo(f"pairs within 10 s and 50 km, which may be one event twice: {doubles['pairs']:,}")
    for pair in doubles["first"][:3]:
        click.echo(f"  {pair['first']} and {pair['second']}: {pair['seconds']:.1f} s, {pair['km']:.0f} km")
    if answer["network_changes"]:
        click.echo("changes of the share of small events, as when a network changes:")
    for change in answer["network_changes"]:
        click.echo(
            f"  {change['year']}: {change['before']:.2f} before, {change['after']:.2f} after "
            f"({abs(change['score']):.0f} standard deviations)"
        )
    click.echo(f"drawn: {answer['drawing']}")


def _tell_rates(answer: dict[str, Any]) -> None:
    bands = list(next(iter(answer["rates"].values())))
    click.echo("\nevents per year  " + "".join(f"{'M ' + band:>9}" for band in bands))
    years = list(answer["rates"].items())
    step = 1 if len(years) <= 3 * PERIOD_YEARS else PERIOD_YEARS
    for place in range(0, len(years), step):
        period = years[place : place + step]
        last = "" if len(period) == 1 else f"-{period[-1][0]}"
        means = [sum(counts[band] for _, counts in period) / len(period) for band in bands]
        said = "".join(f"{mean:>9,.0f}" if mean >= 10 or step == 1 else f"{mean:>9.1f}" for mean in means)
        click.echo(f"  {f'{period[0][0]}{last}':<15}" + said)


def _tell_window(one: dict[str, Any]) -> None:
    start, end = (moment[:7] for moment in one["completeness_era"])
    each = ", ".join("none" if value is None else f"{value:.1f}" for value in one["completeness_estimates"].values())
    b, sigma = one["b_value"], one["b_value_uncertainty"]
    slope = "none" if b is None or sigma is None else f"{b:.2f} +- {sigma:.2f}"
    magnitude = f"{one['completeness_magnitude']:.1f} +- {one['completeness_uncertainty']:.2f}"
    radius = one["completeness_radius_km"]
    where = "" if radius is None else f" within {radius:,.0f} km"
    click.echo(f"  {start} to {end}  {magnitude} ({each})  {slope}  {one['completeness_events']:,} events{where}")


def _every_fifth(table: dict) -> list:
    """Every fifth year and the last, lest the report grow long."""
    years = list(table.items())
    return [pair for place, pair in enumerate(years) if place % 5 == 0 or place == len(years) - 1]
