"""From a table of units to the arrays that are fitted: windows, rates, and which donors can stay.

Every donor that does not stay is listed with its reason; nothing is dropped in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from analysis.evidence import RefusedError
from analysis.synth.background import Background
from analysis.synth.estimators import DIVIDES_BY_MEAN, Rows
from analysis.synth.predictors import Predictors
from analysis.synth.spec import SynthSpec
from analysis.synth.weights import Array

PER: Final = 100_000.0
MIN_PRE: Final = 4
MIN_DONORS: Final = 2


@dataclass(frozen=True, slots=True)
class Panel:
    """A balanced window, the treated unit in column 0.

    Attributes:
        periods: T periods.
        units: names, the treated one first.
        values: (T, N) what is fitted: rates per 100,000 a period when a population was given.
        counts: (T, N) events, or None.
        population: (T, N) people, or None.
        pre, post: row numbers used before and after the start.
        unit: the unit of ``values``, in words; empty for the panel's own.
        excluded: DataFrame unit, reason.
        choices: what was decided on the way, as sentences.
        left_out: periods of the window that neither the fit nor the effect uses.
        constant: donors that never change before the start. They stay (a true zero is possible),
            and a check names them.
        features: (K, N) predictors to match in place of the outcomes, scaled; None without.
        background: what is known about the units beyond their figures.
    """

    periods: pd.PeriodIndex
    units: tuple[str, ...]
    values: Array
    counts: Array | None
    population: Array | None
    pre: Rows
    post: Rows
    unit: str
    excluded: pd.DataFrame
    choices: tuple[str, ...]
    left_out: tuple[str, ...]
    constant: tuple[str, ...]
    features: Array | None = None
    background: Background = field(default_factory=Background)

    @property
    def monthly(self) -> bool:
        """Whether a period is a month."""
        return str(self.periods.freqstr).startswith("M")


def prepare(
    panel: pd.DataFrame,
    spec: SynthSpec,
    population: pd.Series | pd.DataFrame | None,
    *,
    background: Background | None = None,
    predictors: Predictors | None = None,
) -> Panel:
    """Check the panel, cut the window, turn counts into rates and sort out the donors.

    Raises:
        RefusedError: with what is wrong and what to do about it.
    """
    table = _checked(panel, spec.treated)
    start = _period(spec.start, _index(table), "start")
    table, choices = _window(table, spec, start)
    periods = pd.PeriodIndex(table.index)
    used, left_out = _used_rows(table, periods, spec, choices)
    if spec.first_period == "dropped":
        used &= np.asarray(periods != start)
        left_out.append(str(start))
        choices.append(f"The start period {start} counts neither as before nor as after.")
    first_after = start + 1 if spec.first_period == "before" else start
    if spec.first_period == "before":
        choices.append(f"The start period {start} counts as before the start.")
    pre = np.flatnonzero(used & np.asarray(periods < first_after))
    post = np.flatnonzero(used & np.asarray(periods >= first_after))
    _enough_periods(periods, pre, post, start)

    people = None if population is None else _population(population, table)
    _treated_usable(table[spec.treated], people, spec, pre, np.concatenate([pre, post]))
    reasons = _donor_reasons(table, people, spec, pre, np.concatenate([pre, post]))
    if predictors is not None:
        reasons = predictors.missing(spec.treated, [u for u in table.columns if u not in reasons]) | reasons
    donors = [u for u in table.columns if u != spec.treated and u not in reasons]
    if len(donors) < MIN_DONORS:
        raise RefusedError(
            f"{len(donors)} usable donor{'s' if len(donors) != 1 else ''} for {spec.treated}: "
            f"a synthetic control needs at least {MIN_DONORS}, and 9 for an interval at 90 %. "
            "Widen the donor pool" + (_first_reason(reasons) or ".")
        )
    units = (spec.treated, *donors)
    events = table[list(units)].to_numpy(float)
    if people is None:
        counts = events if spec.counts else None
        word = "month" if str(periods.freqstr).startswith("M") else "period"
        values, heads, unit = events, None, f"events a {word}" if spec.counts else ""
    else:
        counts, heads = events, people[list(units)].to_numpy(float)
        values = PER * counts / heads
        unit = f"per 100,000 people a {'month' if str(periods.freqstr).startswith('M') else 'period'}"
    choices.append(
        "Fitted on counts of events: residents are not known."
        if people is None and spec.counts
        else "Fitted in the panel's own unit."
        if people is None
        else f"Counts were turned into rates and fitted {unit}."
    )
    known = background or Background()
    before = known.excluded[~known.excluded["unit"].isin(list(table.columns))]
    excluded = pd.DataFrame(
        {"unit": [*reasons, *before["unit"]], "reason": [*reasons.values(), *before["reason"]]},
        columns=["unit", "reason"],
        dtype="str",
    )
    features = None
    if predictors is not None:
        features = predictors.scaled(list(units))
        choices.append(predictors.sentence)
    still = np.ptp(events[pre], axis=0) == 0
    constant = tuple(u for u, flat in zip(units, still, strict=True) if flat)
    return Panel(
        periods,
        units,
        values,
        counts,
        heads,
        pre,
        post,
        unit,
        excluded,
        tuple(choices),
        tuple(left_out),
        constant,
        features,
        known,
    )


def _index(table: pd.DataFrame) -> pd.PeriodIndex:
    assert isinstance(table.index, pd.PeriodIndex)  # checked on entry
    return table.index


def _checked(panel: pd.DataFrame, treated: str) -> pd.DataFrame:
    if not isinstance(panel.index, pd.PeriodIndex):
        raise RefusedError(
            f"The panel's index is {type(panel.index).__name__}; "
            "it must be a PeriodIndex, one row a month or year."
        )
    for what, labels in (("unit", panel.columns), ("period", panel.index)):
        twice = labels[labels.duplicated()].unique()
        if len(twice):
            raise RefusedError(
                f"The {what} {twice[0]} occurs more than once in the panel ({len(twice)} in all). "
                f"Each {what} must occur once: remove or rename the repeats."
            )
    if treated not in panel.columns:
        raise RefusedError(
            f"There is no unit {treated!r} in the panel of {panel.shape[1]} units. Check its name."
        )
    if panel.empty:
        raise RefusedError("The panel has no periods. Import monthly counts first.")
    table = panel.sort_index()
    have = _index(table)
    absent = pd.period_range(have[0], have[-1], freq=have.freqstr).difference(have)
    if len(absent):
        raise RefusedError(
            f"The panel has no row for {absent[0]}{_and_more(len(absent))}. "
            "Add the rows, empty where nothing was reported: a missing period is not a zero."
        )
    return table.astype(float)


def _period(text: str, index: pd.PeriodIndex, what: str) -> pd.Period:
    try:
        return pd.Period(text, freq=index.freqstr)
    except ValueError as error:
        raise RefusedError(f"The {what} {text!r} is not a period such as 2025-01 or 1989.") from error


def _window(table: pd.DataFrame, spec: SynthSpec, start: pd.Period) -> tuple[pd.DataFrame, list[str]]:
    choices: list[str] = []
    if spec.pre_start is not None:
        table = table.loc[table.index >= _period(spec.pre_start, _index(table), "pre_start")]
    if spec.end is not None:
        table = table.loc[table.index <= _period(spec.end, _index(table), "end")]
    if spec.missing == "leave_out" and len(table):
        last = table[spec.treated].last_valid_index()
        if last is None:
            raise RefusedError(
                f"{spec.treated} has no figure in any period of the window. Import its counts, or choose "
                "another unit."
            )
        if last < table.index[-1]:
            choices.append(f"{spec.treated} has no figure after {last!s}: the window ends there.")
            table = table.loc[table.index <= last]
    return table, choices


def _used_rows(
    table: pd.DataFrame, periods: pd.PeriodIndex, spec: SynthSpec, choices: list[str]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], list[str]]:
    used = np.ones(len(table), bool)
    left_out: list[str] = []
    for begin, finish in spec.leave_out:
        a, b = _period(begin, periods, "leave_out"), _period(finish, periods, "leave_out")
        inside = np.asarray((periods >= a) & (periods <= b))
        used &= ~inside
        left_out += [str(p) for p in periods[inside]]
        choices.append(f"Left out by choice: {a} to {b}.")
    if spec.missing == "leave_out":
        absent = table[spec.treated].isna().to_numpy() & used
        if absent.any():
            months = [str(p) for p in periods[absent]]
            left_out += months
            used &= ~absent
            choices.append(f"{spec.treated} has no figure for {_listed(months)}: left out for every unit.")
    return used, left_out


def _enough_periods(periods: pd.PeriodIndex, pre: Rows, post: Rows, start: pd.Period) -> None:
    if len(pre) < MIN_PRE:
        raise RefusedError(
            f"{len(pre)} period{'s' if len(pre) != 1 else ''} before the start {start}: at least {MIN_PRE} "
            "are needed (24 months or more is sensible). Choose a later start or an earlier first period."
        )
    if len(post) == 0:
        raise RefusedError(
            f"No period at or after the start {start}: the panel ends in {periods[-1]}. "
            "Choose an earlier start, or wait for more data."
        )


def _population(population: pd.Series | pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """People per period and unit; a Series (unit → people) is held constant over time."""
    if isinstance(population, pd.Series):
        aligned = population.reindex(table.columns).astype(float)
        return pd.DataFrame(
            np.tile(aligned.to_numpy(float), (len(table), 1)), index=table.index, columns=table.columns
        )
    if not isinstance(population.index, pd.PeriodIndex) or population.index.freqstr != _index(table).freqstr:
        raise RefusedError(
            "A population that changes over time needs the panel's own periods as its index. "
            "Give one row a period, or one figure a unit."
        )
    return population.reindex(index=table.index, columns=table.columns).astype(float)


def _treated_usable(
    series: pd.Series, people: pd.DataFrame | None, spec: SynthSpec, pre: Rows, rows: Rows
) -> None:
    name, values = spec.treated, series.to_numpy(float)
    absent = [str(p) for p in series.index[rows][np.isnan(values[rows])]]
    if absent:
        raise RefusedError(
            f"{name} has no figure for {_listed(absent)}. Set missing='leave_out' to leave these periods out "
            "for every unit, or end the window before them."
        )
    if not np.isfinite(values[rows]).all():
        raise RefusedError(f"{name} holds an infinite value. Correct it at the source.")
    if not values[pre].any():
        raise RefusedError(f"{name} is zero in every period before the start: there is nothing to compare.")
    if np.ptp(values[pre]) == 0:
        raise RefusedError(
            f"{name} has the same value, {values[pre][0]:g}, in every period before the start. "
            "A series that never moves is a placeholder, not a count; check the import."
        )
    if (people is not None or spec.counts) and values[rows].min() < 0:
        raise RefusedError(f"{name} has a negative count, {values[rows].min():g}. Correct it at the source.")
    if people is not None:
        heads = people[name].to_numpy(float)[rows]
        if not (np.isfinite(heads).all() and heads.min() > 0):
            raise RefusedError(
                f"There is no population for {name} in every period. Give one, or fit without."
            )
    if spec.estimator in DIVIDES_BY_MEAN and values[pre].mean() <= 0:
        raise RefusedError(f"{name} has no positive mean before the start to divide by. Choose demeaned.")


def _donor_reasons(
    table: pd.DataFrame, people: pd.DataFrame | None, spec: SynthSpec, pre: Rows, rows: Rows
) -> dict[str, str]:
    """Unit → why it cannot be, or was not chosen as, a donor."""
    wanted = None if spec.donors is None else set(spec.donors)
    if wanted is not None:
        unknown = [d for d in spec.donors or () if d not in table.columns]
        if unknown:
            raise RefusedError(
                f"The donor {unknown[0]!r} is not in the panel{_and_more(len(unknown))}. Check its name."
            )
    values = table.to_numpy(float)
    heads = None if people is None else people.to_numpy(float)
    reasons: dict[str, str] = {}
    for j, name in enumerate(table.columns):
        if name == spec.treated:
            continue
        if name in spec.exclude:
            reasons[name] = "left out by choice"
        elif wanted is not None and name not in wanted:
            reasons[name] = "not among the chosen donors"
        else:
            why = _unusable(
                values[:, j], None if heads is None else heads[:, j], table.index, spec, pre, rows
            )
            if why and wanted is not None:
                raise RefusedError(
                    f"The chosen donor {name} cannot be used: {why}. Take it off the list of donors."
                )
            if why:
                reasons[name] = why
    return reasons


def _unusable(
    values: Array, heads: Array | None, index: pd.Index, spec: SynthSpec, pre: Rows, rows: Rows
) -> str | None:
    absent = ~np.isfinite(values[rows])
    if absent.any():
        return f"no figure for {_listed([str(p) for p in index[rows][absent]])}"
    if (heads is not None or spec.counts) and values[rows].min() < 0:
        return f"a negative count, {values[rows].min():g}"
    if heads is not None and not (np.isfinite(heads[rows]).all() and heads[rows].min() > 0):
        return "no population figure"
    if spec.estimator in DIVIDES_BY_MEAN and values[pre].mean() <= 0:
        return "only zeros before the start, and the estimator divides by the mean"
    return None


def _listed(names: list[str]) -> str:
    return names[0] + _and_more(len(names))


def _and_more(total: int) -> str:
    return f" and {total - 1} more" if total > 1 else ""


def _first_reason(reasons: dict[str, str]) -> str:
    for unit, why in reasons.items():
        return f" (for example, {unit}: {why})."
    return ""
