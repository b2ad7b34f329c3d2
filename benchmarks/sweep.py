"""Eight regions by three seeds of a small network, swept and ranked over ETAS, into docs/sweep.md.

    python benchmarks/sweep.py --catalog usgs.csv.gz [--workers 2] [--write docs/sweep.md]

The network is kept small, so that it takes minutes: the question is what a sweep says, not how good the network is.
Stopped and given again, it goes on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mleq import api, atomic
from mleq.performing import bounded_threads

CLONE = Path(__file__).resolve().parents[1]
REGIONS = ("tokyo", "sendai", "chile", "sumatra", "southern_california", "italy", "new_zealand", "greece")
SMALL = (
    "catalog.start=1996-01-01", "grid.rows=8", "grid.columns=8", 'grid.extent={"degrees":10}', "grid.window_days=5",
    "model.filters=2", "model.epochs=3",
)  # fmt: skip


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--catalog", type=Path, action="append", default=[], help="events from a file; else the store")
    words.add_argument("--out_dir", type=Path, default=Path("out"))
    words.add_argument("--workers", type=int, default=1)
    words.add_argument("--write", type=Path, default=CLONE / "docs" / "sweep.md")
    given = words.parse_args()
    with bounded_threads(1):
        summary = api.sweep(
            REGIONS, path=CLONE / "recipe.json", sets=SMALL, seeds=(1, 2, 3), files=given.catalog,
            out_dir=given.out_dir, workers=given.workers, command=sys.argv,
        )  # fmt: skip
    atomic.write_text(given.write, "\n".join(page(summary)) + "\n")
    print(summary["verdict"])
    print(f"written to {given.write}")


def page(summary: dict[str, Any]) -> list[str]:
    """The leaderboard in Markdown."""
    lines = [
        "# A sweep",
        "",
        "Made by `benchmarks/sweep.py`: eight regions by three seeds of a small ConvLSTM (8 by 8 cells of ten",
        "degrees around the target, five days, two filters, three epochs, catalogue from 1996) on the USGS catalogue",
        "to 2015. Gains in nats per day over ETAS on the test part; what the columns mean is said in",
        "[scaling.md](scaling.md).",
        "",
        summary["verdict"],
        "",
        "| recipe | seed | event-days | gain | 95 % | corrected for all | behind the best of its region |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in summary["rows"]:
        if row["status"] == "done":
            behind = "–" if row["behind_best"] is None else f"{row['behind_best']:+.4f} {ends(row, 'behind')}"
            lines.append(
                f"| {row['recipe_id']} | {row['seed']} | {row['event_days']:,.0f} | {row['gain']:+.4f} | "
                f"{ends(row, '')} | {ends(row, 'corrected')} | {behind} |"
            )
    return lines + [
        f"\nFailed: {row['recipe_id']}, seed {row['seed']}: {row['error']}" for row in summary["rows"] if row["error"]
    ]


def ends(row: dict[str, Any], of: str) -> str:
    low, high = (f"{of}_{end}".lstrip("_") for end in ("low", "high"))
    return "–" if row[low] is None else f"[{row[low]:+.4f}, {row[high]:+.4f}]"


if __name__ == "__main__":
    main()
