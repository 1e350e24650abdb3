"""Placebo in space: every donor takes a turn as the treated unit.

If the intervention did nothing, the treated unit's gap is one draw from the gaps of all units.
Each gap is measured in units of its own fit before the start (root mean squared prediction error,
RMSPE), because a unit that is fitted badly will also be predicted badly
(Abadie, Diamond, Hainmueller 2010).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from analysis.synth.bands import allowed_exceedances, half_width, references_needed
from analysis.synth.estimators import Fit, fit_unit, pre_rmspe
from analysis.synth.panel import Panel
from analysis.synth.weights import Array

Statistic = Literal["ratio", "cumulative", "att", "att_lower"]


@dataclass(frozen=True, slots=True)
class PlaceboTest:
    """The treated unit among placebo units.

    Attributes:
        treated: name of the treated unit.
        level: coverage of the band.
        p_value, rank: by the RMSPE ratio (after over before), the statistic of Abadie et al.; the
            rank is 1 when no unit's is larger. ``p_value`` = ``p("ratio")``.
        p_cumulative: by |cumulative gap| over RMSPE before; agrees with the band of the cumulative
            effect by construction and is the p-value of the ``Effect``.
        table: one row a unit, largest ratio first: unit, treated, att, cumulative, pre_rmspe,
            post_rmspe, ratio, scaled_cumulative (signed), rank.
        gaps: period × unit, observed minus comparison.
        half_width: (H,) half-widths around each later period's gap, NaN without a band.
        cumulative_half_width: (H,) the same for the running sum of the gaps.
        sentence: what the test says, or why there is no band.
    """

    treated: str
    level: float
    p_value: float
    rank: int
    p_cumulative: float
    table: pd.DataFrame = field(repr=False)
    gaps: pd.DataFrame = field(repr=False)
    half_width: Array = field(repr=False)
    cumulative_half_width: Array = field(repr=False)
    sentence: str = ""

    @property
    def n_placebos(self) -> int:
        """Number of placebo units."""
        return len(self.table) - 1

    @property
    def has_band(self) -> bool:
        """Whether the effect over all later periods has a band."""
        return bool(np.isfinite(self.cumulative_half_width[-1]))

    def p(self, statistic: Statistic = "ratio", max_mspe_ratio: float | None = None) -> float:
        """Share of units, the treated included, whose statistic is at least the treated one's.

        Args:
            statistic: ``ratio`` (RMSPE after over before), ``cumulative`` (|cumulative gap| over
                RMSPE before), ``att`` (|mean gap|), ``att_lower`` (mean gap at or below: one-sided,
                a reduction).
            max_mspe_ratio: drop placebos fitted this many times worse (mean squared) than the
                treated unit before the start.
        """
        table = self.table
        own = table.loc[table["treated"]].iloc[0]
        if max_mspe_ratio is not None:
            table = table.loc[table["pre_rmspe"] ** 2 <= max_mspe_ratio * own["pre_rmspe"] ** 2]
        if statistic == "ratio":
            at_least = table["ratio"] >= own["ratio"]
        elif statistic == "cumulative":
            at_least = table["scaled_cumulative"].abs() >= abs(own["scaled_cumulative"])
        elif statistic == "att":
            at_least = table["att"].abs() >= abs(own["att"])
        else:
            at_least = table["att"] <= own["att"]
        return float(at_least.mean())


def placebo_in_space(
    panel: Panel, estimator: str, own: Fit, *, level: float, treated_in_pools: bool
) -> PlaceboTest:
    """Fit every donor as if it were treated, and place the treated unit among them.

    Args:
        panel: the prepared panel, treated unit in column 0.
        estimator: name of the estimator.
        own: the treated unit's fit.
        level: coverage of the band.
        treated_in_pools: whether the treated unit serves as a donor of the placebos.
    """
    values, n = panel.values, len(panel.units)
    gaps = np.empty_like(values)
    gaps[:, 0] = values[:, 0] - own.counterfactual(values[:, 1:])
    first = 0 if treated_in_pools else 1
    pool = values[:, first:]
    for j in range(1, n):
        donors = np.delete(pool, j - first, axis=1)
        fit = fit_unit(estimator, values[:, j], donors, panel.pre, panel.post)
        gaps[:, j] = values[:, j] - fit.counterfactual(donors)
    return _summarise(panel, gaps, level)


def _summarise(panel: Panel, gaps: Array, level: float) -> PlaceboTest:
    values, pre, post = panel.values, panel.pre, panel.post
    before = np.array([pre_rmspe(values[:, j], values[:, j] - gaps[:, j], pre) for j in range(gaps.shape[1])])
    after = np.sqrt(np.mean(gaps[post] ** 2, axis=0))
    cumulative = np.cumsum(gaps[post], axis=0)
    exact = before == 0
    # An exactly fitted placebo counts as extreme: it can only make the test more cautious.
    scale = np.where(exact, np.nan, before)
    ratio = np.where(exact, np.inf, after / scale)
    scaled = np.where(exact, np.inf, cumulative / scale)
    pointwise = np.where(exact, np.inf, gaps[post] / scale)

    table = pd.DataFrame(
        {
            "unit": pd.array(list(panel.units), dtype="str"),
            "treated": np.arange(gaps.shape[1]) == 0,
            "att": gaps[post].mean(axis=0),
            "cumulative": cumulative[-1],
            "pre_rmspe": before,
            "post_rmspe": after,
            "ratio": ratio,
            "scaled_cumulative": scaled[-1],
            "rank": 1 + (ratio[None, :] > ratio[:, None]).sum(axis=1),
        }
    ).sort_values(["ratio", "unit"], ascending=[False, True], ignore_index=True)

    no_band = np.full(len(post), np.nan)
    widths, totals = no_band, no_band
    if not exact[0]:
        widths = _finite(half_width(pointwise[:, 1:].T, level) * before[0])
        totals = _finite(half_width(scaled[:, 1:].T, level) * before[0])
    return PlaceboTest(
        treated=panel.units[0],
        level=level,
        p_value=float((ratio >= ratio[0]).mean()),
        rank=int((ratio > ratio[0]).sum()) + 1,
        p_cumulative=float((np.abs(scaled[-1]) >= abs(scaled[-1, 0])).mean()),
        table=table,
        gaps=pd.DataFrame(gaps, index=panel.periods, columns=pd.Index(panel.units, dtype="str")),
        half_width=widths,
        cumulative_half_width=totals,
        sentence=_sentence(len(exact) - 1, bool(exact[0]), bool(np.isfinite(totals[-1])), level),
    )


def _finite(widths: Array) -> Array:
    return np.where(np.isfinite(widths), widths, np.nan)


def _sentence(placebos: int, exact: bool, band: bool, level: float) -> str:
    if exact:
        return (
            "The fit before the start is exact, so its error says nothing about the error afterwards: "
            "no placebo band. Use fewer donors or more periods."
        )
    if allowed_exceedances(placebos, level) == 0:
        return (
            f"Not enough donors for a band: {placebos} placebo units, "
            f"and {references_needed(level)} are needed at {100 * level:g} %."
        )
    if not band:
        return "Too many placebo units are fitted exactly for a band. Use fewer donors or more periods."
    return (
        f"The band is the spread of {placebos} placebo units, each in units of its own fit before the start, "
        f"times the fit of the treated unit ({100 * level:g} %)."
    )
