"""The comparison pool: agencies elsewhere, all made up, that share the national factors.

Each donor has a rate, loadings on the three national factors, a season and local shocks of its
own. Some would mislead and say so: a level break, a programme of their own, too few people,
months missing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.data.sample.levels import (
    ALPHA,
    LOADING_SD,
    MEAN_LOADINGS,
    ar1,
    factors,
    negative_binomial,
    season,
)
from analysis.data.sample.spec import MONTHS, N_MONTHS, VIOLENT, Floats, Ints, month_index, stream

N_DONORS: Final = 124

#: Offenses per 100,000 people and year around 2019, and the spread of their logarithm.
RATES: Final = {"homicide": 11.0, "rape": 48.0, "robbery": 135.0, "aggravated_assault": 410.0}
_RATE_SD: Final = 0.5

#: States with a point in their middle, so that donors can stand on a map (rounded degrees).
STATES: Final = {
    "AL": (-86.8, 32.8), "AZ": (-111.7, 33.6), "AR": (-92.4, 34.8), "CA": (-119.0, 36.5),
    "CO": (-104.9, 39.5), "FL": (-81.7, 28.3), "GA": (-83.5, 33.0), "IN": (-86.2, 39.9),
    "IA": (-93.4, 41.9), "KS": (-97.3, 38.3), "KY": (-85.4, 37.7), "LA": (-91.5, 30.8),
    "MD": (-76.7, 39.2), "MI": (-84.2, 43.0), "MN": (-94.2, 45.3), "MS": (-89.7, 32.7),
    "NE": (-97.5, 41.2), "NC": (-79.6, 35.6), "NY": (-75.9, 42.8), "OH": (-82.8, 40.3),
    "OK": (-97.1, 35.5), "PA": (-77.8, 40.5), "SC": (-80.9, 34.0), "TN": (-86.5, 35.8),
    "TX": (-97.5, 31.3), "UT": (-111.8, 40.4), "VA": (-77.8, 37.5), "WA": (-121.3, 47.4),
    "WI": (-88.8, 43.6),
}  # fmt: skip

#: Donor number → (reason, what is wrong): left out of pools, kept in the data.
EXCLUDED: Final = {
    9: "Level break: counts change by more than a third in January 2023",
    27: "Began a violence programme of its own in June 2023",
    45: "Fewer than 100,000 residents",
    46: "Fewer than 100,000 residents",
    63: "Months are missing in 2024",
    81: "Level break: counts change by more than a third in January 2022",
    99: "Began a violence programme of its own in January 2024",
    117: "Months are missing in 2021 and 2022",
}
_BREAK: Final = {9: ("2023-01", 1.45), 81: ("2022-01", 0.6), 27: ("2023-06", 0.8), 99: ("2024-01", 0.75)}
_SMALL: Final = frozenset({45, 46})
_HOLES: Final = {
    63: ("2024-02", "2024-03", "2024-04", "2024-05", "2024-09"),
    117: ("2021-11", "2021-12", "2022-01", "2022-02"),
    12: ("2025-07",),  # an eligible donor with one month missing after the start
}
_LATE: Final = {5: 1, 33: 2, 71: 1, 102: 1}


def donor_id(number: int) -> str:
    """Identifier of the donor with that number (from 1)."""
    return f"SYN-D-{number:03d}"


def make_donors(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Agencies (a row each) and their monthly counts (agency_id, month, offense, count)."""
    agencies: list[dict[str, Any]] = []
    parts = []
    names = MONTHS.strftime("%Y-%m").to_numpy()
    for number in range(1, N_DONORS + 1):
        rng = stream(seed, f"donor/{number}")
        agency = _agency(rng, number)
        agencies.append(agency)
        counts = _counts(rng, number, float(agency["population"]))
        reported = np.arange(N_MONTHS) < N_MONTHS - _LATE.get(number, 0)
        reported[[month_index(m) for m in _HOLES.get(number, ())]] = False
        for offense, values in counts.items():
            parts.append(
                pd.DataFrame(
                    {
                        "agency_id": agency["agency_id"],
                        "month": names[reported],
                        "offense": offense,
                        "count": values[reported].astype(float),
                    }
                )
            )
    return pd.DataFrame(agencies), pd.concat(parts, ignore_index=True)


def _agency(rng: np.random.Generator, number: int) -> dict[str, Any]:
    state = sorted(STATES)[int(rng.integers(len(STATES)))]
    middle = STATES[state]
    population = float(np.clip(np.exp(rng.normal(np.log(260_000), 0.6)), 102_000, 1_000_000))
    if number in _SMALL:
        population = float(rng.uniform(62_000, 95_000))
    return {
        "agency_id": donor_id(number),
        "name": f"Comparison city {number:03d}",
        "state": state,
        "kind": "city",
        "jurisdiction": None,
        "population": round(population, -2),
        "longitude": round(middle[0] + float(rng.uniform(-1.0, 1.0)), 2),
        "latitude": round(middle[1] + float(rng.uniform(-0.7, 0.7)), 2),
        "donor": "excluded" if number in EXCLUDED else "eligible",
        "donor_reason": EXCLUDED.get(number),
    }


def _counts(rng: np.random.Generator, number: int, population: float) -> dict[str, Ints]:
    f = factors()
    violence = rng.normal(0, _RATE_SD)
    sd = 0.03
    common, phase = ar1(rng, sd)[0], float(rng.normal(0, 0.6))
    step: Floats = np.ones(N_MONTHS)
    if number in _BREAK:
        month, factor = _BREAK[number]
        step[month_index(month) :] = factor
    out = {}
    for offense in VIOLENT:
        rate = RATES[offense] * np.exp(violence + rng.normal(0, 0.25))
        loadings = np.asarray(MEAN_LOADINGS[offense]) + rng.standard_normal(3) * LOADING_SD
        own = ar1(rng, sd)[0]
        level = population / 100_000 * rate / 12 * np.exp(loadings @ f + common + own)
        mean = np.round(level * step * season(offense, phase, float(rng.uniform(0.7, 1.3))), 9)
        out[offense] = negative_binomial(rng, mean, ALPHA[offense])
    return out
