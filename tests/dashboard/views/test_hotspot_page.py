"""The hot-spot page as a reader uses it: questions in order, and one hexagon chosen everywhere at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest


@pytest.fixture(scope="module")
def page(root: Path) -> AppTest:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLN_HUB", str(root / "data_samples"))
        patch.setenv("SLN_AUDIENCE", "public")
        at = AppTest.from_file(str(root / "pages" / "hotspots.py"), default_timeout=120)
        at.query_params["place"] = "stl_city"
        at.run()
        assert not at.exception
        yield at


def chosen(at: AppTest) -> str:
    return next(m.value for m in at.markdown if m.value.startswith(("Chosen:", "Choose a row")))


def test_the_questions_stand_in_order_under_one_sentence(page: AppTest) -> None:
    headers = [h.value for h in page.header]
    assert "of the map holds" in headers[0]
    assert headers[1:] == [
        "Where?", "Is it real?", "Is it changing?", "How stable, how predictive?",
        "Did the tactic’s area change?", "When does it happen?",
    ]  # fmt: skip
    years = [m.value for m in page.markdown if m.value.startswith("**Year") or m.value[2:6].isdigit()]
    assert 2 <= len(page.get("deck_gl_json_chart")) + len(years) <= 8, "at most eight maps"
    assert not page.get("file_uploader")  # outlines of one's own would cut hexagons into small counts


def hexagons(at: AppTest) -> list[str]:
    """Identifiers in the table under the map, fullest first."""
    tables = [t.value for t in (*at.dataframe, *at.table)]
    return list(next(t for t in tables if "Rank" in t and "Hexagon (H3)" in t)["Hexagon (H3)"])


def test_a_hexagon_is_chosen_from_the_list_and_left_again(page: AppTest) -> None:
    assert chosen(page).startswith("Choose a row")
    box = next(b for b in page.selectbox if b.label == "Find a hexagon")
    second = hexagons(page)[1]
    box.set_value(second).run()
    assert not page.exception
    assert chosen(page).startswith("Chosen: **")
    assert "rank" in chosen(page)
    box = next(b for b in page.selectbox if b.label == "Find a hexagon")
    assert box.value == second
    box.set_value("").run()
    assert chosen(page).startswith("Choose a row")


def test_every_download_is_made_of_what_is_shown(page: AppTest) -> None:
    labels = [b.proto.label for b in page.get("download_button")]
    assert labels.count("Map (GeoJSON)") == 1
    assert labels.count("Table (CSV)") >= 7
