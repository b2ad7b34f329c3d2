"""A folder of results in a browser of this machine: nothing else may ask, and nothing outside the folder is given."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mleq.errors import MleqError, RequestError
from mleq.report import shelf, site

log = logging.getLogger("mleq")

ADDRESS = "127.0.0.1"
LOOK_EVERY_S = 2.0

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",
    ".head": "text/plain; charset=utf-8",
    ".geojson": "application/geo+json",
    ".csv": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".parquet": "application/octet-stream",
    ".keras": "application/octet-stream",
    ".png": "image/png",
}
"""What is given, by the end of its name; anything else is not there."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


@contextmanager
def serving(out_dir: Path, port: int = 0) -> Iterator[str]:
    """Serve a folder of results on 127.0.0.1 while the block runs, and redraw its pages when something changes.

    Parameters
    ----------
    out_dir : pathlib.Path
        Folder of all results.
    port : int, optional
        0 for any that is free.

    Yields
    ------
    str
        The address of the shelf's page.

    Raises
    ------
    RequestError
        If there is no such folder, or the port is taken.
    """
    root = Path(out_dir).resolve()
    if not root.is_dir():
        raise RequestError(f"no folder {out_dir}", remedy="train a recipe first: python cmd/train --recipe_id demo")
    try:
        server = ThreadingHTTPServer((ADDRESS, port), _handler(root))
    except (OSError, OverflowError) as error:
        raise RequestError(f"port {port} of {ADDRESS}: {error}", remedy="choose another with --port") from None
    server.daemon_threads = True
    over = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, daemon=True),
        threading.Thread(target=_watch, args=(root, over), daemon=True),
    ]
    _redraw(root)
    for thread in threads:
        thread.start()
    try:
        yield f"http://{ADDRESS}:{server.server_address[1]}/"
    finally:
        over.set()
        server.shutdown()
        server.server_close()


def _watch(root: Path, over: threading.Event) -> None:
    while not over.wait(LOOK_EVERY_S):
        _redraw(root)


def _redraw(root: Path) -> None:
    """Draw what is stale; what fails is said, and tried again at the next look."""
    try:
        site.draw_stale(root)
    except MleqError as error:
        log.warning("%s", error)


def inside(root: Path, path: str) -> Path | None:
    """Return the file that a request's path means, or None: outside the folder, hidden, of no known kind, or not there.

    Parameters
    ----------
    root : pathlib.Path
        Resolved.
    path : str
        Of the request, percent signs and all.
    """
    words = unquote(urlsplit(path).path).lstrip("/") or shelf.PAGE
    if "\0" in words or "\\" in words or any(part.startswith(".") for part in words.split("/")):
        return None
    try:
        found = (root / words).resolve(strict=True)
    except (OSError, ValueError):
        return None
    allowed = found.is_relative_to(root) and found.is_file() and found.suffix in TYPES
    return found if allowed else None


def _handler(root: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "mleq", ""
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            # A name that another site gave to this address (DNS rebinding) is no name of ours.
            name = (self.headers.get("Host") or "").rpartition(":")[0]
            if name not in (ADDRESS, "localhost"):
                self._send(HTTPStatus.FORBIDDEN, b"this server answers to 127.0.0.1 alone\n", "text/plain", body)
                return
            path = inside(root, self.path)
            if path is None:
                self._send(HTTPStatus.NOT_FOUND, b"not here\n", "text/plain", body)
                return
            try:
                content, changed = path.read_bytes(), path.stat().st_mtime_ns
            except OSError:
                self._send(HTTPStatus.NOT_FOUND, b"not here\n", "text/plain", body)
                return
            if path.suffix == ".html":
                content = content.replace(b"<body>", b"<body data-served>", 1)
            self._send(HTTPStatus.OK, content, TYPES[path.suffix], body, tag=f'"{changed:x}-{len(content):x}"')

        def _send(self, status: HTTPStatus, content: bytes, kind: str, body: bool, tag: str = "") -> None:
            self.send_response(status)
            for key, value in HEADERS.items():
                self.send_header(key, value)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if tag:
                self.send_header("ETag", tag)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            log.debug(format, *arguments)

    return Handler
