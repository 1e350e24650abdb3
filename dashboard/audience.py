"""Who is looking, and what they may see: decided by the server's environment, never by the URL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from analysis.data import privacy

#: Environment variable that the command sets.
VARIABLE: Final = "SLN_AUDIENCE"


class Audience(StrEnum):
    """For whom this server runs."""

    PUBLIC = "public"
    COUNCIL = "council"
    RESEARCHER = "researcher"
    HUB = "hub"


@dataclass(frozen=True, slots=True)
class Rights:
    """What an audience may see.

    Attributes:
        floor: counts of people or incidents below it are suppressed in maps and small tables
            (1: nothing is).
        cell_resolution: finest H3 resolution of a map (8: about 0.7 km², 9: about 0.1 km²).
        points: whether single incidents may be shown at all.
        diagnostics: whether model diagnostics and p-values are shown.
        expert_pages: whether specifications can be changed and run.
        months_in_cells: fewest months that a map adds up.
        intake: whether files are taken in: a page that exists for the hub's own staff alone.
    """

    floor: int
    cell_resolution: int
    points: bool
    diagnostics: bool
    expert_pages: bool
    months_in_cells: int
    intake: bool = False


#: The finest grid that a map draws: finer cells are smaller than an error of placing a point.
_FINEST_DRAWN: Final = 9


def _rights(who: Audience) -> Rights:
    rules = privacy.AUDIENCES[who.value]
    return Rights(
        floor=rules.k,
        cell_resolution=min(rules.finest_cell, _FINEST_DRAWN),
        points=False,  # no page draws single incidents, whoever asks
        diagnostics=who in (Audience.RESEARCHER, Audience.HUB),
        expert_pages=True,
        months_in_cells=rules.shortest_window,
        intake=who is Audience.HUB,
    )


#: What each audience may see on screen: the rules of the data layer, as a page needs them.
RIGHTS: Final[Mapping[Audience, Rights]] = {who: _rights(who) for who in Audience}


def audience(environment: Mapping[str, str] | None = None) -> Audience:
    """The audience of this server; the public when nothing is said.

    Raises:
        ValueError: the variable holds another word. An unknown word must not open anything.
    """
    word = (os.environ if environment is None else environment).get(VARIABLE, Audience.PUBLIC.value)
    try:
        return Audience(word)
    except ValueError:
        raise ValueError(
            f"{VARIABLE} is “{word}”; it must be one of {', '.join(a.value for a in Audience)}."
        ) from None


def rights(who: Audience | None = None) -> Rights:
    """What ``who`` (default: this server's audience) may see."""
    return RIGHTS[who or audience()]
