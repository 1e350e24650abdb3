"""The one shape in which every method states what it found.

``Interval``, ``Effect``, ``Check`` and the ``path`` table are shared by all methods, so that a
page, the batch or a brief can show any of them without knowing which method ran. This module
knows the methods by shape only: it imports none of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

#: Columns of every ``path`` table, in this order. ``expected`` is the counterfactual.
PATH_COLUMNS: Final = (
    "period",
    "observed",
    "expected",
    "lower",
    "upper",
    "effect",
    "effect_lower",
    "effect_upper",
    "cumulative",
    "cumulative_lower",
    "cumulative_upper",
)


class RefusedError(ValueError):
    """A method declines to answer; the message says why, and what would be enough.

    The text is written for the person in front of the screen.
    """


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its uncertainty: ``lower <= upper``, all in the same unit.

    ``level`` is the coverage the interval claims (0.95 = 95 %). A limit may be infinite or,
    when it does not exist, NaN.
    """

    estimate: float
    lower: float
    upper: float
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.lower > self.upper:
            raise ValueError(f"Interval limits are reversed: {self.lower} > {self.upper}.")
        if not 0 < self.level < 1:
            raise ValueError(f"An interval's level lies between 0 and 1, not {self.level}.")

    def map(self, f: Callable[[float], float]) -> Interval:
        """Transform all three values by a monotone ``f``; limits are put back in order."""
        a, b = f(self.lower), f(self.upper)
        return Interval(f(self.estimate), min(a, b), max(a, b), self.level)

    def contains(self, value: float) -> bool:
        """Whether ``value`` lies within the limits, ends included."""
        return self.lower <= value <= self.upper

    @property
    def known(self) -> bool:
        """Whether estimate and both limits are finite numbers."""
        return all(math.isfinite(v) for v in (self.estimate, self.lower, self.upper))


class Grade(StrEnum):
    """How far an effect can be believed, in words."""

    STRONG = "strong"
    MODERATE = "moderate"
    WEAK = "weak"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Effect:
    """What changed against a counterfactual, as one method sees it.

    Attributes:
        method: name of the method and its variant, in words ("interrupted time series, NB2").
        rate_ratio: observed over expected after the start; 1 means no difference.
        percent: ``100 * (rate_ratio - 1)``; negative means fewer.
        events: observed minus expected events over the post months; negative means fewer.
        p_value: two-sided, of no difference; NaN when the method has none.
        probability_of_reduction: probability that the rate ratio is below 1; NaN when unknown.
        minimum_detectable_percent: smallest fall, as a negative percent, that this design would
            have found with 80 % power; NaN when it was not computed.
        pre_months, post_months: periods used before and after the start.
        controlled: whether a comparison series or donors stand behind the counterfactual.
        grade: how far to believe it (see :class:`Grade`).
        choices: every automatic choice the method made, as sentences.
        warnings: what a careful reader must know before using the number, as sentences.
        wait: how long a fall of the goal's size takes to be seen this way, as a sentence; empty when it
            was not asked.
    """

    method: str
    rate_ratio: Interval
    percent: Interval
    events: Interval
    p_value: float
    probability_of_reduction: float
    minimum_detectable_percent: float
    pre_months: int
    post_months: int
    controlled: bool
    grade: Grade = Grade.CANNOT_TELL
    choices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    wait: str = ""

    def to_record(self) -> dict[str, Any]:
        """One flat row of plain values, for a table; ``from_record`` reads it back exactly."""
        record: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Interval):
                for part in fields(value):
                    record[f"{f.name}_{part.name}"] = getattr(value, part.name)
            elif isinstance(value, tuple):
                record[f.name] = list(value)
            else:
                record[f.name] = str(value) if isinstance(value, Grade) else value
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Effect:
        """Rebuild an effect from a row written by ``to_record``."""
        parts = [f.name for f in fields(Interval)]
        intervals = {
            name: Interval(**{part: float(record[f"{name}_{part}"]) for part in parts})
            for name in ("rate_ratio", "percent", "events")
        }
        return cls(
            method=str(record["method"]),
            p_value=float(record["p_value"]),
            probability_of_reduction=float(record["probability_of_reduction"]),
            minimum_detectable_percent=float(record["minimum_detectable_percent"]),
            pre_months=int(record["pre_months"]),
            post_months=int(record["post_months"]),
            controlled=bool(record["controlled"]),
            grade=Grade(record["grade"]),
            choices=tuple(record["choices"]),
            warnings=tuple(record["warnings"]),
            wait=str(record["wait"]),
            **intervals,
        )


