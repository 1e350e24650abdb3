"""Did the area of a tactic change against its comparison area, and did anything move next door?

A simple check on counts of incidents, with equal calendar months before and after. The
evaluations of the tactics are made elsewhere, with whole series.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from analysis.data import Hub
from analysis.data.places import locate
from analysis.data.privacy import Audience, suppress
from analysis.data.vocabulary import REGION
from analysis.evidence import Interval, RefusedError
from analysis.hotspots import (
    Wdd,
    dispersion,
    e_test,
    matched_areas,
    regression_to_mean,
    relative_effect,
    wdd,
    wdd_cumulative,
)
from dashboard import words as w
from dashboard.views.hotspots.cells import PART, WHOLE, Located, of_measure

#: Counts below which the E-test says more than the weighted displacement difference.
SMALL: Final = 10
#: Months before the start by which areas are matched and dispersion is measured.
PAST: Final = 36
_ALIKE: Final = 3
_ROLES: Final = {"focus": "Focus area", "buffer": "Ring around it", "comparison": "Comparison area"}
_TOO_SMALL: Final = "Some counts are too small to be shown."
Shapes = dict[str, tuple[str, BaseGeometry]]


@dataclass(frozen=True)
class AreaChange:
    """What happened in one focus area, or why nothing is said.

    Attributes:
        name: of the deployment. start: first month of the tactic.
        counts: role (words), area, before, after (NaN: hidden), before_shown, after_shown.
        before, after: the two windows in words; empty when there is no comparison.
        local, ring: difference of the focus area (of the ring) against the comparison area.
        p_value: of the E-test for the focus area alone.
        why: why there is no test, as a sentence; empty when there is one.
        relative: ratio of the area's change to the comparison area's.
        warning: what the area would have done by itself, having been hot; empty when nothing is due.
        compared: how the comparison areas were chosen; empty when the hub names them.
        cumulative: the difference month by month (researchers alone; empty for everybody else).
        by_offense: kind of area, offense, before, after (researchers alone); size, spread: area weight of
            the comparison and dispersion that ``local`` was made with.
    """

    name: str
    start: pd.Period
    counts: pd.DataFrame
    before: str = ""
    after: str = ""
    local: Wdd | None = None
    ring: Wdd | None = None
    p_value: float | None = None
    why: str = ""
    relative: Interval | None = None
    warning: str = ""
    compared: str = ""
    cumulative: pd.DataFrame = field(default_factory=pd.DataFrame)
    by_offense: pd.DataFrame = field(default_factory=pd.DataFrame)
    size: float = 1.0
    spread: float = 1.0

    @property
    def sentence(self) -> str:
        """What the numbers say, in words that claim no more than they can."""
        if self.local is None:
            return self.why
        found = self.local
        size = w.number(abs(found.estimate))
        side = "no difference in incidents" if size == "0" else (
            f"{size} {'fewer' if found.estimate < 0 else 'more'} "
            f"{'incident' if size == '1' else 'incidents'}"
        )  # fmt: skip
        limits = f"likely between {_side(found.lower)} and {_side(found.upper)}"
        first = f"{side[:1].upper()}{side[1:]} than the comparison area's change would give ({limits})."
        if found.lower < 0 < found.upper:
            first += " We cannot tell yet whether the area changed by more than chance."
        return " ".join(filter(None, [first, self._ring_words(), self.warning, self.compared]))

    def _ring_words(self) -> str:
        if self.ring is None:
            return ""
        if self.ring.lower > 0:
            return "The ring around it rose: some of it may have moved next door."
        if self.ring.upper < 0:
            return "The ring around it fell as well."
        return "In the ring around it we cannot tell a change from chance."


def _side(value: float) -> str:
    size = w.number(abs(value))
    return "none" if size == "0" else f"{size} {'fewer' if value < 0 else 'more'}"


def area_changes(hub: Hub, data: Located, rules: Audience, measure: str, place: str) -> list[AreaChange]:
    """One answer a deployment with an area of its own, in the order of the hub."""
    deployments, areas = hub.deployments(), hub.areas()
    if deployments.empty or areas.empty:
        return []
    own = deployments[deployments["area_id"].notna() & deployments["jurisdiction"].isin(data.jurisdictions)]
    if place != REGION:
        own = own[own["jurisdiction"] == place]

    def told(which: str) -> list[AreaChange]:
        rows = of_measure(data.incidents, which).drop_duplicates(["agency_id", "incident_id"])
        return [_change(d, areas, rows, data, rules, which) for d in own.to_dict("records")]

    found = told(measure)
    if rules.k > 1 and measure == PART:
        found = [_beside(part, whole, rules.k) for part, whole in zip(found, told(WHOLE), strict=True)]
    return found


def _beside(part: AreaChange, whole: AreaChange, k: int) -> AreaChange:
    """A part whose difference to the whole is small is not shown."""
    times = ["before", "after"]
    if len(part.counts) != len(whole.counts) or part.counts.empty:
        return part
    gap = whole.counts[times].to_numpy(float) - part.counts[times].to_numpy(float)
    if ((gap > 0) & (gap < k)).any():
        return AreaChange(part.name, part.start, part.counts.iloc[:0], why=_TOO_SMALL)
    return part


def _change(
    deployment: Mapping[Any, Any], areas: pd.DataFrame, rows: pd.DataFrame, data: Located,
    rules: Audience, measure: str,
) -> AreaChange:  # fmt: skip
    name, start = str(deployment["name"]), pd.Period(str(deployment["start"]), "M")
    none = pd.DataFrame(columns=["role", "area", "before", "after", "before_shown", "after_shown"])
    shapes = _shapes(deployment, areas)
    if "focus" not in shapes:
        return AreaChange(name, start, none, why="The hub has no outline of its area.")
    length = (data.end - start).n + 1
    shortest = max(rules.shortest_window, 12 * rules.homicide_years if measure == "homicide" else 0)
    if length < shortest:
        have = "none" if length <= 0 else w.plural(length, "month")
        why = f"Too early to show: {have} since the start, and {w.plural(shortest, 'month')} are needed."
        return AreaChange(name, start, none, why=why)
    shift = 12 * int(np.ceil(length / 12))
    if start - shift < data.first:
        return AreaChange(name, start, none, why="The incidents do not reach far enough back to compare.")
    before, after = (start - shift, data.end - shift), (start, data.end)
    past = _monthly(rows, areas, shapes, max(start - PAST, data.first), start - 1)
    size, compared = 1.0, ""
    if "comparison" not in shapes:
        size, compared = _add_matched(shapes, past, areas, deployment)
    table = pd.DataFrame(
        [
            {"role": _ROLES[kind], "area": label, "kind": kind,
             "before": _inside(rows, shape, before), "after": _inside(rows, shape, after)}
            for kind, (label, shape) in shapes.items()
        ]
    )  # fmt: skip
    shown = _suppressed(table, rules)
    said = AreaChange(name, start, shown, before=w.months(*before), after=w.months(*after))
    if shown[["before", "after"]].isna().to_numpy().any():
        return replace(said, why=_TOO_SMALL)
    if "comparison" not in shapes:
        return replace(said, why="The hub has no comparison area for it, and no area is enough like it.")
    pair = {k: (float(b), float(a)) for k, b, a in table[["kind", "before", "after"]].itertuples(index=False)}
    extra = max(dispersion(past[kind]) for kind in ("focus", "comparison") if kind in past)
    weights = (1.0, size, 1.0, 1.0)
    try:
        local = wdd(pair["focus"], pair["comparison"], area_weights=weights, dispersion=extra)
        ring = None
        if "buffer" in pair:
            ring = wdd(pair["buffer"], pair["comparison"], area_weights=weights, dispersion=extra)
        alone = e_test(pair["focus"][1], pair["focus"][0]) if min(pair["focus"]) < SMALL else None
        ratio = relative_effect(pair["focus"], pair["comparison"], extra)
    except RefusedError as why:
        return replace(said, why=str(why))
    running, offenses = pd.DataFrame(), pd.DataFrame()
    if rules.points:
        running = _running(rows, shapes, before, after, weights, extra)
        offenses = _by_offense(rows, shapes, before, after)
    return replace(
        said, local=local, ring=ring, p_value=alone, relative=ratio, compared=compared, cumulative=running,
        warning=_by_itself(past, shapes["focus"][0], areas), by_offense=offenses, size=size, spread=extra,
    )  # fmt: skip


def _shapes(deployment: Mapping[Any, Any], areas: pd.DataFrame) -> Shapes:
    """The focus area, the ring that touches it, and the comparison areas of its jurisdiction."""
    here = areas[areas["jurisdiction"] == deployment["jurisdiction"]]
    focus = areas[areas["area_id"] == deployment["area_id"]]
    if focus.empty:
        return {}
    shape = focus["geometry"].iloc[0]
    found = {"focus": (str(focus["name"].iloc[0]), shape)}
    rings = here[here["kind"] == "buffer"]
    rings = rings[np.array([g.distance(shape) < 1e-4 for g in rings["geometry"]], dtype=bool)]
    if len(rings):
        outside = unary_union(list(rings["geometry"])).difference(shape)
        found["buffer"] = (w.join(list(rings["name"])), outside)
    comparison = here[here["kind"] == "comparison"]
    if len(comparison):
        found["comparison"] = (w.join(list(comparison["name"])), unary_union(list(comparison["geometry"])))
    return found


def _monthly(
    rows: pd.DataFrame, areas: pd.DataFrame, shapes: Shapes, start: pd.Period, end: pd.Period
) -> pd.DataFrame:
    """Incidents by month (rows) in the named shapes and in every neighborhood, by its name."""
    months = pd.period_range(start, end, freq="M")
    past = rows[(rows["month"] >= start) & (rows["month"] <= end)]
    homes = areas[areas["kind"] == "neighborhood"]
    # The named shapes overlap neighborhoods: each is counted by itself, the neighborhoods together.
    groups = [([shape], [kind]) for kind, (_, shape) in shapes.items()]
    groups.append((list(homes["geometry"]), list(homes["area_id"])))
    found: dict[str, np.ndarray] = {}
    for geometries, labels in groups:
        at = locate(past["longitude"], past["latitude"], geometries)
        month = months.get_indexer(pd.PeriodIndex(past["month"]))
        inside = (at >= 0) & (month >= 0)
        flat = np.bincount(month[inside] * len(labels) + at[inside], minlength=len(months) * len(labels))
        for label, counts in zip(labels, flat.reshape(len(months), -1).T, strict=True):
            found[label] = counts
    return pd.DataFrame(found, index=months)


def _add_matched(
    shapes: Shapes, past: pd.DataFrame, areas: pd.DataFrame, deployment: Mapping[Any, Any]
) -> tuple[float, str]:
    """Put the neighborhoods most like the focus area in as its comparison; how many, and words."""
    homes = areas[(areas["kind"] == "neighborhood") & (areas["jurisdiction"] == deployment["jurisdiction"])]
    near = unary_union([shape for _, shape in shapes.values()])
    apart = homes[np.array([g.distance(near) > 1e-4 for g in homes["geometry"]], dtype=bool)]
    if apart.empty:
        return 1.0, ""
    try:
        table = matched_areas(past[["focus", *apart["area_id"]]], "focus", areas=_ALIKE)
    except RefusedError:
        return 1.0, ""
    picked = table[(table["role"] == "chosen") & (table["p_alike"] > 0.01)]["area"]
    rows = homes[homes["area_id"].isin(picked)]
    if rows.empty:
        return 1.0, ""
    shapes["comparison"] = (w.join(list(rows["name"])), unary_union(list(rows["geometry"])))
    past["comparison"] = past[list(rows["area_id"])].sum(axis=1)
    return float(len(rows)), (
        f"The hub names no comparison area: {w.plural(len(rows), 'neighborhood')} that ran most alike before "
        "the start and touch neither the area nor its ring stand in, at their mean."
    )


def _by_itself(past: pd.DataFrame, name: str, areas: pd.DataFrame) -> str:
    """What the focus area would do by itself, having been hot before the start."""
    people = areas.set_index("area_id")["population"].astype(float)
    homes = [a for a in past.columns if a in people.index and people[a] > 0]
    own = areas.loc[areas["name"] == name, "population"].dropna()
    if own.empty or not float(own.iloc[0]) > 0:
        return ""
    events = past[["focus", *homes]].iloc[-12:].sum()
    try:
        found = regression_to_mean(events, "focus", [float(own.iloc[0]), *people[homes]])
    except RefusedError:
        return ""
    return found.sentence


def _running(
    rows: pd.DataFrame, shapes: Shapes, before: tuple[pd.Period, pd.Period],
    after: tuple[pd.Period, pd.Period], weights: tuple[float, float, float, float], inflation: float,
) -> pd.DataFrame:  # fmt: skip
    """The difference month by month since the start, against the same calendar months before."""
    none = pd.DataFrame({"kind": [], "geometry": [], "area_id": []})
    months = pd.concat([_monthly(rows, none, shapes, *window) for window in (before, after)])
    return wdd_cumulative(
        months["focus"], months["comparison"], before=len(months) // 2, area_weights=weights,
        inflation=inflation,
    )  # fmt: skip


def _by_offense(
    rows: pd.DataFrame, shapes: Shapes, before: tuple[pd.Period, pd.Period],
    after: tuple[pd.Period, pd.Period],
) -> pd.DataFrame:  # fmt: skip
    """Incidents of each offense in each kind of area, before and after."""
    return pd.DataFrame(
        [
            {"kind": kind, "offense": str(offense),
             "before": _inside(own, shape, before), "after": _inside(own, shape, after)}
            for offense, own in rows.groupby("offense", sort=True)
            for kind, (_, shape) in shapes.items()
        ]
    )  # fmt: skip


def _inside(rows: pd.DataFrame, shape: BaseGeometry, window: tuple[pd.Period, pd.Period]) -> int:
    own = rows[(rows["month"] >= window[0]) & (rows["month"] <= window[1])]
    return int((locate(own["longitude"], own["latitude"], [shape]) >= 0).sum())


def _suppressed(table: pd.DataFrame, rules: Audience) -> pd.DataFrame:
    long = table.melt(["role", "area", "kind"], ["before", "after"], var_name="time", value_name="count")
    told = suppress(long, "count", k=rules.k)
    out = table.copy()
    for time in ("before", "after"):
        part = told[told["time"] == time].set_index("kind")
        out[time] = out["kind"].map(part["count"]).astype(float)
        out[f"{time}_shown"] = out["kind"].map(part["shown"])
    return out
