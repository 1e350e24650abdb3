"""The data of every agency in words and tables: what is there, what looks wrong, what is counted."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from analysis.data.series import MeasureSeries
from analysis.data.vocabulary import JURISDICTIONS, MEASURES, OFFENSES, PLACES
from dashboard import data, headlines
from dashboard import words as w
from dashboard.views.data_quality.facts import Quality, short

ACCEPT: Final = (
    "A month that looks wrong is left out of every estimate until somebody who knows better accepts it. "
    "Staff of the hub do that on the page Intake, with a written reason. Name and reason are kept for "
    "good, and the month is used from then on. `sln check --hub HUB` lists every such month."
)
ONE_VERSION: Final = (
    "Only one version of the figures is stored so far, so there is nothing to compare. Every later import "
    "of the same months is kept beside it, and this section then shows how far figures moved."
)


def headline(complete: dict[str, pd.Period]) -> str:
    """Through which month most places are complete, of the three."""
    ends = sorted((complete[p] for p in JURISDICTIONS if p in complete), reverse=True)
    if not ends:
        return headlines.data(None, 0, len(JURISDICTIONS))
    through = ends[min(1, len(ends) - 1)]
    return headlines.data(through, sum(e >= through for e in ends), len(JURISDICTIONS))


def each_place(complete: dict[str, pd.Period]) -> str:
    """The last complete month of every place, in one sentence."""
    said = [
        f"{name}: {w.month(complete[p])}" if p in complete else f"{name}: no usable series yet"
        for p, name in JURISDICTIONS.items()
    ]
    return (
        "Last complete month. " + "; ".join(said) + ". A month that was not reported is missing, never zero."
    )


def agency_table(q: Quality) -> pd.DataFrame:
    """Sources per agency, for reading."""
    rows = q.agencies
    return pd.DataFrame(
        {
            "Agency": rows["name"], "Place": [PLACES[j] for j in rows["jurisdiction"]],
            "From": [w.month(m) for m in rows["first"]],
            "Complete through": [w.month(m) for m in rows["complete_through"]],
            "Months": [w.number(n) for n in rows["months"]],
            "Missing between": [w.number(n) for n in rows["missing"]],
            "With a location": [
                # A cleaned extract leaves out rows without coordinates: its share says nothing.
                "counts only" if pd.isna(share) else w.UNKNOWN if source.endswith("cleaned")
                else w.percent(100 * share)
                for share, source in zip(rows["geocoded_share"], rows["source"], strict=True)
            ],
            "Source": [data.publisher(s) for s in rows["source"]],
        }
    )  # fmt: skip


def wrong(q: Quality) -> list[str]:
    """What looks wrong, a sentence an agency of the region, and one for each thing found elsewhere."""
    return [_plain(message) for message in q.check.messages]


def breaks_table(q: Quality) -> pd.DataFrame:
    """Months of the region's agencies from which figures are counted in another way."""
    rows = q.check.breaks
    rows = rows[rows["agency_id"].isin(q.agencies["agency_id"])].sort_values("month")
    names = q.agencies.drop_duplicates("agency_id").set_index("agency_id")["name"]
    return pd.DataFrame(
        {
            "Agency": [names[a] for a in rows["agency_id"]], "From": [w.month(m) for m in rows["month"]],
            "Offense": [OFFENSES.get(str(o), "All") if pd.notna(o) else "All" for o in rows["offense"]],
            "What changed": [_plain(str(r)) for r in rows["reason"]],
        }
    )  # fmt: skip


def _plain(text: str) -> str:
    """Identifiers of sources, offenses and months in words."""
    for offense, name in OFFENSES.items():
        text = text.replace(offense, name.lower()) if "_" in offense else text
    text = re.sub(r"\b((?:slmpd|rtci)_\w+)", lambda m: short(m.group(1)), text)
    text = re.sub(r"\b((?:19|20)\d\d-(?:0[1-9]|1[0-2]))\b(?!-)", lambda m: w.month(m.group(1)), text)
    return w.sentence_case(text)


def suspects_table(q: Quality) -> pd.DataFrame:
    """Months of the region's agencies that look wrong."""
    rows = q.check.suspects
    rows = rows[rows["agency_id"].isin(q.agencies["agency_id"])]
    names = q.agencies.drop_duplicates("agency_id").set_index("agency_id")["name"]
    return pd.DataFrame(
        {
            "Agency": [names[a] for a in rows["agency_id"]], "Month": [w.month(m) for m in rows["month"]],
            "Offense": [OFFENSES.get(str(o), str(o)) for o in rows["offense"]],
            "Why it looks wrong": [_plain(str(y)) for y in rows["why"]],
            "Used": ["yes, accepted" if a else "no" for a in rows["accepted"]],
        }
    )  # fmt: skip


def definitions() -> pd.DataFrame:
    """Each measure of each place: exactly what is added, or why there is none."""
    rows = []
    for place, name in JURISDICTIONS.items():
        for measure, label in MEASURES.items():
            found = data.series(place, measure)
            if isinstance(found, MeasureSeries):
                rows.append((name, label, found.definition, " ".join(found.notes)))
            else:
                rows.append((name, label, f"Not available. {found}", ""))
    return pd.DataFrame(rows, columns=["Place", "Measure", "What is added", "Notes"])
