"""The audit log: everything is in it, and nothing can be changed in it unnoticed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.data import Hub, HubError, open_hub
from analysis.data.arrivals.audit import ORIGIN, entry_hash, verify
from analysis.data.store import Pointer, read_pointer, write_pointer


@pytest.fixture
def hub(tmp_path: Path, root: Path) -> Hub:
    made = open_hub(tmp_path / "hub")
    made.import_files([root / "data_samples" / "deployments.csv"], who="A. Person")
    made.import_files([root / "data_samples" / "activities.csv"], who="B. Person")
    made.note(who="C. Person", action="note", details="=SUM(1)")
    return made


def test_every_change_is_an_entry(hub: Hub, root: Path) -> None:
    log = hub.audit()
    assert log.intact
    assert log.entries["who"].tolist() == ["A. Person", "B. Person", "C. Person"]
    assert "deployments.csv" in log.entries["details"].iloc[0]
    assert log.entries["previous"].iloc[0] == ORIGIN
    version = hub.version
    hub.import_files([root / "data_samples" / "deployments.csv"], who="D. Person")  # nothing new
    assert hub.version == version
    assert len(hub.audit().entries) == 3


def test_it_is_verified_when_the_hub_is_opened_again(hub: Hub) -> None:
    again = open_hub(hub.path, read_only=True).audit()
    assert again.intact
    assert "All 3 entries" in again.sentence


@pytest.mark.parametrize("change", ["words", "remove", "add", "cut"])
def test_a_changed_log_is_noticed(hub: Hub, change: str) -> None:
    rows = hub.audit().entries
    anchor = read_pointer(hub.path).hashes["audit"]
    if change == "words":
        rows.loc[1, "who"] = "Nobody"
    elif change == "remove":
        rows = rows.drop(index=1)
    elif change == "add":
        extra = rows.iloc[[2]].assign(number=4, previous=rows["hash"].iloc[2])
        rows = pd.concat([rows, extra.assign(hash=[entry_hash(extra.iloc[0].to_dict())])])
    else:
        rows = rows.head(2)
    log = verify(rows, anchor)
    assert not log.intact
    assert "audit log" in log.sentence


def test_a_forged_tail_needs_the_hub_s_own_record_too(hub: Hub) -> None:
    pointer = read_pointer(hub.path)
    forged = Pointer(
        pointer.hub_id, pointer.number, pointer.tables, pointer.synthetic, {"audit": f"2:{ORIGIN}"}
    )
    write_pointer(hub.path, forged)
    assert not open_hub(hub.path).audit().intact


def test_only_the_ledger_is_appended_to(hub: Hub) -> None:
    with pytest.raises(HubError, match="own tables only"):
        hub.record("agencies", pd.DataFrame(), who="A", action="x")
    with pytest.raises(HubError, match="own tables only"):
        hub.record("audit", pd.DataFrame(), who="A", action="x")


def test_a_data_package_has_an_empty_log(root: Path) -> None:
    log = open_hub(root / "data_samples").audit()
    assert log.intact
    assert log.entries.empty
