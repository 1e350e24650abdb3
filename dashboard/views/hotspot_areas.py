"""Did the area of a tactic change against its comparison area, and did anything move next door?

A simple check on counts of incidents, with equal calendar months before and after. The
evaluations of the tactics are made elsewhere, with whole series.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from analysis.data import Hub
from analysis.data.places import locate
from analysis.data.privacy import Audience, suppress
from analysis.data.vocabulary import REGION
from analysis.evidence import RefusedError
from analysis.hotspots import Wdd, e_test, wdd
from dashboard import words as w
from dashboard.views.hotspot_cells import Located, of_measure

#: Counts below which the E-test says more than the weighted displacement difference.
SMALL: Final = 10
_ROLES: Final = {"focus": "Focus area", "buffer": "Ring around it", "comparison": "Comparison area"}


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
        if self.ring is None:
            return first
        moved = self.ring
        if moved.lower > 0:
            return f"{first} The ring around it rose: some of it may have moved next door."
        if moved.upper < 0:
            return f"{first} The ring around it fell as well."
        return f"{first} In the ring around it we cannot tell a change from chance."


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
    rows = of_measure(data.incidents, measure).drop_duplicates(["agency_id", "incident_id"])
    return [_change(d, areas, rows, data, rules, measure) for d in own.to_dict("records")]


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
    before = (start - shift, data.end - shift)
    after = (start, data.end)
    table = pd.DataFrame(
        [
            {"role": _ROLES[kind], "area": label, "kind": kind,
             "before": _inside(rows, shape, before), "after": _inside(rows, shape, after)}
            for kind, (label, shape) in shapes.items()
        ]
    )  # fmt: skip
    shown = _suppressed(table, rules)
    said = partial(AreaChange, name, start, shown, before=w.months(*before), after=w.months(*after))
    if shown[["before", "after"]].isna().to_numpy().any():
        return said(why="Some counts are too small to be shown.")
    if "comparison" not in shapes:
        return said(why="The hub has no comparison area for it.")
    pair = {k: (float(b), float(a)) for k, b, a in table[["kind", "before", "after"]].itertuples(index=False)}
    extra = _dispersion(rows, shapes, start)
    try:
        local = wdd(pair["focus"], pair["comparison"], dispersion=extra)
        ring = wdd(pair["buffer"], pair["comparison"], dispersion=extra) if "buffer" in pair else None
        alone = e_test(pair["focus"][1], pair["focus"][0]) if min(pair["focus"]) < SMALL else None
    except RefusedError as why:
        return said(why=str(why))
    return said(local=local, ring=ring, p_value=alone)


def _shapes(deployment: Mapping[Any, Any], areas: pd.DataFrame) -> dict[str, tuple[str, BaseGeometry]]:
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


def _dispersion(
    rows: pd.DataFrame, shapes: Mapping[str, tuple[str, BaseGeometry]], start: pd.Period
) -> float:
    """Variance over mean of monthly counts before the start, not below 1."""
    past = rows[(rows["month"] < start) & (rows["month"] >= start - 36)]
    months = pd.period_range(max(past["month"].min(), start - 36), start - 1, freq="M")
    ratios = []
    for kind in ("focus", "comparison"):
        inside = locate(past["longitude"], past["latitude"], [shapes[kind][1]]) >= 0
        monthly = past[inside].groupby("month").size().reindex(months, fill_value=0)
        if monthly.mean() > 0:
            ratios.append(float(monthly.var() / monthly.mean()))
    return max(1.0, float(np.mean(ratios))) if ratios else 1.0
