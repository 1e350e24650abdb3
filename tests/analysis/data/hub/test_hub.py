"""The hub on small files: what goes in comes out, once, and nothing is made up."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
import shapely

from analysis.data import HubError, open_hub
from analysis.data.geography.outlines import jurisdiction_outlines

INSIDE = 900_000  # feet east, in the middle of the city


def counts_of(hub, **wanted):
    rows = hub.monthly_counts(**wanted)
    key = rows.columns[0]
    return {(r[key], str(r["month"]), r["offense"]): r["count"] for _, r in rows.iterrows()}


def months_of(panel, path, counts, agency="CA0000001", name="Elsewhere", state="CA", population=200_000):
    rows = pd.DataFrame(
        [
            {
                "agency_id": agency,
                "agency": name,
                "state": state,
                "population": population,
                "year_month": m,
                "murder": c,
            }
            for m, c in counts.items()
        ]
    )
    return panel(path, rows)


def test_an_empty_hub_answers_everything(hub) -> None:
    assert hub.is_empty
    assert hub.places() == []
    assert not hub.synthetic
    assert hub.monthly_counts().empty
    assert hub.monthly_counts(by="jurisdiction").empty
    assert hub.monthly_counts(by="area").empty
    assert hub.incidents().empty
    assert hub.check().agencies.empty
    assert hub.check().messages == ()
    assert hub.donor_panel("homicide", "2020-01", "2021-12").counts.shape == (24, 0)
    assert hub.quarantine().empty
    for table in (
        "agencies",
        "areas",
        "deployments",
        "activities",
        "goals",
        "milestones",
        "meetings",
        "imports",
    ):
        assert len(getattr(hub, table)()) == 0
    with pytest.raises(HubError, match=r"No agency of St\. Louis City is in the hub yet"):
        hub.series("stl_city", "homicide")
    with pytest.raises(HubError, match="no measure"):
        hub.series("stl_city", "litter")


def test_counts_are_net_sums_and_incidents_are_netted_over_files(hub, legacy, tmp_path) -> None:
    first = legacy(
        tmp_path / "a.csv",
        "2019-01",
        [("19-1", 1, "31111", INSIDE), ("19-1", 1, "31111", 0), ("19-2", 1, "10000", INSIDE)],
    )
    later = legacy(tmp_path / "b.csv", "2019-02", [("19-1", -1, "31111", 0), ("19-3", 1, "10000", 0)])
    report = hub.import_files([first, later])
    assert (report.rows_read, report.rows_kept, report.rows_quarantined) == (5, 5, 0)
    counts = counts_of(hub)
    assert counts["MOSPD0000", "2019-01", "robbery"] == 2  # as first published, by coded month
    # One row cancelled in February and none counted: nothing usable, and surely not zero or minus one.
    february = hub.monthly_counts(offenses=["robbery"]).set_index("month").loc[pd.Period("2019-02")]
    assert pd.isna(february["count"])
    assert february["status"] == "missing"
    assert counts["MOSPD0000", "2019-02", "homicide"] == 1
    assert counts["MOSPD0000", "2019-01", "burglary"] == 0  # the file holds the month, so none is zero
    incidents = hub.incidents().set_index(["incident_id", "offense"])
    assert incidents.loc[("19-1", "robbery"), "victims"] == 1
    assert incidents.loc[("19-1", "robbery"), "coded_month"] == "2019-01"
    assert incidents.loc[("19-1", "robbery"), "longitude"] == pytest.approx(-90.24, abs=0.1)
    assert pd.isna(incidents.loc[("19-3", "homicide"), "longitude"])
    assert len(incidents) == 3


def test_the_same_content_again_changes_nothing_and_says_so(hub, legacy, tmp_path) -> None:
    file = legacy(tmp_path / "a.csv", "2019-01", [("19-1", 1, "10000", INSIDE)])
    hub.import_files(file)
    version, before = hub.version, hub.monthly_counts()
    packed = tmp_path / "another name.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    report = hub.import_files([file, packed])
    assert report.unchanged
    assert list(report.files["outcome"]) == ["unchanged", "unchanged"]
    assert any("imported before" in m for m in report.messages)
    assert hub.version == version
    pd.testing.assert_frame_equal(hub.monthly_counts(), before)


def test_twice_in_one_import_counts_once(hub, legacy, tmp_path) -> None:
    a = legacy(tmp_path / "a.csv", "2019-01", [("19-1", 1, "10000", INSIDE)])
    b = tmp_path / "b.csv"
    b.write_bytes(a.read_bytes())
    report = hub.import_files([a, b])
    assert list(report.files["outcome"]) == ["imported", "unchanged"]
    assert counts_of(hub)["MOSPD0000", "2019-01", "homicide"] == 1


def test_a_later_vintage_supersedes_and_the_earlier_is_kept(hub, legacy, tmp_path) -> None:
    old = legacy(tmp_path / "a.csv", "2019-01", [("19-1", 1, "10000", 0), ("19-2", 1, "10000", 0)])
    new = legacy(
        tmp_path / "b.csv",
        "2019-01",
        [("19-1", 1, "10000", 0), ("19-2", 1, "31111", 0), ("19-3", 1, "31111", 0)],
    )
    hub.import_files(new, vintage="2019-06-01")
    hub.import_files(old, vintage="2019-02-01")  # arrives late, but is older
    now = counts_of(hub)
    assert (now["MOSPD0000", "2019-01", "homicide"], now["MOSPD0000", "2019-01", "robbery"]) == (1, 2)
    then = counts_of(hub, as_of="2019-03-01")
    assert (then["MOSPD0000", "2019-01", "homicide"], then["MOSPD0000", "2019-01", "robbery"]) == (2, 0)
    assert hub.monthly_counts(as_of="2018-12-31").empty
    assert len(hub.incidents()) == 3
    assert set(hub.incidents(as_of="2019-03-01")["offense"]) == {"homicide"}
    assert len(hub.imports()) == 2


def test_the_same_month_again_on_the_same_day_is_a_correction_not_an_addition(hub, legacy, tmp_path) -> None:
    hub.import_files(legacy(tmp_path / "a.csv", "2019-01", [("19-1", 1, "10000", 0)]), vintage="2019-02-01")
    hub.import_files(
        legacy(tmp_path / "b.csv", "2019-01", [("19-1", 1, "10000", 0), ("19-2", 1, "10000", 0)]),
        vintage="2019-02-01",
    )
    assert counts_of(hub)["MOSPD0000", "2019-01", "homicide"] == 2
    assert hub.incidents()["victims"].sum() == 2


def test_missing_is_not_zero(hub, panel, tmp_path) -> None:
    counts = {f"2020-{m:02d}": float(m) for m in range(1, 13)} | {"2020-03": 0.0}
    del counts["2020-06"]
    file = months_of(panel, tmp_path / "p.csv", counts, "MO0950000", "St Louis County", "MO")
    hub.import_files(file)
    series = hub.series("stl_county", "homicide")
    assert series.counts.loc["2020-03"] == 0
    assert pd.isna(series.counts.loc["2020-06"])
    assert list(series.counts.index) == list(pd.period_range("2020-01", "2020-12", freq="M"))
    june = series.status.set_index("month").loc[pd.Period("2020-06")]
    assert june["status"] == "missing"
    assert "2020-06" not in {str(m) for m in hub.monthly_counts()["month"]}
    check = hub.check().agencies.iloc[0]
    assert check["complete_through"] == pd.Period("2020-12")


def test_counts_only_works_everywhere(hub, panel, tmp_path) -> None:
    months = pd.period_range("2022-01", "2025-06", freq="M").astype(str)
    file = months_of(
        panel, tmp_path / "p.csv", dict.fromkeys(months, 12.0), "MO0950000", "St Louis County", "MO"
    )
    hub.import_files(file)
    assert hub.places() == ["region", "stl_county"]
    assert hub.incidents("homicide").empty
    assert hub.monthly_counts(by="area").empty
    region = hub.series("region", "homicide")
    assert region.complete_through == pd.Period("2025-06")
    assert "St. Louis County only" in region.notes[0]
    with pytest.raises(HubError, match="firearm"):
        hub.series("stl_county", "gun_violence")
    assert pd.isna(hub.check().agencies["geocoded_share"]).all()


def test_a_refused_file_does_not_stop_the_others(hub, legacy, tmp_path) -> None:
    good = legacy(tmp_path / "good.csv", "2019-01", [("19-1", 1, "10000", 0)])
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"\x00\x01\x02" * 100)
    report = hub.import_files([bad, good])
    assert list(report.files["outcome"]) == ["refused", "imported"]
    assert "bad.csv" in report.messages[0]
    assert not report.unchanged
    assert counts_of(hub)["MOSPD0000", "2019-01", "homicide"] == 1


def test_rows_in_are_rows_kept_and_rows_in_quarantine(hub, legacy, tmp_path) -> None:
    file = legacy(
        tmp_path / "a.csv",
        "2019-01",
        [("19-1", 1, "10000", 0), ("=cmd()", 7, "10000", 0), ("19-3", 1, "x", 0)],
    )
    report = hub.import_files(file)
    assert (report.rows_read, report.rows_kept, report.rows_quarantined) == (3, 1, 2)
    table = hub.quarantine(tmp_path / "quarantine.csv")
    assert set(table["line"]) == {3, 4}
    assert {"file", "line", "column", "value", "rule", "remedy", "row"} <= set(table.columns)
    written = pd.read_csv(tmp_path / "quarantine.csv", dtype=str)
    assert len(written) == len(table)
    assert not written["row"].str.match(r"^[=+\-@]").any()


def test_areas_give_incidents_their_place_whenever_they_come(hub, legacy, tmp_path) -> None:
    file = legacy(tmp_path / "a.csv", "2019-01", [("19-1", 1, "10000", INSIDE), ("19-2", 1, "21000", INSIDE)])
    hub.import_files(file)
    assert hub.incidents()["area_id"].isna().all()
    city = jurisdiction_outlines()["stl_city"]
    west, south, east, north = city.bounds
    area = tmp_path / "areas.geojson"
    halves = {5: shapely.box(west, south, east, 38.63), 4: shapely.box(west, 38.63, east, north)}
    features = [
        {
            "type": "Feature",
            "properties": {"nhd_num": number, "nhd_name": f"Half {number}"},
            "geometry": shapely.geometry.mapping(city.intersection(half)),
        }
        for number, half in halves.items()
    ]
    area.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    report = hub.import_files(area)
    assert list(report.files["layout"]) == ["areas"]
    rows = hub.incidents().set_index("offense")
    # The row names neighbourhood 5, the southern half; the point lies in the northern one.
    assert rows.loc["homicide", "area_id"] == "stl_city-4"
    assert rows.loc["homicide", "location_quality"] == "outside_named_area"
    assert rows.loc["homicide", "h3_r9"].startswith("89")
    assert rows.loc["rape", ["longitude", "latitude", "area_id", "h3_r9"]].isna().all()
    assert rows.loc["rape", "location_quality"] == "withheld"
    by_area = hub.monthly_counts(by="area")
    assert "rape" not in set(by_area["offense"])
    assert by_area.query("area_id == 'stl_city-4' and offense == 'homicide'")["count"].tolist() == [1]
    assert len(hub.incidents(area="stl_city-4")) == 1
    assert hub.incidents(area="stl_city-5").empty
    with pytest.raises(HubError, match="no area"):
        hub.incidents(area="nowhere")


def test_a_name_becomes_an_identifier_when_another_file_brings_it(hub, panel, tmp_path) -> None:
    months = {"2020-01": 3.0, "2020-02": 4.0}
    hub.import_files(months_of(panel, tmp_path / "a.csv", months, "X-CA-Elsewhere"))
    assert hub.agencies()["agency_id"].tolist() == ["X-CA-Elsewhere"]
    hub.import_files(months_of(panel, tmp_path / "b.csv", {"2020-03": 5.0}))
    assert hub.agencies()["agency_id"].tolist() == ["CA0000001"]
    assert counts_of(hub, offenses=["homicide"]) == {
        ("CA0000001", m, "homicide"): c for m, c in (months | {"2020-03": 5.0}).items()
    }


def test_tables_of_the_data_package_come_as_csv(hub, root) -> None:
    samples = root / "data_samples"
    report = hub.import_files([samples / "deployments.csv", samples / "goals.csv", samples / "areas.geojson"])
    assert list(report.files["outcome"]) == ["imported"] * 3
    assert len(hub.deployments()) == len(pd.read_csv(samples / "deployments.csv"))
    assert len(hub.goals()) == len(pd.read_csv(samples / "goals.csv"))


def test_a_bad_row_of_a_table_goes_to_quarantine(hub, tmp_path) -> None:
    file = tmp_path / "milestones.csv"
    file.write_text(
        "date,title,text,status,source\n2026-01-05,Start,,done,x\n05/01/2026,When,,done,x\n2026-02-01,End,,soon,x\n"
    )
    report = hub.import_files(file)
    assert (report.rows_read, report.rows_kept, report.rows_quarantined) == (3, 1, 2)
    assert hub.milestones()["title"].tolist() == ["Start"]
    quarantine = hub.quarantine().set_index("line")
    assert quarantine.loc[3, "column"] == "date"
    assert quarantine.loc[4, "value"] == "soon"
    assert "planned, done, late, dropped" in quarantine.loc[4, "remedy"]


def test_a_package_opens_read_only_with_the_same_answers(root) -> None:
    sample = root / "data_samples"
    package = open_hub(sample)
    assert package.read_only
    assert package.synthetic
    assert set(package.places()) == {"region", "stl_city", "stl_county", "st_clair"}
    with pytest.raises(HubError, match="data package"):
        package.import_files([])
    assert package.version == open_hub(sample).version


def test_what_is_no_hub_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="no hub"):
        open_hub(tmp_path / "none", create=False)
    (tmp_path / "letters.txt").write_text("x")
    with pytest.raises(HubError, match="neither a hub nor a data package"):
        open_hub(tmp_path)
    with pytest.raises(HubError, match="is a file"):
        open_hub(tmp_path / "letters.txt")


def test_read_only_refuses_to_write(hub, legacy, tmp_path) -> None:
    file = legacy(tmp_path / "a.csv", "2019-01", [("19-1", 1, "10000", 0)])
    with pytest.raises(HubError, match="read only"):
        open_hub(hub.path, read_only=True).import_files(file)
    with pytest.raises(HubError, match="no date"):
        hub.import_files(file, vintage="last week")


def test_another_process_sees_an_import_after_refresh(hub, legacy, tmp_path) -> None:
    other = open_hub(hub.path)
    hub.import_files(legacy(tmp_path / "a.csv", "2019-01", [("19-1", 1, "10000", 0)]))
    assert other.is_empty
    other.refresh()
    assert not other.is_empty
    assert other.version == hub.version


def test_progress_is_told(hub, legacy, tmp_path) -> None:
    said: list[tuple[int, int, str]] = []
    hub.import_files(
        legacy(tmp_path / "a.csv", "2019-01", [("19-1", 1, "10000", 0)]),
        progress=lambda *step: said.append(step),
    )
    assert said[0] == (0, 2, "a.csv")
    assert said[-1][:2] == (2, 2)
    assert [s[0] for s in said] == sorted(s[0] for s in said)
