"""The shared shape of evidence, and the rules that weigh several effects."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence import (
    PATH_COLUMNS,
    Agreement,
    Effect,
    Grade,
    Interval,
    events_from_ratio,
    path_table,
    percent_from_ratio,
    weigh,
)


def effect(low: float, high: float, *, controlled: bool = True, method: str = "m") -> Effect:
    percent = Interval((low + high) / 2, low, high)
    ratio = percent.map(lambda p: 1 + p / 100)
    return Effect(method, ratio, percent, events_from_ratio(100, ratio), 0.2, 0.7, -25.0, 84, 14, controlled)


def test_interval_refuses_reversed_limits() -> None:
    with pytest.raises(ValueError, match="reversed"):
        Interval(1, 2, 1)


@given(st.floats(0.05, 5), st.floats(0.05, 5), st.integers(1, 10_000))
def test_events_keep_their_order_and_identity(a: float, b: float, observed: int) -> None:
    low, high = sorted((a, b))
    ratio = Interval((low + high) / 2, low, high)
    events = events_from_ratio(observed, ratio)
    assert events.lower <= events.estimate <= events.upper
    # observed = expected * ratio, whatever the ratio
    assert math.isclose((observed - events.estimate) * ratio.estimate, observed, rel_tol=1e-9)
    assert percent_from_ratio(ratio).lower == pytest.approx(100 * (low - 1))


def test_published_averted_events_follow_from_the_ratio() -> None:
    # Lopez Bernal et al. 2017, Sicily, seasonal model: 19,723 events observed after the ban.
    events = events_from_ratio(19_723, Interval(0.885072, 0.839401, 0.933227))
    assert events.estimate == pytest.approx(-2561.07, abs=0.2)


def test_events_of_nothing_observed_are_unknown() -> None:
    assert not events_from_ratio(0, Interval(0.9, 0.8, 1.0)).known


def test_effect_survives_its_record() -> None:
    e = Effect(
        "m", Interval(0.9, 0.8, 1.0, 0.9), Interval(-10, -20, 0, 0.9), Interval(-5, -9, 0, 0.9),
        float("nan"), 0.9, -20, 84, 14, True, Grade.WEAK, ("a", "b"), ("c",),
    )  # fmt: skip
    back = Effect.from_record(e.to_record())
    assert math.isnan(back.p_value)
    assert back.to_record() | {"p_value": 0} == e.to_record() | {"p_value": 0}


def test_path_starts_counting_at_the_start_and_skips_missing_months() -> None:
    months = pd.period_range("2025-01", periods=4, freq="M")
    table = path_table(
        months,
        [10, 8, np.nan, 7],
        [10, 10, 10, 10],
        [9] * 4,
        [12] * 4,
        post=np.array([False, True, True, True]),
    )
    assert tuple(table.columns) == PATH_COLUMNS
    assert table["cumulative"].isna().tolist() == [True, False, False, False]
    assert table["cumulative"].tolist()[1:] == [-2, -2, -5]
    assert table["effect_lower"].iloc[1] == 8 - 12


def test_path_refuses_columns_of_other_lengths() -> None:
    months = pd.period_range("2025-01", periods=2, freq="M")
    with pytest.raises(ValueError, match="expected has 1 values for 2 periods"):
        path_table(months, [1, 2], [1], [1, 1], [1, 1], post=np.array([False, True]))


@pytest.mark.parametrize(
    ("effects", "word"),
    [
        ([], Agreement.CANNOT_TELL),
        ([effect(-30, -5)], Agreement.FEWER),
        ([effect(5, 30)], Agreement.MORE),
        ([effect(-30, 5)], Agreement.CANNOT_TELL),
        ([effect(-30, -5, controlled=False)], Agreement.CANNOT_TELL),
        ([effect(-30, -5), effect(4, 30, controlled=False)], Agreement.DISAGREE),
        ([effect(-30, -20), effect(-15, -2)], Agreement.DISAGREE),
        ([effect(-30, -5), effect(-40, 10, controlled=False)], Agreement.FEWER),
    ],
)
def test_verdict_words(effects: list[Effect], word: Agreement) -> None:
    assert weigh(effects).agreement is word


def test_the_narrowest_controlled_effect_leads() -> None:
    narrow = effect(-5, 5, controlled=False, method="own past")
    wide = effect(-20, 10, method="comparison")
    verdict = weigh([narrow, wide])
    assert verdict.leading is not None
    assert verdict.leading.method == "comparison"
    assert verdict.range_percent == (-5.0, 0.0)
