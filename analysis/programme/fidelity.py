"""Fidelity: how closely a deployment follows the tactic's own model, by a rule that is shown.

Each part of a tactic's model gives up to 100 points: what was done, as a share of what the model or the
plan asks for. The score is their mean. No study sets these shares; they are this dashboard's reading of the
tactics' own descriptions, written down before any result, and the same for everybody.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from analysis.programme.activities import ACTIVITIES, hide, within


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a tactic's model.

    ``of`` is the activity that ``done`` is a share of, or "" for its own plan; ``full`` is the share that
    gives 100 points.
    """

    label: str
    done: str
    of: str
    full: float


MODEL: Final[Mapping[str, tuple[Part, ...]]] = {
    "focused_deterrence": (
        Part("Both messages reach the same person", "both_messages_delivered", "people_notified", 0.90),
        Part("Everyone notified is offered help", "service_offers", "people_notified", 0.90),
        Part("Offers are taken up", "services_accepted", "service_offers", 0.35),
        Part("As many people as planned", "people_notified", "", 1.0),
        Part("As many visits as planned", "custom_notifications", "", 1.0),
    ),
    "cbt": (
        Part("People referred enroll", "enrolled", "referred", 0.60),
        Part("People who enroll finish", "completed", "enrolled", 0.60),
        Part("As many enroll as planned", "enrolled", "", 1.0),
        Part("As many sessions as planned", "sessions", "", 1.0),
        Part("Services go with the course as planned", "wraparound_services", "", 1.0),
    ),
    "street_outreach": (
        Part("As many contacts as planned", "contacts", "", 1.0),
        Part("As many mediations as planned", "mediations", "", 1.0),
        Part("Present on as many days as planned", "presence_days", "", 1.0),
        Part("As many people sent on to services as planned", "referrals", "", 1.0),
        Part("Victims and families supported as planned", "victims_and_families_supported", "", 1.0),
    ),
}
#: Fewest parts, and smallest share of months reported, for a score.
FEWEST_PARTS: Final = 3
LEAST_REPORTED: Final = 2 / 3
CLOSE, PARTLY = 80.0, 60.0

RULE: Final = (
    "The score is the mean of up to five parts of the tactic’s own model. Each part gives 100 points when "
    "what was done reaches the share that the model or the plan asks for, and less in proportion. 80 or more "
    "is “close to the model”, 60 to 79 “partly”, below 60 “far from it”. It needs three parts and two "
    "thirds of the months reported. It says how the work was done, not whether it helped."
)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How closely a deployment follows its model.

    Attributes:
        score: 0 to 100; NaN when it cannot be told.
        word: close to the model · partly · far from it · cannot tell.
        parts: part, done, of, share, asked, points (NaN where not reported or too few people).
        months_reported, months_due: months with a figure, and at work.
        sentence: the score with its strongest lack, in words.
    """

    score: float
    word: str
    parts: pd.DataFrame = field(repr=False)
    months_reported: int = 0
    months_due: int = 0
    sentence: str = ""


def fidelity(
    rows: pd.DataFrame, tactic: str, span: tuple[Any, Any] | None = None, *, floor: int = 1
) -> Fidelity:
    """Score one deployment, or several of one tactic together.

    Args:
        rows: deployment_id, month, activity, value (NaN = not reported), planned.
        span: first and last month; None = all.
        floor: parts that rest on fewer people than this are left out (above zero).
    """
    kept = within(rows, span)
    told = kept.dropna(subset="value")
    due, reported = _deployment_months(kept), _deployment_months(told)
    table = pd.DataFrame([_points(part, told, floor) for part in MODEL[tactic]])
    points = table["points"].dropna()
    if len(points) < FEWEST_PARTS or due == 0 or reported / due < LEAST_REPORTED:
        why = f"Cannot tell: {reported} of {due} months are reported, {len(points)} of {len(table)} parts."
        return Fidelity(math.nan, "cannot tell", table, reported, due, why)
    score = float(points.mean())
    word = "close to the model" if score >= CLOSE else "partly" if score >= PARTLY else "far from it"
    lack = ""
    if points.min() < CLOSE:
        part = str(table.dropna(subset="points").sort_values("points", kind="stable")["part"].iloc[0])
        lack = f" Weakest: {part[:1].lower()}{part[1:]} ({points.min():.0f})."
    return Fidelity(score, word, table, reported, due, f"{score:.0f} of 100: {word}.{lack}")


def _deployment_months(rows: pd.DataFrame) -> int:
    return len(rows[["deployment_id", "month"]].drop_duplicates())


def _points(part: Part, told: pd.DataFrame, floor: int) -> dict[str, object]:
    """One part's row; months without a plan, or without the whole, do not count."""
    wide = told.pivot_table(index=["deployment_id", "month"], columns="activity", values="value")
    mine = told[told["activity"] == part.done].set_index(["deployment_id", "month"])
    if part.of:
        both = wide.reindex(columns=[part.done, part.of]).dropna()
        done, whole = float(both[part.done].sum()), float(both[part.of].sum())
        asked = f"{100 * part.full:.0f} % of “{ACTIVITIES[part.of].label.lower()}”"
        whole = hide(whole, part.of, floor)
    else:
        planned = mine.dropna(subset="planned")
        done, whole = float(planned["value"].sum()), float(planned["planned"].sum())
        asked = "the plan"
    done = hide(done, part.done, floor)
    share = done / whole if math.isfinite(done) and whole > 0 else math.nan
    points = 100 * min(1.0, share / part.full) if math.isfinite(share) else math.nan
    return {"part": part.label, "done": done, "of": whole, "share": share, "asked": asked, "points": points}
