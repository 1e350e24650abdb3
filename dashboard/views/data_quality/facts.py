"""What the hub knows about its own data, kept under the version: agencies, months, revisions, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.data import Hub, HubCheck
from analysis.data.vocabulary import JURISDICTIONS
from dashboard import data
from dashboard import words as w

CORE: Final = ("homicide", "robbery", "aggravated_assault")
#: Versions that are compared, the newest ones.
VERSIONS: Final = 24


@dataclass(frozen=True)
class Quality:
    """What the page says about the data; agencies of the region alone.

    Attributes:
        check: of the whole hub.
        months: agency, source, month, status (key of ``charts.completeness.STATES``), why.
        revisions: month, delay, percent; empty with a single version.
        versions: how many versions of the figures are stored.
        quarantine: file, rule, remedy, values.
        imports: file, layout, vintage and rows, newest first.
    """

    check: HubCheck
    agencies: pd.DataFrame
    months: pd.DataFrame
    revisions: pd.DataFrame
    versions: int
    quarantine: pd.DataFrame
    imports: pd.DataFrame


def quality() -> Quality:
    """Everything, kept under the version of the data."""
    opened = data.hub()
    found: Quality = _quality(str(opened.path), opened.version)
    return found


@data.answer(show_spinner="Checking the data …", max_entries=8)
def _quality(path: str, version: str) -> Quality:
    del path, version  # parts of the key alone
    with data._reading:
        return build(data.hub())


def build(hub: Hub) -> Quality:
    """Check the hub and put its tables into words."""
    check = hub.check()
    ours = check.agencies[check.agencies["jurisdiction"].isin(list(JURISDICTIONS))].reset_index(drop=True)
    versions = hub.vintages()
    return Quality(
        check=check, agencies=ours, months=_months(hub, ours),
        revisions=_revisions(hub, ours, versions[-VERSIONS:]), versions=len(versions),
        quarantine=_quarantine(hub.quarantine()), imports=_imports(hub.imports()),
    )  # fmt: skip


def short(source: str) -> str:
    """A source in a few words, to follow the agency's name."""
    names = {
        "slmpd_legacy": "files to 2020",
        "slmpd_nibrs": "files from 2020",
        "rtci": "Real-Time Crime Index",
    }
    return next((name for start, name in names.items() if source.startswith(start)), source.replace("_", " "))


def _labels(ours: pd.DataFrame) -> list[str]:
    """Name of each agency; with the source where it has several."""
    several = ours["agency_id"].duplicated(keep=False)
    return [
        f"{name}: {short(source)}" if more else str(name)
        for name, source, more in zip(ours["name"], ours["source"], several, strict=True)
    ]


def _months(hub: Hub, ours: pd.DataFrame) -> pd.DataFrame:
    """One row an agency, source and month from its first to the newest month of any."""
    columns = ["agency", "month", "status", "why"]
    if ours.empty:
        return pd.DataFrame(columns=columns)
    counts = hub.monthly_counts(offenses=CORE)
    counts = counts[counts["agency_id"].isin(ours["agency_id"])]
    # Only the source of an agency that reaches furthest can be late; an older one simply ended.
    newest = ours["last"].where(ours["last"] < ours.groupby("agency_id")["last"].transform("max"))
    ours = ours.assign(end=newest.fillna(ours["last"].max()))
    parts = []
    for row, label in zip(ours.to_dict("records"), _labels(ours), strict=True):
        own = counts[(counts["agency_id"] == row["agency_id"]) & (counts["source"] == row["source"])]
        usual = own.loc[own["count"].notna(), "offense"].nunique()
        months = pd.period_range(row["first"], row["end"], freq="M", name="month")
        told = own[own["count"].notna()].groupby("month")["offense"].nunique().reindex(months, fill_value=0)
        status = pd.Series("reported", index=months)
        status[told < usual] = "partial"
        status[told == 0] = "missing"
        for name in ("estimated", "partial"):
            hit = own.loc[own["status"] == name, "month"].unique()
            status[status.index.isin(hit) & (status != "missing" if name == "estimated" else True)] = name
        odd = own[own["suspect"] != ""].drop_duplicates("month").set_index("month")["suspect"]
        status[status.index.isin(odd.index)] = "suspect"
        why = pd.Series("", index=months, dtype="object")
        why.update(odd)
        parts.append(pd.DataFrame({"agency": label, "month": months, "status": status, "why": why}))
    return pd.concat(parts, ignore_index=True)[columns]


def _revisions(hub: Hub, ours: pd.DataFrame, versions: Sequence[str]) -> pd.DataFrame:
    """How much of the newest figure each month had on each day on which a figure was known."""
    columns = ["month", "delay", "percent"]
    if len(versions) < 2:
        return pd.DataFrame(columns=columns)
    key = ["agency_id", "month", "offense", "source"]
    frames = []
    for day in versions:
        rows = hub.monthly_counts(offenses=CORE, as_of=day, suspects="keep")
        rows = rows[rows["agency_id"].isin(ours["agency_id"]) & rows["count"].notna()]
        frames.append(rows.set_index(key)["count"])
    latest = frames[-1]
    out = []
    for day, known in zip(versions, frames, strict=True):
        both = pd.concat({"then": known, "now": latest}, axis=1, join="inner").reset_index()
        sums = both.groupby("month")[["then", "now"]].sum()
        sums = sums[sums["now"] > 0]
        delay = [(pd.Period(day, "M") - month).n for month in sums.index]
        out.append(
            pd.DataFrame({"month": sums.index, "delay": delay, "percent": 100 * sums["then"] / sums["now"]})
        )
    table = pd.concat(out, ignore_index=True)
    # Months that were old when the first version came show nothing about how figures settle.
    young = table.groupby("month")["delay"].transform("min") <= 12
    several = table.groupby("month")["delay"].transform("size") > 1
    return table[young & several].sort_values(["month", "delay"], ignore_index=True)[columns]


def _quarantine(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame(columns=["File", "Column", "Rule that it broke", "Values", "What to do"])
    groups = rows.groupby(["file", "column", "rule", "remedy"], dropna=False, as_index=False).size()
    return pd.DataFrame(
        {
            "File": groups["file"], "Column": groups["column"].fillna("whole row"),
            "Rule that it broke": groups["rule"].fillna(""), "Values": [w.number(n) for n in groups["size"]],
            "What to do": groups["remedy"].fillna(""),
        }
    )  # fmt: skip


def _imports(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.sort_values("import_seq", ascending=False)
    return pd.DataFrame(
        {
            "File": rows["file"], "Layout": rows["layout"], "Known on": [w.date(v) for v in rows["vintage"]],
            "Rows read": [w.number(n) for n in rows["rows_read"]],
            "Kept": [w.number(n) for n in rows["rows_kept"]],
            "In quarantine": [w.number(n) for n in rows["rows_quarantined"]],
            "Note": rows["message"].fillna(""),
        }
    )  # fmt: skip


# ---------------------------------------------------------------- words
