"""What can be asked: the form, the specification it says, presets from the register, and the full link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import pandas as pd
import streamlit as st

from analysis.data import HubError
from analysis.data.elsewhere.presets import PRESETS
from analysis.data.vocabulary import MEASURES
from analysis.evaluate import ENOUGH_DONORS, declarations
from analysis.synth import ALL_ESTIMATORS, SynthSpec
from dashboard import data
from dashboard import words as w
from dashboard.views.synth.case import Case, case
from dashboard.workbench import Setting

SHORT: Final = {
    "demeaned": "Demeaned synthetic control",
    "index": "Index synthetic control",
    "simplex": "Classic synthetic control",
    "ridge": "Ridge-augmented synthetic control",
    "sdid": "Synthetic difference-in-differences",
    "did": "Difference-in-differences",
    "ratio_did": "Ratio difference-in-differences",
    "lasso": "Lasso with an intercept",
}
RULE: Final = "rule"
ESTIMATORS: Final = {RULE: "By rule"} | SHORT
#: Months of history before the start; short windows fit noise, long ones other times.
HISTORY: Final = {RULE: "By rule"} | {
    str(12 * y): f"{y} years" for y in (3, 4, 5, 6, 7, 8)
}  # fmt: skip
POOLS: Final = {p.preset_id: p.label for p in PRESETS}
FIRST: Final = {"after": "Counts as after", "before": "Counts as before", "dropped": "Is left out"}
SKIP: Final = {"no": "Nothing", "jump": "March 2020 to June 2021"}
_SKIPPED: Final = {"no": (), "jump": (("2020-03", "2021-06"),)}
RANGES: Final = {"placebo": "Other places", "both": "Both, the wider"}
_INFERENCE: Final = {"placebo": ("placebo",), "both": ("placebo", "rolling_origin")}
LEVELS: Final = {"80": "80\u00a0%", "90": "90\u00a0%", "95": "95\u00a0%"}
#: A start needs a year of history and one month after it.
LEAST_BEFORE: Final = 12


def starts(place: str, measure: str) -> dict[str, str]:
    """Months that may be the start, newest first; empty when the place has no series."""
    found = data.series(place, measure)
    if isinstance(found, str):
        return {}
    months = found.counts.dropna().index
    return {str(m): w.month(m) for m in reversed(months[LEAST_BEFORE:])}


def default_start(months: Mapping[str, str]) -> str:
    """The start of the goal where the data reach it."""
    begin = data.goals()[0].start
    return begin if begin in months else next(iter(months), "")


def controls(place: str, measure: str) -> list[Setting]:
    """The settings of the form."""
    months = starts(place, measure)
    start = default_start(months)
    known = data.series(place, measure)
    last = "" if isinstance(known, str) else str(known.complete_through or "")
    found = case(place, measure, start, last=last) if start else ""
    donors = {i: name for name, i in found.ids.items()} if isinstance(found, Case) else {}
    about = " ".join(f"{p.label}: {p.about}" for p in PRESETS)
    return [
        Setting("start", "Start", months, start, "First month that counts as after."),
        Setting("first", "The start month", FIRST, "after", "It is often a month of two halves."),
        Setting("estimator", "Estimator", ESTIMATORS, RULE,
                "By rule: index where the place lies outside the range of all others in more than a tenth of "
                "the months, else demeaned. Demeaned keeps the distance in level, index keeps the ratio, "
                "classic does neither."),
        Setting("pool", "Comparison places", POOLS, "all", about),
        Setting("history", "History before the start", HISTORY, RULE,
                "A short one follows noise, a long one other times. The rule takes the earliest January from "
                f"which {ENOUGH_DONORS} comparison places have every month."),
        Setting("skip", "Months to leave out", SKIP, "no", "Neither fitted nor counted."),
        Setting("ranges", "Range from", RANGES, "placebo",
                "Other places: how far the method misses where nothing started. Past forecasts: how far it "
                "missed here, before the start. Both: the wider of the two."),
        Setting("level", "Level of the range", LEVELS, "90",
                "90\u00a0% needs 9 comparison places, 95\u00a0% needs 19."),
        Setting("without", "Leave out places", donors, "", "Comparison places not to use.", several=True),
    ]  # fmt: skip


def window_start(chosen: Mapping[str, str]) -> str:
    """First month of the window as the form says it; "" for the rule."""
    if chosen["history"] == RULE:
        return ""
    return str(pd.Period(chosen["start"], "M") - int(chosen["history"]))


def specification(chosen: Mapping[str, str], name: str, found: Case, estimator: str) -> SynthSpec:
    """What the form says, on the names of this panel; ``name`` is the treated place's."""
    label = {i: name for name, i in found.ids.items()}
    return SynthSpec(
        treated=name,
        start=chosen["start"],
        estimator=estimator,
        inference=_INFERENCE[chosen["ranges"]],
        level=int(chosen["level"]) / 100,
        first_period=chosen["first"],  # type: ignore[arg-type]
        leave_out=_SKIPPED[chosen["skip"]],
        missing="leave_out",
        exclude=tuple(label[i] for i in chosen.get("without", "").split(",") if i in label),
        counts=found.population is None,
    )


