"""From counts to a series: one source per agency, a constant panel, holes where nothing is known.

* An agency's series comes from **one** source, never spliced from two.
* A jurisdiction's series adds a **constant panel** of its agencies. An agency that does not have
  every month of the window is left out and named, because a total whose members change is no series.
* A month that an agency did not report, reported in part, or reported in a way that looks wrong is
  **NaN**, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.data.measures import add, definition_of
from analysis.data.vocabulary import JURISDICTIONS, REGION

#: Statuses whose counts are used.
USABLE: Final = ("reported", "estimated")
#: The baseline that a source should cover when no goal says otherwise.
DEFAULT_BASELINE: Final = ("2022-01", "2024-12")
#: A large agency stays in the panel with a few holes: its share of events, and how many months.
_LARGE_SHARE: Final = 0.10
_HOLES: Final = 6
#: How a reason tells the status of a month.
_KINDS: Final = (("suspect:", "suspect"), ("in part", "partial"))
#: A member may be so many months later than the largest agency; the total then waits for it.
_LATE: Final = 3


@dataclass(frozen=True)
class MeasureSeries:
    """A measure of a place, month by month, and everything needed to say where it comes from.

    Attributes:
        counts: float on a monthly PeriodIndex without holes; NaN where not usable.
        status: month, status (used · missing · partial · suspect · left out), why.
        population: residents by month on the same index, or None when unknown.
        definition: exactly what was added, per agency.
        source: layouts it comes from.
        notes: what a careful reader must know, as sentences.
        complete_through: last month with a usable figure, or None.
        vintage: latest day on which any of its figures was known (ISO date).
    """

    place: str
    measure: str
    counts: pd.Series
    status: pd.DataFrame
    population: pd.Series | None
    definition: str
    source: str
    notes: tuple[str, ...]
    complete_through: pd.Period | None
    vintage: str


@dataclass(frozen=True)
class AgencySeries:
    """A measure of one agency from the source that was chosen for it.

    ``counts``: float on a monthly PeriodIndex, NaN where not usable. ``words``: what was added.
    ``others``: sources that were not used.
    """

    agency_id: str
    name: str
    source: str
    counts: pd.Series
    words: str
    vintage: str
    rows: pd.DataFrame = field(repr=False, compare=False)
    others: tuple[str, ...] = ()

    @cached_property
    def why(self) -> pd.Series:
        """Month → why it is not usable ("" = usable)."""
        unknown = self.counts.isna()
        why = pd.Series("", index=self.counts.index, dtype="object")
        why[unknown] = "not reported"
        partial = self.rows.loc[self.rows["status"] == "partial", "month"].unique()
        why[why.index.isin(partial) & unknown] = "reported in part"
        suspects = (
            self.rows[self.rows["suspect"] != ""].drop_duplicates("month").set_index("month")["suspect"]
        )
        hit = suspects.index[suspects.index.isin(self.counts.index[unknown])]
        why[hit] = "suspect: " + suspects[hit]
        return why


def agency_series(
    counts: pd.DataFrame,
    measure: str,
    *,
    names: Mapping[str, str],
    preferred: Mapping[str, str],
    baseline: tuple[str, str] = DEFAULT_BASELINE,
) -> dict[str, AgencySeries]:
    """The measure of every agency that has it, each from one source.

    Args:
        counts: agency_id, month (Period), offense, count, status, source, suspect, vintage.
        names: agency_id → name. preferred: agency_id → source that somebody chose.

    The source chosen is the preferred one; else, of those that cover the baseline, the one whose
    usable months reach furthest, ties going to the one with most months. Where none covers the
    baseline, the same among all.
    """
    rows = counts[counts["offense"].isin(definition_of(measure).needs)]
    if rows.empty:
        return {}
    rows = rows.sort_values(["agency_id", "source"], kind="stable", ignore_index=True)
    group = rows.groupby(["agency_id", "source"], sort=True)
    series = np.asarray(group.ngroup(), dtype=np.int64)
    starts = np.searchsorted(series, np.arange(series[-1] + 2))
    keys = list(group.size().index)
    months = pd.period_range(rows["month"].min(), rows["month"].max(), freq="M", name="month")
    totals, words = add(measure, _cube(rows, series, len(keys), months))
    in_baseline = months.isin(pd.period_range(*baseline, freq="M"))
    needed = max(int(in_baseline.sum()), 1)
    best: dict[str, tuple[tuple[object, ...], int]] = {}
    candidates: dict[str, list[str]] = {}
    for i, (agency, source) in enumerate(keys):
        usable = np.flatnonzero(np.isfinite(totals[i]))
        if words[i] is None or not usable.size:
            continue
        covers = np.isfinite(totals[i, in_baseline]).sum() >= 0.9 * needed
        rank = (source == preferred.get(agency), bool(covers), int(usable[-1]), len(usable), source)
        candidates.setdefault(agency, []).append(source)
        if agency not in best or rank > best[agency][0]:
            best[agency] = (rank, i)
    out = {}
    for agency, (_, i) in best.items():
        own = rows.iloc[starts[i] : starts[i + 1]]
        source = keys[i][1]
        span = months.slice_indexer(own["month"].min(), own["month"].max())
        one = pd.Series(totals[i, span], index=months[span], name="count")
        rest = tuple(s for s in candidates[agency] if s != source)
        vintage = str(own["vintage"].max())
        out[agency] = AgencySeries(
            agency, names.get(agency, agency), source, one, words[i] or "", vintage, own, rest
        )
    return out


def _cube(
    rows: pd.DataFrame, series: npt.NDArray[np.int64], n: int, months: pd.PeriodIndex
) -> dict[str, npt.NDArray[np.float64]]:
    """offense → series × months, NaN where a figure is not usable."""
    usable = (rows["status"].isin(USABLE) & (rows["suspect"] == "")).to_numpy()
    at = months.get_indexer(pd.PeriodIndex(rows["month"]))
    values, offense = rows["count"].to_numpy(float), rows["offense"].to_numpy(dtype=object)
    cube = {}
    for name in set(offense):
        here = usable & (offense == name)
        block = np.full((n, len(months)), np.nan)
        block[series[here], at[here]] = values[here]
        cube[str(name)] = block
    return cube


@dataclass(frozen=True)
class Panel:
    """The agencies that make up a jurisdiction's series, and those left out with the reason."""

    members: tuple[AgencySeries, ...]
    left_out: dict[str, str] = field(default_factory=dict)  # name → reason


