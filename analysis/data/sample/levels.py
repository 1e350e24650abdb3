"""How much violence there would be without the programme: expected counts by agency and month.

Annual levels are public annual totals, rounded: St. Louis City and St. Louis County Police as
compiled by the Real-Time Crime Index (AH Datalytics, realtimecrimeindex.com) and SLMPD's
published 2017 UCR totals. For St. Clair County no incident data are public; its level is made up
around the 35–46 homicides a year that its coroner reported in 2017–18.

Between and after those years every agency, donors included, follows the same three national
factors with loadings of its own, so that a weighted mean of donors can in truth follow a treated
place: a jump in mid-2020 that fades, a slow trend, and the fall since 2022.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.data.sample.spec import ALL, MONTHS, N_MONTHS, Floats, stream

LEVEL_YEARS: Final = tuple(range(2017, 2025))

#: Offenses a year, 2017 to 2024.
LEVELS: Final[dict[str, dict[str, tuple[float, ...]]]] = {
    "stl_city": {
        "homicide": (205, 187, 194, 263, 200, 200, 158, 150),
        "rape": (290, 310, 265, 235, 195, 170, 210, 160),
        "robbery": (1970, 1450, 1475, 1240, 890, 810, 730, 690),
        "aggravated_assault": (4040, 3580, 3860, 4280, 3560, 3110, 2970, 2790),
        "burglary": (3200, 2980, 3040, 2550, 2160, 2330, 2110, 2270),
        "theft": (12970, 12410, 12540, 11630, 11940, 11270, 9660, 9470),
        "motor_vehicle_theft": (2920, 2750, 3000, 3220, 3800, 7340, 6210, 4090),
    },
    "county_pd": {
        "homicide": (32, 37, 44, 43, 41, 35, 35, 32),
        "rape": (160, 175, 190, 100, 85, 80, 75, 115),
        "robbery": (400, 340, 340, 320, 290, 240, 240, 190),
        "aggravated_assault": (1330, 1280, 1250, 1540, 1600, 1470, 1600, 1580),
        "burglary": (1500, 1310, 1370, 1120, 940, 990, 860, 930),
        "theft": (5670, 5210, 5390, 5030, 5440, 4960, 4580, 3770),
        "motor_vehicle_theft": (800, 990, 1320, 1620, 1780, 2940, 2210, 1350),
    },
    "st_clair": {
        "homicide": (40, 44, 42, 56, 52, 46, 42, 38),
        "rape": (130, 132, 126, 118, 112, 108, 104, 100),
        "robbery": (330, 300, 280, 240, 210, 190, 176, 160),
        "aggravated_assault": (960, 940, 930, 1040, 1010, 960, 920, 890),
        "burglary": (1500, 1400, 1300, 1150, 1050, 1000, 950, 900),
        "theft": (4200, 4000, 3900, 3500, 3400, 3500, 3300, 3200),
        "motor_vehicle_theft": (760, 740, 760, 830, 880, 1300, 1150, 900),
    },
}

#: Mean loadings of an offense on the three factors (jump, trend a year, fall), in logs.
MEAN_LOADINGS: Final = {
    "homicide": (0.34, -0.005, 0.36),
    "rape": (-0.06, -0.035, 0.08),
    "robbery": (-0.05, -0.085, 0.20),
    "aggravated_assault": (0.14, -0.010, 0.20),
    "burglary": (-0.10, -0.065, 0.05),
    "theft": (-0.08, -0.030, 0.12),
    "motor_vehicle_theft": (0.20, 0.030, 0.10),
}
#: Spread of the loadings between agencies.
LOADING_SD: Final = (0.15, 0.03, 0.16)

#: Seasonal amplitude (log) and the month of the peak.
SEASON: Final = {
    "homicide": (0.12, 7.0),
    "rape": (0.10, 7.0),
    "robbery": (0.09, 10.5),
    "aggravated_assault": (0.16, 7.0),
    "burglary": (0.08, 8.0),
    "theft": (0.08, 8.0),
    "motor_vehicle_theft": (0.07, 10.0),
}

#: Over-dispersion of incidents in a month beyond Poisson: variance = mean + alpha × mean².
ALPHA: Final = {
    "homicide": 0.010,
    "rape": 0.010,
    "robbery": 0.006,
    "aggravated_assault": 0.005,
    "burglary": 0.006,
    "theft": 0.004,
    "motor_vehicle_theft": 0.008,
}

_AR: Final = 0.7


def _years() -> Floats:
    """Middle of each month, in years and fractions."""
    return np.asarray(MONTHS.year, float) + (np.asarray(MONTHS.month, float) - 0.5) / 12


def factors() -> Floats:
    """The three national factors, 3 × months."""
    t = _years()
    jump = np.interp(t, [2020.2, 2020.5, 2021.5, 2024.5], [0.0, 1.0, 0.85, 0.0])
    trend = np.interp(t, [2017.0, 2024.5, 2027.0], [-3.0, 4.5, 4.7])
    fall = np.interp(t, [2022.0, 2024.5, 2027.0], [0.0, -0.70, -0.68])
    return np.vstack([jump, trend, fall])


def season(offense: str, phase: float = 0.0, amplitude: float = 1.0) -> Floats:
    """Seasonal factor by month with mean one over a year, times the days in the month."""
    size, peak = SEASON[offense]
    year = np.exp(size * amplitude * np.cos(2 * np.pi * (np.arange(1, 13) - peak - phase) / 12))
    year /= year.mean()
    days = np.asarray(MONTHS.days_in_month, float) / 30.4375
    return np.asarray(year[np.asarray(MONTHS.month) - 1] * days, float)


def ar1(rng: np.random.Generator, sd: float, n: int = 1) -> Floats:
    """``n`` stationary AR(1) paths (n × months) with standard deviation ``sd``."""
    noise = rng.standard_normal((n, N_MONTHS)) * sd
    out = np.empty_like(noise)
    out[:, 0] = noise[:, 0]
    for i in range(1, N_MONTHS):
        out[:, i] = _AR * out[:, i - 1] + np.sqrt(1 - _AR**2) * noise[:, i]
    return out


def fit_loadings(annual: tuple[float, ...], mean: tuple[float, ...]) -> tuple[float, Floats, Floats]:
    """Loadings that follow the annual levels, drawn towards the national mean.

    Returns intercept (log of a year), loadings (3) and what is left over in each year. Ridge
    least squares: penalty = noise variance (0.05²) over the loadings' variance between agencies.
    """
    year_of = np.asarray(MONTHS.year)
    f = np.vstack([factors()[:, year_of == y].mean(axis=1) for y in LEVEL_YEARS])
    y = np.log(np.asarray(annual, float))
    design = np.column_stack([np.ones(len(y)), f])
    target = y - f @ np.asarray(mean)
    penalty = np.diag([0.0, *(0.05**2 / np.square(LOADING_SD))])
    solution = np.linalg.solve(design.T @ design + penalty, design.T @ target)
    return float(solution[0]), np.asarray(mean) + solution[1:], target - design @ solution


def region_level(level: str, offense: str) -> Floats:
    """Smooth expected offenses a month without the programme (before season and shocks).

    What the factors do not explain of a year's level is a local departure: it is joined linearly
    between the middles of the years, and stays where it was after 2024.
    """
    intercept, loadings, rest = fit_loadings(LEVELS[level][offense], MEAN_LOADINGS[offense])
    middle = np.asarray(LEVEL_YEARS, float) + 0.5
    departure = np.interp(_years(), middle, rest)
    return np.asarray(np.exp(intercept + loadings @ factors() + departure) / 12, float)


def agency_levels(seed: int, agency_id: str, level: str, share: float) -> dict[str, Floats]:
    """Expected offenses of an agency by month without the programme, with its local shocks.

    One shock is common to the agency's offenses, one is each offense's own; small agencies have
    larger ones. Values are rounded to nine digits so that a last bit of a processor's arithmetic
    cannot change a draw.
    """
    rng = stream(seed, f"levels/{agency_id}")
    sd = 0.015 if share >= 1 else 0.04
    common = ar1(rng, sd)[0]
    own = ar1(rng, sd, len(ALL))
    return {
        o: np.round(share * region_level(level, o) * season(o) * np.exp(common + own[i]), 9)
        for i, o in enumerate(ALL)
    }


def negative_binomial(rng: np.random.Generator, mean: Floats, alpha: float) -> np.ndarray:
    """Counts with the given means and variance ``mean + alpha × mean²``."""
    shape = 1.0 / alpha
    return rng.poisson(np.asarray(mean) * rng.gamma(shape, alpha, size=np.shape(mean)))
