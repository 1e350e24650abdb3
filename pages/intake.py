"""Intake, for the hub's own staff: look at a file, accept or reject it, accept a month, read the log."""

from __future__ import annotations

from typing import Final

import streamlit as st

from analysis.data import HubError
from analysis.data.arrivals.intake import Look, accept_file, hand_in, look_at, reject_file, waiting
from analysis.programme import templates
from dashboard import components as c
from dashboard import data
from dashboard.audience import rights
from dashboard.sign_in import signed_in_as
from dashboard.views import data_quality
from dashboard.views import intake as view

TOLD: Final = "_intake_told"

if not rights().intake:  # the app lists this page for staff alone; nobody else gets past this line
    st.error("This page is for the hub’s own staff.")
    st.stop()


def tell(text: str, *, good: bool) -> None:
    """Keep what happened for after the page has been run again."""
    st.session_state[TOLD] = (text, good)


def person() -> str:
    """Who decides: whoever signed in, or (on this machine alone) the name that is typed."""
    if address := signed_in_as():
        st.markdown(f"You decide as **{view.escaped(address)}**. Every decision is kept with this name.")
        return address
    typed = st.text_input(
        "Your name", key="intake_who", max_chars=120, help="Kept with every decision. Nobody signs in here."
    )
    return typed.strip()


def take(who: str) -> None:
    """The form to hand a file in."""
    c.section("Hand a file in", view.WHAT_IS_TAKEN)
    with st.form("hand_in", clear_on_submit=True):
        upload = st.file_uploader(
            f"File (at most {view.LIMIT_MB} MB)", type=list(view.KINDS), max_upload_size=view.LIMIT_MB
        )
        with st.expander("Mapping file, for an agency whose layout is not known"):
            st.markdown(view.MAPPING)
            mapping = st.file_uploader("Mapping file (YAML)", type=["yaml", "yml"], max_upload_size=1)
        sent = st.form_submit_button("Look at it", type="primary")
    if not sent:
        return
    if upload is None:
        st.warning("Choose a file first.")
    elif not who:
        st.warning("Say who hands it in: type your name above, then choose the file again.")
    else:
        try:
            with st.spinner("Reading every row …"):
                look = hand_in(
                    view.writable(data.hub()), upload.name, upload.getvalue(), who=who,
                    mapping=mapping.getvalue() if mapping is not None else None,
                )  # fmt: skip
            tell(f"{view.escaped(look.file.name)} was looked at and waits below.", good=True)
        except (HubError, OSError) as why:
            tell(view.escaped(why), good=False)
        st.rerun()


def show_waiting(look: Look, who: str) -> None:
    """One file: what is in it, what is wrong with it, and the decision."""
    one = look.file
    with st.container(border=True):
        st.subheader(view.escaped(one.name), anchor=False)
        st.markdown(view.found(one))
        if len(look.findings):
            st.markdown("**Rows that would be refused**")
            st.markdown(view.first_findings(look))
            with st.expander(f"All {len(look.findings)} of them as a table"):
                about = f"Refused values of {one.name}"
                st.dataframe(view.findings(look), hide_index=True, alt=about, width="stretch")
                if more := view.more_findings(look):
                    st.caption(more)
        if len(look.formulas):
            st.markdown(f"**Cells that a spreadsheet would run.** {view.SPREADSHEET}")
            about = f"Cells of {one.name} that begin like a formula"
            st.dataframe(view.risky(look), hide_index=True, alt=about, width="stretch")
        with st.form(f"decide_{one.id}", border=False):
            asked = "needed" if view.needs_reason(one) or one.outcome == "refused" else "needed to reject"
            reason = st.text_area(f"Reason ({asked})", key=f"why_{one.id}", max_chars=1000, height=80)
            with st.container(horizontal=True):
                yes = st.form_submit_button(
                    "Accept", type="primary", disabled=one.outcome == "refused", key=f"accept_{one.id}"
                )
                no = st.form_submit_button("Reject", key=f"reject_{one.id}")
        if yes or no:
            decide(one.id, one.name, who, reason, accept=bool(yes))


