"""Words beside their line: where a direct label fits without touching data or frame.

A chart stretches from a phone (about 250 pixels of plot) to a projector (1,000), and a label that
sits well in one hides the line in another. So places are chosen three times, for three plot
widths, and the chart itself picks the set for the width that it has (Vega's signal ``width``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.theme import Look

#: Smallest plot width (pixels) that each set of places is made for, and where its use begins.
WIDTHS: Final = (225, 380, 640)
BREAKS: Final = (380, 640)
SIZE: Final = 14
LINE: Final = 17

#: Advance widths of Source Sans 3 Semibold from the space to "~", in thousandths of the size.
_ADVANCE: Final = (
    200, 315, 482, 513, 513, 841, 639, 275, 324, 324, 438, 513, 275, 322, 275, 344, 513, 513, 513, 513, 513,
    513, 513, 513, 513, 513, 275, 275, 513, 513, 513, 444, 875, 558, 597, 576, 625, 538, 510, 628, 663, 282,
    494, 597, 502, 745, 657, 674, 582, 674, 592, 545, 546, 655, 536, 800, 541, 501, 540, 324, 344, 324, 513,
    500, 549, 516, 563, 462, 564, 507, 317, 520, 558, 262, 263, 522, 271, 843, 560, 549, 564, 564, 373, 431,
    361, 556, 495, 748, 481, 495, 443, 324, 255, 324, 513,
)  # fmt: skip
_OTHERS: Final = {"−": 513, "–": 480, "—": 800, "·": 275, "’": 275, "\u00a0": 200}


def text_width(text: str, size: float = SIZE) -> float:
    """Pixels that ``text`` takes in the semibold font."""
    return sum(
        _ADVANCE[ord(c) - 32] if " " <= c <= "~" else _OTHERS.get(c, 600) for c in text
    ) * size / 1000  # fmt: skip


def shorten(text: str, width: float, size: float = SIZE) -> str:
    """``text``, cut to ``width`` pixels with "…" where it must be."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip(" ,(·") + "…"


def wrap(text: str, width: float, size: float = SIZE) -> list[str]:
    """Break ``text`` between words into lines of at most ``width`` pixels."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


@dataclass(frozen=True, slots=True)
class Label:
    """One label: its words (longest first; shorter ones for phones), colour, and what it names.

    ``x``, ``y``: data positions (x as ordinal number, see ``Frame``) of the line it belongs to;
    the label is put near one of them. ``prefer`` 0…1 says which part of the line it likes.
    """

    texts: tuple[str, ...]
    colour: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    prefer: float = 1.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot's data limits and its height in pixels."""

    x0: float
    x1: float
    y0: float
    y1: float
    height: float

    def px(self, x: Any, width: float) -> Any:
        """Data x → pixels from the left."""
        return (np.asarray(x, float) - self.x0) / ((self.x1 - self.x0) or 1) * width

    def py(self, y: Any) -> Any:
        """Data y → pixels from the top."""
        return (self.y1 - np.asarray(y, float)) / ((self.y1 - self.y0) or 1) * self.height


Box = tuple[float, float, float, float]


def _dense(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points along a polyline, at most 3 pixels apart; gaps (NaN) stay gaps."""
    parts = []
    for i in range(len(x)):
        if not (np.isfinite(x[i]) and np.isfinite(y[i])):
            continue
        parts.append(np.array([[x[i], y[i]]]))
        if i + 1 < len(x) and np.isfinite(x[i + 1]) and np.isfinite(y[i + 1]):
            n = int(max(abs(x[i + 1] - x[i]), abs(y[i + 1] - y[i])) // 3)
            if n > 0:
                t = np.linspace(0, 1, min(n, 400) + 1)[1:, None]
                parts.append((1 - t) * [x[i], y[i]] + t * [x[i + 1], y[i + 1]])
    return np.concatenate(parts) if parts else np.empty((0, 2))


def _overlap(a: Box, b: Box) -> float:
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    return max(w, 0) * max(h, 0)


def _place_one(
    label: Label,
    frame: Frame,
    width: float,
    obstacles: NDArray[np.float64],
    others: NDArray[np.float64],
    taken: list[Box],
) -> tuple[str, Box] | None:
    """Words and box (pixels) of the cheapest place; None when there is nowhere to go."""
    x, y = frame.px(label.x, width), frame.py(label.y)
    ok = np.isfinite(x) & np.isfinite(y)
    x, y = x[ok], y[ok]
    if len(x) == 0:
        return None
    best: tuple[float, str, Box] | None = None
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), 40)).astype(int))
    keep = keep[np.argsort(np.abs(keep / max(len(x) - 1, 1) - label.prefer))]  # the liked ones first
    for shortness, text in enumerate(label.texts):
        w = text_width(text)
        if w > width - 2:
            continue
        for i in keep:
            away = abs(i / max(len(x) - 1, 1) - label.prefer)
            for dy in (-14, 16, -24, 26, -38, 40, -56, 58, -80, 84):
                cy = y[i] + dy
                if cy - LINE / 2 < 0 or cy + LINE / 2 > frame.height:
                    continue
                # What the place costs before anything is in its way; most places end here.
                least = 0.6 * abs(dy) + 90 * away + 25 * shortness
                if best is not None and least >= best[0]:
                    continue
                for align in (0.5, 1.0, 0.0):
                    # Clear of the point by 6 pixels when it stands beside it.
                    left = min(max(x[i] - align * w + 6 * (1 - 2 * align), 1), width - w - 1)
                    box = (left - 2, cy - LINE / 2, left + w + 2, cy + LINE / 2)
                    hit = (
                        (obstacles[:, 0] > box[0]) & (obstacles[:, 0] < box[2])
                        & (obstacles[:, 1] > box[1]) & (obstacles[:, 1] < box[3])
                    ).sum()  # fmt: skip
                    # A line between a label and its own line would make it the other's label.
                    low, high = sorted((y[i], cy))
                    crossed = (
                        (np.abs(others[:, 0] - x[i]) < 4) & (others[:, 1] > low + 1) & (others[:, 1] < high)
                    ).any()
                    cost = 12.0 * hit + 60.0 * crossed + 2.0 * sum(_overlap(box, t) for t in taken) + least
                    if best is None or cost < best[0]:
                        best = (cost, text, box)
    return None if best is None else best[1:]


def place(
    labels: Sequence[Label],
    frame: Frame,
    lines: Sequence[tuple[Sequence[float], Sequence[float]]] = (),
    taken: Sequence[Box] = (),
) -> pd.DataFrame:
    """Find a place for every label at each of the three widths.

    Args:
        labels: in order of importance; earlier ones choose first.
        frame: the plot.
        lines: further polylines (x, y) that no label may cover; those of the labels count too.
        taken: pixel boxes that are in use whatever the width (from the left edge).

    Returns:
        DataFrame: set (0, 1, 2), text, colour, align (left, center, right) and x, y (data units).
    """
    rows: list[dict[str, Any]] = []
    for which, width in enumerate(WIDTHS):
        points = [
            _dense(frame.px(x, width), frame.py(y)) for x, y in [*[(la.x, la.y) for la in labels], *lines]
        ]
        obstacles = np.concatenate([np.empty((0, 2)), *points])
        used = list(taken)
        for i, label in enumerate(labels):
            others = np.concatenate(
                [np.empty((0, 2)), *[p for k, p in enumerate(points[: len(labels)]) if k != i]]
            )
            found = _place_one(label, frame, width, obstacles, others, used)
            if found is None:
                continue
            text, box = found
            used.append(box)
            # Anchored at the side nearest to its point, so that it stays there in a wider plot.
            point = float(np.nanmean(frame.px(_near(label, frame, box, width), width)))
            align = "left" if box[0] + 2 > point else "right" if box[2] - 2 < point else "center"
            anchor = {"left": box[0] + 2, "right": box[2] - 2, "center": (box[0] + box[2]) / 2}[align]
            if align == "center" and (box[0] < 4 or box[2] > width - 4):
                align, anchor = ("left", box[0] + 2) if box[0] < 4 else ("right", box[2] - 2)
            rows.append(
                {
                    "set": which, "text": text, "colour": label.colour, "align": align,
                    "x": frame.x0 + anchor / width * (frame.x1 - frame.x0),
                    "y": frame.y1 - (box[1] + box[3]) / 2 / frame.height * (frame.y1 - frame.y0),
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=["set", "text", "colour", "align", "x", "y"])


def _near(label: Label, frame: Frame, box: Box, width: float) -> float:
    """Data x of the label's own point that lies nearest to its box."""
    x = frame.px(label.x, width)
    away = np.maximum(np.maximum(box[0] - x, x - box[2]), 0)
    return float(np.asarray(label.x, float)[int(np.nanargmin(away))])


def which_set() -> str:
    """Vega expression: the set of places for the width at hand."""
    return f"(width < {BREAKS[0]} ? 0 : width < {BREAKS[1]} ? 1 : 2)"


def text_layers(table: pd.DataFrame, look: Look, x: alt.X, y: alt.Y, *, weight: int = 600) -> list[alt.Chart]:
    """Labels with a halo of the background, so that a grid line never runs through a word."""
    if table.empty:
        return []
    base = alt.Chart(table).transform_filter(f"datum.set === {which_set()}").encode(x=x, y=y, text="text:N")
    align = alt.ExprRef("datum.align")
    style: dict[str, Any] = {"align": align, "baseline": "middle", "fontSize": SIZE, "fontWeight": weight}
    halo = base.mark_text(**style, stroke=look.background, strokeWidth=4, strokeJoin="round", aria=False)
    words = base.mark_text(**style).encode(color=alt.Color("colour:N", scale=None, legend=None))
    return [halo, words]
