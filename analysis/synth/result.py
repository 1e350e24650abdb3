"""``fit``: a panel and a question in, one frozen answer out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.evidence import Check, Effect
from analysis.synth import checks as ask
from analysis.synth.background import Background
from analysis.synth.estimators import Fit, pre_rmspe
from analysis.synth.panel import MIN_PRE, Panel, prepare
from analysis.synth.placebo import PlaceboTest, Progress, placebo_in_space
from analysis.synth.power import MonthsNeeded, minimum_detectable_percent, months_needed, power_curve
from analysis.synth.predictors import Predictors
from analysis.synth.reading import NAN, Bands, bands, effect_of, effects_table, in_events, path_of
from analysis.synth.refit import kept_penalty, refit
from analysis.synth.robustness import (
    Conformal,
    conformal,
    leave_one_donor_out,
    leave_window_out,
    placebo_in_time,
)
from analysis.synth.rolling import RollingOrigin, rolling_origin
from analysis.synth.spec import ESTIMATOR_LABELS, SynthSpec
from analysis.synth.weights import Array


@dataclass(frozen=True, slots=True)
class SynthResult:
    """What the comparison found.

    Attributes:
        spec: the question.
        unit: the unit of att, RMSPE, gaps and path, in words; empty for the panel's own.
        att: mean gap (observed minus comparison) after the start.
        pre_rmspe, post_rmspe: root mean squared gap before and after.
        weights: donor → weight, sums to one (on the estimator's own scale: levels, or index), except
            for the lasso.
        loadings: donor → what its level is multiplied by (differs from the weights for an index).
        intercept: constant difference in level that the comparison keeps.
        certificate: relative Frank–Wolfe gap of the weights; at most 1e-8.
        placebo: the placebo test in space; None when not asked for.
        rolling: the rolling-origin bands; None when not asked for.
        effect: the effect over all later periods. Its interval is the wider of the two when both
            were asked for, its ``p_value`` the larger: they agree by construction.
        path: observed against comparison with the band, in ``unit``.
        path_in_events: the same in events (rates times population); None without a population.
        leave_one_out: refits without each donor that carries weight.
        in_time: pretended starts 12 and 24 periods early.
        power: probability of finding falls of 5 to 60 %.
        checks, choices: what was checked, and every automatic choice.
        excluded: units that were not donors: unit, reason.
        effects: the effect in every unit (see :func:`analysis.synth.reading.effects_table`).
        leave_window_out: refits without each year before the start.
        conformal: p-value and interval of an effect that is the same in every later period; None
            when extras were not asked for.
        months_needed: how many months until a fall of ``spec.goal_percent`` could be seen; None
            without a placebo band or extras.
    """

    spec: SynthSpec
    unit: str
    att: float
    pre_rmspe: float
    post_rmspe: float
    weights: pd.Series = field(repr=False)
    loadings: pd.Series = field(repr=False)
    intercept: float
    certificate: float
    placebo: PlaceboTest | None
    rolling: RollingOrigin | None
    effect: Effect
    path: pd.DataFrame = field(repr=False)
    path_in_events: pd.DataFrame | None = field(repr=False)
    leave_one_out: pd.DataFrame = field(repr=False)
    in_time: pd.DataFrame = field(repr=False)
    power: pd.DataFrame = field(repr=False)
    checks: tuple[Check, ...]
    choices: tuple[str, ...]
    excluded: pd.DataFrame = field(repr=False)
    effects: pd.DataFrame = field(repr=False, default_factory=pd.DataFrame)
    leave_window_out: pd.DataFrame = field(repr=False, default_factory=pd.DataFrame)
    conformal: Conformal | None = None
    months_needed: MonthsNeeded | None = None

    @property
    def gap(self) -> pd.Series:
        """Observed minus comparison, by period."""
        return pd.Series(
            self.path["effect"].to_numpy(), index=pd.PeriodIndex(self.path["period"]), name="gap"
        )


def fit(
    panel: pd.DataFrame,
    spec: SynthSpec,
    population: pd.Series | pd.DataFrame | None = None,
    *,
    background: Background | None = None,
    predictors: Predictors | None = None,
    progress: Progress | None = None,
) -> SynthResult:
    """Compare one unit with a weighted mix of others.

    Args:
        panel: period × unit on a PeriodIndex (monthly or yearly, no period missing). With
            ``population`` it holds counts, and everything is fitted on, and reported in, rates per
            100,000 people a period; only ``effect.events`` and ``path_in_events`` are in events.
            Without, the panel's own unit is used as it is, and events are not known.
        spec: the question.
        population: people, unit → number (held constant), or period × unit.
        background: what else is known about the units: names, the same tactic elsewhere, breaks,
            units that were sorted out before.
        predictors: characteristics to match in place of the outcomes (simplex only).
        progress: called with (done, all, what) while placebo units run.

    Raises:
        RefusedError: unit missing or repeated, no or too few usable donors, a treated series that
            is missing, zero or constant before the start, a start outside the panel.

    Sources: Abadie, Diamond, Hainmueller 2010; Doudchenko, Imbens 2016; Ferman, Pinto 2021;
    Arkhangelsky et al. 2021 (sdid); Ben-Michael, Feller, Rothstein 2021 (ridge); Wheeler's
    SynthRTCI (rolling origin, lasso); Chernozhukov, Wüthrich, Zhu 2021 (conformal).
    """
    prepared = prepare(panel, spec, population, background=background, predictors=predictors)
    return answer(prepared, spec, extras=True, progress=progress)


def answer(panel: Panel, spec: SynthSpec, *, extras: bool, progress: Progress | None = None) -> SynthResult:
    """Fit a prepared panel; ``extras`` adds the refits, the conformal test and the months needed."""
    y = panel.values[:, 0]
    own, expected = refit(panel, spec.estimator)
    gap = y - expected
    before = pre_rmspe(y, expected, panel.pre)
    total, base = float(gap[panel.post].sum()), float(expected[panel.post].sum())

    placebo = rolling = None
    if "placebo" in spec.inference:
        placebo = placebo_in_space(
            panel,
            spec.estimator,
            own,
            level=spec.level,
            treated_in_pools=spec.treated_in_pools,
            progress=progress,
        )
    if "rolling_origin" in spec.inference:
        rolling = rolling_origin(
            panel,
            spec.estimator,
            total,
            level=spec.level,
            min_train=spec.min_train,
            penalty=kept_penalty(own),
        )
    found = bands(spec, len(panel.post), total, placebo, rolling)

    loo = in_time = windows = pd.DataFrame()
    constant = None
    needed = None
    mde, power = NAN, pd.DataFrame({"percent": [], "power": []})
    sized = spec.yardstick == "sized"
    if placebo is not None:
        mde = minimum_detectable_percent(placebo, base, found.half, sized=sized)
        power = power_curve(placebo, base, half_width=found.half, sized=sized)
    if extras:
        loo = leave_one_donor_out(panel, spec.estimator, own)
        in_time = placebo_in_time(panel, spec.estimator, _earlier_starts(panel), penalty=kept_penalty(own))
        windows = leave_window_out(panel, spec.estimator, own)
        constant = conformal(panel, spec.estimator, level=spec.level, penalty=kept_penalty(own))
        if placebo is not None and placebo.has_band:
            needed = months_needed(panel, spec, base / len(panel.post), kept_penalty(own))
    checks = _checks(panel, spec, own, expected, before, found, mde, placebo, loo, in_time, windows)
    choices = (*panel.choices, *_choices(panel, spec, own, placebo, rolling))
    warnings = _warnings(spec, found, placebo, constant)
    effect = effect_of(panel, spec, expected, found, mde, checks, choices, warnings)
    effect = replace(effect, wait="" if needed is None else needed.wait)
    path = path_of(panel, expected, found)
    names = pd.Index(panel.units[1:], dtype="str", name="donor")
    return SynthResult(
        spec=spec,
        unit=panel.unit,
        att=float(gap[panel.post].mean()),
        pre_rmspe=before,
        post_rmspe=float(np.sqrt(np.mean(gap[panel.post] ** 2))),
        weights=pd.Series(own.weights, index=names, name="weight"),
        loadings=pd.Series(own.loadings, index=names, name="loading"),
        intercept=own.intercept,
        certificate=own.certificate,
        placebo=placebo,
        rolling=rolling,
        effect=effect,
        path=path,
        path_in_events=in_events(panel, path),
        leave_one_out=loo,
        in_time=in_time,
        power=power,
        checks=tuple(checks),
        choices=choices,
        excluded=panel.excluded,
        effects=effects_table(effect, total, found.half, panel.unit),
        leave_window_out=windows,
        conformal=constant,
        months_needed=needed,
    )


def _earlier_starts(panel: Panel) -> list[str]:
    starts = []
    for back in (12, 24) if panel.monthly else (3, 5):
        if len(panel.pre) - back >= max(MIN_PRE, len(panel.pre) // 2):
            starts.append(str(panel.periods[panel.pre[-back]]))
    return starts


def _checks(
    panel: Panel,
    spec: SynthSpec,
    own: Fit,
    expected: Array,
    before: float,
    found: Bands,
    mde: float,
    placebo: PlaceboTest | None,
    loo: pd.DataFrame,
    in_time: pd.DataFrame,
    windows: pd.DataFrame,
) -> list[Check]:
    asked = [
        ask.fit_against_noise(panel, own, before),
        ask.hull(panel, spec.estimator),
        ask.dominance(panel, own),
        ask.identified(panel, own, spec.estimator, before),
        ask.enough_periods(panel),
        ask.periods_left_out(panel),
        ask.enough_events(panel),
        ask.moving_donors(panel),
        ask.untouched_donors(panel, own),
        ask.same_counting(panel, own),
        ask.positive_counterfactual(panel, expected),
    ]
    horizon = len(panel.post)
    att = float((panel.values[:, 0] - expected)[panel.post].mean())
    if not loo.empty:
        asked.append(ask.steady_without_one_donor(loo, att, found.half, horizon))
    if not windows.empty:
        asked.append(ask.steady_without_one_year(windows, att, found.half, horizon))
    if not in_time.empty:
        last = horizon - 1
        # A held-out window longer than the horizon is scaled up as a drift would grow: in proportion.
        allowed = [
            float(found.cumulative[min(k - 1, last)] * max(1.0, k / (last + 1))) for k in in_time["periods"]
        ]
        asked.append(ask.steady_in_time(in_time, allowed))
    if placebo is not None and placebo.has_band:
        asked.append(ask.detectable(mde, spec.goal_percent))
    return asked


def _choices(
    panel: Panel, spec: SynthSpec, own: Fit, placebo: PlaceboTest | None, rolling: RollingOrigin | None
) -> tuple[str, ...]:
    pre, post = panel.periods[panel.pre], panel.periods[panel.post]
    said = [
        f"Estimator: {ESTIMATOR_LABELS[spec.estimator]}.",
        f"{len(panel.units) - 1} donors; {len(panel.excluded)} other units left out, each with a reason.",
        f"Fitted on {pre[0]} to {pre[-1]} ({len(pre)} periods).",
        f"Effect over {post[0]} to {post[-1]} ({len(post)} periods).",
        "Not adjusted for season: the donors share it.",
    ]
    if np.isfinite(own.penalty):
        said.append(
            f"Penalty chosen by cross-validation: {own.penalty:.3g} of the largest that matters; "
            "placebo units keep that share."
        )
    if placebo is not None:
        said.append(placebo.sentence)
        if spec.yardstick == "sized" and placebo.sized.share > 0:
            said.append(
                "Units are measured by misfit and level together, level counting "
                f"{100 * placebo.sized.share:.0f} %: "
                "the share under which the placebo units' own gaps are most likely."
            )
        said.append(
            "The treated unit is among the donors of the placebo units."
            if spec.treated_in_pools
            else "The treated unit is not among the donors of the placebo units."
        )
    if rolling is not None:
        said.append(rolling.sentence)
    if placebo is not None and rolling is not None:
        said.append("Where both bands exist, the wider is shown.")
    return tuple(said)


def _warnings(
    spec: SynthSpec, found: Bands, placebo: PlaceboTest | None, constant: Conformal | None
) -> list[str]:
    said = []
    if placebo is not None and not placebo.has_band:
        said.append(placebo.sentence)
    if constant is not None and np.isfinite(found.half) and np.isfinite(constant.p_value):
        alpha = 1 - spec.level + 1e-12
        if (constant.p_value <= alpha) and found.p_value > alpha:
            said.append(
                "The conformal test of a constant effect finds a change and the band does not: they "
                "disagree, and the wider answer, the band, is shown."
            )
    return said
