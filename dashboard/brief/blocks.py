"""What a brief is made of: a list of plain blocks, set as PDF and as HTML from the same data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from dashboard.components import Number
from dashboard.figures import Figure
from dashboard.theme import STATUSES

TextKind = Literal["title", "stamp", "lead", "heading", "subheading", "text", "small"]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph or heading."""

    kind: TextKind
    text: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """At most four numbers side by side."""

    cells: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table: headings, rows of words, and how wide the columns are beside each other."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the application."""

    figure: Figure


Block = Text | Numbers | Items | Rows | Picture


@dataclass(frozen=True, slots=True)
class Brief:
    """One quarter's brief.

    Attributes:
        quarter: such as "2026Q3". title, description, footer: words of the document.
        date: day on which the newest figures were known (ISO): the date of the document.
        blocks: its content, in reading order.
        data_version: of the hub it was made from.
        synthetic: whether any of it was made from the synthetic sample.
        changes, decisions: what the first sentence counts.
    """

    quarter: str
    title: str
    description: str
    footer: str
    date: str
    blocks: tuple[Block, ...]
    data_version: str
    synthetic: bool
    changes: tuple[str, ...]
    decisions: tuple[str, ...]


AUTHOR: Final = "Save Lives Now! hub"


def state_word(status: str | None) -> str:
    """The word of a state, "" when there is none."""
    return STATUSES[status].word if status else ""


def texts(blocks: Sequence[Block]) -> list[str]:
    """Every piece of text in reading order, as a reader of the file should find it."""
    out: list[str] = []
    for b in blocks:
        if isinstance(b, Text):
            out.append(b.text)
        elif isinstance(b, Numbers):
            out += [c.label for c in b.cells] + [c.value for c in b.cells]
        elif isinstance(b, Items):
            out += list(b.items)
        elif isinstance(b, Rows):
            out += [*b.header, *(cell for row in b.rows for cell in row if cell)]
        else:
            out += [b.figure.title, b.figure.sentence]
    return out


def record(b: Block, panels: Sequence[str] = ()) -> dict[str, Any]:
    """A block as plain data for the layout; ``panels`` are a figure's charts as SVG."""
    if isinstance(b, Text):
        return {"kind": b.kind, "text": b.text}
    if isinstance(b, Numbers):
        cells = [
            {"label": c.label, "value": c.value, "state": state_word(c.status), "detail": c.detail}
            for c in b.cells
        ]
        return {"kind": "numbers", "cells": cells}
    if isinstance(b, Items):
        return {"kind": "list", "items": list(b.items)}
    if isinstance(b, Rows):
        return {"kind": "rows", "header": list(b.header), "rows": [list(r) for r in b.rows],
                "widths": list(b.widths)}  # fmt: skip
    f = b.figure
    return {
        "kind": "figure", "title": f.title, "sentence": f.sentence, "alt": f.alt,
        "source": f"Source: {f.source}", "panels": list(panels),
    }  # fmt: skip
