"""What the commands print of this family."""

from __future__ import annotations

from typing import Any

from mleq.experiment.table import columns, with_interval


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Say the main numbers of a run."""
    lines = [summary["verdict"], ""]
    keys = list(summary["scores"])
    cells = [["windows of the test part", *(key.replace("_", " ") for key in keys)]]
    for name, scores in {"clusters": summary["scores"], **summary["references"]}.items():
        cells.append([name.replace("_", " "), *(with_interval(scores.get(key), 3) for key in keys)])
    model, record, found = summary["model"], summary["catalog"], summary["model"]["detection"]
    curve = model["sample_curve"]
    lines += columns(cells)
    lines += [
        "",
        f"clusters {len(model['clusters'])} ({' '.join(model['clusters'])}); fits agree with each other to "
        f"{model['stability']:.2f} (adjusted Rand index)",
        f"events   {found['events']:,} by {found['method'].replace('_', '/')}" + _threshold(found),
        f"record   {record['days']:.2f} days of {len(record['stations'])} stations, {record['windows']:,} windows",
    ]
    if curve:
        lines.append(f"sample   {advice(curve)}")
    return lines


def advice(curve: list[dict[str, Any]]) -> str:
    """Say from the sample-size curve how many windows are enough.

    Enough is the smallest sample whose clusters agree with the largest's as well as any smaller-than-largest one does,
    to 0.02, and which loses less than 0.1 nats a window of the held-out likelihood.
    """
    last = curve[-1]
    smaller = [row for row in curve[:-1] if row["agreement"] is not None]
    if not smaller:
        return f"{last['windows']:,} windows are too few to say whether more would change anything"
    best = max(row["agreement"] for row in smaller)
    for row in smaller:
        loss = last["held_out_log_likelihood"] - row["held_out_log_likelihood"]
        if row["agreement"] >= best - 0.02 and loss < 0.1:
            return f"{row['windows']:,} windows already say what {last['windows']:,} say"
    loss = last["held_out_log_likelihood"] - smaller[-1]["held_out_log_likelihood"]
    return (
        f"from {smaller[-1]['windows']:,} to {last['windows']:,} windows the likelihood still rose by {loss:.2f} a "
        "window: raise model.sample, or give more record"
    )


def answer_lines(entries: list[dict[str, Any]]) -> list[str]:
    """Say what is in each record."""
    lines = []
    for one in entries:
        kinds = ", ".join(f"{name} {count:,}" for name, count in one["clusters"].items())
        families = ", ".join(f"{name} {count:,}" for name, count in one["families"].items())
        lines += [
            f"{one['recipe_id']}: {one['input']}, {one['start'][:19]} to {one['end'][:19]}",
            f"  {one['windows']:,} windows: {kinds}",
            f"  {one['events']:,} events" + (f": {families}" if families else ""),
            f"  in {one['files']}",
        ]
    for name in dict.fromkeys(one["recipe_id"] for one in entries):
        lines.append(f"{name}: {next(one['verdict'] for one in entries if one['recipe_id'] == name)}")
    return lines


def _threshold(found: dict[str, Any]) -> str:
    if found["false_alarms_per_day"] is None:
        return f", from a ratio of {found['multiple']:g}"
    least, most = min(found["multiples"].values()), max(found["multiples"].values())
    return (
        f", from {least:.1f}" + (f" to {most:.1f}" if most > least else "") + " deviations by template: backward "
        f"templates exceed that {found['false_alarms_per_day']:.1f} times a day"
    )
