"""Monthly counts as known on a day: from incidents where they exist, drawn where they do not.

Counts grow for some weeks after a month has ended. The three vintages keep what was known on each
of three days, so that a revision triangle can be drawn. A month that an agency has not reported is
absent; a zero is a reported zero.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.data.sample.levels import ALPHA, negative_binomial
from analysis.data.sample.places import Ground
from analysis.data.sample.spec import (
    AGENCIES,
    DEPLOYMENTS,
    DOMESTIC_SHARE,
    MONTHS,
    N_MONTHS,
    PROPERTY,
    REVISED_MONTHS,
    SOURCE,
    STREET,
    VINTAGES,
    VIOLENT,
    Agency,
    Floats,
    stream,
)

#: Share of a month's offenses that is known 10, 40, 71 … days after its end.
KNOWN: Final = (0.94, 0.985, 0.995)
_MONTH_TEXT: Final = MONTHS.strftime("%Y-%m").to_numpy()

#: Parts of an offense that incidents tell: name → (offense, column).
PARTS: Final = {
    "homicide_firearm": ("homicide", "firearm"),
    "robbery_firearm": ("robbery", "firearm"),
    "aggravated_assault_firearm": ("aggravated_assault", "firearm"),
    "aggravated_assault_domestic": ("aggravated_assault", "domestic"),
}


def street_factor(agency: Agency, ground: Ground, offense: str) -> Floats:
    """What the deployments together multiply an agency's street violence of an offense by.

    A deployment in an area acts on the share of the agency's risk that lies there.
    """
    citywide = np.ones(N_MONTHS)
    local = np.ones(N_MONTHS)
    for d in DEPLOYMENTS:
        if d.jurisdiction != agency.jurisdiction:
            continue
        if d.area_id is None:
            citywide *= d.factor()
        else:  # focus areas do not overlap, so their shares add
            local += ground.shares[d.area_id, agency.agency_id, offense] * (d.factor() - 1)
    return citywide * local


def make_counts(
    seed: int,
    grounds: dict[str, Ground],
    levels: dict[str, dict[str, Floats]],
    incidents: pd.DataFrame,
    donors: pd.DataFrame,
) -> pd.DataFrame:
    """All monthly counts: the region's agencies in every vintage, donors in the last one."""
    parts = [
        _agency_counts(seed, a, grounds[a.jurisdiction], levels[a.agency_id], incidents) for a in AGENCIES
    ]
    parts.append(donors.assign(status="reported", vintage=VINTAGES[-1]))
    counts = pd.concat(parts, ignore_index=True)
    counts["source"] = SOURCE
    counts["source_file"] = "synthetic-" + counts["agency_id"].str[:5]
    order = ["agency_id", "offense", "vintage", "month"]
    return counts.sort_values(order, kind="stable").reset_index(drop=True)


def _agency_counts(
    seed: int, agency: Agency, ground: Ground, levels: dict[str, Floats], incidents: pd.DataFrame
) -> pd.DataFrame:
    rng = stream(seed, f"counts/{agency.agency_id}")
    table: dict[str, list[Floats]] = {}  # offense → counts as known in each vintage
    for o in PROPERTY:
        table[o] = _revised(rng, negative_binomial(rng, levels[o], ALPHA[o]))
    if agency.incidents:
        mine = incidents[incidents["agency_id"] == agency.agency_id]
        table |= _from_incidents(mine)
    else:
        for o in VIOLENT:
            mean = _with_programme(agency, ground, levels, o)
            table[o] = _revised(rng, negative_binomial(rng, mean, ALPHA[o]))
    rows = []
    for offense, vintages in table.items():
        for v, values in enumerate(vintages):
            rows.append(_rows(agency, offense, v, values))
    return pd.concat(rows, ignore_index=True)


def _with_programme(agency: Agency, ground: Ground, levels: dict[str, Floats], offense: str) -> Floats:
    if offense not in STREET:
        return levels[offense]
    factor = street_factor(agency, ground, offense)
    if offense == "aggravated_assault":
        factor = DOMESTIC_SHARE + (1 - DOMESTIC_SHARE) * factor
    return np.round(levels[offense] * factor, 9)


def _last_month(vintage: str) -> int:
    """Position of the last month that had ended on the day of the vintage."""
    return int((pd.Period(vintage, "M") - MONTHS[0]).n) - 1


def _revised(rng: np.random.Generator, final: np.ndarray) -> list[Floats]:
    """What was known of a series on each vintage: a growing part of the recent months."""
    known = []
    rest = final.astype(np.int64)
    for vintage in reversed(VINTAGES):  # each earlier day knew a part of what the later one knew
        age = _last_month(vintage) - np.arange(N_MONTHS)
        share = np.ones(N_MONTHS)
        for back, k in enumerate(KNOWN):
            later = 1.0 if vintage == VINTAGES[-1] or back == len(KNOWN) - 1 else KNOWN[back + 1]
            share[age == back] = k / later
        rest = rng.binomial(rest, share)
        known.append(np.where(age >= 0, rest, -1).astype(float))
    return known[::-1]


def _from_incidents(incidents: pd.DataFrame) -> dict[str, list[Floats]]:
    """Net sums by month of what had been reported on each vintage."""
    month = np.searchsorted(_MONTH_TEXT, incidents["coded_month"].to_numpy(dtype=object))
    net = incidents["net_count"].to_numpy(dtype=float)
    reported = incidents["reported_at"].to_numpy()
    flags = {o: (incidents["offense"] == o).to_numpy() for o in VIOLENT}
    for part, (whole, column) in PARTS.items():
        flags[part] = flags[whole] & incidents[column].to_numpy(dtype=bool)
    out: dict[str, list[Floats]] = {}
    for offense, flag in flags.items():
        out[offense] = []
        for vintage in VINTAGES:
            ended = np.arange(N_MONTHS) <= _last_month(vintage)
            known = flag & (reported < np.datetime64(vintage))
            sums = np.bincount(month[known], net[known], minlength=N_MONTHS)
            out[offense].append(np.where(ended, sums, -1.0))
    return out


def _rows(agency: Agency, offense: str, v: int, values: Floats) -> pd.DataFrame:
    """The rows of one series in one vintage; earlier vintages keep their last months only."""
    vintage = VINTAGES[v]
    last = _last_month(vintage) - agency.late
    keep = np.arange(N_MONTHS) <= last
    if v < len(VINTAGES) - 1:
        keep &= np.arange(N_MONTHS) > last - REVISED_MONTHS
    keep &= ~np.isin(_MONTH_TEXT, agency.holes)
    return pd.DataFrame(
        {
            "agency_id": agency.agency_id,
            "month": _MONTH_TEXT[keep],
            "offense": offense,
            "count": values[keep],
            "status": np.where(np.isin(_MONTH_TEXT[keep], agency.partial), "partial", "reported"),
            "vintage": vintage,
        }
    )
