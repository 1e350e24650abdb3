"""Templates for the people who fill the tables in: a header, an example of each kind, and a glossary."""

from __future__ import annotations

import csv
import io
from typing import Final

from analysis.data.schema import TABLES
from analysis.data.vocabulary import JURISDICTIONS, TACTICS
from analysis.programme.activities import ACTIVITIES

#: Tables that the programme's own people fill in.
TOLD: Final = ("deployments", "activities", "milestones", "meetings")
#: Columns that speak for themselves first; the rest of the table follows.
_GUIDE: Final = """Deployments, monthly work, milestones and meetings: how to fill in the tables
=============================================================================

1. deployments.csv: one row for each tactic in each place. Leave area_id empty for a whole jurisdiction;
   otherwise use the identifier of an area that the hub knows. Months are written 2025-01.
2. activities.csv: one row for each deployment, month and activity. An empty value means “not reported”; a 0
   is a reported zero. planned is what was planned for that month; leave it empty when there was no plan.
3. milestones.csv: one row for each milestone, with its kind: training, technical_help, agreement (on data or
   between partners), start or step. The council brief counts trainings, help and agreements by this column.
   meetings.csv: one row for each public meeting.
4. Never a row, a name, a number or a note about a person: counts only.
5. glossary.csv says what each activity counts and which values each column allows.
6. Look first, without changing anything: sln intake check FILE --hub HUB
   Then: sln import deployments.csv activities.csv --hub HUB, and the others likewise. A row that breaks a
   rule is kept aside with its line, column, value and remedy; the others are taken.
   The hub’s staff do the same on the page Intake.
"""


def templates() -> dict[str, str]:
    """File name → content: the tables with their headers only, a glossary and a guide."""
    return {
        **{f"{name}.csv": _csv([list(TABLES[name].columns)]) for name in TOLD},
        "glossary.csv": _csv([_GLOSSARY_HEADER, *_glossary()]),
        "README.txt": _GUIDE,
    }


_GLOSSARY_HEADER: Final = ["table", "column", "value", "meaning"]


def _glossary() -> list[list[str]]:
    rows = []
    for name in TOLD:
        for f in TABLES[name].fields:
            needed = "needed" if f.required else "may be empty"
            rows.append([name, f.name, f"({needed})", f.description])
            rows += [[name, f.name, value, _value(f.name, value)] for value in f.allowed]
    rows += [
        ["activities", "activity", key, f"{TACTICS[a.tactic]}: {a.meaning} (counts {a.counts})"]
        for key, a in ACTIVITIES.items()
    ]
    return rows


def _value(column: str, value: str) -> str:
    return {"tactic": TACTICS, "jurisdiction": JURISDICTIONS}.get(column, {}).get(value, value)


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()
