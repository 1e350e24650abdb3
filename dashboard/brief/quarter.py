"""Everything that one quarter's brief is made of, and two standings side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.data import Hub
from analysis.data.vocabulary import JURISDICTIONS
from analysis.evaluate import Results
from dashboard import headlines
from dashboard.views.progress.page import Standing


@dataclass(frozen=True)
class Quarter:
    """Everything a quarter's brief is made of."""

    hub: Hub
    quarter: pd.Period
    first: pd.Period
    last: pd.Period
    measure: str
    region: Standing
    region_before: Standing
    places: Mapping[str, Standing]
    places_before: Mapping[str, Standing]
    results: Results
    results_before: Results
    dose: pd.DataFrame
    dose_before: pd.DataFrame
    floor: int

    @property
    def name(self) -> str:
        """Such as "Third quarter 2026"."""
        return headlines.quarter(self.last)


def pairs(q: Quarter) -> list[tuple[Standing, Standing]]:
    """The region and each jurisdiction, now and a quarter ago."""
    return [(q.region, q.region_before), *((q.places[j], q.places_before[j]) for j in JURISDICTIONS)]
