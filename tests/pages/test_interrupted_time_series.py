"""The page of the interrupted time series: asked or not asked, links, and refusals."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

NOT_FOR_PEOPLE = re.compile(r"\b(nan|NaN|None|inf|NaT)\b|—")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, root: Path) -> Any:
    monkeypatch.delenv("SLN_HUB", raising=False)

    def run(audience: str = "researcher", **query: str) -> AppTest:
        monkeypatch.setenv("SLN_AUDIENCE", audience)
        at = AppTest.from_file(str(root / "dashboard" / "app.py"), default_timeout=120)
        at.switch_page("../pages/interrupted_time_series.py")
        for key, value in query.items():
            at.query_params[key] = value
        return at.run()

    return run


def words(at: AppTest) -> str:
    parts = [at.title, at.header, at.subheader, at.markdown, at.caption, at.info, at.warning, at.metric]
    return "\n".join(
        str(getattr(e, "value", "")) + " " + str(getattr(e, "label", "")) for p in parts for e in p
    )


def linked(at: AppTest, key: str) -> str:
    """A value of the link (a list or one text, as AppTest was given it)."""
    value = at.query_params[key]
    return value if isinstance(value, str) else value[0]


def test_nothing_is_fitted_until_run_is_pressed(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.views import its

    def never(*_: Any) -> Any:
        raise AssertionError("fitted without being asked")

    with monkeypatch.context() as m:
        m.setattr(its, "answer", never)
        at = page()
        assert not at.exception
        assert "Nothing has been fitted yet" in words(at)
        assert "months before the start" in words(at)
    next(b for b in at.button if b.label == "Run").click()
    at.run()
    assert not at.exception
    assert linked(at, "run") == "1"
    assert "What was checked" in words(at)


@pytest.mark.parametrize("audience", ["researcher", "council"])
def test_a_link_runs_as_it_is(page: Any, audience: str) -> None:
    at = page(audience, place="stl_county", phase="6", family="negative_binomial", run="1")
    text = words(at)
    assert not at.exception
    assert not NOT_FOR_PEOPLE.search(text), text
    assert "July 2025" in text  # first month after six months of phase-in
    assert "Does the answer hang on a choice?" in text
    assert ("What the model leaves" in text) == (audience == "researcher")
    assert bool(re.search(r"\(p \d", text)) == (audience == "researcher")


def test_every_setting_is_kept_in_the_link(page: Any) -> None:
    asked = {"phase": "3", "trend": "no", "harmonics": "1", "washout": "2", "history": "48", "level": "90"}
    at = page(run="1", **asked)
    assert {k: linked(at, k) for k in asked} == asked


def test_a_preset_fills_the_form_and_fits_nothing(page: Any) -> None:
    at = page()
    next(b for b in at.button if b.label == "Textbook").click()
    at.run()
    assert "Nothing has been fitted yet" in words(at)
    assert next(s for s in at.selectbox if s.label == "How counts scatter").value == "quasi_poisson"


def test_a_refusal_says_what_to_do(page: Any) -> None:
    at = page(run="1", family="latent_ar1", errors="hac")
    text = words(at)
    assert not at.exception
    assert "gave no estimate" in text
    assert "Newey–West" in text
    assert "press Run" in text
