"""The goal as versioned data: what was promised, who said so, and what another choice would change.

Public statements differ on the outcome, the start and the baseline. None is hidden: the default is
explicit, each alternative differs from it in named choices, and :func:`consequences` says in numbers
and words what it would do to the answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast, get_args

import pandas as pd

from analysis.evidence import RefusedError
from analysis.progress.assess import Assessment, assess
from analysis.progress.goal import Goal, Reading
from analysis.progress.verdict import chance_words, number
from analysis.progress.windows import month_words, span_words

#: Choices that make up a goal, in the order they are told.
CHOICES: Final = ("measure", "baseline", "start", "months", "reduction", "reading")


@dataclass(frozen=True, slots=True)
class GoalVersion:
    """One version of a goal, with where each of its choices comes from.

    Attributes:
        key: identifier, such as ``"twenty-percent/4"``.
        goal: the goal.
        place: place it is about (``"region"``).
        source: who says so, for the whole version.
        sources: choice (see :data:`CHOICES`) → source of that choice.
        default: whether it is shown unless another is chosen.
        version: number; a change of a goal is a new version.
    """

    key: str
    goal: Goal
    place: str = "region"
    source: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    default: bool = False
    version: int = 1

    def differs(self, other: GoalVersion) -> tuple[str, ...]:
        """Choices in which two versions differ."""
        return tuple(c for c in CHOICES if getattr(self.goal, c) != getattr(other.goal, c))


def goal_versions(table: pd.DataFrame) -> tuple[GoalVersion, ...]:
    """Read a goals table (as ``Hub.goals()`` gives it), the default first.

    Columns: goal_id, version, measure, place, baseline_start, baseline_end, start, months,
    reduction, reading, default, source and, optionally, ``source_<choice>`` for each of
    :data:`CHOICES`; a choice without a source of its own has the version's.

    Raises:
        RefusedError: a row is no goal (its version is named), or two are the default.
    """
    found = []
    for row in table.to_dict("records"):
        key = f"{row['goal_id']}/{row['version']}"
        reading = str(row["reading"])
        try:
            goal = Goal(
                measure=str(row["measure"]),
                baseline=(str(row["baseline_start"]), str(row["baseline_end"])),
                start=str(row["start"]),
                months=int(row["months"]),
                reduction=float(row["reduction"]),
                reading=cast(Reading, reading),
            )
        except RefusedError as error:
            raise RefusedError(f"Goal {key}: {error}") from error
        source = _text(row.get("source"))
        sources = {c: _text(row.get(f"source_{c}")) or source for c in CHOICES}
        default = row.get("default") is True or str(row.get("default")) == "True"
        found.append(GoalVersion(key, goal, str(row["place"]), source, sources, default, int(row["version"])))
    defaults = [v.key for v in found if v.default]
    if len(defaults) > 1:
        raise RefusedError(f"Only one goal can be the default; {', '.join(defaults)} all say they are.")
    return tuple(sorted(found, key=lambda v: not v.default))


def alternatives(goal: Goal) -> tuple[GoalVersion, ...]:
    """The other readings that public statements allow, each changing one choice of ``goal``.

    The other reading of "over three years"; the last baseline year alone; the years 2017 to 2019,
    before the rise of 2020; and a start one month earlier or three months later (the winter of
    2024–25, and the spring of 2025 that the press named), with the baseline moved along. What is
    impossible or the goal itself is left out.
    """
    other: Reading = next(r for r in get_args(Reading) if r != goal.reading)
    end, first = goal.baseline_months[-1], goal.period[0]
    tries: list[tuple[str, dict[str, Any]]] = [
        ("other-reading", {"reading": other}),
        ("last-year", {"baseline": (str(end - 11), str(end))}),
        ("before-2020", {"baseline": ("2017-01", "2019-12")}),
    ]
    for shift in (-1, 3):
        moved = tuple(str(pd.Period(m, "M") + shift) for m in goal.baseline)
        tries.append((f"start-{first + shift}", {"start": str(first + shift), "baseline": moved}))
    found: list[GoalVersion] = []
    for key, change in tries:
        try:
            one = replace(goal, **change)
        except RefusedError:  # the years 2017 to 2019 may lie after a goal of another time
            continue
        if one != goal and one not in [v.goal for v in found]:
            found.append(GoalVersion(key, one, source="Another way to read the public statements"))
    return tuple(found)


def choice_phrase(version: Goal, default: Goal) -> str:
    """In what a goal differs, as a phrase: ``with 2024 alone as the baseline``."""
    parts = []
    if version.measure != default.measure:
        parts.append(f"for {version.measure.replace('_', ' ')}")
    if version.start != default.start:
        parts.append(f"with {month_words(version.period[0])} as the start")
    if version.baseline != default.baseline:
        months = version.baseline_months
        whole = months[0].month == 1 and months[-1].month == 12
        years = sorted(set(months.year))
        if whole and len(years) == 1:
            parts.append(f"with {years[0]} alone as the baseline")
        elif whole:
            parts.append(f"with {years[0]}–{years[-1]} as the baseline")
        elif version.start == default.start:
            parts.append(f"with {span_words(months)} as the baseline")
        else:
            parts.append("and the baseline moved along")
    if version.months != default.months:
        parts.append(f"over {version.months} months")
    if version.reduction != default.reduction:
        parts.append(f"with {100 * version.reduction:g} % as the reduction")
    if version.reading != default.reading:
        parts.append(
            "with all months of the period counted together"
            if version.reading == "cumulative"
            else "with the last year of the period deciding"
        )
    return " ".join(parts) if parts else "as it is shown first"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What an alternative would change.

    Attributes:
        version: the alternative.
        target, target_default: events a year (or in the whole period) that the goal allows.
        found: its assessment, or None with ``sentence`` saying why there is none.
        sentence: the difference in words, with the target first.
    """

    version: GoalVersion
    target: float
    target_default: float
    found: Assessment | None
    sentence: str


