"""The intake page: for the hub's staff alone; what a file holds is shown, decided on, and logged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.data import Hub, open_hub
from analysis.data.arrivals.intake import hand_in, waiting
from dashboard.views import intake as view

HEAD = b"deployment_id,month,activity,value,planned\r\n"
GOOD = HEAD + b"d1,2025-01,contacts,12,20\r\nd1,2025-02,contacts,0,20\r\n"
#: A wrong value, a formula, and Markdown that would load a picture from elsewhere.
BAD = HEAD + b"d1,2025-01,contacts,twelve,20\r\n=HYPERLINK(1),2025-02,contacts,3,20\r\n" \
    b"![x](//evil.example/p),2025-13,contacts,3,20\r\n"  # fmt: skip
NAME = "a <b>![x](evil) file.csv"


@pytest.fixture
def folder(tmp_path: Path, hubs: Any) -> Path:
    """A hub of its own that holds figures, some of them suspect."""
    made = tmp_path / "hub"
    shutil.copytree(hubs.path("counts_only"), made)
    return made


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, root: Path) -> Any:
    def run(hub: Path, audience: str = "hub") -> AppTest:
        monkeypatch.setenv("SLN_HUB", str(hub))
        monkeypatch.setenv("SLN_AUDIENCE", audience)
        at = AppTest.from_file(str(root / "dashboard" / "app.py"), default_timeout=120)
        at.switch_page("../pages/intake.py")
        at.run()
        assert not at.exception, at.exception
        return at

    return run


def said(at: AppTest) -> str:
    parts = [at.title, at.header, at.subheader, at.markdown, at.info, at.error, at.success, at.warning]
    return "\n".join(str(e.value) for p in parts for e in p)


def actions(hub: Path) -> list[str]:
    log: Hub = open_hub(hub)
    assert log.audit().intact
    return [str(a) for a in log.audit().entries["action"]]


@pytest.mark.parametrize("audience", ["public", "council", "researcher"])
def test_nobody_else_gets_the_page(page: Any, folder: Path, audience: str) -> None:
    at = page(folder, audience)
    assert [t.value for t in at.title] != ["Intake"]
    assert not at.file_uploader
    assert not at.text_area


def test_even_the_page_itself_shows_nothing_to_others(
    monkeypatch: pytest.MonkeyPatch, root: Path, folder: Path
) -> None:
    monkeypatch.setenv("SLN_HUB", str(folder))
    monkeypatch.setenv("SLN_AUDIENCE", "researcher")
    at = AppTest.from_file(str(root / "pages" / "intake.py"), default_timeout=60).run()
    assert said(at) == "This page is for the hub’s own staff."
    assert not at.dataframe


def test_a_good_file_from_upload_to_log(page: Any, folder: Path) -> None:
    at = page(folder)
    assert at.title[0].value == "Intake"
    at.text_input(key="intake_who").set_value("A. Person").run()
    at.file_uploader[0].set_value(("work.csv", GOOD, "text/csv"))
    next(b for b in at.button if b.label == "Look at it").click().run()
    assert not at.exception, at.exception
    one = waiting(open_hub(folder))[0]
    assert (one.name, one.who, one.rows_kept) == ("work.csv", "A. Person", 2)
    assert open_hub(folder).activities().empty
    assert "2 rows read: 2 would be kept and 0 refused" in said(at)
    at.button(key=f"accept_{one.id}").click().run()
    assert not at.exception, at.exception
    assert "was accepted: 2 rows kept" in said(at)
    assert len(open_hub(folder).activities()) == 2
    assert actions(folder)[-3:] == ["hand in file", "import files", "accept file"]
    assert "The chain holds" in said(at)


def test_what_is_wrong_is_shown_and_never_run(page: Any, folder: Path) -> None:
    one = hand_in(open_hub(folder), NAME, BAD, who="=A()").file
    at = page(folder)
    tables = [d.value for d in at.dataframe]
    refused = next(t for t in tables if "What to do" in t)
    assert list(refused.columns) == ["File", "Row", "Column", "Value", "Rule it breaks", "What to do"]
    assert {2, 4} <= set(refused["Row"])
    assert "“twelve”" in set(refused["Value"])
    risky = next(t for t in tables if list(t.columns) == ["File", "Row", "Column", "Value"])
    assert risky["Value"].tolist() == ["“=HYPERLINK(1)”"]
    for table in tables:
        for column in table.select_dtypes(exclude="number"):
            assert not table[column].astype(str).str.match(r"^\s*[=+\-@]").any(), column
    assert "![x]" not in said(at)
    assert "<b>" not in said(at).replace(r"\<b\>", "")
    at.text_input(key="intake_who").set_value("B. Person").run()
    at.button(key=f"accept_{one.id}").click().run()
    assert "write a reason" in said(at)
    at.button(key=f"reject_{one.id}").click().run()
    assert "say who decides and why" in said(at)
    at.text_area(key=f"why_{one.id}").set_value("ask again")
    at.button(key=f"reject_{one.id}").click().run()
    assert "was rejected" in said(at)
    assert waiting(open_hub(folder)) == []
    last = open_hub(folder).audit().entries.iloc[-1]
    assert (last["who"], last["action"]) == ("B. Person", "reject file")
    assert "ask again" in last["details"]


def test_a_suspect_month_needs_a_name_and_a_reason(page: Any, folder: Path) -> None:
    hub = open_hub(folder)
    counts = hub.monthly_counts(offenses=["robbery"])
    ours = hub.agencies().loc[lambda t: t["jurisdiction"].notna(), "agency_id"]
    odd = counts[counts["agency_id"].isin(ours)].iloc[[-1]]
    odd = odd[["agency_id", "source", "month", "offense"]].assign(kind="spike", why="far above its months")
    with hub._writable().transaction() as work:
        work.append("suspects", odd.assign(month=odd["month"].astype(str)))
    rows = view.open_suspects(open_hub(folder).check().suspects, open_hub(folder).agencies())
    assert len(rows) == 1
    at = page(folder)
    at.selectbox(key="suspect_agency").set_value(rows["agency_id"].iloc[0]).run()
    month = rows["month"].iloc[0]
    at.multiselect[0].set_value([month])
    use = next(b for b in at.button if b.label == "Use these months")
    use.click().run()
    assert "say why and who decides" in said(at)
    at.text_input(key="intake_who").set_value("A. Person").run()
    at.multiselect[0].set_value([month])
    at.text_area[-1].set_value("a festival")
    next(b for b in at.button if b.label == "Use these months").click().run()
    assert "used from now on" in said(at)
    kept = open_hub(folder).accepted()
    assert set(kept["month"]) == {month}
    assert set(kept["who"]) == {"A. Person"}
    assert actions(folder)[-1] == "accept suspect months"


def test_where_nothing_can_be_handed_in_it_says_why(page: Any, root: Path) -> None:
    at = page(root / "data_samples")
    assert "finished data package" in said(at)
    assert not at.file_uploader
    assert len(at.download_button if hasattr(at, "download_button") else at.get("download_button")) >= 4


def test_a_broken_chain_is_said(page: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_hub(folder).audit()
    assert view.log_words(log).startswith("**The chain holds.**")
    forged = type(log)(log.entries.assign(who="nobody"), False, "Entry 1 of the audit log was changed.")
    monkeypatch.setattr(Hub, "audit", lambda self: forged)
    assert "**The chain is broken.**" in "".join(e.value for e in page(folder).error)


def test_words_of_others_stay_words() -> None:
    assert view.escaped("a_b [x](y) $1$ :red[z]") == r"a\_b \[x\](y) \$1\$ \:red\[z\]"
    table = view.harmless(pd.DataFrame({"a": ["=1+1", " @x", "−3", "plain", None], "n": [-1, 2, 3, 4, 5]}))
    assert table["a"].tolist() == ["'=1+1", "' @x", "−3", "plain", ""]
    assert table["n"].tolist() == [-1, 2, 3, 4, 5]
