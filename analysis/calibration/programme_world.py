"""Simulated programmes: the sample's rules, reduced to monthly counts, with effects that are known.

Levels, national factors, local shocks, seasons and scatter are those of :mod:`analysis.data.sample`
(real annual levels of the three jurisdictions, negative binomial months). Instead of single incidents only
the counts are drawn, a focus area takes its share of its jurisdiction's events, and the comparison pool
has 50 cities. The nine deployments start when the sample's do; how large their effects are is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from analysis.data.sample.donors import RATES
from analysis.data.sample.levels import (
    ALPHA,
    LOADING_SD,
    MEAN_LOADINGS,
    agency_levels,
    ar1,
    factors,
    negative_binomial,
    season,
)
from analysis.data.sample.places import POPULATION
from analysis.data.sample.spec import (
    AGENCIES,
    DEPLOYMENTS,
    DOMESTIC_SHARE,
    MONTHS,
    N_MONTHS,
    STREET,
    VICTIMS_PER_INCIDENT,
    Deployment,
    Floats,
)
from analysis.evaluate import Neighbourhood

DONORS: Final = 50
#: Share of the jurisdiction's street violence in each area (as in the sample).
SHARES: Final = {"focus_a": 0.155, "focus_b": 0.072, "focus_c": 0.050, "focus_d": 0.080}
COMPARED: Final = {"stl_city": 0.090, "stl_county": 0.050, "st_clair": 0.0}
RING: Final = {"focus_a": 0.070, "focus_b": 0.018, "focus_c": 0.0, "focus_d": 0.0}
#: Effects a deployment may have, besides none.
EFFECTS: Final = (-0.05, -0.10, -0.15, -0.20, -0.25, 0.08)


@dataclass(frozen=True, slots=True)
class World:
    """One simulated programme.

    Attributes:
        deployments: with the effects that were drawn.
        counts: place → violent street crime a month. truth: place → (with, without) expected a month.
        population: place or donor → residents. donors: month × donor.
        areas: focus area → the area with its comparison.
    """

    deployments: tuple[Deployment, ...]
    counts: dict[str, pd.Series]
    truth: dict[str, tuple[Floats, Floats]]
    population: pd.Series
    donors: pd.DataFrame
    areas: dict[str, Neighbourhood]


def draw_deployments(rng: np.random.Generator, *, zero: bool) -> tuple[Deployment, ...]:
    """The sample's deployments with effects drawn: all nil, or each nil with a chance of one in three."""
    return tuple(
        replace(d, effect=0.0 if zero or rng.random() < 1 / 3 else float(rng.choice(EFFECTS)))
        for d in DEPLOYMENTS
    )


def make_world(seed: int, *, zero: bool) -> World:
    """Draw one programme; the same seed gives the same one."""
    rng = np.random.default_rng(seed)
    deployments = draw_deployments(rng, zero=zero)
    counts: dict[str, pd.Series] = {}
    truth: dict[str, tuple[Floats, Floats]] = {}
    areas: dict[str, Neighbourhood] = {}
    people: dict[str, float] = {}
    for place in POPULATION:
        mine = [d for d in deployments if d.jurisdiction == place]
        wide = np.prod([d.factor() for d in mine if d.area_id is None] or [np.ones(N_MONTHS)], axis=0)
        # Where only counts are known, domestic assaults stay in the measure, as in the sample.
        domestic = DOMESTIC_SHARE if place == "st_clair" else 0.0
        street, rest = _levels(seed, place, domestic)
        inside = {a: s for a, s in SHARES.items() if a in {d.area_id for d in mine}}
        factor = {a: next(d.factor() for d in mine if d.area_id == a) for a in inside}
        local = 1.0 + sum((s * (factor[a] - 1.0) for a, s in inside.items()), np.zeros(N_MONTHS))
        drawn = {o: _victims(rng, o, street[o] * wide * local) for o in STREET}
        other = {o: _victims(rng, o, rest[o]) for o in STREET if rest[o].any()}
        total = np.sum([*drawn.values(), *other.values()], axis=0)
        counts[place] = pd.Series(total.astype(float), MONTHS)
        without = np.sum([street[o] + rest[o] for o in STREET], axis=0)
        truth[place] = (np.sum([street[o] * wide * local + rest[o] for o in STREET], axis=0), without)
        events = np.sum([np.round(drawn[o] / VICTIMS_PER_INCIDENT[o]) for o in STREET], axis=0).astype(int)
        areas |= _areas(rng, place, inside, factor, events, wide, local, truth)
        people[place] = float(POPULATION[place][1])
    donors, residents = _donors(rng)
    return World(deployments, counts, truth, pd.concat([pd.Series(people), residents]), donors, areas)


