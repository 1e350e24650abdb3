"""Ratios of two Poisson rates: exact, mid-p, Wald and Jeffreys intervals, and tests.

Everything here is about two counts, ``x1`` now and ``x0`` in the baseline, and ``ratio``, the
exposure now divided by the exposure of the baseline (12 months against 36: 1/3). Given their sum,
``x1`` is binomial with probability ``ratio * RR / (1 + ratio * RR)``.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, stats

from analysis.evidence import Interval


def rate_ratio(x1: float, x0: float, ratio: float) -> float:
    """``(x1 / t1) / (x0 / t0)``; infinite when only the baseline is zero, NaN when both are."""
    if x0 == 0:
        return math.nan if x1 == 0 else math.inf
    return x1 / (x0 * ratio)


def exact_interval(x1: float, x0: float, ratio: float, level: float = 0.95) -> Interval:
    """Exact conditional (Clopper–Pearson) interval of the rate ratio.

    ``x0`` need not be whole: the limits are quantiles of a beta distribution. 0 against 0 gives
    NaN, never an error. Agrees with R's ``poisson.test``.
    """
    tail = (1 - level) / 2
    if x1 == 0 and x0 == 0:
        return Interval(math.nan, math.nan, math.nan, level)
    low = 0.0 if x1 == 0 else _odds(float(stats.beta.ppf(tail, x1, x0 + 1)), ratio)
    high = math.inf if x0 == 0 else _odds(float(stats.beta.isf(tail, x1 + 1, x0)), ratio)
    return Interval(rate_ratio(x1, x0, ratio), low, high, level)


def mid_p_interval(x1: int, x0: int, ratio: float, level: float = 0.95) -> Interval:
    """Conditional interval that counts half of the observed outcome (less conservative)."""
    tail, n = (1 - level) / 2, x1 + x0
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, level)

    def at_most(p: float) -> float:
        return float(stats.binom.cdf(x1, n, p) - 0.5 * stats.binom.pmf(x1, n, p))

    def root(target: float) -> float:
        return float(optimize.brentq(lambda p: at_most(p) - target, 0.0, 1.0, xtol=1e-15, rtol=1e-14))

    low = 0.0 if x1 == 0 else _odds(root(1 - tail), ratio)
    high = math.inf if x0 == 0 else _odds(root(tail), ratio)
    return Interval(rate_ratio(x1, x0, ratio), low, high, level)


def wald_interval(
    x1: float,
    x0: float,
    ratio: float,
    level: float = 0.95,
    dispersion: float = 1.0,
    freedom: float = math.inf,
) -> Interval:
    """Interval of the log ratio with variance ``dispersion * (1/x1 + 1/x0)``; NaN at a zero.

    Normal, or t with the ``freedom`` of an estimated dispersion.
    """
    estimate = rate_ratio(x1, x0, ratio)
    if x1 == 0 or x0 == 0:
        return Interval(estimate, math.nan, math.nan, level)
    reach = float(stats.t.isf((1 - level) / 2, freedom)) * math.sqrt(dispersion * (1 / x1 + 1 / x0))
    return Interval(estimate, estimate * math.exp(-reach), estimate * math.exp(reach), level)


def jeffreys_interval(x1: float, x0: float, ratio: float, level: float = 0.95) -> Interval:
    """Central posterior interval under Jeffreys' gamma(0.5) prior on both rates."""
    tail = (1 - level) / 2
    a, b = x1 + 0.5, x0 + 0.5
    return Interval(
        rate_ratio(x1, x0, ratio),
        _odds(float(stats.beta.ppf(tail, a, b)), ratio),
        _odds(float(stats.beta.isf(tail, a, b)), ratio),
        level,
    )


