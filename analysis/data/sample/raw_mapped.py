"""Small synthetic files of agencies that publish in no common layout: a mapping file explains them.

Each has the columns that the example of the same name in ``data_samples/mappings/`` describes.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from openpyxl import Workbook
from pyproj import Transformer

from analysis.data.sample.places import Ground, spots
from analysis.data.sample.raw_slmpd import MARK
from analysis.data.sample.spec import MONTHS, month_index, stream
from analysis.data.sources.slmpd_legacy import CRS

#: File → mapping that explains it.
EXAMPLES: Final = {
    "st_louis_county_incidents.csv": "st_louis_county_incidents.yaml",
    "st_louis_county_monthly_counts.csv": "st_louis_county_monthly_counts.yaml",
    "illinois_municipality_monthly_counts.xlsx": "illinois_municipality_monthly_counts.yaml",
}
#: Offense as the county writes it, and its relative frequency. The last one is not in the mapping.
_COUNTY: Final = {
    "Homicide": 3,
    "Forcible Rape": 4,
    "Robbery": 20,
    "Aggravated Assault": 60,
    "Burglary": 30,
    "Larceny": 40,
    "Motor Vehicle Theft": 25,
    "Trespassing": 6,
}
#: Offense as a department of the county writes it, and a usual month.
_DEPARTMENT: Final = {
    "Murder": 0.4,
    "Rape": 0.8,
    "Robbery": 3.0,
    "Robbery with firearm": 1.8,
    "Aggravated assault": 9.0,
    "Aggravated assault with firearm": 4.2,
    "Aggravated assault, domestic": 2.2,
    "Burglary": 5.0,
    "Larceny": 22.0,
    "Motor vehicle theft": 6.0,
}
#: “Of which” figures: part → whole.
_PARTS: Final = {
    "Robbery with firearm": "Robbery",
    "Aggravated assault with firearm": "Aggravated assault",
    "Aggravated assault, domestic": "Aggravated assault",
}
#: The same of an Illinois municipality, one column each.
_MUNICIPAL: Final = {
    "Homicide": 0.8,
    "Robbery": 6.0,
    "Agg. Battery/Assault": 28.0,
    "Burglary": 14.0,
    "Theft": 40.0,
    "MV Theft": 16.0,
}
_ROWS: Final = 180
_ZIP_DAY: Final = (2026, 10, 10, 0, 0, 0)


def write_mapped(seed: int, ground: Ground, out: Path) -> None:
    """The three files."""
    incidents, counts, workbook = EXAMPLES
    _write_csv(_incidents(seed, ground), out / incidents)
    _write_csv(_department(seed), out / counts)
    _write_workbook(_municipality(seed), out / workbook)


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    path.write_text(MARK + frame.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")


def _incidents(seed: int, ground: Ground) -> pd.DataFrame:
    """Half a year of incidents of a county department."""
    rng = stream(seed, "raw/county")
    share = np.asarray(list(_COUNTY.values()), float)
    offense = rng.choice(list(_COUNTY), _ROWS, p=share / share.sum())
    lon, lat = spots(seed, ground)
    cell = rng.choice(len(ground.cells), _ROWS, p=ground.weight["aggravated_assault"])
    which = rng.integers(0, lon.shape[1], _ROWS)
    to_feet = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    x, y = to_feet.transform(lon[cell, which], lat[cell, which])
    when = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 181 * 1440, _ROWS)), "min")
    reported = when + pd.to_timedelta(rng.integers(0, 3 * 1440, _ROWS), "min")
    violent = np.isin(offense, ["Homicide", "Robbery", "Aggravated Assault"])
    armed = violent & (rng.random(_ROWS) < 0.5)
    hidden = (offense == "Forcible Rape") | (rng.random(_ROWS) < 0.03)
    assault = offense == "Aggravated Assault"
    frame = pd.DataFrame(
        {
            "Report Number": [f"SYNTHETIC-25-{i + 1:05d}" for i in range(_ROWS)],
            "Date Occurred": when.strftime("%m/%d/%Y"),
            "Time": when.strftime("%H:%M"),
            "Date Reported": reported.strftime("%m/%d/%Y %H:%M"),
            "UCR Description": offense,
            "Victims": np.where(assault, rng.geometric(1 / 1.3, _ROWS), 1),
            "Weapon": np.where(armed, "Firearm", np.where(violent, "Other", "None")),
            "Domestic": np.where(assault & (rng.random(_ROWS) < 0.25), "Y", "N"),
            "Municipality": [f"Synthetic district {d + 1}" for d in ground.district[cell]],
            "X": [("" if h else f"{v:.1f}") for h, v in zip(hidden, x, strict=True)],
            "Y": [("" if h else f"{v:.1f}") for h, v in zip(hidden, y, strict=True)],
        }
    )
    frame.loc[11, "Date Occurred"] = "02/30/2025"  # no such day: for the quarantine
    return frame


def _months_of(seed: int, name: str, usual: dict[str, float], first: str) -> pd.DataFrame:
    """Counts by month, one column an offense; a part is never more than its whole."""
    rng = stream(seed, f"raw/{name}")
    months = MONTHS[month_index(first) :]
    frame = pd.DataFrame(index=months)
    for offense, mean in usual.items():
        whole = _PARTS.get(offense)
        frame[offense] = (
            rng.poisson(mean, len(months))
            if whole is None
            else rng.binomial(frame[whole].to_numpy(), mean / usual[whole])
        )
    return frame


def _department(seed: int) -> pd.DataFrame:
    """A row per month and offense; “NR” where nothing was reported."""
    frame = _months_of(seed, "department", _DEPARTMENT, "2024-01").astype(str)
    frame.iloc[8] = "NR"
    long = frame.reset_index(names="Month").melt("Month", var_name="Offense", value_name="Total")
    long.insert(1, "Department", "Department B")
    long["Month"] = long["Month"].astype(str)
    long.loc[3, "Total"] = "2.5"  # no whole number: for the quarantine
    return long


def _municipality(seed: int) -> pd.DataFrame:
    """A row per month; two months were never reported."""
    frame = _months_of(seed, "municipality", _MUNICIPAL, "2022-01").astype(float)
    frame.iloc[[17, 40]] = np.nan
    frame.insert(0, "Year", pd.PeriodIndex(frame.index).year)
    frame.insert(1, "Month", pd.PeriodIndex(frame.index).strftime("%B"))
    return frame


def _write_workbook(frame: pd.DataFrame, path: Path) -> None:
    """An XLSX whose bytes hold no clock time: every date inside is the same fixed day."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Counts"
    sheet.append([MARK.strip()])
    sheet.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        sheet.append([v if isinstance(v, str) else None if pd.isna(v) else int(v) for v in row])
    written = io.BytesIO()
    book.save(written)
    day = "{}-{:02d}-{:02d}T00:00:00Z".format(*_ZIP_DAY[:3])
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(?<=>)\d{4}-\d\d-\d\dT[\d:.]+Z?(?=<)", day.encode(), content)
            target.writestr(zipfile.ZipInfo(name, date_time=_ZIP_DAY), content, zipfile.ZIP_DEFLATED)
