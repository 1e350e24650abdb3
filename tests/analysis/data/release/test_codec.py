"""Kept results come back as they were, and nothing but results of this project can be kept."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from analysis.data.privacy import AUDIENCES, Rate
from analysis.data.release.codec import CodecError, dumps, loads
from analysis.evidence import Interval


def test_plain_values_and_records_come_back() -> None:
    value = {
        "a": (1, 2.5, None, True, "text “quoted”"), "b": [Interval(0.9, 0.8, 1.0), Rate.UNSTABLE],
        3: frozenset({"y", "x"}), "public": AUDIENCES["public"], "bytes": "ä,b\r\n".encode(),
        "period": pd.Period("2026-03", "M"), "time": pd.Timestamp("2026-03-04 05:06"),
    }  # fmt: skip
    assert loads(dumps(value)) == value
    assert dumps(value) == dumps(loads(dumps(value)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_lacks_come_back(value: float) -> None:
    back = loads(dumps(value))
    assert back == value or (np.isnan(back) and np.isnan(value))
    assert pd.isna(loads(dumps(pd.NA)))
    assert loads(dumps(pd.NaT)) is pd.NaT


def test_tables_come_back_with_their_types() -> None:
    table = pd.DataFrame(
        {
            "n": [1.5, np.nan, 3.0], "i": [1, 2, 3], "text": pd.array(["a", None, "c"], dtype="str"),
            "yes": [True, False, True], "maybe": pd.array([True, None, False], dtype="boolean"),
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "when": pd.to_datetime(["2026-01-01", None, "2026-01-03"]).astype("datetime64[us]"),
            "month": pd.PeriodIndex(["2026-01", "2026-02", "2026-03"], freq="M"),
            "any": pd.Series([("a",), None, 2.0], dtype=object),
        }
    )  # fmt: skip
    pd.testing.assert_frame_equal(loads(dumps(table)), table)
    pd.testing.assert_frame_equal(loads(dumps(table.iloc[:0])), table.iloc[:0])
    named = table.set_index("month")
    pd.testing.assert_frame_equal(loads(dumps(named)), named)
    pd.testing.assert_series_equal(loads(dumps(named["n"])), named["n"])
    array = np.arange(6.0).reshape(2, 3)
    assert (loads(dumps(array)) == array).all()


@dataclass(frozen=True)
class Foreign:
    a: int


def test_what_is_not_of_this_project_is_neither_written_nor_made() -> None:
    with pytest.raises(CodecError, match="cannot be kept"):
        dumps(Foreign(1))
    with pytest.raises(CodecError, match="cannot be kept"):
        dumps(object())
    for name in ("subprocess:Popen", "analysis.data.store:os", "analysis.data.hub:open_hub"):
        forged = json.dumps({"$": "record", "of": name, "fields": {}}).encode()
        with pytest.raises(CodecError, match="kept result names"):
            loads(forged)
    with pytest.raises(CodecError, match="unknown kind"):
        loads(b'{"$":"pickle","value":"x"}')