def probability_below(
    x1: float,
    x0: float,
    ratio: float,
    limit: float = 1.0,
    dispersion: float = 1.0,
    freedom: float = math.inf,
) -> float:
    """Posterior probability that the rate ratio is at most ``limit``.

    With ``dispersion`` 1 the Jeffreys posterior. Above 1 the log ratio is normal (t with
    ``freedom``) with variance ``dispersion * (1/x1 + 1/x0)``; where a count is zero that
    variance is infinite, and the Jeffreys posterior of the counts divided by the dispersion is used.
    """
    if dispersion > 1 and x1 > 0 and x0 > 0:
        se = math.sqrt(dispersion * (1 / x1 + 1 / x0))
        return float(stats.t.cdf((math.log(limit) - math.log(rate_ratio(x1, x0, ratio))) / se, freedom))
    p = limit * ratio / (1 + limit * ratio)
    return float(stats.beta.cdf(p, x1 / dispersion + 0.5, x0 / dispersion + 0.5))


def exact_p(x1: int, x0: int, ratio: float, *, rule: str = "minlike") -> float:
    """Two-sided exact conditional p of equal rates; NaN for 0 against 0.

    ``rule="minlike"`` adds up all outcomes no likelier than the observed one (R's choice);
    ``rule="central"`` doubles the smaller tail and agrees with :func:`exact_interval`.
    """
    n, p = x1 + x0, ratio / (1 + ratio)
    if n == 0:
        return math.nan
    if rule == "minlike":
        return float(stats.binomtest(x1, n, p).pvalue)
    tails = min(float(stats.binom.cdf(x1, n, p)), float(stats.binom.sf(x1 - 1, n, p)))
    return min(1.0, 2 * tails)


def comparison_p(
    x1: float, x0: float, ratio: float, dispersion: float = 1.0, freedom: float = math.inf
) -> float:
    """Two-sided p of equal rates that goes with the interval of :func:`analysis.progress.compare.compare`.

    With ``dispersion`` 1 the exact conditional central p (counts need not be whole); above 1 the t
    test of the log ratio, or, with a zero count, the exact one of the counts over the dispersion.
    NaN for 0 against 0.
    """
    if (x1 == 0 and x0 == 0) or not math.isfinite(ratio):
        return math.nan
    if dispersion > 1 and x1 > 0 and x0 > 0:
        z = math.log(rate_ratio(x1, x0, ratio)) / math.sqrt(dispersion * (1 / x1 + 1 / x0))
        return float(2 * stats.t.sf(abs(z), freedom))
    a, b, p = x1 / dispersion, x0 / dispersion, ratio / (1 + ratio)
    at_most = 1.0 if b == 0 else float(stats.beta.sf(p, a + 1, b))
    at_least = 1.0 if a == 0 else float(stats.beta.cdf(p, a, b + 1))
    return min(1.0, 2 * min(at_most, at_least))


def p_at_or_above(x1: int, x0: int, ratio: float, limit: float) -> float:
    """One-sided p of "the rate ratio is at least ``limit``"; small when it lies below."""
    p = limit * ratio / (1 + limit * ratio)
    return float(stats.binom.cdf(x1, x1 + x0, p))


def e_test(x1: int, x0: int, t1: float = 1.0, t0: float = 1.0) -> float:
    """Two-sided p of equal rates by the E-test (Krishnamoorthy & Thomson 2004, score statistic).

    Sums over a band of 10 standard deviations around the means, outside which lie < 1e-20.
    """
    n = x1 + x0
    if n == 0:
        return 1.0
    rate = n / (t1 + t0)
    seen = abs(_score(np.array([float(x1)]), np.array([float(x0)]), t1, t0)[0, 0])
    a, b = _band(rate * t1), _band(rate * t0)
    extreme = np.abs(_score(a, b, t1, t0)) >= seen - 1e-12 * max(1.0, seen)
    weights = np.outer(stats.poisson.pmf(a, rate * t1), stats.poisson.pmf(b, rate * t0))
    return float(min(1.0, weights[extreme].sum()))


