"""Simulated panels of cities in which nothing was started, for the calibration of synthetic controls.

Rates, sizes and their spread are those of the 137 agencies of 100,000 or more residents in the Real-Time
Crime Index that are complete from 2018 on: homicides, median 6.4 per 100,000 a year, log standard
deviation 0.9; residents 100,000 times the exponential of an exponential variable with mean 0.92.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BEFORE: Final = 84
AFTER: Final = 14
DONORS: Final = 100
_MEDIAN, _SPREAD, _SIZE, _LARGEST = 6.5, 0.9, 0.92, 8e6
#: Shape of the negative binomial; month in which the jump of 2020 comes; months in which it fades.
_SHAPE, _JUMP, _FADE = 20.0, 29, 36.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A treated city among its donors.

    ``rate`` per 100,000 a year and ``people`` of the treated city; ``jump``: whether all cities rise by
    about 30 % in mid-2020, in proportion to their level, and fade back; ``walk``: monthly standard
    deviation of a random walk of each city's log level.
    """

    rate: float
    people: float
    jump: bool = False
    walk: float = 0.0


SCENARIOS: Final = {
    "in hull": Scenario(10.4, 550_000),
    "2020 jump": Scenario(10.4, 550_000, jump=True),
    "edge of hull": Scenario(20.0, 290_000, jump=True),
    "high rate": Scenario(60.0, 290_000, jump=True),
    "local drift": Scenario(60.0, 290_000, jump=True, walk=0.03),
}


def simulate(scenario: Scenario, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Counts (98 × 101, treated first), residents (101,) and expected counts (98 × 101).

    Log rates are three AR(1) factors of the nation with loadings of each city's own, a summer season, and
    AR(1) shocks of the city; counts are negative binomial around them.
    """
    months, cities = BEFORE + AFTER, DONORS + 1
    t = np.arange(months)
    level = np.r_[scenario.rate, rng.lognormal(np.log(_MEDIAN), _SPREAD, DONORS)] / 12
    people = np.r_[scenario.people, np.minimum(1e5 * np.exp(rng.exponential(_SIZE, DONORS)), _LARGEST)]
    log = _ar1(rng, months, 3, 0.9, 0.12) @ rng.normal(0.6, 0.4, (3, cities))
    log += np.sin(2 * np.pi * (t - 3) / 12)[:, None] * rng.uniform(0.1, 0.3, cities)
    log += _ar1(rng, months, cities, 0.6, 0.10)
    log += np.cumsum(rng.normal(0, scenario.walk, (months, cities)), axis=0)
    if scenario.jump:
        shape = np.where(t < _JUMP, 0.0, np.exp(-np.maximum(t - _JUMP, 0) / _FADE))
        log += shape[:, None] * np.clip(rng.normal(0.30, 0.08, cities), 0, None)
    expected = level * np.exp(log) * people / 1e5
    counts = rng.poisson(rng.gamma(_SHAPE, expected / _SHAPE)).astype(float)
    return counts, people, expected


def _ar1(rng: np.random.Generator, months: int, series: int, rho: float, sd: float) -> Array:
    shocks = rng.normal(0, sd * np.sqrt(1 - rho**2), (months, series))
    path = np.empty((months, series))
    path[0] = rng.normal(0, sd, series)
    for t in range(1, months):
        path[t] = rho * path[t - 1] + shocks[t]
    return path
