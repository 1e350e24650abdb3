"""Agreement and grades on simulated programmes: the stored study keeps its promise and can be repeated."""

from __future__ import annotations

import pytest

from analysis.calibration import programme
from analysis.calibration.study import load


def test_the_stored_study_keeps_its_promise() -> None:
    rows = load("programme").rows.set_index(["kind", "truth"])
    every = rows.loc[("all", "all")]
    assert every["cases"] >= 1500  # nine cases in each of two hundred programmes, less what is refused
    assert every["agreement_right"] >= 90
    assert every["grade_right"] >= 90
    nil = rows.xs("nil", level="truth")
    assert (nil["strong"] <= 5).all()
    assert every["covered"] >= 85


def test_the_first_programmes_can_be_repeated() -> None:
    stored = load("programme_cases")
    kept = stored.rows[stored.rows["programme"] == 1].set_index("subject")
    again = programme.one(1).set_index("subject")
    assert list(again.index) == list(kept.index)
    # The truth is exact; estimates may move a little with the methods, and the words with them.
    assert again["truth"].tolist() == pytest.approx(kept["truth"].tolist(), abs=0.01)
    assert (again["percent"] - kept["percent"]).abs().median() < 1.5
    assert (again["agreement"] == kept["agreement"]).mean() >= 0.75


def test_what_counts_as_right() -> None:
    import pandas as pd

    def case(agreement: str, grade: str, lower: float, upper: float) -> pd.Series:
        return pd.Series({"agreement": agreement, "grade": grade, "lower": lower, "upper": upper,
                          "minimum_detectable_percent": -15.0})  # fmt: skip

    assert programme.score(case("fewer", "strong", -20, -5), -10.0) == (True, True)
    assert programme.score(case("fewer", "moderate", -20, -5), 0.0) == (False, False)
    assert programme.score(case("more", "moderate", 2, 20), -10.0) == (False, False)
    assert programme.score(case("cannot tell yet", "cannot tell", -20, 5), -10.0) == (True, True)
    assert programme.score(case("cannot tell yet", "weak", -40, 5), -20.0) == (False, True)
    assert programme.score(case("methods disagree", "cannot tell", -9, 5), 0.0)[0] is False
