"""What a brief is made of: a list of plain blocks, set as PDF and as HTML from the same data."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:  # a kept brief is set without the libraries that draw charts and pages
    from dashboard.components import Number
    from dashboard.figures import Figure

TextKind = Literal["title", "stamp", "lead", "heading", "subheading", "text", "small"]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph or heading."""

    kind: TextKind
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """A number of the application in words: what it is, its value, its state, and what goes with it."""

    label: str
    value: str
    state: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Numbers:
    """At most four numbers side by side."""

    cells: tuple[Number, ...] | tuple[Said, ...]


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


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure that was drawn already: its words, and its charts as SVG."""

    title: str
    sentence: str
    alt: str
    source: str
    panels: tuple[str, ...]


Block = Text | Numbers | Items | Rows | Picture | Drawn


class BriefError(ValueError):
    """A brief cannot be made; the message says why and what would be enough."""


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
            figure = b.figure if isinstance(b, Picture) else b
            out += [figure.title, figure.sentence]
    return out


def record(b: Block) -> dict[str, Any]:
    """A block as plain data for the layout; it must have been drawn."""
    if isinstance(b, Text):
        return {"kind": b.kind, "text": b.text}
    if isinstance(b, Numbers):
        cells = [
            {"label": c.label, "value": c.value, "state": c.state, "detail": c.detail}
            for c in b.cells
            if isinstance(c, Said)
        ]
        return {"kind": "numbers", "cells": cells}
    if isinstance(b, Items):
        return {"kind": "list", "items": list(b.items)}
    if isinstance(b, Rows):
        return {"kind": "rows", "header": list(b.header), "rows": [list(r) for r in b.rows],
                "widths": list(b.widths), "caption": b.caption}  # fmt: skip
    if isinstance(b, Picture):
        raise TypeError(f"The figure {b.figure.key} has not been drawn.")
    return {
        "kind": "figure", "title": b.title, "sentence": b.sentence, "alt": b.alt,
        "source": f"Source: {b.source}", "panels": list(b.panels),
    }  # fmt: skip


def drawn(brief: Brief, draw: Callable[[Figure], Sequence[str]]) -> Brief:
    """The brief with its numbers as words and its figures as pictures.

    ``draw`` makes the charts of a figure as SVG. A brief that is drawn already stays as it is.
    """
    from dashboard.theme import STATUSES

    def one(b: Block) -> Block:
        if isinstance(b, Picture):
            f = b.figure
            return Drawn(f.title, f.sentence, f.alt, f.source, tuple(draw(f)))
        if isinstance(b, Numbers):
            return Numbers(
                tuple(
                    c
                    if isinstance(c, Said)
                    else Said(c.label, c.value, STATUSES[c.status].word if c.status else "", c.detail)
                    for c in b.cells
                )
            )
        return b

    if not any(isinstance(b, Picture | Numbers) for b in brief.blocks):
        return brief
    return replace(brief, blocks=tuple(one(b) for b in brief.blocks))


def to_json(brief: Brief) -> str:
    """A drawn brief as text, to be kept; the same text for the same brief."""
    told = {f.name: getattr(brief, f.name) for f in fields(brief) if f.name != "blocks"}
    return json.dumps({**told, "blocks": [record(b) for b in brief.blocks]}, ensure_ascii=False)


def from_json(text: str) -> Brief:
    """The brief that :func:`to_json` wrote."""
    told = json.loads(text)
    blocks = tuple(_block(b) for b in told.pop("blocks"))
    changes, decisions = (tuple(told.pop(name)) for name in ("changes", "decisions"))
    return Brief(**told, changes=changes, decisions=decisions, blocks=blocks)


def _block(b: dict[str, Any]) -> Block:
    if b["kind"] == "numbers":
        return Numbers(tuple(Said(**c) for c in b["cells"]))
    if b["kind"] == "list":
        return Items(tuple(b["items"]))
    if b["kind"] == "rows":
        rows = tuple(tuple(r) for r in b["rows"])
        return Rows(tuple(b["header"]), rows, tuple(b["widths"]), b["caption"])
    if b["kind"] == "figure":
        return Drawn(
            b["title"], b["sentence"], b["alt"], b["source"].removeprefix("Source: "), tuple(b["panels"])
        )
    return Text(b["kind"], b["text"])
