"""Work done beside effect: one picture of all deployments, and one deployment's effect over time."""

from __future__ import annotations

import streamlit as st

from analysis import programme
from analysis.data.vocabulary import MEASURES, TACTICS
from analysis.programme.response import FULL
from dashboard import components as c
from dashboard import data, state
from dashboard import words as w
from dashboard.audience import rights
from dashboard.charts import dot_intervals
from dashboard.figures import Column, Figure
from dashboard.views.evaluations import page as evaluations
from dashboard.views.evaluations.over_time import months
from dashboard.views.tactics import answers as view


def beside_effect(measure: str) -> Figure | None:
    """Each deployment's effect with its range, named with the work that stands behind it."""
    facts = data.facts()
    return _beside(str(data.hub_path()), facts.version, measure, rights().floor)


@st.cache_resource(show_spinner=False, max_entries=32)
def _beside(path: str, version: str, measure: str, floor: int) -> Figure | None:
    del path  # part of the key alone
    table = programme.beside(
        view.deployments(), data.hub().activities(), evaluations.results().verdicts, measure, floor=floor
    )
    if table.empty:
        return None
    facts = data.facts()
    found = programme.dose_response(table)
    known = table["percent"].notna() & table["lower"].notna() & table["upper"].notna()
    told = table.assign(
        work=[f"{w.percent(100 * s)} of its plan" if w.known(s) else "plan not told" for s in table["share"]],
        model=[
            f"{w.number(s)}: {word}" if w.known(s) else str(word)
            for s, word in zip(table["fidelity"], table["fidelity_word"], strict=True)
        ],
        status=["cannot_tell" if k else "no_data" for k in known],
        says=[w.sentence_case(str(a)) for a in table["agreement"]],
    )
    sides = {"fewer": "fewer", "more": "more"}
    told["status"] = [sides.get(str(a), s) for a, s in zip(table["agreement"], told["status"], strict=True)]
    # The tactic stands as a heading above its places: together they are too long for a phone.
    shown = told[["percent", "lower", "upper", "status"]].assign(
        note=told["work"], tactic=[TACTICS[t] for t in told["tactic"]],
        name=[str(n).split(", ", 1)[-1] for n in told["name"]],
    ).sort_values("tactic", kind="stable")  # fmt: skip
    clear = int(table["agreement"].isin(list(sides)).sum())
    full = int((table["share"] >= FULL).sum())
    count = w.plural(len(table), "deployment", spelled=True)
    return Figure(
        key="dose_effect",
        title=(
            f"Of {count}, {w.small_number(full)} did at least {w.percent(100 * FULL)} of the plan; "
            f"{'none' if not clear else w.small_number(clear)} shows a clear change yet"
        ),
        sentence=found.sentence,
        chart=lambda look: dot_intervals(
            shown,
            look=look,
            group="tactic",
            axis_title=f"{MEASURES[measure]}: difference from the comparison",
        ),
        table=told,
        columns={
            "name": Column("Where"), "work": Column("Work done"), "model": Column("Fidelity"),
            "percent": Column("Effect", "percent_change"), "lower": Column("From", "percent_change"),
            "upper": Column("To", "percent_change"), "says": Column("What it says"),
            "grade": Column("Evidence"),
        },
        source=facts.source_line,
        synthetic=facts.synthetic,
        alt="Dots with ranges, one a deployment: "
        + "; ".join(
            f"{r['name']}, {r['work']}, {w.fewer(float(r['percent'])) if k else 'no comparison yet'}"
            for r, k in zip(told.to_dict("records"), known, strict=True)
        )
        + ".",
        note="The effect is the leading estimate of the page Evaluations with its 90 % range. A hollow "
        "diamond says that fewer and more are both still likely. Work is the share of the plan since the "
        "start, in the activity that the tactic’s dose is told by.",
        identity=c.digest(version, "beside", measure, floor),
    )  # fmt: skip


def show_over_time(measure: str) -> None:
    """One deployment's effect by months since its start, and how its estimate moved."""
    path, version = str(data.hub_path()), data.facts().version
    names = _choices(path, version, measure)
    if not names:
        return
    c.section("One deployment over time", "Does its effect grow, hold or fade, and has the estimate settled?")
    told = _over_time(path, version, state.pick("subject", "Deployment", names, next(iter(names))), measure)
    st.markdown(told[0])
    for shown in told[1:]:
        if isinstance(shown, str):
            st.markdown(shown)
        else:
            c.show(shown)


@st.cache_resource(show_spinner=False, max_entries=32)
def _choices(path: str, version: str, measure: str) -> dict[str, str]:
    """Deployments with an evaluation of this measure: key → name."""
    del path, version  # parts of the key alone
    found = evaluations.results()
    return {
        s.key: s.name
        for s in evaluations.subjects(found)
        if not s.key.startswith(evaluations.PROGRAMME) and not evaluations.of(found, s, measure).empty
    }


@st.cache_resource(show_spinner=False, max_entries=64)
def _over_time(path: str, version: str, key: str, measure: str) -> tuple[str | Figure, ...]:
    """The headline of a deployment's evaluation, then each picture or why there is none."""
    del path  # part of the key alone
    found = evaluations.results()
    subject = next(s for s in evaluations.subjects(found) if s.key == key)
    case = evaluations.case(found, subject, measure)
    if case is None:
        return ("This deployment is not evaluated on this measure.",)
    facts = data.facts()
    parts: list[str | Figure] = [evaluations.headline(case)]
    _, made = months(case, found)
    if made and not case.path.empty:
        identity = c.digest(version, key, measure, "tactic-months")
        parts.append(Figure(**made, source=facts.source_line, synthetic=facts.synthetic, identity=identity))
    elif case.effect is not None:
        parts.append(evaluations.NO_MONTHS)
    return (*parts, evaluations.moved(case, found, evaluations.quarters()))
