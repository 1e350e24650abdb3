"""What a synthetic control of several places, or of areas inside one, needs from the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from analysis.data import Hub, HubError
from analysis.data.geography.area_series import counts_by_area
from analysis.evaluate.synthetic import SynthInputs, synth_inputs
from analysis.evidence import RefusedError
from analysis.synth import Background, Predictors

#: Kinds of areas that are looked at, and those that may serve as donors.
KINDS: Final = ("neighborhood", "comparison", "focus")
DONOR_KINDS: Final = ("neighborhood", "comparison")
#: An area that shares more than this of itself with another counts as lying in it.
_OVERLAP: Final = 0.01
#: Degrees within which areas count as neighbors (about a hundred metres).
_NEXT_TO: Final = 0.001
#: An area with fewer events a month before the start is mostly zeros.
FEWEST_A_MONTH: Final = 0.5


def several_inputs(
    hub: Hub,
    starts: Mapping[str, str],
    measure: str,
    *,
    preset_id: str = "all",
    pre_start: str | None = None,
    end: str | None = None,
) -> SynthInputs:
    """Several jurisdictions with starts of their own, beside the donors of any of them.

    All share the latest of their first months, so that one panel serves all; a donor without figures in
    the last months of one place's window sits out that place's comparison.

    Args:
        hub: the data.
        starts: jurisdiction → first month of its intervention.
        measure, preset_id, pre_start, end: as in :func:`analysis.evaluate.synthetic.synth_inputs`.

    Raises:
        RefusedError: no jurisdiction was named, or one has no series, residents or donors.
    """
    if not starts:
        raise RefusedError("No treated place was named. Give at least one with its start.")

    def of(place: str, first: str | None) -> SynthInputs:
        return synth_inputs(hub, place, measure, starts[place], preset_id=preset_id, pre_start=first, end=end)

    found = {place: of(place, pre_start) for place in starts}
    latest = max(f.panel.index[0] for f in found.values())
    found = {p: f if f.panel.index[0] == latest else of(p, str(latest)) for p, f in found.items()}
    parts = list(found.values())
    treated = pd.DataFrame({place: f.panel[place] for place, f in found.items()})
    donors = pd.concat([f.panel.drop(columns=place) for place, f in found.items()], axis=1)
    donors = donors.loc[:, ~donors.columns.duplicated()]
    people = pd.concat([f.population for f in parts if f.population is not None])
    longest = max(parts, key=lambda f: len(f.panel))
    table = longest.donors.copy()
    late = table["agency_id"].isin(list(donors.columns)) & ~table["donor"]
    table.loc[late, "donor"], table.loc[late, "reason"] = True, ""
    left = table[~table["donor"]].rename(columns={"agency_id": "unit"})
    breaks = [f.background.breaks for f in parts if f.background.breaks is not None]
    background = replace(
        longest.background,
        names={**longest.background.names, **{p: f.background.names[p] for p, f in found.items()}},
        breaks=pd.concat(breaks, ignore_index=True) if breaks else None,
        excluded=left[["unit", "reason"]].astype("str").reset_index(drop=True),
    )
    return SynthInputs(
        panel=pd.concat([treated, donors.reindex(treated.index)], axis=1),
        population=people[~people.index.duplicated()],
        background=background,
        donors=table,
        donor_sets={},
        definition="; ".join(dict.fromkeys(f.definition for f in parts if f.definition)),
    )


def area_table(hub: Hub, jurisdiction: str, measure: str) -> pd.DataFrame:
    """Month × area counts of every area of a jurisdiction that could be treated or a donor.

    Only the last unbroken run of months that have located incidents.

    Raises:
        RefusedError: there are no areas, or incidents have no locations.
    """
    areas = hub.areas()
    inside = areas[(areas["jurisdiction"] == jurisdiction) & areas["kind"].isin(KINDS)]
    if len(inside) < 2:
        raise RefusedError(
            "The hub holds fewer than two areas inside this place. Import a file of areas (GeoJSON)."
        )
    try:
        table = counts_by_area(hub, [str(a) for a in inside["area_id"]], measure)
    except HubError as why:
        raise RefusedError(str(why)) from why
    known = pd.PeriodIndex(table.dropna(how="all").index, freq="M")
    if len(known) == 0:
        raise RefusedError("There are no usable monthly counts of this measure in these areas.")
    # The unbroken run of months that ends last: what lies before a hole has another history.
    run = known[-1:]
    while len(run) < len(known) and known[-len(run) - 1] == run[0] - 1:
        run = known[-len(run) - 1 :]
    return table.loc[run[0] : run[-1]]


def areas_inputs(
    hub: Hub,
    counts: pd.DataFrame,
    treated: Sequence[str],
    start: str,
    *,
    neighbors: bool = False,
    pre_start: str | None = None,
    end: str | None = None,
) -> SynthInputs:
    """Areas inside a jurisdiction beside its other areas.

    Left out, each with its reason: areas that share ground with a treated one or with any area where a
    programme works, those next door (unless ``neighbors``: what is pushed out or calmed at the border would
    show there), focus areas, and areas that are mostly zeros before the start. Rates are fitted where the
    residents of every area are known, counts otherwise.

    Args:
        hub: the data.
        counts: from :func:`area_table`.
        treated: area_ids. start: first month of the earliest intervention.
        neighbors: whether areas next door may be donors.
        pre_start, end: first and last month of the window.

    Raises:
        RefusedError: no area was named, or one is not in the table.
    """
    if not treated:
        raise RefusedError("No treated area was named. Choose at least one.")
    absent = [a for a in treated if a not in counts.columns]
    if absent:
        raise RefusedError(f"There is no area “{absent[0]}” with counts in this place.")
    areas = hub.areas().set_index("area_id")
    table = counts.loc[pre_start or counts.index[0] : end or counts.index[-1]]
    before = table.loc[table.index < pd.Period(start, "M")]
    here: list[Any] = [areas.loc[a, "geometry"] for a in treated]
    worked = set(hub.deployments()["area_id"].dropna()) & set(areas.index) - set(treated)
    busy: list[Any] = [areas.loc[a, "geometry"] for a in worked]

    def reason(area: str) -> str:
        shape: Any = areas.loc[area, "geometry"]
        if any(shape.intersection(h).area > _OVERLAP * shape.area for h in here):
            return "shares ground with a treated area"
        if areas.loc[area, "kind"] not in DONOR_KINDS:
            return "is a focus area, where the tactics work"
        if any(shape.intersection(b).area > _OVERLAP * shape.area for b in busy):
            return "shares ground with an area where a programme works"
        if not neighbors and any(shape.distance(h) < _NEXT_TO for h in here):
            return "is next to a treated area: what is pushed out or calmed there would show here"
        if len(before) and before[area].mean() < FEWEST_A_MONTH:
            return "has fewer than one event in two months before the start"
        return ""

    rows = [(a, str(areas.loc[a, "name"]), reason(a)) for a in counts.columns if a not in treated]
    donors = pd.DataFrame(rows, columns=["area_id", "name", "reason"]).astype("str")
    donors["donor"] = donors["reason"] == ""
    used = [*treated, *donors.loc[donors["donor"], "area_id"]]
    people = areas.loc[used, "population"].astype(float)
    left = donors.loc[~donors["donor"], ["area_id", "reason"]].rename(columns={"area_id": "unit"})
    return SynthInputs(
        panel=table[used],
        population=people if bool((people > 0).all()) else None,
        background=Background(
            names={str(a): str(n) for a, n in areas["name"].items()},
            excluded=left.astype("str").reset_index(drop=True),
        ),
        donors=donors,
        donor_sets={},
        definition="incidents inside each area, not victims; those without a location are missing",
    )


def characteristics(
    hub: Hub, found: SynthInputs, measure: str, start: str, weights: Mapping[str, float]
) -> Predictors:
    """What units are like before the start, to be matched in place of the months.

    Args:
        hub: the data. found: the panel with residents. measure: what it counts. start: first month after.
        weights: characteristic → weight V, above zero: ``mean`` (rate over all months before the start),
            ``first`` and ``last`` (over the first and the last twelve), ``residents``, or another measure's
            identifier (its rate over the same months).

    Raises:
        RefusedError: none was named, or residents are not known.
    """
    if not weights:
        raise RefusedError("No characteristic was named. Choose at least one.")
    if found.population is None:
        raise RefusedError("Residents of these areas are not known, so rates cannot be matched.")
    people = found.population.reindex(found.panel.columns).astype(float)
    before = found.panel.loc[found.panel.index < pd.Period(start, "M")]
    rates = 1e5 * before / people
    rows: dict[str, pd.Series] = {}
    for name in weights:
        if name == "mean":
            rows[name] = rates.mean()
        elif name == "first":
            rows[name] = rates.iloc[:12].mean()
        elif name == "last":
            rows[name] = rates.iloc[-12:].mean()
        elif name == "residents":
            rows[name] = people
        else:
            rows[name] = _other_rate(hub, name, list(found.panel.columns), before.index, people)
    return Predictors(pd.DataFrame(rows).T, pd.Series(dict(weights), dtype=float))


def _other_rate(hub: Hub, measure: str, units: list[str], months: pd.Index, people: pd.Series) -> pd.Series:
    """Mean rate of another measure over the months, NaN where a unit lacks any of them."""
    place, *_ = units
    try:
        own = hub.series(place, measure).counts.reindex(months)
    except HubError as why:
        raise RefusedError(str(why)) from why
    panel = hub.donor_panel(measure, months[0], months[-1], min_population=0.0).counts
    table = panel.reindex(columns=units[1:])
    table.insert(0, place, own)
    return 1e5 * table.mean(skipna=False) / people
