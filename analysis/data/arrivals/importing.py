"""Files into the hub: read, number, store, recount. All of it or nothing.

Each file gets a number (``import_seq``). What was imported is known by the hash of its content, so
the same file under another name, or packed, is recognised. Counts of files of incidents are not
taken from the file but recomputed from all live incidents of that agency and source, because a later
file may cancel or supplement incidents of an earlier one (see :mod:`analysis.data.views`).
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.data.arrivals import own_files
from analysis.data.arrivals.known_agencies import identifiers, merge_agencies, settle_names
from analysis.data.arrivals.programme_rows import look_over
from analysis.data.arrivals.recount import find_suspects, recount
from analysis.data.geography.locating import assign
from analysis.data.schema import ALL_TABLES, LEDGER, conform
from analysis.data.sources.base import Parsed, SourceError
from analysis.data.sources.opening import LIMIT_BYTES
from analysis.data.store import Transaction

Progress = Callable[[int, int, str], None]
_SUFFIXES: Final = (".csv", ".txt", ".gz", ".xlsx", ".json", ".geojson")
_FILE_COLUMNS: Final = (
    "file", "layout", "outcome", "rows_read", "rows_kept", "rows_quarantined", "vintage", "message",
)  # fmt: skip
_COUNTS: Final = ("rows_read", "rows_kept", "rows_quarantined")
#: Rows held in memory before they are written; the import still counts as a whole or not at all.
_FLUSH_ROWS: Final = 150_000


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    ``files`` has one row a file: file, layout, outcome (imported · unchanged · refused), rows_read,
    rows_kept, rows_quarantined, vintage, message. ``rows_read = rows_kept + rows_quarantined``.
    """

    files: pd.DataFrame
    rows_read: int
    rows_kept: int
    rows_quarantined: int
    messages: tuple[str, ...]
    unchanged: bool


def list_files(paths: str | Path | Iterable[str | Path]) -> tuple[list[Path], list[str]]:
    """The files to read, and the names of files in folders that are of no kind an import reads."""
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    files: list[Path] = []
    passed: list[str] = []
    for path in map(Path, given):
        if not path.is_dir():
            files.append(path)
            continue
        for inner in sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith(".")):
            (files if inner.suffix.lower() in _SUFFIXES else passed).append(inner)  # type: ignore[arg-type]
    return files, [Path(p).name for p in passed]


def content_hash(path: Path) -> str:
    """SHA-256 of a file's content, unpacked when it is gzip; empty when it cannot be unpacked.

    Reading stops at the limit above which no file is read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        size = 0
        try:
            while size <= LIMIT_BYTES and (chunk := stream.read(1 << 20)):
                size += len(chunk)
                digest.update(chunk)
        except (EOFError, OSError):
            return ""  # damaged: the source will refuse it and say why
    return digest.hexdigest() if size <= LIMIT_BYTES else ""


@dataclass
class _Batch:
    """Rows waiting to be written, and what they touch."""

    work: Transaction
    areas: pd.DataFrame
    agencies: pd.DataFrame
    frames: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    rows: int = 0
    counted: dict[tuple[str, str], str] = field(default_factory=dict)  # (source, agency) → first vintage

    met: set[int] = field(default_factory=set)

    def meet(self, parsed: Parsed) -> None:
        """Take over what a file tells of agencies; months of one agency tell the same each time."""
        ids = set(parsed.monthly["agency_id"].dropna()) | set(parsed.incidents["agency_id"].dropna())
        told = (*sorted(ids), parsed.agencies.to_csv(index=False))
        if hash(told) not in self.met and (ids or len(parsed.agencies)):
            self.met.add(hash(told))
            self.agencies = merge_agencies(self.agencies, parsed)

    def add(self, name: str, frame: pd.DataFrame) -> None:
        if len(frame):
            self.frames.setdefault(name, []).append(conform(ALL_TABLES[name], frame))
            self.rows += len(frame)

    def flush(self) -> None:
        for name, frames in self.frames.items():
            rows = pd.concat(frames, ignore_index=True)
            if name == "incidents":
                rows = assign(rows, self.areas, self.agencies)
            self.work.append(name, rows)
        self.frames, self.rows = {}, 0


def import_files(
    work: Transaction,
    paths: str | Path | Iterable[str | Path],
    *,
    layout: str = "auto",
    mapping: Any = None,
    vintage: str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Read files into an open transaction. Refused files are reported, the others imported."""
    files, passed = list_files(paths)
    say = progress or (lambda done, total, text: None)
    imports = work.frame("imports")
    seq = int(imports["import_seq"].max()) + 1 if len(imports) else 1
    mapped = content_hash(Path(mapping)) if isinstance(mapping, (str, Path)) else ""
    seen: dict[tuple[str, str], dict[str, Any]] = {}
    for known in imports.fillna({"mapping_sha256": ""}).to_dict("records"):
        seen[str(known["sha256"]), str(known["mapping_sha256"])] = {str(k): v for k, v in known.items()}
    batch = _Batch(work, work.frame("areas"), work.frame("agencies"))
    records: list[dict[str, Any]] = []
    messages: list[str] = []
    if passed:
        messages.append(f"Not looked at, because no agency publishes such files: {', '.join(passed)}.")
    for i, path in enumerate(files):
        say(i, len(files) + 1, path.name)
        record = dict.fromkeys(_FILE_COLUMNS[3:6], 0) | {
            "file": path.name,
            "layout": "",
            "vintage": "",
            "message": "",
        }
        records.append(record)
        digest = content_hash(path) if path.is_file() else ""
        before = seen.get((digest, mapped)) if digest else None
        if before is not None and (layout == "auto" or str(before["layout"]).startswith(layout)):
            record |= {name: before[name] for name in ("layout", "vintage", *_COUNTS)}
            words = f"Imported before, as {before['file']}: nothing changed."
            record |= {"outcome": "unchanged", "message": words}
            continue
        try:
            parsed = _parse(path, layout, mapping, batch.agencies)
        except SourceError as error:
            record |= {"outcome": "refused", "message": str(error)}
            messages.append(str(error))
            continue
        known_on = vintage or parsed.vintage or datetime.now(UTC).date().isoformat()
        entry = _ledger_row(parsed, seq, digest, mapped, known_on)
        _store(batch, parsed, seq, known_on)
        batch.add("imports", pd.DataFrame([entry]))
        seen[digest, mapped] = entry
        record |= {name: entry[name] for name in ("layout", "vintage", *_COUNTS)}
        record |= {"outcome": "imported", "message": " ".join(parsed.messages)}
        messages.extend(f"{path.name}: {m}" for m in parsed.messages)
        seq += 1
        if batch.rows >= _FLUSH_ROWS:
            batch.flush()
    batch.flush()
    if batch.met:
        work.replace("agencies", batch.agencies)
    settle_names(work)
    messages.extend(look_over(work))
    say(len(files), len(files) + 1, "Counting")
    recount(work, batch.counted, seq)
    if work.touched("monthly_counts") or work.touched("cumulative"):
        say(len(files), len(files) + 1, "Looking for what is wrong")
        find_suspects(work)
    say(len(files) + 1, len(files) + 1, "Done")
    return _report(records, messages)


