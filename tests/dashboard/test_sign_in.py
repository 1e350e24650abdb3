"""Who is let in: by an address on a list, vouched for; and nobody from elsewhere without signing in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.audience import Audience
from dashboard.sign_in import admitted, is_set_up, listed

NAMES = ["*@council.example.org", "chair@example.org"]


@pytest.mark.parametrize(
    ("user", "may"),
    [
        ({"email": "Member@Council.Example.org", "email_verified": True}, True),
        ({"email": "chair@example.org"}, True),
        ({"email": "member@council.example.org", "email_verified": False}, False),
        ({"email": "member@council.example.org", "email_verified": "false"}, False),
        ({"email": "member@council.example.org.evil.example"}, False),
        ({"email": "chair@example.org@evil.example"}, False),
        ({"email": ""}, False),
        ({"email": None}, False),
        ({"name": "chair@example.org"}, False),
    ],
)
def test_only_a_verified_address_on_the_list_comes_in(user: dict[str, Any], may: bool) -> None:
    assert admitted(user, NAMES) is may
    assert not admitted(user, [])


def test_a_list_is_for_one_audience_and_a_bare_star_is_no_entry() -> None:
    access = {"council": ["*", " A@b.org ", 3], "researcher": "a@b.org"}
    assert listed(access, Audience.COUNCIL) == ["a@b.org"]
    assert listed(access, Audience.RESEARCHER) == []
    assert listed(None, Audience.COUNCIL) == []


def test_no_file_or_no_section_means_not_set_up(tmp_path: Path) -> None:
    assert not is_set_up(tmp_path / "none.toml", Audience.COUNCIL)
    (tmp_path / "s.toml").write_text("[other]\nx = 1\n")
    assert not is_set_up(tmp_path / "s.toml", Audience.COUNCIL)


GATE = """
import streamlit as st
from dashboard import sign_in
class Visit:
    headers = {headers!r}
    ip_address = None
st.context = Visit()
sign_in.gate()
st.markdown("secret figures")
"""


@pytest.mark.parametrize(
    ("headers", "in_"),
    [
        ({}, True),
        ({"Host": "dashboard.example.org"}, False),
        ({"Host": "localhost:8501", "X-Forwarded-For": "203.0.113.9"}, False),
        ({"Host": "localhost:8501"}, False),  # the address that the server listens on is not said to be local
    ],
)
def test_without_signing_in_nobody_comes_from_elsewhere(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], in_: bool
) -> None:
    import streamlit as st

    monkeypatch.setattr(st, "context", st.context)
    monkeypatch.setenv("SLN_AUDIENCE", "council")
    monkeypatch.delenv("SLN_SIGN_IN", raising=False)
    at = AppTest.from_string(GATE.format(headers=headers)).run()
    assert not at.exception
    assert any("secret" in m.value for m in at.markdown) is in_


def test_the_public_needs_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    monkeypatch.setattr(st, "context", st.context)
    monkeypatch.setenv("SLN_AUDIENCE", "public")
    at = AppTest.from_string(GATE.format(headers={"Host": "dashboard.example.org"})).run()
    assert any("secret" in m.value for m in at.markdown)


PREVIEW = """
import streamlit as st
from dashboard import preview, sign_in
class Visit:
    headers = {headers!r}
    ip_address = None
st.context = Visit()
sign_in.gate()
preview.notice()
st.markdown("secret figures")
"""


@pytest.mark.parametrize(
    ("made_up", "headers", "in_", "told"),
    [
        (False, {}, True, True),
        (False, {"Host": "localhost:8501", "X-Forwarded-For": "203.0.113.9"}, False, False),
        (True, {"Host": "dashboard.example.org"}, True, False),  # made-up data have nothing to protect
    ],
)
def test_a_hub_is_a_preview_on_its_own_machine(
    monkeypatch: pytest.MonkeyPatch,
    root: Path,
    agency_hub: Path,
    made_up: bool,
    headers: dict[str, str],
    in_: bool,
    told: bool,
) -> None:
    import streamlit as st

    monkeypatch.setattr(st, "context", st.context)
    monkeypatch.setenv("SLN_AUDIENCE", "public")
    monkeypatch.setenv("SLN_HUB", str(root / "data_samples" if made_up else agency_hub))
    at = AppTest.from_string(PREVIEW.format(headers=headers)).run()
    assert not at.exception
    assert any("secret" in m.value for m in at.markdown) is in_
    assert any("sln build" in c.value for c in at.caption) is told
    if not in_:
        assert at.title[0].value == "This preview is not public"
