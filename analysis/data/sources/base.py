"""What every source gives back, and how a bad row is reported.

A source is a pure function from the bytes of one file to a :class:`Parsed`. It never touches the
hub, never guesses from the file's name, and never loses a row: every data row that it read is
either kept or in quarantine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pandas as pd

#: Columns of the quarantine: one row per offending value, with the whole row kept as text.
QUARANTINE_COLUMNS: Final = ("file", "line", "column", "value", "rule", "remedy", "row")

#: Columns a source gives for incidents: one row per incident × crime code × file.
INCIDENT_COLUMNS: Final = (
    "incident_id",  # stable across files; made from the row's own content where the file has none
    "agency_id",  # ORI
    "occurred_at",  # datetime64[us]; NaT when the source's date cannot be true
    "reported_at",  # datetime64[us] or NaT
    "coded_month",  # "YYYY-MM": the month the agency counts it in
    "offense",  # analysis.data.vocabulary.OFFENSES
    "code",  # the source's own crime code, as text
    "firearm",  # boolean or NA when the source cannot tell
    "domestic",  # boolean or NA
    "victims",  # people harmed as the file's positive rows count them (>= 0)
    "net_count",  # sum of the file's count column for this incident and code; may be negative
    "longitude",  # WGS84 or NaN; always NaN for NEVER_MAPPED offenses
    "latitude",
    "location_quality",  # exact · outside_named_area · outside_jurisdiction · withheld · missing
    "area_name",  # the neighbourhood the row itself names, as text, or NA
    "source",  # Layout.source: the layout id, but one id (slmpd_legacy) for the three legacy layouts
    "source_file",
    "row_order",  # first line of the group in its file: later rows win ties
)

#: Columns a source gives for monthly counts.
MONTHLY_COLUMNS: Final = ("agency_id", "month", "offense", "count", "status", "source", "source_file")

#: Columns a source gives for agencies it describes.
AGENCY_COLUMNS: Final = (
    "agency_id",
    "name",
    "state",
    "kind",
    "jurisdiction",
    "population",
    "longitude",
    "latitude",
)


class SourceError(ValueError):
    """A whole file is refused. The message names the file, the reason and what to do."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """One file, read and validated.

    ``rows_read`` counts data rows (no header, no blank line at the end) and always equals
    ``rows_kept + rows_quarantined``. Frames hold exactly the columns above; ``vintage`` is the
    day the file says it was made (ISO date), or None when it does not say.
    """

    layout: str
    file: str
    rows_read: int
    rows_kept: int
    rows_quarantined: int
    incidents: pd.DataFrame
    monthly: pd.DataFrame
    agencies: pd.DataFrame
    quarantine: pd.DataFrame
    messages: tuple[str, ...] = ()
    vintage: str | None = None
    synthetic: bool = False
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)  # other resources (areas, cumulative …)

    def __post_init__(self) -> None:
        if self.rows_read != self.rows_kept + self.rows_quarantined:
            raise AssertionError(
                f"{self.file}: {self.rows_read} rows read but {self.rows_kept} kept "
                f"and {self.rows_quarantined} quarantined."
            )


def empty(columns: tuple[str, ...]) -> pd.DataFrame:
    """An empty frame with the given columns."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
