"""Incidents of the agencies that publish them: when, where, how many harmed, and what was stopped.

The generator first draws the incidents of a world without the programme, and then removes each one
with the probability with which the tactics at work there and then prevent it. Thinning keeps the
true effects exact: expected events with the programme are expected events without it times the
deployments' factors (:mod:`analysis.data.sample.truth` adds them up).
"""

from __future__ import annotations

from typing import Any, Final

import h3
import numpy as np
import pandas as pd
import shapely

from analysis.data.sample.levels import ALPHA, negative_binomial
from analysis.data.sample.places import Ground, district_id, spots
from analysis.data.sample.spec import (
    AGENCIES,
    DEPLOYMENTS,
    DOMESTIC_SHARE,
    FIREARM_ASSAULT,
    FIREARM_SHARE,
    GEOCODED_SHARE,
    MONTHS,
    N_MONTHS,
    SOURCE,
    STREET,
    VICTIMS_PER_INCIDENT,
    VINTAGES,
    VIOLENT,
    Agency,
    Floats,
    Ints,
    stream,
)

#: Crime codes of the made-up source: offense, firearm, domestic.
CODES: Final = {
    ("homicide", False): "S-100",
    ("homicide", True): "S-101",
    ("rape", False): "S-200",
    ("rape", True): "S-201",
    ("robbery", False): "S-300",
    ("robbery", True): "S-301",
    ("aggravated_assault", False): "S-400",
    ("aggravated_assault", True): "S-401",
}

#: Relative frequency by hour of the day (0–23).
HOURS: Final = {
    "homicide": (9, 8, 7, 5, 4, 2, 2, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11, 10),
    "rape": (9, 8, 7, 6, 5, 3, 2, 2, 2, 3, 3, 3, 5, 3, 3, 3, 4, 4, 4, 5, 5, 6, 7, 8),
    "robbery": (6, 5, 4, 3, 2, 2, 2, 2, 2, 3, 4, 4, 5, 5, 5, 6, 6, 7, 7, 8, 9, 10, 9, 8),
    "aggravated_assault": (7, 6, 5, 4, 3, 2, 2, 3, 3, 4, 4, 5, 5, 5, 6, 7, 7, 8, 8, 8, 8, 9, 9, 8),
}
#: How much more happens on Saturdays and Sundays.
WEEKEND: Final = {"homicide": 1.3, "rape": 1.3, "robbery": 1.0, "aggravated_assault": 1.25}

#: Share of incidents that follow an earlier one nearby within days (near repeats), in a month of
#: average numbers. It grows with the month's number, as chance pairs do, so that their ratio stays.
NEAR_REPEATS: Final = 0.04
_REPEAT_METRES: Final = 35.0
_REPEAT_DAYS: Final = 5.0

#: Share of incidents (homicides aside) that the one agency which publishes its corrections later
#: finds untrue: a second row cancels them.
UNFOUNDED: Final = 0.007
CORRECTING: Final = "SYN-A-1"
#: Share of homicides in which others are wounded in the same incident.
_WOUNDED: Final = 0.10

_PARTS: Final = (0.84, 0.12, 0.04)  # report delays: hours, days, weeks
_DELAY_DAYS: Final = (0.08, 3.0, 24.0)


def make_incidents(
    seed: int, grounds: dict[str, Ground], levels: dict[str, dict[str, Floats]]
) -> pd.DataFrame:
    """All incidents of the agencies that publish them, with the columns of the schema.

    One row per incident × offense, and one more where a later month cancels it. Sorted by agency
    and time. What had not been reported by the last vintage is left out.
    """
    frames = [
        _agency_incidents(seed, a, grounds[a.jurisdiction], levels[a.agency_id])
        for a in AGENCIES
        if a.incidents
    ]
    return pd.concat(frames, ignore_index=True)


