"""Types of the data package: pandera, Arrow and Frictionless schemas made from one record a column.

The records stand in :mod:`analysis.data.tables`; a type is written down once, and validation, the
store, the ``datapackage.json`` and the codebook follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

from analysis.data.arrivals.ledger import ALL_TABLES, LEDGER
from analysis.data.tables import (
    ACTIVITIES,
    ACTIVITY_COLUMNS,
    AGENCIES,
    AGENCY_COLUMNS,
    AREA_COLUMNS,
    AREAS,
    BENCHMARK_COLUMNS,
    BENCHMARKS,
    DEPLOYMENT_COLUMNS,
    DEPLOYMENTS,
    GOAL_COLUMNS,
    GOALS,
    INCIDENT_COLUMNS,
    INCIDENTS,
    MEETING_COLUMNS,
    MEETINGS,
    MILESTONE_COLUMNS,
    MILESTONES,
    MONTHLY_COUNT_COLUMNS,
    MONTHLY_COUNTS,
    POPULATION_COLUMNS,
    POPULATIONS,
    TABLES,
    Field,
    Kind,
    Table,
)  # fmt: skip

__all__ = [
    "ACTIVITIES",
    "ACTIVITY_COLUMNS",
    "AGENCIES",
    "AGENCY_COLUMNS",
    "ALL_TABLES",
    "AREAS",
    "AREA_COLUMNS",
    "BENCHMARKS",
    "BENCHMARK_COLUMNS",
    "DEPLOYMENTS",
    "DEPLOYMENT_COLUMNS",
    "GOALS",
    "GOAL_COLUMNS",
    "INCIDENTS",
    "INCIDENT_COLUMNS",
    "LEDGER",
    "MEETINGS",
    "MEETING_COLUMNS",
    "MILESTONES",
    "MILESTONE_COLUMNS",
    "MONTHLY_COUNTS",
    "MONTHLY_COUNT_COLUMNS",
    "POPULATIONS",
    "POPULATION_COLUMNS",
    "TABLES",
    "Field",
    "Kind",
    "Table",
    "arrow_schema",
    "codebook",
    "conform",
    "descriptor",
    "frictionless_fields",
    "pandera_schema",
    "validate",
]  # fmt: skip

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
