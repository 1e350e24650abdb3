"""Outlines of the states and the District of Columbia, and where in them a place without coordinates goes.

The shapes are the U.S. Census Bureau's cartographic boundaries of 2016 at 1:500,000 (public domain), as the
registry package ``plotly-geo`` carries them, simplified to about ten miles: enough for a map as wide as a
hand. That package is needed only to derive the small file that ships here:
``python -m dashboard.charts.states`` writes it.
"""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from analysis.data.geography import outlines as census

FILE: Final = Path(__file__).parent / "boundaries" / "states.geojson"
SOURCE: Final = "U.S. Census Bureau, cartographic boundaries 2016, 1:500,000 (public domain)"
_TOLERANCE: Final = 0.15  # degrees, about 10 miles
_SMALLEST: Final = 0.04  # square degrees: islands below are left out
_NOT_STATES: Final = ("AS", "GU", "MP", "PR", "VI")
#: Degrees between places that are spread over their state, first try.
_APART: Final = 0.95


@functools.cache
def outlines() -> dict[str, BaseGeometry]:
    """Postal code → outline (WGS84)."""
    collection = json.loads(FILE.read_text(encoding="utf-8"))
    return {f["properties"]["code"]: shape(f["geometry"]) for f in collection["features"]}


@functools.cache
def features() -> tuple[dict[str, Any], ...]:
    """The same as GeoJSON features with rings as d3 wants them (clockwise)."""
    return tuple(
        {"type": "Feature", "properties": {"code": code}, "geometry": dict(mapping(_clockwise(outline)))}
        for code, outline in outlines().items()
    )


def _clockwise(outline: BaseGeometry) -> BaseGeometry:
    return shapely.MultiPolygon([orient(part, sign=-1.0) for part in getattr(outline, "geoms", [outline])])


def spread(state: str, number: int) -> list[tuple[float, float]]:
    """Points (longitude, latitude) evenly over a state, those nearest its middle first.

    For places of which nothing is known but their state; empty for an unknown code.
    """
    outline = outlines().get(state)
    if outline is None or number == 0:
        return []
    middle = outline.representative_point()
    inside = outline.buffer(-0.12)
    inside = outline if inside.is_empty else inside
    apart = _APART
    while True:
        found = _lattice(inside, middle.x, middle.y, apart)
        if len(found) >= number or apart < 0.05:
            break
        apart *= 0.85
    found = found or [(middle.x, middle.y)]
    return [found[i % len(found)] for i in range(number)]


def _lattice(inside: BaseGeometry, x0: float, y0: float, apart: float) -> list[tuple[float, float]]:
    """Points of a triangular lattice through (x0, y0), as even on the ground as in degrees north."""
    west, south, east, north = inside.bounds
    squeeze = 1 / math.cos(math.radians(y0))
    down = apart * math.sqrt(3) / 2
    rows = np.arange(math.floor((south - y0) / down), math.ceil((north - y0) / down) + 1)
    points = []
    for row in rows:
        shift = 0.5 * (row % 2)
        reach = math.ceil(max(x0 - west, east - x0) / (apart * squeeze)) + 1
        points += [
            (x0 + (column + shift) * apart * squeeze, y0 + row * down) for column in range(-reach, reach + 1)
        ]
    table = pd.DataFrame(points, columns=["x", "y"])
    table = table[shapely.contains_xy(inside, table["x"], table["y"])]
    away = ((table["x"] - x0) / squeeze) ** 2 + (table["y"] - y0) ** 2
    return [(float(x), float(y)) for x, y in table.loc[away.sort_values().index].itertuples(index=False)]


def derive() -> dict[str, Any]:
    """Derive the shipped file; borders are simplified together, so that no slivers are left.

    Raises:
        ModuleNotFoundError: ``plotly-geo`` is not installed.
    """
    base = census._package_folder() / "cb_2016_us_state_500k"
    codes = census._dbf_column(base.with_suffix(".dbf"), "STUSPS")
    wanted = {i for i, code in enumerate(codes) if code not in _NOT_STATES}
    shapes = census._polygons(base.with_suffix(".shp"), wanted)
    simple = shapely.coverage_simplify([shapes[i] for i in sorted(wanted)], _TOLERANCE)
    made = []
    for i, outline in zip(sorted(wanted), simple, strict=True):
        parts = [p for p in getattr(outline, "geoms", [outline]) if p.area >= _SMALLEST] or [outline]
        kept = shapely.set_precision(shapely.union_all(parts), 0.01)
        made.append((codes[i], kept))
    return {
        "type": "FeatureCollection",
        "source": SOURCE,
        "features": [
            {"type": "Feature", "properties": {"code": code}, "geometry": census._rounded(mapping(outline))}
            for code, outline in sorted(made)
        ],
    }


def main() -> None:
    """Write the shipped file."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(derive(), separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
