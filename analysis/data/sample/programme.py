"""Deployments, what they did month by month, and the residents of each place: all made up."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.data.sample.places import POPULATION, share_of_population
from analysis.data.sample.spec import (
    AGENCIES,
    DEPLOYMENTS,
    MONTHS,
    N_MONTHS,
    SYNTHETIC,
    YEARS,
    Deployment,
    month_index,
    stream,
)

#: Planned a month at full work, by tactic. The first activity of each chain leads the others.
PLANS: Final[dict[str, dict[str, float]]] = {
    "focused_deterrence": {
        "people_notified": 24,
        "both_messages_delivered": 24,
        "service_offers": 22,
        "services_accepted": 9,
        "call_ins": 1,  # every third month
        "custom_notifications": 12,
    },
    "cbt": {
        "referred": 18,
        "enrolled": 12,
        "sessions": 96,
        "completed": 7,
        "wraparound_services": 20,
    },
    "street_outreach": {
        "contacts": 140,
        "mediations": 14,
        "referrals": 16,
        "victims_and_families_supported": 10,
        "presence_days": 24,
        "public_space_events": 2,
    },
}

#: Activity → (part of which other activity, share): it can never be more than its whole.
CHAINS: Final = {
    "both_messages_delivered": ("people_notified", 0.88),
    "service_offers": ("people_notified", 0.90),
    "services_accepted": ("service_offers", 0.38),
    "enrolled": ("referred", 0.62),
    "completed": ("enrolled", 0.52),
}

#: How much of its plan each deployment reaches, and its size beside the plans above.
_REACHED: Final = {
    "fd-city": (0.93, 1.5),
    "outreach-a": (0.97, 1.0),
    "cbt-city": (0.82, 1.4),
    "fd-county": (0.78, 1.0),
    "outreach-b": (0.46, 1.0),  # far below plan: the one whose true effect is nil
    "cbt-county": (0.70, 0.7),
    "outreach-d": (0.80, 0.8),
    "cbt-st-clair": (0.60, 0.6),
}
#: Months that a deployment did not report.
_UNREPORTED: Final = {
    "cbt-city": ("2025-12",),
    "outreach-b": ("2025-11", "2026-02", "2026-03"),
    "fd-county": ("2026-09",),
    "outreach-d": ("2026-01",),
}


def deployments_table() -> pd.DataFrame:
    """The nine deployments, a row each."""
    return pd.DataFrame(
        [
            {
                "deployment_id": d.deployment_id,
                "tactic": d.tactic,
                "area_id": d.area_id,
                "jurisdiction": d.jurisdiction,
                "name": d.name,
                "start": d.start,
                "phase_in_months": d.phase_in,
                "end": d.end,
                "status": d.status,
                "source": SYNTHETIC,
            }
            for d in DEPLOYMENTS
        ]
    )


def activities_table(seed: int) -> pd.DataFrame:
    """Every activity of every started deployment, month by month, beside its plan.

    A paused deployment keeps its last months with nothing done after the pause left out. A month
    that was not reported has an empty value, which is not zero.
    """
    rows: list[dict[str, Any]] = []
    for d in DEPLOYMENTS:
        if month_index(d.start) < N_MONTHS:
            rows += _activities(stream(seed, f"activities/{d.deployment_id}"), d)
    return pd.DataFrame(rows)


def _activities(rng: np.random.Generator, d: Deployment) -> list[dict[str, Any]]:
    reached, size = _REACHED[d.deployment_id]
    first = month_index(d.start)
    last = N_MONTHS - 1 if d.end is None else month_index(d.end)
    rows = []
    mood = 0.0
    for i in range(first, last + 1):
        ramp = min(1.0, (i - first + 1) / (d.phase_in + 1))
        mood = 0.5 * mood + float(rng.normal(0, 0.08))
        fading = 0.5 if d.status == "paused" and i > last - 2 else 1.0
        # Work starts more slowly than planned and then catches up.
        pace = reached * fading * float(np.exp(mood)) * (0.7 + 0.3 * ramp)
        month = str(MONTHS[i])
        silent = month in _UNREPORTED.get(d.deployment_id, ())
        done: dict[str, float] = {}
        for activity, full in PLANS[d.tactic].items():
            planned = _planned(activity, full * size, ramp, i - first)
            done[activity] = _value(rng, activity, planned, pace, done)
            rows.append(
                {
                    "deployment_id": d.deployment_id,
                    "month": month,
                    "activity": activity,
                    "value": None if silent else done[activity],
                    "planned": planned,
                }
            )
    return rows


def _planned(activity: str, full: float, ramp: float, since: int) -> float:
    if activity == "call_ins":
        return 1.0 if since % 3 == 1 else 0.0
    if activity == "presence_days":
        return float(round(24 * ramp))
    if activity == "completed" and since < 3:
        return 0.0  # the course takes three months
    return float(max(1, round(full * ramp)))


def _value(
    rng: np.random.Generator, activity: str, planned: float, pace: float, done: dict[str, float]
) -> float:
    if planned == 0:
        return 0.0
    if activity == "presence_days":
        return float(min(28, rng.binomial(28, min(0.95, planned / 28 * pace))))
    if activity == "call_ins":
        return float(rng.random() < min(1.0, pace))
    if activity in CHAINS:
        whole, share = CHAINS[activity]
        return float(rng.binomial(int(done[whole]), min(0.98, share)))
    return float(rng.poisson(planned * pace))


def populations_table() -> pd.DataFrame:
    """Residents by year: the jurisdictions, the region, and each of the region's agencies."""
    rows = []
    for year in YEARS:
        people = {j: share_of_population(j, year) for j in POPULATION}
        people["region"] = sum(people.values())
        for a in AGENCIES:
            now = share_of_population(a.jurisdiction, YEARS[-1])
            people[a.agency_id] = int(round(a.population * people[a.jurisdiction] / now, -2))
        rows += [
            {"place": place, "year": year, "population": float(n), "source": SYNTHETIC + ", rounded"}
            for place, n in people.items()
        ]
    return pd.DataFrame(rows)


def agencies_table() -> pd.DataFrame:
    """The region's agencies; donors are added from :mod:`analysis.data.sample.donors`."""
    middle = {"stl_city": (-90.25, 38.63), "stl_county": (-90.44, 38.64), "st_clair": (-89.93, 38.47)}
    return pd.DataFrame(
        [
            {
                "agency_id": a.agency_id,
                "name": a.name,
                "state": a.state,
                "kind": a.kind,
                "jurisdiction": a.jurisdiction,
                "population": float(a.population),
                "longitude": middle[a.jurisdiction][0],
                "latitude": middle[a.jurisdiction][1],
                "donor": "excluded",
                "donor_reason": "Part of the region that the programme works in",
            }
            for a in AGENCIES
        ]
    )
