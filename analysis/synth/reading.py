"""From a fitted comparison to what people read: bands, path, effect in every unit, disagreements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.evidence import Check, CheckState, Effect, Interval, path_table, percent_from_ratio
from analysis.synth import checks as ask
from analysis.synth.panel import PER, Panel
from analysis.synth.placebo import PlaceboTest
from analysis.synth.rolling import RollingOrigin
from analysis.synth.spec import ESTIMATOR_LABELS, SynthSpec
from analysis.synth.weights import Array

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Bands:
    """The bands that are shown: the wider of those that exist, and the larger of their p-values.

    ``pointwise`` and ``cumulative`` are (H,) half-widths; ``full`` counts the bands that reach the
    last period; ``warnings`` tell of disagreement.
    """

    pointwise: Array
    cumulative: Array
    p_value: float
    full: int
    warnings: tuple[str, ...] = ()

    @property
    def half(self) -> float:
        """Half-width of the cumulative effect over all later periods; NaN without a band."""
        return float(self.cumulative[-1])


def bands(
    spec: SynthSpec, horizon: int, total: float, placebo: PlaceboTest | None, rolling: RollingOrigin | None
) -> Bands:
    """Put the inferences that were asked for together.

    An interval excludes zero exactly when its own p-value is small, so the wider interval excludes
    zero exactly when the larger p-value is small.
    """
    found: list[tuple[Array, Array, float]] = []
    if placebo is not None and spec.yardstick == "sized":
        s = placebo.sized
        found.append((s.half_width, s.cumulative_half_width, s.p_cumulative))
    elif placebo is not None:
        found.append((placebo.half_width, placebo.cumulative_half_width, placebo.p_cumulative))
    if rolling is not None:
        found.append((rolling.half_width, rolling.cumulative_half_width, rolling.p_cumulative))
    if not found:
        nothing = np.full(horizon, np.nan)
        return Bands(nothing, nothing, NAN, 0)
    # A method without a band over the whole horizon has no say in the p-value either.
    speaking = [p for _, c, p in found if np.isfinite(c[-1])]
    return Bands(
        np.fmax.reduce([a for a, _, _ in found]),
        np.fmax.reduce([c for _, c, _ in found]),
        max(speaking) if speaking else found[0][2],
        len(speaking),
        _disagreement(total, [float(c[-1]) for _, c, _ in found]),
    )


def _disagreement(total: float, halves: list[float]) -> tuple[str, ...]:
    if len(halves) < 2 or not np.isfinite(halves).all():
        return ()
    a, b = halves
    if (abs(total) > a) == (abs(total) > b):
        return ()
    which = "placebo units" if abs(total) > a else "past forecasts"
    return (f"The two bands disagree: only the one from {which} excludes no effect. The wider one is shown.",)


def path_of(panel: Panel, expected: Array, found: Bands) -> pd.DataFrame:
    """Observed against comparison with the bands, in the panel's unit."""
    n = len(panel.periods)
    post = np.zeros(n, bool)
    post[panel.post] = True
    half, total, running = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    half[panel.post], total[panel.post] = found.pointwise, found.cumulative
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


def in_events(panel: Panel, path: pd.DataFrame) -> pd.DataFrame | None:
    """The path times the treated unit's population; as it is where counts were fitted."""
    if panel.counts is None:
        return None
    if panel.population is None:
        return path.copy()
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


def effect_of(
    panel: Panel,
    spec: SynthSpec,
    expected: Array,
    found: Bands,
    mde: float,
    checks: list[Check],
    choices: tuple[str, ...],
    warnings: list[str],
) -> Effect:
    """The effect over all later periods, in the one shape all methods share."""
    observed, base = float(panel.values[panel.post, 0].sum()), float(expected[panel.post].sum())
    half, level = found.half, spec.level
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
    if panel.counts is not None:
        # The mean population turns the summed gap, and its band, into events: the interval keeps
        # agreeing with the p-value even where the population moves.
        people = 1.0 if panel.population is None else float(panel.population[panel.post, 0].mean()) / PER
        gap = observed - base
        events = Interval(gap * people, (gap - half) * people, (gap + half) * people, level)
    told = [c.sentence for c in checks if c.state is CheckState.FAILED]
    if panel.counts is None:
        told.append("Events are not known: give counts and populations to have them.")
    return Effect(
        method=f"synthetic control: {ESTIMATOR_LABELS[spec.estimator]}",
        rate_ratio=ratio,
        percent=percent_from_ratio(ratio),
        events=events,
        p_value=found.p_value,
        probability_of_reduction=NAN,
        minimum_detectable_percent=mde,
        pre_months=len(panel.pre),
        post_months=len(panel.post),
        controlled=True,
        grade=ask.grade(checks, found.full),
        choices=choices,
        warnings=(*told, *warnings, *found.warnings),
    )


def effects_table(effect: Effect, total: float, half: float, unit: str) -> pd.DataFrame:
    """One effect in every unit people ask for.

    Returns:
        One row a quantity: quantity (monthly, cumulative, percent, events, events_per_month),
        estimate, lower, upper, level, unit (in words). They are one interval in different units, so
        all of them hold zero or none does. A "month" is a period where the panel is not monthly.
    """
    n = effect.post_months
    each = unit or "the panel's unit"
    whole = each.split(" a ")[0]
    events = effect.events
    rows = [
        ("monthly", total / n, (total - half) / n, (total + half) / n, each),
        ("cumulative", total, total - half, total + half, f"{whole}, over {n} periods"),
        (
            "percent",
            effect.percent.estimate,
            effect.percent.lower,
            effect.percent.upper,
            "% of the comparison",
        ),
        ("events", events.estimate, events.lower, events.upper, f"events, over {n} periods"),
        ("events_per_month", events.estimate / n, events.lower / n, events.upper / n, "events a period"),
    ]
    table = pd.DataFrame(rows, columns=["quantity", "estimate", "lower", "upper", "unit"])
    table.insert(4, "level", effect.percent.level)
    return table.astype({"quantity": "str", "unit": "str"})
