"""From a table of counts to what the models use: which periods, what exposure, what is left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.evidence import RefusedError
from analysis.its.glm import Array
from analysis.its.periods import PER_YEAR, WORDS, Flags, left_out, period, settling, span
from analysis.its.spec import LINEAR, ItsSpec

#: An average month in days: exposures are in people × average months.
MEAN_MONTH: Final = 30.4375

#: A change of the log population from one period to the next that no place goes through.
JUMP: Final = 0.1

MIN_PRE, MIN_PRE_EVENTS, MIN_POST, MIN_POST_SLOPE, MIN_EXPECTED = 24, 30, 6, 12, 10


@dataclass(frozen=True, slots=True)
class Prepared:
    """A series cut to its window; every array has one value a calendar period, none left out.

    ``offset``: log(population × days / 30.4375), without what was not given. ``time``: 1, 2, … from the
    first period. ``after``: from the end of the phase-in on, ``ended``: from the end of a temporary
    programme on. ``used``: ``available`` (counted, not left out) and in no phase-in or washout.
    ``control``, ``control_offset``: the same of the comparison (several ones added up), or None;
    ``others``, ``names``: count and offset of each comparison by itself, and what it is called.
    ``per``: rates are per so many people (100,000), 1 without a population. ``start``, ``first_after``:
    places of the start and of the first period after the phase-in.
    """

    periods: pd.PeriodIndex
    count: Array
    offset: Array
    time: Array
    after: Flags
    ended: Flags
    available: Flags
    used: Flags
    covariates: Array
    control: Array | None
    control_offset: Array | None
    others: tuple[tuple[Array, Array], ...]
    names: tuple[str, ...]
    per: float
    per_year: int
    start: int
    first_after: int
    choices: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def pre(self) -> Flags:
        """Used periods before the start."""
        return self.used & ~self.after

    @property
    def post(self) -> Flags:
        """Used periods after the phase-in, up to the end of a temporary programme."""
        return self.used & self.after & ~self.ended

    @property
    def later(self) -> Flags:
        """Used periods after a temporary programme ended."""
        return self.used & self.ended

    @property
    def unit(self) -> str:
        """What a period is called."""
        return WORDS[self.per_year]


Control = pd.DataFrame | Mapping[str, pd.DataFrame] | None


def prepare(data: pd.DataFrame, spec: ItsSpec, control: Control) -> Prepared:
    """Check the data against the spec and cut the window.

    Raises:
        RefusedError: with a sentence saying what is wrong and what would do.
    """
    table = _on_calendar(data, "data", spec.covariates)
    freq = pd.PeriodIndex(table.index).freqstr
    per_year = PER_YEAR[freq[0]]
    unit = WORDS[per_year]
    start = period(spec.start, freq, "start")
    end = period(spec.end, freq, "end") if spec.end is not None else table.index[-1]
    first, last = table.index[0], min(end, table.index[-1])
    if not first < start <= last:
        raise RefusedError(
            f"The start, {start}, lies outside the data, which run from {first} to {last}. "
            f"An interrupted series needs {unit}s on both sides of the start."
        )
    if start + spec.phase_in > last:
        raise RefusedError(
            f"The phase-in of {spec.phase_in} {unit}s lasts beyond the last {unit}, {last}. "
            f"Nothing is left to compare; wait for more data or shorten the phase-in."
        )
    choices = []
    if spec.pre_periods is not None and start - spec.pre_periods > first:
        first = start - spec.pre_periods
        choices.append(f"Only the {spec.pre_periods} {unit}s before the start are used.")
    table = table.loc[first:last]
    periods = pd.PeriodIndex(table.index)
    count = table["count"].to_numpy(float, copy=True)
    since = np.arange(len(periods)) - (start - first).n
    phase = (since >= 0) & (since < spec.phase_in)
    after = since >= spec.phase_in
    ended = np.zeros(len(periods), bool)
    if spec.stop is not None:
        stop = period(spec.stop, freq, "stop")
        if stop <= start + spec.phase_in:
            raise RefusedError(
                f"The programme stops in {stop}, before its phase-in is over ({start + spec.phase_in - 1})."
            )
        ended = np.arange(len(periods)) >= (stop - first).n
        choices.append(
            f"The programme ended before {stop}; the effect is that of the {unit}s in between."
            if ended.any()
            else f"The stop, {stop}, lies after the last {unit}: the programme has not ended yet."
        )
    washout = (since < 0) & (since >= -spec.washout)
    out = left_out(periods, spec)
    apart, changes = settling(periods, spec)
    choices += changes
    available = np.isfinite(count) & ~out & ~apart
    used = available & ~phase & ~washout
    if phase.any():
        choices.append(
            f"Phase-in, {span(periods, phase)}: counted neither before nor after; calendar time runs on."
        )
    if washout.any():
        choices.append(f"Washout, {span(periods, washout)}: left out, because people knew what was coming.")
    if out.any():
        choices.append(f"Left out as asked: {span(periods, out)}.")
    absent = ~np.isfinite(count) & ~phase & ~washout & ~out & ~apart
    if absent.any():
        choices.append(f"{int(absent.sum())} {unit}s without a count are left out: {span(periods, absent)}.")
    covariates = table[list(spec.covariates)].to_numpy(float, copy=True)
    unknown = available & ~np.isfinite(covariates).all(axis=1)
    if unknown.any():
        used &= ~unknown
        available &= ~unknown
        choices.append(
            f"{int(unknown.sum())} {unit}s without a covariate are left out: {span(periods, unknown)}."
        )

    other = other_offset = None
    others: tuple[tuple[Array, Array], ...] = ()
    names: tuple[str, ...] = ()
    if control is not None:
        beside, each = _beside(control, periods, available, choices)
        other = beside["count"].to_numpy(float, copy=True)
        lone = available & ~np.isfinite(other)
        if lone.any():
            used &= ~lone
            available &= ~lone
            choices.append(
                f"{int(lone.sum())} {unit}s without a comparison count are left out: {span(periods, lone)}."
            )
        other_offset = _offset(beside, periods, np.isfinite(other) & used, spec, "the comparison", choices)
        names = tuple(each)
        others = tuple(
            (
                one["count"].to_numpy(float, copy=True),
                _offset(one, periods, np.isfinite(other) & used, spec, f"the comparison {name}", choices),
            )
            for name, one in each.items()
        )
    offset = _offset(table, periods, used, spec, "the series", choices)
    if control is not None and ("population" in table.columns) != ("population" in beside.columns):
        if spec.family in LINEAR:
            raise RefusedError("Only one side has a population. Rates need it on both sides, or on neither.")
        choices.append("Population on one side only: the other side's counts are taken as they are.")
    ready = Prepared(
        periods, count, offset, np.arange(1.0, len(periods) + 1), after, ended, available, used,
        covariates, other, other_offset, others, names,
        100_000.0 if "population" in table.columns else 1.0, per_year,
        int((start - first).n), int(np.argmax(after)), tuple(choices), _jumps(table),
    )  # fmt: skip
    enough(ready, spec)
    return ready


def _beside(
    control: pd.DataFrame | Mapping[str, pd.DataFrame],
    periods: pd.PeriodIndex,
    available: Flags,
    choices: list[str],
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The comparison added up over its members, and each member; on the periods of the series.

    A member that lacks more than a tenth of the periods is left out; a period that a remaining member
    lacks has no sum.
    """
    if isinstance(control, pd.DataFrame):
        one = _on_calendar(control, "control", ()).reindex(periods)
        return one, {"control": one}
    if not control:
        raise RefusedError("The comparison has no members; leave it out, or name at least one.")
    members = {
        str(name): _on_calendar(table, f"control {name!r}", ()).reindex(periods)
        for name, table in control.items()
    }
    kept, gone = {}, []
    for name, table in members.items():
        share = float(table["count"].notna().to_numpy()[available].mean()) if available.any() else 0.0
        if share < 0.9:
            gone.append(name)
        else:
            kept[name] = table
    if gone:
        choices.append(f"Left out of the comparison for want of counts: {', '.join(gone)}.")
    if not kept:
        raise RefusedError("No member of the comparison has counts in nine of ten months of the series.")
    columns = ["count"]
    if all("population" in table.columns for table in kept.values()):
        columns.append("population")
    pooled = sum((table[columns] for table in list(kept.values())[1:]), next(iter(kept.values()))[columns])
    if len(kept) > 1:
        choices.append(f"Comparison of {len(kept)} members added up: {', '.join(kept)}.")
    return pooled, {name: table[columns] for name, table in kept.items()}


