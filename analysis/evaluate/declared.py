"""The register: every question is declared, with an identifier, a day and a version, before it is answered.

A hub that declares nothing itself gets the questions of a fixed rule: every deployment that has begun, and
the programme as a whole in every jurisdiction, on every measure, by every design that fits its kind of
place. Whatever a hub declares is appended; a change is a new version and the old one stays.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.data import Hub, HubError
from analysis.data.arrivals.ledger import LEDGER
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, TACTICS
from analysis.evaluate.questions import (
    AREA_METHODS,
    METHODS,
    PLACE_METHODS,
    PROGRAMME,
    Question,
    make_question,
)

COLUMNS: Final = LEDGER["evaluations"].columns
#: The rule above, and the day on which it was fixed: the declaration of every question it makes.
RULE_VERSION: Final = 1
RULE_DAY: Final = "2026-11-23"
RULE: Final = "standing rule: every deployment and place, every measure, every design that fits"
#: First month of the programme where no deployments are known.
FIRST_MONTH: Final = "2025-01"

ILLUSTRATIVE: Final = (
    "Illustrative only: no list of deployments is public for these places, so January 2025 is taken as the "
    "start. A change here is no effect of a tactic."
)


def by_rule(hub: Hub, *, start: str = FIRST_MONTH) -> pd.DataFrame:
    """The declarations that the standing rule makes of this hub (columns ``COLUMNS``).

    ``start`` is the programme's first month: each jurisdiction is asked about as a whole from then. Where
    the hub knows no deployments, these questions are marked illustrative.
    """
    deployments = hub.deployments()
    unknown = deployments.empty and not hub.synthetic
    rows: list[dict[str, Any]] = []

    def add(subject: str, tactic: str, place: str, name: str, begin: str, phase: int, end: str,
            methods: tuple[str, ...], illustrative: bool) -> None:  # fmt: skip
        rows.extend(
            {
                "evaluation_id": "·".join((subject, place, measure, method)), "version": RULE_VERSION,
                "declared_on": RULE_DAY, "subject": subject, "tactic": tactic or np.nan, "place": place,
                "place_name": name, "measure": measure, "method": method, "start": begin,
                "phase_in_months": phase, "end": end or np.nan, "status": "declared",
                "illustrative": illustrative, "reason": RULE, "who": "rule",
            }
            for measure in MEASURES for method in methods
        )  # fmt: skip

    for place in (p for p in hub.places() if p in JURISDICTIONS):
        add(PROGRAMME, "", place, JURISDICTIONS[place], start, 0, "", PLACE_METHODS, unknown)
    for row in deployments.to_dict("records"):
        if row["status"] == "planned" or row["tactic"] not in TACTICS:
            continue
        area = row.get("area_id")
        inside = isinstance(area, str) and bool(area)
        add(
            str(row["deployment_id"]), str(row["tactic"]), str(area if inside else row["jurisdiction"]),
            str(row["name"]), str(row["start"]), int(row["phase_in_months"]),
            str(row["end"]) if isinstance(row["end"], str) else "",
            AREA_METHODS if inside else PLACE_METHODS, False,
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def versions(hub: Hub, *, start: str = FIRST_MONTH) -> pd.DataFrame:
    """Every version of every declaration, the rule's where the hub has none, the newest last."""
    stored, rule = hub.declarations(), by_rule(hub, start=start)
    rest = rule[~rule["evaluation_id"].isin(stored["evaluation_id"])]
    parts = [p for p in (stored, rest) if len(p)]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    both = pd.concat(parts, ignore_index=True)
    order = {e: i for i, e in enumerate([*rule["evaluation_id"], *stored["evaluation_id"]])}
    place = both["evaluation_id"].map(order)
    return both.assign(_p=place).sort_values(["_p", "version"], kind="stable").drop(columns="_p")


