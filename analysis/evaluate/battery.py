"""Every declared question to the interrupted time series × family × sensitivity, in one vectorised pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from analysis.data import Hub
from analysis.evaluate.batch import its_inputs
from analysis.evaluate.questions import Question
from analysis.evidence import RefusedError
from analysis.its import examine_many
from analysis.its.result import Question as Asked

METHODS: Final = ("its", "its_controlled")
#: What is told of every variant of every question.
BATTERY_COLUMNS: Final = (
    "question_id", "subject", "place", "measure", "method", "kind", "variant", "percent", "lower", "upper",
    "p", "events", "log_se", "refused",
)  # fmt: skip


def battery(hub: Hub, questions: Iterable[Question], *, through: str | None = None) -> pd.DataFrame:
    """All variants of all questions: as asked, other families, phase-ins, starts, trends, windows.

    The data are read question by question; then all fits of all questions run through one pass
    (:func:`analysis.its.examine_many`), with the same result as one at a time.

    Args:
        hub: the data.
        questions: of the register; those to other methods are passed over.
        through: use no month after this one ("YYYY-MM").

    Returns:
        One row a variant (``BATTERY_COLUMNS``), the question itself first (kind "asked"); percent, with
        limits at the register's level, difference in events, and why not in ``refused``.
    """
    todo = [q for q in questions if q.method in METHODS]
    refusals: dict[str, RefusedError] = {}
    ready: list[tuple[Question, Asked]] = []
    for q in todo:
        try:
            ready.append((q, its_inputs(hub, q, through)))
        except RefusedError as refusal:
            refusals[q.question_id] = refusal
    found = dict(
        zip((q.question_id for q, _ in ready), examine_many([asked for _, asked in ready]), strict=True)
    )
    tables = []
    for q in todo:
        one = found.get(q.question_id, refusals.get(q.question_id))
        if one is None or isinstance(one, RefusedError):
            table = pd.DataFrame([{"kind": "asked", "variant": "as asked", "refused": str(one)}])
        else:
            table = one[1].sensitivity
        head = {name: getattr(q, name) for name in ("question_id", "subject", "place", "measure", "method")}
        tables.append(table.assign(**head))
    if not tables:
        return pd.DataFrame(columns=list(BATTERY_COLUMNS))
    return pd.concat(tables, ignore_index=True).reindex(columns=list(BATTERY_COLUMNS))
