"""What a synthetic control needs, taken out of the hub: panel, residents, what is known of the donors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pandas as pd

from analysis.data import Hub
from analysis.data.elsewhere.donors import DonorPanel, donor_table
from analysis.data.elsewhere.presets import PRESETS, SAME_TACTIC, preset
from analysis.data.measures import definition_of
from analysis.data.vocabulary import JURISDICTIONS
from analysis.evaluate.material import ENOUGH_DONORS, FEWEST_YEARS, months_of, place_series
from analysis.evidence import RefusedError
from analysis.synth import Background


@dataclass(frozen=True, slots=True)
class SynthInputs:
    """Everything ``analysis.synth.fit`` and its page ask for.

    Attributes:
        panel: month × unit, the treated place first, float.
        population: unit → residents; None for areas.
        background: names, breaks, the same tactic elsewhere, and every exclusion with its reason.
        donors: every agency looked at, with reason and place on the map
            (:func:`analysis.data.elsewhere.donors.donor_table`); for areas area_id, name, donor, reason.
        donor_sets: label → units that preset leaves out, for ``specification_table``.
        definition: what was counted, in words.
    """

    panel: pd.DataFrame = field(repr=False)
    population: pd.Series | None = field(repr=False)
    background: Background = field(repr=False)
    donors: pd.DataFrame = field(repr=False)
    donor_sets: dict[str, tuple[str, ...]] = field(repr=False)
    definition: str = ""


def synth_inputs(
    hub: Hub,
    place: str,
    measure: str,
    start: str,
    *,
    preset_id: str = "all",
    pre_start: str | None = None,
    end: str | None = None,
    exclude: Sequence[str] = (),
) -> SynthInputs:
    """A jurisdiction beside its donors.

    Args:
        hub: the data.
        place, measure: identifiers.
        start: first month of the intervention.
        preset_id: donor pool (:data:`analysis.data.elsewhere.presets.PRESETS`).
            Places where the same tactic is published to have begun inside the window are never donors.
        pre_start: first month; ``None`` = the first January from which 30 donors are complete, else the
            one with the most.
        end: last month; ``None`` = the place's last usable one.
        exclude: agencies that the user takes out.

    Raises:
        RefusedError: no series, residents or donors; KeyError: no such preset.
    """
    chosen = preset(preset_id)
    counts, population, definition = place_series(hub, place, measure)
    if population is None or population.dropna().empty:
        raise RefusedError("No population is known here, so it cannot be compared per resident.")
    months, begin = months_of(counts), pd.Period(start, "M")
    known = months_of(counts.dropna())
    if known.empty:
        raise RefusedError("There are no usable monthly counts of this measure here.")
    last = known[-1] if end is None else min(known[-1], pd.Period(end, "M"))
    gaps = months[counts.isna().to_numpy() & (months <= last)]
    first = gaps[-1] + 1 if len(gaps) else months[0]
    if pre_start is not None:
        firsts = [max(first, pd.Period(pre_start, "M"))]
    else:
        latest = begin - 12 * FEWEST_YEARS
        firsts = [m for m in months if m.month == 1 and first <= m <= latest] or [first]
    if firsts[0] >= begin:
        raise RefusedError("A missing month leaves no unbroken history before the start.")
    best = None
    for candidate in firsts:
        panel = _donors(hub, hub.version, measure, str(candidate), str(last), chosen.min_population)
        if best is None or panel.counts.shape[1] > best.counts.shape[1]:
            best = panel
        if best.counts.shape[1] >= ENOUGH_DONORS:
            break
    assert best is not None
    agencies = hub.agencies()
    donors = donor_table(best, agencies, chosen)
    _leave_out(donors, _same_tactic(best.counts.index[0], last))
    _leave_out(donors, dict.fromkeys(exclude, "left out by choice"))
    kept = [a for a in best.counts.columns if a in set(donors.loc[donors["donor"], "agency_id"])]
    if not kept:
        raise RefusedError("No comparison city of this pool reported every month of this window.")
    table = best.counts[kept].copy()
    table.insert(0, place, counts.reindex(table.index))
    people = pd.concat(
        [pd.Series({place: float(population.reindex(table.index).mean())}), best.population[kept]]
    ).astype(float)
    left = donors[~donors["donor"]].rename(columns={"agency_id": "unit"})
    background = Background(
        names=_names(place, agencies),
        same_tactic={e.agency_id: e.since for e in SAME_TACTIC},
        breaks=_breaks(hub, place, measure),
        excluded=left[["unit", "reason"]].astype("str").reset_index(drop=True),
    )
    inside = agencies[agencies["agency_id"].isin(kept)]
    sets = {p.label: tuple(p.reasons(inside)) for p in PRESETS if p.preset_id not in ("all", preset_id)}
    return SynthInputs(table, people, background, donors, {k: v for k, v in sets.items() if v}, definition)


@lru_cache(maxsize=32)
def _donors(hub: Hub, version: str, measure: str, first: str, last: str, people: float) -> DonorPanel:
    """The donors of a window, looked up once for every place that asks for it."""
    del version  # part of the key alone
    return hub.donor_panel(measure, first, last, min_population=people)


@lru_cache(maxsize=4)
def _known_breaks(hub: Hub, version: str) -> pd.DataFrame:
    """Breaks of one version of the data; the check that finds them takes seconds."""
    del version
    return hub.check().breaks


def _leave_out(donors: pd.DataFrame, reasons: dict[str, str]) -> None:
    """Mark donors of the table as left out, each for its reason."""
    hit = donors["agency_id"].isin(list(reasons)) & donors["donor"]
    donors.loc[hit, "reason"] = donors.loc[hit, "agency_id"].map(reasons).astype("str")
    donors.loc[hit, "donor"] = False


def _same_tactic(first: pd.Period, last: pd.Period) -> dict[str, str]:
    """Places where the same tactic began inside the window; one as old as the data is in the baseline."""
    return {
        e.agency_id: f"runs the same tactic: {e.what} since {e.since} ({e.source})"
        for e in SAME_TACTIC
        if first < pd.Period(e.since, "M") <= last
    }


def _names(place: str, agencies: pd.DataFrame) -> dict[str, str]:
    names = {str(r["agency_id"]): f"{r['name']}, {r['state']}" for r in agencies.to_dict("records")}
    return names | {place: JURISDICTIONS.get(place, place)}


def _breaks(hub: Hub, place: str, measure: str) -> pd.DataFrame:
    """Breaks inside the treated place's own source; donors with any break are no donors to begin with."""
    known = _known_breaks(hub, hub.version)
    agencies = hub.agencies()
    own = set(agencies.loc[agencies["jurisdiction"] == place, "agency_id"])
    source, needs = hub.series(place, measure).source, set(definition_of(measure).needs)
    rows = known[known["agency_id"].isin(own) & (known["before"] == source) & (known["after"] == source)]
    rows = rows[rows["offense"].isna() | rows["offense"].isin(needs)]
    return pd.DataFrame(
        {
            "unit": pd.Series([place] * len(rows), dtype="str"),
            "period": rows["month"].astype(str).to_numpy(),
            "reason": rows["reason"].astype(str).to_numpy(),
        }
    )
