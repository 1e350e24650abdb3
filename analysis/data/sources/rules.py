"""Row rules: pandera finds every bad row at once, and each becomes a line in the quarantine.

A :class:`Rule` looks at a column of *parsed* values (numbers, dates), so nothing is parsed twice; the
quarantine shows the value as the file has it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from analysis.data.sources.base import QUARANTINE_COLUMNS, Parsed, empty
from analysis.data.sources.reader import RawTable

#: Nothing is believed to have happened before this year.
EARLIEST_YEAR: Final = 1950
_SHIPPED: Final = dt.date(2026, 12, 31)  # a clock that is set wrong must not refuse today's files
_INJECTION: Final = r"^[=+\-@\t\r]"


def latest_day() -> dt.date:
    """The last day that is not in the future."""
    return max(dt.date.today(), _SHIPPED) + dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a parsed column must satisfy, in words a clerk can act on."""

    column: str  # the parsed column
    shown: str  # the file's own name of the column
    says: str  # the rule, as a sentence without a subject: "is a whole number"
    holds: Callable[[pd.Series], pd.Series]
    remedy: str


@dataclass
class Quarantine:
    """Bad rows of one file: every value that broke a rule, and which rows are out."""

    table: RawTable
    entries: list[tuple[int, int, str, str, str, str]] = field(default_factory=list)

    def add(
        self, positions: Iterable[int], column: str, values: Sequence[str], rule: str, remedy: str
    ) -> None:
        """Send rows (positions in the table's frame) to the quarantine."""
        for position, value in zip(positions, values, strict=True):
            row = int(position)
            self.entries.append((int(self.table.line[row]), row, column, str(value), rule, remedy))

    def check(self, parsed: pd.DataFrame, rules: Sequence[Rule]) -> None:
        """Test every rule on every row, all at once (pandera, lazy)."""
        columns = {
            name: pa.Column(
                checks=[
                    pa.Check(rule.holds, error=str(number), ignore_na=False)
                    for number, rule in enumerate(rules)
                    if rule.column == name
                ],
                nullable=True,
            )
            for name in dict.fromkeys(rule.column for rule in rules)
        }
        try:
            pa.DataFrameSchema(columns).validate(parsed, lazy=True)
        except SchemaErrors as errors:
            cases = errors.failure_cases
            for number, group in cases.groupby(cases["check"].astype(int)):
                rule = rules[int(str(number))]
                rows = group["index"].to_numpy(dtype=int)
                values = self.table.frame[rule.shown].iloc[rows].tolist()
                self.add(rows, rule.shown, values, rule.says, rule.remedy)

    @property
    def bad(self) -> npt.NDArray[np.int64]:
        """Positions of the rows that are out, each once."""
        return np.unique(np.asarray([entry[1] for entry in self.entries], dtype=np.int64))

    @property
    def count(self) -> int:
        """Rows that are out, ragged rows included."""
        return len(self.bad) + len(self.table.ragged)

    def frame(self) -> pd.DataFrame:
        """The quarantine as a table, by line."""
        texts = {row: self.table.row_text(row) for row in self.bad.tolist()}
        rows = [
            (self.table.file, line, column, value, rule, remedy, texts[row])
            for line, row, column, value, rule, remedy in self.entries
        ]
        width = len(self.table.header)
        rows += [
            (
                self.table.file,
                row.line,
                "",
                f"{row.cells} cells",
                f"has as many cells as the header has columns ({width})",
                "Put text that holds a comma into quotation marks, or complete the row.",
                row.text,
            )
            for row in self.table.ragged
        ]
        if not rows:
            return empty(QUARANTINE_COLUMNS)
        out = pd.DataFrame(rows, columns=list(QUARANTINE_COLUMNS))
        return out.sort_values(["line", "column"], kind="stable", ignore_index=True)


