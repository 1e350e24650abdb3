"""What looks wrong, and what is known about every agency: the check of a hub.

Suspect months and level breaks are found once, when counts are imported, and kept in tables of their
own. A suspect month is left out of every series until somebody accepts it, with a name and a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.data.geography.region import KNOWN_BREAKS
from analysis.data.quality import anomalies, level_breaks
from analysis.data.vocabulary import JURISDICTIONS

_CORE: Final = ("homicide", "robbery", "aggravated_assault")
_KIND_WORDS: Final = {
    "repeat": "repeat earlier months",
    "zero": "are 0 where the offense was surely not reported",
    "spike": "are far above the months around them",
    "year_end": "are Decembers that seem to hold a year's late reports",
}


@dataclass(frozen=True)
class HubCheck:
    """What ``sln check`` and the Data page say.

    Attributes:
        agencies: one row an agency and source: agency_id, name, jurisdiction, source, first, last,
            months (with a usable figure of every usual offense), missing (months between without),
            complete_through, geocoded_share (NaN: counts only), wrong (words, "" = nothing).
        suspects: agency_id, source, month, offense, kind, why, accepted (bool).
        breaks: agency_id, month, offense, before, after, reason.
        messages: what stands out, as sentences.
    """

    agencies: pd.DataFrame
    suspects: pd.DataFrame
    breaks: pd.DataFrame
    messages: tuple[str, ...]


def inspect(
    counts: pd.DataFrame, agencies: pd.DataFrame, cumulative: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Suspect months and breaks of current counts (month is a Period), months as text.

    ``cumulative``: totals that sources publish beside their months, held against sums of months.
    """
    grid = anomalies.make_grid(counts)
    known = agencies.set_index("agency_id")
    suspects = anomalies.suspects(grid, known["population"], known["state"])
    breaks = pd.concat(
        [
            _known_breaks(counts),
            level_breaks.between_sources(grid),
            level_breaks.against_totals(grid, cumulative),
            level_breaks.within_series(grid),
        ],
        ignore_index=True,
    )
    breaks = breaks.drop_duplicates(["agency_id", "month", "offense", "reason"], ignore_index=True)
    for table in (suspects, breaks):
        table["month"] = table["month"].astype("str")
    return suspects, breaks


def _known_breaks(counts: pd.DataFrame) -> pd.DataFrame:
    """Breaks that an agency itself announced, where the hub holds a source on either side."""
    have = set(zip(counts["agency_id"], counts["source"], strict=True))
    rows = [
        (b.agency_id, pd.Period(b.month, "M"), np.nan, b.before, after, b.reason)
        for b in KNOWN_BREAKS
        for after in b.after
        if (b.agency_id, after) in have or ((b.agency_id, b.before) in have and after == b.after[0])
    ]
    return pd.DataFrame(rows, columns=list(level_breaks.BREAK_COLUMNS))


def mark(counts: pd.DataFrame, suspects: pd.DataFrame, accepted: pd.DataFrame) -> pd.DataFrame:
    """The counts with ``suspect``: why a month looks wrong, "" when it does not or was accepted."""
    out = counts.assign(suspect="")
    open_ = still_open(suspects, accepted)
    if open_.empty:
        return out
    key = ["agency_id", "source", "offense", "month"]
    why = open_.assign(month=pd.PeriodIndex(open_["month"], freq="M")).set_index(key)["why"]
    # Only agencies with a suspect month are looked at: a hub holds half a million rows.
    some = np.flatnonzero(out["agency_id"].isin(open_["agency_id"].unique()).to_numpy())
    found = why.reindex(pd.MultiIndex.from_frame(out.iloc[some][key])).fillna("").to_numpy()
    words = out["suspect"].to_numpy(dtype=object, copy=True)
    words[some] = found
    out["suspect"] = pd.array(words, dtype="str")
    return out


def still_open(suspects: pd.DataFrame, accepted: pd.DataFrame) -> pd.DataFrame:
    """Suspect rows that nobody has accepted."""
    key = ["agency_id", "month", "offense"]
    done = pd.MultiIndex.from_frame(accepted[key])
    return suspects[~pd.MultiIndex.from_frame(suspects[key]).isin(done)]


def check(
    counts: pd.DataFrame,
    agencies: pd.DataFrame,
    incidents: pd.DataFrame,
    suspects: pd.DataFrame,
    accepted: pd.DataFrame,
    breaks: pd.DataFrame,
) -> HubCheck:
    """Put together what is known. ``counts`` as :func:`mark` gives them; ``incidents`` netted."""
    table = _agencies(counts, agencies, incidents)
    still = still_open(suspects, accepted)
    flagged = suspects.assign(accepted=~suspects.index.isin(still.index))
    flagged["month"] = pd.PeriodIndex(flagged["month"], freq="M")
    shown = breaks.assign(month=pd.PeriodIndex(breaks["month"], freq="M"))
    table["wrong"] = _wrong(table, flagged[~flagged["accepted"]], shown)
    return HubCheck(table, flagged, shown, tuple(_messages(table, flagged, shown)))


