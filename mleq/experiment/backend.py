"""The one door to Keras: imported late, without chatter, and deterministic."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from mleq.errors import Failure

log = logging.getLogger("mleq")

CHATTER = logging.DEBUG // 2
"""Level of what C++ libraries say of themselves as they are loaded: below DEBUG, which -v shows."""

_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "ERROR", "ABSL_MIN_LOG_LEVEL": "3"}


@cache
def load_keras() -> ModuleType:
    """Import Keras on TensorFlow, silence its log lines, and ask for deterministic operations.

    Every room takes Keras from here, inside the function that needs it, so that `--help` and `check` never wait
    for it.

    Returns
    -------
    module
        `keras`.

    Raises
    ------
    Failure
        If Keras or TensorFlow is not installed or cannot be loaded.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if "keras" not in sys.modules:
        # Training is resumed bit for bit on TensorFlow; another backend named in ~/.keras is not wanted here.
        os.environ["KERAS_BACKEND"] = "tensorflow"
    try:
        with _stderr_to_log():
            import keras
            import tensorflow
    except ImportError as error:
        raise Failure(
            f"Keras on TensorFlow cannot be loaded: {error}",
            remedy="`make env`, or `pip install tensorflow keras`, provides both",
        ) from None
    tensorflow.get_logger().setLevel(logging.ERROR)
    # Costs nothing measurable on CPUs; on GPUs it is what makes a resumed run equal to an uninterrupted one.
    tensorflow.config.experimental.enable_op_determinism()
    return keras


def seeded_keras(seed: int) -> ModuleType:
    """Seed all generators, and give Keras one of its own for the seeds of layers.

    Keras draws those from Python's global generator, of which other threads of the process draw as well: the event loop
    of a Dask worker does, and now and then two trainings with one seed began with different weights.

    Parameters
    ----------
    seed : int

    Returns
    -------
    module
        `keras`.
    """
    keras = load_keras()
    keras.utils.set_random_seed(seed)
    from keras.src.random import seed_generator

    seed_generator.python_random = random.Random(seed)
    return keras


def read_network(path: Path) -> Any:
    """Read a network for forecasts, in Keras's safe mode: one that holds code is refused.

    Parameters
    ----------
    path : pathlib.Path
        A .keras file.

    Raises
    ------
    Failure
        If it cannot be read.
    """
    try:
        return load_keras().saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever a damaged file, or one with code in it, makes of it
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise Failure(f"the network {path} cannot be read: {reason}", remedy="train the recipe again") from error


@contextlib.contextmanager
def _stderr_to_log() -> Iterator[None]:
    """Send what C++ libraries write to file descriptor 2 in this block to the log, at the level `CHATTER`.

    Their first lines come before any log level is read, so only the descriptor itself can hold them back.
    """
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught.read().decode(errors="replace").splitlines():
                log.log(CHATTER, "tensorflow: %s", line)


def bound_threads(threads: int) -> None:
    """Let TensorFlow use at most so many threads; to be called before the first operation.

    Parameters
    ----------
    threads : int
        At least 1, for each of the two thread pools (within an operation and between operations).
    """
    load_keras()
    import tensorflow

    try:
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        log.warning("TensorFlow is already at work; its threads stay as they are, not %d", threads)


def device_names() -> list[str]:
    """Return the devices that TensorFlow sees, best first: ["GPU: NVIDIA A100"] or ["CPU"]."""
    load_keras()
    import tensorflow

    gpus = tensorflow.config.list_physical_devices("GPU")
    named = [tensorflow.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus]
    return [f"GPU: {name}" for name in named] or ["CPU"]
