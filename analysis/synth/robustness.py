"""What if one donor, one date or one assumption were different? Refits around a fitted question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.evidence import RefusedError
from analysis.synth.estimators import DIVIDES_BY_MEAN, Fit, fit_unit, pre_rmspe
from analysis.synth.panel import MIN_PRE, Panel, prepare
from analysis.synth.spec import SynthSpec

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
    for j in np.flatnonzero(own.weights > NEGLIGIBLE):
        others = np.delete(donors, j, axis=1)
        path = fit_unit(estimator, y, others, pre, post).counterfactual(others)
        without = float((y - path)[post].mean())
        rows.append((panel.units[j + 1], own.weights[j], without, pre_rmspe(y, path, pre), without - att))
    return pd.DataFrame(rows, columns=["donor", "weight", "att", "pre_rmspe", "change"]).astype(
        {"donor": "str"}
    )


def placebo_in_time(panel: Panel, estimator: str, dates: Sequence[str]) -> pd.DataFrame:
    """Pretend the intervention had come earlier, and fit only on what came before that date.

    A sound comparison finds nothing between the pretended date and the real one.

    Args:
        panel: the prepared panel, treated unit in column 0.
        estimator: name of the estimator.
        dates: pretended first periods, each with at least 4 periods before it.

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
        donors = values[:, 1:]
        if estimator in DIVIDES_BY_MEAN:
            donors = donors[:, donors[before].mean(axis=0) > 0]
        path = fit_unit(estimator, y, donors, before, after).counterfactual(donors)
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


def conformal_p(panel: Panel, estimator: str, *, effect: float = 0.0, q: float = 1.0) -> float:
    """P-value of "the effect was ``effect`` in every later period".

    Chernozhukov, Wüthrich, Zhu 2021, moving-block permutations: the comparison is fitted on all
    periods as if the hypothesis were true; the residuals are shifted around in time, and the
    later window's size is ranked among all shifts.

    Args:
        panel: the prepared panel, treated unit in column 0.
        estimator: name of the estimator.
        effect: the hypothesis, in the panel's unit per period.
        q: norm of the window's residuals; ``inf`` looks at the largest.
    """
    rows = np.concatenate([panel.pre, panel.post])
    y = panel.values[rows, 0].copy()
    donors = panel.values[rows, 1:]
    later = len(panel.post)
    y[-later:] -= effect
    every = np.arange(len(rows))
    fit = fit_unit(estimator, y, donors, every, every[-later:])
    size = np.abs(y - fit.counterfactual(donors))
    windows = np.stack([np.roll(size, shift)[-later:] for shift in every])
    if np.isinf(q):
        statistic = windows.max(axis=1)
    else:
        statistic = ((windows**q).sum(axis=1) / np.sqrt(later)) ** (1.0 / q)
    # Shifts of equal size tie; rounding must not break the tie.
    return float((statistic >= statistic[0] * (1 - 1e-12)).mean())


def specifications(
    panel: pd.DataFrame,
    spec: SynthSpec,
    population: pd.Series | pd.DataFrame | None = None,
    estimators: Sequence[str] = ("demeaned", "index", "simplex", "sdid", "did", "ratio_did"),
) -> pd.DataFrame:
    """The same question under every estimator: a chart of these shows how much the choice matters.

    Returns:
        One row an estimator: estimator, answered, reason (when refused), att, percent,
        percent_lower, percent_upper, p_value, pre_rmspe.
    """
    from dataclasses import replace

    from analysis.synth.result import answer

    rows = []
    for name in estimators:
        question = replace(spec, estimator=name)
        try:
            found = answer(prepare(panel, question, population), question, extras=False)
        except RefusedError as refusal:
            rows.append((name, False, str(refusal), *[np.nan] * 6))
            continue
        e = found.effect
        rows.append(
            (
                name,
                True,
                "",
                found.att,
                e.percent.estimate,
                e.percent.lower,
                e.percent.upper,
                e.p_value,
                found.pre_rmspe,
            )
        )
    names = [
        "estimator",
        "answered",
        "reason",
        "att",
        "percent",
        "percent_lower",
        "percent_upper",
        "p_value",
        "pre_rmspe",
    ]
    return pd.DataFrame(rows, columns=names).astype({"estimator": "str", "reason": "str"})
