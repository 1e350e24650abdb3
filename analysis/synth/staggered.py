"""Several treated units that start at different times.

Each unit gets its own comparison, from donors that were never treated, or not yet treated by the end
of its window; then the gaps are put side by side by time since the start and averaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.evidence import Interval, RefusedError, percent_from_ratio
from analysis.synth.background import Background
from analysis.synth.bands import half_width, rank_p, references_needed
from analysis.synth.panel import PER
from analysis.synth.placebo import PlaceboTest, Progress
from analysis.synth.result import SynthResult, fit
from analysis.synth.spec import SynthSpec
from analysis.synth.weights import Array

#: Whether a unit that is treated later may be a donor before that.
Pool = Literal["not_yet", "never"]
DRAWS: Final = 999
NAN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class StaggeredResult:
    """Several units' effects.

    Attributes:
        units: unit → its own result.
        refused: unit → why it could not be fitted.
        event_time: DataFrame time (0 = first period after the start), gap (mean over units),
            gap_weighted (by population; NaN without), units (how many are seen at that time), and
            limits of both means (lower, upper, weighted_lower, weighted_upper; NaN before the start and
            without a band).
        att: mean of the units' own mean gaps.
        att_unit_time: mean over all unit-periods after the start.
        events: sum of the units' cumulative gaps in events; NaN without populations or counts.
        expected: events that the units' comparisons hold after their starts, summed.
        percent_interval: ``events`` in percent of ``expected``, with the limits of ``events_interval``.
        att_interval, events_interval: the same two with limits; NaN without a band.
        p_value: rank p-value of ``att`` among placebo assignments; agrees with its interval.
        sentence: how the limits were made, or why there are none.
    """

    units: dict[str, SynthResult]
    refused: dict[str, str]
    event_time: pd.DataFrame = field(repr=False)
    att: float
    att_unit_time: float
    events: float
    att_interval: Interval = field(default_factory=lambda: Interval(NAN, NAN, NAN, 0.90))
    events_interval: Interval = field(default_factory=lambda: Interval(NAN, NAN, NAN, 0.90))
    p_value: float = NAN
    sentence: str = ""
    expected: float = NAN
    percent_interval: Interval = field(default_factory=lambda: Interval(NAN, NAN, NAN, 0.90))


def fit_staggered(
    panel: pd.DataFrame,
    starts: Mapping[str, str],
    spec: SynthSpec,
    population: pd.Series | pd.DataFrame | None = None,
    *,
    pool: Pool = "not_yet",
    horizon: int | None = None,
    seed: int = 0,
    background: Background | None = None,
    progress: Progress | None = None,
) -> StaggeredResult:
    """Fit every treated unit on donors that are not treated within its window.

    The pooled limits come from placebo assignments: as many untreated donors as there are treated units
    are drawn, each takes the place and the start of one of them, and their gaps, each in units of its own
    yardstick times that of the treated unit, are pooled like the real ones. Common shocks of the
    calendar stay in, because every drawn gap is from the very months of the unit it stands for.

    Args:
        panel: as in :func:`analysis.synth.fit`.
        starts: treated unit → its start.
        spec: everything else; its ``treated`` and ``start`` are replaced for each unit. A unit that
            starts after ``spec.end`` is still a donor.
        population: as in :func:`analysis.synth.fit`.
        pool: ``not_yet`` = a unit treated only after the window's end is a donor; ``never`` = no unit
            in ``starts`` is.
        horizon: periods after each start to look at; each unit's window ends there, so that with
            ``not_yet`` later starters serve as donors. ``None`` = to the end of the panel.
        seed: of the placebo assignments.
        background: as in :func:`analysis.synth.fit`.
        progress: called with (done, all, what), a hundred steps a unit.

    Raises:
        RefusedError: no treated unit, one that is not in the panel, or none that could be fitted.
    """
    if not starts:
        raise RefusedError("No treated unit was named. Give at least one with its start.")
    absent = [u for u in starts if u not in panel.columns]
    if absent:
        raise RefusedError(f"There is no unit {absent[0]!r} in the panel. Check its name.")
    if not isinstance(panel.index, pd.PeriodIndex) or panel.empty:
        raise RefusedError("The panel must have a PeriodIndex with at least one period.")
    if horizon is not None and horizon < 1:
        raise RefusedError(f"The horizon is {horizon}; give at least 1 period, or none for all there are.")
    every = panel.index.freqstr
    last = panel.index.max() if spec.end is None else pd.Period(spec.end, freq=every)
    begun = {u: pd.Period(s, freq=every) for u, s in starts.items()}

    done: dict[str, SynthResult] = {}
    refused: dict[str, str] = {}
    for i, (unit, start) in enumerate(starts.items()):
        end = last if horizon is None else min(last, begun[unit] + horizon - 1)
        barred = tuple(u for u, s in begun.items() if u != unit and (pool == "never" or s <= end))
        question = replace(
            spec,
            treated=unit,
            start=start,
            exclude=(*spec.exclude, *barred),
            end=spec.end if horizon is None else str(end),
        )
        try:
            done[unit] = fit(
                panel, question, population, background=background,
                progress=None if progress is None else _part(progress, i, len(starts), unit),
            )  # fmt: skip
        except RefusedError as refusal:
            refused[unit] = str(refusal)
    if not done:
        unit, why = next(iter(refused.items()))
        raise RefusedError(f"No treated unit could be fitted. {unit}: {why}")
    after = pd.concat([_gaps(unit, result, population) for unit, result in done.items()], ignore_index=True)
    later = after.loc[after["time"] >= 0, "gap"]
    att = float(np.mean([r.att for r in done.values()]))
    events = float(np.sum([r.effect.events.estimate for r in done.values()]))
    people = after.groupby("unit")["people"].first().reindex(list(done)).to_numpy(float)
    expected = float(np.sum([_expected(r) for r in done.values()]))
    drawn = _assignments(done, people, seed, set(starts))
    curve = _by_event_time(after)
    level = spec.level
    if isinstance(drawn, str):
        blank = dict.fromkeys(("lower", "upper", "weighted_lower", "weighted_upper"), NAN)
        return StaggeredResult(
            done,
            refused,
            curve.assign(**blank),
            att,
            float(later.mean()),
            events,
            Interval(att, NAN, NAN, level),
            Interval(events, NAN, NAN, level),
            NAN,
            drawn,
            expected,
            _percent(events, expected, NAN, level),
        )
    half, half_events = float(half_width(drawn.att, level)), float(half_width(drawn.events, level))
    return StaggeredResult(
        units=done,
        refused=refused,
        event_time=_with_limits(curve, drawn, level),
        att=att,
        att_unit_time=float(later.mean()),
        events=events,
        att_interval=Interval(att, att - half, att + half, level),
        events_interval=Interval(events, events - half_events, events + half_events, level),
        p_value=rank_p(drawn.att, att),
        sentence=(
            f"Limits at {100 * level:g} % from {DRAWS} placebo assignments of the {len(done)} starts to "
            f"{drawn.donors} untreated donors."
        ),
        expected=expected,
        percent_interval=_percent(events, expected, half_events, level),
    )


def _part(progress: Progress, i: int, of: int, unit: str) -> Progress:
    def report(done: int, all_: int, what: str) -> None:
        del what
        progress(100 * i + 100 * done // max(all_, 1), 100 * of, unit)

    return report


def _expected(result: SynthResult) -> float:
    """Events of a unit's comparison after its start; NaN where events are not known."""
    path = result.path_in_events
    return NAN if path is None else float(path.loc[path["cumulative"].notna(), "expected"].sum())


