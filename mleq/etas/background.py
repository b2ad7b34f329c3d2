"""Where background events happen: a density over a region, made of isotropic kernels and a uniform share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mleq.errors import Mistake
from mleq.etas.sphere import Box, destination


@dataclass(frozen=True)
class KernelBackground:
    """A mixture of Gaussian kernels on the sphere and of a uniform density, cut at the edges of the region.

    Parameters
    ----------
    region : Box
        Where background events happen.
    latitude, longitude : numpy.ndarray, shape (n_kernels,)
        Centres of the kernels, degrees.
    bandwidth_km : numpy.ndarray, shape (n_kernels,)
        Standard deviation of each kernel along each axis.
    weight : numpy.ndarray, shape (n_kernels,)
        Relative weights of the kernels before the cut; they need not sum to one.
    depth_km : numpy.ndarray, shape (n_kernels,)
        Median depth of the events of each kernel.
    uniform_share : float
        Share of the events that fall anywhere in the region, uniformly by area.
    """

    region: Box
    latitude: np.ndarray
    longitude: np.ndarray
    bandwidth_km: np.ndarray
    weight: np.ndarray
    depth_km: np.ndarray
    uniform_share: float

    def sample(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw `n` places: latitude, longitude (degrees) and depth (km), each of shape (n,).

        What a kernel would put outside the region is drawn again, so that all `n` lie inside.
        """
        latitude, longitude = self.region.sample(rng, n)
        depth = np.full(n, 12.0)
        remaining = np.flatnonzero(rng.random(n) >= self.uniform_share)
        share = np.cumsum(self.weight) / np.sum(self.weight)
        while remaining.size:
            kernel = np.searchsorted(share, rng.random(remaining.size), side="right")
            distance = self.bandwidth_km[kernel] * np.sqrt(2 * rng.standard_exponential(remaining.size))
            azimuth = rng.uniform(0, 360, remaining.size)
            at = destination(self.latitude[kernel], self.longitude[kernel], azimuth, distance)
            inside = self.region.contains(*at)
            placed = remaining[inside]
            latitude[placed], longitude[placed] = at[0][inside], at[1][inside]
            depth[placed] = self.depth_km[kernel[inside]]
            remaining = remaining[~inside]
        # A log-normal spread of about a factor of 1.6 keeps depths positive and most events near the median.
        return latitude, longitude, depth * np.exp(0.5 * rng.standard_normal(n))


def fault_like_background(
    region: tuple[float, float, float, float],
    rng: np.random.Generator,
    *,
    bands: int = 4,
    uniform_share: float = 0.15,
) -> KernelBackground:
    """A background that looks like mapped seismicity: bands of unequal activity over a quiet uniform floor.

    Each band is a straight chain of forty Gaussian kernels along a great circle. Its midpoint is drawn
    inside the region, its strike from all directions, its length between a quarter and three quarters of
    the region's side, its width (kernel bandwidth) log-uniformly between 5 and 40 km, its median depth
    log-uniformly between 6 and 45 km, its share of events from a Dirichlet(1) law; along the band the
    activity varies log-normally, so that patches stand out. Nothing here is fitted to data.

    Parameters
    ----------
    region : tuple of float
        (south, north, west, east) in degrees.
    rng : numpy.random.Generator
        Source of all randomness.
    bands : int, optional
        How many bands; with 0 the background is uniform.
    uniform_share : float, optional
        Share of events spread uniformly over the region, 0 to 1.

    Returns
    -------
    KernelBackground

    Raises
    ------
    mleq.errors.Mistake
        If `uniform_share` lies outside [0, 1] or `bands` below 0.
    """
    box = Box.checked(region)
    if bands < 0 or not 0 <= uniform_share <= 1:
        raise Mistake(
            f"a background of {bands!r} bands with a uniform share of {uniform_share!r}",
            expected="0 or more bands and a share between 0 and 1",
        )
    knots = 40
    side_km = np.sqrt(box.area_km2)
    middle_latitude, middle_longitude = box.sample(rng, bands)
    strike = rng.uniform(0, 180, bands)
    length_km = side_km * rng.uniform(0.25, 0.75, bands)
    width_km = np.exp(rng.uniform(np.log(5), np.log(40), bands))
    depth_km = np.exp(rng.uniform(np.log(6), np.log(45), bands))
    share = rng.dirichlet(np.ones(bands)) if bands else np.empty(0)
    patches = np.exp(rng.standard_normal((bands, knots)))

    along = np.linspace(-0.5, 0.5, knots) * length_km[:, None]
    columns = [value[:, None] for value in (middle_latitude, middle_longitude, strike)]
    latitude, longitude = destination(*columns, along)
    return KernelBackground(
        region=box,
        latitude=latitude.ravel(),
        longitude=longitude.ravel(),
        # Never narrower than the spacing of the chain, which would show as beads.
        bandwidth_km=np.repeat(np.maximum(width_km, length_km / knots), knots),
        weight=(share[:, None] * patches / patches.sum(axis=1, keepdims=True)).ravel(),
        depth_km=np.repeat(depth_km, knots),
        uniform_share=uniform_share if bands else 1.0,
    )
