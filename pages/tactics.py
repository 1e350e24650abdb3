"""What is being done, where, and how much of what was planned."""

from __future__ import annotations

import streamlit as st

from analysis import programme
from analysis.data.vocabulary import MEASURES, TACTICS
from dashboard import components as c
from dashboard import data, state
from dashboard.views.tactics import answers as view
from dashboard.views.tactics import effects
from dashboard.views.tactics import page as parts

c.page_title("Tactics")
facts = data.facts()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
if facts.empty:
    c.no_data_yet()
    st.stop()

rows = view.activities()
offered = [m for m in MEASURES if any(m in have for have in facts.measures.values())] or [
    "violent_street_crime"
]
c.headline(parts.headline(rows))
measure = state.pick("measure", "Measure", {m: MEASURES[m] for m in offered}, offered[0])
parts.since_start(measure)

for tactic, name in TACTICS.items():
    c.section(name, view.PLAIN[tactic])
    st.markdown(parts.where_words(tactic))
    mine = rows[rows["tactic"] == tactic]
    if mine.empty:
        if view.deployments().empty:
            continue
        c.empty_state("What was done is not reported yet.", parts.ACTIVITIES)
        continue
    c.show(parts.dose_figure(tactic, mine))
    model = parts.model_of(tactic, mine)
    if model is not None:
        st.markdown(f"**Fidelity to its own model, newest twelve months:** {model.sentence}")
        with st.expander(f"How the fidelity of {name.lower()} is scored"):
            st.markdown(programme.RULE)
            c.table_of(parts.model_table(model), alt=f"Parts of the model of {name.lower()}")
    funnel = parts.funnel_figure(tactic, mine)
    if funnel is not None:
        c.show(funnel)
    told = parts.everything_reported(tactic, mine)
    if told is not None:
        with st.expander(f"Everything reported on {name.lower()}, {told[0]}"):
            c.table_of(told[1], alt=f"Activities of {name.lower()} by place")
if not view.deployments().empty and len(rows):
    c.section("Work done beside effect", programme.CAUTION)
    beside = effects.beside_effect(measure)
    if beside is not None:
        c.show(beside)
    effects.show_over_time(measure)
c.method_note(parts.METHOD)
c.footer(source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
