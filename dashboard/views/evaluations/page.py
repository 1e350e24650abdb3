"""The evaluations page: stored answers in, figures, numbers and words out. Nothing is fitted here."""

from __future__ import annotations

import pandas as pd

from analysis import evaluate
from analysis.data.vocabulary import MEASURES
from analysis.evaluate import Results
from dashboard import data
from dashboard.views.evaluations.cases import (
    PROGRAMME,
    SHORT,
    Case,
    Subject,
    case,
    method_words,
    of,
    refusals,
    subjects,
)
from dashboard.views.evaluations.figures import figures
from dashboard.views.evaluations.over_time import NO_MONTHS, moved, told_before
from dashboard.views.evaluations.words import (
    EARNED,
    explanation,
    graded,
    headline,
    numbers,
    raw_change,
    state_of,
)

__all__ = [
    "EARNED",
    "MEASURES",
    "NO_MONTHS",
    "PROGRAMME",
    "SHORT",
    "Case",
    "Results",
    "Subject",
    "case",
    "explanation",
    "figures",
    "graded",
    "headline",
    "method_words",
    "moved",
    "numbers",
    "of",
    "quarters",
    "raw_change",
    "refusals",
    "results",
    "state_of",
    "subjects",
    "told_before",
]


def results() -> Results:
    """The stored answers for the data as they are now; computed once when there are none."""
    found: Results = _results(str(data.hub().path), data.facts().version)
    return found


@data.answer(show_spinner="Evaluating every tactic, place and measure: once, up to a minute …")
def _results(path: str, version: str) -> Results:
    del version  # part of the key alone
    with data.reading(path) as hub:
        return evaluate.results_for(hub)


def quarters() -> pd.DataFrame:
    """How each case was answered at the end of every quarter, on the goal's own measure."""
    found: pd.DataFrame = _quarters(str(data.hub().path), data.facts().version)
    return found


@data.answer(show_spinner="Evaluating as of the end of each quarter: once, up to half a minute …")
def _quarters(path: str, version: str) -> pd.DataFrame:
    del version  # part of the key alone
    with data.reading(path) as hub:
        return evaluate.at_quarter_ends(hub)
