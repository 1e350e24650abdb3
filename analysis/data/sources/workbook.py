"""Excel workbooks, for files that come with a mapping: one sheet, bounded, cells as text."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any, Final

import numpy as np
import openpyxl
import pandas as pd

from analysis.data.sources.base import SourceError
from analysis.data.sources.opening import SYNTHETIC_MARK, Opened
from analysis.data.sources.reader import RawTable, check_header, closest

#: A sheet of Excel has no more rows than this.
MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 500


def read_workbook(opened: Opened, *, sheet: str | None = None, header_line: int | None = None) -> RawTable:
    """One sheet of a workbook (the first, unless named) as a table of text.

    Dates become ``YYYY-MM-DD`` or ``YYYY-MM-DD HH:MM:SS``, whole numbers lose their ``.0``, formulas give
    their stored result. Raises :class:`SourceError` for a damaged workbook, an unknown sheet, a double
    header or a sheet without rows.
    """
    try:
        book = openpyxl.load_workbook(io.BytesIO(opened.data), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its XML or zip reader met
        raise SourceError(f"{opened.file}: the workbook is damaged ({error}). Save it again.") from error
    try:
        name = sheet if sheet is not None else book.sheetnames[0]
        if name not in book.sheetnames:
            raise SourceError(
                f"{opened.file}: has no sheet “{name}”. Its sheets are: {', '.join(book.sheetnames)}."
                f"{closest(name, book.sheetnames)} Correct `sheet` in the mapping."
            )
        return _table(opened.file, book[name], header_line)
    finally:
        book.close()


def _table(file: str, sheet: Any, header_line: int | None) -> RawTable:
    header: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    synthetic = False
    for line, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if line > MOST_ROWS:
            raise SourceError(f"{file}: the sheet has more than {MOST_ROWS:,} rows. Save it as CSV.")
        cells = [_text(value) for value in values[:_MOST_COLUMNS]]
        first = next((cell for cell in cells if cell), "")
        if header is None:
            synthetic |= first.startswith("#") and SYNTHETIC_MARK.lower() in first.lower()
            is_header = line == header_line if header_line else bool(first) and not first.startswith("#")
            if is_header:
                while cells and not cells[-1]:
                    cells.pop()
                header = cells
                check_header(header, file)
        elif first:
            width = len(header)
            rows.append((cells + [""] * width)[:width])
            lines.append(line)
    if header is None:
        raise SourceError(f"{file}: the sheet is empty or has no line {header_line or 1}.")
    if not rows:
        raise SourceError(f"{file}: the sheet has a header but no rows.")
    names = [cell or f"column {position}" for position, cell in enumerate(header, start=1)]
    return RawTable(
        file=file,
        header=tuple(names),
        frame=pd.DataFrame(rows, columns=names, dtype="str"),
        line=np.asarray(lines, dtype=np.int64),
        encoding="xlsx",
        synthetic=synthetic,
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d}" if value.time() == dt.time() else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
