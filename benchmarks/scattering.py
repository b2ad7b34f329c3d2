"""How fast and how exact the scattering transform is, beside kymatio's (NumPy) and scatseisnet's, in one run.

    python benchmarks/scattering.py --peers PYTHON

PYTHON is the interpreter of an environment that holds both (python -m venv peers; peers/bin/pip install kymatio
scatseisnet); they are used for this comparison alone. Every transform runs on one core, on the same white noise, in
pieces of a length that suits it; what it does is counted in samples of the record a second, in the order ours, peers,
ours. Without PYTHON only this project's figures are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
OCTAVES, PER_OCTAVE, SECOND_OCTAVES = 6, 8, 8
WINDOW = 1024
TRIALS = 3

PEERS = r"""
import json, sys, time, types
import numpy as np, scipy.special, scipy.fft, scipy.fftpack, scipy.signal
if not hasattr(scipy.special, "sph_harm"):
    scipy.special.sph_harm = None
noise = np.load(sys.argv[1])
settings = json.loads(sys.argv[2])
answer = {}
def best(work, samples):
    work()
    seconds = []
    for _ in range(settings["trials"]):
        began = time.perf_counter(); work(); seconds.append(time.perf_counter() - began)
    return samples / min(seconds)
try:
    from kymatio.scattering1d.frontend.numpy_frontend import ScatteringNumPy1D
    fastest = 0
    for length, batch in ((2**12, 32), (2**14, 8), (2**16, 2)):
        transform = ScatteringNumPy1D(J=settings["second_octaves"], Q=settings["per_octave"], shape=length)
        piece = noise[: length * batch].reshape(batch, length)
        rate = best(lambda: transform(piece), piece.size)
        if rate > fastest:
            meta = transform.meta()
            fastest = rate
            answer["kymatio"] = {"rate": rate, "length": length, "first": int((meta["order"] == 1).sum()),
                                 "second": int((meta["order"] == 2).sum())}
    transform = ScatteringNumPy1D(J=settings["second_octaves"], Q=settings["per_octave"], shape=2**15, T=0,
                                  max_order=1, out_type="list", oversampling=20)
    piece = noise[: 2**15].astype(np.float64)
    found = [one for one in transform(piece) if len(one["j"]) == 1]
    answer["kymatio_first"] = {
        "centres": [float(p["xi"]) for p in transform.psi1_f],
        "widths": [float(p["sigma"]) for p in transform.psi1_f],
        "means": [np.asarray(one["coef"]).reshape(-1, settings["window"]).mean(-1).tolist() for one in found]}
except Exception as error:
    answer["kymatio_error"] = f"{type(error).__name__}: {error}"
try:
    from scatseisnet import ScatteringNetwork
    fastest = 0
    for length in (1024, 4096, 16384):
        network = ScatteringNetwork(
            {"octaves": settings["octaves"], "resolution": settings["per_octave"]},
            {"octaves": settings["second_octaves"], "resolution": 1}, bins=length, sampling_rate=1.0)
        piece = noise[: 2**16].reshape(-1, 1, length).astype(np.float32)
        rate = best(lambda: network.transform(piece, reduce_type=np.mean), piece.size)
        if rate > fastest:
            fastest = rate
            first = settings["octaves"] * settings["per_octave"]
            answer["scatseisnet"] = {"rate": rate, "length": length, "first": first,
                                     "second": first * settings["second_octaves"]}
except Exception as error:
    answer["scatseisnet_error"] = f"{type(error).__name__}: {error}"
print(json.dumps(answer))
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--peers", type=Path, metavar="PYTHON", help="interpreter with kymatio and scatseisnet")
    given = options.parse_args()
    from mleq.continuous.filters import morlet_bank
    from mleq.continuous.scattering import Scattering

    scattering = Scattering(WINDOW, 1, morlet_bank(OCTAVES, PER_OCTAVE), morlet_bank(SECOND_OCTAVES, 1))
    noise = np.random.default_rng(0).standard_normal(2**21).astype(np.float32)
    before = rate_of(scattering, noise)
    peers = ask(given.peers, noise) if given.peers else {}
    after = rate_of(scattering, noise)
    ours = max(before, after)
    print("transform     first  second layer   million samples a second, one core")
    print(
        f"ours          {len(scattering.first):5}  {len(scattering.paths):12}   {ours / 1e6:.2f}"
        f" (before {before / 1e6:.2f}, after {after / 1e6:.2f} the peers; mean and maximum pooled)"
    )
    for name in ("kymatio", "scatseisnet"):
        if name in peers:
            one = peers[name]
            print(
                f"{name:12}  {one['first']:5}  {one['second']:12}   {one['rate'] / 1e6:.3f}"
                f" (in pieces of {one['length']}); ours is {min(before, after) / one['rate']:.1f} times as fast"
            )
        elif f"{name}_error" in peers:
            print(f"{name}: {peers[f'{name}_error']}")
    if "kymatio_first" in peers:
        print(agreement(noise, peers["kymatio_first"]))
    for line in pooled_error(scattering, noise[: 2**18]):
        print(line)


