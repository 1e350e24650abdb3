"""Like with like, never overlapping, never half known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.evidence import RefusedError
from analysis.progress.windows import (
    last_complete_month,
    left_out_words,
    match_windows,
    month,
    month_range,
    refuse_overlap,
    span_words,
)

BASELINE = pd.period_range("2022-01", "2024-12", freq="M")


def months(first, last):
    return pd.period_range(first, last, freq="M")


def test_part_of_a_year_is_matched_with_the_same_months(monthly):
    found = match_windows(monthly(1.0), BASELINE, months("2025-01", "2025-05"))
    assert list(found.baseline) == [
        pd.Period(f"{y}-{m:02d}") for y in (2022, 2023, 2024) for m in range(1, 6)
    ]
    assert found.weights == pytest.approx(1 / 3)
    assert found.words == "January 2025 to May 2025 (5 months) against the same months of 2022–2024"
    assert found.left_out == ()


def test_21_months_weigh_each_calendar_month_by_how_often_it_comes_now(monthly):
    found = match_windows(monthly(1.0), BASELINE, months("2025-01", "2026-09"))
    assert len(found.baseline) == 36
    by_month = {p.month: w for p, w in zip(found.baseline, found.weights, strict=True)}
    assert by_month[9] == pytest.approx(2 / 3)
    assert by_month[10] == pytest.approx(1 / 3)


def test_a_window_that_starts_in_mid_year_needs_no_whole_years(monthly):
    found = match_windows(monthly(1.0), BASELINE, months("2025-11", "2026-02"))
    assert sorted(set(found.baseline.month)) == [1, 2, 11, 12]
    assert found.weights.sum() == pytest.approx(4)


@pytest.mark.parametrize(
    ("now", "shared"),
    [
        (("2024-12", "2025-11"), "December 2024"),
        (("2024-01", "2024-12"), "January 2024 to December 2024"),
    ],
)
def test_overlapping_windows_are_refused_and_the_months_named(monthly, now, shared):
    """A city's published figure had to be withdrawn because its two windows shared months."""
    with pytest.raises(RefusedError, match="overlap") as error:
        match_windows(monthly(1.0), BASELINE, months(*now))
    assert shared in str(error.value)


def test_a_baseline_after_the_window_is_refused():
    with pytest.raises(RefusedError, match="does not lie before"):
        refuse_overlap(months("2025-01", "2025-12"), months("2023-01", "2023-12"))


def test_a_month_missing_now_is_dropped_on_both_sides(monthly):
    counts = monthly(10.0)
    counts["2025-03"] = np.nan
    found = match_windows(counts, BASELINE, months("2025-01", "2025-06"))
    assert pd.Period("2025-03") not in found.now
    assert 3 not in set(found.baseline.month)
    assert float(np.sum(found.weights * 10)) == pytest.approx(50)
    assert left_out_words(found.left_out) == ("March 2025: not completely reported; left out of both sides.",)


def test_a_month_missing_in_the_baseline_is_made_up_for_by_the_other_years(monthly):
    counts = monthly(10.0)
    counts["2023-03"] = np.nan
    found = match_windows(counts, BASELINE, months("2025-01", "2025-06"))
    weights = dict(zip(found.baseline, found.weights, strict=True))
    assert weights[pd.Period("2022-03")] == pytest.approx(1 / 2)
    assert weights[pd.Period("2022-04")] == pytest.approx(1 / 3)
    assert float(np.sum(found.weights * 10)) == pytest.approx(60)
    assert "other baseline years" in left_out_words(found.left_out)[0]


def test_a_calendar_month_that_no_baseline_year_reported_is_dropped_on_both_sides(monthly):
    counts = monthly(10.0)
    counts[(counts.index.month == 3) & (counts.index.year < 2025)] = np.nan
    found = match_windows(counts, BASELINE, months("2025-01", "2025-06"))
    assert pd.Period("2025-03") not in found.now
    assert float(np.sum(found.weights * 10)) == pytest.approx(50)


def test_absent_rows_are_missing_months(monthly):
    counts = monthly(10.0)
    found = match_windows(counts.drop(pd.Period("2025-02")), BASELINE, months("2025-01", "2025-03"))
    assert list(found.now) == [pd.Period("2025-01"), pd.Period("2025-03")]


def test_nothing_reported_gives_empty_windows(monthly):
    found = match_windows(monthly(1.0, last="2024-12"), BASELINE, months("2025-01", "2025-06"))
    assert len(found.now) == len(found.baseline) == 0
    assert found.words == "no month can be compared yet"


def test_exposure_weighs_by_people(monthly):
    people = monthly(1000.0)
    people[people.index.year >= 2025] = 1500.0
    found = match_windows(monthly(10.0), BASELINE, months("2025-01", "2025-12"), people)
    assert found.weights == pytest.approx(0.5)


@settings(max_examples=40, deadline=None)
@given(
    first=st.integers(0, 20),
    length=st.integers(1, 36),
    holes=st.sets(st.integers(0, 71), max_size=25),
)
def test_constant_counts_always_compare_as_equal(first, length, holes):
    """Whatever is missing, a place where nothing changed is expected to have what it has."""
    index = pd.period_range("2022-01", "2027-12", freq="M")
    counts = pd.Series(7.0, index=index)
    counts.iloc[list(holes)] = np.nan
    now = pd.period_range(pd.Period("2025-01") + first, periods=min(length, 36 - first), freq="M")
    found = match_windows(counts, BASELINE, now)
    assert 7 * found.weights.sum() == pytest.approx(7 * len(found.now))
    assert set(found.now.month) == set(found.baseline.month)
    assert not counts.reindex(found.now.append(found.baseline)).isna().any()
    named = {period for period, _ in found.left_out}
    assert set(now) - set(found.now) <= named


@pytest.mark.parametrize(
    ("as_of", "month_expected"),
    [
        ("2026-09", "2026-09"),
        (pd.Period("2026-09", "M"), "2026-09"),
        ("2026-09-15", "2026-08"),
        (pd.Timestamp("2026-09-30"), "2026-09"),
        (pd.Timestamp("2026-10-01"), "2026-09"),
    ],
)
def test_only_months_that_are_over_count(as_of, month_expected):
    assert last_complete_month(as_of) == pd.Period(month_expected)


@pytest.mark.parametrize("text", ["winter", "2026-13", None, "2026-99-99"])
def test_what_is_no_month_is_refused_in_words(text):
    with pytest.raises(RefusedError):
        last_complete_month(text)


def test_month_ranges():
    assert len(month_range("2022-01", "2024-12", "The baseline")) == 36
    with pytest.raises(RefusedError, match="before it begins"):
        month_range("2024-12", "2022-01", "The baseline")
    with pytest.raises(RefusedError, match="not a month"):
        month("spring")


def test_spans_say_their_holes():
    whole = months("2025-01", "2025-06")
    assert span_words(whole) == "January 2025 to June 2025 (6 months)"
    assert span_words(whole.delete(2)) == "January 2025 to June 2025 (5 of 6 months)"
    assert span_words(whole[:1]) == "January 2025"


def test_long_runs_of_missing_months_are_named_as_a_span(monthly):
    counts = monthly(1.0)
    counts["2025-04":"2025-09"] = np.nan
    found = match_windows(counts, BASELINE, months("2025-01", "2025-12"))
    assert left_out_words(found.left_out)[0].startswith("April 2025 to September 2025: ")
