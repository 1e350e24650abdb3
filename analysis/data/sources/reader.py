"""From text to a table whose every row knows its line.

Cells stay text. A row with too few or too many cells is set aside with its line and its text; it is
never shifted, filled or dropped.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from analysis.data.sources.base import SourceError
from analysis.data.sources.opening import SYNTHETIC_MARK, Opened

#: A record longer than this is not a row of a table.
_LONGEST_RECORD: Final = 1 << 22
#: A quoted cell with more line breaks than this is a quotation mark that nobody closed.
_MOST_BREAKS_IN_CELL: Final = 200
_MOST_COLUMNS: Final = 1_000
#: Rows of a workbook that are read; more belong into a CSV file.
WORKBOOK_ROWS: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Ragged:
    """A row whose number of cells is not the header's."""

    line: int
    cells: int
    text: str


@dataclass(frozen=True)
class RawTable:
    """A header and rows of text. ``frame`` has one str column per header name, index 0…n−1."""

    file: str
    header: tuple[str, ...]
    frame: pd.DataFrame
    line: npt.NDArray[np.int64]  # 1-based line of the file on which each row of frame begins
    ragged: tuple[Ragged, ...] = ()
    encoding: str = "utf-8"
    bom: bool = False
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    data: bytes = field(default=b"", repr=False)

    @property
    def rows(self) -> int:
        """Data rows in the file, ragged ones included."""
        return len(self.frame) + len(self.ragged)

    @cached_property
    def keys(self) -> dict[str, str]:
        """Header names by their letters and digits alone, so that spelling variants meet."""
        found: dict[str, str] = {}
        for name in self.header:
            found.setdefault(key(name), name)
        return found

    def text(self, name: str) -> pd.Series:
        """The column of that key (letters and digits of its name), stripped of surrounding blanks."""
        return self.frame[self.keys[key(name)]].str.strip()

    @cached_property
    def _starts(self) -> npt.NDArray[np.int64]:
        """Byte offset at which each line begins, and the end of the file."""
        breaks = np.flatnonzero(np.frombuffer(self.data, dtype=np.uint8) == ord("\n")) + 1
        return np.concatenate([[0], breaks, [len(self.data)]]).astype(np.int64)

    @cached_property
    def _all_lines(self) -> npt.NDArray[np.int64]:
        return np.unique(np.concatenate([self.line, [row.line for row in self.ragged]]).astype(np.int64))

    def row_text(self, position: int) -> str:
        """The whole row as it stands in the file."""
        line = int(self.line[position])
        if not self.data:
            return "\t".join(str(cell) for cell in self.frame.iloc[position])
        later = np.searchsorted(self._all_lines, line, side="right")
        last = int(self._all_lines[later]) if later < len(self._all_lines) else len(self._starts)
        start, end = self._starts[line - 1], self._starts[min(last - 1, len(self._starts) - 1)]
        return self.data[start:end].decode().rstrip("\r\n")


def key(name: str) -> str:
    """A column name reduced to lower-case letters and digits: ``Flag-Crime`` and ``FlagCrime`` agree."""
    return re.sub(r"[^a-z0-9]", "", name.lower()) or name.strip().casefold()


def read_table(opened: Opened, *, delimiter: str = ",", header_line: int | None = None) -> RawTable:
    """Read delimited text.

    ``header_line`` (1-based) says where the header is when a title stands above it; by default the
    first line that is neither blank nor a ``#`` comment. Raises :class:`SourceError` when there is no
    header, a header name comes twice, or no row follows.
    """
    data = opened.data
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    offset, line, synthetic = _skip_to_header(data, header_line, opened.file)
    names, width = _header(data[offset : offset + _LONGEST_RECORD], delimiter, opened.file)
    body_line = line + width
    start = offset
    for _ in range(width):
        found = data.find(b"\n", start)
        start = len(data) if found < 0 else found + 1
    if not data[start:].strip():
        raise SourceError(
            f"{opened.file}: has a header but no rows. If the agency reported nothing, leave the file out; "
            "otherwise download it again."
        )
    table, ragged, numbers = _cells(data, start, len(names), delimiter, opened.file)
    lines = _lines(table, ragged, numbers, body_line, opened.file)
    blank = _blank(table)
    row_lines = lines[~np.isin(np.arange(len(lines)), np.asarray([n - 1 for n in numbers], dtype=int))]
    keep = ~blank
    frame = pa.table(table).filter(pa.array(keep)).to_pandas() if blank.any() else table.to_pandas()
    frame.columns = pd.Index(names)
    frame, names = _drop_unnamed(frame, names)
    notes = list(opened.notes)
    result = RawTable(
        file=opened.file,
        header=tuple(names),
        frame=frame.reset_index(drop=True),
        line=row_lines[keep],
        ragged=tuple(
            Ragged(int(lines[number - 1]), cells, text)
            for number, (cells, text) in zip(numbers, ragged, strict=True)
        ),
        encoding=opened.encoding,
        bom=opened.bom,
        synthetic=synthetic,
        notes=tuple(notes),
        data=data,
    )
    if result.rows == 0:
        raise SourceError(f"{opened.file}: has a header but no rows, only blank lines.")
    return result


