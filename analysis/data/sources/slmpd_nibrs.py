"""SLMPD's NIBRS-era files (December 2020 on): the 22-column monthly file and a cleaned 14-column extract.

A row is an offense and a victim; an incident is ``IncidentNum`` × NIBRS code, so monthly counts are
distinct incidents × code by month of ``IncidentDate``. Nothing is ever cancelled. A monthly file re-emits
incidents of earlier months that were supplemented: such months are marked partial, because another file
holds the rest of them. The cleaned extract is clipped to the city and lacks rows without coordinates, so
it is a source of its own (``slmpd_nibrs_cleaned``) and never joined to the raw files.

Not comparable with the legacy files: no hierarchy rule, another definition of rape.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.data.sources import counting, incidents, slmpd
from analysis.data.sources.base import Parsed
from analysis.data.sources.reader import RawTable
from analysis.data.sources.rules import (
    EARLIEST_YEAR,
    Quarantine,
    Rule,
    dates,
    finish,
    flag,
    injection_message,
    latest_day,
    neutralise,
    with_clock,
)
from analysis.data.vocabulary import OFFENSES, PART_OFFENSES

RAW: Final = "slmpd_nibrs"
CLEANED: Final = "slmpd_nibrs_cleaned"

COLUMNS_RAW: Final = (
    "IncidentDate", "OccurredFromTime", "IncidentNum", "Offense", "NIBRS", "NIBRSCategory", "SRS_UCR",
    "CrimeAgainst", "FelMisdCit", "IncidentTopSRS_UCR", "IncidentLocation", "IntersectionOtherLoc",
    "District", "Neighborhood", "NbhdNum", "Latitude", "Longitude", "IncidentSupplemented", "LastSuppDate",
    "VictimNum", "FirearmUsed", "IncidentNature",
)  # fmt: skip
COLUMNS_CLEANED: Final = (
    "inc_#", "date_time", "nibrs_cat", "nibrs_code", "offense", "inc_desc", "off_type", "firearm", "address",
    "nbhd", "nbhd_num", "district", "lat", "lon",
)  # fmt: skip

#: FBI NIBRS offense codes (NIBRS User Manual) → offense. 09B, 09C and all others are ``other``. Codes
#: of a sexual nature that are not rape (fondling, incest, statutory rape, pornography, sex trafficking)
#: are ``sex_offense``, which is never mapped.
OFFENSE_OF_CODE: Final = {
    "09A": "homicide",
    "11A": "rape",
    "11B": "rape",
    "11C": "rape",
    "11D": "sex_offense",
    "36A": "sex_offense",
    "36B": "sex_offense",
    "370": "sex_offense",
    "64A": "sex_offense",
    "120": "robbery",
    "13A": "aggravated_assault",
    "200": "arson",
    "220": "burglary",
    **{f"23{letter}": "theft" for letter in "ABCDEFGH"},
    "240": "motor_vehicle_theft",
}
_PARTS_OF_A_ROW: Final = ("id", "code", "date", "text", "gun", "number", "name", "lat", "lon", "clock")
_RAW_KEYS: Final = (
    "incidentnum", "nibrs", "incidentdate", "offense", "firearmused", "nbhdnum", "neighborhood", "latitude",
    "longitude", "occurredfromtime",
)  # fmt: skip
_CLEANED_KEYS: Final = (
    "inc", "nibrscode", "datetime", "offense", "firearm", "nbhdnum", "nbhd", "lat", "lon", "datetime",
)  # fmt: skip
_DATE_FORMATS: Final = (
    "%m/%d/%Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
)
_SEXUAL_WORDS: Final = r"\b(?:RAPE|SODOMY|SEXUAL|MOLEST)"
_NOT_SEXUAL: Final = r"\bNO SEXUAL\b|\bNON-?SEXUAL\b"


def parse(table: RawTable, layout: str) -> Parsed:
    """Read one file of either layout."""
    raw = layout == RAW
    names = dict(zip(_PARTS_OF_A_ROW, _RAW_KEYS if raw else _CLEANED_KEYS, strict=True))
    code = table.text(names["code"]).str.upper()
    code = code.mask(code.str.fullmatch(r"9[A-C]"), "0" + code)  # a spreadsheet drops the leading zero
    occurred = dates(table.text(names["date"]), _DATE_FORMATS)
    parsed = pd.DataFrame({"incident_id": table.text(names["id"]), "code": code, "occurred_at": occurred})
    quarantine = Quarantine(table)
    quarantine.check(parsed, _rules({part: table.keys[name] for part, name in names.items()}))
    good = parsed.iloc[np.setdiff1d(np.arange(len(parsed)), quarantine.bad)]
    rows, messages = _rows(table, good, names, raw)
    # A monthly file of the department holds all offenses; an extract only those it was made for.
    offenses = [name for name in OFFENSES if raw or (rows["offense"] == name).any()]
    monthly, said = counting.count_months(rows, offenses, tuple(PART_OFFENSES), layout, table.file)
    found = incidents.group_incidents(rows, layout, table.file)
    victims = _victims(rows)
    at = pd.MultiIndex.from_frame(found[["incident_id", "code"]])
    found = found.assign(net_count=np.int64(1), victims=victims.reindex(at).to_numpy())
    if not raw:
        messages.append(
            "This is a cleaned extract: rows without coordinates and points outside the city are not in it, "
            "and offenses it leaves out are missing, not zero."
        )
    return finish(
        table,
        quarantine,
        layout,
        messages=[*messages, *said],
        incidents=found,
        monthly=monthly,
        agencies=slmpd.agencies(),
    )


def _rules(shown: dict[str, str]) -> list[Rule]:
    first, last = pd.Timestamp(EARLIEST_YEAR, 1, 1), pd.Timestamp(latest_day())
    return [
        Rule(
            "incident_id",
            shown["id"],
            "has an incident number",
            lambda s: s.astype(bool),
            "Restore the number from the department's file: without it the row cannot be counted once.",
        ),
        Rule(
            "code",
            shown["code"],
            "is a NIBRS offense code of three characters, such as 13A",
            lambda s: s.str.fullmatch(r"\d{2}[0-9A-Z]"),
            "Restore the code from the department's file.",
        ),
        Rule(
            "occurred_at",
            shown["date"],
            "is a date (month/day/year), not before 1950 and not in the future",
            lambda s: (s >= first) & (s <= last),
            "Correct the date: these files are counted by the month of the incident.",
        ),
    ]


def _rows(
    table: RawTable, parsed: pd.DataFrame, names: dict[str, str], raw: bool
) -> tuple[pd.DataFrame, list[str]]:
    """Typed rows of what passed the rules, and what has to be said about them."""
    index = parsed.index

    def text(part: str) -> pd.Series:
        return table.text(names[part]).loc[index]

    offense = parsed["code"].map(OFFENSE_OF_CODE).fillna("other").astype("str")
    said = text("text").str.upper()
    gun = text("gun").str.upper()
    assault = offense == "aggravated_assault"
    name, risky = neutralise(text("name"))
    named = name.mask(text("name").str.upper().isin(["", "UNKNOWN", "NONE"]))
    rows = pd.DataFrame(
        {
            "agency_id": slmpd.AGENCY_ID,
            "incident_id": neutralise(parsed["incident_id"])[0],
            "occurred_at": with_clock(parsed["occurred_at"], text("clock")) if raw else parsed["occurred_at"],
            "reported_at": pd.Series(pd.NaT, index=index, dtype="datetime64[us]"),
            "coded_month": parsed["occurred_at"].dt.strftime("%Y-%m").astype("str"),
            "offense": offense,
            "code": parsed["code"],
            "firearm": flag(gun.isin(["YES", "Y"]), index).mask(~gun.isin(["YES", "Y", "NO", "N"])),
            "domestic": flag(said.str.contains("DOMESTIC", regex=False), index).mask(~assault),
            "count": np.int64(1),
            "longitude": pd.to_numeric(text("lon"), errors="coerce").astype("float64"),
            "latitude": pd.to_numeric(text("lat"), errors="coerce").astype("float64"),
            # The number is what polygons know; a name stands in where there is no number.
            "area_name": slmpd.neighborhood_number(text("number")).fillna(named),
            "line": table.line[index.to_numpy()],
            "victim": table.text("victimnum").loc[index] if raw else "",
        },
        index=index,
    )
    none = (rows[["longitude", "latitude"]].isna() | (rows[["longitude", "latitude"]] == 0)).any(axis=1)
    rows = rows.assign(longitude=rows["longitude"].mask(none), latitude=rows["latitude"].mask(none))
    private = said.str.contains(_SEXUAL_WORDS, regex=True) & ~said.str.contains(_NOT_SEXUAL, regex=True)
    rows, messages = incidents.place_rows(rows, private.to_numpy(dtype=bool))
    return rows, messages + injection_message(risky, f"“{table.keys[names['name']]}”")


def _victims(rows: pd.DataFrame) -> pd.Series:
    """People per incident × code: distinct victim numbers, or rows where the file does not number them."""
    by = rows.groupby(["incident_id", "code"], sort=False)
    if not rows["victim"].astype(bool).any():
        return by.size().astype("int64")
    return (
        rows["victim"]
        .where(rows["victim"] != "")
        .groupby([rows["incident_id"], rows["code"]], sort=False)
        .nunique()
        .clip(lower=1)
        .astype("int64")
    )
