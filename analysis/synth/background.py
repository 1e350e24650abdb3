"""What is known about the units beyond their figures: names, tactics elsewhere, breaks, exclusions.

The caller fills it from wherever it keeps such knowledge; the checks read it and every export carries it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd


def _no_rows(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="str") for name in columns})


@dataclass(frozen=True, slots=True)
class Background:
    """Knowledge about units.

    Attributes:
        names: unit → name for people.
        same_tactic: unit → first period in which the same tactic worked there; ``None`` = nothing is
            known about other units' tactics (the check then cannot tell).
        breaks: DataFrame unit, period, reason: from that period on the unit counts in another way;
            ``None`` = not looked for.
        excluded: DataFrame unit, reason: units that were sorted out before the panel was made.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    same_tactic: Mapping[str, str] | None = None
    breaks: pd.DataFrame | None = None
    excluded: pd.DataFrame = field(default_factory=lambda: _no_rows("unit", "reason"))

    def name(self, unit: str) -> str:
        """The unit's name for people, or its identifier."""
        return str(self.names.get(unit, unit))
