"""Forecasts and catalogues in the formats of CSEP's testing centres and of pyCSEP.

A forecast in cells is a table of expected numbers of events, by cell and magnitude bin, for a period. Files need
nothing but this package; objects of pyCSEP need the extra `[csep]`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mleq.atomic import beside, write_text
from mleq.errors import DataError, Failure
from mleq.etas import Circle, EtasModel, Grid

DEEPEST_KM = 30.0  # what CSEP's regions reach to; only written, nothing is cut by it
OPEN_END = 10.0  # the upper edge that CSEP's files give the last, open magnitude bin
CATALOG_HEADER = "lon,lat,M,time_string,depth,catalog_id,event_id"


@dataclass(frozen=True)
class CellForecast:
    """Expected numbers of events in square cells and magnitude bins, for a period.

    Parameters
    ----------
    west, south : numpy.ndarray, shape (n,)
        Each cell's edges, degrees.
    cell_degrees : float
        The sides of all cells.
    magnitudes : numpy.ndarray, shape (k,)
        Lower edges of the magnitude bins, in equal steps; the last bin is open.
    rates : numpy.ndarray, shape (n, k)
        Expected events within the period.
    start, end : pandas.Timestamp
        The period, UTC, end exclusive.
    name : str, optional

    Raises
    ------
    mleq.errors.DataError
        If shapes differ, a rate is negative or not finite, or magnitudes are not in equal steps.
    """

    west: np.ndarray
    south: np.ndarray
    cell_degrees: float
    magnitudes: np.ndarray
    rates: np.ndarray
    start: pd.Timestamp
    end: pd.Timestamp
    name: str = "mleq"

    def __post_init__(self):
        expected = (self.west.size, self.magnitudes.size)
        if self.rates.shape != expected or self.south.shape != self.west.shape or 0 in expected:
            raise DataError(f"rates of shape {self.rates.shape}", expected=f"{expected}, cells and magnitude bins")
        if not ((self.rates >= 0) & (self.rates < np.inf)).all():
            raise DataError("rates that are NaN, negative or infinite", expected="numbers of expected events")
        steps = np.diff(self.magnitudes)
        if steps.size and not (steps[0] > 0 and np.allclose(steps, steps[0], atol=1e-9)):
            raise DataError(f"magnitude bins {self.magnitudes}", expected="rising, in equal steps")

    @classmethod
    def from_etas(
        cls,
        model: EtasModel,
        grid: Grid,
        expected: np.ndarray,
        magnitude: float,
        magnitudes,
        *,
        start,
        end,
        name="etas",
    ) -> CellForecast:
        """Split the numbers that `mleq.etas.forecast_cells` expects over magnitude bins, by the model's own law.

        Parameters
        ----------
        model : mleq.etas.EtasModel
        grid : mleq.etas.Grid
            Of square cells, in degrees.
        expected : numpy.ndarray, shape (rows, columns)
            Expected events from `magnitude` up.
        magnitude : float
        magnitudes : array_like, shape (k,)
            Lower edges of the bins, none below the model's m0.
        start, end : str or datetime
            The period of the forecast.
        name : str, optional
        """
        box = grid.box
        height, width = (box.north - box.south) / grid.rows, (box.east - box.west) / grid.columns
        if not np.isclose(height, width, rtol=1e-6):
            raise DataError(
                f"cells of {height:g} by {width:g} degrees", expected="square ones, which CSEP's formats ask"
            )
        magnitudes = np.asarray(magnitudes, dtype=float)
        above = np.array([model.share_above(edge) for edge in magnitudes] + [0.0])
        shares = -np.diff(above) / model.share_above(magnitude)
        latitude, longitude = grid.centres()
        return cls(
            _tidy(longitude.ravel() - width / 2), _tidy(latitude.ravel() - height / 2), float(np.round(height, 9)),
            magnitudes, np.asarray(expected, dtype=float).ravel()[:, None] * shares, _utc(start), _utc(end), name,
        )  # fmt: skip

    @classmethod
    def from_circle(
        cls, circle: Circle, probability: float, magnitude: float, *, start, end, cell_degrees: float = 0.1, name="mleq"
    ) -> CellForecast:
        """Turn the chance of at least one event in a circle into rates of the cells whose centres lie in it.

        The expected number -ln(1 - p), which gives a Poissonian count that chance, is shared by area. One forecast
        holds one period; a series of days is a series of forecasts.

        Parameters
        ----------
        circle : mleq.etas.Circle
        probability : float
            Below 1.
        magnitude : float
            The target's; the only bin, open above.
        start, end : str or datetime
        cell_degrees : float, optional
        name : str, optional
        """
        if not 0 <= probability < 1:
            raise DataError(f"a probability of {probability!r}", expected="at least 0 and below 1")
        reach = np.degrees(circle.radius_km / 6371.0)
        across = min(reach / max(np.cos(np.radians(circle.latitude)), 1e-3), 180.0)
        south, west = np.meshgrid(
            _edges(circle.latitude, reach, cell_degrees), _edges(circle.longitude, across, cell_degrees), indexing="ij"
        )
        south, west = south.ravel(), west.ravel()
        centre = south + cell_degrees / 2
        inside = circle.contains(centre, west + cell_degrees / 2) & (abs(centre) < 90)
        if not inside.any():
            raise DataError(
                f"no cell of {cell_degrees} degrees in a circle of {circle.radius_km} km", expected="smaller cells"
            )
        area = np.cos(np.radians(centre[inside]))
        rates = -np.log1p(-probability) * area / area.sum()
        west = np.mod(west[inside] + 180, 360) - 180
        return cls(
            _tidy(west), _tidy(south[inside]), cell_degrees, np.array([float(magnitude)]), rates[:, None],
            _utc(start), _utc(end), name,
        )  # fmt: skip

    def cells_of(self, events: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """In which cell and magnitude bin each event lies, whatever its time; -1 outside; each of shape (events,)."""
        column, row = (
            np.floor(np.round((events[axis].to_numpy(dtype=float) - edges.min()) / self.cell_degrees, 9)).astype(int)
            for axis, edges in (("longitude", self.west), ("latitude", self.south))
        )
        columns, rows = (np.rint((one - one.min()) / self.cell_degrees).astype(int) for one in (self.west, self.south))
        lookup = np.full((rows.max() + 1, columns.max() + 1), -1)
        lookup[rows, columns] = np.arange(self.west.size)
        on_map = (row >= 0) & (row < lookup.shape[0]) & (column >= 0) & (column < lookup.shape[1])
        cell = np.where(on_map, lookup[np.where(on_map, row, 0), np.where(on_map, column, 0)], -1)
        reached = np.round(events["magnitude"].to_numpy(dtype=float), 9)
        return cell, np.searchsorted(np.round(self.magnitudes, 9), reached, side="right") - 1

    def counted(self, events: pd.DataFrame) -> pd.DataFrame:
        """The events that the forecast speaks of: of its period, cells and magnitudes."""
        within = (events["origin_time"] >= self.start) & (events["origin_time"] < self.end)
        cell, magnitude_bin = self.cells_of(events)
        return events[within.to_numpy() & (cell >= 0) & (magnitude_bin >= 0)]

    def counts(self, events: pd.DataFrame) -> np.ndarray:
        """How many events of the period came in each cell and bin; shape (n, k)."""
        counts = np.zeros(self.rates.shape, dtype=int)
        np.add.at(counts, self.cells_of(self.counted(events)), 1)
        return counts

    def rates_at(self, events: pd.DataFrame) -> np.ndarray:
        """The rates of the cells and bins in which the period's events came, for the T- and W-tests; one an event."""
        return self.rates[self.cells_of(self.counted(events))]

    def write(self, path: str | os.PathLike) -> None:
        """Write CSEP's ASCII format: a line for each cell and magnitude bin, bins running fastest.

        Columns: longitude from, to, latitude from, to, depth from, to, magnitude from, to, rate, 1 for a valid cell.
        """
        n, k = self.rates.shape
        upper = np.append(self.magnitudes[1:], OPEN_END)
        columns = [self.west, _tidy(self.west + self.cell_degrees), self.south, _tidy(self.south + self.cell_degrees)]
        table = np.column_stack(
            [np.repeat(one, k) for one in columns]
            + [np.zeros(n * k), np.full(n * k, DEEPEST_KM), np.tile(self.magnitudes, n), np.tile(upper, n)]
            + [self.rates.ravel(), np.ones(n * k)]
        )
        with beside(path) as temporary:
            np.savetxt(temporary, table, fmt=["%.9g"] * 8 + ["%.17g", "%d"], delimiter="\t")

    def to_pycsep(self):
        """The forecast as pyCSEP's `GriddedForecast`."""
        csep = _pycsep()
        region = csep.core.regions.CartesianGrid2D.from_origins(
            np.column_stack([self.west, self.south]), dh=self.cell_degrees, magnitudes=self.magnitudes, name=self.name
        )
        return csep.core.forecasts.GriddedForecast(
            start_time=self.start.to_pydatetime(), end_time=self.end.to_pydatetime(), magnitudes=self.magnitudes,
            name=self.name, region=region, data=self.rates.copy(),
        )  # fmt: skip

    def catalog_to_pycsep(self, events: pd.DataFrame):
        """The events that the forecast speaks of, as pyCSEP's `CSEPCatalog` of its region."""
        return catalog_to_pycsep(self.counted(events), region=self.to_pycsep().region)


