"""Starts that were none: what the same question says at every other month of the past.

For every pretended start the step is added to the model of the past alone, at the weights of the model
without it (a score step), so that all starts of all series take one pass of the filter. Under the latent
family the drift is averaged over as in the fit itself; other families use their own (quasi-Poisson) scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.its import many
from analysis.its.design import Design
from analysis.its.latent import pairs
from analysis.its.many import Array
from analysis.its.series import Prepared
from analysis.its.spec import LINEAR, ItsSpec

#: Pretended starts: periods needed before and after each, how many are tried at most and at least.
BEFORE: Final = 12
AFTER: Final = 6
AT_MOST: Final = 60
AT_LEAST: Final = 10
#: Series that go through the filter together.
_TOGETHER: Final = 40


@dataclass(frozen=True, slots=True)
class _Past:
    """The past of one series: its question, rows, steps and their periods; ``level``: the mean rate
    of a linear family."""

    place: int
    y: Array
    x: Array
    steps: Array
    offset: Array
    time: Array
    total: Array | None
    periods: pd.PeriodIndex
    kind: str
    level: float = 0.0


def placebo_many(jobs: Sequence[tuple[Prepared, Design, ItsSpec]]) -> list[pd.DataFrame | None]:
    """Pretended starts of many series: ``start, log_ratio, se, z, p``; None where the past is too short.

    For linear families the difference of rates is told as a logarithm too, of one plus its share of the mean
    rate of the past; ``z`` and ``p`` are those of the difference.
    """
    out: list[pd.DataFrame | None] = [None] * len(jobs)
    groups: dict[tuple[int, bool, str], list[_Past]] = {}
    for place, (series, design, spec) in enumerate(jobs):
        past = _past(place, series, design, spec)
        if past is not None:
            key = (past.x.shape[1], past.total is not None, past.kind)
            groups.setdefault(key, []).append(past)
    for group in groups.values():
        for first in range(0, len(group), _TOGETHER):
            part = group[first : first + _TOGETHER]
            for past, table in zip(part, _tried(part), strict=True):
                out[past.place] = table
    return out


def _past(place: int, series: Prepared, design: Design, spec: ItsSpec) -> _Past | None:
    pre = np.flatnonzero(series.pre)
    starts = pre[BEFORE : max(len(pre) - AFTER + 1, BEFORE)]
    keep = [j for j, t in enumerate(design.terms) if t[:5] not in ("level", "slope", "after")]
    if len(starts) < AT_LEAST or len(pre) < len(keep) + 6:
        return None
    starts = starts[:: max(1, int(np.ceil(len(starts) / AT_MOST)))]
    y, offset = series.count[pre], series.offset[pre]
    total = None
    kind = "latent" if spec.family == "latent_ar1" else "linear" if spec.family in LINEAR else "counts"
    level = 0.0
    if kind == "linear":
        # Rates (beside comparisons: over the mean of theirs), by least squares.
        y = y / (np.exp(offset) / series.per)
        level = abs(float(y.mean())) or 1.0
        if series.others:
            y = y - np.mean([(c / (np.exp(o) / series.per))[pre] for c, o in series.others], axis=0)
        offset = np.zeros(len(y))
    elif series.control is not None and series.control_offset is not None:
        some = y + series.control[pre] > 0
        pre, y = pre[some], y[some]
        total = y + series.control[pre]
        offset = (series.offset - series.control_offset)[pre]
    x = design.factual[pre][:, keep]
    for name in [t for t in design.terms if t[:5] in ("level", "slope")]:
        column = design.factual[pre][:, design.terms.index(name)]
        if np.ptp(column) > 0:  # another interruption inside the past
            x = np.column_stack([x, column])
    x = x[:, np.linalg.norm(x, axis=0) > 0]
    if np.linalg.matrix_rank(x) < x.shape[1]:
        return None
    steps = (pre[:, None] >= starts[None, :]).astype(float)
    return _Past(
        place,
        y,
        x,
        steps,
        offset,
        series.time[pre],
        total,
        series.periods[starts],
        kind,
        level,
    )


def _tried(group: list[_Past]) -> list[pd.DataFrame | None]:
    totals = [p.total for p in group if p.total is not None]
    rows = many.Rows.of(
        [p.y for p in group],
        [p.x for p in group],
        [p.offset for p in group],
        [p.time for p in group],
        totals or None,
    )
    s, n, k = rows.x.shape
    kind = group[0].kind
    if kind == "linear":
        response, weight, settled = rows.y, np.ones((s, n)), np.ones(s, bool)
    else:
        fits = many.irls(rows)
        response, weight, settled = fits.eta - rows.offset + fits.residual, fits.weight, fits.settled
    dates = max(p.steps.shape[1] for p in group)
    steps = np.zeros((s, n, dates))
    for place, past in enumerate(group):
        steps[place, : len(past.y), : past.steps.shape[1]] = past.steps
    fine_rows = rows.used & settled[:, None] & np.isfinite(weight) & np.isfinite(response)
    weight, response = np.where(fine_rows, weight, 1.0), np.where(fine_rows, response, 0.0)
    scale = np.sqrt(np.einsum("snk,snk->sk", rows.x, rows.x))
    columns = np.concatenate([rows.x / scale[:, None, :], steps, response[:, :, None]], axis=2)
    grid = pairs() if kind == "latent" else np.array([[0.0, 0.0, 1.0]])
    product, log_det = many.crossed(columns, weight, rows, grid[:, 0], grid[:, 1])
    beta, variance, log_weight = _added(product, log_det, k, grid[:, 2])
    count = rows.used.sum(axis=1)
    if kind != "latent":
        # One component: the scale of the residuals with the step in the model; of counts at least theirs.
        rest = -2.0 * (log_weight + 0.5 * log_det[:, :, None])
        least = 1.0 if kind == "counts" else 0.0
        variance = variance * np.maximum(rest / np.maximum(count - k - 1, 1)[:, None, None], least)
    weights = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    if kind != "latent":
        weights = np.ones_like(weights)
    mean = np.einsum("sgd,sgd->sd", weights, beta)
    sd = np.sqrt(np.einsum("sgd,sgd->sd", weights, variance + (beta - mean[:, None, :]) ** 2))
    with np.errstate(all="ignore"):
        below = np.einsum("sgd,sgd->sd", weights, ndtr(-beta / np.sqrt(variance)))
    p = np.clip(2 * np.minimum(below, 1 - below), 0, 1)
    out: list[pd.DataFrame | None] = []
    for place, past in enumerate(group):
        m = past.steps.shape[1]
        # A stretch without events has no level: such a start is no try.
        fine = np.isfinite(mean[place, :m]) & np.isfinite(sd[place, :m]) & (sd[place, :m] > 0)
        if kind != "linear":
            fine &= sd[place, :m] < 1.8
        if not settled[place] or fine.sum() < AT_LEAST:
            out.append(None)
            continue
        size, error = mean[place, :m], sd[place, :m]
        if kind == "linear":  # (a fall to nothing or below it has no logarithm: it is told as one of 99 %)
            size, error = np.log1p(np.maximum(size / past.level, -0.99)), error / past.level
        out.append(
            pd.DataFrame(
                {
                    "start": past.periods[fine],
                    "log_ratio": size[fine],
                    "se": error[fine],
                    "z": (mean[place, :m] / sd[place, :m])[fine],
                    "p": p[place, :m][fine],
                }
            )
        )
    return out


def _added(product: Array, log_det: Array, k: int, prior: Array) -> tuple[Array, Array, Array]:
    """Each step added by itself to the k terms: coefficient, variance, log weight (s × g × dates).

    Partial regression (Frisch, Waugh 1933): everything follows from the cross products.
    """
    base = product[:, :, :k, :k]
    across = product[:, :, :k, k:]
    try:
        solved = np.linalg.solve(base, across)
    except np.linalg.LinAlgError:  # one past whose terms weigh nothing must not end the others
        solved = np.matmul(np.linalg.pinv(base, rcond=1e-12), across)
    own = np.diagonal(product, axis1=2, axis2=3)[:, :, k:] - np.einsum("sgkd,sgkd->sgd", across, solved)
    with_response = product[:, :, k:-1, -1] - np.einsum("sgkd,sgk->sgd", across[..., :-1], solved[..., -1])
    total, own = own[:, :, -1], own[:, :, :-1]
    own = np.where(own > 1e-10, own, np.nan)
    beta = with_response / own
    rest = total[:, :, None] - beta**2 * own
    if product.shape[1] == 1:
        log_weight = -0.5 * (log_det[:, :, None] + rest)
    else:
        information = np.linalg.slogdet(base)[1][:, :, None] + np.log(own)
        log_weight = -0.5 * (log_det[:, :, None] + information + rest) + np.log(prior)[None, :, None]
    log_weight = np.where(np.isnan(own), -1e300, log_weight)
    return np.where(np.isnan(own), 0.0, beta), np.where(np.isnan(own), np.inf, 1.0 / own), log_weight


def rank(table: pd.DataFrame, z: float) -> tuple[int, int]:
    """Place of the real start among all starts by size of z (1 = largest), and how many there are."""
    return int((table["z"].abs() >= abs(z)).sum()) + 1, len(table) + 1


def widening(table: pd.DataFrame | None, level: float) -> float:
    """How much wider an interval must be for so many of the pretended starts to show nothing; at least 1.

    The conformal quantile of |z| over the pretended starts, over the normal one (in the manner of
    Chernozhukov, Wüthrich, Zhu 2021; neighbouring starts overlap, so it is a guide and no guarantee).
    """
    if table is None:
        return 1.0
    size = np.sort(table["z"].abs().to_numpy())
    place = min(int(np.ceil(level * (len(size) + 1))) - 1, len(size) - 1)
    return max(1.0, float(size[place]) / float(ndtri(0.5 + level / 2)))
