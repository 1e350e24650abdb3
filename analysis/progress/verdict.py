"""The five words of a goal's verdict, by fixed rules, and the sentences that go with them."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final

from analysis.evidence import Interval

#: Fewer expected events than this carry no verdict.
MIN_EXPECTED: Final = 10.0
#: Fewer baseline events than this carry no percentage.
MIN_FOR_PERCENT: Final = 30.0
#: Probability needed to say that the goal's level has been reached.
SURE_OF_TARGET: Final = 0.80
#: Probability needed to name a direction, beside an interval that leaves out "no change". With 0.90,
#: one in five places where nothing changed was given a direction; with this at most one in twenty
#: is (``analysis.calibration.progress`` measures it), the estimate of the dispersion included.
SURE_OF_DIRECTION: Final = 0.985


class GoalVerdict(StrEnum):
    """What can be said about a goal today."""

    REACHED = "Target reached"
    TOWARD = "Moving toward"
    EARLY = "Too early to tell"
    AWAY = "Moving away"
    FEW = "Too few events"


def decide(
    months: int,
    events: float,
    expected: float,
    rate_ratio: float,
    target: float,
    p_target: float,
    p_fewer: float,
    interval: Interval | None = None,
) -> GoalVerdict:
    """The verdict word.

    Args:
        months: complete months compared.
        events, expected: events now, and at the baseline's pace.
        rate_ratio: their ratio.
        target: rate ratio at which the goal is met (0.8 for a reduction of 20 %).
        p_target, p_fewer: probabilities that the true ratio is at most ``target``, and below 1.
        interval: of the ratio; without it the probability alone decides on the direction.

    The rules, in order: no month yet, too early; fewer than 10 events expected, too few; fewer
    (more) events with a probability of at least 0.985 and an interval wholly below (above) 1,
    moving toward (away), and of those moving toward, the ones at or below the target with a
    probability of at least 0.8 have reached it; else too early.
    """
    if months == 0:
        return GoalVerdict.EARLY
    if expected < MIN_EXPECTED or (events == 0 and expected == 0):
        return GoalVerdict.FEW
    if p_fewer >= SURE_OF_DIRECTION and (interval is None or interval.upper < 1):
        reached = rate_ratio <= target and p_target >= SURE_OF_TARGET
        return GoalVerdict.REACHED if reached else GoalVerdict.TOWARD
    if 1 - p_fewer >= SURE_OF_DIRECTION and (interval is None or interval.lower > 1):
        return GoalVerdict.AWAY
    return GoalVerdict.EARLY


def number(value: float) -> str:
    """A count for people: thousands separated, a decimal only below 10."""
    if abs(value) < 9.95 and abs(value - round(value)) > 0.05:
        return f"{value:,.1f}".replace("-", "−")
    return f"{value:,.0f}".replace("-", "−")


def pace(value: float) -> str:
    """Events a month for people: one decimal below 100, so that two close paces can be told apart."""
    return f"{value:,.1f}" if value < 99.95 else f"{value:,.0f}"


def change_words(change: Interval) -> str:
    """``about 17 fewer (between 33 fewer and 1 more)``."""
    if not math.isfinite(change.estimate):
        return "no comparison is possible"
    size = round(abs(change.estimate))
    about = "about as many" if size == 0 else f"about {number(size)} {_side(change.estimate)}"
    if not change.known:
        return about
    low, high = change.lower, change.upper
    if low < 0 < high:
        return f"{about} (between {number(round(-low))} fewer and {number(round(high))} more)"
    near, far = sorted((abs(low), abs(high)))
    return f"{about} (between {number(round(near))} and {number(round(far))} {_side(low + high)})"


def _side(value: float) -> str:
    return "fewer" if value < 0 else "more"


def chance_words(probability: float) -> str:
    """A probability for people, never certain: ``about 63 %``, ``less than 1 %``."""
    if not math.isfinite(probability):
        return "unknown"
    if probability < 0.01:
        return "less than 1 %"
    if probability > 0.99:
        return "more than 99 %"
    return f"about {100 * probability:.0f} %"
