"""Answers kept beside the hub, under the version of the data they were made from, never changed.

A new version of the data makes a new folder; the old ones stay, so that it can be told how each
estimate moved. A page never waits for a model and never shows an answer to other data.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pandas as pd

from analysis.data import Hub
from analysis.data.release import Release
from analysis.evaluate.batch import Results, examine, run
from analysis.evaluate.declared import declarations, questions, register
from analysis.evaluate.questions import RECIPE, Progress
from analysis.evidence import RefusedError

HISTORY_COLUMNS: Final = (
    "case_id", "subject", "place", "place_name", "measure", "leading_method", "data_version", "vintage",
    "through", "percent", "lower", "upper", "agreement", "grade", "computed_at",
)  # fmt: skip


#: Name under which a release keeps the answers at the ends of quarters.
QUARTERS: Final = "evaluations/quarters"


def stored_at(
    hub: Hub, cache: Path | None = None, *, through: str | None = None, measure: str | None = None
) -> Path:
    """Folder of the stored answers for this version of the data."""
    base = cache if cache is not None else _default_cache(hub)
    parts = ["evaluations", hub.version, str(RECIPE), *filter(None, (through, measure))]
    return base / "-".join(parts)


def _default_cache(hub: Hub) -> Path:
    if not hub.read_only:
        return hub.path / "derived"
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    name = hashlib.sha256(str(hub.path.resolve()).encode()).hexdigest()[:12]
    return home / "sln-dashboard" / name


def save(results: Results, folder: Path) -> None:
    """Store answers in a folder, whole or not at all; what is stored there already stays as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".partial-") as name:
        partial = Path(name) / "results"
        partial.mkdir()
        results.effects.to_parquet(partial / "effects.parquet")
        results.paths.assign(period=results.paths["period"].astype(str)).to_parquet(partial / "paths.parquet")
        results.verdicts.to_parquet(partial / "verdicts.parquet")
        results.checks.to_parquet(partial / "checks.parquet")
        about = {
            "data_version": results.data_version, "recipe": RECIPE, "through": results.through,
            "vintage": results.vintage, "computed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        (partial / "about.json").write_text(json.dumps(about))
        if not folder.exists():
            partial.rename(folder)


def load(folder: Path) -> Results | None:
    """Read stored answers; None when there are none for this version of the data."""
    about = folder / "about.json"
    if not about.is_file():
        return None
    told = json.loads(about.read_text())
    effects = pd.read_parquet(folder / "effects.parquet")
    paths = pd.read_parquet(folder / "paths.parquet")
    paths["period"] = pd.PeriodIndex(paths["period"], freq="M")
    return Results(
        effects, paths, str(told["data_version"]), pd.read_parquet(folder / "verdicts.parquet"),
        pd.read_parquet(folder / "checks.parquet"), str(told["through"]), str(told["vintage"]),
    )  # fmt: skip


def results_for(
    hub: Hub,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    through: str | None = None,
    measure: str | None = None,
) -> Results:
    """The answers for the hub as it is now: read when stored, else computed and stored.

    ``through`` asks what would have been answered with no month after it, ``measure`` about one measure
    alone. A run that was interrupted goes on where it stopped. A release holds the answers it was made
    with, and how the goal's own measure was answered at the ends of quarters.
    """
    if isinstance(hub, Release):
        held: Results = hub.answer("evaluations/results")
        if through is None:
            return held
        then = held.verdicts.iloc[:0]
        if hub.holds(QUARTERS):
            kept: pd.DataFrame = hub.answer(QUARTERS)
            then = kept.loc[kept["through"] == through].drop(columns="through").reset_index(drop=True)
        return Results(
            held.effects.iloc[:0], held.paths.iloc[:0], held.data_version, then, held.checks.iloc[:0],
            through, held.vintage,
        )  # fmt: skip
    folder = stored_at(hub, cache, through=through, measure=measure)
    stored = load(folder)
    if stored is not None:
        return stored
    keep = folder.with_name(f".{folder.name}.answers")
    asked = [q for q in register(hub) if measure in (None, q.measure)]
    results = run(hub, asked, progress, through=through, keep=keep)
    save(results, folder)
    shutil.rmtree(keep, ignore_errors=True)
    return results


def history(hub: Hub, cache: Path | None = None) -> pd.DataFrame:
    """How every case was answered in each stored run (``HISTORY_COLUMNS``), the oldest first.

    These are the answers as they stood then, with the figures known then.
    """
    base = cache if cache is not None else _default_cache(hub)
    rows = []
    for about in sorted(base.glob("evaluations-*/about.json")):
        told = json.loads(about.read_text())
        if told.get("through") or not (about.parent / "verdicts.parquet").is_file():
            continue
        found = pd.read_parquet(about.parent / "verdicts.parquet")
        paths = pd.read_parquet(about.parent / "paths.parquet", columns=["period"])
        last = str(paths["period"].max()) if len(paths) else ""
        rows.append(
            found.assign(
                data_version=told["data_version"], vintage=told["vintage"], through=last,
                computed_at=told["computed_at"],
            )
        )  # fmt: skip
    if not rows:
        return pd.DataFrame(columns=list(HISTORY_COLUMNS))
    table = pd.concat(rows, ignore_index=True).sort_values(["case_id", "vintage", "computed_at"])
    return table[list(HISTORY_COLUMNS)].reset_index(drop=True)


def as_months_came(hub: Hub, case: pd.Series, through: Sequence[str]) -> pd.DataFrame:
    """How a case's leading estimate moved as months came in, with the figures as they are known now.

    Args:
        case: a row of ``Results.verdicts``.
        through: last months to use ("YYYY-MM"), for example the ends of quarters.

    Returns:
        through, months (after the start), percent, lower, upper, why (why not, in words).
    """
    asked = next((q for q in questions(declarations(hub)) if q.question_id == case["leading"]), None)
    rows = []
    for month in through:
        row: dict[str, object] = {"through": month, "months": 0, "why": ""}
        row |= dict.fromkeys(("percent", "lower", "upper"), float("nan"))
        if asked is None:
            row["why"] = "No method had enough data to run."
        else:
            try:
                e = examine(hub, asked, through=month).effect
                row |= {"months": e.post_months, "percent": e.percent.estimate, "lower": e.percent.lower,
                        "upper": e.percent.upper}  # fmt: skip
            except RefusedError as refusal:
                row["why"] = str(refusal)
        rows.append(row)
    return pd.DataFrame(rows, columns=["through", "months", "percent", "lower", "upper", "why"])


def by_months_since_start(results: Results, question_id: str) -> pd.DataFrame:
    """The effect by months since the start: is it growing, holding or fading?

    Quarters of months since the start, each with observed over expected events.

    Returns:
        first and last month since the start (0 = start), observed, expected, percent. Months before the
        start are there too (negative), as a picture of what chance does.
    """
    columns = ["from_month", "to_month", "observed", "expected", "percent"]
    path = results.path(question_id)
    row = results.effects.loc[results.effects["question_id"] == question_id]
    if path.empty or row.empty:
        return pd.DataFrame(columns=columns)
    start = pd.Period(str(row["start"].iloc[0]), "M")
    since = pd.Series([(p - start).n for p in path["period"]], path.index)
    known = path["observed"].notna() & path["expected"].notna() & (since >= -24)
    table = path[known].assign(group=(since[known] // 3))
    rows = []
    for group, part in table.groupby("group"):
        observed, expected = float(part["observed"].sum()), float(part["expected"].sum())
        if len(part) == 3 and expected > 0:
            first = 3 * int(str(group))
            rows.append((first, first + 2, observed, expected, 100 * (observed / expected - 1)))
    return pd.DataFrame(rows, columns=columns)
