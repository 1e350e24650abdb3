"""What each table of the data package holds: one :class:`Field` a column.

Months are text ``YYYY-MM`` in files and in the store (they sort, and every engine reads them);
``Period`` appears only at the pandas surface of the hub.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from analysis.data.vocabulary import (
    JURISDICTIONS,
    MEASURES,
    OFFENSES,
    PART_OFFENSES,
    PLACES,
    STATUSES,
    TACTICS,
)

Kind = Literal["text", "month", "date", "datetime", "integer", "number", "boolean", "geometry"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, kind, meaning, and what it may hold.

    ``required`` means that no row may leave it empty. ``optional`` columns may be absent from a
    file altogether; they are then filled with missing values.
    """

    name: str
    kind: Kind
    description: str
    required: bool = True
    optional: bool = False
    allowed: tuple[str, ...] = ()
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name, what one row is, its columns and its key."""

    name: str
    row: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(f.name for f in self.fields)


def _place_fields() -> tuple[Field, ...]:
    return (
        Field(
            "longitude",
            "number",
            "Longitude, WGS84",
            required=False,
            unit="degrees",
            minimum=-180,
            maximum=180,
        ),
        Field(
            "latitude", "number", "Latitude, WGS84", required=False, unit="degrees", minimum=-90, maximum=90
        ),
    )


LOCATION_QUALITIES: Final = ("exact", "outside_named_area", "outside_jurisdiction", "withheld", "missing")
AREA_KINDS: Final = ("neighborhood", "park", "focus", "buffer", "comparison")
DEPLOYMENT_STATES: Final = ("planned", "live", "paused", "ended")
MILESTONE_KINDS: Final = ("training", "technical_help", "agreement", "start", "step")
READINGS: Final = ("third_year", "cumulative")
DONOR_STATES: Final = ("eligible", "excluded")
ALL_OFFENSES: Final = (*OFFENSES, *PART_OFFENSES)

_VINTAGE = Field("vintage", "date", "Day on which these figures were known")
_SEQ = Field(
    "import_seq", "integer", "Number of the import that brought the row", required=False, optional=True
)

INCIDENTS: Final = Table(
    "incidents",
    "an incident × crime code × file, as the agency counts it",
    (
        Field("incident_id", "text", "Identifier of the incident, stable across files of one source"),
        Field("agency_id", "text", "Reporting agency (ORI)"),
        Field(
            "occurred_at", "datetime", "When it happened; empty when the stated date cannot be true", False
        ),
        Field("reported_at", "datetime", "When it was reported or coded", False, optional=True),
        Field("coded_month", "month", "Month in which the agency counts it"),
        Field("offense", "text", "Offense", allowed=tuple(OFFENSES)),
        Field("code", "text", "The source's own crime code", False, optional=True),
        Field(
            "firearm",
            "boolean",
            "A firearm was used; empty when the source cannot tell",
            False,
            optional=True,
        ),
        Field("domestic", "boolean", "Domestic; empty when the source cannot tell", False, optional=True),
        Field("victims", "integer", "People harmed, as the file's positive rows count them", minimum=0),
        Field("net_count", "integer", "Sum of the file's count column: cancelling rows are negative"),
        *_place_fields(),
        Field("location_quality", "text", "How far the coordinates can be used", allowed=LOCATION_QUALITIES),
        Field("area_name", "text", "Neighbourhood that the row itself names", False, optional=True),
        Field("source", "text", "Layout the row came in"),
        Field("source_file", "text", "File the row came in"),
        Field("row_order", "integer", "Line of the first row of the group in its file", False, optional=True),
        Field("area_id", "text", "Neighbourhood polygon that holds the point", False, optional=True),
        Field("h3_r9", "text", "H3 cell of resolution 9 that holds the point", False, optional=True),
        _VINTAGE,
        _SEQ,
    ),
    ("agency_id", "source", "incident_id", "offense", "code", "source_file", "vintage"),
)

MONTHLY_COUNTS: Final = Table(
    "monthly_counts",
    "an agency × month × offense, as known on a day",
    (
        Field("agency_id", "text", "Reporting agency (ORI)"),
        Field("month", "month", "Month of the count"),
        Field(
            "offense",
            "text",
            "Offense, or part of an offense (never added to its whole)",
            allowed=ALL_OFFENSES,
        ),
        Field("count", "number", "Offenses; empty when missing", False, unit="offenses", minimum=0),
        Field("status", "text", "What the agency reported", allowed=STATUSES),
        Field("source", "text", "Layout the figure came in"),
        Field("source_file", "text", "File the figure came in", False, optional=True),
        _VINTAGE,
        _SEQ,
    ),
    ("agency_id", "month", "offense", "source", "vintage"),
)

AGENCIES: Final = Table(
    "agencies",
    "an agency",
    (
        Field("agency_id", "text", "ORI"),
        Field("name", "text", "Name"),
        Field("state", "text", "State, two letters", False),
        Field("kind", "text", "city, county or other", False, optional=True),
        Field(
            "jurisdiction",
            "text",
            "Jurisdiction it polices, if one of ours",
            False,
            allowed=tuple(JURISDICTIONS),
        ),
        Field("population", "number", "Residents", False, unit="people", minimum=0),
        *(_place_fields()),
        Field(
            "donor", "text", "May it stand in a comparison pool", False, optional=True, allowed=DONOR_STATES
        ),
        Field("donor_reason", "text", "Why it may not", False, optional=True),
        Field("preferred_source", "text", "Source to use for its series", False, optional=True),
    ),
    ("agency_id",),
)

POPULATIONS: Final = Table(
    "populations",
    "a place × year",
    (
        Field("place", "text", "Jurisdiction, region, area or agency"),
        Field("year", "integer", "Year", minimum=1900, maximum=2100),
        Field("population", "number", "Residents", unit="people", minimum=0),
        Field("source", "text", "Who counted", False, optional=True),
    ),
    ("place", "year"),
)

AREAS: Final = Table(
    "areas",
    "a named part of a jurisdiction",
    (
        Field("area_id", "text", "Identifier"),
        Field("jurisdiction", "text", "Jurisdiction it lies in", allowed=tuple(JURISDICTIONS)),
        Field("name", "text", "Name"),
        Field("kind", "text", "What the area is for", allowed=AREA_KINDS),
        Field("population", "number", "Residents", False, optional=True, unit="people", minimum=0),
        Field("code", "text", "Number or name by which incident rows call it", False, optional=True),
        Field("geometry", "geometry", "Outline, WGS84"),
    ),
    ("area_id",),
)

DEPLOYMENTS: Final = Table(
    "deployments",
    "a tactic working in an area",
    (
        Field("deployment_id", "text", "Identifier"),
        Field("tactic", "text", "Tactic", allowed=tuple(TACTICS)),
        Field("area_id", "text", "Area it works in; empty for a whole jurisdiction", False, optional=True),
        Field("jurisdiction", "text", "Jurisdiction", allowed=tuple(JURISDICTIONS)),
        Field("name", "text", "Name"),
        Field("start", "month", "First month at work"),
        Field("phase_in_months", "integer", "Months until it is fully at work", unit="months", minimum=0),
        Field("end", "month", "Last month at work", False, optional=True),
        Field("status", "text", "State", allowed=DEPLOYMENT_STATES),
        Field("source", "text", "Who says so", False, optional=True),
    ),
    ("deployment_id",),
)

ACTIVITIES: Final = Table(
    "activities",
    "a deployment × month × activity",
    (
        Field("deployment_id", "text", "Deployment"),
        Field("month", "month", "Month"),
        Field("activity", "text", "What was done (call-ins, referrals, enrolments, sessions, mediations)"),
        Field("value", "number", "How many; empty when not reported", False, minimum=0),
        Field("planned", "number", "How many were planned", False, optional=True, minimum=0),
    ),
    ("deployment_id", "month", "activity"),
)

GOALS: Final = Table(
    "goals",
    "a version of a goal",
    (
        Field("goal_id", "text", "Identifier"),
        Field("version", "integer", "Version: a change of the goal is a new version", minimum=1),
        Field("measure", "text", "Measure the goal is about", allowed=tuple(MEASURES)),
        Field("place", "text", "Place the goal is about", allowed=tuple(PLACES)),
        Field("baseline_start", "month", "First month of the baseline"),
        Field("baseline_end", "month", "Last month of the baseline"),
        Field("start", "month", "First month that counts"),
        Field("months", "integer", "Length", unit="months", minimum=1),
        Field("reduction", "number", "Share to be reduced (0.20 = 20 %)", minimum=0, maximum=1),
        Field("reading", "text", "How the reduction is read", allowed=READINGS),
        Field("source", "text", "Who set it", False, optional=True),
        Field("default", "boolean", "The version shown unless another is chosen"),
        *(
            Field(
                f"source_{choice}", "text", f"Who chose the {words}, where not the same", False, optional=True
            )
            for choice, words in (
                ("measure", "measure"),
                ("baseline", "baseline"),
                ("start", "start"),
                ("months", "length"),
                ("reduction", "reduction"),
                ("reading", "reading"),
            )
        ),
    ),
    ("goal_id", "version"),
)

MILESTONES: Final = Table(
    "milestones",
    "a milestone",
    (
        Field("date", "date", "Day"),
        Field("title", "text", "Title"),
        Field("text", "text", "One or two sentences", False, optional=True),
        Field("status", "text", "State", allowed=("planned", "done", "late", "dropped")),
        Field("source", "text", "Who says so", False, optional=True),
        Field(
            "kind",
            "text",
            "What it is: a training, technical help, an agreement on data or between partners, the start "
            "of work, or another step",
            False,
            optional=True,
            allowed=MILESTONE_KINDS,
        ),
    ),
    ("date", "title"),
)

MEETINGS: Final = Table(
    "meetings",
    "a meeting",
    (
        Field("date", "date", "Day"),
        Field("title", "text", "Title"),
        Field("text", "text", "One or two sentences", False, optional=True),
        Field("place", "text", "Where", False, optional=True),
        Field("source", "text", "Who says so", False, optional=True),
    ),
    ("date", "title"),
)

BENCHMARKS: Final = Table(
    "benchmarks",
    "an effect that another city reported",
    (
        Field("tactic", "text", "Tactic", allowed=tuple(TACTICS)),
        Field("city", "text", "City"),
        Field("outcome", "text", "What was counted"),
        Field("unit", "text", "Unit of analysis (city, district, neighbourhood, person)"),
        Field("design", "text", "Design of the study"),
        Field("follow_up", "text", "Length of follow-up", False, optional=True),
        Field("estimate_percent", "number", "Change; negative means fewer", unit="percent"),
        Field("lower", "number", "Lower limit", False, optional=True, unit="percent"),
        Field("upper", "number", "Upper limit", False, optional=True, unit="percent"),
        Field("source", "text", "Publication"),
        Field("note", "text", "What a reader must know", False, optional=True),
    ),
    ("tactic", "city", "outcome", "design", "source"),
)

_PUBLIC: Final = (
    INCIDENTS, MONTHLY_COUNTS, AGENCIES, POPULATIONS, AREAS, DEPLOYMENTS,
    ACTIVITIES, GOALS, MILESTONES, MEETINGS, BENCHMARKS,
)  # fmt: skip
#: The tables of a data package, by name.
TABLES: Final[dict[str, Table]] = {table.name: table for table in _PUBLIC}

INCIDENT_COLUMNS: Final = INCIDENTS.columns
MONTHLY_COUNT_COLUMNS: Final = MONTHLY_COUNTS.columns
AGENCY_COLUMNS: Final = AGENCIES.columns
POPULATION_COLUMNS: Final = POPULATIONS.columns
AREA_COLUMNS: Final = AREAS.columns
DEPLOYMENT_COLUMNS: Final = DEPLOYMENTS.columns
ACTIVITY_COLUMNS: Final = ACTIVITIES.columns
GOAL_COLUMNS: Final = GOALS.columns
MILESTONE_COLUMNS: Final = MILESTONES.columns
MEETING_COLUMNS: Final = MEETINGS.columns
BENCHMARK_COLUMNS: Final = BENCHMARKS.columns
