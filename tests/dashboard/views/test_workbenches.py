"""The two workbenches on the bundled sample: defaults, refusals, and exports that repeat the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.synth import SynthSpec
from dashboard import workbench
from dashboard.views import synth
from dashboard.views.its import page as its


@pytest.fixture(autouse=True)
def sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLN_HUB", raising=False)


def defaults(controls: list[workbench.Setting], **changed: str) -> dict[str, str]:
    return {c.key: c.default for c in controls} | changed


def its_answer(**changed: str) -> Any:
    place, measure = "stl_city", "violent_street_crime"
    return its.answer(place, measure, None, defaults(its.controls(place, measure), **changed))


def synth_answer(**changed: str) -> Any:
    place, measure = "stl_city", "violent_street_crime"
    return synth.answer(place, measure, None, defaults(synth.controls(place, measure), **changed))


def test_every_default_is_on_offer() -> None:
    for control in (*its.controls("stl_city", "homicide"), *synth.controls("stl_city", "homicide")):
        assert control.several or control.default in control.options, control.key


def test_a_single_series_is_called_a_projection_and_a_controlled_one_a_comparison() -> None:
    alone, beside = its_answer(), its_answer(control="yes")
    assert "not an effect of a tactic" in its.window(alone)
    assert "projection" in its.numbers(alone)[0].label
    assert "comparison" in its.numbers(beside)[0].label
    assert not any("averted" in n.label.lower() for n in (*its.numbers(alone), *its.numbers(beside)))


def test_settings_that_contradict_each_other_are_refused_in_words() -> None:
    why = its_answer(family="latent_ar1", errors="hac")
    assert isinstance(why, str)
    assert "latent_ar1" in why or "Newey" in why or "covariance" in why


def test_every_family_and_estimator_stands_beside_the_chosen_one() -> None:
    assert len(its_answer().families) == len(its.FAMILIES)
    assert set(synth_answer().others["estimator"]) == set(synth.SHORT)


def test_p_values_are_for_researchers_alone() -> None:
    found = synth_answer()
    assert "p-value" in synth.rank_sentence(found, p_values=True)
    assert "p" not in synth.rank_sentence(found, p_values=False).split()
    for figure in synth.figures(found, p_values=False).values():
        assert "p" not in figure.shown_table().columns
    assert "residuals" not in its.figures(its_answer(), diagnostics=False)


def test_a_place_that_is_left_out_carries_no_weight() -> None:
    found = synth_answer()
    top = str(found.result.weights.idxmax())
    without = synth_answer(without=found.case.ids[top])
    assert top not in without.result.weights.index


def test_all_downloads_say_that_the_sample_is_one() -> None:
    for made in (its.export(its_answer()), synth.export(synth_answer())):
        assert (made.data["data_status"] == "Synthetic sample data").all()
        assert (made.results["data_status"] == "Synthetic sample data").all()
        assert made.record["data_status"] == "Synthetic sample data"


@pytest.mark.parametrize("kind", ["its", "its_controlled", "synth"])
def test_the_exported_program_repeats_the_result(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "synth":
        found, made = (a := synth_answer()), synth.export(a)
    else:
        found = its_answer(control="yes" if kind == "its_controlled" else "no")
        made = its.export(found)
    (tmp_path / f"{made.stem}_data.csv").write_bytes(workbench.csv(made.data))
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    exec(compile(made.script, "repeat.py", "exec"), space)
    assert space["result"].effect.percent.estimate == pytest.approx(found.result.effect.percent.estimate)
    assert space["result"].effect.percent.upper == pytest.approx(found.result.effect.percent.upper)


def test_json_holds_no_number_that_does_not_exist() -> None:
    value = workbench.plain({"a": float("nan"), "b": [1.5, float("inf")], "c": pd.Period("2025-01", "M")})
    assert value == {"a": None, "b": [1.5, None], "c": "2025-01"}


def test_a_specification_prints_as_code_that_makes_it_again() -> None:
    spec = SynthSpec(treated="A", start="2025-01", exclude=("B, CA",))
    assert eval(repr(spec), {"SynthSpec": SynthSpec}) == spec
