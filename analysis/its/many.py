"""The same models for many series at once: every step of every fit is one array operation.

A fit of one series is the case of one, so a batch and a single run cannot differ. Series of different
length are padded with rows that are not used; they carry no weight anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, xlogy

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

_MAX_STEPS: Final = 100
#: An NB2 dispersion below this is none: the Poisson model is used.
NO_ALPHA: Final = 1e-6
_MOST_ALPHA: Final = 1e3
#: Values held at once by the filter (series × pairs × periods × columns).
_BUDGET: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Rows:
    """What is fitted: s series of n rows (padded) and k terms.

    ``y``, ``offset``, ``time``: s × n; ``x``: s × n × k; ``used``: s × n; ``total``: s × n when the
    model is binomial (y of total), else None.
    """

    y: Array
    x: Array
    offset: Array
    time: Array
    used: Flags
    total: Array | None = None

    @classmethod
    def of(
        cls,
        y: list[Array],
        x: list[Array],
        offset: list[Array],
        time: list[Array] | None = None,
        total: list[Array] | None = None,
    ) -> Rows:
        """Pad series of different length (all with the same k terms) to one block."""
        n = max(len(v) for v in y)

        def block(values: list[Array], fill: float) -> Array:
            out = np.full((len(values), n), fill)
            for row, value in zip(out, values, strict=True):
                row[: len(value)] = value
            return out

        terms = np.zeros((len(x), n, x[0].shape[1]))
        for into, value in zip(terms, x, strict=True):
            into[: len(value)] = value
        used = np.arange(n) < np.array([len(v) for v in y])[:, None]
        when = np.zeros((len(y), n))
        for place, value in enumerate(y):
            own = np.arange(len(value), dtype=float) if time is None else time[place]
            when[place, : len(value)] = own
            when[place, len(value) :] = own[-1]  # padding stands still: no gap runs backwards
        return cls(
            block(y, 1.0),
            terms,
            block(offset, 0.0),
            when,
            used,
            None if total is None else block(total, 2.0),
        )

    def take(self, which: NDArray[np.int_]) -> Rows:
        """Only some of the series."""
        total = None if self.total is None else self.total[which]
        return Rows(
            self.y[which], self.x[which], self.offset[which], self.time[which], self.used[which], total
        )


@dataclass(frozen=True, slots=True)
class Fits:
    """s fits: ``beta`` s × k, ``cov`` s × k × k (dispersion 1), ``mu``, ``weight``, ``residual``, ``eta``
    s × n, ``alpha`` s (NB2), ``settled`` s."""

    beta: Array
    cov: Array
    mu: Array
    weight: Array
    residual: Array
    eta: Array
    alpha: Array
    settled: Flags


def working(y: Array, eta: Array, alpha: Array, total: Array | None) -> tuple[Array, Array, Array]:
    """Mean, working weight and working residual (shapes of ``y``; ``alpha`` broadcasts)."""
    if total is None:
        mu = np.exp(np.clip(eta, -300, 300))
        return mu, mu / (1.0 + alpha * mu), (y - mu) / mu
    p = 1.0 / (1.0 + np.exp(-np.clip(eta, -300, 300)))
    mu = total * p
    weight = np.maximum(mu * (1.0 - p), 1e-12)
    return mu, weight, (y - mu) / weight


def deviance_parts(y: Array, eta: Array, alpha: Array, total: Array | None) -> Array:
    """Each row's contribution to the deviance."""
    mu, _, _ = working(y, eta, alpha, total)
    ratio = np.maximum(y, 1e-300) / mu
    if total is not None:
        rest, rest_mu = total - y, np.maximum(total - mu, 1e-300)
        both: Array = 2.0 * (xlogy(y, ratio) + xlogy(rest, np.maximum(rest, 1e-300) / rest_mu))
        return both
    poisson = xlogy(y, ratio) - (y - mu)
    some = np.where(alpha > 0, alpha, 1.0)
    negative = xlogy(y, ratio) - (y + 1 / some) * np.log((1 + some * y) / (1 + some * mu))
    parts: Array = 2.0 * np.where(alpha > 0, negative, poisson)
    return parts


