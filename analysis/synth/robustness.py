"""What if one donor, one date or one assumption were different? Refits around a fitted question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.evidence import Interval, RefusedError
from analysis.synth.estimators import Fit, fit_unit, pre_rmspe
from analysis.synth.panel import MIN_PRE, Panel
from analysis.synth.refit import kept_penalty, others, refit
from analysis.synth.weights import Array

#: A donor with less weight than this does not matter.
NEGLIGIBLE = 1e-6


def leave_one_donor_out(panel: Panel, estimator: str, own: Fit) -> pd.DataFrame:
    """Refit without each donor that carries weight.

    Returns:
        One row a donor: donor, weight, att, pre_rmspe, change (of the att).
    """
    values, pre, post = panel.values, panel.pre, panel.post
    y, donors = values[:, 0], values[:, 1:]
    att = float((y - own.counterfactual(donors))[post].mean())
    rows = []
    for j in np.flatnonzero(np.abs(own.weights) > NEGLIGIBLE):
        if panel.values.shape[1] < 3:
            break
        path = refit(panel, estimator, 0, others(panel, 0, leave=(int(j) + 1,)), penalty=kept_penalty(own))[1]
        without = float((y - path)[post].mean())
        rows.append((panel.units[j + 1], own.weights[j], without, pre_rmspe(y, path, pre), without - att))
    return pd.DataFrame(rows, columns=["donor", "weight", "att", "pre_rmspe", "change"]).astype(
        {"donor": "str"}
    )


def placebo_in_time(
    panel: Panel, estimator: str, dates: Sequence[str], *, penalty: float | None = None
) -> pd.DataFrame:
    """Pretend the intervention had come earlier, and fit only on what came before that date.

    A sound comparison finds nothing between the pretended date and the real one.

    Args:
        panel: the prepared panel, treated unit in column 0.
        estimator: name of the estimator.
        dates: pretended first periods, each with at least 4 periods before it.
        penalty: as in :func:`analysis.synth.estimators.fit_unit`.

    Returns:
        One row a date: date, periods (from that date to the start), att, pre_rmspe,
        heldout_rmspe (over these periods).
    """
    values, pre = panel.values, panel.pre
    rows = []
    for date in dates:
        cut = pd.Period(date, freq=panel.periods.freqstr)
        before = pre[np.asarray(panel.periods[pre] < cut)]
        after = pre[np.asarray(panel.periods[pre] >= cut)]
        if len(before) < MIN_PRE or len(after) == 0:
            raise RefusedError(
                f"The pretended start {cut} leaves {len(before)} periods before it "
                f"and {len(after)} up to the real start: at least {MIN_PRE} and 1 are needed."
            )
        y = values[:, 0]
        path = refit(panel, estimator, pre=before, post=after, penalty=penalty)[1]
        gap = (y - path)[after]
        rows.append(
            (
                str(cut),
                len(after),
                float(gap.mean()),
                pre_rmspe(y, path, before),
                float(np.sqrt(np.mean(gap**2))),
            )
        )
    return pd.DataFrame(rows, columns=["date", "periods", "att", "pre_rmspe", "heldout_rmspe"]).astype(
        {"date": "str"}
    )


def leave_window_out(panel: Panel, estimator: str, own: Fit) -> pd.DataFrame:
    """Refit without each stretch of the time before the start: a year each, counted back from it.

    Returns:
        One row a stretch: first, last, periods, att, change. Empty when less than two stretches fit.
    """
    pre, post = panel.pre, panel.post
    y = panel.values[:, 0]
    size = 12 if panel.monthly else max(1, len(pre) // 5)
    att = float((y - own.counterfactual(panel.values[:, 1:]))[post].mean())
    rows = []
    for end in range(len(pre), size - 1, -size):
        inside = pre[end - size : end]
        rest = np.setdiff1d(pre, inside)
        if len(rest) < max(MIN_PRE, len(pre) // 2):
            continue
        path = refit(panel, estimator, pre=rest, penalty=kept_penalty(own))[1]
        without = float((y - path)[post].mean())
        first, last = (str(panel.periods[i]) for i in (inside[0], inside[-1]))
        rows.append((first, last, size, without, without - att))
    return pd.DataFrame(rows[::-1], columns=["first", "last", "periods", "att", "change"]).astype(
        {"first": "str", "last": "str"}
    )


def conformal_p(
    panel: Panel, estimator: str, *, effect: float = 0.0, q: float = 1.0, penalty: float | None = None
) -> float:
    """P-value of "the effect was ``effect`` in every later period".

    Chernozhukov, Wüthrich, Zhu 2021, moving-block permutations: the comparison is fitted on all
    periods as if the hypothesis were true; the residuals are shifted around in time, and the
    later window's size is ranked among all shifts.

    Args:
        panel: the prepared panel, treated unit in column 0.
        estimator: name of the estimator.
        effect: the hypothesis, in the panel's unit per period.
        q: norm of the window's residuals; ``inf`` looks at the largest.
        penalty: as in :func:`analysis.synth.estimators.fit_unit`.
    """
    size, later = _null_residuals(panel, estimator, effect, penalty)
    windows = np.stack([np.roll(size, shift)[-later:] for shift in range(len(size))])
    if np.isinf(q):
        statistic = windows.max(axis=1)
    else:
        statistic = ((windows**q).sum(axis=1) / np.sqrt(later)) ** (1.0 / q)
    # Shifts of equal size tie; rounding must not break the tie.
    return float((statistic >= statistic[0] * (1 - 1e-12)).mean())


def _null_residuals(panel: Panel, estimator: str, effect: float, penalty: float | None) -> tuple[Array, int]:
    """|residuals| of a fit on all periods as if ``effect`` were true, and how many periods are later."""
    rows = np.concatenate([panel.pre, panel.post])
    y = panel.values[rows, 0].copy()
    donors = panel.values[rows, 1:]
    later = len(panel.post)
    y[-later:] -= effect
    every = np.arange(len(rows))
    features = None if panel.features is None else (panel.features[:, 0], panel.features[:, 1:])
    found = fit_unit(estimator, y, donors, every, every[-later:], penalty=penalty, features=features)
    return np.abs(y - found.counterfactual(donors)), later


@dataclass(frozen=True, slots=True)
class Conformal:
    """What the residuals, shifted around in time, say of an effect that is the same in every period.

    Attributes:
        p_value: of no effect at all (mean absolute residual, q = 1).
        interval: per-period effects that are not rejected at the level, in the panel's unit; the limits
            are infinite where nothing tried was rejected, NaN where everything was.
        sentence: in words.
    """

    p_value: float
    interval: Interval
    sentence: str


def conformal(
    panel: Panel, estimator: str, *, level: float, penalty: float | None = None, points: int = 31
) -> Conformal:
    """The conformal p-value and, by turning the test around, an interval for a constant effect.

    Effects are tried on a grid of ``points`` around the estimate, six misfits wide on each side.
    """
    expected = refit(panel, estimator, penalty=penalty)[1]
    gap = (panel.values[:, 0] - expected)[panel.post]
    att = float(gap.mean())
    reach = 6.0 * pre_rmspe(panel.values[:, 0], expected, panel.pre)
    p = conformal_p(panel, estimator, penalty=penalty)
    nan = float("nan")
    if reach == 0.0 or 1.0 / (len(panel.pre) + len(panel.post)) > 1 - level:
        return Conformal(
            p, Interval(att, nan, nan, level), "Too few periods, or too good a fit, to turn the test around."
        )
    grid = np.linspace(att - reach, att + reach, points)
    kept = grid[[conformal_p(panel, estimator, effect=e, penalty=penalty) > 1 - level for e in grid]]
    if len(kept) == 0:
        interval = Interval(att, nan, nan, level)
        return Conformal(p, interval, "Every constant effect is rejected: it changed from period to period.")
    low = -np.inf if kept[0] == grid[0] else float(kept[0])
    high = np.inf if kept[-1] == grid[-1] else float(kept[-1])
    sentence = (
        f"If the effect was the same in every period, the residuals shifted around in time give p = {p:.2f} "
        "for none."
    )
    return Conformal(p, Interval(att, low, high, level), sentence)
