"""A plain data package, read only: ``datapackage.json`` beside Parquet, CSV and GeoJSON files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pandas as pd
from shapely.geometry import shape

from analysis.data.errors import HubError
from analysis.data.places import geometry_text
from analysis.data.schema import ALL_TABLES, TABLES, Table, conform
from analysis.data.store import Engine

DESCRIPTOR: Final = "datapackage.json"


class Package:
    """The tables of a data package, through the same expressions as a hub's."""

    read_only: Final = True

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path, self.engine = path, engine
        text = (path / DESCRIPTOR).read_text(encoding="utf-8")
        try:
            self.record: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise HubError(f"{path / DESCRIPTOR} cannot be read as JSON ({error}).") from error
        self.synthetic = bool(self.record.get("synthetic", False))
        self._paths = {r["name"]: self._files(r) for r in self.record.get("resources", [])}
        stamps = [
            (name, p.name, p.stat().st_size, p.stat().st_mtime_ns)
            for name, files in sorted(self._paths.items())
            for p in files
        ]
        self.version = hashlib.sha256((text + json.dumps(stamps)).encode()).hexdigest()[:12]
        self._frames: dict[str, pd.DataFrame] = {}

    def _files(self, resource: dict[str, Any]) -> list[Path]:
        """Files of a resource, all of them inside the package."""
        names = resource["path"] if isinstance(resource["path"], list) else [resource["path"]]
        files = [(self.path / name).resolve() for name in names]
        for file in files:
            if not file.is_relative_to(self.path.resolve()):
                raise HubError(f"{self.path / DESCRIPTOR}: {file} lies outside the package; it is not read.")
            if not file.is_file():
                raise HubError(f"{self.path / DESCRIPTOR} names {file.name}, which is not there.")
        return files

    def table(self, name: str) -> Any:
        """An Ibis expression over the table's rows."""
        table, files = ALL_TABLES[name], self._paths.get(name, [])
        if files and all(f.suffix == ".parquet" for f in files):
            return self.engine.read(table, tuple(str(f) for f in files))
        return self.engine.memory(table, self.frame(name))

    def frame(self, name: str) -> pd.DataFrame:
        """The whole table in memory."""
        if name not in self._frames:
            table, files = ALL_TABLES[name], self._paths.get(name, [])
            parts = [_read(table, file) for file in files] or [pd.DataFrame(columns=list(table.columns))]
            self._frames[name] = conform(table, pd.concat(parts, ignore_index=True))
        return self._frames[name].copy()

    def run(self, expression: Any) -> pd.DataFrame:
        """Execute an Ibis expression."""
        return self.engine.run(expression)


def _read(table: Table, file: Path) -> pd.DataFrame:
    if file.suffix == ".parquet":
        return pd.read_parquet(file)
    if file.suffix == ".geojson":
        collection = json.loads(file.read_text(encoding="utf-8"))
        rows = [
            {**feature["properties"], "geometry": geometry_text(shape(feature["geometry"]))}
            for feature in collection["features"]
        ]
        return pd.DataFrame(rows, columns=list(TABLES["areas"].columns))
    text = pd.read_csv(file, dtype="str", keep_default_na=False, na_values=[""])
    for f in table.fields:
        if f.kind == "boolean" and f.name in text.columns:
            text[f.name] = text[f.name].str.lower().map({"true": True, "false": False}).astype("boolean")
    return text
