"""The sample, and its answers on two measures (computed once)."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.data import Hub, open_hub
from analysis.evaluate import Question, Results, register, run


@pytest.fixture(scope="session")
def sample_hub(root: Path) -> Hub:
    return open_hub(root / "data_samples")


@pytest.fixture(scope="session")
def some_questions(sample_hub: Hub) -> list[Question]:
    wanted = ("programme", "fd-city", "outreach-a", "cbt-county", "cbt-st-clair")
    return [
        q
        for q in register(sample_hub)
        if q.measure == "violent_street_crime" and q.subject in wanted and q.place != "stl_county"
    ]


@pytest.fixture(scope="session")
def some_results(sample_hub: Hub, some_questions: list[Question]) -> Results:
    return run(sample_hub, some_questions)
