"""Counts on a grid: by period, by area, over people, and straight from the stored files.

One row of each table is a cell or an area; zeros are in it. Incidents are counted, not victims: an
incident with several offenses counts once, where (and as) its gravest offense was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import h3
import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from analysis.data.places import cells_of_rows, gravest, locate
from analysis.data.sources.netting import HIERARCHY
from analysis.data.vocabulary import NEVER_MAPPED

#: Degrees within which two outlines count as touching (about a metre): digitised borders never agree.
TOUCHING: Final = 1e-5


def hexagons(cells: Sequence[str]) -> list[Polygon]:
    """The outline of each cell (WGS84)."""
    return [Polygon([(lng, lat) for lat, lng in h3.cell_to_boundary(cell)]) for cell in cells]


def count_periods(
    incidents: pd.DataFrame,
    resolution: int,
    cells: Sequence[str],
    start: object,
    end: object,
    freq: str = "Q",
) -> pd.DataFrame:
    """The space-time cube: incidents in each cell and period.

    Args:
        incidents: one row per incident × offense with coordinates and ``coded_month`` ("YYYY-MM").
        resolution, cells: as in :func:`analysis.data.places.count_cells`.
        start, end: first and last month (inclusive). Whole periods only: end with the end of one.
        freq: ``Q`` quarters, ``Y`` years, ``M`` months.

    Returns:
        cells × periods (a PeriodIndex), whole numbers, zeros included.

    Raises:
        ValueError: the months do not make whole periods.
    """
    first, last = pd.Period(str(start), "M"), pd.Period(str(end), "M")
    periods = pd.period_range(first, last, freq=freq)
    whole = periods.size > 0 and periods[0].start_time.to_period("M") == first
    if not whole or periods[-1].end_time.to_period("M") != last:
        raise ValueError(
            f"{first} to {last} are no whole periods of {freq}. Choose months that begin and end one."
        )
    rows = gravest(incidents)
    month = months_of(rows["coded_month"])
    inside = np.asarray((month >= first) & (month <= last))
    rows = rows[inside]
    at = pd.Index(cells).get_indexer(pd.Index(cells_of_rows(rows, resolution)))
    when = periods.get_indexer(month[inside].asfreq(freq))
    known = (at >= 0) & (when >= 0)
    flat = np.bincount(at[known] * periods.size + when[known], minlength=len(cells) * periods.size)
    table = flat.reshape(len(cells), periods.size)
    return pd.DataFrame(table, index=pd.Index(cells, name="cell"), columns=periods)


def months_of(words: pd.Series) -> pd.PeriodIndex:
    """ "YYYY-MM" as monthly periods; each word is read once, however often it comes."""
    codes, each = pd.factorize(words)
    return pd.PeriodIndex(pd.PeriodIndex(each, freq="M").take(codes))


def count_areas(incidents: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Incidents inside each area, and their rate where people live.

    Args:
        incidents: one row per incident × offense with longitude and latitude.
        areas: one row an area: name, geometry, and (optional) area_id, population.

    Returns:
        The areas in their order with ``incidents`` and ``rate`` (per 1,000 residents; NaN without
        residents). A point in two areas that overlap counts in the first of them.
    """
    rows = gravest(incidents)
    at = locate(rows["longitude"], rows["latitude"], list(areas["geometry"]))
    counts = np.bincount(at[at >= 0], minlength=len(areas))
    people = areas["population"].to_numpy(float) if "population" in areas else np.full(len(areas), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(people > 0, 1000.0 * counts / people, np.nan)
    return areas.assign(incidents=counts, rate=rate)


def area_neighbours(geometries: Sequence[BaseGeometry], tolerance: float = TOUCHING) -> sparse.csr_matrix:
    """Binary n × n matrix of areas that touch, in a point or along a border; nothing on the diagonal."""
    shapes = np.array(list(geometries), dtype=object)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=tolerance)
    apart = first != second
    ones = np.ones(int(apart.sum()))
    return sparse.csr_matrix((ones, (first[apart], second[apart])), shape=(len(shapes), len(shapes)))


def people_in_cells(cells: Sequence[str], areas: pd.DataFrame) -> pd.Series:
    """Residents of each cell, shared out from areas by the part of each area that lies in the cell.

    An estimate: within an area people are taken to live evenly. Areas without a known population and
    cells outside every area give NaN, not nought.

    Args:
        areas: one row an area: geometry (WGS84, not overlapping), population.
    """
    known = areas[areas["population"].notna()]
    shapes = np.array(list(known["geometry"]), dtype=object)
    outlines = np.array(hexagons(cells), dtype=object)
    if not len(shapes):
        return pd.Series(np.nan, index=pd.Index(cells, name="cell"), name="population")
    people = known["population"].to_numpy(float)
    shapely.prepare(shapes)
    cell, area = shapely.STRtree(shapes).query(outlines, predicate="intersects")
    shared = shapely.area(outlines[cell])
    partly = ~shapely.contains_properly(shapes[area], outlines[cell])
    shared[partly] = shapely.area(shapely.intersection(outlines[cell[partly]], shapes[area[partly]]))
    # Degrees of longitude are shorter than of latitude, but equally so in both parts of the ratio.
    parts = people[area] * shared / shapely.area(shapes)[area]
    found = np.bincount(cell, parts, minlength=len(cells)).astype(float)
    found[np.bincount(cell, minlength=len(cells)) == 0] = np.nan
    return pd.Series(found, index=pd.Index(cells, name="cell"), name="population")


def count_stored(rows: Any, offenses: Sequence[str] | None = None) -> Any:
    """Incidents and victims in each cell of the stored resolution, as one query over stored rows.

    For files too large to read into memory. The rows are taken as they stand: netting over files
    (``Hub.incidents``) comes before.

    Args:
        rows: an Ibis table of incident rows: agency_id, incident_id, offense, victims, h3_r9.
        offenses: only these.

    Returns:
        An Ibis expression: cell, incidents, victims; cells without an incident are not in it.
    """
    allowed = [o for o in (offenses or HIERARCHY) if o not in NEVER_MAPPED]
    ranks = [(o, i) for i, o in enumerate(HIERARCHY)]
    rows = rows.filter(rows.offense.isin(allowed))
    rows = rows.mutate(rank=rows.offense.cases(*ranks, else_=len(ranks)), place=rows.h3_r9.fill_null(""))
    single = rows.group_by("agency_id", "incident_id").agg(
        cell=rows.place.argmin(rows["rank"]), victims=rows.victims.sum()
    )
    placed = single.filter(single.cell != "")
    return placed.group_by("cell").agg(incidents=placed.count(), victims=placed.victims.sum())
