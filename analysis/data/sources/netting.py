"""From many files to incidents: cancel what was cancelled, in whatever file the cancelling row came.

SLMPD's legacy files cancel an earlier row (unfounded, re-coded) with a row of count −1, more often than
not in a later month's file. So rows are netted within (incident, crime code) over all files, and only
groups with a positive sum happened. Other sources never cancel: their last file says how it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

from analysis.data.sources.base import INCIDENT_COLUMNS

#: Sources whose files cancel rows of other files.
CANCELLING_SOURCES: Final = frozenset({"slmpd_legacy"})

#: Rank of offenses when one incident is to be shown once, the gravest first (UCR hierarchy).
HIERARCHY: Final = (
    "homicide",
    "rape",
    "robbery",
    "aggravated_assault",
    "burglary",
    "theft",
    "motor_vehicle_theft",
    "arson",
    "sex_offense",
    "other",
)

_KEY: Final = ["agency_id", "incident_id", "code"]


def net_incidents(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Net incident frames of any number of files to one row per incident × crime code that happened.

    Parameters: frames with :data:`INCIDENT_COLUMNS` (more columns are carried along), of files in the
    order in which they became known; a file must be given once, in its latest form.
    Returns the same columns, groups with a positive net only, sorted by month and incident.
    ``victims`` and ``net_count`` are the net sum; date, month, flags and the named area are those of the
    first row that counts; coordinates are the last that are present. Independent of the order of rows.
    """
    parts = [frame for frame in frames if len(frame)]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in INCIDENT_COLUMNS})
    rows = pd.concat(parts, ignore_index=True)
    rows["_file"] = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    cancelling = rows["source"].isin(CANCELLING_SOURCES)
    kept = []
    if cancelling.any():
        kept.append(_cancel(rows[cancelling]))
    if not cancelling.all():
        kept.append(_latest(rows[~cancelling]))
    out = pd.concat(kept, ignore_index=True) if len(kept) > 1 else kept[0]
    return out.drop(columns="_file").sort_values(["coded_month", *_KEY], kind="stable", ignore_index=True)


def _cancel(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.sort_values(["coded_month", "_file", "row_order"], kind="stable", ignore_index=True)
    group = rows.groupby(_KEY, sort=False, dropna=False).ngroup()
    net = rows["net_count"].astype("int64").groupby(group).sum()
    counted = rows["net_count"].to_numpy(dtype=np.int64) > 0
    order = np.lexsort((np.arange(len(rows)), ~counted, group.to_numpy()))
    first = rows.iloc[order][~group.iloc[order].duplicated().to_numpy()].copy()
    first.index = pd.Index(np.unique(group.to_numpy()))
    first["net_count"] = net
    first["victims"] = net.clip(lower=0)
    first["row_order"] = rows["row_order"].astype("int64").groupby(group).min()
    first = _last_coordinates(first, rows, group)
    return first[first["net_count"] > 0].reset_index(drop=True)


def _last_coordinates(first: pd.DataFrame, rows: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Take place and its quality from the last row of each group that has coordinates."""
    placed = rows["longitude"].notna().to_numpy()
    last = rows[placed].groupby(group[placed]).tail(1)
    at = pd.Index(group.loc[last.index])
    carried = [
        name for name in ("longitude", "latitude", "location_quality", "h3_r9", "area_id") if name in rows
    ]
    for name in carried:
        first.loc[at, name] = last[name].to_numpy()
    return first


def _latest(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.sort_values(["_file", "row_order"], kind="stable", ignore_index=True)
    return rows.drop_duplicates(_KEY, keep="last", ignore_index=True)


def one_per_offense(netted: pd.DataFrame) -> pd.DataFrame:
    """One row per incident × offense: codes of the same offense in one incident are joined.

    ``victims`` and ``net_count`` are summed; a flag is true when it is true for any code; the rest is
    the first row's, coordinates the last present.
    """
    if netted.empty:
        return netted
    key = ["agency_id", "incident_id", "offense"]
    if not netted.duplicated(key).any():
        return netted.reset_index(drop=True)
    return _joined(netted, key)


def one_per_incident(netted: pd.DataFrame) -> pd.DataFrame:
    """One row per incident under its gravest offense (:data:`HIERARCHY`); victims are summed."""
    rank = netted["offense"].map({name: number for number, name in enumerate(HIERARCHY)})
    ordered = netted.assign(_rank=rank).sort_values("_rank", kind="stable", ignore_index=True)
    return _joined(ordered, ["agency_id", "incident_id"]).drop(columns="_rank")


def _joined(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    rows = rows.reset_index(drop=True)
    group = rows.groupby(key, sort=False, dropna=False).ngroup()
    out = rows[~rows.duplicated(key)].copy()
    out.index = pd.Index(group[out.index])
    for name in ("victims", "net_count"):
        out[name] = rows[name].astype("int64").groupby(group).sum()
    for name in ("firearm", "domestic"):
        out[name] = rows[name].astype("boolean").groupby(group).max()
    return _last_coordinates(out, rows, group).reset_index(drop=True)
