"""`mleq serve`."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from mleq.cli import common


@common.door("serve", "look at all results in a browser")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free.")
@common.out_dir
def command(port: int, out_dir: Path) -> None:
    """Show all pages on 127.0.0.1, to this machine alone, and redraw them when a run or a forecast is added.

    Ends with Ctrl-C.

    \b
    Examples:
      mleq serve
      mleq serve --port 8080 --out_dir elsewhere
    """
    from mleq.report import serve

    with serve.serving(out_dir, port) as address:
        click.echo(f"{address} shows {out_dir}; Ctrl-C ends it")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("ended", err=True)
