"""Characteristics that can be matched in place of the months, each with a weight that the reader gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from analysis.data.vocabulary import MEASURES
from analysis.synth import Predictors
from dashboard.views.synth.case import Case
from dashboard.workbench import Setting

#: Begins the name of a characteristic's setting in a link.
PREFIX: Final = "match_"
WEIGHTS: Final = {"0": "Not matched", "1": "Counts once", "2": "Counts twice", "4": "Counts four times"}
_OWN: Final = {
    "mean": "Rate before the start",
    "first": "Rate in the first 12 months",
    "last": "Rate in the last 12 months before",
    "residents": "Residents",
}
#: Other measures whose rate can be matched.
_OTHERS: Final = ("homicide", "robbery", "aggravated_assault")
HEADING: Final = "Match characteristics instead of the months"


def _labels(measure: str) -> dict[str, str]:
    return _OWN | {m: f"Rate of {MEASURES[m].lower()}" for m in _OTHERS if m != measure}


def controls(measure: str) -> list[Setting]:
    """One setting a characteristic: whether it is matched, and how much it counts."""
    return [
        Setting(f"{PREFIX}{name}", label, WEIGHTS, "0",
                "Each characteristic is divided by its spread over the places before it counts. With any of "
                "them the classic estimator answers, as the others match months only.")
        for name, label in _labels(measure).items()
    ]  # fmt: skip


def matched(chosen: Mapping[str, str]) -> dict[str, float]:
    """Characteristic → weight, of those that are matched."""
    return {
        key.removeprefix(PREFIX): float(value)
        for key, value in chosen.items()
        if key.startswith(PREFIX) and value != "0"
    }


def predictors(chosen: Mapping[str, str], measure: str, found: Case) -> Predictors | None:
    """What the method matches, under names for people; None where months are matched."""
    weights, labels = matched(chosen), _labels(measure)
    if not weights or found.characteristics is None:
        return None
    table = found.characteristics.loc[list(weights)].rename(index=labels)
    return Predictors(table, pd.Series({labels[k]: v for k, v in weights.items()}))
