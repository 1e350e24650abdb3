"""What is true of the sample: expected events with and without the programme.

The sums here follow the generator's own arithmetic (levels × factors), not the drawn counts, so a
method's estimate can be scored against them. Expected values are final ones: counts of the last
months lie a little below because late reports are still to come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from analysis.data.sample.counts import street_factor
from analysis.data.sample.places import Ground
from analysis.data.sample.spec import (
    AGENCIES,
    DEPLOYMENTS,
    DOMESTIC_SHARE,
    FIREARM_ASSAULT,
    FIREARM_SHARE,
    MONTHS,
    N_MONTHS,
    STREET,
    SYNTHETIC,
    VINTAGES,
    Agency,
    Deployment,
    Floats,
    month_index,
)
from analysis.data.vocabulary import JURISDICTIONS, MEASURES

_FIRST_EFFECT: Final = month_index("2025-01")


@dataclass(frozen=True)
class Terms:
    """How a measure is added up: weights of street violence and of the rest, by offense."""

    street: dict[str, float]
    rest: dict[str, float] = field(default_factory=dict)


def terms(measure: str, *, told: bool) -> Terms | None:
    """The measure where the source tells firearms and domestic violence, or where it does not.

    None when the measure cannot be had there.
    """
    street_assault, domestic = 1 - DOMESTIC_SHARE, DOMESTIC_SHARE
    assaults = Terms({"aggravated_assault": street_assault}, {"aggravated_assault": domestic})
    if measure == "aggravated_assault":
        return assaults
    if measure in ("homicide", "robbery"):
        return Terms({measure: 1.0})
    if measure == "violent_street_crime":
        street = {"homicide": 1.0, "robbery": 1.0, "aggravated_assault": street_assault}
        return Terms(street, {} if told else assaults.rest)
    if not told:
        return None
    return Terms(
        {
            "homicide": FIREARM_SHARE["homicide"],
            "robbery": FIREARM_SHARE["robbery"],
            "aggravated_assault": street_assault * FIREARM_ASSAULT[False],
        },
        {"aggravated_assault": domestic * FIREARM_ASSAULT[True]},
    )


def make_truth(seed: int, grounds: dict[str, Ground], levels: dict[str, dict[str, Floats]]) -> dict[str, Any]:
    """The content of ``truth.json``."""
    return {
        "title": f"{SYNTHETIC}: the true effects",
        "synthetic": True,
        "seed": seed,
        "months": [str(MONTHS[0]), str(MONTHS[-1])],
        "vintage": VINTAGES[-1],
        "conventions": {
            "true_percent": "change of the measure at full work, negative means fewer",
            "average_percent": "the same over the months from the start to the last month, phase-in included",
            "expected": "sums over the months at work; the other deployments are there in both",
            "phase_in": "month k (0 = start) works at (k + 1) / (phase_in_months + 1), at most 1",
            "aimed_at": "homicide, robbery and aggravated assault, domestic assaults left out",
            "violent_street_crime": "without domestic assaults in City and County, with them in St. Clair",
            "displacement": "none: rings around focus areas do not change",
            "unit": "offenses as agencies count them: people harmed for homicide and assault",
            "places": "all agencies of the place, also those that a series leaves out for missing months",
            "shocks": "local shocks are part of the expected events with and without the programme",
        },
        "deployments": [_deployment(d, m, grounds, levels) for d in DEPLOYMENTS for m in MEASURES],
        "places": _places(grounds, levels),
        "areas": _areas(grounds, levels),
    }


def _expected(
    levels: dict[str, Floats],
    rule: Terms,
    factor: dict[str, Floats],
    shares: dict[str, float],
) -> Floats:
    """Expected events of a measure by month: the street part times its factor, the rest as it is."""
    total = np.zeros(N_MONTHS)
    for o in STREET:
        level = levels[o] * shares.get(o, 1.0)
        total += level * (rule.street.get(o, 0.0) * factor[o] + rule.rest.get(o, 0.0))
    return total


def _places(grounds: dict[str, Ground], levels: dict[str, dict[str, Floats]]) -> dict[str, Any]:
    ones = {o: np.ones(N_MONTHS) for o in STREET}
    out: dict[str, Any] = {}
    for place in (*JURISDICTIONS, "region"):
        mine = [a for a in AGENCIES if place in ("region", a.jurisdiction)]
        out[place] = {}
        for measure in MEASURES:
            rules = [terms(measure, told=a.incidents) for a in mine]
            usable = [(a, r) for a, r in zip(mine, rules, strict=True) if r is not None]
            if not usable:
                continue
            with_, without = np.zeros(N_MONTHS), np.zeros(N_MONTHS)
            for a, rule in usable:
                factor = {o: street_factor(a, grounds[a.jurisdiction], o) for o in STREET}
                with_ += _expected(levels[a.agency_id], rule, factor, {})
                without += _expected(levels[a.agency_id], rule, ones, {})
            out[place][measure] = {
                "agencies": [a.agency_id for a, _ in usable],
                "with": _short(with_),
                "without_from_2025": _short(without[_FIRST_EFFECT:]),
                "percent_since_2025": _percent(with_[_FIRST_EFFECT:].sum(), without[_FIRST_EFFECT:].sum()),
            }
    return out


def _areas(grounds: dict[str, Ground], levels: dict[str, dict[str, Floats]]) -> dict[str, Any]:
    """Expected violent street crime in each focus, buffer and comparison area."""
    out: dict[str, Any] = {}
    for ground in grounds.values():
        for area_id in ground.area_cells:
            with_, without = np.zeros(N_MONTHS), np.zeros(N_MONTHS)
            for a, shares in _shares(ground, area_id):
                rule = terms("violent_street_crime", told=a.incidents)
                if rule is None:
                    raise AssertionError("Violent street crime is told everywhere.")
                here = dict.fromkeys(STREET, _area_factor(ground, area_id, None))
                ones = {o: np.ones(N_MONTHS) for o in STREET}
                with_ += _expected(levels[a.agency_id], rule, here, shares)
                without += _expected(levels[a.agency_id], rule, ones, shares)
            out[area_id] = {
                "measure": "violent_street_crime",
                "with": _short(with_, 2),
                "without_from_2025": _short(without[_FIRST_EFFECT:], 2),
            }
    return out


def _shares(ground: Ground, area_id: str) -> list[tuple[Agency, dict[str, float]]]:
    """Agencies with risk in the area, and the share of each offense's risk that lies there."""
    found = []
    for a in AGENCIES:
        if a.jurisdiction == ground.jurisdiction:
            shares = {o: ground.shares[area_id, a.agency_id, o] for o in STREET}
            if any(shares.values()):
                found.append((a, shares))
    return found


