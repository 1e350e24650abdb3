"""A brief as a file: tagged PDF (PDF/UA-1) by Typst, and one HTML page that needs nothing else.

Both are made from the same blocks. The same brief gives the same bytes: the document's date is the day of
its figures, and no clock, path or font of the machine takes part.
"""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dashboard.brief.blocks import (
    AUTHOR,
    Block,
    Brief,
    Drawn,
    Items,
    Numbers,
    Rows,
    Said,
    Text,
    drawn,
    record,
)

if TYPE_CHECKING:  # a kept brief is set without the libraries that draw charts and pages
    from dashboard.figures import Figure

_HERE: Final = Path(__file__).parent
LAYOUT: Final = _HERE / "brief.typ"
FONTS: Final = _HERE.parents[0] / "static" / "fonts"
#: Width of a chart, in the pixels it is drawn in; the page scales it to its text.
CHART_WIDTH: Final = 780


def panels(figure: Figure) -> list[str]:
    """The figure's charts as SVG, without the words around them: those are set as text."""
    from dashboard.picture import chart_svg

    return [chart_svg(spec, CHART_WIDTH) for _, spec in figure.specs()]


def _inputs(brief: Brief) -> dict[str, str]:
    data = {
        "title": brief.title, "author": AUTHOR, "description": brief.description, "footer": brief.footer,
        "date": brief.date,
        "blocks": [record(b) for b in drawn(brief, panels).blocks],
    }  # fmt: skip
    return {"brief": json.dumps(data, ensure_ascii=False)}


def to_pdf(brief: Brief) -> bytes:
    """The brief as PDF/UA-1: tagged, titled, in English, with words for every picture."""
    import typst  # loads a compiler: only when a file is made

    return typst.compile(
        str(LAYOUT), format="pdf", pdf_standards=["ua-1"], root=str(_HERE), font_paths=[str(FONTS)],
        ignore_system_fonts=True, sys_inputs=_inputs(brief),
        timestamp=int(datetime.fromisoformat(brief.date).replace(tzinfo=UTC).timestamp()),
    )  # fmt: skip


def to_pictures(brief: Brief) -> list[bytes]:
    """Its pages as PNG, for a preview."""
    import typst

    made: bytes | list[bytes] = typst.compile(
        str(LAYOUT), format="png", root=str(_HERE), font_paths=[str(FONTS)], ignore_system_fonts=True,
        sys_inputs=_inputs(brief),
    )  # fmt: skip
    return [made] if isinstance(made, bytes) else made


_STYLE: Final = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0 auto;max-width:46rem;padding:1.2rem;color:#1B1B1B;background:#fff;
font:1rem/1.5 "Source Sans 3","Segoe UI",system-ui,sans-serif}
h1{font-size:1.9rem;line-height:1.15;margin:.2em 0 .4em}h2{color:#12436D;font-size:1.3rem;margin:1.8em 0 .4em}
.lead{font-size:1.2rem;font-weight:600}.small{color:#55595F;font-size:.9rem}
.stamp{display:inline-block;border:1px solid #B5460F;color:#B5460F;font-weight:600;padding:.1em .5em}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.6rem;margin:1rem 0}
dl div{background:#F3F5F8;padding:.6rem .7rem}dt{color:#55595F;font-size:.9rem}dd{margin:0;font-size:.9rem}
dd.v{color:#12436D;font-size:1.6rem;font-weight:600;line-height:1.2}
.t{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{text-align:left;color:#55595F;padding-bottom:.3rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;border-bottom:1px solid #D5D9DE}
thead th{border-bottom:1px solid #1B1B1B}figure{margin:1rem 0}figure svg{width:100%;height:auto}
@media print{body{max-width:none}h2,h3{break-after:avoid}figure,tr{break-inside:avoid}}
"""


def to_html(brief: Brief) -> str:
    """The brief as one HTML page."""
    body = "\n".join(_html(b) for b in drawn(brief, panels).blocks)
    return (
        f'<!doctype html>\n<html lang="en-US"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{_e(brief.title)}</title><meta name="description" content="{_e(brief.description)}">'
        f"<style>{_STYLE}</style></head><body><main>\n{body}\n</main>"
        f'<footer class="small"><p>{_e(brief.footer)}</p></footer></body></html>\n'
    )


def _e(text: str) -> str:
    return html.escape(text, quote=True)


_TAGS: Final = {"title": "h1", "heading": "h2", "subheading": "h3", "text": "p"}


def _html(b: Block) -> str:
    if isinstance(b, Text):
        tag = _TAGS.get(b.kind)
        return f"<{tag}>{_e(b.text)}</{tag}>" if tag else f'<p class="{b.kind}">{_e(b.text)}</p>'
    if isinstance(b, Numbers):
        return f"<dl>{''.join(_number(c) for c in b.cells if isinstance(c, Said))}</dl>"
    if isinstance(b, Items):
        return "<ul>" + "".join(f"<li>{_e(i)}</li>" for i in b.items) + "</ul>"
    if isinstance(b, Rows):
        head = "".join(f'<th scope="col">{_e(h)}</th>' for h in b.header)
        rows = "".join(
            "<tr>"
            + f'<th scope="row">{_e(r[0])}</th>'
            + "".join(f"<td>{_e(c)}</td>" for c in r[1:])
            + "</tr>"
            for r in b.rows
        )
        return (
            f'<div class="t" tabindex="0" role="region" aria-label="{_e(b.caption)}"><table>'
            f"<caption>{_e(b.caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table></div>"
        )
    if not isinstance(b, Drawn):
        raise TypeError("A figure is set after it was drawn.")
    charts = "".join(_named(svg, b.alt) for svg in b.panels)
    return (
        f"<figure><h3>{_e(b.title)}</h3><p>{_e(b.sentence)}</p>{charts}"
        f'<figcaption class="small">Source: {_e(b.source)}</figcaption></figure>'
    )


def _number(c: Said) -> str:
    detail = " ".join(p for p in (f"{c.state}." if c.state else "", c.detail) if p)
    return f'<div><dt>{_e(c.label)}</dt><dd class="v">{_e(c.value)}</dd><dd>{_e(detail)}</dd></div>'


def _named(svg: str, alt: str) -> str:
    """A chart as an image with words for those who do not see it."""
    return re.sub(r"^<svg ", f'<svg role="img" aria-label="{_e(alt)}" ', svg, count=1)