def _agency_incidents(seed: int, agency: Agency, ground: Ground, levels: dict[str, Floats]) -> pd.DataFrame:
    rng = stream(seed, f"incidents/{agency.agency_id}")
    corrects = agency.agency_id == CORRECTING
    offense, month = _draw_events(rng, levels, UNFOUNDED if corrects else 0.0)
    cell = _draw_cells(rng, ground, agency.agency_id, offense)
    minute = _draw_minutes(rng, offense, month)
    lon, lat = _draw_spots(rng, seed, ground, cell)
    _near_repeats(rng, ground, month, cell, minute, lon, lat)
    is_assault = offense == VIOLENT.index("aggravated_assault")
    domestic = is_assault & (rng.random(len(month)) < DOMESTIC_SHARE)
    _wounded(rng, offense, month, domestic, cell, minute, lon, lat)
    unfounded = (rng.random(len(month)) < UNFOUNDED) & (offense > 0) & corrects
    keep = _survives(rng, ground, agency.jurisdiction, offense, domestic, month, cell)
    frame = pd.DataFrame(
        {
            "minute": minute, "month": month, "offense": offense, "domestic": domestic, "cell": cell,
            "longitude": lon, "latitude": lat, "unfounded": unfounded,
            "firearm": _firearms(rng, offense, domestic),
            "victims": _victims(rng, offense),
            "delay": _delays(rng, offense),
            "located": rng.random(len(month)) < GEOCODED_SHARE,
        }
    )[keep]  # fmt: skip
    frame = frame.sort_values(["minute", "cell", "offense"], kind="stable").reset_index(drop=True)
    return _as_rows(rng, frame, agency, ground)


def _draw_events(rng: np.random.Generator, levels: dict[str, Floats], unfounded: float) -> tuple[Ints, Ints]:
    """Offense and month of every incident without the programme.

    Unfounded reports come on top of the true ones, so that net counts keep their level.
    """
    offenses, months = [], []
    for i, o in enumerate(VIOLENT):
        mean = levels[o] / VICTIMS_PER_INCIDENT[o] * (1 + unfounded * (o != "homicide"))
        counts = negative_binomial(rng, mean, ALPHA[o])
        months.append(np.repeat(np.arange(N_MONTHS), counts))
        offenses.append(np.full(int(counts.sum()), i))
    return np.concatenate(offenses), np.concatenate(months)


def _draw_cells(rng: np.random.Generator, ground: Ground, agency_id: str, offense: Ints) -> Ints:
    cell = np.empty(len(offense), dtype=np.int64)
    mine = np.flatnonzero(ground.agency == agency_id)
    for i, o in enumerate(VIOLENT):
        where = np.flatnonzero(offense == i)
        edges = np.cumsum(ground.weight[o][mine])
        draw = rng.random(len(where)) * edges[-1]
        cell[where] = mine[np.minimum(np.searchsorted(edges, draw, side="right"), len(mine) - 1)]
    return cell


def _draw_minutes(rng: np.random.Generator, offense: Ints, month: Ints) -> Ints:
    """Minute since the start of the first month: day by weekday, hour by offense."""
    first = MONTHS.start_time
    day0 = np.asarray((first - first[0]).days, dtype=np.int64)
    length = np.asarray(MONTHS.days_in_month, dtype=np.int64)
    weekday0 = np.asarray(first.day_of_week, dtype=np.int64)
    days = np.arange(31)
    day = np.empty(len(month), dtype=np.int64)
    hour = np.empty(len(month), dtype=np.int64)
    for i, o in enumerate(VIOLENT):
        where = np.flatnonzero(offense == i)
        weekend = (weekday0[:, None] + days) % 7 >= 5
        weight = np.where(weekend, WEEKEND[o], 1.0) * (days < length[:, None])
        edges = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
        draw = rng.random(len(where))
        day[where] = (draw[:, None] >= edges[month[where]]).sum(axis=1)
        share = np.cumsum(HOURS[o]) / np.sum(HOURS[o])
        hour[where] = np.searchsorted(share, rng.random(len(where)), side="right")
    day = np.minimum(day, length[month] - 1)
    clock = np.minimum(hour, 23) * 60 + rng.integers(0, 60, len(month))
    minutes: Ints = (day0[month] + day) * 1440 + clock
    return minutes


def _draw_spots(rng: np.random.Generator, seed: int, ground: Ground, cell: Ints) -> tuple[Floats, Floats]:
    lon, lat = spots(seed, ground)
    which = rng.integers(0, lon.shape[1], len(cell))
    return lon[cell, which], lat[cell, which]


