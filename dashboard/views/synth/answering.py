"""From a form to a fitted answer: once for everybody, with progress while it is made."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st

from analysis.data.vocabulary import PLACES
from analysis.evidence import RefusedError
from analysis.synth import Predictors, SynthResult, fit, leading_estimator, specification_table
from dashboard import data
from dashboard import words as w
from dashboard.views.synth import matching
from dashboard.views.synth.asking import RULE, answered_by_all, specification, window_start
from dashboard.views.synth.case import Case, case
from dashboard.views.synth.wording import in_words

#: Called with (share done, what is being done).
Progress = Callable[[float, str], None]
#: Answers that are kept; each holds about a megabyte.
_MOST: Final = 64


@dataclass(frozen=True)
class Answer:
    """A fitted specification with everything that the page shows."""

    result: SynthResult
    case: Case
    others: pd.DataFrame  # every specification beside it
    place: str
    measure: str
    last: pd.Period  # last month asked for
    why: str  # why this estimator
    identity: str  # what it depends on, for caches
    name: str  # of the place or area, for people
    predictors: Predictors | None = None  # matched in place of the months


class _Kept:
    """Answers by their question, the oldest forgotten first; shared by all sessions.

    Not ``st.cache_resource``: what draws progress must not be replayed with the answer.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """The answer, if it is here."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        """Keep an answer."""
        with self._lock:
            self._held[key] = value
            while len(self._held) > _MOST:
                self._held.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


def answer(
    place: str,
    measure: str,
    through: pd.Period | None,
    chosen: Mapping[str, str],
    progress: Progress | None = None,
) -> Answer | str:
    """The fitted specification, or the sentence that says why there is none and what to do."""
    found = data.series(place, measure, through)
    if isinstance(found, str):
        return found
    if not chosen["start"]:
        return (
            "There is no month with a year of history before it. Import earlier months, or choose another "
            "place or measure."
        )
    start, last = pd.Period(chosen["start"], "M"), found.complete_through
    if last is None or last < start:
        return (
            f"The data end in {w.month(last)}, before the start in {w.month(start)}. Choose an earlier start "
            "or a later last month."
        )
    asked = tuple(sorted(chosen.items()))

    def make() -> Answer | str:
        weights = tuple(matching.matched(chosen))
        ready = case(
            place, measure, chosen["start"], window_start(chosen), str(last), chosen["pool"], weights
        )
        if isinstance(ready, str):
            return ready
        return fitted(ready, PLACES[place], place, measure, last, chosen, repr(key), progress)

    asked = tuple(sorted(chosen.items()))
    key = (str(data.hub().path), data.facts().version, place, measure, str(through or ""), asked)
    answered: Answer | str = keep(key, make)
    return answered


def keep(key: Hashable, make: Callable[[], Any]) -> Any:
    """What was made under this key before, or what is made now; a refusal becomes its sentence."""
    kept = _kept()
    made = kept.get(key)
    if made is None:
        try:
            made = make()
        except RefusedError as why:
            made = plain_refusal(str(why))
        kept.put(key, made)
    return made


def fitted(
    ready: Case,
    name: str,
    place: str,
    measure: str,
    last: pd.Period,
    chosen: Mapping[str, str],
    identity: str,
    progress: Progress | None,
) -> Answer:
    """The answer for one place or area, with everything beside it.

    Raises:
        RefusedError: the method declines.
    """

    def part(first: float, size: float) -> Callable[[int, int, str], None]:
        def tell(done: int, of: int, what: str) -> None:
            if progress is not None:
                progress(first + size * done / max(of, 1), what)

        return tell

    predictors = matching.predictors(chosen, measure, ready)
    estimator, why = chosen["estimator"], "Chosen by hand."
    if predictors is not None:
        estimator, why = "simplex", "Characteristics are matched by the classic estimator only."
    elif estimator == RULE:
        base = specification(chosen, name, ready, "demeaned")
        estimator, why = leading_estimator(ready.panel, base, ready.population)
    spec = specification(chosen, name, ready, estimator)
    result = fit(
        ready.panel, spec, ready.population, background=ready.background, predictors=predictors,
        progress=lambda done, of, _: part(0.0, 0.3)(done, of, f"place {done} of {of}, as if it were treated"),
    )  # fmt: skip
    months = pd.PeriodIndex(ready.panel.index)
    start = pd.Period(spec.start, "M")
    others = specification_table(
        ready.panel, spec, ready.population,
        estimators=answered_by_all(), donor_sets=_sets(ready, result),
        windows=[str(start - m) for m in (36, 60) if start - m > months[0]],
        first_periods=("dropped",) if spec.first_period == "after" else ("after",),
        background=ready.background, predictors=predictors, progress=part(0.3, 0.7), known=(result,),
    )  # fmt: skip
    return Answer(result, ready, others, place, measure, last, why, identity, name, predictors)


def _sets(ready: Case, result: SynthResult) -> dict[str, tuple[str, ...]]:
    """Other pools to ask: the presets', and all without the place that counts most."""
    top = str(result.weights.idxmax())
    equal = bool(result.weights.max() - result.weights.min() < 1e-9)
    return dict(ready.donor_sets) | ({} if equal else {f"without {top}": (top,)})


def plain_refusal(why: str) -> str:
    """A refusal in the words of the form."""
    for said, form in (
        ("Set missing='leave_out' to leave these periods out for every unit, or end the window before them.",
         "Choose an earlier last month."),
        ("Give one, or fit without.", "Import a table of populations for this place."),
        ("Choose a later start or an earlier first period.", "Choose a later start or a longer history."),
        ("Widen the donor pool",
         "Choose the pool “All eligible” or a shorter history, or leave fewer places out"),
    ):  # fmt: skip
        why = why.replace(said, form)
    return in_words(why)
