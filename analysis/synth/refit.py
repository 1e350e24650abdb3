"""One way to fit any column of a panel on any others: placebos, refits and earlier starts all use it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.synth.estimators import DIVIDES_BY_MEAN, Fit, Rows, fit_unit
from analysis.synth.panel import Panel
from analysis.synth.weights import Array

Columns = NDArray[np.intp]


def others(panel: Panel, target: int = 0, *, leave: tuple[int, ...] = ()) -> Columns:
    """Every column but the target and those to leave out."""
    keep = np.ones(len(panel.units), bool)
    keep[[target, *leave]] = False
    return np.flatnonzero(keep)


def refit(
    panel: Panel,
    estimator: str,
    target: int = 0,
    donors: Columns | None = None,
    *,
    pre: Rows | None = None,
    post: Rows | None = None,
    penalty: float | None = None,
) -> tuple[Fit, Array]:
    """Fit one column on others; its fit and its (T,) counterfactual.

    Args:
        panel: the prepared panel.
        estimator: name of the estimator.
        target: the column that plays the treated unit.
        donors: columns to use; ``None`` = all others. Those without a positive mean before the start
            sit out where the estimator divides by it.
        pre, post: rows before and after the start; ``None`` = the panel's.
        penalty: as in :func:`analysis.synth.estimators.fit_unit`.
    """
    pre = panel.pre if pre is None else pre
    post = panel.post if post is None else post
    chosen = others(panel, target) if donors is None else donors
    if estimator in DIVIDES_BY_MEAN:
        positive = panel.values[np.ix_(pre, chosen)].mean(axis=0) > 0
        chosen = chosen if positive.all() else chosen[positive]
    y, table = panel.values[:, target], panel.values[:, chosen]
    features = None
    if panel.features is not None:
        features = (panel.features[:, target], panel.features[:, chosen])
    fit = fit_unit(estimator, y, table, pre, post, penalty=penalty, features=features)
    return fit, fit.counterfactual(table)


def kept_penalty(fit: Fit) -> float | None:
    """The penalty chosen for the treated unit, for its placebo units; None where there is none."""
    return float(fit.penalty) if np.isfinite(fit.penalty) else None