def _near_repeats(
    rng: np.random.Generator, ground: Ground, month: Ints, cell: Ints,
    minute: Ints, lon: Floats, lat: Floats,
) -> None:  # fmt: skip
    """Move a few incidents close to another one of the same month, days later (in place).

    Numbers by month stay as they were drawn, and so does the expected map.
    """
    by_month = np.bincount(month, minlength=N_MONTHS)
    child = rng.random(len(month)) < NEAR_REPEATS * (by_month / by_month.mean())[month]
    children, parents = np.flatnonzero(child), np.flatnonzero(~child)
    parents = parents[np.argsort(month[parents], kind="stable")]
    start = np.searchsorted(month[parents], np.arange(N_MONTHS))
    end = np.searchsorted(month[parents], np.arange(N_MONTHS), side="right")
    children = children[(end - start)[month[children]] > 0]
    m = month[children]
    pick = start[m] + (rng.random(len(children)) * (end - start)[m]).astype(np.int64)
    parent = parents[pick]
    lag = (rng.exponential(_REPEAT_DAYS, len(children)) * 1440).astype(np.int64)
    later = minute[parent] + lag
    first = np.asarray((MONTHS.start_time - MONTHS[0].start_time).days, dtype=np.int64) * 1440
    last = first + np.asarray(MONTHS.days_in_month, dtype=np.int64) * 1440 - 1
    earlier = np.maximum(minute[parent] - lag, first[m])
    minute[children] = np.where(later <= last[m], later, earlier)
    cell[children] = cell[parent]
    metres = rng.standard_normal((2, len(children))) * _REPEAT_METRES
    near_lon = np.round(lon[parent] + metres[0] / 87_000, 5)
    near_lat = np.round(lat[parent] + metres[1] / 111_320, 5)
    within = shapely.contains_xy(ground.outline, near_lon, near_lat)
    lon[children] = np.where(within, near_lon, lon[parent])
    lat[children] = np.where(within, near_lat, lat[parent])


def _wounded(
    rng: np.random.Generator, offense: Ints, month: Ints, domestic: np.ndarray,
    cell: Ints, minute: Ints, lon: Floats, lat: Floats,
) -> None:  # fmt: skip
    """Let some assaults be the wounded of a homicide: same time and place (in place)."""
    killed = np.flatnonzero((offense == 0) & (rng.random(len(offense)) < _WOUNDED))
    hurt = np.flatnonzero((offense == VIOLENT.index("aggravated_assault")) & ~domestic)
    for k in killed:
        same = hurt[month[hurt] == month[k]]
        if len(same):
            a = same[int(rng.integers(len(same)))]
            cell[a], minute[a], lon[a], lat[a] = cell[k], minute[k], lon[k], lat[k]


def _survives(
    rng: np.random.Generator, ground: Ground, jurisdiction: str, offense: Ints,
    domestic: np.ndarray, month: Ints, cell: Ints,
) -> np.ndarray:  # fmt: skip
    """Whether each incident happens although the tactics are at work."""
    chance = np.ones(len(month))
    street = np.isin(offense, [VIOLENT.index(o) for o in STREET]) & ~domestic
    for d in DEPLOYMENTS:
        if d.jurisdiction != jurisdiction:
            continue
        here = street if d.area_id is None else street & ground.inside[d.area_id][cell]
        chance[here] *= d.factor()[month[here]]
    survives: np.ndarray = rng.random(len(month)) < chance
    return survives


def _firearms(rng: np.random.Generator, offense: Ints, domestic: np.ndarray) -> np.ndarray:
    share = np.where(domestic, FIREARM_ASSAULT[True], FIREARM_ASSAULT[False])
    for o, s in FIREARM_SHARE.items():
        share[offense == VIOLENT.index(o)] = s
    armed: np.ndarray = rng.random(len(offense)) < share
    return armed


def _victims(rng: np.random.Generator, offense: Ints) -> Ints:
    """People harmed: one and, for assault and homicide, a geometric number more."""
    victims = np.ones(len(offense), dtype=np.int64)
    for o in ("homicide", "aggravated_assault"):
        where = np.flatnonzero(offense == VIOLENT.index(o))
        victims[where] += rng.geometric(1 / VICTIMS_PER_INCIDENT[o], len(where)) - 1
    return victims


def _delays(rng: np.random.Generator, offense: Ints) -> Ints:
    """Minutes until the report: hours mostly, sometimes days or weeks; rape later than others."""
    part = np.searchsorted(np.cumsum(_PARTS), rng.random(len(offense)), side="right")
    days = rng.exponential(1.0, len(offense)) * np.asarray(_DELAY_DAYS)[np.minimum(part, 2)]
    days[offense == VIOLENT.index("rape")] *= 3
    days[offense == VIOLENT.index("homicide")] *= 0.3
    minutes: Ints = (days * 1440).astype(np.int64)
    return minutes


