"""Where the comparison places are: an outline map of the states with a dot a place, sized by its weight."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import pandas as pd

from dashboard import words as w
from dashboard.charts import base, states
from dashboard.theme import LIGHT, Look

HEIGHT: Final = 260
#: Weights below this are drawn as places that count nothing.
NEGLIGIBLE: Final = 5e-4
#: So many of the heaviest places are named.
_NAMED: Final = 3
#: Degrees (east, north) that a name needs for itself.
_ROOM: Final = (19.0, 8.0)


def located(donors: pd.DataFrame) -> pd.DataFrame:
    """Give every place a spot: its own, or one inside its state where the data hold none.

    Args:
        donors: ``name``, ``state``, ``weight``, ``longitude``, ``latitude`` and ``placed`` ("own" where the
            coordinates are the place's own).

    Returns:
        The rows that can be put on the map, with ``longitude`` and ``latitude`` filled, heaviest first.
    """
    table = donors.sort_values(["weight", "name"], ascending=[False, True], ignore_index=True)
    own = (table["placed"] == "own").to_numpy()
    for state, rows in table.loc[~own].groupby("state").groups.items():
        spots = states.spread(str(state), len(rows))
        for row, (longitude, latitude) in zip(rows, spots, strict=False):
            table.loc[row, ["longitude", "latitude"]] = longitude, latitude
    return table.dropna(subset=["longitude", "latitude"]).reset_index(drop=True)


def donor_map(
    donors: pd.DataFrame,
    *,
    here: tuple[str, float, float] | None = None,
    look: Look = LIGHT,
) -> Any:
    """Comparison places on an outline of the country.

    Args:
        donors: ``name``, ``weight`` (share of 1), ``longitude``, ``latitude`` (as from :func:`located`).
        here: name, longitude and latitude of the place that is compared.
    """
    if donors.empty:
        return base.empty("No comparison place can be put on the map.", look)
    ground = alt.Chart(alt.InlineData(values=list(states.features()))).mark_geoshape(
        fill=look.area, stroke=look.context, strokeWidth=0.5, aria=False
    )
    rows = donors.assign(told=[w.percent(100 * v, 1) for v in donors["weight"]])
    heavy, light = rows[rows["weight"].abs() >= NEGLIGIBLE], rows[rows["weight"].abs() < NEGLIGIBLE]
    tips = [alt.Tooltip("name:N", title="Place"), alt.Tooltip("told:N", title="Weight")]
    spot = {"longitude": "longitude:Q", "latitude": "latitude:Q"}
    layers: list[Any] = [ground]
    if len(light):
        layers.append(
            alt.Chart(light)
            .mark_circle(size=22, color=look.context, opacity=0.9)
            .encode(**spot, tooltip=tips)
        )
    if len(heavy):
        largest = float(heavy["weight"].abs().max())
        sized = heavy.assign(area=60 + 840 * heavy["weight"].abs() / max(largest, 1e-9))
        if _alike(heavy):
            sized["area"] = 80.0
        layers.append(
            alt.Chart(sized)
            .mark_circle(color=look.main, opacity=0.8, stroke=look.background, strokeWidth=1)
            .encode(**spot, size=alt.Size("area:Q", scale=None, legend=None), tooltip=tips)
        )
    if here is not None:
        layers += _here(*here, look)
    if len(heavy) and not _alike(heavy):
        layers += _named(_apart(heavy, here), look)
    return base.finish(alt.layer(*layers).project(type="albersUsa"), look, height=HEIGHT)


def _alike(rows: pd.DataFrame) -> bool:
    """Whether all count the same, so that none deserves a name."""
    return bool(rows["weight"].max() - rows["weight"].min() < NEGLIGIBLE)


def _here(name: str, longitude: float, latitude: float, look: Look) -> list[Any]:
    """The place itself, as a shape of its own with its name."""
    one = alt.Chart(pd.DataFrame({"name": [name], "longitude": [longitude], "latitude": [latitude]}))
    at = one.encode(longitude="longitude:Q", latitude="latitude:Q")
    mark = at.mark_point(
        shape="diamond", size=150, filled=True, color=look.goal, opacity=1, stroke=look.background
    )
    return [
        mark.encode(tooltip=[alt.Tooltip("name:N", title="Compared here")]),
        *_texts(at, look, look.goal_text),
    ]


def _apart(heavy: pd.DataFrame, here: tuple[str, float, float] | None) -> pd.DataFrame:
    """The heaviest places whose names do not stand on each other or on the place's own."""
    taken = [] if here is None else [here[1:]]
    kept: list[int] = []
    for i, (x, y) in enumerate(zip(heavy["longitude"], heavy["latitude"], strict=True)):
        free = all(abs(x - a) > _ROOM[0] or abs(y - b) > _ROOM[1] for a, b in taken)
        if free and len(kept) < _NAMED:
            kept.append(i)
            taken.append((float(x), float(y)))
    return heavy.iloc[kept]


def _named(rows: pd.DataFrame, look: Look) -> list[Any]:
    # A phone has no room for names: the tooltip and the bars below tell them.
    spots = alt.Chart(rows).transform_filter("width >= 340")
    at = spots.encode(longitude="longitude:Q", latitude="latitude:Q")
    return _texts(at, look, look.text, weight=400, below=False)


def _texts(chart: Any, look: Look, colour: str, *, weight: int = 600, below: bool = True) -> list[Any]:
    style: dict[str, Any] = {
        "align": "center", "baseline": "top" if below else "bottom", "dy": 9 if below else -15,
        "fontWeight": weight,
        "fontSize": alt.ExprRef("width < 420 ? 11.5 : 13"),
    }  # fmt: skip
    halo: dict[str, Any] = {"stroke": look.background, "strokeWidth": 4, "aria": False}
    return [
        chart.mark_text(**style, **more).encode(text="name:N")
        for more in (halo, dict[str, Any](color=colour))
    ]