def _area_factor(ground: Ground, area_id: str, without: str | None) -> Floats:
    """What street violence in an area is multiplied by, one deployment left out if named."""
    factor = np.ones(N_MONTHS)
    for d in DEPLOYMENTS:
        here = d.jurisdiction == ground.jurisdiction and d.area_id in (None, area_id)
        if here and d.deployment_id != without:
            factor *= d.factor()
    return factor


def _deployment(
    d: Deployment, measure: str, grounds: dict[str, Ground], levels: dict[str, dict[str, Floats]]
) -> dict[str, Any]:
    ground = grounds[d.jurisdiction]
    record: dict[str, Any] = {
        "deployment_id": d.deployment_id,
        "tactic": d.tactic,
        "place": d.jurisdiction,
        "area_id": d.area_id,
        "measure": measure,
        "start": d.start,
        "phase_in_months": d.phase_in,
        "status": d.status,
        "true_percent": None,
        "average_percent": None,
        "expected_with": None,
        "expected_without": None,
    }
    at_work = d.strength() > 0
    with_, without, full, none = np.zeros(N_MONTHS), np.zeros(N_MONTHS), 0.0, 0.0
    told_somewhere = False
    for a in AGENCIES:
        rule = terms(measure, told=a.incidents)
        if a.jurisdiction != d.jurisdiction or rule is None:
            continue
        told_somewhere = True
        shares = {o: ground.shares[d.area_id, a.agency_id, o] for o in STREET} if d.area_id else {}
        rest = {o: _others(d, a, ground, o) for o in STREET}
        strong = {o: rest[o] * (1 + d.effect) for o in STREET}
        mine = levels[a.agency_id]
        with_ += _expected(mine, rule, {o: rest[o] * d.factor() for o in STREET}, shares)
        without += _expected(mine, rule, rest, shares)
        full += _expected(mine, rule, strong, shares)[at_work].sum()
        none += _expected(mine, rule, rest, shares)[at_work].sum()
    if not told_somewhere:
        return record | {"why_not": "the source does not tell this measure there"}
    if not at_work.any():
        return record | {"why_not": "not started"}
    w, wo = float(with_[at_work].sum()), float(without[at_work].sum())
    return record | {
        "true_percent": _percent(full, none),
        "average_percent": _percent(w, wo),
        "expected_with": round(w, 4),
        "expected_without": round(wo, 4),
        "through": str(MONTHS[int(np.flatnonzero(at_work)[-1])]),
    }


def _others(d: Deployment, agency: Agency, ground: Ground, offense: str) -> Floats:
    """The factor of all other deployments where this one works."""
    if d.area_id is not None:
        return _area_factor(ground, d.area_id, d.deployment_id)
    return street_factor(agency, ground, offense) / d.factor()


def _percent(with_: float, without: float) -> float:
    return round(100 * (float(with_) / float(without) - 1), 2)


def _short(values: Floats, digits: int = 1) -> list[float]:
    return [round(float(v), digits) for v in values]
