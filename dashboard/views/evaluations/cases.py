"""What is evaluated and what was answered: subjects, and one question with all its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.data.vocabulary import JURISDICTIONS, PLACES, TACTICS
from analysis.evaluate import METHODS, Results
from analysis.evidence import Agreement, Effect, Verdict, weigh
from dashboard import data

PROGRAMME: Final = "programme"
SHORT: Final = {
    "its": "Own past alone",
    "its_controlled": "Own past, beside other cities",
    "synth_demeaned": "Mix of cities, demeaned",
    "synth_index": "Mix of cities, index",
    "wdd": "Beside a comparison area",
}


@dataclass(frozen=True)
class Subject:
    """What can be evaluated: everything together in a jurisdiction, or one deployment."""

    key: str
    name: str
    what: str  # how a sentence calls it
    where: str
    jurisdiction: str


def subjects(found: Results) -> list[Subject]:
    """Every registered subject, deployments first."""
    rows = found.effects.drop_duplicates(["subject", "place"])
    homes = data.hub().deployments()
    home = dict(zip(homes["deployment_id"], homes["jurisdiction"], strict=True))
    made = []
    for r in rows.to_dict("records"):
        place = str(r["place"])
        if r["subject"] == PROGRAMME:
            name = f"All that changed, {JURISDICTIONS[place]}"
            made.append(
                Subject(f"{PROGRAMME}-{place}", name, "all that changed", JURISDICTIONS[place], place)
            )
            continue
        name = str(r["place_name"])
        tactic = TACTICS.get(str(r["tactic"]), str(r["tactic"]))
        where = PLACES.get(place) or name.split(", ", 1)[-1]
        made.append(Subject(str(r["subject"]), name, run_on(tactic), where, str(home.get(r["subject"], ""))))
    return sorted(made, key=lambda s: s.key.startswith(PROGRAMME))


def run_on(name: str) -> str:
    """A name inside a sentence: an abbreviation in it stays as it is."""
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def of(found: Results, subject: Subject, measure: str) -> pd.DataFrame:
    """The answers (one row a method) on one subject and measure."""
    e = found.effects
    if subject.key.startswith(PROGRAMME):
        mine = (e["subject"] == PROGRAMME) & (e["place"] == subject.jurisdiction)
    else:
        mine = e["subject"] == subject.key
    return e.loc[mine & (e["measure"] == measure)]


@dataclass(frozen=True)
class Case:
    """One question with all its answers."""

    subject: Subject
    measure: str
    rows: pd.DataFrame
    verdict: Verdict
    leading: str  # question_id of the leading answer, "" when there is none
    path: pd.DataFrame
    start: str
    phase_in: int

    @property
    def effect(self) -> Effect | None:
        """The leading effect."""
        return self.verdict.leading


def case(found: Results, subject: Subject, measure: str) -> Case | None:
    """Weigh the answers to one question; None when it is not registered."""
    rows = of(found, subject, measure)
    if rows.empty:
        return None
    effects = {q: e for q in rows["question_id"] if (e := found.effect(str(q))) is not None}
    judged = found.verdict(str(rows["subject"].iloc[0]), str(rows["place"].iloc[0]), measure)
    if judged is None:
        verdict = weigh(list(effects.values()))
    else:
        span = (float(judged["low"]), float(judged["high"]))
        first = effects.get(str(judged["leading"]))
        verdict = Verdict(Agreement(judged["agreement"]), first, span, str(judged["why_agreement"]))
    leading = next((str(q) for q, e in effects.items() if e is verdict.leading), "")
    return Case(
        subject, measure, rows, verdict, leading, found.path(leading), str(rows["start"].iloc[0]),
        int(rows["phase_in"].iloc[0]),
    )  # fmt: skip


def refusals(found: Results, measure: str) -> pd.DataFrame:
    """Every question on a measure that could not be answered, with the reason in words."""
    e = found.effects
    no = e.loc[~e["answered"].astype(bool) & (e["measure"] == measure)]
    names: Mapping[str, str] = {s.key: s.name for s in subjects(found)}
    return pd.DataFrame(
        {
            "What, where": [
                names.get(f"{s}-{p}" if s == PROGRAMME else str(s), str(s))
                for s, p in zip(no["subject"], no["place"], strict=True)
            ],
            "Method": [SHORT[m] for m in no["method"]],
            "Why not": no["refusal"].astype(str).to_list(),
        }
    )


def method_words() -> str:
    """The methods in one line each."""
    return "\n".join(f"- **{SHORT[key]}**: {text}." for key, text in METHODS.items())
