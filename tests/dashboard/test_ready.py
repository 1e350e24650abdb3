"""Pages that are run before anybody opens them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import data, ready


def made_ready(page: str) -> bool:
    """As at the start of a server: in a thread of its own."""
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(ready.open_page(page)))
    thread.start()
    thread.join()
    return found[0]


def test_the_first_visitor_waits_for_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLN_HUB", str(root / "data_samples"))
    monkeypatch.setenv("SLN_AUDIENCE", "public")
    assert made_ready("about")

    def never(*_: object) -> None:
        raise AssertionError("the page asked for something that was not ready")

    monkeypatch.setattr(data, "_series_or_why", never)  # what the facts on every page are made of
    at = AppTest.from_file(str(root / "dashboard" / "app.py"), default_timeout=60)
    at.switch_page("../pages/about.py").run()
    assert not at.exception
    assert at.title[0].value.startswith("About")


def test_a_page_that_fails_is_told_in_the_log_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.py").write_text("raise ValueError('no such figure')")
    (tmp_path / "ends.py").write_text("import streamlit as st\nst.title('Here')\nst.stop()\nraise ValueError")
    monkeypatch.setattr(ready, "PAGES", tmp_path)
    ready._log.propagate = True
    assert not made_ready("broken")
    assert "no such figure" in caplog.text
    assert made_ready("ends")


def test_every_page_is_made_ready_unless_the_command_says_no(root: Path) -> None:
    assert {p.stem for p in (root / "pages").glob("*.py")} - {"intake"} == set(ready.ORDER)
    assert ready.wanted({})
    assert not ready.wanted({"SLN_PREPARE": "no"})
