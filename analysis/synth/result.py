"""``fit``: a panel and a question in, one frozen answer out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.evidence import Check, Effect, Interval, path_table, percent_from_ratio
from analysis.synth import checks as ask
from analysis.synth.estimators import Fit, fit_unit, pre_rmspe
from analysis.synth.panel import MIN_PRE, PER, Panel, prepare
from analysis.synth.placebo import PlaceboTest, placebo_in_space
from analysis.synth.power import minimum_detectable_percent, power_curve
from analysis.synth.robustness import leave_one_donor_out, placebo_in_time
from analysis.synth.rolling import RollingOrigin, rolling_origin
from analysis.synth.spec import ESTIMATOR_LABELS, SynthSpec
from analysis.synth.weights import Array

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class SynthResult:
    """What the comparison found.

    Attributes:
        spec: the question.
        unit: the unit of att, RMSPE, gaps and path, in words; empty for the panel's own.
        att: mean gap (observed minus comparison) after the start.
        pre_rmspe, post_rmspe: root mean squared gap before and after.
        weights: donor → weight, sums to one (on the estimator's own scale: levels, or index).
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

    @property
    def gap(self) -> pd.Series:
        """Observed minus comparison, by period."""
        return pd.Series(
            self.path["effect"].to_numpy(), index=pd.PeriodIndex(self.path["period"]), name="gap"
        )


def fit(
    panel: pd.DataFrame, spec: SynthSpec, population: pd.Series | pd.DataFrame | None = None
) -> SynthResult:
    """Compare one unit with a weighted mix of others.

    Args:
        panel: period × unit on a PeriodIndex (monthly or yearly, no period missing). With
            ``population`` it holds counts, and everything is fitted on, and reported in, rates per
            100,000 people a period; only ``effect.events`` and ``path_in_events`` are in events.
            Without, the panel's own unit is used as it is, and events are not known.
        spec: the question.
        population: people, unit → number (held constant), or period × unit.

    Raises:
        RefusedError: unit missing or repeated, no or too few usable donors, a treated series that
            is missing, zero or constant before the start, a start outside the panel.

    Sources: Abadie, Diamond, Hainmueller 2010; Doudchenko, Imbens 2016; Ferman, Pinto 2021;
    Arkhangelsky et al. 2021 (sdid); Wheeler's SynthRTCI (rolling origin).
    """
    return answer(prepare(panel, spec, population), spec, extras=True)


def answer(panel: Panel, spec: SynthSpec, *, extras: bool) -> SynthResult:
    """Fit a prepared panel; ``extras`` adds the refits without a donor and with earlier starts."""
    y, donors = panel.values[:, 0], panel.values[:, 1:]
    own = fit_unit(spec.estimator, y, donors, panel.pre, panel.post)
    expected = own.counterfactual(donors)
    gap = y - expected
    before = pre_rmspe(y, expected, panel.pre)
    total = float(gap[panel.post].sum())

    placebo = rolling = None
    if "placebo" in spec.inference:
        placebo = placebo_in_space(
            panel, spec.estimator, own, level=spec.level, treated_in_pools=spec.treated_in_pools
        )
    if "rolling_origin" in spec.inference:
        rolling = rolling_origin(panel, spec.estimator, total, level=spec.level, min_train=spec.min_train)
    pointwise, cumulative, p_value = _wider(len(panel.post), placebo, rolling)

    loo = in_time = pd.DataFrame()
    if extras:
        loo = leave_one_donor_out(panel, spec.estimator, own)
        in_time = placebo_in_time(panel, spec.estimator, _earlier_starts(panel))
    base = float(expected[panel.post].sum())
    half = float(cumulative[-1])
    mde, power = NAN, pd.DataFrame({"percent": [], "power": []})
    if placebo is not None:
        mde = minimum_detectable_percent(placebo, base, half)
        power = power_curve(placebo, base, half_width=half)
    checks = _checks(panel, spec, own, expected, before, cumulative, mde, placebo, loo, in_time)
    choices = (*panel.choices, *_choices(panel, spec, placebo, rolling))
    effect = _effect(panel, spec, expected, cumulative, p_value, mde, checks, choices, placebo, rolling)
    path = _path(panel, expected, pointwise, cumulative)
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
        path_in_events=_in_events(panel, path),
        leave_one_out=loo,
        in_time=in_time,
        power=power,
        checks=tuple(checks),
        choices=choices,
        excluded=panel.excluded,
    )


def _wider(
    horizon: int, placebo: PlaceboTest | None, rolling: RollingOrigin | None
) -> tuple[Array, Array, float]:
    """The wider band and the larger p-value of the inferences that exist.

    An interval excludes zero exactly when its own p-value is small, so the wider interval excludes
    zero exactly when the larger p-value is small.
    """
    nothing = np.full(horizon, np.nan)
    if placebo is None and rolling is None:
        return nothing, nothing, NAN
    found = [x for x in (placebo, rolling) if x is not None]
    pointwise = np.fmax.reduce([x.half_width for x in found])
    cumulative = np.fmax.reduce([x.cumulative_half_width for x in found])
    # A method without a band over the whole horizon has no say in the p-value either.
    speaking = [x.p_cumulative for x in found if np.isfinite(x.cumulative_half_width[-1])]
    return pointwise, cumulative, max(speaking) if speaking else found[0].p_cumulative


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
    cumulative: Array,
    mde: float,
    placebo: PlaceboTest | None,
    loo: pd.DataFrame,
    in_time: pd.DataFrame,
) -> list[Check]:
    found = [
        ask.fit_against_noise(panel, own, before),
        ask.hull(panel, spec.estimator),
        ask.dominance(panel, own),
        ask.identified(panel, own, spec.estimator, before),
        ask.enough_periods(panel),
        ask.enough_events(panel),
        ask.moving_donors(panel),
        ask.positive_counterfactual(panel, expected),
    ]
    if not loo.empty:
        att = float((panel.values[:, 0] - expected)[panel.post].mean())
        found.append(ask.steady_without_one_donor(loo, att, float(cumulative[-1]), len(panel.post)))
    if not in_time.empty:
        last = len(panel.post) - 1
        # A held-out window longer than the horizon is scaled up as a drift would grow: in proportion.
        allowed = [float(cumulative[min(k - 1, last)] * max(1.0, k / (last + 1))) for k in in_time["periods"]]
        found.append(ask.steady_in_time(in_time, allowed))
    if placebo is not None and placebo.has_band:
        found.append(ask.detectable(mde, spec.goal_percent))
    return found