def _percent(events: float, expected: float, half: float, level: float) -> Interval:
    """Observed over comparison, as one unit has it: the comparison's range is ``expected`` ± ``half``."""
    if not expected > 0:
        return Interval(NAN, NAN, NAN, level)
    seen, least = expected + events, expected - half
    top = NAN if np.isnan(half) else seen / least if least > 0 else float("inf")
    return percent_from_ratio(Interval(seen / expected, seen / (expected + half), top, level))


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Pooled gaps of placebo assignments: att and events (D,), event-time means (D, H)."""

    att: Array
    events: Array
    mean: Array
    weighted: Array
    donors: int


def _assignments(done: dict[str, SynthResult], people: Array, seed: int, treated: set[str]) -> _Drawn | str:
    """Pooled gaps of the drawn assignments, or why there are none."""
    results = list(done.values())
    tests = [r.placebo for r in results]
    if any(t is None for t in tests):
        return "Without placebo units there are no limits. Ask for the inference “placebo”."
    placebos = [t for t in tests if t is not None]
    shared = set.intersection(*(set(t.table.loc[~t.table["treated"], "unit"]) for t in placebos))
    names = sorted(shared - treated)
    level = placebos[0].level
    needed = max(references_needed(level), len(results))
    if len(names) < needed:
        return (
            f"Not enough donors for pooled limits: {len(names)} untreated ones serve every unit, "
            f"and {needed} are needed at {100 * level:g} %."
        )
    if any(not t.has_band for t in placebos):
        return "A unit is fitted exactly before its start, so there are no pooled limits."
    after = [r.path["cumulative"].notna().to_numpy() for r in results]
    horizon = max(int(a.sum()) for a in after)
    # (units, donors, H): each donor's gap in the unit's window, at the unit's own scale.
    scaled = np.full((len(results), len(names), horizon), np.nan)
    for i, (test, rows) in enumerate(zip(placebos, after, strict=True)):
        yard = test.sized.yardstick if results[i].spec.yardstick == "sized" else _misfit(test)
        scale = float(yard[test.treated]) / yard.reindex(names).to_numpy(float)
        scaled[i, :, : rows.sum()] = (test.gaps.loc[rows, names].to_numpy(float) * scale).T
    rng = np.random.default_rng(seed)
    picks = np.stack([rng.choice(len(names), len(results), replace=False) for _ in range(DRAWS)])
    gaps = scaled[np.arange(len(results))[None, :], picks]  # (D, units, H)
    weight = np.where(np.isnan(gaps), np.nan, people[None, :, None])
    totals = np.nansum(gaps, axis=2)
    with np.errstate(invalid="ignore"):
        weighted = np.nansum(gaps * weight, axis=1) / np.nansum(weight, axis=1)
    each = np.where(np.isnan(people) & results[0].spec.counts, 1.0, people / PER)
    return _Drawn(
        att=np.nanmean(gaps, axis=2).mean(axis=1),
        events=(totals * each).sum(axis=1),
        mean=np.nanmean(gaps, axis=1),
        weighted=weighted,
        donors=len(names),
    )


def _misfit(test: PlaceboTest) -> pd.Series:
    return test.table.set_index("unit")["pre_rmspe"]


def _with_limits(curve: pd.DataFrame, drawn: _Drawn, level: float) -> pd.DataFrame:
    table = curve.copy()
    times = table["time"].to_numpy()
    for name, centre, draws in (("", "gap", drawn.mean), ("weighted_", "gap_weighted", drawn.weighted)):
        half = np.full(len(table), np.nan)
        inside = (times >= 0) & (times < draws.shape[1])
        half[inside] = half_width(draws, level)[times[inside]]
        table[f"{name}lower"] = table[centre] - half
        table[f"{name}upper"] = table[centre] + half
    return table


def _gaps(unit: str, result: SynthResult, population: pd.Series | pd.DataFrame | None) -> pd.DataFrame:
    path = result.path
    first = int(np.flatnonzero(path["cumulative"].notna())[0])
    if population is None:
        people = float("nan")
    elif isinstance(population, pd.Series):
        people = float(population[unit])
    else:
        people = float(population[unit].mean())
    return pd.DataFrame(
        {"unit": unit, "time": np.arange(len(path)) - first, "gap": path["effect"], "people": people}
    ).dropna(subset=["gap"])


def _by_event_time(gaps: pd.DataFrame) -> pd.DataFrame:
    gaps = gaps.assign(weighted=gaps["gap"] * gaps["people"])
    sums = gaps.groupby("time").agg(
        gap=("gap", "mean"), weighted=("weighted", "sum"), people=("people", "sum"), units=("unit", "size")
    )
    with np.errstate(invalid="ignore"):
        sums["gap_weighted"] = np.where(sums["people"] > 0, sums["weighted"] / sums["people"], np.nan)
    return sums.reset_index()[["time", "gap", "gap_weighted", "units"]]
