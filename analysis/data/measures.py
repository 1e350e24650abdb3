"""What a measure adds up, as data; and how to add it from an agency's offenses.

A source may tell the parts of an offense (with a firearm, domestic) or not. Whether a part can be
used is decided once per agency and source, for the whole series, and said in words: a series
never changes its meaning halfway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.data.vocabulary import OFFENSES, PART_OFFENSES


@dataclass(frozen=True, slots=True)
class Measure:
    """Offenses to add, parts to add, and parts to subtract where the source tells them.

    ``parts`` must be told by the source, except that a part with an entry in ``fallback`` may be
    replaced by that whole offense. ``less`` is subtracted where the source tells it.
    """

    offenses: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    fallback: tuple[tuple[str, str], ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Every offense and part that may enter."""
        return (*self.offenses, *self.parts, *self.less, *(whole for _, whole in self.fallback))


DEFINITIONS: Final[dict[str, Measure]] = {
    "violent_street_crime": Measure(
        offenses=("homicide", "robbery", "aggravated_assault"), less=("aggravated_assault_domestic",)
    ),
    "homicide": Measure(offenses=("homicide",)),
    "gun_violence": Measure(
        parts=("homicide_firearm", "robbery_firearm", "aggravated_assault_firearm"),
        fallback=(("homicide_firearm", "homicide"),),
    ),
    "robbery": Measure(offenses=("robbery",)),
    "aggravated_assault": Measure(offenses=("aggravated_assault",)),
}


def definition_of(measure: str) -> Measure:
    """The definition of a measure, or of a single offense by its id. Raises ``KeyError``."""
    if measure in DEFINITIONS:
        return DEFINITIONS[measure]
    if measure in OFFENSES or measure in PART_OFFENSES:
        return Measure(offenses=(measure,))
    raise KeyError(f"There is no measure “{measure}”. Known: {', '.join((*DEFINITIONS, *OFFENSES))}.")


@dataclass(frozen=True)
class Added:
    """A measure of one agency from one source, month by month."""

    counts: pd.Series  # float on a monthly PeriodIndex; NaN where any term is not usable
    words: str  # what was added


def _phrase(offense: str) -> str:
    names = {
        "homicide_firearm": "homicide with a firearm",
        "robbery_firearm": "robbery with a firearm",
        "aggravated_assault_firearm": "aggravated assault with a firearm",
        "aggravated_assault_domestic": "domestic aggravated assault",
    }
    return names.get(offense, OFFENSES.get(offense, offense).lower())


def add(measure: str, table: pd.DataFrame) -> Added | None:
    """Add a measure from an agency's counts.

    Args:
        table: month (PeriodIndex) × offense, float, NaN where not usable; one agency, one source.

    Returns:
        The series and its meaning, or None when the source does not tell what the measure needs.
    """
    definition = definition_of(measure)
    base = [o for o in definition.offenses if _told(table, o)]
    if len(base) < len(definition.offenses):
        return None
    plus, words = list(base), [_phrase(o) for o in base]
    fallback = dict(definition.fallback)
    for part in definition.parts:
        if _told_with(table, part):
            plus.append(part)
            words.append(_phrase(part))
        elif part in fallback and _told(table, fallback[part]):
            plus.append(fallback[part])
            words.append(f"all {_phrase(fallback[part])} (the source does not tell the weapon)")
        else:
            return None
    total = table[plus].sum(axis=1, min_count=len(plus))
    text = ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]
    for part in definition.less:
        if _told_with(table, part):
            total = total - table[part]
            text += f", without {_phrase(part)}"
        else:
            text += f" ({_phrase(part)} included: the source does not tell it apart)"
    return Added(total, text)


def _told(table: pd.DataFrame, offense: str) -> bool:
    return offense in table.columns and bool(table[offense].notna().any())


def _told_with(table: pd.DataFrame, part: str) -> bool:
    """A part counts as told only when it stands beside its whole in (nearly) every month."""
    if not _told(table, part):
        return False
    whole = PART_OFFENSES[part]
    if whole not in table.columns:
        return True
    months = table[whole].notna()
    share = float(np.mean(table.loc[months, part].notna())) if months.any() else 0.0
    return share >= 0.95
