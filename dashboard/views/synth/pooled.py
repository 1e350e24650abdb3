"""Answers for several treated places, and for areas inside one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from analysis.data import HubError
from analysis.data.vocabulary import JURISDICTIONS
from analysis.evaluate.synthetic_several import areas_inputs, several_inputs
from analysis.evidence import RefusedError
from analysis.synth import StaggeredResult, SynthSpec, fit_staggered, leading_estimator
from dashboard import data
from dashboard import words as w
from dashboard.views.synth import modes
from dashboard.views.synth.answering import Answer, Progress, fitted, keep
from dashboard.views.synth.asking import RULE, specification
from dashboard.views.synth.case import Case, named, remedy


@dataclass(frozen=True)
class Pooled:
    """Several treated places with everything that the page shows."""

    result: StaggeredResult
    case: Case
    spec: SynthSpec
    starts: Mapping[str, str]  # name → start
    pool: str
    horizon: int | None
    place: str  # "several", or the place that the areas lie in
    measure: str
    last: pd.Period
    why: str
    identity: str

    @property
    def areas(self) -> bool:
        """Whether areas inside a place were treated."""
        return self.place != modes.SEVERAL


def _key(
    place: str, measure: str, through: pd.Period | None, chosen: Mapping[str, str]
) -> tuple[object, ...]:
    asked = tuple(sorted(chosen.items()))
    return (str(data.hub().path), data.facts().version, "pooled", place, measure, str(through or ""), asked)


def several(
    measure: str, through: pd.Period | None, chosen: Mapping[str, str], progress: Progress | None = None
) -> Pooled | str:
    """Places with starts of their own, or the sentence that says why there is no answer."""
    begun = modes.starts_of(chosen)
    if not begun:
        return "No place is treated. Give at least one place a start."
    key = _key(modes.SEVERAL, measure, through, chosen)

    def make() -> Pooled | str:
        first = _first(chosen, min(begun.values()))
        with data.reading() as hub:
            try:
                found = several_inputs(
                    hub, begun, measure, preset_id=chosen["pool"], pre_start=first or None,
                    end=str(through) if through is not None else None,
                )  # fmt: skip
            except RefusedError as why:
                return remedy(str(why))
            except HubError as why:
                return str(why)
        names = {p: JURISDICTIONS[p] for p in begun}
        notes = (f"What was counted: {found.definition}.",) if found.definition else ()
        ready = named(replace(found, definition=""), names, notes)
        starts = {names[p]: s for p, s in begun.items()}
        return _fitted(ready, starts, modes.SEVERAL, measure, chosen, repr(key), progress)

    made: Pooled | str = keep(key, make)
    return made


def areas(
    place: str,
    measure: str,
    through: pd.Period | None,
    chosen: Mapping[str, str],
    progress: Progress | None = None,
) -> Answer | Pooled | str:
    """One area beside others of its place (as one place), or several of them; or why there is no answer."""
    treated = [a for a in chosen["areas"].split(",") if a]
    if not treated:
        return "No area is treated. Choose at least one."
    if not chosen["start"]:
        return "There is no month with a year of history before it. Import incidents of earlier months."
    table = modes.counted(place, measure)
    if isinstance(table, str):
        return table
    if through is not None:
        table = table.loc[:through]
    own = modes.own_starts(place) if chosen.get("dates") == "own" else {}
    begun = {a: own.get(a, chosen["start"]) for a in treated}
    first = _first(chosen, min(begun.values()))
    if first:
        table = table.loc[first:]
    last = pd.Period(table.index[-1], "M") if len(table) else None
    if last is None or last < pd.Period(max(begun.values()), "M"):
        return (
            f"Locations are known to {w.month(last)}, before a start in {w.month(max(begun.values()))}. "
            "Choose an earlier start or a later last month."
        )
    key = _key(place, measure, through, chosen)

    def make() -> Answer | Pooled | str:
        with data.reading() as hub:
            found = areas_inputs(hub, table, treated, min(begun.values()), neighbors=chosen["near"] == "in")
        names = modes.area_names(place)
        label = {a: names[a] for a in treated}
        note = f"What was counted: {found.definition}."
        # Names as the form has them, so that two areas of one name stay apart.
        donors = found.donors.assign(name=found.donors["area_id"].map(names), state=None)
        donors = donors.rename(columns={"area_id": "agency_id"})
        ready = named(replace(found, donors=donors), label, ())
        ready = replace(ready, donors=ready.donors.drop(columns="state"), notes=(note,))
        if len(treated) == 1:
            return fitted(ready, label[treated[0]], place, measure, last, chosen, repr(key), progress)
        starts = {label[a]: s for a, s in begun.items()}
        return _fitted(ready, starts, place, measure, chosen, repr(key), progress)

    made: Answer | Pooled | str = keep(key, make)
    return made


def _first(chosen: Mapping[str, str], earliest: str) -> str:
    """First month of the window as the form says it; "" for the rule."""
    if chosen["history"] == RULE:
        return ""
    return str(pd.Period(earliest, "M") - int(chosen["history"]))


def _fitted(
    ready: Case,
    starts: Mapping[str, str],
    place: str,
    measure: str,
    chosen: Mapping[str, str],
    identity: str,
    progress: Progress | None,
) -> Pooled:
    names = list(starts)
    base = specification(
        {"start": min(starts.values()), "ranges": "placebo", **chosen}, names[0], ready, "demeaned"
    )
    estimator, why = chosen["estimator"], "Chosen by hand."
    if estimator == RULE:
        estimator, why = _led(ready, base, starts)
    spec = replace(base, estimator=estimator)
    horizon = None if chosen.get("horizon", "all") == "all" else int(chosen["horizon"])
    pool = chosen.get("later", "not_yet")
    result = fit_staggered(
        ready.panel, starts, spec, ready.population, pool=pool,  # type: ignore[arg-type]
        horizon=horizon, background=ready.background,
        progress=None if progress is None else lambda done, of, what: progress(done / max(of, 1), what),
    )  # fmt: skip
    last = pd.Period(ready.panel.index[-1], "M")
    return Pooled(result, ready, spec, dict(starts), pool, horizon, place, measure, last, why, identity)


def _led(ready: Case, base: SynthSpec, starts: Mapping[str, str]) -> tuple[str, str]:
    """One estimator for all: the index where the rule asks for it in any place."""
    outside = []
    for name, start in starts.items():
        others = tuple(n for n in starts if n != name)
        question = replace(base, treated=name, start=start, exclude=(*base.exclude, *others))
        try:
            led, _ = leading_estimator(ready.panel, question, ready.population)
        except RefusedError:
            continue  # this place is refused, with its reason, when it is fitted
        if led == "index":
            outside.append(name)
    if outside:
        return "index", (
            f"{w.join(outside)} lie{'s' if len(outside) == 1 else ''} outside the comparison places’ range "
            "in more than a tenth of the months, so the index estimator, which compares proportions, leads "
            "for all."
        )
    return "demeaned", "No place lies outside the comparison places’ range, so the demeaned estimator leads."
