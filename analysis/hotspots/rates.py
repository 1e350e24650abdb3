"""Counts over people: rates that few people do not make wild, and what a hot place does by itself next.

The empirical Bayes rate (Marshall 1991) moves each place's rate towards the mean of all, the more
so the fewer people (or events) it rests on. The same shrinkage says how far a place that was chosen
because its count was high will fall without anything being done: regression to the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.evidence import RefusedError
from analysis.hotspots.lattice import Array, checked_values

#: A place this high among its peers was hardly chosen by accident.
_TOP: Final = 0.10
#: Falls by chance alone (percent) that are worth a warning: of any place, and of one at the top.
_NOTABLE: Final = -5.0
_ANY: Final = -1.0


def shrunk_rates(events: ArrayLike | pd.Series, people: ArrayLike | pd.Series | None = None) -> pd.Series:
    """Empirical Bayes rates: events per unit of ``people``, moved towards the rate of all places.

    Args:
        events: n counts. people: n exposures above zero (residents, or years); None = 1 each.

    Returns:
        n rates in the order given; equal to esda's ``Empirical_Bayes``, except that a negative
        estimate of the true variation is taken as none (every rate is then the mean).

    Raises:
        RefusedError: missing or negative events, or exposures that are not positive.
    """
    x, index = checked_values(events, "counts")
    size, mean, between = _prior(x, people)
    weight = between / (between + mean / size) if between + mean > 0 else np.zeros(x.size)
    return pd.Series(weight * x / size + (1.0 - weight) * mean, index=index, name="rate")


@dataclass(frozen=True, slots=True)
class Regression:
    """How a chosen place would change by itself.

    Attributes:
        observed: its events in the period in which it was chosen. expected: events to be expected in
            the next period of the same length with nothing done.
        percent: expected change by chance alone, in percent (negative: a fall).
        rank, places: its rank among all, fullest first, and their number.
        warning: whether the place was so high that its fall by chance alone must be said.
    """

    observed: float
    expected: float
    percent: float
    rank: int
    places: int
    warning: bool

    @property
    def sentence(self) -> str:
        """The warning in words; empty when none is due."""
        if not self.warning:
            return ""
        return (
            f"This area ranked {self.rank} of {self.places} before the start. Areas chosen when they are "
            f"this high fall by {abs(self.percent):.0f}\u00a0% or more by themselves (regression to the "
            "mean), so a fall of that size says nothing about the tactic."
        )


def regression_to_mean(
    events: pd.Series, chosen: object, people: ArrayLike | pd.Series | None = None
) -> Regression:
    """The change that a place chosen for its high count shows by itself.

    It is a lower limit of the fall: one period cannot show how far each place's true rate moves
    from period to period (in St. Louis the hottest cells fell by half as much again).

    Args:
        events: counts of all comparable places in the period before the start, one of them chosen.
        chosen: label of the chosen place in the index.
        people: exposures, as in :func:`shrunk_rates`.

    Raises:
        RefusedError: fewer than 5 places, the chosen one not among them or without events.
    """
    x, index = checked_values(events, "counts")
    if chosen not in index:
        raise RefusedError(f"There is no place {chosen!r} among the {x.size} given.")
    if x.size < 5:
        raise RefusedError(f"{x.size} places are too few to say what is usual: at least 5 are needed.")
    at = index.get_loc(chosen)
    if not isinstance(at, int):
        raise RefusedError(f"The place {chosen!r} is given more than once.")
    if x[at] <= 0:
        raise RefusedError(f"The place {chosen!r} had no events before the start.")
    size, _, _ = _prior(x, people)
    expected = float(shrunk_rates(events, people).to_numpy()[at] * size[at])
    rank = int((x / size > x[at] / size[at]).sum()) + 1
    percent = 100.0 * (expected / x[at] - 1.0)
    top = rank <= max(1, int(np.ceil(_TOP * x.size)))
    warning = percent <= (_ANY if top else _NOTABLE)
    return Regression(float(x[at]), expected, percent, rank, x.size, bool(warning))


def _prior(x: Array, people: ArrayLike | pd.Series | None) -> tuple[Array, float, float]:
    """Exposures, the mean rate, and the variance of the true rates by the method of moments."""
    if x.min() < 0:
        raise RefusedError(f"A count is negative ({x.min():g}). Net the counts before comparing places.")
    size = np.ones(x.size) if people is None else checked_values(people, "exposures")[0]
    if size.size != x.size or size.min() <= 0:
        raise RefusedError("Give one exposure above zero for each place; leave out places without people.")
    mean = float(x.sum() / size.sum())
    spread = float((size * (x / size - mean) ** 2).sum() / size.sum())
    return size, mean, max(0.0, spread - mean / float(size.mean()))
