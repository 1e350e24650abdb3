"""The synthetic-control workbench: a specification in, figures, numbers and words out.

``case``: the data of a question; ``asking``: form, presets, links; ``answering``: the fitted answer with
progress; ``said``, ``checks``, ``wording``: words; ``paths``, ``doubts``, ``seeing``: figures;
``export``: what can be taken away. ``modes``: what was treated; ``matching``: characteristics in place of
months; ``pooled``, ``pooled_said``, ``pooled_shown``: several treated places, and areas inside one.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import data
from dashboard.components import digest
from dashboard.figures import Figure
from dashboard.views.synth import doubts, matching, modes, paths, pooled, pooled_said, pooled_shown, seeing
from dashboard.views.synth.answering import Answer, answer
from dashboard.views.synth.asking import SHORT, controls, link, load, presets, starts
from dashboard.views.synth.case import Case, case, reasons
from dashboard.views.synth.checks import check_lists
from dashboard.views.synth.export import bundle, everybody_left_out, export
from dashboard.views.synth.said import (
    caution,
    effects,
    headline,
    level_with,
    notes,
    numbers,
    power_sentence,
    rank_sentence,
    span,
    window,
)

__all__ = [
    "SHORT",
    "Answer",
    "Case",
    "answer",
    "bundle",
    "case",
    "caution",
    "check_lists",
    "controls",
    "effects",
    "everybody_left_out",
    "export",
    "figures",
    "headline",
    "level_with",
    "link",
    "load",
    "matching",
    "modes",
    "notes",
    "numbers",
    "pooled",
    "pooled_said",
    "pooled_shown",
    "power_sentence",
    "presets",
    "rank_sentence",
    "reasons",
    "span",
    "starts",
    "window",
]


class _Kept(Figure):
    """A figure whose table is made readable once, however often it is shown."""

    def shown_table(self) -> pd.DataFrame:
        return self._told

    @cached_property
    def _told(self) -> pd.DataFrame:
        return super().shown_table()


def figures(found: Answer, *, p_values: bool) -> dict[str, Figure]:
    """Every figure of the page by a short name."""
    facts = data.facts()
    return _figures(digest(found.identity), p_values, found, facts.source_line, facts.synthetic)


@st.cache_resource(show_spinner=False, max_entries=64)
def _figures(
    identity: str, p_values: bool, _found: Answer, source: str, synthetic: bool
) -> dict[str, Figure]:
    common: dict[str, Any] = {"source": source, "synthetic": synthetic}
    made = [
        paths.observed(_found), paths.gap(_found), paths.cumulative(_found), doubts.donor_map(_found),
        doubts.weights(_found), paths.spaghetti(_found), paths.distribution(_found), doubts.in_time(_found),
        doubts.leave_one_out(_found), *doubts.specifications(_found, p_values=p_values).values(),
        seeing.power(_found), seeing.months(_found),
    ]  # fmt: skip
    return {
        name: _Kept(**(kwargs | common | {"identity": f"{identity}-{name}-{p_values}"}))
        for name, kwargs in made
        if kwargs
    }