def irls(rows: Rows, alpha: Array | None = None, start: Array | None = None) -> Fits:
    """Log-linear (or, with ``rows.total``, logit) models by iteratively reweighted least squares.

    Newton steps on scaled columns until the coefficients move by less than 1e-9 of their size and the
    deviance no more; a fit that does not get there has ``settled`` false.
    """
    s, _, k = rows.x.shape
    size = np.sqrt(np.einsum("snk,snk->sk", rows.x, rows.x))
    size = np.where(size > 0, size, 1.0)
    x = rows.x / size[:, None, :]
    alphas = np.zeros(s) if alpha is None else alpha
    if start is not None:
        beta = start * size
        eta = np.einsum("snk,sk->sn", x, beta) + rows.offset
    else:
        beta = np.zeros((s, k))
        if rows.total is None:
            eta = np.log(rows.y + 0.2)
        else:
            eta = np.log((rows.y + 0.5) / (rows.total - rows.y + 0.5))
    settled = np.zeros(s, bool)
    deviance = np.full(s, np.inf)
    live = np.arange(s)
    fresh = start is None
    with np.errstate(all="ignore"):
        for _ in range(_MAX_STEPS):
            here = x[live]
            total = None if rows.total is None else rows.total[live]
            a = alphas[live][:, None]
            _, weight, residual = working(rows.y[live], eta[live], a, total)
            weight = np.where(rows.used[live], weight, 0.0)
            if fresh:  # the first step regresses the working response itself
                residual = residual + eta[live] - rows.offset[live]
            weighted = here * weight[:, :, None]
            gram = np.matmul(weighted.transpose(0, 2, 1), here)
            right = np.einsum("snk,sn->sk", weighted, np.where(rows.used[live], residual, 0.0))
            step = _solve(gram, right)
            beta[live] = step if fresh else beta[live] + step
            fresh = False
            eta[live] = np.einsum("snk,sk->sn", here, beta[live]) + rows.offset[live]
            now = np.where(rows.used[live], deviance_parts(rows.y[live], eta[live], a, total), 0.0).sum(1)
            moved = np.max(np.abs(step) / size[live], axis=1)
            most = np.max(np.abs(beta[live] / size[live]), axis=1)
            done = (np.abs(now - deviance[live]) <= 1e-13 * (np.abs(now) + 0.1)) & (
                moved <= 1e-9 * (1 + most)
            )
            lost = ~np.isfinite(now) | (
                np.max(np.where(rows.used[live], np.abs(eta[live]), 0.0), axis=1) > 300
            )
            deviance[live] = now
            settled[live[done & ~lost]] = True
            live = live[~done & ~lost]
            if not len(live):
                break
        mu, weight, residual = working(rows.y, eta, alphas[:, None], rows.total)
        masked = np.where(rows.used, weight, 0.0)
        gram = np.matmul((x * masked[:, :, None]).transpose(0, 2, 1), x)
        cov = _inverse(gram) / (size[:, :, None] * size[:, None, :])
    settled &= np.isfinite(cov).all(axis=(1, 2))
    return Fits(beta / size, cov, mu, weight, residual, eta, alphas, settled)


