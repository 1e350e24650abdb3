"""What the synthetic sample is made of: calendar, agencies, deployments, and the random streams.

Nothing here is drawn at random. Names are neutral on purpose: the sample shows three real
jurisdictions in outline, and everything inside them is made up.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Said of everything that is made from the sample.
SYNTHETIC: Final = "Synthetic sample data"

MONTHS: Final = pd.period_range("2017-01", "2026-09", freq="M")
N_MONTHS: Final = len(MONTHS)
YEARS: Final = tuple(range(2017, 2027))

#: Days on which the figures were known: the last one is current, the others show revisions.
VINTAGES: Final = ("2026-08-10", "2026-09-10", "2026-10-10")
#: Earlier vintages repeat only so many months before their own last one; older ones had settled.
REVISED_MONTHS: Final = 12

#: Layout id of every figure in the package.
SOURCE: Final = "synthetic"

#: Offenses that make up incidents, in the order in which they are drawn.
VIOLENT: Final = ("homicide", "rape", "robbery", "aggravated_assault")
PROPERTY: Final = ("burglary", "theft", "motor_vehicle_theft")
ALL: Final = (*VIOLENT, *PROPERTY)
#: Offenses that the tactics aim at (domestic assaults are left out by the measure).
STREET: Final = ("homicide", "robbery", "aggravated_assault")

#: Mean number of people harmed in an incident (robbery counts incidents, as UCR does).
VICTIMS_PER_INCIDENT: Final = {"homicide": 1.04, "rape": 1.0, "robbery": 1.0, "aggravated_assault": 1.3}
DOMESTIC_SHARE: Final = 0.25
FIREARM_SHARE: Final = {"homicide": 0.90, "rape": 0.03, "robbery": 0.60}
#: Aggravated assault: 47 % with a firearm over all, far fewer of the domestic ones.
FIREARM_ASSAULT: Final = {True: 0.17, False: 0.57}
GEOCODED_SHARE: Final = 0.97


def stream(seed: int, name: str) -> np.random.Generator:
    """A random stream of its own for each named part.

    The stream hangs on the name, not on the order of calls: adding a table leaves all others as
    they were.
    """
    key = zlib.crc32(name.encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(key,))))


def month_index(month: str) -> int:
    """Position of ``YYYY-MM`` in :data:`MONTHS`; may lie beyond its end."""
    return int((pd.Period(month, "M") - MONTHS[0]).n)


@dataclass(frozen=True, slots=True)
class Agency:
    """A reporting agency of the region.

    Attributes:
        level: which row of the published annual levels it scales.
        share: factor on that level.
        incidents: whether it publishes incidents (else monthly counts only).
        late: months at the end that it has not reported yet.
        holes: months that it never reported.
    """

    agency_id: str
    name: str
    state: str
    kind: str
    jurisdiction: str
    population: int
    level: str
    share: float
    incidents: bool
    late: int = 0
    holes: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()


AGENCIES: Final = (
    Agency("SYN-A-1", "Agency A-1 (city)", "MO", "city", "stl_city", 285_000, "stl_city", 1.0, True),
    Agency("SYN-B-1", "Agency B-1 (county)", "MO", "county", "stl_county", 405_000, "county_pd", 1.0, True),
    Agency("SYN-B-2", "Agency B-2", "MO", "city", "stl_county", 118_000, "county_pd", 0.24, True),
    Agency("SYN-B-3", "Agency B-3", "MO", "city", "stl_county", 103_000, "county_pd", 0.19, True),
    Agency("SYN-B-4", "Agency B-4", "MO", "city", "stl_county", 98_000, "county_pd", 0.16, True),
    Agency("SYN-B-5", "Agency B-5", "MO", "city", "stl_county", 95_000, "county_pd", 0.12, True),
    Agency("SYN-B-6", "Agency B-6", "MO", "city", "stl_county", 91_000, "county_pd", 0.08, True, late=1),
    Agency(
        "SYN-B-7", "Agency B-7", "MO", "city", "stl_county", 82_000, "county_pd", 0.06, True,
        holes=("2019-03", "2019-04", "2020-11"),
    ),
    Agency("SYN-C-1", "Agency C-1 (county)", "IL", "county", "st_clair", 118_000, "st_clair", 0.30, False),
    Agency("SYN-C-2", "Agency C-2", "IL", "city", "st_clair", 61_000, "st_clair", 0.46, False),
    Agency(
        "SYN-C-3", "Agency C-3", "IL", "city", "st_clair", 44_000, "st_clair", 0.17, False,
        holes=("2017-03",),
    ),
    Agency(
        "SYN-C-4", "Agency C-4", "IL", "city", "st_clair", 29_000, "st_clair", 0.07, False,
        late=2, holes=("2018-07", "2021-05", "2021-06", "2023-09"), partial=("2025-06",),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deployment:
    """A tactic at work, with the true effect on street violence that the generator applies.

    ``effect`` is the change after phase-in (−0.12 = 12 % fewer) of homicide, robbery and
    non-domestic aggravated assault where the deployment works.
    """

    deployment_id: str
    tactic: str
    jurisdiction: str
    area_id: str | None
    name: str
    start: str
    phase_in: int
    effect: float
    status: Literal["planned", "live", "paused", "ended"] = "live"
    end: str | None = None

    def strength(self) -> Floats:
        """How much of the effect is at work in each month (0 to 1, length ``N_MONTHS``).

        Month k of the phase-in (k = 0 is the start) works at ``(k + 1) / (phase_in + 1)``.
        """
        k = np.arange(N_MONTHS) - month_index(self.start)
        ramp = np.clip((k + 1) / (self.phase_in + 1), 0.0, 1.0)
        if self.end is not None:
            ramp[k > month_index(self.end) - month_index(self.start)] = 0.0
        return ramp

    def factor(self) -> Floats:
        """What the deployment multiplies street violence by, month by month."""
        return 1.0 + self.effect * self.strength()


DEPLOYMENTS: Final = (
    Deployment(
        "fd-city", "focused_deterrence", "stl_city", None, "Focused deterrence, St. Louis City",
        "2025-01", 6, -0.12,
    ),
    Deployment(
        "outreach-a", "street_outreach", "stl_city", "focus_a", "Street outreach, Focus area A",
        "2025-04", 4, -0.25,
    ),
    Deployment(
        "cbt-city", "cbt", "stl_city", None, "Cognitive behavioral therapy, St. Louis City",
        "2025-07", 6, -0.05,
    ),
    Deployment(
        "fd-county", "focused_deterrence", "stl_county", None, "Focused deterrence, St. Louis County",
        "2025-10", 6, -0.06,
    ),
    Deployment(
        "outreach-b", "street_outreach", "stl_county", "focus_b", "Street outreach, Focus area B",
        "2025-07", 3, 0.0,
    ),
    Deployment(
        "cbt-county", "cbt", "stl_county", "focus_c", "Cognitive behavioral therapy, Focus area C",
        "2026-01", 6, -0.05,
    ),
    Deployment(
        "fd-st-clair", "focused_deterrence", "st_clair", None, "Focused deterrence, St. Clair County",
        "2027-01", 6, -0.10, status="planned",
    ),
    Deployment(
        "outreach-d", "street_outreach", "st_clair", "focus_d", "Street outreach, Focus area D",
        "2025-10", 4, -0.15,
    ),
    Deployment(
        "cbt-st-clair", "cbt", "st_clair", None, "Cognitive behavioral therapy, St. Clair County",
        "2025-04", 6, -0.04, status="paused", end="2026-03",
    ),
)  # fmt: skip
