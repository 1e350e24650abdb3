"""Nothing hidden can be worked out from what is shown."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.privacy import AUDIENCES, suppress, words


def shown(*counts, k=5):
    table = suppress(pd.DataFrame({"n": counts}), "n", k=k)
    return table["shown"].tolist()


def test_words() -> None:
    assert words(1204) == "1,204"
    assert words(0) == "0"
    assert words(None) == words(float("nan")) == "fewer than 5"
    assert words(pd.NA, 3) == "fewer than 3"


def test_a_lone_small_count_takes_the_next_smallest_with_it() -> None:
    assert shown(3, 0, 40, 9) == ["fewer than 5", "0", "40", "not shown"]


def test_zeros_are_shown_and_nothing_small_means_nothing_hidden() -> None:
    assert shown(0, 5, 12) == ["0", "5", "12"]
    assert shown(1, 2, 3, k=1) == ["1", "2", "3"]


def test_two_that_only_one_sum_allows_are_not_enough() -> None:
    # 4 + 4 = 8: both would have to be 4.
    assert shown(4, 4, 20) == ["fewer than 5", "fewer than 5", "not shown"]
    # Nothing else to hide: even to say that they are small would say too much.
    assert shown(4, 4) == ["not shown", "not shown"]


def test_a_sum_that_is_itself_small_is_not_taken_to_be_public() -> None:
    assert shown(2, 0, 0) == ["fewer than 5", "0", "0"]


def test_total_rows_are_hidden_when_small_and_must_add_up() -> None:
    table = pd.DataFrame({"area": ["a", "b", "all"], "n": [1, 2, 3]})
    assert suppress(table, "n", k=5, by="area", totals="all")["shown"].tolist() == ["fewer than 5"] * 3
    with pytest.raises(ValueError, match="add up"):
        suppress(table.assign(n=[1, 2, 9]), "n", k=5, by="area", totals="all")
    with pytest.raises(ValueError, match="whole counts"):
        suppress(table.assign(n=[1, 2.5, 3.5]), "n", k=5)


def test_unknown_counts_stay_unknown() -> None:
    table = suppress(pd.DataFrame({"n": [np.nan, 3.0, 30.0]}), "n", k=5)
    assert table["shown"].tolist() == ["", "fewer than 5", "30"]
    assert table["hidden"].tolist() == [False, True, False]


def possible(values: np.ndarray, hidden: np.ndarray, k: int, sums: list[np.ndarray]) -> list[set[int]]:
    """Every value each hidden count can have, by trying all of them (the reader knows the rules)."""
    cells = np.flatnonzero(hidden)
    allowed = []
    top = int(max(values.sum(), k))
    for cell in cells:
        allowed.append(range(1, k) if 0 < values[cell] < k else [0, *range(k, top + 1)])
    found: list[set[int]] = [set() for _ in cells]
    for guess in itertools.product(*allowed):
        trial = values.copy()
        trial[cells] = guess
        if all(trial[s].sum() == values[s].sum() for s in sums):
            for i, g in enumerate(guess):
                found[i].add(g)
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=5), st.integers(3, 5))
def test_a_list_never_gives_a_small_count_away(counts, k) -> None:
    values = np.array(counts)
    table = suppress(pd.DataFrame({"n": counts}), "n", k=k)
    hidden = table["hidden"].to_numpy()
    small = (values > 0) & (values < k)
    assert hidden[small].all()
    assert (table.loc[~hidden, "n"].to_numpy() == values[~hidden]).all()
    total = values.sum()
    if 0 < hidden.sum() <= 4 and total >= k and (table["shown"] == f"fewer than {k}").any():
        options = possible(values, hidden, k, [np.arange(len(values))])
        for cell, some in zip(np.flatnonzero(hidden), options, strict=True):
            if small[cell]:
                assert len(some) >= 2, (counts, k, cell, some)


@settings(max_examples=150, deadline=None)
@given(st.integers(2, 5), st.integers(2, 5), st.data())
def test_no_combination_of_row_and_column_sums_solves_a_hidden_count(rows, columns, data) -> None:
    counts = data.draw(st.lists(st.integers(0, 30), min_size=rows * columns, max_size=rows * columns))
    table = pd.DataFrame(
        {"a": np.repeat(range(rows), columns), "b": np.tile(range(columns), rows), "n": counts}
    )
    k = 5
    out = suppress(table, "n", k=k, by=["a", "b"])
    hidden = np.flatnonzero(out["hidden"])
    lines = [np.flatnonzero(table[c] == v) for c in "ab" for v in table[c].unique()]
    public = [
        line
        for line in lines
        if table["n"].to_numpy()[line].sum() >= k or not table["n"].to_numpy()[line].any()
    ]
    system = np.array([[1.0 if h in set(line) else 0.0 for h in hidden] for line in public])
    if len(hidden) and len(public):
        rank = np.linalg.matrix_rank(system)
        for i in range(len(hidden)):
            unit = np.zeros((1, len(hidden)))
            unit[0, i] = 1
            assert np.linalg.matrix_rank(np.vstack([system, unit])) > rank, "a hidden count can be solved"
    told = out["shown"] == f"fewer than {k}"
    assert ((table.loc[told, "n"] > 0) & (table.loc[told, "n"] < k)).all()
    for line in public:
        inside = np.intersect1d(line, hidden)
        assert len(inside) != 1, "one hidden count in a public sum"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=4, max_size=4))
def test_total_rows_in_the_table_hold_too(counts) -> None:
    grid = np.array(counts).reshape(2, 2)
    full = np.vstack([grid, grid.sum(axis=0)])
    full = np.column_stack([full, full.sum(axis=1)])
    labels = ["x", "y", "all"]
    rows = [(a, b, full[i, j]) for i, a in enumerate(labels) for j, b in enumerate(labels)]
    table = pd.DataFrame(rows, columns=["a", "b", "n"])
    out = suppress(table, "n", k=5, by=["a", "b"], totals="all")
    assert out.loc[(table["n"] > 0) & (table["n"] < 5), "hidden"].all()
    for column, other in (("a", "b"), ("b", "a")):
        for _, line in out.groupby(other):
            total = line[line[column] == "all"]
            if not total["hidden"].iloc[0]:
                assert line["hidden"].sum() != 1
    assert (out.index == table.index).all()


def test_rules_grow_looser_from_public_to_researcher() -> None:
    public, council, researcher = (AUDIENCES[a] for a in ("public", "council", "researcher"))
    assert public.k > council.k > researcher.k
    assert public.finest_cell < council.finest_cell < researcher.finest_cell
    assert public.delay_days > council.delay_days > researcher.delay_days
    assert not public.points
    assert not council.points
