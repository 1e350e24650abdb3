"""Colours, fonts and chart settings: one calm look in light and in dark.

The four series colours are the accessible palette of the UK Government Analysis Function
(https://analysisfunction.civilservice.gov.uk/policy-store/data-visualisation-colours-in-charts/),
with a lighter list of their own in dark. Every pair that carries meaning is tested for contrast:
3 : 1 for shapes, 4.5 : 1 for words (WCAG 2.2, 1.4.3 and 1.4.11).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import vl_convert

#: Fonts that come with the app, so that pictures have words on every machine.
FONTS: Final = Path(__file__).parent / "static" / "fonts"
#: The quotes matter: an unquoted family that ends in a digit is no CSS name, and vl-convert then
#: draws no words at all. Streamlit serves the same design as "Source Sans".
FONT: Final = '"Source Sans 3", "Source Sans", sans-serif'

vl_convert.register_font_directory(str(FONTS))


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one appearance (light or dark).

    ``series`` are for shapes, ``series_text`` are the same hues strong enough for words.
    ``sequential`` runs from few to many and stands out more, the more there is.
    """

    name: str
    background: str
    text: str
    muted: str
    grid: str
    rule: str
    context: str
    series: tuple[str, str, str, str]
    series_text: tuple[str, str, str, str]
    sequential: tuple[str, str, str, str, str]
    area: str
    outline: str

    @property
    def main(self) -> str:
        """What is observed: the one line a reader should follow."""
        return self.series[0]

    @property
    def main_text(self) -> str:
        """The colour of words about what is observed."""
        return self.series_text[0]

    @property
    def goal(self) -> str:
        """Goals and plans; always dashed as well."""
        return self.series[1]

    @property
    def goal_text(self) -> str:
        """The colour of words about goals and plans."""
        return self.series_text[1]

    @property
    def expected(self) -> str:
        """What was to be expected without the tactic; always dashed as well."""
        return self.series[3]

    @property
    def expected_text(self) -> str:
        """The colour of words about what was to be expected."""
        return self.series_text[3]


LIGHT: Final = Look(
    name="light",
    background="#FFFFFF",
    text="#1B1B1B",
    muted="#55595F",
    grid="#E6E8EB",
    rule="#55595F",
    context="#8A8F96",
    series=("#12436D", "#F46A25", "#28A197", "#801650"),
    series_text=("#12436D", "#B5460F", "#1B756D", "#801650"),
    sequential=("#C9DDF0", "#8FB8DE", "#5590C4", "#2A689F", "#12436D"),
    area="#F3F5F8",
    outline="#6B7178",
)
DARK: Final = Look(
    name="dark",
    background="#0E1117",
    text="#F2F3F5",
    muted="#B4B9C1",
    grid="#2A2F38",
    rule="#B4B9C1",
    context="#7F8791",
    series=("#56B4E9", "#F46A25", "#28A197", "#A285D1"),
    series_text=("#7CC4F0", "#FF9A66", "#45C2B7", "#BBA3E2"),
    sequential=("#1F3A52", "#2B5F8A", "#3C88BF", "#6FB4E2", "#BFE1F7"),
    area="#1A1F28",
    outline="#8B929C",
)
LOOKS: Final = {"light": LIGHT, "dark": DARK}


@dataclass(frozen=True, slots=True)
class Status:
    """A state as a word, a shape and a colour: never one of the three alone.

    ``series`` is the index in ``Look.series`` (None: grey), ``shape`` a Vega symbol, and ``badge``
    the name of Streamlit's colour.
    """

    word: str
    icon: str
    shape: str
    series: int | None
    badge: str

    def colour(self, look: Look) -> str:
        """The state's colour for shapes."""
        return look.context if self.series is None else look.series[self.series]

    def text_colour(self, look: Look) -> str:
        """The state's colour for words."""
        return look.muted if self.series is None else look.series_text[self.series]


#: Every state a screen can show, by its key.
STATUSES: Final[dict[str, Status]] = {
    "reached": Status("Target reached", "✓", "diamond", 0, "blue"),
    "toward": Status("Moving toward", "▼", "triangle-down", 0, "blue"),
    "on_course": Status("On course", "▼", "triangle-down", 0, "blue"),
    "behind": Status("Behind the path", "▲", "triangle-up", 1, "orange"),
    "moving_away": Status("Moving away", "▲", "triangle-up", 1, "orange"),
    "fewer": Status("Fewer", "▼", "triangle-down", 0, "blue"),
    "more": Status("More", "▲", "triangle-up", 1, "orange"),
    "cannot_tell": Status("Cannot tell yet", "◆", "diamond", None, "gray"),
    "too_early": Status("Too early to tell", "◆", "diamond", None, "gray"),
    "too_few": Status("Too few events", "○", "circle", None, "gray"),
    "no_data": Status("No data", "–", "cross", None, "gray"),
    "not_started": Status("Not at work", "–", "cross", None, "gray"),
    "ready": Status("Complete", "●", "circle", 0, "blue"),
    "late": Status("Late", "▲", "triangle-up", 1, "orange"),
}


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two ``#RRGGBB`` colours, 1 to 21 (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


#: Ground and words of what Streamlit writes in white on the primary colour, whatever the theme: in dark
#: that colour is light, because elsewhere it is the colour of words.
FILLED: Final = ("#12436D", "#FFFFFF")
#: Chips of multiple choices and primary buttons in these colours; a white edge parts them from a dark page.
STYLE: Final = (
    '<style>[data-testid="stMultiSelect"] [data-tag],[data-testid^="stBaseButton-primary"]:not(:disabled)'
    f"{{background-color:{FILLED[0]};color:{FILLED[1]};border:1px solid {FILLED[1]}}}"
    '[data-testid="stMultiSelect"] [data-tag] *{color:inherit}</style>'
)


def rgb(colour: str, alpha: float = 1.0) -> list[int]:
    """``#RRGGBB`` as the list that deck.gl wants."""
    return [*(int(colour[i : i + 2], 16) for i in (1, 3, 5)), round(255 * alpha)]


def config(look: Look) -> dict[str, Any]:
    """Vega-Lite's ``config``: quiet axes, no frame, no legend, our font, our colours."""
    axis = {
        "labelColor": look.muted,
        "titleColor": look.muted,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": 400,
        "labelFontWeight": 400,
        "domainColor": look.rule,
        "tickColor": look.rule,
        "gridColor": look.grid,
        "gridWidth": 1,
        "labelPadding": 6,
        "labelOverlap": "greedy",
        "labelFlush": True,
    }
    return {
        "font": FONT,
        "background": look.background,
        "padding": {"left": 2, "right": 6, "top": 4, "bottom": 4},
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False, "ticks": True, "domain": True, "tickSize": 4},
        "axisY": {"grid": True, "ticks": False, "domain": False},
        "text": {"font": FONT, "fontSize": 14, "color": look.text},
        "line": {"strokeWidth": 2.5, "strokeJoin": "round", "strokeCap": "round"},
        "rule": {"color": look.rule},
        "legend": {"disable": True},
        "header": {"labelColor": look.text, "labelFontSize": 14, "labelFontWeight": 600, "title": None},
        "title": {"color": look.text, "font": FONT, "anchor": "start", "fontSize": 15, "fontWeight": 600},
        "range": {"category": list(look.series), "ramp": list(look.sequential)},
        "locale": {"number": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["$", ""]}},
    }
