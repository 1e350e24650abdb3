"""Everything the progress page draws for one view, made once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from analysis.data.vocabulary import JURISDICTIONS
from dashboard import data
from dashboard.data import GoalChoice
from dashboard.figures import Figure
from dashboard.views.progress import figures, watch
from dashboard.views.progress import page as view


@dataclass(frozen=True)
class Pictures:
    """The figures of a view of the page.

    Attributes:
        path: the goal path; None when there is no assessment.
        places, readings: always there.
        measures, year: None when there is nothing to compare.
        watch: control chart, gaps, year, seasons, areas; words where one cannot be drawn.
        adds_up: whether the places add up to the region.
        alternatives: what other choices of the goal would change.
    """

    path: Figure | None
    places: Figure
    measures: Figure | None
    year: Figure | None
    watch: tuple[Figure | str, ...]
    readings: Figure
    adds_up: str
    alternatives: tuple[str, ...]


def pictures(place: str, measure: str, choice: GoalChoice, through: pd.Period | None, floor: int) -> Pictures:
    """The figures of one view of the page, from memory when it was seen before."""
    key = data.facts().version, str(data.hub_path())
    return _pictures(*key, place, measure, choice, str(through or ""), floor)


@st.cache_resource(show_spinner="Drawing …", max_entries=256)
def _pictures(
    version: str, path: str, place: str, measure: str, choice: GoalChoice, through: str, floor: int
) -> Pictures:
    del path  # part of the key alone
    until = pd.Period(through, "M") if through else None
    facts = data.facts()
    choices, _ = view.readings()
    one = view.standing(place, measure, choice, until)
    source = one.source or facts.source_line

    about: dict[str, Any] = {"source": source, "synthetic": facts.synthetic, "version": version}
    mine = view.all_measures(place, facts.measures[place], choice, until)
    return Pictures(
        path=figures.goal_path(one, **about) if one.found is not None else None,
        places=figures.places({j: view.standing(j, measure, choice, until) for j in JURISDICTIONS}, **about),
        measures=figures.measures(mine, **about) if mine else None,
        year=figures.year_to_date(one, **about) if one.series is not None else None,
        watch=(
            watch.control(one, **about),
            watch.gaps(one, **about),
            watch.year_fan(one, **about),
            watch.seasons(one, **about),
            watch.areas_funnel(one, floor=floor, **about),
        ),
        readings=figures.readings(
            choices, [view.standing(place, measure, g, until) for g in choices], **about
        ),
        adds_up=view.adds_up(measure, choice, until),
        alternatives=view.what_alternatives_change(one),
    )
