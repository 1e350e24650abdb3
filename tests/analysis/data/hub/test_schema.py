"""One record a column: every schema follows from it."""

from __future__ import annotations

import json

import pandas as pd
import pandera.errors
import pytest

from analysis.data import schema
from analysis.data.schema import TABLES, arrow_schema, codebook, conform, descriptor, pandera_schema, validate


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
def test_every_schema_has_the_same_columns(table) -> None:
    assert tuple(pandera_schema(table).columns) == table.columns == tuple(arrow_schema(table).names)
    assert set(table.key) <= set(table.columns)
    assert len(set(table.columns)) == len(table.columns)
    empty = conform(table, pd.DataFrame(columns=list(table.columns)))
    assert tuple(validate(table, empty).columns) == table.columns


def test_wrong_values_are_named() -> None:
    rows = pd.DataFrame({"place": ["region", "region"], "year": [2020, 2020], "population": [-1.0, 5.0]})
    with pytest.raises(pandera.errors.SchemaErrors) as caught:
        validate(schema.POPULATIONS, rows)
    text = str(caught.value.failure_cases)
    assert "population" in text
    assert "place" in text  # the key comes twice


def test_types_and_absent_columns_are_said() -> None:
    with pytest.raises(ValueError, match="populations, column “year”"):
        conform(schema.POPULATIONS, pd.DataFrame({"place": ["a"], "year": ["soon"], "population": [1]}))
    with pytest.raises(ValueError, match="there is no column “population”"):
        conform(schema.POPULATIONS, pd.DataFrame({"place": ["a"], "year": [2020]}))
    filled = conform(schema.POPULATIONS, pd.DataFrame({"place": ["a"], "year": [2020], "population": [1]}))
    assert filled["source"].isna().all()


def test_the_descriptor_describes_every_column() -> None:
    record = descriptor({"areas": "areas.geojson", "incidents": ["a.parquet", "b.parquet"]}, synthetic=True)
    json.dumps(record)
    assert record["synthetic"] is True
    areas, incidents = record["resources"]
    assert areas["format"] == "geojson"
    assert incidents["path"] == ["a.parquet", "b.parquet"]
    assert [f["name"] for f in incidents["schema"]["fields"]] == list(schema.INCIDENT_COLUMNS)
    assert all(f["description"] for f in incidents["schema"]["fields"])
    kinds = {f["name"]: f["type"] for f in incidents["schema"]["fields"]}
    assert (kinds["coded_month"], kinds["victims"], kinds["firearm"]) == ("yearmonth", "integer", "boolean")


def test_the_codebook_has_one_row_a_column() -> None:
    book = codebook()
    assert len(book) == sum(len(t.columns) for t in TABLES.values())
    assert book["description"].str.len().gt(0).all()
