"""What a notebook may ask of many recipes at once."""

from __future__ import annotations

import glob
import hashlib
import logging
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mleq import atomic, scaling
from mleq.api.recipes import load_recipe
from mleq.api.runs import loader
from mleq.errors import Failure, RecipeError, RequestError
from mleq.performing import forget, kept_answer
from mleq.recipe.entries import find_entries, read_entries
from mleq.registry import family as family_of

log = logging.getLogger("mleq")


def find_recipes(words: Sequence[str], path: str | Path | None = None) -> list[tuple[str, Path | None]]:
    """Return the ids that files, ids and globs of either name, each with the file in which it is sought.

    Parameters
    ----------
    words : sequence of str
        "recipes/world.json", "tokyo", "*_m5", "mine/*.json".
    path : path, optional
        The recipe file in which ids are sought first.
    """
    path = Path(path) if path is not None else None
    known = list(dict.fromkeys(entry.raw["id"] for entry, _ in find_entries(path)))
    found: list[tuple[str, Path | None]] = []
    for word in words:
        files = [Path(name) for name in sorted(glob.glob(word)) if Path(name).is_file()]
        ids = [name for name in known if fnmatch(name, word)] if set("*?[") & set(word) else [word]
        if files:
            found += [(entry.raw["id"], file) for file in files for entry in read_entries(file)]
        elif ids:
            found += [(name, path) for name in ids]
        else:
            raise RequestError(f"no recipe file and no recipe id is like {word!r}", remedy="`mleq recipes` lists them")
    return list(dict.fromkeys(found))


def configurations(
    words: Sequence[str], *, path: str | Path | None = None, sets: Sequence[str] = (), seeds: Sequence[int] = ()
) -> list[Any]:
    """Return the configurations of a sweep, validated; none is tried twice.

    Raises
    ------
    RecipeError
        With every mistake of all of them.
    RequestError
        If two different recipes have one name.
    """
    from mleq.experiment.sweep import Configuration, combinations
    from mleq.recipe import recipe_hash

    found, mistakes = {}, []
    for recipe_id, file in find_recipes(words, path):
        for values, changes in combinations(sets, seeds):
            try:
                recipe = load_recipe(recipe_id, file, changes=changes)
            except RecipeError as error:
                mistakes += error.mistakes
                continue
            family = family_of(recipe.family)
            mistakes += [f"{recipe_id}: {'.'.join(map(str, at))}: {why}" for at, why in family.quick_mistakes(recipe)]
            one = Configuration(recipe, family.__name__, values)
            other = found.setdefault(one.name, one)
            if recipe_hash(other.recipe) != recipe_hash(recipe):
                raise RequestError(f"two different recipes are called {one.name}", expected="another id for each")
    if mistakes:
        raise RecipeError(list(dict.fromkeys(mistakes)))
    return list(found.values())


