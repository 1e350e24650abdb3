"""An attack on the public release of the real police data: every subtraction of what it shows.

The attacker has every file of the release, knows the rules, and solves for what is hidden: for each
hidden count the smallest and largest value that all shown numbers together allow. None may be alone.
The truth, which the attacker lacks, is used only to check that the release is worth attacking.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pandas as pd
import pytest
import shapely
from filelock import FileLock
from scipy.optimize import linprog
from streamlit.testing.v1 import AppTest

from analysis.data import Hub, open_hub
from analysis.data.places import neighbours
from analysis.data.privacy import AUDIENCES
from analysis.data.release import Release, build_release, open_release
from analysis.data.release.tables import place_series
from analysis.evaluate import run
from analysis.hotspots import emerging
from dashboard.app import TITLES
from dashboard.keeping import kept
from dashboard.views.hotspots import cells as hc

pytestmark = pytest.mark.real
RULES = AUDIENCES["public"]
WHOLE, PART = "violent_street_crime", "gun_violence"
OFFENSES = ("homicide", "robbery", "aggravated_assault")


@dataclass(frozen=True)
class Bundle:
    """The release, the folder it is in, and the hub that the attacker has not got."""

    folder: Path
    opened: Release
    hub: Hub

    def spots(self, place: str, measure: str) -> Any:
        (name,) = [
            f
            for f in self.opened.about["files"]
            if f"/{place}/{measure}/" in f and f.startswith("answers/hotspots/")
        ]
        return self.opened.answer(name.removeprefix("answers/").removesuffix(".json"))


@pytest.fixture(scope="module")
def bundle(hubs: Any) -> Bundle:
    """Built once for all test processes."""
    path = hubs.path("real")
    hub = open_hub(path, create=False)
    folder = path.parent / "release-public"
    with FileLock(path.parent / "release-public.lock"):
        if not folder.exists():
            shown = place_series(hub, RULES)
            tables, answers = kept(hub, RULES, shown, run(hub, []))
            build_release(hub, "public", folder, tables=tables, answers=answers)
    return Bundle(folder, open_release(folder), hub)


class Equations:
    """Unknown counts of zero or more with known sums; what each can be at least and at most."""

    def __init__(self, unknown: list[Any], lower: dict[Any, float], upper: dict[Any, float]) -> None:
        self.at = {u: i for i, u in enumerate(unknown)}
        self.bounds = [(lower.get(u, 0.0), upper.get(u)) for u in unknown]
        self.rows: list[np.ndarray] = []
        self.sums: list[float] = []
        self.below: list[np.ndarray] = []

    def _row(self, terms: dict[Any, float]) -> np.ndarray:
        row = np.zeros(len(self.at))
        for name, factor in terms.items():
            row[self.at[name]] = factor
        return row

    def add(self, terms: dict[Any, float], total: float) -> None:
        if terms:
            self.rows.append(self._row(terms))
            self.sums.append(total)

    def at_most(self, small: Any, large: Any) -> None:
        self.below.append(self._row({small: 1.0, large: -1.0}))

    def range(self, name: Any) -> tuple[float, float]:
        cost = np.zeros(len(self.at))
        cost[self.at[name]] = 1.0
        found = []
        for sign in (1.0, -1.0):
            more = {"A_ub": np.array(self.below), "b_ub": np.zeros(len(self.below))} if self.below else {}
            solved = linprog(
                sign * cost,
                A_eq=np.array(self.rows),
                b_eq=self.sums,
                bounds=self.bounds,
                method="highs",
                **more,
            )
            assert solved.status in (0, 3), solved.message  # 3: without limit
            found.append(float("inf") if solved.status == 3 else float(solved.x[self.at[name]]))
        return found[0], found[1]


def solve_pair(
    whole: pd.DataFrame, part: pd.DataFrame, totals: tuple[float, float], key: str
) -> dict[Any, Any]:
    """Ranges of every hidden count of a map (or week) and of its part."""
    w, p = whole.set_index(key)["count"], part.set_index(key)["count"]
    assert (w.index.sort_values() == p.index.sort_values()).all()
    unknown = [("w", c) for c in w.index[w.isna()]] + [("p", c) for c in p.index[p.isna()]]
    lower = dict.fromkeys(unknown, 1.0)
    upper = {
        ("p", c): w[c] - (1.0 if w[c] > RULES.k else 0.0) for c in p.index[p.isna()] if np.isfinite(w[c])
    }
    upper |= {("w", c): float(RULES.k - 1) for c in w.index[w.isna()]}  # hidden wholes are small: the rule
    upper |= {("p", c): float(RULES.k - 1) for c in p.index[p.isna() & w.reindex(p.index).isna()]}
    system = Equations(unknown, lower, upper)
    for name, counts, total in (("w", w, totals[0]), ("p", p, totals[1])):
        system.add({(name, c): 1.0 for c in counts.index[counts.isna()]}, total - counts.sum())
    for c in p.index[p.isna()]:
        if ("w", c) in system.at:
            system.at_most(("p", c), ("w", c))
    return {u: system.range(u) for u in unknown}


def test_the_release_is_worth_attacking(bundle: Bundle) -> None:
    for measure in (WHOLE, PART):
        cells = bundle.spots("stl_city", measure).cells
        assert cells["hidden"].sum() >= 20
        assert (cells["count"] >= RULES.k).sum() >= 50
    assert "stl_county/homicide" in bundle.opened.about["withheld"]


def test_space_no_hidden_cell_follows_from_the_map_its_part_and_their_sums(bundle: Bundle) -> None:
    whole, part = bundle.spots("region", WHOLE), bundle.spots("region", PART)
    ranges = solve_pair(whole.cells, part.cells, (whole.total, part.total), "cell")
    assert len(ranges) > 40
    for name, (low, high) in ranges.items():
        assert np.ceil(low - 1e-6) < np.floor(high + 1e-6), (name, low, high)
    both = whole.cells.set_index("cell")["count"] - part.cells.set_index("cell")["count"]
    assert not both.between(1, RULES.k - 1).any()


def test_space_a_hexagon_says_the_same_on_every_map(bundle: Bundle) -> None:
    for measure in (WHOLE, PART):
        region, city = (
            bundle.spots(p, measure).cells.set_index("cell")["count"] for p in ("region", "stl_city")
        )
        assert region.reindex(city.index).equals(city)


def test_space_there_are_no_children_of_a_parent(bundle: Bundle) -> None:
    found = set(re.findall(rb"\b8[0-9a-f]{14}\b", b"\n".join(decoded(bundle.folder).values())))
    cells = {c.decode() for c in found if h3.is_valid_cell(c.decode())}
    assert len(cells) > 100
    assert {h3.get_resolution(c) for c in cells} == {RULES.finest_cell}


def test_hours_of_the_week_give_no_small_count_away(bundle: Bundle) -> None:
    for place in ("region", "stl_city"):
        weeks = []
        for measure in (WHOLE, PART):
            week = bundle.spots(place, measure).week.copy()
            assert not week["count"].between(1, RULES.k - 1).any()
            assert week["hour"].mod(RULES.hour_bands).eq(0).all()
            weeks.append(week["count"])
        assert not (weeks[0] - weeks[1]).between(1, RULES.k - 1).any()


def test_time_there_is_one_window_and_it_ends_with_a_year(bundle: Bundle) -> None:
    names = [f for f in bundle.opened.about["files"] if f.startswith("answers/hotspots/spots/")]
    assert names
    assert {(n.split("/")[4], n.split("/")[-2]) for n in names} == {("2025-12", "12")}


def test_time_patterns_over_quarters_come_from_guarded_counts_that_are_in_no_file(bundle: Bundle) -> None:
    """Whoever had every guarded quarter would know the patterns: they tell nothing beyond those."""
    for measure in (WHOLE, PART):
        spots = bundle.spots("stl_city", measure)
        assert spots.extra.foresight.empty, "one mapped year foretells nothing"
        first, last, n = spots.extra.quarters
        found = hc.located(bundle.hub, RULES, None, pd.Timestamp("2026-11-20"))
        assert isinstance(found, hc.Located)
        cells = hc.cells_of_place(found, "stl_city", 8)
        cube = {}
        for quarter in pd.period_range(first, last, freq="Q"):
            end = quarter.end_time.to_period("M")
            shown = hc.protected(found, RULES, measure, 3, cells, 8, end).set_index("cell")["count"]
            assert not shown.between(1, RULES.k - 1).any()
            rest = hc.count(found, measure, 3, cells, 8, end).sum() - shown.sum()
            cube[quarter] = shown.fillna(rest / max(shown.isna().sum(), 1))
        assert len(cube) == n
        told = spots.told.set_index("cell")
        again = emerging(pd.DataFrame(cube), neighbours(cells))["plain"].where(~told["hidden"], "")
        assert (again == told["plain"].reindex(again.index)).all()


def test_successive_releases_show_the_same_maps(bundle: Bundle) -> None:
    shown = []
    for day in ("2026-02-15", "2026-03-15"):
        found = hc.located(bundle.hub, RULES, None, pd.Timestamp(day))
        assert isinstance(found, hc.Located)
        cells = hc.cells_of_place(found, "stl_city", 8)
        shown.append(hc.protected(found, RULES, PART, 12, cells, 8)["count"])
    assert shown[0].equals(shown[1])


def test_time_and_offense_no_withheld_month_follows_from_months_years_and_sums(bundle: Bundle) -> None:
    """Every month of every place and offense is unknown; everything that the release says is an equation."""
    months = bundle.opened.kept("series")
    years = bundle.opened.kept("years")
    truth = {m: bundle.hub.series("stl_county", m).counts.dropna() for m in OFFENSES}
    index = truth["homicide"].index
    homes = ("stl_city", "stl_county")
    unknown = [(p, o, str(m)) for p in homes for o in OFFENSES for m in index]
    system = Equations(unknown, {}, {})
    for (place, measure), rows in months.groupby(["place", "measure"]):
        if measure not in (*OFFENSES, WHOLE):
            continue
        parts = homes if place == "region" else (place,)
        for month, n in rows.dropna(subset="count")[["month", "count"]].itertuples(index=False):
            if pd.Period(month, "M") in index:
                terms = {
                    (p, o, month): 1.0 for p in parts for o in (OFFENSES if measure == WHOLE else (measure,))
                }
                system.add(terms, n)
    for place, measure, year, n in years[["place", "measure", "year", "count"]].itertuples(index=False):
        parts = homes if place == "region" else (place,)
        inside = [str(m) for m in index if m.year == int(year)]
        if measure in OFFENSES and len(inside) == 12:
            system.add({(p, measure, m): 1.0 for p in parts for m in inside}, n)
    hidden = index[(truth["homicide"] > 0) & (truth["homicide"] < RULES.k)]
    assert len(hidden) > 20
    for month in hidden[:: max(1, len(hidden) // 20)]:
        low, high = system.range(("stl_county", "homicide", str(month)))
        assert np.ceil(low - 1e-6) < np.floor(high + 1e-6), month


def test_no_table_shows_a_small_count_nor_a_difference_that_is_one(bundle: Bundle) -> None:
    series = bundle.opened.kept("series").pivot_table("count", "month", ["place", "measure"])
    assert not series.isin(range(1, RULES.k)).any(axis=None)
    for place in series.columns.get_level_values(0).unique():
        own = series[place]
        if WHOLE in own:
            rest = own[WHOLE] - own[[o for o in OFFENSES if o in own]].sum(axis=1, min_count=1)
            assert not rest.between(1, RULES.k - 1).any(), place
    others = bundle.opened.kept("comparison").pivot_table("count", ["agency_id", "month"], "measure")
    assert not others.isin(range(1, RULES.k)).any(axis=None)
    shown = [o for o in OFFENSES if o in others]
    lacking = others[shown].isna().any(axis=1) | (len(shown) < 3)
    rest = (others[WHOLE] - others[shown].sum(axis=1))[lacking & others[WHOLE].notna()]
    assert not rest.between(1, RULES.k - 1).any()
    for name in ("months", "years", "activities"):
        column = "value" if name == "activities" else "count"
        assert not bundle.opened.kept(name)[column].between(1, RULES.k - 1).any()


# ---------------------------------------------------------------- every byte


def decoded(folder: Path) -> dict[str, bytes]:
    """Every file as it lies there, and every Parquet table as text too."""
    out = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        out[str(path)] = path.read_bytes()
        if path.suffix == ".parquet":
            text = pd.read_parquet(io.BytesIO(out[str(path)])).to_csv(index=False)
            out[f"{path} as text"] = text.encode()
    return out


def raw_rows(real: Path) -> Iterator[pd.DataFrame]:
    for path in sorted((real / "slmpd" / "legacy").glob("*2017*")):
        yield pd.read_csv(
            path, dtype=str, encoding="utf-8-sig", encoding_errors="replace", keep_default_na=False
        )


def test_no_byte_holds_a_complaint_number_an_address_or_a_coordinate(bundle: Bundle, real: Path) -> None:
    text = b"\n".join(decoded(bundle.folder).values()).decode("utf-8", errors="replace")
    tokens = set(re.findall(r"[\w-]{6,}", text))
    incidents = bundle.hub.incidents()
    assert not tokens & set(incidents["incident_id"])
    numbers, streets, feet = set[str](), set[str](), set[str]()
    for rows in raw_rows(real):
        for column in rows.columns:
            name = re.sub(r"[^a-z]", "", column.lower())
            held = (
                numbers if "complaint" in name
                else streets if "street" in name
                else feet if name in ("xcoord", "ycoord")
                else None
            )  # fmt: skip
            if held is not None:
                held |= set(rows[column].str.strip())
    assert len(numbers) > 10_000
    assert len(streets) > 500
    assert not tokens & {n for n in numbers if len(n) >= 6}
    found = set(re.findall(r"\d{6,7}\.\d+", text))
    assert not found & {f for f in feet if re.fullmatch(r"\d{6,7}\.\d*[1-9]", f)}
    # A street can stand in the text only where its longest word does: that is looked for in the words first.
    words = "\n".join(set(re.findall(r"[^\s,;:\"]+", text)))
    for street in sorted(s for s in streets if len(s) >= 5):
        longest = max(re.split(r"[\s,;:\"]+", street), key=len)
        assert longest not in words or street not in text, street
    pairs = {
        (round(float(a), 5), round(float(b), 5))
        for a, b in re.findall(r"(-9\d\.\d{3,})[,\s]+(3\d\.\d{3,})", text)
    }
    swapped = {
        (round(float(b), 5), round(float(a), 5))
        for a, b in re.findall(r"(3\d\.\d{3,})[,\s]+(-9\d\.\d{3,})", text)
    }
    assert len(pairs) > 1000, "outlines of places are there, so the search works"
    placed = incidents.dropna(subset="longitude")
    true = set(zip(placed["longitude"].round(5), placed["latitude"].round(5), strict=True))
    # Outlines run along streets, and a few of their corners are crossings where something happened.
    corners = {
        (round(x, 5), round(y, 5))
        for shape in bundle.hub.areas()["geometry"]
        for x, y in shapely.get_coordinates(shape).tolist()
    }
    assert len(true & corners) < 20
    assert not (pairs | swapped) & (true - corners)
    manifest = json.loads((bundle.folder / "manifest.json").read_text())
    assert not any("/" in row["file"] for row in manifest["imports"])


# ---------------------------------------------------------------- every page, and no hub


@pytest.mark.parametrize("name", TITLES)
def test_every_page_is_shown_from_the_release_alone(
    bundle: Bundle, name: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a server that shows a release opened a hub")

    monkeypatch.setattr("dashboard.data.open_hub", never)
    monkeypatch.setenv("SLN_RELEASE", str(bundle.folder))
    monkeypatch.setenv("SLN_HUB", str(bundle.folder / "nothing"))
    monkeypatch.setenv("SLN_AUDIENCE", "public")
    at = AppTest.from_file(str(root / "dashboard" / "app.py"), default_timeout=120)
    at.switch_page(f"../pages/{name}.py").run()
    assert not at.exception, at.exception
    assert len(at.title) == 1
    if name == "hotspots":
        assert any("2025" in m.value for m in at.markdown)
    if name == "about":
        assert any("withheld where one of its months" in m.value for m in at.markdown)


def test_a_release_is_shown_to_its_own_audience_alone(
    bundle: Bundle, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLN_RELEASE", str(bundle.folder))
    monkeypatch.setenv("SLN_AUDIENCE", "researcher")
    at = AppTest.from_file(str(root / "dashboard" / "app.py"), default_timeout=120)
    at.switch_page("../pages/progress.py").run()
    assert "was made for the public audience" in at.exception[0].value
