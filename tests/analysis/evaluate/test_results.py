"""Answers: complete, resumable, immutable, and the truth of the sample within their ranges."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.data import Hub
from analysis.evaluate import (
    METHODS,
    Question,
    Results,
    as_months_came,
    batch,
    by_months_since_start,
    history,
    load,
    multiplicity_words,
    register,
    results_for,
    run,
    save,
    shared_work,
    stored,
    stored_at,
)
from analysis.evidence import Grade


def test_the_register_has_every_design_that_fits(sample_hub: Hub) -> None:
    asked = pd.DataFrame([{n: getattr(q, n) for n in Question.__slots__} for q in register(sample_hub)])
    assert asked["question_id"].is_unique
    assert set(asked["method"]) == set(METHODS)
    deployed = asked[asked["subject"] != "programme"]
    assert deployed["subject"].nunique() == 8  # one of nine is only planned
    assert (asked.loc[asked["method"] == "wdd", "place"].str.startswith("focus")).all()
    assert asked.loc[asked["subject"] == "cbt-st-clair", "end"].eq("2026-03").all()


def test_every_case_is_judged_at_one_level(some_results: Results, some_questions: list[Question]) -> None:
    answered = some_results.effects[some_results.effects["answered"].astype(bool)]
    assert set(answered["percent_level"]) == {0.90}
    assert set(some_results.verdicts["case_id"]) == {q.case_id for q in some_questions}
    assert set(some_results.verdicts["grade"]) <= {str(g) for g in Grade}
    refused = some_results.effects[~some_results.effects["answered"].astype(bool)]
    assert (refused["refusal"].str.len() > 20).all()
    leading = some_results.verdicts.loc[some_results.verdicts["leading"] != ""]
    for row in leading.to_dict("records"):
        effect = some_results.effect(row["leading"])
        assert effect is not None
        assert effect.percent.estimate == row["percent"]
        assert str(effect.grade) == row["grade"]


def test_every_time_series_and_mix_of_cities_says_how_long_the_goal_takes_to_be_seen(
    some_results: Results,
) -> None:
    answered = some_results.effects[some_results.effects["answered"].astype(bool)]
    asked = answered[answered["method"] != "wdd"]
    assert len(asked) > 0
    assert asked["wait"].str.fullmatch(r"(A fall|Within) .*20 %.*\.").all()
    assert (answered.loc[answered["method"] == "wdd", "wait"] == "").all()


def test_the_sample_s_truth_lies_in_the_leading_ranges(some_results: Results, root: Path) -> None:
    truth = json.loads((root / "data_samples" / "truth.json").read_text())
    places = {
        p: truth["places"][p]["violent_street_crime"]["percent_since_2025"] for p in ("stl_city", "st_clair")
    }
    area = next(
        d["average_percent"]
        for d in truth["deployments"]
        if d["deployment_id"] == "outreach-a" and d["measure"] == "violent_street_crime"
    )
    for subject, place, true in (
        ("programme", "stl_city", places["stl_city"]),
        ("programme", "st_clair", places["st_clair"]),
        ("outreach-a", "focus_a", area),
    ):
        row = some_results.verdict(subject, place, "violent_street_crime")
        assert row is not None
        assert row["lower"] <= true <= row["upper"], subject
    assert not (some_results.verdicts["grade"] == "strong").any()


def test_no_month_after_the_end_of_a_paused_deployment(some_results: Results) -> None:
    row = some_results.effects.query("subject == 'cbt-st-clair' and method == 'its'").iloc[0]
    assert str(some_results.path(row["question_id"])["period"].iloc[-1]) <= "2026-03"


def test_an_interrupted_run_goes_on(
    sample_hub: Hub, some_questions: list[Question], some_results: Results, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    few = [q for q in some_questions if q.method == "its"]
    calls: list[str] = []
    real = batch.examine

    def stops(hub: Hub, q: Question, **rest: str | None) -> batch.Fitted:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(q.question_id)
        return real(hub, q, **rest)

    monkeypatch.setattr(batch, "examine", stops)
    with pytest.raises(KeyboardInterrupt):
        run(sample_hub, few, keep=tmp_path / "answers")
    calls.clear()

    def goes(hub: Hub, q: Question, **rest: str | None) -> batch.Fitted:
        calls.append(q.question_id)
        return real(hub, q, **rest)

    monkeypatch.setattr(batch, "examine", goes)
    seen: list[tuple[int, int]] = []
    found = run(
        sample_hub, few, lambda done, total, text: seen.append((done, total)), keep=tmp_path / "answers"
    )
    assert len(calls) == len(few) - 2
    assert seen[-1] == (len(few), len(few))
    for q in few:  # kept answers are the answers
        direct, kept = some_results.effect(q.question_id), found.effect(q.question_id)
        assert (direct is None) == (kept is None)
        if direct is not None and kept is not None:
            assert kept.percent == direct.percent
            pd.testing.assert_frame_equal(found.path(q.question_id), some_results.path(q.question_id))


def test_stored_answers_come_back_and_never_change(some_results: Results, tmp_path: Path) -> None:
    folder = tmp_path / "evaluations-x"
    save(some_results, folder)
    again = load(folder)
    assert again is not None
    lists = ["shared_with", "met"]
    pd.testing.assert_frame_equal(
        again.verdicts.drop(columns=lists), some_results.verdicts.drop(columns=lists), check_dtype=False
    )
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    save(Results(some_results.effects.head(0), some_results.paths.head(0), "y"), folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_results_are_kept_under_version_and_month(
    sample_hub: Hub, some_questions: list[Question], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [q for q in some_questions if q.subject == "programme" and q.method == "its"]
    monkeypatch.setattr(stored, "register", lambda hub: few)
    now = results_for(sample_hub, cache=tmp_path)
    earlier = results_for(sample_hub, cache=tmp_path, through="2026-03")
    assert stored_at(sample_hub, tmp_path, through="2026-03").is_dir()
    assert earlier.through == "2026-03"
    first = few[0].question_id
    assert now.effect(first) != earlier.effect(first)
    moved = history(sample_hub, tmp_path)
    assert len(moved) == len(few)  # only the answers as they stood, not the recomputed ones
    assert set(moved["vintage"]) == {"2026-10-10"}
    assert not list(tmp_path.glob(".evaluations-*"))


def test_how_an_estimate_moved(sample_hub: Hub, some_results: Results) -> None:
    row = some_results.verdict("programme", "stl_city", "violent_street_crime")
    assert row is not None
    table = as_months_came(sample_hub, row, ["2025-03", "2026-03", "2026-09"])
    assert table["why"].iloc[0]  # three months are too few, said in words
    assert table["percent"].iloc[2] == pytest.approx(row["percent"])
    assert table["months"].iloc[1] < table["months"].iloc[2]


def test_by_months_since_the_start(some_results: Results) -> None:
    row = some_results.verdict("programme", "stl_city", "violent_street_crime")
    assert row is not None
    table = by_months_since_start(some_results, row["leading"])
    path = some_results.path(row["leading"]).dropna(subset="cumulative")
    after = table[table["from_month"] >= 0]
    assert after["observed"].sum() == path["observed"].iloc[: 3 * len(after)].sum()
    assert (table["to_month"] - table["from_month"] == 2).all()
    assert by_months_since_start(some_results, "nothing").empty


def test_words_about_many_questions(some_results: Results) -> None:
    text = multiplicity_words(some_results.verdicts)
    assert "questions were asked" in text
    assert "Benjamini" in text


def test_shared_work(sample_hub: Hub) -> None:
    shared = shared_work(sample_hub.deployments())
    assert any("Cognitive" in name for name in shared["fd-city"])
    assert not any("Focus area" in name for name in shared["fd-city"])
    assert any("Focused deterrence" in name for name in shared["outreach-a"])
    assert "fd-st-clair" not in shared