def constant_panel(series: list[AgencySeries], principal: str | None = None) -> Panel:
    """Agencies that have every month of the window.

    The window is the one of the agency with most events. Others belong to the panel when they have
    all of its usable months; one may be up to three months late (the total then waits for it); one
    with a tenth or more of the events stays even with up to six holes (the total has them too).
    """
    if not series:
        return Panel(())
    events = {s.agency_id: float(s.counts.tail(36).sum()) for s in series}
    lead = next((s for s in series if s.agency_id == principal), None) or max(
        series, key=lambda s: (events[s.agency_id], s.agency_id)
    )
    all_events = sum(events.values()) or 1.0
    window = lead.counts.dropna().index
    members, out = [lead], {}
    for one in sorted(series, key=lambda s: s.agency_id):
        if one is lead:
            continue
        have = one.counts.reindex(window).notna()
        due = have[have.index <= max(window[-1] - _LATE, window[0])]
        missing = due.index[~due]
        large = events[one.agency_id] >= _LARGE_SHARE * all_events
        if len(missing) == 0 or (large and len(missing) <= _HOLES):
            members.append(one)
        else:
            out[one.name] = _missing_words(missing, len(due))
    return Panel(tuple(members), out)


def _missing_words(missing: pd.PeriodIndex, of: int) -> str:
    if len(missing) == of:
        return "has no usable month in the window"
    shown = ", ".join(str(m) for m in missing[:3]) + (" …" if len(missing) > 3 else "")
    return f"lacks {len(missing)} of {of} months ({shown})"


def sum_panel(place: str, measure: str, panel: Panel) -> MeasureSeries:
    """Add a panel's agencies; a month is known only when every member's is."""
    first = min(s.counts.index[0] for s in panel.members)
    last = max(s.counts.index[-1] for s in panel.members)
    months = pd.period_range(first, last, freq="M", name="month")
    table = pd.DataFrame({s.agency_id: s.counts.reindex(months) for s in panel.members})
    counts = table.sum(axis=1, min_count=table.shape[1]).astype("float64").rename("count")
    start, end = counts.first_valid_index(), _last(counts)
    if start is not None:
        counts = counts.loc[start:end]
    why = pd.DataFrame({s.name: s.why.reindex(counts.index).fillna("not reported") for s in panel.members})
    return MeasureSeries(
        place=place,
        measure=measure,
        counts=counts,
        status=status_table(counts, why),
        population=None,
        definition="; ".join(f"{s.name}: {s.words}" for s in panel.members) + ".",
        source=", ".join(sorted({s.source for s in panel.members})),
        notes=tuple(_panel_notes(panel)),
        complete_through=end,
        vintage=max(s.vintage for s in panel.members),
    )


