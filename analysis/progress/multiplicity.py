"""Many comparisons at once: adjusted p-values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_METHODS = {"bonferroni": "bonferroni", "holm": "holm", "bh": "fdr_bh", "by": "fdr_by"}


def adjust(p: ArrayLike, method: str = "bh") -> NDArray[np.float64]:
    """Adjusted p-values: ``"bonferroni"``, ``"holm"``, ``"bh"`` (Benjamini–Hochberg) or ``"by"``.

    NaN stays NaN and does not count as a comparison.
    """
    # Imported here because the package takes long to load and only the adjustment needs it.
    from statsmodels.stats.multitest import multipletests

    if method not in _METHODS:
        raise ValueError(f"Adjust by one of {', '.join(_METHODS)}, not “{method}”.")
    values = np.array(p, float)
    known = np.isfinite(values)
    if known.any():
        values[known] = multipletests(values[known], method=_METHODS[method])[1]
    return values
