"""The data's own break in a linear model: F statistics of a step at each month (Andrews 1993)."""

from __future__ import annotations

import numpy as np

from analysis.its.linear import gls_ar1
from analysis.its.many import Array


def places(n: int, trim: float) -> Array:
    """First rows of the steps that are tried: between ``trim`` and 1 − ``trim`` of the rows."""
    first, last = int(np.ceil(trim * n)), int(np.floor((1 - trim) * n))
    return np.arange(first, last + 1, dtype=float) - 1.0


def f_statistics(y: Array, x: Array, first: Array) -> tuple[Array, Array]:
    """F statistic and coefficient of a step from each row of ``first`` on, one at a time.

    Args:
        y: s × n values.
        x: n × k terms without the step.
        first: d rows.

    Returns:
        (s × d) F statistics with 1 and n − k − 1 degrees of freedom, (s × d) coefficients.
    """
    n, k = x.shape
    q, _ = np.linalg.qr(x)
    steps = (np.arange(n)[:, None] >= first[None, :]).astype(float)
    free = steps - q @ (q.T @ steps)
    own = np.sum(free**2, axis=0)
    rest = y - (y @ q) @ q.T
    rss = np.sum(rest**2, axis=1)
    across = rest @ free
    with np.errstate(all="ignore"):
        gain = np.where(own > 1e-9, across**2 / own, 0.0)
        statistic = gain / ((rss[:, None] - gain) / (n - k - 1))
        beta = np.where(own > 1e-9, across / own, 0.0)
    return statistic, beta


def p_value(
    y: Array, x: Array, time: Array, first: Array, *, simulations: int, seed: int
) -> tuple[float, Array, Array]:
    """Share of simulated series without a step whose largest F is as large as that of ``y`` (n).

    The errors are simulated with the AR(1) correlation found when the best step is in the model.
    Returned with it: the F statistics and coefficients of ``y`` itself (d each).
    """
    n = len(y)
    own, beta = f_statistics(y[None, :], x, first)
    step = (np.arange(n) >= first[int(own[0].argmax())]).astype(float)
    rho = gls_ar1(y, np.column_stack([x, step]), time, np.zeros(n)).rho
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(simulations, n))
    for t in range(1, n):
        carry = rho ** (time[t] - time[t - 1])
        errors[:, t] = carry * errors[:, t - 1] + np.sqrt(1 - carry**2) * errors[:, t]
    drawn, _ = f_statistics(errors, x, first)
    beyond = int(np.sum(drawn.max(axis=1) >= own.max()))
    return (beyond + 1) / (simulations + 1), own[0], beta[0]
