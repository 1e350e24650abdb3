"""Where violence happens in the sample: districts, risk, focus areas.

The outlines of the three jurisdictions are real (Census county shapes). Everything inside is made
up: districts are Voronoi parts around seeds drawn at random, and risk is a smooth random field
with rough noise on top, so that no part of the map resembles the risk of a real neighbourhood.
Risk lives on H3 cells of resolution 10; places of incidents are a few fixed spots in each cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import h3
import numpy as np
import shapely
from shapely.geometry import MultiPoint, Polygon
from shapely.geometry.base import BaseGeometry

from analysis.data.geography.outlines import jurisdiction_outlines
from analysis.data.sample.spec import AGENCIES, YEARS, Flags, Floats, Ints, stream

#: Districts drawn in each jurisdiction.
DISTRICTS: Final = {"stl_city": 14, "stl_county": 24, "st_clair": 9}
#: Residents of each jurisdiction in the first and last year; straight between them.
POPULATION: Final = {
    "stl_city": (308_000, 277_000),
    "stl_county": (997_000, 982_000),
    "st_clair": (262_000, 249_000),
}
#: Focus areas, in the order in which the hottest free ground is given out.
FOCUS: Final = {"stl_city": ("focus_a",), "stl_county": ("focus_b", "focus_c"), "st_clair": ("focus_d",)}
#: A look-alike elsewhere, and a ring around, for tests of displacement.
COMPARED: Final = {"focus_a": ("comparison_1", "buffer_a"), "focus_b": ("comparison_2", "buffer_b")}

#: H3 rings of resolution 9 around the centre of a focus area (4 or 6 km²).
_AREA_RADIUS: Final = {"stl_city": 3, "stl_county": 4, "st_clair": 4}
_SPOTS: Final = 6  # places within a cell of resolution 10
_SPOT_METRES: Final = 42.0
_METRES_PER_DEGREE: Final = 111_320.0
#: Smooth part of the risk and its rough parts on r9 and r10 cells: standard deviations of the
#: logarithm, tuned so that the top 5 % of the city's r9 cells hold about 28 % of a year's violence.
_SMOOTH: Final = {"stl_city": 1.0, "stl_county": 1.5, "st_clair": 1.7}
_ROUGH9: Final = 0.65
_ROUGH10: Final = 0.6
#: Where the logarithm of the risk levels off: the hottest places differ less than the rest.
_CEILING: Final = {"stl_city": 2.5, "stl_county": 4.5, "st_clair": 5.0}


def share_of_population(jurisdiction: str, year: int) -> int:
    """Made-up residents of a jurisdiction in a year, rounded to hundreds."""
    first, last = POPULATION[jurisdiction]
    return int(round(first + (last - first) * (year - YEARS[0]) / (YEARS[-1] - YEARS[0]), -2))


@dataclass(frozen=True)
class Ground:
    """One jurisdiction cut into cells of resolution 10.

    Attributes:
        cells: n cell ids; ``longitude``, ``latitude``: their centres.
        district: number of the district (0-based) of each cell, nearest seed.
        weight: offense → relative risk of each cell (sums to one).
        people: share of the residents in each cell (sums to one).
        agency: agency that polices each cell.
        area_cells: area_id → its r9 cells; ``inside``: area_id → flags of the cells in it.
        shares: (area_id, agency_id, offense) → share of the agency's risk that lies in the area.
    """

    jurisdiction: str
    outline: BaseGeometry
    cells: np.ndarray
    longitude: Floats
    latitude: Floats
    district: Ints
    seeds: Floats
    weight: dict[str, Floats]
    people: Floats
    agency: np.ndarray
    area_cells: dict[str, list[str]]
    inside: dict[str, Flags]
    shares: dict[tuple[str, str, str], float]


def build_grounds(seed: int) -> dict[str, Ground]:
    """The three jurisdictions with districts, risk, agencies and focus areas."""
    return {j: _ground(seed, j, outline) for j, outline in jurisdiction_outlines().items()}


def _ground(seed: int, jurisdiction: str, outline: BaseGeometry) -> Ground:
    rng = stream(seed, f"places/{jurisdiction}")
    cells = np.asarray(sorted(h3.h3shape_to_cells(h3.geo_to_h3shape(outline), 10)))
    centres = np.asarray([h3.cell_to_latlng(c) for c in cells])
    latitude, longitude = np.round(centres[:, 0], 6), np.round(centres[:, 1], 6)
    parent = np.asarray([h3.cell_to_parent(c, 9) for c in cells])
    plane = _plane(longitude, latitude)
    seeds = _spread(rng, plane, DISTRICTS[jurisdiction])
    district = np.argmin(((plane[:, None, :] - seeds[None, :, :]) ** 2).sum(axis=2), axis=1)
    weight, people = _risk(rng, plane, parent, _SMOOTH[jurisdiction], _CEILING[jurisdiction])
    agency = _police(jurisdiction, district, seeds)
    expected = _expected(agency, weight["aggravated_assault"])
    area_cells = _choose_areas(jurisdiction, parent, expected)
    inside: dict[str, Flags] = {a: np.isin(parent, np.asarray(c)) for a, c in area_cells.items()}
    return Ground(
        jurisdiction, outline, cells, longitude, latitude, district, seeds, weight, people, agency,
        area_cells, inside, _shares(agency, weight, inside),
    )  # fmt: skip


def _shares(
    agency: np.ndarray, weight: dict[str, Floats], inside: dict[str, Flags]
) -> dict[tuple[str, str, str], float]:
    out = {}
    for agency_id in sorted(set(agency.tolist())):
        mine = agency == agency_id
        for offense, risk in weight.items():
            total = float(risk[mine].sum())
            for area_id, here in inside.items():
                out[area_id, agency_id, offense] = float(risk[mine & here].sum()) / total
    return out


def _plane(longitude: Floats, latitude: Floats) -> Floats:
    """Kilometres east and north of (−90.3, 38.6), good enough inside one metropolitan area."""
    x = (longitude + 90.3) * _METRES_PER_DEGREE * np.cos(np.radians(38.6)) / 1000
    y = (latitude - 38.6) * _METRES_PER_DEGREE / 1000
    return np.round(np.column_stack([x, y]), 6)


def _spread(rng: np.random.Generator, plane: Floats, n: int) -> Floats:
    """n seeds far from each other, moved to the middle of their part a few times (Lloyd)."""
    few = plane[:: max(1, len(plane) // 8000)]
    seeds = few[rng.choice(len(few), n, replace=False)]
    for _ in range(12):
        nearest = np.argmin(((few[:, None, :] - seeds[None, :, :]) ** 2).sum(axis=2), axis=1)
        seeds = np.vstack([few[nearest == i].mean(axis=0) for i in range(n)])
    return np.round(seeds, 4)


def _risk(
    rng: np.random.Generator, plane: Floats, parent: np.ndarray, strength: float, ceiling: float
) -> tuple[dict[str, Floats], Floats]:
    """Relative risk of each cell by offense, and residents.

    Risk is made of bumps of a kilometre or two and rough noise; people live denser on the bumps.
    """
    bumps = max(12, len(plane) // 700)
    centre = plane[rng.choice(len(plane), bumps, replace=False)]
    width = rng.uniform(0.8, 2.2, bumps)
    height = rng.standard_normal(bumps)
    smooth = np.zeros(len(plane))
    for c, w, a in zip(centre, width, height, strict=True):
        smooth += a * np.exp(-((plane - c) ** 2).sum(axis=1) / (2 * w**2))
    smooth = (smooth - smooth.mean()) / smooth.std()
    _, block = np.unique(parent, return_inverse=True)
    rough9 = rng.standard_normal(block.max() + 1)[block]
    rough10 = rng.standard_normal(len(plane))
    broad = strength * smooth + _ROUGH9 * rough9
    broad = np.where(broad > 0, ceiling * np.tanh(broad / ceiling), broad)
    common = broad + _ROUGH10 * rough10
    out = {}
    for offense, tilt in (("homicide", 0.35), ("rape", 0.3), ("robbery", 0.4), ("aggravated_assault", 0.2)):
        own = rng.standard_normal(len(plane))
        risk = np.exp(np.round(common * (1 - tilt / 3) + tilt * own, 9))
        out[offense] = risk / risk.sum()
    people = np.exp(np.round(0.5 * strength * smooth, 9))
    return out, people / people.sum()


def _expected(agency: np.ndarray, weight: Floats) -> Floats:
    """Assaults expected in each cell, up to a constant: an agency's level spread over its risk."""
    out = np.zeros(len(weight))
    for a in AGENCIES:
        mine = agency == a.agency_id
        if mine.any():
            out[mine] = a.share * weight[mine] / weight[mine].sum()
    return out


