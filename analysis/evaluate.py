"""The batch: every deployment and jurisdiction × measure × method, computed before anyone asks.

``register`` says which questions there are, ``run`` answers them, and ``load`` / ``save`` keep the
answers beside the hub under the version of the data they were made from, so that a page never
waits for a model and never shows an answer to other data.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from analysis.data import Hub, HubError
from analysis.data.area_series import area_counts
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, PLACES, TACTICS
from analysis.evidence import (
    PATH_COLUMNS,
    Effect,
    Interval,
    RefusedError,
    events_from_ratio,
    percent_from_ratio,
)
from analysis.its import ItsSpec
from analysis.its import fit as fit_its
from analysis.synth import SynthSpec
from analysis.synth import fit as fit_synth

#: Changes whenever the same data would give other answers; part of the name of stored results.
RECIPE: Final = 1

#: Months of history a time series model looks back over: the three years of the goal's baseline.
#: Longer windows reach into the jump of 2020 and its fall, which a straight line cannot follow.
PRE_MONTHS: Final = 36

#: Fewest comparison cities for a window of a synthetic control, so that a 95 % range is possible
#: with room to spare; and fewest years before the start that it may look back.
ENOUGH_DONORS: Final = 30
FEWEST_YEARS: Final = 3

METHODS: Final[dict[str, str]] = {
    "its": "Own past, projected (interrupted time series)",
    "its_controlled": "Own past and comparison cities (controlled interrupted time series)",
    "synth_demeaned": "Weighted comparison cities (demeaned synthetic control)",
    "synth_index": "Weighted comparison cities (index synthetic control)",
}

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to evaluate: where, since when, on which measure, by which method."""

    question_id: str
    subject: str  # "programme" (everything together, in a jurisdiction) or a deployment_id
    tactic: str  # empty for the programme as a whole
    place: str  # jurisdiction id or area_id
    place_name: str
    measure: str
    start: str  # "YYYY-MM", first month that counts as after
    phase_in: int  # months
    method: str  # key of METHODS


@dataclass(frozen=True, slots=True)
class Results:
    """Answers to all questions of a register.

    Attributes:
        effects: one row a question: its fields, ``answered`` (bool), ``refusal`` (why not, in
            words), and the columns of ``Effect.to_record`` (its ``method`` as ``effect_method``).
        paths: ``question_id`` and the columns of the path table.
        data_version: of the hub the answers were made from.
    """

    effects: pd.DataFrame
    paths: pd.DataFrame
    data_version: str

    def effect(self, question_id: str) -> Effect | None:
        """The effect found for one question, or None when it could not be answered."""
        row = self.effects.loc[self.effects["question_id"] == question_id]
        if row.empty or not bool(row["answered"].iloc[0]):
            return None
        found = {str(name): value for name, value in row.iloc[0].items()}
        return Effect.from_record(found | {"method": found["effect_method"]})

    def path(self, question_id: str) -> pd.DataFrame:
        """Observed against expected for one question; empty when it could not be answered."""
        rows = self.paths.loc[self.paths["question_id"] == question_id, list(PATH_COLUMNS)]
        return rows.reset_index(drop=True)


def register(hub: Hub, *, start: str = "2025-01") -> list[Question]:
    """Every question the hub's data could answer.

    ``start`` is the programme's first month: each jurisdiction is asked about as a whole from
    then, and each deployment that has begun is asked about from its own start. A place without
    its own deployments still gets the first kind, so that real data without a published list of
    deployments can be looked at.
    """
    questions = []
    places = [p for p in hub.places() if p in JURISDICTIONS]
    for place in places:
        for measure in MEASURES:
            questions += [
                _question("programme", "", place, JURISDICTIONS[place], measure, start, 0, method)
                for method in METHODS
            ]
    deployments = hub.deployments()
    for row in deployments.to_dict("records"):
        if row["status"] == "planned" or row["tactic"] not in TACTICS:
            continue
        area = row.get("area_id")
        in_area = isinstance(area, str) and bool(area)
        place = str(area if in_area else row["jurisdiction"])
        # A focus area is far smaller than any comparison city: only its own past can speak here.
        methods = ["its"] if in_area else list(METHODS)
        for measure in MEASURES:
            questions += [
                _question(
                    row["deployment_id"], row["tactic"], place, row["name"], measure, str(row["start"]),
                    int(row["phase_in_months"]), method,
                )
                for method in methods
            ]  # fmt: skip
    return questions


