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
    from mleq.experiment.backend import seeded_keras

    keras = seeded_keras(seed)
    rng = np.random.default_rng(seed)
    inputs, target = rng.normal(size=(400, 5, 8, 8, 3)).astype(np.float32), rng.integers(0, 2, 400)
    model = keras.Sequential(
        [
            keras.layers.Input((5, 8, 8, 3)), keras.layers.ConvLSTM2D(4, 3), keras.layers.Flatten(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )  # fmt: skip
    model.compile("adam", "binary_crossentropy")
    model.fit(inputs, target, epochs=2, shuffle=False, verbose=0)
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
    print(f"same: {len(units)} units, bit for bit in one process and on two: {verdict(one, two)}", flush=True)
    with cluster(4) as (address, workers), tempfile.TemporaryDirectory() as folder:
        with scaling.engine(scheduler=address) as far:
            killer = threading.Thread(target=kill_one, args=(Path(folder), workers[0], 3))
            killer.start()
            four = answers(far, units, Path(folder))
            killer.join()
        files = len(list(Path(folder).glob("*.json")))
    print(f"same: ... and on a scheduler elsewhere with four workers, one killed amid the work: {verdict(one, four)}")
    print(f"same: {files} answers kept there, each unit once")


def verdict(here: dict, there: dict) -> str:
    other = sorted(key for key in here if here[key] != there[key])
    return f"not equal: {', '.join(other)}" if other else "equal"


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


def memory(number: int = 20_000) -> None:
    units = [Unit(f"u-{k}", f"{HERE}:trivial", (k,)) for k in range(number)]
    with scaling.engine(2) as pair:
        began, total = time.monotonic(), 0
        for done, outcome in enumerate(scaling.run(units, pair), start=1):
            total += outcome.value
            if done in (1000, 10_000, number):
                print(f"memory: after {done:,} trivial units the driver holds {resident_mb():.0f} MiB (Dask's "
                      f"scheduler, which is in it, and the list of {number:,} units among them)")  # fmt: skip
        took = time.monotonic() - began
    assert total == number * (number + 1) // 2
    print(f"memory: {1000 * took / number:.1f} ms for each unit")


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


# What units cost


def costs(catalog: Path | None) -> None:
    from mleq.catalog.load import everything

    began, before = time.process_time(), resident_mb()
    events = everything(files=[catalog] if catalog else [])
    loading, held = time.process_time() - began, resident_mb() - before
    with tempfile.TemporaryDirectory() as folder, bounded_threads(1):
        city, city_again = city_costs(events, Path(folder))
        region, region_again, size = region_costs(events, Path(folder))
    hour, kilobytes = record_cost()
    print(f"costs: loading {len(events):,} events from a file: {loading:.1f} s of one core, {held:.0f} MiB held")
    print(f"costs: a city, ETAS fitted (once a month) and asked: {city:.2f} s; asked again: {city_again:.2f} s")
    print(f"costs: a region of the map, fitted and simulated: {region:.2f} s; simulated again: {region_again:.2f} s; "
          f"its answer {size:.1f} kB")  # fmt: skip
    print(f"costs: an hour of three channels at 100 Hz, features: {hour:.1f} s, {kilobytes:,.0f} kB")
    print(f"costs: the largest process {peak_mb():.0f} MiB")
    million = 1e6 / len(events)
    print(scaled(loading * million, held * million, (city, city_again), (region, region_again), hour, kilobytes))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def timed(function, *arguments):
    began = time.process_time()
    answer = function(*arguments)
    return time.process_time() - began, answer


def city_costs(events, folder: Path) -> tuple[float, float]:
    """Medians over cities: the first question of a month, which fits, and one more."""
    from mleq.forecast.odds import Place, answer

    places = [(35.7, 139.8), (34.0, -117.0), (-33.45, -71.7), (38.0, 22.5), (-41.3, 174.8), (42.5, 13.3), (41.0, 29.0)]
    first, second = [], []
    for latitude, longitude in places:
        asked = (events, Place(latitude, longitude, 150.0, 5.5), 7.0)
        first.append(timed(lambda asked: answer(*asked, folder=folder), asked)[0])
        second.append(timed(lambda asked: answer(*asked, folder=folder), asked)[0])
    return float(np.median(first[1:])), float(np.median(second[1:]))  # the first one imports


def region_costs(events, folder: Path) -> tuple[float, float, float]:
    """Means over every twentieth region, from pole to pole."""
    from mleq.forecast import worldmap

    question, _ = worldmap.ask(events, 6.0, 30.0, 0.5)
    past, some = worldmap.needed(events, question), worldmap.regions(0.5)[10::20]
    first = [timed(worldmap.forecast_region, one, question, folder, past) for one in some]
    second = [timed(worldmap.forecast_region, one, question, folder, past) for one in some]
    size = np.mean([len(json.dumps(answer)) for _, answer in first]) / 1e3
    return np.mean([took for took, _ in first]), np.mean([took for took, _ in second]), size


def record_cost() -> tuple[float, float]:
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
    samples.extractor.arrays_of(first)
    took, arrays = timed(samples.extractor.arrays_of, second)
    return took, sum(one.nbytes for one in arrays.values()) / 1e3


def scaled(loading, held, city, region, hour, kilobytes) -> str:
    """What the units come to; a terabyte is of four bytes a sample."""
    hours = 1e12 / (3 * 100 * 3600 * 4)
    n_regions = 412
    rows = [
        ("1,000 cities daily, a month", 1000 * (city[0] + 29 * city[1]) / 3600, "core-hours"),
        ("global 0.5-degree map hourly, a day", 24 * n_regions * region[1] / 3600, "core-hours"),
        ("... and its fits, a month", n_regions * (region[0] - region[1]) / 3600, "core-hours"),
        ("full catalogue, 4 million events, loaded", 4 * loading / 60, "core-minutes"),
        ("... held", 4 * held / 1024, "GiB in each process that reads all of it"),
        ("1 TB of record, features", hours * hour / 3600, "core-hours"),
        ("... kept", hours * kilobytes / 1e9, "TB"),
    ]
    return "\n".join(f"scaled: {name}: {value:,.2f} {unit}" for name, value, unit in rows)


if __name__ == "__main__":
    # Units are named by their import path, which workers must find as well.
    sys.path.insert(0, str(ROOT))
    os.environ["PYTHONPATH"] = str(ROOT)
    main()
