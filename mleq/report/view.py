"""Maps as SVG: places become positions in a drawing, over the land of Natural Earth."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mleq.etas.sphere import destination
from mleq.report.markup import Html, join, tag

WIDTH = 720.0
"""Of a drawing, in its own units."""


@dataclass(frozen=True)
class View:
    """A part of the Earth between two parallels and two meridians, at right scale along its middle parallel.

    Parameters
    ----------
    south, north : float
        Degrees.
    west, east : float
        Degrees, east of west; beyond 180 where the view crosses the antimeridian.
    assets : str
        Where the page finds what all pages share.
    """

    south: float
    north: float
    west: float
    east: float
    assets: str = "../assets"

    @classmethod
    def around(cls, latitude: float, longitude: float, reach_km: float, **more: Any) -> View:
        """The view that reaches so many kilometres north and south of a place, and half as far again to its sides."""
        height = min(reach_km / 111.2, 90.0)
        width = min(1.5 * height / max(math.cos(math.radians(latitude)), 0.15), 180.0)
        south, north = max(latitude - height, -90.0), min(latitude + height, 90.0)
        return cls(south, north, longitude - width, longitude + width, **more)

    @property
    def per_degree(self) -> tuple[float, float]:
        """Units of a degree eastward and northward."""
        east = WIDTH / (self.east - self.west)
        if self.east - self.west > 180:  # the whole world: plate carree
            return east, east
        return east, east / max(math.cos(math.radians((self.south + self.north) / 2)), 0.15)

    @property
    def height(self) -> float:
        """Of the drawing, in its own units."""
        return (self.north - self.south) * self.per_degree[1]

    def x(self, longitude: Any) -> np.ndarray:
        """Positions of meridians, those of the turn that the view lies in."""
        return np.mod(np.asarray(longitude, float) - self.west, 360.0) * self.per_degree[0]

    def y(self, latitude: Any) -> np.ndarray:
        """Positions of parallels, downward."""
        return (self.north - np.asarray(latitude, float)) * self.per_degree[1]

    def holds(self, latitude: Any, longitude: Any) -> np.ndarray:
        """Which places lie in the view."""
        y = np.asarray(latitude, float)
        return (self.south <= y) & (y <= self.north) & (self.x(longitude) <= WIDTH)

    def svg(self, *content: Any, **attributes: Any) -> Html:
        """A drawing of the view: land, parallels and meridians, and what is given."""
        box = f"0 0 {WIDTH:g} {self.height:.1f}"
        return tag("svg", self.land(), self.lines(), *content, viewBox=box, **attributes)

    def land(self) -> Html:
        """The land, as a file beside the pages."""
        east, north = self.per_degree
        first = math.floor((self.west + 180) / 360)
        last = math.ceil((self.east + 180) / 360)
        copies = [self._land(-180 + 360 * turn, east, north) for turn in range(first, last)]
        return tag("g", *copies, aria_hidden="true")

    def _land(self, longitude: float, east: float, north: float) -> Html:
        place = f"translate({(longitude - self.west) * east:.2f} {float(self.y(90)):.2f}) scale({east:.4f} {north:.4f})"
        return land_image(self.assets, place)

    def lines(self) -> Html:
        """Parallels and meridians, with their degrees at the edge."""
        step = _step(min(self.north - self.south, (self.east - self.west) / 1.5))
        parts = []
        for latitude in np.arange(math.ceil(self.south / step) * step, self.north, step):
            y = float(self.y(latitude))
            parts.append(f"M0 {y:.1f}h{WIDTH:g}")
        for longitude in np.arange(math.ceil(self.west / step) * step, self.east, step):
            x = (longitude - self.west) * self.per_degree[0]
            parts.append(f"M{x:.1f} 0v{self.height:.1f}")
        drawn = tag("path", d="".join(parts), class_="graticule")
        return tag("g", drawn, *self._degrees(step), aria_hidden="true")

    def _degrees(self, step: float) -> Iterable[Html]:
        for latitude in np.arange(math.ceil(self.south / step) * step, self.north, step):
            y = float(self.y(latitude))
            if 14 < y < self.height - 20:
                name = f"{abs(latitude):g}°{'N' if latitude > 0 else 'S' if latitude < 0 else ''}"
                yield tag("text", name, x="4", y=f"{y - 3:.1f}", class_="degree")
        for longitude in np.arange(math.ceil(self.west / step) * step, self.east, step):
            x = (longitude - self.west) * self.per_degree[0]
            if 30 < x < WIDTH - 30:
                turned = (longitude + 180) % 360 - 180
                side = "E" if 0 < turned < 180 else "W" if -180 < turned < 0 else ""
                yield tag(
                    "text", f"{abs(turned):g}°{side}", x=f"{x:.1f}", y=f"{self.height - 5:.1f}", class_="degree middle"
                )

    def ring(self, latitude: float, longitude: float, radius_km: float) -> Html:
        """A circle on the Earth, and a cross at its centre."""
        north, east = destination(latitude, longitude, np.linspace(0, 360, 121), radius_km)
        # Seen from the centre, so that a circle across the view's seam stays one.
        offset = (east - longitude + 180) % 360 - 180
        centre = float(self.x(longitude))
        x, y = centre + offset * self.per_degree[0], self.y(north)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        middle = float(self.y(latitude))
        cross = f"M{centre - 6:.1f} {middle:.1f}h12M{centre:.1f} {middle - 6:.1f}v12"
        return join([tag("polygon", points=points, class_="ring"), tag("path", d=cross, class_="ring")])


def land_image(assets: str, place: str) -> Html:
    """The land of the world, 360 by 180 units, put to a place."""
    size = {"width": "360", "height": "180", "preserveAspectRatio": "none"}
    return tag("image", href=f"{assets}/land.svg", **size, transform=place)


def _step(span: float) -> float:
    """A round number of degrees that divides a span into a few parts."""
    return next((step for step in (0.5, 1, 2, 5, 10, 15, 30) if span / step <= 4.5), 60)