# ---------------------------------------------------------------- presets and links


@dataclass(frozen=True, slots=True)
class Preset:
    """A specification by name: what it is, and the settings that differ from the defaults."""

    label: str
    about: str
    measure: str
    settings: Mapping[str, str]


#: Well-known ways to ask, beside the registered ones.
_KNOWN: Final = (
    Preset("Standard", "The rule chooses estimator and history.", "", {}),
    Preset("Recent years only", "Three years of history: after the jump of 2020.", "", {"history": "36"}),
    Preset("Without the jump of 2020", "March 2020 to June 2021 are neither fitted nor counted.", "",
           {"skip": "jump"}),
    Preset("Abadie’s classic", "Levels, weights that add up to one, no distance kept.", "",
           {"estimator": "simplex"}),
    Preset("Cautious", "The wider of two ranges, at 95\u00a0%.", "", {"ranges": "both", "level": "95"}),
)  # fmt: skip


def presets(place: str, measure: str) -> list[Preset]:
    """Specifications that can be loaded: those of the register for this place first."""
    hub = data.hub()
    return [*_registered(str(hub.path), data.facts().version, place, measure), *_KNOWN]


@st.cache_resource(show_spinner=False, max_entries=64)
def _registered(path: str, version: str, place: str, measure: str) -> list[Preset]:
    del version  # part of the key alone
    with data.reading(path) as hub:
        try:
            rows = declarations(hub)
        except HubError:
            return []  # a release for this audience does not hold the register
    mine = rows[(rows["place"] == place) & (rows["measure"] == measure) & (rows["status"] != "withdrawn")]
    mine = mine[mine["method"].str.startswith("synth_")].drop_duplicates(["start", "method"])
    return [
        Preset(
            f"Registered: {w.month(r['start'])}, {r['method'].removeprefix('synth_')}",
            f"{r['evaluation_id']}, version {r['version']}, declared on {w.date(r['declared_on'])}",
            str(r["measure"]),
            {"start": str(r["start"]), "estimator": str(r["method"]).removeprefix("synth_")},
        )
        for r in mine.to_dict("records")
    ]


def load(name: str, preset: Preset, form: Sequence[Setting]) -> None:
    """Put a preset into the link and empty the form, so that the page asks it (for ``on_click``)."""
    for control in form:
        for key in (f"_kept_{name}_{control.key}", f"_{name}_{control.key}"):
            st.session_state.pop(key, None)
        value = preset.settings.get(control.key, control.default)
        if value == control.default or not (control.several or value in control.options):
            st.query_params.pop(control.key, None)
        else:
            st.query_params[control.key] = value


def link(
    place: str, measure: str, last: pd.Period | None, chosen: Mapping[str, str], url: str, mode: str = ""
) -> str:
    """An address that holds the whole specification, defaults too, so that it asks the same for good."""
    assert measure in MEASURES
    parts = urlsplit(url)
    query = ({"mode": mode} if mode else {}) | {"place": place, "measure": measure}
    if last is not None:
        query["through"] = str(last)
    query |= {k: v for k, v in chosen.items() if v}
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query, safe=","), ""))


def answered_by_all() -> tuple[str, ...]:
    """Estimators that stand beside each other, in the order of the form."""
    return tuple(e for e in SHORT if e in ALL_ESTIMATORS)
