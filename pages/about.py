"""What the initiative is, how its goal is defined, and what this dashboard cannot say."""

from __future__ import annotations

import streamlit as st

from analysis.data.vocabulary import TACTICS
from dashboard import components as c
from dashboard import data, headlines, preview
from dashboard.views import about as text
from dashboard.views.tactics import answers as tactics

c.page_title("About Save Lives Now!")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
goal = data.goals()[0]
c.headline(headlines.about(100 * goal.reduction, goal.months, text.EVENTS[goal.measure]))
st.markdown(text.INITIATIVE)

c.section("Three tactics")
for tactic, name in TACTICS.items():
    st.subheader(name, anchor=False)
    st.markdown(tactics.PLAIN[tactic])
st.subheader("The two messages of focused deterrence", anchor=False)
st.markdown(text.MESSAGES)

c.section("How it came about")
c.show(text.timeline())

c.section("Who is involved")
st.markdown(text.PEOPLE)

c.section("How the goal is defined", text.goal_words(goal))
st.markdown(text.DIFFERENCES_INTRO)
c.table_of(text.differences(), alt="Public statements of the goal and what this dashboard makes of them")

c.section("What this dashboard cannot say")
st.markdown(text.LIMITS)
if release := preview.release_words(data.hub()):
    c.section("What this release shows", release)
c.section("Help")
st.markdown(text.HELP)
c.section("Accessibility")
st.markdown(text.ACCESSIBILITY)
c.footer(source=text.SOURCE, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
