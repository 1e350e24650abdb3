"""Real-Time Crime Index (AH Datalytics): the layouts that give monthly figures.

``rtci_trends``: the agency-month file of 52 columns (2025 on); it names agencies by ORI only.
``rtci_by_agency``: the older table of 17 columns; it has names and no ORI.
``rtci_panel``: the tidy panel of both, with one letter per offense that says where a figure comes from.

Zeros are kept as the file has them, although some mean "not reported": telling these apart needs the
agency's other months and is the hub's work. Totals (violent, property) are never imported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from analysis.data.sources.base import AGENCY_COLUMNS, Parsed
from analysis.data.sources.monthly import count_cells, long_counts, settle_repeats
from analysis.data.sources.reader import RawTable
from analysis.data.sources.rules import (
    Quarantine,
    Rule,
    finish,
    injection_message,
    month_text,
    neutralise,
    plural,
)
from analysis.data.sources.states import STATES

TRENDS: Final = "rtci_trends"
BY_AGENCY: Final = "rtci_by_agency"
PANEL: Final = "rtci_panel"

_SERIES: Final = (
    "violent", "murder", "rape", "robbery", "assault", "property", "burglary", "theft", "motor",
)  # fmt: skip
COLUMNS_TRENDS: Final = (
    "id", "size", "year", "month", "population", "agencies", "sample",
    *(f"{name}_{what}" for name in _SERIES for what in ("total", "ytd", "roll", "change", "change_raw")),
)  # fmt: skip
COLUMNS_BY_AGENCY: Final = (
    "date", "agency_name", "agency_abbr", "state_name", "agency_full", "aggravated_assault", "burglary",
    "motor_vehicle_theft", "murder", "rape", "robbery", "theft", "violent_crime", "property_crime",
    "month_year", "state_abbr", "Last Updated",
)  # fmt: skip
COLUMNS_PANEL: Final = (
    "agency_id", "agency", "state", "agency_type", "population", "year_month", "murder", "rape", "robbery",
    "aggravated_assault", "violent_crime", "burglary", "theft", "motor_vehicle_theft", "source", "detail",
)  # fmt: skip

_TRENDS_OFFENSES: Final = {
    "murder_total": "homicide",
    "rape_total": "rape",
    "robbery_total": "robbery",
    "assault_total": "aggravated_assault",
    "burglary_total": "burglary",
    "theft_total": "theft",
    "motor_total": "motor_vehicle_theft",
}
#: In the order of the letters of the panel's column ``detail``.
_NAMED_OFFENSES: Final = {
    "murder": "homicide",
    "rape": "rape",
    "robbery": "robbery",
    "aggravated_assault": "aggravated_assault",
    "burglary": "burglary",
    "theft": "theft",
    "motor_vehicle_theft": "motor_vehicle_theft",
}
_STATUS_OF_LETTER: Final = {
    "R": "reported",
    "T": "reported",
    "A": "reported",
    "D": "reported",
    "S": "estimated",
}

#: Agencies of the region by the names RTCI uses.
REGION_ORIS: Final = {
    ("St Louis", "MO"): "MOSPD0000",
    ("St Louis County", "MO"): "MO0950000",
    ("Florissant", "MO"): "MO0953000",
}
_REGION_NAMES: Final = {ori: name for (name, _), ori in REGION_ORIS.items()}

AgencyIds = Mapping[tuple[str, str], str]
MONTH_RULE: Final = "is a month, not before 1950 and not in the future"
MONTH_REMEDY: Final = "Correct the month in the file, or delete the row if the month is not known."


def jurisdiction_of(agency_id: str) -> str | None:
    """The jurisdiction an agency polices, by the county number inside its ORI."""
    if agency_id == "MOSPD0000":
        return "stl_city"
    if agency_id.startswith("MO095"):
        return "stl_county"
    return "st_clair" if agency_id.startswith("IL082") else None


def agency_key(name: str, state: str, agency_ids: AgencyIds | None = None) -> str:
    """The ORI of a named agency, or ``X-<state>-<name>`` (letters and digits) when it is not known."""
    known = (agency_ids or {}).get((name, state)) or REGION_ORIS.get((name, state))
    return known or f"X-{state}-{re.sub('[^A-Za-z0-9]', '', name)}"


def agency_table(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """One row per agency from rows with agency_id, name, state, kind, population (the last one wins)."""
    last = rows.drop_duplicates("agency_id", keep="last").sort_values("agency_id", ignore_index=True)
    names, risky = neutralise(last["name"])
    out = last.assign(
        name=names,
        population=pd.to_numeric(last["population"], errors="coerce").astype("float64"),
        jurisdiction=pd.array([jurisdiction_of(a) for a in last["agency_id"]], dtype="str"),
        longitude=np.nan,
        latitude=np.nan,
    )
    return out[list(AGENCY_COLUMNS)], injection_message(risky, "agency names")


def _month_rule(shown: str) -> Rule:
    return Rule("month", shown, MONTH_RULE, pd.Series.notna, MONTH_REMEDY)


def _finish(
    table: RawTable,
    layout: str,
    rows: pd.DataFrame,
    columns: Mapping[str, str],
    aggregate: pd.Series,
    rules: list[Rule],
    *,
    statuses: pd.DataFrame | None = None,
    messages: list[str] | None = None,
    vintage: str | None = None,
) -> Parsed:
    """The common end of the three layouts: check, settle repeats, go long."""
    counts, count_rules = count_cells(table, columns)
    quarantine = Quarantine(table)
    quarantine.check(pd.concat([rows, counts], axis=1), [*rules, *count_rules])
    left = np.setdiff1d(np.flatnonzero(~aggregate.to_numpy()), quarantine.bad)
    checked = pd.concat([rows[["agency_id", "month"]], counts], axis=1).iloc[left]
    keep, repeats = settle_repeats(
        table, quarantine, checked, ("agency_id", "month"), rules[0].shown, "A month of an agency"
    )
    agencies, risky = agency_table(rows.loc[keep])
    said = [*(messages or []), *repeats, *risky]
    skipped = int((aggregate & ~aggregate.index.isin(quarantine.bad)).sum())
    if skipped:
        said.append(
            f"{skipped:,} {plural(skipped, 'row is a total', 'rows are totals')} over several agencies (a "
            "state, a region, a sample): understood and not stored, because their agencies are "
            "counted themselves."
        )
    return finish(
        table,
        quarantine,
        layout,
        messages=said,
        vintage=vintage,
        monthly=long_counts(
            checked.loc[keep],
            counts.loc[keep],
            layout,
            table.file,
            "reported" if statuses is None else statuses.loc[keep],
        ),
        agencies=agencies,
    )


def parse_trends(table: RawTable, layout: str = TRENDS, agency_ids: AgencyIds | None = None) -> Parsed:
    """The 52-column file: one row is an agency (or a state, by size group) and a month."""
    identifier = table.text("id")
    month = month_text(table.text("year") + "-" + table.text("month").str.zfill(2))
    aggregate = identifier.str.fullmatch(r"[a-z][a-z_0-9 ]*")
    state = identifier.str[:2].replace({"NB": "NE"})  # ORIs write Nebraska as NB
    rows = pd.DataFrame(
        {
            "agency_id": identifier,
            "name": identifier.replace(_REGION_NAMES),  # this layout has no names
            "state": state,
            "kind": pd.Series(np.nan, index=identifier.index, dtype="str"),
            "population": table.text("population"),
            "month": month,
        }
    )
    rules = [
        _month_rule(table.keys["month"]),
        Rule(
            "agency_id",
            table.keys["id"],
            "is an ORI (two letters of the state and seven letters or digits) or a state's two letters",
            lambda s: s.str.fullmatch(r"[A-Z]{2}[A-Z0-9]{7}|X-[A-Z]{2}-\w+") | aggregate,
            "Write the agency's nine-character ORI.",
        ),
    ]
    messages = ["This layout has no agency names: agencies not known from another file appear by their ORI."]
    return _finish(table, layout, rows, _TRENDS_OFFENSES, aggregate, rules, messages=messages)


def parse_by_agency(table: RawTable, layout: str = BY_AGENCY, agency_ids: AgencyIds | None = None) -> Parsed:
    """The 17-column table: names without ORI, one row is an agency and a month."""
    name, state = table.text("agency_name"), table.text("state_abbr")
    pairs = pd.DataFrame({"name": name, "state": state})
    unique = pairs.drop_duplicates()
    ids = {(n, s): agency_key(n, s, agency_ids) for n, s in unique.itertuples(index=False)}
    rows = pairs.assign(
        agency_id=pd.array([ids[pair] for pair in pairs.itertuples(index=False, name=None)], dtype="str"),
        kind=np.where(name.str.endswith(" County"), "county", "city"),
        population=np.nan,
        month=month_text(table.text("date").str[:7]),
    )
    aggregate = is_aggregate(name, state)
    rules = [
        _month_rule(table.keys["date"]),
        Rule(
            "state",
            table.keys["stateabbr"],
            "is a state's two letters",
            lambda s: s.isin(set(STATES.values())) | aggregate,
            "Write the postal code of the state, such as MO.",
        ),
    ]
    return _finish(
        table,
        layout,
        rows,
        _NAMED_OFFENSES,
        aggregate,
        rules,
        messages=_unnamed(rows["agency_id"]),
        vintage=updated(table.text("lastupdated")),
    )


def parse_panel(table: RawTable, layout: str = PANEL, agency_ids: AgencyIds | None = None) -> Parsed:
    """The tidy panel: ORIs, names, and one letter per offense for where the figure comes from."""
    rows = pd.DataFrame(
        {
            "agency_id": table.text("agency_id"),
            "name": table.text("agency"),
            "state": table.text("state"),
            "kind": table.text("agency_type"),
            "population": table.text("population"),
            "month": month_text(table.text("year_month")),
            "detail": table.text("detail"),
        }
    )
    letters = pd.DataFrame(
        {offense: rows["detail"].str[at] for at, offense in enumerate(_NAMED_OFFENSES.values())}
    )
    filled = pd.DataFrame({o: table.text(n) != "" for n, o in _NAMED_OFFENSES.items()})
    agrees = ((letters != ".") == filled).all(axis=1)
    rules = [
        _month_rule(table.keys["yearmonth"]),
        Rule(
            "agency_id",
            table.keys["agencyid"],
            "is an ORI, or X-<state>-<name> where none is known",
            lambda s: s.str.fullmatch(r"[A-Z]{2}[A-Z0-9]{7}|X-[A-Z]{2}-\w+"),
            "Write the agency's nine-character ORI.",
        ),
        Rule(
            "detail",
            table.keys["detail"],
            "has seven letters of R, T, A, D, S and . (missing): a point where the offense is blank",
            lambda s: s.str.fullmatch(r"[RTADS.]{7}") & agrees,
            "Correct the letters: they say which figures were reported and which were estimated.",
        ),
    ]
    # A letter the rule above refuses never gets here; a point has no figure and gives no row.
    statuses = letters.replace({**_STATUS_OF_LETTER, ".": "missing"})
    derived, estimated = int((letters == "D").to_numpy().sum()), int((letters == "S").to_numpy().sum())
    messages = _unnamed(rows["agency_id"])
    if derived:
        messages.append(f"{derived:,} figures are differences of two year-to-date releases (detail D).")
    if estimated:
        messages.append(
            f"{estimated:,} figures are a total of two or three months split by last year's shares "
            "(detail S): marked as estimated."
        )
    none = pd.Series(False, index=rows.index)
    return _finish(table, layout, rows, _NAMED_OFFENSES, none, rules, statuses=statuses, messages=messages)


def is_aggregate(name: pd.Series, state: pd.Series) -> pd.Series:
    """Rows that add up several agencies: national and state samples, regions, size groups."""
    return (state == "Nationwide") | (name == "Full Sample")


def updated(text: pd.Series) -> str | None:
    """The latest day of a "Last Updated" column (2024-10-15 12:20:25 EDT), as ISO text."""
    days = text.str.extract(r"^(\d{4}-\d{2}-\d{2})", expand=False).dropna()
    return str(days.max()) if len(days) else None


def _unnamed(agency_id: pd.Series) -> list[str]:
    unknown = agency_id[agency_id.str.match(r"X-[A-Z]{2}-")].nunique()
    if not unknown:
        return []
    verb = plural(unknown, "agency has no ORI and is", "agencies have no ORI and are")
    return [f"{unknown:,} {verb} called X-<state>-<name>."]
