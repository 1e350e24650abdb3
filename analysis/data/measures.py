"""What a measure adds up, as data; and how to add it from an agency's offenses.

A source may tell the parts of an offense (with a firearm, domestic) or not. Whether a part can be
used is decided once per agency and source, for the whole series, and said in words: a series
never changes its meaning halfway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from analysis.data.vocabulary import OFFENSES, PART_OFFENSES

Floats = npt.NDArray[np.float64]


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


def _phrase(offense: str) -> str:
    names = {
        "homicide_firearm": "homicide with a firearm",
        "robbery_firearm": "robbery with a firearm",
        "aggravated_assault_firearm": "aggravated assault with a firearm",
        "aggravated_assault_domestic": "domestic aggravated assault",
    }
    return names.get(offense, OFFENSES.get(offense, offense).lower())


def add(measure: str, cube: Mapping[str, Floats]) -> tuple[Floats, list[str | None]]:
    """Add a measure for n series at once.

    Args:
        cube: offense → n × months, NaN where not usable; offenses that no series has may be absent.

    Returns:
        n × months, NaN where any term is not usable; and for each series what was added, in words,
        or None when its source does not tell what the measure needs.
    """
    definition = definition_of(measure)
    shape = next(iter(cube.values())).shape if cube else (0, 0)
    empty = np.full(shape, np.nan)
    wanted = {*definition.needs, *(PART_OFFENSES.get(n, n) for n in definition.needs)}
    table = {offense: cube.get(offense, empty) for offense in wanted}
    total = np.zeros(shape)
    able = np.ones(shape[0], dtype=bool)
    words: list[list[str]] = [[] for _ in range(shape[0])]
    for offense in definition.offenses:
        able &= _told(table[offense])
        total = total + table[offense]
        _say(words, np.ones(shape[0], dtype=bool), _phrase(offense))
    fallback = dict(definition.fallback)
    for part in definition.parts:
        has = _told_beside(table[part], table[PART_OFFENSES[part]])
        _say(words, has, _phrase(part))
        term = np.where(has[:, None], table[part], np.nan)
        if part in fallback:
            whole = table[fallback[part]]
            instead = ~has & _told(whole)
            _say(words, instead, f"all {_phrase(fallback[part])} (the source does not tell the weapon)")
            term = np.where(instead[:, None], whole, term)
            has = has | instead
        able &= has
        total = total + term
    tails = [""] * shape[0]
    for part in definition.less:
        has = _told_beside(table[part], table[PART_OFFENSES[part]])
        total = np.where(has[:, None], total - table[part], total)
        without = f", without {_phrase(part)}"
        kept = f" ({_phrase(part)} included: the source does not tell it apart)"
        tails = [tail + (without if h else kept) for tail, h in zip(tails, has, strict=True)]
    said = [_listed(some) + tail if ok else None for some, tail, ok in zip(words, tails, able, strict=True)]
    return np.where(able[:, None], total, np.nan), said


def _say(words: list[list[str]], where: npt.NDArray[np.bool_], phrase: str) -> None:
    for i in np.flatnonzero(where):
        words[i].append(phrase)


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]


def _told(values: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(values).any(axis=1), dtype=np.bool_)


def _told_beside(part: Floats, whole: Floats) -> npt.NDArray[np.bool_]:
    """A part counts as told only when it stands beside its whole in (nearly) every month."""
    both = (np.isfinite(part) & np.isfinite(whole)).sum(axis=1)
    due = np.isfinite(whole).sum(axis=1)
    return np.asarray(_told(part) & (both >= 0.95 * due), dtype=np.bool_)
