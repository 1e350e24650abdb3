"""Pieces of pages, run as a page would run them."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.grid import Cell, grid_html

PAGE = """
import pandas as pd
from dashboard import charts, components as c
from dashboard.figures import Figure
table = pd.DataFrame({"name": ["A"], "percent": [-9.0], "lower": [-20.0], "upper": [3.0]})
figure = Figure(
    key="one", title="A fell by nine percent", sentence="Likely.", table=table, source="An agency",
    alt="One dot.", chart=lambda look: charts.dot_intervals(table, look=look), synthetic=True, note="How.",
    identity=IDENTITY,
)
c.page_title("Progress")
c.data_badge(synthetic=True, through=pd.Period("2026-06", "M"))
c.headline("Down 9 %.")
c.numbers([c.Number("Change", "−9 %", "cannot_tell", "likely"), c.Number("Months left", "18")])
c.status_badge("too_few")
c.show(figure)
c.footer(source="An agency", updated="June 2026", synthetic=True)
"""


@pytest.mark.parametrize("identity", ["''", "'v1|region'"])
def test_a_page_of_components(identity: str) -> None:
    at = AppTest.from_string(PAGE.replace("IDENTITY", identity)).run()
    for _ in range(2):  # the second run replays the chart
        assert not at.exception
        assert [t.value for t in at.title] == ["Progress"]
        assert [x.value for x in at.header] == ["Down 9 %."]
        assert [x.value for x in at.subheader] == ["A fell by nine percent"]
        assert len(at.get("vega_lite_chart")) == 1
        assert [m.label for m in at.metric] == ["Change", "Months left"]
        assert len(at.get("download_button")) == 3
        text = " ".join(str(e.value) for e in [*at.caption, *at.markdown])
        assert "Synthetic sample data" in text
        assert "Too few events" in text
        at.run()


def test_no_more_than_four_numbers() -> None:
    script = "from dashboard import components as c\nc.numbers([c.Number('a', 'b')] * 5)"
    assert "at most four" in AppTest.from_string(script).run().exception[0].message


def test_an_empty_hub_says_what_to_do() -> None:
    at = AppTest.from_string("from dashboard import components as c\nc.no_data_yet()").run()
    assert "sln import" in at.info[0].value


class TestGrid:
    rows = {"CBT": [Cell("fewer", "9 % <fewer>", "since June"), Cell("no_data")]}  # noqa: RUF012

    def test_is_a_table_with_headings_and_states_in_words(self) -> None:
        html = grid_html("Tactics by place", "Tactic", ["City", "County"], self.rows)
        for part in (
            "<caption>Tactics by place</caption>", '<th scope="col">City</th>', '<th scope="row">CBT</th>',
            "Fewer", "No data", "9 % &lt;fewer&gt;",
        ):  # fmt: skip
            assert part in html
        assert "http" not in html

    def test_refuses_a_row_of_the_wrong_length(self) -> None:
        with pytest.raises(ValueError, match="2 cells for 1"):
            grid_html("A", "B", ["City"], self.rows)
