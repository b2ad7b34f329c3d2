"""What training leaves after each epoch, so that it can be stopped at any moment and go on."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from mleq import atomic

log = logging.getLogger("mleq")

HISTORY = "history.csv"
_STATE = "training.json"


@dataclass(frozen=True)
class Progress:
    """Where training stands after an epoch (counted from 1; 0: none yet).

    Attributes
    ----------
    key : str
        Hash of all that decides the result; a state with another key is of another experiment.
    epoch : int
        Epochs completed.
    best_epoch : int
    best_loss : float
        Validation log loss after the best epoch.
    """

    key: str
    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")


class Checkpoint:
    """The states of a training run in its folder: the last epoch's and the best one's.

    `training.json` is written last and says which epoch is complete, so that a kill between two writes leaves the
    epoch before.

    Parameters
    ----------
    folder : path-like
        Made when it is first written to; other files in it are left alone.
    key : str
        See `Progress`.
    """

    def __init__(self, folder, key: str):
        self.folder, self.key = Path(folder), key

    def model_path(self, epoch: int) -> Path:
        """Return the file of the model, with its optimizer, after an epoch."""
        return self.folder / f"epoch-{epoch:05d}.keras"

    def read(self) -> tuple[Progress, pd.DataFrame]:
        """Return where training stands and its history; the beginning where nothing usable is left."""
        fresh = Progress(self.key), pd.DataFrame()
        try:
            found = Progress(**json.loads((self.folder / _STATE).read_text(encoding="utf-8")))
            history = pd.read_csv(self.folder / HISTORY)
        except FileNotFoundError:
            return fresh
        except (ValueError, TypeError, OSError) as error:
            log.warning("the training state in %s cannot be read (%s); training starts anew", self.folder, error)
            return fresh
        if found.key != self.key:
            log.info("recipe, catalogue or seed changed since training was stopped: it starts anew")
            return fresh
        if not all(self.model_path(epoch).is_file() for epoch in (found.epoch, found.best_epoch)):
            log.warning("a model of the stopped training is missing in %s; training starts anew", self.folder)
            return fresh
        return found, history[history["epoch"] <= found.epoch].reset_index(drop=True)

    def write(self, model, state: Progress, history: pd.DataFrame) -> None:
        """Store an epoch: model first, then history, then the line that says it is complete.

        Raises
        ------
        StorageError
            If it cannot be written; the epoch before stays usable.
        """
        with atomic.beside(self.model_path(state.epoch)) as temporary:
            model.save(temporary)
        with atomic.beside(self.folder / HISTORY) as temporary:
            history.to_csv(temporary, index=False)
        atomic.write_json(self.folder / _STATE, asdict(state))
        self._remove_models({self.model_path(state.epoch), self.model_path(state.best_epoch)})

    def _remove_models(self, keep: set[Path]) -> None:
        for path in [*self.folder.glob("epoch-*.keras"), *self.folder.glob(".epoch-*.keras")]:
            if path not in keep:
                path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the models and the state once they are no longer needed; the history stays."""
        self._remove_models(set())
        (self.folder / _STATE).unlink(missing_ok=True)
