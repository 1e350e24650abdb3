"""The grid of tactics and places as a real HTML table: states in words, and cards on a phone."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.theme import LIGHT, STATUSES, Look


@dataclass(frozen=True, slots=True)
class Cell:
    """One square of the grid.

    Attributes:
        status: key of ``theme.STATUSES``.
        main: the finding ("9 % fewer"), may be empty.
        detail: what stands below it ("since June 2025; 78 % of planned contacts").
        link: address within this site that says more, and its words; empty for none.
    """

    status: str
    main: str = ""
    detail: str = ""
    link: tuple[str, str] | None = None


def grid_html(
    caption: str,
    corner: str,
    columns: Sequence[str],
    rows: Mapping[str, Sequence[Cell]],
    look: Look = LIGHT,
) -> str:
    """The table as HTML.

    Args:
        caption: what the table shows, read first by a screen reader.
        corner: heading of the first column.
        columns: headings.
        rows: heading of the row → one cell a column.
        look: colours.
    """
    for name, cells in rows.items():
        if len(cells) != len(columns):
            raise ValueError(f"Row “{name}” has {len(cells)} cells for {len(columns)} columns.")
    head = "".join(f'<th scope="col">{html.escape(c)}</th>' for c in (corner, *columns))
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(_cell(cell, column, look) for cell, column in zip(cells, columns, strict=True))
        + "</tr>"
        for name, cells in rows.items()
    )
    return (
        f"{_style(look)}<table class='sln-grid'><caption>{html.escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(cell: Cell, column: str, look: Look) -> str:
    status = STATUSES[cell.status]
    main = f"<strong>{html.escape(cell.main)}</strong><br>" if cell.main else ""
    detail = f"<br><span class='d'>{html.escape(cell.detail)}</span>" if cell.detail else ""
    if cell.link is not None:
        address, text = (html.escape(part, quote=True) for part in cell.link)
        detail += f'<br><a href="{address}" target="_self">{text}</a>'
    word = (
        f'<span style="color:{status.text_colour(look)};font-weight:600">'
        f'<span aria-hidden="true">{status.icon}</span> {html.escape(status.word)}</span>'
    )
    return (
        f'<td style="border-left:4px solid {status.colour(look)}">'
        f'<span class="c" aria-hidden="true">{html.escape(column)}</span>{main}{word}{detail}</td>'
    )


def _style(look: Look) -> str:
    return (
        "<style>"
        f".sln-grid{{border-collapse:separate;border-spacing:.4rem;width:100%;color:{look.text};"
        "font-size:.95rem;line-height:1.35}"
        f".sln-grid caption{{text-align:left;color:{look.muted};padding:0 .4rem .3rem}}"
        ".sln-grid th{text-align:left;font-weight:600;padding:.35rem .5rem;vertical-align:top;border:0}"
        f".sln-grid td{{padding:.5rem .7rem;vertical-align:top;background:{look.area};border:0}}"
        f".sln-grid .d{{color:{look.muted};font-size:.88rem}}"
        f".sln-grid a{{color:{look.main_text};font-size:.9rem}}"
        ".sln-grid .c{display:none}"
        "@media (max-width:640px){.sln-grid,.sln-grid caption,.sln-grid tbody,.sln-grid tr,.sln-grid td,"
        ".sln-grid tbody th{display:block}"
        ".sln-grid thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
        ".sln-grid td{margin:.3rem 0}"
        f".sln-grid .c{{display:block;color:{look.muted};font-size:.85rem}}}}"
        "</style>"
    )


def show_grid(
    caption: str, corner: str, columns: Sequence[str], rows: Mapping[str, Sequence[Cell]], look: Look
) -> None:
    """Put the grid on the page."""
    st.html(grid_html(caption, corner, columns, rows, look))
