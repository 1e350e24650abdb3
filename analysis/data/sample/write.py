"""Write the package so that the same seed gives the same bytes on any day.

No file holds a clock time: parquet carries fixed row groups, compression and version; JSON and CSV
have fixed order, separators and line ends.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as pq
from shapely.geometry import mapping

from analysis.data.sample.spec import MONTHS, SYNTHETIC, VINTAGES
from analysis.data.schema import arrow_schema, conform, descriptor, validate
from analysis.data.tables import TABLES

_ROW_GROUP: Final = 200_000
#: Columns whose neighbours look alike: their differences pack better than a dictionary.
_PLAIN: Final = {"occurred_at", "reported_at", "longitude", "latitude", "incident_id"}


def write_parquet(table_name: str, frame: pd.DataFrame, path: Path) -> None:
    """One table (or a part of it) as parquet: zstd, version 2.6, one row group."""
    table = TABLES[table_name]
    columns = set(table.columns)
    rows = arrow.Table.from_pandas(
        conform(table, frame), schema=arrow_schema(table), preserve_index=False
    ).replace_schema_metadata({b"title": SYNTHETIC.encode()})
    dictionary = [c for c in table.columns if c not in _PLAIN]
    path.parent.mkdir(parents=True, exist_ok=True)
    encodings = {
        "occurred_at": "DELTA_BINARY_PACKED",
        "reported_at": "DELTA_BINARY_PACKED",
        "longitude": "BYTE_STREAM_SPLIT",
        "latitude": "BYTE_STREAM_SPLIT",
        "incident_id": "DELTA_BYTE_ARRAY",
    }
    pq.write_table(
        rows, path, row_group_size=_ROW_GROUP, compression="zstd", compression_level=15, version="2.6",
        use_dictionary=dictionary, column_encoding={c: e for c, e in encodings.items() if c in columns},
        store_schema=False, write_statistics=True,
    )  # fmt: skip


def write_csv(table_name: str, frame: pd.DataFrame, path: Path) -> None:
    """A small table as CSV (UTF-8, LF), with the schema's columns."""
    rows = validate(TABLES[table_name], frame)
    path.write_text(rows.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")


def write_areas(rows: list[dict[str, Any]], path: Path) -> None:
    """The areas as GeoJSON; every property but the geometry."""
    features = [
        {
            "type": "Feature",
            "id": row["area_id"],
            "properties": {k: v for k, v in row.items() if k != "geometry"},
            "geometry": _trimmed(mapping(row["geometry"])),
        }
        for row in rows
    ]
    write_json({"type": "FeatureCollection", "title": SYNTHETIC, "features": features}, path, indent=None)


def _trimmed(geometry: Mapping[str, Any]) -> dict[str, Any]:
    def trim(node: Any) -> Any:
        return [trim(child) for child in node] if isinstance(node, (list, tuple)) else round(node, 5)

    return {"type": geometry["type"], "coordinates": trim(geometry["coordinates"])}


def write_json(content: Any, path: Path, *, indent: int | None = 1) -> None:
    """JSON in UTF-8 with real characters and a line end."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(content, ensure_ascii=False, indent=indent, separators=separators)
    path.write_text(text + "\n", encoding="utf-8", newline="")


def write_readme(out: Path) -> None:
    """``README.md``: what each file is, and what was built in on purpose."""
    text = (Path(__file__).parent / "README.template.md").read_text(encoding="utf-8")
    text = text.replace("{months}", f"{MONTHS[0]} to {MONTHS[-1]}").replace("{vintages}", ", ".join(VINTAGES))
    (out / "README.md").write_text(text, encoding="utf-8", newline="")


def write_descriptor(tables: dict[str, str | list[str]], out: Path) -> None:
    """``datapackage.json``, with the hash of every single-file table."""
    hashes = {
        name: "sha256:" + hashlib.sha256((out / path).read_bytes()).hexdigest()
        for name, path in tables.items()
        if isinstance(path, str)
    }
    content = descriptor(
        tables,
        name="save-lives-now-synthetic-sample",
        title=f"{SYNTHETIC} for the Save Lives Now! dashboard",
        synthetic=True,
        sources=[
            {"title": "Made up by `sln sample`; no row describes a real event", "path": "README.md"},
            {
                "title": "Rounded annual levels: Real-Time Crime Index, AH Datalytics",
                "path": "https://realtimecrimeindex.com",
            },
        ],
        hashes=hashes,
    )
    content["vintage"] = VINTAGES[-1]
    write_json(content, out / "datapackage.json")
