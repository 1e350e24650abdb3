"""Figures as files: a chart with its title, sentence and source, in one SVG or PNG.

Vega-Lite can title a chart, but neither wraps its title nor puts a source under it. So the words
are set here, around charts that vl-convert draws without a browser, and one file holds the whole
figure, however wide it is.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

import vl_convert

from dashboard.charts.labels import text_width, wrap
from dashboard.theme import FONT, LIGHT, Look

#: Margin around everything, in pixels.
MARGIN: Final = 14


def chart_svg(chart: Any, width: float) -> str:
    """One chart, drawn at a fixed outer width in pixels."""
    spec = copy.deepcopy(chart if isinstance(chart, dict) else chart.to_dict())
    spec["width"] = width
    # Nothing a chart needs may come from the network.
    return vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])


def _size(svg: str) -> tuple[float, float]:
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if found is None:
        raise ValueError("The chart's picture has no size.")
    return float(found[1]), float(found[2])


class _Page:
    """Lines of words and pictures from top to bottom."""

    def __init__(self, width: float, look: Look) -> None:
        self.width, self.look = width, look
        self.y = float(MARGIN)
        self.parts: list[str] = []

    def text(
        self, words: str, size: float, colour: str, *, weight: int = 400, x: float = MARGIN, width: float = 0
    ) -> None:
        room = width or self.width - 2 * MARGIN
        for line in wrap(words, room, size * (1.0 if weight >= 600 else 0.97)):
            self.y += size * 1.28
            self.parts.append(
                f'<text x="{x:g}" y="{self.y:.1f}" font-size="{size:g}" font-weight="{weight}" '
                f'fill="{colour}">{escape(line)}</text>'
            )

    def picture(self, svg: str, x: float = MARGIN) -> float:
        width, height = _size(svg)
        inner = re.sub(r"^<svg [^>]*>", "", svg, count=1).removesuffix("</svg>")
        self.parts.append(
            f'<svg x="{x:g}" y="{self.y:.1f}" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}">{inner}</svg>'
        )
        return height


def compose(
    *,
    title: str,
    sentence: str,
    panels: Sequence[tuple[str, Any]],
    source: str,
    alt: str,
    stamp: str = "",
    width: float = 760,
    look: Look = LIGHT,
) -> str:
    """The whole figure as one SVG.

    Args:
        title, sentence, source: words above and below.
        panels: (heading, chart); several stand side by side where there is room for all.
        alt: description for screen readers.
        stamp: words that must not be lost, such as "Synthetic sample data".
        width: outer width in pixels.
        look: colours; files are light unless said otherwise.
    """
    page = _Page(width, look)
    page.text(title, 20 if width >= 480 else 18, look.text, weight=600)
    page.y += 2
    if sentence:
        page.text(sentence, 14.5, look.muted)
    page.y += 8
    room = width - 2 * MARGIN
    columns = len(panels) if room / len(panels) >= 180 + 36 else 1
    gap = 18
    each = (room - gap * (columns - 1)) / columns
    for first in range(0, len(panels), columns):
        top, tallest = page.y, 0.0
        for i, (heading, chart) in enumerate(panels[first : first + columns]):
            page.y, left = top, MARGIN + i * (each + gap)
            if heading:
                page.text(heading, 14.5, look.text, weight=600, x=left, width=each)
                page.y += 6
            height = page.picture(chart_svg(chart, each), left)
            tallest = max(tallest, page.y + height - top)
        page.y = top + tallest + 6
    if stamp:
        _stamp(page, stamp)
    page.text(f"Source: {source}", 12.5, look.muted)
    height = page.y + MARGIN
    family = escape(FONT, {'"': "&quot;"})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'aria-labelledby="figure-title figure-description" width="{width:g}" height="{height:.0f}" '
        f'viewBox="0 0 {width:g} {height:.0f}" font-family="{family}">'
        f'<title id="figure-title">{escape(title)}</title><desc id="figure-description">{escape(alt)}</desc>'
        f'<rect width="100%" height="100%" fill="{look.background}"/>{"".join(page.parts)}</svg>'
    )


def _stamp(page: _Page, words: str) -> None:
    """A framed line that survives cropping to the chart and its source."""
    page.y += 4
    width = text_width(words, 13) + 14
    page.parts.append(
        f'<rect x="{MARGIN}" y="{page.y:.1f}" width="{width:.0f}" height="22" rx="3" fill="none" '
        f'stroke="{page.look.goal_text}"/>'
        f'<text x="{MARGIN + 7}" y="{page.y + 15.5:.1f}" font-size="13" font-weight="600" '
        f'fill="{page.look.goal_text}">{escape(words)}</text>'
    )
    page.y += 26


def to_png(svg: str, scale: float = 2.0) -> bytes:
    """An SVG as PNG; ``scale`` 2 is sharp on a projector and in print."""
    return vl_convert.svg_to_png(svg, scale=scale)
