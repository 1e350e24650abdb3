"""Figures of doubt: who the comparison is made of, what hangs on choices, what could have been seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.synth import ESTIMATOR_LABELS
from dashboard import charts
from dashboard import words as w
from dashboard.charts import donor_map as maps
from dashboard.charts import robustness
from dashboard.charts.states import SOURCE as states_source
from dashboard.figures import Column
from dashboard.views.synth.answering import Answer
from dashboard.views.synth.asking import FIRST, SHORT
from dashboard.views.synth.paths import Made
from dashboard.views.synth.said import names, span
from dashboard.views.synth.wording import in_words


def _weights(found: Answer) -> pd.DataFrame:
    weights = found.result.weights
    table = pd.DataFrame({"name": weights.index.astype(str), "weight": weights.to_numpy()})
    people = found.case.population
    if people is not None:
        table["residents"] = people.reindex(weights.index).to_numpy()
    return table.sort_values("weight", ascending=False, ignore_index=True)


def weights(found: Answer) -> Made:
    """Bars of the places that count."""
    table = _weights(found)
    top = table.iloc[0]
    used = int((table["weight"].abs() > maps.NEGLIGIBLE).sum())
    equal = found.result.spec.estimator in ("did", "ratio_did")
    title = (
        f"All {len(table)} comparison places count the same"
        if equal
        else f"{w.plural(used, 'place')} make up the comparison; {top['name']} counts most, "
        f"{w.percent(100 * top['weight'])}"
    )
    return "weights", {
        "key": "synth_weights",
        "title": title,
        "sentence": "Weights say who the comparison is made of. They are chosen by fit before the start, "
                    "never by what came after.",
        "chart": lambda look: charts.donor_weights(table, look=look),
        "table": table,
        "columns": {"name": Column("Comparison place"), "weight": Column("Weight", "share"),
                    **({"residents": Column("Residents", "count")} if "residents" in table else {})},
        "alt": "Bars: weight of each place in the comparison mix, largest first.",
    }  # fmt: skip


def donor_map(found: Answer) -> Made:
    """Dots on an outline of the states; none for areas inside a place."""
    if found.case.areas:
        return "map", {}
    table = _weights(found)
    known = found.case.donors.drop_duplicates("name").set_index("name")
    for column in ("state", "longitude", "latitude", "placed"):
        table[column] = known[column].reindex(table["name"]).to_numpy()
    spots = maps.located(table)
    place, _ = names(found)
    here = (place, *found.case.here) if found.case.here is not None else None
    own = int((spots["placed"] == "own").sum()) if len(spots) else 0
    where = (
        ""
        if own == len(spots)
        else " The data hold no spot for them: dots stand in their state, not at the city."
        if own == 0
        else f" For {len(spots) - own} the data hold no spot: their dots stand somewhere in their state."
    )
    lost = len(table) - len(spots)
    unseen = f" {w.plural(lost, 'place')} of no known state cannot be shown." if lost else ""
    used = int((table["weight"].abs() > maps.NEGLIGIBLE).sum())
    states = table.loc[table["weight"].abs() > maps.NEGLIGIBLE, "state"].nunique()
    return "map", {
        "key": "synth_map",
        "title": f"The comparison comes from {w.plural(used, 'place')} in {w.plural(states, 'state')}",
        "sentence": "The larger a dot, the more the place counts; small grey dots were on offer and count "
                    f"nothing.{where}{unseen}",
        "chart": lambda look: maps.donor_map(spots, here=here, look=look),
        "table": table[["name", "weight", "residents", "state"]],
        "columns": {"name": Column("Comparison place"), "weight": Column("Weight", "share"),
                    "residents": Column("Residents", "count")},
        "alt": f"Map of the United States in outline: a dot for each of {len(spots)} comparison places, "
               "sized by its weight.",
        "note": f"Outlines: {states_source}, simplified.",
    }  # fmt: skip


def _percent(found: Answer, att: float | np.ndarray, observed: float | np.ndarray) -> Any:
    """A mean difference as percent of its comparison."""
    return 100 * att / (observed - att)


def _observed_after(found: Answer) -> float:
    path = found.result.path
    return float(path.loc[path["cumulative"].notna(), "observed"].mean())


def leave_one_out(found: Answer) -> Made:
    """The answer without each place that counts, and without each year before the start."""
    r = found.result
    if r.leave_one_out.empty and r.leave_window_out.empty:
        return "leave_one_out", {}
    after = _observed_after(found)
    places = r.leave_one_out.reindex(r.leave_one_out["weight"].abs().sort_values(ascending=False).index).head(
        10
    )
    rows = pd.DataFrame(
        {
            "name": [f"Without {n} ({w.percent(100 * v)} of the mix)"
                     for n, v in zip(places["donor"], places["weight"], strict=True)],
            "percent": _percent(found, places["att"].to_numpy(float), after),
        }
    )  # fmt: skip
    years = r.leave_window_out
    if len(years):
        more = pd.DataFrame(
            {
                "name": [f"Without {w.months(a, b)}"
                         for a, b in zip(years["first"], years["last"], strict=True)],
                "percent": _percent(found, years["att"].to_numpy(float), after),
            }
        )  # fmt: skip
        rows = pd.concat([rows, more], ignore_index=True)
    whole = r.effect.percent.estimate
    low, high = float(rows["percent"].min()), float(rows["percent"].max())
    return "leave_one_out", {
        "key": "synth_leave_out",
        "title": f"Leaving out any one place or year gives between {w.fewer(low)} and {w.fewer(high)}",
        "sentence": f"With all it is {w.fewer(whole)}. An answer that hangs on one place or year is weak.",
        "chart": lambda look: robustness.refits(rows, whole=whole, whole_label="With all", look=look),
        "table": rows,
        "columns": {"name": Column("What was left out"), "percent": Column("Difference", "percent_change")},
        "alt": "One row for each place or year left out: a dot at the difference that remains, and a dashed "
               "rule at the difference with all.",
        "note": "The ten places that count most, and each year before the start.",
    }  # fmt: skip


def in_time(found: Answer) -> Made:
    """What the method finds when it pretends that the start came earlier."""
    r = found.result
    if r.in_time.empty:
        return "in_time", {}
    path = r.path.set_index("period")
    post = path["cumulative"].notna()
    half = (path.loc[post, "cumulative_upper"] - path.loc[post, "cumulative"]).to_numpy(float)
    start = pd.Period(r.spec.start, "M")
    rows = []
    for row in r.in_time.to_dict("records"):
        first, n, att = pd.Period(row["date"], "M"), int(row["periods"]), float(row["att"])
        seen = float(path.loc[(path.index >= first) & (path.index < start), "observed"].mean())
        at = min(n - 1, len(half) - 1)
        # A window longer than the months after the start is allowed to drift in proportion.
        allowed = half[at] * max(1.0, n / len(half)) / n
        expected = seen - att
        rows.append(
            {
                "name": f"Pretended start in {w.month(first)} ({w.plural(n, 'month')})",
                "percent": 100 * att / expected, "lower": -100 * allowed / expected,
                "upper": 100 * allowed / expected,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    outside = int(((table["percent"] < table["lower"]) | (table["percent"] > table["upper"])).sum())
    title = (
        "With a pretended earlier start, the method finds no more than chance allows"
        if outside == 0
        else f"In {outside} of {len(table)} pretended starts the method finds what was not there"
    )
    if not np.isfinite(table[["lower", "upper"]].to_numpy()).all():
        title = "What the method finds with a pretended earlier start"
    return "in_time", {
        "key": "synth_in_time",
        "title": title,
        "sentence": "Nothing had started then: a sound comparison finds nothing much. The grey bar is what "
                    "chance allows.",
        "chart": lambda look: robustness.refits(
            table, axis_title="Difference between pretended and real start", look=look
        ),
        "table": table,
        "columns": {"name": Column("Pretended start"), "percent": Column("Difference", "percent_change"),
                    "lower": Column("Chance allows, from", "percent_change"),
                    "upper": Column("To", "percent_change")},
        "alt": "One row for each pretended start: a dot at the difference found, on a bar of what "
               "chance allows.",
        "note": "The mix is chosen on the months before the pretended start alone.",
    }  # fmt: skip


def _specification_name(row: dict[Any, Any], found: Answer) -> str:
    parts = [SHORT[str(row["estimator"])]]
    if "predictors" in str(row["label"]):
        parts.append("on characteristics")
    if row["donor_set"] != "as asked":
        parts.append(str(row["donor_set"])[:1].lower() + str(row["donor_set"])[1:])
    base = str(found.case.panel.index[0])
    if row["window"] not in ("", base):
        parts.append(f"from {w.month(row['window'])}")
    if row["first_period"] != found.result.spec.first_period:
        parts.append(f"start month {FIRST[str(row['first_period'])].lower()}")
    return ", ".join(parts)


def specifications(found: Answer, *, p_values: bool) -> dict[str, Made]:
    """Every specification in order, and the estimators one under the other."""
    table = found.others.copy()
    table["name"] = [_specification_name(dict(r), found) for _, r in table.iterrows()]
    table = table.rename(columns={"percent_lower": "lower", "percent_upper": "upper"})
    ran = table.loc[table["percent"].notna()]
    if ran.empty:
        return {}
    columns = {
        "name": Column("Specification"), "percent": Column("Difference", "percent_change"),
        "lower": Column("From", "percent_change"), "upper": Column("To", "percent_change"),
        "donors": Column("Places", "count"), "pre_rmspe": Column("Misfit before", "decimal"),
    }  # fmt: skip
    if p_values:
        columns["p_value"] = Column("p", "decimal2")
    if (table["reason"] != "").any():
        table["reason"] = [in_words(str(t)) for t in table["reason"]]
        columns["reason"] = Column("Why not")
    if not p_values:
        table = table.drop(columns="p_value")
    here = ran.loc[ran["base"], "name"]
    chosen = str(here.iloc[0]) if len(here) else None
    curve = ran.rename(columns={"name": "specification"})[["specification", "percent", "lower", "upper"]]
    low, high = float(ran["percent"].min()), float(ran["percent"].max())
    made = {
        "specifications": (
            "specifications",
            {
                "key": "synth_specifications",
                "title": f"{w.plural(len(ran), 'way')} to ask give between {w.fewer(low)} and "
                         f"{w.fewer(high)}",
                "sentence": f"{span(found)} If the answer hangs on how one asks, the data do not give it.",
                "chart": lambda look: charts.specification_curve(curve, chosen=chosen, look=look),
                "table": table.drop(columns=["label"]), "columns": columns,
                "alt": f"Dots with ranges in order of the estimate: {w.plural(len(ran), 'specification')}.",
                "note": "Every estimator on the question as asked; demeaned and index also with other "
                        "pools, histories and rules for the start month. Ranges are those of other places.",
            },
        )
    }  # fmt: skip
    return made | {"estimators": ("estimators", _estimators(found, table, columns))}


def _estimators(found: Answer, table: pd.DataFrame, columns: dict[str, Column]) -> dict[str, Any]:
    asked = table.loc[(table["donor_set"] == "as asked") & table["name"].isin(SHORT.values())].copy()
    asked = asked.loc[~asked["label"].str.contains("predictors")].drop_duplicates("estimator")
    order = {e: i for i, e in enumerate(SHORT)}
    asked = asked.sort_values("estimator", key=lambda s: s.map(order), ignore_index=True)
    asked["note"] = [
        "shown on this page" if e == found.result.spec.estimator and found.predictors is None else ""
        for e in asked["estimator"]
    ]
    ran = asked.loc[asked["percent"].notna()]
    if ran.empty:
        return {}
    low, high = float(ran["percent"].min()), float(ran["percent"].max())
    return {
        "key": "synth_estimators",
        "title": f"{w.sentence_case(w.plural(len(ran), 'estimator', spelled=True))} give between "
                 f"{w.fewer(low)} and {w.fewer(high)}",
        "sentence": f"{in_words(found.why)} The others answer the same question in their own way.",
        "chart": lambda look: charts.dot_intervals(
            ran[["name", "percent", "lower", "upper", "note"]], look=look,
            axis_title="Difference from the comparison",
        ),
        "table": asked.drop(columns=["label"]), "columns": columns,
        "alt": f"Dots with ranges: the same question answered with {len(ran)} estimators.",
        "note": "; ".join(f"{SHORT[k]}: {v}" for k, v in ESTIMATOR_LABELS.items()) + ".",
    }  # fmt: skip
