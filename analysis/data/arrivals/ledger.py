"""Tables that the hub keeps for itself: no part of a data package."""

from __future__ import annotations

from typing import Final

from analysis.data.tables import ALL_OFFENSES, TABLES, Field, Table
from analysis.data.vocabulary import MEASURES, STATUSES

_VINTAGE = Field("vintage", "date", "Day on which these figures were known")

_LEDGER: Final = (
    Table(
        "imports",
        "a file that was imported",
        (
            Field("import_seq", "integer", "Number of the import"),
            Field("imported_at", "text", "Moment of the import, UTC"),
            Field("file", "text", "File name"),
            Field("sha256", "text", "Hash of the file's content, unpacked"),
            Field("mapping_sha256", "text", "Hash of the mapping file, if one was used", required=False),
            Field("layout", "text", "Layout it was read as"),
            Field("vintage", "date", "Day on which its figures were known"),
            Field("rows_read", "integer", "Data rows in the file"),
            Field("rows_kept", "integer", "Rows kept"),
            Field("rows_quarantined", "integer", "Rows in quarantine"),
            Field("synthetic", "boolean", "The figures are made up"),
            Field("message", "text", "What the import said", required=False),
        ),
        ("import_seq",),
    ),
    Table(
        "coverage",
        "a source × agency × month × offense that a file of incidents holds",
        (
            Field("source", "text", "Layout"),
            Field("agency_id", "text", "Agency"),
            Field("month", "month", "Coded month"),
            Field("offense", "text", "Offense or part of one", allowed=ALL_OFFENSES),
            Field("status", "text", "What the file holds of it", allowed=STATUSES),
            Field("file_month", "month", "Last month in the file: of two files of a day the later one wins"),
            _VINTAGE,
            Field("import_seq", "integer", "Number of the import"),
        ),
        ("source", "agency_id", "month", "offense", "import_seq"),
    ),
    Table(
        "breaks",
        "a month from which an agency's figures are no longer comparable with the months before",
        (
            Field("agency_id", "text", "Agency"),
            Field("month", "month", "First month of the new kind"),
            Field("offense", "text", "Offense; empty for all", required=False),
            Field("before", "text", "Source before", required=False),
            Field("after", "text", "Source after", required=False),
            Field("reason", "text", "Why the months cannot be compared"),
        ),
        ("agency_id", "month", "offense", "reason"),
    ),
    Table(
        "cumulative",
        "a total over several months that a source publishes beside or instead of months",
        (
            Field("agency_id", "text", "Agency"),
            Field("agency", "text", "Name in the file", required=False),
            Field("state", "text", "State", required=False),
            Field("offense", "text", "Offense", allowed=ALL_OFFENSES),
            Field("start", "month", "First month"),
            Field("end", "month", "Last month"),
            Field("count", "number", "Offenses from the first to the last month", required=False),
            Field("kind", "text", "full_year or year_to_date"),
            Field("source", "text", "Layout"),
            Field("source_file", "text", "File", required=False),
            _VINTAGE,
            Field("import_seq", "integer", "Number of the import"),
        ),
        ("agency_id", "offense", "start", "end", "source", "import_seq"),
    ),
    Table(
        "suspects",
        "an agency × source × month × offense whose figure looks wrong",
        (
            Field("agency_id", "text", "Agency"),
            Field("source", "text", "Layout"),
            Field("month", "month", "Month"),
            Field("offense", "text", "Offense"),
            Field("kind", "text", "What is wrong", allowed=("repeat", "zero", "spike", "year_end")),
            Field("why", "text", "In words"),
        ),
        ("agency_id", "source", "month", "offense"),
    ),
    Table(
        "accepted",
        "a suspect month that someone accepted",
        (
            Field("agency_id", "text", "Agency"),
            Field("month", "month", "Month"),
            Field("offense", "text", "Offense"),
            Field("reason", "text", "Why it is accepted"),
            Field("who", "text", "Who accepted it"),
            Field("accepted_at", "text", "When, UTC"),
        ),
        ("agency_id", "month", "offense", "accepted_at"),
    ),
    Table(
        "evaluations",
        "a version of a declared evaluation",
        (
            Field("evaluation_id", "text", "Identifier: subject, place, measure and method"),
            Field("version", "integer", "Version: a change is a new version", minimum=1),
            Field("declared_on", "date", "Day of the declaration"),
            Field("subject", "text", "Deployment, or “programme” for everything together"),
            Field("tactic", "text", "Tactic; empty for the programme", required=False),
            Field("place", "text", "Jurisdiction or area"),
            Field("place_name", "text", "Name as shown"),
            Field("measure", "text", "Measure", allowed=tuple(MEASURES)),
            Field("method", "text", "Design"),
            Field("start", "month", "First month that counts as after"),
            Field("phase_in_months", "integer", "Months that count as neither", unit="months", minimum=0),
            Field("end", "month", "Last month at work", required=False),
            Field("status", "text", "State", allowed=("declared", "withdrawn")),
            Field("illustrative", "boolean", "The start is assumed, not published"),
            Field("reason", "text", "Why it is asked or changed"),
            Field("who", "text", "Who declared it"),
        ),
        ("evaluation_id", "version"),
    ),
    Table(
        "audit",
        "something that was done to the hub",
        (
            Field("number", "integer", "Number of the entry, from 1", minimum=1),
            Field("at", "text", "When, UTC"),
            Field("who", "text", "Who did it"),
            Field("action", "text", "What was done"),
            Field("details", "text", "To what, and why", required=False),
            Field("previous", "text", "Hash of the entry before"),
            Field("hash", "text", "Hash of this entry and the one before"),
        ),
        ("number",),
    ),
    Table(
        "quarantine",
        "a value that a rule refused",
        (
            Field("import_seq", "integer", "Number of the import"),
            Field("file", "text", "File"),
            Field("line", "integer", "Line in the file", required=False),
            Field("column", "text", "Column", required=False),
            Field("value", "text", "Value", required=False),
            Field("rule", "text", "Rule it broke"),
            Field("remedy", "text", "What to do"),
            Field("row", "text", "The whole row, as text", required=False),
        ),
        ("import_seq", "line", "column", "rule"),
    ),
)
#: By name.
LEDGER: Final[dict[str, Table]] = {table.name: table for table in _LEDGER}
ALL_TABLES: Final[dict[str, Table]] = {**TABLES, **LEDGER}
