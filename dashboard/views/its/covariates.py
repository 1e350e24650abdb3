"""Covariates: other series that explain part of the counts, out of the hub or from a file of one's own."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.data import HubError
from analysis.evidence import RefusedError
from dashboard import data
from dashboard import words as w

#: Offenses that a tactic against street violence is not meant to move.
UNMOVED: Final = {"burglary": "Burglary", "theft": "Theft", "motor_vehicle_theft": "Motor vehicle theft"}
#: What a file of one's own and the comparison cities are called in the form and the link.
OWN, CITIES = "upload", "cities"
#: The same as terms of the model and columns of the export.
COLUMNS: Final = {**{name: f"log_{name}" for name in UNMOVED}, CITIES: "log_cities", OWN: "uploaded"}
#: Terms in words.
TERMS: Final = {
    **{COLUMNS[name]: f"{label} here (logarithm of the count)" for name, label in UNMOVED.items()},
    COLUMNS[CITIES]: "The comparison cities together (logarithm of the count)",
    COLUMNS[OWN]: "Uploaded covariate",
}
#: Largest file, in bytes and rows: a hundred years of months.
MOST_BYTES, MOST_ROWS = 100_000, 1_200
REMEDY: Final = "Correct the file, upload it again and press Run."
_HELD: Final = "_kept_its_upload"
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Upload:
    """A covariate of one's own: name of its file, values by month, and the file's SHA-256."""

    name: str
    values: pd.Series
    digest: str


@st.cache_resource(show_spinner=False, max_entries=16)
def unmoved_of(path: str, version: str, place: str) -> dict[str, pd.DataFrame]:
    """Counts of offenses that the tactics are not meant to move, as far as the hub has them."""
    del version  # part of the key alone
    with data.reading(path) as hub:
        rows = hub.monthly_counts(by="jurisdiction", offenses=list(UNMOVED))
    out = {}
    for offense in UNMOVED:
        own = rows[(rows["place"] == place) & (rows["offense"] == offense) & (rows["suspect"] == "")]
        own = own[own["count"].notna()].drop_duplicates("month")
        if len(own):
            out[offense] = pd.DataFrame(
                {"count": own["count"].to_numpy(float)}, index=pd.PeriodIndex(own["month"], freq="M")
            ).sort_index()
    return out


def options(place: str, *, cities: bool) -> dict[str, str]:
    """The covariates on offer: offenses that the hub has for the place, comparison cities, a file."""
    try:
        held = unmoved_of(str(data.hub().path), data.facts().version, place)
    except HubError:
        held = {}
    found = {name: f"{UNMOVED[name]} here" for name in held}
    if cities:
        found[CITIES] = "The comparison cities together"
    return {**found, OWN: "The file uploaded below"}


def read(name: str, content: bytes) -> Upload:
    """A covariate from a CSV file with the columns ``month`` (2024-01) and ``value``.

    An empty value is a month that is not known.

    Raises:
        RefusedError: the file is too large, or something in it cannot be read: row, column, value, remedy.
    """
    if len(content) > MOST_BYTES:
        raise RefusedError(
            f"{name} has {len(content):,} bytes; at most {MOST_BYTES:,} are read. Leave only the columns "
            "month and value, one row a month."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RefusedError(
            f"{name}, row {line}: a character is not in UTF-8. Save the file as “CSV UTF-8”. {REMEDY}"
        ) from error
    rows = list(csv.reader(io.StringIO(text)))
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    if not {"month", "value"} <= set(header):
        shown = ", ".join(h for h in header if h) or "none"
        raise RefusedError(
            f"{name}, row 1: the columns are {shown}; there must be one called month and one called value. "
            f"{REMEDY}"
        )
    if len(rows) - 1 > MOST_ROWS:
        raise RefusedError(f"{name} has {len(rows) - 1:,} rows; at most {MOST_ROWS:,} are read. {REMEDY}")
    at_month, at_value = header.index("month"), header.index("value")
    values: dict[pd.Period, float] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        cells = [*row, "", ""]
        month = _month(name, number, cells[at_month].strip() if at_month < len(row) else "")
        if month in values:
            raise RefusedError(
                f"{name}, row {number}, column month: {month} stands there a second time. Leave one row a "
                f"month. {REMEDY}"
            )
        values[month] = _value(name, number, cells[at_value].strip() if at_value < len(row) else "")
    series = pd.Series(list(values.values()), index=pd.PeriodIndex(list(values), freq="M"), dtype=float)
    if not series.notna().any():
        raise RefusedError(f"{name} has no value in any month. {REMEDY}")
    return Upload(name, series.sort_index(), hashlib.sha256(content).hexdigest())


def _month(name: str, number: int, text: str) -> pd.Period:
    if not _MONTH.fullmatch(text):
        raise RefusedError(
            f"{name}, row {number}, column month: “{text[:40]}” is no month. Write year and month like "
            f"2024-01. {REMEDY}"
        )
    return pd.Period(text, "M")


def _value(name: str, number: int, text: str) -> float:
    if text == "":
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise RefusedError(
            f"{name}, row {number}, column value: “{text[:40]}” is no number. Write it with a point and "
            f"without separators, like 1234.5; leave it empty when it is not known. {REMEDY}"
        )
    return value


def uploader(heading: str) -> None:
    """The control of a file of one's own, under its heading; it counts once Run is pressed."""
    del heading
    st.file_uploader(
        "A covariate of your own (CSV with the columns month, value)", type="csv", key="_its_upload",
        max_upload_size=1,
        help=f"Such as a rate of unemployment: months like 2024-01, at most {MOST_ROWS:,} rows. It must not "
             "be something that the tactic could have moved.",
    )  # fmt: skip
    held = st.session_state.get(_HELD)
    told = f"Held: {held[0]}. " if held else ""
    st.caption(
        f"{told}Choose “The file uploaded below” as a covariate to use it. The file stays in this visit: a "
        "link to this page cannot carry it, the downloaded data do."
    )


