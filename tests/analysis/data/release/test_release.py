"""A release: the same bytes every time, refused when touched, and read like the hub it was made from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import h3
import pandas as pd
import pytest

from analysis.data import Hub, HubError, open_hub
from analysis.data.privacy import AUDIENCES
from analysis.data.release import Release, ReleaseError, build_release, is_release, open_release
from analysis.data.release.build import about, check_tables
from analysis.data.release.tables import place_series
from analysis.data.vocabulary import MEASURES


@pytest.fixture(scope="module")
def hub(root: Path) -> Hub:
    return open_hub(root / "data_samples", create=False)


@pytest.fixture(scope="module")
def public(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public") / "release"
    build_release(hub, "public", folder, answers={"page/answer": (1, "two")})
    return folder


@pytest.fixture
def touched(public: Path, tmp_path: Path) -> Callable[[str, Callable[[bytes], bytes]], Path]:
    """A copy of the release in which one file was changed."""

    def change(name: str, how: Callable[[bytes], bytes]) -> Path:
        copy = tmp_path / "copy"
        shutil.copytree(public, copy)
        file = copy / name
        file.chmod(0o644)
        file.write_bytes(how(file.read_bytes()))
        return copy

    return change


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_hub_gives_the_same_bytes(root: Path, public: Path, tmp_path: Path) -> None:
    build_release(
        open_hub(root / "data_samples", create=False), "public", tmp_path / "again",
        answers={"page/answer": (1, "two")},
    )  # fmt: skip
    assert contents(tmp_path / "again") == contents(public)


def test_the_manifest_says_what_it_is(public: Path, hub: Hub) -> None:
    record = json.loads((public / "manifest.json").read_text())
    assert record["audience"] == "public"
    assert record["data_version"] == hub.version
    assert record["vintage"] == hub.vintages()[-1]
    assert record["sources"]
    assert record["software"]["pandas"] == pd.__version__
    assert record["rules"]["k"] == 5
    assert set(record["files"]) == set(contents(public)) - {"manifest.json"}


FILES = ("tables/series.parquet", "tables/areas.parquet", "series.json", "answers/page/answer.json")


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_is_refused(touched, name: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ReleaseError, match=rf"{name} is cut short.*Copy the release again"):
        open_release(touched(name, lambda b: b[:-1]))


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_one_bit_changed_is_refused(touched, name: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ReleaseError, match=f"{name} was changed"):
        open_release(
            touched(name, lambda b: b[: len(b) // 2] + bytes([b[len(b) // 2] ^ 1]) + b[len(b) // 2 + 1 :])
        )


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda b: b.replace(b'"public"', b'"researcher"'), "was changed"),
        (lambda b: b[: len(b) // 2], "cannot be read whole"),
        (lambda _: b"[]", "cannot be read whole"),
        (lambda b: b.replace(b'"format": 1', b'"format": 9'), "format 9"),
    ],
)
def test_a_touched_manifest_is_refused(touched, how, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ReleaseError, match=said):
        open_release(touched("manifest.json", how))


def test_missing_and_added_files_are_refused(public: Path, tmp_path: Path) -> None:
    shutil.copytree(public, tmp_path / "less")
    (tmp_path / "less" / "tables" / "goals.parquet").unlink()
    with pytest.raises(ReleaseError, match=r"goals\.parquet is missing"):
        open_release(tmp_path / "less")
    shutil.copytree(public, tmp_path / "more")
    (tmp_path / "more" / "tables" / "incidents.parquet").write_bytes(b"")
    with pytest.raises(ReleaseError, match="is not part of it"):
        open_release(tmp_path / "more")
    with pytest.raises(ReleaseError, match="There is no release"):
        open_release(tmp_path)
    assert not is_release(tmp_path)


def test_a_file_changed_after_opening_is_refused_when_it_is_read(public: Path, tmp_path: Path) -> None:
    shutil.copytree(public, tmp_path / "copy")
    opened = open_release(tmp_path / "copy")
    file = tmp_path / "copy" / "tables" / "goals.parquet"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[::-1])
    with pytest.raises(ReleaseError, match="was changed"):
        opened.goals()


def test_a_release_is_never_written_over(public: Path, hub: Hub) -> None:
    with pytest.raises(ReleaseError, match="never changed"):
        build_release(hub, "public", public)
    with pytest.raises(ReleaseError, match="There is no audience"):
        build_release(hub, "everybody", public.parent / "other")
    assert not (public.parent / "other").exists()


# ---------------------------------------------------------------- reading


def test_it_reads_like_the_hub(public: Path, hub: Hub) -> None:
    opened = open_release(public)
    assert isinstance(opened, Release)
    assert isinstance(opened, Hub)
    assert opened.synthetic
    assert opened.read_only
    assert not opened.is_empty
    shown = 0
    for place in hub.places():
        for measure in MEASURES:
            if f"{place}/{measure}" in opened.about["withheld"]:
                continue
            ours, theirs = opened.series(place, measure), hub.series(place, measure)
            pd.testing.assert_series_equal(ours.counts, theirs.counts, check_names=False)
            pd.testing.assert_frame_equal(ours.status, theirs.status)
            assert (ours.notes, ours.definition) == (theirs.notes, theirs.definition)
            assert ours.complete_through == theirs.complete_through
            early = opened.series(place, measure, through="2025-06")
            assert early.complete_through == pd.Period("2025-06", "M")
            shown += 1
    assert shown >= 10
    for name in ("agencies", "populations", "deployments", "goals", "milestones", "meetings", "benchmarks"):
        pd.testing.assert_frame_equal(getattr(opened, name)(), getattr(hub, name)())
    assert opened.areas()["geometry"].iloc[0].equals_exact(hub.areas()["geometry"].iloc[0], 1e-5)
    ours, theirs = (h.donor_panel("violent_street_crime", "2021-01", "2025-12") for h in (opened, hub))
    pd.testing.assert_frame_equal(ours.counts, theirs.counts, check_names=False)
    assert opened.answer("page/answer") == (1, "two")
    assert opened.vintages() == hub.vintages()[-1:]


def test_what_the_public_may_not_see_is_refused_in_words(public: Path) -> None:
    opened = open_release(public)
    for ask in (opened.incidents, opened.quarantine, opened.check, opened.monthly_counts):
        with pytest.raises(HubError, match="public audience holds no"):
            ask()
    with pytest.raises(HubError, match="never changed"):
        opened.import_files([])
    with pytest.raises(HubError, match="holds no result"):
        opened.answer("page/other")
    with pytest.raises(HubError, match=r"fewer than 5.*By year: 20\d\d: \d+"):
        opened.series("st_clair", "homicide")
    assert opened.monthly_counts(by="area").empty
    months = opened.monthly_counts(by="jurisdiction")
    assert not months["count"].between(1, 4).any()
    assert not months["offense"].isin(["rape", "sex_offense", "aggravated_assault_domestic"]).any()
    people = opened.activities()
    assert not people["value"].between(1, 4).any()


def test_small_totals_are_shown_when_the_operator_says_so(hub: Hub, public: Path) -> None:
    shown = place_series(hub, AUDIENCES["public"], small_totals=True)
    assert shown.series["st_clair", "homicide"].counts.between(1, 4).any()
    said = about(hub, AUDIENCES["public"], shown, small_totals=True)
    assert said["small_totals_shown"]
    assert "their agencies publish these months" in said["small_totals_meaning"]
    assert "is withheld" in open_release(public).about["small_totals_meaning"]


def test_small_totals_open_nothing_but_whole_places(tmp_path: Path) -> None:
    cells = pd.DataFrame({"cell": ["882640c965fffff"], "count": [3.0]})
    empty = open_hub(tmp_path / "hub")
    with pytest.raises(ReleaseError, match="1 counts below 5"):
        build_release(empty, "public", tmp_path / "no", tables={"cells": cells}, small_totals=True)
    assert not (tmp_path / "no").exists()


def test_researchers_get_incidents_in_the_middle_of_their_cells(hub: Hub, tmp_path: Path) -> None:
    build_release(hub, "researcher", tmp_path / "r")
    rows, true = open_release(tmp_path / "r").incidents(), hub.incidents()
    assert len(rows) == len(true)
    placed = rows.dropna(subset="longitude")
    assert len(placed) == true["longitude"].notna().sum()
    for lng, lat in placed[["longitude", "latitude"]].drop_duplicates().head(300).itertuples(index=False):
        assert h3.cell_to_latlng(h3.latlng_to_cell(lat, lng, 10)) == pytest.approx((lat, lng), abs=1e-9)
    assert not set(rows["incident_id"]) & set(true["incident_id"])
    assert (
        rows.groupby(["agency_id", "incident_id"]).ngroups
        == true.groupby(["agency_id", "incident_id"]).ngroups
    )
    assert rows[["code", "area_name", "row_order", "reported_at"]].isna().all(axis=None)
    some = open_release(tmp_path / "r").incidents("robbery", "2025-01", "2025-03")
    assert set(some["offense"]) == {"robbery"}
    assert some["coded_month"].between("2025-01", "2025-03").all()


def test_an_empty_hub_makes_an_empty_release(tmp_path: Path) -> None:
    build_release(open_hub(tmp_path / "hub"), "public", tmp_path / "release")
    opened = open_release(tmp_path / "release")
    assert opened.is_empty
    assert opened.places() == []
    with pytest.raises(HubError, match="No agency"):
        opened.series("stl_city", "homicide")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pd.DataFrame({"incident_id": ["x"], "count": [9]}), "incident_id"),
        (pd.DataFrame({"count": [0.0, 4.0, 12.0]}), "1 counts below 5"),
        (pd.DataFrame({"cell": ["892640c9657ffff"], "count": [20.0]}), "finer than resolution 8"),
    ],
)
def test_the_last_look_refuses_what_the_public_may_not_see(table: pd.DataFrame, said: str) -> None:
    with pytest.raises(ReleaseError, match=said):
        check_tables({"x": table}, AUDIENCES["public"])
    check_tables({"x": table}, AUDIENCES["researcher"])
