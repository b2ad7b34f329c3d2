"""What the commands share: options, and how notes and progress are shown on stderr."""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mleq import progress
from mleq.errors import MleqError, RequestError

CONTEXT = {
    "help_option_names": ["-h", "--help"],
    "token_normalize_func": lambda token: token.replace("-", "_"),
    "max_content_width": 110,
}
"""Context settings of every command: options are spelled with underscores, hyphens work too."""

EXISTING = click.Path(path_type=Path)


def door(name: str, help_line: str = "", *, quiet: bool = False) -> Callable:
    """Make a click command with the context that all commands share, and with -q and -v.

    One that is `quiet` says nothing but the answer and what went wrong unless -v is given.
    """
    always = quiet

    def decorate(function: Callable) -> click.Command:
        @click.option("-q", "--quiet", is_flag=True, help="Say nothing but the answer and what went wrong.")
        @click.option("-v", "--verbose", is_flag=True, help="Say more of what is done.")
        @functools.wraps(function)
        def shown(*args: Any, quiet: bool, verbose: bool, **kwargs: Any) -> Any:
            with showing(quiet=(quiet or always) and not verbose, verbose=verbose):
                return function(*args, **kwargs)

        return click.command(name, context_settings=CONTEXT, short_help=help_line or None)(shown)

    return decorate


def known_ids(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Ids of recipes that begin so, for completion in a shell; none where a file has a mistake."""
    from mleq.recipe import find_entries

    try:
        return [
            e.raw["id"] for e, _ in find_entries(context.params.get("recipe_file")) if e.raw["id"].startswith(begun)
        ]
    except MleqError:
        return []


recipe_file = click.option(
    "--recipe", "recipe_file", type=EXISTING, help="Recipe file instead of recipe.json of this folder."
)
recipe_id = click.option("--recipe_id", required=True, help="Id of the recipe.", shell_complete=known_ids)
changes = click.option(
    "--set", "changes", multiple=True, metavar="PATH=VALUE", help="Change one setting, e.g. model.epochs=5."
)


def _refuse_file(context: click.Context, parameter: click.Parameter, path: Path) -> Path:
    if path.is_file():
        raise RequestError(
            f"--{parameter.name} {path} is a file", expected="a folder, which is made where there is none"
        )
    return path


out_dir = click.option(
    "--out_dir",
    type=EXISTING,
    default=Path("out"),
    show_default=True,
    callback=_refuse_file,
    help="Folder of all results.",
)
data_dir = click.option(
    "--data_dir",
    type=EXISTING,
    envvar="MLEQ_DATA",
    default=Path("data"),
    show_default=True,
    callback=_refuse_file,
    help="Folder of the catalogue store (also from MLEQ_DATA).",
)
catalog_files = click.option(
    "--catalog",
    "files",
    multiple=True,
    type=EXISTING,
    metavar="FILE",
    help="Read events from this CSV, Parquet or QuakeML file instead of the store; repeatable.",
)
inputs = click.option(
    "--input",
    "inputs",
    multiple=True,
    type=EXISTING,
    metavar="FILE",
    help="Signals of a waveform recipe: a file or a folder; repeatable.",
)
scheduler = click.option(
    "--scheduler", metavar="ADDRESS", help="Address of a running Dask scheduler, tcp://host:8786 (docs/scaling.md)."
)


def workers(default: int | None = None) -> Callable:
    """Option --workers; without a default as many as the machine carries."""
    said = "as many as this machine carries" if default is None else str(default)
    return click.option(
        "--workers",
        type=click.IntRange(min=1),
        envvar="MLEQ_WORKERS",
        default=default,
        help=f"Processes on this machine (also from MLEQ_WORKERS). [default: {said}]",
    )


as_json = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")


def file_to_write(*names: str, help: str) -> Callable:  # noqa: A002, as click calls it
    """Option that names a file to write; a folder is refused before any work is done."""

    def refuse_folder(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
        if path is not None and path.is_dir():
            raise RequestError(
                f"{names[0]} {path} is a folder",
                expected="the name of a file to write",
                remedy="Add a name: FOLDER/FILE",
            )
        return path

    return click.option(*names, type=EXISTING, callback=refuse_folder, metavar="FILE", help=help)


def numbers(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...]:
    """Read an option of whole numbers with commas between them."""
    try:
        return tuple(int(word) for word in text.split(",")) if text else ()
    except ValueError:
        raise click.BadParameter(f"'{text}'; expected whole numbers with commas between them: 1,2,3") from None


def answer_json(value: Any) -> None:
    """Print a JSON answer on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


@contextmanager
def showing(*, quiet: bool = False, verbose: bool = False) -> Iterator[None]:
    """Show notes and progress on stderr while the block runs."""
    logger = logging.getLogger("mleq")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_NoteFormatter())
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    try:
        with progress.show_with(Bars() if not quiet else progress.SILENT):
            yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


class _NoteFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        return f"warning: {text}" if record.levelno >= logging.WARNING else text


class Bars:
    """Shows tasks on stderr: one rewritten line on a terminal, a line now and then elsewhere."""

    def open(self, label: str, total: float | None, unit: str) -> _Bar:
        """Begin a task; see `mleq.progress.Sink`."""
        return _Bar(label, total, unit)


class _Bar:
    def __init__(self, label: str, total: float | None, unit: str):
        self.label, self.total, self.unit = label, total, unit
        self.done, self.note, self.began = 0.0, "", time.monotonic()
        self.terminal = sys.stderr.isatty()
        self.pause = 0.1 if self.terminal else 15.0
        self.shown = self.began if not self.terminal else 0.0
        self.drawn = False

    def advance(self, amount: float = 1, note: str = "") -> None:
        self.done += amount
        self.note = note or self.note
        now = time.monotonic()
        if now - self.shown >= self.pause:
            self.shown, self.drawn = now, True
            self.write(self.line(now))

    def line(self, now: float) -> str:
        elapsed = max(now - self.began, 1e-9)
        rate = self.done / elapsed
        known = self.total is not None
        count = f"{self.done:,.0f}" + (f" of {self.total:,.0f}" if known else "") + f" {self.unit}".rstrip()
        parts = [f"{self.label}: {count}", f"{rate:,.1f} a second" if rate < 100 else f"{rate:,.0f} a second"]
        if known and 0 < self.done < self.total:
            parts.append(f"{_duration((self.total - self.done) / rate)} left")
        return ", ".join(parts + ([self.note] if self.note else []))

    def write(self, text: str) -> None:
        if self.terminal:
            width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
            sys.stderr.write("\r\x1b[K" + text[:width])
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        if self.terminal and self.drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
