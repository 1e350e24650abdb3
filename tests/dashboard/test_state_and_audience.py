"""What a link carries, and that it never decides who may see what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.audience import RIGHTS, Audience, audience, rights

SCRIPT = """
import pandas as pd
import streamlit as st
from dashboard import state
months = list(pd.period_range("2026-01", "2026-06", freq="M"))
view = state.filters(["region", "stl_city"], ["violent_street_crime", "homicide"], months)
st.markdown(f"{view.place} {view.measure} {view.through} {view.place_name}")
"""


def run(**query: str) -> AppTest:
    at = AppTest.from_string(SCRIPT)
    for key, value in query.items():
        at.query_params[key] = value
    return at.run()


def said(at: AppTest) -> str:
    assert not at.exception
    return str(at.markdown[0].value)


def test_defaults_leave_the_link_clean() -> None:
    at = run()
    assert said(at) == "region violent_street_crime None The region"
    assert dict(at.query_params) == {}


def test_a_link_brings_the_view() -> None:
    at = run(place="stl_city", measure="homicide", through="2026-03")
    assert said(at) == "stl_city homicide 2026-03 St. Louis City"
    assert said(at.run()) == "stl_city homicide 2026-03 St. Louis City"


def test_a_choice_goes_into_the_link_as_an_identifier() -> None:
    at = run()
    at.selectbox[0].select("stl_city").run()
    assert said(at).startswith("stl_city")
    assert at.query_params["place"] in ("stl_city", ["stl_city"])
    at.selectbox[0].select("region").run()
    assert "place" not in at.query_params


def test_nonsense_falls_back() -> None:
    at = run(place="atlantis", measure="'; drop table", through="1900-01")
    assert said(at) == "region violent_street_crime None The region"


def test_a_new_link_in_the_same_session_wins() -> None:
    at = run(place="stl_city")
    at.query_params["place"] = "region"
    at.query_params["measure"] = "homicide"
    assert said(at.run()).startswith("region homicide")


def test_the_environment_decides_the_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLN_AUDIENCE", raising=False)
    assert audience() is Audience.PUBLIC
    assert audience({"SLN_AUDIENCE": "researcher"}) is Audience.RESEARCHER
    with pytest.raises(ValueError, match="must be one of"):
        audience({"SLN_AUDIENCE": "admin"})


def test_the_public_never_sees_points_or_small_counts() -> None:
    public = rights(Audience.PUBLIC)
    assert public.floor >= 5
    assert not public.points
    assert public.cell_resolution <= 8
    assert not any(r.points for r in RIGHTS.values())


def test_nobody_reads_the_audience_from_the_url(root: Path) -> None:
    code = (root / "dashboard" / "audience.py").read_text()
    assert "query_params" not in code
    assert "streamlit" not in code


def test_the_hub_sees_what_researchers_see_and_takes_files_in() -> None:
    hub, researcher = rights(Audience.HUB), rights(Audience.RESEARCHER)
    assert hub == replace(researcher, intake=True)
    assert not any(rights(who).intake for who in Audience if who is not Audience.HUB)
