"""The hot-spot page: hexagons in, figures, numbers and sentences out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.data import Hub
from analysis.data.places import neighbours
from analysis.data.privacy import AUDIENCES, Audience
from analysis.data.vocabulary import MEASURES, PLACES, REGION
from analysis.evidence import RefusedError
from analysis.hotspots import Concentration, concentration, gi_star
from dashboard import data, maps
from dashboard import words as w
from dashboard.audience import audience
from dashboard.components import Number, digest
from dashboard.views import hotspot_cells as hc
from dashboard.views.hotspot_areas import AreaChange, area_changes

#: Share of the map that the headline is about.
TOP: Final = 5
ROWS: Final = 25
MAP_KEY: Final = "hotspots_map"
UNUSUAL: Final = ("hot 99", "hot 95")
CLASS_WORDS: Final[Mapping[str, str]] = {
    "hot 99": "Very unusual concentration (99\u00a0%)",
    "hot 95": "Unusual concentration (95\u00a0%)",
    "hot 90": "Perhaps unusual (90\u00a0%)",
    "not unusual": "Not unusual",
    "cold 90": "Perhaps unusually few (90\u00a0%)",
    "cold 95": "Unusually few (95\u00a0%)",
    "cold 99": "Very unusually few (99\u00a0%)",
}
AREA_KM2: Final = {8: "0.7 km²", 9: "0.1 km²", 10: "0.015 km²"}

CAUTION: Final = (
    "A simple check beside the evaluations, not one of them. Areas are often chosen because they were hot; "
    "such areas tend to cool by themselves (regression to the mean), so a fall here is no proof."
)
NO_AREAS: Final = (
    "This hub names no focus areas yet. Import them (a GeoJSON file with focus, buffer and comparison areas) "
    "and the deployments that work in them, and the comparison appears here."
)
WHAT_COUNTS_CAN_SAY: Final = (
    "Without locations nothing can be said about where in a place incidents happen, nor at which hours. "
    "What monthly counts do show is on the pages **Progress** (are there fewer?) and **Data and methods** "
    "(which agencies report, and how completely). To add locations, import incident files with coordinates: "
    "`sln import FILES --hub HUB`."
)
METHOD: Final = (
    "Hexagons are H3 cells that overlap the place; those at its edge reach beyond it.",
    "An incident with several offenses is counted once, under the gravest that the measure includes.",
    "Sexual offenses are never mapped.",
    "Places are not ranked by how good or bad they are: a count depends on how many people pass through, "
    "on how many report, and on the size of the hexagon.",
    "Each agency’s incidents come from one source and one way of counting; eras are not joined.",
)


@dataclass(frozen=True)
class Spots:
    """Everything that the page shows for one place, measure and window; already suppressed.

    Attributes:
        cells: rank, cell, name, count (NaN: hidden), shown, label, marked.
        lower: lower ends of the map's classes.
        classes: label → hexagons, over all of them. flagged: hot at p < 0.05 before correction.
        places: groups of touching unusual hexagons.
    """

    place: str
    measure: str
    months: int
    window: str
    resolution: int
    rules: Audience
    total: int
    unplaced: tuple[int, int]
    cells: pd.DataFrame
    lower: tuple[int, ...]
    classes: Mapping[str, int]
    flagged: int
    places: int
    concentration: Concentration
    week: pd.DataFrame
    no_hour: int
    changes: tuple[AreaChange, ...]
    jurisdictions: tuple[str, ...]
    notes: tuple[str, ...]
    source: str
    synthetic: bool
    version: str
    outlines: dict[str, Any]

    @property
    def what(self) -> str:
        """The measure inside a sentence."""
        return MEASURES[self.measure].lower()

    @property
    def where(self) -> str:
        """The place inside a sentence."""
        return w.place_in_sentence(PLACES[self.place])


def rules() -> Audience:
    """What this server's audience may see."""
    return AUDIENCES[audience().value]


def available(place: str, through: pd.Period | None) -> hc.Located | str:
    """Incidents that can be mapped for a place, or the sentence that says why there are none."""
    opened = data.hub()
    found = _located(str(opened.path), opened.version, audience().value, str(through or ""))
    if isinstance(found, str) or place == REGION or place in found.jurisdictions:
        return found
    have = w.join([PLACES[j] for j in found.jurisdictions])
    return (
        f"There are no incident locations for {PLACES[place]}: its agencies publish monthly counts alone, "
        f"so nothing can be put on a map. Locations are known for {have}; the counts of {PLACES[place]} "
        "are on the page Progress."
    )


@st.cache_resource(show_spinner="Reading incidents …", max_entries=16)
def _located(path: str, version: str, who: str, through: str) -> hc.Located | str:
    del path, version  # parts of the key alone
    with data._reading:
        month = pd.Period(through, "M") if through else None
        return hc.located(data.hub(), AUDIENCES[who], month, pd.Timestamp.now())


