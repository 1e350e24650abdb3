"""Are agreement and grades right? Two hundred simulated programmes whose true effects are known.

Every programme is answered like the sample's register on the goal's own measure: each jurisdiction as a
whole and each deployment, by every design that fits, weighed and graded by the published rules. Repeat with
``uv run python -m analysis.calibration.programme``.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.calibration.programme_world import SHARES, World, make_world
from analysis.calibration.study import Study
from analysis.data.sample.spec import MONTHS
from analysis.evaluate import PROGRAMME, Question, area_difference, judge, shared_work, time_series, weighted
from analysis.evaluate.batch import record_of
from analysis.evaluate.fits import Fitted
from analysis.evaluate.judging import PRIMARY
from analysis.evaluate.questions import AREA_METHODS, PLACE_METHODS, Progress, make_question
from analysis.evidence import CheckState, RefusedError
from analysis.its.power import SIMULATIONS

SEED: Final = 20_260_000
PROGRAMMES: Final = 200
AREA_SUBJECTS: Final = ("outreach-a", "outreach-b", "cbt-county", "outreach-d")
#: Every third programme does nothing at all.
ZERO_EVERY: Final = 3

CASE_COLUMNS: Final = {
    "programme": "number of the simulated programme",
    "subject": "programme (all that changed in a jurisdiction) or a deployment",
    "truth": "true change over the months that count as after, percent; negative means fewer",
    "percent": "leading estimate, percent",
    "lower": "lower limit of its 90 % range, percent",
    "upper": "upper limit, percent",
    "detectable": "smallest fall it could have seen, percent",
    "agreement": "what the methods say together",
    "grade": "grade by the published rules",
    "agreement_right": "1 when the agreement is right",
    "grade_right": "1 when the grade is right",
}
COLUMNS: Final = {
    "kind": "whole jurisdictions, or areas inside one",
    "truth": "true change over the months that count as after",
    "cases": "number of cases",
    "agreement_right": "share of cases whose agreement is right, percent",
    "grade_right": "share of cases whose grade is right, percent",
    "covered": "share of cases whose 90 % range holds the truth, percent",
    "bias": "leading estimate minus truth, mean, percentage points",
    "fewer": "share called “fewer”, percent",
    "more": "share called “more”, percent",
    "disagree": "share called “methods disagree”, percent",
    "strong": "share graded strong, percent",
    "moderate": "share graded moderate, percent",
    "weak": "share graded weak, percent",
}
#: True changes by size, in percent.
BANDS: Final = {
    "nil": (-0.001, 0.001),
    "more": (0.001, 100.0),
    "up to 5 % fewer": (-5.0, -0.001),
    "5 to 10 % fewer": (-10.0, -5.0),
    "10 to 20 % fewer": (-20.0, -10.0),
    "over 20 % fewer": (-100.0, -20.0),
}
QUESTION: Final = (
    "In simulated programmes with known effects, how often are agreement and grade right? “Fewer”, “more”, "
    "“strong” and “moderate” are right when the true effect has that sign and is not nil. “Cannot tell yet” "
    "is right unless the true fall is larger than the smallest that the design says it could see. “Methods "
    "disagree” always counts as wrong. “Weak” and “cannot tell” as grades are right when the 90 % range "
    "holds the truth or the truth is smaller than what the design says it could see."
)
COMMAND: Final = "uv run python -m analysis.calibration.programme"
#: Programmes whose cases are stored one by one, so that they can be repeated and compared.
KEPT: Final = 12


def questions(world: World) -> list[Question]:
    """The register of a simulated programme, on the goal's own measure."""
    asked = [
        make_question(PROGRAMME, "", place, place, PRIMARY, "2025-01", 0, method)
        for place in world.counts for method in PLACE_METHODS
    ]  # fmt: skip
    for d in world.deployments:
        if d.status != "planned":
            methods = PLACE_METHODS if d.area_id is None else AREA_METHODS
            asked += [
                make_question(d.deployment_id, d.tactic, d.area_id or d.jurisdiction, d.name, PRIMARY,
                              d.start, d.phase_in, m, d.end or "")
                for m in methods
            ]  # fmt: skip
    return asked


