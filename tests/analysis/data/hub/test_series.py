"""From counts to series: one source, a constant panel, holes that stay holes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data import views
from analysis.data.figures import Figures, cut
from analysis.data.geography.incident_tables import area_counts, one_source_a_month
from analysis.data.geography.region import default_populations
from analysis.data.measures import DEFINITIONS, add, definition_of
from analysis.data.places import count_cells
from analysis.data.schema import INCIDENTS, TABLES, conform
from analysis.data.sources import net_incidents, one_per_offense
from analysis.data.store import Engine

MONTHS = pd.period_range("2021-01", "2025-12", freq="M")


def rows_of(
    agency: str, source: str, months: pd.PeriodIndex, status: str = "reported", **offenses: float
) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {"agency_id": agency, "source": source, "month": months, "offense": o, "count": float(c)}
            )
            for o, c in offenses.items()
        ]
    ).assign(status=status, suspect="", vintage="2026-01-15")


def figures(
    counts: pd.DataFrame,
    agencies: dict[str, tuple[str, float | None]],
    preferred: dict[str, str] | None = None,
) -> Figures:
    table = pd.DataFrame(
        [
            {"agency_id": a, "name": f"Police {a}", "state": "MO", "jurisdiction": j, "population": p}
            for a, (j, p) in agencies.items()
        ]
    )
    table["preferred_source"] = table["agency_id"].map(preferred or {})
    table = conform(TABLES["agencies"], table.assign(longitude=np.nan, latitude=np.nan))
    return Figures(counts, table, default_populations(), ("2022-01", "2024-12"))


def test_the_source_that_covers_the_baseline_and_reaches_furthest() -> None:
    counts = pd.concat(
        [
            rows_of("A", "long", MONTHS[:57], homicide=10),
            rows_of("A", "short_but_late", MONTHS[45:], homicide=9),
            rows_of("A", "old", MONTHS[:12], homicide=8),
        ]
    )
    series = figures(counts, {"A": ("stl_city", 300_000)}).series("stl_city", "homicide")
    assert series.source == "long"
    assert "short_but_late" in series.notes[0]
    assert set(series.counts) == {10.0}
    chosen = figures(counts, {"A": ("stl_city", 300_000)}, {"A": "short_but_late"}).series(
        "stl_city", "homicide"
    )
    assert chosen.source == "short_but_late"
    assert chosen.counts.index[0] == MONTHS[45]


def test_ties_go_to_the_source_with_most_months() -> None:
    counts = pd.concat([rows_of("A", "x", MONTHS[6:], homicide=1), rows_of("A", "b", MONTHS, homicide=2)])
    assert figures(counts, {"A": ("stl_city", 1.0)}).series("stl_city", "homicide").source == "b"


def test_the_panel_never_changes_its_members() -> None:
    gaps = MONTHS.delete(range(20, 30))
    counts = pd.concat(
        [
            rows_of("BIG", "s", MONTHS, homicide=50),
            rows_of("MID", "s", MONTHS[:-1], homicide=9),
            rows_of("GAP", "s", gaps, homicide=3),
        ]
    )
    made = figures(counts, dict.fromkeys(("BIG", "MID", "GAP"), ("stl_county", 100000)))
    series = made.series("stl_county", "homicide")
    assert set(series.counts.dropna()) == {59.0}
    assert series.complete_through == MONTHS[-2]  # waits for the one that is a month late
    assert any("Police GAP is left out: it lacks 10 of 57 months" in n for n in series.notes)
    assert series.population is not None
    assert set(series.population) == {200_000.0}
    assert series.definition == "Police BIG: homicide; Police MID: homicide."


def test_a_large_agency_stays_with_a_few_holes() -> None:
    holes = MONTHS.delete([10, 11])
    counts = pd.concat([rows_of("BIG", "s", MONTHS, homicide=50), rows_of("TWO", "s", holes, homicide=30)])
    series = figures(counts, {"BIG": ("stl_county", 1.0), "TWO": ("stl_county", 1.0)}).series(
        "stl_county", "homicide"
    )
    assert series.counts.isna().sum() == 2
    why = series.status.set_index("month")["why"]
    assert why[MONTHS[10]] == "Police TWO not reported"
    assert why[MONTHS[12]] == ""


@pytest.mark.parametrize("status", ["partial", "missing"])
def test_partial_and_missing_months_are_unknown(status) -> None:
    counts = rows_of("A", "s", MONTHS, homicide=5)
    counts.loc[counts["month"] == "2023-04", ["status", "count"]] = [status, np.nan]
    series = figures(counts, {"A": ("stl_city", 1.0)}).series("stl_city", "homicide")
    assert pd.isna(series.counts["2023-04"])
    assert series.status.set_index("month").loc[pd.Period("2023-04"), "status"] == status


def test_the_region_names_who_is_not_in_it_and_waits_for_the_slowest() -> None:
    counts = pd.concat([rows_of("A", "s", MONTHS, homicide=5), rows_of("B", "s", MONTHS[:-2], homicide=7)])
    made = figures(counts, {"A": ("stl_city", 1.0), "B": ("st_clair", 1.0)})
    region = made.series("region", "homicide")
    assert set(region.counts.dropna()) == {12.0}
    assert region.complete_through == MONTHS[-3]
    assert "no usable series for St. Louis County" in region.notes[0]
    assert any("waits for St. Clair County" in n for n in region.notes)
    assert made.series("stl_county", "homicide") is None
    shorter = cut(region, "2023-06")
    assert shorter.counts.index[-1] == pd.Period("2023-06")
    assert len(shorter.status) == len(shorter.counts)


def test_measures_subtract_domestic_assault_where_it_is_told() -> None:
    cube = {
        "homicide": np.array([[1.0, 2.0], [1.0, 2.0]]),
        "robbery": np.array([[5.0, 5.0], [5.0, np.nan]]),
        "aggravated_assault": np.array([[20.0, 20.0], [20.0, 20.0]]),
        "aggravated_assault_domestic": np.array([[6.0, 7.0], [np.nan, np.nan]]),
    }
    total, words = add("violent_street_crime", cube)
    np.testing.assert_array_equal(total, [[20.0, 20.0], [26.0, np.nan]])
    assert "without domestic aggravated assault" in str(words[0])
    assert "included" in str(words[1])


def test_gun_violence_needs_the_weapon_but_may_take_all_homicides() -> None:
    cube = {
        "homicide": np.array([[3.0], [3.0], [3.0]]),
        "homicide_firearm": np.array([[2.0], [np.nan], [2.0]]),
        "robbery": np.array([[9.0], [9.0], [9.0]]),
        "robbery_firearm": np.array([[4.0], [4.0], [np.nan]]),
        "aggravated_assault": np.array([[9.0], [9.0], [9.0]]),
        "aggravated_assault_firearm": np.array([[5.0], [5.0], [5.0]]),
    }
    total, words = add("gun_violence", cube)
    np.testing.assert_array_equal(total, [[11.0], [12.0], [np.nan]])
    assert "does not tell the weapon" in str(words[1])
    assert words[2] is None


def test_every_measure_is_defined_and_unknown_ones_are_refused() -> None:
    assert set(DEFINITIONS) == {
        "violent_street_crime",
        "homicide",
        "gun_violence",
        "robbery",
        "aggravated_assault",
    }
    assert definition_of("burglary").offenses == ("burglary",)
    with pytest.raises(KeyError, match="no measure"):
        definition_of("litter")


def incident_rows(*rows: dict) -> pd.DataFrame:
    base = {
        "incident_id": "1", "agency_id": "A",
        "occurred_at": pd.NaT, "reported_at": pd.NaT, "coded_month": "2021-01",
        "offense": "robbery", "code": "31", "firearm": None, "domestic": None, "victims": 1, "net_count": 1,
        "longitude": np.nan, "latitude": np.nan, "location_quality": "missing",
        "area_name": None, "source": "other",
        "source_file": "f", "row_order": 1, "vintage": "2022-01-01", "import_seq": 1,
    }  # fmt: skip
    return conform(INCIDENTS, pd.DataFrame([base | r for r in rows]))


COVERAGE = pd.DataFrame(
    columns=["source", "agency_id", "month", "offense", "status", "file_month", "vintage", "import_seq"]
)


def netted(rows: pd.DataFrame, coverage: pd.DataFrame = COVERAGE) -> pd.DataFrame:
    from analysis.data.arrivals.ledger import LEDGER

    engine = Engine()
    live = views.live_incidents(
        engine.memory(INCIDENTS, rows),
        engine.memory(LEDGER["coverage"], conform(LEDGER["coverage"], coverage)),
    )
    return conform(INCIDENTS, engine.run(views.netted(live)).assign(import_seq=pd.NA))


def test_a_supplemented_incident_replaces_its_earlier_version() -> None:
    """A file of March re-emits an incident of January: the newest file wins, whatever its order."""
    january = {"incident_id": "9", "victims": 1, "import_seq": 2, "row_order": 5}
    march = {"incident_id": "8", "coded_month": "2021-03", "import_seq": 1}
    again = {"incident_id": "9", "victims": 3, "import_seq": 1, "row_order": 2}
    coverage = pd.DataFrame(
        [("other", "A", "2021-01", "robbery", "reported", "2021-01", "2022-01-01", 2),
         ("other", "A", "2021-03", "robbery", "reported", "2021-03", "2022-01-01", 1),
         ("other", "A", "2021-01", "robbery", "partial", "2021-03", "2022-01-01", 1)],
        columns=COVERAGE.columns,
    )  # fmt: skip
    out = netted(incident_rows(january, march, again), coverage).set_index("incident_id")
    assert out.loc["9", "victims"] == 3
    assert len(out) == 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["31", "32", "41"]), st.sampled_from([-1, 1, 1, 2]),
                  st.integers(1, 3), st.booleans()),
        min_size=1, max_size=14,
    )
)  # fmt: skip
def test_netting_agrees_with_the_plain_reference(events) -> None:
    offense = {"31": "robbery", "32": "robbery", "41": "aggravated_assault"}
    rows = incident_rows(
        *[
            {
                "incident_id": str(i), "code": code, "offense": offense[code], "net_count": n,
                "victims": max(n, 0),
                "coded_month": f"2021-{month:02d}", "row_order": order, "source": "slmpd_legacy",
                "longitude": -90.2 - order / 1000 if placed else np.nan,
                "latitude": 38.6 if placed else np.nan,
                "import_seq": month,
            }
            for order, (i, code, n, month, placed) in enumerate(events, start=1)
        ]
    )  # fmt: skip
    ours = netted(rows).set_index(["incident_id", "offense"]).sort_index()
    files = [some for _, some in rows.groupby("coded_month")]
    plain = one_per_offense(net_incidents(files))
    if plain.empty:
        assert ours.empty
        return
    plain = plain.set_index(["incident_id", "offense"]).sort_index()
    assert list(ours.index) == list(plain.index)
    assert ours["victims"].tolist() == plain["victims"].tolist()
    # Where two codes of one offense were placed apart, the two may choose differently.
    codes = rows[rows["net_count"] > 0].groupby(["incident_id", "offense"])["code"].nunique()
    single = (codes.reindex(ours.index) == 1).to_numpy()
    np.testing.assert_allclose(ours.loc[single, "longitude"], plain.loc[single, "longitude"].astype(float))


def test_one_source_a_month_and_no_zero_where_an_agency_was_silent() -> None:
    import shapely

    place = {"longitude": -90.2, "latitude": 38.6, "area_id": "n1", "location_quality": "exact"}
    rows = incident_rows(
        {"incident_id": "1", "source": "raw", **place},
        {"incident_id": "1", "source": "cleaned", **place},
        {"incident_id": "2", "source": "raw", "coded_month": "2021-03", **place},
        {"incident_id": "3", "source": "raw", "agency_id": "B", "coded_month": "2021-01", **place},
    )
    months = pd.period_range("2021-01", "2021-03", freq="M")
    counts = pd.concat(
        [
            rows_of("A", "raw", months, robbery=1, homicide=0),
            rows_of("A", "cleaned", months, robbery=1),
            rows_of("B", "raw", months.delete(1), robbery=1),
        ]
    )
    single = one_source_a_month(rows, counts)
    assert sorted(single["source"]) == ["raw", "raw", "raw"]
    areas = pd.DataFrame(
        {
            "area_id": ["n1", "f1"],
            "kind": ["neighborhood", "focus"],
            "geometry": [shapely.box(-91, 38, -90, 39)] * 2,
        }
    )
    table = area_counts(single, counts, areas).set_index(["area_id", "month", "offense"])
    for area in ("n1", "f1"):
        january, february, march = (table.loc[(area, m, "robbery")] for m in months)
        assert (january["count"], march["count"]) == (2, 1)
        assert february["status"] == "missing"
        assert pd.isna(february["count"])
    assert ("n1", months[0], "homicide") not in table.index  # no incidents of it are published


def test_an_incident_of_two_offenses_counts_once_in_its_cell() -> None:
    import h3

    place = {"longitude": -90.2, "latitude": 38.6}
    rows = incident_rows(
        {"offense": "robbery", **place}, {"offense": "homicide", "code": "10", "victims": 2, **place}
    )
    cell = h3.latlng_to_cell(38.6, -90.2, 9)
    other = next(c for c in h3.grid_disk(cell, 1) if c != cell)
    out = count_cells(rows, 9, [other, cell])
    assert out["cell"].tolist() == [other, cell]
    assert out["incidents"].tolist() == [0, 1]
    assert out["victims"].tolist() == [0, 3]


def test_populations_are_the_census_counts() -> None:
    table = default_populations().set_index(["place", "year"])["population"]
    assert table["stl_city", 2020] == 301_578
    assert table["stl_county", 2010] == 998_954
    assert table["region", 2020] == 301_578 + 1_004_125 + 257_400
    assert table["stl_city", 2010] > table["stl_city", 2015] > table["stl_city", 2020]
