"""Charts of the interrupted-time-series workbench: drawn in both looks, and words where nothing can be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard.charts.pretended import break_search, pretended_starts
from dashboard.charts.since_start import beside_comparison, effect_since_start, month_ticks, power_by_months
from dashboard.theme import DARK, LIGHT

MONTHS = pd.period_range("2023-01", periods=30, freq="M")


def since() -> pd.DataFrame:
    month = np.arange(1, 21)
    percent = np.where(month > 3, -5.0, np.nan)  # three months of phase-in
    return pd.DataFrame({"month": month, "single": np.sin(month) * 9, "percent": percent,
                         "lower": percent - 8, "upper": percent + 8})  # fmt: skip


def starts() -> pd.DataFrame:
    n = len(MONTHS)
    percent = np.linspace(-9, 12, n)
    return pd.DataFrame({"period": MONTHS, "percent": percent, "lower": percent - 11, "upper": percent + 400,
                         "real": np.arange(n) == n - 1})  # fmt: skip


def gains() -> pd.DataFrame:
    gain = np.abs(np.sin(np.arange(30))) * 6
    return pd.DataFrame({"period": MONTHS, "gain": gain, "largest": gain == gain.max()})


def lengths() -> pd.DataFrame:
    return pd.DataFrame({"months": [6, 12, 24, 60, 120], "smallest_percent": [-35.0, -27, -22, -17, -13]})


def indices() -> pd.DataFrame:
    return pd.DataFrame({"period": MONTHS, "treated": np.linspace(110, 80, 30),
                         "comparison": [np.nan, *np.linspace(100, 90, 29)]})  # fmt: skip


CHARTS: dict[str, tuple[Callable[..., Any], Callable[[], pd.DataFrame], str]] = {
    "since": (lambda t, look: effect_since_start(t, look=look), since, "percent"),
    "starts": (lambda t, look: pretended_starts(t, look=look), starts, "percent"),
    "break": (lambda t, look: break_search(t, start="2025-01", look=look), gains, "gain"),
    "power": (lambda t, look: power_by_months(t, now=14, fall=-20.0, look=look), lengths, "smallest_percent"),
    "beside": (
        lambda t, look: beside_comparison(t, start="2025-01", treated="A place", look=look),
        indices, "comparison",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_draws_its_table(name: str, look: Any) -> None:
    draw, table, _ = CHARTS[name]
    text = json.dumps(draw(table(), look).to_dict())
    assert look.main in text
    assert "NaN" not in text


@pytest.mark.parametrize("name", CHARTS)
def test_says_in_words_why_there_is_nothing(name: str) -> None:
    draw, table, column = CHARTS[name]
    for nothing in (table().iloc[:0], table().assign(**{column: np.nan})):
        spec = json.dumps(draw(nothing, LIGHT).to_dict())
        assert " " in next(iter(json.loads(spec)["datasets"].values()))[0]["text"]


def test_one_start_is_the_real_one() -> None:
    spec = pretended_starts(starts()).to_dict()
    rows = next(v for v in spec["datasets"].values() if "what" in v[0])
    assert [r["what"] for r in rows].count("The real start") == 1
    assert max(r["upper"] for r in rows) < 200  # a wild range is cut at the frame


@pytest.mark.parametrize(
    ("last", "ticks"), [(5, [3]), (2, [2]), (14, [3, 6, 9, 12]), (30, [6, 12, 18, 24, 30])]
)
def test_ticks_are_whole_months(last: int, ticks: list[int]) -> None:
    assert month_ticks(last) == ticks
