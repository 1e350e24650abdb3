"""What was tried against an answer, in pictures: families, variants, pretended starts, breaks, power."""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.evidence import CheckState, Interval
from analysis.its import breaks
from analysis.its import sensitivity as variants
from dashboard import charts, data
from dashboard import words as w
from dashboard.charts.pretended import break_search, pretended_starts
from dashboard.charts.since_start import power_by_months
from dashboard.components import digest
from dashboard.figures import Column, Figure
from dashboard.views.its.answer import Answer, Tried
from dashboard.views.its.controls import FAMILIES
from dashboard.views.its.figures import Made, finished
from dashboard.views.its.words import beside, power, readable

#: Families whose ranges are known to be too narrow for crime counts.
NARROW: Final = ("poisson", "ols")
#: Kinds of variants, in the order they are shown.
KINDS: Final = {
    "asked": "This specification", "phase-in": "Another phase-in", "start": "Another start",
    "trend": "Another trend", "window": "A part of the past left out",
}  # fmt: skip
VERDICTS: Final = {"fewer": "fewer", "more": "more", "unclear": "cannot tell"}
FALL: Final = -20.0


def proof(found: Answer, against: Tried, *, diagnostics: bool) -> dict[str, Figure]:
    """The figures of what was tried, by a short name."""
    facts = data.facts()
    return _proof(digest(found.key, "proof"), diagnostics, found, against, facts.source_line, facts.synthetic)


@st.cache_resource(show_spinner=False, max_entries=64)
def _proof(
    identity: str, diagnostics: bool, _found: Answer, _against: Tried, source: str, synthetic: bool
) -> dict[str, Figure]:
    made = [
        _families(_found, _against, diagnostics=diagnostics),
        _variants(_found, _against, diagnostics=diagnostics),
        _cities(_found, _against, diagnostics=diagnostics),
        _placebo(_found, _against, diagnostics=diagnostics),
        _break(_found, _against, diagnostics=diagnostics),
        _power(_found, _against),
    ]
    return finished(made, f"{identity}{diagnostics}", source, synthetic)


def _axis(found: Answer) -> str:
    return f"Difference from the {beside(found)}"


def _columns(first: str, *, diagnostics: bool) -> dict[str, Column]:
    """Few and short columns, so that the table fits a phone; the download has the numbers one by one."""
    columns = {"name": Column(first), "shown": Column("Difference (range)"), "says": Column("Says")}
    return columns | {"p": Column("p", "decimal3")} if diagnostics else columns


def _told(table: pd.DataFrame) -> pd.DataFrame:
    """Difference with its range as text, and what it says, or why there is none."""
    told = table.copy()
    told["shown"] = [
        "" if pd.isna(m) else w.interval(Interval(m, lo, up), 1, unit=w.PERCENT, signed=True)
        for m, lo, up in zip(table["percent"], table["lower"], table["upper"], strict=True)
    ]
    told["says"] = [s or r for s, r in zip(_says(table), table["reason"], strict=True)]
    return told


def _says(table: pd.DataFrame) -> list[str]:
    """What each interval says; nothing where there is none."""
    return [
        "" if pd.isna(low) else VERDICTS[variants.verdict(low, up)]
        for low, up in zip(table["lower"], table["upper"], strict=True)
    ]


def _families(found: Answer, against: Tried, *, diagnostics: bool) -> Made:
    table = found.families.copy()
    table["name"] = [FAMILIES[f] for f in table["family"]]
    chosen = found.result.spec.family
    table["note"] = [
        "shown on this page" if f == chosen else "range often too narrow" if f in NARROW else ""
        for f in table["family"]
    ]
    table["reason"] = [readable(t, expert=diagnostics) for t in table["reason"]]
    table = _told(table).rename(columns={"p_value": "p"})
    ran = table.loc[table["percent"].notna()]
    if ran.empty:
        return "families", {}
    low, high = w.fewer(ran["percent"].min()), w.fewer(ran["percent"].max())
    span = f"every family gives {low}" if low == high else f"the families give between {low} and {high}"
    check = next((c for c in against.checks if c.name == variants.KINDS["family"]), None)
    if against.examination.disagreement:
        title = f"⚑ The families disagree: the answer hangs on how counts may scatter ({span})"
    else:
        title = f"{w.sentence_case(span)}, and none that allows for scatter disagrees"
    return "families", {
        "key": "its_families",
        "title": title,
        "sentence": "They differ in how far they let chance reach. Poisson alone ignores that crime comes in "
                    "waves: its range is too narrow. "
                    + ("" if check is None else readable(check.sentence, expert=diagnostics)),
        "chart": lambda look: charts.dot_intervals(
            ran[["name", "percent", "lower", "upper", "note"]], look=look, axis_title=_axis(found)
        ),
        "table": table,
        "columns": _columns("How counts scatter", diagnostics=diagnostics),
        "alt": f"Dots with ranges: the same question answered by {len(ran)} models of how counts scatter.",
    }  # fmt: skip