def allowed_events(found: Assessment, goal: Goal) -> float:
    """Events that the deciding months may hold: the target as a number of events."""
    pace = found.glide_path.set_index("month")["baseline"].reindex(goal.deciding_months)
    return (1 - goal.reduction) * float(pace.sum())


def consequences(
    counts: pd.Series[float],
    goal: Goal,
    versions: Sequence[GoalVersion],
    as_of: Any,
    population: pd.Series[float] | pd.DataFrame | None = None,
    completeness: pd.Series[float] | None = None,
) -> tuple[Consequence, ...]:
    """Assess the same counts under each alternative and say what changes.

    Args:
        counts, as_of, population, completeness: as for :func:`analysis.progress.assess.assess`.
        goal: the default that the others are held against.
        versions: alternatives; those about another measure need other counts and are left out.
    """
    standard = assess(counts, goal, as_of, population, completeness=completeness)
    before = allowed_events(standard, goal)
    out = []
    for version in versions:
        if version.goal.measure != goal.measure or version.goal == goal:
            continue
        phrase = choice_phrase(version.goal, goal)
        try:
            found = assess(counts, version.goal, as_of, population, completeness=completeness)
        except RefusedError as error:
            words = f"{phrase[:1].upper()}{phrase[1:]} nothing can be said: {error}"
            out.append(Consequence(version, math.nan, before, None, words))
            continue
        target = allowed_events(found, version.goal)
        words = _difference(phrase, found, standard, target, before, version.goal, goal)
        out.append(Consequence(version, target, before, found, words))
    return tuple(out)


def consequence_table(found: Sequence[Consequence]) -> pd.DataFrame:
    """One row an alternative: key, choice, target, target_default, rate_ratio, percent, lower, upper,
    verdict, probability, sentence; numbers are NaN where there is no assessment.
    """
    rows = []
    for one in found:
        p = one.found
        rows.append(
            {
                "key": one.version.key,
                "target": one.target,
                "target_default": one.target_default,
                "rate_ratio": p.rate_ratio.estimate if p else math.nan,
                "percent": p.percent_change.estimate if p else math.nan,
                "lower": p.percent_change.lower if p else math.nan,
                "upper": p.percent_change.upper if p else math.nan,
                "verdict": str(p.verdict) if p else "",
                "probability": p.probability if p else math.nan,
                "sentence": one.sentence,
                "source": one.version.source,
            }
        )
    return pd.DataFrame(rows)


def _difference(
    phrase: str, found: Assessment, standard: Assessment, target: float, before: float, one: Goal, goal: Goal
) -> str:
    unit = "a year" if one.reading == "third_year" else f"in {one.months} months"
    if one.reading == goal.reading and one.months == goal.months:
        same = number(target) == number(before)
        change = (
            f"the target stays {number(target)}" if same
            else f"the target is {number(target)} instead of {number(before)}"
        )  # fmt: skip
        unit = ""
    else:
        base = "a year" if goal.reading == "third_year" else f"in {goal.months} months"
        change = f"the target is {number(target)} events {unit} instead of {number(before)} {base}"
    text = f"{phrase[:1].upper()}{phrase[1:]} {change}"
    chances = chance_words(found.probability), chance_words(standard.probability)
    if math.isfinite(found.probability) and math.isfinite(standard.probability):
        text += (
            f"; the chance of reaching it stays {chances[0]}" if chances[0] == chances[1]
            else f"; the chance of reaching it is {chances[0]} instead of {chances[1]}"
        )  # fmt: skip
    if found.verdict is not standard.verdict:
        text += f"; the verdict is “{found.verdict}” instead of “{standard.verdict}”"
    return text + "."


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