def decide(file_id: str, name: str, who: str, reason: str, *, accept: bool) -> None:
    """Accept or reject, and say what came of it."""
    try:
        if not who:
            raise HubError("Say who decides: type your name at the top of the page.")
        hub = view.writable(data.hub())
        if accept:
            with st.spinner("Taking the rows in …"):
                report = accept_file(hub, file_id, who=who, reason=reason)
            done = f"accepted: {report.rows_kept:,} rows kept, {report.rows_quarantined:,} in quarantine"
        else:
            reject_file(hub, file_id, who=who, reason=reason)
            done = "rejected; who and why stand in the log"
        tell(f"{view.escaped(name)} was {done}.", good=True)
    except (HubError, OSError) as why:
        tell(view.escaped(why), good=False)
    st.rerun()


def months_that_look_wrong(who: str) -> None:
    """Suspect figures, and the form to accept some of them."""
    c.section("Months that look wrong", view.SUSPECT)
    rows = suspects
    if rows.empty:
        st.markdown("No month of the region’s agencies looks wrong.")
        return
    names = dict(zip(rows["agency_id"], rows["name"], strict=True))
    agency = st.selectbox("Agency", list(names), format_func=lambda a: names[a], key="suspect_agency")
    mine = rows[rows["agency_id"] == agency]
    st.dataframe(view.suspect_table(mine), hide_index=True, alt="Suspect figures", width="stretch")
    offenses = ["", *dict.fromkeys(mine["offense"])]
    with st.form("accept_months", clear_on_submit=True):
        months = st.multiselect(
            "Months", list(dict.fromkeys(mine["month"])), format_func=view.w.month,
            max_selections=view.MOST_MONTHS,
        )  # fmt: skip
        offense = st.selectbox(
            "Offense", offenses, format_func=lambda o: view.offense_words(o) if o else "All suspect offenses"
        )
        reason = st.text_area("Reason (needed)", max_chars=1000, height=80)
        sent = st.form_submit_button("Use these months", type="primary")
    if not sent:
        return
    try:
        if not months:
            raise HubError("Choose at least one month.")
        if not who or not reason.strip():
            raise HubError("To accept a suspect month, say why and who decides: both are kept.")
        view.writable(data.hub()).accept(agency, months, offense or None, reason=reason, who=who)
        tell(f"{len(months)} months of {view.escaped(names[agency])} are used from now on.", good=True)
    except (HubError, OSError) as why:
        tell(view.escaped(why), good=False)
    st.rerun()


def empty_tables() -> None:
    """Templates to download."""
    c.section("Templates", view.TEMPLATES)
    with st.container(horizontal=True):
        for name, text in templates().items():
            kind = "text/csv" if name.endswith(".csv") else "text/plain"
            st.download_button(
                name, data=text.encode("utf-8"), file_name=name, mime=kind, on_click="ignore", key=f"t_{name}"
            )


def log() -> None:
    """Everything that was done to the hub, verified on reading."""
    c.section("Log", "Every change of this hub. Each entry is chained to the one before it by its hash.")
    found = data.hub().audit()
    if found.intact:
        st.markdown(view.log_words(found))
    else:
        st.error(view.log_words(found))
    if len(found.entries):
        st.dataframe(view.log_table(found), hide_index=True, alt="Log of the hub", width="stretch")
        st.download_button(
            "Log (CSV)", data=lambda: view.log_csv(found), file_name="sln_log.csv", mime="text/csv",
            on_click="ignore", key="log_csv",
        )  # fmt: skip


c.page_title("Intake")
facts, hub = data.facts(), data.hub()
c.data_badge(synthetic=facts.synthetic, sources=facts.sources, through=facts.through)
refusal = view.why_not(hub)
if refusal:
    c.headline("No file can be handed in here.")
    st.info(refusal)
else:
    looks = [look_at(hub, one.id) for one in waiting(hub)]
    suspects = view.open_suspects(data_quality.quality().check.suspects, hub.agencies())
    c.headline(view.headline(len(looks), len(suspects)))
    if TOLD in st.session_state:
        said, good = st.session_state.pop(TOLD)
        (st.success if good else st.error)(said)
    if facts.synthetic:
        st.info(view.SYNTHETIC)
    me = person()
    take(me)
    c.section("Files that wait", view.ACCEPTING)
    for waits in looks:
        show_waiting(waits, me)
    if not looks:
        st.markdown("No file waits.")
    months_that_look_wrong(me)
empty_tables()
log()
c.footer(source=facts.source_line, updated=facts.updated, synthetic=facts.synthetic, version=facts.version)
