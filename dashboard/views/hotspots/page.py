"""The hot-spot page: everything it shows for one place, measure and window, and its sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from shapely.geometry import mapping

from analysis.data import Hub
from analysis.data.places import neighbours
from analysis.data.privacy import AUDIENCES, Audience
from analysis.data.vocabulary import MEASURES, PLACES, REGION
from analysis.evidence import RefusedError
from analysis.hotspots import (
    NO_PATTERN,
    Concentration,
    concentration,
    gi_star,
)
from dashboard import data, headlines, maps
from dashboard import words as w
from dashboard.audience import audience
from dashboard.components import Number
from dashboard.views.hotspots import cells as hc
from dashboard.views.hotspots.answers import Extra, extra
from dashboard.views.hotspots.areas import AreaChange, area_changes

#: Share of the map that the headline is about.
TOP: Final = 5
ROWS: Final = 25
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
#: Degrees by which outlines of neighborhoods are drawn more simply: about 20 metres.
_SIMPLER: Final = 2e-4
#: Shuffles of the page's tests: enough for p-values of 0.01, quick enough to wait for.
_SHUFFLES: Final = 499

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
NOT_HELD: Final = (
    "This release holds no such map. It has one length of window, one size of hexagon and one last month for "
    "each measure, because two maps that overlap give away what lies between them."
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
        cells: rank, cell, name, count (NaN: hidden), hidden, shown, label, marked.
        lower: lower ends of the map's classes.
        classes: label → hexagons, over all of them. flagged: hot at p < 0.05 before correction.
        places: groups of touching unusual hexagons.
        extra: what is said beyond the counts of the window.
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
    extra: Extra

    @property
    def what(self) -> str:
        """The measure inside a sentence."""
        return MEASURES[self.measure].lower()

    @property
    def where(self) -> str:
        """The place inside a sentence."""
        return w.place_in_sentence(PLACES[self.place])

    @property
    def identity(self) -> tuple[object, ...]:
        """What its pictures depend on."""
        return (self.version, self.rules.name, self.place, self.measure, self.window, self.resolution)

    @cached_property
    def told(self) -> pd.DataFrame:
        """The hexagons, fullest first, with everything that is said of each."""
        return self.cells.merge(self.extra.cells, on="cell", how="left")

    @cached_property
    def made(self) -> dict[Any, Any]:
        """Pictures made of it, kept as long as it is."""
        return {}


def rules() -> Audience:
    """What this server's audience may see."""
    return AUDIENCES[audience().value]


def available(place: str, through: pd.Period | None) -> hc.Located | str:
    """Incidents that can be mapped for a place, or the sentence that says why there are none."""
    opened = data.hub()
    found: hc.Located | str = _located(str(opened.path), opened.version, audience().value, str(through or ""))
    if isinstance(found, str) or place == REGION or place in found.jurisdictions:
        return found
    have = w.join([PLACES[j] for j in found.jurisdictions])
    return (
        f"There are no incident locations for {PLACES[place]}: its agencies publish monthly counts alone, "
        f"so nothing can be put on a map. Locations are known for {have}; the counts of {PLACES[place]} "
        "are on the page Progress."
    )


def months_to_choose(rules: Audience) -> list[pd.Period]:
    """Months that a map may end with: since the goal's start, up to the newest with locations.

    None where audiences may not choose: windows that differ by a month are one subtraction apart.
    """
    found = NOT_HELD if rules.k > 1 else available(REGION, None)
    if isinstance(found, str):
        return []
    first = max(w.to_month(data.goals()[0].start), found.first)
    return list(pd.period_range(first, found.end, freq="M"))


@data.answer(missing=NOT_HELD, show_spinner="Reading incidents …", max_entries=16)
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
    made: Spots | str = _spots(*key, place, measure, months, resolution, found)
    return made


