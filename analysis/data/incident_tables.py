"""Tables made from netted incidents: one source a month, and counts by area."""

from __future__ import annotations

import pandas as pd

from analysis.data.figures import COUNT_COLUMNS
from analysis.data.locating import TILING
from analysis.data.places import locate
from analysis.data.vocabulary import NEVER_MAPPED, PART_OFFENSES


def one_source_a_month(incidents: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Incidents of one layout for each agency and month.

    Two layouts of an agency may hold the same month (a raw file and a cleaned extract of it). The one
    that tells more offenses is taken, then the one with more figures, so that nothing counts twice.
    """
    key = ["agency_id", "coded_month"]
    held = incidents[[*key, "source"]].drop_duplicates()
    if not held.duplicated(key).any():
        return incidents
    told = counts.groupby(["agency_id", "source"])["offense"].agg(["nunique", "size"])
    rank = told.reindex(pd.MultiIndex.from_frame(held[["agency_id", "source"]])).fillna(0)
    held = held.assign(offenses=rank["nunique"].to_numpy(), figures=rank["size"].to_numpy())
    best = held.sort_values(["offenses", "figures", "source"]).drop_duplicates(key, keep="last")
    chosen = best.set_index(key)["source"]
    wanted = chosen.reindex(pd.MultiIndex.from_frame(incidents[key])).to_numpy()
    keep: pd.DataFrame = incidents.loc[incidents["source"].to_numpy() == wanted]
    return keep


def area_counts(
    incidents: pd.DataFrame, counts: pd.DataFrame, areas: pd.DataFrame, agencies: pd.DataFrame
) -> pd.DataFrame:
    """Incidents (not victims) by area and month, with zeros where the agency reported the month.

    Places are counted in incidents, because several victims of one event are not several events at
    that place. Only incidents with coordinates are in it, and sexual offenses never are.
    """
    columns = ["area_id", *COUNT_COLUMNS]
    rows = _in_areas(incidents, areas)
    if rows.empty:
        return pd.DataFrame(columns=columns)
    key = ["area_id", "month", "offense", "source"]
    parts = [rows]
    for part, whole in PART_OFFENSES.items():
        flag = rows["firearm"] if part.endswith("_firearm") else rows["domestic"]
        some = rows[(rows["offense"] == whole) & flag.fillna(False).astype(bool)]
        parts.append(some.assign(offense=part))
    rows = pd.concat(parts)
    grid = areas[["area_id", "jurisdiction"]].merge(_told(counts, rows, agencies), on="jurisdiction")
    sums = rows.groupby(key).size()
    grid["count"] = sums.reindex(pd.MultiIndex.from_frame(grid[key])).fillna(0).to_numpy(float)
    return grid.assign(status="reported", suspect="")[columns]


def _in_areas(incidents: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Incidents with the area that holds them; focus areas overlap neighbourhoods, so some come twice."""
    mapped = incidents[~incidents["offense"].isin(NEVER_MAPPED)].dropna(subset=["longitude", "latitude"])
    mapped = mapped.assign(month=pd.PeriodIndex(mapped["coded_month"], freq="M"))
    parts = [mapped.dropna(subset="area_id")]
    for area in areas[~areas["kind"].isin(TILING)].itertuples(index=False):
        inside = locate(mapped["longitude"], mapped["latitude"], [area.geometry]) == 0
        parts.append(mapped[inside].assign(area_id=area.area_id))
    return pd.concat(parts, ignore_index=True)


def _told(counts: pd.DataFrame, rows: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """Months and offenses that an agency reported and publishes incidents of: there, none means zero."""
    usable = counts["status"].isin(["reported", "estimated"]) & ~counts["offense"].isin(NEVER_MAPPED)
    published = pd.MultiIndex.from_frame(rows[["agency_id", "source", "offense"]].drop_duplicates())
    told = counts[usable]
    told = told[pd.MultiIndex.from_frame(told[["agency_id", "source", "offense"]]).isin(published)]
    home = agencies.set_index("agency_id")["jurisdiction"]
    told = told.assign(jurisdiction=told["agency_id"].map(home))
    return told[["jurisdiction", "month", "offense", "source"]].drop_duplicates()