def _choose_areas(jurisdiction: str, parent: np.ndarray, weight: Floats) -> dict[str, list[str]]:
    """Focus areas on the hottest free ground; comparison areas on the next hottest; rings around."""
    radius = _AREA_RADIUS[jurisdiction]
    r9, block = np.unique(parent, return_inverse=True)
    risk = dict(zip(r9.tolist(), np.bincount(block, weight).tolist(), strict=True))
    full = {c for c, n in zip(r9.tolist(), np.bincount(block).tolist(), strict=True) if n == 7}
    disks = {c: h3.grid_disk(c, radius) for c in sorted(full)}
    whole = {c: d for c, d in disks.items() if all(x in full for x in d)}
    ranked = sorted(whole, key=lambda c: (-round(sum(risk[x] for x in whole[c]), 9), c))
    taken: set[str] = set()
    out: dict[str, list[str]] = {}
    wanted = [*FOCUS[jurisdiction], *(COMPARED[f][0] for f in FOCUS[jurisdiction] if f in COMPARED)]
    for area_id in wanted:
        centre = next(c for c in ranked if not taken & set(whole[c]))
        out[area_id] = sorted(whole[centre])
        taken |= set(h3.grid_disk(centre, radius + 4))  # room for a ring on either side
        if area_id in COMPARED:
            ring = h3.grid_ring(centre, radius + 1)
            out[COMPARED[area_id][1]] = sorted(c for c in ring if c in full)
    return out


