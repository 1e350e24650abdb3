"""Several treated units that start at different times.

Each unit gets its own comparison, from donors that were never treated, or not yet treated by the end
of its window; then the gaps are put side by side by time since the start and averaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.evidence import RefusedError
from analysis.synth.result import SynthResult, fit
from analysis.synth.spec import SynthSpec


@dataclass(frozen=True, slots=True)
class StaggeredResult:
    """Several units' effects.

    Attributes:
        units: unit → its own result.
        refused: unit → why it could not be fitted.
        event_time: DataFrame time (0 = first period after the start), gap (mean over units),
            gap_weighted (by population; NaN without), units (how many are seen at that time).
        att: mean of the units' own mean gaps.
        att_unit_time: mean over all unit-periods after the start.
        events: sum of the units' cumulative gaps in events; NaN without populations.
    """

    units: dict[str, SynthResult]
    refused: dict[str, str]
    event_time: pd.DataFrame = field(repr=False)
    att: float
    att_unit_time: float
    events: float


def fit_staggered(
    panel: pd.DataFrame,
    starts: Mapping[str, str],
    spec: SynthSpec,
    population: pd.Series | pd.DataFrame | None = None,
) -> StaggeredResult:
    """Fit every treated unit on donors that are not treated within its window.

    Args:
        panel: as in :func:`analysis.synth.fit`.
        starts: treated unit → its start.
        spec: everything else; its ``treated`` and ``start`` are replaced for each unit. A unit that
            starts after ``spec.end`` is still a donor.
        population: as in :func:`analysis.synth.fit`.

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
    every = panel.index.freqstr
    last = panel.index.max() if spec.end is None else pd.Period(spec.end, freq=every)
    treated_by_then = tuple(u for u, s in starts.items() if pd.Period(s, freq=every) <= last)

    done: dict[str, SynthResult] = {}
    refused: dict[str, str] = {}
    for unit, start in starts.items():
        others = tuple(u for u in treated_by_then if u != unit)
        question = replace(spec, treated=unit, start=start, exclude=(*spec.exclude, *others))
        try:
            done[unit] = fit(panel, question, population)
        except RefusedError as refusal:
            refused[unit] = str(refusal)
    if not done:
        unit, why = next(iter(refused.items()))
        raise RefusedError(f"No treated unit could be fitted. {unit}: {why}")
    after = pd.concat([_gaps(unit, result, population) for unit, result in done.items()], ignore_index=True)
    later = after.loc[after["time"] >= 0, "gap"]
    return StaggeredResult(
        units=done,
        refused=refused,
        event_time=_by_event_time(after),
        att=float(np.mean([r.att for r in done.values()])),
        att_unit_time=float(later.mean()),
        events=float(np.sum([r.effect.events.estimate for r in done.values()])),
    )


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
