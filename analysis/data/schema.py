"""The tables of the data package: columns, types, units, keys and allowed values.

Every table is a pandera schema made from plain :class:`Field` records. The same records give the
Arrow schema of the store, the Frictionless ``datapackage.json`` and the codebook, so that a type
is written down once. Months are text ``YYYY-MM`` in files and in the store (they sort, and every
engine reads them); ``Period`` appears only at the pandas surface of the hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

from analysis.data.vocabulary import (
    JURISDICTIONS,
    MEASURES,
    OFFENSES,
    PART_OFFENSES,
    PLACES,
    STATUSES,
    TACTICS,
)

Kind = Literal["text", "month", "date", "datetime", "integer", "number", "boolean", "geometry"]

_DTYPES: Final[dict[str, Any]] = {
    "text": pd.StringDtype(na_value=np.nan),
    "month": pd.StringDtype(na_value=np.nan),
    "date": pd.StringDtype(na_value=np.nan),
    "geometry": pd.StringDtype(na_value=np.nan),
    "datetime": np.dtype("datetime64[us]"),
    "integer": pd.Int64Dtype(),
    "number": np.dtype("float64"),
    "boolean": pd.BooleanDtype(),
}
_ARROW: Final[dict[str, arrow.DataType]] = {
    "text": arrow.string(),
    "month": arrow.string(),
    "date": arrow.string(),
    "geometry": arrow.string(),
    "datetime": arrow.timestamp("us"),
    "integer": arrow.int64(),
    "number": arrow.float64(),
    "boolean": arrow.bool_(),
}
_FRICTIONLESS: Final = {
    "text": "string",
    "month": "yearmonth",
    "date": "date",
    "geometry": "geojson",
    "datetime": "datetime",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
MONTH_PATTERN: Final = r"^(19|20)\d{2}-(0[1-9]|1[0-2])$"
DATE_PATTERN: Final = r"^(19|20)\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, kind, meaning, and what it may hold.

    ``required`` means that no row may leave it empty. ``optional`` columns may be absent from a
    file altogether; they are then filled with missing values.
    """

    name: str
    kind: Kind
    description: str
    required: bool = True
    optional: bool = False
    allowed: tuple[str, ...] = ()
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name, what one row is, its columns and its key."""

    name: str
    row: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    partition_by: tuple[str, ...] = ()
    internal: bool = False  # kept by the hub for itself, no part of a data package

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(f.name for f in self.fields)


def _place_fields() -> tuple[Field, ...]:
    return (
        Field(
            "longitude",
            "number",
            "Longitude, WGS84",
            required=False,
            unit="degrees",
            minimum=-180,
            maximum=180,
        ),
        Field(
            "latitude", "number", "Latitude, WGS84", required=False, unit="degrees", minimum=-90, maximum=90
        ),
    )


LOCATION_QUALITIES: Final = ("exact", "outside_named_area", "outside_jurisdiction", "withheld", "missing")
AREA_KINDS: Final = ("neighborhood", "park", "focus", "buffer", "comparison")
DEPLOYMENT_STATES: Final = ("planned", "live", "paused", "ended")
READINGS: Final = ("third_year", "cumulative")
DONOR_STATES: Final = ("eligible", "excluded")
ALL_OFFENSES: Final = (*OFFENSES, *PART_OFFENSES)

_VINTAGE = Field("vintage", "date", "Day on which these figures were known")
_SEQ = Field(
    "import_seq", "integer", "Number of the import that brought the row", required=False, optional=True
)

INCIDENTS: Final = Table(
    "incidents",
    "an incident × crime code × file, as the agency counts it",
    (
        Field("incident_id", "text", "Identifier of the incident, stable across files of one source"),
        Field("agency_id", "text", "Reporting agency (ORI)"),
        Field(
            "occurred_at", "datetime", "When it happened; empty when the stated date cannot be true", False
        ),
        Field("reported_at", "datetime", "When it was reported or coded", False, optional=True),
        Field("coded_month", "month", "Month in which the agency counts it"),
        Field("offense", "text", "Offense", allowed=tuple(OFFENSES)),
        Field("code", "text", "The source's own crime code", False, optional=True),
        Field(
            "firearm",
            "boolean",
            "A firearm was used; empty when the source cannot tell",
            False,
            optional=True,
        ),
        Field("domestic", "boolean", "Domestic; empty when the source cannot tell", False, optional=True),
        Field("victims", "integer", "People harmed, as the file's positive rows count them", minimum=0),
        Field("net_count", "integer", "Sum of the file's count column: cancelling rows are negative"),
        *_place_fields(),
        Field("location_quality", "text", "How far the coordinates can be used", allowed=LOCATION_QUALITIES),
        Field("area_name", "text", "Neighbourhood that the row itself names", False, optional=True),
        Field("source", "text", "Layout the row came in"),
        Field("source_file", "text", "File the row came in"),
        Field("row_order", "integer", "Line of the first row of the group in its file", False, optional=True),
        Field("area_id", "text", "Neighbourhood polygon that holds the point", False, optional=True),
        Field("h3_r9", "text", "H3 cell of resolution 9 that holds the point", False, optional=True),
        _VINTAGE,
        _SEQ,
    ),
    ("agency_id", "source", "incident_id", "offense", "code", "source_file", "vintage"),
    partition_by=("agency_id", "year"),
)

MONTHLY_COUNTS: Final = Table(
    "monthly_counts",
    "an agency × month × offense, as known on a day",
    (
        Field("agency_id", "text", "Reporting agency (ORI)"),
        Field("month", "month", "Month of the count"),
        Field(
            "offense",
            "text",
            "Offense, or part of an offense (never added to its whole)",
            allowed=ALL_OFFENSES,
        ),
        Field("count", "number", "Offenses; empty when missing", False, unit="offenses", minimum=0),
        Field("status", "text", "What the agency reported", allowed=STATUSES),
        Field("source", "text", "Layout the figure came in"),
        Field("source_file", "text", "File the figure came in", False, optional=True),
        _VINTAGE,
        _SEQ,
    ),
    ("agency_id", "month", "offense", "source", "vintage"),
)

AGENCIES: Final = Table(
    "agencies",
    "an agency",
    (
        Field("agency_id", "text", "ORI"),
        Field("name", "text", "Name"),
        Field("state", "text", "State, two letters", False),
        Field("kind", "text", "city, county or other", False, optional=True),
        Field(
            "jurisdiction",
            "text",
            "Jurisdiction it polices, if one of ours",
            False,
            allowed=tuple(JURISDICTIONS),
        ),
        Field("population", "number", "Residents", False, unit="people", minimum=0),
        *(_place_fields()),
        Field(
            "donor", "text", "May it stand in a comparison pool", False, optional=True, allowed=DONOR_STATES
        ),
        Field("donor_reason", "text", "Why it may not", False, optional=True),
        Field("preferred_source", "text", "Source to use for its series", False, optional=True),
    ),
    ("agency_id",),
)

POPULATIONS: Final = Table(
    "populations",
    "a place × year",
    (
        Field("place", "text", "Jurisdiction, region, area or agency"),
        Field("year", "integer", "Year", minimum=1900, maximum=2100),
        Field("population", "number", "Residents", unit="people", minimum=0),
        Field("source", "text", "Who counted", False, optional=True),
    ),
    ("place", "year"),
)

AREAS: Final = Table(
    "areas",
    "a named part of a jurisdiction",
    (
        Field("area_id", "text", "Identifier"),
        Field("jurisdiction", "text", "Jurisdiction it lies in", allowed=tuple(JURISDICTIONS)),
        Field("name", "text", "Name"),
        Field("kind", "text", "What the area is for", allowed=AREA_KINDS),
        Field("population", "number", "Residents", False, optional=True, unit="people", minimum=0),
        Field("code", "text", "Number or name by which incident rows call it", False, optional=True),
        Field("geometry", "geometry", "Outline, WGS84"),
    ),
    ("area_id",),
)

DEPLOYMENTS: Final = Table(
    "deployments",
    "a tactic working in an area",
    (
        Field("deployment_id", "text", "Identifier"),
        Field("tactic", "text", "Tactic", allowed=tuple(TACTICS)),
        Field("area_id", "text", "Area it works in; empty for a whole jurisdiction", False, optional=True),
        Field("jurisdiction", "text", "Jurisdiction", allowed=tuple(JURISDICTIONS)),
        Field("name", "text", "Name"),
        Field("start", "month", "First month at work"),
        Field("phase_in_months", "integer", "Months until it is fully at work", unit="months", minimum=0),
        Field("end", "month", "Last month at work", False, optional=True),
        Field("status", "text", "State", allowed=DEPLOYMENT_STATES),
        Field("source", "text", "Who says so", False, optional=True),
    ),
    ("deployment_id",),
)

ACTIVITIES: Final = Table(
    "activities",
    "a deployment × month × activity",
    (
        Field("deployment_id", "text", "Deployment"),
        Field("month", "month", "Month"),
        Field("activity", "text", "What was done (call-ins, referrals, enrolments, sessions, mediations)"),
        Field("value", "number", "How many; empty when not reported", False, minimum=0),
        Field("planned", "number", "How many were planned", False, optional=True, minimum=0),
    ),
    ("deployment_id", "month", "activity"),
)

GOALS: Final = Table(
    "goals",
    "a version of a goal",
    (
        Field("goal_id", "text", "Identifier"),
        Field("version", "integer", "Version: a change of the goal is a new version", minimum=1),
        Field("measure", "text", "Measure the goal is about", allowed=tuple(MEASURES)),
        Field("place", "text", "Place the goal is about", allowed=tuple(PLACES)),
        Field("baseline_start", "month", "First month of the baseline"),
        Field("baseline_end", "month", "Last month of the baseline"),
        Field("start", "month", "First month that counts"),
        Field("months", "integer", "Length", unit="months", minimum=1),
        Field("reduction", "number", "Share to be reduced (0.20 = 20 %)", minimum=0, maximum=1),
        Field("reading", "text", "How the reduction is read", allowed=READINGS),
        Field("source", "text", "Who set it", False, optional=True),
        Field("default", "boolean", "The version shown unless another is chosen"),
    ),
    ("goal_id", "version"),
)

MILESTONES: Final = Table(
    "milestones",
    "a milestone",
    (
        Field("date", "date", "Day"),
        Field("title", "text", "Title"),
        Field("text", "text", "One or two sentences", False, optional=True),
        Field("status", "text", "State", allowed=("planned", "done", "late", "dropped")),
        Field("source", "text", "Who says so", False, optional=True),
    ),
    ("date", "title"),
)

MEETINGS: Final = Table(
    "meetings",
    "a meeting",
    (
        Field("date", "date", "Day"),
        Field("title", "text", "Title"),
        Field("text", "text", "One or two sentences", False, optional=True),
        Field("place", "text", "Where", False, optional=True),
        Field("source", "text", "Who says so", False, optional=True),
    ),
    ("date", "title"),
)

BENCHMARKS: Final = Table(
    "benchmarks",
    "an effect that another city reported",
    (
        Field("tactic", "text", "Tactic", allowed=tuple(TACTICS)),
        Field("city", "text", "City"),
        Field("outcome", "text", "What was counted"),
        Field("unit", "text", "Unit of analysis (city, district, neighbourhood, person)"),
        Field("design", "text", "Design of the study"),
        Field("follow_up", "text", "Length of follow-up", False, optional=True),
        Field("estimate_percent", "number", "Change; negative means fewer", unit="percent"),
        Field("lower", "number", "Lower limit", False, optional=True, unit="percent"),
        Field("upper", "number", "Upper limit", False, optional=True, unit="percent"),
        Field("source", "text", "Publication"),
        Field("note", "text", "What a reader must know", False, optional=True),
    ),
    ("tactic", "city", "outcome", "design", "source"),
)

_PUBLIC: Final = (
    INCIDENTS, MONTHLY_COUNTS, AGENCIES, POPULATIONS, AREAS, DEPLOYMENTS,
    ACTIVITIES, GOALS, MILESTONES, MEETINGS, BENCHMARKS,
)  # fmt: skip
#: The tables of a data package, by name.
TABLES: Final[dict[str, Table]] = {table.name: table for table in _PUBLIC}

INCIDENT_COLUMNS: Final = INCIDENTS.columns
MONTHLY_COUNT_COLUMNS: Final = MONTHLY_COUNTS.columns
AGENCY_COLUMNS: Final = AGENCIES.columns
POPULATION_COLUMNS: Final = POPULATIONS.columns
AREA_COLUMNS: Final = AREAS.columns
DEPLOYMENT_COLUMNS: Final = DEPLOYMENTS.columns
ACTIVITY_COLUMNS: Final = ACTIVITIES.columns
GOAL_COLUMNS: Final = GOALS.columns
MILESTONE_COLUMNS: Final = MILESTONES.columns
MEETING_COLUMNS: Final = MEETINGS.columns
BENCHMARK_COLUMNS: Final = BENCHMARKS.columns


def pandera_schema(table: Table) -> pa.DataFrameSchema:
    """The pandera schema of a table: types, allowed values, limits and key."""
    columns = {}
    for f in table.fields:
        checks = []
        if f.allowed:
            checks.append(pa.Check.isin(f.allowed))
        if f.kind == "month":
            checks.append(pa.Check.str_matches(MONTH_PATTERN))
        if f.kind == "date":
            checks.append(pa.Check.str_matches(DATE_PATTERN))
        if f.minimum is not None:
            checks.append(pa.Check.ge(f.minimum))
        if f.maximum is not None:
            checks.append(pa.Check.le(f.maximum))
        columns[f.name] = pa.Column(
            _DTYPES[f.kind],
            checks=checks,
            nullable=not f.required,
            description=f.description,
            metadata={"unit": f.unit, "kind": f.kind},
        )
    return pa.DataFrameSchema(
        columns,
        strict=True,
        ordered=True,
        unique=list(table.key),
        name=table.name,
        description=f"One row is {table.row}.",
    )


def arrow_schema(table: Table) -> arrow.Schema:
    """The Arrow schema of a table, as the store writes it."""
    return arrow.schema([arrow.field(f.name, _ARROW[f.kind]) for f in table.fields])


def conform(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with exactly the table's columns, in order, with the table's types.

    Optional columns that are absent are filled with missing values; other absent columns, and
    values that cannot be of the column's type, raise ``ValueError`` naming table and column.
    """
    out: dict[str, pd.Series[Any]] = {}
    for f in table.fields:
        if f.name not in frame.columns:
            if not f.optional:
                raise ValueError(f"Table {table.name}: there is no column “{f.name}” ({f.description}).")
            out[f.name] = pd.Series(pd.NA, index=frame.index, dtype="object").astype(
                _DTYPES[f.kind] if f.kind != "number" else "object"
            )
            if f.kind == "number":
                out[f.name] = pd.Series(np.nan, index=frame.index, dtype="float64")
            continue
        try:
            out[f.name] = _cast(frame[f.name], f.kind)
        except (TypeError, ValueError) as error:
            raise ValueError(f"Table {table.name}, column “{f.name}”: {error}") from error
    return pd.DataFrame(out, index=frame.index, columns=list(table.columns))