def _choices(
    panel: Panel, spec: SynthSpec, placebo: PlaceboTest | None, rolling: RollingOrigin | None
) -> tuple[str, ...]:
    pre, post = panel.periods[panel.pre], panel.periods[panel.post]
    said = [
        f"Estimator: {ESTIMATOR_LABELS[spec.estimator]}.",
        f"{len(panel.units) - 1} donors; {len(panel.excluded)} other units left out, each with a reason.",
        f"Fitted on {pre[0]} to {pre[-1]} ({len(pre)} periods).",
        f"Effect over {post[0]} to {post[-1]} ({len(post)} periods).",
        "Not adjusted for season: the donors share it.",
    ]
    if placebo is not None:
        said.append(placebo.sentence)
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


def _path(panel: Panel, expected: Array, pointwise: Array, cumulative: Array) -> pd.DataFrame:
    n = len(panel.periods)
    post = np.zeros(n, bool)
    post[panel.post] = True
    half, total, running = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    half[panel.post], total[panel.post] = pointwise, cumulative
    running[panel.post] = np.cumsum((panel.values[:, 0] - expected)[panel.post])
    return path_table(
        panel.periods,
        panel.values[:, 0],
        expected,
        expected - half,
        expected + half,
        post=post,
        cumulative_lower=running - total,
        cumulative_upper=running + total,
    )


def _in_events(panel: Panel, path: pd.DataFrame) -> pd.DataFrame | None:
    """The path times the treated unit's population."""
    if panel.population is None:
        return None
    people = panel.population[:, 0] / PER
    post = path["cumulative"].notna().to_numpy()
    typical = np.full(len(people), np.nan)
    # Cumulative figures use the mean population so far, so that limits stay around their estimate.
    typical[post] = np.cumsum(people[post]) / np.arange(1, post.sum() + 1)
    table = path.copy()
    for name in ("observed", "expected", "lower", "upper", "effect", "effect_lower", "effect_upper"):
        table[name] = path[name] * people
    for name in ("cumulative", "cumulative_lower", "cumulative_upper"):
        table[name] = path[name] * typical
    return table


def _effect(
    panel: Panel,
    spec: SynthSpec,
    expected: Array,
    cumulative: Array,
    p_value: float,
    mde: float,
    checks: list[Check],
    choices: tuple[str, ...],
    placebo: PlaceboTest | None,
    rolling: RollingOrigin | None,
) -> Effect:
    observed, base = float(panel.values[panel.post, 0].sum()), float(expected[panel.post].sum())
    half, level = float(cumulative[-1]), spec.level
    ratio = Interval(NAN, NAN, NAN, level)
    if base > 0:
        least = base - half
        ratio = Interval(
            observed / base,
            observed / (base + half),
            NAN if np.isnan(half) else observed / least if least > 0 else float("inf"),
            level,
        )
    events = Interval(NAN, NAN, NAN, level)
    if panel.counts is not None and panel.population is not None:
        # The mean population turns the summed gap, and its band, into events: the interval keeps
        # agreeing with the p-value even where the population moves.
        people = float(panel.population[panel.post, 0].mean()) / PER
        gap = observed - base
        events = Interval(gap * people, (gap - half) * people, (gap + half) * people, level)
    warnings = [c.sentence for c in checks if c.state is ask.FAILED]
    if panel.counts is None:
        warnings.append("Events are not known: give counts and populations to have them.")
    if placebo is not None and not placebo.has_band:
        warnings.append(placebo.sentence)
    warnings += _disagreement(float((panel.values[:, 0] - expected)[panel.post].sum()), placebo, rolling)
    return Effect(
        method=f"synthetic control: {ESTIMATOR_LABELS[spec.estimator]}",
        rate_ratio=ratio,
        percent=percent_from_ratio(ratio),
        events=events,
        p_value=p_value,
        probability_of_reduction=NAN,
        minimum_detectable_percent=mde,
        pre_months=len(panel.pre),
        post_months=len(panel.post),
        controlled=True,
        grade=ask.grade(checks, _full_bands(placebo, rolling)),
        choices=choices,
        warnings=tuple(warnings),
    )


def _full_bands(placebo: PlaceboTest | None, rolling: RollingOrigin | None) -> int:
    """How many of the two bands reach the last period."""
    widths = [x.cumulative_half_width[-1] for x in (placebo, rolling) if x is not None]
    return int(np.isfinite(widths).sum())


def _disagreement(total: float, placebo: PlaceboTest | None, rolling: RollingOrigin | None) -> list[str]:
    if placebo is None or rolling is None:
        return []
    a, b = float(placebo.cumulative_half_width[-1]), float(rolling.cumulative_half_width[-1])
    if not (np.isfinite(a) and np.isfinite(b)) or (abs(total) > a) == (abs(total) > b):
        return []
    which = "placebo units" if abs(total) > a else "past forecasts"
    return [f"The two bands disagree: only the one from {which} excludes no effect. The wider one is shown."]