def _rows(against: Tried, *, diagnostics: bool) -> pd.DataFrame:
    table = against.table.copy()
    names = table["variant"].replace({"phase-in 0 months": "without a phase-in"})
    table["name"] = [w.sentence_case(readable(v, expert=diagnostics)) for v in names]
    table["reason"] = [readable(t, expert=diagnostics) for t in table["refused"]]
    return _told(table)


def _variants(found: Answer, against: Tried, *, diagnostics: bool) -> Made:
    table = _rows(against, diagnostics=diagnostics)
    table = table[table["kind"].isin(KINDS)]
    table = table.sort_values("kind", key=lambda k: k.map(list(KINDS).index), kind="stable")
    table["group"] = table["kind"].map(KINDS)
    ran = table.loc[table["percent"].notna()].reset_index(drop=True)
    others = ran[ran["kind"] != "asked"]
    if others.empty:
        return "variants", {}
    asked = ran.loc[ran["kind"] == "asked", "says"]
    other = int((others["says"] != asked.iloc[0]).sum()) if len(asked) else 0
    n = len(others)
    title = (
        f"All {n} variants give the verdict of this specification: “{asked.iloc[0]}”"
        if other == 0 and len(asked)
        else f"⚑ {w.sentence_case(w.small_number(other))} of {n} variants "
        f"{'gives' if other == 1 else 'give'} another verdict"
    )
    low, high = (w.percent(v, signed=True) for v in (ran["percent"].min(), ran["percent"].max()))
    return "variants", {
        "key": "its_variants",
        "title": title,
        "sentence": f"One thing changed at a time; estimates run from {low} to {high}.",
        "chart": lambda look: charts.dot_intervals(
            ran[["name", "percent", "lower", "upper", "group"]], group="group", look=look,
            axis_title=_axis(found),
        ),
        "table": table,
        "columns": _columns("What was changed", diagnostics=diagnostics),
        "alt": "Dots with ranges: this specification and variants of its phase-in, start, trend and past.",
    }  # fmt: skip