def finish(
    table: RawTable,
    quarantine: Quarantine,
    layout: str,
    *,
    messages: Iterable[str] = (),
    vintage: str | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    **frames: pd.DataFrame,
) -> Parsed:
    """The :class:`Parsed` of a table: counts that add up, messages, and the frames given."""
    from analysis.data.sources.base import AGENCY_COLUMNS, INCIDENT_COLUMNS, MONTHLY_COLUMNS

    said = [*table.notes, *messages]
    if quarantine.count:
        lines = [entry[0] for entry in quarantine.entries] + [row.line for row in table.ragged]
        said.insert(
            0,
            f"{quarantine.count:,} of {table.rows:,} rows {plural(quarantine.count, 'is', 'are')} in "
            f"quarantine ({lines_phrase(lines)}).",
        )
    return Parsed(
        layout=layout,
        file=table.file,
        rows_read=table.rows,
        rows_kept=table.rows - quarantine.count,
        rows_quarantined=quarantine.count,
        incidents=frames.get("incidents", empty(INCIDENT_COLUMNS)),
        monthly=frames.get("monthly", empty(MONTHLY_COLUMNS)),
        agencies=frames.get("agencies", empty(AGENCY_COLUMNS)),
        quarantine=quarantine.frame(),
        messages=tuple(said),
        vintage=vintage,
        synthetic=table.synthetic,
        tables=dict(tables or {}),
    )


def plural(number: int, one: str, many: str) -> str:
    """The word that goes with the number."""
    return one if number == 1 else many


def lines_phrase(lines: Iterable[int], shown: int = 5) -> str:
    """ "line 7", "lines 7, 9 and 12", "lines 1, 2, 3, 4, 5 and 17 more"."""
    unique = sorted({int(line) for line in lines})
    if len(unique) == 1:
        return f"line {unique[0]:,}"
    if len(unique) <= shown:
        return f"lines {', '.join(f'{n:,}' for n in unique[:-1])} and {unique[-1]:,}"
    return f"lines {', '.join(f'{n:,}' for n in unique[:shown])} and {len(unique) - shown:,} more"


def whole_number(text: pd.Series) -> pd.Series:
    """Numbers as float64; what is not a number is NaN. Thousands commas are accepted."""
    plain = text.str.replace(r"(?<=\d),(?=\d{3}(\D|$))", "", regex=True)
    return pd.to_numeric(plain, errors="coerce").astype("float64")


def is_whole(numbers: pd.Series) -> pd.Series:
    """Finite and without a fraction."""
    values = numbers.to_numpy(dtype=float)
    return pd.Series(np.isfinite(values) & (values == np.floor(values)), index=numbers.index)


def is_count(numbers: pd.Series) -> pd.Series:
    """Finite, whole, not negative, and not absurd (at most ten million)."""
    return is_whole(numbers) & (numbers >= 0) & (numbers <= 1e7)


def month_text(text: pd.Series) -> pd.Series:
    """Text that is a month ``YYYY-MM`` between 1950 and now, else missing."""
    good = text.str.fullmatch(r"(19[5-9]\d|20\d\d)-(0[1-9]|1[0-2])")
    last = f"{latest_day():%Y-%m}"
    return text.where(good & (text <= last))


def dates(text: pd.Series, formats: Sequence[str]) -> pd.Series:
    """Moments as datetime64[us], trying each format on what the ones before could not read."""
    out = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    left = text.astype(bool)
    for form in formats:
        if not left.any():
            break
        found = pd.to_datetime(text[left], format=form, errors="coerce").astype("datetime64[us]")
        out.loc[found.index] = found
        left = left & out.isna()
    return out


def with_clock(moment: pd.Series, clock: pd.Series) -> pd.Series:
    """The day with the time of another column (H:M or H:M:S, 0930); its own time where there is none."""
    parts = clock.str.extract(r"^(\d{1,2}):?(\d{2})(?::\d{2})?$")
    hour, minute = (pd.to_numeric(parts[part], errors="coerce") for part in (0, 1))
    valid = (hour < 24) & (minute < 60)
    minutes = (hour * 60 + minute).where(valid, 0).fillna(0)
    told = moment.dt.normalize() + pd.to_timedelta(minutes, unit="min")
    return moment.mask(valid, told).astype("datetime64[us]")


def neutralise(text: pd.Series) -> tuple[pd.Series, int]:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front; how many did."""
    risky = text.str.contains(_INJECTION, regex=True, na=False)
    return text.mask(risky, "'" + text), int(risky.sum())


def injection_message(count: int, what: str) -> list[str]:
    """What was done about text that a spreadsheet would run."""
    if not count:
        return []
    return [
        f"{count:,} {plural(count, 'cell', 'cells')} of {what} {plural(count, 'begins', 'begin')} like a "
        "spreadsheet formula; an apostrophe was put in front so that no program runs "
        f"{plural(count, 'it', 'them')}."
    ]


def flag(values: Any, index: pd.Index) -> pd.Series:
    """A nullable boolean column."""
    return pd.Series(values, index=index, dtype="boolean")
