"""What other cities saw, and why that is no target here."""

from __future__ import annotations

import streamlit as st

from analysis.data.vocabulary import TACTICS
from dashboard import components as c
from dashboard import data
from dashboard.views import evidence_elsewhere as view

c.page_title("Evidence from elsewhere")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
rows = view.table()
c.headline(view.headline(rows))
st.markdown(
    "These figures are published results from other places, quoted with what was counted and how. "
    "They say that such work can help. They do not say by how much it will help here."
    + (" They are real, unlike the other numbers of this sample." if facts.synthetic else "")
)
for tactic in TACTICS:
    figure = view.of_tactic(rows, tactic, facts.version)
    if figure is not None:
        c.show(figure)

lasting = view.decay(rows, facts.version)
if lasting is not None:
    c.section("Did it last?")
    c.show(lasting)

c.section("Why these are not targets")
st.markdown(view.NOT_TARGETS)
c.footer(source=view.SOURCE, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
