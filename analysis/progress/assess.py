"""The assessment of a goal: where it stands, how sure that is, and what it would take from here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.evidence import Interval, RefusedError, percent_from_ratio
from analysis.progress.compare import Comparison, compare
from analysis.progress.dispersion import Dispersion, baseline_dispersion
from analysis.progress.glide_path import baseline_pace, glide_table
from analysis.progress.goal import READINGS, Goal
from analysis.progress.inputs import clean_counts, monthly_population, one_vintage
from analysis.progress.prediction import probability_of_total
from analysis.progress.targets import monthly_factors
from analysis.progress.verdict import MIN_FOR_PERCENT, GoalVerdict, decide
from analysis.progress.windows import (
    incomplete_months,
    last_complete_month,
    left_out_words,
    match_windows,
    month_words,
    span_words,
)
from analysis.progress.words import assumption_words, choice_words, sentences_of, warning_words

#: Fewer events since the start than this make a chance too sure (``analysis.calibration.progress``).
FEW_FOR_CHANCE = 36


@dataclass(frozen=True, slots=True)
class Assessment:
    """Where a goal stands.

    Attributes:
        goal: the goal assessed.
        verdict: one of the five words.
        events: events in the months used.
        baseline_events: events in the baseline months they are compared with (all years together).
        expected: events the months used would hold at the baseline's pace.
        target_events: events they would hold if the whole reduction had been there from the start.
        path_events: events the glide path allows for them.
        rate_ratio: events over expected; NaN when nothing was expected or seen.
        percent_change: ``100 (rate_ratio − 1)``; NaN with fewer than 30 baseline events.
        events_change: events minus expected, negative means fewer.
        share_of_goal: percent of the targeted change achieved (Healthy People), NaN as above; above
            100 is beyond the target, negative is away from it.
        dispersion: Pearson dispersion of the baseline's months, at least 1.
        probability: probability of reaching the goal as it is read, if the level since the start
            continues; NaN when unknown.
        probabilities: the same for both readings.
        probability_fewer, probability_at_target: that the true rate ratio is below 1, and at most
            ``1 − reduction``.
        needed_by_now: percent below the baseline where the glide path stands in the newest month.
        monthly_pace_needed: events a month from here that still reach the goal; negative when it
            can no longer be reached, NaN when no month is left.
        monthly_pace_now, monthly_pace_baseline: events a month since the start, and at the
            baseline's pace in the same months.
        rate_now, rate_baseline: per 100,000 people and year; NaN without population.
        latest_year: the newest twelve months against the baseline, NaN when there are not twelve.
        already_before_start: percent by which the last twelve baseline months lie off the baseline.
        glide_path: see :mod:`analysis.progress.glide_path`.
        windows: the comparison in words.
        months_used, baseline_months: the months compared.
        months_left_out: month and reason.
        sentences: the verdict in plain sentences: what happened, how likely, what it would take.
        choices, warnings: every automatic choice, and what a careful reader must know.
        p_value: two-sided, of no change since the baseline; NaN when nothing can be compared.
        assumptions: what the probability of reaching the goal takes for granted, as sentences.
        incomplete: months whose reports are still coming in, with the share that is there.
    """

    goal: Goal
    verdict: GoalVerdict
    events: float
    baseline_events: float
    expected: float
    target_events: float
    path_events: float
    rate_ratio: Interval
    percent_change: Interval
    events_change: Interval
    share_of_goal: Interval
    dispersion: float
    probability: float
    probabilities: Mapping[str, float]
    probability_fewer: float
    probability_at_target: float
    needed_by_now: float
    monthly_pace_needed: float
    monthly_pace_now: float
    monthly_pace_baseline: float
    rate_now: float
    rate_baseline: float
    latest_year: Interval
    already_before_start: float
    glide_path: pd.DataFrame = field(repr=False, compare=False)
    windows: str
    months_used: pd.PeriodIndex = field(repr=False, compare=False)
    baseline_months: pd.PeriodIndex = field(repr=False, compare=False)
    months_left_out: tuple[tuple[pd.Period, str], ...]
    sentences: tuple[str, ...]
    choices: tuple[str, ...]
    warnings: tuple[str, ...]
    p_value: float = math.nan
    assumptions: tuple[str, ...] = ()
    incomplete: tuple[tuple[pd.Period, float], ...] = ()


def assess(
    counts: pd.Series[float],
    goal: Goal,
    as_of: Any,
    population: pd.Series[float] | pd.DataFrame | None = None,
    level: float = 0.95,
    completeness: pd.Series[float] | None = None,
) -> Assessment:
    """Assess a goal from monthly counts.

    Args:
        counts: events a month on a monthly PeriodIndex; NaN or an absent month was not (completely)
            reported. Zero is a reported zero.
        goal: what was promised.
        as_of: the last month that is over (``"2026-09"``), or a date: then the months before it.
        population: people by month or by year, all from one vintage; rates are compared then. A
            table (year, population, vintage) is refused in words when it mixes vintages.
        level: coverage of the intervals.
        completeness: share of its final count that each month holds so far (see
            :func:`analysis.progress.reporting_lag.completeness_by_age`); months below 0.95 are left
            out of the verdict and get a nowcast in ``glide_path``.

    Returns:
        An :class:`Assessment`. Missing months, too few events, 0 against 0, an assessment before
        the start: all are answered in words, with NaN where no number exists.

    Raises:
        RefusedError: counts are negative, infinite, doubled or not monthly, or no month of the
            baseline was reported.

    Method: the months since the start are compared with the same calendar months of the baseline
    years; exact conditional interval, or one widened by the baseline's dispersion when that is
    above 1.2; Gamma–Poisson prediction with seasonal shares. Sources: Clopper & Pearson 1934;
    Healthy People 2030; Fay & Feuer 1997. When the goal period is over and the goal is read as
    "third year", that year alone is compared.
    """
    series = clean_counts(counts)
    period, baseline = goal.period, goal.baseline_months
    asked = min(last_complete_month(as_of), period[-1])
    reported = series[series.index <= asked].dropna()
    partly = incomplete_months(reported, completeness)
    known = reported[~reported.index.isin(list(partly))]
    _refuse_thin_baseline(known, goal)
    # Months that nobody has reported yet lie ahead, whatever the calendar says.
    last = min(asked, max(known.index[-1], period[0] - 1))
    since_start = pd.PeriodIndex(period[period <= last])
    wide = pd.PeriodIndex(baseline.append(since_start))
    exposure, notes = _exposure(population, wide, pd.PeriodIndex(period[period > last]))
    choices, warnings = list(notes[0]), list(notes[1])
    late = [p for p in partly if p >= period[0]]
    if late:
        said = ", ".join(f"{month_words(p)} (about {100 * partly[p]:.0f} %)" for p in late)
        warnings.append(f"Reports are still coming in for {said}: left out of the verdict.")
    if asked > max([last, *late]) and asked >= period[0]:
        warnings.append(f"Nothing is reported after {month_words(max([last, *late]))} yet.")

    over = last == period[-1]
    wanted = goal.deciding_months if over else since_start
    if over and goal.reading == "third_year" and len(wanted) < len(period):
        choices.append("The goal period is over: its last twelve months are compared, as the goal is read.")
    spread = baseline_dispersion(known.reindex(baseline), exposure)
    windows = match_windows(reported, baseline, wanted, exposure, completeness)
    found = compare(known, windows, spread, level)
    pace = baseline_pace(known, baseline, period, exposure)
    used = np.asarray(period.isin(known.index))
    since = float(known.reindex(period)[used].sum()), float(pace[used].sum())
    phi = found.dispersion

    target = 1 - goal.reduction
    p_fewer, p_target = found.probability_at_most(1.0), found.probability_at_most(target)
    months = len(found.windows.now)
    ratio = found.rate_ratio
    verdict = decide(months, found.events, found.expected, ratio.estimate, target, p_target, p_fewer, ratio)
    chances = {r: _chance(goal, r, known, pace, used, since, phi) for r in READINGS}
    factors = monthly_factors(goal)
    now_used = np.asarray(period.isin(found.windows.now))
    enough = found.baseline_events >= MIN_FOR_PERCENT
    blank = Interval(math.nan, math.nan, math.nan, level)
    pace_needed = _pace_needed(goal, known, pace, used)

    choices += choice_words(found, spread, exposure is not None, goal)
    warnings += left_out_words(found.windows.left_out)
    if since[1] > 0 and since[0] < FEW_FOR_CHANCE:
        warnings.append(
            f"The chance of reaching the goal rests on {since[0]:,.0f} events so far; with fewer than "
            f"{FEW_FOR_CHANCE} such chances have proved too sure."
        )
    warnings += warning_words(found, months, last, since_start, enough)
    size_now, size_base = _people(found, exposure)
    before = _before_start(known, baseline, exposure)
    if math.isfinite(before) and abs(before) >= 5:
        side = "below" if before < 0 else "above"
        warnings.append(
            f"The last twelve months of the baseline already lay {abs(before):.0f} % {side} its average."
        )
    return Assessment(
        goal=goal,
        verdict=verdict,
        events=found.events,
        baseline_events=found.baseline_events,
        expected=found.expected,
        target_events=found.expected * target,
        path_events=float(np.sum((pace * factors)[now_used])),
        rate_ratio=ratio,
        percent_change=percent_from_ratio(ratio) if enough else blank,
        events_change=found.events_change,
        share_of_goal=ratio.map(lambda r: 100 * (1 - r) / goal.reduction) if enough else blank,
        dispersion=spread.value,
        probability=chances[goal.reading],
        probabilities=chances,
        probability_fewer=p_fewer,
        probability_at_target=p_target,
        needed_by_now=100 * (float(factors[len(since_start) - 1]) - 1) if len(since_start) else math.nan,
        monthly_pace_needed=pace_needed,
        monthly_pace_now=found.events / months if months else math.nan,
        monthly_pace_baseline=found.expected / months if months else math.nan,
        rate_now=1.2e6 * found.events / size_now if size_now > 0 else math.nan,
        rate_baseline=1.2e6 * found.expected / size_now if size_base > 0 else math.nan,
        latest_year=_latest_year(known, baseline, last, goal, exposure, spread, level),
        already_before_start=before,
        glide_path=glide_table(
            goal,
            pace,
            known.reindex(period),
            used,
            last,
            *since,
            max(1.0, phi),
            level,
            _late(reported, partly),
        ),
        windows=found.windows.words,
        months_used=found.windows.now,
        baseline_months=found.windows.baseline,
        months_left_out=found.windows.left_out,
        sentences=sentences_of(found, verdict, goal, chances[goal.reading], pace_needed, months),
        choices=tuple(choices),
        warnings=tuple(warnings),
        p_value=found.p_value,
        assumptions=assumption_words(goal, phi, since, exposure is not None),
        incomplete=tuple(partly.items()),
    )


def _refuse_thin_baseline(known: pd.Series[float], goal: Goal) -> None:
    reported = int(np.asarray(goal.baseline_months.isin(known.index)).sum())
    if reported < 12:
        raise RefusedError(thin_baseline_words(reported, goal))


def thin_baseline_words(reported: int, goal: Goal) -> str:
    """Why a goal cannot be assessed when only so many months of its baseline are reported."""
    baseline = goal.baseline_months
    return (
        f"Only {reported} of the baseline’s {len(baseline)} months are reported "
        f"({span_words(baseline)}). At least 12 are needed: choose a baseline within the reported "
        "months, or import the missing ones."
    )


def _late(reported: pd.Series[float], partly: Mapping[pd.Period, float]) -> pd.DataFrame:
    """Months whose reports are still coming in: month (index), reported, share."""
    months = pd.PeriodIndex(list(partly), freq="M")
    share = [partly[m] for m in months]
    return pd.DataFrame({"reported": reported.reindex(months).to_numpy(float), "share": share}, index=months)


def _exposure(
    population: pd.Series[float] | pd.DataFrame | None, months: pd.PeriodIndex, ahead: pd.PeriodIndex
) -> tuple[pd.Series[float] | None, tuple[tuple[str, ...], tuple[str, ...]]]:
    if population is None:
        return None, (("Counts are compared, not rates.",), ())
    if isinstance(population, pd.DataFrame):
        single, why = one_vintage(population)
        if single is None:
            return None, ((), (why,))
        population = single
    exposure, notes = monthly_population(population, months, ahead)
    return (None, ((), notes)) if exposure is None else (exposure, (notes, ()))


def _chance(
    goal: Goal,
    reading: str,
    known: pd.Series[float],
    pace: NDArray[np.float64],
    used: NDArray[np.bool_],
    since: tuple[float, float],
    dispersion: float,
) -> float:
    """Probability that the deciding months stay within the target, a fixed whole number of events."""
    events, exposure = since
    if exposure <= 0:
        return math.nan
    deciding = np.zeros(len(pace), bool)
    deciding[-12 if reading == "third_year" else 0 :] = True
    allowed = (1 - goal.reduction) * float(pace[deciding].sum())
    done = deciding & used
    seen = float(known.reindex(goal.period)[done].sum())
    left = float(pace[deciding & ~used].sum())
    # The rate comes from all months since the start; only the deciding months count for the total.
    budget = math.floor(allowed + 1e-9) - seen + events
    return probability_of_total(events, exposure, left, budget, dispersion)


def _pace_needed(
    goal: Goal, known: pd.Series[float], pace: NDArray[np.float64], used: NDArray[np.bool_]
) -> float:
    deciding = np.asarray(goal.period.isin(goal.deciding_months))
    left = int((deciding & ~used).sum())
    if left == 0 or pace.sum() == 0:
        return math.nan
    seen = float(known.reindex(goal.period)[deciding & used].sum())
    return ((1 - goal.reduction) * float(pace[deciding].sum()) - seen) / left


def _latest_year(
    known: pd.Series[float],
    baseline: pd.PeriodIndex,
    last: pd.Period,
    goal: Goal,
    exposure: pd.Series[float] | None,
    dispersion: Dispersion,
    level: float,
) -> Interval:
    year = pd.period_range(last - 11, last, freq="M")
    if year[0] < goal.period[0] or known.reindex(year).isna().any():
        return Interval(math.nan, math.nan, math.nan, level)
    return compare(known, match_windows(known, baseline, year, exposure), dispersion, level).rate_ratio


def _before_start(
    known: pd.Series[float], baseline: pd.PeriodIndex, exposure: pd.Series[float] | None
) -> float:
    """Percent by which the last baseline year lies off the whole baseline; NaN when it is the whole."""
    if len(baseline) < 24 or known.reindex(baseline[-12:]).isna().any():
        return math.nan
    expected = float(baseline_pace(known, baseline, baseline[-12:], exposure).sum())
    if expected < MIN_FOR_PERCENT:
        return math.nan
    return 100 * (float(known.reindex(baseline[-12:]).sum()) / expected - 1)


def _people(found: Comparison, exposure: pd.Series[float] | None) -> tuple[float, float]:
    if exposure is None:
        return 0.0, 0.0
    return (
        float(exposure.reindex(found.windows.now).sum()),
        float(exposure.reindex(found.windows.baseline).sum()),
    )
