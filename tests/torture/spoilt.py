"""Spoilt recipes and files, tried by the thousand: every one ends in an answer or in one clear message.

Trials run in a child process that tells the outcome of each, so that one that kills its process is counted and the rest
goes on.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from torture.mutation import spoil_json
from torture.readers import FORMATS

from mleq.errors import Mistake, MleqError

PATIENCE_S = 120


@dataclass
class Count:
    """What came of some trials.

    Attributes
    ----------
    answered, refused : int
        How many ended in an answer, and in a clear message.
    bad : dict of str to list of int
        The seeds of those that ended otherwise, by what happened.
    """

    answered: int = 0
    refused: int = 0
    bad: dict[str, list[int]] = field(default_factory=dict)

    def add(self, seed: int, outcome: str) -> None:
        """Count one trial."""
        if outcome == "answered":
            self.answered += 1
        elif outcome == "refused":
            self.refused += 1
        else:
            self.bad.setdefault(outcome, []).append(seed)

    @property
    def trials(self) -> int:
        """All of them."""
        return self.answered + self.refused + sum(map(len, self.bad.values()))


def outcome_of(call: Callable[[], object]) -> str:
    """Say how a call ended: "answered", "refused", or the last line of its traceback with the place."""
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
            warnings.simplefilter("ignore")
            call()
    except SystemExit as leaving:
        if "Traceback" in said.getvalue():
            return "a traceback was shown"
        code = leaving.code or 0
        return {0: "answered", 2: "refused"}.get(code, f"exit code {code}: {said.getvalue().strip()[-300:]}")
    except Mistake:
        return "refused"
    except MleqError as error:
        return f"exit code 1 for a person's mistake: {error}"
    except Exception as error:
        place = next((f for f in reversed(traceback.extract_tb(error.__traceback__)) if "mleq" in f.filename), None)
        return (
            f"{type(error).__name__}: {str(error)[:200]} ({Path(place.filename).name}:{place.lineno})"
            if place
            else repr(error)
        )
    return "answered"


def spoilt_file(name: str, folder: Path) -> Callable[[int], str]:
    """Return a trial: one file of a format is spoilt by a seed and read."""
    kind = FORMATS[name]
    sound = folder / "sound"
    sound.mkdir()
    path = kind.make(sound).relative_to(sound)
    kind.read(sound / path)

    def trial(seed: int) -> str:
        draw = np.random.default_rng(seed)
        copy = folder / f"spoilt{seed}"
        shutil.copytree(sound, copy)
        shutil.rmtree(copy / "store", ignore_errors=True)
        pieces = sorted(p for p in (copy / path).rglob("*") if p.is_file()) or [copy / path]
        piece = pieces[int(draw.integers(len(pieces)))]
        if len(pieces) > 1 and draw.random() < 0.1:
            piece.unlink()
        else:
            piece.write_bytes(kind.spoil(piece.read_bytes(), draw))
        outcome = outcome_of(lambda: kind.read(copy / path))
        shutil.rmtree(copy)
        return outcome

    return trial


def spoilt_recipe(folder: Path) -> Callable[[int], str]:
    """Return a trial: one shipped recipe is spoilt by a seed and checked by the command line, without a store."""
    from mleq.cli import main
    from mleq.recipe.entries import shelf_files

    shipped = [entry for file in shelf_files() for entry in json.loads(file.read_text("utf-8"))["recipes"]]

    def trial(seed: int) -> str:
        draw = np.random.default_rng(seed)
        entry = shipped[int(draw.integers(len(shipped)))]
        path = folder / "recipe.json"
        path.write_text(spoil_json({"format": 1, "recipes": [entry]}, draw), encoding="utf-8")
        words = ["check", "--recipe_id", entry["id"], "--recipe", str(path), "--data_dir", str(folder / "none")]
        sys.argv = ["mleq", *words]
        return outcome_of(main)

    return trial


def tried(make: Callable[[Path], Callable[[int], str]], seeds: Iterable[int]) -> Count:
    """Try seeds one after another in a child process; where the child dies or hangs, count that and begin another."""
    count, left = Count(), list(seeds)
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        while left:
            results, theirs = context.Pipe(duplex=False)
            work = Path(tempfile.mkdtemp(dir=folder))
            child = context.Process(target=_child, args=(make, work, left, theirs), daemon=True)
            child.start()
            theirs.close()
            assert results.recv() == "ready"  # fails where the sound files cannot be read
            try:
                while left:
                    if not results.poll(PATIENCE_S):
                        raise TimeoutError
                    outcome = results.recv()
                    count.add(left.pop(0), outcome)
            except (EOFError, TimeoutError) as end:
                child.kill()
                child.join()
                died = f"the process died ({child.exitcode})"
                count.add(left.pop(0), died if isinstance(end, EOFError) else f"no end after {PATIENCE_S} s")
            child.join()
    return count


def _child(make, folder: Path, seeds: list[int], results) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir(folder)
    trial = make(folder)
    results.send("ready")
    for seed in seeds:
        results.send(trial(seed))