@data.answer(missing=NOT_HELD, show_spinner="Counting incidents …", max_entries=64)
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
    table = hc.protected(found, rules, measure, months, cells, resolution)
    # Tests and curves are made of what is shown: hidden counts stand at their mean, which is public.
    honest = hc.guarded(found, rules, measure, months, cells, resolution)
    try:
        around = neighbours(cells)
        tested = gi_star(honest, around, _SHUFFLES)
        spread = concentration(honest)
    except RefusedError as why:
        return f"{MEASURES[measure]}, {window}: {why}"
    more = extra(hub, rules, found, place, measure, months, resolution, table, honest, tested, around)
    table["label"] = tested["label"].to_numpy()
    table["marked"] = table["label"].isin(UNUSUAL)
    table["name"] = hc.names(hub, cells)
    shown = table.sort_values(["count", "cell"], ascending=[False, True], ignore_index=True)
    shown["rank"] = shown["count"].rank(method="min", ascending=False)
    week, no_hour = hc.week(found, rules, measure, months, place)
    missing, everything = hc.unplaced(found, measure, months, place)
    publishers = w.join(list(dict.fromkeys(data.publisher(s) for s in found.sources)))
    return Spots(
        place=place, measure=measure, months=months, window=window, resolution=resolution, rules=rules,
        total=int(counts.sum()), unplaced=(hc.few(missing, rules), everything), cells=shown,
        lower=maps.classes(shown["count"], floor=rules.k),
        classes={str(k): int(n) for k, n in tested["label"].value_counts().sort_index().items()},
        flagged=int(((tested["p"] < 0.05) & (tested["z"] > 0)).sum()),
        places=len(hc.clusters(list(table.loc[table["marked"], "cell"]))),
        concentration=spread, week=week, no_hour=no_hour,
        changes=tuple(area_changes(hub, found, rules, measure, place)),
        jurisdictions=found.jurisdictions, notes=found.notes, source=f"{publishers}; {window}",
        synthetic=hub.synthetic, version=hub.version, outlines=_outlines(hub), extra=more,
    )  # fmt: skip


def _outlines(hub: Hub) -> dict[str, Any]:
    """The hub's outlines, and thin ones of its neighborhoods: without streets, they show the way."""
    areas = hub.areas()
    homes = areas[areas["kind"].isin(["neighborhood", "park"])]
    features = [
        {
            "type": "Feature", "properties": {"id": area_id, "name": name, "kind": "neighborhood"},
            "geometry": _rounded(mapping(geometry.simplify(_SIMPLER))),
        }
        for area_id, name, geometry in zip(homes["area_id"], homes["name"], homes["geometry"], strict=True)
    ]  # fmt: skip
    told = hub.outlines()
    return {**told, "features": [*told.get("features", []), *features]}


def _rounded(node: Any) -> Any:
    """GeoJSON with coordinates to ten metres."""
    if isinstance(node, dict):
        return {k: _rounded(v) for k, v in node.items()}
    if isinstance(node, (list, tuple)):
        return [_rounded(v) for v in node]
    return round(node, 4) if isinstance(node, float) else node


def headline(s: Spots) -> str:
    """Such as "5 % of the map holds 28 % of gun violence. 6 places have been hot for a year or more." """
    lasting, cooling = s.extra.lasting, s.extra.cooling
    if lasting is not None and cooling is not None:
        return headlines.hotspots(TOP / 100, top_share(s), MEASURES[s.measure], lasting, cooling)
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
    """The hexagons that may be shown, fullest first: rank, place, count, rate, standing, pattern, cell."""
    rows = s.told[s.told["count"] > 0]
    return pd.DataFrame(
        {
            "rank": rows["rank"], "place": rows["name"], "count": rows["count"], "rate": rows["rate_shown"],
            "standing": [CLASS_WORDS[label] for label in rows["label"]],
            "pattern": rows["plain"].replace("", NO_PATTERN), "cell": rows["cell"],
        }
    ).reset_index(drop=True)  # fmt: skip


def listed(s: Spots, also: str | None = None) -> pd.DataFrame:
    """The first rows of ``table``, and below them that of one hexagon more, wherever it ranks."""
    rows = table(s)
    return rows[(rows.index < ROWS) | (rows["cell"] == also)]


def ranked(s: Spots, also: str | None = None) -> pd.DataFrame:
    """The short table beside the map; ``also`` lists one hexagon more."""
    rows = listed(s, also)
    stands_out = rows["standing"].isin([CLASS_WORDS[label] for label in UNUSUAL])
    return pd.DataFrame(
        {
            "Rank": rows["rank"].astype(int), "Where": rows["place"],
            "Incidents": rows["count"].astype(int), "Stands out": np.where(stands_out, "yes", "no"),
        }
    )  # fmt: skip


def place_words(place: str) -> str:
    """A place inside a sentence."""
    return w.place_in_sentence(PLACES.get(place, place))


def too_short(found: hc.Located, allowed: Audience, measure: str) -> str:
    """Why a measure is not mapped for this audience."""
    need = max(allowed.shortest_window, 12 * allowed.homicide_years if measure == "homicide" else 0)
    need = max(need, min(allowed.windows))
    have = (found.end - found.first).n + 1
    return (
        f"{MEASURES[measure]} is mapped over {w.plural(need, 'month')} or more, so that no single event "
        f"can be found out. The incident files that can be mapped cover {w.plural(have, 'month')} "
        f"({w.months(found.first, found.end)})."
    )