def root_change(now: float, past: float, *, standardized: bool = False, ratio: float = 1.0) -> float:
    """Wheeler's change of counts, ``2 * (sqrt(now) - sqrt(past * ratio))``: beyond ±3 is an alarm.

    ``standardized=True`` divides by ``sqrt(1 + ratio)``, which makes it a standard normal score
    when the past is itself a count (Wheeler 2016; ``poisson_z`` of ptools).
    """
    z = 2 * (math.sqrt(now) - math.sqrt(past * ratio))
    return z / math.sqrt(1 + ratio) if standardized else z


def single_rate(count: int, exposure: float, *, method: str = "exact", level: float = 0.95) -> Interval:
    """Interval of one Poisson rate: ``"exact"`` (Garwood), ``"jeffreys"`` or ``"byar"``."""
    tail = (1 - level) / 2
    if method == "exact":
        low = 0.0 if count == 0 else float(stats.gamma.ppf(tail, count))
        high = float(stats.gamma.isf(tail, count + 1))
    elif method == "jeffreys":
        low, high = (float(f(tail, count + 0.5)) for f in (stats.gamma.ppf, stats.gamma.isf))
    elif method == "byar":
        z, up = float(stats.norm.isf(tail)), count + 1
        low = 0.0 if count == 0 else count * (1 - 1 / (9 * count) - z / (3 * math.sqrt(count))) ** 3
        high = up * (1 - 1 / (9 * up) + z / (3 * math.sqrt(up))) ** 3
    else:
        raise ValueError(f"single_rate knows exact, jeffreys and byar, not “{method}”.")
    return Interval(count / exposure, max(low, 0.0) / exposure, high / exposure, level)


def _odds(p: float, ratio: float) -> float:
    return math.inf if p >= 1 else p / (1 - p) / ratio


def _band(mean: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    reach = 10 * math.sqrt(mean) + 40
    return np.arange(max(0, math.floor(mean - reach)), math.ceil(mean + reach) + 1).astype(np.float64)


def _score(
    a: np.ndarray[tuple[int], np.dtype[np.float64]],
    b: np.ndarray[tuple[int], np.dtype[np.float64]],
    t1: float,
    t0: float,
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Score statistic for every pair; 0 where both counts are 0."""
    total = (a[:, None] + b[None, :]) / (t1 + t0) * (1 / t1 + 1 / t0)
    difference = a[:, None] / t1 - b[None, :] / t0
    return np.asarray(np.divide(difference, np.sqrt(total), out=np.zeros_like(difference), where=total > 0))


def other_methods(x1: int, x0: int, t1: float, t0: float, level: float = 0.95) -> dict[str, object]:
    """The same comparison by statsmodels' other methods, for a table that shows how they differ.

    Keys are ``p_ratio_<method>``, ``p_diff_<method>`` (p-values), ``ci_ratio_<method>`` and
    ``ci_diff_<method>`` (lists of two limits); a method that cannot answer is absent. Trap of
    statsmodels 0.15: several interval methods return reversed or zero-width limits when a count is
    zero, so none of these is ever a headline.
    """
    # Imported here because the package takes long to load and only this table needs it.
    from statsmodels.stats import rates

    found: dict[str, object] = {}
    tests = {
        "ratio": ("score", "wald", "sqrt", "exact-cond", "cond-midp", "etest-score", "etest-wald"),
        "diff": ("score", "wald", "etest-score", "etest-wald"),
    }
    for scale, methods in tests.items():
        for method in methods:
            result = rates.test_poisson_2indep(x1, t1, x0, t0, compare=scale, method=method)
            found[f"p_{scale}_{method}"] = float(result.pvalue)
    intervals = {
        "ratio": ("score", "waldcc", "score-log", "wald-log", "sqrtcc", "mover"),
        "diff": ("score", "mover"),
    }
    for scale, methods in intervals.items():
        for method in methods:
            if method == "wald-log" and 0 in (x1, x0):
                continue
            with np.errstate(all="ignore"):
                low, high = rates.confint_poisson_2indep(
                    x1, t1, x0, t0, compare=scale, method=method, alpha=1 - level
                )
            if math.isfinite(low) and math.isfinite(high):
                found[f"ci_{scale}_{method}"] = [float(low), float(high)]
    return found
