"""Intake: look first, then a person decides; bounded, logged, and nothing is ever run."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from analysis.data import Hub, HubError, open_hub
from analysis.data.arrivals import intake
from analysis.data.arrivals.intake import accept_file, formulas, hand_in, look_at, reject_file, waiting

HEAD = b"deployment_id,month,activity,value,planned\r\n"
GOOD = HEAD + b"d1,2025-01,contacts,12,20\r\nd1,2025-02,contacts,0,20\r\n"
BAD = HEAD + b"d1,2025-01,contacts,twelve,20\r\nd1,2025-99,contacts,3,20\r\n"


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return open_hub(tmp_path / "hub")


def test_nothing_counts_before_it_is_accepted(hub: Hub) -> None:
    look = hand_in(hub, "activities.csv", GOOD, who="A. Person")
    assert (look.file.outcome, look.file.rows_kept, look.file.rows_quarantined) == ("imported", 2, 0)
    assert hub.activities().empty
    report = accept_file(hub, look.file.id, who="B. Person")
    assert report.rows_kept == 2
    assert len(hub.activities()) == 2
    assert waiting(hub) == []
    actions = hub.audit().entries["action"].tolist()
    assert actions == ["hand in file", "import files", "accept file"]
    assert hub.audit().intact


def test_errors_are_told_row_by_row_and_need_a_reason(hub: Hub) -> None:
    look = hand_in(hub, "work.csv", BAD, who="A")
    assert look.findings["line"].tolist() == [2, 3]
    assert look.findings["column"].tolist() == ["value", "month"]
    assert look.findings["remedy"].str.len().min() > 5
    pd.testing.assert_frame_equal(look_at(hub, look.file.id).findings, look.findings, check_dtype=False)
    with pytest.raises(HubError, match="write a reason"):
        accept_file(hub, look.file.id, who="B")
    accept_file(hub, look.file.id, who="B", reason="the two rows follow next week")
    assert "follow next week" in hub.audit().entries["details"].iloc[-1]


def test_rejected_files_leave_a_name_and_a_reason(hub: Hub) -> None:
    look = hand_in(hub, "note.csv", b"to,whom,it\r\nmay,concern,us\r\n", who="A")
    assert look.file.outcome == "refused"
    with pytest.raises(HubError, match="cannot be read"):
        accept_file(hub, look.file.id, who="B")
    with pytest.raises(HubError, match="why"):
        reject_file(hub, look.file.id, who="B", reason=" ")
    reject_file(hub, look.file.id, who="B", reason="not a table")
    assert waiting(hub) == []
    assert not (hub.path / "pending" / look.file.id).exists()
    assert hub.audit().entries["action"].tolist()[-1] == "reject file"


def test_cells_that_a_spreadsheet_would_run(hub: Hub) -> None:
    text = b"a,b\r\n=cmd|' /C calc'!A0,-5\r\n+1,-1.5e3\r\n@SUM(A1),plain\r\n-two,\" =1+1\"\r\n"
    found = formulas("x.csv", text)
    assert found["line"].tolist() == [2, 4, 5, 5]
    assert found["column"].tolist() == ["a", "a", "a", "b"]
    risky = b"deployment_id,month,activity,value,planned\r\n=HYPERLINK(1),2025-01,contacts,1,2\r\n"
    look = hand_in(hub, "risky.csv", risky, who="A")
    assert look.file.formulas == 1
    with pytest.raises(HubError, match="spreadsheet would run"):
        accept_file(hub, look.file.id, who="B")
    assert len(formulas("x.csv.gz", gzip.compress(text))) == 4


@pytest.mark.parametrize("name", ["../../evil.csv", "a\\b\\evil.csv", "/etc/evil.csv"])
def test_a_name_is_never_a_path(hub: Hub, name: str) -> None:
    look = hand_in(hub, name, GOOD, who="A")
    assert look.file.name == "evil.csv"
    assert [p.name for p in hub.path.rglob("evil.csv")] == ["evil.csv"]


def test_bounds(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content, words in (
        ("x.exe", GOOD, "of no kind"), (".csv", GOOD, "of no kind"), ("x.csv", b"", "is empty"),
    ):  # fmt: skip
        with pytest.raises(HubError, match=words):
            hand_in(hub, name, content, who="A")
    monkeypatch.setattr(intake, "LIMIT_BYTES", 10)
    with pytest.raises(HubError, match="at most"):
        hand_in(hub, "x.csv", GOOD, who="A")
    monkeypatch.setattr(intake, "LIMIT_BYTES", 10_000)
    monkeypatch.setattr(intake, "LIMIT_UNPACKED", 50)
    with pytest.raises(HubError, match="unpacks to more"):
        hand_in(hub, "x.csv.gz", gzip.compress(GOOD), who="A")
    assert waiting(hub) == []


def test_the_same_content_waits_once_and_changes_are_noticed(hub: Hub) -> None:
    look = hand_in(hub, "a.csv", GOOD, who="A")
    with pytest.raises(HubError, match="waits already"):
        hand_in(hub, "b.csv", GOOD, who="A")
    (hub.path / "pending" / look.file.id / "a.csv").write_bytes(BAD)
    with pytest.raises(HubError, match="was changed"):
        accept_file(hub, look.file.id, who="B")
    with pytest.raises(HubError, match="No file nothing"):
        look_at(hub, "nothing")


def test_imported_before_is_said(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "activities.csv"
    path.write_bytes(GOOD)
    hub.import_files([path])
    assert hand_in(hub, "again.csv", path, who="A").file.outcome == "unchanged"


def test_a_data_package_takes_no_files(root: Path) -> None:
    with pytest.raises(HubError, match="not written"):
        hand_in(open_hub(root / "data_samples"), "a.csv", GOOD, who="A")
