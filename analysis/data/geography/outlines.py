"""Outlines of the three jurisdictions and their neighbours, from the Census county shapes.

The shapes are the U.S. Census Bureau's cartographic boundaries of 2016 at 1:500,000 (public
domain), as the registry package ``plotly-geo`` carries them. That package is needed only to derive
the small GeoJSON file that ships here, and by the test that derives it again:
``python -m analysis.data.geography.outlines`` writes it.

St. Louis City is no part of St. Louis County, and its census outline reaches to the middle of the
Mississippi.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import json
import struct
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from analysis.data.vocabulary import JURISDICTIONS

FILE: Final = Path(__file__).parent / "boundaries" / "jurisdictions.geojson"
SOURCE: Final = "U.S. Census Bureau, cartographic boundaries 2016, 1:500,000 (public domain)"
#: County codes (FIPS) of the jurisdictions, and of the counties around them that a map shows in grey.
FIPS: Final = {"stl_city": "29510", "stl_county": "29189", "st_clair": "17163"}
CONTEXT_FIPS: Final = {
    "29183": "St. Charles County, MO",
    "29099": "Jefferson County, MO",
    "29071": "Franklin County, MO",
    "17119": "Madison County, IL",
    "17133": "Monroe County, IL",
    "17027": "Clinton County, IL",
    "17157": "Randolph County, IL",
    "17189": "Washington County, IL",
}
_TOLERANCE: Final = 0.0003  # degrees, about 30 m
_GRID: Final = 0.00001  # degrees, about 1 m


@functools.cache
def outline_collection() -> dict[str, Any]:
    """The shipped GeoJSON: features with ``id``, ``name``, ``kind`` (jurisdiction · context), ``fips``."""
    collection: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return collection


@functools.cache
def jurisdiction_outlines() -> dict[str, BaseGeometry]:
    """Jurisdiction id → polygon in WGS84, in the order of the vocabulary."""
    found = {
        feature["properties"]["id"]: shape(feature["geometry"])
        for feature in outline_collection()["features"]
        if feature["properties"]["kind"] == "jurisdiction"
    }
    return {name: found[name] for name in JURISDICTIONS}


def derive(folder: Path | None = None) -> dict[str, Any]:
    """Derive the shipped collection from the Census county file.

    Args:
        folder: where ``cb_2016_us_county_500k.shp`` and ``.dbf`` lie; by default the installed
            package ``plotly-geo``.

    Shared borders are simplified together, so neighbours neither overlap nor leave slivers.
    Raises ``ModuleNotFoundError`` when the package is not installed.
    """
    base = (folder or _package_folder()) / "cb_2016_us_county_500k"
    names = {fips: (key, JURISDICTIONS[key], "jurisdiction") for key, fips in FIPS.items()}
    for fips, name in CONTEXT_FIPS.items():
        names.setdefault(fips, (f"context_{fips}", name, "context"))
    codes = _dbf_column(base.with_suffix(".dbf"), "GEOID")
    shapes = _polygons(base.with_suffix(".shp"), {i for i, code in enumerate(codes) if code in names})
    fips_in_order = sorted(names, key=lambda f: (names[f][2] != "jurisdiction", list(names).index(f)))
    by_code = {codes[i]: polygon for i, polygon in shapes.items()}
    simple = shapely.coverage_simplify([by_code[f] for f in fips_in_order], _TOLERANCE)
    features = []
    for fips, polygon in zip(fips_in_order, simple, strict=True):
        key, name, kind = names[fips]
        geometry = mapping(shapely.set_precision(polygon, _GRID))
        properties = {"id": key, "name": name, "kind": kind, "fips": fips}
        features.append({"type": "Feature", "properties": properties, "geometry": _rounded(geometry)})
    return {"type": "FeatureCollection", "source": SOURCE, "features": features}


def _rounded(geometry: dict[str, Any]) -> dict[str, Any]:
    def trim(node: Any) -> Any:
        if isinstance(node, (list, tuple)):
            return [trim(child) for child in node]
        return round(node, 5)

    return {"type": geometry["type"], "coordinates": trim(geometry["coordinates"])}


def _package_folder() -> Path:
    spec = importlib.util.find_spec("_plotly_geo")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("The package plotly-geo is not installed: uv sync brings it.")
    return Path(next(iter(spec.submodule_search_locations))) / "package_data"


def _dbf_column(path: Path, column: str) -> list[str]:
    """One text column of a dBASE III table."""
    data = path.read_bytes()
    count, header, width = struct.unpack("<xxxxIHH", data[:12])
    offset = 1  # every record begins with a deletion mark
    for start in range(32, header - 1, 32):
        name = data[start : start + 11].rstrip(b"\0").decode("ascii")
        length = data[start + 16]
        if name == column:
            rows = (data[header + i * width :][offset : offset + length] for i in range(count))
            return [row.decode("latin-1").strip() for row in rows]
        offset += length
    raise KeyError(f"{path.name} has no column {column}.")


def _polygons(path: Path, wanted: set[int]) -> dict[int, BaseGeometry]:
    """Polygons of the wanted records of an ESRI shapefile (outer rings run clockwise)."""
    data, position, record = path.read_bytes(), 100, 0
    found: dict[int, BaseGeometry] = {}
    while position < len(data):
        (words,) = struct.unpack(">4xI", data[position : position + 8])
        if record in wanted:
            found[record] = _polygon(data[position + 8 : position + 8 + 2 * words])
        position += 8 + 2 * words
        record += 1
    return found


def _polygon(content: bytes) -> BaseGeometry:
    parts, points = struct.unpack("<36xII", content[:44])
    starts = [*struct.unpack(f"<{parts}I", content[44 : 44 + 4 * parts]), points]
    flat = struct.unpack(f"<{2 * points}d", content[44 + 4 * parts : 44 + 4 * parts + 16 * points])
    xy = list(zip(flat[0::2], flat[1::2], strict=True))
    rings = [shapely.LinearRing(xy[a:b]) for a, b in itertools.pairwise(starts)]
    outer = [shapely.Polygon(ring) for ring in rings if not ring.is_ccw]
    holes = [shapely.Polygon(ring) for ring in rings if ring.is_ccw]
    return shapely.union_all(outer).difference(shapely.union_all(holes))


def main() -> None:
    """Write the shipped file."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(derive(), separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
