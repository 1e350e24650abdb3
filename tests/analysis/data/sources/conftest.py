"""Small files made on the spot, in the layouts the sources know."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.data.sources.rtci import COLUMNS_BY_AGENCY, COLUMNS_PANEL, COLUMNS_TRENDS
from analysis.data.sources.slmpd_legacy import COLUMNS_18, COLUMNS_20, COLUMNS_26
from analysis.data.sources.slmpd_nibrs import COLUMNS_RAW

Row = dict[str, str]
MakeFile = Callable[..., Path]


def _norm(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


LEGACY = {
    "Complaint": "17-000001",
    "CodedMonth": "2017-05",
    "DateOccur": "5/10/2017 13:30",
    "FlagCrime": "Y",
    "Count": "1",
    "Crime": "41011",
    "District": "5",
    "Description": "AGG.ASSAULT-FIREARM/CITIZEN ADULT 1ST DEGREE",
    "ILEADSAddress": "1700",
    "ILEADSStreet": "HAMILTON AVE",
    "Neighborhood": "50",
    "XCoord": "882454.8",
    "YCoord": "1034517",
}
NIBRS = {
    "IncidentDate": "03/10/2025",
    "OccurredFromTime": "13:30",
    "IncidentNum": "25000001",
    "Offense": "ASSAULT - 1ST DEGREE",
    "NIBRS": "13A",
    "NIBRSCategory": "Aggravated Assault",
    "Neighborhood": "Hamilton Heights",
    "NbhdNum": "50",
    "Latitude": "38.67",
    "Longitude": "-90.28",
    "VictimNum": "1",
    "FirearmUsed": "Yes",
}
TRENDS = {
    "id": "MOSPD0000",
    "size": "all",
    "year": "2025",
    "month": "1",
    "population": "274819",
    "agencies": "1",
    "sample": "1",
    "murder_total": "10",
    "rape_total": "9",
    "robbery_total": "46",
    "assault_total": "200",
    "burglary_total": "150",
    "theft_total": "700",
    "motor_total": "250",
    "violent_total": "265",
    "property_total": "1100",
}
PANEL = {
    "agency_id": "MOSPD0000",
    "agency": "St Louis",
    "state": "MO",
    "agency_type": "city",
    "population": "274819",
    "year_month": "2025-01",
    "murder": "10",
    "rape": "9",
    "robbery": "46",
    "aggravated_assault": "200",
    "violent_crime": "265",
    "burglary": "150",
    "theft": "700",
    "motor_vehicle_theft": "250",
    "source": "reported",
    "detail": "RTADRRR",
}
BY_AGENCY = {
    "date": "2024-01-01",
    "agency_name": "Abilene",
    "agency_abbr": "Abilene, TX",
    "state_name": "Texas",
    "agency_full": "Abilene, Texas",
    "state_abbr": "TX",
    "month_year": "Jan 2024",
    "Last Updated": "2024-10-15 12:20:25 EDT",
    "murder": "0",
    "rape": "9",
    "robbery": "7",
    "aggravated_assault": "22",
    "burglary": "58",
    "theft": "234",
    "motor_vehicle_theft": "33",
    "violent_crime": "38",
    "property_crime": "325",
}
_DEFAULTS = {
    COLUMNS_18: {
        **LEGACY,
        "MonthReportedtoMSHP": "2008-11",
        "DateOccured": "11/05/2008 17:23",
    },
    COLUMNS_20: LEGACY,
    COLUMNS_26: {**LEGACY, "ILeads Add": "5/14/2017 16:16"},
    COLUMNS_RAW: NIBRS,
    COLUMNS_TRENDS: TRENDS,
    COLUMNS_PANEL: PANEL,
    COLUMNS_BY_AGENCY: BY_AGENCY,
}


def csv_text(columns: tuple[str, ...], rows: list[Row]) -> str:
    """CSV in a layout: each row is the layout's default row with the cells given."""
    base = {_norm(name): value for name, value in _DEFAULTS[columns].items()}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        cells = base | {_norm(name): value for name, value in row.items()}
        writer.writerow([cells.get(_norm(name), "") for name in columns])
    return out.getvalue()


@pytest.fixture(scope="session")
def layout_text() -> Callable[[tuple[str, ...], list[Row]], str]:
    """CSV text of rows in a layout."""
    return csv_text


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    """Write text or bytes (optionally gzipped) and give the path."""

    def make(content: str | bytes, name: str = "file.csv", *, packed: bool = False) -> Path:
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data) if packed else data)
        return path

    return make


@pytest.fixture
def in_layout(make_file: MakeFile) -> MakeFile:
    """Write rows in a layout (given by its columns) and give the path."""

    def make(columns: tuple[str, ...], rows: list[Row], name: str = "file.csv", **options: bool) -> Path:
        return make_file(csv_text(columns, rows), name, **options)

    return make
