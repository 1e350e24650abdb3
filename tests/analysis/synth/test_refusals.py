"""Bad input gets a sentence that says what is wrong and what to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import RefusedError
from analysis.synth import SynthSpec, fit

SPEC = SynthSpec("here", "2024-01")


def broken(table: pd.DataFrame, how: str) -> pd.DataFrame:
    table = table.copy()
    if how == "all zero":
        table["here"] = 0.0
    elif how == "constant":
        table["here"] = 7.0
    elif how == "gap":
        table.loc["2021-02", "here"] = np.nan
    elif how == "infinite":
        table.loc["2021-02", "here"] = np.inf
    elif how == "negative":
        table.loc["2021-02", "here"] = -1
    elif how == "twice a unit":
        table = pd.concat([table, table[["donor 01"]]], axis=1)
    elif how == "twice a month":
        table = pd.concat([table, table.iloc[[3]]])
    elif how == "no row":
        table = table.drop(index=table.index[5])
    elif how == "dates":
        table.index = table.index.to_timestamp()
    elif how == "one donor":
        table = table[["here", "donor 01"]]
    elif how == "empty":
        table = table.iloc[:0]
    elif how == "all donors with gaps":
        table.loc["2021-02", [c for c in table if c != "here"]] = np.nan
    return table


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("all zero", "zero in every period"),
        ("constant", "same value, 7"),
        ("gap", "no figure for 2021-02.*missing='leave_out'"),
        ("infinite", "infinite"),
        ("negative", "negative count"),
        ("twice a unit", "unit donor 01 occurs more than once"),
        ("twice a month", "period 2020-04 occurs more than once"),
        ("no row", "no row for 2020-06"),
        ("dates", "PeriodIndex"),
        ("one donor", "1 usable donor for here.*at least 2"),
        ("empty", "no periods"),
        ("all donors with gaps", "0 usable donors.*no figure for 2021-02"),
    ],
)
def test_broken_panels(make, how, words):
    counts, people = make(20)
    with pytest.raises(RefusedError, match=words):
        fit(broken(counts, how), SPEC, people)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"treated": "nowhere"}, "no unit 'nowhere'"),
        ({"start": "2020-01"}, "0 periods before the start"),
        ({"start": "2019-01"}, "0 periods before the start"),
        ({"start": "2020-03"}, "2 periods before the start"),
        ({"start": "2025-01"}, "ends in 2024-12"),
        ({"start": "soon"}, "not a period such as 2025-01"),
        ({"start": "2024-12", "first_period": "dropped"}, "No period at or after"),
        ({"donors": ("donor 01", "elsewhere")}, "'elsewhere' is not in the panel"),
        ({"donors": ("donor 01",)}, "1 usable donor"),
        ({"end": "2023-06"}, "ends in 2023-06"),
    ],
)
def test_impossible_questions(make, options, words):
    counts, people = make(21)
    with pytest.raises(RefusedError, match=words):
        fit(counts, replace(SPEC, **options), people)


def test_a_chosen_donor_that_cannot_be_used_is_refused_and_not_dropped(make):
    counts, people = make(22)
    counts.loc["2022-01", "donor 02"] = np.nan
    with pytest.raises(RefusedError, match="chosen donor donor 02 cannot be used: no figure for 2022-01"):
        fit(counts, replace(SPEC, donors=tuple(f"donor {i:02d}" for i in range(12))), people)


def test_a_population_is_needed_for_every_period(make):
    counts, people = make(23)
    with pytest.raises(RefusedError, match="no population for here"):
        fit(counts, SPEC, people.drop("here"))
    yearly = pd.DataFrame([people], index=pd.period_range("2020", periods=1, freq="Y"))
    with pytest.raises(RefusedError, match="panel's own periods"):
        fit(counts, SPEC, yearly)


def test_more_donors_than_months_is_told_and_not_refused(make):
    counts, people = make(24, donors=60, pre=24, post=6)
    found = fit(counts, replace(SPEC, start="2022-01"), people)
    check = next(c for c in found.checks if c.name == "Weights pinned down")
    assert check.state != "passed"
    assert "60 donors for 24 periods" in check.sentence


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"estimator": "magic"}, "no estimator 'magic'. Choose one of: simplex, demeaned"),
        ({"inference": ("bootstrap",)}, "no inference 'bootstrap'"),
        ({"level": 95}, "between 0.5 and 1"),
        ({"first_period": "maybe"}, "first_period"),
        ({"missing": "zero"}, "missing"),
        ({"min_train": 1}, "at least 2"),
    ],
)
def test_unknown_options(options, words):
    with pytest.raises(RefusedError, match=words):
        SynthSpec("here", "2024-01", **options)
