"""Placebo in space: every donor takes a turn as the treated unit.

If the intervention did nothing, the treated unit's gap is one draw from the gaps of all units.
Each gap is measured in units of its own fit before the start (root mean squared prediction error,
RMSPE), because a unit that is fitted badly will also be predicted badly
(Abadie, Diamond, Hainmueller 2010).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.synth.bands import allowed_exceedances, half_width, references_needed
from analysis.synth.estimators import Fit, pre_rmspe
from analysis.synth.panel import Panel
from analysis.synth.refit import kept_penalty, others, refit
from analysis.synth.weights import Array
from analysis.synth.yardstick import yardsticks

#: Called with (done, all, what is being done).
Progress = Callable[[int, int, str], None]
Flags = NDArray[np.bool_]
Statistic = Literal["ratio", "cumulative", "att", "att_lower"]


@dataclass(frozen=True, slots=True)
class SizedBand:
    """The placebo band measured by misfit and level together.

    Attributes:
        share: how much of the yardstick is level (0 = misfit alone).
        yardstick: unit → yardstick, in the panel's unit.
        half_width, cumulative_half_width: (H,), as in :class:`PlaceboTest`.
        p_cumulative: rank p-value of the cumulative gap; agrees with the band by construction.
    """

    share: float = 0.0
    yardstick: pd.Series = field(default_factory=lambda: pd.Series(dtype=float), repr=False)
    half_width: Array = field(default_factory=lambda: np.empty(0), repr=False)
    cumulative_half_width: Array = field(default_factory=lambda: np.empty(0), repr=False)
    p_cumulative: float = float("nan")


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
        sized: the same band with each unit's size in the yardstick too (see
            :mod:`analysis.synth.yardstick`); the one an ``Effect`` carries unless asked otherwise.
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
    sized: SizedBand = field(default_factory=lambda: SizedBand(), repr=False)

    @property
    def n_placebos(self) -> int:
        """Number of placebo units."""
        return len(self.table) - 1

    @property
    def has_band(self) -> bool:
        """Whether the effect over all later periods has a band."""
        return bool(np.isfinite(self.cumulative_half_width[-1]))

    def scaled(self, sized: bool) -> tuple[float, Array]:
        """The treated unit's yardstick, and the placebos' cumulative gaps in units of their own."""
        table = self.table
        if not sized:
            own = float(table.loc[table["treated"], "pre_rmspe"].iloc[0])
            return own, table.loc[~table["treated"], "scaled_cumulative"].to_numpy(float)
        total = table.loc[~table["treated"]].set_index("unit")["cumulative"]
        found = total / self.sized.yardstick.reindex(total.index)
        return float(self.sized.yardstick[self.treated]), found.to_numpy(float)

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
    panel: Panel,
    estimator: str,
    own: Fit,
    *,
    level: float,
    treated_in_pools: bool,
    progress: Progress | None = None,
) -> PlaceboTest:
    """Fit every donor as if it were treated, and place the treated unit among them.

    Args:
        panel: the prepared panel, treated unit in column 0.
        estimator: name of the estimator.
        own: the treated unit's fit.
        level: coverage of the band.
        treated_in_pools: whether the treated unit serves as a donor of the placebos.
        progress: called with (done, all, what) every ten units.
    """
    values, n = panel.values, len(panel.units)
    gaps = np.empty_like(values)
    gaps[:, 0] = values[:, 0] - own.counterfactual(values[:, 1:])
    penalty = kept_penalty(own)
    for j in range(1, n):
        donors = others(panel, j, leave=() if treated_in_pools else (0,))
        gaps[:, j] = values[:, j] - refit(panel, estimator, j, donors, penalty=penalty)[1]
        if progress is not None and j % 10 == 0:
            progress(j, n - 1, "placebo units")
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
    sized = _sized(panel, before, gaps[post], cumulative, exact, level)
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
        sized=sized,
    )


def _sized(
    panel: Panel, before: Array, after: Array, cumulative: Array, exact: Flags, level: float
) -> SizedBand:
    """The band by misfit and level; a placebo fitted exactly counts as extreme here too."""
    mean = np.abs(panel.values[panel.pre].mean(axis=0))
    scale, share = yardsticks(before, mean, cumulative[-1])
    safe = np.where(exact | (scale <= 0), np.nan, scale)
    total = np.where(np.isnan(safe), np.inf, cumulative / safe)
    each = np.where(np.isnan(safe), np.inf, after / safe)
    widths = totals = np.full(len(after), np.nan)
    if not exact[0]:
        widths = _finite(half_width(each[:, 1:].T, level) * scale[0])
        totals = _finite(half_width(total[:, 1:].T, level) * scale[0])
    return SizedBand(
        share=share,
        yardstick=pd.Series(scale, index=pd.Index(panel.units, dtype="str"), name="yardstick"),
        half_width=widths,
        cumulative_half_width=totals,
        p_cumulative=float((np.abs(total[-1]) >= abs(total[-1, 0])).mean()),
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
