"""The page of the interrupted time series: asked or not asked, links, and refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.data import MeasureSeries
from dashboard import data

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
    from dashboard.views.its import page as its

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


def test_every_setting_is_kept_in_the_link_but_a_file(page: Any) -> None:
    asked = {
        "phase": "3", "trend": "no", "harmonics": "1", "washout": "2", "history": "48", "level": "90",
        "also": "2022-06", "also_what": "slope", "also_phase": "3", "also2": "2023-06",
        "covariates": "upload",
    }  # fmt: skip
    at = page(run="1", **asked)
    assert {k: linked(at, k) for k in asked} == asked
    assert "a link cannot carry a file" in words(at)
    rows = [f"{m},{5 + i % 7}" for i, m in enumerate(pd.period_range("2019-01", "2026-12", freq="M"))]
    # A file counts once Run is pressed; one with a mistake is refused where the mistake is.
    for wrong, said in (
        ("2027-01,many", "row 98, column value: “many” is no number"),
        ("", "What was checked"),
    ):
        content = "\n".join(["month,value", *rows, wrong]).encode()
        at.file_uploader[0].set_value(("rate.csv", content, "text/csv"))
        next(b for b in at.button if b.label == "Run").click()
        at.run()
        assert not at.exception
        assert said in words(at)
    assert {k: linked(at, k) for k in asked} == asked
    assert "Another change from June 2022 on: its own change of trend" in words(at)


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


def odd(kind: str) -> MeasureSeries:
    """Counts that are wrong in one way, January 2019 to June 2026."""
    months = pd.period_range("2019-01", "2026-06", freq="M")
    counts = pd.Series(np.random.default_rng(5).poisson(60, len(months)).astype(float), index=months)
    people = pd.Series(300_000.0, index=months)
    if kind == "zeros throughout":
        counts[:] = 0.0
    elif kind == "one huge month":
        counts["2023-05"] = 5_000.0
    elif kind == "months missing inside":
        counts["2023-02":"2023-06"] = np.nan
    elif kind == "a negative count":
        counts["2022-09"] = -3.0
    elif kind == "the population jumps":
        people["2024-03":] *= 8
    return MeasureSeries(
        place="stl_city", measure="violent_street_crime", counts=counts, population=people, source="made up",
        status=pd.DataFrame(columns=["month", "status", "why"]), definition="made up", notes=(),
        complete_through=months[-1], vintage="2026-07-01",
    )  # fmt: skip


def test_bad_input_ends_in_words_on_the_page(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, reading = data.facts(), data.reading
    kinds = {
        "zeros throughout": "not a single event before the start",
        "one huge month": "moves the whole result",
        "months missing inside": "5 months without a count are left out",
        "a negative count": "counts are zero or more",
        "the population jumps": "The population jumps from 300,000 to 2,400,000",
        "another change at the start": "cannot be told apart",
        "a short time after": "at least 12 are needed with a change of slope",
        "a start before the data": "There is no month with enough history",
    }
    settings = {
        "another change at the start": {"also": "2025-01"},
        "a short time after": {"slope": "yes", "start": "2026-01"},
    }
    for kind, said in kinds.items():
        series = odd(kind)
        if kind == "a start before the data":
            series = replace(series, counts=series.counts[-10:])

        @contextmanager
        def read(path: str, series: MeasureSeries = series) -> Iterator[Any]:
            with reading(path) as hub:
                yield SimpleNamespace(
                    series=lambda *_, **__: series, monthly_counts=hub.monthly_counts, agencies=hub.agencies
                )

        with monkeypatch.context() as m:
            m.setattr(data, "reading", read)
            m.setattr(data, "series", lambda *_, series=series: series)
            m.setattr(data, "facts", lambda kind=kind: replace(plain, version=f"{plain.version}-{kind}"))
            at = page(run="1", **{"start": "2025-01", **settings.get(kind, {})})
        text = words(at)
        assert not at.exception, kind
        assert said in text, (kind, text)
        assert not NOT_FOR_PEOPLE.search(text), (kind, NOT_FOR_PEOPLE.findall(text))