def _police(jurisdiction: str, district: Ints, seeds: Floats) -> np.ndarray:
    """Which agency polices each cell: the first takes what the others leave.

    Each smaller agency gets the next one to three districts in order of distance from a corner,
    so that its ground hangs together.
    """
    mine = [a for a in AGENCIES if a.jurisdiction == jurisdiction]
    owner = np.full(len(seeds), mine[0].agency_id, dtype=object)
    corner = seeds[:, 1].argmax()
    order = np.argsort(((seeds - seeds[corner]) ** 2).sum(axis=1), kind="stable")
    each = max(1, len(seeds) // (2 * len(mine)))
    for i, agency in enumerate(mine[1:]):
        owner[order[i * each : (i + 1) * each]] = agency.agency_id
    return owner[district]


def spots(seed: int, ground: Ground) -> tuple[Floats, Floats]:
    """The few fixed places of each cell: longitudes and latitudes, cells × spots.

    A spot that would fall over the border moves to the middle of its cell.
    """
    rng = stream(seed, f"spots/{ground.jurisdiction}")
    shape = (len(ground.cells), _SPOTS)
    angle = rng.uniform(0, 2 * np.pi, shape)
    radius = _SPOT_METRES * np.sqrt(rng.uniform(0, 1, shape))
    lat = ground.latitude[:, None] + radius * np.sin(angle) / _METRES_PER_DEGREE
    scale = _METRES_PER_DEGREE * np.cos(np.radians(38.6))
    lon = ground.longitude[:, None] + radius * np.cos(angle) / scale
    inner = shapely.buffer(ground.outline, -0.001)
    near_border = ~shapely.contains_xy(inner, ground.longitude, ground.latitude)
    lat[near_border] = ground.latitude[near_border, None]
    lon[near_border] = ground.longitude[near_border, None]
    return np.round(lon, 5), np.round(lat, 5)


def district_polygons(ground: Ground) -> list[BaseGeometry]:
    """Outlines of the districts: Voronoi parts of the jurisdiction, five decimals."""
    scale_x = _METRES_PER_DEGREE * np.cos(np.radians(38.6)) / 1000
    scale_y = _METRES_PER_DEGREE / 1000
    lon, lat = ground.seeds[:, 0] / scale_x - 90.3, ground.seeds[:, 1] / scale_y + 38.6

    def squeeze(geometry: BaseGeometry, k: float) -> BaseGeometry:
        out: BaseGeometry = shapely.transform(geometry, lambda p: p * [k, 1.0])
        return out

    cosine = scale_x / scale_y
    flat = squeeze(ground.outline, cosine)
    points = MultiPoint(np.column_stack([lon * cosine, lat]))
    parts = shapely.voronoi_polygons(points, extend_to=flat).geoms
    found: list[BaseGeometry] = [Polygon()] * len(ground.seeds)
    for part in parts:
        i = int(np.argmin([part.distance(p) for p in points.geoms]))
        found[i] = _rounded(squeeze(shapely.intersection(part, flat), 1 / cosine))
    return found


def _rounded(geometry: BaseGeometry) -> BaseGeometry:
    """Five decimals (about a metre), valid, and in one fixed order of corners."""
    snapped = shapely.set_precision(geometry, 1e-5)
    polygonal = shapely.normalize(shapely.make_valid(snapped))
    out: BaseGeometry = shapely.transform(polygonal, lambda p: np.round(p, 5))
    return out


def area_polygon(cells: list[str]) -> BaseGeometry:
    """The union of H3 cells."""
    shape = h3.cells_to_geo(cells)
    return _rounded(shapely.geometry.shape(shape))


def area_rows(ground: Ground) -> list[dict[str, Any]]:
    """One record an area: districts first, then focus, buffer and comparison areas."""
    total = share_of_population(ground.jurisdiction, 2024)
    rows: list[dict[str, Any]] = []
    people = np.bincount(ground.district, ground.people, minlength=len(ground.seeds))
    for i, geometry in enumerate(district_polygons(ground)):
        rows.append(
            _row(ground, district_id(ground.jurisdiction, i), f"District {i + 1}", "neighborhood",
                 total * people[i], str(i + 1), geometry)
        )  # fmt: skip
    for area_id, cells in ground.area_cells.items():
        kind = {"f": "focus", "b": "buffer", "c": "comparison"}[area_id[0]]
        share = float(ground.people[ground.inside[area_id]].sum())
        rows.append(_row(ground, area_id, area_name(area_id), kind, total * share, None, area_polygon(cells)))
    return rows


def district_id(jurisdiction: str, number: int) -> str:
    """Identifier of the district with that 0-based number."""
    return f"{jurisdiction}-d{number + 1:02d}"


def area_name(area_id: str) -> str:
    """Name of a focus, buffer or comparison area."""
    kind, _, which = area_id.partition("_")
    return {
        "focus": f"Focus area {which.upper()}",
        "buffer": f"Ring around focus area {which.upper()}",
        "comparison": f"Comparison area {which}",
    }[kind]


def _row(
    ground: Ground, area_id: str, name: str, kind: str, people: float, code: str | None, shape: BaseGeometry
) -> dict[str, Any]:
    return {
        "area_id": area_id,
        "jurisdiction": ground.jurisdiction,
        "name": name,
        "kind": kind,
        "population": float(round(people, -1)),
        "code": code,
        "geometry": shape,
    }
