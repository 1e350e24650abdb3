"""All answers to a register, weighed case by case: agreement, multiplicity and grade.

A *case* is a subject, a place and a measure; several methods answer it. Cases about the goal's own
measure are one family, all other measures another: within each, the p-values of the leading answers are
adjusted after Benjamini and Hochberg, so that asking many questions makes no answer look clear.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from analysis import grading
from analysis.evaluate.questions import PROGRAMME, case_id
from analysis.evidence import Effect
from analysis.progress.multiplicity import adjust

#: The measure the goal is about; the others explain it.
PRIMARY: Final = "violent_street_crime"
FAMILIES: Final = {
    "main": "the goal’s own measure, violent street crime",
    "further": "all further measures",
}

VERDICT_COLUMNS: Final = (
    "case_id", "subject", "tactic", "place", "place_name", "measure", "start", "family", "asked",
    "agreement", "grade", "why_agreement", "why_grade", "leading", "leading_method", "methods", "percent",
    "lower", "upper", "low", "high", "p_value", "q_value", "minimum_detectable_percent", "events",
    "events_lower", "events_upper", "post_months", "shared_with", "met",
)  # fmt: skip


def effect_of(row: Mapping[str, Any]) -> Effect:
    """The effect that a row of the table of answers holds."""
    return Effect.from_record({**row, "method": row["effect_method"]})


def judge(effects: pd.DataFrame, shared: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
    """One row a case (``VERDICT_COLUMNS``).

    Args:
        effects: one row a question: its fields, ``answered``, ``failed`` (list of failed checks) and the
            columns of ``Effect.to_record`` (``method`` as ``effect_method``).
        shared: subject → other tactics in the same place at the same time.
    """
    shared = shared or {}
    cases = []
    keys = [case_id(*k) for k in zip(effects["subject"], effects["place"], effects["measure"], strict=True)]
    for key, rows in effects.groupby(pd.Series(keys, effects.index), sort=False):
        told = rows[rows["answered"].astype(bool)].to_dict("records")
        answers = [
            grading.Answer(str(r["method"]), effect_of({str(k): v for k, v in r.items()}), tuple(r["failed"]))
            for r in told
        ]
        first = grading.lead(answers)
        cases.append((str(key), rows.iloc[0], told, answers, first))
    table = pd.DataFrame(
        {
            "family": ["main" if c[1]["measure"] == PRIMARY else "further" for c in cases],
            "p": [_p(c[4]) for c in cases],
        }
    )
    q = pd.Series(math.nan, table.index)
    for _, rows in table.groupby("family"):
        q.loc[rows.index] = adjust(rows["p"])
    asked = table["p"].notna().groupby(table["family"]).transform("sum")
    made = []
    for i, (key, head, told, answers, first) in enumerate(cases):
        company = () if head["subject"] == PROGRAMME else tuple(shared.get(str(head["subject"]), ()))
        found = grading.grade(answers, q_value=float(q[i]), shared_with=company)
        id_ = next((str(r["question_id"]) for r in told if first and r["method"] == first.method), "")
        made.append(
            {name: head[name] for name in ("subject", "tactic", "place", "place_name", "measure", "start")}
            | {
                "case_id": key, "family": table["family"][i], "asked": int(asked[i]),
                "agreement": str(found.verdict.agreement), "grade": str(found.grade),
                "why_agreement": found.verdict.sentence, "why_grade": found.sentence, "leading": id_,
                "leading_method": found.leading, "methods": len(answers), "p_value": table["p"][i],
                "q_value": float(q[i]), "low": found.verdict.range_percent[0],
                "high": found.verdict.range_percent[1], "shared_with": list(company),
                "met": [name for name, ok in found.met.items() if ok],
            }
            | _numbers(first)
        )  # fmt: skip
    return pd.DataFrame(made, columns=list(VERDICT_COLUMNS))


def _p(first: grading.Answer | None) -> float:
    """Only an answer with a comparison takes part in the count of questions."""
    return math.nan if first is None or not first.effect.controlled else first.effect.p_value


def _numbers(first: grading.Answer | None) -> dict[str, float]:
    if first is None:
        names = ("percent", "lower", "upper", "minimum_detectable_percent", "events", "events_lower",
                 "events_upper")  # fmt: skip
        return {**dict.fromkeys(names, math.nan), "post_months": 0}
    e = first.effect
    return {
        "percent": e.percent.estimate, "lower": e.percent.lower, "upper": e.percent.upper,
        "minimum_detectable_percent": e.minimum_detectable_percent, "events": e.events.estimate,
        "events_lower": e.events.lower, "events_upper": e.events.upper, "post_months": e.post_months,
    }  # fmt: skip


def multiplicity_words(verdicts: pd.DataFrame) -> str:
    """What asking so many questions means, in a sentence a family."""
    lines = []
    for family, name in FAMILIES.items():
        rows = verdicts[(verdicts["family"] == family) & verdicts["q_value"].notna()]
        if rows.empty:
            continue
        alone = int(((rows["lower"] > 0) | (rows["upper"] < 0)).sum())
        clear = int(
            (
                ((rows["lower"] > 0) | (rows["upper"] < 0)) & (rows["q_value"] <= grading.FALSE_DISCOVERIES)
            ).sum()
        )
        chance = round(len(rows) / 10)
        expected = f"About {chance}" if chance else "Fewer than one"
        lines.append(
            f"On {name}, {len(rows)} questions were asked against a comparison. {expected} of them "
            f"would stand out by chance alone; {alone} do, and {clear} still do when the number of questions "
            "is allowed for (Benjamini–Hochberg, 1 in 10)."
        )
    return " ".join(lines)


def shared_work(deployments: pd.DataFrame) -> dict[str, list[str]]:
    """Deployment → others at work in the same place that began from a year before its start on.

    A deployment in a whole jurisdiction shares it with every other one of that jurisdiction that works
    in the whole of it; one in an area shares the area with others there and with jurisdiction-wide ones.
    """
    rows = deployments[deployments["status"] != "planned"]
    out: dict[str, list[str]] = {}
    for mine in rows.to_dict("records"):
        area = mine["area_id"] if isinstance(mine["area_id"], str) and mine["area_id"] else ""
        start = pd.Period(str(mine["start"]), "M")
        names = []
        for other in rows.to_dict("records"):
            there = other["area_id"] if isinstance(other["area_id"], str) and other["area_id"] else ""
            apart = other["jurisdiction"] != mine["jurisdiction"] or (there and there != area)
            ended = isinstance(other["end"], str) and pd.Period(other["end"], "M") < start
            before = pd.Period(str(other["start"]), "M") < start - 12
            if other["deployment_id"] == mine["deployment_id"] or apart or ended or before:
                continue
            names.append(f"{other['name']} (from {other['start']})")
        out[str(mine["deployment_id"])] = names
    return out
