"""Dose beside effect: no effect without the work that was done, and no claim from a handful of places."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from analysis.programme.activities import months
from analysis.programme.dose import against_plan
from analysis.programme.fidelity import fidelity

BESIDE_COLUMNS: Final = (
    "deployment_id", "tactic", "jurisdiction", "place", "name", "start", "months_at_work", "done", "share",
    "fidelity", "fidelity_word", "percent", "lower", "upper", "agreement", "grade", "why_grade",
)  # fmt: skip
#: Fewest deployments before anything is said about a pattern between dose and effect.
FEWEST: Final = 8
#: Share of the plan from which a dose counts as full.
FULL: Final = 0.8

CAUTION: Final = (
    "Places that did more may differ in many other ways, and more work is often sent where there is more "
    "violence. A pattern here would be a reason to look, not a proof."
)


def beside(
    deployments: pd.DataFrame,
    activities: pd.DataFrame,
    verdicts: pd.DataFrame,
    measure: str,
    *,
    floor: int = 1,
) -> pd.DataFrame:
    """One row a deployment that has begun: its dose, fidelity and effect side by side (``BESIDE_COLUMNS``).

    Args:
        deployments, activities: tables of the hub. verdicts: of ``analysis.evaluate.Results``.
        measure: the measure of the effect. floor: smaller counts of people are hidden.

    Effects without a comparison are NaN: nothing is put beside a dose that may be everything else.
    """
    rows = []
    begun = deployments[deployments["status"] != "planned"]
    if len(activities):
        activities = months(activities)
    dose = {
        str(r["deployment_id"]): r for r in against_plan(activities, begun, floor=floor).to_dict("records")
    }
    mine_only = verdicts[verdicts["measure"] == measure]
    effects = {str(r["subject"]): r for r in mine_only.to_dict("records")}
    for d in begun.to_dict("records"):
        key = str(d["deployment_id"])
        mine = activities[activities["deployment_id"] == key]
        model = fidelity(mine, str(d["tactic"]), floor=floor)
        found: dict[str, Any] = dict.fromkeys(("percent", "lower", "upper"), math.nan)
        found |= {"agreement": "cannot tell yet", "grade": "cannot tell", "why_grade": "It is not evaluated."}
        if case := effects.get(key):
            found |= {name: case[name] for name in ("agreement", "grade", "why_grade")}
            if case["leading_method"] not in ("", "its"):
                found |= {name: float(case[name]) for name in ("percent", "lower", "upper")}
        worked = dose.get(key)
        rows.append(
            {name: d[name] for name in ("deployment_id", "tactic", "jurisdiction", "name", "start")}
            | {
                "place": d["area_id"] if isinstance(d["area_id"], str) else d["jurisdiction"],
                "months_at_work": 0 if worked is None else int(worked["months_due"]),
                "done": math.nan if worked is None else worked["done"],
                "share": math.nan if worked is None else worked["share"],
                "fidelity": model.score, "fidelity_word": model.word,
            }
            | found
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(BESIDE_COLUMNS))


@dataclass(frozen=True, slots=True)
class DoseResponse:
    """What dose and effect say together.

    Attributes:
        table: the usable rows of ``beside`` (dose and effect known), in their order.
        enough: whether there are enough deployments to look for a pattern.
        rank_correlation: Spearman's, of share of plan and effect; NaN when not enough.
        p_value: of an exact or 20,000-fold permutation test; NaN when not enough.
        sentence: what may be said.
    """

    table: pd.DataFrame = field(repr=False)
    enough: bool
    rank_correlation: float
    p_value: float
    sentence: str


def dose_response(table: pd.DataFrame) -> DoseResponse:
    """Read ``beside`` without claiming more than a few places can tell.

    Below ``FEWEST`` deployments nothing is computed: the rows are shown and the sentence counts them. From
    there on a rank correlation with a permutation test; still a pattern between places, not an effect.
    """
    usable = table.dropna(subset=["share", "percent", "lower", "upper"]).reset_index(drop=True)
    n = len(usable)
    full = int((usable["share"] >= FULL).sum())
    if n < FEWEST:
        told = "No deployment has" if n == 0 else "One deployment has" if n == 1 else f"{n} deployments have"
        more = f"; {full} of them did at least 80 % of what was planned" if n else ""
        words = (
            f"{told} both a dose and an effect with a comparison{more}. At least {FEWEST} are needed before "
            "it makes sense to ask whether more work goes with a larger fall."
        )
        return DoseResponse(usable, False, math.nan, math.nan, words)
    x, y = rankdata(usable["share"]), rankdata(usable["percent"])
    r = float(np.corrcoef(x, y)[0, 1])
    p = _permutation(x, y, abs(r))
    side = "larger falls" if r < 0 else "smaller falls"
    found = f"more work tends to go with {side}" if p <= 0.05 else "no pattern stands out from chance"
    words = f"Over {n} deployments, {found} (rank correlation {r:+.2f}, p = {p:.2f}). {CAUTION}"
    return DoseResponse(usable, True, r, p, words.replace("-", "−"))


def _permutation(x: np.ndarray, y: np.ndarray, at_least: float) -> float:
    """Share of orders of ``y`` whose correlation is as large."""
    if len(y) <= 8:
        orders = np.array(list(permutations(range(len(y)))))
    else:
        rng = np.random.default_rng(0)
        orders = np.array([rng.permutation(len(y)) for _ in range(20_000)])
    a = (x - x.mean()) / x.std()
    b = (y - y.mean()) / y.std() if y.std() > 0 else y * 0
    found = np.abs((b[orders] @ a) / len(a))
    return float((found >= at_least - 1e-12).mean())
