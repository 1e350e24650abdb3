"""Maps as pictures (Altair): the twins of the live ones for files, print and small multiples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import pandas as pd
from shapely.geometry import box, mapping
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import text_width
from dashboard.map_parts import (
    Kinds,
    Scene,
    class_words,
    classes,
    colours_of,
    marked_groups,
    outline_of,
    prepared,
    to_name,
)
from dashboard.theme import LIGHT, Look

LATITUDE: Final = 38.65


def _planar(geometry: BaseGeometry) -> dict[str, Any]:
    """Degrees → a plane in which a mile east is as long as a mile north; rings as d3 wants them."""
    from shapely.affinity import scale

    flat = scale(geometry, xfact=math.cos(math.radians(LATITUDE)), yfact=1.0, origin=(0, 0))
    if flat.geom_type == "Polygon":
        flat = orient(flat, sign=-1.0)
    return dict(mapping(flat))


def static_map(
    cells: pd.DataFrame,
    scene: Scene,
    *,
    lower: Sequence[int] | None = None,
    what: str = "incidents",
    look: Look = LIGHT,
    height: int = 460,
    kinds: Kinds | None = None,
    key: bool = True,
    named: bool = True,
) -> Any:
    """The same map as an Altair chart, for SVG, print and the brief; its key stands at its foot.

    Arguments as for :func:`dashboard.maps.deck`; ``key``: whether the key is drawn; ``named``:
    whether the places are named.
    """
    data = prepared(cells, lower, what, look, kinds)
    if data.empty and not scene.shapes("jurisdiction"):
        return base.empty("There is nothing to map.", look)
    window = box(*scene.bounds())
    steps = lower or (classes(cells["count"]) if kinds is None else ())

    def layer(shapes: Sequence[tuple[str, BaseGeometry]], **mark: Any) -> Any:
        features = [
            {"type": "Feature", "geometry": _planar(g.intersection(window)), "properties": {"name": n}}
            for n, g in shapes
            if g.intersects(window)
        ]
        return alt.Chart(_inline(features)).mark_geoshape(**mark, aria=False)

    places = scene.named("jurisdiction")
    hexagons = [
        {
            "type": "Feature", "properties": {}, "colour": row["colour"], "tip": row["tip"],
            "marked": bool(row["marked"]), "geometry": _planar(outline_of(row)),
        }
        for row in data.sort_values("marked").to_dict("records")
    ]  # fmt: skip
    # The key takes the foot: an unseen frame, longer to the south, keeps the map clear of it.
    west, south, east, north = window.bounds
    foot = _foot(steps, kinds) if key else 0
    room = box(west, south - foot / (height - foot) * (north - south), east, north)
    layers = [
        alt.Chart(_inline([{"type": "Feature", "properties": {}, "geometry": _planar(room)}])).mark_geoshape(
            filled=False, strokeOpacity=0, aria=False
        ),
        layer(scene.named("context"), fill=look.area, stroke=look.area, strokeWidth=0.5),
        layer(places, fill=look.grid, stroke=look.grid, strokeWidth=0.5),
    ]
    if hexagons:
        layers.append(
            alt.Chart(_inline(hexagons))
            .mark_geoshape()
            .encode(
                fill=alt.Fill("colour:N", scale=None, legend=None), stroke=alt.value(look.background),
                strokeWidth=alt.value(0.4),
                tooltip=[alt.Tooltip("tip:N", title="Here")],
            )
        )  # fmt: skip
    if named and (near := scene.named("neighborhood")):
        layers.append(layer(near, filled=False, stroke=look.outline, strokeWidth=0.4, strokeOpacity=0.6))
    # Borders as lines: the edge of the window is none.
    borders = [(n, g.boundary) for n, g in places]
    layers.append(layer(borders, filled=False, stroke=look.outline, strokeWidth=1.2))
    if marked := marked_groups(data, scene):
        layers.append(layer(marked, filled=False, stroke=look.goal, strokeWidth=2.2))
    if scene.areas:
        layers.append(layer(list(scene.areas), filled=False, stroke=look.text, strokeWidth=2))
    names = _static_names(to_name(scene), window, look) if named else []
    chart = alt.layer(*layers, *names).project(type="identity", reflectY=True)
    if not key:
        return base.finish(chart, look, height=height)
    drawn = _static_key(steps, what, height, look) if kinds is None else _static_kinds(kinds, height, look)
    return base.finish(alt.layer(chart, *drawn), look, height=height)


def _foot(steps: Sequence[int], kinds: Kinds | None) -> int:
    """Pixels that the key takes."""
    return 44 if kinds is None else 8 + 18 * len(kinds)


def _static_kinds(kinds: Kinds, height: int, look: Look) -> list[Any]:
    """Kinds one below the other: their words are long."""
    rows = pd.DataFrame(
        [
            {"colour": kind.colour(look), "name": kind.words, "y": height - 18 * (len(kinds) - i),
             "y2": height - 18 * (len(kinds) - i) + 12}
            for i, kind in enumerate(kinds.values())
        ]
    )  # fmt: skip
    down = alt.Scale(domain=[0, height], range=[0, height])
    chart = alt.Chart(rows.assign(middle=rows["y"] + 6))
    swatch = chart.mark_rect(stroke=look.outline, strokeWidth=0.8, aria=False).encode(
        x=alt.value(0), x2=alt.value(14), y=alt.Y("y:Q", scale=down, axis=None), y2="y2:Q",
        fill=alt.Fill("colour:N", scale=None, legend=None),
    )  # fmt: skip
    text = chart.mark_text(align="left", baseline="middle", fontSize=12.5, color=look.text).encode(
        x=alt.value(20), y=alt.Y("middle:Q", scale=down, axis=None), text="name:N"
    )
    return [swatch, text]


def _inline(features: list[dict[str, Any]]) -> Any:
    return alt.InlineData(values=features)


def _static_names(places: Sequence[tuple[str, BaseGeometry]], window: BaseGeometry, look: Look) -> list[Any]:
    squeeze = math.cos(math.radians(LATITUDE))
    rows = []
    for name, geometry in places:
        seen = geometry.intersection(window)
        if not seen.is_empty:
            x, y = seen.representative_point().coords[0]
            rows.append({"name": name, "x": x * squeeze, "y": y})
    text = alt.Chart(pd.DataFrame(rows, columns=["name", "x", "y"])).encode(
        longitude="x:Q", latitude="y:Q", text="name:N"
    )
    size = alt.ExprRef("width < 380 ? 12 : 14")
    halo = text.mark_text(fontWeight=600, fontSize=size, stroke=look.background, strokeWidth=4, aria=False)
    return [halo, text.mark_text(fontWeight=600, fontSize=size, color=look.text)]


def _static_key(lower: Sequence[int], what: str, height: int, look: Look) -> list[Any]:
    """Colours and counts along the foot, left to right; narrow enough for a phone."""
    names = class_words(lower)
    rows, x = [], 0.0
    for colour, name in zip(colours_of(lower, look), names, strict=True):
        short = name.replace(" or more", "+")
        rows.append({"colour": colour, "name": short, "x": x, "x2": x + 12, "text": x + 16})
        x += 16 + text_width(short, 12.5) + 10
    table = pd.DataFrame(rows)

    def at(value: float) -> Any:
        return alt.value(value)

    scale = alt.Scale(domain=[0, 1], range=[0, 1])
    key = alt.Chart(table)
    swatch = key.mark_rect(stroke=look.outline, strokeWidth=0.8, aria=False).encode(
        x=alt.X("x:Q", scale=scale, axis=None), x2="x2:Q", y=at(height - 14), y2=at(height - 2),
        fill=alt.Fill("colour:N", scale=None, legend=None),
    )  # fmt: skip
    text = key.mark_text(align="left", baseline="middle", fontSize=12.5, color=look.text).encode(
        x=alt.X("text:Q", scale=scale, axis=None), y=at(height - 8), text="name:N"
    )
    title = alt.Chart(pd.DataFrame({"t": [f"{w.sentence_case(what)} per hexagon"]})).mark_text(
        align="left", baseline="middle", fontSize=12.5, color=look.muted
    ).encode(x=at(0), y=at(height - 26), text="t:N")  # fmt: skip
    return [swatch, text, title]
