"""The change after the start: cumulative, month by month, and the counts expected without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaincinv, ndtri

from analysis.evidence import Interval, RefusedError, path_table
from analysis.its.estimate import Estimate
from analysis.its.many import Array, Flags
from analysis.its.posterior import Marginal
from analysis.its.series import Prepared

#: A standard error of the log ratio above this is no answer (limits a thousandfold apart).
_WIDEST = 1.8
NO_ANSWER = (
    "The months do not say what would have happened without the change: any answer would do. "
    "Look for months that are not real counts, use fewer terms, or a longer series."
)


@dataclass(frozen=True, slots=True)
class Change:
    """What is known of the change over the m periods counted.

    ``cumulative``: of the log ratio of events with to events without (log link) or of the difference in
    events (linear), summed up to each period; ``observed``: events up to each period.
    """

    cumulative: Marginal
    observed: Array
    linear: bool

    @property
    def last(self) -> int:
        """Place of the total."""
        return len(self.observed) - 1

    def ratio(self, level: float) -> Interval:
        """Rate ratio of the whole time after the start."""
        return self.ratio_of(self.cumulative.interval(level, self.last))

    def ratio_of(self, found: Interval) -> Interval:
        """Rate ratio from the limits of the total change (last quantity of ``cumulative``)."""
        if not self.linear:
            return found.map(lambda v: float(np.exp(min(v, 700.0))))
        total = float(self.observed[-1])
        if total - found.upper <= 0:
            raise RefusedError(
                "The straight line falls to zero or below after the start, so there is nothing to compare "
                "with. Use a family for counts, for example latent_ar1."
            )
        return found.map(lambda d: total / (total - d))

    def events(self, q: float) -> Array:
        """q-quantile of the difference in events up to each period (negative = fewer), before scaling."""
        return self.cumulative.quantile(q)

    def log_se(self) -> float:
        """Standard error of the log ratio of the whole time."""
        sd = float(self.cumulative.sd[-1])
        if not self.linear:
            return sd
        return sd / (float(self.observed[-1]) - float(self.cumulative.mean[-1]))


def counted(series: Prepared, found: Estimate) -> Flags:
    """Periods whose events the effect adds up: used, after, and with an expectation."""
    return series.post & np.isfinite(found.base)


def change(series: Prepared, found: Estimate) -> Change:
    """The cumulative change.

    Raises:
        RefusedError: the data do not say what would have happened.
    """
    post = counted(series, found)
    on, off, base = found.design.factual[post], found.design.counterfactual[post], found.base[post]
    observed = np.cumsum(series.count[post])
    if len(observed) == 0 or observed[-1] == 0:
        raise RefusedError(
            "After the start the series has events only in months in which the comparison has none. "
            "Choose a larger comparison."
        )

    def log_ratio(betas: Array) -> tuple[Array, Array]:
        with_it, without = np.exp(base + betas @ on.T), np.exp(base + betas @ off.T)
        total, total0 = np.cumsum(with_it, axis=1), np.cumsum(without, axis=1)
        gradient = np.cumsum(with_it[:, :, None] * on, axis=1) / total[:, :, None]
        gradient = gradient - np.cumsum(without[:, :, None] * off, axis=1) / total0[:, :, None]
        return np.log(total / total0), gradient

    apart = on - off
    if found.exposure is None and np.all(apart == apart[0]):
        # A change of level only: the ratio is the same for every sum of periods.
        once = found.posterior.of(lambda betas: (betas @ apart[:1].T, _each(apart[:1], betas)))
        known = Marginal(
            np.repeat(once.means, len(observed), axis=1),
            np.repeat(once.sds, len(observed), axis=1),
            once.weights,
            once.df,
        )
    elif found.exposure is None:
        with np.errstate(all="ignore"):  # judged right after
            known = found.posterior.of(log_ratio)
    else:
        gradient = np.cumsum(apart * found.exposure[post][:, None], axis=0)
        known = found.posterior.of(lambda betas: (betas @ gradient.T, gradient[None, :, :]))
    values, sds = known.means[:, -1], known.sds[:, -1]
    finite = bool(np.all(np.isfinite(values)) and np.all(np.isfinite(sds)))
    if not finite or (found.exposure is None and known.sd[-1] > _WIDEST):
        raise RefusedError(NO_ANSWER)
    return Change(known, observed, found.exposure is not None)


def expected_counts(series: Prepared, found: Estimate, target: float) -> Array:
    """Counts without the intervention; those after the start are made to add up to ``target``.

    For a Poisson or quasi-Poisson model the factor is 1: its fit adds up to the observed total. The
    other families fit the total only nearly, and one difference in events must not appear as two.
    """
    post = counted(series, found)
    if found.exposure is not None:
        expected = (
            found.projected
            if found.projected is not None
            else found.exposure * (found.design.counterfactual @ found.posterior.mean)
        )
        short = target - float(expected[post].sum())
        share = found.exposure / float(found.exposure[post].sum())
        return np.where(series.after, expected + short * share, expected)
    with np.errstate(all="ignore"):
        expected = np.exp(found.base + found.design.counterfactual @ found.posterior.mean)
        # Without an event in the comparison the ratio model has no expectation for that month.
        expected = np.where(np.isfinite(found.base), expected, np.nan)
        scaled = np.where(series.after, expected * (target / float(expected[post].sum())), expected)
    if not np.all(np.isfinite(scaled[np.isfinite(found.base)])):
        raise RefusedError(NO_ANSWER)
    return scaled


def limits(
    series: Prepared, found: Estimate, expected: Array, level: float
) -> tuple[Array, Array, Array, Array]:
    """Limits of the expected mean (lower, upper) and of a single count around it (lower, upper); n each."""
    tail = (1.0 - level) / 2.0
    off = found.design.counterfactual
    known = np.isfinite(expected)
    log_var = np.einsum("ni,ij,nj->n", off, found.posterior.cov, off)
    if found.exposure is not None:
        # Linear families: normal (or t) limits, cut off at zero because counts are.
        standard = Marginal(np.zeros((1, 1)), np.ones((1, 1)), np.ones(1), found.posterior.df)
        wide = float(standard.quantile(1 - tail)[0])
        mean_half = wide * np.sqrt(np.maximum(log_var, 0.0)) * found.exposure
        if found.mean_sd is not None:
            mean_half = wide * found.mean_sd * found.exposure
        half = wide * np.sqrt(np.maximum(log_var, 0.0) + found.variance) * found.exposure
        if found.projected is not None:
            own = 0.0 if found.mean_sd is None else found.mean_sd**2
            half = wide * np.sqrt(own + found.variance) * found.exposure
        low = np.maximum(expected - half, np.minimum(expected, 0.0))
        return expected - mean_half, expected + mean_half, low, expected + half
    sure = np.where(known, np.maximum(expected, 1e-12), 1.0)
    scatter = np.expm1(np.minimum(log_var + found.variance, 50.0)) + found.alpha
    if series.control is not None and found.base is not series.offset:
        scatter = scatter + 1.0 / np.where(series.control > 0, series.control, np.nan)
    # Gamma limits with the variance's share of the mean squared: never below zero, close to normal for
    # large counts.
    share = found.dispersion / sure + np.minimum(scatter, 1e6)
    lower, upper = (
        np.where(known, gammaincinv(1.0 / share, q) * sure * share, np.nan) for q in (tail, 1.0 - tail)
    )
    # (A mean near zero may lie above the upper quantile, when nearly every month would have none.)
    lower, upper = np.minimum(lower, expected), np.maximum(upper, expected)
    # The mean's own limits: normal on the log scale, with the variance of the whole mixture.
    half = float(ndtri(1.0 - tail)) * np.sqrt(np.maximum(log_var, 0.0))
    return expected * np.exp(-half), expected * np.exp(np.minimum(half, 50.0)), lower, upper


def _each(rows: Array, betas: Array) -> Array:
    """Gradient rows (m × k) for every component (g × m × k)."""
    return np.broadcast_to(rows, (len(betas), *rows.shape))


def path(
    series: Prepared, found: Estimate, known: Change, expected: Array, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The path of every method, and the bands: limits of the mean beside those of a single count."""
    tail = (1.0 - level) / 2.0
    mean_lower, mean_upper, lower, upper = limits(series, found, expected, level)
    n, post = len(series.periods), counted(series, found)
    running = np.cumsum(expected[post])
    median = known.cumulative.quantile(0.5)
    sides = []
    for q in (tail, 1.0 - tail):
        values = np.full(n, np.nan)
        away = known.cumulative.quantile(q) - median
        # Same identity as the headline's, on the totals up to each month.
        difference = known.observed - running
        values[post] = difference + away if known.linear else known.observed - running * np.exp(-away)
        sides.append(values)
    table = path_table(
        series.periods,
        series.count,
        expected,
        lower,
        upper,
        post=post,
        cumulative_lower=sides[0],
        cumulative_upper=sides[1],
    )
    bands = pd.DataFrame(
        {
            "period": series.periods,
            "expected": expected,
            "mean_lower": mean_lower,
            "mean_upper": mean_upper,
            "lower": lower,
            "upper": upper,
        }
    )
    return table, bands


