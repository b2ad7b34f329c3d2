"""Where background events happen: a density over a region, made of isotropic kernels and a uniform share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mleq.errors import Mistake, RequestError
from mleq.etas.areas import Outline, Shares, area_km2, outline_of, region_of, sample_places, shares
from mleq.etas.history import History, cosines
from mleq.etas.sphere import EARTH_RADIUS_KM, Box, destination, distance_km


@dataclass(frozen=True)
class KernelBackground:
    """A mixture of Gaussian kernels on the sphere and of a uniform density, cut at the edges of the region.

    Parameters
    ----------
    region : Box, or an area with `contains` and `outline()`
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

    region: object
    latitude: np.ndarray
    longitude: np.ndarray
    bandwidth_km: np.ndarray
    weight: np.ndarray
    depth_km: np.ndarray
    uniform_share: float

    def density(self, latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
        """Density u at places inside the region, per km2, shape (n,); it integrates to one over the region."""
        uniform = self.uniform_share / area_km2(self.region)
        if not self.weight.size:
            return np.full(np.shape(latitude), uniform)
        distance = distance_km(
            np.asarray(latitude)[:, None], np.asarray(longitude)[:, None], self.latitude, self.longitude
        )
        kernel = np.exp(-0.5 * (distance / self.bandwidth_km) ** 2) / (2 * np.pi * self.bandwidth_km**2)
        return uniform + (1 - self.uniform_share) * (kernel @ self.weight) / self.mass_inside()

    def share_in(self, outline: Outline) -> float:
        """Share of background events inside an outline; what of it lies outside the region counts nothing.

        Raises
        ------
        mleq.errors.RequestError
            If the region is no box and the outline leaves it.
        """
        if isinstance(self.region, Box):
            inside = outline.clipped(self.region)
            if inside is None:
                return 0.0
        elif self.region.contains(outline.latitude, outline.longitude).all():
            inside = outline
        else:
            raise RequestError(
                "an area that is not wholly inside the region of the fit",
                remedy="Ask about an area inside, or fit in a box.",
            )
        share = self.uniform_share * inside.area_km2 / area_km2(self.region)
        if self.weight.size:
            kernels = shares(self.latitude, self.longitude, inside).of_gaussian(self.bandwidth_km)
            share += (1 - self.uniform_share) * float(kernels @ self.weight) / self.mass_inside()
        return share

    def mass_inside(self) -> float:
        """Weight of the kernels inside the region, before they are cut at its edges."""
        outline = outline_of(self.region)
        return float(self.weight @ shares(self.latitude, self.longitude, outline).of_gaussian(self.bandwidth_km))

    def sample(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw `n` places: latitude, longitude (degrees) and depth (km), each of shape (n,).

        What a kernel would put outside the region is drawn again, so that all `n` lie inside.
        """
        latitude, longitude = sample_places(self.region, rng, n)
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
    box = region_of(region)
    if bands < 0 or not 0 <= uniform_share <= 1:
        raise Mistake(
            f"a background of {bands!r} bands with a uniform share of {uniform_share!r}",
            expected="0 or more bands and a share between 0 and 1",
        )
    knots = 40
    side_km = np.sqrt(area_km2(box))
    middle_latitude, middle_longitude = sample_places(box, rng, bands)
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


@dataclass(frozen=True)
class AdaptiveKernels:
    """Gaussian kernels at events, each as wide as its neighbours are far; made by `adaptive_kernels`.

    Weights are left open, since declustering changes them: `density` and `background` take them.

    Parameters
    ----------
    region : Box
    events : History
        The n events that carry a kernel, inside the region.
    bandwidth_km : numpy.ndarray, shape (n,)
    kernels : scipy.sparse.csr_array, shape (n, n)
        Value at event j (row) of the kernel of event i (column), per km2; zero on the diagonal.
    mass_inside : numpy.ndarray, shape (n,)
        Share of each kernel inside the region.
    uniform_share : float
    """

    region: object
    events: History
    bandwidth_km: np.ndarray
    kernels: object
    mass_inside: np.ndarray
    uniform_share: float

    def density(self, weight: np.ndarray) -> np.ndarray:
        """Density u at each event from the kernels of all others, per km2, shape (n,).

        An event's own kernel is left out: with it, isolated events would find the background that
        they made themselves, and the background rate would come out too high.
        """
        inside = weight * self.mass_inside
        others = np.maximum(inside.sum() - inside, np.finfo(float).tiny)
        uniform = self.uniform_share / area_km2(self.region)
        return uniform + (1 - self.uniform_share) * (self.kernels @ weight) / others

    def background(self, weight: np.ndarray) -> KernelBackground:
        """The background with these weights, to forecast and simulate with."""
        e = self.events
        depth = np.full(len(e), 12.0)
        return KernelBackground(
            self.region, e.latitude, e.longitude, self.bandwidth_km, weight, depth, self.uniform_share
        )


def adaptive_kernels(
    events: History,
    region: tuple[float, float, float, float],
    *,
    neighbours: int = 20,
    floor_km: float = 3.0,
    uniform_share: float = 0.01,
    cut_off: float = 4.0,
    in_region: Shares | None = None,
) -> AdaptiveKernels:
    """Adaptive kernels as of Zhuang, Ogata and Vere-Jones (2002): the bandwidth is the distance to the n-th neighbour.

    Parameters
    ----------
    events : History
        Events inside the region.
    region : tuple of float
        (south, north, west, east), degrees.
    neighbours : int, optional
        Which neighbour's distance is the bandwidth.
    floor_km : float, optional
        Smallest bandwidth, about the error of locations.
    uniform_share : float, optional
        Share of the background spread uniformly, so that no place is impossible.
    cut_off : float, optional
        Kernels are taken as zero beyond this many bandwidths; at 4, they lose 0.03 % of their mass.
    in_region : Shares, optional
        Shares of the events in the region where they are known already.

    Returns
    -------
    AdaptiveKernels

    References
    ----------
    Zhuang, J., Ogata, Y. and Vere-Jones, D. (2002). JASA 97, 369-380. doi:10.1198/016214502760046925
    """
    from scipy.sparse import csr_array, vstack
    from scipy.spatial import KDTree

    box, vectors = region_of(region), events.unit_vectors()
    nearest = min(neighbours, len(events) - 1)
    chord = KDTree(vectors).query(vectors, k=[nearest + 1])[0][:, 0]
    bandwidth = np.maximum(2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1)), floor_km)
    rows, at_once = [], max(1, 1_000_000 // max(1, len(events)))
    for first in range(0, len(events), at_once):
        block = vectors[first : first + at_once]
        # Chords instead of arcs: at 200 km they differ by 0.004 %.
        ratio2 = 2 * EARTH_RADIUS_KM**2 * (1 - cosines(block, vectors)) / bandwidth**2
        near = ratio2 < cut_off**2
        near[np.arange(len(block)), first + np.arange(len(block))] = False
        target, source = np.nonzero(near)
        value = np.exp(-0.5 * ratio2[near]) / (2 * np.pi * bandwidth[source] ** 2)
        rows.append(csr_array((value, (target, source)), shape=near.shape))
    if in_region is None:
        in_region = shares(events.latitude, events.longitude, outline_of(box))
    mass = in_region.of_gaussian(bandwidth)
    return AdaptiveKernels(box, events, bandwidth, vstack(rows, format="csr"), mass, uniform_share)
