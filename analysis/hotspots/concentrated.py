"""Concentration: how few places hold how much?

Weisburd's law of crime concentration, with the two corrections that it needs: sparse crime is
concentrated by arithmetic alone (3 crimes cannot be at 10 places), so the generalised Gini of
Bernasco and Steenbeek (2017) stands beside the plain one, and the curve is shown beside the one that
chance would give if crime were spread evenly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import poisson

from analysis.evidence import RefusedError
from analysis.hotspots.lattice import Array, checked_values


@dataclass(frozen=True, slots=True)
class Concentration:
    """How unevenly events are spread over places.

    Attributes:
        places, events: how many.
        gini: 0 = the same everywhere, near 1 = all at one place.
        generalised_gini: against the most even spread that so few events allow; equals ``gini`` when
            there are at least as many events as places.
        unbiased_gini: ``generalised_gini`` times m / (m − 1), m the smaller of places and events, so
            that everything at one place gives exactly 1. NaN for a single event.
        chance_gini: the plain Gini of the same number of events spread evenly at random.
        top: DataFrame percent, places, share: the share of events in the top x % of places (rounded up).
        needed: DataFrame share, places, percent: the fewest places that hold a share of the events.
        lorenz: DataFrame places, events, chance: cumulative shares, fullest places first; ``chance``
            is the expected curve of an even random (Poisson) spread.
    """

    places: int
    events: float
    gini: float
    generalised_gini: float
    unbiased_gini: float
    chance_gini: float
    top: pd.DataFrame = field(repr=False)
    needed: pd.DataFrame = field(repr=False)
    lorenz: pd.DataFrame = field(repr=False)


def concentration(
    values: ArrayLike | pd.Series,
    percents: tuple[float, ...] = (1, 2, 5, 10, 20),
    shares: tuple[float, ...] = (0.25, 0.50, 0.80),
) -> Concentration:
    """Describe how concentrated events are.

    Args:
        values: n counts, one a place, zeros included.
        percents: top percents of places to report.
        shares: shares of events whose fewest places are reported.

    Raises:
        RefusedError: missing or negative counts, or no event at all.
    """
    counts, _ = checked_values(values, "counts")
    if counts.min() < 0:
        raise RefusedError(
            f"A place has a negative count ({counts.min():g}). Net the counts before mapping them."
        )
    total, n = float(counts.sum()), counts.size
    if total == 0:
        raise RefusedError("No event at any place: choose a longer window or another offense.")
    ordered = np.sort(counts)
    gini = float(2.0 * np.arange(1, n + 1) @ ordered / (n * total) - (n + 1) / n)
    generalised = max(1.0, n / total) * (gini - 1.0) + 1.0
    smaller = min(float(n), total)
    held = np.concatenate([[0.0], np.cumsum(ordered[::-1]) / total])
    at = np.arange(n + 1) / n
    ranks = np.array([_places(n, percent) for percent in percents])
    fewest = np.array([int(np.searchsorted(held, share - 1e-12)) for share in shares])
    chance_places, chance_events = _even_spread(total / n)
    return Concentration(
        places=n,
        events=total,
        gini=gini,
        generalised_gini=generalised,
        unbiased_gini=generalised * smaller / (smaller - 1.0) if smaller > 1 else float("nan"),
        chance_gini=float(2.0 * np.trapezoid(chance_events, chance_places) - 1.0),
        top=pd.DataFrame({"percent": percents, "places": ranks, "share": held[ranks]}),
        needed=pd.DataFrame({"share": shares, "places": fewest, "percent": 100.0 * fewest / n}),
        lorenz=pd.DataFrame(
            {"places": at, "events": held, "chance": np.interp(at, chance_places, chance_events)}
        ),
    )


def _places(n: int, percent: float) -> int:
    return min(n, int(np.ceil(round(n * percent / 100.0, 9))))


def _even_spread(mean: float) -> tuple[Array, Array]:
    """The Lorenz curve, fullest first, of independent Poisson counts of this mean.

    Places with at least k events are P(N ≥ k) of the places and hold E[N; N ≥ k] / mean =
    P(N ≥ k − 1) of the events; in between, places with equal counts make a straight line.
    """
    most = int(poisson.isf(1e-12, mean)) + 1
    k = np.arange(most, -1, -1)
    return np.concatenate([[0.0], poisson.sf(k - 1, mean)]), np.concatenate([[0.0], poisson.sf(k - 2, mean)])
