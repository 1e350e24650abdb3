"""Small counts hidden so that they stay hidden: the engine behind :mod:`analysis.data.privacy`.

A count from 1 to k − 1 is hidden (primary). Where a shown total would give it away by subtraction,
other counts are hidden with it (complementary), the smallest first, until no hidden count can be
worked out: every shown total has at least two hidden counts, more than one value is possible for
each of them, and no combination of totals solves for one. Zeros are shown as zeros; a total that is
itself small is hidden like any count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

HIDDEN: Final = "hidden"
SHOWN: Final = "shown"


def words(value: object, k: int = 5) -> str:
    """A count as it is said: "1,204", "0", or "fewer than 5" for one that is hidden (NaN, None)."""
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return f"fewer than {k}"
    return f"{float(str(value)):,.0f}"


def suppress(
    table: pd.DataFrame,
    value: str,
    *,
    k: int,
    by: str | Sequence[str] | None = None,
    totals: str | None = None,
) -> pd.DataFrame:
    """Hide small counts, and others with them, so that none can be worked out from shown totals.

    Args:
        table: one row a cell; ``value`` holds whole counts (NaN: not known, stays as it is).
        k: counts from 1 to k − 1 are hidden; 1 hides nothing.
        by: one or several columns that make up the table. For each of them the sums over it are taken
            to be public. None: the rows form one list with a public sum.
        totals: the label (such as "all") that marks total rows in the ``by`` columns. These rows are
            then the only totals that are shown, and are hidden where they must be. Without it every
            sum of k or more is taken to be public elsewhere.

    Returns:
        The table with ``value`` NaN where hidden, and two columns more: ``hidden`` (bool) and
        ``shown`` (text: the count, "fewer than k", or "not shown" for a count that is hidden to
        protect another).

    Raises:
        ValueError: a count is negative or no whole number, or a total row does not add up.
    """
    out = table.reset_index(drop=True).copy()
    counts = out[value].to_numpy(dtype=float, copy=True, na_value=np.nan)
    known = np.isfinite(counts)
    if (counts[known] < 0).any() or (counts[known] != np.round(counts[known])).any():
        raise ValueError("Only whole counts of zero or more can be suppressed.")
    small = known & (counts > 0) & (counts < k)
    hidden = small.copy()
    if small.any():
        dimensions = [by] if isinstance(by, str) else list(by or [])
        lines = _lines(out, counts, dimensions, totals, k)
        if k == 2:
            small[:] = False  # "fewer than 2" would say 1
        _complement(counts, hidden, small, lines, k)
    out[value] = np.where(hidden, np.nan, counts)
    out[HIDDEN] = hidden
    said = [words(v, k) if h or np.isfinite(v) else "" for v, h in zip(out[value], hidden, strict=True)]
    out[SHOWN] = pd.array(np.where(hidden & ~small, "not shown", np.array(said)), dtype="str")
    out.index = table.index
    return out


@dataclass(frozen=True, slots=True)
class _Line:
    """Rows whose sum is public: as another row of the table, or elsewhere (total None)."""

    members: npt.NDArray[np.int64]
    total: int | None


def _lines(
    table: pd.DataFrame, counts: npt.NDArray[np.float64], by: list[str], label: str | None, k: int
) -> list[_Line]:
    """Every sum over one dimension."""
    everything = np.arange(len(table))
    if not by:
        return _checked([_Line(everything, None)], counts, k)
    lines = []
    for dimension in by:
        others = [c for c in by if c != dimension]
        groups: Any = (
            table.groupby(others, sort=False, dropna=False).indices.values() if others else [everything]
        )
        is_total = (
            (table[dimension] == label).to_numpy() if label is not None else np.zeros(len(table), dtype=bool)
        )
        for rows in groups:
            members, marked = rows[~is_total[rows]], rows[is_total[rows]]
            if label is None:
                lines.append(_Line(members, None))
            elif len(marked) == 1:
                lines.append(_Line(members, int(marked[0])))
            elif len(marked) > 1:
                raise ValueError(f"There are {len(marked)} total rows for one sum over {dimension}.")
    return _checked(lines, counts, k)


def _checked(lines: list[_Line], counts: npt.NDArray[np.float64], k: int) -> list[_Line]:
    """Lines that say something: a sum with an unknown member, or a small sum elsewhere, says nothing."""
    kept = []
    for line in lines:
        total = counts[line.members].sum()
        if line.total is not None and np.isfinite(total) and counts[line.total] != total:
            raise ValueError(
                f"A total row says {counts[line.total]:,.0f}, but its rows add up to {total:,.0f}."
            )
        if np.isfinite(total) and (line.total is not None or total == 0 or total >= k):
            kept.append(line)
    return kept


def _complement(
    counts: npt.NDArray[np.float64],
    hidden: npt.NDArray[np.bool_],
    told: npt.NDArray[np.bool_],
    lines: list[_Line],
    k: int,
) -> None:
    """Hide more rows until nothing hidden can be worked out (``hidden`` and ``told`` in place).

    ``told``: rows said to be fewer than k. Where a line has nothing more to hide but zeros, its rows
    are hidden without that word, which leaves every value possible. Each step hides or unsays one
    row at least, so this ends.
    """
    while True:
        line = next((line for line in lines if not _safe(line, counts, hidden, told, k)), None)
        if line is not None:
            rows = line.members if line.total is None else np.append(line.members, line.total)
            candidates = rows[~hidden[rows] & (counts[rows] > 0)]
            if not candidates.size:
                told[rows] = False
                if hidden[line.members].sum() > 1:
                    continue
                candidates = rows[~hidden[rows]]
        else:
            solved = _solved(hidden, lines)
            if not solved.size:
                return
            near = [line for line in lines if np.isin(solved, line.members).any()]
            rows = np.unique(np.concatenate([line.members for line in near]))
            candidates = rows[~hidden[rows]]
        if not candidates.size:
            hidden[np.isfinite(counts)], told[:] = True, False
            return
        hidden[_smallest(candidates, counts, hidden, lines)] = True


def _smallest(
    candidates: npt.NDArray[np.int64],
    counts: npt.NDArray[np.float64],
    hidden: npt.NDArray[np.bool_],
    lines: list[_Line],
) -> int:
    """The row to hide next: not a zero, in lines that hide something already, of the smallest count."""
    busy = np.zeros(len(counts), dtype=np.int64)
    for line in lines:
        if hidden[line.members].any():
            busy[line.members] += 1
    order = np.lexsort((candidates, counts[candidates], -busy[candidates], counts[candidates] == 0))
    return int(candidates[order[0]])


def _safe(
    line: _Line,
    counts: npt.NDArray[np.float64],
    hidden: npt.NDArray[np.bool_],
    told: npt.NDArray[np.bool_],
    k: int,
) -> bool:
    """Whether the line's shown total leaves more than one value to each of its hidden counts.

    A reader knows that "fewer than k" is 1 to k − 1, and may guess that a count not shown is 0, or k
    or more (were it small, it would be said to be small).
    """
    rows = line.members[hidden[line.members]]
    if not rows.size or (line.total is not None and hidden[line.total]):
        return True
    if rows.size == 1:
        return False
    small = int(told[rows].sum())
    if not small:
        return True
    total = int(counts[rows].sum())
    others = rows.size > small
    sums = [
        p
        for p in range(small, small * (k - 1) + 1)
        if p == total or (others and total - p >= k)  # what is left for the counts not shown
    ]
    between = len(sums) == 1 and small < sums[0] < small * (k - 1)
    return total >= k and (len(sums) > 1 or (between and small > 1))


def _solved(hidden: npt.NDArray[np.bool_], lines: list[_Line]) -> npt.NDArray[np.int64]:
    """Hidden rows that some combination of the shown totals determines."""
    rows = np.flatnonzero(hidden)
    position = np.full(len(hidden), -1)
    position[rows] = np.arange(len(rows))
    equations = []
    for line in lines:
        equation = np.zeros(len(rows))
        equation[position[line.members[hidden[line.members]]]] = 1.0
        if line.total is not None and hidden[line.total]:
            equation[position[line.total]] = -1.0
        if equation.any():
            equations.append(equation)
    if not equations:
        return np.array([], dtype=np.int64)
    # A row is determined exactly when no direction that all totals allow moves it.
    _, size, directions = np.linalg.svd(np.array(equations))
    rank = int((size > 1e-9).sum())
    free = directions[rank:]
    return rows[~(np.abs(free) > 1e-9).any(axis=0)] if len(free) else rows


# ---------------------------------------------------------------- a whole and its part


def protect_pair(
    whole: npt.ArrayLike, part: npt.ArrayLike, k: int, groups: npt.ArrayLike | None = None
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Hide counts of n places and of a part of each (gun violence within all violence), jointly.

    Both lists and both their sums are taken to be public. What the reader can subtract is the rest
    (whole − part) of a place and the sums of what is hidden; neither is left to say a small count. Where
    that cannot be had, everything is hidden.

    Args:
        whole: n whole counts. part: n counts, none above its whole.
        k: counts from 1 to k − 1 are hidden; 1 hides nothing.
        groups: n labels; the sums of each group are public too, and each is protected by itself.
            Hexagons at a border are on the maps of two places, so the sums of all that are on the
            same maps can be worked out: those are the groups.

    Returns:
        Two masks of what is hidden. Say "not shown" for all of them: that a count of the part is
        small, or that it is not, may be what tells it.

    Raises:
        ValueError: a part exceeds its whole, or a count is negative.
    """
    every, some = np.asarray(whole, float), np.asarray(part, float)
    if (some > every).any() or (some < 0).any():
        raise ValueError("A part lies between zero and its whole.")
    masks = np.zeros(len(every), bool), np.zeros(len(every), bool)
    if k <= 1:
        return masks
    if groups is not None:
        labels = np.asarray(groups)
        for label in np.unique(labels):
            rows = labels == label
            masks[0][rows], masks[1][rows] = protect_pair(every[rows], some[rows], k)
        return masks
    small = set(range(1, k))
    nothing = np.ones(len(every), bool), np.ones(len(every), bool)
    hide_whole = _with_company(every, (every > 0) & (every < k), [small] * len(every), every.sum())
    if hide_whole is None:
        return nothing
    rest = every - some
    first = ((some > 0) & (some < k)) | ((rest > 0) & (rest < k) & ~hide_whole) | (hide_whole & (some > 0))
    most = np.where(hide_whole, some.sum(), every)
    options = [
        set(range(1, max(k, n + 1))) if gone else {*small, *range(max(1, n - k + 1), n)}
        for gone, n in zip(hide_whole, every.astype(int), strict=True)
    ]
    hide_part = _with_company(some, first, options, most)
    return nothing if hide_part is None else (hide_whole, hide_part)


