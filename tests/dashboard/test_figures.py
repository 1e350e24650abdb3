"""A figure cannot exist without its finding, table, source and description; files keep all of it."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pandas as pd
import pytest
import vl_convert

from dashboard import charts
from dashboard.figures import Column, Figure
from dashboard.theme import DARK, FONT, LIGHT

GOOD: dict[str, Any] = {
    "key": "split",
    "title": "Robbery fell by 9 % & homicide by <5 %",
    "sentence": "Likely 8–14 %.",
    "source": "An agency; complete through June 2026",
    "alt": "Two dots with intervals.",
}


def make(**changes: Any) -> Figure:
    table = pd.DataFrame(
        {"name": ["=HYPERLINK(1)", "Robbery"], "percent": [-9.5, 2.0], "lower": [-12.0, np.nan],
         "upper": [-6.0, np.nan]}
    )  # fmt: skip
    values = GOOD | {"table": table, "chart": lambda look: charts.dot_intervals(table, look=look)} | changes
    return Figure(**values)


@pytest.mark.parametrize("field", ["title", "source", "alt"])
def test_words_that_must_be_there(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        make(**{field: "  "})


def test_a_title_states_a_finding() -> None:
    with pytest.raises(ValueError, match="label"):
        make(title="Homicide trend")
    with pytest.raises(ValueError, match="full stop"):
        make(title="Robbery fell by a tenth.")


def test_a_table_must_be_there() -> None:
    with pytest.raises(ValueError, match="no table"):
        make(table=pd.DataFrame())
    with pytest.raises(ValueError, match="no column"):
        make(columns={"nothing": Column("Nothing")})
    with pytest.raises(ValueError, match="format"):
        Column("A", "colour")
    with pytest.raises(ValueError, match="key"):
        make(key="../etc")


def test_svg_holds_all_words_and_says_that_the_sample_is_one() -> None:
    svg = make(synthetic=True).to_svg(480)
    words = " ".join("".join(e.itertext()) for e in ET.fromstring(svg).iter() if e.tag.endswith("text"))
    assert "Robbery fell by 9 % & homicide by <5 %" in words
    assert "Source: An agency; complete through June 2026" in words
    assert "Synthetic sample data" in words
    assert "Two dots with intervals." in svg
    assert "Synthetic" not in make().to_svg(480)
    assert "http" not in svg.replace("http://www.w3.org/", "")


@pytest.mark.parametrize("width", [340, 640, 1100])
def test_no_line_of_words_is_wider_than_the_picture(width: int) -> None:
    from dashboard.charts.labels import text_width

    long = "Violent street crime in St. Louis County fell by a tenth and nobody can tell yet why that is so"
    root = ET.fromstring(make(title=long, sentence=long + ".").to_svg(width))
    tops = [e for e in root if e.tag.endswith("}text")]
    assert len(tops) >= 3
    for line in tops:
        assert text_width(line.text or "", float(line.get("font-size", 0))) * 0.97 <= width - 14


def test_words_are_really_drawn() -> None:
    """vl-convert draws nothing at all, without an error, when it does not find the font."""

    def ink(family: str) -> int:
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40"><rect width="300" height="40" '
            f'fill="white"/><text x="5" y="25" font-size="20" font-family=\'{family}\'>Words ▼ −</text></svg>'
        )
        return len(vl_convert.svg_to_png(svg))

    assert ink(FONT) > 2 * ink("No Such Font At All")
    full = make().to_png(480, scale=1)
    assert full.startswith(b"\x89PNG")
    assert len(full) > 8_000


def test_csv_stays_machine_readable_and_harmless() -> None:
    read = pd.read_csv(io.BytesIO(make(synthetic=True).to_csv()))
    assert list(read.columns) == ["name", "percent", "lower", "upper", "figure", "source", "data_status"]
    assert read["percent"].tolist() == [-9.5, 2.0]
    assert read["name"][0] == "'=HYPERLINK(1)"
    assert read["lower"].isna().tolist() == [False, True]
    assert set(read["data_status"]) == {"Synthetic sample data"}
    assert "data_status" not in pd.read_csv(io.BytesIO(make().to_csv()))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\r=1"])
def test_text_that_a_spreadsheet_would_run(text: str) -> None:
    figure = make(table=pd.DataFrame({"a": [text]}))
    assert figure.to_csv().decode().splitlines()[1].lstrip('"').startswith("'")


def test_negative_numbers_stay_numbers() -> None:
    figure = make(
        table=pd.DataFrame({"a": [-3], "b": [-0.5], "month": pd.period_range("2026-01", periods=1, freq="M")})
    )
    assert figure.to_csv().decode().splitlines()[1].startswith("-3,-0.5,2026-01,")


def test_the_table_on_screen_is_written_for_people() -> None:
    columns = {
        "name": Column("Measure"),
        "percent": Column("Change", "percent_change"),
        "lower": Column("From", "percent"),
    }
    shown = make(columns=columns).shown_table()
    assert shown.columns.tolist() == ["Measure", "Change", "From"]
    assert shown["Change"].tolist() == ["−10\u00a0%", "+2\u00a0%"]
    assert shown["From"].tolist() == ["−12\u00a0%", "not known"]


def test_files_of_the_sample_say_so_in_their_name() -> None:
    assert make(synthetic=True).file_name == "sln_split_synthetic"
    assert make().file_name == "sln_split"


def test_several_panels_stand_beside_or_below_each_other() -> None:
    table = pd.DataFrame({"name": ["A"], "value": [1.0]})
    figure = make(
        table=table, chart=lambda look: [(n, charts.bars(table, look=look)) for n in ("Left", "Right")]
    )
    assert [heading for heading, _ in figure.panels()] == ["Left", "Right"]

    def height(width: int) -> float:
        return float(ET.fromstring(figure.to_svg(width)).get("height", 0))

    assert height(340) > height(900)


def test_specs_are_made_once_a_look() -> None:
    calls: list[str] = []
    table = pd.DataFrame({"name": ["A"], "value": [1.0]})

    def draw(look: Any) -> Any:
        calls.append(look.name)
        return charts.bars(table, look=look)

    figure = make(table=table, chart=draw)
    for look in (LIGHT, DARK, LIGHT, DARK):
        figure.specs(look)
    assert calls == ["light", "dark"]