def _cast(series: pd.Series[Any], kind: Kind) -> pd.Series[Any]:
    if kind == "number":
        return pd.to_numeric(series.astype("object").where(series.notna(), np.nan)).astype("float64")
    if kind == "datetime":
        return pd.to_datetime(series).astype("datetime64[us]")
    if kind == "integer":
        return pd.to_numeric(series).astype("Int64")
    return series.astype(_DTYPES[kind])


def validate(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Conform and check; raise ``pandera.errors.SchemaErrors`` naming every failing value."""
    checked: pd.DataFrame = pandera_schema(table).validate(conform(table, frame), lazy=True)
    return checked


def frictionless_fields(table: Table) -> list[dict[str, Any]]:
    """The table's columns as Frictionless field descriptors."""
    fields = []
    for f in table.fields:
        constraints: dict[str, Any] = {"required": f.required}
        if f.allowed:
            constraints["enum"] = list(f.allowed)
        if f.minimum is not None:
            constraints["minimum"] = f.minimum
        if f.maximum is not None:
            constraints["maximum"] = f.maximum
        record: dict[str, Any] = {"name": f.name, "type": _FRICTIONLESS[f.kind], "description": f.description}
        if f.unit:
            record["unit"] = f.unit
        fields.append({**record, "constraints": constraints})
    return fields


def descriptor(
    tables: Mapping[str, str | Sequence[str]],
    *,
    name: str = "save-lives-now",
    title: str = "Save Lives Now! data package",
    synthetic: bool = False,
    sources: Iterable[Mapping[str, str]] = (),
    hashes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The ``datapackage.json`` of a package.

    Args:
        tables: table name → path (or paths) relative to the package, ending in .csv, .parquet or .geojson.
        synthetic: whether the figures are made up; every screen then says so.
        sources: Frictionless source records (title, path).
        hashes: table name → ``sha256:…`` of its file.
    """
    resources = []
    for table_name, path in tables.items():
        table = TABLES[table_name]
        first = path if isinstance(path, str) else next(iter(path))
        resource: dict[str, Any] = {
            "name": table_name,
            "path": path if isinstance(path, str) else list(path),
            "format": first.rsplit(".", 1)[-1],
            "description": f"One row is {table.row}.",
            "schema": {
                "fields": frictionless_fields(table),
                "primaryKey": list(table.key),
                "missingValues": [""],
            },
        }
        if hashes and table_name in hashes:
            resource["hash"] = hashes[table_name]
        resources.append(resource)
    return {
        "profile": "data-package",
        "name": name,
        "title": title,
        "synthetic": synthetic,
        "sources": [dict(s) for s in sources],
        "resources": resources,
    }


def codebook(tables: Iterable[str] = tuple(TABLES)) -> pd.DataFrame:
    """Every column in words: table, column, type, unit, required, allowed, description."""
    rows = [
        (t, f.name, _FRICTIONLESS[f.kind], f.unit, f.required, " · ".join(f.allowed), f.description)
        for t in tables
        for f in TABLES[t].fields
    ]
    return pd.DataFrame(
        rows, columns=["table", "column", "type", "unit", "required", "allowed", "description"]
    )
