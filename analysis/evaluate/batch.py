"""Answer a register: every question by its method, each answer kept as soon as it is there."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from analysis.data import Hub
from analysis.data.vocabulary import MEASURES, PLACES
from analysis.evaluate import fits, judging
from analysis.evaluate.fits import Fitted
from analysis.evaluate.material import (
    PRE_MONTHS,
    Neighbourhood,
    comparison_series,
    cut,
    months_of,
    neighbourhood,
    place_series,
    treated_panel,
)
from analysis.evaluate.questions import Progress, Question
from analysis.evidence import (
    PATH_COLUMNS,
    CheckState,
    Effect,
    Interval,
    RefusedError,
    events_from_ratio,
    percent_from_ratio,
)
from analysis.its import ItsSpec
from analysis.its.power import SIMULATIONS

CHECK_COLUMNS: Final = ("question_id", "name", "state", "sentence")


@dataclass(frozen=True, slots=True)
class Results:
    """Answers to all questions of a register.

    Attributes:
        effects: one row a question: its fields, ``answered`` (bool), ``refusal`` (why not, in
            words), ``failed`` (names of checks that failed), and the columns of ``Effect.to_record`` (its
            ``method`` as ``effect_method``; ``grade`` is that of the case on the leading answer).
        paths: ``question_id`` and the columns of the path table.
        data_version: of the hub the answers were made from.
        verdicts: one row a case (``judging.VERDICT_COLUMNS``).
        checks: every check of every answer (``CHECK_COLUMNS``).
        through: last month that was used ("YYYY-MM"); empty = all there were.
        vintage: day on which the newest figures were known; empty when unknown.
    """

    effects: pd.DataFrame
    paths: pd.DataFrame
    data_version: str
    verdicts: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=list(judging.VERDICT_COLUMNS))
    )
    checks: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CHECK_COLUMNS)))
    through: str = ""
    vintage: str = ""

    def effect(self, question_id: str) -> Effect | None:
        """The effect found for one question, or None when it could not be answered."""
        row = self.effects.loc[self.effects["question_id"] == question_id]
        if row.empty or not bool(row["answered"].iloc[0]):
            return None
        return judging.effect_of({str(name): value for name, value in row.iloc[0].items()})

    def path(self, question_id: str) -> pd.DataFrame:
        """Observed against expected for one question; empty when it could not be answered."""
        rows = self.paths.loc[self.paths["question_id"] == question_id, list(PATH_COLUMNS)]
        return rows.reset_index(drop=True)

    def verdict(self, subject: str, place: str, measure: str) -> pd.Series | None:
        """The case's row of ``verdicts``, or None when it is not there."""
        v = self.verdicts
        rows = v.loc[(v["subject"] == subject) & (v["place"] == place) & (v["measure"] == measure)]
        return None if rows.empty else rows.iloc[0]


def answer(hub: Hub, question: Question) -> tuple[Effect, pd.DataFrame]:
    """Answer one question: its effect and its path.

    Raises:
        RefusedError: the data cannot answer it; the message says why.
    """
    found = examine(hub, question)
    return found.effect, found.path


def examine(hub: Hub, question: Question, *, through: str | None = None) -> Fitted:
    """Answer one question with its checks; ``through`` uses no month after that one.

    Raises:
        RefusedError: the data cannot answer it; the message says why.
    """
    start = pd.Period(question.start, "M")
    counts, population, definition, until = _months_of(hub, question, through)
    area = question.place not in PLACES
    if question.method == "wdd":
        if not area:
            raise RefusedError("A whole jurisdiction has no comparison area; this design is for focus areas.")
        around = _cut(neighbourhood(hub, question.place, question.measure), until)
        found = fits.area_difference(around, question.start, question.phase_in)
    elif question.method.startswith("synth"):
        panel, people = treated_panel(hub, question.place, question.measure, counts, population, start)
        found = fits.weighted(panel, people, question.start, question.method.removeprefix("synth_"))
    else:
        control = _control(hub, question, counts, start, until, area=area)
        found = fits.time_series(
            counts, population, question.start, question.phase_in, control, simulations=SIMULATIONS
        )
    if found.effect.controlled and not area and "without domestic" in definition:
        caution = (
            "Domestic assaults are left out here but not in the comparison cities, which do not tell them."
        )
        effect = replace(found.effect, warnings=(*found.effect.warnings, caution))
        found = Fitted(effect, found.path, found.checks)
    return found


def _months_of(
    hub: Hub, question: Question, through: str | None
) -> tuple[pd.Series, pd.Series | None, str, pd.Period | None]:
    """Counts, population and definition of the question's place, and the last month that it may use."""
    start = pd.Period(question.start, "M")
    ends = [pd.Period(m, "M") for m in (through, question.end) if m]
    until = min(ends) if ends else None
    counts, population, definition = place_series(hub, question.place, question.measure)
    counts = cut(counts, until)
    known = months_of(counts.dropna())
    if known.empty:
        raise RefusedError("There are no usable monthly counts of this measure here.")
    if known[-1] < start:
        raise RefusedError(f"The data end in {known[-1]}, before the start in {start}.")
    return counts, population, definition, until


def its_inputs(
    hub: Hub, question: Question, through: str | None = None
) -> tuple[pd.DataFrame, ItsSpec, pd.DataFrame | None]:
    """What a question to the interrupted time series asks of it: table, specification, comparison.

    Raises:
        RefusedError: the data cannot answer it; the message says why.
    """
    counts, population, _, until = _months_of(hub, question, through)
    start, area = pd.Period(question.start, "M"), question.place not in PLACES
    control = _control(hub, question, counts, start, until, area=area)
    return fits.its_question(counts, population, question.start, question.phase_in, control)


