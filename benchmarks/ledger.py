"""Whether a byte changed in a ledger of 1,000 lines is found, in 1,000 trials, and how long looking takes."""

import random
import statistics
import tempfile
import time
from pathlib import Path

from mleq.experiment import ledger

LINES, TRIALS = 1000, 1000


def entry(number: int) -> dict:
    return {
        "recipe_id": "tokyo",
        "family": "catalog",
        "target_date": f"2999-01-{number % 28 + 1:02d}",
        "target": {"latitude": 35.680934, "longitude": 139.767551, "radius_km": 150.0, "magnitude": 4.5},
        "probability": 0.05 + number / 1e5,
        "references": dict.fromkeys(("climatology", "trailing_mix", "omori", "etas"), 0.06 + number / 100000.0),
        "period": {"start_utc": "2999-01-01T00:00:00+00:00", "end_utc": "2999-01-02T00:00:00+00:00"},
        "catalog": {"source": "USGS", "sha256": "ab" * 32},
        "run": "20260101T000000Z-0123abcd",
        "verdict": "No skill shown beyond ETAS",
    }


def main() -> None:
    rng, found, seconds = random.Random(4126), 0, []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        began = time.perf_counter()
        ledger.append(out, (entry(number) for number in range(LINES)))
        print(f"appended {LINES:,} lines in {time.perf_counter() - began:.2f} s")
        files = {path: path.read_bytes() for path in (ledger.ledger_file(out), ledger.head_file(out))}
        sizes = [len(content) for content in files.values()]
        for _ in range(TRIALS):
            place = rng.randrange(sum(sizes))
            path = list(files)[place >= sizes[0]]
            place, whole = place - (place >= sizes[0]) * sizes[0], files[path]
            other = rng.choice([byte for byte in range(256) if byte != whole[place]])
            path.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
            began = time.perf_counter()
            found += bool(ledger.verify(out))
            seconds.append(time.perf_counter() - began)
            path.write_bytes(whole)
        sound = ledger.verify(out) == []
    print(f"one byte changed of {sum(sizes):,}: found in {found:,} of {TRIALS:,} trials")
    print(f"unchanged again: {'sound' if sound else 'NOT SOUND'}; checking it takes {statistics.median(seconds):.3f} s")


if __name__ == "__main__":
    main()
