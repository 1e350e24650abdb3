"""From the settings to an answer: data out of the hub, the fit, and everything tried against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.data import HubError
from analysis.evidence import Check, RefusedError
from analysis.its import FAMILY_LABELS, ItsResult, ItsSpec, Power, fit, fit_many
from analysis.its import sensitivity as variants
from analysis.its.examine import Examination, examine
from dashboard import data
from dashboard.views.its.controls import specification
from dashboard.views.its.covariates import CITIES, OWN, UNMOVED, Upload, added, read, unmoved_of
from dashboard.views.its.data import Member, members_of, on_months, some, total, window_of

#: Comparison cities that are left out one at a time, the largest first.
MEMBERS: Final = 12
#: Families whose own account of neighbouring months leaves no room for Newey–West.
_OWN_ERRORS: Final = ("latent_ar1", "log_prais_winsten", "gls_ar1", "arima")
_COMPARED: Final = "Without any one comparison"

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Answer:
    """A fitted specification with what went in.

    Attributes:
        result: the fit.
        frame: what went in: count, population (optional) by month.
        control: the comparison added up, or None.
        members: each comparison city by name; empty without a comparison.
        unmoved: outcomes that should not move, by name.
        notes: of the series.
        place, measure: identifiers.
        key: of caches.
        own: the covariate of one's own that was used, or None.
    """

    result: ItsResult
    frame: pd.DataFrame
    control: pd.DataFrame | None
    members: Mapping[str, pd.DataFrame]
    unmoved: Mapping[str, pd.DataFrame]
    notes: tuple[str, ...]
    place: str
    measure: str
    key: str
    own: Upload | None = None

    @cached_property
    def families(self) -> pd.DataFrame:
        """The same question under every family, each with the standard errors that it allows.

        Columns: family, percent, lower, upper, p_value, reason (why not; "" when it ran).
        """
        spec = self.result.spec
        asked: list[tuple[str, ItsSpec]] = []
        for name in FAMILY_LABELS:
            hac = spec.covariance == "hac" and name not in _OWN_ERRORS
            own = replace(spec, family=name, covariance="hac" if hac else "model")  # type: ignore[arg-type]
            asked.append((name, own))
        found = fit_many([(self.frame, own, self.control) for _, own in asked])
        nan, rows = float("nan"), []
        for (name, _), one in zip(asked, found, strict=True):
            if isinstance(one, RefusedError):
                rows.append((name, nan, nan, nan, nan, str(one)))
                continue
            e = one.effect
            rows.append((name, e.percent.estimate, e.percent.lower, e.percent.upper, e.p_value, ""))
        return pd.DataFrame(rows, columns=["family", "percent", "lower", "upper", "p_value", "reason"])


@dataclass(frozen=True)
class Tried:
    """Everything that was tried against an answer.

    Attributes:
        examination: families, variants, pretended starts, power, checks (see ``analysis.its.examine``).
        table: its variants, and those without single comparison cities.
        checks: every check, those of the fit first.
    """

    examination: Examination
    table: pd.DataFrame
    checks: tuple[Check, ...]

    @property
    def able(self) -> Power:
        """What could have been seen (``analysis.its.power``): the one definition of every page."""
        return self.examination.able


# ---------------------------------------------------------------- the answer


def answer(
    place: str,
    measure: str,
    through: pd.Period | None,
    chosen: Mapping[str, str],
    upload: tuple[str, bytes] | None = None,
) -> Answer | str:
    """The fitted specification, or the sentence that says why there is none.

    Args:
        place, measure, through: what is looked at.
        chosen: the settings.
        upload: name and content of a covariate of one's own; read only when the settings ask for it.
    """
    found = data.series(place, measure, through)
    if isinstance(found, str):
        return found
    if not chosen.get("start"):
        return "There is no month with enough history before it."
    own = None
    if upload is not None and OWN in chosen["covariates"].split(","):
        try:
            own = read(*upload)
        except RefusedError as why:
            return str(why)
    return _answer(
        str(data.hub().path), data.facts().version, place, measure, str(through or ""),
        tuple(sorted(chosen.items())), "" if own is None else own.digest, own,
    )  # fmt: skip


@st.cache_resource(show_spinner="Fitting the model …", max_entries=64)
def _answer(
    path: str,
    version: str,
    place: str,
    measure: str,
    through: str,
    chosen: tuple[tuple[str, str], ...],
    digest: str = "",
    _own: Upload | None = None,
) -> Answer | str:
    ask = dict(chosen)
    try:
        spec = specification(ask)
        with data.reading(path) as hub:
            series = hub.series(place, measure, through=through or None)
        frame = window_of(series, spec)
        months = pd.PeriodIndex(frame.index, freq="M")
        members: dict[str, Member] = {}
        if ask["control"] != "no":
            members = members_of(path, version, measure, str(months[0]), str(months[-1]))
            if ask["control"] == "some":
                members = some(members, ask["cities"])
        control = total(members) if members else None
        named = [name for name in ask["covariates"].split(",") if name]
        names = [o for o in UNMOVED if ask["unmoved"] in ("all", o) and o not in named]
        unmoved = unmoved_of(path, version, place) if names or named else {}
        beside = {UNMOVED[o]: on_months(table, frame) for o, table in unmoved.items() if o in names}
        if named:
            cities = None
            if CITIES in named:
                cities = total(members_of(path, version, measure, str(months[0]), str(months[-1])))
            frame = added(frame, named, unmoved, cities, _own)
        result = fit(frame, spec, control)
    except (RefusedError, HubError) as why:
        return str(why)
    except np.linalg.LinAlgError:
        return (
            "The model has more terms than these months can tell apart. Take a longer history, or leave "
            "out the season, the trend or the change of trend."
        )
    held = {n: t for n, (_, t) in members.items()}
    key = "|".join((version, place, measure, through, digest, *(f"{k}={v}" for k, v in chosen)))
    return Answer(result, frame, control, held, beside, series.notes, place, measure, key, _own)


# ---------------------------------------------------------------- against the answer


def tried(found: Answer, progress: Progress | None = None) -> Tried:
    """Everything tried against the answer; the second time it is only looked up.

    Args:
        progress: called with the share done and what comes next.
    """
    say = progress or (lambda share, text: None)
    say(0.05, "Trying other families, phase-ins, windows and pretended starts …")
    _battery(found.key, found)
    say(0.35, "Leaving out one comparison city after another …" if found.members else "Other families …")
    _ = found.families
    say(0.55, "Searching for the data’s own break, and simulating what could have been seen …")
    full = _full(found.key, found)
    say(1.0, "Done.")
    return full


@st.cache_resource(show_spinner=False, max_entries=64)
def _battery(key: str, _found: Answer) -> pd.DataFrame:
    """Variants without single comparison cities: the rows that ``examine`` lacks for a sum."""
    del key
    return _without_each(_found)


@st.cache_resource(show_spinner=False, max_entries=64)
def _full(key: str, _found: Answer) -> Tried:
    examination = examine(
        _found.frame, _found.result.spec, _found.control, negative_controls=_found.unmoved or None
    )
    table = pd.concat([examination.sensitivity, _battery(key, _found)], ignore_index=True)
    if len(table) == len(examination.sensitivity):
        return Tried(examination, examination.sensitivity, examination.checks)
    again = {c.name: c for c in variants.checks(table, _found.result.spec)}
    checks = tuple(again.get(c.name, c) if c.name == _COMPARED else c for c in examination.checks)
    return Tried(examination, table, checks)


def known(found: Answer, against: Tried) -> Answer:
    """The answer with all that is known of it now: its smallest detectable fall is the simulated one."""
    settled = replace(found, result=against.examination.result)
    settled.__dict__["families"] = found.families  # asked once already
    return settled


def _without_each(found: Answer) -> pd.DataFrame:
    """The answer without each of the largest comparison cities."""
    columns = ["kind", "variant", "percent", "lower", "upper", "p", "events", "refused"]
    if len(found.members) < 2:
        return pd.DataFrame(columns=columns)
    size = sorted(found.members, key=lambda n: -float(found.members[n]["count"].sum()))[:MEMBERS]
    pairs = {n: ("", t) for n, t in found.members.items()}
    asked = [total({n: t for n, t in pairs.items() if n != gone}) for gone in size]
    spec, nan, rows = found.result.spec, float("nan"), []
    for gone, one in zip(size, fit_many([(found.frame, spec, c) for c in asked]), strict=True):
        name = f"without {gone}"
        if isinstance(one, RefusedError):
            rows.append(("comparison", name, nan, nan, nan, nan, nan, str(one)))
            continue
        e = one.effect
        rows.append(("comparison", name, e.percent.estimate, e.percent.lower, e.percent.upper, e.p_value,
                     e.events.estimate, ""))  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
