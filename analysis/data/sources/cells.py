"""The columns of a mapped table, read as its mapping says, and the rules they must satisfy."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from analysis.data.sources.base import AGENCY_COLUMNS, INCIDENT_COLUMNS, Parsed, empty
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.reader import RawTable
from analysis.data.sources.rules import (
    Quarantine,
    Rule,
    dates,
    finish,
    injection_message,
    month_text,
    neutralise,
    plural,
)

ISO_DATES: Final = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")  # how a workbook's own dates are written out


class Cells:
    """The mapped columns of a table, as stripped text."""

    def __init__(self, table: RawTable, mapping: Mapping) -> None:
        self.table, self.mapping = table, mapping
        self.index = table.frame.index

    def of(self, part: str) -> pd.Series:
        """A mapped column; blank text when the mapping does not have it."""
        name = self.mapping.columns.get(part)
        if name is None:
            return pd.Series("", index=self.index, dtype="str")
        return self.table.frame[name].str.strip()

    def number(self, part: str) -> pd.Series:
        """A mapped column as float64, NaN where it is not a number."""
        return pd.to_numeric(self.of(part), errors="coerce").astype("float64")

    def agency(self) -> pd.Series:
        """The agency's id of each row, missing when the mapping does not know the value."""
        ids = {name: str(agency["id"]) for name, agency in self.mapping.agencies.items()}
        if "" in ids:
            return pd.Series(ids[""], index=self.index, dtype="str")
        return self.of("agency").map(ids).astype("str")

    def month(self, part: str = "month") -> pd.Series:
        """A month as YYYY-MM by the mapping's format, or of a workbook's own date."""
        text, form = self.of(part), self.mapping.month_format
        if "year" in self.mapping.columns and part == "month":
            text, form = self.of("year") + " " + text, f"%Y {form}"
        found = dates(text, (form, *ISO_DATES))
        return month_text(found.dt.strftime("%Y-%m").astype("str"))

    def offense(self) -> pd.Series:
        """Our offense of each row; missing where the mapping does not list the value."""
        by_fold = {name.casefold(): ours for name, ours in self.mapping.offenses.items()}
        found = self.of("offense").str.casefold().map(by_fold).astype("str")
        return found if self.mapping.unlisted_offenses == "refuse" else found.fillna("other")

    def unlisted(self) -> pd.Series:
        """Rows of offenses the mapping does not list."""
        listed = {name.casefold() for name in self.mapping.offenses}
        return ~self.of("offense").str.casefold().isin(listed)

    def agency_rule(self) -> list[Rule]:
        """That the row's agency is one the mapping lists; no rule when the file is one agency's."""
        name = self.mapping.columns.get("agency")
        if name is None:
            return []
        return [
            Rule(
                "agency_id",
                name,
                "is an agency that the mapping lists",
                pd.Series.notna,
                "Add the agency to `agencies` in the mapping.",
            )
        ]

    def offense_rule(self) -> Rule:
        """That the row's offense is one the mapping lists."""
        return Rule(
            "offense",
            self.mapping.columns["offense"],
            "is an offense that the mapping lists",
            pd.Series.notna,
            "Add it to `offenses` in the mapping, or set `unlisted_offenses` to other or skip.",
        )

    def agencies(self) -> tuple[pd.DataFrame, list[str]]:
        """The agencies of the mapping, as the hub stores them."""
        rows: list[dict[str, Any]] = [
            {**agency, "agency_id": agency["id"]} for agency in self.mapping.agencies.values()
        ]
        out = pd.DataFrame(rows).drop_duplicates("agency_id", keep="last", ignore_index=True)
        for name in ("population", "longitude", "latitude"):
            out[name] = pd.to_numeric(out[name]).astype("float64")
        out["name"], risky = neutralise(out["name"].astype("str"))
        return out[list(AGENCY_COLUMNS)], injection_message(risky, "agency names")


def month_rule(shown: str) -> Rule:
    """That the month can be read and is plausible."""
    return Rule(
        "month",
        shown,
        "is a month, not before 1950 and not in the future",
        pd.Series.notna,
        "Correct the month, or `month_format` in the mapping.",
    )


def skipped_message(number: int) -> list[str]:
    """How many rows were of offenses nobody asked for."""
    if not number:
        return []
    verb = plural(number, "row is of an offense", "rows are of offenses")
    return [f"{number:,} {verb} that the mapping does not list: understood and not stored."]


def done(
    table: RawTable,
    quarantine: Quarantine,
    cells: Cells,
    layout: str,
    messages: list[str],
    *,
    monthly: pd.DataFrame,
    incidents: pd.DataFrame | None = None,
) -> Parsed:
    """The :class:`Parsed` of a mapped table."""
    agencies, risky = cells.agencies()
    return finish(
        table,
        quarantine,
        layout,
        messages=[*messages, *risky],
        vintage=cells.mapping.vintage,
        agencies=agencies,
        monthly=monthly,
        incidents=empty(INCIDENT_COLUMNS) if incidents is None else incidents,
    )
