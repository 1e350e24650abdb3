"""What could have been seen: the smallest detectable fall, checked by simulation, and the months needed.

One definition for every reader (:class:`Power`): the formula's fall is tried on simulated series, which find
it less often than the formula says (after a fall there are fewer events, and the drift is not known but
averaged over). The fall that they do find four times in five is the answer, and the table of other times
after the start is stretched to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.evidence import RefusedError
from analysis.its import many
from analysis.its.change import change
from analysis.its.design import build
from analysis.its.estimate import Estimate
from analysis.its.families import Job, estimate_many
from analysis.its.many import Array
from analysis.its.series import Prepared

#: Months after the start that are looked at.
LENGTHS: Final = (6, 9, 12, 18, 24, 30, 36, 48, 60, 84, 120)
WANTED: Final = 0.80
#: The fall that is asked about everywhere.
FALL: Final = -20.0
#: Simulated series a size of fall: the smallest fall is then known to about a point.
SIMULATIONS: Final = 100


def detectable_table(answers: Sequence[tuple[Job, Estimate, float]]) -> list[pd.DataFrame]:
    """Smallest detectable fall by months after the start, for many fitted questions at once.

    Each answer is the job, its estimate and its standard error of the log ratio. The standard error of a
    longer (or shorter) time after the start is that of the model with the counts expected there, at the
    drift as estimated, times the factor by which that formula misses the fit at the present length.

    Returns:
        Per answer, a table ``months, log_se, smallest_percent, power_20`` (negative percent; power of a
        fall of 20 %); an empty one where there is no answer.
    """
    out: list[pd.DataFrame] = [pd.DataFrame()] * len(answers)
    groups: dict[int, list[tuple[int, _Future]]] = {}
    for place, (job, found, log_se) in enumerate(answers):
        if job[0].per_year != 12:
            continue  # months needed are asked of monthly series only
        try:
            future = _future(job, found, log_se)
        except RefusedError:
            continue  # terms that cannot be told apart without the slope: the table stays empty
        groups.setdefault(future.x.shape[1], []).append((place, future))
    for group in groups.values():
        for (place, future), errors in zip(group, _errors([f for _, f in group]), strict=True):
            out[place] = _table(future, errors)
    return out


@dataclass(frozen=True, slots=True)
class Power:
    """What a question could have seen.

    Attributes:
        smallest_percent: smallest fall (negative percent) found with 80 % power at the present length: the
            simulated one where there is one, else the formula's.
        formula_percent: the formula's.
        seen: share of simulated series with the formula's fall in which it was found; None = not simulated.
        table: ``months, log_se, smallest_percent, power_20`` by months after the start, in agreement with
            ``smallest_percent`` at the present length; empty where months cannot be asked.
        months_needed: months after the start until a fall of 20 % is found with 80 % power; None = more
            than ten years, or not asked.
    """

    smallest_percent: float
    formula_percent: float
    seen: float | None
    table: pd.DataFrame = field(repr=False)
    months_needed: int | None

    @property
    def checked(self) -> bool:
        """Whether simulated series stand behind it."""
        return self.seen is not None

    def sentence(self, months: int) -> str:
        """What could have been seen ``months`` after the start, and how long a fall of 20 % takes."""
        words = (
            f"With {months} months after the start only a fall of {abs(self.smallest_percent):.0f} % or more "
            "would have been found in four of five cases"
        )
        if self.checked:
            words += " (checked by simulation)"
        wait = self.wait()
        return f"{words}; {wait[0].lower()}{wait[1:]}" if wait else f"{words}."

    def wait(self) -> str:
        """How long a fall of 20 % takes to be seen; empty where months cannot be asked."""
        if self.table.empty:
            return ""
        if self.months_needed is None:
            return "A fall of 20 % could not be found reliably within ten years this way."
        return f"A fall of 20 % takes about {self.months_needed} months after the start to be seen."


def detectable(log_se: float, level: float) -> float:
    """Smallest fall, as a negative percent, found with 80 % power at a standard error of the log ratio."""
    z = float(ndtri(0.5 + level / 2) + ndtri(WANTED))
    return 100.0 * (float(np.exp(-z * log_se)) - 1.0)


def power_of(
    job: Job,
    found: Estimate,
    log_se: float,
    *,
    table: pd.DataFrame | None = None,
    simulations: int = SIMULATIONS,
    seed: int = 0,
) -> Power:
    """What one fitted question could have seen.

    Args:
        job, found, log_se: the question, its estimate, and the standard error of its log ratio.
        table: that of :func:`detectable_table`, if it is there already.
        simulations: simulated series a size of fall; 0 = the formula alone. Linear families have no counts
            to simulate: theirs is the formula's.
        seed: of the simulations.
    """
    level = job[2].level
    formula = detectable(log_se, level)
    if table is None:
        table = detectable_table([(job, found, log_se)])[0]
    seen, smallest = None, formula
    if simulations and -100.0 < formula < 0.0:
        try:
            seen, smallest = checked_detectable(job, found, formula, simulations=simulations, seed=seed)
        except RefusedError:
            seen, smallest = None, formula  # ``checked`` says that nothing was simulated
        else:
            table = stretched(table, float(np.log1p(smallest / 100) / np.log1p(formula / 100)), level)
    return Power(smallest, formula, seen, table, months_needed(table))


def stretched(table: pd.DataFrame, factor: float, level: float) -> pd.DataFrame:
    """The table with standard errors ``factor`` times as large."""
    if table.empty:
        return table
    return _by_errors(table["log_se"].to_numpy(float) * factor, float(ndtri(0.5 + level / 2)))


class _Future:
    """A question drawn out to ten years after its start: terms, weights, time and which rows are past."""

    def __init__(self, x: Array, weight: Array, time: Array, since: Array, now: int, place: int) -> None:
        self.x, self.weight, self.time, self.since, self.now, self.place = x, weight, time, since, now, place
        self.sd = self.rho = self.log_se = self.scale = 0.0
        self.z = 1.96


def _future(job: Job, found: Estimate, log_se: float) -> _Future:
    series, _, spec = job
    now = int(series.post.sum())
    longer = _extended(series, max(LENGTHS))
    terms = replace(spec, slope=False, stop=None, family="latent_ar1", covariance="model")
    wide = build(longer, terms)
    mean = np.exp(longer.offset) * _rate(series, longer)
    weight = mean / (1.0 + found.alpha * mean) / max(found.dispersion, 1.0)
    if series.control is not None and series.control_offset is not None:
        share = np.nanmean(series.control[series.pre]) / np.nanmean(series.count[series.pre])
        weight = weight * share / (1.0 + share)
    keep = longer.used
    future = _Future(
        wide.factual[keep],
        np.maximum(weight[keep], 1e-9),
        longer.time[keep],
        (np.cumsum(longer.post) * longer.after)[keep].astype(float),
        now,
        wide.terms.index("level"),
    )
    future.sd = found.numbers.get("drift_sd", 0.0)
    future.rho = found.numbers.get("drift_rho", found.numbers.get("rho", 0.0))
    if spec.family in ("log_prais_winsten", "ols", "gls_ar1", "arima"):
        future.sd, future.rho = 0.15, min(max(future.rho, 0.0), 0.95)
    future.log_se = log_se
    future.z = float(ndtri(0.5 + spec.level / 2))
    return future


def _rate(series: Prepared, longer: Prepared) -> Array:
    """Expected counts over exposure, month by month: the mean of the past in its season."""
    pre = series.pre
    rate = float(series.count[pre].sum() / np.exp(series.offset[pre]).sum())
    season = np.ones(len(longer.periods))
    month = longer.periods.month.to_numpy()
    for m in range(1, 13):
        own = pre & (series.periods.month.to_numpy() == m)
        if own.any() and series.count[own].sum() > 0:
            season[month == m] = (series.count[own].sum() / np.exp(series.offset[own]).sum()) / rate
    values: Array = rate * season
    return values


def _extended(series: Prepared, months: int) -> Prepared:
    """The series with ``months`` periods after the phase-in; what is not known yet stays as it was last."""
    n = len(series.periods)
    total = series.first_after + months
    extra = max(total - n, 0)

    def longer(values: Array) -> Array:
        return np.concatenate([values, np.repeat(values[-1:], extra, axis=0)])

    periods = pd.period_range(series.periods[0], periods=n + extra, freq=series.periods.freq)
    place = np.arange(n + extra)
    after = place >= series.first_after
    used = np.concatenate([series.used, np.ones(extra, bool)]) | after
    return replace(
        series,
        periods=periods,
        count=np.where(np.isfinite(longer(series.count)), longer(series.count), 0.0),
        offset=longer(series.offset),
        time=np.arange(1.0, n + extra + 1),
        after=after,
        ended=np.zeros(n + extra, bool),
        available=used,
        used=used,
        covariates=np.nan_to_num(longer(series.covariates)),
        control=None,
        control_offset=None,
        others=(),
        names=(),
    )


def _errors(group: list[_Future]) -> Array:
    """Standard errors of the level for each length (rows) of each question, at the estimated drift."""
    lengths = len(LENGTHS) + 1
    out = np.zeros((len(group), lengths))
    sd = np.array([f.sd for f in group])
    rho = np.array([f.rho for f in group])
    for column in range(lengths):
        shown = [f.since <= (f.now if column == len(LENGTHS) else LENGTHS[column]) for f in group]
        rows = many.Rows.of(
            [f.weight[s] for f, s in zip(group, shown, strict=True)],
            [f.x[s] for f, s in zip(group, shown, strict=True)],
            [np.zeros(int(s.sum())) for s in shown],
            [f.time[s] for f, s in zip(group, shown, strict=True)],
        )
        # Each question at its own pair: one pair a series, so the filter runs on a grid of one.
        size = np.sqrt(np.einsum("snk,snk->sk", rows.x, rows.x))
        size = np.where(size > 0, size, 1.0)
        x = rows.x / size[:, None, :]
        product = many.crossed_own(x, np.where(rows.used, rows.y, 1.0), rows, sd, rho)
        for place, future in enumerate(group):
            inverse = np.linalg.pinv(product[place])
            j = future.place
            out[place, column] = np.sqrt(max(inverse[j, j], 0.0)) / size[place, j]
    return out


def _table(future: _Future, errors: Array) -> pd.DataFrame:
    now = errors[-1]
    factor = future.log_se / now if now > 0 and np.isfinite(future.log_se) else 1.0
    log_se = errors[:-1] * factor
    return _by_errors(log_se, future.z)


def _by_errors(log_se: Array, z: float) -> pd.DataFrame:
    reach, gap = z + float(ndtri(WANTED)), abs(np.log1p(FALL / 100))
    return pd.DataFrame(
        {
            "months": LENGTHS,
            "log_se": log_se,
            "smallest_percent": 100 * np.expm1(-reach * log_se),
            "power_20": ndtr(gap / log_se - z),
        }
    )


def months_needed(table: pd.DataFrame, percent: float = FALL) -> int | None:
    """Months after the start until such a fall is found with 80 % power; None = more than ten years."""
    if table.empty:
        return None
    enough = np.flatnonzero(table["smallest_percent"].to_numpy(float) >= percent)
    return None if not len(enough) else int(table["months"].to_numpy()[enough[0]])


def simulated_power(
    job: Job, found: Estimate, percent: float, *, simulations: int = 200, seed: int = 0
) -> float:
    """Share of simulated series with a change of ``percent`` whose interval leaves out no change.

    The series are drawn from the fitted model without the intervention, with its drift and scatter, and
    fitted in the same way; a comparison stays as it was.

    Raises:
        RefusedError: fewer than half of the simulated series could be fitted; linear families.
    """
    series, design, spec = job
    if found.exposure is not None:
        raise RefusedError("Power is simulated for families of counts and logarithms only.")
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        mean = np.exp(found.base + found.design.counterfactual @ found.posterior.mean)
    mean = np.where(np.isfinite(mean), mean, 0.0) * np.where(series.post, 1 + percent / 100, 1.0)
    n = len(mean)
    if spec.family == "latent_ar1":
        sd = np.full(simulations, np.sqrt(found.variance))
        rho = found.numbers.get("drift_rho", 0.0)
        level = np.empty((simulations, n))
        level[:, 0] = rng.normal(size=simulations)
        for t in range(1, n):
            level[:, t] = rho * level[:, t - 1] + np.sqrt(1 - rho**2) * rng.normal(size=simulations)
        mu = mean * np.exp(sd[:, None] * level - 0.5 * sd[:, None] ** 2)
    else:
        beyond = (found.dispersion - 1) / np.maximum(mean, 1e-9)
        spread = np.maximum(found.alpha + found.variance + np.where(mean > 0, beyond, 0.0), 1e-9)
        mu = rng.gamma(1 / spread, spread * mean, (simulations, n))
    counts = rng.poisson(np.minimum(mu, 1e9)).astype(float)
    jobs = [(replace(series, count=row), design, spec) for row in counts]
    seen = []
    for one, answer in zip(jobs, estimate_many(jobs), strict=True):
        if isinstance(answer, RefusedError):
            continue
        try:
            seen.append(not change(one[0], answer).ratio(spec.level).contains(1.0))
        except RefusedError:
            continue
    if len(seen) < simulations / 2:
        raise RefusedError("Too few simulated series could be fitted.")
    return float(np.mean(seen))


def checked_detectable(
    job: Job, found: Estimate, percent: float, *, simulations: int = SIMULATIONS, seed: int = 0
) -> tuple[float, float]:
    """The smallest detectable fall by simulation, started from the formula's.

    The formula's fall and one a quarter larger (on the log scale) are simulated with the same random
    numbers; the fall with 80 % power lies on the line through both, on the probit scale.

    Returns:
        Power at the formula's fall, and the fall (negative percent) with 80 % power.

    Raises:
        RefusedError: as in ``simulated_power``.
    """
    size = float(np.log1p(percent / 100))
    sizes = (size, 1.25 * size)
    shares = [
        simulated_power(job, found, 100 * float(np.expm1(s)), simulations=simulations, seed=seed)
        for s in sizes
    ]
    edge = 0.5 / simulations
    low, high = (float(ndtri(min(max(s, edge), 1 - edge))) for s in shares)
    rise = max((high - low) / 0.25, 0.5)  # probits per unit of the formula's fall
    factor = float(np.clip(1 + (float(ndtri(WANTED)) - low) / rise, 0.5, 3.0))
    return shares[0], 100 * float(np.expm1(factor * size))
