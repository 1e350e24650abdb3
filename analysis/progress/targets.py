"""Targets and distances to them: Healthy People, SDG ratio, glide path, pace needed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from analysis.progress.goal import Goal


@dataclass(frozen=True, slots=True)
class TargetedChange:
    """How far a value has come from its baseline toward its target.

    Attributes:
        percent_of_targeted_change: ``100 (current - baseline) / (target - baseline)``.
        percent_change: ``100 (current - baseline) / baseline``; NaN for a baseline of zero.
        z, p_one_sided, p_two_sided: test of the change; NaN without standard errors.
        moving_toward, met: direction and arrival.
        category: the Healthy People word.
    """

    percent_of_targeted_change: float
    percent_change: float
    z: float
    p_one_sided: float
    p_two_sided: float
    moving_toward: bool
    met: bool
    category: str


def healthy_people(
    baseline: float,
    target: float,
    current: float,
    se_baseline: float | None = None,
    se_current: float | None = None,
    alpha: float = 0.05,
) -> TargetedChange:
    """Progress as Healthy People 2030 measures it.

    "Target met or exceeded" is arithmetic. "Improving" and "Getting worse" need significance at a
    two-sided ``alpha`` where standard errors exist; without them, 10 % of the targeted change (for
    improving) or 10 % of the baseline (for getting worse). Anything else is "Little or no
    detectable change". Source: cdc.gov/nchs/healthy-people/hp2030/methods.html.
    """
    wanted, change = target - baseline, current - baseline
    if wanted == 0:
        raise ValueError("The target equals the baseline: there is no targeted change to measure.")
    share = 100 * change / wanted
    relative = 100 * change / baseline if baseline != 0 else math.nan
    z = p1 = p2 = math.nan
    if se_baseline is not None and se_current is not None:
        z = change / math.hypot(se_baseline, se_current)
        p1 = float(stats.norm.sf(abs(z)))
        p2 = 2 * p1
    toward = change * wanted > 0
    met = current <= target if wanted < 0 else current >= target
    clear = p2 < alpha if math.isfinite(p2) else (share if toward else abs(relative)) >= 10
    if met:
        category = "Target met or exceeded"
    elif change == 0 or not clear:
        category = "Little or no detectable change"
    else:
        category = "Improving" if toward else "Getting worse"
    return TargetedChange(share, relative, z, p1, p2, toward, met, category)


@dataclass(frozen=True, slots=True)
class GrowthRatio:
    """Yearly growth seen and needed, and the first divided by the second."""

    actual_annual_growth: float
    required_annual_growth: float
    ratio: float


def growth_ratio(
    baseline: float, current: float, years: float, reduction: float, horizon_years: float
) -> GrowthRatio:
    """Ratio of actual to required yearly growth, as the UN's SDG progress charts use it.

    1 is exactly on the way, 0 no change, negative the wrong direction.
    """
    if baseline <= 0 or years <= 0 or horizon_years <= 0:
        raise ValueError("A growth ratio needs a positive baseline and positive years.")
    actual = (current / baseline) ** (1 / years) - 1
    required = (1 - reduction) ** (1 / horizon_years) - 1
    return GrowthRatio(actual, required, actual / required)


def glide(
    baseline_rate: float,
    reduction: float,
    horizon: int,
    months: NDArray[np.float64] | list[float],
    *,
    shape: str = "geometric",
) -> NDArray[np.float64]:
    """Target rate ``months`` after the start: the same percentage each month, or a straight line."""
    at = np.asarray(months, float) / horizon
    if shape == "linear":
        return baseline_rate * (1 - reduction * at)
    return np.asarray(baseline_rate * (1 - reduction) ** at)


def monthly_factors(goal: Goal) -> NDArray[np.float64]:
    """Target as a share of the baseline for each month of the goal period.

    Read as ``third_year``, ``(1 - reduction) ** (m / months)``: the whole reduction is reached with
    the last month. Read as ``cumulative``, the geometric path whose sum over the period is
    ``1 - reduction`` of the baseline's; it has to end lower.
    """
    m = np.arange(1, goal.months + 1) / goal.months
    if goal.reading == "third_year":
        return np.asarray((1 - goal.reduction) ** m)
    wanted = 1 - goal.reduction

    def surplus(log_end: float) -> float:
        return float(np.mean(np.exp(log_end * m))) - wanted

    return np.asarray(np.exp(float(optimize.brentq(surplus, -5000.0, 0.0)) * m))


def count_band(
    mean: NDArray[np.float64], dispersion: float = 1.0, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Limits between which single months fall: Poisson, or NB with variance ``dispersion * mean``."""
    tail = (1 - level) / 2
    if dispersion <= 1:
        return (np.asarray(stats.poisson.ppf(q, mean), float) for q in (tail, 1 - tail))  # type: ignore[return-value]
    size, p = mean / (dispersion - 1), 1 / dispersion
    low, high = (np.where(mean > 0, stats.nbinom.ppf(q, size, p), 0.0) for q in (tail, 1 - tail))
    return low, high
