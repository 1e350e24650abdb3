"""Numbers and sentences, with the cases that make dashboards lie: zero, unknown, few, up not down."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence import Grade, Interval
from dashboard import headlines as h
from dashboard import words as w

NAN = float("nan")


def plain(text: str) -> str:
    return text.replace(w.NBSP, " ")


@pytest.mark.parametrize(
    ("value", "said"),
    [(-1234.5, "−1,234"), (0, "0"), (-0.3, "0"), (2_500_000, "2,500,000"), (None, "not known"),
     (NAN, "not known"),
     (math.inf, "not known"), (pd.NA, "not known")],
)  # fmt: skip
def test_number(value: float, said: str) -> None:
    assert w.number(value) == said


def test_signed_numbers_have_a_plus_but_zero_has_none() -> None:
    assert w.number(3.2, 1, signed=True) == "+3.2"
    assert w.number(-3.2, 1, signed=True) == "−3.2"
    assert w.number(0.01, 1, signed=True) == "0.0"


@given(st.floats(allow_nan=True, allow_infinity=True, width=32))
def test_no_number_is_ever_written_as_a_machine_would(value: float) -> None:
    for text in (w.number(value), w.percent(value), w.direction(value), w.fewer(value)):
        assert not any(bad in text for bad in ("nan", "inf", "-", "None"))


def test_suppressed_counts() -> None:
    assert w.count(4, floor=5) == "fewer than 5"
    assert w.count(0, floor=5) == "fewer than 5"
    assert w.count(5, floor=5) == "5"
    assert w.count(None, floor=5) == "not known"


@pytest.mark.parametrize(
    ("share", "said"),
    [(1 / 3, "about 1 in 3"), (0.31, "about 3 in 10"), (0.05, "about 1 in 20"),
     (0.5, "about 1 in 2"),
     (0.001, "less than 1 in 100"), (0.999, "more than 99 in 100"), (NAN, "not known"),
     (0.83, "about 5 in 6")],
)  # fmt: skip
def test_odds(share: float, said: str) -> None:
    assert w.odds(share) == said


def test_a_chance_is_never_certain() -> None:
    assert w.chance(0.0) == "less than 1 in 100"
    assert w.chance(1.0) == "more than 99 in 100"


def test_months_and_windows() -> None:
    assert w.month("2026-06") == "June 2026"
    assert w.month(pd.NaT) == "not known"
    assert w.months("2026-01", "2026-06") == "January to June 2026"
    assert w.months("2025-01", "2026-06") == "January 2025 to June 2026"
    assert w.months("2026-06", "2026-06") == "June 2026"
    assert (
        w.window("2025-01", "2026-06", ("2022-01", "2024-12"))
        == "January 2025 to June 2026 against the same months of 2022 to 2024"
    )
    assert w.date("2024-05-23") == "May 23, 2024"


def test_windows_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        w.window("2024-06", "2025-06", ("2023-01", "2024-12"))


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (Interval(-11, -14, -8), "likely 8–14 %"),
        (Interval(11, 8, 14), "likely 8–14 %"),
        (Interval(-9, -21, 4), "likely between 21 % fewer and 4 % more"),
        (Interval(-5, -5.2, -4.9), "likely 5 %"),
        (Interval(-5, NAN, NAN), "range not known"),
        (Interval(0, -3, 0.2), "likely between 3 % fewer and no change"),
    ],
)
def test_ranges(interval: Interval, said: str) -> None:
    assert plain(w.likely(interval)) == said


def test_direction() -> None:
    assert plain(w.direction(-11.2)) == "down 11 %"
    assert plain(w.direction(4)) == "up 4 %"
    assert w.direction(0.3) == "unchanged"


def test_percent_keeps_its_sign_on_the_line() -> None:
    assert w.percent(-11.2) == "−11\u00a0%"


def test_people() -> None:
    assert w.people(Interval(-17, -33, 1)) == "about 17 fewer victims (between 33 fewer and 1 more)"
    assert w.people(Interval(-1, NAN, NAN)) == "about 1 fewer victim"
    assert w.people(Interval(0.2, -3, 3)).startswith("no difference in victims")
    assert "not known" in w.people(Interval(NAN, NAN, NAN))


def test_plurals_and_lists() -> None:
    assert w.plural(1, "month") == "1 month"
    assert w.plural(3, "city", "cities", spelled=True) == "three cities"
    assert w.join(["a", "b", "c"]) == "a, b and c"
    assert w.join([]) == ""


def test_cannot_tell_names_what_could_have_been_seen() -> None:
    assert plain(w.cannot_tell(-26)) == "We cannot tell yet; the smallest fall this could have shown is 26 %."
    assert w.cannot_tell(NAN) == "We cannot tell yet."


def progress(change: Interval, status: str = "on_course", **more: float) -> str:
    return plain(
        h.progress(
            "Violent street crime", "The region", "2025-01", change, goal_percent=20, needed_percent=10,
            status=status, **more,
        )
    )  # fmt: skip


def test_progress_headline() -> None:
    assert progress(Interval(-11, -14, -8)) == (
        "Violent street crime in the region is down 11 % since January 2025 (likely 8–14 %). "
        "The path to 20 % needs 10 % by now: on course."
    )


def test_progress_headline_up_too_few_reached_and_without_data() -> None:
    assert "is up 4 % since January 2025 (likely between 3 % fewer and 12 % more)" in progress(
        Interval(4, -3, 12), "behind"
    )
    few = progress(Interval(NAN, NAN, NAN), "too_few", events=7, baseline_events=9)
    assert "7 since January 2025, 9 to be expected" in few
    assert "too few to tell" in few
    assert "%" not in few
    assert progress(Interval(-25, -30, -20), "reached").endswith("The goal of 20 % fewer is reached.")
    assert "no complete figures yet" in progress(Interval(NAN, NAN, NAN))


def test_other_headlines() -> None:
    assert plain(h.tactics("Street outreach", 0.78, "the second quarter of 2026", 2, 3)) == (
        "Street outreach reached 78 % of its planned contacts in the second quarter of 2026; "
        "in two of three places it is too early to see an effect."
    )
    assert h.tactics(None, None, "", 0, 0) == "No tactic has started yet."
    assert plain(h.hotspots(0.05, 0.28, "gun violence", 6, 2)) == (
        "5 % of the map holds 28 % of gun violence. 6 places have been hot for a year or more; 2 are cooling."
    )
    assert "1 place has been hot for a year or more; 1 is cooling" in h.hotspots(0.05, 0.2, "robbery", 1, 1)
    assert "no mapped incidents" in h.hotspots(None, None, "Robbery", 0, 0)
    assert plain(h.evidence([37, 35, 34, 31, 21], [31, 21])) == (
        "Other cities report falls of 21 to 37 %; stronger studies find smaller ones."
    )
    assert plain(h.evidence([20, 30], [30])) == "Other cities report falls of 20 to 30 %."
    assert h.brief("Third quarter 2026", 2, 1) == "Third quarter 2026: two changes, one decision needed."
    assert h.brief("Third quarter 2026", 0, 0) == "Third quarter 2026: nothing changed, no decision needed."
    assert h.data("2026-06", 2, 3) == "Data are complete through June 2026 for two of three places."
    assert h.data(None, 0, 3) == "No place has complete data yet."
    assert plain(h.about(20, 36, "violent street crimes")) == (
        "Save Lives Now! aims for 20 % fewer violent street crimes in three years."
    )
    assert h.quarter("2026-09") == "Third quarter 2026"


def test_evaluation_headline_never_says_no_effect() -> None:
    told = plain(
        h.evaluation(
            "focused deterrence", "St. Louis City", Interval(-9, -21, 4), minimum_detectable_percent=-26
        )
    )
    assert told == (
        "Best estimate for focused deterrence in St. Louis City: 9 % fewer, between 21 % fewer and 4 % more. "
        "We cannot tell yet; the smallest fall this could have shown is 26 %."
    )
    clear = h.evaluation("CBT", "The region", Interval(-15, -21, -9), grade=Grade.MODERATE, controlled=True)
    assert "moderate" in clear
    alone = h.evaluation("CBT", "The region", Interval(-15, -21, -9), grade=Grade.WEAK)
    assert "does not say why" in alone
    for text in (told, clear, alone, h.evaluation("CBT", "The region", None)):
        assert "no effect" not in text


def test_specification() -> None:
    assert h.specification("St. Louis City", None) == "Your specification gave no estimate."
    assert "We cannot tell yet" in h.specification("The region", Interval(-2, -9, 5))