def _on_calendar(data: pd.DataFrame, name: str, covariates: tuple[str, ...]) -> pd.DataFrame:
    """The table on a calendar without holes: an absent period becomes one without a count."""
    if not isinstance(data, pd.DataFrame) or not isinstance(data.index, pd.PeriodIndex):
        raise RefusedError(
            f"{name} must be a table (DataFrame) with one row a month and a PeriodIndex of months."
        )
    if str(data.index.freqstr)[0] not in PER_YEAR:
        raise RefusedError(
            f"{name} has periods of {data.index.freqstr}; months, quarters or years are understood."
        )
    if data.empty or data.index.hasnans:
        raise RefusedError(f"{name} has no rows, or a row without its month.")
    if data.index.has_duplicates:
        twice = data.index[data.index.duplicated()][0]
        raise RefusedError(f"{name} has more than one row for {twice}. Add the rows up first.")
    missing = [c for c in ("count", *covariates) if c not in data.columns]
    if missing:
        raise RefusedError(
            f"{name} has no column {missing[0]!r}; it has {', '.join(map(str, data.columns))}."
        )
    keep = [c for c in ("count", "population", *covariates) if c in data.columns]
    try:
        table = data[keep].astype(float)
    except (TypeError, ValueError) as error:
        raise RefusedError(f"{name} holds something that is not a number: {error}.") from error
    count = table["count"]
    wrong = count[(count < 0) | np.isinf(count)]
    if len(wrong):
        raise RefusedError(
            f"{name} has a count of {wrong.iloc[0]:g} in {wrong.index[0]}; counts are zero or more. "
            "Correct it, or leave the month empty."
        )
    if count.notna().sum() == 0:
        raise RefusedError(f"{name} has no count in any month.")
    table = table.sort_index()
    count = table["count"]
    table = table.loc[count.first_valid_index() : count.last_valid_index()]
    return table.reindex(pd.period_range(table.index[0], table.index[-1], freq=data.index.freq))


