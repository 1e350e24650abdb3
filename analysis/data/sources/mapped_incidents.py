"""Incidents of any other agency, through a mapping file."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.data.sources import counting, incidents
from analysis.data.sources.base import Parsed
from analysis.data.sources.cells import ISO_DATES, Cells, done, month_rule, skipped_message
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.reader import RawTable
from analysis.data.sources.rules import (
    EARLIEST_YEAR,
    Quarantine,
    Rule,
    dates,
    injection_message,
    is_count,
    latest_day,
    neutralise,
    whole_number,
    with_clock,
)
from analysis.data.vocabulary import NEVER_MAPPED, PART_OFFENSES

INCIDENTS: Final = "mapped_incidents"


def parse(table: RawTable, mapping: Mapping) -> Parsed:
    """Incidents: one row is an incident, or an incident × offense."""
    cells = Cells(table, mapping)
    occurred = dates(cells.of("occurred_at"), (*mapping.date_formats, *ISO_DATES))
    victims = whole_number(cells.of("victims")) if "victims" in mapping.columns else 1.0
    coded = cells.month("coded_month") if "coded_month" in mapping.columns else None
    parsed = pd.DataFrame(
        {
            "agency_id": cells.agency(),
            "occurred_at": occurred,
            "month": occurred.dt.strftime("%Y-%m").astype("str") if coded is None else coded,
            "offense": cells.offense(),
            "victims": victims,
        },
        index=cells.index,
    )
    quarantine = Quarantine(table)
    quarantine.check(parsed, _incident_rules(cells))
    skipped = cells.unlisted() & (mapping.unlisted_offenses == "skip")
    good = parsed.iloc[np.setdiff1d(np.flatnonzero(~skipped.to_numpy()), quarantine.bad)]
    rows, said = _incident_rows(cells, good)
    offenses = list(dict.fromkeys([*mapping.offenses.values(), *rows["offense"].unique()]))
    parts = [p for p in PART_OFFENSES if p.rsplit("_", 1)[1] in mapping.flags]
    monthly, partial = counting.count_months(
        rows, offenses, parts, INCIDENTS, table.file, victims=mapping.count == "victims"
    )
    found = incidents.group_incidents(rows.assign(count=np.int64(1)), INCIDENTS, table.file)
    people = rows.groupby(["agency_id", "incident_id", "code"])["victims"].sum()
    at = pd.MultiIndex.from_frame(found[["agency_id", "incident_id", "code"]])
    harmed = people.reindex(at).to_numpy()
    # What the agency counts: the hub adds net_count up, whatever it stands for.
    found = found.assign(net_count=harmed if mapping.count == "victims" else np.int64(1), victims=harmed)
    said += partial + skipped_message(int((skipped & ~skipped.index.isin(quarantine.bad)).sum()))
    return done(table, quarantine, cells, INCIDENTS, said, incidents=found, monthly=monthly)


def _incident_rules(cells: Cells) -> list[Rule]:
    columns = cells.mapping.columns
    first, last = pd.Timestamp(EARLIEST_YEAR, 1, 1), pd.Timestamp(latest_day())
    rules = [
        Rule(
            "occurred_at",
            columns["occurred_at"],
            "is a date in the mapping's format, not before 1950 and not in the future",
            lambda s: (s >= first) & (s <= last),
            "Correct the date, or `date_format` in the mapping.",
        ),
        cells.offense_rule(),
        *cells.agency_rule(),
    ]
    if "coded_month" in columns:
        rules.append(month_rule(columns["coded_month"]))
    if "victims" in columns:
        rules.append(
            Rule(
                "victims",
                columns["victims"],
                "is a whole number of people, 0 or more",
                is_count,
                "Correct the number of victims.",
            )
        )
    return rules


def _incident_rows(cells: Cells, good: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Typed rows of what passed the rules, and what has to be said about them."""
    mapping, index = cells.mapping, good.index
    projected = "x" in mapping.columns
    x = cells.number("x" if projected else "longitude").loc[index]
    y = cells.number("y" if projected else "latitude").loc[index]
    longitude, latitude = incidents.to_degrees(x, y, mapping.crs)
    area, risky = neutralise(cells.of("area").loc[index])
    reported = dates(cells.of("reported_at").loc[index], (*mapping.date_formats, *ISO_DATES))
    code, _ = neutralise(cells.of("offense").loc[index])
    rows = pd.DataFrame(
        {
            "agency_id": good["agency_id"],
            "incident_id": _incident_id(cells, good),
            "occurred_at": with_clock(good["occurred_at"], cells.of("occurred_time").loc[index]),
            "reported_at": reported,
            "coded_month": good["month"],
            "offense": good["offense"],
            "code": code,
            **{name: _flag(cells, name, index) for name in ("firearm", "domestic")},
            "victims": good["victims"].astype("int64"),
            "longitude": longitude,
            "latitude": latitude,
            "area_name": area.mask(area == ""),
            "line": cells.table.line[index.to_numpy()],
        },
        index=index,
    )
    rows, said = incidents.place_rows(rows)
    return rows, said + injection_message(risky, f"“{mapping.columns.get('area', '')}”")


def _incident_id(cells: Cells, good: pd.DataFrame) -> pd.Series:
    """The agency's number, or a hash of the row's date, offense and place (no place if it is sexual)."""
    given, _ = neutralise(cells.of("incident_id").loc[good.index])
    place = cells.of("x") + cells.of("y") + cells.of("longitude") + cells.of("latitude") + cells.of("area")
    place = place.loc[good.index].mask(good["offense"].isin(NEVER_MAPPED), "")
    content = (
        good["agency_id"] + "|" + good["occurred_at"].astype("str") + "|" + good["offense"] + "|" + place
    )
    hashed = pd.util.hash_array(content.to_numpy(dtype=object), categorize=True)
    derived = pd.Series([f"x{value:016x}" for value in hashed], index=good.index, dtype="str")
    return given.where(given != "", derived)


def _flag(cells: Cells, name: str, index: pd.Index) -> pd.Series:
    """True, false, or missing where the value is in neither list."""
    out = pd.Series(pd.NA, index=index, dtype="boolean")
    given = cells.mapping.flags.get(name)
    if given is None:
        return out
    text = cells.table.frame[given.column].loc[index].str.strip().str.casefold()
    out[text.isin([value.casefold() for value in given.no])] = False
    out[text.isin([value.casefold() for value in given.yes])] = True
    return out