def negative_binomial(rows: Rows) -> Fits:
    """NB2 by maximum likelihood: the dispersion where its profile score is zero (Illinois search).

    The coefficients are at their own optimum for every dispersion tried, so the partial score is the
    profile one. Series that scatter no more than Poisson counts get ``alpha`` 0; a dispersion above
    1000 leaves the fit unsettled.
    """
    poisson = irls(rows)
    alpha = np.zeros(len(rows.y))
    excess = np.where(rows.used, (rows.y - poisson.mu) ** 2 - rows.y, 0.0).sum(axis=1)
    live = np.flatnonzero(poisson.settled & (excess > 0))
    lost = np.zeros(len(rows.y), bool)
    beta = poisson.beta.copy()

    def score(which: NDArray[np.int_], log_alpha: Array) -> Array:
        part = rows.take(which)
        a = np.exp(log_alpha)
        fits = irls(part, a, beta[which])
        beta[which] = np.where(fits.settled[:, None], fits.beta, beta[which])
        value = alpha_score(part.y, fits.mu, a[:, None], part.used)
        return np.where(fits.settled, value, np.nan)

    low = np.full(len(live), float(np.log(NO_ALPHA)))
    f_low = score(live, low)
    lost[live[np.isnan(f_low)]] = True
    some = f_low > 0
    live, low, f_low = live[some], low[some], f_low[some]
    high = low.copy()
    f_high = f_low.copy()
    climbing = np.ones(len(live), bool)
    while climbing.any():  # up until the score changes its sign
        at = np.flatnonzero(climbing)
        low[at], f_low[at] = high[at], f_high[at]
        high[at] += 2.0
        f_high[at] = score(live[at], high[at])
        climbing[at] = (f_high[at] > 0) & (high[at] < np.log(_MOST_ALPHA))
    bad = ~(f_high <= 0)
    lost[live[bad]] = True
    keep = ~bad
    live = live[keep]
    low, high, f_low, f_high = low[keep], high[keep], f_low[keep], f_high[keep]
    side = np.zeros(len(live))
    for _ in range(80):
        at = np.flatnonzero((high - low > 1e-12) & (f_high < 0))
        if not len(at):
            break
        middle = high[at] - f_high[at] * (high[at] - low[at]) / (f_high[at] - f_low[at])
        value = score(live[at], middle)
        value = np.where(np.isnan(value), 0.0, value)
        up = value > 0
        f_high[at] = np.where(up & (side[at] > 0), f_high[at] / 2, f_high[at])
        f_low[at] = np.where(~up & (side[at] < 0), f_low[at] / 2, f_low[at])
        still = np.abs(value) <= 1e-11 * (1 + rows.used[live[at]].sum(axis=1))
        low[at] = np.where(up, middle, low[at])
        f_low[at] = np.where(up, value, f_low[at])
        high[at] = np.where(up, high[at], middle)
        f_high[at] = np.where(up, f_high[at], value)
        side[at] = np.where(up, 1.0, -1.0)
        low[at] = np.where(still, middle, low[at])
        high[at] = np.where(still, middle, high[at])
    alpha[live] = np.exp(0.5 * (low + high))
    over = np.flatnonzero(alpha > 0)
    if not len(over):
        return replace(poisson, settled=poisson.settled & ~lost)
    again = irls(rows.take(over), alpha[over], beta[over])
    changed = {
        name: _put(getattr(poisson, name), over, getattr(again, name))
        for name in ("beta", "cov", "mu", "weight", "residual", "eta")
    }
    settled = poisson.settled & ~lost
    settled[over] &= again.settled
    return replace(poisson, **changed, alpha=alpha, settled=settled)


def alpha_score(y: Array, mu: Array, alpha: Array, used: Flags) -> Array:
    """Derivative of the NB2 log-likelihood by 1/alpha, signed so that it falls in alpha (s)."""
    theta = 1.0 / alpha
    parts = digamma(y + theta) - digamma(theta) + np.log(theta) + 1.0 - np.log(theta + mu)
    parts = parts - (y + theta) / (mu + theta)
    total: Array = -np.where(used, parts, 0.0).sum(axis=1)
    return total


