"""The methods on tables: no hub here, so that simulated programmes run through the very same lines."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.evaluate.material import PRE_MONTHS, Neighbourhood, months_of
from analysis.evaluate.questions import LEVEL
from analysis.evidence import (
    Check,
    CheckState,
    Effect,
    Interval,
    RefusedError,
    events_from_ratio,
    path_table,
    percent_from_ratio,
)
from analysis.hotspots import wdd
from analysis.its import ItsSpec, fit_with_power
from analysis.its import fit as fit_its
from analysis.synth import SynthSpec
from analysis.synth import fit as fit_synth

#: Fewest incidents before the start, in an area and in what it is compared with, and after it.
FEWEST_BEFORE = 20
FEWEST_EXPECTED = 10
#: Fewest months after the phase-in for a before-and-after comparison of areas.
FEWEST_AFTER = 6
_POWER = 0.80


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a method found: its effect, its path (``evidence.PATH_COLUMNS``), and what was checked."""

    effect: Effect
    path: pd.DataFrame
    checks: tuple[Check, ...]


def time_series(
    counts: pd.Series,
    population: pd.Series | None,
    start: str,
    phase_in: int,
    control: pd.DataFrame | None = None,
    *,
    simulations: int = 0,
) -> Fitted:
    """Interrupted time series over the three years before the start and all months after it.

    Args:
        counts: events a month (NaN = not known). population: residents a month, or None.
        start: first month that counts as after. phase_in: months from then on that count as neither.
        control: ``count`` and ``population`` of a comparison over the same months, or None.
        simulations: simulated series by which the smallest detectable fall is checked; 0 = by formula.

    Raises:
        RefusedError: too few months or events.
    """
    frame, spec, beside = its_question(counts, population, start, phase_in, control)
    if simulations:
        result, _ = fit_with_power(frame, spec, beside, simulations=simulations)
    else:
        result = fit_its(frame, spec, beside)
    return Fitted(result.effect, result.path, result.checks)


def its_question(
    counts: pd.Series,
    population: pd.Series | None,
    start: str,
    phase_in: int,
    control: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, ItsSpec, pd.DataFrame | None]:
    """What ``time_series`` (same arguments) asks: table, specification, comparison on its months."""
    first = pd.Period(start, "M")
    frame = pd.DataFrame({"count": counts})
    if population is not None:
        frame["population"] = population.reindex(frame.index)
    months = months_of(frame)
    last = months_of(counts.dropna())[-1]
    frame = frame[(months >= first - PRE_MONTHS) & (months <= last)]
    beside = None if control is None else control.reindex(frame.index)
    return frame, ItsSpec(start=start, phase_in=phase_in, level=LEVEL), beside


def weighted(panel: pd.DataFrame, people: pd.Series, start: str, estimator: str) -> Fitted:
    """Synthetic control of the panel's first column (month × unit counts; unit → residents).

    Raises:
        RefusedError: too few usable donors or months.
    """
    spec = SynthSpec(treated=str(panel.columns[0]), start=start, estimator=estimator, level=LEVEL)
    result = fit_synth(panel, spec, population=people)
    return Fitted(result.effect, result.path, result.checks)