def _parse(path: Path, layout: str, mapping: Any, agencies: pd.DataFrame) -> Parsed:
    """Read one file: a table of the data package, or an agency's file."""
    from analysis.data.sources.detect import parse_file

    if mapping is None and (parsed := own_files.parse(path, layout)) is not None:
        return parsed
    return parse_file(path, layout=layout, mapping=mapping, agency_ids=identifiers(agencies))


def _ledger_row(parsed: Parsed, seq: int, digest: str, mapped: str, vintage: str) -> dict[str, Any]:
    return {
        "import_seq": seq,
        "imported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "file": parsed.file,
        "sha256": digest,
        "mapping_sha256": mapped or np.nan,
        "layout": parsed.layout,
        "vintage": vintage,
        "rows_read": parsed.rows_read,
        "rows_kept": parsed.rows_kept,
        "rows_quarantined": parsed.rows_quarantined,
        "synthetic": parsed.synthetic,
        "message": " ".join(parsed.messages) or np.nan,
    }


def put(work: Transaction, table: str, rows: pd.DataFrame) -> None:
    """Add rows to a small table in an open transaction; new areas give incidents their place."""
    batch = _Batch(work, work.frame("areas"), work.frame("agencies"))
    upsert(work, table, rows)
    if table == "areas":
        _areas_came(batch)


def _store(batch: _Batch, parsed: Parsed, seq: int, vintage: str) -> None:
    """Put one file's rows into the batch."""
    stamp: dict[str, Any] = {"vintage": vintage, "import_seq": seq}
    work = batch.work
    work.synthetic = work.synthetic or parsed.synthetic
    batch.add("quarantine", parsed.quarantine.assign(import_seq=seq))
    batch.meet(parsed)
    if len(parsed.incidents):
        batch.add("incidents", parsed.incidents.assign(**stamp))
        last = parsed.incidents["coded_month"].max()
        batch.add(
            "coverage", parsed.monthly.drop(columns=["count", "source_file"]).assign(file_month=last, **stamp)
        )
        for pair in set(zip(parsed.monthly["source"], parsed.monthly["agency_id"], strict=True)):
            batch.counted[pair] = min(batch.counted.get(pair, vintage), vintage)
    elif len(parsed.monthly):
        batch.add("monthly_counts", parsed.monthly.assign(**stamp))
    for name, frame in parsed.tables.items():
        if name in LEDGER:
            batch.add(name, frame.assign(**stamp))
        else:
            upsert(batch.work, name, frame)
        if name == "areas":
            _areas_came(batch)


def _areas_came(batch: _Batch) -> None:
    """Give the incidents that are already here their place in the new areas."""
    batch.flush()
    batch.areas = batch.work.frame("areas")
    incidents = batch.work.frame("incidents")
    if len(incidents):
        batch.work.replace("incidents", assign(incidents, batch.areas, batch.agencies))


def upsert(work: Transaction, name: str, frame: pd.DataFrame) -> None:
    """Add rows to a small table; rows with the same key take the place of older ones."""
    table = ALL_TABLES[name]
    both = pd.concat([work.frame(name), conform(table, frame)], ignore_index=True)
    work.replace(name, both.drop_duplicates(list(table.key), keep="last", ignore_index=True))


def in_words(report: ImportReport) -> str:
    """What an import did, for the audit log: names of files and numbers of rows, nothing of their content."""
    done = report.files[report.files["outcome"] == "imported"]
    names = ", ".join(str(n) for n in done["file"].head(5)) + (" …" if len(done) > 5 else "")
    return (
        f"{len(done)} files ({names}): {report.rows_kept} rows kept, {report.rows_quarantined} in quarantine"
    )


def _report(records: list[dict[str, Any]], messages: list[str]) -> ImportReport:
    files = pd.DataFrame(records).reindex(columns=list(_FILE_COLUMNS))
    read, kept, apart = (int(files[c].sum()) for c in _COUNTS)
    unchanged = bool(len(files)) and bool((files["outcome"] == "unchanged").all())
    if unchanged:
        messages.append("Every file was imported before: the hub did not change.")
    return ImportReport(files, read, kept, apart, tuple(messages), unchanged)
