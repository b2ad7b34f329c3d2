"""The events that the model looks at: when, where, how strong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mleq.errors import DataError


@dataclass(frozen=True)
class History:
    """Events in time order.

    Parameters
    ----------
    time_days : numpy.ndarray, shape (n,)
        Origin times in days since any fixed moment.
    latitude, longitude : numpy.ndarray, shape (n,)
        Degrees.
    magnitude : numpy.ndarray, shape (n,)
    """

    time_days: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    magnitude: np.ndarray

    @classmethod
    def of(cls, time_days, latitude, longitude, magnitude) -> History:
        """Check arrays of equal length and put them in time order.

        Raises
        ------
        mleq.errors.DataError
            If lengths differ, or a value is missing or no place on Earth.
        """
        columns = {
            "time_days": time_days,
            "latitude": latitude,
            "longitude": longitude,
            "magnitude": magnitude,
        }
        arrays = {name: np.asarray(values, dtype=float) for name, values in columns.items()}
        shapes = {name: values.shape for name, values in arrays.items()}
        if len(set(shapes.values())) > 1 or arrays["time_days"].ndim != 1:
            raise DataError(f"events of shapes {shapes}", expected="four arrays of one dimension and one length")
        for name, values in arrays.items():
            wrong = ~np.isfinite(values) | ((np.abs(values) > 90) if name == "latitude" else False)
            if wrong.any():
                raise DataError(
                    f"{wrong.sum()} of {wrong.size} events have no valid {name};"
                    f" the first, event {np.argmax(wrong)}, has {values[wrong][0]}",
                    remedy="Drop them first.",
                )
        order = np.argsort(arrays["time_days"], kind="stable")
        return cls(**{name: values[order] for name, values in arrays.items()})

    def __len__(self) -> int:
        return self.time_days.size

    def __getitem__(self, chosen) -> History:
        """The events of a slice, mask or index array that keeps the order."""
        return History(self.time_days[chosen], self.latitude[chosen], self.longitude[chosen], self.magnitude[chosen])

    def unit_vectors(self) -> np.ndarray:
        """Places as unit vectors from the centre of the Earth, shape (n, 3)."""
        latitude, longitude = np.radians(self.latitude), np.radians(self.longitude)
        across = np.cos(latitude)
        return np.column_stack([across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)])


def cosines(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Cosines of the angles between unit vectors of shapes (n, 3) and (m, 3); shape (n, m).

    Written out, since a matrix product this thin starts threads that cost more than they save.
    """
    cosine = here[:, None, 0] * there[:, 0]
    cosine += here[:, None, 1] * there[:, 1]
    cosine += here[:, None, 2] * there[:, 2]
    return cosine
