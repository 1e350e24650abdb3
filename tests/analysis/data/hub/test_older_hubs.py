"""A hub that was made before a column came: it opens, tells nothing there, and takes rows with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.data import open_hub
from analysis.data.schema import ALL_TABLES, TABLES, Table

GOAL = {
    "goal_id": "g", "measure": "homicide", "place": "region", "baseline_start": "2022-01",
    "baseline_end": "2024-12", "start": "2025-01", "months": 36, "reduction": 0.2, "reading": "third_year",
    "default": True,
}  # fmt: skip
#: Table → columns that came later.
LATER = {"goals": ["source_start", "source_reading"], "milestones": ["kind"], "accepted": ["reason"]}
ACCEPTED = {
    "agency_id": "A", "month": "2026-01", "offense": "robbery", "who": "B", "accepted_at": "2026-03-01T00:00",
}  # fmt: skip


def without(table: Table, names: list[str]) -> Table:
    return replace(table, fields=tuple(f for f in table.fields if f.name not in names))


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A hub written with tables that lack the later columns."""
    patch = pytest.MonkeyPatch()
    for name, columns in LATER.items():
        for tables in (TABLES, ALL_TABLES):
            if name in tables:
                patch.setitem(tables, name, without(tables[name], columns))
    hub = open_hub(tmp_path / "hub")
    hub.put("goals", pd.DataFrame([{**GOAL, "version": 1}]))
    hub.put("milestones", pd.DataFrame([{"date": "2025-01-01", "title": "Training A", "status": "done"}]))
    with hub._writable().transaction() as work:  # a table to which files are added and never replaced
        work.append("accepted", pd.DataFrame([ACCEPTED]))
    patch.undo()
    return tmp_path / "hub"


def test_it_opens_and_the_new_columns_are_empty(older: Path) -> None:
    hub = open_hub(older)
    assert hub.milestones()["kind"].isna().tolist() == [True]
    assert hub.goals()["source_start"].isna().tolist() == [True]
    assert hub.audit().intact


def test_rows_with_the_new_columns_are_taken_in(older: Path, tmp_path: Path) -> None:
    hub = open_hub(older)
    hub.put("goals", pd.DataFrame([{**GOAL, "version": 2, "source_start": "Board"}]))
    file = tmp_path / "milestones.csv"
    file.write_text("date,title,status,kind\n2026-01-01,Training B,done,training\n2026-02-01,X,done,party\n")
    report = hub.import_files([file])
    assert (report.rows_kept, report.rows_quarantined) == (1, 1)  # a kind that does not exist is refused
    again = open_hub(older)
    assert again.goals()["source_start"].fillna("").tolist() == ["", "Board"]
    assert again.milestones()["kind"].fillna("").tolist() == ["", "training"]
    assert again.audit().intact
    assert len(again.audit().entries) == 4


def test_files_with_fewer_columns_are_read_beside_newer_ones(older: Path) -> None:
    with open_hub(older)._writable().transaction() as work:
        work.append("accepted", pd.DataFrame([{**ACCEPTED, "month": "2026-02", "reason": "a festival"}]))
    rows = open_hub(older).accepted().sort_values("month")
    assert rows["month"].tolist() == ["2026-01", "2026-02"]
    assert rows["reason"].fillna("").tolist() == ["", "a festival"]
