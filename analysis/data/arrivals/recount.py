"""Monthly counts of files of incidents, recomputed from all live incidents."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.data import views
from analysis.data.quality.checks import inspect
from analysis.data.schema import TABLES, conform
from analysis.data.store import Transaction

_KEY: Final = ["agency_id", "source", "month", "offense"]
_RANK: Final = {"missing": 0, "partial": 1, "estimated": 2, "reported": 3}


def recount(work: Transaction, counted: dict[tuple[str, str], str], seq: int) -> None:
    """Add rows to ``monthly_counts`` where the live incidents now give another figure.

    ``counted`` names (source, agency) and the earliest vintage that the import brought: figures of
    that vintage and of every later one are computed anew, so an old file that arrives late changes
    what was known on its day and since.
    """
    if not counted:
        return
    have = work.frame("monthly_counts")
    coverage = work.frame("coverage")
    fresh: list[pd.DataFrame] = []
    for (source, agency), first in sorted(counted.items()):
        held = coverage[(coverage["source"] == source) & (coverage["agency_id"] == agency)]
        old = have[(have["source"] == source) & (have["agency_id"] == agency)]
        for vintage in sorted(v for v in held["vintage"].unique() if v >= first):
            now = _counts_on(work, source, agency, held, vintage)
            changed = _changed(now, old, vintage)
            changed = changed.assign(source_file=np.nan, vintage=vintage, import_seq=seq)
            old = pd.concat([old, changed], ignore_index=True)
            fresh.append(changed)
    if fresh and any(len(f) for f in fresh):
        work.append("monthly_counts", pd.concat(fresh, ignore_index=True))


def usable_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Stored counts as they are worked with: month a Period, count NaN unless reported or estimated."""
    code, texts = pd.factorize(rows["month"])
    months = pd.PeriodIndex(texts, freq="M").take(code)
    count = rows["count"].where(rows["status"].isin(["reported", "estimated"]))
    out = rows.assign(month=months, count=count)
    return out.sort_values(["agency_id", "source", "offense", "month"], ignore_index=True)


def find_suspects(work: Transaction) -> None:
    """Look through the current counts of an open transaction and keep what looks wrong."""
    current = work.store.run(views.current_counts(work.table("monthly_counts")))
    rows = usable_counts(conform(TABLES["monthly_counts"], current))
    suspects, breaks = inspect(rows, work.frame("agencies"), work.frame("cumulative"))
    work.replace("suspects", suspects)
    work.replace("breaks", breaks)


def _counts_on(work: Transaction, source: str, agency: str, held: pd.DataFrame, vintage: str) -> pd.DataFrame:
    """Counts with their status as known on a day: every month and offense that a file holds."""
    incidents, coverage = work.table("incidents"), work.table("coverage")
    incidents = incidents.filter((incidents.source == source) & (incidents.agency_id == agency))
    coverage = coverage.filter((coverage.source == source) & (coverage.agency_id == agency))
    live = views.live_incidents(incidents, coverage, vintage)
    sums = work.store.run(views.counts_of(live)).set_index(_KEY)["count"]
    known = held[held["vintage"] <= vintage]
    grid = (
        known.assign(rank=known["status"].map(_RANK)).sort_values("rank").drop_duplicates(_KEY, keep="last")
    )
    grid = grid.set_index(_KEY)[["status"]]
    grid["count"] = sums.reindex(grid.index).fillna(0).astype("float64")
    # More rows cancelled than counted: the file says nothing usable, and surely not zero.
    below = grid["count"] < 0
    grid.loc[below | (grid["status"] == "missing"), "count"] = np.nan
    grid.loc[below, "status"] = "missing"
    return grid.reset_index()


def _changed(now: pd.DataFrame, old: pd.DataFrame, vintage: str) -> pd.DataFrame:
    """Rows of ``now`` that differ from the newest stored row of the same key known on that day."""
    if old.empty:
        return now
    known = old[old["vintage"] <= vintage].sort_values(["vintage", "import_seq"])
    newest = known.drop_duplicates(_KEY, keep="last").set_index(_KEY)[["count", "status"]]
    before = newest.reindex(pd.MultiIndex.from_frame(now[_KEY]))
    same_count = np.isclose(before["count"].to_numpy(float), now["count"].to_numpy(float), equal_nan=True)
    same = same_count & (before["status"].to_numpy(object) == now["status"].to_numpy(object))
    return pd.DataFrame(now[~same])
