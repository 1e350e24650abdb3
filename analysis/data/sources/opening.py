"""From a path to text: plain or gzipped, whatever it is called, and never more than a limit.

What a file is comes from its first bytes. Gzip is unpacked twice: once only to be counted, so that a
file made to fill the memory is refused before any of it is kept, and once to be read.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from analysis.data.sources.base import SourceError

#: Largest file that is read, after unpacking.
LIMIT_BYTES: Final = 1 << 30

#: A comment line above the header that holds these words marks a file as synthetic.
SYNTHETIC_MARK: Final = "Synthetic sample data"

_CHUNK: Final = 1 << 20
_KNOWN: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "a database"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the old kind (.xls); save it as .xlsx or CSV"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
)


@dataclass(frozen=True, slots=True)
class Opened:
    """The content of one file: UTF-8 text as bytes, or a workbook."""

    file: str
    data: bytes  # UTF-8 without a byte-order mark; the bytes of the workbook when workbook is true
    encoding: str = "utf-8"  # how the text was stored
    bom: bool = False
    workbook: bool = False
    notes: tuple[str, ...] = ()


def open_file(
    path: str | Path, *, name: str | None = None, encoding: str | None = None, limit: int = LIMIT_BYTES
) -> Opened:
    """Read a file whole, bounded and decoded.

    Parameters: ``name`` is what messages call the file (default: its own name); ``encoding`` is for
    files whose mapping says it; ``limit`` is in bytes after unpacking.
    Raises :class:`SourceError` for what is absent, empty, binary, damaged or larger than ``limit``.
    """
    path = Path(path)
    file = name or path.name
    if not path.exists():
        raise SourceError(f"{file}: there is no such file. Check the path.")
    if path.is_dir():
        raise SourceError(f"{file}: is a folder. Give the files in it, or let the import list them.")
    try:
        with path.open("rb") as stream:
            data = _bounded(stream, file, limit)
    except OSError as error:
        raise SourceError(f"{file}: cannot be read ({error.strerror or error}).") from error
    if not data.strip(b"\xef\xbb\xbf\x00 \t\r\n"):
        raise SourceError(f"{file}: is empty. Download it again from the agency.")
    if data.startswith(b"PK\x03\x04"):
        _check_workbook(path, data, file, limit)
        return Opened(file, data, encoding="xlsx", workbook=True)
    return _decode(data, file, encoding)


def _bounded(stream: BinaryIO, file: str, limit: int) -> bytes:
    """The bytes of the file, unpacked when they are gzip, refused above the limit."""
    packed = stream.read(2) == b"\x1f\x8b"
    size = stream.seek(0, 2)
    if not packed:
        if size > limit:
            raise SourceError(_too_large(file, limit))
        stream.seek(0)
        return stream.read()
    # The size a gzip claims is not believed: a cut file claims anything. It is counted instead.
    total = 0
    for chunk in _unpacked(stream, file):
        total += len(chunk)
        if total > limit:
            raise SourceError(_too_large(file, limit))
    return b"".join(_unpacked(stream, file))


def _unpacked(stream: BinaryIO, file: str) -> Iterator[bytes]:
    stream.seek(0)
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            while chunk := unpacked.read(_CHUNK):
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(
            f"{file}: the gzip file is damaged or cut short ({error}). Download it again."
        ) from error


def _too_large(file: str, limit: int) -> str:
    return (
        f"{file}: holds more than {limit / (1 << 20):,.0f} MB when unpacked, so it was not read. "
        "Split it by year, or check where it comes from: no monthly file is this large."
    )


def _check_workbook(path: Path, data: bytes, file: str, limit: int) -> None:
    """A zip must be an Excel workbook of a bounded size."""
    import io

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise SourceError(f"{file}: the workbook or archive is damaged ({error}).") from error
    if "xl/workbook.xml" not in names:
        raise SourceError(f"{file}: is a zip archive but not an Excel workbook. Unpack it first.")
    if size > limit:
        raise SourceError(_too_large(file, limit))


def _decode(data: bytes, file: str, encoding: str | None) -> Opened:
    """Text as UTF-8. Files of the police mix UTF-8 marks with cp1252 letters: both are read."""
    for magic, what in _KNOWN:
        if data.startswith(magic):
            raise SourceError(f"{file}: is {what}, not a table of text (CSV).")
    notes: list[str] = []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return Opened(file, data.decode("utf-16").encode(), "utf-16", True)
        except UnicodeDecodeError as error:
            raise SourceError(f"{file}: begins as UTF-16 text but is not ({error.reason}).") from error
    head = data[:65_536]
    control = sum(head.count(bytes([byte])) for byte in range(32) if byte not in (9, 10, 12, 13, 26))
    if b"\x00" in data or control > len(head) / 100:
        raise SourceError(f"{file}: is binary, not a table of text (CSV). Export it as CSV.")
    bom = data.startswith(b"\xef\xbb\xbf")
    body = data[3:] if bom else data
    if encoding is not None:
        try:
            return Opened(file, body.decode(encoding).encode(), encoding, bom)
        except LookupError as error:
            raise SourceError(f"{file}: the mapping's encoding {encoding!r} is not known.") from error
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{file}: is not {encoding} as the mapping says (byte {error.start + 1}). "
                "Leave `encoding` out of the mapping to have it found."
            ) from error
    try:
        body.decode("utf-8")
        return Opened(file, body, "utf-8", bom)
    except UnicodeDecodeError:
        text = body.decode("cp1252", errors="replace")
    if lost := text.count("\ufffd"):
        notes.append(
            f"{lost} byte{'s' if lost > 1 else ''} could not be read as letters; "
            "“\ufffd” stands in their place."
        )
    return Opened(file, text.encode(), "cp1252", bom, notes=tuple(notes))
