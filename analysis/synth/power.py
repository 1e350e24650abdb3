"""What could this design have seen? Known effects put into the placebo units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.synth.placebo import PlaceboTest
from analysis.synth.weights import Array

POWER = 0.80


def power_curve(
    placebo: PlaceboTest,
    expected: float,
    percents: Sequence[float] = tuple(range(-5, -65, -5)),
    half_width: float | None = None,
) -> pd.DataFrame:
    """Probability of finding a fall of each size.

    Each placebo unit, whose true effect is nought, is given a fall that is as large, against its own
    fit before the start, as the fall in question is for the treated unit. It is found when its
    cumulative gap then lies below the band's edge.

    Args:
        placebo: the placebo test of the treated unit; it must have a band.
        expected: sum of the treated unit's counterfactual after the start, in the panel's unit.
        percents: falls to try, as negative percents.
        half_width: half-width of the treated unit's cumulative band, in the panel's unit; ``None`` =
            the placebo band's own. A wider band, as shown with two inferences, finds less.

    Returns:
        One row a fall: percent, power (NaN without a band).
    """
    sizes = np.asarray(percents, float)
    own, others, edge = _scaled(placebo, half_width)
    if not np.isfinite(edge) or expected <= 0:
        power = np.full(len(sizes), np.nan)
    else:
        shift = sizes / 100.0 * expected / own
        power = (others[None, :] + shift[:, None] < -edge).mean(axis=1)
    return pd.DataFrame({"percent": sizes, "power": power})


def minimum_detectable_percent(
    placebo: PlaceboTest, expected: float, half_width: float | None = None
) -> float:
    """The smallest fall, as a negative percent, found with 80 % power; NaN when none up to −100 % is.

    See :func:`power_curve` for the experiment and the arguments; this is its exact inverse.
    """
    own, others, edge = _scaled(placebo, half_width)
    if not np.isfinite(edge) or expected <= 0:
        return float("nan")
    # A fall of d (in units of the fit) is found in a placebo unit with scaled gap t when d > t + edge.
    needed = np.sort(others)[int(np.ceil(POWER * len(others))) - 1] + edge
    percent = -100.0 * needed * own / expected
    return float(percent) if percent >= -100.0 else float("nan")


def _scaled(placebo: PlaceboTest, half_width: float | None) -> tuple[float, Array, float]:
    """The treated unit's RMSPE before, the placebos' scaled cumulative gaps, and the band's edge."""
    table = placebo.table
    own = float(table.loc[table["treated"], "pre_rmspe"].iloc[0])
    others = table.loc[~table["treated"], "scaled_cumulative"].to_numpy(float)
    if not placebo.has_band:
        return own, others, float("nan")
    half = float(placebo.cumulative_half_width[-1]) if half_width is None else half_width
    return own, others, half / own
