"""What a visitor may take home: monthly counts, small ones hidden where they must be, and the codebook."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from analysis.data import Hub
from analysis.data.privacy import AUDIENCES, suppress
from analysis.data.schema import codebook as schema_codebook
from analysis.data.vocabulary import JURISDICTIONS, OFFENSES, PART_OFFENSES
from dashboard import data
from dashboard import words as w
from dashboard.audience import audience


def counts_csv() -> bytes:
    """Monthly counts by place and offense as CSV; small counts are hidden from the public."""
    opened = data.hub()
    return _counts_csv(str(opened.path), opened.version, audience().value)


@st.cache_data(show_spinner=False, max_entries=16)
def _counts_csv(path: str, version: str, who: str) -> bytes:
    del path, version
    with data._reading:
        hub = data.hub()
        return monthly_table(hub, who).to_csv(index=False, lineterminator="\r\n").encode("utf-8")


def monthly_table(hub: Hub, who: str) -> pd.DataFrame:
    """place, month, offense, count, shown, status, source (and data_status for the sample).

    Rows of the region are left out where counts are hidden: they would give them away.
    """
    k = AUDIENCES[who].k
    rows = hub.monthly_counts(by="jurisdiction", offenses=(*OFFENSES, *PART_OFFENSES), suspects="drop")
    rows = rows[rows["place"].isin(list(JURISDICTIONS))] if k > 1 else rows
    if k > 1:  # a part and its whole are one subtraction from its rest
        rows = rows[~rows["offense"].isin(list(PART_OFFENSES))]
    parts = [
        suppress(some.assign(count=some["count"].round()), "count", k=k)
        for _, some in rows.groupby(["place", "offense"], sort=True)
    ]
    if not parts:
        return pd.DataFrame(columns=["place", "month", "offense", "count", "shown", "status", "source"])
    table = pd.concat(parts, ignore_index=True).assign(month=lambda t: t["month"].astype(str))
    table["shown"] = table["shown"].where(table["shown"] != "", "not known")
    if hub.synthetic:
        table["data_status"] = w.SYNTHETIC
    return table.drop(columns=["hidden", "suspect"])


def codebook_csv() -> bytes:
    """Every column of the data package in words, as CSV."""
    return schema_codebook().to_csv(index=False, lineterminator="\r\n").encode("utf-8")


def downloads(synthetic: bool) -> list[tuple[str, Callable[[], bytes], str]]:
    """Label, what to write, and file name of each download."""
    end = "_synthetic.csv" if synthetic else ".csv"
    return [
        ("Monthly counts (CSV)", counts_csv, f"sln_monthly_counts{end}"),
        ("Codebook (CSV)", codebook_csv, "sln_codebook.csv"),
    ]


def download_words(who: str) -> str:
    """What the downloads hold for this audience."""
    k = AUDIENCES[who].k
    first = "Monthly counts by place and offense, and a codebook of every column of the data package."
    if k <= 1:
        return first
    return (
        f"{first} Counts of 1 to {k - 1} are hidden as “fewer than {k}”, with others where they could be "
        "worked out from totals. Every figure on the other pages has its own table to download."
    )
