"""Real-Time Crime Index: every published layout, the figures of the region, and bad rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.sources import Parsed, parse_file
from analysis.data.sources.rtci import (
    COLUMNS_BY_AGENCY,
    COLUMNS_PANEL,
    COLUMNS_TRENDS,
    agency_key,
    jurisdiction_of,
)

Make = Callable[..., Path]

OFFENSES = {
    "murder": "homicide",
    "rape": "rape",
    "robbery": "robbery",
    "aggravated_assault": "aggravated_assault",
    "burglary": "burglary",
    "theft": "theft",
    "motor_vehicle_theft": "motor_vehicle_theft",
}


@pytest.fixture(scope="module")
def panel(real: Path) -> Parsed:
    return parse_file(real / "rtci" / "rtci_monthly.csv.gz")


@pytest.mark.real
def test_the_panel_gives_the_annual_totals_of_the_region(panel: Parsed, real: Path) -> None:
    want = pd.read_csv(real / "rtci" / "region_annual_totals.csv")
    rows = panel.monthly.assign(year=panel.monthly["month"].str[:4].astype(int))
    by = rows.groupby(["agency_id", "year", "offense"])["count"]
    total, months = by.sum(), by.size()
    checked = 0
    for line in want.itertuples(index=False):
        for theirs, ours in OFFENSES.items():
            figure = getattr(line, theirs)
            at = (line.agency_id, line.year, ours)
            if pd.isna(figure):
                assert months.get(at, 0) < line.months
            else:
                assert total[at] == figure, at
                assert months[at] == line.months
                checked += 1
    assert checked > 400


@pytest.mark.real
def test_the_panel_is_read_whole(panel: Parsed, real: Path) -> None:
    raw = pd.read_csv(real / "rtci" / "rtci_monthly.csv.gz", dtype=str, keep_default_na=False)
    assert panel.rows_read == len(raw) == 44_720
    # Two derived differences are negative: the cell is wrong and so is its neighbour.
    assert panel.quarantine[["line", "column", "value"]].to_numpy().tolist() == [
        [2980, "rape", "-1"],
        [3133, "murder", "-1"],
    ]
    letters = "".join(raw["detail"].drop(index=[2978, 3131]))
    assert (panel.monthly["status"] == "estimated").sum() == letters.count("S")
    assert len(panel.monthly) == len(letters) - letters.count(".")
    ours = panel.agencies.set_index("agency_id")["jurisdiction"].dropna().to_dict()
    assert ours == {"MOSPD0000": "stl_city", "MO0950000": "stl_county", "MO0953000": "stl_county"}
    assert len(panel.agencies) == 722


@pytest.mark.real
def test_the_trends_file(real: Path) -> None:
    parsed = parse_file(real / "rtci" / "raw_crime_trends_jun26_sample.csv.gz")
    assert (parsed.rows_read, parsed.rows_quarantined) == (612, 0)
    city = parsed.monthly[parsed.monthly["agency_id"] == "MOSPD0000"]
    murders = city[city["offense"] == "homicide"].set_index("month")["count"]
    # The file repeats 2025 as 2026 in Missouri; finding that out is the hub's work, not the reader's.
    assert murders["2026-01":"2026-06"].tolist() == [10, 5, 10, 13, 22, 11]
    assert not parsed.monthly["agency_id"].str.islower().any()
    assert any("4 rows are totals over several agencies" in m for m in parsed.messages)
    months = parsed.monthly[parsed.monthly["agency_id"] == "MO0953000"]["month"].unique()
    assert "2025-04" not in months
    assert "2025-05" in months
    birmingham = parsed.monthly[parsed.monthly["agency_id"] == "AL0010200"]
    assert birmingham["offense"].unique().tolist() == ["homicide"]


@pytest.mark.real
def test_the_by_agency_table(real: Path, panel: Parsed) -> None:
    told = panel.agencies
    ids = dict(zip(zip(told["name"], told["state"], strict=True), told["agency_id"], strict=True))
    parsed = parse_file(real / "rtci" / "raw_by_agency_table_2024-10-17.csv.gz", agency_ids=ids)
    assert parsed.rows_read == 28_531
    assert parsed.vintage == "2024-10-15"
    raw = pd.read_csv(
        real / "rtci" / "raw_by_agency_table_2024-10-17.csv.gz", dtype=str, keep_default_na=False
    )
    negative = (raw[list(OFFENSES)].replace("NA", "0").astype(float) < 0).any(axis=1)
    assert parsed.rows_quarantined == negative.sum() == 25
    assert any("395 rows are totals" in m for m in parsed.messages)
    city = parsed.monthly[
        (parsed.monthly["agency_id"] == "MOSPD0000") & (parsed.monthly["offense"] == "homicide")
    ]
    year = city.groupby(city["month"].str[:4])["count"].sum()
    assert year["2018":"2023"].tolist() == [187, 194, 263, 200, 200, 160]
    assert parsed.agencies["agency_id"].isin(set(told["agency_id"])).mean() > 0.9


YTD = {("2025-01", "2025-02"): 15, ("2026-01", "2026-02"): 14}
SCORECARD = {**YTD, ("2024-01", "2024-02"): 31, ("2024-01", "2024-12"): 150, ("2025-01", "2025-12"): 141}


@pytest.mark.real
@pytest.mark.parametrize(
    ("file", "rows", "years"),
    [
        ("raw_full_table_data_2026-04-24.csv.gz", 5474, YTD),
        ("raw_scorecard_2026-04-24.csv.gz", 5994, SCORECARD),
    ],
)
def test_cumulative_tables_give_totals_and_no_month(
    real: Path, file: str, rows: int, years: dict[tuple[str, str], int]
) -> None:
    parsed = parse_file(real / "rtci" / file)
    assert (parsed.rows_read, parsed.rows_quarantined) == (rows, 1)  # one total is −1
    assert parsed.monthly.empty
    assert parsed.vintage == "2026-04-24"
    totals = parsed.tables["cumulative"]
    city = totals[(totals["agency_id"] == "MOSPD0000") & (totals["offense"] == "homicide")]
    periods = zip(city["start"], city["end"], strict=True)
    assert dict(zip(periods, city["count"], strict=True)) == years
    assert not totals["agency"].isin(["Full Sample", "Midwest", "Agencies of 1M+"]).any()
    assert any("no month was made from them" in m for m in parsed.messages)


def read(in_layout: Make, columns: tuple[str, ...], *rows: dict[str, str]) -> Parsed:
    return parse_file(in_layout(columns, list(rows)))


LAYOUTS = (
    (COLUMNS_TRENDS, "month", {"year": "2025", "month": "2"}, "robbery_total"),
    (COLUMNS_PANEL, "year_month", {"year_month": "2025-02"}, "robbery"),
    (COLUMNS_BY_AGENCY, "date", {"date": "2024-02-01"}, "robbery"),
)


@pytest.mark.parametrize(("columns", "month", "second", "robbery"), LAYOUTS)
@pytest.mark.parametrize("value", ["-1", "4.5", "many", "1e9", "=2+3"])
def test_counts_that_are_none_go_to_quarantine(
    in_layout: Make, columns: tuple[str, ...], month: str, second: dict[str, str], robbery: str, value: str
) -> None:
    parsed = read(in_layout, columns, {}, {**second, robbery: value})
    assert (parsed.rows_read, parsed.rows_kept, parsed.rows_quarantined) == (2, 1, 1)
    bad = parsed.quarantine.iloc[0]
    assert (bad["line"], bad["column"], bad["value"]) == (3, robbery, value)
    assert bad["rule"] == "is a whole number, 0 or more, or blank when nothing was reported"
    assert len(parsed.monthly["month"].unique()) == 1


@pytest.mark.parametrize(("columns", "month", "second", "robbery"), LAYOUTS)
def test_a_month_given_twice_with_other_figures(
    in_layout: Make, columns: tuple[str, ...], month: str, second: dict[str, str], robbery: str
) -> None:
    parsed = read(in_layout, columns, {}, second, {robbery: "45"})
    assert (parsed.rows_kept, parsed.rows_quarantined) == (1, 2)
    assert parsed.quarantine["line"].tolist() == [2, 4]
    assert parsed.quarantine["column"].tolist() == [month, month]
    assert "Ask the agency which is right" in parsed.quarantine["remedy"].iloc[0]
    assert len(parsed.monthly["month"].unique()) == 1


@pytest.mark.parametrize(("columns", "month", "second", "robbery"), LAYOUTS)
def test_a_month_given_twice_with_the_same_figures(
    in_layout: Make, columns: tuple[str, ...], month: str, second: dict[str, str], robbery: str
) -> None:
    parsed = read(in_layout, columns, {}, second, {})
    assert (parsed.rows_kept, parsed.rows_quarantined) == (3, 0)
    assert not parsed.monthly.duplicated(["month", "offense"]).any()
    assert any("1 row repeats an earlier row exactly (line 4): counted once." in m for m in parsed.messages)


@pytest.mark.parametrize(
    ("columns", "bad"),
    [
        (COLUMNS_TRENDS, {"year": "1900"}),
        (COLUMNS_TRENDS, {"year": "2099"}),
        (COLUMNS_TRENDS, {"month": "13"}),
        (COLUMNS_PANEL, {"year_month": "2099-01"}),
        (COLUMNS_BY_AGENCY, {"date": "1900-01-01"}),
        (COLUMNS_TRENDS, {"id": "St Louis"}),
        (COLUMNS_PANEL, {"agency_id": ""}),
        (COLUMNS_BY_AGENCY, {"state_abbr": "ZZ"}),
        (COLUMNS_PANEL, {"detail": "RRR"}),
        (COLUMNS_PANEL, {"detail": "RRRRRR."}),
        (COLUMNS_PANEL, {"murder": ""}),
    ],
)
def test_rows_that_say_no_month_or_no_agency(
    in_layout: Make, columns: tuple[str, ...], bad: dict[str, str]
) -> None:
    parsed = read(in_layout, columns, {}, bad)
    assert parsed.rows_quarantined == 1
    assert parsed.quarantine["line"].tolist() == [3]


def test_blank_is_missing_and_zero_is_zero(in_layout: Make) -> None:
    parsed = read(in_layout, COLUMNS_TRENDS, {"murder_total": "", "rape_total": "NA", "robbery_total": "0"})
    counts = parsed.monthly.set_index("offense")["count"].to_dict()
    assert "homicide" not in counts
    assert "rape" not in counts
    assert counts["robbery"] == 0


def test_letters_of_the_panel(in_layout: Make) -> None:
    parsed = read(in_layout, COLUMNS_PANEL, {"detail": "RTADS.R", "theft": ""})
    assert parsed.monthly.set_index("offense")["status"].to_dict() == {
        "homicide": "reported",
        "rape": "reported",
        "robbery": "reported",
        "aggravated_assault": "reported",
        "burglary": "estimated",
        "motor_vehicle_theft": "reported",
    }
    assert any("split by last year's shares" in m for m in parsed.messages)


def test_identifiers() -> None:
    assert agency_key("St Louis", "MO") == "MOSPD0000"
    assert agency_key("St. Mary's County", "MD") == "X-MD-StMarysCounty"
    assert agency_key("Abilene", "TX", {("Abilene", "TX"): "TX2210100"}) == "TX2210100"
    assert jurisdiction_of("IL0820800") == "st_clair"
    assert jurisdiction_of("MO0922400") is None


def test_names_that_are_formulas_are_defused(in_layout: Make) -> None:
    parsed = read(in_layout, COLUMNS_PANEL, {"agency": '=HYPERLINK("http://x")'})
    assert parsed.agencies["name"].tolist() == ['\'=HYPERLINK("http://x")']
    assert any("begins like a spreadsheet formula" in m for m in parsed.messages)
