"""The data of one specification: a place beside its comparison places, all under names for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Final, cast

import pandas as pd
import streamlit as st
from shapely.geometry import shape

from analysis.data import Hub, HubError
from analysis.data.release import Release
from analysis.data.vocabulary import PLACES, REGION
from analysis.evaluate.synthetic import SynthInputs, synth_inputs
from analysis.evaluate.synthetic_several import characteristics
from analysis.evidence import RefusedError
from analysis.synth import Background
from dashboard import data
from dashboard import words as w

#: A reason for leaving a place out → the group it is told under; the first that fits counts.
_GROUPS: Final = (
    ("lacks ", "Months are missing"),
    ("onths are missing", "Months are missing"),
    ("no figure for", "Months are missing"),
    ("look wrong", "Months look wrong"),
    ("level break", "Counted in another way from some month on"),
    ("left out by choice", "Left out by choice"),
    ("residents are not known", "Residents are not known"),
    ("programme of its own", "Began a programme of its own"),
    ("focused deterrence", "Runs the same tactic"),
    ("violence reduction strategy", "Runs the same tactic"),
    ("violence intervention", "Runs the same tactic"),
    ("national guard", "The National Guard was ordered in"),
    ("residents", "Too few residents"),
    ("outside the states", "Outside the states of the chosen pool"),
    ("missouri", "In Missouri: same state portal and policy"),
    ("next to the treated", "Next door to the treated places"),
    ("where the tactics work", "The tactics work there"),
    ("shares ground with a treated", "Shares ground with a treated area"),
    ("next to a treated area", "Next door to a treated area"),
    ("fewer than one event", "Too few events"),
    ("programme works", "The tactics work there"),
)


@dataclass(frozen=True)
class Case:
    """A panel with readable names, and everything that is known about the places in it.

    Attributes:
        panel: month × place, counts, the treated one first.
        population: place → residents; None for areas where they are not known.
        ids: place → agency_id (comparison places alone).
        background: as the method takes it, under the same names.
        donors: every agency looked at: agency_id, name (readable), state, population, donor, reason,
            longitude, latitude, placed.
        donor_sets: label of a pool → comparison places that it leaves out.
        here: longitude and latitude of the treated place.
        notes: what was decided about the treated series.
        characteristics: name → place → figure, of those that can be matched in place of the months.
    """

    panel: pd.DataFrame
    population: pd.Series | None
    ids: Mapping[str, str]
    background: Background
    donors: pd.DataFrame
    donor_sets: Mapping[str, tuple[str, ...]]
    here: tuple[float, float] | None
    notes: tuple[str, ...]
    characteristics: pd.DataFrame | None = None

    @property
    def areas(self) -> bool:
        """Whether the units are areas inside a place: these stand on no map of the country."""
        return "state" not in self.donors

    @property
    def excluded(self) -> pd.DataFrame:
        """name, reason of every place that is not in the comparison."""
        left = self.donors.loc[~self.donors["donor"], ["name", "reason"]]
        return left.sort_values("name", ignore_index=True)


def case(
    place: str,
    measure: str,
    start: str,
    first: str = "",
    last: str = "",
    pool: str = "all",
    matched: tuple[str, ...] = (),
) -> Case | str:
    """The data of a question, or the sentence that says why there are none.

    Args:
        place, measure: identifiers. start: first month after.
        first: first month of the window ("" = the register's rule: the earliest January with 30
            complete comparison places). last: last month ("" = the latest).
        pool: id of a donor preset. matched: characteristics to look up (see ``matching``).
    """
    return _case(
        str(data.hub().path), data.facts().version, place, measure, start, first, last, pool, matched
    )


@st.cache_resource(show_spinner="Looking for comparison places …", max_entries=64)
def _case(
    path: str,
    version: str,
    place: str,
    measure: str,
    start: str,
    first: str,
    last: str,
    pool: str,
    matched: tuple[str, ...] = (),
) -> Case | str:
    del version  # part of the key alone
    with data.reading(path) as hub:
        try:
            found = synth_inputs(
                _whole(hub), place, measure, start, preset_id=pool, pre_start=first or None, end=last or None
            )
            notes = hub.series(place, measure, through=last or None).notes
            ready = named(found, {place: PLACES[place]}, notes, _middle(hub, place))
            if matched:
                table = characteristics(hub, found, measure, start, dict.fromkeys(matched, 1.0)).table
                rename = {**{i: name for name, i in ready.ids.items()}, place: PLACES[place]}
                ready = replace(ready, characteristics=table.rename(columns=rename))
            return ready
        except RefusedError as why:
            return remedy(str(why))
        except HubError as why:
            return str(why)


def _whole(hub: Hub) -> Hub:
    """A hub that can tell of breaks; a release keeps them apart from the check that it refuses."""
    if not isinstance(hub, Release):
        return hub
    breaks = hub.kept("breaks")
    return cast("Hub", _Told(hub, breaks.assign(month=pd.PeriodIndex(breaks["month"], freq="M"))))


class _Told:
    """A release with its breaks where a hub has them."""

    def __init__(self, release: Release, breaks: pd.DataFrame) -> None:
        self._release, self._breaks = release, breaks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._release, name)

    def check(self) -> SimpleNamespace:
        """The breaks alone."""
        return SimpleNamespace(breaks=self._breaks)


def remedy(why: str) -> str:
    """What to do about a refusal that does not say it."""
    if why.startswith("No comparison city"):
        return f"{why} Choose a shorter history or the pool “All eligible”."
    if why.startswith("A missing month"):
        return f"{why} Choose a later start, or import the missing months."
    if why.startswith("No population"):
        return f"{why} Import a table of populations for this place."
    return why


def named(
    found: SynthInputs,
    treated: Mapping[str, str],
    notes: tuple[str, ...] = (),
    here: tuple[float, float] | None = None,
) -> Case:
    """The inputs under names for people; two places of one name keep their number.

    ``treated``: identifier → name of the treated places.
    """
    donors = found.donors.copy()
    labels = {
        str(r["agency_id"]): f"{r['name']}, {r['state']}" if isinstance(r["state"], str) else str(r["name"])
        for r in donors.to_dict("records")
    }
    count = pd.Series(labels).value_counts()
    labels = {i: name if count[name] == 1 else f"{name} ({i})" for i, name in labels.items()}
    donors["name"] = donors["agency_id"].map(labels).astype("str")
    rename = {**labels, **treated}
    known = found.background
    breaks = None if known.breaks is None else known.breaks.assign(unit=known.breaks["unit"].map(rename))
    tactic = None if known.same_tactic is None else {
        labels[a]: since for a, since in known.same_tactic.items() if a in labels
    }  # fmt: skip
    background = replace(
        known, names={}, same_tactic=tactic, breaks=breaks,
        excluded=known.excluded.assign(unit=known.excluded["unit"].map(rename).fillna(known.excluded["unit"])),
    )  # fmt: skip
    return Case(
        panel=found.panel.rename(columns=rename),
        population=None if found.population is None else found.population.rename(index=rename),
        ids={labels[str(i)]: str(i) for i in found.panel.columns if i not in treated},
        background=background,
        donors=donors,
        donor_sets={k: tuple(labels[i] for i in v if i in labels) for k, v in found.donor_sets.items()},
        here=here,
        notes=(f"What was counted: {found.definition}.", *notes) if found.definition else notes,
    )


def _middle(hub: Hub, place: str) -> tuple[float, float] | None:
    """A point in the middle of the place."""
    points = [
        shape(f["geometry"]).representative_point()
        for f in hub.outlines().get("features", [])
        if f["properties"].get("kind", "jurisdiction") == "jurisdiction"
        and place in (f["properties"].get("id"), REGION)
    ]
    if not points:
        return None
    return sum(p.x for p in points) / len(points), sum(p.y for p in points) / len(points)


def reasons(excluded: pd.DataFrame) -> pd.DataFrame:
    """How many places were left out for what: Why not, Places; the most frequent first."""
    groups = [next((g for part, g in _GROUPS if part in r.lower()), _other(r)) for r in excluded["reason"]]
    counted = pd.Series(groups, dtype="str").value_counts()
    return pd.DataFrame({"Why not": counted.index, "Places": [w.number(n) for n in counted]})


def _other(reason: str) -> str:
    """A reason of its own; events elsewhere are told without their source."""
    return w.sentence_case(reason.split(" (")[0])
