"""What an interrupted time series needs out of the hub: the series, comparison cities, other outcomes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from analysis.data import MeasureSeries
from analysis.evidence import RefusedError
from analysis.its import ItsSpec
from dashboard import data
from dashboard import words as w
from dashboard.views.its.controls import RESIDENTS, city_name

#: A comparison city: its agency_id, and its count and population by month.
Member = tuple[str, pd.DataFrame]


def window_of(series: MeasureSeries, spec: ItsSpec) -> pd.DataFrame:
    """Count and population of the months that the specification looks at.

    Raises:
        RefusedError: the data end before the start.
    """
    last = series.complete_through
    start = pd.Period(spec.start, "M")
    if last is None or last < start:
        raise RefusedError(
            f"The data end in {w.month(last)}, before the start in {w.month(spec.start)}. Choose an earlier "
            "start, or wait for the months after it."
        )
    frame = pd.DataFrame({"count": series.counts})
    if series.population is not None:
        frame["population"] = series.population.reindex(frame.index)
    first = frame.index[0] if spec.pre_periods is None else max(frame.index[0], start - spec.pre_periods)
    return frame.loc[first:last]


@st.cache_resource(show_spinner="Reading comparison cities …", max_entries=32)
def members_of(path: str, version: str, measure: str, first: str, last: str) -> dict[str, Member]:
    """Comparison cities with every month: name → (agency_id, count and population)."""
    del version  # part of the key alone
    with data.reading(path) as hub:
        panel = hub.donor_panel(measure, first, last, min_population=RESIDENTS)
        states = hub.agencies().set_index("agency_id")["state"]
    if panel.counts.shape[1] == 0:
        raise RefusedError(
            f"No comparison city reported every month from {w.months(first, last)}. Take a shorter history, "
            "or fit the place’s own past alone."
        )
    held: dict[str, Member] = {}
    months = pd.period_range(first, last, freq="M")
    for i in panel.counts.columns:
        name = city_name(panel.names[i], states.get(i))
        table = pd.DataFrame({"count": panel.counts[i].reindex(months)}, index=months)
        table["population"] = float(panel.population[i])
        held[name if name not in held else f"{name} ({i})"] = (str(i), table)
    return held


def some(members: dict[str, Member], chosen: str) -> dict[str, Member]:
    """The comparison cities of a list of agency_ids joined by commas.

    Raises:
        RefusedError: none is chosen, or one of them lacks months.
    """
    wanted = {i for i in chosen.split(",") if i}
    if not wanted:
        raise RefusedError(
            "No comparison city is chosen. Choose some under “Comparison cities”, or take all of them."
        )
    kept = {n: m for n, m in members.items() if m[0] in wanted}
    if len(kept) < len(wanted):
        lost = len(wanted) - len(kept)
        raise RefusedError(
            f"{w.sentence_case(w.plural(lost, 'chosen city', 'chosen cities', spelled=True))} did not report "
            "every month of this window. Choose others, or take a shorter history."
        )
    return kept


def total(members: Mapping[str, Member]) -> pd.DataFrame:
    """Count and population of all cities together."""
    tables = [t for _, t in members.values()]
    index = tables[0].index
    counts = np.sum([t["count"].to_numpy(float) for t in tables], axis=0)
    return pd.DataFrame({"count": counts, "population": sum(float(t["population"].iloc[0]) for t in tables)},
                        index=index)  # fmt: skip


def on_months(table: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The same months and people as the series itself; months that are not known stay empty."""
    cut = table.reindex(frame.index)
    if "population" in frame:
        cut["population"] = frame["population"]
    return cut
