"""What can be asked of an interrupted time series: the settings, and the specification they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from analysis.data.vocabulary import PLACES
from analysis.evaluate import PRE_MONTHS
from analysis.its import FAMILY_LABELS, PRESETS, ItsSpec
from dashboard import data
from dashboard import words as w
from dashboard.views.its import covariates
from dashboard.views.its.covariates import UNMOVED
from dashboard.workbench import Setting

NO_YES: Final = {"no": "No", "yes": "Yes"}
FAMILIES: Final = {name: w.sentence_case(label) for name, label in FAMILY_LABELS.items()}
#: A start needs a year of history before it can be offered at all; the method asks for more.
LEAST_BEFORE: Final = 12
#: Smallest comparison city offered by name, in residents (as the hub's own comparison).
RESIDENTS: Final = 100_000

HISTORY: Final = {"24": "2 years", "36": "3 years", "48": "4 years", "60": "5 years", "84": "7 years",
                  "all": "All there is"}  # fmt: skip
SEASON: Final = {"rule": "By rule", "0": "No season", "1": "One wave a year", "2": "Two waves a year",
                 "3": "Three waves a year", "months": "Each month its own"}  # fmt: skip
ERRORS: Final = {"model": "From the model", "hac": "Newey–West, lags by rule", "hac3": "Newey–West, 3 lags",
                 "hac6": "Newey–West, 6 lags", "hac12": "Newey–West, 12 lags"}  # fmt: skip
COMPARISON: Final = {"no": "Own past alone", "yes": "All comparison cities, added up",
                     "some": "The cities chosen below"}  # fmt: skip
LEFT_OUT: Final = {"no": "Nothing", "2020": "March to December 2020", "long": "March 2020 to June 2021"}
_SPANS: Final = {"no": (), "2020": ("2020-03:2020-12",), "long": ("2020-03:2021-06",)}
#: Season, order and seasonal order of the ARIMA family.
ARIMA: Final = {"100": "(1, 0, 0)", "101": "(1, 0, 1)", "011": "(0, 1, 1)", "100s": "(1, 0, 0)(1, 0, 0)"}
#: Other changes that can be asked for at once: prefix of their settings, and how they are told apart.
CHANGES: Final = {"also": "Another change", "also2": "Second other change", "also3": "Third other change"}
WHAT: Final = {"level": "Level", "slope": "Trend", "both": "Level and trend"}
PHASES: Final = {"0": "No phase-in", "3": "3 months", "6": "6 months", "12": "12 months"}
#: Heading of the settings beside which a file of one's own can be uploaded.
COVARIATES: Final = "Other changes and covariates"

#: Settings that are seen at once, and those that are folded, by heading.
GROUPS: Final = (
    ("", ("start", "phase", "control", "family")),
    ("The past and the months to use", ("history", "trend", "harmonics", "washout", "leave", "stop")),
    (COVARIATES, (*(f"{key}{part}" for key in CHANGES for part in ("", "_what", "_phase")), "covariates")),
    ("The model and its errors", ("slope", "errors", "arima", "level")),
    ("Comparison cities and outcomes that should not move", ("cities", "unmoved")),
)


def controls(place: str, measure: str) -> list[Setting]:
    """The settings of the form."""
    found = data.series(place, measure)
    months = [] if isinstance(found, str) else list(reversed(found.counts.dropna().index[LEAST_BEFORE:]))
    starts = {str(m): w.month(m) for m in months}
    begin = data.goals()[0].start
    cities = _cities(str(data.hub().path), data.facts().version)
    return [
        Setting("start", "Start", starts, begin if begin in starts else next(iter(starts), ""),
                "First month that counts as after."),
        Setting("phase", "Phase-in",
                PHASES, "0",
                "Months from the start that count neither before nor after."),
        Setting("control", "Comparison", COMPARISON, "no",
                "With a comparison, the effect is the change beyond the one seen there."),
        Setting("family", "How counts scatter", FAMILIES, "latent_ar1",
                "The first lets the level drift; on simulated and real series it raised the fewest false "
                "alarms."),
        Setting("history", "History before the start", HISTORY, str(PRE_MONTHS),
                "A straight line cannot follow the jump of 2020; longer is not better."),
        Setting("trend", "Trend", {"yes": "Straight line", "no": "Level"}, "yes"),
        Setting("harmonics", "Season", SEASON, "rule"),
        Setting("washout", "Washout before the start", {"0": "No washout", "1": "1 month", "2": "2 months",
                                                        "3": "3 months", "6": "6 months"}, "0",
                "Months before the start to leave out, because people knew what was coming."),
        Setting("leave", "Leave out", LEFT_OUT, "no", "Calendar time runs on through months left out."),
        Setting("stop", "Programme ended", {"": "It goes on"} | starts, "",
                "First month without it. Then the effect is that of the months in between."),
        *(setting for key, label in CHANGES.items() for setting in _change(key, label, starts)),
        Setting("covariates", "Covariates",
                covariates.options(place, cities=bool(cities)), "",
                "Series that explain part of the counts and that the tactic could not move. The projection "
                "takes them as they were.", several=True),
        Setting("slope", "Trend may change too", NO_YES, "no", "Needs 12 months after the start."),
        Setting("errors", "Standard errors", ERRORS, "model",
                "Newey–West goes with the Poisson, quasi-Poisson, negative binomial and least squares "
                "families."),
        Setting("arima", "Order of ARIMA", ARIMA, "100", "For the ARIMA family alone."),
        Setting("level", "Level of the range", {"80": "80\u00a0%", "90": "90\u00a0%", "95": "95\u00a0%"},
                "95"),
        Setting("cities", "Cities to compare with",
                cities, "",
                "Used when the comparison is “the cities chosen below”.", several=True),
        Setting("unmoved", "Outcomes that should not move",
                {"all": w.sentence_case(w.join([v.lower() for v in UNMOVED.values()])), **UNMOVED,
                 "no": "Do not ask"}, "all",
                "They are asked the same question. When they moved too, something else happened."),
    ]  # fmt: skip


def _change(key: str, label: str, starts: Mapping[str, str]) -> list[Setting]:
    """Month, kind and phase-in of another change."""
    return [
        Setting(key, f"{label}: month", {"": "No other change", **starts}, "",
                "Such as a new way of counting, or another programme. It stays in the projection."),
        Setting(f"{key}_what", f"{label}: of what", WHAT, "level"),
        Setting(f"{key}_phase", f"{label}: phase-in", PHASES, "0",
                "Months from then on that are left out of the fit."),
    ]  # fmt: skip


def presets() -> list[tuple[str, str, dict[str, str]]]:
    """Ready-made specifications: name, one sentence, and the settings they make."""
    found = []
    for preset in PRESETS:
        o = preset.options
        waves, past = o.get("harmonics"), o.get("pre_periods")
        chosen = {
            "family": str(o["family"]), "phase": str(o.get("phase_in", 0)),
            "history": "all" if past is None else str(past),
            "harmonics": "rule" if waves is None else str(waves),
            "slope": "yes" if o.get("slope") else "no", "errors": str(o.get("covariance", "model")),
            "trend": "yes",
        }  # fmt: skip
        found.append((preset.name, preset.sentence, chosen))
    return found


def grouped(settings: Sequence[Setting]) -> list[tuple[str, list[Setting]]]:
    """The settings under their headings; cities without any on offer are left away."""
    by_key = {s.key: s for s in settings if s.options}
    return [(heading, [by_key[k] for k in keys if k in by_key]) for heading, keys in GROUPS]


@st.cache_resource(show_spinner=False, max_entries=16)
def _cities(path: str, version: str) -> dict[str, str]:
    """Agencies that may be a comparison, id → name; whether one has every month shows at the run."""
    del version  # part of the key alone
    with data.reading(path) as hub:
        agencies = hub.agencies()
    fit = agencies["jurisdiction"].isna() | ~agencies["jurisdiction"].isin(list(PLACES))
    fit &= agencies["population"].fillna(0) >= RESIDENTS
    fit &= ~agencies["donor"].astype("str").str.startswith("excluded")
    rows = agencies.loc[fit, ["agency_id", "name", "state"]].sort_values("name")
    return {str(i): city_name(n, s) for i, n, s in rows.itertuples(index=False)}


def city_name(name: object, state: object) -> str:
    """Such as "Chicago, IL"; the name alone where the state is not known."""
    return f"{name}, {state}" if isinstance(state, str) and state else str(name)


def specification(chosen: Mapping[str, str]) -> ItsSpec:
    """The specification that the form says.

    Raises:
        RefusedError: the settings contradict each other.
    """
    errors, season, arima = chosen["errors"], chosen["harmonics"], chosen["arima"]
    return ItsSpec(
        start=chosen["start"],
        phase_in=int(chosen["phase"]),
        slope=chosen["slope"] == "yes",
        trend=chosen["trend"] == "yes",
        harmonics=int(season) if season.isdigit() else None,
        month_dummies=season == "months",
        family=chosen["family"],  # type: ignore[arg-type]
        covariance="hac" if errors.startswith("hac") else "model",
        hac_lags=int(errors.removeprefix("hac")) if errors[3:].isdigit() else None,
        level=int(chosen["level"]) / 100,
        pre_periods=None if chosen["history"] == "all" else int(chosen["history"]),
        stop=chosen["stop"] or None,
        washout=int(chosen["washout"]),
        leave_out=_SPANS[chosen["leave"]],
        arima_order=(int(arima[0]), int(arima[1]), int(arima[2])),
        arima_seasonal=(1, 0, 0) if arima.endswith("s") else (0, 0, 0),
        interruptions=tuple(
            f"{chosen[key]}:{chosen[f'{key}_what']}:{chosen[f'{key}_phase']}"
            for key in CHANGES
            if chosen[key]
        ),
        covariates=covariates.columns(chosen["covariates"]),
    )


def before_and_after(place: str, measure: str, through: pd.Period | None, chosen: Mapping[str, str]) -> str:
    """How many months the settings would use, before anything is fitted."""
    found = data.series(place, measure, through)
    if isinstance(found, str):
        return found
    if not chosen.get("start"):
        return "There is no month with enough history before it."
    spec = specification({**chosen, "errors": "model"})
    start, usable = w.to_month(spec.start), found.counts.dropna().index
    first = usable[0] if spec.pre_periods is None else max(usable[0], start - spec.pre_periods)
    before = int(((usable >= first) & (usable < start - spec.washout)).sum())
    after = int((usable >= start + spec.phase_in).sum())
    return (
        f"It would use {w.plural(before, 'month')} before the start in {w.month(start)} and "
        f"{w.plural(after, 'month')} after it. At least 24 before and 6 after are needed (12 with a change "
        "of trend)."
    )
