"""Incidents in hexagons: which, for whom, over which months, and what may be told of them.

Pure functions of a hub and an audience's rules. Counts that an audience may not see are gone
before any table, chart or map is made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import h3
import numpy as np
import pandas as pd
from shapely.ops import unary_union

from analysis.data import Hub
from analysis.data.geography.grid import months_of, people_in_cells
from analysis.data.geography.outlines import jurisdiction_outlines
from analysis.data.places import cell_sums, cover, locate
from analysis.data.privacy import (
    HIDDEN,
    SHOWN,
    Audience,
    Rate,
    last_shown,
    map_end,
    map_windows,
    mappable,
    protect_pair,
    rate_standing,
    stand_in,
    words,
)
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, PLACES, REGION
from analysis.hotspots import aoristic, unknown_hours
from dashboard import words as w

OFFENSES: Final = ("homicide", "robbery", "aggravated_assault")
#: What an audience with a threshold sees mapped, the whole and its part; both are protected together.
#: Robberies or assaults alone, subtracted from a map of all, would give small counts away.
WHOLE, PART = "violent_street_crime", "gun_violence"
NOT_SHOWN: Final = "not shown"
YEAR: Final = 12
#: Years of the small multiples.
MOST_YEARS: Final = 4
#: An agency whose incidents end this many months before the newest is left out of a window.
_LATE: Final = 3


@dataclass(frozen=True)
class Located:
    """Incidents that can be mapped, each agency's from one source.

    Attributes:
        incidents: one row per incident × offense, with and without coordinates.
        jurisdictions: that have them.
        first, end: months that all their agencies cover; ``end`` is the last that a map may end with.
        last: the last month that is known and may be counted at all, for shares of the whole place.
        sources: layouts used.
        notes: what was left out, as sentences.
    """

    incidents: pd.DataFrame
    jurisdictions: tuple[str, ...]
    first: pd.Period
    end: pd.Period
    last: pd.Period
    sources: tuple[str, ...]
    notes: tuple[str, ...]

    @cached_property
    def masks(self) -> dict[Any, pd.DataFrame]:
        """What is hidden on each map, worked out once for all places and measures."""
        return {}

    @cached_property
    def sums(self) -> dict[Any, pd.Series]:
        """Incidents by hexagon of each window, counted once for all places."""
        return {}


def located(hub: Hub, rules: Audience, through: pd.Period | None, today: pd.Timestamp) -> Located | str:
    """Incidents of homicide, robbery and aggravated assault that this audience may see mapped.

    Returns a sentence when the hub has none: many agencies publish counts alone.
    """
    rows = hub.incidents(list(OFFENSES))
    if rows.empty or not rows["longitude"].notna().any():
        return "This hub holds no incident locations: its agencies publish monthly counts alone."
    agencies = hub.agencies().set_index("agency_id")
    rows = rows.assign(
        month=months_of(rows["coded_month"]),
        jurisdiction=rows["agency_id"].map(agencies["jurisdiction"]),
    )
    rows = rows[rows["jurisdiction"].isin(list(JURISDICTIONS))]
    limit = last_shown(rules, today)
    limit = limit if through is None else min(limit, through)
    counts = hub.monthly_counts(offenses=OFFENSES)
    counts = counts[counts["count"].notna() & (counts["month"] <= limit)]
    spans = counts.groupby(["agency_id", "source"])["month"].agg(["min", "max"]).reset_index()
    spans = spans.merge(rows[["agency_id", "source"]].drop_duplicates())
    if spans.empty:
        return "No month of this hub’s incidents may be shown yet."
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
    first, last = best["min"].max(), best["max"].min()
    kept = kept[mappable(rules, kept) & (kept["month"] <= last)]
    if not rules.mapped_rape:
        notes.append("Incidents marked as domestic are in no map; they are counted for whole places alone.")
    if any(s.endswith("cleaned") for s in best["source"]):
        notes.append(
            "The published extract leaves out rows without coordinates, so the share that could not "
            "be placed is not known."
        )
    end = map_end(rules, last) if rules.k > 1 else last
    if end < last:
        notes.append(
            f"Maps end with {w.month(end)}, although incidents are known until {w.month(last)}: maps that "
            "moved on every month would, one subtracted from the other, give single months away."
        )
    found = tuple(j for j in JURISDICTIONS if j in set(kept["jurisdiction"]))
    sources = tuple(sorted(best["source"].unique()))
    return Located(kept, found, first, end, last, sources, tuple(notes))


def windows(data: Located, rules: Audience, measure: str) -> list[int]:
    """Lengths in months that the data hold and this audience may see, the shortest first."""
    return list(map_windows(rules, measure, (data.end - data.first).n + 1))


def measures(rules: Audience) -> tuple[str, ...]:
    """Measures that this audience may see on a map."""
    return tuple(m for m in MEASURES if rules.k <= 1 or m in (WHOLE, PART))


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


def between(data: Located, measure: str, end: pd.Period, months: int, place: str = REGION) -> pd.DataFrame:
    """Rows of a measure in the ``months`` that end with ``end``, in a place."""
    rows = data.incidents
    rows = rows[(rows["month"] > end - months) & (rows["month"] <= end)]
    if place != REGION:
        rows = rows[rows["jurisdiction"] == place]
    return of_measure(rows, measure)


def in_window(data: Located, measure: str, months: int, place: str = REGION) -> pd.DataFrame:
    """Rows of a measure in the latest ``months`` that a map may show, in a place."""
    return between(data, measure, data.end, months, place)


def cells_of_place(data: Located, place: str, resolution: int) -> list[str]:
    """Every hexagon that overlaps the place, as far as its incidents can be mapped."""
    outlines = jurisdiction_outlines()
    wanted = data.jurisdictions if place == REGION else (place,)
    return cover(unary_union([outlines[j] for j in wanted]), resolution)


def count(
    data: Located, measure: str, months: int, cells: Sequence[str], resolution: int,
    end: pd.Period | None = None,
) -> pd.Series:  # fmt: skip
    """Incidents in each hexagon. All agencies count, so that a hexagon says the same on every map."""
    last = data.end if end is None else end
    key = (measure, months, resolution, last)
    if key not in data.sums:
        data.sums[key] = cell_sums(between(data, measure, last, months), resolution)
    return data.sums[key].reindex(pd.Index(cells, name="cell"), fill_value=0).astype(float)


def hidden_cells(
    data: Located, rules: Audience, months: int, resolution: int, end: pd.Period | None = None
) -> pd.DataFrame:
    """Which hexagons of all places are hidden on the maps of the whole and of the part: cell, whole, part.

    The sums of all places are public, and a hexagon at a border is in two of them: so the sums of
    those that are in the same places can be worked out, and each such group is protected by itself.
    """
    key = (rules.k, months, resolution, data.end if end is None else end)
    if key not in data.masks:
        data.masks[key] = _hidden_cells(data, rules, months, resolution, end)
    return data.masks[key]


def _hidden_cells(
    data: Located, rules: Audience, months: int, resolution: int, end: pd.Period | None
) -> pd.DataFrame:
    members = {p: set(cells_of_place(data, p, resolution)) for p in data.jurisdictions}
    cells = sorted(set().union(*members.values(), cells_of_place(data, REGION, resolution)))
    whole, part = (count(data, m, months, cells, resolution, end).to_numpy(float) for m in (WHOLE, PART))
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, cell in enumerate(cells):
        groups.setdefault(tuple(p for p in members if cell in members[p]), []).append(i)
    table = pd.DataFrame({"cell": cells, "whole": False, "part": False})
    # An incident of several offenses may lie elsewhere in the part than in the whole.
    apart = part > whole
    for rows in groups.values():
        masks = protect_pair(whole[rows], np.minimum(part, whole)[rows], rules.k)
        for name, mask in zip(("whole", "part"), masks, strict=True):
            table.loc[rows, name] = mask | apart[rows]
    return table


def protected(
    data: Located, rules: Audience, measure: str, months: int, cells: Sequence[str], resolution: int,
    end: pd.Period | None = None,
) -> pd.DataFrame:  # fmt: skip
    """The counts that may be shown: cell, count (NaN: hidden), hidden, shown (words).

    The maps of all violence and of gun violence are protected together: neither they nor their
    difference say a small count.
    """
    counts = count(data, measure, months, cells, resolution, end)
    table = counts.rename("count").reset_index().assign(**{HIDDEN: False})
    if rules.k > 1:
        if measure not in (WHOLE, PART):
            raise ValueError(f"{measure} is on no map for the {rules.name} audience.")
        masks = hidden_cells(data, rules, months, resolution, end).set_index("cell")
        hidden = masks["whole" if measure == WHOLE else "part"].reindex(list(cells)).to_numpy(bool)
        table["count"] = table["count"].mask(hidden)
        table[HIDDEN] = hidden
    said = [NOT_SHOWN if h else words(v, rules.k) for v, h in zip(table["count"], table[HIDDEN], strict=True)]
    table[SHOWN] = pd.array(said, dtype="str")
    return table


def guarded(
    data: Located, rules: Audience, measure: str, months: int, cells: Sequence[str], resolution: int,
    end: pd.Period | None = None,
) -> pd.Series:  # fmt: skip
    """Counts by hexagon that say no more than what may be shown of them: hidden ones stand at their mean.

    Whatever an audience is told about hexagons beyond their counts is worked out from these.
    """
    counts = count(data, measure, months, cells, resolution, end)
    if rules.k <= 1:
        return counts
    hidden = protected(data, rules, measure, months, cells, resolution, end)[HIDDEN].to_numpy(bool)
    return pd.Series(stand_in(counts.to_numpy(), hidden), index=counts.index)


def years(data: Located) -> list[tuple[str, pd.Period]]:
    """Whole years back from the end of the map, the earliest first: words and last month."""
    found: list[tuple[str, pd.Period]] = []
    end = data.end
    while end - (YEAR - 1) >= data.first and len(found) < MOST_YEARS:
        found.append((str(end.year) if end.month == YEAR else f"Year to {w.month(end)}", end))
        end -= YEAR
    return found[::-1]


def rates(
    hub: Hub, rules: Audience, table: pd.DataFrame, months: int
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Residents of each cell, incidents a year per 1,000 of them (NaN where none is given), and words."""
    areas = hub.areas()
    homes = areas[areas["kind"].isin(["neighborhood", "park"])]
    people = people_in_cells(list(table["cell"]), homes).reset_index(drop=True)
    standing = [
        rate_standing(rules, events, population)
        for events, population in zip(table["count"], people, strict=True)
    ]
    given = np.array([s is not Rate.HIDDEN for s in standing])
    rate = (1000.0 * table["count"] / people * YEAR / months).where(given & (people > 0))
    said = [
        "no rate" if not np.isfinite(r) else w.number(r, 1) + (" (unstable)" if s is Rate.UNSTABLE else "")
        for r, s in zip(rate, standing, strict=True)
    ]
    return people, rate, pd.Series(said, dtype="str")


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
    """day, hour (start of the band), count, hidden, shown; and incidents whose hour is not known.

    A time of exactly midnight (or one minute past) mostly means that nobody knows the hour: such an
    incident is shared out over the whole day, and the sums are rounded.
    """
    table = _week(data, rules, measure, months, place)
    gone = np.zeros(len(table), dtype=bool)
    if rules.k > 1:
        # The whole and the part together; the region hides what any of its places hides.
        homes = [place] if place != REGION else list(data.jurisdictions)
        for home in dict.fromkeys([*homes, place]):
            whole, part = (_week(data, rules, m, months, home)["count"].to_numpy() for m in (WHOLE, PART))
            masks = protect_pair(whole, np.minimum(part, whole), rules.k)
            gone |= masks[measure == PART] | (part > whole)
    counts = table["count"]
    said = [NOT_SHOWN if hide else words(n, rules.k) for n, hide in zip(counts, gone, strict=True)]
    table["count"], table[HIDDEN] = counts.mask(gone), gone
    table[SHOWN] = pd.array(said, dtype="str")
    return table, few(int(_times(data, measure, months, place).isna().sum()), rules)


def few(n: int, rules: Audience) -> int:
    """A number that is told only where it is no small count; nought otherwise."""
    return 0 if n < rules.k else n


def _week(data: Located, rules: Audience, measure: str, months: int, place: str) -> pd.DataFrame:
    when = _times(data, measure, months, place)
    band = rules.hour_bands
    table = pd.DataFrame({"day": np.repeat(range(7), 24), "hour": np.tile(range(24), 7), "count": 0.0})
    if when.notna().any():
        table = aoristic(when, unknown_hours(when)).table
    table = table.assign(hour=table["hour"] // band * band)
    sums = table.groupby(["day", "hour"])["count"].sum().reset_index()
    # Rounded one by one: a part of the incidents then never exceeds the whole.
    sums["count"] = np.floor(sums["count"] + 0.5)
    return sums


def uncertain_hours(data: Located, measure: str, months: int, place: str) -> int:
    """Incidents of the window whose time stands for a whole day."""
    return int(unknown_hours(_times(data, measure, months, place)).notna().sum())


def _times(data: Located, measure: str, months: int, place: str) -> pd.Series:
    rows = in_window(data, measure, months, place).drop_duplicates(["agency_id", "incident_id"])
    return rows["occurred_at"]
