"""Units of work here, on processes of this machine, and on a cluster: the same numbers, the overhead, what units cost.

    python benchmarks/scaling.py [same] [overhead] [memory] [costs --catalog usgs.csv.gz]

same      twelve units (a TensorFlow training and its forecasts, an ETAS fit, a matrix product) in this process, on
          two processes, and on a scheduler started elsewhere with four workers, one of which is killed (SIGKILL) in
          the middle
overhead  200 units of one second each on two workers
memory    10,000 units that do next to nothing: the driver's memory after 1,000 and after 10,000
costs     seconds, memory and bytes of one unit of each kind, and what they come to at scale
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mleq import scaling
from mleq.performing import bounded_threads
from mleq.scaling import Shared, Unit

PORT = 8799
HERE = "benchmarks.scaling"
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("what", nargs="*", default=["same", "overhead", "memory"])
    words.add_argument("--catalog", type=Path)
    words.add_argument("--units", type=int, default=200, help="overhead: of one second each")
    given = words.parse_args()
    if "same" in given.what:
        same()
    if "overhead" in given.what:
        overhead(given.units)
    if "memory" in given.what:
        memory()
    if "costs" in given.what:
        costs(given.catalog)


# Units


def network(seed: int) -> str:
    """Train a small network on made-up days and return its forecasts, to the last bit."""
    from mleq.experiment.backend import load_keras

    keras = load_keras()
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    inputs, target = rng.normal(size=(400, 5, 8, 8, 3)).astype(np.float32), rng.integers(0, 2, 400)
    model = keras.Sequential(
        [
            keras.layers.Input((5, 8, 8, 3)), keras.layers.ConvLSTM2D(4, 3), keras.layers.Flatten(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )  # fmt: skip
    model.compile("adam", "binary_crossentropy")
    model.fit(inputs, target, epochs=2, verbose=0)
    return np.asarray(model.predict(inputs, verbose=0)).tobytes().hex()[:4000]


def etas(table: dict, seed: int) -> list[str]:
    """Fit ETAS to simulated events and return its parameters, to the last bit."""
    from mleq.etas import History, fit_etas

    keep = np.random.default_rng(seed).random(len(table["time_days"])) < 0.9
    history = History(*(table[name][keep] for name in ("time_days", "latitude", "longitude", "magnitude")))
    fit = fit_etas(history, region=(35.0, 38.0, 137.0, 140.0), start=0.0, end=1000.0, m0=3.5)
    return [float(value).hex() for value in (fit.log_likelihood, fit.parameters.alpha, fit.parameters.p)]


def product(table: dict, seed: int) -> str:
    """Multiply matrices, whose sums BLAS orders by its threads."""
    rng = np.random.default_rng(seed)
    return float(np.linalg.slogdet(rng.normal(size=(600, 600)) @ rng.normal(size=(600, 600)))[1]).hex()


def waits(seconds: float) -> float:
    """Take so long, and no processor."""
    time.sleep(seconds)
    return seconds


def trivial(number: int) -> int:
    """Do next to nothing."""
    return number + 1


# What is shown


def work() -> list[Unit]:
    from mleq.etas import EtasParameters, simulate_catalog

    truth = EtasParameters(0.5, 0.3, 1.3, 0.02, 1.2, 6.0, 1.7, 1.0, m0=3.5)
    events = simulate_catalog((35.0, 38.0, 137.0, 140.0), 0, 1000, truth, b_value=1.0, magnitude_max=7.5, seed=1)
    shared = Shared({name: events[name] for name in ("time_days", "latitude", "longitude", "magnitude")})
    units = [Unit(f"network-{seed}", f"{HERE}:network", (seed,)) for seed in range(4)]
    units += [Unit(f"etas-{seed}", f"{HERE}:etas", (shared, seed)) for seed in range(4)]
    return units + [Unit(f"product-{seed}", f"{HERE}:product", (shared, seed)) for seed in range(4)]


def answers(by: scaling.Engine, units: list[Unit], folder: Path | None = None) -> dict:
    outcomes = list(scaling.run(units, by, folder=folder))
    assert not [one.error for one in outcomes if one.error], [one.error for one in outcomes if one.error]
    assert len(outcomes) == len({one.unit.key for one in outcomes}) == len(units)
    return {one.unit.key: one.value for one in outcomes}


def same() -> None:
    units = work()
    with scaling.engine(1) as alone:
        one = answers(alone, units)
    with scaling.engine(2) as pair:
        two = answers(pair, units)
    with cluster(4) as (address, workers), tempfile.TemporaryDirectory() as folder:
        with scaling.engine(scheduler=address) as far:
            killer = threading.Thread(target=kill_one, args=(Path(folder), workers[0], 3))
            killer.start()
            four = answers(far, units, Path(folder))
            killer.join()
        files = len(list(Path(folder).glob("*.json")))
    print(f"same: {len(units)} units, equal bit for bit in one process and on two: {one == two}")
    print(f"same: ... and on a scheduler elsewhere with four workers, one killed amid the work: {one == four}")
    print(f"same: {files} answers kept there, each unit once")


def kill_one(folder: Path, worker: subprocess.Popen, after: int) -> None:
    while len(list(folder.glob("*.json"))) < after:
        time.sleep(0.05)
    os.kill(worker.pid, signal.SIGKILL)


@contextmanager
def cluster(workers: int):
    """A scheduler and workers as they are started on other machines; gives the address and the workers' processes."""
    address, python = f"tcp://127.0.0.1:{PORT}", [sys.executable, "-m", "distributed.cli.dask_"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT, "env": environment()}
    words = [
        *python[:2],
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        str(PORT),
        "--no-dashboard",
    ]
    begun = [subprocess.Popen(words, **quiet)]
    time.sleep(3)
    each = [*python[:2], "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    begun += [subprocess.Popen(each, **quiet) for _ in range(workers)]
    try:
        yield address, begun[1:]
    finally:
        for one in begun:
            one.kill()
            one.wait()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def overhead(number: int) -> None:
    units = [Unit(f"wait-{k}", f"{HERE}:waits", (1.0,)) for k in range(number)]
    with scaling.engine(2) as pair:
        answers(pair, [Unit(f"warm-{k}", f"{HERE}:trivial", (k,)) for k in range(20)])
        began = time.monotonic()
        answers(pair, units)
        took = time.monotonic() - began
    ideal = number / 2
    print(f"overhead: {number} units of one second on two workers: {took:.1f} s, ideal {ideal:.0f} s, "
          f"{100 * (took / ideal - 1):.1f} % over")  # fmt: skip


def memory() -> None:
    with scaling.engine(2) as pair:
        for number in (1000, 10_000):
            began, total = time.monotonic(), 0
            for outcome in scaling.run([Unit(f"u-{k}", f"{HERE}:trivial", (k,)) for k in range(number)], pair):
                total += outcome.value
            took = time.monotonic() - began
            assert total == number * (number + 1) // 2
            print(f"memory: {number:,} trivial units in {took:.1f} s, {1000 * took / number:.1f} ms each; the driver "
                  f"holds {resident_mb():.0f} MiB (Dask's scheduler, which is in it, among them)")  # fmt: skip


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


# What units cost


def costs(catalog: Path | None) -> None:
    found = {"region of the world map": region_cost(catalog), "hour of record": record_cost()}
    found["loading the catalogue"] = loading_cost(catalog)
    print(f"{'unit':28} {'CPU s':>8} {'peak MiB':>9} {'answer kB':>10}")
    for name, (seconds, mib, kilobytes) in found.items():
        print(f"{name:28} {seconds:8.2f} {mib:9.0f} {kilobytes:10.1f}")
    region, hour = found["region of the world map"][0], found["hour of record"][0]
    print(scale_lines(region, hour))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def loading_cost(catalog: Path | None) -> tuple[float, float, float]:
    from mleq.catalog.load import everything

    began = time.process_time()
    everything(files=[catalog] if catalog else [])
    return time.process_time() - began, peak_mb(), 0.0


def region_cost(catalog: Path | None) -> tuple[float, float, float]:
    from mleq.catalog.load import everything
    from mleq.forecast import worldmap

    events = everything(files=[catalog] if catalog else [])
    question, _ = worldmap.ask(events, 6.0, 30.0, 2.0)
    past = worldmap.needed(events, question)
    some = worldmap.regions(2.0)[::20]
    with scaling.engine(1) as alone:
        answers(alone, [Unit("warm", "mleq.forecast.worldmap:forecast_region", (some[0], question, None, past))])
        began = time.process_time()
        found = [
            outcome.value
            for outcome in scaling.run(
                [
                    Unit(f"r-{k}", "mleq.forecast.worldmap:forecast_region", (one, question, None, Shared(past)))
                    for k, one in enumerate(some)
                ],
                alone,
            )
        ]
    size = np.mean([len(json.dumps(one)) for one in found]) / 1e3
    return (time.process_time() - began) / len(some), peak_mb(), size


def record_cost() -> tuple[float, float, float]:
    """One hour of three channels at 100 Hz: scattering features of its windows."""
    import datetime as dt

    from mleq.continuous.recipe import ContinuousRecipe
    from mleq.continuous.samples import make_samples
    from mleq.continuous.simulation import simulate_record

    recipe = ContinuousRecipe.model_validate(
        {
            "id": "cost", "family": "continuous", "workers": 1, "chunk_hours": 1.0,
            "record": {
                "source": "simulated", "start": dt.date(2020, 1, 1), "days": 0.2, "sampling_rate": 100.0, "channels": 3,
            },
        }
    )  # fmt: skip
    samples = make_samples(recipe, simulate_record(recipe.record))
    first, second, *_ = samples.index.chunks
    with bounded_threads(1):
        samples.extractor.arrays_of(first)
        began = time.process_time()
        arrays = samples.extractor.arrays_of(second)
        took = time.process_time() - began
    return took, peak_mb(), sum(one.nbytes for one in arrays.values()) / 1e3


def scale_lines(region: float, hour: float) -> str:
    """What the units come to: regions of ten degrees, hours of three channels at 100 Hz in four bytes a sample."""
    bytes_an_hour = 3 * 100 * 3600 * 4
    hours_in_terabyte = 1e12 / bytes_an_hour
    return "\n".join(
        [
            f"world map, all regions fitted and simulated: {412 * region / 3600:.2f} core-hours",
            f"1 TB of record ({hours_in_terabyte:,.0f} hours of three channels at 100 Hz): "
            f"{hours_in_terabyte * hour / 3600:,.0f} core-hours for features alone",
        ]
    )


if __name__ == "__main__":
    # Units are named by their import path, which workers must find as well.
    sys.path.insert(0, str(ROOT))
    os.environ["PYTHONPATH"] = str(ROOT)
    main()