def _levels(seed: int, place: str, domestic: float) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Expected street violence, and what of the measure the tactics do not aim at, by offense."""
    street = {o: np.zeros(N_MONTHS) for o in STREET}
    rest = {o: np.zeros(N_MONTHS) for o in STREET}
    for agency in (a for a in AGENCIES if a.jurisdiction == place):
        level = agency_levels(seed, agency.agency_id, agency.level, agency.share)
        for o in STREET:
            share = 1 - DOMESTIC_SHARE if o == "aggravated_assault" else 1.0
            street[o] = street[o] + level[o] * share
            if o == "aggravated_assault":
                rest[o] = rest[o] + level[o] * domestic
    return street, rest


def _victims(rng: np.random.Generator, offense: str, mean: Floats) -> np.ndarray:
    """Counts as agencies count them: incidents scatter, and some harm more than one person."""
    each = VICTIMS_PER_INCIDENT[offense]
    incidents = negative_binomial(rng, mean / each, ALPHA[offense])
    return np.asarray(incidents + rng.poisson(incidents * (each - 1.0)))


def _areas(
    rng: np.random.Generator, place: str, inside: dict[str, float], factor: dict[str, Floats],
    events: np.ndarray, wide: Floats, local: Floats, truth: dict[str, tuple[Floats, Floats]],
) -> dict[str, Neighbourhood]:  # fmt: skip
    """Split a jurisdiction's incidents: a focus area's share moves with its own effect."""
    found = {}
    for area, share in inside.items():
        parts = [share * factor[area] / local, COMPARED[place] / local, RING[area] / local]
        chances = np.clip(np.column_stack([*parts, 1.0 - np.sum(parts, axis=0)]), 0.0, 1.0)
        split = rng.multinomial(events, chances).astype(float)
        if COMPARED[place] and RING[area]:
            treated, comparison, ring = (pd.Series(split[:, i], MONTHS) for i in range(3))
            found[area] = Neighbourhood(treated, comparison, ring, ("the comparison area",))
        truth[area] = (events.mean() * share * factor[area] * wide, events.mean() * share * np.ones(N_MONTHS))
    return found


def _donors(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    """The comparison pool: month × city, and residents."""
    f, table, residents = factors(), {}, {}
    for i in range(DONORS):
        people = float(np.clip(np.exp(rng.normal(np.log(260_000), 0.6)), 102_000, 1_000_000))
        violence, phase, common = rng.normal(0, 0.5), float(rng.normal(0, 0.6)), ar1(rng, 0.03)[0]
        total = np.zeros(N_MONTHS)
        for o in STREET:
            rate = RATES[o] * np.exp(violence + rng.normal(0, 0.25))
            loadings = np.asarray(MEAN_LOADINGS[o]) + rng.standard_normal(3) * LOADING_SD
            level = people / 100_000 * rate / 12 * np.exp(loadings @ f + common + ar1(rng, 0.03)[0])
            total += negative_binomial(rng, level * season(o, phase, float(rng.uniform(0.7, 1.3))), ALPHA[o])
        table[f"donor-{i:02d}"], residents[f"donor-{i:02d}"] = total, people
    return pd.DataFrame(table, index=MONTHS), pd.Series(residents)
