"""What could this design have seen? Known effects put into the placebo units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.synth.bands import half_width as band_half_width
from analysis.synth.estimators import DIVIDES_BY_MEAN, pre_rmspe
from analysis.synth.panel import Panel
from analysis.synth.placebo import PlaceboTest
from analysis.synth.refit import refit
from analysis.synth.spec import SynthSpec
from analysis.synth.weights import Array
from analysis.synth.yardstick import yardsticks

POWER = 0.80


def power_curve(
    placebo: PlaceboTest,
    expected: float,
    percents: Sequence[float] = tuple(range(-5, -65, -5)),
    half_width: float | None = None,
    *,
    sized: bool = False,
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
        sized: measure by misfit and level (:mod:`analysis.synth.yardstick`), not by misfit alone.

    Returns:
        One row a fall: percent, power (NaN without a band).
    """
    sizes = np.asarray(percents, float)
    own, others, edge = _scaled(placebo, half_width, sized)
    if not np.isfinite(edge) or expected <= 0:
        power = np.full(len(sizes), np.nan)
    else:
        shift = sizes / 100.0 * expected / own
        power = (others[None, :] + shift[:, None] < -edge).mean(axis=1)
    return pd.DataFrame({"percent": sizes, "power": power})


def minimum_detectable_percent(
    placebo: PlaceboTest, expected: float, half_width: float | None = None, *, sized: bool = False
) -> float:
    """The smallest fall, as a negative percent, found with 80 % power; NaN when none up to −100 % is.

    See :func:`power_curve` for the experiment and the arguments; this is its exact inverse.
    """
    own, others, edge = _scaled(placebo, half_width, sized)
    if not np.isfinite(edge) or expected <= 0:
        return float("nan")
    return _smallest(own, others, edge, expected)


def _smallest(own: float, others: Array, edge: float, expected: float) -> float:
    # A fall of d (in units of the yardstick) is found in a placebo unit with scaled gap t when d > t + edge.
    needed = np.sort(others)[int(np.ceil(POWER * len(others))) - 1] + edge
    percent = -100.0 * needed * own / expected
    return float(percent) if percent >= -100.0 else float("nan")


def _scaled(placebo: PlaceboTest, half_width: float | None, sized: bool) -> tuple[float, Array, float]:
    """The treated unit's yardstick, the placebos' scaled cumulative gaps, and the band's edge."""
    own, others = placebo.scaled(sized)
    if not placebo.has_band:
        return own, others, float("nan")
    band = placebo.sized.cumulative_half_width if sized else placebo.cumulative_half_width
    half = float(band[-1]) if half_width is None else half_width
    return own, others, half / own


@dataclass(frozen=True, slots=True)
class MonthsNeeded:
    """How long one must wait until a fall of a given size could be seen.

    Attributes:
        percent: the fall, as a negative percent.
        months: fewest periods after the start from which on it is found four times in five; None
            when that is more than ``table`` reaches.
        table: one row a horizon: months, minimum_detectable_percent (NaN = not even −100).
        wait: in words. sentence: the same, with the smallest fall that could be found in that time.
    """

    percent: float
    months: int | None
    table: pd.DataFrame = field(repr=False)
    wait: str = ""
    sentence: str = ""


def months_needed(
    panel: Panel, spec: SynthSpec, expected: float, penalty: float | None = None, longest: int = 36
) -> MonthsNeeded:
    """Put falls into the placebo units over horizons that the panel's past can hold.

    The start is pretended to be ``longest`` periods (at most half of the panel) before the end;
    every unit's gaps from there on, over 1, 2, 3 … periods, are the noise a fall must be seen in.

    Args:
        panel: the prepared panel.
        spec: the question; ``goal_percent``, ``level`` and ``estimator`` are used.
        expected: the treated unit's comparison, mean per period after the start, in the panel's unit.
        penalty: as in :func:`analysis.synth.estimators.fit_unit`.
        longest: longest horizon.
    """
    rows = np.concatenate([panel.pre, panel.post])
    reach = min(longest, len(rows) // 2)
    before, after = rows[:-reach], rows[-reach:]
    # The treated unit's later periods hold the effect in question: its misfit is taken before them.
    units = range(len(panel.units))
    gaps = np.full((reach, len(panel.units)), np.nan)
    misfit = np.full(len(panel.units), np.nan)
    for j in units:
        y = panel.values[:, j]
        if spec.estimator in DIVIDES_BY_MEAN and y[before].mean() <= 0:
            continue
        path = refit(panel, spec.estimator, j, pre=before, post=after, penalty=penalty)[1]
        gaps[:, j], misfit[j] = (y - path)[after], pre_rmspe(y, path, before)
    good = np.isfinite(misfit) & (misfit > 0)
    cumulative = np.cumsum(gaps, axis=0)
    level = np.abs(panel.values[before].mean(axis=0))
    rows_out = []
    for h in range(1, reach + 1):
        mde = float("nan")
        if good[0] and good.sum() > 1 and expected > 0:
            total = cumulative[h - 1, good]
            scale = misfit[good]
            if spec.yardstick == "sized":
                scale, _ = yardsticks(misfit[good], level[good], total)
            others = (total / scale)[1:]
            edge = float(band_half_width(others, spec.level))
            mde = _smallest(float(scale[0]), others, edge, h * expected) if np.isfinite(edge) else mde
        rows_out.append((h, mde))
    table = pd.DataFrame(rows_out, columns=["months", "minimum_detectable_percent"])
    seen = (table["minimum_detectable_percent"] >= spec.goal_percent).to_numpy()
    # From there on, not by one lucky month: the last horizon that fails, plus one.
    failing = np.flatnonzero(~seen)
    months = None if not seen[-1] else int(failing[-1]) + 2 if len(failing) else 1
    word = "months" if panel.monthly else "periods"
    wanted = f"a fall of {abs(spec.goal_percent):g} %"
    if months is None:
        best = table["minimum_detectable_percent"].max()
        told = f"; the smallest that could is {abs(best):.0f} %" if np.isfinite(best) else ""
        wait = f"Within {reach} {word}, {wanted} could not be found four times in five."
        sentence = f"{wait.removesuffix('.')}{told}."
    else:
        wait = sentence = f"{wanted.capitalize()} is found four times in five after {months} {word}."
    return MonthsNeeded(spec.goal_percent, months, table, wait, sentence)
