"""The battery of all questions in one pass says what each says by itself."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.data import Hub
from analysis.evaluate import BATTERY_COLUMNS, Question, answer, battery
from analysis.evaluate.batch import its_inputs
from analysis.its import examine


def test_one_pass_is_one_at_a_time(sample_hub: Hub, some_questions: list[Question]) -> None:
    table = battery(sample_hub, some_questions)
    assert tuple(table.columns) == BATTERY_COLUMNS
    asked = [q for q in some_questions if q.method in ("its", "its_controlled")]
    assert table["question_id"].nunique() == len(asked) >= 8
    assert set(table["method"]) == {"its", "its_controlled"}
    first = table[table["kind"] == "asked"].set_index("question_id")
    for q in asked[:4]:
        row = first.loc[q.question_id]
        effect, _ = answer(sample_hub, q)
        assert row["percent"] == pytest.approx(effect.percent.estimate, rel=1e-8)
        assert row["lower"] == pytest.approx(effect.percent.lower, rel=1e-8)
        assert row["p"] == pytest.approx(effect.p_value, rel=1e-8)
    refused = first[first["percent"].isna()]
    assert (refused["refused"].str.len() > 20).all()
    # Every variant of one controlled question, asked by itself.
    q = next(q for q in asked if q.method == "its_controlled" and not first.loc[q.question_id, "refused"])
    frame, spec, beside = its_inputs(sample_hub, q)
    alone = examine(frame, spec, beside, simulations=0).sensitivity
    own = table[table["question_id"] == q.question_id]
    assert own["variant"].tolist() == alone["variant"].tolist()
    assert {"family", "phase-in", "start", "trend", "window", "comparison"} <= set(own["kind"])
    for name in ("percent", "lower", "upper", "p", "events"):
        np.testing.assert_allclose(own[name], alone[name], rtol=1e-8, atol=1e-8)


def test_no_question_gives_an_empty_table(sample_hub: Hub) -> None:
    assert battery(sample_hub, []).empty