def by_month(series: Prepared, found: Estimate, expected: Array, level: float) -> pd.DataFrame:
    """The modelled change by periods since the first one after: rate ratio with limits.

    With a change of level only it is the same in every period; with a slope it moves. For linear families
    the ratio is of expected plus difference to expected, with the expected held at its estimate.
    """
    tail = (1.0 - level) / 2.0
    post = counted(series, found) | (series.later & np.isfinite(found.base))
    apart = (found.design.factual - found.design.counterfactual)[post]
    known = found.posterior.of(lambda betas: (betas @ apart.T, _each(apart, betas)))
    low, middle, high = (known.quantile(q) for q in (tail, 0.5, 1.0 - tail))
    if found.exposure is None:
        ratios = [np.exp(np.clip(v, -50, 50)) for v in (low, middle, high)]
    else:
        rate = np.maximum(expected[post], 1e-9) / found.exposure[post]
        ratios = [1.0 + v / rate for v in (low, middle, high)]
    return pd.DataFrame(
        {
            "period": series.periods[post],
            "months_since_start": np.flatnonzero(post) - series.start + 1,
            "rate_ratio": ratios[1],
            "lower": ratios[0],
            "upper": ratios[2],
            "programme": np.where(series.ended[post], "ended", "running"),
        }
    )