def _skip_to_header(data: bytes, header_line: int | None, file: str) -> tuple[int, int, bool]:
    """Offset and line number of the header, and whether a comment above it says "synthetic"."""
    offset, line, synthetic = 0, 1, False
    while offset < len(data):
        end = data.find(b"\n", offset)
        end = len(data) if end < 0 else end + 1
        text = data[offset:end].strip()
        if text.startswith(b"#") and SYNTHETIC_MARK.lower().encode() in text.lower():
            synthetic = True
        if header_line is not None:
            if line == header_line:
                return offset, line, synthetic
        elif text and not text.startswith(b"#"):
            return offset, line, synthetic
        offset, line = end, line + 1
    raise SourceError(
        f"{file}: has no header line"
        + (f" {header_line}, only {line - 1} lines." if header_line else ", only comments or blank lines.")
    )


def _header(head: bytes, delimiter: str, file: str) -> tuple[list[str], int]:
    """Names of the header and how many lines it takes."""
    reader = csv.reader(io.StringIO(head.decode(errors="ignore"), newline=""), delimiter=delimiter)
    try:
        names = [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise SourceError(f"{file}: the first line is not a header ({error}).") from error
    if len(names) > _MOST_COLUMNS:
        raise SourceError(f"{file}: has {len(names):,} columns; at most {_MOST_COLUMNS:,} are read.")
    check_header(names, file)
    return names, reader.line_num


def check_header(names: list[str], file: str) -> None:
    """Refuse a header in which a name comes twice: nobody could say which column is meant."""
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        folded = name.casefold()
        if folded and folded in seen:
            raise SourceError(
                f"{file}: the header names the column “{name}” twice (columns {seen[folded]} and "
                f"{position}). Remove or rename one of them."
            )
        seen[folded] = position


def _cells(
    data: bytes, start: int, columns: int, delimiter: str, file: str
) -> tuple[pa.Table, list[tuple[int, str]], list[int]]:
    """All rows of the right width as text, the others as (cells, text) with their record number."""
    ragged: list[tuple[int, str]] = []
    numbers: list[int] = []

    def set_aside(row: pacsv.InvalidRow) -> str:
        ragged.append((row.actual_columns, row.text.rstrip("\r\n")))
        numbers.append(row.number)
        return "skip"

    names = [f"c{position}" for position in range(columns)]
    try:
        table = pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(data).slice(start)),
            read_options=pacsv.ReadOptions(column_names=names, use_threads=False, block_size=_LONGEST_RECORD),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=set_aside,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.large_string() for name in names}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise SourceError(
            f"{file}: holds a row longer than {_LONGEST_RECORD >> 20} MB or cannot be split into rows "
            f"({error}). Look for a quotation mark that is never closed."
        ) from error
    return table, ragged, numbers


def _lines(
    table: pa.Table, ragged: list[tuple[int, str]], numbers: list[int], first: int, file: str
) -> npt.NDArray[np.int64]:
    """Line on which each record begins, in file order; a cell in quotes may hold line breaks."""
    total = table.num_rows + len(ragged)
    breaks = np.zeros(total, dtype=np.int64)
    aside = np.zeros(total, dtype=bool)
    aside[[number - 1 for number in numbers]] = True
    inside = np.zeros(table.num_rows, dtype=np.int64)
    for column in table.columns:
        if pc.any(pc.match_substring(column, "\n")).as_py():
            inside += pc.count_substring(column, "\n").to_numpy().astype(np.int64)
    breaks[~aside] = inside
    for number, (_, text) in zip(numbers, ragged, strict=True):
        breaks[number - 1] = text.count("\n")
    if total and breaks.max() > _MOST_BREAKS_IN_CELL:
        worst = int(np.argmax(breaks))
        line = first + worst + int(breaks[:worst].sum())
        raise SourceError(
            f"{file}: the row that begins on line {line} runs over {int(breaks[worst])} lines, so a "
            "quotation mark is opened there and never closed. Mend that line."
        )
    before = np.concatenate([[0], np.cumsum(breaks)[:-1]]) if total else np.zeros(0, dtype=np.int64)
    return np.asarray(first + np.arange(total) + before, dtype=np.int64)


def _blank(table: pa.Table) -> npt.NDArray[np.bool_]:
    """Rows in which every cell is blank: spreadsheets leave them at the end."""
    blank = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        if not blank.any():
            break
        blank &= pc.equal(pc.binary_length(pc.utf8_trim_whitespace(column)), 0).to_numpy()
    return blank


def _drop_unnamed(frame: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Columns without a name are dropped when they are blank and numbered when they are not."""
    keep, kept = [], []
    for position, name in enumerate(names):
        column = frame.iloc[:, position]
        if not name and not column.str.strip().astype(bool).any():
            continue
        keep.append(position)
        kept.append(name or f"column {position + 1}")
    frame = frame.iloc[:, keep]
    frame.columns = pd.Index(kept)
    return frame, kept


def closest(name: str, names: Iterable[str]) -> str:
    """ " Did you mean “Month”?" for the most similar of the names, or nothing."""
    by_fold = {other.casefold(): other for other in names}
    found = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.5)
    return f" Did you mean “{by_fold[found[0]]}”?" if found else ""
