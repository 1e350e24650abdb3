"""Months that look wrong: repeats of earlier months, zeros that are no zeros, dumps and spikes.

Each detector is a test with a false-alarm rate that is stated and holds for a whole hub, not for one
series, because a hub tests hundreds of thousands of months:

* **repeat** — a block of three months or more whose counts repeat those of 12, 6 or 3 months before,
  small revisions allowed. Given the sum ``n`` of two months, their difference under equal means is
  that of Binomial(n, 1/2); how close they are is added up over offenses and months and held against
  a Chernoff bound. True counts vary more than Poisson, and unequal means give larger differences:
  both make the test conservative. Bonferroni over every window of the hub holds the chance of any
  false alarm to 1 %.
* **zero** — a run of zeros that the months around make implausible: negative-binomial probability
  below one in a million for the run, at the lower 1 % limit of the level beside it.
* **spike** — a month at least 2.5 times the median of the twelve around it, whose negative-binomial
  tail probability is below one in a million. In December it is called a year-end dump.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.data.vocabulary import OFFENSES

Floats = NDArray[np.float64]

SUSPECT_COLUMNS: Final = ("agency_id", "source", "month", "offense", "kind", "why")
#: Chance that any month of a whole hub is called a repeat by accident.
REPEAT_ALPHA: Final = 0.01
#: Probability of a run of zeros, or of a spike, below which it is called suspect.
ZERO_ALPHA: Final = 1e-6
SPIKE_ALPHA: Final = 1e-5
_LAGS: Final = (12, 6, 3, 1)
_BLOCK: Final = 3
_SIZES: Final = tuple(range(_BLOCK, 13))
_THETAS: Final = np.array([0.3, 0.5, 0.65, 0.75, 0.85, 0.92, 0.96])
_EXACT: Final = 600
_SPIKE_RATIO: Final = 2.5
#: Overdispersion (NB2 alpha) assumed at least, whatever the series seems to show.
_LEAST_ALPHA: Final = 0.05
#: And at most: a series full of dumps would otherwise excuse every dump.
_MOST_ALPHA: Final = 0.25


@dataclass(frozen=True)
class Grid:
    """Counts as a matrix: one row a series (agency × source × offense), one column a month."""

    keys: pd.DataFrame  # agency_id, source, offense
    months: pd.PeriodIndex
    values: Floats  # NaN where not reported

    @property
    def agency(self) -> NDArray[np.object_]:
        """Agency of each row."""
        return self.keys["agency_id"].to_numpy(dtype=object)

    @property
    def source(self) -> NDArray[np.object_]:
        """Source of each row."""
        return self.keys["source"].to_numpy(dtype=object)

    @property
    def offense(self) -> NDArray[np.object_]:
        """Offense of each row."""
        return self.keys["offense"].to_numpy(dtype=object)

    def rows_by(self, first: str, second: str) -> dict[tuple[str, str], NDArray[np.int64]]:
        """Row numbers by two of the key columns, in order of the keys."""
        groups = self.keys.groupby([first, second], sort=True).indices
        return {(str(k[0]), str(k[1])): np.asarray(v, np.int64) for k, v in groups.items()}  # type: ignore[index]

    def month(self, t: np.integer) -> pd.Period:
        """The month of a column."""
        return self.months[int(t)]


def make_grid(counts: pd.DataFrame) -> Grid:
    """A grid from agency_id, source, month (Period), offense, count; whole offenses only."""
    rows = counts[counts["offense"].isin(tuple(OFFENSES)) & counts["count"].notna()]
    if rows.empty:
        no_keys = pd.DataFrame(columns=["agency_id", "source", "offense"])
        return Grid(no_keys, pd.PeriodIndex([], freq="M"), np.empty((0, 0)))
    months = pd.period_range(rows["month"].min(), rows["month"].max(), freq="M")
    code, keys = pd.factorize(pd.MultiIndex.from_frame(rows[["agency_id", "source", "offense"]]), sort=True)
    values = np.full((len(keys), len(months)), np.nan)
    values[code, months.get_indexer(pd.PeriodIndex(rows["month"]))] = rows["count"].to_numpy(float)
    return Grid(pd.DataFrame(list(keys), columns=["agency_id", "source", "offense"]), months, values)


def suspects(grid: Grid, population: pd.Series | None = None, state: pd.Series | None = None) -> pd.DataFrame:
    """Every suspect month, with its reason in words (columns :data:`SUSPECT_COLUMNS`).

    ``population``: agency_id → residents, to judge series that are zero throughout. ``state``:
    agency_id → state, to look at a state's other agencies where some repeat.
    """
    found = [*repeats(grid, state), *zeros(grid, population), *spikes(grid)]
    table = pd.DataFrame(found, columns=list(SUSPECT_COLUMNS))
    return table.drop_duplicates(["agency_id", "source", "month", "offense"], ignore_index=True)


Suspect = tuple[str, str, pd.Period, str, str, str]


def repeats(grid: Grid, state: pd.Series | None = None) -> list[Suspect]:
    """Blocks of months that repeat earlier ones.

    Where two agencies of a state repeat the same months, the state's other agencies are tested on
    those months alone, each with a false-alarm chance of one in a thousand.
    """
    groups = grid.rows_by("agency_id", "source")
    windows = max(1, len(groups) * len(grid.months) * len(_LAGS) * len(_SIZES))
    hits: dict[tuple[str, str, int], NDArray[np.bool_]] = {}
    for (agency, source), rows in groups.items():
        for lag in _LAGS:
            hit = _repeated(grid.values[rows], lag, np.log(REPEAT_ALPHA / windows))
            if hit.any():
                hits[agency, source, lag] = hit
    if state is not None:
        _follow(grid, groups, hits, state)
    found: list[Suspect] = []
    offense = grid.offense
    for (agency, source, lag), hit in hits.items():
        rows = groups[agency, source]
        for t in np.flatnonzero(hit):
            why = f"repeats {grid.month(t - lag)} in all offenses, as the months beside it do"
            found.extend(
                (agency, source, grid.month(t), offense[i], "repeat", why)
                for i in rows[np.isfinite(grid.values[rows, t])]
            )
    return found


def _follow(
    grid: Grid,
    groups: dict[tuple[str, str], NDArray[np.int64]],
    hits: dict[tuple[str, str, int], NDArray[np.bool_]],
    state: pd.Series,
) -> None:
    """Look at the other agencies of a state in which several repeat the same months (in place)."""
    by_state: dict[tuple[str, str, int], list[NDArray[np.bool_]]] = {}
    for (agency, source, lag), hit in hits.items():
        by_state.setdefault((str(state.get(agency)), source, lag), []).append(hit)
    for (name, source, lag), some in by_state.items():
        months = np.sum(some, axis=0) >= 2
        if not months.any():
            continue
        for (agency, its_source), rows in groups.items():
            if its_source != source or str(state.get(agency)) != name or (agency, source, lag) in hits:
                continue
            score, bound = _closeness(grid.values[rows], lag)
            here = months[lag:] & (score > 0)
            total = -_THETAS * score[here].sum() + bound[:, here].sum(axis=1)
            if here.any() and total.min() < np.log(1e-3):
                hit = np.zeros(len(grid.months), dtype=bool)
                hit[lag:] = here
                hits[agency, source, lag] = hit


def _closeness(block: Floats, lag: int) -> tuple[Floats, Floats]:
    """How close each month is to the one ``lag`` months before.

    For one offense the closeness is s = −log P(|2A − n| ≤ d), A ~ Binomial(n, 1/2). Returns its sum
    over offenses (months − lag), and log E exp(θ s) under the null hypothesis, summed likewise, for
    each θ: the ingredients of a Chernoff bound, which knows that small counts repeat easily.
    """
    earlier, later = block[:, :-lag], block[:, lag:]
    total = earlier + later
    usable = np.isfinite(total) & (total > 0)
    n = np.where(usable, np.round(total), 0).astype(np.int64)
    d = np.where(usable, np.abs(np.round(later) - np.round(earlier)), 0).astype(np.int64)
    p = stats.binom.cdf((n + d) // 2, n, 0.5) - stats.binom.cdf((n - d + 1) // 2 - 1, n, 0.5)
    score = np.where(usable, -np.log(np.clip(p, 1e-300, 1)), 0.0).sum(axis=0)
    bound = np.where(usable, _log_mgf()[:, np.minimum(n, _EXACT)], 0.0).sum(axis=1)
    return score, bound


@functools.cache
def _log_mgf() -> Floats:
    """log E exp(θ s) for each θ and each n up to ``_EXACT``, whose value also bounds all larger n."""
    out = np.zeros((len(_THETAS), _EXACT + 1))
    for n in range(1, _EXACT):
        d = np.arange(n % 2, n + 1, 2)
        each = stats.binom.pmf((n + d) // 2, n, 0.5) * np.where(d == 0, 1, 2)
        p = np.minimum(np.cumsum(each), 1)
        out[:, n] = np.log((each * p ** -_THETAS[:, None]).sum(axis=1))
    out[:, _EXACT] = -np.log1p(-_THETAS)  # a continuous p-value: no discrete one has more
    return out


def _repeated(block: Floats, lag: int, log_alpha: float) -> NDArray[np.bool_]:
    """Months of an agency (offenses × months) that belong to a significant repeating block."""
    hit = np.zeros(block.shape[1], dtype=bool)
    if block.shape[1] <= lag + _BLOCK:
        return hit
    score, bound = _closeness(block, lag)
    own = (-_THETAS[:, None] * score + bound).min(axis=0) < np.log(0.25)
    for size in _SIZES:
        if size > len(score):
            break
        s = np.convolve(score, np.ones(size), "valid")
        b = np.array([np.convolve(row, np.ones(size), "valid") for row in bound])
        for start in np.flatnonzero((-_THETAS[:, None] * s + b).min(axis=0) < log_alpha):
            strong = start + np.flatnonzero(own[start : start + size])
            # A month that was reported in neither year does not break a block.
            if len(strong) >= _BLOCK and strong[-1] - strong[0] - len(strong) + 1 <= 2:
                hit[strong + lag] = True
    return hit


def zeros(grid: Grid, population: pd.Series | None = None) -> list[Suspect]:
    """Runs of zeros that are not plausible as counts."""
    found: list[Suspect] = []
    dispersion = _dispersion(grid.values)
    usual = _usual_rates(grid, population)
    for i in np.flatnonzero((grid.values == 0).any(axis=1)):
        agency, source, offense = grid.keys.iloc[i]
        months, values = np.flatnonzero(np.isfinite(grid.values[i])), grid.values[i]
        x = values[months]
        if not x.any():
            expected = usual.get((agency, offense), np.nan)
            if np.isfinite(expected) and -len(x) * np.log1p(expected) < np.log(ZERO_ALPHA):
                why = f"0 in all {len(x)} months, where {expected:.1f} a month are usual for its residents"
                found.extend((agency, source, grid.month(t), offense, "zero", why) for t in months)
            continue
        edges = np.flatnonzero(np.diff(np.r_[0, (x == 0).astype(int), 0]))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            level, p = _zero_run(x, start, end, dispersion[i])
            if p < ZERO_ALPHA:
                many = f"{end - start} months" if end - start > 1 else "1 month"
                why = f"0 in {many}, where about {level:.1f} a month are usual"
                run = months[start:end]
                found.extend((agency, source, grid.months[t], offense, "zero", why) for t in run)
    return found


def _zero_run(x: Floats, start: int, end: int, alpha: float) -> tuple[float, float]:
    """The level beside a run of zeros, and the probability of the run at the least plausible level.

    The lower of the levels in the 12 months before and after counts, so that a true decline is no
    alarm, and of it the lower 1 % limit. With one side only, the probability is raised a hundredfold
    and doubled for each year of the run, because a level may truly end.
    """
    sides = [s for s in (x[max(0, start - 12) : start], x[end : end + 12]) if len(s) >= 3]
    if not sides:
        return float("nan"), 1.0
    side = min(sides, key=lambda s: float(s.mean()))
    mean = float(side.mean())
    least = max(mean - 2.33 * np.sqrt(mean * (1 + alpha * mean) / len(side)), 0.0)
    p = float((1 + alpha * least) ** (-(end - start) / alpha))
    if len(sides) == 1:
        p *= 100 * 2 ** ((end - start) / 12)
    return mean, min(p, 1.0)


def spikes(grid: Grid) -> list[Suspect]:
    """Months far above the twelve around them."""
    found: list[Suspect] = []
    if grid.values.size == 0:
        return found
    median = _median_around(grid.values)
    alpha = _dispersion(grid.values)[:, None]
    candidates = (grid.values >= _SPIKE_RATIO * np.maximum(median, 1.0)) & (grid.values >= 10)
    for i, t in zip(*np.nonzero(candidates), strict=True):
        # The median of few small counts lies below their mean.
        mean, a = median[i, t] + 0.7, float(alpha[i, 0])
        p = float(stats.nbinom.sf(grid.values[i, t] - 1, 1 / a, 1 / (1 + a * mean)))
        if p < SPIKE_ALPHA:
            agency, source, offense = grid.keys.iloc[i]
            december = grid.months[t].month == 12
            why = f"{grid.values[i, t]:.0f}, where about {median[i, t]:.0f} a month are usual"
            why += ": a year's late reports seem to be in it" if december else ""
            found.append((agency, source, grid.months[t], offense, "year_end" if december else "spike", why))
    return found


def _median_around(values: Floats) -> Floats:
    """Median of the six months before and after each month, itself left out.

    Where fewer than six of them were reported, of the twelve before and after; else of the series.
    """
    out = np.full(values.shape, np.nan)
    for reach in (6, 12, values.shape[1]):
        open_rows = np.flatnonzero(np.isnan(out).any(axis=1))
        if not open_rows.size:
            break
        wide = np.full((len(open_rows), values.shape[1] + 2 * reach), np.nan)
        wide[:, reach:-reach] = values[open_rows]
        windows = np.lib.stride_tricks.sliding_window_view(wide, 2 * reach + 1, axis=1)
        around = np.delete(windows, reach, axis=2) if reach <= 12 else None
        if around is None:  # windows as long as the series would fill the memory
            known = np.isfinite(values[open_rows]).sum(axis=1) > 6
            out[open_rows[known]] = np.where(
                np.isnan(out[open_rows[known]]),
                np.nanmedian(values[open_rows[known]], axis=1)[:, None],
                out[open_rows[known]],
            )
            break
        enough = (np.isfinite(around).sum(axis=2) >= 6) & np.isnan(out[open_rows])
        some = out[open_rows]
        some[enough] = np.nanmedian(around[enough], axis=1)
        out[open_rows] = some
    return out


def _dispersion(values: Floats) -> Floats:
    """NB2 alpha of each series around its local median, by median absolute deviation (robust)."""
    if values.size == 0:
        return np.empty(0)
    median = _median_around(values)
    usable = np.isfinite(median) & np.isfinite(values)
    spread = np.where(usable, np.abs(values - median), np.nan)
    level = np.where(usable, median, np.nan)
    out = np.full(len(values), _LEAST_ALPHA)
    for i in np.flatnonzero(usable.sum(axis=1) >= 12):
        mean, sd = np.nanmean(level[i]), 1.4826 * np.nanmedian(spread[i])
        if mean > 0:
            out[i] = min(max(_LEAST_ALPHA, (sd**2 - mean) / mean**2), _MOST_ALPHA)
    return out


def _usual_rates(grid: Grid, population: pd.Series | None) -> dict[tuple[str, str], float]:
    """Events a month that an agency of its size has at the least: the tenth percentile of rates."""
    if population is None or grid.values.size == 0:
        return {}
    people = grid.keys["agency_id"].map(population).to_numpy(float)
    told = np.isfinite(grid.values).sum(axis=1)
    total = np.nansum(grid.values, axis=1)
    rate = np.divide(total, told * people, out=np.full(len(total), np.nan), where=(told > 0) & (people > 0))
    out: dict[tuple[str, str], float] = {}
    agency = grid.agency
    for offense, rows in grid.keys.groupby("offense").indices.items():
        some = rate[rows][np.isfinite(rate[rows]) & (rate[rows] > 0)]
        if len(some) >= 20:
            low = float(np.quantile(some, 0.10))
            out.update({(agency[i], str(offense)): low * people[i] for i in rows})
    return out
