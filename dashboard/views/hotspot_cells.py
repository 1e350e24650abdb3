"""Incidents in hexagons: which, for whom, over which months, and what may be told of them.

Pure functions of a hub and an audience's rules. Counts that an audience may not see are gone
before any table, chart or map is made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import h3
import numpy as np
import pandas as pd
from shapely.ops import unary_union

from analysis.data import Hub
from analysis.data.outlines import jurisdiction_outlines
from analysis.data.places import count_cells, cover, locate
from analysis.data.privacy import Audience, suppress
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, PLACES, REGION
from dashboard import words as w

OFFENSES: Final = ("homicide", "robbery", "aggravated_assault")
WINDOWS: Final = (3, 6, 12, 24, 36, 60)
#: Measures on the public map. Robberies or assaults alone, subtracted from a map of all, would
#: give small counts away.
PUBLIC_MEASURES: Final = ("violent_street_crime", "homicide", "gun_violence")
#: Measure → the measures that contain it: a map of either must not give away the difference.
WITHIN: Final[Mapping[str, tuple[str, ...]]] = {
    "violent_street_crime": (),
    "gun_violence": ("violent_street_crime",),
    "homicide": ("violent_street_crime", "gun_violence"),
    "robbery": ("violent_street_crime",),
    "aggravated_assault": ("violent_street_crime",),
}
#: An agency whose incidents end this many months before the newest is left out of a window.
_LATE: Final = 3


@dataclass(frozen=True)
class Located:
    """Incidents that can be mapped, each agency's from one source.

    Attributes:
        incidents: one row per incident × offense, with and without coordinates.
        jurisdictions: that have them.
        first, end: months that all their agencies cover.
        sources: layouts used.
        notes: what was left out, as sentences.
    """

    incidents: pd.DataFrame
    jurisdictions: tuple[str, ...]
    first: pd.Period
    end: pd.Period
    sources: tuple[str, ...]
    notes: tuple[str, ...]


def located(hub: Hub, rules: Audience, through: pd.Period | None, today: pd.Timestamp) -> Located | str:
    """Incidents of homicide, robbery and aggravated assault that this audience may see mapped.

    Returns a sentence when the hub has none: many agencies publish counts alone.
    """
    rows = hub.incidents(list(OFFENSES))
    if rows.empty or not rows["longitude"].notna().any():
        return "This hub holds no incident locations: its agencies publish monthly counts alone."
    agencies = hub.agencies().set_index("agency_id")
    rows = rows.assign(
        month=pd.PeriodIndex(rows["coded_month"], freq="M"),
        jurisdiction=rows["agency_id"].map(agencies["jurisdiction"]),
    )
    rows = rows[rows["jurisdiction"].isin(list(JURISDICTIONS))]
    limit = (today - pd.Timedelta(days=rules.delay_days)).to_period("M") - 1
    limit = limit if through is None else min(limit, through)
    counts = hub.monthly_counts(offenses=OFFENSES)
    counts = counts[counts["count"].notna() & (counts["month"] <= limit)]
    spans = counts.groupby(["agency_id", "source"])["month"].agg(["min", "max"]).reset_index()
    spans = spans.merge(rows[["agency_id", "source"]].drop_duplicates())
    if spans.empty:
        return "No month of this hub's incidents may be shown yet."
    # One source an agency, the one that reaches furthest: two ways of counting are never joined.
    best = spans.sort_values(["max", "min"]).groupby("agency_id").tail(1)
    late = best["max"] < best["max"].max() - _LATE
    names = agencies["name"]
    notes = [
        f"{names.get(a, a)} is left out: its incidents end in {w.month(m)}."
        for a, m in best.loc[late, ["agency_id", "max"]].itertuples(index=False)
    ]
    best = best[~late]
    kept = rows.merge(best[["agency_id", "source"]])
    first, end = best["min"].max(), best["max"].min()
    if not rules.mapped_rape:
        domestic = kept["domestic"].fillna(False).astype(bool)
        kept = kept[~domestic]
        notes.append("Incidents marked as domestic are in no map; they are counted for whole places alone.")
    if any(s.endswith("cleaned") for s in best["source"]):
        notes.append(
            "The published extract leaves out rows without coordinates, so the share that could not "
            "be placed is not known."
        )
    found = [j for j in JURISDICTIONS if j in set(kept["jurisdiction"])]
    return Located(
        kept, tuple(found), first, end, tuple(sorted(best["source"].unique())), tuple(notes)
    )  # fmt: skip


def windows(data: Located, rules: Audience, measure: str) -> list[int]:
    """Lengths in months that the data hold and this audience may see, the shortest first."""
    shortest = rules.shortest_window
    if measure == "homicide":
        shortest = max(shortest, 12 * rules.homicide_years)
    have = (data.end - data.first).n + 1
    return [n for n in WINDOWS if shortest <= n <= have]


def measures(rules: Audience) -> tuple[str, ...]:
    """Measures that this audience may see on a map."""
    return tuple(m for m in MEASURES if not rules.k >= 5 or m in PUBLIC_MEASURES)


def of_measure(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Rows that a measure is about; a homicide is one with a firearm where the source does not tell."""
    offense, firearm = rows["offense"], rows["firearm"].fillna(False).astype(bool)
    if measure == "violent_street_crime":
        domestic = rows["domestic"].fillna(False).astype(bool) & (offense == "aggravated_assault")
        return rows[~domestic]
    if measure == "gun_violence":
        murder = offense == "homicide"
        told = firearm[murder].any()
        return rows[firearm | (murder & (not told))]
    return rows[offense == measure]