def _cities(found: Answer, against: Tried, *, diagnostics: bool) -> Made:
    table = _rows(against, diagnostics=diagnostics)
    table = table[table["kind"].isin(["asked", "comparison"])].reset_index(drop=True)
    ran = table.loc[table["percent"].notna()]
    without = ran[(ran["kind"] == "comparison") & ran["variant"].str.startswith("without")]
    if found.control is None or without.empty:
        return "cities", {}
    ends = without.loc[[without["percent"].idxmin(), without["percent"].idxmax()]].drop_duplicates("variant")
    shown = pd.concat([ran[~ran.index.isin(without.index)], ends])
    low, high = without["percent"].min(), without["percent"].max()
    return "cities", {
        "key": "its_cities",
        "title": f"Without any one comparison city the estimate stays between {w.percent(low, signed=True)} "
                 f"and {w.percent(high, signed=True)}",
        "sentence": f"Each of the {w.plural(len(without), 'largest city', 'largest cities')} was left out in "
                    "turn; shown are the two that move the estimate most, and the place’s own past alone.",
        "chart": lambda look: charts.dot_intervals(
            shown[["name", "percent", "lower", "upper"]], look=look, axis_title=_axis(found)
        ),
        "table": table,
        "columns": _columns("Comparison", diagnostics=diagnostics),
        "alt": "Dots with ranges: the answer with all comparison cities, without some, and with none.",
    }  # fmt: skip


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def _placebo(found: Answer, against: Tried, *, diagnostics: bool) -> Made:
    x, e = against.examination, found.result.effect
    if x.placebo is None or x.placebo_rank is None:
        return "placebo", {}
    reach = NormalDist().inv_cdf(0.5 + e.percent.level / 2)
    starts = x.placebo
    table = pd.DataFrame({"period": starts["start"], "real": False, "p": starts["p"]})
    for name, sign in (("percent", 0), ("lower", -1), ("upper", 1)):
        table[name] = 100 * np.expm1(np.clip(starts["log_ratio"] + sign * reach * starts["se"], -50, 50))
    real = {"period": w.to_month(found.result.spec.start), "real": True, "p": e.p_value,
            "percent": e.percent.estimate, "lower": e.percent.lower, "upper": e.percent.upper}  # fmt: skip
    table = pd.concat([table, pd.DataFrame([real])], ignore_index=True)
    table = _told(table.assign(reason=""))
    table["which"] = np.where(table["real"], "the real start", "a start that was none")
    at, of = x.placebo_rank
    columns = {
        "period": Column("Start", "month"), "which": Column("Which"), "shown": Column("Change (range)"),
    }  # fmt: skip
    if diagnostics:
        columns["p"] = Column("p", "decimal3")
    return "placebo", {
        "key": "its_placebo",
        "title": f"By size of change against its error, the real start ranks {_ordinal(at)} of {of}",
        "sentence": f"The other {of - 1} are months of the past at which nothing started. "
                    "If many of them look like the real one, so would any month: the number says little. "
                    + (f"Made so much wider that they show nothing, the range is {w.between(x.widened)}."
                       if x.widened.known else ""),
        "chart": lambda look: pretended_starts(table, look=look),
        "table": table,
        "columns": columns,
        "alt": "Dots with ranges by month: the change at starts that were none, and at the real start.",
        "note": "Each pretended start is fitted to the months before the real one alone. Neighbouring starts "
                "share most of their months, so they agree with each other more than chance would have it.",
    }  # fmt: skip


def _break(found: Answer, against: Tried, *, diagnostics: bool) -> Made:
    check = next((c for c in against.checks if c.name == breaks.NAME), None)
    if check is None or check.table.empty:
        return "break", {}
    table = check.table.rename(columns={"start": "period", "lr": "gain"})
    top = table.loc[table["largest"]].iloc[0]
    when, start = w.month(top["period"]), found.result.spec.start
    title = (
        f"No month is a clear break; the likeliest is {when}"
        if check.state is CheckState.CANNOT_TELL
        else f"Left to itself, the series breaks most in {when}"
    )
    table["percent"] = 100 * (table["rate_ratio"] - 1)
    return "break", {
        "key": "its_break",
        "title": title,
        "sentence": readable(check.sentence, expert=diagnostics),
        "chart": lambda look: break_search(table[["period", "gain", "largest"]], start=start, look=look),
        "table": table,
        "columns": {"period": Column("Break in", "month"), "percent": Column("Change there", "percent1"),
                    "gain": Column("Gain in fit", "decimal")},
        "alt": "Line by month: how much better the model would be with a break there, with a rule at the "
               "real start.",
        "note": "The gain is the likelihood-ratio statistic of a step at that month, counts taken as "
                "Poisson; how large it gets without any break is found by simulation.",
    }  # fmt: skip


def _power(found: Answer, against: Tried) -> Made:
    now, needed = found.result.effect.post_months, against.able.months_needed
    table = against.able.table
    if table.empty:
        return "power", {}
    first = int(table["months"].iloc[0])
    fall = w.percent(abs(FALL))
    if needed is None:
        title = f"A fall of {fall} could not be seen reliably within ten years this way"
    elif needed <= first:
        title = f"A fall of {fall} can be seen within {w.plural(first, 'month')}"
    else:
        title = f"To see a fall of {fall} takes about {w.plural(needed, 'month')}"
    return "power", {
        "key": "its_power",
        "title": title,
        "sentence": power(found, against),
        "chart": lambda look: power_by_months(table, now=now, fall=FALL, look=look),
        "table": table,
        "columns": {
            "months": Column("Months after the start", "count"),
            "smallest_percent": Column("Smallest fall found four times in five", "percent"),
            "power_20": Column(f"How often a fall of {fall} would be found", "share"),
        },
        "alt": "Line by months after the start: the smallest fall that would be found in four of five cases.",
        "note": "From the model’s own error, drawn out to ten years with the drift and season of the past"
                + (", made as large as simulated series of the present length say it is."
                   if against.able.checked else "."),
    }  # fmt: skip
