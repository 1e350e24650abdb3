"""Periods: reading dates, spans to leave out, phase-ins of other changes, and runs of months in words."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.evidence import RefusedError
from analysis.its.spec import ItsSpec, interruption

Flags = NDArray[np.bool_]

#: Letter of a frequency → periods a year; periods a year → what one is called.
PER_YEAR: Final = {"M": 12, "Q": 4, "Y": 1}
WORDS: Final = {12: "month", 4: "quarter", 1: "year"}


def period(text: str, freq: str, name: str) -> pd.Period:
    """A date in the frequency of the series; refused by its ``name`` when it is none."""
    try:
        return pd.Period(text, freq=freq)
    except ValueError as error:
        raise RefusedError(f"The {name} {text!r} is not a date. Write it like 2025-01.") from error


def left_out(periods: pd.PeriodIndex, spec: ItsSpec) -> Flags:
    """Periods inside the spans of ``spec.leave_out``."""
    out = np.zeros(len(periods), bool)
    for text in spec.leave_out:
        first, _, last = str(text).partition(":")
        low = period(first.strip(), periods.freqstr, "leave_out")
        high = period(last.strip(), periods.freqstr, "leave_out") if last else low
        if high < low:
            raise RefusedError(f"The span {text!r} to leave out ends before it begins.")
        out |= np.asarray((periods >= low) & (periods <= high), bool)
    return out


def settling(periods: pd.PeriodIndex, spec: ItsSpec) -> tuple[Flags, tuple[str, ...]]:
    """Periods in the phase-in of another change, and what the model says of each of them."""
    out, said = np.zeros(len(periods), bool), []
    unit = WORDS[PER_YEAR[periods.freqstr[0]]]
    for text in spec.interruptions:
        asked = interruption(text)
        first = period(asked.start, periods.freqstr, "interruption")
        since = np.arange(len(periods)) - (first - periods[0]).n
        out |= (since >= 0) & (since < asked.phase_in)
        slope = spec.slope if asked.slope is None else asked.slope
        what = "level and trend" if asked.level and slope else "level" if asked.level else "trend"
        later = f", after a phase-in of {asked.phase_in} {unit}s" if asked.phase_in else ""
        said.append(f"Another change from {asked.start} on: its own change of {what}{later}.")
    return out, tuple(said)


def span(periods: pd.PeriodIndex, mask: Flags) -> str:
    """Months in words: runs as 'first to last', at most four runs."""
    places = np.flatnonzero(mask)
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    words = [str(periods[r[0]]) if len(r) == 1 else f"{periods[r[0]]} to {periods[r[-1]]}" for r in runs]
    return ", ".join(words[:4]) + (f" and {len(words) - 4} more runs" if len(words) > 4 else "")