def in_window(data: Located, measure: str, months: int, place: str = REGION) -> pd.DataFrame:
    """Rows of a measure in the latest ``months``, in a place."""
    rows = data.incidents
    rows = rows[(rows["month"] > data.end - months) & (rows["month"] <= data.end)]
    if place != REGION:
        rows = rows[rows["jurisdiction"] == place]
    return of_measure(rows, measure)


def cells_of_place(data: Located, place: str, resolution: int) -> list[str]:
    """Every hexagon that overlaps the place, as far as its incidents can be mapped."""
    outlines = jurisdiction_outlines()
    wanted = data.jurisdictions if place == REGION else (place,)
    return cover(unary_union([outlines[j] for j in wanted]), resolution)


def count(data: Located, measure: str, months: int, cells: Sequence[str], resolution: int) -> pd.Series:
    """Incidents in each hexagon. All agencies count, so that a hexagon says the same on every map."""
    table = count_cells(in_window(data, measure, months), resolution, cells)
    return table.set_index("cell")["incidents"].astype(float)


def protected(
    data: Located, rules: Audience, measure: str, months: int, cells: Sequence[str], resolution: int
) -> pd.DataFrame:
    """The counts that may be shown: cell, count (NaN: hidden), hidden, shown (words).

    Besides small counts and their complement, a count is hidden when the difference to another map
    on offer (a shorter window, or a measure that contains this one) would be small.
    """
    counts = count(data, measure, months, cells, resolution)
    table = suppress(counts.rename("count").reset_index(), "count", k=rules.k)
    if rules.k <= 1:
        return table
    whole = counts.to_numpy(float)
    others = [
        whole - count(data, measure, n, cells, resolution).to_numpy(float)
        for n in windows(data, rules, measure)
        if n < months
    ]
    others += [
        count(data, m, months, cells, resolution).to_numpy(float) - whole
        for m in WITHIN[measure]
        if months in windows(data, rules, m)
    ]
    gaps = np.array(others).reshape(-1, len(whole))
    told = ((gaps > 0) & (gaps < rules.k)).any(axis=0)
    more = told & (whole > 0) & ~table["hidden"].to_numpy(bool)
    table.loc[more, "count"] = np.nan
    table.loc[more, "hidden"] = True
    table.loc[more, "shown"] = "not shown"
    return table


def names(hub: Hub, cells: Sequence[str]) -> list[str]:
    """The neighbourhood of each hexagon's centre, or its jurisdiction."""
    centre = np.array([h3.cell_to_latlng(c) for c in cells]).reshape(-1, 2)
    areas = hub.areas()
    areas = areas[areas["kind"].isin(["neighborhood", "park"])]
    outlines = jurisdiction_outlines()
    shapes = [*areas["geometry"], *outlines.values()]
    called = [*areas["name"], *(PLACES[j] for j in outlines), "Edge of the map"]
    return [str(called[i]) for i in locate(centre[:, 1], centre[:, 0], shapes)]


def unplaced(data: Located, measure: str, months: int, place: str) -> tuple[int, int]:
    """Incidents without coordinates, and all, in the window."""
    rows = in_window(data, measure, months, place)
    rows = rows.drop_duplicates(["agency_id", "incident_id"])
    return int(rows["longitude"].isna().sum()), len(rows)


def clusters(cells: Sequence[str]) -> list[list[str]]:
    """Hexagons that touch, as groups: one unusual concentration each; the largest first."""
    left, groups = set(cells), []
    while left:
        group, edge = [], [min(left)]
        left.discard(edge[0])
        while edge:
            cell = edge.pop()
            group.append(cell)
            near = [c for c in h3.grid_disk(cell, 1) if c in left]
            left.difference_update(near)
            edge.extend(near)
        groups.append(group)
    return sorted(groups, key=lambda g: (-len(g), min(g)))


def week(data: Located, rules: Audience, measure: str, months: int, place: str) -> tuple[pd.DataFrame, int]:
    """day, hour (start of the band), count, hidden, shown; and incidents whose hour is not known."""
    rows = in_window(data, measure, months, place).drop_duplicates(["agency_id", "incident_id"])
    when = rows["occurred_at"].dropna()
    band = rules.hour_bands
    grid = pd.MultiIndex.from_product([range(7), range(0, 24, band)], names=["day", "hour"])
    sums = pd.DataFrame({"day": when.dt.day_of_week, "hour": when.dt.hour // band * band})
    table = sums.groupby(["day", "hour"]).size().reindex(grid, fill_value=0)
    return suppress(table.rename("count").reset_index(), "count", k=rules.k), len(rows) - len(when)
