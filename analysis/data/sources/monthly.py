"""What every source of monthly counts shares: reading cells, settling repeats, long form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.data.sources.base import MONTHLY_COLUMNS
from analysis.data.sources.reader import RawTable
from analysis.data.sources.rules import Quarantine, Rule, is_count, lines_phrase, plural, whole_number

#: Text that says "no figure". A zero is a figure.
NO_FIGURE: Final = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", ".", "-", "–", "—")

COUNT_RULE: Final = "is a whole number, 0 or more, or blank when nothing was reported"
COUNT_REMEDY: Final = (
    "Ask the agency for the figure, or leave the cell blank: a blank month is missing, not zero."
)


def count_cells(
    table: RawTable, columns: Mapping[str, str], no_figure: Sequence[str] = NO_FIGURE
) -> tuple[pd.DataFrame, list[Rule]]:
    """Counts of a wide table, NaN for "no figure", and the rules they must satisfy.

    ``columns`` maps a key of the table's header to an offense. A cell that holds something else than a
    number becomes −inf, so that the rule finds it.
    """
    out: dict[str, pd.Series] = {}
    rules = []
    for name, offense in columns.items():
        text = table.text(name)
        blank = text.isin(list(no_figure))
        numbers = whole_number(text)
        out[offense] = numbers.mask(~blank & numbers.isna(), -np.inf).mask(blank)
        shown = _shown(table, name)
        rules.append(Rule(offense, shown, COUNT_RULE, lambda s: s.isna() | is_count(s), COUNT_REMEDY))
    return pd.DataFrame(out, index=table.frame.index), rules


def _shown(table: RawTable, name: str) -> str:
    from analysis.data.sources.reader import key

    return table.keys[key(name)]


def settle_repeats(
    table: RawTable, quarantine: Quarantine, rows: pd.DataFrame, by: Sequence[str], column: str, what: str
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Which rows to keep when a month is reported twice.

    ``rows`` (index = positions in the table) holds the key ``by`` and the values. Repeats with the same
    values count once; repeats with different values all go to the quarantine, because nobody but the
    agency can say which one is right. ``column`` is the file's column to point at.
    """
    repeated = rows.duplicated(list(by), keep=False)
    if not repeated.any():
        return rows.index.to_numpy(dtype=np.int64), []
    different = rows.drop_duplicates()
    different = different[different.duplicated(list(by), keep=False)]
    among = pd.MultiIndex.from_frame(rows[list(by)])
    clash = rows.index[among.isin(pd.MultiIndex.from_frame(different[list(by)]))]
    quarantine.add(
        clash,
        column,
        table.frame[column].loc[clash].tolist(),
        f"{what} is reported once, or twice with the same figures",
        "Two rows give different figures. Ask the agency which is right and delete the other.",
    )
    twins = rows.index[rows.duplicated() & ~rows.index.isin(clash)]
    keep = rows.index.difference(clash).difference(twins)
    messages = []
    if len(twins):
        messages.append(
            f"{len(twins):,} {plural(len(twins), 'row repeats', 'rows repeat')} an earlier row exactly "
            f"({lines_phrase(table.line[twins.to_numpy(dtype=int)])}): counted once."
        )
    return keep.to_numpy(dtype=np.int64), messages


def long_counts(
    keys: pd.DataFrame, counts: pd.DataFrame, source: str, file: str, status: Any = "reported"
) -> pd.DataFrame:
    """Monthly counts in long form; cells without a figure give no row (missing, not zero).

    ``keys`` has agency_id and month; ``counts`` one column per offense, same index; ``status`` is one
    status or a frame of them shaped like ``counts``.
    """
    rows, columns = counts.shape
    out = pd.DataFrame(
        {
            "agency_id": np.repeat(keys["agency_id"].to_numpy(dtype=object), columns),
            "month": np.repeat(keys["month"].to_numpy(dtype=object), columns),
            "offense": np.tile(counts.columns.to_numpy(dtype=object), rows),
            "count": counts.to_numpy(dtype=float).ravel(),
            "status": status if isinstance(status, str) else status.to_numpy(dtype=object).ravel(),
            "source": source,
            "source_file": file,
        }
    )
    out = out[out["count"].notna()].reset_index(drop=True)
    text = [name for name in MONTHLY_COLUMNS if name != "count"]
    return out.astype(dict.fromkeys(text, "str"))[list(MONTHLY_COLUMNS)]
