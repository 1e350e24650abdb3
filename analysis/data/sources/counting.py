"""Monthly counts from incidents: which months a file holds whole, and how many incidents each has.

A monthly file may re-emit incidents of earlier months, and an extract may stop in the middle of one. Such
months are marked *partial*, so that they never pass for a month with little crime.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from analysis.data.sources.base import MONTHLY_COLUMNS
from analysis.data.sources.rules import plural
from analysis.data.vocabulary import PART_OFFENSES

#: A month with fewer rows than this share of the file's fullest month is a month that other files hold.
FRINGE_SHARE: Final = 0.25
#: Days without a row at the file's beginning or end are a cut when this many rows are missing there.
_CUT_ROWS: Final = 10


def fringe_months(months: pd.Series) -> set[str]:
    """Months that a file only touches: far fewer rows than its fullest month."""
    sizes = months.value_counts()
    if sizes.empty:
        return set()
    return {str(month) for month, size in sizes.items() if size < FRINGE_SHARE * sizes.max()}


def cut_months(occurred: pd.Series, months: pd.Series) -> set[str]:
    """First and last month of a file whose days are cut off at the file's beginning or end.

    A month is cut when, at the month's mean daily rate, at least ten rows should stand on the days
    without any (were the month whole, chance would leave them empty once in 20,000 times).
    """
    whole = sorted(set(months.dropna()) - fringe_months(months))
    cut = set()
    for month, at_start in ((whole[0], True), (whole[-1], False)) if whole else ():
        period = pd.Period(month, "M")
        within = occurred[(months == month).to_numpy()].dropna()
        days = within[within.dt.to_period("M") == period].dt.day
        if days.empty:
            continue
        first, last = int(days.min()), int(days.max())
        empty = first - 1 if at_start else period.days_in_month - last
        if empty * len(days) / period.days_in_month >= _CUT_ROWS:
            cut.add(month)
    return cut


def partial_message(months: set[str]) -> list[str]:
    """That some months are not whole in this file."""
    if not months:
        return []
    listed = ", ".join(sorted(months)[:12]) + (f" and {len(months) - 12} more" if len(months) > 12 else "")
    return [
        f"{listed}: the file holds only a part of {plural(len(months), 'this month', 'these months')} "
        "(late reports, or a cut); such counts are marked as partial."
    ]


def count_months(
    rows: pd.DataFrame,
    offenses: Sequence[str],
    parts: Sequence[str],
    source: str,
    file: str,
    *,
    victims: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """Monthly counts of each agency: distinct incidents × crime code (or victims) by ``coded_month``.

    ``rows`` has agency_id, incident_id, code, offense, coded_month, occurred_at, firearm, domestic (and
    victims). ``offenses`` are those the file would hold if they had happened: they get a zero in every
    month that the file holds whole. ``parts`` are names of ``PART_OFFENSES``; one is counted where any row
    of its offense tells the flag.
    """
    frames, partial_of_any = [], set()
    for agency, own in rows.groupby("agency_id", sort=True):
        told = own.sort_values("occurred_at", kind="stable").groupby(["incident_id", "code"], sort=False)
        once = (
            told[["coded_month", "occurred_at", "offense"]].first().join(told[["firearm", "domestic"]].max())
        )
        once["weight"] = told["victims"].sum() if victims else 1
        once = once.reset_index()
        partial = fringe_months(once["coded_month"]) | cut_months(once["occurred_at"], once["coded_month"])
        partial_of_any |= partial
        out = _by_month(once, offenses, parts)
        is_partial = out["month"].isin(partial)
        out["status"] = np.where(is_partial, "partial", "reported")
        frames.append(out[~is_partial | (out["count"] > 0)].assign(agency_id=agency))
    long = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(MONTHLY_COLUMNS))
    long = long.assign(source=source, source_file=file)
    return long[list(MONTHLY_COLUMNS)], partial_message(partial_of_any)


def _by_month(once: pd.DataFrame, offenses: Sequence[str], parts: Sequence[str]) -> pd.DataFrame:
    months = pd.Index(sorted(once["coded_month"].unique()), name="month")

    def count(of: pd.DataFrame) -> pd.Series:
        return of.groupby("coded_month")["weight"].sum().reindex(months, fill_value=0)

    counts = {name: count(once[once["offense"] == name]) for name in offenses}
    for part in parts:
        whole = PART_OFFENSES[part]
        flagged = part.removeprefix(f"{whole}_")
        rows = once[once["offense"] == whole]
        if whole in counts and (rows.empty or rows[flagged].notna().any()):
            counts[part] = count(rows[rows[flagged].fillna(False).astype(bool)])
    out = pd.DataFrame(counts, index=months).astype("float64").reset_index()
    return out.melt("month", var_name="offense", value_name="count")