def _panel_notes(panel: Panel) -> list[str]:
    notes = []
    for one in panel.members:
        if one.others:
            notes.append(
                f"{one.name}: taken from {one.source} alone; {', '.join(one.others)} "
                f"{'is' if len(one.others) == 1 else 'are'} not joined to it."
            )
    if len(panel.members) > 1:
        notes.append("Added from " + ", ".join(s.name for s in panel.members) + ".")
    notes.extend(f"{name} is left out: it {reason}." for name, reason in panel.left_out.items())
    return notes


def status_table(counts: pd.Series, why: pd.DataFrame) -> pd.DataFrame:
    """month, status and why, from the reasons per agency (columns: names, "" = usable)."""
    words = [
        "; ".join(f"{name} {reason}" for name, reason in row.items() if reason)
        for row in why.to_dict("records")
    ]
    kinds = [
        "used"
        if known
        else "suspect"
        if "suspect:" in text
        else "partial"
        if "in part" in text
        else "missing"
        for known, text in zip(counts.notna(), words, strict=True)
    ]
    return pd.DataFrame({"month": counts.index, "status": kinds, "why": words})


def sum_places(measure: str, parts: list[MeasureSeries], baseline_start: str) -> MeasureSeries | None:
    """The region: the sum of the jurisdictions that have data from the baseline on."""
    usable = [p for p in parts if _reaches_back(p, baseline_start)] or parts
    if not usable:
        return None
    first = max(p.counts.index[0] for p in usable)
    last = max(p.counts.index[-1] for p in usable)
    months = pd.period_range(first, last, freq="M", name="month")
    table = pd.DataFrame({p.place: p.counts.reindex(months) for p in usable})
    counts = table.sum(axis=1, min_count=table.shape[1]).astype("float64").rename("count")
    end = _last(counts)
    if end is None:
        return None
    counts = counts.loc[counts.first_valid_index() : end]
    why = pd.DataFrame(
        {
            JURISDICTIONS.get(p.place, p.place): p.status.set_index("month")["why"]
            .reindex(counts.index)
            .fillna("not reported")
            for p in usable
        }
    )
    people = {p.place: p.population.reindex(counts.index) for p in usable if p.population is not None}
    population = pd.DataFrame(people).sum(axis=1) if len(people) == len(usable) else None
    return MeasureSeries(
        place=REGION,
        measure=measure,
        counts=counts,
        status=status_table(counts, why),
        population=population,
        definition=" ".join(f"{JURISDICTIONS[p.place]} = {p.definition}" for p in usable),
        source=", ".join(sorted({s for p in usable for s in p.source.split(", ")})),
        notes=tuple(_region_notes(usable, parts)),
        complete_through=end,
        vintage=max(p.vintage for p in usable),
    )


def _reaches_back(series: MeasureSeries, month: str) -> bool:
    return series.counts.first_valid_index() is not None and str(series.counts.index[0]) <= month


def _region_notes(used: list[MeasureSeries], parts: list[MeasureSeries]) -> list[str]:
    notes = []
    absent = [n for j, n in JURISDICTIONS.items() if j not in {p.place for p in used}]
    if absent:
        names = " and ".join(JURISDICTIONS[p.place] for p in used)
        gone = " and ".join(absent)
        notes.append(f"The region here is {names} only: there is no usable series for {gone}.")
    ends = {p.place: p.complete_through for p in used if p.complete_through is not None}
    for place, end in ends.items():
        if end < max(ends.values()):
            notes.append(f"The region waits for {JURISDICTIONS[place]}, complete through {end}.")
    for p in used:
        notes.extend(f"{JURISDICTIONS[p.place]}: {n}" for n in p.notes)
    return notes


def _last(counts: pd.Series) -> pd.Period | None:
    """Last usable month; None when there is none."""
    usable = pd.PeriodIndex(counts.dropna().index, freq="M")
    return usable[-1] if len(usable) else None