def area_difference(places: Neighbourhood, start: str, phase_in: int) -> Fitted:
    """An area's change against the change of a comparison area, in the same calendar months.

    The months after the phase-in are compared with the same calendar months of the three years
    before, so that no season stands against another. Areas differ in size, so every count is
    divided by its own count before (Wheeler and Ratcliffe's area weights): the difference is then one
    of relative changes. The effect is the ratio of the two changes, whose logarithm has the variance of
    four Poisson totals; the difference of counts is told beside it. Where months scatter more than
    chance alone, the standard error grows by the root of that. What moved into the rings is reported as
    a check, not taken off.

    Raises:
        RefusedError: too few incidents or months; the message says which.

    Source: Wheeler, Ratcliffe 2018, "A simple weighted displacement difference test".
    """
    first = pd.Period(start, "M")
    known = places.treated.notna() & places.comparison.notna()
    months = months_of(places.treated)[known.to_numpy()]
    after = months[months >= first + phase_in]
    if len(after) < FEWEST_AFTER:
        raise RefusedError(
            f"Only {len(after)} months after the phase-in are known; {FEWEST_AFTER} are needed to compare "
            "areas before and after."
        )
    before = months[(months >= first - PRE_MONTHS) & (months < first) & months.month.isin(after.month)]
    years = _calendar_weight(before, after)
    t0, t1 = _sums(places.treated, years, after)
    c0, c1 = _sums(places.comparison, years, after)
    expected0, compared0 = float((t0 * years).sum()), float((c0 * years).sum())
    if min(t0.sum(), c0.sum()) < FEWEST_BEFORE or c1 <= 0 or expected0 * c1 / compared0 < FEWEST_EXPECTED:
        raise RefusedError(
            f"Too few incidents to compare areas: {t0.sum():.0f} inside and {c0.sum():.0f} in the comparison "
            f"in the months before ({FEWEST_BEFORE} in each are needed), and {FEWEST_EXPECTED} have to be "
            "expected after. Wait longer, or take a wider area or measure."
        )
    spread = max(_dispersion(places.treated, first), _dispersion(places.comparison, first), 1.0)
    share = len(after) / len(before)
    test = wdd(
        (float(t0.sum()), t1), (float(c0.sum()), c1),
        time_weights=(1.0, share), area_weights=(float(t0.sum()), float(c0.sum()), 1.0, 1.0),
        dispersion=spread, level=LEVEL,
    )  # fmt: skip
    trend = c1 / compared0
    ratio_of = t1 / (expected0 * trend)
    # Log of a ratio of four Poisson totals; those before are weighted by the calendar.
    before_variance = sum(float((n * years**2).sum()) / float((n * years).sum()) ** 2 for n in (t0, c0))
    half = math.sqrt(spread * (1 / max(t1, 0.5) + 1 / c1 + before_variance))
    moved = test.local * share * float(t0.sum())
    log = math.log(max(ratio_of, 1e-9))
    z = float(ndtri(0.5 + LEVEL / 2))
    ratio = Interval(ratio_of, math.exp(log - z * half), math.exp(log + z * half), LEVEL)
    effect = Effect(
        method="Area against a comparison area, before and after",
        rate_ratio=ratio,
        percent=percent_from_ratio(ratio),
        events=events_from_ratio(t1, ratio),
        p_value=float(2 * ndtr(-abs(log) / half)),
        probability_of_reduction=float(ndtr(-log / half)),
        minimum_detectable_percent=100 * (math.exp(-(z + float(ndtri(_POWER))) * half) - 1),
        pre_months=len(before),
        post_months=len(after),
        controlled=True,
        choices=(
            f"After: {after[0]} to {after[-1]} ({len(after)} months); before: the same calendar months of "
            f"the years from {before[0]} ({len(before)} months).",
            f"Compared with {', '.join(places.names) or 'a comparison area'}; each count is divided by its "
            "own count before.",
            f"As a difference of counts: {moved:+.0f} incidents against the comparison, standard error "
            f"{test.local_se * share * float(t0.sum()):.0f}.".replace("-", "−"),
            f"Monthly counts scatter {spread:.1f} times as much as chance alone; the range allows for it.",
        ),
        warnings=(
            "One comparison area stands for what would have happened; it has no test against pretended "
            "areas.",
        ),
    )
    checks = (
        _pretended_years(places, after, first),
        _ring(places, years, after, trend, spread),
        _sizes(t0.sum(), c0.sum()),
    )
    return Fitted(effect, _path(places, years, after, trend, half, z), checks)


def _calendar_weight(before: pd.PeriodIndex, after: pd.PeriodIndex) -> pd.Series:
    """Before month → how often its calendar month comes after, over how often it comes before.

    Raises:
        RefusedError: a calendar month after the start has none before it.
    """
    times = pd.Series(1.0, after).groupby(after.month).sum()
    had = pd.Series(1.0, before).groupby(before.month).sum()
    lacking = times.index.difference(had.index)
    if len(lacking):
        raise RefusedError("The months before the start do not hold every calendar month that came after.")
    return pd.Series((times / had).reindex(before.month).to_numpy(), before)


def _sums(counts: pd.Series, years: pd.Series, after: pd.PeriodIndex) -> tuple[pd.Series, float]:
    """Monthly counts before, and the total after."""
    return counts.reindex(years.index).astype(float), float(counts.reindex(after).sum())


