"""``examine``: the answer with everything that was tried against it; ``examine_many``: for a whole batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.evidence import Check, CheckState, Effect, Interval, RefusedError
from analysis.its import breaks, power, sensitivity
from analysis.its.placebo import rank, widening
from analysis.its.result import Answer, ItsResult, Question, answer_many, fit_many, powered
from analysis.its.series import Control
from analysis.its.spec import ItsSpec

PASSED, FAILED, CANNOT_TELL = CheckState.PASSED, CheckState.FAILED, CheckState.CANNOT_TELL

#: A placebo rank is called unusual when the real start is among so large a share of all starts.
UNUSUAL = 0.10


@dataclass(frozen=True, slots=True)
class Examination:
    """A result and all that was tried against it.

    Attributes:
        result: the fit.
        checks: every check, those of the fit first.
        sensitivity: kind, variant, percent, lower, upper, p, events, log_se, refused; the question itself
            first.
        disagreement: whether families that allow for scatter give different verdicts.
        placebo: start, log_ratio, se, z, p of the pretended starts, or None.
        placebo_rank: place of the real start among all by size of z, and how many there are; or None.
        widened: percent interval, so much wider that pretended starts show nothing (at least as wide as
            the effect's own).
        able: what could have been seen (:class:`analysis.its.power.Power`).
        negative_controls: outcome, percent, lower, upper, p, refused.
    """

    result: ItsResult
    checks: tuple[Check, ...]
    sensitivity: pd.DataFrame = field(repr=False)
    disagreement: bool
    placebo: pd.DataFrame | None = field(repr=False)
    placebo_rank: tuple[int, int] | None
    widened: Interval
    able: power.Power
    negative_controls: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    @property
    def effect(self) -> Effect:
        """The effect of the result."""
        return self.result.effect

    @property
    def power_sentence(self) -> str:
        """What could have been seen; to be printed beside every result that is inconclusive."""
        return self.able.sentence(self.result.effect.post_months)

    @property
    def power(self) -> pd.DataFrame:
        """Months, log_se, smallest_percent, power_20."""
        return self.able.table

    @property
    def months_needed(self) -> int | None:
        """Months after the start until a fall of 20 % is found with 80 % power; None = over ten years."""
        return self.able.months_needed

    @property
    def simulated_power(self) -> float | None:
        """Share of simulated series with the formula's smallest fall in which it was found, or None."""
        return self.able.seen

    @property
    def detectable(self) -> float | None:
        """Smallest fall (negative percent) found in 80 of 100 simulated series; None without simulation."""
        return self.able.smallest_percent if self.able.checked else None


def examine(
    data: pd.DataFrame,
    spec: ItsSpec,
    control: Control = None,
    *,
    negative_controls: Mapping[str, pd.DataFrame] | None = None,
    simulations: int = power.SIMULATIONS,
    seed: int = 0,
) -> Examination:
    """``fit``, and everything tried against it.

    Args:
        data, spec, control: as in :func:`analysis.its.fit`.
        negative_controls: outcomes by name that the intervention cannot have moved; they are asked the
            same question, alone.
        simulations: simulated series for the check of the detectable fall; the search for the data's own
            break takes three times as many. 0 leaves both out (the smallest fall is then the formula's).
        seed: of the simulations.

    Raises:
        RefusedError: as in ``fit``.
    """
    found = examine_many([(data, spec, control)])[0]
    if isinstance(found, RefusedError):
        raise found
    answer, examined = found
    checks = list(examined.checks)
    outcomes = _negative(negative_controls or {}, spec)
    if len(outcomes):
        checks.append(_negative_check(outcomes, spec))
    able = examined.able
    if simulations:
        series, design, _ = answer.job
        checks.append(breaks.check(series, design, spec, simulations=3 * simulations, seed=seed))
        log_se = examined.result.diagnostics["log_ratio_se"]
        able = power.power_of(
            answer.job, answer.estimate, log_se, table=able.table, simulations=simulations, seed=seed
        )
    return replace(
        examined,
        result=powered(examined.result, able),
        checks=tuple(checks),
        negative_controls=outcomes,
        able=able,
    )


def examine_many(
    questions: Sequence[Question],
) -> list[tuple[Answer, Examination] | RefusedError]:
    """The battery for many questions in one pass: families, sensitivity, pretended starts and power.

    What needs simulation (the data's own break, simulated power) and negative controls are left to
    :func:`examine`. A refusal stands in its place in the list.
    """
    answers = answer_many(questions)
    good = [a for a in answers if isinstance(a, Answer)]
    tables = sensitivity.sensitivity_many([a.job for a in good])
    powers = power.detectable_table([(a.job, a.estimate, a.result.diagnostics["log_ratio_se"]) for a in good])
    examined = iter(
        (a, _examined(a, table, able)) for a, table, able in zip(good, tables, powers, strict=True)
    )
    return [a if isinstance(a, RefusedError) else next(examined) for a in answers]


def _examined(answer: Answer, table: pd.DataFrame, able: pd.DataFrame) -> Examination:
    result, spec = answer.result, answer.job[2]
    effect = result.effect
    ratio = effect.rate_ratio
    middle = np.log(ratio.estimate)
    z = middle / result.diagnostics["log_ratio_se"]
    place = None if answer.placebo is None else rank(answer.placebo, z)
    factor = widening(answer.placebo, spec.level)
    lower, upper = (
        100 * float(np.expm1(min(middle + factor * (np.log(v) - middle), 700.0)))
        for v in (ratio.lower, ratio.upper)
    )
    checks = [*result.checks, *sensitivity.checks(table, spec), _rank_check(answer, place)]
    return Examination(
        result=result,
        checks=tuple(checks),
        sensitivity=table,
        disagreement=sensitivity.disagreement(table, spec)[0],
        placebo=answer.placebo,
        placebo_rank=place,
        widened=Interval(effect.percent.estimate, lower, upper, spec.level),
        able=power.Power(
            effect.minimum_detectable_percent,
            effect.minimum_detectable_percent,
            None,
            able,
            power.months_needed(able),
        ),
    )


def _rank_check(answer: Answer, place: tuple[int, int] | None) -> Check:
    name = "The real start among pretended ones"
    if place is None or answer.placebo is None:
        return Check(name, CANNOT_TELL, "The past is too short to try starts that were none.")
    at, of = place
    words = f"By size of the change the real start is number {at} of {of} starts"
    clear = not answer.result.effect.rate_ratio.contains(1.0)
    if at <= max(1, UNUSUAL * of):
        return Check(name, PASSED, f"{words}: the past shows hardly anything like it.", answer.placebo)
    if clear:
        return Check(
            name, FAILED, f"{words}: changes as large happened without any intervention.", answer.placebo
        )
    return Check(name, PASSED, f"{words}; no clear change was claimed either.", answer.placebo)


def _negative(outcomes: Mapping[str, pd.DataFrame], spec: ItsSpec) -> pd.DataFrame:
    spec = replace(spec, covariates=())
    found = fit_many([(table, spec, None) for table in outcomes.values()])
    rows = []
    for name, one in zip(outcomes, found, strict=True):
        if isinstance(one, RefusedError):
            nan = float("nan")
            rows.append((name, nan, nan, nan, nan, str(one)))
        else:
            percent = one.effect.percent
            rows.append((name, percent.estimate, percent.lower, percent.upper, one.effect.p_value, ""))
    return pd.DataFrame(rows, columns=["outcome", "percent", "lower", "upper", "p", "refused"])


def _negative_check(table: pd.DataFrame, spec: ItsSpec) -> Check:
    name = "Outcomes that should not move"
    good = table[table["refused"] == ""]
    if good.empty:
        return Check(name, CANNOT_TELL, f"None could be fitted: {table['refused'].iloc[0]}", table)
    moved = good[good["p"] < 1 - spec.level]["outcome"].tolist()
    if moved:
        return Check(
            name,
            FAILED,
            f"{', '.join(map(str, moved))} changed at the same time, though the intervention cannot have "
            "moved it: something else happened.",
            table,
        )
    return Check(name, PASSED, f"None of {len(good)} changed at the start.", table)