def _with_company(
    counts: npt.NDArray[np.float64],
    hidden: npt.NDArray[np.bool_],
    options: Sequence[set[int]],
    most: npt.ArrayLike,
) -> npt.NDArray[np.bool_] | None:
    """Hide more, smallest first, until the public sum leaves each hidden count two values or more.

    ``options``: values that a reader who knows the rules has to allow for each count that is hidden
    by itself; once others are hidden with them, nobody can tell which are which. ``most``: what each
    can be at most. None: there is not enough company.
    """
    out, most = hidden.copy(), np.broadcast_to(most, counts.shape)
    while out.any():
        total, rows = int(counts[out].sum()), np.flatnonzero(out)
        allowed = [options[int(i)] for i in rows]
        if (out & ~hidden).any():
            allowed = [set(range(1, int(min(most[i], total)) + 1)) for i in rows]
        if _each_can_move(allowed, total):
            break
        left = np.flatnonzero(~out & (counts > 0))
        if not left.size:
            return None  # a chosen zero would be no company: who knows the choice knows it for a zero
        out[left[np.argmin(counts[left])]] = True
    return out


def _each_can_move(allowed: Sequence[set[int]], total: int) -> bool:
    """Whether every one of some numbers with a known sum can have two values or more.

    Sets of reachable sums are the bits of whole numbers: adding a value is a shift.
    """
    before, after = [1], [1]
    for values in allowed:
        before.append(_plus(before[-1], values, total))
    for values in reversed(allowed):
        after.append(_plus(after[-1], values, total))
    for i, values in enumerate(allowed):
        rest = after[len(allowed) - i - 1]
        mirrored = int(f"{rest:0{total + 1}b}"[::-1], 2)
        if sum(bool(before[i] & (mirrored >> v)) for v in values if v <= total) < 2:
            return False
    return True


def _plus(sums: int, values: set[int], total: int) -> int:
    reached = 0
    for v in values:
        reached |= sums << v
    return reached & ((1 << (total + 1)) - 1)


def stand_in(counts: npt.ArrayLike, hidden: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Counts with every hidden one replaced by the mean of the hidden.

    Tests and curves made from these say nothing that the shown counts and their sum do not say.
    """
    out = np.array(counts, dtype=float)
    if hidden.any():
        out[hidden] = out[hidden].mean()
    return out
