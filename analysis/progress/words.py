"""An assessment in plain sentences."""

from __future__ import annotations

import math

import pandas as pd

from analysis.progress.compare import Comparison
from analysis.progress.dispersion import THRESHOLD, Dispersion
from analysis.progress.goal import READINGS, Goal
from analysis.progress.verdict import (
    MIN_EXPECTED,
    MIN_FOR_PERCENT,
    GoalVerdict,
    chance_words,
    change_words,
    number,
    pace,
)
from analysis.progress.windows import month_words, span_words


def choice_words(found: Comparison, spread: Dispersion, rates: bool, goal: Goal) -> list[str]:
    """Every automatic choice, as sentences."""
    words = [f"Compared: {found.windows.words}.", f"The goal is read as: {READINGS[goal.reading]}."]
    if rates:
        words.append("Rates are compared: events by population of the same months.")
    if math.isfinite(spread.raw):
        widened = spread.value > THRESHOLD
        words.append(
            f"Over-dispersion of the baseline’s months is {spread.raw:.2f} ({spread.words}); "
            + (
                "the interval is widened by it."
                if widened
                else f"up to {THRESHOLD:g} the exact interval is used as it is."
            )
        )
    else:
        words.append(f"Dispersion: {spread.words}.")
    return words


def warning_words(
    found: Comparison, months: int, last: pd.Period, since_start: pd.PeriodIndex, enough: bool
) -> list[str]:
    """What a careful reader must know, as sentences."""
    words: list[str] = []
    if not len(since_start):
        words.append(f"The goal period had not begun by {month_words(last)}.")
    elif months == 0:
        words.append("No month since the start can be compared yet.")
    elif found.events == 0 and found.expected >= MIN_EXPECTED:
        words.append(
            f"No event was reported where the baseline’s pace gives {number(found.expected)}: check whether "
            "the months were reported."
        )
    if months and not enough:
        words.append(
            f"The baseline holds {number(found.baseline_events)} events; below {MIN_FOR_PERCENT:.0f} no "
            "percentage is given."
        )
    return words


def sentences_of(
    found: Comparison, verdict: GoalVerdict, goal: Goal, chance: float, pace_needed: float, months: int
) -> tuple[str, ...]:
    """What happened, how likely the goal is, and what it would take: one sentence each."""
    if months == 0:
        return ("No complete month since the start can be compared yet.",)
    span = span_words(found.windows.now)
    if found.events == 0 and found.baseline_events == 0:
        return (f"No event in {span}, and none in the months it is compared with: nothing to judge.",)
    happened = (
        f"{number(found.events)} events in {span}, {change_words(found.events_change)} than the "
        f"baseline’s pace gives for the same months ({number(found.expected)})."
    )
    if found.expected == 0:
        happened = f"{number(found.events)} events in {span}; the baseline has none in the same months."
    if verdict is GoalVerdict.FEW:
        return (happened, f"Fewer than {MIN_EXPECTED:.0f} events are expected: too few to judge.")
    likely = (
        f"If the level since the start continues, the chance of reaching the goal is {chance_words(chance)}."
    )
    if not math.isfinite(pace_needed):
        return (happened, likely)
    if pace_needed < 0:
        return (happened, likely, "The goal can no longer be reached as it is read.")
    return (
        happened,
        likely,
        f"To reach it, the months left may hold {pace(pace_needed)} events each on average, against "
        f"{pace(found.events / months)} since the start.",
    )


def assumption_words(
    goal: Goal, dispersion: float, since: tuple[float, float], rates: bool
) -> tuple[str, ...]:
    """What the probability of reaching the goal takes for granted."""
    events, expected = since
    if expected <= 0:
        return ("No chance of reaching the goal is given before a month can be compared.",)
    words = [
        "The chance holds if the level since the start stays as it is: it knows nothing of new work, "
        "of work that ends, or of anything else that may change.",
        f"How well that level is known from {number(events)} events so far is part of the chance, and so "
        "is the scatter of the months to come.",
        "The time of year is taken from the baseline: each month to come has its calendar month’s share.",
        f"The goal itself is a fixed number of events, {100 * (1 - goal.reduction):.0f} % of the "
        "baseline’s pace.",
    ]
    if dispersion > THRESHOLD:
        words.append(
            f"Months scatter {dispersion:.1f} times as much as chance alone would make them, as they did "
            "in the baseline."
        )
    if rates:
        words.append("The newest population stands for the months to come.")
    return tuple(words)
