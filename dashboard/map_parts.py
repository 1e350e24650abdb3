"""What live and static maps share: where they look, classes of counts, named kinds, and cells made ready.

Cells come with counts that were suppressed upstream: a count that may not be shown is not in the
table at all, or has no number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import h3
import numpy as np
import pandas as pd
from shapely.geometry import Polygon, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from dashboard import words as w
from dashboard.theme import Look, rgb

#: Lower ends of the five classes; the first ladder whose top class is reached is used, so that
#: the same range of counts always has the same colours.
LADDERS: Final = ((200, 500, 1000, 2000, 5000), (100, 200, 400, 800, 1600), (50, 100, 200, 400, 800),
                  (20, 50, 100, 200, 400), (10, 25, 50, 100, 200), (5, 10, 20, 40, 80), (1, 5, 10, 20, 40),
                  (1, 3, 6, 10, 20), (1, 2, 3, 5, 8), (1, 2, 3, 4, 5))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """What a map shows besides its cells.

    Attributes:
        outlines: GeoJSON FeatureCollection with ``id``, ``name`` and ``kind`` (jurisdiction ·
            context), as the hub gives it.
        areas: (name, geometry) of focus areas to outline.
        place: id of the jurisdiction to look at, or "region".
        window: west, south, east and north to look at instead of the whole place.
        marked: outlines to draw thickly, besides those of marked cells.
    """

    outlines: dict[str, Any]
    areas: Sequence[tuple[str, BaseGeometry]] = ()
    place: str = "region"
    window: tuple[float, float, float, float] | None = None
    marked: Sequence[BaseGeometry] = ()

    def shapes(self, kind: str) -> list[tuple[str, str, BaseGeometry]]:
        """(id, name, geometry) of the outlines of one kind."""
        return [
            (str(f["properties"].get("id", "")), str(f["properties"].get("name", "")), shape(f["geometry"]))
            for f in self.outlines.get("features", [])
            if f["properties"].get("kind", "jurisdiction") == kind
        ]

    def named(self, kind: str) -> list[tuple[str, BaseGeometry]]:
        """(name, geometry) of the outlines of one kind."""
        return [(name, geometry) for _, name, geometry in self.shapes(kind)]

    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of what the map looks at, with a margin."""
        if self.window is not None:
            return with_margin(self.window)
        wanted = [g for i, _, g in self.shapes("jurisdiction") if self.place in (i, "region")]
        found = [g.bounds for g in wanted] or [(-90.8, 38.3, -89.7, 38.95)]
        west, south = min(b[0] for b in found), min(b[1] for b in found)
        east, north = max(b[2] for b in found), max(b[3] for b in found)
        return with_margin((west, south, east, north))


def with_margin(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """A little more on every side."""
    west, south, east, north = bounds
    margin = 0.04 * max(east - west, north - south)
    return west - margin, south - margin, east + margin, north + margin


def classes(counts: pd.Series, *, floor: int = 1) -> tuple[int, ...]:
    """Lower ends of the classes for these counts; none lies below ``floor``."""
    top = float(counts.max()) if len(counts) and counts.notna().any() else 0.0
    ladder = next((la for la in LADDERS if la[-1] <= top and la[0] >= min(floor, la[0])), LADDERS[-1])
    kept = [step for step in ladder if step > floor]
    return tuple([floor, *kept][:5])


def class_of(counts: pd.Series, lower: Sequence[int]) -> np.ndarray:
    """Index of the class of every count (0 = lowest)."""
    return np.clip(np.searchsorted(np.asarray(lower, float), counts.to_numpy(float), side="right") - 1, 0, 4)


def class_words(lower: Sequence[int]) -> list[str]:
    """ "1–2", "3–5", "6 or more"."""
    names = []
    for i, low in enumerate(lower):
        if i + 1 == len(lower):
            names.append(f"{w.number(low)} or more")
        else:
            high = lower[i + 1] - 1
            names.append(w.number(low) if high == low else f"{w.number(low)}–{w.number(high)}")
    return names


def colours_of(lower: Sequence[int], look: Look) -> list[str]:
    """As many colours of the ramp as there are classes, the strongest last."""
    return list(look.sequential[-len(lower) :]) if len(lower) < 5 else list(look.sequential)


@dataclass(frozen=True, slots=True)
class Kind:
    """A class with a name instead of a count: its words and its colours in light and in dark."""

    words: str
    light: str
    dark: str

    def colour(self, look: Look) -> str:
        """As ``#RRGGBB``."""
        return self.dark if look.name == "dark" else self.light


Kinds = Mapping[str, Kind]


def prepared(
    cells: pd.DataFrame, lower: Sequence[int] | None, what: str, look: Look, kinds: Kinds | None = None
) -> pd.DataFrame:
    """Cells with colours and words; the tooltip says what the table says.

    With ``kinds``, a cell's colour is that of its ``kind`` (cells of other kinds are left out), and
    its words are those of the kind; without, of its count.
    """
    if kinds is not None:
        known = cells.loc[cells["kind"].isin(list(kinds))].reset_index(drop=True)
        colours = [kinds[k].colour(look) for k in known["kind"]]
        said = [kinds[k].words for k in known["kind"]]
    else:
        known = cells.loc[cells["count"].notna()].reset_index(drop=True)
        steps = lower or classes(known["count"])
        ramp = colours_of(steps, look)
        colours = [ramp[min(k, len(ramp) - 1)] for k in class_of(known["count"], steps)]
        said = [f"{w.number(c)} {what}" for c in known["count"]]
    marked = known["marked"].to_numpy(bool) if "marked" in known else np.zeros(len(known), bool)
    labels = known["label"] if "label" in known else pd.Series("", index=known.index)
    out = pd.DataFrame(
        {
            "cell": known["cell"].astype(str),
            "tip": [f"{a}\n{b}".strip() for a, b in zip(labels, said, strict=True)],
            "fill": [rgb(colour, 0.9) for colour in colours],
            "colour": colours,
            "marked": marked,
        }
    )
    if "geometry" in known:
        out["geometry"] = known["geometry"].to_numpy(object)
    if kinds is None:
        out.insert(1, "count", known["count"].astype(float))
    return out


def outline_of(row: Mapping[Any, Any]) -> BaseGeometry:
    """The outline of a prepared row: its own, or the hexagon of its cell."""
    own: BaseGeometry | None = row.get("geometry")
    return hexagon(str(row["cell"])) if own is None else own


def hexagon(cell: str) -> Polygon:
    """The outline of an H3 cell (WGS84), to the metre."""
    return Polygon([(round(lng, 5), round(lat, 5)) for lat, lng in h3.cell_to_boundary(cell)])


def marked_groups(data: pd.DataFrame, scene: Scene | None = None) -> list[tuple[str, BaseGeometry]]:
    """One outline round each group of marked hexagons: edges round every one would hide the colours."""
    own = [outline_of(r) for r in data[data["marked"]].to_dict("records")]
    return [("", part) for part in groups([*own, *(scene.marked if scene else ())])]


def groups(outlines: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Outlines that touch, joined."""
    union = unary_union(list(outlines))
    # Rounding leaves slits of a metre between neighbours; closing them joins the groups.
    closed = union.buffer(2e-5, join_style="mitre").buffer(-2e-5, join_style="mitre")
    parts = getattr(closed, "geoms", [closed])
    return [part for part in parts if not part.is_empty]


def to_name(scene: Scene) -> list[tuple[str, BaseGeometry]]:
    """The places that the map looks at; a neighbour's name would stand on its cut edge."""
    return [(n, g) for i, n, g in scene.shapes("jurisdiction") if scene.place in (i, "region")]