def sweep(
    words: Sequence[str],
    *,
    path: str | Path | None = None,
    sets: Sequence[str] = (),
    seeds: Sequence[int] = (),
    files: Sequence[str | Path] = (),
    inputs: Sequence[str | Path] = (),
    data_dir: str | Path | None = None,
    out_dir: str | Path = "out",
    command: Sequence[str] = (),
    workers: int | None = 1,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Train every combination of recipes, settings and seeds, and compare them on the same days.

    Parameters
    ----------
    words : sequence of str
        Recipe files, ids, and globs of them.
    path : path, optional
        The recipe file in which ids are sought.
    sets : sequence of str
        "model.epochs=5,10": every combination is tried.
    seeds : sequence of int
    files, inputs, data_dir, out_dir, command : optional
        As for `train`. Runs stand in out/sweep/trained, apart from those that forecast; a sweep that was stopped goes
        on, and what an earlier one has trained is not trained again.
    workers, scheduler : optional
        See `mleq.scaling.engine`.

    Returns
    -------
    dict
        name, folder, tried, tried_before, done, failed, reference, verdict, p_white, p_hansen, rows (as the table);
        also in out/sweep/<name>/summary.json, beside table.parquet, table.csv and report.html.
    """
    from mleq.catalog.load import data_folder
    from mleq.catalog.store import Store
    from mleq.experiment import sweep as experiment
    from mleq.experiment.run import Run

    tried = configurations(words, path=path, sets=sets, seeds=seeds)
    if not tried:
        raise RequestError("no recipe is named", expected="a recipe file, an id, or a glob of either")
    place = Path(out_dir).resolve() / "sweep"
    stamp = None if files or inputs else Store.of(data_folder(data_dir)).stamp()
    data = experiment.data_key([*files, *inputs], stamp)
    units, answers = [], place / "units"
    for one in tried:
        arguments = one, loader(one.recipe, files, data_dir, inputs), place / "trained", tuple(command)
        units.append(scaling.Unit(one.key(data), "mleq.experiment.sweep:train_one", arguments, one.said))
        kept = kept_answer(answers, units[-1].key)
        if kept and not (Path(kept["value"]["run"]) / "summary.json").is_file():
            forget(answers, units[-1].key)  # pruned since
    before = _tried_before(place / "trained", tried)
    log.info("%d configurations, %d others of these recipes were tried in earlier sweeps", len(tried), before)
    digest = hashlib.sha256("".join(sorted(unit.key for unit in units)).encode()).hexdigest()
    busy = Failure(f"another process works on this sweep in {place}", remedy="Wait for it to end")
    with (
        atomic.locked(place / f".{digest[:16]}.lock", busy=busy),
        scaling.engine(workers, scheduler, at_most=len(units)) as by,
    ):
        done = {
            outcome.unit.key: outcome
            for outcome in scaling.run(units, by, folder=answers, label="training", noun="configurations")
        }
    outcomes = [done[unit.key] for unit in units]
    runs = [None if one.error is not None else Run(Path(one.value["run"])) for one in outcomes]
    comparison = experiment.compare(tried, runs, [one.error for one in outcomes])
    return _publish(place, comparison, before, command, digest)


def _tried_before(trained: Path, tried: Sequence[Any]) -> int:
    """How many other configurations of the same recipes have complete runs of earlier sweeps: tries count as well."""
    from mleq.experiment.folder import complete_runs, read_json
    from mleq.recipe import recipe_hash

    now = {recipe_hash(one.recipe) for one in tried}
    places = [place for name in {one.recipe.id for one in tried} for place in complete_runs(trained, name)]
    return len({read_json(place / "run.json")["recipe_sha256"] for place in places} - now)


def _publish(place: Path, comparison: Any, before: int, command: Sequence[str], digest: str) -> dict[str, Any]:
    """Write table, summary and page of a sweep."""
    import json

    from mleq.experiment import provenance
    from mleq.experiment.sweep import verdict
    from mleq.report import sweep as report

    table, found = comparison.table, comparison.selected
    made_at = provenance.now()
    name = f"{made_at.replace('-', '').replace(':', '')[:15]}Z-{digest[:8]}"
    summary = {
        "name": name,
        "folder": str(place / name),
        "made_at": made_at,
        "command": list(command),
        "tried": len(table),
        "tried_before": before,
        "done": int((table["status"] == "done").sum()),
        "failed": int((table["status"] == "failed").sum()),
        "reference": comparison.reference,
        "verdict": verdict(comparison),
        "days": found and found.days,
        "mean_block_days": found and found.mean_block_days,
        "p_white": found and found.p_white,
        "p_hansen": found and found.p_hansen,
        "rows": json.loads(table.to_json(orient="records", double_precision=15)),
    }
    with atomic.beside(place / name / "table.parquet") as temporary:
        table.to_parquet(temporary, index=False)
    atomic.write_text(place / name / "table.csv", table.to_csv(index=False))
    report.draw(summary, place / name / "report.html", out_dir=place.parent)
    atomic.write_json(place / name / "summary.json", summary)
    atomic.write_json(place / "summary.json", summary)
    return summary
