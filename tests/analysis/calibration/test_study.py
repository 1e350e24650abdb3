"""The shape in which a calibration study is stored."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.calibration import Study, load, names


def a_study(rows: pd.DataFrame) -> Study:
    return Study(
        name="pretend",
        question="How often?",
        finding="Often.",
        command="python -m pretend",
        seed=1,
        data="simulated",
        rows=rows,
        columns={"rate": "events a month", "coverage": "share"},
    )


def test_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    study = a_study(pd.DataFrame({"rate": [1, 40], "coverage": [0.95, 0.941]}))
    study.save(tmp_path)
    found = load("pretend", tmp_path)
    pd.testing.assert_frame_equal(found.rows, study.rows)
    assert (found.seed, found.command, found.software) == (study.seed, study.command, study.software)
    assert names(tmp_path) == ["pretend"]


def test_a_column_must_say_what_it_means(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="power"):
        a_study(pd.DataFrame({"rate": [1], "power": [0.8]})).save(tmp_path)


def test_an_unknown_study_is_named_with_those_that_are_stored(tmp_path: Path) -> None:
    a_study(pd.DataFrame({"rate": [1], "coverage": [0.9]})).save(tmp_path)
    with pytest.raises(KeyError, match="pretend"):
        load("other", tmp_path)
