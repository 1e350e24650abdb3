"""The words of the data: the fixed identifiers that code, files, URLs and screens share."""

from __future__ import annotations

from typing import Final

#: Places a goal is about, in the order they are shown. ``region`` is their sum.
JURISDICTIONS: Final[dict[str, str]] = {
    "stl_city": "St. Louis City",
    "stl_county": "St. Louis County",
    "st_clair": "St. Clair County",
}
REGION: Final = "region"
PLACES: Final[dict[str, str]] = {REGION: "The region", **JURISDICTIONS}

#: Tactics, in the order they are shown.
TACTICS: Final[dict[str, str]] = {
    "focused_deterrence": "Focused deterrence",
    "cbt": "Cognitive behavioral therapy",
    "street_outreach": "Street outreach",
}

#: Offenses as sources report them. ``other`` is any offense no measure or map uses.
OFFENSES: Final[dict[str, str]] = {
    "homicide": "Homicide",
    "rape": "Rape",
    "robbery": "Robbery",
    "aggravated_assault": "Aggravated assault",
    "burglary": "Burglary",
    "theft": "Theft",
    "motor_vehicle_theft": "Motor vehicle theft",
    "arson": "Arson",
    "sex_offense": "Other sexual offense",
    "other": "Other offense",
}

#: Parts of an offense that some sources can tell apart ("of which" rows of monthly counts). They
#: are never added to their whole: a measure subtracts or uses them by name.
PART_OFFENSES: Final[dict[str, str]] = {
    "homicide_firearm": "homicide",
    "robbery_firearm": "robbery",
    "aggravated_assault_firearm": "aggravated_assault",
    "aggravated_assault_domestic": "aggravated_assault",
}

#: Offenses that never carry a coordinate finer than their jurisdiction, whatever the source says.
NEVER_MAPPED: Final = frozenset({"rape", "sex_offense"})

#: What a monthly count says of itself.
STATUSES: Final = ("reported", "partial", "missing", "estimated")

#: Measures a goal can be about.
MEASURES: Final[dict[str, str]] = {
    "violent_street_crime": "Violent street crime",
    "homicide": "Homicide",
    "gun_violence": "Gun violence",
    "robbery": "Robbery",
    "aggravated_assault": "Aggravated assault",
}

AUDIENCES: Final = ("public", "council", "researcher", "hub")
