"""`mleq ledger`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mleq.cli import common
from mleq.errors import RequestError
from mleq.experiment.table import columns, with_interval


@common.door("ledger", "check the record of issued forecasts, and see how they did")
@click.argument("what", type=click.Choice(["verify", "score"]))
@click.option("--no_fetch", is_flag=True, help="score: do not bring what happened since first.")
@click.option("--snapshot", metavar="NAME", help="score: against this frozen state of the store, frozen now if new.")
@click.option("--usgs_url", metavar="ADDRESS", help="score: address of the event service (also from MLEQ_USGS_URL).")
@common.catalog_files
@common.data_dir
@common.out_dir
@common.as_json
def command(
    what: str,
    no_fetch: bool,
    snapshot: str | None,
    usgs_url: str | None,
    files: tuple[Path, ...],
    data_dir: Path,
    out_dir: Path,
    as_json: bool,
) -> None:
    """Check the record of forecasts, or score those that were made before their period began.

    `verify` finds any line of ledger.jsonl that was changed, removed or moved, and exits 1 where one was. `score`
    brings what happened since and scores every forecast recorded before its period, once the catalogue reaches 30
    days beyond it; where a period was forecast more than once in time, the last one counts.

    \b
    Examples:
      mleq ledger verify
      mleq ledger score
      mleq ledger score --catalog usgs.csv.gz
      mleq ledger score --snapshot 2026-12
    """
    if not out_dir.is_dir():
        raise RequestError(f"no folder {out_dir}", expected="the folder of results", remedy="see --out_dir")
    if what == "verify":
        _verify(out_dir, as_json)
        return
    from mleq import nightly

    fetch = not (no_fetch or files or snapshot)
    answer = nightly.score_ledger(
        out_dir, files=files, data_dir=data_dir, usgs_url=usgs_url, fetch=fetch, snapshot=snapshot
    )
    if as_json:
        common.answer_json(answer)
    else:
        for line in lines(answer):
            click.echo(line)
    for problem in answer["problems"]:
        click.echo(f"mleq: failed: {problem}", err=True)
    if answer["problems"]:
        raise click.exceptions.Exit(1)


def _verify(out_dir: Path, as_json: bool) -> None:
    from mleq.experiment import ledger

    faults = ledger.verify(out_dir)
    if as_json:
        head = None if faults else ledger.read_head(out_dir)
        common.answer_json(
            {"sound": not faults, "faults": faults, "lines": head and head.count, "sha256": head and head.sha256}
        )
    elif faults:
        for fault in faults:
            click.echo(fault)
    else:
        head = ledger.read_head(out_dir)
        click.echo(f"{ledger.ledger_file(out_dir)} is sound: {head.count:,} lines, last hash {head.sha256}")
    if faults:
        raise click.exceptions.Exit(1)


def lines(answer: dict[str, Any]) -> list[str]:
    """Say in a table how the issued forecasts did."""
    if not answer["recipes"]:
        return ["the ledger holds no forecast of a period yet: `mleq predict` adds some"]
    cells = [["recipe", "issued", "in time", "scored", "waiting", "event-days", "expected", "log score"]]
    for one in answer["recipes"]:
        scores = one["scores"]
        cells.append(
            [
                one["recipe_id"],
                f"{one['issued']:,}",
                f"{one['prospective']:,}",
                f"{one['scored']:,}",
                f"{one['waiting']:,}",
                f"{one['event_days']:,}" if scores else "-",
                f"{one['expected_event_days']:.1f}" if scores else "-",
                with_interval(scores["log_score"]) if scores else "-",
            ]
        )
    said = columns(cells)
    for one in answer["recipes"]:
        if one["blind"]:
            said.append(
                f"{one['recipe_id']}: {one['blind']:,} more were recorded in time, from a catalogue that had ended "
                "over a week before; they knew too little to count"
            )
        said += [
            f"{one['recipe_id']}: {one['verdict']}",
            f"{one['recipe_id']}: against {one['catalog']['source']} to {one['catalog']['end'][:10]}, "
            f"SHA-256 {one['catalog']['sha256'][:16]}…",
        ]
    return said
