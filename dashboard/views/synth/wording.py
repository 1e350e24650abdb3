"""Sentences of the method in the words of the page."""

from __future__ import annotations

import re
from typing import Final

from dashboard import words as w

#: What the method says → what the page says, in this order.
_WORDS: Final = (
    ("donors' range", "comparison places’ range"),
    ("donors", "comparison places"),
    ("donor", "comparison place"),
    ("predictor", "characteristic"),
    ("periods", "months"),
    ("period", "month"),
    ("placebo units", "other places"),
    ("other units", "other places"),
    ("treated unit", "place itself"),
    ("Units are measured", "Places are measured"),
    ("every unit", "every place"),
    ("in the unit", "in the place"),
    ("index estimator", "index synthetic control"),
)


def in_words(text: str) -> str:
    """With the page's words, real minus signs and months written out."""
    for said, better in _WORDS:
        text = text.replace(said, better)
    text = re.sub(r"\b(\d{4}-(?:0[1-9]|1[0-2]))\b(?!-)", lambda m: w.month(m.group(1)), text)
    text = re.sub(r"(?<![\w\u2212-])-(?=\d)", w.MINUS, text)
    return re.sub(r"(?<=\d) %", "\u00a0%", text)