def _cut(places: Neighbourhood, until: pd.Period | None) -> Neighbourhood:
    ring = None if places.ring is None else cut(places.ring, until)
    return Neighbourhood(cut(places.treated, until), cut(places.comparison, until), ring, places.names)


def _control(
    hub: Hub, question: Question, counts: pd.Series, start: pd.Period, until: pd.Period | None, *, area: bool
) -> pd.DataFrame | None:
    """The comparison beside an own past, if one was asked for: other cities for a jurisdiction, a like area
    for an area."""
    if question.method != "its_controlled":
        return None
    if area:
        return pd.DataFrame(
            {"count": _cut(neighbourhood(hub, question.place, question.measure), until).comparison}
        )
    months = months_of(counts)
    last = months_of(counts.dropna())[-1]
    return comparison_series(hub, question.measure, months[(months >= start - PRE_MONTHS) & (months <= last)])


def run(
    hub: Hub,
    questions: Iterable[Question],
    progress: Progress | None = None,
    *,
    through: str | None = None,
    keep: Path | None = None,
) -> Results:
    """Answer every question; a refusal is an answer too, and keeps its sentence.

    Args:
        progress: called with (answered, in all, text).
        through: use no month after this one ("YYYY-MM"), as if today were the month after.
        keep: folder for answers on the way: what is there is not computed again, so that a run that
            was interrupted goes on where it stopped. The folder must belong to this data and ``through``.
    """
    todo = list(questions)
    rows: list[dict[str, Any]] = []
    paths: list[pd.DataFrame] = []
    checks: list[dict[str, str]] = []
    for i, q in enumerate(todo):
        if progress:
            progress(i, len(todo), f"{q.place_name}, {MEASURES[q.measure].lower()}")
        kept = _read(keep, q)
        if kept is None:
            kept = _one(hub, q, through)
            _write(keep, q, kept)
        row, path, told = kept
        rows.append(row)
        paths += [] if path is None else [path.assign(question_id=q.question_id)]
        checks += [{"question_id": q.question_id, **c} for c in told]
    if progress:
        progress(len(todo), len(todo), "done")
    columns = [*Question.__slots__, "answered", "refusal", "failed", *_effect_columns()]
    effects = pd.DataFrame(rows, columns=columns)
    all_paths = (
        pd.concat(paths, ignore_index=True) if paths else pd.DataFrame(columns=[*PATH_COLUMNS, "question_id"])
    )
    verdicts = judging.judge(effects, judging.shared_work(hub.deployments()))
    grades = dict(zip(verdicts["leading"], verdicts["grade"], strict=True))
    effects["grade"] = [grades.get(q, "cannot tell") for q in effects["question_id"]]
    return Results(
        effects, all_paths, hub.version, verdicts, pd.DataFrame(checks, columns=list(CHECK_COLUMNS)),
        through or "", max(hub.vintages(), default=""),
    )  # fmt: skip


_Kept = tuple[dict[str, Any], pd.DataFrame | None, list[dict[str, str]]]


def _one(hub: Hub, q: Question, through: str | None) -> _Kept:
    row: dict[str, Any] = {name: getattr(q, name) for name in Question.__slots__}
    try:
        found = examine(hub, q, through=through)
    except RefusedError as refusal:
        return row | {"answered": False, "refusal": str(refusal), "failed": []}, None, []
    failed = [c.name for c in found.checks if c.state is CheckState.FAILED]
    told = [{"name": c.name, "state": str(c.state), "sentence": c.sentence} for c in found.checks]
    row |= {"answered": True, "refusal": "", "failed": failed} | record_of(found.effect)
    return row, found.path, told


def _file(keep: Path, q: Question) -> Path:
    return keep / f"{hashlib.sha256(repr(q).encode()).hexdigest()[:24]}.json"


def _read(keep: Path | None, q: Question) -> _Kept | None:
    if keep is None or not (file := _file(keep, q)).is_file():
        return None
    record = json.loads(file.read_text(encoding="utf-8"))
    path = None
    if record["path"] is not None:
        path = pd.DataFrame(record["path"], columns=list(PATH_COLUMNS)).astype(
            dict.fromkeys(PATH_COLUMNS[1:], float)
        )
        path["period"] = pd.PeriodIndex(path["period"], freq="M")
    return record["row"], path, record["checks"]


def _write(keep: Path | None, q: Question, kept: _Kept) -> None:
    if keep is None:
        return
    row, path, checks = kept
    keep.mkdir(parents=True, exist_ok=True)
    table = None if path is None else path.assign(period=path["period"].astype(str)).to_dict("list")
    partial = _file(keep, q).with_suffix(".partial")
    partial.write_text(
        json.dumps({"row": row, "path": table, "checks": checks}, default=float), encoding="utf-8"
    )
    partial.replace(_file(keep, q))


def _effect_columns() -> list[str]:
    ratio = Interval(1.0, 1.0, 1.0)
    percent, events = percent_from_ratio(ratio), events_from_ratio(1, ratio)
    return list(record_of(Effect("", ratio, percent, events, math.nan, math.nan, math.nan, 0, 0, False)))


def record_of(effect: Effect) -> dict[str, Any]:
    """An effect's columns; its ``method`` is in words and must not hide the question's."""
    record = effect.to_record()
    return {("effect_method" if name == "method" else name): value for name, value in record.items()}
