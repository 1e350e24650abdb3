"""Every chart: on good data, on none, on one row, on holes; in light and dark; from phone to projector."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard import charts
from dashboard.charts import base, labels
from dashboard.picture import chart_svg
from dashboard.theme import DARK, LIGHT

WIDTHS = (320, 640, 1100)


def texts(svg: str) -> list[str]:
    root = ET.fromstring(svg)
    return [" ".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text")]


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_draws_words_and_colours_of_the_look(chart_case: Any, look: Any) -> None:
    _, draw, table, _ = chart_case
    svg = chart_svg(draw(table, look=look), 640)
    assert any(t.strip() for t in texts(svg))
    assert look.background in svg
    other = DARK if look is LIGHT else LIGHT
    assert other.background not in svg


@pytest.mark.parametrize("width", WIDTHS)
def test_takes_any_width(chart_case: Any, width: int) -> None:
    _, draw, table, _ = chart_case
    svg = chart_svg(draw(table, look=LIGHT), width)
    found = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    assert found is not None
    assert float(found[1]) == pytest.approx(width, abs=1)
    assert "NaN" not in svg


def test_no_rows_say_so_in_words(chart_case: Any) -> None:
    _, draw, table, _ = chart_case
    spec = draw(table.iloc[:0], look=LIGHT).to_dict()
    said = " ".join(texts(chart_svg(spec, 640)))
    assert re.search(r"\b(no|No|Nothing|Only|too few)\b", said), said


def test_only_holes_say_so_in_words(number_case: Any) -> None:
    _, draw, table, column = number_case
    said = " ".join(texts(chart_svg(draw(table.assign(**{column: np.nan}), look=LIGHT), 640)))
    assert re.search(r"\b(no|No|Nothing|Only|too few|not known)\b", said), said
    assert "nan" not in said.lower()


def test_one_row_draws(chart_case: Any) -> None:
    _, draw, table, column = chart_case
    one = table.dropna(subset=column).iloc[[0]] if column else table.iloc[[0]]
    svg = chart_svg(draw(one, look=LIGHT), 640)
    assert "NaN" not in svg
    assert any(t.strip() for t in texts(svg))


def test_asks_nothing_of_the_network(chart_case: Any) -> None:
    _, draw, table, _ = chart_case
    spec = draw(table, look=LIGHT).to_dict()
    spec.pop("$schema")
    text = json.dumps(spec)
    assert "http" not in text
    assert '"url"' not in text


def test_charts_take_the_width_of_their_container(chart_case: Any) -> None:
    _, draw, table, _ = chart_case
    assert draw(table, look=LIGHT).to_dict()["width"] == "container"


def test_goal_path_names_what_it_shows(goal_rows: pd.DataFrame) -> None:
    chart = charts.goal_path(goal_rows, start="2025-01", baseline=380.0, baseline_years="2022–24")
    said = texts(chart_svg(chart, 1000))
    assert "Save Lives Now! starts" in said
    assert "Last 12 months: 318" in said
    assert "Baseline 2022–24: 380 a year" in said
    assert "Goal: 330 a year" in said


def test_cannot_tell_is_said_by_word_and_by_shape() -> None:
    table = pd.DataFrame({"name": ["A"], "percent": [-5.0], "lower": [-20.0], "upper": [12.0]})
    told = charts.dot_intervals(table)
    assert any("Cannot tell yet" in t for t in texts(chart_svg(told, 900)))
    rows = next(iter(d for d in told.to_dict()["datasets"].values() if "shape" in d[0]))
    assert rows[0]["shape"] == "diamond"
    assert rows[0]["fill"] == LIGHT.background


@pytest.mark.parametrize(
    ("lower", "upper", "state"),
    [
        (-9, -1, "fewer"),
        (1, 9, "more"),
        (-1, 1, "cannot_tell"),
        (-5, 0, "cannot_tell"),
        (np.nan, 1, "no_data"),
    ],
)
def test_state_of_an_interval(lower: float, upper: float, state: str) -> None:
    assert charts.state_of(lower, upper) == state


def test_small_multiples_keep_places_without_data(goal_rows: pd.DataFrame) -> None:
    panels = charts.small_multiples(
        {"A": goal_rows, "B": goal_rows.assign(actual=np.nan)}, start="2025-01", baselines={"A": 380.0}
    )
    assert [name for name, _ in panels] == ["A", "B"]
    assert any("Nothing to draw" in t for t in texts(chart_svg(panels[1][1], 400)))


def test_a_month_between_two_holes_is_still_seen() -> None:
    from analysis.evidence import path_table

    month = pd.period_range("2024-01", periods=5, freq="M")
    observed = [10.0, np.nan, 12.0, np.nan, 11.0]
    table = path_table(
        month, observed, [10.0] * 5, [8.0] * 5, [12.0] * 5, post=np.array([0, 0, 0, 1, 1], bool)
    )
    chart = charts.observed_vs_expected(table, start="2024-04")
    singles = [d for d in chart.to_dict()["datasets"].values() if set(d[0]) == {"date", "observed"}]
    assert [row["observed"] for row in singles[0]] == [10.0, 12.0, 11.0]


class TestLabels:
    frame = labels.Frame(0, 100, 0, 100, 300)

    def place(self, *wanted: labels.Label) -> pd.DataFrame:
        return labels.place(list(wanted), self.frame)

    def test_every_label_lies_within_the_plot_at_every_width(self) -> None:
        x = tuple(np.linspace(0, 100, 30))
        wanted = [
            labels.Label(("A rather long label", "Short"), "#000000", x, tuple(50 + 40 * np.sin(x))),
            labels.Label(("Another label", "Other"), "#000000", x, tuple(np.array(x))),
        ]  # fmt: skip
        placed = self.place(*wanted)
        for which, width in enumerate(labels.WIDTHS):
            rows = placed.loc[placed["set"] == which]
            assert len(rows) == 2
            for row in rows.to_dict("records"):
                size = labels.text_width(row["text"])
                at = row["x"] / 100 * width
                left = at - {"left": 0, "center": size / 2, "right": size}[row["align"]]
                assert left >= -1
                assert left + size <= width + 1
                assert 0 < row["y"] < 100

    def test_labels_do_not_cover_each_other(self) -> None:
        point = labels.Label(("One label",), "#000000", (50.0,), (50.0,))
        placed = self.place(point, labels.Label(("Two label",), "#000000", (50.0,), (50.0,)))
        wide = placed.loc[placed["set"] == 2]
        apart_y = abs(wide["y"].iloc[0] - wide["y"].iloc[1]) * 3
        assert apart_y >= labels.LINE - 1 or wide["x"].nunique() == 2

    def test_no_point_no_label(self) -> None:
        assert self.place(labels.Label(("A",), "#000000", (), ())).empty
        assert self.place(labels.Label(("A",), "#000000", (float("nan"),), (1.0,))).empty

    def test_a_phone_gets_the_shorter_words(self) -> None:
        long = "A label that is far too long for the plot of a small phone"
        placed = self.place(labels.Label((long, "Short"), "#000000", (50.0,), (50.0,)))
        assert placed.set_index("set")["text"].to_dict() == {0: "Short", 1: "Short", 2: long} or (
            placed.set_index("set")["text"][0] == "Short"
        )

    def test_shorten_keeps_within_its_width(self) -> None:
        assert labels.shorten("short", 500) == "short"
        cut = labels.shorten("Weighted comparison cities, demeaned", 90)
        assert cut.endswith("…")
        assert labels.text_width(cut) <= 90


@pytest.mark.parametrize("values", [[[np.nan]], [[]], [[5.0, 5.0]], [[0.0]], [[-3.0, 4.0]]])
def test_limits_are_always_a_range(values: list[list[float]]) -> None:
    low, high = base.limits(values)
    assert np.isfinite([low, high]).all()
    assert low < high
