"""Small synthetic files in the layouts of the St. Louis Metropolitan Police, old and new.

Each has the oddities of its layout on purpose: −1 rows that cancel rows of an earlier file, identical
rows that are separate victims, codes with a leading blank, 0 for a missing coordinate, rape without
any, an impossible date, a UTF-8 mark beside Windows letters; and one bad row to show the quarantine.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from pyproj import Transformer

from analysis.data.sample.places import Ground, spots
from analysis.data.sample.spec import SYNTHETIC, stream
from analysis.data.sources.slmpd_legacy import COLUMNS_18, COLUMNS_20, COLUMNS_26, CRS
from analysis.data.sources.slmpd_nibrs import COLUMNS_CLEANED, COLUMNS_RAW

#: First line of every raw text file.
MARK: Final = f"# {SYNTHETIC}: nothing in this file describes a real event\n"

#: Code, description and relative frequency in the legacy files.
_LEGACY_CODES: Final = (
    (10000, "HOMICIDE", 4),
    (21000, "RAPE -- FORCIBLE", 5),
    (31111, "ROBBERY-HIGHWAY  /FIREARM USED/SUCCESSFUL", 14),
    (31421, "ROBBERY-HIGHWAY  /STRNGARM/NO INJ/SUCCESS", 10),
    (41011, "AGG.ASSAULT-FIREARM/CITIZEN ADULT 1ST DEGREE", 28),
    (42011, "AGG.ASSAULT-KNIFE/CITIZEN ADULT 1ST DEGREE", 10),
    (44014, "AGG.ASSAULT-HANDS,FISTS/DOMESTIC", 9),
    (51111, "BURGLARY-RESDNCE/NIGHT/FORC ENT/UNOCCUPIED", 10),
    (64601, "LARCENY-FROM MTR VEH $500 - $24,999", 14),
    (71013, "AUTO THEFT-TRUCK/PERM RETNT/UNRECOV OVER 48HR", 8),
)
_NIBRS_CODES: Final = (
    ("09A", "MURDER 1ST DEGREE", "Murder and Nonnegligent Manslaughter", "1", "Person", 4),
    ("11A", "RAPE - 1ST DEGREE", "Rape", "2", "Person", 4),
    ("120", "ROBBERY - 1ST DEGREE", "Robbery", "3", "Property", 20),
    ("13A", "ASSAULT - 1ST DEGREE", "Aggravated Assault", "4", "Person", 40),
    ("13A", "DOMESTIC ASSAULT - 2ND DEGREE", "Aggravated Assault", "4", "Person", 12),
    ("220", "BURGLARY - 2ND DEGREE", "Burglary/Breaking & Entering", "5", "Property", 12),
    ("240", "STEALING - MOTOR VEHICLE", "Motor Vehicle Theft", "7", "Property", 20),
)
_STREET: Final = "SYNTHETIC ST"
_ROWS: Final = 150


def write_slmpd(seed: int, ground: Ground, out: Path) -> None:
    """Five files: legacy with 18, 20 and 26 columns, NIBRS raw and cleaned."""
    january = _legacy(seed, ground, "2017-01")
    may = _legacy(seed, ground, "2017-05")
    may = [*may, *_cancel(january[3:60:9], "2017-05")]
    january = [*january, {**january[0], "complaint": "S-17-BADROW", "count": "2"}]
    january[1]["comment"] = "CAFÉ (SYNTHETIC)"
    _write(out / "slmpd_legacy_18.csv", COLUMNS_18, _as_18(_legacy(seed, ground, "2013-05")))
    # The mark of UTF-8 in front of Windows letters: the real file of January 2017 has both.
    _write(out / "slmpd_legacy_20.csv", COLUMNS_20, _as_20(january), encoding="cp1252", bom=True)
    _write(out / "slmpd_legacy_26.csv", COLUMNS_26, _as_26(may))
    raw, cleaned = _nibrs(seed, ground)
    _write(out / "slmpd_nibrs_raw.csv", COLUMNS_RAW, raw)
    _write(out / "slmpd_nibrs_cleaned.csv", COLUMNS_CLEANED, cleaned, end="\n")


def _write(
    path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *,
    encoding: str = "utf-8", bom: bool = False, end: str = "\r\n",
) -> None:  # fmt: skip
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(columns), lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    mark = b"\xef\xbb\xbf" if bom else b""
    path.write_bytes(mark + MARK.replace("\n", end).encode("ascii") + text.getvalue().encode(encoding))


def _points(rng: np.random.Generator, seed: int, ground: Ground, n: int) -> tuple[Any, Any, Any]:
    lon, lat = spots(seed, ground)
    cell = rng.choice(len(ground.cells), n, p=ground.weight["aggravated_assault"])
    which = rng.integers(0, lon.shape[1], n)
    return lon[cell, which], lat[cell, which], ground.district[cell] + 1


def _legacy(seed: int, ground: Ground, month: str) -> list[dict[str, Any]]:
    """Records of one coded month, before they are put in the columns of a layout."""
    rng = stream(seed, f"raw/legacy/{month}")
    share = np.asarray([c[2] for c in _LEGACY_CODES], float)
    which = rng.choice(len(_LEGACY_CODES), _ROWS, p=share / share.sum())
    lon, lat, district = _points(rng, seed, ground, _ROWS)
    x, y = Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform(lon, lat)
    start = pd.Timestamp(month + "-01")
    minutes = np.sort(rng.integers(0, start.days_in_month * 1440, _ROWS))
    records: list[dict[str, Any]] = []
    for i in range(_ROWS):
        code, says, _ = _LEGACY_CODES[which[i]]
        hidden = code // 10_000 == 2 or rng.random() < 0.03
        when = start + pd.Timedelta(minutes=int(minutes[i]))
        record = {
            "complaint": f"S-{month[2:4]}-{month[5:]}{i + 1:04d}",
            "month": month,
            "date": when.strftime("%m/%d/%Y %H:%M"),
            "count": "1",
            "code": f"{code:>6}",
            "district": int(district[i]) % 6 + 1,
            "says": f"SYNTHETIC {says}",
            "number": 100 * int(rng.integers(1, 60)),
            "neighborhood": int(district[i]),
            "comment": " ",
            "x": "0" if hidden else f"{x[i]:.1f}",
            "y": "0" if hidden else f"{y[i]:.1f}",
        }
        records.append(record)
        if code // 10_000 == 4 and rng.random() < 0.2:  # another victim: the same row once more
            records.append(dict(record))
    for record in records:
        if record["complaint"] == records[5]["complaint"]:
            record["date"] = "01/01/1900 00:00"
    records[7]["neighborhood"] = 0
    return records + _cancel(records[10:14], month)


def _cancel(records: list[dict[str, Any]], month: str) -> list[dict[str, Any]]:
    """Rows of a later day that take earlier ones back; half of them say unfounded."""
    return [
        {**r, "month": month, "count": "-1", "x": "0", "y": "0", "unfounded": "Y" if i % 2 else " "}
        for i, r in enumerate(records)
    ]


def _as_18(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = dict(zip(COLUMNS_18, range(18), strict=True))
    rows = []
    for r in records:
        values = [
            r["month"], r["date"], "Y" if r["count"] == "1" else " ", r.get("unfounded", " "), " ",
            r["count"], r["code"], r["district"], r["says"], r["number"], _STREET, r["neighborhood"],
            " ", r["comment"], " ", " ", r["x"], r["y"],
        ]  # fmt: skip
        rows.append({name: values[at] for name, at in keys.items()})
    return rows


def _as_20(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for r in records:
        values = [
            r["complaint"], r["month"], r["date"], "Y" if r["count"] == "1" else " ",
            r.get("unfounded", " "), " ", r["count"], " ", r["code"], r["district"], r["says"], r["number"],
            _STREET, r["neighborhood"], " ", r["comment"], r["number"], _STREET, r["x"], r["y"],
        ]  # fmt: skip
        rows.append(dict(zip(COLUMNS_20, values, strict=True)))
    return rows


def _as_26(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for r in records:
        when = pd.Timestamp(2017, 5, 28) if "1900" in r["date"] else pd.Timestamp(r["date"])
        added = when + pd.Timedelta(hours=3)
        day = f"{added.month}/{added.day}/{added.year}"
        values = [
            r["complaint"], r["month"], r["date"], "Y" if r["count"] == "1" else " ",
            r.get("unfounded", " "), " ", r["count"], " ", r["code"].strip(), f"{day} {added:%H:%M}", day,
            r["district"], 500 + r["district"], f"{r['says']:<50}", r["number"], f"{_STREET:<20}",
            r["neighborhood"], 305, " ", " ", r["comment"], "", "", r["x"], r["y"], day,
        ]  # fmt: skip
        rows.append(dict(zip(COLUMNS_26, values, strict=True)))
    return rows


def _nibrs(seed: int, ground: Ground) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """August 2024 as the department writes it, and January 2025 as a third party cleaned it."""
    raw: list[dict[str, Any]] = []
    cleaned: list[dict[str, Any]] = []
    for month, keep in (("2024-08", raw), ("2025-01", cleaned)):
        rng = stream(seed, f"raw/nibrs/{month}")
        share = np.asarray([c[5] for c in _NIBRS_CODES], float)
        which = rng.choice(len(_NIBRS_CODES), _ROWS, p=share / share.sum())
        lon, lat, district = _points(rng, seed, ground, _ROWS)
        start = pd.Timestamp(month + "-01")
        for i in range(_ROWS):
            code, says, category, srs, against, _ = _NIBRS_CODES[which[i]]
            when = start + pd.Timedelta(minutes=int(rng.integers(0, start.days_in_month * 1440)))
            gun = "Yes" if rng.random() < {"09A": 0.9, "120": 0.6, "13A": 0.47}.get(code, 0.02) else "No"
            supplemented = keep is raw and i % 25 == 7  # an incident of an earlier month, once more
            if supplemented:
                when -= pd.Timedelta(days=40)
            number = f"{month[2:4]}{900_000 + i}"
            hidden = code == "11A" or rng.random() < 0.03
            place = int(district[i])
            record = {
                "IncidentDate": f"{when.month}/{when.day}/{when.year}",
                "OccurredFromTime": f"{when.hour}:{when.minute:02d}",
                "IncidentNum": number,
                "Offense": f"SYNTHETIC {says}",
                "NIBRS": code,
                "NIBRSCategory": category,
                "SRS_UCR": srs,
                "CrimeAgainst": against,
                "FelMisdCit": "F",
                "IncidentTopSRS_UCR": srs,
                "IncidentLocation": f"{100 * int(rng.integers(1, 60))} {_STREET}",
                "IntersectionOtherLoc": "",
                "District": place % 6 + 1,
                "Neighborhood": f"Synthetic district {place}",
                "NbhdNum": f"G-{place}" if i % 40 == 3 else place,
                "Latitude": "" if hidden else f"{lat[i]:.6f}",
                "Longitude": "" if hidden else f"{lon[i]:.6f}",
                "IncidentSupplemented": "Yes" if supplemented else "No",
                "LastSuppDate": "8/20/2024" if supplemented else "",
                "VictimNum": 1,
                "FirearmUsed": gun,
                "IncidentNature": f"Synthetic - {category}",
            }
            if keep is raw:
                raw.append(record)
                if code == "13A" and rng.random() < 0.25:
                    raw.append({**record, "VictimNum": 2})
            elif not hidden:
                cleaned.append(_as_cleaned(record, when))
    raw.append({**raw[0], "IncidentNum": "24999999", "IncidentDate": "13/45/2024"})
    return raw, cleaned


def _as_cleaned(record: dict[str, Any], when: pd.Timestamp) -> dict[str, Any]:
    values = (
        record["IncidentNum"], f"{when:%Y-%m-%d %H:%M:%S}", record["NIBRSCategory"], record["NIBRS"],
        record["Offense"], record["IncidentNature"], record["CrimeAgainst"], record["FirearmUsed"],
        record["IncidentLocation"], record["Neighborhood"], str(record["NbhdNum"]).removeprefix("G-"),
        record["District"], record["Latitude"], record["Longitude"],
    )  # fmt: skip
    return dict(zip(COLUMNS_CLEANED, values, strict=True))
