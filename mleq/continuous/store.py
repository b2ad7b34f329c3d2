"""Work that is done chunk by chunk: what is finished lies in a file of its own and is not done again."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mleq import atomic, progress, spread
from mleq.continuous.windows import Chunk

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class ChunkStore:
    """Arrays of each chunk in a folder; a file that is there is whole, since it is renamed into its place.

    Attributes
    ----------
    folder : pathlib.Path
    """

    folder: Path

    def path(self, chunk: Chunk) -> Path:
        """The file of a chunk: its presence says that the chunk is done."""
        return self.folder / f"{chunk.name}.npz"

    def complete(self, chunks: Sequence[Chunk], make: Callable[[Chunk], Arrays], label: str) -> None:
        """Make what is missing, by whatever makes many calls at the time (`mleq.spread`).

        Parameters
        ----------
        chunks : sequence of Chunk
        make : callable
            (chunk) -> its arrays by name; can be pickled where chunks are made in other processes, which then see
            the store's folder.
        label : str
            What is being done.
        """
        missing = [chunk for chunk in chunks if not self.path(chunk).exists()]
        done = sum(chunk.windows for chunk in chunks) - sum(chunk.windows for chunk in missing)
        with progress.task(label, total=sum(chunk.windows for chunk in chunks), unit="windows") as task:
            task.advance(done)
            for windows in spread.many()(partial(self.keep, make), missing):
                task.advance(windows)

    def keep(self, make: Callable[[Chunk], Arrays], chunk: Chunk) -> int:
        """Make and write the arrays of a chunk; return its number of windows."""
        with atomic.beside(self.path(chunk)) as temporary:
            np.savez(temporary, **make(chunk))
        return chunk.windows

    def read(self, chunk: Chunk) -> Arrays:
        """Return the arrays of a chunk; a damaged file is removed, so that the next run makes it again."""
        try:
            with np.load(self.path(chunk)) as held:
                return {name: held[name] for name in held.files}
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            self.path(chunk).unlink(missing_ok=True)
            raise_damaged(self.path(chunk), error)

    def all(self, chunks: Sequence[Chunk]) -> Iterator[Arrays]:
        """Yield the arrays of chunks one after the other."""
        return (self.read(chunk) for chunk in chunks)


def raise_damaged(path: Path, error: Exception) -> None:
    """Say that a file of the work was damaged and is gone."""
    from mleq.errors import Failure

    raise Failure(f"{path} is damaged ({error}) and was removed", remedy="give the same command again") from None
