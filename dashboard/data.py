"""Cached access to the hub for all pages: every answer is kept under the version of the data.

What is kept is shared by all readers, so nobody may change it. When an import makes a new version,
the keys change and the old answers fall out of the caches by themselves.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from analysis.data import Hub, HubError, MeasureSeries, open_hub
from analysis.data.release import Release, ReleaseError, is_release, open_release
from analysis.data.vocabulary import MEASURES
from dashboard import words as w
from dashboard.audience import Audience, audience

#: Environment variables that the command sets; the bundled sample when nothing is said. A server that
#: shows a release opens no hub.
VARIABLE: Final = "SLN_HUB"
RELEASE: Final = "SLN_RELEASE"
SAMPLE: Final = Path(__file__).resolve().parents[1] / "data_samples"

#: Layout of a file → who published it, as a source line names it.
PUBLISHERS: Final[Mapping[str, str]] = {
    "slmpd_legacy": "St. Louis Metropolitan Police Department, monthly crime files (to 2020)",
    "slmpd_nibrs": "St. Louis Metropolitan Police Department, incident files (from December 2020)",
    "rtci": "Real-Time Crime Index, AH Datalytics",
    "synthetic": w.SYNTHETIC,
}


def publisher(source: str) -> str:
    """Who published the rows of a source; an agency's own files go by the name they were given."""
    for start, name in PUBLISHERS.items():
        if source.startswith(start):
            return name
    return f"agency files ({source.replace('_', ' ')})"


_reading = threading.RLock()


def hub_path(environment: Mapping[str, str] | None = None) -> Path:
    """The release or hub that this server shows."""
    said = os.environ if environment is None else environment
    return Path(said.get(RELEASE) or said.get(VARIABLE) or SAMPLE)


@st.cache_resource(show_spinner="Opening the data …", max_entries=8)
def _opened(path: str) -> Hub:
    return open_release(path) if is_release(path) else open_hub(path, create=False)


def _allowed(path: str) -> Hub:
    """The opened data; a release is shown to the audience that it was made for and to no other."""
    opened = _opened(path)
    # The hub's staff see what researchers see.
    shown_to = audience().value.replace(Audience.HUB, Audience.RESEARCHER)
    if isinstance(opened, Release) and opened.audience != shown_to:
        raise ReleaseError(
            f"The release at {path} was made for the {opened.audience} audience; this server is for the "
            f"{audience().value} one."
        )
    return opened


@contextmanager
def reading(path: str | None = None) -> Iterator[Hub]:
    """The hub for longer work inside a cached function; one reader at a time."""
    with _reading:
        yield _allowed(path or str(hub_path()))


def hub() -> Hub:
    """The hub, at its newest version, or the release in its place."""
    with _reading:
        opened = _allowed(str(hub_path()))
        opened.refresh()
    return opened