def rate_of(scattering, noise: np.ndarray) -> float:
    seconds = []
    scattering(noise[None, : 2**18])
    for _ in range(TRIALS):
        began = time.perf_counter()
        scattering(noise[None])
        seconds.append(time.perf_counter() - began)
    return noise.size / min(seconds)


def ask(interpreter: Path, noise: np.ndarray) -> dict:
    settings = {
        "octaves": OCTAVES,
        "per_octave": PER_OCTAVE,
        "second_octaves": SECOND_OCTAVES,
        "window": WINDOW,
        "trials": TRIALS,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "noise.npy"
        np.save(file, noise[: 2**17])
        command = [str(interpreter), "-W", "ignore", "-c", PEERS, str(file), json.dumps(settings)]
        answered = subprocess.run(command, capture_output=True, text=True)
    if answered.returncode:
        return {"kymatio_error": answered.stderr.strip().splitlines()[-1]}
    return json.loads(answered.stdout.strip().splitlines()[-1])


def agreement(noise: np.ndarray, theirs: dict) -> str:
    """Compare first-order coefficients on kymatio's own bank; theirs has half our amplitude by definition."""
    from mleq.continuous.filters import Bank, morlet_bank
    from mleq.continuous.scattering import Scattering

    bank = Bank(tuple(theirs["centres"]), tuple(theirs["widths"]))
    scattering = Scattering(WINDOW, 1, bank, morlet_bank(1, 1))
    ours = scattering(noise[None, : 2**15]).first_mean[:, 0] / 2
    means = np.array(theirs["means"]).T
    inner = slice(scattering.margin, -scattering.margin)
    error = np.abs(ours[inner] / means[inner] - 1)
    worst = np.array(theirs["centres"])[error.mean(0).argmax()]
    return (
        f"first layer on kymatio's bank of {len(bank)}, windows away from the ends: mean difference "
        f"{error.mean():.2%}, largest {error.max():.2%} (worst wavelet at {worst:.4f} cycles a sample)"
    )


def pooled_error(scattering, noise: np.ndarray) -> list[str]:
    """What cropping costs: pooled values beside those at the record's own rate, in double precision."""
    frequencies = np.arange(noise.size) / noise.size
    spectrum = np.fft.fft(noise.astype(float))
    found = scattering(noise[None])
    inner = slice(scattering.margin, -scattering.margin)
    errors: dict[str, list[float]] = {"S1 mean": [], "S1 max": [], "U2 mean": [], "U2 max": []}
    path = 0
    for i in range(len(scattering.first)):
        first = np.abs(np.fft.ifft(spectrum * scattering.first.response(i, frequencies)))
        below = [j for one, j in scattering.paths if one == i]
        if i % 6 == 0:
            compare(errors, "S1", first, found.first_mean[:, 0, i], found.first_max[:, 0, i], inner)
            again = np.fft.fft(first)
            for number, j in enumerate(below):
                second = np.abs(np.fft.ifft(again * scattering.second.response(j, frequencies)))
                place = path + number
                compare(errors, "U2", second, found.second_mean[:, 0, place], found.second_max[:, 0, place], inner)
        path += len(below)
    return [
        f"{name} beside the uncropped transform: mean error {np.mean(values):.3%}, "
        f"99 % below {np.quantile(values, 0.99):.2%}"
        for name, values in errors.items()
    ]


def compare(
    errors: dict, layer: str, envelope: np.ndarray, mean: np.ndarray, largest: np.ndarray, inner: slice
) -> None:
    hops = envelope.reshape(-1, WINDOW)
    errors[f"{layer} mean"] += np.abs(mean / hops.mean(1) - 1)[inner].tolist()
    errors[f"{layer} max"] += np.abs(largest / hops.max(1) - 1)[inner].tolist()


if __name__ == "__main__":
    main()
