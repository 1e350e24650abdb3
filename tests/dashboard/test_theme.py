"""Contrast, and that the screens' settings and the charts' colours are the same."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

from dashboard.theme import DARK, FILLED, FONTS, LIGHT, LOOKS, STATUSES, STYLE, Look, contrast, rgb

BOTH = pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)


def test_contrast_is_the_one_of_the_guidelines() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@BOTH
def test_shapes_stand_out(look: Look) -> None:
    for colour in (*look.series, look.context, look.rule, look.outline):
        assert contrast(colour, look.background) >= 3, colour


@BOTH
def test_words_can_be_read(look: Look) -> None:
    for colour in (look.text, look.muted, *look.series_text):
        assert contrast(colour, look.background) >= 4.5, colour
        assert contrast(colour, look.area) >= 4.5, colour
    for status in STATUSES.values():
        assert contrast(status.text_colour(look), look.background) >= 4.5


def test_words_on_filled_controls_can_be_read() -> None:
    assert contrast(*FILLED) >= 4.5
    assert f"background-color:{FILLED[0]};color:{FILLED[1]}" in STYLE


@BOTH
def test_more_is_stronger(look: Look) -> None:
    strengths = [contrast(c, look.background) for c in look.sequential]
    assert strengths == sorted(strengths)
    steps = [b / a for a, b in itertools.pairwise(strengths)]
    assert min(steps) > 1.3


def test_every_state_has_a_word_and_a_sign_of_its_own() -> None:
    words = [s.word for s in STATUSES.values()]
    assert len(set(words)) == len(words)
    assert all(s.icon for s in STATUSES.values())


def test_the_screens_have_the_same_colours(root: Path) -> None:
    theme = tomllib.loads((root / ".streamlit" / "config.toml").read_text())["theme"]
    for name, look in LOOKS.items():
        assert theme[name]["chartCategoricalColors"] == list(look.series)
        assert theme[name]["backgroundColor"] == look.background
        assert theme[name]["textColor"] == look.text


def test_fonts_come_with_their_licence() -> None:
    assert len(list(FONTS.glob("*.ttf"))) == 2
    assert "SIL OPEN FONT LICENSE" in (FONTS / "LICENSE-SourceSans3.md").read_text()


def test_rgb() -> None:
    assert rgb("#12436D", 0.5) == [18, 67, 109, 128]
