"""``Figure``: one definition, three surfaces.

A page shows it, the public site and the brief render it, downloads come from its table. A figure
that lacks a finding in its title, a table, a source or a description cannot be made at all.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from dashboard import words as w
from dashboard.picture import compose, to_png
from dashboard.theme import LIGHT, Look

#: A chart, or several with headings (small multiples), drawn for a look.
Draw = Callable[[Look], Any]

#: How a column is written on screen, by name; any other word is an error.
FORMATS: Final[dict[str, Callable[[Any], str]]] = {
    "count": lambda v: w.number(v),
    "decimal": lambda v: w.number(v, 1),
    "decimal2": lambda v: w.number(v, 2),
    "decimal3": lambda v: w.number(v, 3),
    "change": lambda v: w.number(v, 1, signed=True),
    "percent": lambda v: w.percent(v),
    "percent1": lambda v: w.percent(v, 1),
    "percent_change": lambda v: w.percent(v, signed=True),
    "share": lambda v: w.percent(100 * v, 1) if w.known(v) else w.UNKNOWN,
    "month": lambda v: w.month(v),
    "date": lambda v: w.date(v),
    "year": lambda v: w.UNKNOWN if pd.isna(v) else f"{v}",
    "yes_no": lambda v: w.UNKNOWN if pd.isna(v) else "yes" if v else "no",
    "text": lambda v: "" if _missing(v) else str(v),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Column:
    """How one column of a figure's table is shown: its heading and a key of ``FORMATS``."""

    label: str
    format: str = "text"

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(f"There is no format “{self.format}”; choose from {', '.join(FORMATS)}.")


@dataclass(frozen=True, eq=False)
class Figure:
    """A finding with its picture, its exact table and where it comes from.

    Attributes:
        key: name for files and widgets: small letters, figures and underscores.
        title: the finding, as a sentence without a full stop.
        sentence: one sentence more, with the uncertainty.
        chart: ``look -> alt.Chart`` or ``look -> [(heading, alt.Chart), …]``.
        table: the exact numbers behind the picture; its index is not shown.
        source: who published the data and until when.
        alt: what the picture shows, for someone who does not see it.
        note: how it was made, in plain words.
        columns: column → how to show it; columns not named are in the download alone. Empty: all.
        synthetic: whether any of it was made from the synthetic sample.
        map: ``look -> pydeck.Deck``; ``chart`` is then its static twin for files and print.
        identity: what the picture depends on (data version, place, …). With one, the server draws
            it once for everybody.
    """

    key: str
    title: str
    sentence: str
    chart: Draw
    table: pd.DataFrame
    source: str
    alt: str
    note: str = ""
    columns: Mapping[str, Column] = field(default_factory=dict)
    synthetic: bool = False
    map: Draw | None = None
    identity: str = ""
    _specs: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_]+", self.key):
            raise ValueError(f"A figure's key has small letters, figures and underscores, not “{self.key}”.")
        for name in ("title", "source", "alt"):
            if not getattr(self, name).strip():
                raise ValueError(f"Figure {self.key} has no {name}.")
        if len(self.title.split()) < 3:
            raise ValueError(f"Figure {self.key}: the title states a finding; “{self.title}” is a label.")
        if self.title.rstrip().endswith("."):
            raise ValueError(f"Figure {self.key}: the title is a heading and ends without a full stop.")
        if len(self.table.columns) == 0:
            raise ValueError(f"Figure {self.key} has no table.")
        unknown = [c for c in self.columns if c not in self.table.columns]
        if unknown:
            raise ValueError(f"Figure {self.key}: its table has no column {', '.join(unknown)}.")
        if not callable(self.chart):
            raise TypeError(f"Figure {self.key}: chart is a function of the look.")

    @property
    def file_name(self) -> str:
        """Stem of downloads; the sample's say so."""
        return f"sln_{self.key}{'_synthetic' if self.synthetic else ''}"

    def panels(self, look: Look = LIGHT) -> list[tuple[str, Any]]:
        """(heading, chart); one without a heading unless the figure has several."""
        drawn = self.chart(look)
        return list(drawn) if isinstance(drawn, Sequence) else [("", drawn)]

    def specs(self, look: Look = LIGHT) -> list[tuple[str, dict[str, Any]]]:
        """(heading, Vega-Lite specification), made once a look: making it is what costs time."""
        if look.name not in self._specs:
            self._specs[look.name] = [
                (heading, chart.to_dict(validate=False)) for heading, chart in self.panels(look)
            ]
        return self._specs[look.name]

    def to_svg(self, width: float = 760, look: Look = LIGHT) -> str:
        """The whole figure, words and source included, as one SVG."""
        return compose(
            title=self.title, sentence=self.sentence, panels=self.specs(look), source=self.source,
            alt=self.alt, stamp=w.SYNTHETIC if self.synthetic else "", width=width, look=look,
        )  # fmt: skip

    def to_png(self, width: float = 760, look: Look = LIGHT, *, scale: float = 2.0) -> bytes:
        """The same as PNG."""
        return to_png(self.to_svg(width, look), scale)

    def to_csv(self) -> bytes:
        """The exact table for machines: UTF-8 with a header, one record a row.

        ``source`` (and ``data_status`` for the sample) are columns, not comment lines: the file
        stays readable by any program, and a row that is copied out keeps where it came from.
        """
        table = self.table.copy()
        for name, value in (("figure", self.key), ("source", self.source), ("data_status", w.SYNTHETIC)):
            if name not in table and (name != "data_status" or self.synthetic):
                table[name] = value
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([_cell(str(c)) for c in table.columns])
        writer.writerows([_cell(v) for v in row] for row in table.itertuples(index=False, name=None))
        return out.getvalue().encode("utf-8")

    def shown_table(self) -> pd.DataFrame:
        """The table as people read it: headings and formats applied, all text."""
        columns = self.columns or {
            c: Column(w.sentence_case(c.replace("_", " "))) for c in map(str, self.table)
        }
        return pd.DataFrame(
            {c.label: [FORMATS[c.format](v) for v in self.table[name]] for name, c in columns.items()}
        )


def _missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _cell(value: Any) -> Any:
    """A value for CSV; text that a spreadsheet would run as a formula is made harmless.

    The apostrophe is what OWASP recommends (https://owasp.org/www-community/attacks/CSV_Injection).
    Numbers are written as they are, so a negative one stays a number.
    """
    if value is None or (
        not isinstance(value, (str, bytes)) and pd.api.types.is_scalar(value) and pd.isna(value)
    ):
        return ""
    if isinstance(value, (bool, int, float)) or hasattr(value, "dtype"):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text
