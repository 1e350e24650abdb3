"""Intake: a file is looked at, waits, and is accepted or rejected by a person; all of it is logged.

A file that is handed in is copied beside the hub, never into it, and read by the same importer in a hub of
its own that is thrown away: what would be kept, what would be refused row by row, and what looks wrong can be
seen before anything counts. Nothing in a file is ever run; text that a spreadsheet would run is named.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import openpyxl
import pandas as pd

from analysis.data.arrivals.audit import signer
from analysis.data.arrivals.importing import ImportReport, content_hash
from analysis.data.errors import HubError
from analysis.data.hub import Hub, open_hub

PENDING: Final = "pending"
#: Name that a mapping file waits under: no data file can have it.
MAPPING: Final = ".mapping.yaml"
LIMIT_MAPPING: Final = 1024 * 1024
#: Largest file that is taken, packed and unpacked; most files that may wait; most findings that are kept.
LIMIT_BYTES: Final = 200 * 1024 * 1024
LIMIT_UNPACKED: Final = 1024 * 1024 * 1024
MOST_WAITING: Final = 100
MOST_FINDINGS: Final = 200
SUFFIXES: Final = (".csv", ".txt", ".csv.gz", ".txt.gz", ".gz", ".json", ".geojson", ".xlsx")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NUMBER: Final = re.compile(r"^[+-]?(\d+([.,]\d+)*|\.\d+)([eE][+-]?\d+)?%?$")
FINDING_COLUMNS: Final = ("line", "column", "value", "rule", "remedy")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that waits for a decision.

    Attributes:
        id: first twelve characters of its content's hash. name: as it was handed in.
        sha256: hash of the file as it was handed in. size: bytes.
        who, at: who handed it in, and when (UTC).
        layout, rows_read, rows_kept, rows_quarantined, message: what the importer says of it.
        outcome: "imported" (it can be read), "refused" or "unchanged" (imported before).
        formulas: cells that a spreadsheet would run.
        mapping: hash of the mapping file that came with it; empty when there is none.
    """

    id: str
    name: str
    sha256: str
    size: int
    who: str
    at: str
    layout: str
    outcome: str
    rows_read: int
    rows_kept: int
    rows_quarantined: int
    message: str
    formulas: int
    mapping: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What would happen if a file were accepted.

    Attributes:
        file: the record. findings: every value a rule refuses (``FINDING_COLUMNS``), at most
            ``MOST_FINDINGS``. formulas: cells that a spreadsheet would run: line, column, value.
    """

    file: Waiting
    findings: pd.DataFrame
    formulas: pd.DataFrame


def hand_in(hub: Hub, name: str, content: bytes | Path, *, who: str, mapping: bytes | None = None) -> Look:
    """Take a file, look at it, and let it wait.

    Args:
        name: file name as the sender calls it; only its last part is used.
        content: the bytes, or a path to them.
        who: who hands it in.
        mapping: the YAML file that says what the columns of any other agency's table mean.

    Raises:
        HubError: too large, of no kind that is read, too many files waiting, or handed in already.
    """
    folder = _folder(hub)
    plain = Path(name.replace("\\", "/")).name
    if not plain or plain.startswith(".") or not plain.lower().endswith(SUFFIXES):
        raise HubError(f"“{plain or name}” is of no kind that is read. Give one of: {', '.join(SUFFIXES)}.")
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    if size > LIMIT_BYTES:
        raise HubError(
            f"{plain} has {size / 1e6:,.0f} MB; at most {LIMIT_BYTES / 1e6:,.0f} MB are taken. Pack it "
            "(gzip), or split it by year."
        )
    if not size:
        raise HubError(f"{plain} is empty.")
    if len(waiting(hub)) >= MOST_WAITING:
        raise HubError(f"{MOST_WAITING} files wait already. Accept or reject some of them first.")
    data = content.read_bytes() if isinstance(content, Path) else content
    digest = hashlib.sha256(data).hexdigest()
    target = folder / digest[:12]
    if (target / "record.json").is_file():
        raise HubError(f"The same content waits already, as {waiting_file(hub, digest[:12]).name}.")
    target.mkdir(parents=True, exist_ok=True)
    try:
        (target / plain).write_bytes(data)
        if mapping is not None:
            (target / MAPPING).write_bytes(mapping[: LIMIT_MAPPING + 1])
        look = _look(hub, target / plain, digest, size, signer(who))
        look.findings.to_json(target / "findings.json", orient="records")
        look.formulas.to_json(target / "formulas.json", orient="records")
        _write(target / "record.json", json.dumps(asdict(look.file), ensure_ascii=False))
        hub.note(
            who=signer(who), action="hand in file", details=f"{plain} ({digest[:12]}): {look.file.outcome}"
        )
    except BaseException:  # nothing waits that the log does not tell of
        shutil.rmtree(target, ignore_errors=True)
        raise
    return look


def waiting(hub: Hub) -> list[Waiting]:
    """Files that wait, the oldest first."""
    found = []
    for path in _folder(hub).glob("*/record.json"):
        found.append(Waiting(**json.loads(path.read_text(encoding="utf-8"))))
    return sorted(found, key=lambda f: (f.at, f.id))


def waiting_file(hub: Hub, file_id: str) -> Waiting:
    """One of the files that wait.

    Raises:
        HubError: there is none of this identifier.
    """
    one = next((f for f in waiting(hub) if f.id == file_id), None)
    if one is None:
        raise HubError(
            f"No file {file_id} is waiting. Waiting: {', '.join(f.id for f in waiting(hub)) or 'none'}."
        )
    return one


def look_at(hub: Hub, file_id: str) -> Look:
    """What would happen if a waiting file were accepted, as it was found when it was handed in."""
    one = waiting_file(hub, file_id)
    folder = _folder(hub) / one.id
    tables = [
        pd.DataFrame(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")), columns=list(columns))
        for name, columns in (("findings", FINDING_COLUMNS), ("formulas", FINDING_COLUMNS[:3]))
    ]
    return Look(one, *tables)


def accept_file(hub: Hub, file_id: str, *, who: str, reason: str = "") -> ImportReport:
    """Import a waiting file. A file with refused rows or formulas needs a written reason.

    Raises:
        HubError: it cannot be read, it was changed while it waited, or a reason is missing.
    """
    one = waiting_file(hub, file_id)
    path = _folder(hub) / one.id / one.name
    if not who.strip():
        raise HubError("To accept a file, say who decides: it is kept.")
    if one.outcome == "refused":
        raise HubError(f"{one.name} cannot be read: {one.message} Reject it and ask for another.")
    mapping = _mapping(path.parent)
    if (
        not path.is_file()
        or hashlib.sha256(path.read_bytes()).hexdigest() != one.sha256
        or _mapping_hash(mapping) != one.mapping
    ):
        raise HubError(f"{one.name} was changed while it waited. Reject it and hand it in again.")
    if (one.rows_quarantined or one.formulas) and not reason.strip():
        raise HubError(
            f"{one.name} has {one.rows_quarantined} rows that would be refused and {one.formulas} cells that "
            "a spreadsheet would run. To accept it all the same, write a reason."
        )
    report = hub.import_files([path], who=who, mapping=mapping)
    hub.note(
        who=who,
        action="accept file",
        details=f"{one.name} ({one.id}){': ' + reason.strip() if reason else ''}",
    )
    shutil.rmtree(path.parent)
    return report


def reject_file(hub: Hub, file_id: str, *, who: str, reason: str) -> None:
    """Take a waiting file away; who and why are kept, its content is not.

    Raises:
        HubError: no reason or name is given.
    """
    one = waiting_file(hub, file_id)
    if not who.strip() or not reason.strip():
        raise HubError("To reject a file, say who decides and why: both are kept.")
    hub.note(who=who, action="reject file", details=f"{one.name} ({one.id}): {reason.strip()}")
    shutil.rmtree(_folder(hub) / one.id)


def formulas(name: str, data: bytes) -> pd.DataFrame:
    """Cells that a spreadsheet would run: line, column, value.

    A number with a sign is a number. At most ``MOST_FINDINGS`` are told. Of a workbook these are its
    formulas, which the importer never calculates; JSON is not looked at, no spreadsheet opens it.
    """
    if data[:4] == b"PK\x03\x04":
        return _workbook_formulas(data)
    text = _text(name, data)
    rows: list[tuple[int, str, str]] = []
    if text is not None:
        reader = csv.reader(io.StringIO(text))
        header: list[str] = []
        try:
            for row in reader:
                header = header or row
                for i, cell in enumerate(row):
                    value = cell.lstrip(" ")
                    if value[:1] in _FORMULA and len(value) > 1 and not _NUMBER.match(value.strip()):
                        column = header[i] if i < len(header) else f"column {i + 1}"
                        rows.append((reader.line_num, column, cell[:120]))
                if len(rows) >= MOST_FINDINGS:
                    break
        except csv.Error:  # no table: the importer will say so
            rows = []
    return pd.DataFrame(rows[:MOST_FINDINGS], columns=["line", "column", "value"])


def _workbook_formulas(data: bytes) -> pd.DataFrame:
    """Formulas of every sheet of a workbook; none of one that cannot be opened, which is refused anyway."""
    rows: list[tuple[int, str, str]] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(i.file_size for i in packed.infolist())
        if unpacked > LIMIT_UNPACKED:
            raise HubError(f"The workbook unpacks to more than {LIMIT_UNPACKED / 1e9:.0f} GB. Split it.")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    except HubError:
        raise
    except Exception:  # openpyxl raises whatever its XML or zip reader met; the importer will say so
        return pd.DataFrame(rows, columns=["line", "column", "value"])
    try:
        for sheet in book.worksheets:
            for cells in sheet.iter_rows():
                rows += [
                    (c.row, f"{sheet.title}, column {c.column_letter}", str(c.value)[:120])
                    for c in cells if getattr(c, "data_type", "") == "f"
                ]  # fmt: skip
                if len(rows) >= MOST_FINDINGS:
                    break
    finally:
        book.close()
    return pd.DataFrame(rows[:MOST_FINDINGS], columns=["line", "column", "value"])


def _text(name: str, data: bytes) -> str | None:
    if name.lower().endswith((".xlsx", ".json", ".geojson")):
        return None
    if data[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            try:
                data = packed.read(LIMIT_UNPACKED + 1)
            except (EOFError, OSError):
                return None
        if len(data) > LIMIT_UNPACKED:
            raise HubError(f"{name} unpacks to more than {LIMIT_UNPACKED / 1e9:.0f} GB. Split it.")
    return data.decode("utf-8-sig", "replace")


def _mapping(folder: Path) -> Path | None:
    """The mapping file that waits beside a file, if one came with it."""
    path = folder / MAPPING
    return path if path.is_file() else None


def _mapping_hash(mapping: Path | None) -> str:
    return "" if mapping is None else hashlib.sha256(mapping.read_bytes()).hexdigest()


def _look(hub: Hub, path: Path, digest: str, size: int, who: str) -> Look:
    """Import the file into a hub of its own, with this hub's agencies and areas, and throw that away."""
    risky = formulas(path.name, path.read_bytes())
    mapping = _mapping(path.parent)
    if mapping is not None and mapping.stat().st_size > LIMIT_MAPPING:
        raise HubError(f"A mapping file has at most {LIMIT_MAPPING >> 20} MB.")
    imports = hub.imports()
    before = imports.fillna({"mapping_sha256": ""})
    mine = (content_hash(path), content_hash(mapping) if mapping is not None else "")
    known = mine in set(zip(before["sha256"].astype(str), before["mapping_sha256"].astype(str), strict=True))
    with tempfile.TemporaryDirectory(prefix="sln-intake-") as name:
        trial = open_hub(Path(name) / "trial")
        for table in ("agencies", "areas", "deployments"):
            rows = getattr(hub, "_table")(table)  # noqa: B009 (the table as stored, shapes as text)
            if len(rows):
                trial.put(table, rows)
        report = trial.import_files([path], who=who, mapping=mapping)
        findings = trial.quarantine()
    row = report.files.iloc[0]
    outcome = "unchanged" if known else str(row["outcome"])
    told = findings.reindex(columns=list(FINDING_COLUMNS)).head(MOST_FINDINGS)
    message = "Imported before: accepting it would change nothing." if known else " ".join(report.messages)
    one = Waiting(
        digest[:12], path.name, digest, size, who, datetime.now(UTC).isoformat(timespec="microseconds"),
        str(row["layout"]), outcome, report.rows_read, report.rows_kept, report.rows_quarantined, message,
        len(risky), _mapping_hash(mapping),
    )  # fmt: skip
    return Look(one, told.reset_index(drop=True), risky)


def _folder(hub: Hub) -> Path:
    if hub.read_only:
        raise HubError(f"{hub.path} can be read, not written: files are handed in to a hub.")
    return hub.path / PENDING


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
