"""`fetch --input`: a csv of the competition into the store, and out of it as one compressed file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mleq.errors import RequestError
from mleq.lab import importing
from mleq.lab.material import data_folder
from mleq.lab.recipe import LabRecipe
from mleq.lab.store import export_npz


def fetch(
    recipe: LabRecipe,
    inputs: Sequence[Path],
    *,
    data_dir: str | Path | None = None,
    export_to: Path | None = None,
) -> dict[str, Any]:
    """Bring records into the store; one that is there already is left as it is.

    Parameters
    ----------
    recipe : LabRecipe
        Says what counts as a failure and as a gap.
    inputs : sequence of pathlib.Path
        .csv, .csv.gz, or .zip with one csv.
    data_dir : path, optional
    export_to : pathlib.Path, optional
        A .npz, or the word `npz` for one named as the record.

    Returns
    -------
    dict
        `records`: store, rows, cycles, complete, sampling_rate_hz, sha256, exported.
    """
    if export_to is not None and (len(inputs) > 1 or not (export_to.suffix == ".npz" or export_to.name == "npz")):
        raise RequestError(f"--export {export_to} of {len(inputs)} inputs", expected="one input and a file .npz")
    records = []
    for path in inputs:
        if not path.is_file():
            raise RequestError(f"no such file: {path}", expected="a csv with acoustic_data and time_to_failure")
        store = importing.stored(path, data_folder(data_dir), recipe.signals)
        signals = store.open()
        lengths = signals.cycles.loc[signals.cycles["complete"], "start_time_to_failure_s"]
        record = {
            "store": str(store.folder),
            "rows": signals.rows,
            "failures": len(signals.cycles) - 1,
            "complete_cycles": len(lengths),
            "shortest_cycle_s": float(lengths.min()) if len(lengths) else None,
            "longest_cycle_s": float(lengths.max()) if len(lengths) else None,
            "sampling_rate_hz": signals.sampling_rate_hz,
            "sha256": signals.sha256,
        }
        if export_to is not None:
            target = export_to if export_to.suffix == ".npz" else Path(f"{store.folder.name}.npz")
            export_npz(signals, target)
            record["exported"] = str(target)
        records.append(record)
    return {"records": records}


def fetch_lines(brought: dict[str, Any]) -> list[str]:
    """Say what `fetch` brought."""
    lines = []
    for one in brought["records"]:
        lines.append(
            f"{one['store']} holds {one['rows']:,} samples at {one['sampling_rate_hz']:,.0f} Hz: "
            f"{one['failures']} failures, {one['complete_cycles']} complete cycle{'s' * (one['complete_cycles'] != 1)}"
            + (f" of {one['shortest_cycle_s']:.2f} to {one['longest_cycle_s']:.2f} s" if one["complete_cycles"] else "")
        )
        if "exported" in one:
            lines.append(f"wrote {one['exported']}")
    return lines
