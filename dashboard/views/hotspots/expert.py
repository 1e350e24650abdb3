"""What researchers see besides: all quarters at once, the space-time scan, changes weighted by harm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st
from shapely.ops import unary_union

from analysis.data.geography.grid import count_periods
from analysis.data.places import neighbours
from analysis.data.vocabulary import MEASURES
from analysis.evidence import RefusedError
from analysis.hotspots import Wdd, space_time_scan, wdd_harm
from dashboard import charts, maps
from dashboard import words as w
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.views.hotspots import answers
from dashboard.views.hotspots import cells as hc
from dashboard.views.hotspots import more_figures as more
from dashboard.views.hotspots.areas import AreaChange
from dashboard.views.hotspots.figures import Kinds, kept, scene
from dashboard.views.hotspots.page import Spots

#: Ways of looking at change, one map each.
CHANGES: Final = {
    "slice": "Quarter by quarter", "cube": "All quarters at once", "year": "Latest year",
    "scan": "Last months",
}  # fmt: skip
#: The scan: longest window at the end, in months; months looked back over; rings; shuffles.
LONGEST: Final = 6
LOOKED_BACK: Final = 36
RINGS: Final = 2
SHUFFLES: Final = 199
#: Harm of an incident in robberies, to begin with: our own round numbers, for the reader to replace.
HARM: Final = {"homicide": 15.0, "aggravated_assault": 4.0, "robbery": 1.0}
SCAN_KINDS: Final[Kinds] = {
    "beyond": maps.Kind("More than chance, looking everywhere (p below 0.05)", "#9C2F0B", "#F46A25"),
    "within": maps.Kind("Most above what is usual, within chance", "#F6BE95", "#96481E"),
}


def change_map(s: Spots, found: hc.Located, way: str) -> tuple[Figure, Kinds] | str:
    """One of ``CHANGES``: a map with its kinds, or why there is none."""
    if way == "scan":
        return scan_figure(s, found)
    if way == "cube":
        return cube_figure(s, found)
    if way == "year":
        return more.year_change_figure(s) or s.extra.changes_why
    return more.pattern_figure(s) or s.extra.patterns_why


def cube_figure(s: Spots, found: hc.Located) -> tuple[Figure, Kinds] | str:
    """The map of patterns when all quarters are compared at once, or why there is none."""
    cells = [str(c) for c in s.cells["cell"]]

    def make() -> pd.DataFrame | str:
        return answers.patterns(found, s.rules, s.measure, cells, s.resolution, "cube")

    table = kept(s, ("cube",), make)
    if isinstance(table, str):
        return table
    made = more.pattern_figure(s, table)
    return s.extra.patterns_why if made is None else made


# ---------------------------------------------------------------- the scan


def scan_figure(s: Spots, found: hc.Located) -> tuple[Figure, Kinds] | str:
    """Where more happened in the last months than place and month by themselves would give."""
    made: tuple[Figure, Kinds] | str = kept(s, ("scan",), lambda: _scan_figure(s, found))
    return made


def _scan_figure(s: Spots, found: hc.Located) -> tuple[Figure, Kinds] | str:
    cells = [str(c) for c in s.cells["cell"]]
    start = max(found.first, found.end - (LOOKED_BACK - 1))
    rows = hc.of_measure(found.incidents, s.measure)
    cube = count_periods(rows, s.resolution, cells, start, found.end, "M").to_numpy()
    at = np.argwhere(cube > 0)
    where, when = np.repeat(at, cube[at[:, 0], at[:, 1]], axis=0).T
    longest = min(LONGEST, cube.shape[1] // 2)
    try:
        scanned = space_time_scan(
            where, when, neighbours(cells), cube.shape[1], rings=RINGS, longest=longest, permutations=SHUFFLES
        )
    except RefusedError as why:
        return str(why)
    window = w.months(start, found.end)
    names = dict(zip(s.cells["cell"], s.cells["name"], strict=True))
    scanned["name"] = [names.get(cells[i], "") for i in scanned["place"]]
    scanned["hexagons"] = scanned["members"].map(len)
    scanned["cell"] = [cells[i] for i in scanned["place"]]
    beyond = scanned["p_value"] < 0.05
    drawn = pd.DataFrame(
        {
            "cell": scanned["cell"], "label": scanned["name"],
            "geometry": [unary_union([maps.hexagon(cells[i]) for i in m]) for m in scanned["members"]],
            "kind": np.where(beyond, "beyond", "within"),
        }
    )  # fmt: skip
    kinds = {k: v for k, v in SCAN_KINDS.items() if k in set(drawn["kind"])}
    view, n = scene(s), int(beyond.sum())
    figure = Figure(
        key="hotspots_scan",
        title=f"Something began in {w.plural(n, 'place')} in the last {w.plural(longest, 'month')}"
        if n
        else f"Nothing beyond chance began anywhere in the last {w.plural(longest, 'month')}",
        sentence=_scan_words(scanned),
        chart=lambda look: maps.static_map(drawn, view, look=look, kinds=kinds),
        map=lambda look: kept(
            s, ("deck scan", look.name), lambda: maps.deck(drawn, view, look=look, kinds=kinds)
        ),
        table=scanned[["name", "hexagons", "periods", "observed", "expected", "ratio", "p_value", "cell"]],
        columns={
            "name": Column("Around"), "hexagons": Column("Hexagons", "count"),
            "periods": Column("Last months", "count"), "observed": Column("Incidents", "count"),
            "expected": Column("Usual", "decimal"), "ratio": Column("Ratio", "decimal2"),
            "p_value": Column("p", "decimal3"), "cell": Column("Hexagon in the middle (H3)"),
        },
        source=s.source,
        alt=f"Map of {s.where} with {w.plural(len(scanned), 'place')}: " + "; ".join(
            f"{r.name} {r.observed} incidents, {r.expected:.1f} usual" for r in scanned.itertuples()
        ) + ".",
        note=(
            "The space-time permutation scan (Kulldorff and others): every hexagon with up to "
            f"{w.small_number(RINGS)} rings of neighbors, and every window of up to "
            f"{w.plural(longest, 'month')} that ends now, is compared with what the place’s share of all "
            f"incidents and the window’s share of all incidents would give ({window}). A place that is "
            "always busy is not found, nor a month that is busy everywhere. p is the share of "
            f"{SHUFFLES + 1} arrangements (months dealt out at random over the incidents) whose most unusual "
            "place is at least as unusual, so looking everywhere is paid for."
        ),
        synthetic=s.synthetic,
    )  # fmt: skip
    return figure, kinds


def _scan_words(scanned: pd.DataFrame) -> str:
    if scanned.empty:
        return "No place had more incidents than usual."
    top = scanned.iloc[0]
    return (
        f"Most unusual: around {top['name']}, {w.plural(top['observed'], 'incident')} in the last "
        f"{w.plural(top['periods'], 'month')} where {w.number(top['expected'], 1)} were usual "
        f"(p = {w.number(top['p_value'], 3)})."
    )


# ---------------------------------------------------------------- harm


def weights() -> dict[str, float]:
    """How much each offense counts, as the reader sets it."""
    st.markdown(
        "**Weighted by harm.** How many robberies does one incident weigh? That is a judgment: try others."
    )
    with st.container(horizontal=True, key="hotspot_harm"):
        return {
            offense: float(
                st.number_input(MEASURES[offense], 0.1, 100.0, weight, 0.5, key=f"spots_harm_{offense}")
            )
            for offense, weight in HARM.items()
        }


def has_harm(s: Spots) -> bool:
    """Whether some focus area has counts of several offenses."""
    return any(len(_offenses(c)) > 1 for c in s.changes)


def _offenses(c: AreaChange) -> list[str]:
    return [o for o in c.by_offense["offense"].unique() if o in HARM] if not c.by_offense.empty else []


def harm_figure(s: Spots, by: Mapping[str, float]) -> Figure | None:
    """The difference of each focus area, and of its ring, in units of harm; None without such areas."""
    rows = []
    for c in s.changes:
        for kind, role in (("focus", "Focus area"), ("buffer", "Ring around it")):
            found = _weighted(c, kind, by)
            if found is not None:
                rows.append(
                    {"deployment": c.name, "role": role, "estimate": found.estimate, "lower": found.lower,
                     "upper": found.upper, "se": found.se}
                )  # fmt: skip
    if not rows:
        return None
    table = pd.DataFrame(rows)
    sure = table[(table["role"] == "Focus area") & ((table["upper"] < 0) | (table["lower"] > 0))]
    areas = int((table["role"] == "Focus area").sum())
    bars = pd.DataFrame(
        {
            "name": table["deployment"] + ", " + table["role"].str.lower(), "value": table["estimate"],
            "shown": [
                f"{w.number(e, signed=True)} ({w.number(a, signed=True)} to {w.number(b, signed=True)})"
                for e, a, b in table[["estimate", "lower", "upper"]].itertuples(index=False)
            ],
        }
    )  # fmt: skip
    told = w.join([f"{MEASURES[o].lower()} {w.number(v, 1)}" for o, v in by.items()])
    return Figure(
        key="hotspots_harm",
        title=f"Weighted by harm, {w.number(len(sure))} of {w.plural(areas, 'focus area')} changed by more "
        "than chance"
        if len(sure)
        else "Weighted by harm, we cannot tell a change of the focus areas from chance",
        sentence=f"In robberies’ worth of harm, against the comparison area. Weights: {told}.",
        chart=lambda look: charts.bars(bars, look=look),
        table=table,
        columns={
            "deployment": Column("Tactic and area"), "role": Column("Which area"),
            "estimate": Column("Difference in harm", "change"), "lower": Column("From", "change"),
            "upper": Column("To", "change"),
        },
        source=s.source,
        alt="Bars: " + "; ".join(f"{r.name} {r.shown}" for r in bars.itertuples()) + ".",
        note=(
            "The weighted displacement difference of each offense times its weight, added up; the 95\u00a0% "
            "limits follow from Poisson counts of each offense (Wheeler and Ratcliffe). Few homicides weigh "
            "much, so the limits are wide. The weights that stand here first are round numbers of ours, to "
            "be replaced by yours; the Cambridge Crime Harm Index (Sherman, Neyroud and Neyroud 2016) shows "
            "how to take them from sentencing guidelines."
        ),
        synthetic=s.synthetic,
        identity=digest("harm", *by.values(), *s.identity),
    )  # fmt: skip


def _weighted(c: AreaChange, kind: str, by: Mapping[str, float]) -> Wdd | None:
    offenses = _offenses(c)
    if c.local is None or not offenses or kind not in set(c.by_offense["kind"]):
        return None

    def pairs(which: str) -> list[tuple[float, float]]:
        own = c.by_offense[c.by_offense["kind"] == which].set_index("offense").reindex(offenses)
        before, after = own["before"].to_numpy(float), own["after"].to_numpy(float)
        return list(zip(before.tolist(), after.tolist(), strict=True))

    try:
        return wdd_harm(
            pairs(kind), pairs("comparison"), [by[o] for o in offenses],
            area_weights=(1.0, c.size, 1.0, 1.0), dispersion=c.spread,
        )  # fmt: skip
    except RefusedError:
        return None