def catalog_to_pycsep(events: pd.DataFrame, *, region=None, name: str = "mleq"):
    """Events as pyCSEP's `CSEPCatalog`, with whole milliseconds, as that counts time."""
    csep = _pycsep()
    milliseconds = (events["origin_time"] - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(milliseconds=1)
    columns = [events["id"].astype(str), milliseconds] + [
        events[column].astype(float) for column in ("latitude", "longitude", "depth_km", "magnitude")
    ]
    return csep.core.catalogs.CSEPCatalog(data=list(zip(*columns, strict=True)), region=region, name=name)


def write_catalog(path: str | os.PathLike, events: pd.DataFrame) -> None:
    """Write events as a catalogue in CSEP's ASCII format, which `csep.load_catalog` reads."""
    seconds = events["origin_time"].dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S.%f")
    table = pd.DataFrame(
        {
            "lon": events["longitude"], "lat": events["latitude"], "M": events["magnitude"], "time_string": seconds,
            "depth": events["depth_km"], "catalog_id": "", "event_id": events["id"],
        }
    )  # fmt: skip
    write_text(path, table.to_csv(index=False, na_rep="nan", lineterminator="\n"))


def read_catalog(path: str | os.PathLike) -> pd.DataFrame:
    """Read a catalogue in CSEP's ASCII format, written here or by pyCSEP.

    Returns
    -------
    pandas.DataFrame
        `id`, `origin_time` (UTC), `latitude`, `longitude`, `depth_km`, `magnitude`, in time order.

    Raises
    ------
    mleq.errors.DataError
        If the file is not such a catalogue; the message names it.
    """
    names = ["longitude", "latitude", "magnitude", "origin_time", "depth_km", "catalog_id", "id"]
    try:
        with open(path, encoding="utf-8") as file:
            headed = file.readline().startswith("lon")
        events = pd.read_csv(path, names=names, header=0 if headed else None, dtype={"id": str, "origin_time": str})
        events["origin_time"] = pd.to_datetime(events["origin_time"], utc=True, format="ISO8601")
        numbers = ["longitude", "latitude", "magnitude", "depth_km"]
        events[numbers] = events[numbers].astype(float)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}", expected=f"a catalogue with the columns {CATALOG_HEADER}") from error
    events = events.sort_values("origin_time", kind="stable", ignore_index=True)
    return events[["id", "origin_time", "latitude", "longitude", "depth_km", "magnitude"]]


def _pycsep():
    try:
        import csep
        import csep.core.catalogs
        import csep.core.forecasts
        import csep.core.regions
    except ImportError as error:
        raise Failure(f"pyCSEP cannot be imported ({error})", remedy="Install it: pip install 'mleq[csep]'") from error
    return csep


def _edges(middle: float, reach: float, step: float) -> np.ndarray:
    """Lower edges of cells, multiples of the step, that cover what lies within reach of the middle."""
    return np.arange(np.floor((middle - reach) / step), np.ceil((middle + reach) / step)) * step


def _tidy(degrees: np.ndarray) -> np.ndarray:
    """Edges without the rounding of sums, so that neighbours share them exactly."""
    return np.round(degrees, 9)


def _utc(time) -> pd.Timestamp:
    time = pd.Timestamp(time)
    return time.tz_localize("UTC") if time.tzinfo is None else time.tz_convert("UTC")
