"""The Data page: what every agency sent, what is missing, what looks wrong, how figures moved."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import streamlit as st

from analysis.data import Hub, HubCheck
from analysis.data.privacy import AUDIENCES, suppress
from analysis.data.schema import codebook as schema_codebook
from analysis.data.series import MeasureSeries
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, OFFENSES, PART_OFFENSES, PLACES
from dashboard import charts, data, headlines
from dashboard import words as w
from dashboard.audience import audience
from dashboard.components import digest
from dashboard.figures import Column, Figure

CORE: Final = ("homicide", "robbery", "aggravated_assault")
#: Versions that are compared, the newest ones.
VERSIONS: Final = 24
ACCEPT: Final = (
    "A month that looks wrong is left out of every estimate until somebody who knows better accepts it. "
    "On the machine of the hub: `from analysis.data import open_hub` and "
    '`open_hub("HUB").accept("ORI", "2026-01", reason="…", who="…")`. The name and the reason are kept for '
    "good, and the month is used from then on. `sln check --hub HUB` lists every such month."
)
ONE_VERSION: Final = (
    "Only one version of the figures is stored so far, so there is nothing to compare. Every later import "
    "of the same months is kept beside it, and this section then shows how far figures moved."
)


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


def _short(source: str) -> str:
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
        f"{name}: {_short(source)}" if more else str(name)
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


def headline(complete: dict[str, pd.Period]) -> str:
    """Through which month most places are complete, of the three."""
    ends = sorted((complete[p] for p in JURISDICTIONS if p in complete), reverse=True)
    if not ends:
        return headlines.data(None, 0, len(JURISDICTIONS))
    through = ends[min(1, len(ends) - 1)]
    return headlines.data(through, sum(e >= through for e in ends), len(JURISDICTIONS))


def each_place(complete: dict[str, pd.Period]) -> str:
    """The last complete month of every place, in one sentence."""
    said = [
        f"{name}: {w.month(complete[p])}" if p in complete else f"{name}: no usable series yet"
        for p, name in JURISDICTIONS.items()
    ]
    return (
        "Last complete month. " + "; ".join(said) + ". A month that was not reported is missing, never zero."
    )


def agency_table(q: Quality) -> pd.DataFrame:
    """Sources per agency, for reading."""
    rows = q.agencies
    return pd.DataFrame(
        {
            "Agency": rows["name"], "Place": [PLACES[j] for j in rows["jurisdiction"]],
            "Source": [data.publisher(s) for s in rows["source"]],
            "From": [w.month(m) for m in rows["first"]],
            "Complete through": [w.month(m) for m in rows["complete_through"]],
            "Months": [w.number(n) for n in rows["months"]],
            "Missing between": [w.number(n) for n in rows["missing"]],
            "With a location": [
                # A cleaned extract leaves out rows without coordinates: its share says nothing.
                "counts only" if pd.isna(share) else w.UNKNOWN if source.endswith("cleaned")
                else w.percent(100 * share)
                for share, source in zip(rows["geocoded_share"], rows["source"], strict=True)
            ],
        }
    )  # fmt: skip


def wrong(q: Quality) -> list[str]:
    """What looks wrong, a sentence an agency of the region, and one for each thing found elsewhere."""
    return [_plain(message) for message in q.check.messages]


def breaks_table(q: Quality) -> pd.DataFrame:
    """Months of the region's agencies from which figures are counted in another way."""
    rows = q.check.breaks
    rows = rows[rows["agency_id"].isin(q.agencies["agency_id"])].sort_values("month")
    names = q.agencies.drop_duplicates("agency_id").set_index("agency_id")["name"]
    return pd.DataFrame(
        {
            "Agency": [names[a] for a in rows["agency_id"]], "From": [w.month(m) for m in rows["month"]],
            "Offense": [OFFENSES.get(str(o), "All") if pd.notna(o) else "All" for o in rows["offense"]],
            "What changed": [_plain(str(r)) for r in rows["reason"]],
        }
    )  # fmt: skip


def _plain(text: str) -> str:
    """Identifiers of sources, offenses and months in words."""
    for offense, name in OFFENSES.items():
        text = text.replace(offense, name.lower()) if "_" in offense else text
    text = re.sub(r"\b((?:slmpd|rtci)_\w+)", lambda m: _short(m.group(1)), text)
    text = re.sub(r"\b((?:19|20)\d\d-(?:0[1-9]|1[0-2]))\b(?!-)", lambda m: w.month(m.group(1)), text)
    return w.sentence_case(text)


