"""Maps without a third party: our own shapes on a plain ground, live (deck.gl) and static (Altair).

A street map would come from somebody's server and tell them who looks at what. Ours draws the
outlines of the counties, hexagons (H3) and names, and asks for nothing. Cells come with counts
that were suppressed upstream: a count that may not be shown is not in the table at all.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
import h3
import numpy as np
import pandas as pd
import pydeck as pdk
from shapely.geometry import box, mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient
from shapely.ops import unary_union

from dashboard import words as w
from dashboard.charts import base
from dashboard.charts.labels import text_width
from dashboard.theme import LIGHT, Look, rgb

#: Lower ends of the five classes; the first ladder whose top class is reached is used, so that
#: the same range of counts always has the same colours.
LADDERS: Final = ((200, 500, 1000, 2000, 5000), (100, 200, 400, 800, 1600), (50, 100, 200, 400, 800),
                  (20, 50, 100, 200, 400), (10, 25, 50, 100, 200), (5, 10, 20, 40, 80), (1, 5, 10, 20, 40),
                  (1, 3, 6, 10, 20), (1, 2, 3, 5, 8), (1, 2, 3, 4, 5))  # fmt: skip
LATITUDE: Final = 38.65


@dataclass(frozen=True, slots=True)
class Scene:
    """What a map shows besides its cells.

    Attributes:
        outlines: GeoJSON FeatureCollection with ``id``, ``name`` and ``kind`` (jurisdiction ·
            context), as the hub gives it.
        areas: (name, geometry) of focus areas to outline.
        place: id of the jurisdiction to look at, or "region".
        window: west, south, east and north to look at instead of the whole place.
    """

    outlines: dict[str, Any]
    areas: Sequence[tuple[str, BaseGeometry]] = ()
    place: str = "region"
    window: tuple[float, float, float, float] | None = None

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
            return _with_margin(self.window)
        wanted = [g for i, _, g in self.shapes("jurisdiction") if self.place in (i, "region")]
        found = [g.bounds for g in wanted] or [(-90.8, 38.3, -89.7, 38.95)]
        west, south = min(b[0] for b in found), min(b[1] for b in found)
        east, north = max(b[2] for b in found), max(b[3] for b in found)
        return _with_margin((west, south, east, north))


def _with_margin(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
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


def _colours(lower: Sequence[int], look: Look) -> list[str]:
    """As many colours of the ramp as there are classes, the strongest last."""
    return list(look.sequential[-len(lower) :]) if len(lower) < 5 else list(look.sequential)


def legend(lower: Sequence[int], look: Look = LIGHT, *, what: str, marked: str = "") -> str:
    """The key of the map as HTML: colours with their counts, in a line that wraps."""
    items = [
        f'<span style="display:inline-flex;align-items:center;gap:.35rem;white-space:nowrap">'
        f'<span style="width:1.1rem;height:1.1rem;background:{colour};'
        f'border:1px solid {look.outline}" aria-hidden="true"></span>{html.escape(name)}</span>'
        for colour, name in zip(_colours(lower, look), class_words(lower), strict=True)
    ]
    if marked:
        items.append(
            f'<span style="display:inline-flex;align-items:center;gap:.35rem">'
            f'<span style="width:1.1rem;height:1.1rem;border:3px solid {look.goal};box-sizing:border-box" '
            f'aria-hidden="true"></span>{html.escape(marked)}</span>'
        )
    return (
        f'<div style="display:flex;flex-wrap:wrap;gap:.3rem 1rem;font-size:.9rem;color:{look.text}">'
        f"<span>{html.escape(w.sentence_case(what))}:</span>{''.join(items)}</div>"
    )


def _zoom(bounds: tuple[float, float, float, float], width: float = 640, height: float = 440) -> float:
    west, south, east, north = bounds

    def mercator(lat: float) -> float:
        return math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)

    by_width = width / 512 * 360 / max(east - west, 1e-6)
    by_height = height / 512 / max(mercator(north) - mercator(south), 1e-9)
    return math.log2(min(by_width, by_height))


def deck(
    cells: pd.DataFrame,
    scene: Scene,
    *,
    lower: Sequence[int] | None = None,
    what: str = "incidents",
    look: Look = LIGHT,
) -> pdk.Deck:
    """The live map.

    Args:
        cells: ``cell`` (H3 id), ``count``; ``label`` (words for the tooltip) and ``marked`` (bool,
            drawn with a thick edge) are optional. Already suppressed.
        scene: outlines, areas and where to look.
        lower: classes, default from the counts; pass the same to :func:`legend`.
        what: what is counted.
        look: colours.

    The layer of cells has the id ``cells``: a click on it is ``event.selection.objects["cells"]``.
    """
    data = _prepared(cells, lower, what, look)
    layers = [
        _shapes("context", scene.named("context"), look, fill=rgb(look.area), width=1),
        _shapes("places", scene.named("jurisdiction"), look, fill=rgb(look.grid, 0.55), width=1),
        pdk.Layer(
            "H3HexagonLayer", id="cells", data=data, get_hexagon="cell", get_fill_color="fill",
            get_line_color=rgb(look.background, 0.6), get_line_width=0.5,
            line_width_units=pdk.types.String("pixels"),
            stroked=True, filled=True, extruded=False, pickable=True, auto_highlight=True,
        ),
        _shapes("borders", scene.named("jurisdiction"), look, fill=None, width=1.5),
        _shapes("marked", _marked(data), look, fill=None, width=2.5, line=rgb(look.goal)),
        _shapes("areas", list(scene.areas), look, fill=None, width=2.5, line=rgb(look.text)),
        _names(scene, look),
    ]  # fmt: skip
    bounds = scene.bounds()
    view = pdk.ViewState(
        longitude=(bounds[0] + bounds[2]) / 2, latitude=(bounds[1] + bounds[3]) / 2, zoom=_zoom(bounds),
        min_zoom=7, max_zoom=13,
    )  # fmt: skip
    style = {"backgroundColor": look.background, "color": look.text, "border": f"1px solid {look.outline}"}
    return pdk.Deck(
        layers=[la for la in layers if la is not None], initial_view_state=view,
        # No ``map_style`` at all: None would make Streamlit fetch a street map from CARTO.
        map_provider=None,
        tooltip={"text": "{tip}", "style": style},
    )  # fmt: skip


def _prepared(cells: pd.DataFrame, lower: Sequence[int] | None, what: str, look: Look) -> pd.DataFrame:
    """Cells with colours and words; the tooltip says what the table says."""
    known = cells.loc[cells["count"].notna()].reset_index(drop=True)
    steps = lower or classes(known["count"])
    colours = _colours(steps, look)
    which = class_of(known["count"], steps)
    marked = known["marked"].to_numpy(bool) if "marked" in known else np.zeros(len(known), bool)
    labels = known["label"] if "label" in known else pd.Series("", index=known.index)
    said = [f"{w.number(c)} {what}" for c in known["count"]]
    return pd.DataFrame(
        {
            "cell": known["cell"].astype(str),
            "count": known["count"].astype(float),
            "tip": [f"{a}\n{b}".strip() for a, b in zip(labels, said, strict=True)],
            "fill": [rgb(colours[min(k, len(colours) - 1)], 0.9) for k in which],
            "colour": [colours[min(k, len(colours) - 1)] for k in which],
            "marked": marked,
        }
    )


def _shapes(
    key: str,
    shapes: Sequence[tuple[str, BaseGeometry]],
    look: Look,
    *,
    fill: list[int] | None,
    width: float,
    line: list[int] | None = None,
) -> pdk.Layer | None:
    if not shapes:
        return None
    features = [
        {"type": "Feature", "geometry": mapping(g), "properties": {"name": n, "tip": n}} for n, g in shapes
    ]
    return pdk.Layer(
        "GeoJsonLayer", id=key, data={"type": "FeatureCollection", "features": features},
        filled=fill is not None, get_fill_color=fill or [0, 0, 0, 0], stroked=True,
        get_line_color=line or rgb(look.outline), get_line_width=width,
        line_width_units=pdk.types.String("pixels"), pickable=False,
    )  # fmt: skip


def _names(scene: Scene, look: Look) -> pdk.Layer:
    rows = [
        {"name": name, "at": list(g.representative_point().coords[0])}
        for name, g in _to_name(scene) + list(scene.areas)
    ]
    return pdk.Layer(
        "TextLayer", id="names", data=pd.DataFrame(rows, columns=["name", "at"]), get_text="name",
        get_position="at", get_size=15, get_color=rgb(look.text), background=True,
        get_background_color=rgb(look.background, 0.75), background_padding=[4, 2], font_weight=600,
        font_family=pdk.types.String("sans-serif"), pickable=False,
    )  # fmt: skip


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
) -> Any:
    """The same map as an Altair chart, for SVG, print and the brief; its key stands at its foot.

    Arguments as for :func:`deck`.
    """
    data = _prepared(cells, lower, what, look)
    if data.empty and not scene.shapes("jurisdiction"):
        return base.empty("There is nothing to map.", look)
    window = box(*scene.bounds())
    steps = lower or classes(cells["count"])

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
            "marked": bool(row["marked"]), "geometry": _planar(_hexagon(row["cell"])),
        }
        for row in data.sort_values("marked").to_dict("records")
    ]  # fmt: skip
    # The key takes the foot: an unseen frame, longer to the south, keeps the map clear of it.
    west, south, east, north = window.bounds
    room = box(west, south - 44 / (height - 44) * (north - south), east, north)
    layers = [
        alt.Chart(_inline([{"type": "Feature", "properties": {}, "geometry": _planar(room)}])).mark_geoshape(
            filled=False, strokeOpacity=0, aria=False
        ),
        layer(scene.named("context"), fill=look.area, stroke=look.grid),
        layer(places, fill=look.grid, stroke=look.outline, strokeWidth=0.8),
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
    layers.append(layer(places, filled=False, stroke=look.outline, strokeWidth=1.2))
    if marked := _marked(data):
        layers.append(layer(marked, filled=False, stroke=look.goal, strokeWidth=2.2))
    if scene.areas:
        layers.append(layer(list(scene.areas), filled=False, stroke=look.text, strokeWidth=2))
    chart = alt.layer(*layers, *_static_names(_to_name(scene), window, look)).project(
        type="identity", reflectY=True
    )
    return base.finish(alt.layer(chart, *_static_key(steps, what, height, look)), look, height=height)


def _inline(features: list[dict[str, Any]]) -> Any:
    return alt.InlineData(values=features)


def _hexagon(cell: str) -> BaseGeometry:
    from shapely.geometry import Polygon

    return Polygon([(lng, lat) for lat, lng in h3.cell_to_boundary(cell)])


def _marked(data: pd.DataFrame) -> list[tuple[str, BaseGeometry]]:
    """One outline round each group of marked hexagons: edges round every one would hide the colours."""
    union = unary_union([_hexagon(c) for c in data.loc[data["marked"], "cell"]])
    # Rounding leaves slits of a few centimetres between neighbours; closing them joins the groups.
    closed = union.buffer(1e-6, join_style="mitre").buffer(-1e-6, join_style="mitre")
    parts = getattr(closed, "geoms", [closed])
    return [("", part) for part in parts if not part.is_empty]


def _to_name(scene: Scene) -> list[tuple[str, BaseGeometry]]:
    """The places that the map looks at; a neighbour's name would stand on its cut edge."""
    return [(n, g) for i, n, g in scene.shapes("jurisdiction") if scene.place in (i, "region")]


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
    for colour, name in zip(_colours(lower, look), names, strict=True):
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