def _agencies(counts: pd.DataFrame, agencies: pd.DataFrame, incidents: pd.DataFrame) -> pd.DataFrame:
    usable = counts["count"].notna() & (counts["suspect"] == "")
    core = counts[counts["offense"].isin(_CORE) & usable]
    usual = core.groupby(["agency_id", "source"])["offense"].nunique()
    each = core.groupby(["agency_id", "source", "month"])["offense"].nunique().reset_index()
    need = pd.MultiIndex.from_frame(each[["agency_id", "source"]])
    each = each[each["offense"].to_numpy() >= usual.reindex(need).to_numpy()]
    key = ["agency_id", "source"]
    span = counts.groupby(key)["month"].agg(first="min", last="max")
    full = each.groupby(key)["month"].agg(months="count", complete_through="max")
    table = span.join(full).reset_index()
    table["months"] = table["months"].fillna(0).astype("int64")
    length = [(last - first).n + 1 for first, last in zip(table["first"], table["last"], strict=True)]
    table["missing"] = np.asarray(length, dtype=np.int64) - table["months"]
    known = agencies.set_index("agency_id")
    table["name"] = table["agency_id"].map(known["name"]).fillna(table["agency_id"])
    table["jurisdiction"] = table["agency_id"].map(known["jurisdiction"])
    placed = incidents[incidents["offense"].isin(_CORE)]
    share = placed["longitude"].notna().groupby([placed["agency_id"], placed["source"]]).mean()
    table["geocoded_share"] = share.reindex(pd.MultiIndex.from_frame(table[key])).to_numpy(float)
    order = table["jurisdiction"].map({j: i for i, j in enumerate(JURISDICTIONS)}).fillna(9)
    table = table.assign(_order=order).sort_values(["_order", "agency_id", "source"], ignore_index=True)
    columns = ["agency_id", "name", "jurisdiction", "source", "first", "last", "months", "missing"]
    return pd.DataFrame(table[[*columns, "complete_through", "geocoded_share"]])


def _wrong(table: pd.DataFrame, suspects: pd.DataFrame, breaks: pd.DataFrame) -> list[str]:
    by_series = dict(iter(suspects.groupby(["agency_id", "source"])))
    by_agency = dict(iter(breaks.groupby("agency_id")))
    words = []
    for agency_id, source in zip(table["agency_id"], table["source"], strict=True):
        parts = []
        rows = by_series.get((agency_id, source))
        for kind, some in rows.groupby("kind") if rows is not None else ():
            months = _span(some["month"])
            parts.append(f"{months} {_KIND_WORDS[str(kind)]} ({', '.join(sorted(some['offense'].unique()))})")
        own = by_agency.get(agency_id)
        if own is not None:
            own = own[(own["before"] == source) | (own["after"] == source)]
            if len(steps := own.dropna(subset="offense")):
                parts.append(f"level breaks in {', '.join(sorted(steps['offense'].unique()))}")
            if len(known := own[own["offense"].isna()]):
                parts.append(f"another way of counting from {known['month'].min()} on")
        words.append("; ".join(parts))
    return words


def _span(months: pd.Series) -> str:
    unique = sorted(months.unique())
    if len(unique) == 1:
        return str(unique[0])
    if (unique[-1] - unique[0]).n + 1 == len(unique) or len(unique) > 4:
        return f"{len(unique)} months {unique[0]} to {unique[-1]}"
    return ", ".join(str(m) for m in unique)


def _messages(table: pd.DataFrame, suspects: pd.DataFrame, breaks: pd.DataFrame) -> Iterable[str]:
    ours = table[table["jurisdiction"].notna()]
    for row in ours[ours["wrong"] != ""].itertuples(index=False):
        yield f"{row.name} ({row.source}): {row.wrong}."
    others = suspects[~suspects["accepted"] & ~suspects["agency_id"].isin(ours["agency_id"])]
    for kind, some in others.groupby("kind"):
        n, k = some[["agency_id", "source", "month"]].drop_duplicates().shape[0], some["agency_id"].nunique()
        yield f"{n:,} months of {k:,} other agencies {_KIND_WORDS[str(kind)]}; they are left out."
    if suspects["accepted"].any():
        yield f"{int(suspects['accepted'].sum()):,} suspect figures were accepted and are used."
    far = breaks[~breaks["agency_id"].isin(ours["agency_id"])]
    if len(far):
        n = far["agency_id"].nunique()
        yield f"{n:,} other agencies have level breaks; they are no donors across them."