def _question(
    subject: str, tactic: str, place: str, name: str, measure: str, start: str, phase_in: int, method: str
) -> Question:
    return Question(
        "·".join((subject, place, measure, start, method)),
        subject,
        tactic,
        place,
        name,
        measure,
        start,
        phase_in,
        method,
    )


def answer(hub: Hub, question: Question) -> tuple[Effect, pd.DataFrame]:
    """Answer one question: its effect and its path.

    Raises:
        RefusedError: the data cannot answer it; the message says why.
    """
    counts, population, definition = place_series(hub, question.place, question.measure)
    start = pd.Period(question.start, "M")
    known = _months(counts.dropna())
    if known.empty:
        raise RefusedError("There are no usable monthly counts of this measure here.")
    last = known[-1]
    if last < start:
        raise RefusedError(f"The data end in {last}, before the start in {start}.")
    if question.method.startswith("synth"):
        effect, path = _synthetic_control(hub, question, counts, population, start)
    else:
        effect, path = _time_series(hub, question, counts, population, start)
    if effect.controlled and "without domestic" in definition:
        caution = (
            "Domestic assaults are left out here but not in the comparison cities, which do not tell them."
        )
        effect = replace(effect, warnings=(*effect.warnings, caution))
    return effect, path


def place_series(hub: Hub, place: str, measure: str) -> tuple[pd.Series, pd.Series | None, str]:
    """Counts, population (None for an area) and definition of a measure in a jurisdiction or area.

    Raises:
        RefusedError: the hub has no such series; the message says why.
    """
    try:
        if place in PLACES:
            series = hub.series(place, measure)
            return series.counts, series.population, series.definition
        return area_counts(hub, place, measure), None, "incidents inside the area, not victims"
    except HubError as why:
        raise RefusedError(str(why)) from why


def _time_series(
    hub: Hub, question: Question, counts: pd.Series, population: pd.Series | None, start: pd.Period
) -> tuple[Effect, pd.DataFrame]:
    frame = pd.DataFrame({"count": counts})
    if population is not None:
        frame["population"] = population.reindex(frame.index)
    months = _months(frame)
    last = _months(counts.dropna())[-1]
    frame = frame[(months >= start - PRE_MONTHS) & (months <= last)]
    control = None
    if question.method == "its_controlled":
        control = comparison_series(hub, question.measure, _months(frame))
    spec = ItsSpec(start=question.start, phase_in=question.phase_in)
    result = fit_its(frame, spec, control=control)
    return result.effect, result.path


def _months(table: pd.Series | pd.DataFrame) -> pd.PeriodIndex:
    return pd.PeriodIndex(table.index, freq="M")


def comparison_series(hub: Hub, measure: str, months: pd.PeriodIndex) -> pd.DataFrame:
    """All eligible comparison cities added up: count and population by month.

    Raises:
        RefusedError: there is no comparison city with every month.
    """
    panel = hub.donor_panel(measure, str(months[0]), str(months[-1]))
    if panel.counts.shape[1] == 0:
        raise RefusedError("No comparison city reported every month of this window.")
    counts = panel.counts.sum(axis=1, min_count=panel.counts.shape[1]).reindex(months)
    return pd.DataFrame({"count": counts, "population": float(panel.population.sum())}, index=months)


def treated_panel(
    hub: Hub, place: str, measure: str, counts: pd.Series, population: pd.Series | None, start: pd.Period
) -> tuple[pd.DataFrame, pd.Series]:
    """Counts of a place beside its eligible donors (month × unit), and their populations.

    The window ends at the place's last usable month and begins with the first January from which
    the place has every month and at least ``ENOUGH_DONORS`` comparison cities do too: the longest
    history that a broad pool shares. When no January within reach has so many, the one with the
    most (the earliest of them) is taken. The phase-in stays in: a synthetic control shows it.

    Raises:
        RefusedError: no population, no donors, or no history before the start.
    """
    if population is None or population.dropna().empty:
        raise RefusedError("No population is known here, so it cannot be compared per resident.")
    months = _months(counts)
    last = _months(counts.dropna())[-1]
    gaps = months[counts.isna().to_numpy() & (months <= last)]
    window = months[(months <= last) & (months > (gaps[-1] if len(gaps) else months[0] - 1))]
    if window.empty or window[0] >= start:
        raise RefusedError("A missing month leaves no unbroken history before the start.")
    januaries = [m for m in window if m.month == 1 and m <= start - 12 * FEWEST_YEARS]
    best = None
    for first in januaries or [window[0]]:
        panel = hub.donor_panel(measure, str(first), str(last))
        if best is None or panel.counts.shape[1] > best.counts.shape[1]:
            best = panel
        if best.counts.shape[1] >= ENOUGH_DONORS:
            break
    if best is None or best.counts.shape[1] == 0:
        raise RefusedError("No comparison city reported every month of this window.")
    table = best.counts.copy()
    table.insert(0, place, counts.reindex(table.index))
    people = pd.concat([pd.Series({place: float(population.reindex(table.index).mean())}), best.population])
    return table, people