def spots(found: hc.Located, place: str, measure: str, months: int, resolution: int) -> Spots | str:
    """The page's numbers, kept for everybody who asks for the same."""
    opened = data.hub()
    who = audience().value
    key = (str(opened.path), opened.version, who, str(found.end))
    return _spots(*key, place, measure, months, resolution, found)


@st.cache_resource(show_spinner="Counting incidents …", max_entries=64)
def _spots(
    path: str, version: str, who: str, end: str, place: str, measure: str, months: int, resolution: int,
    _found: hc.Located,
) -> Spots | str:  # fmt: skip
    del path, version, end
    with data._reading:
        return build(data.hub(), AUDIENCES[who], _found, place, measure, months, resolution)


def build(
    hub: Hub, rules: Audience, found: hc.Located, place: str, measure: str, months: int, resolution: int
) -> Spots | str:
    """Count, test and suppress. A sentence when there is too little to say anything."""
    cells = hc.cells_of_place(found, place, resolution)
    counts = hc.count(found, measure, months, cells, resolution)
    window = w.months(found.end - (months - 1), found.end)
    try:
        tested = gi_star(counts, neighbours(cells))
        spread = concentration(counts)
    except RefusedError as why:
        return f"{MEASURES[measure]}, {window}: {why}"
    table = hc.protected(found, rules, measure, months, cells, resolution)
    table["label"] = tested["label"].to_numpy()
    table["marked"] = table["label"].isin(UNUSUAL)
    table["name"] = hc.names(hub, cells)
    shown = table.sort_values(["count", "cell"], ascending=[False, True], ignore_index=True)
    shown["rank"] = shown["count"].rank(method="min", ascending=False)
    week, no_hour = hc.week(found, rules, measure, months, place)
    publishers = w.join(list(dict.fromkeys(data.publisher(s) for s in found.sources)))
    return Spots(
        place=place, measure=measure, months=months, window=window, resolution=resolution, rules=rules,
        total=int(counts.sum()), unplaced=hc.unplaced(found, measure, months, place), cells=shown,
        lower=maps.classes(shown["count"], floor=rules.k),
        classes={str(k): int(n) for k, n in tested["label"].value_counts().items()},
        flagged=int(((tested["p"] < 0.05) & (tested["z"] > 0)).sum()),
        places=len(hc.clusters(list(table.loc[table["marked"], "cell"]))),
        concentration=spread, week=week, no_hour=no_hour,
        changes=tuple(area_changes(hub, found, rules, measure, place)),
        jurisdictions=found.jurisdictions, notes=found.notes, source=f"{publishers}; {window}",
        synthetic=hub.synthetic, version=hub.version, outlines=hub.outlines(),
    )  # fmt: skip


def headline(s: Spots) -> str:
    """Such as "5 % of the map holds 28 % of gun violence. 6 places are unusual concentrations." """
    first = f"{w.percent(TOP)} of the map holds {w.percent(100 * top_share(s))} of {s.what}."
    if s.places == 0:
        return f"{first} No place stands out more than chance would make it."
    are = "place is an unusual concentration" if s.places == 1 else "places are unusual concentrations"
    return f"{first} {w.number(s.places)} {are}."


def scope(s: Spots) -> str:
    """What is counted, where and when, in words."""
    only = ""
    if s.place == REGION and len(s.jurisdictions) < len(PLACES) - 1:
        only = f" Locations are known for {w.join([PLACES[j] for j in s.jurisdictions])} alone."
    return (
        f"{MEASURES[s.measure]} in {s.where}, {s.window}. Incidents are counted, not victims, in hexagons "
        f"of about {AREA_KM2[s.resolution]}.{only}"
    )


def numbers(s: Spots) -> list[Number]:
    """At most four numbers."""
    missing, everything = s.unplaced
    known = not any("is not known" in note for note in s.notes)
    share = 100 * missing / everything if everything else float("nan")
    needed = s.concentration.needed
    half = float(needed.loc[needed["share"] == 0.5, "percent"].iloc[0])
    return [
        Number("Incidents on the map", w.number(s.total), detail=f"{s.window}"),
        Number("Half of them lie in", f"{w.percent(half)} of the map", detail="busiest hexagons first"),
        Number(
            "Hexagons that stand out", w.number(unusual(s)),
            detail=f"in {w.plural(s.places, 'place')}; {w.number(s.concentration.places)} were tested",
        ),
        Number(
            "Could not be placed", w.percent(share, 1) if known else w.UNKNOWN,
            detail=f"{w.number(missing)} of {w.number(everything)} incidents have no coordinates"
            if known else "the published extract leaves them out",
        ),
    ]  # fmt: skip


