"""What was treated: one place, several with starts of their own, or areas inside a place; and their forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
import streamlit as st

from analysis.data import HubError
from analysis.data.vocabulary import JURISDICTIONS
from analysis.evaluate.synthetic_several import KINDS, area_table
from analysis.evidence import RefusedError
from dashboard import data, state
from dashboard import words as w
from dashboard.views.synth.asking import ESTIMATORS, LEAST_BEFORE, controls, default_start, starts
from dashboard.workbench import Setting

ONE, SEVERAL, AREAS = "one", "several", "areas"
MODES: Final = {
    ONE: "One place",
    SEVERAL: "Several places, each with its own start",
    AREAS: "Areas inside a place",
}
LATER: Final = {
    "not_yet": "Are comparison places until they start",
    "never": "Are never comparison places",
}
HORIZON: Final = {
    "all": "All there are",
    "6": "6 months each",
    "12": "12 months each",
    "24": "24 months each",
}
DATES: Final = {"same": "All in the start month", "own": "At the start of the area’s own deployment"}
NEAR: Final = {"out": "Are left out", "in": "May be comparison areas"}
#: Begins the name of a place's start in a link.
START: Final = "start_"
#: Settings of the ordinary form that the other modes share, in their folded part.
_SHARED: Final = ("first", "estimator", "pool", "history", "skip", "level")
Folded = list[tuple[str, list[Setting]]]


def mode() -> str:
    """What was treated, kept in the link."""
    return state.pick("mode", "What was treated", MODES, ONE)


def _begun() -> pd.DataFrame:
    """Deployments that have begun, earliest first."""
    rows = data.hub().deployments()
    return rows[rows["status"] != "planned"].sort_values("start")


def several_controls(measure: str) -> tuple[list[Setting], Folded]:
    """A start for every place that has the measure, and the rest."""
    begun = _begun()
    whole = begun[begun["area_id"].isna()].drop_duplicates("jurisdiction").set_index("jurisdiction")["start"]
    held = {p: starts(p, measure) for p in JURISDICTIONS if measure in data.facts().measures.get(p, ())}
    settings = []
    for place, months in held.items():
        if not months:
            continue
        known = str(whole.get(place, ""))[:7]
        default = known if known in months else default_start(months)
        settings.append(
            Setting(f"{START}{place}", f"Start in {JURISDICTIONS[place]}", {"": "Was not treated"} | months,
                    default, "First month that counts as after in this place.")
        )  # fmt: skip
    first = next(iter(held), "")
    shared = {c.key: c for c in controls(first, measure)} if first else {}
    more = [
        Setting("later", "Places that start later", LATER, "not_yet",
                "Until it starts, a place can show what would have happened in another one."),
        Setting("horizon", "Months after each start", HORIZON, "all",
                "With the same number for each place, the mean is over the same places throughout."),
        *(shared[k] for k in _SHARED if k in shared),
    ]  # fmt: skip
    return settings, [("More settings", more)]


def area_names(place: str) -> dict[str, str]:
    """area_id → name of the areas inside a place that can be treated."""
    areas = data.hub().areas()
    inside = areas[(areas["jurisdiction"] == place) & areas["kind"].isin(KINDS)].sort_values("name")
    twice = inside["name"].duplicated(keep=False)
    return {
        str(r["area_id"]): f"{r['name']} ({r['area_id']})" if again else str(r["name"])
        for r, again in zip(inside.to_dict("records"), twice, strict=True)
    }


def own_starts(place: str) -> dict[str, str]:
    """area_id → first month of the first deployment there."""
    begun = _begun()
    mine = begun[(begun["jurisdiction"] == place) & begun["area_id"].notna()].drop_duplicates("area_id")
    return {str(a): str(s)[:7] for a, s in zip(mine["area_id"], mine["start"], strict=True)}


def counted(place: str, measure: str) -> pd.DataFrame | str:
    """Month × area counts of a place, or the sentence that says why there are none."""
    return _counted(str(data.hub().path), data.facts().version, place, measure)


@st.cache_resource(show_spinner="Counting inside areas …", max_entries=16)
def _counted(path: str, version: str, place: str, measure: str) -> pd.DataFrame | str:
    del version  # part of the key alone
    with data.reading(path) as hub:
        try:
            return area_table(hub, place, measure)
        except RefusedError as why:
            return str(why)
        except HubError as why:
            return str(why)


def areas_controls(place: str, measure: str, table: pd.DataFrame) -> tuple[list[Setting], Folded]:
    """Which areas, from when, and the rest."""
    names = {i: n for i, n in area_names(place).items() if i in table.columns}
    own = {a: s for a, s in own_starts(place).items() if a in names}
    months = {str(m): w.month(m) for m in reversed(table.index[LEAST_BEFORE:])}
    first = next((s for s in own.values() if s in months), "")
    default = first or (default_start(months) if default_start(months) in months else "")
    chosen = next((a for a, s in own.items() if s == first), "") or str(table.sum().idxmax())
    settings = [
        Setting("areas", "Treated areas", names, chosen, "One or several.", several=True),
        Setting("start", "Start", months, default, "First month that counts as after."),
    ]
    if own:
        settings.append(Setting("dates", "Several areas start", DATES, "same"))
    shared = {c.key: c for c in controls(place, measure)}
    estimators = Setting(
        "estimator", "Estimator", ESTIMATORS, shared["estimator"].default, shared["estimator"].help
    )
    more = [
        Setting("near", "Areas next door", NEAR, "out",
                "What is pushed out of a treated area, or calmed at its border, would show next door."),
        shared["first"], estimators, shared["history"], shared["skip"], shared["ranges"], shared["level"],
    ]  # fmt: skip
    return settings, [("More settings", more)]


def starts_of(chosen: Mapping[str, str]) -> dict[str, str]:
    """Place → start, of those that were treated."""
    return {k.removeprefix(START): v for k, v in chosen.items() if k.startswith(START) and v}