def uploaded() -> tuple[str, bytes] | None:
    """The file of one's own as name and content; one that was run once is kept through the visit."""
    now = st.session_state.get("_its_upload")
    if now is not None:
        st.session_state[_HELD] = (str(now.name), bytes(now.getvalue()))
    held: tuple[str, bytes] | None = st.session_state.get(_HELD)
    return held


def columns(chosen: str) -> tuple[str, ...]:
    """Names of the terms for the covariates of the form (identifiers joined by commas)."""
    return tuple(COLUMNS[name] for name in chosen.split(",") if name in COLUMNS)


def added(
    frame: pd.DataFrame,
    chosen: Sequence[str],
    unmoved: Mapping[str, pd.DataFrame],
    cities: pd.DataFrame | None,
    own: Upload | None,
) -> pd.DataFrame:
    """The table with a column for each covariate; months that are not known stay empty.

    Counts enter as the logarithm of one more than the count, which has a value for none.

    Raises:
        RefusedError: a covariate is not there, has no month of these, or does not move.
    """
    out = frame.copy()
    for name in chosen:
        if name == OWN:
            if own is None:
                raise RefusedError(
                    "The covariate is a file, and a link cannot carry a file. Upload it under “Other changes "
                    "and covariates” and press Run, or take the covariate away."
                )
            values, label = own.values, own.name
        else:
            table, label = (cities if name == CITIES else unmoved.get(name)), TERMS[COLUMNS[name]]
            if table is None:
                raise RefusedError(f"There are no monthly counts of {label}. Choose another covariate.")
            values = pd.Series(np.log1p(table["count"].to_numpy(float)), index=table.index)
        column = values.reindex(pd.PeriodIndex(frame.index, freq="M")).to_numpy(float, copy=True)
        known = column[np.isfinite(column)]
        if not len(known):
            raise RefusedError(
                f"{label} has no value from {w.months(frame.index[0], frame.index[-1])}, the months of this "
                "question. Choose another covariate, or other months."
            )
        if np.ptp(known) == 0:
            raise RefusedError(f"{label} is the same in every month, so it explains nothing. Take it away.")
        out[COLUMNS[name]] = column
    return out