def _as_rows(rng: np.random.Generator, frame: pd.DataFrame, agency: Agency, ground: Ground) -> pd.DataFrame:
    """The schema's columns, with the cancelling rows of unfounded incidents."""
    start = MONTHS[0].start_time
    occurred = start + pd.to_timedelta(frame["minute"], unit="min")
    reported = occurred + pd.to_timedelta(frame["delay"], unit="min")
    names = np.asarray(VIOLENT, dtype=object)[frame["offense"].to_numpy()]
    hidden = (names == "rape") | ~frame["located"].to_numpy()
    cell = frame["cell"].to_numpy()
    lon = frame["longitude"].where(~hidden).to_numpy()
    lat = frame["latitude"].where(~hidden).to_numpy()
    district = ground.district[cell]
    drifted = _wrong_district(rng, len(frame), district, len(ground.seeds))
    quality = np.where(drifted != district, "outside_named_area", "exact").astype(object)
    quality[hidden] = "missing"
    quality[names == "rape"] = "withheld"
    areas = np.asarray([district_id(agency.jurisdiction, i) for i in range(len(ground.seeds))], dtype=object)
    rows = pd.DataFrame(
        {
            "incident_id": _identifiers(agency.agency_id, occurred, frame),
            "agency_id": agency.agency_id,
            "occurred_at": occurred,
            "reported_at": reported,
            "coded_month": MONTHS.strftime("%Y-%m").to_numpy()[frame["month"].to_numpy()],
            "offense": names,
            "code": [CODES[o, f] for o, f in zip(names, frame["firearm"], strict=True)],
            "firearm": frame["firearm"].to_numpy(),
            "domestic": frame["domestic"].to_numpy(),
            "victims": frame["victims"].to_numpy(),
            "net_count": frame["victims"].to_numpy(),
            "longitude": lon,
            "latitude": lat,
            "location_quality": quality,
            "area_name": [f"District {i + 1}" for i in drifted],
            "source": SOURCE,
            "area_id": np.where(hidden, None, areas[district]),
            "h3_r9": _cells9(lon, lat),
        }
    )
    rows = pd.concat([rows, _cancellations(rng, rows[frame["unfounded"].to_numpy()])], ignore_index=True)
    rows = rows[rows["reported_at"] < pd.Timestamp(VINTAGES[-1])]
    rows = rows[~rows["coded_month"].isin(agency.holes)]
    if agency.late:
        rows = rows[rows["coded_month"] <= str(MONTHS[-1 - agency.late])]
    rows["source_file"] = "synthetic-" + agency.agency_id + "-" + rows["coded_month"].str[:4]
    again = rows["net_count"] < 0
    rows.loc[again, "source_file"] += "-corrections"
    rows["vintage"] = VINTAGES[-1]
    return rows.sort_values(["occurred_at", "incident_id", "code", "net_count"], kind="stable")


def _wrong_district(rng: np.random.Generator, n: int, district: Ints, of: int) -> Ints:
    """The district that the row names: wrong now and then, as in real files."""
    wrong = rng.random(n) < 0.03
    named: Ints = np.where(wrong, (district + 1 + rng.integers(0, of - 1, n)) % of, district)
    return named


def _identifiers(agency_id: str, occurred: pd.Series[Any], frame: pd.DataFrame) -> list[str]:
    """S-<agency>-<year>-<number>; offenses of the same minute and cell are one incident."""
    minute, cell, offense = (np.diff(frame[c].to_numpy()) for c in ("minute", "cell", "offense"))
    new = np.r_[True, (minute != 0) | (cell != 0) | (offense == 0)]
    year = occurred.dt.year.to_numpy()
    serial = np.cumsum(new)
    start_of_year = {y: int(serial[year == y].min()) for y in np.unique(year)}
    tag = agency_id.removeprefix("SYN-").replace("-", "")
    return [
        f"S-{tag}-{y % 100:02d}-{s - start_of_year[y] + 1:05d}" for y, s in zip(year, serial, strict=True)
    ]


def _cells9(lon: Floats, lat: Floats) -> list[str | None]:
    return [h3.latlng_to_cell(y, x, 9) if np.isfinite(x) else None for x, y in zip(lon, lat, strict=True)]


def _cancellations(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that take unfounded incidents back, a month or two after they were counted."""
    out = rows.copy()
    later = pd.PeriodIndex(out["coded_month"], freq="M") + rng.integers(1, 3, len(out))
    out["coded_month"] = later.strftime("%Y-%m")
    out["reported_at"] = later.start_time + pd.Timedelta(days=10)
    out["net_count"] = -out["net_count"]
    out["victims"] = 0
    return out[later <= MONTHS[-1]]
