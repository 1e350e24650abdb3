"""The figures of where and whether it is real: the map, its years, the classes, concentration."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar

import h3
import numpy as np
import pandas as pd
from shapely.geometry import mapping

from analysis.data.vocabulary import REGION
from analysis.hotspots import MORAN_LABELS, NOT_UNUSUAL, expected_by_chance
from dashboard import charts, maps
from dashboard import words as w
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.theme import Look
from dashboard.views.hotspots.controls import MAP_KEY
from dashboard.views.hotspots.page import CLASS_WORDS, TOP, Spots, table, top_share, unusual

Kinds = dict[str, maps.Kind]
Made = TypeVar("Made")
_MOST_KEPT: Final = 96

#: Classes of Gi*; orange for more, blue for fewer, stronger for surer.
GI_KINDS: Final[Kinds] = {
    "hot 99": maps.Kind(CLASS_WORDS["hot 99"], "#9C2F0B", "#FFC2A3"),
    "hot 95": maps.Kind(CLASS_WORDS["hot 95"], "#E0662A", "#F46A25"),
    "hot 90": maps.Kind(CLASS_WORDS["hot 90"], "#F6BE95", "#96481E"),
    NOT_UNUSUAL: maps.Kind(CLASS_WORDS[NOT_UNUSUAL], "#DADFE5", "#343B46"),
    "cold 90": maps.Kind(CLASS_WORDS["cold 90"], "#B4D0EA", "#24496B"),
    "cold 95": maps.Kind(CLASS_WORDS["cold 95"], "#5590C4", "#3C88BF"),
    "cold 99": maps.Kind(CLASS_WORDS["cold 99"], "#12436D", "#9BD0F5"),
}
MORAN_KINDS: Final[Kinds] = {
    MORAN_LABELS["High-High"]: maps.Kind("Many, among many", "#B5460F", "#F46A25"),
    MORAN_LABELS["High-Low"]: maps.Kind("Many, among few", "#801650", "#D590CC"),
    MORAN_LABELS["Low-High"]: maps.Kind("Few, among many", "#28A197", "#45C2B7"),
    MORAN_LABELS["Low-Low"]: maps.Kind("Few, among few", "#2A689F", "#56B4E9"),
    NOT_UNUSUAL: maps.Kind("Not unusual", "#DADFE5", "#343B46"),
}
#: What a color of the map stands for: column, words of the key, words of the tooltip.
_COLOURED: Final = {
    "count": ("count", "Incidents, {window}", "incidents"),
    "rate": ("rate", "Incidents a year per 1,000 residents", "a year per 1,000 residents"),
    "density": ("density", "Incidents per km², smoothed", "per km²"),
}


def kept(s: Spots, key: tuple[object, ...], make: Callable[[], Made]) -> Made:
    """A picture made once for everybody who sees the same."""
    if key not in s.made:
        if len(s.made) > _MOST_KEPT:
            s.made.clear()
        s.made[key] = make()
    found: Made = s.made[key]
    return found


def scene(s: Spots, areas: list[tuple[str, Any]] | None = None, marked: bool = False) -> maps.Scene:
    """Where the maps of the page look; ``marked``: the unusual concentrations are outlined."""
    around = kept(s, ("marked",), lambda: maps.groups(_marked(s))) if marked else []
    window = _window(s.cells[s.cells["count"] > 0]) if s.place == REGION else None
    return maps.Scene(s.outlines, areas or [], s.place, window, around)


def _marked(s: Spots) -> list[Any]:
    """Hexagons of the concentrations, also those without a count: their surroundings are told anyway."""
    return [maps.hexagon(c) for c in s.cells.loc[s.cells["marked"], "cell"]]


def _window(drawn: pd.DataFrame) -> tuple[float, float, float, float] | None:
    """Where the hexagons with a color are: most of the region has none."""
    if drawn.empty:
        return None
    at = np.array([h3.cell_to_latlng(c) for c in drawn["cell"]])
    south, west = at.min(axis=0)
    north, east = at.max(axis=0)
    return float(west) - 0.01, float(south) - 0.01, float(east) + 0.01, float(north) + 0.01


def _lower(s: Spots, colour: str) -> tuple[int, ...]:
    if colour == "count":
        return s.lower
    values = s.told[_COLOURED[colour][0]]
    return (0, *maps.classes(values, floor=0)[1:])


def legend(s: Spots, look: Look, colour: str = "count") -> str:
    """The key of the live map."""
    what = _COLOURED[colour][1].format(window=s.window)
    return maps.legend(_lower(s, colour), look, what=what, marked="Unusual concentration")


def _colored(s: Spots, colour: str) -> pd.DataFrame:
    column = _COLOURED[colour][0]
    rows = s.told[["cell", "name", column]]
    rows = rows.rename(columns={column: "count", "name": "label"})
    return rows[rows["count"] > (0.05 if colour == "density" else 0)]


def map_figure(s: Spots, selected: str | None = None, colour: str = "count") -> Figure:
    """The map with its ranked table; ``selected`` is outlined."""
    return kept(s, ("map", selected, colour), lambda: _map_figure(s, selected, colour))


def _map_figure(s: Spots, selected: str | None, colour: str) -> Figure:
    drawn = _colored(s, colour)
    # Without its name: a label would lie on the hexagon that it names.
    areas = [("", maps.hexagon(selected))] if selected in set(drawn["cell"]) and selected else []
    shown, lower, what = scene(s, areas, marked=True), _lower(s, colour), _COLOURED[colour][2]
    k = s.rules.k
    hidden = int(s.cells["hidden"].sum())
    note = [
        "Each incident is counted once, in the H3 hexagon of its coordinates. The colors have fixed steps. "
        "An orange outline surrounds an unusual concentration: each hexagon in it and its neighbours "
        "together hold more than chance would put there (see “Is it real?”).",
    ]
    if k > 1:
        note.append(
            f"Counts of 1 to {k - 1} are never shown: {w.plural(hidden, 'hexagon')} without color "
            f"{'holds' if hidden == 1 else 'hold'} fewer than {k}, or would give such a count away; all "
            "others without color had none. There is one map, of one year, in hexagons of one size: two "
            "that "
            "overlap give away what lies between them."
        )
    if colour == "rate":
        note.append(
            "Residents (2020 census, by neighborhood) are shared out over the hexagons by area. Downtown and "
            "other places with many visitors and few residents have high rates without being riskier for "
            f"those who live there. No rate is given for fewer than {max(s.rules.rate_population, 1)} "
            f"residents or {max(s.rules.rate_events, 1)} incidents."
        )
    if colour == "density":
        note.append(
            "A Gaussian kernel over the counts of the hexagons; it spreads each count over its surroundings, "
            "so a color need not mean that anything happened just there."
        )
    note += list(s.notes)
    top = s.cells[s.cells["count"] > 0].head(3)["name"].drop_duplicates().tolist()
    return Figure(
        key=MAP_KEY,
        title=f"Most incidents were counted in {w.join(top)}" if top else "Where incidents were counted",
        sentence=f"{w.percent(TOP)} of the hexagons hold {w.percent(100 * top_share(s))} of the incidents.",
        chart=lambda look: maps.static_map(drawn, shown, lower=lower, look=look, what=what),
        map=lambda look: kept(
            s, ("deck", selected, colour, look.name),
            lambda: maps.deck(drawn, shown, lower=lower, look=look, what=what),
        ),
        table=table(s),
        columns={
            "rank": Column("Rank", "count"), "place": Column("Where"), "count": Column("Incidents", "count"),
            "rate": Column("A year per 1,000 residents"), "standing": Column("Compared with chance"),
            "pattern": Column("Over the quarters"), "cell": Column("Hexagon (H3)"),
        },
        source=s.source,
        alt=(
            f"Map of {s.where} in hexagons colored by incidents of {s.what}, {s.window}. "
            f"{w.number(len(drawn))} hexagons have a colour, {w.number(unusual(s))} are unusual "
            f"concentrations. The ranked table beside it says the same in words."
        ),
        note="\n\n".join(note),
        synthetic=s.synthetic,
    )  # fmt: skip


def geojson(s: Spots) -> bytes:
    """The hexagons that may be shown, as GeoJSON with everything that is said of each."""
    fields = ["rank", "name", "count", "rate_shown", "label", "pattern", "plain", "change"]
    names = {
        "label": "compared_with_chance",
        "rate_shown": "per_1000_residents_a_year",
        "plain": "pattern_plain",
    }
    rows = s.told[s.told["count"] > 0]
    features = [
        {
            "type": "Feature", "id": cell, "geometry": mapping(maps.hexagon(cell)),
            "properties": {"h3": cell, **{names.get(k, k): v for k, v in zip(fields, values, strict=True)}},
        }
        for cell, *values in rows[["cell", *fields]].itertuples(index=False)
    ]  # fmt: skip
    told = {
        "type": "FeatureCollection", "title": f"{s.what} in {s.where}, {s.window}", "source": s.source,
        "data_status": w.SYNTHETIC if s.synthetic else "real", "features": features,
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def years_figure(s: Spots) -> Figure | None:
    """Small maps of each whole year with the same steps; None with fewer than two years."""
    return kept(s, ("years",), lambda: _years_figure(s))


def _years_figure(s: Spots) -> Figure | None:
    years = s.extra.years
    if len(years) < 2:
        return None
    every = pd.concat([cells for _, cells in years])
    lower = maps.classes(every["count"], floor=s.rules.k)
    view = scene(s)
    names = dict(zip(s.cells["cell"], s.cells["name"], strict=True))
    wide = pd.concat([cells.set_index("cell")["shown"].rename(said) for said, cells in years], axis=1)
    counts = pd.concat([cells.set_index("cell")["count"].rename(said) for said, cells in years], axis=1)
    order = counts.sum(axis=1).sort_values(ascending=False, kind="stable")
    rows = wide.loc[order[order > 0].index].rename_axis("cell").reset_index()
    rows.insert(0, "place", [names.get(c, "") for c in rows["cell"]])
    if not rows["place"].ne("").any():
        rows = rows.drop(columns="place")
    first, last = (
        set(c.loc[c["count"] > 0].nlargest(10, "count")["cell"]) for c in (years[0][1], years[-1][1])
    )
    both = len(first & last)

    def drawn(look: Look) -> list[tuple[str, Any]]:
        return [
            (said, maps.static_map(cells[cells["count"] > 0], view, lower=lower, look=look, height=320,
                                   named=False))
            for said, cells in years
        ]  # fmt: skip

    return Figure(
        key="hotspots_years",
        title=f"{w.small_number(both).capitalize()} of the ten busiest hexagons of {year_words(years[0][0])} "
        f"{'was' if both == 1 else 'were'} among the ten busiest of {year_words(years[-1][0])}",
        sentence="The colors mean the same counts in every year.",
        chart=drawn,
        table=rows,
        source=s.source,
        alt=f"Small maps of {w.plural(len(years), 'year')}, hexagons colored by incidents of {s.what}.",
        note=(
            "Each map covers a whole year. A hexagon without color had no incident, or too few to be "
            "shown."
        ),
        synthetic=s.synthetic,
        identity=digest("years", *s.identity),
    )  # fmt: skip


def year_words(year: str) -> str:
    """A year inside a sentence."""
    return year.replace("Year to", "the year to")


def kinds_of(values: pd.Series, kinds: Kinds) -> Kinds:
    """The kinds that occur, in their order."""
    there = set(values)
    return {name: kind for name, kind in kinds.items() if name in there}


def class_figure(s: Spots, moran: bool = False) -> tuple[Figure, Kinds]:
    """The map of what is unusual (Gi*, or the local Moran), and its kinds for the key."""
    return kept(s, ("classes", moran), lambda: _class_figure(s, moran))


def _class_figure(s: Spots, moran: bool) -> tuple[Figure, Kinds]:
    column, every = ("moran", MORAN_KINDS) if moran else ("label", GI_KINDS)
    rows = s.told[(s.told["count"] > 0) | (s.told[column] != NOT_UNUSUAL)]
    drawn = rows[["cell", "name", column]].rename(columns={column: "kind", "name": "label"})
    kinds, view = kinds_of(drawn["kind"], every), scene(s)
    sums = s.told[column].value_counts()
    counted = pd.DataFrame(
        [{"kind": kinds[k].words, "hexagons": int(sums.get(k, 0))} for k in kinds],
        columns=["kind", "hexagons"],
    )
    n, left = len(s.told), unusual(s)
    if moran:
        same = int(sums.get(MORAN_LABELS["High-High"], 0))
        title = f"{w.number(same)} of {w.number(n)} hexagons have many incidents among neighbors with many"
        note = (
            "Local Moran’s I compares each hexagon with the mean of its neighbors, given its own count, and "
            "tells busy hexagons among busy ones from single busy ones. Colours hold at a false-discovery "
            "rate of 5\u00a0% (Benjamini and Hochberg)."
        )
    else:
        title = (
            f"{w.number(left)} of {w.number(n)} hexagons stand out more than chance would make them"
            if left else f"None of {w.number(n)} hexagons stands out more than chance would make it"
        )  # fmt: skip
        note = (
            "Gi* (Getis and Ord) adds each hexagon to its six neighbors and compares the sum with what a "
            "random arrangement of the same counts would give. The percentages are after correction for many "
            "tests (Benjamini and Hochberg): of the hexagons called unusual at 95\u00a0%, about 5\u00a0% are "
            "expected to be mistaken. The class belongs to the surroundings of a hexagon, so one "
            "without incidents can be part of a concentration. Unusual says nothing about why, and nothing "
            f"about the people who live there. {s.extra.skew}"
        )
    figure = Figure(
        key="hotspots_classes",
        title=title,
        sentence="" if moran else "A color belongs to the surroundings: a hexagon and its six neighbors.",
        chart=lambda look: maps.static_map(drawn, view, look=look, kinds=kinds),
        map=lambda look: kept(
            s, ("deck classes", moran, look.name), lambda: maps.deck(drawn, view, look=look, kinds=kinds)
        ),
        table=counted,
        columns={"kind": Column("Class"), "hexagons": Column("Hexagons", "count")},
        source=s.source,
        alt=f"Map of {s.where}: " + "; ".join(f"{r.kind} {r.hexagons}" for r in counted.itertuples()) + ".",
        note=note,
        synthetic=s.synthetic,
    )  # fmt: skip
    return figure, kinds


def chance_figure(s: Spots) -> Figure:
    """How many hexagons stand out, and how many would by chance."""
    n = s.concentration.places
    chance = expected_by_chance(n) / 2
    left = unusual(s)
    rows = pd.DataFrame(
        {
            "name": ["Flagged without correction", "Expected by chance alone",
                     "Left after correction", "Of these, very unusual (99\u00a0%)"],
            "value": [float(s.flagged), chance, float(left), float(s.classes.get("hot 99", 0))],
        }
    )  # fmt: skip
    title = (
        f"A test without correction flags {w.number(s.flagged)} hexagons; chance alone would flag about "
        f"{w.number(chance)}"
    )
    return Figure(
        key="hotspots_chance",
        title=title,
        sentence=f"After correction for {w.number(n)} tests, {w.number(left)} are left.",
        chart=lambda look: charts.bars(rows, look=look),
        table=rows,
        columns={"name": Column("Hexagons"), "value": Column("Number", "count")},
        source=s.source,
        alt=(
            f"Four bars: {w.number(s.flagged)} hexagons flagged without correction, {w.number(chance)} to be "
            f"expected by chance, {w.number(left)} left after correction, "
            f"{w.number(s.classes.get('hot 99', 0))} of them very unusual."
        ),
        note=(
            "Testing many hexagons finds some by luck: at 5\u00a0%, one in forty would be called "
            "unusually busy on "
            "a map with nothing unusual on it. The correction keeps the share of mistaken ones among those "
            "that are colored at about 5\u00a0%."
        ),
        synthetic=s.synthetic,
        identity=digest("chance", s.version, s.rules.name, s.place, s.measure, s.window, s.resolution),
    )


def curve_figure(s: Spots) -> Figure:
    """Share of the map against share of events, in whole percents so that no single count shows."""
    lorenz = s.concentration.lorenz
    at = np.concatenate([np.arange(0, 10, 0.5), np.arange(10, 101)]) / 100
    rows = pd.DataFrame(
        {
            "share_of_places": at,
            "share_of_events": np.interp(at, lorenz["places"], lorenz["events"]).round(3),
            "chance": np.interp(at, lorenz["places"], lorenz["chance"]).round(3),
        }
    )
    by_chance = float(np.interp(TOP / 100, lorenz["places"], lorenz["chance"]))
    return Figure(
        key="hotspots_concentration",
        title=f"The busiest {w.percent(TOP)} of the map hold {w.percent(100 * top_share(s))} of {s.what}",
        sentence=(
            f"If the same incidents had fallen evenly at random, the busiest {w.percent(TOP)} would hold "
            f"{w.percent(100 * by_chance)}: few events look concentrated by themselves."
        ),
        chart=lambda look: charts.concentration_curve(rows, what="incidents", look=look),
        table=rows,
        columns={
            "share_of_places": Column("Share of the map", "share"),
            "share_of_events": Column("Share of incidents", "share"),
            "chance": Column("If they fell at random", "share"),
        },
        source=s.source,
        alt=(
            f"A curve that rises steeply: {w.percent(TOP)} of the hexagons hold "
            f"{w.percent(100 * top_share(s))} of the incidents, against {w.percent(100 * by_chance)} "
            "if they fell at random."
        ),
        note=(
            "Hexagons in order of their counts, added up. The dashed line is what an even random (Poisson) "
            f"spread of {w.number(s.total)} incidents over {w.number(s.concentration.places)} hexagons would "
            f"give. Gini {w.number(s.concentration.gini, 2)}, by chance "
            f"{w.number(s.concentration.chance_gini, 2)}. "
            "The map includes places where nobody lives, which makes any measure look more concentrated."
        ),
        synthetic=s.synthetic,
        identity=digest("curve", s.version, s.rules.name, s.place, s.measure, s.window, s.resolution),
    )  # fmt: skip