def suspects_table(q: Quality) -> pd.DataFrame:
    """Months of the region's agencies that look wrong."""
    rows = q.check.suspects
    rows = rows[rows["agency_id"].isin(q.agencies["agency_id"])]
    names = q.agencies.drop_duplicates("agency_id").set_index("agency_id")["name"]
    return pd.DataFrame(
        {
            "Agency": [names[a] for a in rows["agency_id"]], "Month": [w.month(m) for m in rows["month"]],
            "Offense": [OFFENSES.get(str(o), str(o)) for o in rows["offense"]],
            "Why it looks wrong": [_plain(str(y)) for y in rows["why"]],
            "Used": ["yes, accepted" if a else "no" for a in rows["accepted"]],
        }
    )  # fmt: skip


def definitions() -> pd.DataFrame:
    """Each measure of each place: exactly what is added, or why there is none."""
    rows = []
    for place, name in JURISDICTIONS.items():
        for measure, label in MEASURES.items():
            found = data.series(place, measure)
            if isinstance(found, MeasureSeries):
                rows.append((name, label, found.definition, " ".join(found.notes)))
            else:
                rows.append((name, label, f"Not available. {found}", ""))
    return pd.DataFrame(rows, columns=["Place", "Measure", "What is added", "Notes"])


# ---------------------------------------------------------------- figures


def completeness(q: Quality, facts: data.Facts) -> Figure:
    """Agency by month: reported, partial, looks wrong, missing."""
    table = q.months
    states = charts.completeness.STATES
    recent = table[table["month"] > table["month"].max() - 24]
    share = 100 * float((recent["status"].isin(["reported", "estimated"])).mean())
    lacking = sorted(recent.loc[recent["status"].isin(["missing", "partial"]), "agency"].unique())
    odd = recent.loc[recent["status"] == "suspect", "agency"].nunique()
    sentence = (
        f"{w.join(lacking) if len(lacking) <= 3 else w.plural(len(lacking), 'series', 'series')} "
        f"{'lacks' if len(lacking) == 1 else 'lack'} at least one of the latest 24 months."
        if lacking else "No agency lacks any of the latest 24 months."
    )  # fmt: skip
    if odd:
        sentence += f" In {w.plural(odd, 'series', 'series')} some months look wrong."
    readable = table.assign(word=[states[s][0] for s in table["status"]])
    return Figure(
        key="data_completeness",
        title=f"{w.percent(share)} of the latest 24 months are reported in full",
        sentence=sentence,
        chart=lambda look: charts.completeness_map(table, years=10, look=look),
        table=readable[["agency", "month", "word", "why"]],
        columns={
            "agency": Column("Agency"), "month": Column("Month", "month"), "word": Column("State"),
            "why": Column("Why"),
        },
        source=facts.source_line,
        alt=(
            f"One square a month for each of {w.plural(table['agency'].nunique(), 'series', 'series')} "
            f"of the region's agencies. {sentence}"
        ),
        note=(
            f"{charts.completeness_key()} A month is partial when an offense that the agency usually reports "
            "is not there. Estimated: the source gave a total of several months, split by last year's shares."
        ),
        synthetic=facts.synthetic,
        identity=digest("completeness", facts.version),
    )  # fmt: skip


def revisions(q: Quality, facts: data.Facts) -> Figure | None:
    """How far figures moved after they were first published; None with a single version."""
    table = q.revisions
    if table.empty:
        return None
    first = table.sort_values("delay").groupby("month").first()
    typical = float(first["percent"].median())
    return Figure(
        key="data_revisions",
        title=f"A month's first figure is typically {w.percent(typical)} of the newest one",
        sentence=(
            f"{w.plural(q.versions, 'version')} of the figures are stored; each line is one month as it was "
            "known at each of them."
        ),
        chart=lambda look: charts.revision_triangle(table, look=look),
        table=table,
        columns={
            "month": Column("Month", "month"), "delay": Column("Months later", "count"),
            "percent": Column("Percent of the newest figure", "percent1"),
        },
        source=facts.source_line,
        alt=(
            f"Lines of {w.plural(table['month'].nunique(), 'month')}: the first figure is typically "
            f"{w.percent(typical)} of the newest one."
        ),
        note=(
            "Homicide, robbery and aggravated assault of the region's agencies together, only figures that "
            "both versions hold. Late reports add; corrections and unfounded reports take away."
        ),
        synthetic=facts.synthetic,
        identity=digest("revisions", facts.version),
    )  # fmt: skip


# ---------------------------------------------------------------- downloads


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