def declarations(hub: Hub, *, start: str = FIRST_MONTH) -> pd.DataFrame:
    """The register as it stands: the newest version of each question, withdrawn ones included.

    ``differs`` says in words where the table of deployments has moved on since the declaration.
    """
    newest = versions(hub, start=start).drop_duplicates("evaluation_id", keep="last", ignore_index=True)
    rule = by_rule(hub, start=start).drop_duplicates("evaluation_id").set_index("evaluation_id")
    words = []
    for row in newest.to_dict("records"):
        if row["evaluation_id"] not in rule.index:
            words.append("" if row["who"] == "rule" else "The deployments do not ask this any more.")
            continue
        now = rule.loc[row["evaluation_id"]]
        apart = [
            f"{label} {now[name]} instead of {row[name]}"
            for name, label in (("start", "start"), ("phase_in_months", "phase-in"))
            if str(now[name]) != str(row[name])
        ]
        words.append(f"The deployments now say {' and '.join(apart)}." if apart else "")
    return newest.assign(differs=words)


def declare(hub: Hub, rows: pd.DataFrame, *, who: str, reason: str, on: str | None = None) -> pd.DataFrame:
    """Append declarations; a question that is declared already gets its next version.

    Args:
        rows: evaluation_id (or subject, place, measure, method), start, phase_in_months and what else of
            ``COLUMNS`` is to change; the rest is taken from the version before. ``status`` "withdrawn"
            takes a question out.
        who, reason: kept for good. on: day (ISO); default today.

    Returns:
        The rows that were appended; unchanged ones are not.

    Raises:
        HubError: no reason or name, or a question that can be asked of nothing.
    """
    if not who.strip() or not reason.strip():
        raise HubError("To change the register, say who does it and why: both are kept.")
    day = on or datetime.now(UTC).date().isoformat()
    before = {str(r["evaluation_id"]): r for r in declarations(hub).to_dict("records")}
    stored = set(hub.declarations()["evaluation_id"])
    made = []
    for row in rows.to_dict("records"):
        given = {str(k): v for k, v in row.items() if k in COLUMNS and not pd.isna(v)}
        key = given.get("evaluation_id") or "·".join(
            str(given.get(k, "")) for k in ("subject", "place", "measure", "method")
        )
        old = before.get(str(key))
        base = {k: v for k, v in (old or {}).items() if k in COLUMNS}
        new = {**dict.fromkeys(COLUMNS, np.nan), "status": "declared", "illustrative": False, **base, **given}
        _possible(str(key), new)
        changed = old is None or any(str(new[k]) != str(old[k]) for k in _ASKED)
        if not changed and key in stored:
            continue
        version = int(old["version"]) + 1 if old is not None and changed else int(new.get("version") or 1)
        made.append(
            new | {"evaluation_id": key, "version": version if old is not None else 1, "declared_on": day,
                   "who": who.strip(), "reason": reason.strip()}
        )  # fmt: skip
    out = pd.DataFrame(made, columns=list(COLUMNS))
    if len(out):
        hub.record("evaluations", out, who=who, action="declare evaluations", details=reason)
    return out


_ASKED: Final = ("place", "measure", "method", "start", "phase_in_months", "end", "status")


def _possible(key: str, row: dict[str, Any]) -> None:
    if row["method"] not in METHODS or row["measure"] not in MEASURES:
        raise HubError(
            f"“{key}” names the measure “{row['measure']}” and the method “{row['method']}”. Measures are "
            f"{', '.join(MEASURES)}; methods are {', '.join(METHODS)}."
        )
    try:
        pd.Period(str(row["start"]), "M")
    except ValueError as error:
        raise HubError(f"“{key}”: the start “{row['start']}” is no month. Write it as YYYY-MM.") from error


def questions(declared: pd.DataFrame) -> list[Question]:
    """The questions of a register, withdrawn ones left out."""
    return [
        make_question(
            str(r["subject"]), "" if pd.isna(r["tactic"]) else str(r["tactic"]), str(r["place"]),
            str(r["place_name"]), str(r["measure"]), str(r["start"]), int(r["phase_in_months"]),
            str(r["method"]), "" if pd.isna(r["end"]) else str(r["end"]),
        )
        for r in declared.to_dict("records") if r["status"] != "withdrawn"
    ]  # fmt: skip


def register(hub: Hub, *, start: str = FIRST_MONTH) -> list[Question]:
    """Every question of the register as it stands, to be given to ``run``."""
    return questions(declarations(hub, start=start))