def answer(*, missing: str = "", **cache: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Keep what a page computes, like ``st.cache_resource``; with a release, take what it holds.

    The function's first two arguments are the path and version of the data; those that begin with
    an underscore are no part of the key. A release holds its results under the view, the function and the
    other arguments; where it holds none of a function, the function is asked.

    Args:
        missing: sentence to return when the release holds results of this function, but not this one.
        cache: options of ``st.cache_resource``.
    """

    def wrap(make: Callable[..., Any]) -> Callable[..., Any]:
        cached = st.cache_resource(**cache)(make)
        names = list(signature(make).parameters)
        view = make.__module__.removeprefix("dashboard.views.").partition(".")[0]
        name = f"{view}/{make.__name__.strip('_')}"

        @wraps(make)
        def asked(*args: Any) -> Any:
            opened = hub()
            if not (isinstance(opened, Release) and opened.holds(name)):
                return cached(*args)
            key = [str(a) for n, a in zip(names, args, strict=True) if n[0] != "_"][2:]
            full = "/".join([name, *filter(None, key)])
            if missing and not opened.holds(full):
                return missing
            return _kept(str(opened.path), opened.version, full)

        return asked

    return wrap


@st.cache_resource(show_spinner=False, max_entries=128)
def _kept(path: str, version: str, name: str) -> Any:
    del version  # part of the key alone
    with _reading:
        opened = _opened(path)
        assert isinstance(opened, Release)
        return opened.answer(name)


@dataclass(frozen=True)
class Facts:
    """What every page says about its data.

    Attributes:
        version: of the data; the key of every cache.
        synthetic, empty: whether it is made up, and whether there is any.
        sources: publishers, as a source line names them.
        through: last month that is complete everywhere that has data; None when nothing is.
        updated: latest day on which a figure was known, in words.
        measures: place → the measures it has a series of, in the order of the vocabulary.
        complete: place → last complete month of its widest measure.
    """

    version: str
    synthetic: bool
    empty: bool
    sources: tuple[str, ...]
    through: pd.Period | None
    updated: str
    measures: Mapping[str, tuple[str, ...]]
    complete: Mapping[str, pd.Period]

    @property
    def places(self) -> tuple[str, ...]:
        """Places with any series, the region first."""
        return tuple(self.measures)

    @property
    def source_line(self) -> str:
        """Publishers and the last complete month, for figures and the footer."""
        until = f"; complete through {w.month(self.through)}" if self.through is not None else ""
        return (w.join(self.sources) or "no source yet") + until


def facts() -> Facts:
    """What is known about the data that this server shows now."""
    opened = hub()
    return _facts(str(opened.path), opened.version)


@st.cache_resource(show_spinner="Reading the data …", max_entries=16)
def _facts(path: str, version: str) -> Facts:
    with _reading:
        opened = _opened(path)
        if opened.is_empty:
            return Facts(version, opened.synthetic, True, (), None, w.UNKNOWN, {}, {})
        measures: dict[str, tuple[str, ...]] = {}
        complete: dict[str, pd.Period] = {}
        vintages = [""]
        for place in opened.places():
            found = {
                m: s for m in MEASURES if isinstance(s := _series_or_why(opened, place, m), MeasureSeries)
            }
            measures[place] = tuple(found)
            ends = [s.complete_through for s in found.values() if s.complete_through is not None]
            if ends:
                complete[place] = ends[0]
            vintages += [s.vintage for s in found.values()]
        names = [publisher(str(s)) for s in opened.sources()["source"]]
    return Facts(
        version=version,
        synthetic=opened.synthetic,
        empty=False,
        sources=tuple(dict.fromkeys(names)),
        through=min(complete.values(), default=None),
        updated=w.date(max(vintages) or None),
        measures=measures,
        complete=complete,
    )


def _series_or_why(opened: Hub, place: str, measure: str) -> MeasureSeries | str:
    try:
        return opened.series(place, measure)
    except HubError as why:
        return str(why)


def series(place: str, measure: str, through: pd.Period | None = None) -> MeasureSeries | str:
    """A series of the hub, or the sentence that says why there is none."""
    opened = hub()
    return _series(
        str(opened.path), opened.version, place, measure, str(through) if through is not None else ""
    )


@st.cache_resource(show_spinner=False, max_entries=512)
def _series(path: str, version: str, place: str, measure: str, through: str) -> MeasureSeries | str:
    del version  # part of the key alone
    with _reading:
        try:
            return _opened(path).series(place, measure, through=through or None)
        except HubError as why:
            return str(why)


@dataclass(frozen=True, slots=True)
class GoalChoice:
    """One published reading of the goal (see the hub's table ``goals``).

    ``reading`` is "third_year" (the rate of the third year is lower by ``reduction``) or
    "cumulative" (all three years together are).
    """

    key: str
    measure: str
    baseline: tuple[str, str]
    start: str
    months: int
    reduction: float
    reading: str
    source: str
    default: bool

    @property
    def label(self) -> str:
        """The reading in a few words, for a switch."""
        what = "all three years together" if self.reading == "cumulative" else "the third year"
        return f"{what}, from {w.month(self.start)}, against {w.years(*self.baseline)}"


@st.cache_resource(show_spinner=False, max_entries=32)
def _goals(path: str, version: str) -> tuple[GoalChoice, ...]:
    del version
    with _reading:
        rows = _opened(path).goals().to_dict("records")
    return tuple(
        GoalChoice(
            key=f"{r['goal_id']}-{r['version']}", measure=str(r["measure"]),
            baseline=(str(r["baseline_start"]), str(r["baseline_end"])), start=str(r["start"]),
            months=int(r["months"]), reduction=float(r["reduction"]), reading=str(r["reading"]),
            source=str(r["source"]), default=bool(r["default"]) if not pd.isna(r["default"]) else False,
        )
        for r in rows
    )  # fmt: skip


#: The goal when a hub has none of its own: the sponsor's, read in the way this dashboard prefers.
STANDARD_GOAL: Final = GoalChoice(
    key="standard", measure="violent_street_crime", baseline=("2022-01", "2024-12"), start="2025-01",
    months=36, reduction=0.20, reading="third_year", default=True,
    source="East-West Gateway, Save Lives Now! web page",
)  # fmt: skip


def goals() -> tuple[GoalChoice, ...]:
    """Every reading of the goal, the preferred one first."""
    opened = hub()
    stored = _goals(str(opened.path), opened.version)
    if not any(g.default for g in stored):
        stored = (STANDARD_GOAL, *stored)
    return tuple(sorted(stored, key=lambda g: not g.default))


def months_to_choose(place: str, measure: str) -> list[pd.Period]:
    """Months that may be the last one shown: from the start of the goal on, with a usable figure."""
    found = series(place, measure)
    if isinstance(found, str) or found.complete_through is None:
        return []
    start = w.to_month(goals()[0].start)
    usable = found.counts.loc[: found.complete_through].dropna().index
    return [month for month in usable if month >= start]
