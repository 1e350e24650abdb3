"""Where the hub's tables lie: Delta Lake tables behind one pointer, read through Ibis.

One import touches several tables, and a Delta commit is atomic for one table only. So a file
``HEAD.json`` names, for every table, the version that counts. It is written last, to a temporary
file that is flushed to disk and then renamed over the old one. Readers look only at the versions
that HEAD names; whatever a killed import left beyond them is taken back by the next import
(``restore`` for a table that HEAD knows, removal for one that it does not).

Queries are Ibis expressions over ``read_parquet`` of the files of one Delta version, so no engine
extension is needed and any Ibis backend can stand behind them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import ibis
import pandas as pd
import pyarrow as arrow
from deltalake import DeltaTable, write_deltalake

from analysis.data.errors import HubError
from analysis.data.schema import ALL_TABLES, Table, arrow_schema, conform

HEAD: Final = "HEAD.json"
#: Old versions stay readable for good: vintages are read by time travel.
_KEEP: Final = {
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
}


class Reader(Protocol):
    """What the hub needs to read tables, wherever they lie."""

    @property
    def version(self) -> str:
        """Short hash of everything that is stored."""

    @property
    def synthetic(self) -> bool:
        """Whether the data are made up."""

    def table(self, name: str) -> Any:
        """An Ibis expression over the table's rows, with the table's columns."""

    def frame(self, name: str) -> pd.DataFrame:
        """The whole table in memory."""

    def run(self, expression: Any) -> pd.DataFrame:
        """Execute an Ibis expression."""


class Engine:
    """One Ibis backend, shared by all threads of the process.

    ``SLN_BACKEND`` is ``duckdb`` (the default) or a connection URL that ``ibis.connect``
    understands, such as ``postgres://…`` or ``pyspark://…``.
    """

    def __init__(self, backend: str | None = None) -> None:
        name = backend or os.environ.get("SLN_BACKEND") or "duckdb"
        self._lock = threading.RLock()
        self._cache: dict[tuple[str, ...], Any] = {}
        try:
            if name == "duckdb":
                self._con = ibis.duckdb.connect()
                # A progress bar on standard output would mix with what a command prints.
                self._con.settings["enable_progress_bar"] = False
            else:
                self._con = ibis.connect(name)
        except Exception as error:  # whatever a driver raises, the person needs the same sentence
            raise HubError(
                f"SLN_BACKEND is “{name}”, and that engine cannot be used here ({error}). Remedy: leave "
                "SLN_BACKEND empty for DuckDB, or install the engine's extra, for example "
                "pip install 'ibis-framework[postgres]', and give a full connection URL."
            ) from error

    def read(self, table: Table, paths: tuple[str, ...]) -> Any:
        """Rows of parquet files as an expression with exactly the table's columns."""
        key = (table.name, *paths)
        with self._lock:
            if key not in self._cache:
                self._cache[key] = self._read(table, paths)
            return self._cache[key]

    def _read(self, table: Table, paths: tuple[str, ...]) -> Any:
        if not paths:
            return self.memory(table, conform(table, pd.DataFrame(columns=list(table.columns))))
        # Files of an older hub may lack columns that came later: by name, not by the first file's.
        by_name = {"union_by_name": True} if self._con.name == "duckdb" else {}
        rows = self._con.read_parquet(list(paths), **by_name)
        wanted = ibis.schema(arrow_schema(table))
        present = set(rows.columns)
        return rows.select(
            **{
                name: rows[name].cast(kind) if name in present else ibis.null(kind)
                for name, kind in wanted.items()
            }
        )

    def memory(self, table: Table, frame: pd.DataFrame) -> Any:
        """A frame in memory as an expression."""
        return ibis.memtable(arrow.Table.from_pandas(frame, schema=arrow_schema(table), preserve_index=False))

    def run(self, expression: Any) -> pd.DataFrame:
        """Execute an expression; one at a time, as a connection is not safe between threads."""
        with self._lock:
            frame: pd.DataFrame = self._con.to_pyarrow(expression).to_pandas()
        return frame


