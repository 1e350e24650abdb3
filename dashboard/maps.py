"""Maps without a third party: our own shapes on a plain ground, live (deck.gl) and static (Altair).

A street map would come from somebody's server and tell them who looks at what. Ours draws the
outlines of the counties, hexagons (H3) and names, and asks for nothing. Cells come with counts
that were suppressed upstream: a count that may not be shown is not in the table at all.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Final

import pandas as pd
import pydeck as pdk
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from dashboard import words as w
from dashboard.map_parts import (
    LADDERS,
    Kind,
    Kinds,
    Scene,
    class_of,
    class_words,
    classes,
    colours_of,
    groups,
    hexagon,
    marked_groups,
    prepared,
    to_name,
)
from dashboard.static_maps import static_map
from dashboard.theme import LIGHT, Look, rgb

__all__ = [
    "LADDERS", "Deck", "Kind", "Kinds", "Scene", "class_of", "class_words", "classes", "deck", "groups",
    "hexagon", "kinds_legend", "legend", "static_map",
]  # fmt: skip

#: Pixels of the narrowest phone's map. The server cannot know how wide a screen is, and a place that
#: is cut off is worse than one with room around it.
NARROW: Final = 330
HEIGHT: Final = 540


class Deck(pdk.Deck):  # type: ignore[misc]
    """A map whose JSON is made once, however often it is shown."""

    _text: str | None = None

    def to_json(self) -> str:
        """The map for deck.gl."""
        if self._text is None:
            self._text = str(super().to_json())
        return self._text


def legend(lower: Sequence[int], look: Look = LIGHT, *, what: str, marked: str = "") -> str:
    """The key of the map as HTML: colours with their counts, in a line that wraps."""
    items = [
        _swatch(colour, name, look)
        for colour, name in zip(colours_of(lower, look), class_words(lower), strict=True)
    ]
    if marked:
        items.append(
            f'<span style="display:inline-flex;align-items:center;gap:.35rem">'
            f'<span style="flex:none;width:1.1rem;height:1.1rem;border:3px solid {look.goal};'
            f'box-sizing:border-box" aria-hidden="true"></span>{html.escape(marked)}</span>'
        )
    return _key(f"<span>{html.escape(w.sentence_case(what))}:</span>", items, look)


def kinds_legend(kinds: Kinds, look: Look = LIGHT) -> str:
    """The key of a map of kinds as HTML."""
    items = [_swatch(kind.colour(look), kind.words, look) for kind in kinds.values()]
    return _key("", items, look)


def _swatch(colour: str, name: str, look: Look) -> str:
    return (
        f'<span style="display:inline-flex;align-items:center;gap:.35rem">'
        f'<span style="flex:none;width:1.1rem;height:1.1rem;background:{colour};'
        f'border:1px solid {look.outline}" aria-hidden="true"></span>{html.escape(name)}</span>'
    )


def _key(title: str, items: Sequence[str], look: Look) -> str:
    return (
        f'<div style="display:flex;flex-wrap:wrap;gap:.3rem 1rem;font-size:.9rem;color:{look.text}">'
        f"{title}{''.join(items)}</div>"
    )


def _zoom(bounds: tuple[float, float, float, float], width: float = NARROW, height: float = HEIGHT) -> float:
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
    kinds: Kinds | None = None,
) -> Deck:
    """The live map.

    Args:
        cells: ``cell`` (H3 id), ``count``; ``label`` (words for the tooltip) and ``marked`` (bool,
            drawn with a thick edge) are optional, and so is ``geometry`` (areas instead of hexagons). With
            ``kinds``: ``kind`` instead of ``count``. Already suppressed.
        scene: outlines, areas and where to look.
        lower: classes, default from the counts; pass the same to :func:`legend`.
        what: what is counted.
        look: colours.
        kinds: named classes instead of counts.

    The layer of cells has the id ``cells``: a click on it is ``event.selection.objects["cells"]``.
    """
    data = prepared(cells, lower, what, look, kinds)
    layers = [
        _shapes("context", scene.named("context"), look, fill=rgb(look.area), width=1),
        _shapes("places", scene.named("jurisdiction"), look, fill=rgb(look.grid, 0.55), width=1),
        _cells(data, look),
        _shapes("neighborhoods", scene.named("neighborhood"), look, fill=None, width=0.6),
        _shapes("borders", scene.named("jurisdiction"), look, fill=None, width=1.5),
        _shapes("marked", marked_groups(data, scene), look, fill=None, width=2, line=rgb(look.goal)),
        _shapes("areas", list(scene.areas), look, fill=None, width=2.5, line=rgb(look.text)),
        _names(scene, look),
    ]  # fmt: skip
    bounds = scene.bounds()
    view = pdk.ViewState(
        longitude=(bounds[0] + bounds[2]) / 2, latitude=(bounds[1] + bounds[3]) / 2, zoom=_zoom(bounds),
        min_zoom=7, max_zoom=13,
    )  # fmt: skip
    style = {"backgroundColor": look.background, "color": look.text, "border": f"1px solid {look.outline}"}
    return Deck(
        layers=[la for la in layers if la is not None], initial_view_state=view,
        # No ``map_style`` at all: None would make Streamlit fetch a street map from CARTO.
        map_provider=None,
        tooltip={"text": "{tip}", "style": style},
    )  # fmt: skip


def _cells(data: pd.DataFrame, look: Look) -> pdk.Layer:
    """The coloured cells: hexagons by their number, areas by their outline."""
    drawn = {
        "id": "cells", "get_line_color": rgb(look.background, 0.6), "get_line_width": 0.5,
        "line_width_units": pdk.types.String("pixels"), "stroked": True, "filled": True, "extruded": False,
        "pickable": True, "auto_highlight": True,
    }  # fmt: skip
    sent = data.drop(columns=["colour", "marked", "geometry"], errors="ignore")
    if "geometry" not in data:
        return pdk.Layer("H3HexagonLayer", data=sent, get_hexagon="cell", get_fill_color="fill", **drawn)
    features = [
        {**row, "type": "Feature", "geometry": mapping(g), "properties": {}}
        for row, g in zip(sent.to_dict("records"), data["geometry"], strict=True)
    ]
    collection = {"type": "FeatureCollection", "features": features}
    return pdk.Layer("GeoJsonLayer", data=collection, get_fill_color="fill", **drawn)


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
        for name, g in to_name(scene) + [(n, g) for n, g in scene.areas if n]
    ]
    return pdk.Layer(
        "TextLayer", id="names", data=pd.DataFrame(rows, columns=["name", "at"]), get_text="name",
        get_position="at", get_size=15, get_color=rgb(look.text), background=True,
        get_background_color=rgb(look.background, 0.75), background_padding=[4, 2], font_weight=600,
        font_family=pdk.types.String("sans-serif"), pickable=False,
    )  # fmt: skip
