import os
import random
import subprocess
import sys
import threading

import numpy as np
import pytest

from mleq.errors import Failure
from mleq.experiment import backend


@pytest.mark.tensorflow
def test_import_is_quiet_late_and_deterministic():
    code = (
        "import sys; from mleq.experiment import backend, network, training, batches; from mleq.forecast import "
        "networks, resampling; assert not {'tensorflow', 'keras', 'sklearn', 'imblearn'} & set(sys.modules);"
        "backend.bound_threads(1); keras = backend.load_keras(); assert backend.device_names();"
        "keras.layers.Dense(2)(keras.ops.ones((2, 2))); import tensorflow as tf;"
        "assert tf.config.threading.get_intra_op_parallelism_threads() == 1;"
        "from tensorflow.python.framework import config; assert config.is_op_determinism_enabled();"
        "backend.bound_threads(2)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.strip() == "TensorFlow is already at work; its threads stay as they are, not 2"


@pytest.mark.tensorflow
def test_weights_depend_on_the_seed_alone_though_another_thread_draws_random_numbers():
    def weights(seed: int) -> np.ndarray:
        layer = backend.seeded_keras(seed).layers.Dense(3)
        layer.build((None, 4))
        return layer.kernel.numpy()

    alone, other, over = weights(1), weights(2), threading.Event()
    racing = threading.Thread(target=lambda: [random.random() for _ in iter(over.is_set, True)])
    racing.start()
    try:
        again = [weights(1) for _ in range(20)]
    finally:
        over.set()
        racing.join()
    assert all((one == alone).all() for one in again)
    assert (other != alone).any()


@pytest.mark.tensorflow
def test_a_device_has_a_name_and_threads_are_not_changed_once_at_work(caplog):
    keras = backend.load_keras()
    keras.ops.ones((2, 2))
    assert backend.device_names()[0].partition(":")[0] in ("CPU", "GPU")
    backend.bound_threads(3)
    assert "threads stay as they are, not 3" in caplog.text


def test_without_keras_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    backend.load_keras.cache_clear()
    try:
        with pytest.raises(Failure, match="Keras on TensorFlow cannot be loaded.*make env"):
            backend.load_keras()
    finally:
        backend.load_keras.cache_clear()


def test_what_is_written_to_descriptor_2_goes_to_the_log_below_what_v_shows(caplog, capfd):
    caplog.set_level("DEBUG", logger="mleq")
    with backend._stderr_to_log():
        os.write(2, b"unseen\n")
    assert caplog.text == ""
    caplog.set_level(backend.CHATTER, logger="mleq")
    with backend._stderr_to_log():
        os.write(2, b"from below\n")
    assert "tensorflow: from below" in caplog.text
    assert capfd.readouterr().err == ""
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_without_a_descriptor_2_nothing_is_held_back(monkeypatch):
    def closed(number):
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    with backend._stderr_to_log():
        pass
