"""What the tactics do, as they report it: every activity, what it counts, and how one leads to the next.

Counts by deployment and month, never a row a person: a person appears in no table of the hub.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

Counts = Literal["people", "events", "days"]


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity that a tactic reports.

    Attributes:
        tactic: whose it is.
        label: as shown.
        counts: what one is; small counts of people are hidden, those of events and days are not.
        meaning: what is counted, for the template and the glossary.
    """

    tactic: str
    label: str
    counts: Counts
    meaning: str


ACTIVITIES: Final[Mapping[str, Activity]] = {
    "people_notified": Activity(
        "focused_deterrence", "People notified", "people",
        "people spoken to in a call-in or by a custom notification in the month",
    ),
    "both_messages_delivered": Activity(
        "focused_deterrence", "Heard both messages", "people",
        "of those notified, people who heard both messages: violence will be answered, and help is ready",
    ),
    "service_offers": Activity(
        "focused_deterrence", "Offered services", "people", "of those notified, people who were offered help",
    ),
    "services_accepted": Activity(
        "focused_deterrence", "Accepted services", "people", "of those offered help, people who took it up",
    ),
    "call_ins": Activity(
        "focused_deterrence", "Call-ins", "events", "meetings at which several people hear both messages"
    ),
    "custom_notifications": Activity(
        "focused_deterrence", "Custom notifications", "events",
        "visits by trusted messengers or officers to one person",
    ),
    "referred": Activity("cbt", "Referred", "people", "people sent to the course, whoever sent them"),
    "enrolled": Activity("cbt", "Enrolled", "people", "people who began the course in the month"),
    "sessions": Activity("cbt", "Sessions", "events", "group or single sessions held"),
    "completed": Activity("cbt", "Completed", "people", "people who finished the course in the month"),
    "wraparound_services": Activity(
        "cbt", "Services beside the course", "events",
        "times that help with addiction, school, housing or work was given to someone in the course",
    ),
    "contacts": Activity(
        "street_outreach", "Contacts", "people", "conversations with people at high risk; one may count twice"
    ),
    "mediations": Activity(
        "street_outreach", "Mediations", "events", "conflicts that outreach workers stepped into"
    ),
    "referrals": Activity(
        "street_outreach", "Referred to services", "people", "people sent on to the course or another service"
    ),
    "victims_and_families_supported": Activity(
        "street_outreach", "Victims and families supported", "people",
        "victims, and families of victims, who were helped or mentored",
    ),
    "presence_days": Activity(
        "street_outreach", "Days present", "days", "days on which the team was in its neighborhood"
    ),
    "public_space_events": Activity(
        "street_outreach", "Events in public places", "events",
        "gatherings that bring people back to a place",
    ),
}  # fmt: skip

#: The activity that a tactic's dose is told by.
LEAD: Final[Mapping[str, str]] = {
    "focused_deterrence": "people_notified",
    "cbt": "enrolled",
    "street_outreach": "contacts",
}
#: From the first contact to what it leads to.
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "focused_deterrence": (
        "people_notified", "both_messages_delivered", "service_offers", "services_accepted",
    ),
    "cbt": ("referred", "enrolled", "completed"),
    "street_outreach": ("contacts", "referrals"),
}  # fmt: skip
#: Step → the activity it is a share of.
BASE: Final[Mapping[str, str]] = {
    "both_messages_delivered": "people_notified",
    "service_offers": "people_notified",
    "services_accepted": "service_offers",
    "enrolled": "referred",
    "completed": "enrolled",
    "referrals": "contacts",
}


def of_tactic(tactic: str) -> dict[str, Activity]:
    """The activities of a tactic, in their order."""
    return {name: a for name, a in ACTIVITIES.items() if a.tactic == tactic}


def months(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with ``month`` as Period, whatever it came as."""
    if isinstance(rows["month"].dtype, pd.PeriodDtype):
        return rows
    return rows.assign(month=pd.PeriodIndex(rows["month"].astype(str), freq="M"))


def within(rows: pd.DataFrame, span: tuple[Any, Any] | None) -> pd.DataFrame:
    """Rows from the first to the last month of a span, both included; all when there is none."""
    table = months(rows)
    if span is None:
        return table
    first, last = (pd.Period(str(m), "M") for m in span)
    return table[(table["month"] >= first) & (table["month"] <= last)]


def hide(value: float, activity: str, floor: int) -> float:
    """A count of people above zero and below the floor becomes NaN."""
    small = ACTIVITIES[activity].counts == "people" if activity in ACTIVITIES else True
    return float("nan") if small and 0 < value < floor else float(value)
