"""Where did it change more, or less, than everywhere? A test of every place, corrected for many.

Each place's counts before and after are compared by the E-test (Krishnamoorthy, Thomson 2004) with
the change of all places together: a citywide fall is not a discovery in every place.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.evidence import RefusedError
from analysis.hotspots.change import e_test
from analysis.hotspots.lattice import benjamini_hochberg, benjamini_yekutieli, checked_values

ROSE: Final = "rose more than the rest"
FELL: Final = "fell more than the rest"
LIKE_THE_REST: Final = "changed like the rest"
NOTHING: Final = "no events"


def change_map(
    before: ArrayLike | pd.Series,
    after: ArrayLike | pd.Series,
    *,
    periods: tuple[float, float] | None = None,
    correction: Literal["by", "bh", "none"] = "by",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Test every place's change against the change of all places.

    Args:
        before, after: n whole counts each, the same places in the same order. A Series keeps its index.
        periods: lengths (before, after) to test against no change at all; None = against the
            citywide ratio, the total after over the total before.
        correction: ``by`` = Benjamini–Yekutieli, valid however the places hang together (the choice of
            Wheeler's spatial point pattern test); ``bh`` = Benjamini–Hochberg; ``none``.
        alpha: false-discovery rate of the labels.

    Returns:
        One row a place: before, after, expected (after, had the place changed like the rest), ratio
        (after over expected; NaN without expectation), p, q, label. A place with no event in either
        period has NaN p, no place in the correction, and the label "no events".

    Raises:
        RefusedError: counts that do not match, are negative or fractional, or no event in a period.
    """
    x0, index = checked_values(before, "counts before")
    x1, _ = checked_values(after, "counts after")
    if x0.size != x1.size:
        raise RefusedError(f"{x0.size} places before and {x1.size} after: give the same places.")
    for x in (x0, x1):
        if x.min() < 0 or bool((x != np.round(x)).any()):
            raise RefusedError("Counts must be whole and nought or more. Net the counts before comparing.")
    if periods is None:
        periods = (float(x0.sum()), float(x1.sum()))
        if min(periods) == 0:
            raise RefusedError("One of the periods has no event at all, so there is no citywide change.")
    elif not min(periods) > 0:
        raise RefusedError(f"The periods are {periods}: both must be above zero.")
    exposure = periods[1] / periods[0]
    p = np.full(x0.size, np.nan)
    some = (x0 + x1) > 0
    # Many places share a pair of counts: each pair is tested once.
    pairs, which = np.unique(np.column_stack([x1, x0])[some], axis=0, return_inverse=True)
    tested = np.array([e_test(a, b, exposure, 1.0) for a, b in pairs])
    p[some] = tested[which.ravel()]
    q = {"by": benjamini_yekutieli, "bh": benjamini_hochberg}.get(correction, np.asarray)(p)
    expected = x0 * exposure
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(expected > 0, x1 / expected, np.nan)
    label = np.where(some, LIKE_THE_REST, NOTHING).astype(object)
    found = some & (np.nan_to_num(q, nan=1.0) <= alpha)
    label[found & (x1 > expected)] = ROSE
    label[found & (x1 < expected)] = FELL
    return pd.DataFrame(
        {"before": x0, "after": x1, "expected": expected, "ratio": ratio, "p": p, "q": q, "label": label},
        index=index,
    ).astype({"label": "str"})