def _offset(
    table: pd.DataFrame, periods: pd.PeriodIndex, used: Flags, spec: ItsSpec, who: str, choices: list[str]
) -> Array:
    offset = np.zeros(len(periods))
    if "population" in table.columns:
        people = table["population"].to_numpy(float, copy=True)
        bad = used & ~(np.isfinite(people) & (people > 0))
        if bad.any():
            when = periods[int(np.argmax(bad))]
            raise RefusedError(
                f"The population of {who} in {when} is {people[np.argmax(bad)]:g}. Give one for every month, "
                "or leave the column out."
            )
        # Periods that no fit uses may lack a population; they borrow the nearest one for the picture.
        filled = pd.Series(np.where(np.isfinite(people) & (people > 0), people, np.nan)).ffill().bfill()
        offset += np.log(filled.to_numpy(float))
    elif who == "the series":
        choices.append("No population given: counts are compared, not rates.")
    if spec.days_in_month:
        days = (periods.end_time.normalize() - periods.start_time).days.to_numpy() + 1
        offset += np.log(days / MEAN_MONTH)
    return offset


def _jumps(table: pd.DataFrame) -> tuple[str, ...]:
    """A sentence when the population of the series jumps from one period to the next."""
    if "population" not in table.columns:
        return ()
    people = table["population"].to_numpy(float)
    with np.errstate(all="ignore"):
        step = np.abs(np.diff(np.log(people)))
    step = np.where(np.isfinite(step), step, 0.0)
    if not len(step) or step.max() <= JUMP:
        return ()
    at = int(step.argmax())
    return (
        f"The population jumps from {people[at]:,.0f} to {people[at + 1]:,.0f} in {table.index[at + 1]}. "
        "If the place did not grow or shrink so, the rates before and after cannot be compared.",
    )


def enough(ready: Prepared, spec: ItsSpec) -> None:
    """Refuse what cannot be answered at all, and, with gates on, what cannot be answered well.

    Raises:
        RefusedError: with what would be enough.
    """
    unit = ready.unit
    n_pre, n_post = int(ready.pre.sum()), int(ready.post.sum())
    if n_pre == 0 or n_post == 0:
        side = "before" if n_pre == 0 else "after"
        raise RefusedError(
            f"No {unit} {side} the start can be used. Check the months, the start and the phase-in."
        )
    events_pre, events_post = float(ready.count[ready.pre].sum()), float(ready.count[ready.post].sum())
    for events, side in ((events_pre, "before"), (events_post, "after")):
        if events == 0:
            raise RefusedError(
                f"There is not a single event {side} the start. A rate ratio needs events on both sides; "
                "compare the counts themselves."
            )
    if ready.control is not None:
        for mask, side in ((ready.pre, "before"), (ready.post, "after")):
            if float(ready.control[mask].sum()) == 0:
                raise RefusedError(
                    f"The comparison has not a single event {side} the start. Choose a larger one."
                )
    if not spec.gates:
        return
    need = MIN_POST_SLOPE if spec.slope else MIN_POST
    advice = "Until then, compare with the same months of earlier years."
    if n_pre < MIN_PRE:
        raise RefusedError(f"{n_pre} {unit}s before the start; at least {MIN_PRE} are needed. {advice}")
    if events_pre < MIN_PRE_EVENTS:
        raise RefusedError(
            f"{events_pre:.0f} events before the start; at least {MIN_PRE_EVENTS} are needed. "
            "Take a longer past, a wider area or a wider measure."
        )
    if n_post < need:
        why = " with a change of slope" if spec.slope else ""
        raise RefusedError(f"{n_post} {unit}s after the start; at least {need} are needed{why}. {advice}")
