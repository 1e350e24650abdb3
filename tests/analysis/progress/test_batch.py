"""The batch says what one assessment at a time says, for every column and every kind of series."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.evidence import RefusedError
from analysis.progress import Goal, assess
from analysis.progress.batch import COLUMNS, assess_all

GOALS = (
    Goal("m", ("2022-01", "2024-12"), "2025-01"),
    Goal("m", ("2022-01", "2024-12"), "2025-01", reading="cumulative"),
    Goal("m", ("2024-01", "2024-12"), "2025-01"),
    Goal("m", ("2021-12", "2024-11"), "2024-12"),
    Goal("m", ("2022-07", "2024-06"), "2024-07", months=18, reading="cumulative", reduction=0.1),
    Goal("m", ("2017-01", "2019-12"), "2025-01"),
    Goal("m", ("2022-01", "2023-12"), "2024-01", months=24),
)


def one_at_a_time(counts, goal, as_of, completeness=None):
    try:
        p = assess(counts, goal, as_of, completeness=completeness)
    except RefusedError as error:
        return {**dict.fromkeys(COLUMNS, math.nan), "verdict": "", "why": str(error)}
    row = {
        "months": len(p.months_used), "events": p.events, "baseline_events": p.baseline_events,
        "expected": p.expected, "path_events": p.path_events, "dispersion": p.dispersion,
        "p_value": p.p_value, "probability_fewer": p.probability_fewer,
        "probability_at_target": p.probability_at_target,
        "probability_third_year": p.probabilities["third_year"],
        "probability_cumulative": p.probabilities["cumulative"], "probability": p.probability,
        "pace_needed": p.monthly_pace_needed, "verdict": str(p.verdict), "why": "",
    }  # fmt: skip
    for interval, names in (
        (p.rate_ratio, ("rate_ratio", "lower", "upper")),
        (p.percent_change, ("percent", "percent_lower", "percent_upper")),
        (p.events_change, ("change", "change_lower", "change_upper")),
        (p.share_of_goal, ("share", "share_lower", "share_upper")),
    ):
        row |= dict(zip(names, (interval.estimate, interval.lower, interval.upper), strict=True))
    return row


def same(series, goals, as_of, completeness=None):
    table = assess_all(series, goals, as_of, completeness)
    assert list(table["key"]) == list(series) * len(goals)
    for g, goal in enumerate(goals):
        rows = table[table["goal"] == g]
        for i, (key, counts) in enumerate(series.items()):
            mine = rows.iloc[i]
            theirs = one_at_a_time(counts, goal, as_of, completeness[key] if completeness else None)
            for name, value in theirs.items():
                if name == "last":
                    continue
                if isinstance(value, str):
                    assert mine[name] == value, (g, key, name)
                else:
                    assert mine[name] == pytest.approx(value, rel=1e-10, abs=1e-12, nan_ok=True), (
                        g,
                        key,
                        name,
                    )


def awkward():
    rng = np.random.default_rng(11)
    index = pd.period_range("2021-01", "2026-09", freq="M")
    season = 1 + 0.3 * np.cos(2 * np.pi * index.month.to_numpy() / 12)
    found = {}
    for i, (rate, phi) in enumerate([(0.2, 1), (1, 2), (5, 1), (12, 1.5), (80, 3), (400, 1)]):
        mean = rate * season
        draw = rng.poisson(mean) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi)
        found[("place", i)] = pd.Series(draw.astype(float), index=index)
    holed = found[("place", 3)].copy()
    holed[["2023-02", "2024-02", "2025-02", "2022-02", "2026-09"]] = np.nan
    found["holed"] = holed
    found["zero"] = pd.Series(0.0, index=index)
    found["zero baseline"] = pd.Series(np.where(index.year < 2025, 0.0, 3.0), index=index)
    found["zero now"] = pd.Series(np.where(index.year < 2025, 9.0, 0.0), index=index)
    found["late"] = found[("place", 2)].loc["2023-06":]
    found["too late"] = found[("place", 2)].loc["2025-06":]
    found["stale"] = found[("place", 2)].loc[:"2024-10"]
    found["unsorted"] = found[("place", 2)].sample(frac=1, random_state=1)
    return found


@pytest.mark.parametrize("as_of", ["2024-12", "2025-03", "2026-09", "2026-05-12", "2028-06"])
def test_every_column_of_every_kind_of_series(as_of):
    same(awkward(), GOALS, as_of)


def test_months_whose_reports_are_still_coming_in():
    series = awkward()
    share = pd.Series([0.97, 0.9, 0.6], index=pd.period_range("2026-07", "2026-09", freq="M"))
    same(series, GOALS[:2], "2026-09", dict.fromkeys(series, share))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=69, max_size=69),
    st.sampled_from(["2025-02", "2026-09"]),
)
def test_any_series(values, as_of):
    index = pd.period_range("2021-01", periods=69, freq="M")
    series = pd.Series([math.nan if v is None else float(v) for v in values], index=index)
    same({"x": series}, GOALS[:3], as_of)


def test_nothing_and_bad_input():
    assert assess_all({}, GOALS, "2026-09").empty
    bad = pd.Series([-1.0], index=pd.period_range("2025-01", periods=1, freq="M"))
    with pytest.raises(RefusedError, match=r"\('stl_city', 'homicide'\): .*zero or more"):
        assess_all({("stl_city", "homicide"): bad}, GOALS, "2026-09")
    own = awkward()
    both = assess_all(own, GOALS[:1], dict.fromkeys(own, "2026-09"))
    pd.testing.assert_frame_equal(both, assess_all(own, GOALS[:1], "2026-09"))


def test_a_reading_changes_the_chance_alone():
    table = assess_all(awkward(), (GOALS[0], dataclasses.replace(GOALS[0], reading="cumulative")), "2026-09")
    a, b = (table[table["goal"] == g].reset_index(drop=True) for g in (0, 1))
    pd.testing.assert_series_equal(a["rate_ratio"], b["rate_ratio"])
    assert (a["probability"].fillna(-1) == a["probability_third_year"].fillna(-1)).all()
    assert (b["probability"].fillna(-1) == b["probability_cumulative"].fillna(-1)).all()
