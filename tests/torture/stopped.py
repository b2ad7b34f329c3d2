"""Commands killed at random moments, starved of disk, or given twice: is anything lost, or left half-written?"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from torture.jobs import JOBS, Job, run, typed


@dataclass
class Harm:
    """What was tried how often, and what it broke."""

    tried: int = 0
    tracebacks: int = 0
    wrong_codes: int = 0
    lost: int = 0
    half_written: int = 0
    differing: int = 0
    said: str = ""

    @property
    def total(self) -> int:
        """All that was broken."""
        return self.tracebacks + self.wrong_codes + self.lost + self.half_written + self.differing

    def judge(self, done, codes: tuple[int, ...]) -> None:
        """Look at how a command ended."""
        shown = "Traceback (most recent" in done.stderr
        self.tracebacks += shown
        wrong = done.returncode not in codes
        self.wrong_codes += wrong
        if shown or wrong:
            self.said = f"exit code {done.returncode}: {done.stderr[-600:]}"


def same(one, other) -> bool:
    """Whether two results are equal, bit for bit."""
    return one.equals(other) if isinstance(one, pd.DataFrame) else one == other


def finished(folder: Path) -> dict[str, str]:
    """The files of finished runs and the fetched parts of the store, by content: these must never change or go."""
    kept = [p for p in (folder / "out").glob("*/runs/*/*") if not p.parent.name.startswith(".") and p.is_file()]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in kept}


def unreadable(folder: Path) -> list[Path]:
    """Files that a later command would read, and cannot."""
    bad = []
    for path in sorted([*(folder / "out").rglob("*"), *(folder / "data").rglob("*")]):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        try:
            if hidden or not path.is_file():
                continue
            if path.suffix in (".json", ".geojson"):
                json.loads(path.read_bytes())
            elif path.suffix == ".jsonl":
                for line in path.read_bytes().splitlines():
                    json.loads(line)
            elif path.suffix == ".parquet":
                pd.read_parquet(path)
        except FileNotFoundError:
            continue
        except (ValueError, OSError):
            bad.append(path)
    return bad


def killed(job: Job, folder: Path, times: int, seed: int = 0) -> Harm:
    """Kill a command again and again at random moments, going on each time; then let it end and compare."""
    harm, draw = Harm(), np.random.default_rng(seed)
    job.prepare(folder / "prepared")
    shutil.copytree(folder / "prepared", folder / "sound")
    with job.answering() as variables:
        began = time.monotonic()
        whole = run(job.words, folder / "sound", variables)
        lasting = time.monotonic() - began
        assert whole.returncode == 0, whole.stderr
        expected = job.result(folder / "sound")
        number = 0
        while harm.tried < times:
            number += 1
            here = folder / f"killed{number}"
            shutil.copytree(folder / "prepared", here)
            there = finished(here)
            while harm.tried < times:
                # What goes on is shorter: late moments are met there, and few commands end before they are killed.
                ended = _killed_once(job, here, variables, draw.uniform(0.05, 0.6 * lasting))
                harm.tried += not ended
                now = finished(here)
                harm.lost += sum(now.get(name) != content for name, content in there.items())
                there = now
                bad = unreadable(here)
                harm.half_written += len(bad)
                if bad:
                    harm.said = f"half-written: {bad[0]}"
                if ended:
                    break
            harm.judge(run(job.words, here, variables), (0,))
            if not same(job.result(here), expected):
                harm.differing += 1
                harm.said = "the result differs from that of a command that was never stopped"
            shutil.rmtree(here)
    return harm


def _killed_once(job: Job, folder: Path, variables: dict[str, str], after_s: float) -> bool:
    """Start a command and kill all its processes after a while; return whether it had ended by itself."""
    environment = {**os.environ, **variables, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        typed(job.words), cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    return process.returncode == 0


def small_files(job: Job, folder: Path, limits: tuple[int, ...] = (1_000, 20_000, 200_000)) -> Harm:
    """Give a command under limits of the size of files: it fails in one message, and goes on without them."""

    def starved(limit: int) -> Callable[[], None]:
        def limited() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does: writing then fails with an error
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

        return limited

    return _hindered(job, folder, [{"preexec_fn": starved(limit)} for limit in limits])


def memory_as_promised(job: Job, folder: Path) -> Harm:
    """Give a command no more memory than `check` promised: it ends as if there were more."""
    harm = Harm()
    job.prepare(folder / "sound")
    shutil.copytree(folder / "sound", folder / "bounded")
    promised = int(1e6 * job.promised_mb(folder / "sound"))

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (promised, promised))

    with job.answering() as variables:
        assert run(job.words, folder / "sound", variables).returncode == 0
        harm.tried += 1
        # Arrow's own allocator reserves a GiB of addresses, used or not, and the bound counts them.
        plain = variables | {"ARROW_DEFAULT_MEMORY_POOL": "system"}
        harm.judge(run(job.words, folder / "bounded", plain, preexec_fn=bounded), (0,))
        harm.half_written += len(unreadable(folder / "bounded"))
        if not harm.total:
            harm.differing += not same(job.result(folder / "bounded"), job.result(folder / "sound"))
    return harm


def full_disk(job: Job, folder: Path, megabytes: tuple[float, ...] = (0.1, 1.0)) -> Harm | None:
    """Give a command on a file system with so much left beside what it needs; None where none can be mounted."""
    harm = Harm()
    for left in megabytes:
        small, sound = folder / f"small{left}", folder / f"sound{left}"
        job.prepare(sound)
        small.mkdir(parents=True)
        pages = sum(file.stat().st_size // 4096 + 2 for file in sound.rglob("*"))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={4 * pages + int(left * 1024)}k", "none", str(small)]
        if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
            return None
        try:
            shutil.copytree(sound, small, dirs_exist_ok=True)
            _judge_hindered(harm, job, small, {}, go_on=False)
        finally:
            subprocess.run(["umount", "-l", str(small)], capture_output=True)
    return harm


def read_only(job: Job, folder: Path) -> Harm | None:
    """Give a command where neither out/ nor data/ may be written to; None for those who may all the same, as root."""
    job.prepare(folder)
    places, harm = [folder / "out", folder / "data"], Harm()
    for place in places:
        place.mkdir(exist_ok=True)
        place.chmod(0o500)
    try:
        if os.access(folder / "out", os.W_OK):
            return None
        with job.answering() as variables:
            harm.tried += 1
            harm.judge(run(job.words, folder, variables), (1,))
    finally:
        for place in places:
            place.chmod(0o700)
    return harm


def _hindered(job: Job, folder: Path, hindrances: list[dict]) -> Harm:
    harm = Harm()
    for number, hindrance in enumerate(hindrances):
        here = folder / f"hindered{number}"
        job.prepare(here)
        _judge_hindered(harm, job, here, hindrance)
    return harm


def _judge_hindered(harm: Harm, job: Job, here: Path, hindrance: dict, go_on: bool = True) -> None:
    there = finished(here)
    with job.answering() as variables:
        harm.tried += 1
        harm.judge(run(job.words, here, variables, **hindrance), (0, 1))
        harm.lost += sum(finished(here).get(name) != content for name, content in there.items())
        bad = unreadable(here)
        harm.half_written += len(bad)
        if bad:
            harm.said = f"half-written: {bad[0]}"
        if go_on:
            harm.judge(run(job.words, here, variables), (0,))


def twice_at_once(job: Job, folder: Path, times: int = 2) -> Harm:
    """Give a command twice at once: both end well, or one says that the other is at it; the result is the same."""
    harm = Harm()
    with job.answering() as variables:
        job.prepare(folder / "sound")
        assert run(job.words, folder / "sound", variables).returncode == 0
        expected = job.result(folder / "sound")
        for number in range(times):
            here = folder / f"twice{number}"
            job.prepare(here)
            environment = {**os.environ, **variables, "TF_CPP_MIN_LOG_LEVEL": "3"}
            both = [
                subprocess.Popen(typed(job.words), cwd=here, env=environment, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                for _ in range(2)
            ]  # fmt: skip
            codes = []
            for process in both:
                out, err = process.communicate()
                harm.judge(subprocess.CompletedProcess(process.args, process.returncode, out, err), (0, 1, 2))
                codes.append(process.returncode)
            harm.tried += 1
            harm.wrong_codes += 0 not in codes
            harm.half_written += len(unreadable(here))
            harm.differing += not same(job.result(here), expected)
            shutil.rmtree(here)
    return harm


__all__ = ["JOBS", "Harm", "full_disk", "killed", "memory_as_promised", "read_only", "small_files", "twice_at_once"]
