"""A goal as data: which measure, against what, from when, by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import pandas as pd

from analysis.evidence import RefusedError
from analysis.progress.windows import month, month_range, refuse_overlap

Reading = Literal["third_year", "cumulative"]

#: How a reading of "20 % over three years" is put to people.
READINGS: Final[dict[str, str]] = {
    "third_year": "the last year of the period lies below the baseline by the whole reduction",
    "cumulative": "all months of the period together lie below the baseline by the whole reduction",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """A public promise: ``reduction`` of ``measure`` over ``months`` months from ``start``.

    Attributes:
        measure: id of the measure, for example ``"homicide"``.
        baseline: first and last month of the baseline, both included (``"2022-01"``, ``"2024-12"``).
        start: first month of the goal period.
        months: length of the goal period.
        reduction: share by which events shall fall, 0.20 for 20 %.
        reading: ``"third_year"``, where the last twelve months of the period shall lie below the
            baseline by the whole reduction, or ``"cumulative"``, where the whole period shall.

    Raises:
        RefusedError: a value is impossible, the baseline is shorter than a year, or baseline and
            goal period share a month (a comparison of a month with itself hides change).
    """

    measure: str
    baseline: tuple[str, str]
    start: str
    months: int = 36
    reduction: float = 0.20
    reading: Reading = "third_year"

    def __post_init__(self) -> None:
        if not self.measure:
            raise RefusedError("A goal needs a measure, for example “homicide”.")
        if self.reading not in get_args(Reading):
            raise RefusedError(f"A goal is read as {' or '.join(READINGS)}, not as “{self.reading}”.")
        if not 0 < self.reduction < 1:
            raise RefusedError(f"A reduction lies between 0 and 1 (0.20 is 20 %), not {self.reduction:g}.")
        if isinstance(self.months, bool) or int(self.months) != self.months or not 1 <= self.months <= 240:
            raise RefusedError(f"A goal lasts 1 to 240 whole months, not {self.months}.")
        if len(self.baseline) != 2:
            raise RefusedError("A baseline is two months: its first and its last.")
        if len(self.baseline_months) < 12:
            raise RefusedError(
                f"The baseline has {len(self.baseline_months)} months. It needs at least 12, so that "
                "every calendar month can be compared with itself."
            )
        refuse_overlap(self.baseline_months, self.period)

    @property
    def baseline_months(self) -> pd.PeriodIndex:
        """All months of the baseline."""
        return month_range(self.baseline[0], self.baseline[1], "The baseline")

    @property
    def period(self) -> pd.PeriodIndex:
        """All months of the goal period."""
        return pd.period_range(month(self.start, "A goal's start"), periods=int(self.months), freq="M")

    @property
    def deciding_months(self) -> pd.PeriodIndex:
        """The months that decide: the last year, or the whole period, as the goal is read."""
        return self.period[-12:] if self.reading == "third_year" else self.period
