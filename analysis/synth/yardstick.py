"""In what are the gaps of units of different size measured?

The classic yardstick is a unit's own misfit before the start (RMSPE; Abadie, Diamond, Hainmueller 2010).
For monthly counts of cities it has a flaw: the misfit of a small city is mostly the chance of its few
events, which cancels over the months, while that of a large or violent one is mostly real movement,
which adds up. Measured by misfit alone, bands for high-rate cities are then too narrow (in our
calibration on real cities they held 61 % for homicide at a nominal 90 %, index estimator).

So the yardstick here is a mixture: ``s² = (1 − c) · misfit² + c · level²``, each over its median among
the placebo units, with the share ``c`` under which the placebo units' own cumulative gaps are most
likely (normal errors, largest two in a hundred capped). ``c = 0`` is the classic one. Any yardstick
that does not look at the treated unit's effect keeps the rank test exact under random assignment.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.synth.weights import Array

SHARES: Final = np.arange(11) / 10
_CAP: Final = 0.98


def yardsticks(misfit: Array, level: Array, cumulative: Array) -> tuple[Array, float]:
    """Each unit's yardstick and the share of its level in it.

    Args:
        misfit: (N,) RMSPE before the start, the treated unit first.
        level: (N,) mean before the start.
        cumulative: (N,) gap summed over the later periods; the treated unit's is not looked at.

    Returns:
        (N,) yardsticks in the unit of ``misfit``, and the share.
    """
    first, second = misfit**2, level**2
    usual, typical = float(np.median(first[1:])), float(np.median(second[1:]))
    if usual <= 0 or typical <= 0:
        return misfit, 0.0
    first, second = first / usual, second / typical
    best, share = np.inf, 0.0
    for c in SHARES:
        square = ((1 - c) * first + c * second)[1:]
        if (square <= 0).any():
            continue
        size = cumulative[1:] ** 2 / square
        size = np.minimum(size, np.quantile(size, _CAP))
        mean = float(size.mean())
        cost = float(np.log(square).mean()) + (np.log(mean) if mean > 0 else -np.inf)
        if cost < best - 1e-12:
            best, share = cost, float(c)
    return np.sqrt(usual * ((1 - share) * first + share * second)), share