def unusual(s: Spots) -> int:
    """Hexagons that are unusual concentrations, shown or not."""
    return sum(s.classes.get(label, 0) for label in UNUSUAL)


def top_share(s: Spots) -> float:
    """Share of the incidents in the busiest ``TOP`` percent of the map."""
    curve = s.concentration.lorenz
    return float(np.interp(TOP / 100, curve["places"], curve["events"]))


def table(s: Spots) -> pd.DataFrame:
    """The hexagons that may be shown, fullest first: rank, place, count, standing, cell."""
    rows = s.cells[s.cells["count"] > 0]
    return pd.DataFrame(
        {
            "rank": rows["rank"], "place": rows["name"], "count": rows["count"],
            "standing": [CLASS_WORDS[label] for label in rows["label"]], "cell": rows["cell"],
        }
    ).reset_index(drop=True)  # fmt: skip


def ranked(s: Spots) -> pd.DataFrame:
    """The short table beside the map."""
    rows = table(s).head(ROWS)
    stands_out = rows["standing"].isin([CLASS_WORDS[label] for label in UNUSUAL])
    return pd.DataFrame(
        {
            "Rank": rows["rank"].astype(int), "Where": rows["place"],
            "Incidents": rows["count"].astype(int), "Stands out": np.where(stands_out, "yes", "no"),
        }
    )  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """The hexagon that the reader looks at, and how the table beside the map must be made."""

    cell: str | None
    table_key: str
    default: Any


def selection(s: Spots) -> Chosen:
    """What was clicked last, on the map or in the table.

    A click on the map makes a new table with that row chosen; a click in the table changes the map.
    """
    state = st.session_state
    from_map = _clicked(state.get(f"map_{MAP_KEY}"))
    cell = state.get("_spot")
    if from_map != state.get("_spot_from_map"):
        state["_spot_from_map"], cell = from_map, from_map
        state["_spot_tables"] = state.get("_spot_tables", 0) + 1
    key = f"spots_{digest(s.place, s.measure, s.months, s.resolution, state.get('_spot_tables', 0))}"
    cells = list(table(s).head(ROWS)["cell"])
    if key in state:
        rows = state[key]["selection"]["rows"]
        if rows and rows[0] < len(cells):
            cell = cells[rows[0]]
        elif cell in cells:
            cell = None
    state["_spot"] = cell
    default = {"selection": {"rows": [cells.index(cell)]}} if cell in cells else None
    return Chosen(cell, key, default)


def _clicked(event: Any) -> str | None:
    objects = event["selection"]["objects"].get("cells", []) if event else []
    return str(objects[0]["cell"]) if objects else None


def chosen_sentence(s: Spots, cell: str | None) -> str:
    """What is known about the chosen hexagon, or how to choose one."""
    rows = table(s)
    if rows.empty:
        return "No hexagon has a count that may be shown."
    row = rows[rows["cell"] == cell]
    if row.empty:
        return "Choose a row to find its hexagon on the map, or a hexagon to find it here."
    one = row.iloc[0]
    return (
        f"Chosen: **{one['place']}**, {w.plural(one['count'], 'incident')}, rank {w.number(one['rank'])} of "
        f"{w.number(len(rows))}. {one['standing']}."
    )


def controls(offered: Sequence[int], place: str) -> tuple[int, int]:
    """Window in months, and the size of the hexagons where this audience has a choice."""
    standard = 12 if 12 in offered else offered[0]
    words = {n: f"Latest {w.plural(n, 'month')}" for n in offered}
    finest = min(rules().finest_cell, 10 if place == "stl_city" else 9)
    sizes = list(range(8, finest + 1))
    with st.container(horizontal=True, key="hotspot_controls"):
        months = st.selectbox(
            "Window", list(offered), index=list(offered).index(standard), format_func=lambda n: words[n]
        )
        size = sizes[-1]
        if len(sizes) > 1:
            size = st.selectbox(
                "Hexagons", sizes, index=min(1, len(sizes) - 1),
                format_func=lambda r: f"About {AREA_KM2[r]} each",
            )  # fmt: skip
    return int(months), int(size)


def place_words(place: str) -> str:
    """A place inside a sentence."""
    return w.place_in_sentence(PLACES.get(place, place))


def too_short(found: hc.Located, measure: str) -> str:
    """Why a measure is not mapped for this audience."""
    allowed = rules()
    need = max(allowed.shortest_window, 12 * allowed.homicide_years if measure == "homicide" else 0)
    have = (found.end - found.first).n + 1
    return (
        f"{MEASURES[measure]} is mapped over {w.plural(need, 'month')} or more, so that no single event "
        f"can be found out. The incident files that can be mapped cover {w.plural(have, 'month')} "
        f"({w.months(found.first, found.end)})."
    )
