"""Every command of the README is run, in the order in which it stands, in a folder of its own.

The USGS is played by a stand-in over a simulated catalogue, and training is made small; nothing else is changed.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from service_stand_in import event, serving

CLONE = Path(__file__).resolve().parents[1]
README = (CLONE / "README.md").read_text(encoding="utf-8")
SMALL = [
    "grid.rows=4",
    "grid.columns=6",
    "grid.window_days=3",
    "model.epochs=1",
    "model.filters=2",
    "target.allow_incomplete=true",
]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines()]
PYTHON = [line for line in COMMANDS if line.startswith("python cmd/")]


def simulated_rows():
    from mleq.catalog.load import simulated
    from mleq.recipe.settings import SimulatedCatalog

    events = simulated(
        SimulatedCatalog.model_validate_json(
            '{"source": "simulated", "start": "1980-01-01", "days": 13148, "min_magnitude": 4.0, "mu": 0.15, '
            '"region": [33.0, 43.0, 27.0, 143.0], "seed": 1}'
        )
    )
    return [
        event(
            row.id,
            row.origin_time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            round(row.magnitude, 2),
            latitude=35.68 + (row.latitude - 38) / 4,
            longitude=(139.77 if i % 2 else 29.0) + (row.longitude - 85) / 60,
            depth=row.depth_km,
        )
        for i, row in enumerate(events.itertuples())
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A clone as far as the commands can see one, with a service that answers and a file of events."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("cmd", "mleq", "recipes"):
        (folder / name).symlink_to(CLONE / name)
    (folder / "recipe.json").write_text((CLONE / "recipe.json").read_text(encoding="utf-8"), encoding="utf-8")
    rows = simulated_rows()
    pd.DataFrame(rows).to_csv(folder / "usgs.csv.gz", index=False)
    with serving(rows, limit=20_000) as service:
        yield folder, service.url


def test_the_other_commands_are_make_targets_and_the_environment():
    makefile = (CLONE / "Makefile").read_text(encoding="utf-8")
    for line in COMMANDS:
        if line in PYTHON:
            continue
        if line.startswith("make "):
            assert re.search(rf"^{line.split()[1]}:", makefile, flags=re.M)
        else:
            assert line == "source .venv/bin/activate"


@pytest.mark.tensorflow
def test_every_command_of_the_readme_runs(folder):
    place, url = folder
    assert len(PYTHON) >= 8
    for line in PYTHON:
        words = shlex.split(line)[1:]
        if words[0] == "cmd/train":
            words += [word for change in SMALL for word in ("--set", change)]
        done = subprocess.run(
            [sys.executable, *words],
            cwd=place,
            env={"PATH": "/usr/bin:/bin", "MLEQ_USGS_URL": url, "HOME": str(place)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert done.stdout.strip()
    for file in ("out/tokyo/summary.json", "out/tokyo/report.html", "out/predictions.json", "out/mycity/report.html"):
        assert (place / file).is_file()


def test_the_python_of_the_readme_runs(folder):
    place, _ = folder
    for block in blocks("python"):
        done = subprocess.run([sys.executable, "-c", block], cwd=place, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "(10, 8, 8, 3)" in done.stdout


def test_pictures_are_there():
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (CLONE / picture).is_file()
