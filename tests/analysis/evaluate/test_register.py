"""The register: declared before results, and changed only by a new version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.data import Hub, HubError, open_hub
from analysis.evaluate import by_rule, declarations, declare, register, versions

KEY = "fd-city·stl_city·homicide·its"


@pytest.fixture
def hub(tmp_path: Path, root: Path) -> Hub:
    made = open_hub(tmp_path / "hub")
    made.import_files([root / "data_samples" / "deployments.csv"], who="test")
    return made


def test_the_rule_declares_everything_with_a_day(hub: Hub) -> None:
    table = declarations(hub)
    assert table["evaluation_id"].is_unique
    assert set(table["version"]) == {1}
    assert table["declared_on"].str.match(r"\d{4}-\d{2}-\d{2}").all()
    assert len(register(hub)) == len(table)


def test_a_change_is_a_new_version_and_the_old_one_stays(hub: Hub) -> None:
    change = pd.DataFrame([{"evaluation_id": KEY, "start": "2025-02"}])
    made = declare(hub, change, who="A. Person", reason="first call-in was in February", on="2026-11-20")
    assert made["version"].tolist() == [2]
    newest = declarations(hub).set_index("evaluation_id").loc[KEY]
    assert (newest["start"], newest["who"], newest["version"]) == ("2025-02", "A. Person", 2)
    assert "start 2025-01 instead of 2025-02" in newest["differs"]
    assert any(q.start == "2025-02" and q.method == "its" for q in register(hub))
    assert declare(hub, change, who="A. Person", reason="again").empty  # nothing changed, nothing written
    stored = hub.declarations()
    assert len(stored) == 1
    assert hub.audit().entries["action"].tolist()[-1] == "declare evaluations"
    assert len(versions(hub)) == len(declarations(hub))


def test_the_whole_rule_can_be_written_down_once(hub: Hub) -> None:
    made = declare(hub, by_rule(hub), who="A. Person", reason="before the first results", on="2026-11-24")
    assert len(made) == len(declarations(hub)) > 100
    assert set(declarations(hub)["declared_on"]) == {"2026-11-24"}
    assert declare(hub, by_rule(hub), who="A. Person", reason="again").empty


def test_withdrawn_questions_are_listed_and_not_asked(hub: Hub) -> None:
    declare(
        hub, pd.DataFrame([{"evaluation_id": KEY, "status": "withdrawn"}]), who="A", reason="too few events"
    )
    table = declarations(hub).set_index("evaluation_id")
    assert table.loc[KEY, "status"] == "withdrawn"
    assert not any(
        q.subject == "fd-city" and q.measure == "homicide" and q.method == "its" for q in register(hub)
    )


def test_what_cannot_be_asked_is_refused(hub: Hub) -> None:
    with pytest.raises(HubError, match="say who"):
        declare(hub, pd.DataFrame([{"evaluation_id": KEY, "start": "2025-02"}]), who=" ", reason="x")
    with pytest.raises(HubError, match="is no month"):
        declare(hub, pd.DataFrame([{"evaluation_id": KEY, "start": "soon"}]), who="A", reason="x")
    odd = {
        "subject": "fd-city",
        "place": "stl_city",
        "measure": "happiness",
        "method": "its",
        "start": "2025-01",
    }
    with pytest.raises(HubError, match="Measures are"):
        declare(hub, pd.DataFrame([odd]), who="A", reason="x")


def test_without_deployments_it_is_illustrative(root: Path, tmp_path: Path) -> None:
    made = open_hub(tmp_path / "hub")
    assert declarations(made).empty
    assert register(made) == []


@pytest.mark.real
def test_real_places_are_illustrative(hubs: Any) -> None:
    table = declarations(open_hub(hubs.path("real")))
    assert table["illustrative"].astype(bool).all()
    assert "stl_city" in set(table["place"])
    assert set(table["start"]) == {"2025-01"}