def _fit(world: World, q: Question) -> Fitted:
    last = pd.Period(q.end, "M") if q.end else MONTHS[-1]
    if q.place in SHARES:
        if q.place not in world.areas:
            raise RefusedError("Counts without locations.")
        n = world.areas[q.place]
        if q.method == "wdd":
            return area_difference(n, q.start, q.phase_in)
        beside = pd.DataFrame({"count": n.comparison}) if q.method == "its_controlled" else None
        return time_series(n.treated, None, q.start, q.phase_in, beside, simulations=SIMULATIONS)
    counts = world.counts[q.place].loc[:last]
    if q.method.startswith("synth"):
        panel = world.donors.loc[:last].copy()
        panel.insert(0, q.place, counts)
        return weighted(panel, world.population[panel.columns], q.start, q.method.removeprefix("synth_"))
    people = pd.Series(float(world.population[q.place]), counts.index)
    beside = None
    if q.method == "its_controlled":
        total = float(world.population[world.donors.columns].sum())
        beside = pd.DataFrame({"count": world.donors.sum(axis=1), "population": total})
    return time_series(counts, people, q.start, q.phase_in, beside, simulations=SIMULATIONS)


def answers(world: World) -> pd.DataFrame:
    """All answers of a programme, in the shape that ``judge`` takes."""
    rows: list[dict[str, Any]] = []
    known: dict[tuple[object, ...], Fitted | str] = {}
    for q in questions(world):
        key = (q.place, q.start, q.phase_in if not q.method.startswith("synth") else 0, q.end, q.method)
        if key not in known:
            try:
                known[key] = _fit(world, q)
            except RefusedError as refusal:
                known[key] = str(refusal)
        found = known[key]
        row: dict[str, Any] = {name: getattr(q, name) for name in Question.__slots__}
        if isinstance(found, str):
            rows.append(row | {"answered": False, "refusal": found, "failed": []})
            continue
        failed = [c.name for c in found.checks if c.state is CheckState.FAILED]
        rows.append(row | {"answered": True, "refusal": "", "failed": failed} | record_of(found.effect))
    return pd.DataFrame(rows)


def truth_of(world: World, case: pd.Series) -> float:
    """The true change over the months that the leading method counts as after, in percent.

    For a jurisdiction it is everything that changed since the start, whoever caused it; for an area what
    its own deployment did, because the comparison area shares the rest.
    """
    mine = next((d for d in world.deployments if d.deployment_id == case["subject"]), None)
    phase = 0 if mine is None or str(case["leading_method"]).startswith("synth") else mine.phase_in
    end = pd.Period(mine.end, "M") if mine is not None and mine.end else MONTHS[-1]
    post = np.asarray((pd.Period(str(case["start"]), "M") + phase <= MONTHS) & (end >= MONTHS))
    if mine is not None and mine.area_id is not None:
        return float(100 * (mine.factor()[post].mean() - 1))
    with_, without = world.truth[str(case["place"])]
    return float(100 * (with_[post].sum() / without[post].sum() - 1))


def score(case: pd.Series, truth: float) -> tuple[bool, bool]:
    """Whether agreement and grade are right (the rule stands in ``QUESTION``)."""
    side = {"fewer": -1, "more": 1}.get(str(case["agreement"]), 0)
    detectable = abs(float(case["minimum_detectable_percent"]))
    seeable = -truth > detectable
    apart = case["agreement"] == "methods disagree"
    agreed = not apart and (side * truth > 0 if side else not seeable)
    if case["grade"] in ("strong", "moderate"):
        return agreed, side * truth > 0
    return agreed, bool(float(case["lower"]) <= truth <= float(case["upper"])) or abs(truth) <= detectable


def one(number: int) -> pd.DataFrame:
    """One programme, answered, graded and scored: a row a case that any method with a comparison answered."""
    world = make_world(SEED + number, zero=number % ZERO_EVERY == 0)
    deployed = pd.DataFrame(
        [
            {"deployment_id": d.deployment_id, "area_id": d.area_id, "jurisdiction": d.jurisdiction,
             "name": d.name, "start": d.start, "end": d.end, "status": d.status}
            for d in world.deployments
        ]
    )  # fmt: skip
    rows = []
    for _, case in judge(answers(world), shared_work(deployed)).iterrows():
        if case["leading_method"] in ("", "its"):
            continue
        truth = truth_of(world, case)
        right = score(case, truth)
        name = case["subject"] if case["subject"] != PROGRAMME else f"{PROGRAMME} {case['place']}"
        rows.append(
            (number, name, truth, case["percent"], case["lower"], case["upper"],
             case["minimum_detectable_percent"], case["agreement"], case["grade"], *map(int, right))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(CASE_COLUMNS)).round(2)


