"""The audience rules: nothing that is hidden can be worked out, and nothing is hidden without a reason."""

from __future__ import annotations

import itertools

import h3
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.privacy import (
    AUDIENCES,
    Rate,
    Sum,
    coarsened,
    last_shown,
    map_end,
    map_windows,
    mappable,
    protect_pair,
    protect_people,
    rate_standing,
    stand_in,
    sums_of,
    withheld,
)

PUBLIC, COUNCIL, RESEARCHER = (AUDIENCES[a] for a in ("public", "council", "researcher"))
K = PUBLIC.k


def values_of(whole: np.ndarray, part: np.ndarray, k: int) -> tuple[list[set[int]], list[set[int]]]:
    """Every value each count can have for a reader of what is shown and of both sums, by trying all."""
    hidden = protect_pair(whole, part, k)
    total, sum_of_part, n = int(whole.sum()), int(part.sum()), len(whole)
    found: tuple[list[set[int]], list[set[int]]] = ([set() for _ in whole], [set() for _ in part])
    ranges = [
        itertools.product(
            range(total + 1) if hidden[0][i] else [int(whole[i])],
            range(sum_of_part + 1) if hidden[1][i] else [int(part[i])],
        )
        for i in range(n)
    ]
    for guess in itertools.product(*[[g for g in r if g[1] <= g[0]] for r in ranges]):
        w, p = np.array([g[0] for g in guess], float), np.array([g[1] for g in guess], float)
        if w.sum() != total or p.sum() != sum_of_part:
            continue
        for i in range(n):
            found[0][i].add(int(w[i]))
            found[1][i].add(int(p[i]))
    return found


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=3))
def test_no_small_count_of_a_pair_can_be_told_from_what_is_shown_and_its_sums(
    rows: list[tuple[int, int]],
) -> None:
    k = 3
    whole = np.array([a + b for a, b in rows], float)
    part = np.array([a for a, _ in rows], float)
    hidden = protect_pair(whole, part, k)
    if hidden[0].all() and hidden[1].all():
        return  # nothing is published at all
    possible = values_of(whole, part, k)
    for mask, counts, options in zip(hidden, (whole, part), possible, strict=True):
        small = (counts > 0) & (counts < k)
        for i in np.flatnonzero(mask & small):
            assert len(options[i]) > 1, (rows, i, counts, options)
    rest = whole - part
    for i in np.flatnonzero((rest > 0) & (rest < k)):
        assert len(possible[0][i]) > 1 or len(possible[1][i]) > 1, (rows, i, possible)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=40), st.integers(2, 6)
)
def test_what_is_shown_of_a_pair_is_never_small_nor_is_its_rest(rows: list[tuple[int, int]], k: int) -> None:
    whole = np.array([a + b for a, b in rows])
    part = np.array([a for a, _ in rows])
    hide_whole, hide_part = protect_pair(whole, part, k)

    def small(x: np.ndarray) -> np.ndarray:
        return (x > 0) & (x < k)

    assert hide_whole[small(whole)].all()
    assert hide_part[small(part)].all()
    assert not (small(whole - part) & ~hide_whole & ~hide_part).any()
    for hidden in (hide_whole, hide_part):
        assert hidden.sum() != 1 or len(rows) == 1 or hidden.all()


def test_groups_are_protected_each_by_itself() -> None:
    whole, part = [3, 30, 40, 2, 50, 60], [0, 10, 20, 0, 20, 30]
    hidden, _ = protect_pair(whole, part, K, groups=["a", "a", "a", "b", "b", "b"])
    assert hidden.tolist() == [True, True, False, True, True, False]


def test_who_has_no_threshold_sees_everything_and_nonsense_is_refused() -> None:
    assert not np.any(protect_pair([1, 2, 3], [1, 0, 2], 1))
    with pytest.raises(ValueError, match="between zero and its whole"):
        protect_pair([1], [2], 5)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=2, max_size=12), st.data())