def crossed(columns: Array, weight: Array, rows: Rows, sd: Array, rho: Array) -> tuple[Array, Array]:
    """Cross products of columns freed of the covariance of each of g pairs, and log determinants.

    One pass of the Kalman filter, all series and pairs at once: innovations over their standard
    deviations are the columns times the inverse Cholesky factor of ``diag(1/weight) + sd² rho^|gap|``.

    Args:
        columns: s × n × m.
        weight: s × n (rows that are not used have none).
        rows: for ``time`` and ``used``.
        sd, rho: g each.

    Returns:
        (s × g × m × m), (s × g).
    """
    s, n, m = columns.shape
    out = np.empty((s, len(sd), m, m))
    log_det = np.zeros((s, len(sd)))
    chunk = max(1, _BUDGET // (n * len(sd) * m))
    for first in range(0, s, chunk):
        part = slice(first, first + chunk)
        out[part], log_det[part] = _filter(
            columns[part], weight[part], rows.time[part], rows.used[part], sd, rho
        )
    return out, log_det


def crossed_own(columns: Array, weight: Array, rows: Rows, sd: Array, rho: Array) -> Array:
    """The same with one pair for each series (``sd``, ``rho``: s): s × m × m."""
    s, n, m = columns.shape
    product = np.zeros((s, m, m))
    level, spread = np.zeros((s, m)), sd**2
    for t in range(n):
        if t > 0:
            carry = rho ** (rows.time[:, t] - rows.time[:, t - 1])
            level = carry[:, None] * level
            spread = carry**2 * spread + sd**2 * (1.0 - carry**2)
        here = rows.used[:, t]
        total = spread + 1.0 / weight[:, t]
        surprise = columns[:, t] - level
        scaled = surprise * (here / np.sqrt(total))[:, None]
        product += scaled[:, :, None] * scaled[:, None, :]
        gain = here * spread / total
        level = level + gain[:, None] * surprise
        spread = spread * (1.0 - gain)
    return product


def _filter(
    columns: Array, weight: Array, time: Array, used: Flags, sd: Array, rho: Array
) -> tuple[Array, Array]:
    s, n, m = columns.shape
    g = len(sd)
    white = np.empty((s, g, n, m))
    log_det = np.zeros((s, g))
    level, surprise = np.zeros((s, g, m)), np.empty((s, g, m))
    variance = sd**2
    spread = np.broadcast_to(variance, (s, g)).copy()
    noise = 1.0 / np.where(used, weight, 1.0)
    for t in range(n):
        if t > 0:
            gap = time[:, t] - time[:, t - 1]
            carry = np.broadcast_to(rho, (s, g)) if np.all(gap == 1) else rho ** gap[:, None]
            level *= carry[:, :, None]
            spread = carry**2 * spread + variance * (1.0 - carry**2)
        here = used[:, t, None]
        total = spread + noise[:, t, None]
        shown, gain, gained = 1.0 / np.sqrt(total), spread / total, np.log(total)
        if not here.all():
            shown, gain, gained = shown * here, gain * here, gained * here
        np.subtract(columns[:, None, t, :], level, out=surprise)
        np.multiply(surprise, shown[:, :, None], out=white[:, :, t, :])
        log_det += gained
        surprise *= gain[:, :, None]
        level += surprise
        spread = spread * (1.0 - gain)
    flat = white.reshape(s * g, n, m)
    product = np.matmul(flat.transpose(0, 2, 1), flat).reshape(s, g, m, m)
    return product, log_det


def _solve(gram: Array, right: Array) -> Array:
    """Solutions of s systems; a singular one gives NaN instead of ending the others."""
    try:
        return np.asarray(np.linalg.solve(gram, right[:, :, None])[:, :, 0], float)
    except np.linalg.LinAlgError:
        out = np.full(right.shape, np.nan)
        for place, (a, b) in enumerate(zip(gram, right, strict=True)):
            if np.isfinite(a).all() and np.linalg.matrix_rank(a) == len(b):
                out[place] = np.linalg.solve(a, b)
        return out


def _inverse(gram: Array) -> Array:
    try:
        return np.asarray(np.linalg.inv(gram), float)
    except np.linalg.LinAlgError:
        out = np.full(gram.shape, np.nan)
        for place, a in enumerate(gram):
            if np.isfinite(a).all() and np.linalg.matrix_rank(a) == len(a):
                out[place] = np.linalg.inv(a)
        return out


def _put(values: Array, where: NDArray[np.int_], new: Array) -> Array:
    out = values.copy()
    out[where] = new
    return out
