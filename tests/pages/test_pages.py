"""Every page × audience × hub runs to its end and says something true to its state."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.app import TITLES

NOT_FOR_PEOPLE = re.compile(r"\b(nan|NaN|None|inf|NaT)\b")


def words(at: AppTest) -> str:
    """All text that the page put on the screen."""
    parts = [at.title, at.header, at.subheader, at.markdown, at.caption, at.info, at.warning, at.metric]
    return "\n".join(
        str(getattr(e, "value", "")) + " " + str(getattr(e, "label", "")) for p in parts for e in p
    )


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, hubs: Any, root: Path, tmp_path: Path) -> Any:
    def run(name: str, kind: str, audience: str = "public", **query: str) -> AppTest:
        monkeypatch.setenv("SLN_HUB", str(hubs.path(kind)))
        monkeypatch.setenv("SLN_AUDIENCE", audience)
        at = AppTest.from_file(str(root / "dashboard" / "app.py"), default_timeout=120)
        for key, value in query.items():
            at.query_params[key] = value
        at.switch_page(f"../pages/{name}.py")
        return at.run()

    return run


@pytest.mark.parametrize("audience", ["public", "council", "researcher"])
@pytest.mark.parametrize("kind", ["sample", "real", "counts_only", "empty"])
@pytest.mark.parametrize("name", TITLES)
def test_runs(page: Any, name: str, kind: str, audience: str) -> None:
    at = page(name, kind, audience)
    assert not at.exception, at.exception
    text = words(at)
    assert not NOT_FOR_PEOPLE.search(text), text
    assert len(at.title) == 1
    assert ("Synthetic sample data" in text) == (kind in ("sample", "counts_only"))


#: Pages that say the same with and without data.
NEED_NO_DATA = {"about", "evidence_elsewhere"}


@pytest.mark.parametrize("name", [n for n in TITLES if n not in NEED_NO_DATA])
def test_an_empty_hub_says_what_to_do(page: Any, name: str) -> None:
    assert "sln import" in words(page(name, "empty"))


@pytest.mark.parametrize("place", ["region", "stl_city", "stl_county", "st_clair"])
@pytest.mark.parametrize("measure", ["violent_street_crime", "homicide", "gun_violence"])
def test_progress_for_every_place_and_measure(page: Any, place: str, measure: str) -> None:
    at = page("progress", "sample", place=place, measure=measure)
    assert not at.exception
    assert not NOT_FOR_PEOPLE.search(words(at))


def test_a_link_with_nonsense_falls_back_to_the_default_view(page: Any) -> None:
    at = page("progress", "sample", place="atlantis", measure="'; drop table")
    assert not at.exception
    assert "region" in words(at)


def test_a_link_to_a_place_without_figures_says_so(page: Any) -> None:
    at = page("progress", "real", place="st_clair")
    assert not at.exception
    assert "There are no complete figures on St. Clair County yet. The region is shown instead." in words(at)