def test_stand_ins_keep_the_sum_and_say_nothing_of_the_single_count(counts: list[int], data) -> None:  # type: ignore[no-untyped-def]
    hidden = np.array(data.draw(st.lists(st.booleans(), min_size=len(counts), max_size=len(counts))))
    made = stand_in(counts, hidden)
    assert made.sum() == pytest.approx(sum(counts))
    assert len(set(made[hidden].round(9))) <= 1
    assert (made[~hidden] == np.array(counts, float)[~hidden]).all()


def table(**columns: list[float]) -> dict[tuple[str, str], pd.Series]:
    index = pd.period_range("2025-01", periods=len(next(iter(columns.values()))), freq="M")
    return {tuple(k.split("__")): pd.Series(v, index=index, dtype=float) for k, v in columns.items()}  # type: ignore[misc]


def test_a_small_month_takes_the_cheapest_company_with_it() -> None:
    series = table(
        region__homicide=[22, 14], stl_city__homicide=[20, 10], stl_county__homicide=[2, 4],
        region__robbery=[90, 80], stl_city__robbery=[60, 50], stl_county__robbery=[30, 30],
    )  # fmt: skip
    assert withheld(series, sums_of(series), K) == {("stl_county", "homicide"), ("region", "homicide")}


def test_offenses_that_add_up_give_nothing_away() -> None:
    series = table(
        x__violent_street_crime=[62, 64], x__homicide=[2, 4], x__robbery=[20, 20],
        x__aggravated_assault=[40, 40],
    )  # fmt: skip
    assert withheld(series, sums_of(series), K) == {("x", "homicide"), ("x", "robbery")}


def test_what_is_left_of_a_sum_may_not_be_small_either() -> None:
    series = table(
        x__violent_street_crime=[43, 43],
        x__homicide=[1, 2],
        x__robbery=[2, 1],
        x__aggravated_assault=[40, 40],
    )
    lost = withheld(series, sums_of(series), K)
    assert len(lost & set(series)) >= 3
    assert ("x", "aggravated_assault") in lost or ("x", "violent_street_crime") in lost


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_withheld_series_is_a_combination_of_shown_ones(data) -> None:  # type: ignore[no-untyped-def]
    draw = st.lists(st.integers(0, 14), min_size=3, max_size=3)
    series: dict[tuple[str, str], pd.Series] = {}
    names = ("homicide", "robbery", "aggravated_assault")
    index = pd.period_range("2025-01", periods=3, freq="M")
    for place in ("stl_city", "stl_county"):
        for name in names:
            series[place, name] = pd.Series(data.draw(draw), index=index, dtype=float)
        series[place, "violent_street_crime"] = sum(series[place, n] for n in names)  # type: ignore[assignment]
    for name in (*names, "violent_street_crime"):
        series["region", name] = series["stl_city", name] + series["stl_county", name]
    lost = withheld(series, sums_of(series), K)
    keys = sorted(series)
    base = [(p, n) for p in ("stl_city", "stl_county") for n in names]
    parts = np.array(
        [[p in (b[0], "region") and m in (b[1], "violent_street_crime") for b in base] for p, m in keys],
        float,
    )
    shown = np.array([k not in lost for k in keys])
    for key, row in zip(keys, parts, strict=True):
        if ((series[key] > 0) & (series[key] < K)).any():
            assert key in lost
        if key in lost and shown.any():
            rank = np.linalg.matrix_rank(parts[shown])
            assert np.linalg.matrix_rank(np.vstack([parts[shown], row])) > rank, key


def test_unknown_series_make_no_relation() -> None:
    series = table(region__homicide=[30, 30], stl_city__homicide=[20, 10])
    assert sums_of(series) == []
    assert sums_of(table(region__homicide=[20, 10], stl_city__homicide=[20, 10])) == [
        Sum(("region", "homicide"), (("stl_city", "homicide"),))
    ]


# ---------------------------------------------------------------- time