def summary(rows: pd.DataFrame) -> dict[str, float]:
    """The promised figures: shares of right answers, of false strong grades, and coverage."""
    nil = rows[rows["truth"] == 0]
    held = (rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"])
    by_programme = rows.groupby("programme")[["agreement_right", "grade_right"]].mean()
    return {
        "agreement_right": float(rows["agreement_right"].mean()),
        "grade_right": float(rows["grade_right"].mean()),
        "programmes_mostly_right": float((by_programme.min(axis=1) >= 0.8).mean()),
        "strong_when_nil": float((nil["grade"] == "strong").mean()),
        "moderate_or_strong_when_nil": float(nil["grade"].isin(["strong", "moderate"]).mean()),
        "coverage": float(held.mean()),
    }


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Cases by kind of place and size of the true change (``COLUMNS``)."""
    inside = rows["subject"].isin(AREA_SUBJECTS)
    out = []
    for kind, mine in (("jurisdictions", rows[~inside]), ("areas", rows[inside]), ("all", rows)):
        for band, (low, high) in {**BANDS, "all": (-101.0, 101.0)}.items():
            r = mine[(mine["truth"] > low) & (mine["truth"] <= high)]
            if r.empty or (kind == "all") != (band == "all"):
                continue
            said = [float((r["agreement"] == w).mean()) for w in ("fewer", "more", "methods disagree")]
            held = ((r["lower"] <= r["truth"]) & (r["truth"] <= r["upper"])).mean()
            grades = [float((r["grade"] == w).mean()) for w in ("strong", "moderate", "weak")]
            shares = [r["agreement_right"].mean(), r["grade_right"].mean(), held]
            bias = float((r["percent"] - r["truth"]).mean())
            out.append(
                (kind, band, len(r), *(100 * v for v in shares), bias, *(100 * v for v in said + grades))
            )
    return pd.DataFrame(out, columns=list(COLUMNS)).round(1)


def finding(rows: pd.DataFrame) -> str:
    """What came out, with the weak spots."""
    s = {name: 100 * value for name, value in summary(rows).items()}
    said = 100 * rows["agreement"].isin(["fewer", "more"]).mean()
    bands = table(rows)
    bands = bands[(bands["kind"] != "all") & (bands["cases"] >= 50)]
    worst = bands.sort_values("agreement_right").to_dict("records")[:1]
    weak = "".join(
        f" Weakest: {w['kind']} with a true change of “{w['truth']}”, where the agreement was right in "
        f"{w['agreement_right']:.0f} %."
        for w in worst
    )
    large = 100 * (rows.loc[rows["truth"] <= -15, "agreement"] == "fewer").mean()
    return (
        f"Of {len(rows):,} cases in {rows['programme'].nunique()} programmes, the agreement was right in "
        f"{s['agreement_right']:.0f} % and the grade in {s['grade_right']:.0f} %. With no true effect, "
        f"“strong” was given in {s['strong_when_nil']:.1f} % and “strong” or “moderate” in "
        f"{s['moderate_or_strong_when_nil']:.1f} %. The 90 % ranges held the truth in {s['coverage']:.0f} %. "
        f"The rules are cautious: {said:.0f} % of all cases could be told at all, and {large:.0f} % of true "
        f"falls of 15 % or more.{weak}"
    )


def studies(rows: pd.DataFrame) -> tuple[Study, Study]:
    """The table of all cases, and the cases of the first programmes one by one."""
    n = rows["programme"].nunique()
    data = f"simulated: {n} programmes by the sample's rules, January 2017 to September 2026"
    few = rows[rows["programme"] < KEPT]
    return (
        Study("programme", QUESTION, finding(rows), COMMAND, SEED, data, table(rows), dict(COLUMNS)),
        Study("programme_cases", QUESTION, f"The cases of the first {KEPT} programmes, one by one.", COMMAND,
              SEED, data, few.reset_index(drop=True), dict(CASE_COLUMNS)),
    )  # fmt: skip


def run(programmes: int = PROGRAMMES, progress: Progress | None = None) -> Study:
    """Answer and score the programmes; the table of all cases."""
    rows = cases(programmes, progress)
    return studies(rows)[0]


def cases(programmes: int = PROGRAMMES, progress: Progress | None = None) -> pd.DataFrame:
    """Every case of the first ``programmes`` programmes (``CASE_COLUMNS``)."""
    parts = []
    for number in range(programmes):
        if progress:
            progress(number, programmes, "programmes")
        parts.append(one(number))
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Run the whole study and store it."""
    from rich.progress import Progress as Bar

    with Bar() as bar:
        task = bar.add_task("Programmes", total=PROGRAMMES)
        rows = cases(progress=lambda done, total, text: bar.update(task, completed=done))
    for study in studies(rows):
        print(study.save(), study.finding)


if __name__ == "__main__":
    main()