class Agreement(StrEnum):
    """What several methods say together about one question."""

    FEWER = "fewer"
    MORE = "more"
    DISAGREE = "methods disagree"
    CANNOT_TELL = "cannot tell yet"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Several effects of one question, read together.

    Attributes:
        agreement: the word (see :func:`weigh`).
        leading: the effect that is quoted, or None when no method could run.
        range_percent: lowest and highest estimate of the methods, in percent.
        sentence: why, in one plain sentence.
    """

    agreement: Agreement
    leading: Effect | None
    range_percent: tuple[float, float]
    sentence: str


def weigh(effects: Sequence[Effect], leading: Effect | None = None) -> Verdict:
    """Turn several effects on one question into one verdict, by fixed rules.

    1. The leading effect is the one named in ``leading`` (see :func:`analysis.grading.lead`), else the
       controlled one with the narrowest percent interval; without a controlled one, the single-series
       one with the narrowest.
    2. ``fewer`` (``more``) needs the leading interval to lie wholly below (above) zero and no
       controlled method to point the other way beyond doubt.
    3. Two intervals that exclude zero on opposite sides, or that do not overlap at all, are
       ``methods disagree``.
    4. Everything else is ``cannot tell yet``: an interval with zero inside is not "no effect".

    A verdict from single series only never gets beyond ``cannot tell yet``: without a comparison,
    a change is a difference from a projection, not an effect.
    """
    usable = [e for e in effects if e.percent.known]
    if not usable:
        nan = float("nan")
        return Verdict(Agreement.CANNOT_TELL, None, (nan, nan), "No method had enough data to run.")

    def width(effect: Effect) -> float:
        return effect.percent.upper - effect.percent.lower

    controlled = [e for e in usable if e.controlled]
    if leading is None or not leading.percent.known:
        leading = min(controlled or usable, key=width)
    estimates = [e.percent.estimate for e in usable]
    span = (min(estimates), max(estimates))
    below = [e for e in usable if e.percent.upper < 0]
    above = [e for e in usable if e.percent.lower > 0]
    apart = max(e.percent.lower for e in usable) > min(e.percent.upper for e in usable)
    if (below and above) or apart:
        return Verdict(
            Agreement.DISAGREE,
            leading,
            span,
            "The methods disagree by more than their own uncertainty allows.",
        )
    if not controlled:
        return Verdict(
            Agreement.CANNOT_TELL,
            leading,
            span,
            "Only a projection of the place's own past was possible; that cannot tell the tactic from "
            "everything else that changed meanwhile.",
        )
    if leading in below:
        return Verdict(Agreement.FEWER, leading, span, "The whole likely range lies below the comparison.")
    if leading in above:
        return Verdict(Agreement.MORE, leading, span, "The whole likely range lies above the comparison.")
    return Verdict(
        Agreement.CANNOT_TELL,
        leading,
        span,
        "The likely range holds both fewer and more, so we cannot tell yet.",
    )


def percent_from_ratio(ratio: Interval) -> Interval:
    """``100 * (ratio - 1)`` for an interval of rate ratios."""
    return ratio.map(lambda r: 100.0 * (r - 1.0))


def events_from_ratio(observed: float, ratio: Interval) -> Interval:
    """Observed minus expected events, from the observed total and the rate ratio.

    With ``expected = observed / ratio`` the difference is ``observed * (1 - 1/ratio)``: an exact
    identity for a log-link model whose post-period level is saturated, and a monotone transform
    of the ratio, so the interval keeps its coverage. Negative means fewer events than expected.
    ``observed`` must be positive; with zero observed events the identity says nothing.
    """
    if observed <= 0:
        nan = float("nan")
        return Interval(nan, nan, nan, ratio.level)
    return ratio.map(lambda r: observed * (1.0 - 1.0 / r) if r > 0 else -math.inf)


class CheckState(StrEnum):
    """Outcome of a check."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: its name, how it came out, one sentence, and the numbers."""

    name: str
    state: CheckState
    sentence: str
    table: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False, compare=False)


def path_table(
    period: pd.PeriodIndex,
    observed: ArrayLike,
    expected: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    post: NDArray[np.bool_],
    cumulative_lower: ArrayLike | None = None,
    cumulative_upper: ArrayLike | None = None,
) -> pd.DataFrame:
    """Build the table of observed against expected that every method returns.

    Args:
        period: the n periods, in order.
        observed: n observed values (NaN where not reported).
        expected: n counterfactual values, in the unit of ``observed``.
        lower, upper: n limits around ``expected`` (NaN where there is no band).
        post: n flags, true for periods whose effect counts toward the cumulative one.
        cumulative_lower, cumulative_upper: n limits of the cumulative effect (NaN before the
            start and where unknown); they do not follow from the pointwise limits.

    Returns:
        One row a period with ``PATH_COLUMNS``. ``effect`` is observed minus expected, and its
        limits are ``observed - upper`` and ``observed - lower``. ``cumulative`` is 0-based at the
        start: NaN outside ``post``; a period that was not reported adds nothing.
    """
    obs, exp = np.asarray(observed, float), np.asarray(expected, float)
    lo, up = np.asarray(lower, float), np.asarray(upper, float)
    n = len(period)
    for name, values in (("observed", obs), ("expected", exp), ("lower", lo), ("upper", up), ("post", post)):
        if len(values) != n:
            raise ValueError(f"path_table: {name} has {len(values)} values for {n} periods.")
    effect = obs - exp
    cumulative = np.where(post, np.cumsum(np.where(post & np.isfinite(effect), effect, 0.0)), np.nan)

    def or_nan(values: ArrayLike | None) -> NDArray[np.float64]:
        return np.full(n, np.nan) if values is None else np.asarray(values, float)

    table = pd.DataFrame(
        {
            "period": period,
            "observed": obs,
            "expected": exp,
            "lower": lo,
            "upper": up,
            "effect": effect,
            "effect_lower": obs - up,
            "effect_upper": obs - lo,
            "cumulative": cumulative,
            "cumulative_lower": or_nan(cumulative_lower),
            "cumulative_upper": or_nan(cumulative_upper),
        }
    )
    return table[list(PATH_COLUMNS)]
