"""The data's own break: every month tried as the start of a step, with a p-value by simulation.

The likelihood ratio of a step at each month between 15 and 85 % of the series (Andrews 1993). Its largest
value has no tabled distribution under drift and season, so the series is simulated under the fitted model
without any step (Poisson around the drifting level of the default) and searched in the same way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from analysis.evidence import Check, CheckState, RefusedError
from analysis.its import glm, many
from analysis.its.breaks_linear import p_value, places
from analysis.its.design import Design
from analysis.its.latent import integrate_many
from analysis.its.many import Array
from analysis.its.series import Prepared
from analysis.its.spec import LINEAR, ItsSpec

TRIM: Final = 0.15
SIMULATIONS: Final = 299
NAME: Final = "The data's own break"


def search(series: Prepared, design: Design) -> pd.DataFrame:
    """Step at each month between 15 and 85 % of the periods used: ``start, rate_ratio, lr`` (Poisson).

    Without a comparison; terms as in the model, the intervention's left out.
    """
    y, x, offset, periods = _null(series, design)
    n = len(y)
    first, last = int(np.ceil(TRIM * n)), int(np.floor((1 - TRIM) * n))
    places = np.arange(first, last + 1) - 1  # the first period of the step
    steps = (np.arange(n)[None, :] >= places[:, None]).astype(float)
    null = glm.irls(y, x, offset)
    rows = many.Rows.of(
        [y] * len(places), [np.column_stack([x, step]) for step in steps], [offset] * len(places)
    )
    fits = many.irls(rows)
    base = float(np.sum(many.deviance_parts(y, null.eta, np.asarray(0.0), None)))
    own = many.deviance_parts(rows.y, fits.eta, np.asarray(0.0), None).sum(axis=1)
    with np.errstate(over="ignore"):
        table = pd.DataFrame(
            {
                "start": periods[places],
                "rate_ratio": np.where(fits.settled, np.exp(fits.beta[:, -1]), np.nan),
                "lr": np.where(fits.settled, base - own, np.nan),
            }
        )
    return table.dropna().reset_index(drop=True)


def check(
    series: Prepared, design: Design, spec: ItsSpec, *, simulations: int = SIMULATIONS, seed: int = 0
) -> Check:
    """Where the series breaks most by itself, how sure that is, and how far from the real start."""
    alone = replace(series, control=None, control_offset=None, others=(), names=())
    n = int(alone.used.sum())
    if n < 30:
        return Check(NAME, CheckState.CANNOT_TELL, f"{n} {series.unit}s are too few to look for a break.")
    try:
        if spec.family in LINEAR:
            table, p, simulated = _linear(alone, design, simulations, seed)
        else:
            table, p, simulated = _counts(alone, design, simulations, seed)
    except RefusedError as refusal:
        return Check(NAME, CheckState.CANNOT_TELL, f"The search for a break did not work: {refusal}")
    top = table.iloc[int(table["lr"].to_numpy().argmax())]
    real = series.periods[series.start]
    away = int((pd.Period(top["start"]) - real).n)
    plural, side = "s" if abs(away) != 1 else "", "after" if away > 0 else "before"
    where = "at the real start" if away == 0 else f"{abs(away)} {series.unit}{plural} {side} it"
    fall = f"{100 * (float(top['rate_ratio']) - 1):+.0f} %".replace("-", "−")
    said = (
        f"Left to itself, the series breaks most in {top['start']} ({fall}), {where} "
        f"(p {p:.3f} by {simulated} simulated series without a break)"
    )
    table = table.assign(p=p, largest=table["lr"] == table["lr"].max())
    if p >= 0.05:
        return Check(NAME, CheckState.CANNOT_TELL, f"{said}: no clear break anywhere.", table)
    inside = -3 <= away <= max(3, series.first_after - series.start + 3)
    if inside:
        return Check(NAME, CheckState.PASSED, f"{said}.", table)
    return Check(NAME, CheckState.FAILED, f"{said}: something else may have moved the series.", table)


def _counts(series: Prepared, design: Design, simulations: int, seed: int) -> tuple[pd.DataFrame, float, int]:
    table = search(series, design)
    if table.empty:
        raise RefusedError("no month could be tried")
    top = table.iloc[int(table["lr"].to_numpy().argmax())]
    best = int(np.flatnonzero(series.periods[series.used] == top["start"])[0])
    p, simulated = _p_value(series, design, best, simulations, seed)
    return table, p, simulated


def _linear(series: Prepared, design: Design, simulations: int, seed: int) -> tuple[pd.DataFrame, float, int]:
    y, x, offset, periods = _null(series, design)
    rate = y / (np.exp(offset) / series.per)
    first = places(len(rate), TRIM)
    p, f, beta = p_value(rate, x, series.time[series.used], first, simulations=simulations, seed=seed)
    base = np.array([rate[: int(at)].mean() for at in first])
    base = np.where(base > 0, base, rate.mean())  # no event before: against the whole
    ratio = 1.0 + beta / base
    # The likelihood ratio of normal errors, so that the table reads like that of counts.
    lr = len(rate) * np.log1p(f / (len(rate) - x.shape[1] - 1))
    table = pd.DataFrame({"start": periods[first.astype(int)], "rate_ratio": ratio, "lr": lr, "f": f})
    return table, p, simulations


def _null(series: Prepared, design: Design) -> tuple[Array, Array, Array, pd.PeriodIndex]:
    used = series.used
    keep = [j for j, t in enumerate(design.terms) if t[:5] not in ("level", "slope", "after")]
    x = design.factual[used][:, keep]
    x = x[:, np.linalg.norm(x, axis=0) > 0]
    return series.count[used], x, series.offset[used], series.periods[used]


def _p_value(series: Prepared, design: Design, best: int, simulations: int, seed: int) -> tuple[float, int]:
    """Share of simulated series whose largest score statistic is as large as the real one's."""
    y, x, offset, _ = _null(series, design)
    time = series.time[series.used]
    null = glm.irls(y, x, offset)
    # The drift is judged with the best step in the model: a real break must not pass for drift.
    step = (np.arange(len(y)) >= int(best)).astype(float)
    full = glm.irls(y, np.column_stack([x, step]), offset)
    wide = np.column_stack([x, step])
    rows = many.Rows.of([full.eta - offset + full.residual], [wide], [np.zeros_like(y)], [time])
    _, drift = integrate_many(rows, full.weight[None, :])[0]
    rng = np.random.default_rng(seed)
    n = len(y)
    weights = drift.table[:, 2]
    drawn = drift.table[rng.choice(len(weights), simulations, p=weights / weights.sum())]
    level = np.empty((simulations, n))
    level[:, 0] = drawn[:, 0] * rng.normal(size=simulations)
    for t in range(1, n):
        carry = drawn[:, 1] ** (time[t] - time[t - 1])
        fresh = drawn[:, 0] * np.sqrt(1 - carry**2) * rng.normal(size=simulations)
        level[:, t] = carry * level[:, t - 1] + fresh
    mean = np.exp(null.eta - 0.5 * drawn[:, :1] ** 2 + level)
    counts = np.vstack([y, rng.poisson(np.minimum(mean, 1e9)).astype(float)])
    copies = len(counts)
    fits = many.irls(many.Rows.of(list(counts), [x] * copies, [offset] * copies))
    score = _largest_score(counts, fits, x)
    fine = fits.settled[1:] & np.isfinite(score[1:])
    if fine.sum() < 19:
        raise RefusedError("the simulated series have too few events")
    beyond = int(np.sum(score[1:][fine] >= score[0]))
    return (beyond + 1) / (int(fine.sum()) + 1), int(fine.sum())


def _largest_score(counts: Array, fits: many.Fits, x: Array) -> Array:
    """Largest score statistic of a step over all months tried, per series."""
    n = counts.shape[1]
    first, last = int(np.ceil(TRIM * n)), int(np.floor((1 - TRIM) * n))
    weight, gap = fits.weight, counts - fits.mu
    # A step's cross products are sums from its first period on.
    after_gap = np.cumsum(gap[:, ::-1], axis=1)[:, ::-1]
    after_weight = np.cumsum(weight[:, ::-1], axis=1)[:, ::-1]
    across = np.cumsum((weight[:, :, None] * x)[:, ::-1], axis=1)[:, ::-1]
    part = slice(first - 1, last)
    solved = np.einsum("sni,sij->snj", across[:, part], fits.cov)
    own = after_weight[:, part] - np.einsum("snj,snj->sn", solved, across[:, part])
    with np.errstate(all="ignore"):
        score = np.where(own > 1e-9, after_gap[:, part] ** 2 / own, 0.0)
    largest: Array = score.max(axis=1)
    return largest
