"""Netted incidents and tables made from them: those that stand, one source a month, counts by area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from analysis.data import views
from analysis.data.figures import COUNT_COLUMNS
from analysis.data.geography.locating import TILING
from analysis.data.places import locate
from analysis.data.schema import TABLES, conform
from analysis.data.store import Reader
from analysis.data.vocabulary import NEVER_MAPPED, PART_OFFENSES

#: An agency polices an area when it has this share of the area's incidents.
_POLICES: Final = 0.05


def standing_incidents(
    store: Reader,
    offense: str | Sequence[str] | None = None,
    start: object = None,
    end: object = None,
    *,
    source: str | None = None,
    as_of: str | None = None,
) -> pd.DataFrame:
    """Incidents × offenses that stand when all files are netted, of every layout (see ``Hub.incidents``).

    Sexual offenses come without any place.
    """
    rows, coverage = store.table("incidents"), store.table("coverage")
    if source is not None:
        rows, coverage = rows.filter(rows.source == source), coverage.filter(coverage.source == source)
    live = views.live_incidents(rows, coverage, as_of)
    if offense is not None:
        live = live.filter(live.offense.isin([offense] if isinstance(offense, str) else list(offense)))
    net = views.netted(live)
    if start is not None:
        net = net.filter(net.coded_month >= str(pd.Period(str(start), "M")))
    if end is not None:
        net = net.filter(net.coded_month <= str(pd.Period(str(end), "M")))
    found = conform(TABLES["incidents"], store.run(net)).drop(columns="import_seq")
    hidden = found["offense"].isin(NEVER_MAPPED)
    found.loc[hidden, ["longitude", "latitude", "h3_r9", "area_id"]] = np.nan
    return found


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


def area_counts(incidents: pd.DataFrame, counts: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Incidents (not victims) by area and month, with zeros where its agencies reported the month.

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
    sums = pd.concat(parts).groupby(key).size()
    grid = _grid(counts, rows, pd.concat(parts))
    grid["count"] = sums.reindex(pd.MultiIndex.from_frame(grid[key])).fillna(0).to_numpy(float)
    silent = grid["silent"].to_numpy()
    grid["count"] = grid["count"].mask(silent)
    grid["status"] = np.where(silent, "missing", "reported")
    return grid.assign(suspect="")[columns]


def _in_areas(incidents: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Incidents with the area that holds them; focus areas overlap neighbourhoods, so some come twice."""
    mapped = incidents[~incidents["offense"].isin(NEVER_MAPPED)].dropna(subset=["longitude", "latitude"])
    mapped = mapped.assign(month=pd.PeriodIndex(mapped["coded_month"], freq="M"))
    parts = [mapped.dropna(subset="area_id")]
    for area in areas[~areas["kind"].isin(TILING)].itertuples(index=False):
        inside = locate(mapped["longitude"], mapped["latitude"], [area.geometry]) == 0
        parts.append(mapped[inside].assign(area_id=area.area_id))
    return pd.concat(parts, ignore_index=True)


def _grid(counts: pd.DataFrame, rows: pd.DataFrame, with_parts: pd.DataFrame) -> pd.DataFrame:
    """area_id, source, offense, month, silent: what can be known, and where an agency was silent.

    An area belongs to the agencies that have a twentieth or more of its incidents. A month is known
    when all of them reported it; only offenses of which they publish incidents are in it.
    """
    share = rows.groupby(["area_id", "source", "agency_id"]).size()
    share = share / share.groupby(["area_id", "source"]).transform("sum")
    police = share[share >= _POLICES].reset_index()[["area_id", "source", "agency_id"]]
    published = pd.MultiIndex.from_frame(with_parts[["agency_id", "source", "offense"]].drop_duplicates())
    usable = counts["status"].isin(["reported", "estimated"]) & ~counts["offense"].isin(NEVER_MAPPED)
    told = counts.loc[usable, ["agency_id", "source", "offense", "month"]]
    told = told[pd.MultiIndex.from_frame(told[["agency_id", "source", "offense"]]).isin(published)]
    key = ["area_id", "source", "offense", "month"]
    known = police.merge(told, on=["source", "agency_id"]).groupby(key).size()
    needed = police.groupby(["area_id", "source"]).size()
    grid = known.rename("known").reset_index()
    due = needed.reindex(pd.MultiIndex.from_frame(grid[["area_id", "source"]])).to_numpy()
    return grid.assign(silent=grid["known"].to_numpy() < due)
