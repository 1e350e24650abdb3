"""Incidents in neighborhoods or in outlines of one's own: for researchers, who see no threshold.

With a threshold, a second set of outlines beside the hexagons would give small counts away, so
nobody else is offered it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.data import Hub
from analysis.data.arrivals.own_files import outlines
from analysis.data.geography.grid import area_neighbours, count_areas
from analysis.data.sources.base import SourceError
from analysis.evidence import RefusedError
from analysis.hotspots import gi_star
from dashboard import maps
from dashboard import words as w
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.theme import Look
from dashboard.views.hotspots import cells as hc
from dashboard.views.hotspots.figures import kept
from dashboard.views.hotspots.page import CLASS_WORDS, UNUSUAL, Spots

#: Areas of a reader's own that are counted at once: more take long, and no map shows them apart.
MOST_AREAS: Final = 1000


def read(name: str, content: bytes) -> pd.DataFrame | str:
    """Areas of an uploaded GeoJSON file, or the sentence that says what is wrong with it."""
    try:
        found = outlines(name, content)
    except SourceError as why:
        return str(why)
    if len(found) > MOST_AREAS:
        return (
            f"{name} holds {w.number(len(found))} areas; {w.number(MOST_AREAS)} are the most that are "
            "counted at once. Leave some out, or merge them."
        )
    return found


def neighborhoods(hub: Hub, place: str) -> pd.DataFrame:
    """The hub's neighborhoods and parks of a place."""
    areas = hub.areas()
    homes = areas[areas["kind"].isin(["neighborhood", "park"])]
    return homes if place == "region" else homes[homes["jurisdiction"] == place]


def of_neighborhoods(s: Spots, found: hc.Located, hub: Hub) -> Figure | str:
    """The figure of the hub's neighborhoods, made once."""
    return kept(s, ("areas",), lambda: figure(s, found, neighborhoods(hub, s.place), "neighborhoods"))


def of_file(s: Spots, found: hc.Located, name: str, content: bytes) -> Figure | str:
    """The figure of an uploaded file's areas, or what is wrong with it; made once."""

    def make() -> Figure | str:
        areas = read(name, content)
        return areas if isinstance(areas, str) else figure(s, found, areas, f"areas of {name}")

    return kept(s, ("areas", name, digest(content)), make)


def figure(s: Spots, found: hc.Located, areas: pd.DataFrame, whose: str) -> Figure | str:
    """A map and table of the areas; a sentence where there is nothing to count.

    Args:
        areas: name, geometry, population (as the hub's areas table). whose: "neighborhoods" or the like.
    """
    if areas.empty:
        return f"The hub has no {whose} here. Give outlines of your own (a GeoJSON file of polygons)."
    rows = hc.in_window(found, s.measure, s.months, s.place)
    table = count_areas(rows, areas.reset_index(drop=True))
    table["rate"] = table["rate"] * hc.YEAR / s.months
    placed = int(table["incidents"].sum())
    if placed == 0:
        return f"None of the {w.number(len(table))} {whose} had an incident that could be placed."
    try:
        tested = gi_star(table["incidents"], area_neighbours(list(table["geometry"])), permutations=0)
        table["standing"] = [CLASS_WORDS[label] for label in tested["label"]]
        table["marked"] = tested["label"].isin(UNUSUAL)
    except RefusedError:
        table["standing"], table["marked"] = "too few areas to test", False
    table = table.sort_values("incidents", ascending=False, kind="stable", ignore_index=True)
    drawn = table[table["incidents"] > 0].rename(
        columns={"area_id": "cell", "incidents": "count", "name": "label"}
    )
    lower = maps.classes(table["incidents"])
    whole = rows.drop_duplicates(["agency_id", "incident_id"])
    outside = int(whole["longitude"].notna().sum()) - placed
    top = table.iloc[0]
    bounds = np.array([g.bounds for g in areas["geometry"]])
    window = (*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0))
    scene = maps.Scene(s.outlines, (), s.place, tuple(float(x) for x in window))  # type: ignore[arg-type]
    return Figure(
        key="hotspots_areas_own",
        title=f"{top['name']} had most incidents of the {w.number(len(table))} {whose}: "
        f"{w.number(top['incidents'])}",
        sentence=f"{w.plural(max(outside, 0), 'incident')} with coordinates lay in none of them.",
        chart=lambda look: maps.static_map(drawn, scene, lower=lower, look=look, what="incidents"),
        map=lambda look: kept(
            s, ("deck areas", whose, placed, look.name),
            lambda: maps.deck(drawn, scene, lower=lower, look=look),
        ),
        table=table[["name", "incidents", "population", "rate", "standing"]],
        columns={
            "name": Column("Area"), "incidents": Column("Incidents", "count"),
            "population": Column("Residents", "count"),
            "rate": Column("A year per 1,000 residents", "decimal"),
            "standing": Column("Compared with chance"),
        },
        source=s.source,
        alt=f"Map of {w.number(len(table))} {whose} colored by incidents of {s.what}, {s.window}.",
        note=(
            "An incident counts in the area that holds its coordinates, where areas overlap in the first of "
            "them. Areas touch when they come within a metre of each other. Rates need residents: areas with "
            "few residents and many visitors have high ones."
        ),
        synthetic=s.synthetic,
    )  # fmt: skip


def legend(fig: Figure, s: Spots, look: Look) -> str:
    """The key of the map."""
    lower = maps.classes(fig.table["incidents"])
    return maps.legend(lower, look, what=f"Incidents, {s.window}", marked="Unusual concentration")
