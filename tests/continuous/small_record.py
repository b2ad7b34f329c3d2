"""A recipe that trains in seconds, and how it is written to a file."""

import json

SMALL = {
    "id": "small_record",
    "family": "continuous",
    "record": {
        "source": "simulated", "start": "2020-01-01", "days": 1.6, "sampling_rate": 20, "seed": 2, "repeaters": 60,
        "local_per_day": 20, "teleseisms_per_day": 3, "latitude": 36.5, "longitude": 138.5,
    },
    "windows": {"window_s": 25.6},
    "scattering": {"octaves": 4, "per_octave": 3, "second_octaves": 6},
    "model": {"dimensions": 6, "components": [3, 5, 8], "sample": 3000, "seeds": 2, "epochs": 60},
    "detect": {"length_s": 10, "families": 4, "band_hz": [0.8, 9.0]},
    "chunk_hours": 6,
    "seed": 1,
}  # fmt: skip


def write(folder, *recipes):
    path = folder / "recipe.json"
    path.write_text(json.dumps({"format": 1, "recipes": list(recipes)}), encoding="utf-8")
    return path