def _synthetic_control(
    hub: Hub, question: Question, counts: pd.Series, population: pd.Series | None, start: pd.Period
) -> tuple[Effect, pd.DataFrame]:
    panel, people = treated_panel(hub, question.place, question.measure, counts, population, start)
    estimator = question.method.removeprefix("synth_")
    result = fit_synth(
        panel, SynthSpec(treated=question.place, start=question.start, estimator=estimator), population=people
    )
    return result.effect, result.path


def run(hub: Hub, questions: Iterable[Question], progress: Progress | None = None) -> Results:
    """Answer every question; a refusal is an answer too, and keeps its sentence."""
    todo = list(questions)
    rows: list[dict[str, Any]] = []
    paths: list[pd.DataFrame] = []
    for i, q in enumerate(todo):
        if progress:
            progress(i, len(todo), f"{q.place_name}, {MEASURES[q.measure].lower()}")
        row: dict[str, Any] = {name: getattr(q, name) for name in Question.__slots__}
        try:
            effect, path = answer(hub, q)
        except RefusedError as refusal:
            rows.append(row | {"answered": False, "refusal": str(refusal)})
            continue
        rows.append(row | {"answered": True, "refusal": ""} | _told(effect))
        paths.append(path.assign(question_id=q.question_id))
    if progress:
        progress(len(todo), len(todo), "done")
    columns = [*Question.__slots__, "answered", "refusal", *_effect_columns()]
    effects = pd.DataFrame(rows, columns=columns)
    all_paths = (
        pd.concat(paths, ignore_index=True) if paths else pd.DataFrame(columns=[*PATH_COLUMNS, "question_id"])
    )
    return Results(effects, all_paths, hub.version)


def _effect_columns() -> list[str]:
    ratio = Interval(1.0, 1.0, 1.0)
    blank = Effect(
        "",
        ratio,
        percent_from_ratio(ratio),
        events_from_ratio(1, ratio),
        math.nan,
        math.nan,
        math.nan,
        0,
        0,
        False,
    )
    return list(_told(blank))


def _told(effect: Effect) -> dict[str, Any]:
    """An effect's columns; its ``method`` is in words and must not hide the question's."""
    record = effect.to_record()
    return {("effect_method" if name == "method" else name): value for name, value in record.items()}


# ---------------------------------------------------------------- kept beside the hub


def stored_at(hub: Hub, cache: Path | None = None) -> Path:
    """Folder of the stored answers for this version of the data."""
    base = cache if cache is not None else _default_cache(hub)
    return base / f"evaluations-{hub.version}-{RECIPE}"


def _default_cache(hub: Hub) -> Path:
    if not hub.read_only:
        return hub.path / "derived"
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    name = hashlib.sha256(str(hub.path.resolve()).encode()).hexdigest()[:12]
    return home / "sln-dashboard" / name


def save(results: Results, folder: Path) -> None:
    """Store answers in a folder, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".partial-") as name:
        partial = Path(name) / "results"
        partial.mkdir()
        results.effects.to_parquet(partial / "effects.parquet")
        results.paths.assign(period=results.paths["period"].astype(str)).to_parquet(partial / "paths.parquet")
        (partial / "about.json").write_text(
            json.dumps({"data_version": results.data_version, "recipe": RECIPE})
        )
        if not folder.exists():
            partial.rename(folder)


def load(folder: Path) -> Results | None:
    """Read stored answers; None when there are none for this version of the data."""
    about = folder / "about.json"
    if not about.is_file():
        return None
    effects = pd.read_parquet(folder / "effects.parquet")
    paths = pd.read_parquet(folder / "paths.parquet")
    paths["period"] = pd.PeriodIndex(paths["period"], freq="M")
    return Results(effects, paths, str(json.loads(about.read_text())["data_version"]))


def results_for(hub: Hub, *, cache: Path | None = None, progress: Progress | None = None) -> Results:
    """The answers for the hub as it is now: read when stored, else computed and stored."""
    folder = stored_at(hub, cache)
    stored = load(folder)
    if stored is not None:
        return stored
    results = run(hub, register(hub), progress)
    save(results, folder)
    return results
