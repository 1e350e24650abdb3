"""Goals, milestones, meetings and what other cities reported.

Milestones and meetings up to October 2024 and all benchmarks are published facts, in our own
words, with their source; whatever comes later is made up and says so.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from analysis.data.sample.spec import SYNTHETIC

_PAGE: Final = "East-West Gateway, Save Lives Now! web page"
_NEWS: Final = "East-West Gateway, board news, March 2024"
_PRESS: Final = "Press reports, March 2025"


def goals_table() -> pd.DataFrame:
    """The goal shown by default and the other readings that public statements allow."""
    base: dict[str, Any] = {
        "goal_id": "twenty-percent",
        "measure": "violent_street_crime",
        "place": "region",
        "baseline_start": "2022-01",
        "baseline_end": "2024-12",
        "start": "2025-01",
        "months": 36,
        "reduction": 0.20,
        "reading": "third_year",
        "default": False,
        # What no public statement settles is said to be chosen here, choice by choice.
        "source_baseline": "Chosen for this dashboard: no public statement names a baseline",
        "source_start": _PAGE + ": in the winter of 2024–2025, read as January 2025",
        "source_reading": "Chosen for this dashboard: the statements do not say which months decide",
    }
    versions: list[dict[str, Any]] = [
        {"default": True, "source": _PAGE + ": violent street crime down by 20 % over three years"},
        {
            "reading": "cumulative",
            "source": _PAGE + ": the same goal, read as 20 % fewer over all three years together",
        },
        {
            "baseline_start": "2021-12", "baseline_end": "2024-11", "start": "2024-12",
            "source_start": _PAGE + ": in the winter of 2024–2025, read as December 2024",
            "source": _PAGE + ": start in the winter of 2024–2025, read as December 2024",
        },
        {
            "baseline_start": "2024-01", "source": _PAGE + ": measured against 2024 alone",
        },
        {
            "measure": "gun_violence",
            "source": _NEWS + ": homicides and gun violence down by 20 % within three years",
        },
        {
            "measure": "homicide",
            "source": "East-West Gateway, council announcement, October 2024: homicides by 20 %",
        },
        {
            "baseline_start": "2022-04", "baseline_end": "2025-03", "start": "2025-04",
            "source_start": _PRESS + ": the work could start in April 2025",
            "source": _PRESS + ": the work could start in April 2025",
        },
    ]  # fmt: skip
    return pd.DataFrame([{**base, "version": i + 1, **v} for i, v in enumerate(versions)])


def milestones_table() -> pd.DataFrame:
    """What led here (published), and what a programme might report since (made up)."""
    real = [
        (
            "2023-05-23", "One-day crime summit",
            "Leaders of the region agreed that street violence needs a regional answer.",
        ),
        (
            "2023-12-01", "Five-day practicum",
            "In December 2023 (day not stated) a balance of focused deterrence, cognitive behavioral "
            "therapy and street outreach was recommended.",
        ),
        (
            "2024-02-01", "Plan approved",
            "The page says that the board approved the plan in February 2024 (day not stated); board "
            "news of 27 March 2024 reports it too.",
        ),
        (
            "2024-05-23", "First Advisory Council meeting",
            "About 75 people attended at the county library's Florissant Valley branch.",
        ),
        (
            "2024-06-01", "Initiative builds capacity",
            "From spring to fall 2024: staff, technical assistance, an implementation team and funding.",
        ),
    ]  # fmt: skip
    made_up = [
        ("2024-11-18", "Data agreements signed with first agencies", "done", "agreement"),
        ("2025-01-06", "Focused deterrence starts in St. Louis City", "done", "start"),
        ("2025-04-01", "Street outreach starts in Focus area A", "done", "start"),
        ("2025-07-01", "Cognitive behavioral therapy starts in St. Louis City", "done", "start"),
        ("2025-07-14", "Street outreach starts in Focus area B", "done", "start"),
        ("2025-10-01", "Focused deterrence starts in St. Louis County", "done", "start"),
        ("2025-12-15", "Training of all outreach teams complete", "late", "training"),
        ("2026-01-12", "Cognitive behavioral therapy starts in Focus area C", "done", "start"),
        ("2026-03-31", "Cognitive behavioral therapy in St. Clair County paused", "done", "step"),
        ("2026-06-30", "All police agencies report within 30 days", "late", "step"),
        ("2027-01-04", "Focused deterrence starts in St. Clair County", "planned", "start"),
        ("2027-12-31", "End of the three years", "planned", "step"),
    ]
    rows = [
        {"date": d, "title": t, "text": x, "status": "done", "source": _PAGE, "kind": "step"}
        for d, t, x in real
    ]
    rows += [
        {"date": d, "title": t + " (synthetic)", "text": SYNTHETIC + ".", "status": s, "source": SYNTHETIC,
         "kind": k}
        for d, t, s, k in made_up
    ]  # fmt: skip
    return pd.DataFrame(rows)


def meetings_table() -> pd.DataFrame:
    """The first council meeting (published) and made-up quarterly ones."""
    rows = [
        {
            "date": "2024-05-23",
            "title": "Advisory Council, first meeting",
            "text": "Presentation of the plan, the tactics and the next steps.",
            "place": "St. Louis County Library, Florissant Valley branch",
            "source": _PAGE,
        }
    ]
    quarters = ("first", "second", "third", "fourth")
    days = ("02-19", "05-21", "08-20", "11-19")
    for year in (2025, 2026):
        for quarter, day in zip(quarters, days, strict=True):
            rows.append(
                {
                    "date": f"{year}-{day}",
                    "title": f"Advisory Council, {quarter} quarter {year} (synthetic)",
                    "text": SYNTHETIC + ": quarterly report on data, progress and milestones.",
                    "place": "To be announced" if f"{year}-{day}" > "2026-10-10" else "Synthetic venue",
                    "source": SYNTHETIC,
                }
            )
    return pd.DataFrame(rows)