def _dispersion(counts: pd.Series, start: pd.Period) -> float:
    """Variance over mean of the months before, around a running year's level times the month's season."""
    index = months_of(counts)
    before = counts[(index < start) & (index >= start - PRE_MONTHS)].dropna().astype(float)
    if len(before) < 24 or before.sum() == 0:
        return 1.0
    level = before.rolling(13, center=True, min_periods=7).mean()
    calendar = months_of(before).month
    season = before.groupby(calendar).sum() / level.groupby(calendar).sum()
    fitted = (level * season.reindex(calendar).to_numpy()).clip(lower=0.1)
    # Twelve months of a season and about three levels are estimated.
    free = len(before) - 14
    return float(((before - fitted) ** 2 / fitted).sum() / free)


def _pretended_years(places: Neighbourhood, after: pd.PeriodIndex, start: pd.Period) -> Check:
    """The same comparison one year before the start, when nothing had begun."""
    name = "Pretended start a year earlier"
    early, base = after[after < start + 12] - 12, after[after < start + 12] - 24
    sums = [float(s.reindex(m).sum(skipna=False)) for s in (places.treated, places.comparison)
            for m in (early, base)]  # fmt: skip
    if not all(math.isfinite(v) and v > 0 for v in sums):
        return Check(name, CheckState.CANNOT_TELL, "The past is too short or too sparse to try it.")
    t1, t0, c1, c0 = sums
    log, se = math.log(t1 / t0 * c0 / c1), math.sqrt(sum(1 / v for v in sums))
    words = f"A year before the start the same comparison gives {100 * (math.exp(log) - 1):+.0f} %"
    if abs(log) > float(ndtri(0.5 + LEVEL / 2)) * se:
        return Check(name, CheckState.FAILED, f"{words}: the two areas did not move together before.")
    return Check(name, CheckState.PASSED, f"{words}, within chance.")


def _ring(
    places: Neighbourhood, years: pd.Series, after: pd.PeriodIndex, trend: float, spread: float
) -> Check:
    """Did it move next door?"""
    name = "Nothing moved next door"
    if places.ring is None:
        return Check(name, CheckState.CANNOT_TELL, "The hub knows no ring round the area.")
    before, now = _sums(places.ring, years, after)
    expected = float((before * years).sum()) * trend
    if not math.isfinite(now) or expected < 5:
        return Check(name, CheckState.CANNOT_TELL, "Too few incidents in the ring.")
    z = (now - expected) / math.sqrt(spread * (expected + now) / 2)
    words = f"{now:.0f} incidents in the ring where the comparison lets expect {expected:.0f}"
    if z > float(ndtri(0.5 + LEVEL / 2)):
        return Check(name, CheckState.FAILED, f"{words}: some of it may have moved next door.")
    return Check(name, CheckState.PASSED, f"{words}.")


def _sizes(treated: float, compared: float) -> Check:
    words = f"{treated:.0f} incidents inside and {compared:.0f} in the comparison before the start"
    alike = 1 / 3 <= treated / compared <= 3
    if alike:
        return Check("Areas of like size", CheckState.PASSED, f"{words}.")
    return Check("Areas of like size", CheckState.FAILED, f"{words}: areas so unlike may move differently.")


def _path(
    places: Neighbourhood, years: pd.Series, after: pd.PeriodIndex, trend: float, half: float, z: float
) -> pd.DataFrame:
    """Observed months beside the same calendar months before times the comparison's change."""
    period = pd.period_range(years.index[0], after[-1], freq="M")
    observed = places.treated.reindex(period).to_numpy(float)
    calendar = pd.PeriodIndex(years.index).month
    means = places.treated.reindex(years.index).groupby(calendar).mean()
    post = np.asarray(period.isin(after))
    expected = np.where(post, means.reindex(period.month).to_numpy(float) * trend, np.nan)
    width = np.sqrt(expected + (half * expected) ** 2)
    total = np.cumsum(np.where(post & np.isfinite(observed), observed, 0.0))
    expected_total = np.cumsum(np.where(post & np.isfinite(observed), expected, 0.0))
    limits = [np.where(post, total - expected_total * math.exp(sign * z * half), np.nan) for sign in (1, -1)]
    return path_table(
        period, observed, expected, np.clip(expected - z * width, 0, None), expected + z * width, post=post,
        cumulative_lower=limits[0], cumulative_upper=limits[1],
    )  # fmt: skip
