"""What all pages of a folder of results share, written once beside them: the script and the land of the maps."""

from __future__ import annotations

from pathlib import Path

from mleq import atomic

HERE = Path(__file__).parent / "assets"
NAMES = ("mleq.js", "land.svg")
FOLDER = "assets"


def write(out_dir: Path) -> Path:
    """Lay the shared files down in out/assets; a file that is there as it should be is left alone."""
    folder = Path(out_dir) / FOLDER
    for name in NAMES:
        content, path = (HERE / name).read_bytes(), folder / name
        if not path.is_file() or path.read_bytes() != content:
            atomic.write_bytes(path, content)
    return folder


def text(name: str) -> str:
    """Return the content of a shared file, for pages that are sent alone."""
    return (HERE / name).read_text(encoding="utf-8")
