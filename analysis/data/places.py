"""Where things are: H3 cells, polygons, and which area holds a point.

Cells *overlap* the outline they cover (an outline's border cells are in), because cells chosen by
their centre lose up to 3 % of a city's incidents at its edge. Points are put into polygons by
bounding box and ``shapely.contains_xy``, four times as fast as a spatial join for tens of polygons.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import h3
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from analysis.data.sources.netting import HIERARCHY

#: Resolution stored with every incident.
STORED_RESOLUTION: Final = 9


def cover(geometry: BaseGeometry, resolution: int) -> list[str]:
    """H3 cells of a resolution that overlap a polygon or multipolygon (WGS84), sorted."""
    shaped = h3.geo_to_h3shape(mapping(geometry))
    return sorted(h3.h3shape_to_cells_experimental(shaped, resolution, "overlap"))


def cells_of(longitude: ArrayLike, latitude: ArrayLike, resolution: int) -> NDArray[np.object_]:
    """The cell that holds each of n points; None where a coordinate is missing."""
    lon, lat = np.asarray(longitude, float), np.asarray(latitude, float)
    out = np.full(len(lon), None, dtype=object)
    for i in np.flatnonzero(np.isfinite(lon) & np.isfinite(lat)):
        out[i] = h3.latlng_to_cell(lat[i], lon[i], resolution)
    return out


def cells_of_rows(incidents: pd.DataFrame, resolution: int) -> NDArray[np.object_]:
    """The cell of each incident row; None where it has no coordinates.

    The stored cell is taken at its own resolution: it was made from the same coordinates. A row without
    one is placed by its coordinates.
    """
    if resolution != STORED_RESOLUTION or "h3_r9" not in incidents:
        return cells_of(incidents["longitude"], incidents["latitude"], resolution)
    stored = incidents["h3_r9"].astype(object)
    out = np.asarray(stored.where(stored.notna(), None), dtype=object).copy()
    lacking = stored.isna().to_numpy()
    if lacking.any():
        rest = incidents.loc[lacking]
        out[lacking] = cells_of(rest["longitude"], rest["latitude"], resolution)
    return out


def gravest(incidents: pd.DataFrame) -> pd.DataFrame:
    """One row an incident, of its gravest offense (UCR hierarchy); victims of all its rows are added.

    ``incidents`` has one row per incident × offense (agency_id, incident_id, offense, victims …).
    """
    if incidents.empty:
        return incidents
    rank = incidents["offense"].map({offense: i for i, offense in enumerate(HIERARCHY)})
    rows = incidents.assign(_rank=rank).sort_values("_rank", kind="stable")
    key = ["agency_id", "incident_id"]
    victims = rows.groupby(key, sort=False)["victims"].sum()
    first = rows.drop_duplicates(key).set_index(key)
    return first.assign(victims=victims).drop(columns="_rank").reset_index()[list(incidents.columns)]


def cell_sums(incidents: pd.DataFrame, resolution: int) -> pd.Series:
    """Incidents in each cell that has any (index: cell), counted as in :func:`count_cells`."""
    at = pd.Series(cells_of_rows(gravest(incidents), resolution), dtype="object").dropna()
    return at.value_counts(sort=False).rename_axis("cell").rename("incidents")


def count_cells(incidents: pd.DataFrame, resolution: int, cells: Sequence[str]) -> pd.DataFrame:
    """Incidents and victims in each of the given cells.

    Args:
        incidents: one row per incident × offense with longitude and latitude; an incident with
            several offenses counts once, where its gravest offense was.
        resolution: H3 resolution of ``cells``.
        cells: cells to report, zeros included; points elsewhere are left out.

    Returns:
        One row a cell in the given order: cell, incidents, victims.
    """
    rows = gravest(incidents)
    at = cells_of_rows(rows, resolution)
    sums = (
        pd.DataFrame({"cell": at, "incidents": 1, "victims": rows["victims"].to_numpy(float)})
        .dropna(subset="cell")
        .groupby("cell")
        .sum()
    )
    out = sums.reindex(pd.Index(cells, name="cell"), fill_value=0).reset_index()
    return out.astype({"incidents": "int64", "victims": "int64"})


def neighbours(cells: Sequence[str]) -> sparse.csr_matrix:
    """Binary n × n matrix of cells that touch; nothing on the diagonal."""
    position = {cell: i for i, cell in enumerate(cells)}
    pairs = [
        (i, position[other])
        for cell, i in position.items()
        for other in h3.grid_disk(cell, 1)
        if other != cell and other in position
    ]
    row, column = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(len(cells), len(cells)))


def locate(longitude: ArrayLike, latitude: ArrayLike, polygons: Iterable[BaseGeometry]) -> NDArray[np.int64]:
    """Position of the first polygon that holds each of n points; −1 where none does."""
    lon, lat = np.asarray(longitude, float), np.asarray(latitude, float)
    found = np.full(len(lon), -1, dtype=np.int64)
    open_ = np.isfinite(lon) & np.isfinite(lat)
    for i, polygon in enumerate(polygons):
        west, south, east, north = polygon.bounds
        near = np.flatnonzero(open_ & (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        if near.size:
            shapely.prepare(polygon)
            inside = near[shapely.contains_xy(polygon, lon[near], lat[near])]
            found[inside] = i
            open_[inside] = False
    return found


def read_geometry(text: str) -> BaseGeometry:
    """A stored outline (GeoJSON geometry as text) as a shapely geometry, mended when it is invalid."""
    geometry = shape(json.loads(text))
    return geometry if geometry.is_valid else shapely.make_valid(geometry)


def geometry_text(geometry: BaseGeometry) -> str:
    """A shapely geometry as GeoJSON text with six decimals (10 cm)."""

    def trim(node: Any) -> Any:
        return [trim(child) for child in node] if isinstance(node, (list, tuple)) else round(node, 6)

    record = mapping(geometry)
    return json.dumps(
        {"type": record["type"], "coordinates": trim(record["coordinates"])}, separators=(",", ":")
    )
