"""The hub's own kinds of file: outlines (GeoJSON) and tables of the data package (CSV).

Both are told from their content. A GeoJSON file of polygons becomes areas; a CSV file with the columns
of one of the small tables (deployments, goals, populations …) becomes rows of that table. Bad rows go
to quarantine one by one, like those of any agency's file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pandera.errors
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from analysis.data.geography.outlines import jurisdiction_outlines
from analysis.data.places import geometry_text, read_geometry
from analysis.data.schema import TABLES, Table, conform, pandera_schema
from analysis.data.sources.base import (
    AGENCY_COLUMNS,
    INCIDENT_COLUMNS,
    MONTHLY_COLUMNS,
    QUARANTINE_COLUMNS,
    Parsed,
    SourceError,
    empty,
)
from analysis.data.sources.opening import open_file
from analysis.data.sources.reader import read_table
from analysis.data.tables import AREA_KINDS

#: Tables that may come as CSV; counts and incidents come as agencies publish them.
_SMALL: Final = (
    "populations",
    "deployments",
    "activities",
    "goals",
    "milestones",
    "meetings",
    "benchmarks",
    "agencies",
)
#: Names under which outlines files carry what an area needs, best first.
_PROPERTIES: Final = {
    "code": ("code", "nhd_num", "nbhdnum", "number", "id"),
    "name": ("name", "nhd_name", "nbhd_name", "label", "title"),
    "kind": ("kind", "type"),
    "population": ("population", "pop2020", "pop"),
    "jurisdiction": ("jurisdiction",),
    "area_id": ("area_id",),
}
_MOST_FEATURES: Final = 20_000
_KIND_WORDS: Final = {
    "integer": "is a whole number",
    "number": "is a number",
    "boolean": "is yes or no",
    "datetime": "is a day, or a day and a time",
}


def parse(path: str | Path, layout: str = "auto") -> Parsed | None:
    """Read one of the hub's own files; None when it is something else.

    ``layout`` is "auto", "areas" or "table". Raises :class:`SourceError` for what cannot be read.
    """
    if layout not in ("auto", "areas", "table"):
        return None
    opened = open_file(path)
    if opened.workbook:
        return None
    if opened.data.lstrip()[:1] == b"{":
        return _areas(opened.file, opened.data)
    header = opened.data.split(b"\n", 1)[0].decode("utf-8", "replace")
    names = [name.strip().strip('"') for name in header.split(",")]
    table = _table_of(names)
    if table is None:
        return None
    raw = read_table(opened)
    return _rows(table, opened.file, raw.frame, raw.line, raw.synthetic)


def _table_of(names: list[str]) -> Table | None:
    """The small table whose required columns are all there and that knows every column."""
    for name in _SMALL:
        table = TABLES[name]
        needed = {f.name for f in table.fields if not f.optional}
        if needed <= set(names) <= set(table.columns):
            return table
    return None


def _rows(table: Table, file: str, frame: pd.DataFrame, line: Any, synthetic: bool) -> Parsed:
    cells = frame.apply(lambda column: column.str.strip()).replace("", np.nan)
    cells.columns = pd.Index([str(c).strip() for c in cells.columns])
    lines = np.asarray(line)
    apart: list[dict[str, Any]] = []
    typed = _typed(table, cells, file, lines, apart)
    good = typed.drop(index=sorted({entry["index"] for entry in apart}))
    for index, column, value, rule in _failures(table, good):
        apart.append(_entry(file, int(lines[index]), column, value, rule, _remedy(table, column), index))
    bad = sorted({entry["index"] for entry in apart})
    rows = frame.iloc[bad].agg(",".join, axis=1) if bad else pd.Series(dtype=str)
    quarantine = pd.DataFrame([{**e, "row": rows.loc[e["index"]]} for e in apart]).reindex(
        columns=list(QUARANTINE_COLUMNS)
    )
    kept = typed.drop(index=bad).reset_index(drop=True)
    return _parsed(
        table.name, file, len(frame), len(bad), {table.name: kept}, quarantine, synthetic=synthetic
    )


def _typed(
    table: Table, cells: pd.DataFrame, file: str, lines: Any, apart: list[dict[str, Any]]
) -> pd.DataFrame:
    """Cells as the table's types; what is not a number, a moment or yes/no is set aside."""
    out = cells.copy()
    for f in table.fields:
        if f.name not in out.columns:
            continue
        column = out[f.name]
        if f.kind in ("number", "integer"):
            typed: Any = pd.to_numeric(column, errors="coerce")
            if f.kind == "integer":
                typed = typed.where(typed.isna() | (typed == typed.round()))
        elif f.kind == "datetime":
            typed = pd.to_datetime(column, errors="coerce", format="ISO8601")
        elif f.kind == "boolean":
            typed = column.str.lower().map(
                {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
            )
        else:
            continue
        for index in np.flatnonzero((column.notna() & typed.isna()).to_numpy()):
            rule = _KIND_WORDS[f.kind]
            apart.append(
                _entry(
                    file,
                    int(lines[index]),
                    f.name,
                    column.iloc[index],
                    rule,
                    _remedy(table, f.name),
                    int(index),
                )
            )
        out[f.name] = typed.astype("boolean") if f.kind == "boolean" else typed
    return conform(table, out)


def _failures(table: Table, frame: pd.DataFrame) -> list[tuple[int, str, str, str]]:
    """Row, column, value and rule of everything that the table's schema refuses."""
    try:
        pandera_schema(table).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
        unique = cases["check"].astype("str").str.contains("unique")
        found = [
            (int(c.index), str(c.column), str(c.failure_case), _in_words(str(c.check)))
            for c in cases[~unique].dropna(subset="index").itertuples(index=False)
        ]
        if unique.any():
            repeated = frame.index[frame.duplicated(list(table.key))]
            key = ", ".join(table.key)
            found += [
                (int(i), key, " · ".join(map(str, frame.loc[i, list(table.key)])), "comes only once")
                for i in repeated
            ]
        return found
    return []


def _in_words(check: str) -> str:
    for pattern, words in (
        (r"isin\(.*\)", "is one of the allowed values"),
        (r"str_matches.*", "is written as it should be (months YYYY-MM, days YYYY-MM-DD)"),
        (r"greater_than_or_equal_to\((.*)\)", r"is at least \1"),
        (r"less_than_or_equal_to\((.*)\)", r"is at most \1"),
        (r"not_nullable", "is filled in"),
    ):
        if re.fullmatch(pattern, check, re.DOTALL):
            return re.sub(pattern, words, check, flags=re.DOTALL)
    return check


def _remedy(table: Table, column: str) -> str:
    for f in table.fields:
        if f.name == column:
            allowed = f" Allowed: {', '.join(f.allowed)}." if f.allowed else ""
            return f"{f.description}.{allowed}"
    return "Keep one row for each key."


def _entry(
    file: str, line: int, column: str, value: object, rule: str, remedy: str, index: int
) -> dict[str, Any]:
    return {
        "file": file,
        "line": line,
        "column": column,
        "value": str(value),
        "rule": rule,
        "remedy": remedy,
        "index": index,
    }


def outlines(file: str, data: bytes) -> pd.DataFrame:
    """Areas of a GeoJSON file that is looked at and not imported: the areas table, geometries as shapes.

    Raises:
        SourceError: no GeoJSON, or none of its features is an area; says which rule was broken.
    """
    parsed = _areas(file, data)
    found = parsed.tables["areas"]
    if found.empty:
        rule = parsed.quarantine["rule"].iloc[0]
        raise SourceError(f"{file}: no feature can be used; the first breaks the rule “{rule}”.")
    return found.assign(geometry=found["geometry"].map(read_geometry))


def _areas(file: str, data: bytes) -> Parsed:
    """Polygons of a GeoJSON file as areas."""
    try:
        collection = json.loads(data)
    except ValueError as error:
        raise SourceError(
            f"{file}: begins like JSON but cannot be read ({error}). Export it again."
        ) from error
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or not features:
        raise SourceError(f"{file}: is JSON without GeoJSON features. Give a FeatureCollection of polygons.")
    if len(features) > _MOST_FEATURES:
        raise SourceError(f"{file}: holds {len(features):,} features; areas are at most {_MOST_FEATURES:,}.")
    rows, apart = [], []
    for i, feature in enumerate(features):
        try:
            rows.append(_area(feature))
        except (ValueError, ShapelyError) as error:
            value = json.dumps(feature.get("properties") if isinstance(feature, dict) else feature)[:500]
            apart.append(
                {
                    "file": file, "line": i + 1, "column": "feature", "value": value, "rule": str(error),
                    "remedy": "Mend the feature in the outlines file; its line is its number.", "row": value,
                }
            )  # fmt: skip
    table = conform(TABLES["areas"], pd.DataFrame(rows).reindex(columns=list(TABLES["areas"].columns)))
    repeated = table.duplicated("area_id")
    if repeated.any():
        names = ", ".join(table.loc[repeated, "area_id"].head(5))
        raise SourceError(f"{file}: these area identifiers come more than once: {names}. Make them unique.")
    quarantine = pd.DataFrame(apart).reindex(columns=list(QUARANTINE_COLUMNS))
    return _parsed("areas", file, len(features), len(apart), {"areas": table}, quarantine)


def _area(feature: Any) -> dict[str, Any]:
    if not isinstance(feature, Mapping) or not isinstance(feature.get("geometry"), Mapping):
        raise ValueError("has an outline")
    geometry = shape(feature["geometry"])
    if geometry.geom_type not in ("Polygon", "MultiPolygon") or geometry.is_empty:
        raise ValueError("is a polygon")
    west, south, east, north = geometry.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("has longitude and latitude (WGS84), not projected coordinates")
    properties = {str(k).casefold(): v for k, v in (feature.get("properties") or {}).items()}

    def told(what: str) -> Any:
        return next((properties[n] for n in _PROPERTIES[what] if properties.get(n) not in (None, "")), None)

    code = told("code")
    code = None if code is None else str(code).removesuffix(".0")
    kind = str(told("kind") or "neighborhood").casefold()
    kind = "park" if kind.startswith(("park", "cemeter")) else kind
    jurisdiction = told("jurisdiction") or _jurisdiction(geometry)
    name = str(told("name") or code or "")
    area_id = told("area_id") or f"{jurisdiction}-{code or _slug(name)}"
    if not name:
        raise ValueError("has a name or a number")
    if kind not in AREA_KINDS:
        raise ValueError(f"is of a known kind ({', '.join(AREA_KINDS)})")
    return {
        "area_id": str(area_id), "jurisdiction": jurisdiction, "name": name, "kind": kind,
        "population": told("population"), "code": code, "geometry": geometry_text(geometry),
    }  # fmt: skip


def _jurisdiction(geometry: BaseGeometry) -> str:
    point = geometry.representative_point()
    for name, outline in jurisdiction_outlines().items():
        if outline.contains(point):
            return name
    raise ValueError("lies in one of the three jurisdictions")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


def _parsed(
    layout: str, file: str, rows: int, bad: int, tables: dict[str, pd.DataFrame], quarantine: pd.DataFrame,
    *, synthetic: bool = False,
) -> Parsed:  # fmt: skip
    return Parsed(
        layout=layout, file=file, rows_read=rows, rows_kept=rows - bad, rows_quarantined=bad,
        incidents=empty(INCIDENT_COLUMNS), monthly=empty(MONTHLY_COLUMNS), agencies=empty(AGENCY_COLUMNS),
        quarantine=quarantine, synthetic=synthetic, tables=tables,
    )  # fmt: skip
