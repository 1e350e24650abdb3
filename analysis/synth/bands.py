"""Half-widths that agree with a rank p-value by construction.

With J reference errors, the p-value of an estimate is ``(1 + #{errors ≥ |estimate|}) / (J + 1)``.
It is at most ``alpha`` exactly when the estimate exceeds the m-th largest reference error,
``m = floor(alpha (J + 1))``. So ± that error is the interval whose edge is the p-value's verdict.
With ``m = 0`` no estimate, however large, could be significant: there is no interval.
"""

from __future__ import annotations

import numpy as np

from analysis.synth.weights import Array


def allowed_exceedances(n_references: int, level: float) -> int:
    """``floor((1 − level)(n + 1))``; 0 = too few references for this level."""
    return int(np.floor(round((1.0 - level) * (n_references + 1), 9)))


def references_needed(level: float) -> int:
    """Fewest reference errors for which an interval at ``level`` exists (9 at 90 %, 19 at 95 %)."""
    return int(np.ceil(round(1.0 / (1.0 - level), 9))) - 1


def half_width(references: Array, level: float) -> Array:
    """The m-th largest of |references| along the first axis; NaN when there are too few.

    ``references`` is (J,) or (J, H); the answer () or (H,). NaNs in a column are absent references.
    """
    table = np.abs(np.asarray(references, float))
    flat = table.reshape(len(table), -1)
    widths = np.full(flat.shape[1], np.nan)
    for h in range(flat.shape[1]):
        column = np.sort(flat[~np.isnan(flat[:, h]), h])
        m = allowed_exceedances(len(column), level)
        if m >= 1:
            widths[h] = column[-m]
    return widths.reshape(table.shape[1:])


def rank_p(references: Array, estimate: float) -> float:
    """Share of references, the estimate included, that are at least as large in absolute value."""
    table = np.abs(np.asarray(references, float))
    table = table[~np.isnan(table)]
    return float((1 + (table >= abs(estimate)).sum()) / (len(table) + 1))
