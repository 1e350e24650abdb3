"""What was known of each month on each day: how far newest figures can be expected to grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import pandas as pd

#: Offenses that are added up to learn how reports grow: enough events, and reported by every agency.
LEARNED_FROM: Final = ("homicide", "robbery", "aggravated_assault")
#: Newest vintages that are looked at.
VINTAGES: Final = 24


class Known(Protocol):
    """A hub or release, as far as it is needed here."""

    def vintages(self) -> list[str]:
        """Days on which figures were known."""

    def monthly_counts(
        self, by: str = ..., *, offenses: Sequence[str] | None = ..., as_of: str | None = ...
    ) -> pd.DataFrame:
        """Counts of agencies as known on a day."""


def known_over_time(hub: Known, jurisdictions: pd.Series[str]) -> pd.DataFrame:
    """Events of each month of each jurisdiction as they were known on each stored day.

    An agency's month counts only when every day that knows that month has it: an agency that reports
    late would otherwise look like a month that grows.

    Args:
        hub: where the figures are.
        jurisdictions: agency_id → jurisdiction, for the agencies that are added up.

    Returns:
        place, month (Period), vintage (ISO day), count; empty with fewer than two vintages.
    """
    columns = ["place", "month", "vintage", "count"]
    days = hub.vintages()[-VINTAGES:]
    if len(days) < 2:
        return pd.DataFrame(columns=columns)
    parts = []
    for day in days:
        rows = hub.monthly_counts(by="agency", offenses=LEARNED_FROM, as_of=day)
        rows = rows[rows["agency_id"].isin(jurisdictions.index) & (rows["suspect"] == "")]
        total = rows.groupby(["agency_id", "source", "month"])["count"].agg(["sum", "count"])
        whole = total.loc[total["count"] == len(LEARNED_FROM), "sum"].rename("count").reset_index()
        parts.append(whole.assign(vintage=day))
    table = pd.concat(parts, ignore_index=True)
    if table.empty:
        return pd.DataFrame(columns=columns)
    seen = table.groupby("month")["vintage"].transform("nunique")
    mine = table.groupby(["agency_id", "source", "month"])["vintage"].transform("nunique")
    kept = table[mine == seen]
    kept = kept.assign(place=kept["agency_id"].map(jurisdictions))
    return kept.groupby(["place", "month", "vintage"])[["count"]].sum().reset_index()[columns]
