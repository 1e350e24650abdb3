"""SLMPD's monthly UCR files, 2008 to November 2020: three layouts of 18, 20 and 26 columns.

Counting follows the department's own FAQ: the ``Count`` column (+1, or −1 when an earlier row is
cancelled) is summed by *coded* month; identical rows are separate victims. Every one of the 595,155
rows of 2008–2018 has a Count of 1 or −1, so any other value is taken for damage and quarantined.

Kept on purpose although something in the row is wrong, because its count is true: rows whose date of
occurrence cannot be true (no date is kept) and rows whose point lies in another part of the country
(no coordinates are kept, ``location_quality`` = ``outside_jurisdiction``). Both are told in a message.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.data.sources import counting, incidents, slmpd
from analysis.data.sources.base import MONTHLY_COLUMNS, Parsed
from analysis.data.sources.reader import RawTable
from analysis.data.sources.rules import (
    EARLIEST_YEAR,
    Quarantine,
    Rule,
    dates,
    finish,
    flag,
    lines_phrase,
    month_text,
    neutralise,
    plural,
    whole_number,
)
from analysis.data.vocabulary import NEVER_MAPPED, OFFENSES

SOURCE: Final = "slmpd_legacy"
#: NAD83 Missouri East State Plane in US survey feet (EPSG:2815 and 26996 are metres).
CRS: Final = "ESRI:102696"

COLUMNS_18: Final = (
    "MonthReportedtoMSHP", "DateOccured", "NewCrimeIndicator", "UnfoundedCrimeIndicator",
    "AdministrativeAdjustmentIndicator", "Count", "Crime", "District", "Description", "ILEADSAddress",
    "ILEADSStreet", "Neighborhood", "LocationName", "LocationComment", "CADAddress", "CADStreet", "XCoord",
    "YCoord",
)  # fmt: skip
COLUMNS_20: Final = (
    "Complaint", "CodedMonth", "DateOccur", "FlagCrime", "FlagUnfounded", "FlagAdministrative", "Count",
    "FlagCleanup", "Crime", "District", "Description", "ILEADSAddress", "ILEADSStreet", "Neighborhood",
    "LocationName", "LocationComment", "CADAddress", "CADStreet", "XCoord", "YCoord",
)  # fmt: skip
COLUMNS_26: Final = (
    "Complaint", "Coded Month", "Date Occur", "Flag-Crime", "Flag-Unfounded", "Flag-Administrative", "Count",
    "Flag Cleanup", "Crime", "ILeads Add", "ILeads Approve", "District", "Beat", "Description",
    "ILEADS-Address", "ILEADS-Street", "Neighborhood", "ILeads Asg", "ILeads Type", "Location Name",
    "Location Comment", "CAD-Address", "CAD-Street", "X-Coord", "Y-Coord", "Date Crime Coded",
)  # fmt: skip

#: UCR class (first two digits of the six-digit code; FAQ, p. 6) → offense. All others are ``other``.
OFFENSE_OF_CLASS: Final = {
    1: "homicide",
    2: "rape",
    3: "robbery",
    4: "aggravated_assault",
    5: "burglary",
    6: "theft",
    7: "motor_vehicle_theft",
    8: "arson",
    17: "sex_offense",
}
_PARTS: Final = (
    ("robbery_firearm", "robbery", "firearm"),
    ("aggravated_assault_firearm", "aggravated_assault", "firearm"),
    ("aggravated_assault_domestic", "aggravated_assault", "domestic"),
)
_DATE_FORMATS: Final = ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S")


def parse(table: RawTable, layout: str) -> Parsed:
    """Read one file. Its incidents, and net counts of every offense by coded month."""
    old = "monthreportedtomshp" in table.keys
    names = {
        "month": table.keys["monthreportedtomshp" if old else "codedmonth"],
        "date": table.keys["dateoccured" if old else "dateoccur"],
        "count": table.keys["count"],
        "code": table.keys["crime"],
    }
    parsed = pd.DataFrame(
        {
            "month": month_text(table.text(names["month"])),
            "count": whole_number(table.text("count")),
            "code": pd.to_numeric(
                table.text("crime").where(table.text("crime").str.fullmatch(r"\d{5,6}")), errors="coerce"
            ).astype("float64"),
        }
    )
    quarantine = Quarantine(table)
    quarantine.check(parsed, _rules(names))
    good = np.setdiff1d(np.arange(len(parsed)), quarantine.bad)
    rows, messages = _rows(table, parsed.iloc[good], names["date"], old)
    return finish(
        table,
        quarantine,
        layout,
        messages=[*messages, *(monthly := _monthly(rows, table.file))[1]],
        incidents=incidents.group_incidents(rows, SOURCE, table.file),
        monthly=monthly[0],
        agencies=slmpd.agencies(),
    )


def _rules(names: dict[str, str]) -> list[Rule]:
    return [
        Rule(
            "month",
            names["month"],
            "is a month YYYY-MM, not before 1950 and not in the future",
            pd.Series.notna,
            "Write the month in which the department counted the crime, such as 2017-05.",
        ),
        Rule(
            "count",
            names["count"],
            "is 1 (counts) or −1 (cancels an earlier row)",
            lambda numbers: numbers.isin([1.0, -1.0]),
            "Compare with the department's file: no published row has another count. "
            "A shifted column is the usual cause.",
        ),
        Rule(
            "code",
            names["code"],
            "is a crime code of five or six digits",
            lambda codes: codes.between(10_000, 299_999),
            "Look the code up in the department's file; a spreadsheet may have changed it.",
        ),
    ]


def _rows(table: RawTable, parsed: pd.DataFrame, date: str, old: bool) -> tuple[pd.DataFrame, list[str]]:
    """Typed rows of what passed the rules, and what has to be said about them."""
    index = parsed.index
    code = parsed["code"].astype("int64")
    offense = (code // 10_000).map(OFFENSE_OF_CLASS).fillna("other").astype("str")
    said = table.text("description").loc[index]
    firearm = said.str.contains("FIREARM", regex=False) | (code // 1_000 == 41)
    domestic = said.str.contains("DOMESTIC", regex=False)
    assault = (offense == "aggravated_assault").to_numpy()
    x = pd.to_numeric(table.text("xcoord").loc[index], errors="coerce").astype("float64")
    y = pd.to_numeric(table.text("ycoord").loc[index], errors="coerce").astype("float64")
    longitude, latitude = incidents.to_degrees(x, y, CRS)
    occurred = dates(table.text(date).loc[index], _DATE_FORMATS)
    impossible = _impossible(occurred, parsed["month"])
    rows = pd.DataFrame(
        {
            "agency_id": slmpd.AGENCY_ID,
            "incident_id": _incident_id(table, index, code, offense, date, old),
            "occurred_at": occurred.mask(impossible),
            "reported_at": (
                dates(table.text("ileadsadd").loc[index], _DATE_FORMATS)
                if "ileadsadd" in table.keys
                else pd.Series(pd.NaT, index=index, dtype="datetime64[us]")
            ),
            "coded_month": parsed["month"],
            "offense": offense,
            "code": code.astype("str"),
            "firearm": flag(firearm, index).mask(~(assault | (offense == "robbery"))),
            "domestic": flag(domestic, index).mask(~assault),
            "count": parsed["count"].astype("int64"),
            "longitude": longitude,
            "latitude": latitude,
            "area_name": slmpd.neighborhood_number(table.text("neighborhood").loc[index]),
            "line": table.line[index.to_numpy()],
        },
        index=index,
    )
    rows, messages = incidents.place_rows(rows)
    if impossible.any():
        n = int(impossible.sum())
        messages.append(
            f"{n:,} {plural(n, 'row names', 'rows name')} a date of occurrence that cannot be true or "
            f"be read ({lines_phrase(rows['line'][impossible])}): counted in the coded "
            "month, kept without a date."
        )
    return rows, messages


def _impossible(occurred: pd.Series, month: pd.Series) -> pd.Series:
    """Dates before 1950, or later than 31 days after the coded month, or unreadable."""
    end = pd.to_datetime(month, format="%Y-%m") + pd.offsets.MonthBegin(1) + pd.Timedelta(days=31)
    return occurred.isna() | (occurred < pd.Timestamp(EARLIEST_YEAR, 1, 1)) | (occurred >= end)


def _incident_id(
    table: RawTable, index: pd.Index, code: pd.Series, offense: pd.Series, date: str, old: bool
) -> pd.Series:
    """The complaint number; where there is none, a hash of crime code, date and address.

    The address is left out for sexual offenses, because a hash of a code, a date and an address can be
    undone by trying all addresses. 56 % of cancelling rows find their row by this identifier.
    """
    address = table.text("ileadsaddress").loc[index] + " " + table.text("ileadsstreet").loc[index]
    content = code.astype("str") + "|" + table.text(date).loc[index] + "|"
    content = content + address.mask(offense.isin(NEVER_MAPPED), "")
    hashed = pd.util.hash_array(content.to_numpy(dtype=object), categorize=True)
    derived = pd.Series([f"x{value:016x}" for value in hashed], index=index, dtype="str")
    if old:
        return derived
    complaint, _ = neutralise(table.text("complaint").loc[index])
    return complaint.where(complaint != "", derived)


def _monthly(rows: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[str]]:
    """Net counts by coded month. A month that the file holds has a zero where nothing was counted."""
    fringe = counting.fringe_months(rows["coded_month"])
    months = pd.Index(sorted(rows["coded_month"].unique()), name="month")
    sums = rows.pivot_table(
        index="coded_month", columns="offense", values="count", aggfunc="sum", fill_value=0
    )
    net = sums.reindex(index=months, columns=list(OFFENSES), fill_value=0)
    for name, whole, flagged in _PARTS:
        part = rows[(rows["offense"] == whole) & rows[flagged].fillna(False).astype(bool)]
        net[name] = part.groupby("coded_month")["count"].sum().reindex(months, fill_value=0)
    net = net.astype("float64").rename_axis(columns=None)
    out = net.reset_index().melt("month", var_name="offense", value_name="count")
    messages = counting.partial_message(fringe)
    below = out["count"] < 0
    if below.any():
        named = ", ".join(out["month"][below] + " " + out["offense"][below])
        messages.append(f"More rows are cancelled than counted: {named}. Stored as missing, not as zero.")
    out["status"] = np.where(below, "missing", np.where(out["month"].isin(fringe), "partial", "reported"))
    out["count"] = out["count"].mask(below)
    out = out[(out["status"] != "partial") | (out["count"] != 0)]  # a part of a month shows no zero
    out = out.assign(agency_id=slmpd.AGENCY_ID, source=SOURCE, source_file=file)
    return out[list(MONTHLY_COLUMNS)].reset_index(drop=True), messages
