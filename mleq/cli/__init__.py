"""The command line: `mleq NAME` and `python cmd/NAME` are the same function.

Each command is a module of this folder with a click command named `command`, imported only when it is asked for;
what takes long to import is imported inside it.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module

import click

import mleq
from mleq.errors import Mistake, MleqError

COMMANDS = {
    "init": "lay down recipe.json and the shelf in a folder",
    "new": "write a recipe for a place",
    "recipes": "list the recipes there are",
    "check": "validate a recipe and print its plan and cost",
    "fetch": "bring the catalogue store up to date",
    "catalog": "say what the store holds and how complete it is",
    "train": "train a recipe and say what its forecast is worth",
    "backtest": "walk forward: train on the past, forecast the next year, and again",
    "sweep": "train many configurations, and say what the best of so many is worth",
    "predict": "forecast days with a trained recipe",
    "odds": "answer one question: how likely, here, this strong, this soon",
    "report": "redraw a run's page",
    "serve": "look at all results in a browser",
    "ledger": "check the record of issued forecasts, and see how they did",
    "nightly": "one line for cron: fetch, forecast, score, redraw",
    "prune": "remove old runs, after asking",
}
"""Every command with the line that `mleq --help` shows, in the order in which a new user meets them."""


class _Doors(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return import_module(f"mleq.cli.{name}").command

    def resolve_command(self, context: click.Context, args: list[str]):
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from mleq.recipe.mistakes import did_you_mean  # with all of pydantic, which takes a quarter of a second

            context.fail(f"no command '{args[0]}'{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


NO_MEMORY = (
    "mleq: failed: too little memory is free. `mleq check --recipe_id ID` says how much a training takes: close other "
    "programs, or make the recipe smaller (cells of its grid, window_days, filters, batch_size, circles of a pool). "
    "What was finished is kept; the same command goes on from there"
)


@click.group(cls=_Doors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mleq.__version__, prog_name="mleq")
def mleq_group() -> None:
    """Forecast earthquakes from a recipe, and learn what the forecast is worth.

    Begin with `mleq recipes`, `mleq check --recipe_id tokyo`, `mleq train --recipe_id demo`.
    mleq is no warning system: for warnings follow the agency responsible where you are.
    """


def main(door: str | None = None) -> None:
    """Run the command line; mistakes and failures end in one message and an exit code.

    Parameters
    ----------
    door : str, optional
        The command, where a door in cmd/ is called; else the first argument names it.
    """
    # Imports make hundreds of thousands of objects that stay; looking for garbage among them takes a tenth of a second.
    gc.set_threshold(50_000, 20, 100)
    words, written_to = ([door] if door else []) + sys.argv[1:], sys.stdout
    try:
        code = mleq_group.main(words, prog_name="mleq", standalone_mode=False)
    except click.NoSuchOption as error:
        if error.ctx and any(option.name == "changes" for option in error.ctx.command.params):
            error.message += " Settings of a recipe are changed by --set PATH=VALUE, e.g. --set model.epochs=5"
        error.show()
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except MleqError as error:
        click.echo(_message(error), err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks twice is answered once
        click.echo("\nstopped; the same command goes on from what was finished", err=True)
        code = 130
    except SystemExit as leaving:  # click's own way out, and it puts another stdout where the reader has seen enough
        code = leaving.code if sys.stdout is written_to else 0
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        click.echo(f"mleq: failed: {error.strerror or error}: {error.filename or 'standard output'}", err=True)
        code = 1
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "mleq":
            raise
        click.echo(
            f"mleq: the Python package '{error.name}' is not installed in {sys.executable}'s environment. "
            "`make env` in the clone makes one with everything (then use .venv/bin/python), or `pip install .`",
            err=True,
        )
        code = 1
    except Exception as error:
        if not _wants_memory(error):
            raise
        click.echo(NO_MEMORY, err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _wants_memory(error: Exception) -> bool:
    """Whether an error is Python's, TensorFlow's or XGBoost's way to say that memory ran out."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    return named or "bad_alloc" in str(error)


def _message(error: MleqError) -> str:
    head = "mleq: " if isinstance(error, Mistake) else "mleq: failed: "
    return head + str(error)
