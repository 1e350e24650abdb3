"""What the two eras of the St. Louis Metropolitan Police Department's files share."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.data.sources.base import AGENCY_COLUMNS

AGENCY_ID: Final = "MOSPD0000"


def agencies() -> pd.DataFrame:
    """The one agency of these files."""
    row: dict[str, Any] = dict.fromkeys(AGENCY_COLUMNS, np.nan)
    row |= {
        "agency_id": AGENCY_ID,
        "name": "St. Louis Metropolitan Police Department",
        "state": "MO",
        "kind": "city",
        "jurisdiction": "stl_city",
    }
    return pd.DataFrame([row], columns=list(AGENCY_COLUMNS))


def neighborhood_number(text: pd.Series) -> pd.Series:
    """The neighbourhood's number as text: ``36``, ``G-88`` → ``88``; unknown (0, blank) is missing."""
    number = text.str.extract(r"(\d+)(?:\.0)?$", expand=False).str.lstrip("0")
    return number.mask(number == "")