@pytest.mark.parametrize(
    ("audience", "known_on", "month"),
    [
        ("public", "2026-05-29", "2026-03"), ("public", "2026-05-30", "2026-04"),
        ("public", "2026-10-10", "2026-08"),
        ("council", "2026-05-07", "2026-04"), ("council", "2026-05-06", "2026-03"),
        ("researcher", "2026-05-31", "2026-05"), ("researcher", "2026-05-30", "2026-04"),
    ],
)  # fmt: skip
def test_a_month_is_shown_after_its_delay(audience: str, known_on: str, month: str) -> None:
    assert last_shown(AUDIENCES[audience], known_on) == pd.Period(month, "M")


@given(st.integers(0, 400), st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_successive_maps_never_differ_by_less_than_may_be_shown(start: int, later: int) -> None:
    first = pd.Period("1995-01", "M") + start
    for rules in (PUBLIC, COUNCIL):
        ends = map_end(rules, first), map_end(rules, first + later)
        apart = (ends[1] - ends[0]).n
        assert ends[0] <= first
        assert apart % rules.step == 0
        assert apart == 0 or apart >= max(rules.windows) >= rules.shortest_window


def test_an_audience_with_a_threshold_has_one_window_and_one_grid() -> None:
    for rules in (PUBLIC, COUNCIL):
        assert len(rules.windows) == len(rules.resolutions) == 1
        assert rules.resolutions[0] <= rules.finest_cell
    assert map_windows(PUBLIC, "homicide", 120) == ()
    assert map_windows(PUBLIC, "gun_violence", 11) == ()
    assert map_windows(PUBLIC, "gun_violence", 24) == (12,)
    assert map_windows(RESEARCHER, "homicide", 24) == (12, 24)


# ---------------------------------------------------------------- people, places, rates


def test_sexual_and_domestic_offenses_stay_with_their_jurisdiction() -> None:
    rows = pd.DataFrame(
        {
            "offense": ["rape", "robbery", "aggravated_assault", "sex_offense"],
            "domestic": [False, None, True, None],
        }
    )
    assert mappable(PUBLIC, rows).tolist() == [False, True, False, False]
    assert mappable(RESEARCHER, rows).all()


def test_points_are_moved_to_the_middle_of_their_cell_and_only_for_researchers() -> None:
    rows = pd.DataFrame({"longitude": [-90.2, np.nan], "latitude": [38.63, np.nan]})
    moved = coarsened(RESEARCHER, rows)
    cell = h3.latlng_to_cell(38.63, -90.2, 10)
    assert h3.cell_to_latlng(cell) == (moved["latitude"][0], moved["longitude"][0])
    assert moved["longitude"][0] != -90.2
    assert moved.loc[1].isna().all()
    for rules in (PUBLIC, COUNCIL):
        with pytest.raises(ValueError, match="no single incidents"):
            coarsened(rules, rows)


def test_a_small_month_of_people_takes_its_quarter_with_it() -> None:
    rows = pd.DataFrame(
        {"deployment_id": "d", "activity": "calls", "month": ["2026-01", "2026-02", "2026-03", "2026-04"],
         "value": [3.0, 20.0, 0.0, 9.0]}
    )  # fmt: skip
    assert protect_people(rows, 5)["value"].isna().tolist() == [True, True, True, False]
    assert protect_people(rows, 1)["value"].tolist() == [3.0, 20.0, 0.0, 9.0]


@pytest.mark.parametrize(
    ("events", "people", "said"),
    [(9, 5000, Rate.HIDDEN), (10, 299, Rate.HIDDEN), (10, 300, Rate.UNSTABLE), (19, 5000, Rate.UNSTABLE),
     (20, 5000, Rate.SHOWN), (np.nan, 5000, Rate.HIDDEN), (50, 0, Rate.HIDDEN), (50, np.nan, Rate.HIDDEN)],
)  # fmt: skip
def test_rates_of_few_people_or_events(events: float, people: float, said: Rate) -> None:
    assert rate_standing(PUBLIC, events, people) is said
    assert rate_standing(RESEARCHER, 3, 50) is Rate.UNSTABLE