def _sorted(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    return conform(table, rows).sort_values(list(table.key), kind="stable", ignore_index=True)


@dataclass(frozen=True, slots=True)
class Pointer:
    """What HEAD.json says: the versions that count, and how often the hub was written."""

    hub_id: str
    number: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    synthetic: bool = False
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Short hash of the data version."""
        text = json.dumps([self.hub_id, self.number, sorted(self.tables.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class Store:
    """The Delta tables of one hub, as HEAD names them at the moment of opening."""

    def __init__(self, path: Path, engine: Engine, *, read_only: bool = False) -> None:
        self.path, self.engine, self.read_only = path, engine, read_only
        self.pointer = read_pointer(path)
        self._expressions: dict[tuple[str, int], Any] = {}

    @property
    def version(self) -> str:
        """Short hash of the data version."""
        return self.pointer.version

    @property
    def synthetic(self) -> bool:
        """Whether the figures are made up."""
        return self.pointer.synthetic

    def delta_path(self, name: str) -> Path:
        """Folder of a table."""
        return self.path / "tables" / name

    def delta(self, name: str) -> DeltaTable | None:
        """The table at the version that HEAD names, or None when it holds nothing yet."""
        version = self.pointer.tables.get(name)
        return None if version is None else DeltaTable(str(self.delta_path(name)), version=version)

    def table(self, name: str) -> Any:
        """An Ibis expression over the table's rows."""
        key = (name, self.pointer.tables.get(name, -1))
        if key not in self._expressions:
            delta = self.delta(name)
            paths = () if delta is None else _files(delta, self.delta_path(name))
            self._expressions[key] = self.engine.read(ALL_TABLES[name], paths)
        return self._expressions[key]

    def frame(self, name: str) -> pd.DataFrame:
        """The whole table in memory, sorted by its key: files of a table come in no order."""
        return _sorted(ALL_TABLES[name], self.engine.run(self.table(name)))

    def run(self, expression: Any) -> pd.DataFrame:
        """Execute an Ibis expression."""
        return self.engine.run(expression)

    def refresh(self) -> None:
        """Look at HEAD again: another process may have imported."""
        self.pointer = read_pointer(self.path)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All or nothing: tables written inside count only when the block ends without an error."""
        if self.read_only:
            raise HubError(
                f"The hub {self.path} was opened to read only. Open it with read_only=False to import."
            )
        with _locked(self.path):
            self.refresh()
            self._take_back()
            work = Transaction(self)
            try:
                yield work
            except BaseException:
                self._take_back()
                raise
            work.finish()

    def _take_back(self) -> None:
        """Undo whatever lies beyond HEAD: what a killed or failed import left."""
        folder = self.path / "tables"
        for table in sorted(folder.iterdir()) if folder.is_dir() else ():
            version = self.pointer.tables.get(table.name)
            if version is None:
                shutil.rmtree(table)
            elif (latest := DeltaTable(str(table))).version() > version:
                before = set(_files(DeltaTable(str(table), version=version), table))
                if set(_files(latest, table)) != before:
                    latest.restore(version)


class Transaction:
    """Writes inside one all-or-nothing import."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.synthetic = store.pointer.synthetic
        #: What HEAD keeps beside the tables' versions: the anchor of the audit log.
        self.hashes = dict(store.pointer.hashes)
        self._touched: set[str] = set()

    def append(self, name: str, frame: pd.DataFrame) -> None:
        """Add rows to a table."""
        self._write(name, frame, "append")

    def replace(self, name: str, frame: pd.DataFrame) -> None:
        """Put these rows in the place of all rows of a table."""
        self._write(name, frame, "overwrite")

    def _write(self, name: str, frame: pd.DataFrame, mode: Any) -> None:
        if frame.empty and mode == "append":
            return
        table = ALL_TABLES[name]
        rows = arrow.Table.from_pandas(
            conform(table, frame), schema=arrow_schema(table), preserve_index=False
        )
        partition = None
        if name == "incidents":
            # Copies, because Delta keeps partition columns out of the files.
            rows = rows.append_column("part_agency", rows["agency_id"])
            rows = rows.append_column(
                "part_year", arrow.compute.utf8_slice_codeunits(rows["coded_month"], 0, 4)
            )
            partition = ["part_agency", "part_year"]
        path = self.store.delta_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        # A table that was made before a column came gets it with the first rows that are written.
        write_deltalake(
            str(path), rows, mode=mode, partition_by=partition, configuration=_KEEP, schema_mode="merge"
        )
        self._touched.add(name)

    def frame(self, name: str) -> pd.DataFrame:
        """The table with what this transaction has written so far."""
        table = ALL_TABLES[name]
        if not self._has(name):
            return conform(table, pd.DataFrame(columns=list(table.columns)))
        return _sorted(table, self.store.engine.run(self.table(name)))

    def table(self, name: str) -> Any:
        """An expression over the table with what this transaction has written so far."""
        if name not in self._touched:
            return self.store.table(name)
        folder = self.store.delta_path(name)
        return self.store.engine.read(ALL_TABLES[name], _files(DeltaTable(str(folder)), folder))

    def touched(self, name: str) -> bool:
        """Whether this transaction has written to a table."""
        return name in self._touched

    @property
    def changed(self) -> bool:
        """Whether this transaction has written anything."""
        return bool(self._touched)

    def _has(self, name: str) -> bool:
        return name in self._touched or name in self.store.pointer.tables

    def finish(self) -> None:
        """Move HEAD to what was written: the one moment at which the import happens."""
        if not self._touched and self.synthetic == self.store.pointer.synthetic:
            return
        old = self.store.pointer
        versions = {n: DeltaTable(str(self.store.delta_path(n))).version() for n in self._touched}
        new = Pointer(old.hub_id, old.number + 1, {**old.tables, **versions}, self.synthetic, self.hashes)
        write_pointer(self.store.path, new)
        self.store.pointer = new


def read_pointer(path: Path) -> Pointer:
    """HEAD.json of a hub."""
    record = json.loads((path / HEAD).read_text(encoding="utf-8"))
    return Pointer(
        hub_id=record["hub_id"],
        number=record["number"],
        tables={str(k): int(v) for k, v in record["tables"].items()},
        synthetic=bool(record["synthetic"]),
        hashes=record.get("hashes", {}),
    )


def write_pointer(path: Path, pointer: Pointer) -> None:
    """Write HEAD.json so that a reader sees the old one or the new one, never a part."""
    path.mkdir(parents=True, exist_ok=True)
    record = {
        "format": 1,
        "hub_id": pointer.hub_id,
        "number": pointer.number,
        "synthetic": pointer.synthetic,
        "tables": pointer.tables,
        "hashes": pointer.hashes,
    }
    temporary = path / f".{HEAD}.{os.getpid()}"
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump(record, stream, indent=1, sort_keys=True)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path / HEAD)
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One import at a time; the lock dies with its process."""
    with (path / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HubError(
                f"Another import into {path} is under way. Wait until it has finished, then try again."
            ) from error
        yield


def _files(table: DeltaTable, folder: Path) -> tuple[str, ...]:
    """Paths of the files of one version.

    Delta gives addresses: the folder's part is percent-encoded, the part below it is the name on disk.
    """
    mark = f"/tables/{folder.name}/"
    return tuple(str(folder.resolve() / uri.rsplit(mark, 1)[1]) for uri in table.file_uris())
