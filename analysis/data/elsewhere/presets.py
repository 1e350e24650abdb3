"""Ready-made donor pools, and what is published about other places that matters for a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Something that happened in another place: agency, first month, what, and where that is published."""

    agency_id: str
    name: str
    since: str
    what: str
    source: str


#: Published programmes of focused deterrence in places that report to the Real-Time Crime Index. Not all
#: there are: programmes without a published start are not listed, so a donor that is absent may run one too.
SAME_TACTIC: Final = (
    Elsewhere(
        "LANPD0000", "New Orleans", "2012-11", "Group Violence Reduction Strategy",
        "Corsaro, Engel 2015, Criminology & Public Policy 14(3), doi 10.1111/1745-9133.12142",
    ),
    Elsewhere(
        "PAPEP0000", "Philadelphia", "2020-08", "Group Violence Intervention",
        "Moyer 2023, Journal of Experimental Criminology, doi 10.1007/s11292-023-09601-w",
    ),
    Elsewhere(
        "MDBPD0000", "Baltimore", "2022-01", "Group Violence Reduction Strategy (Western District first)",
        "University of Pennsylvania, Crime and Justice Policy Lab, February 2024, "
        "penntoday.upenn.edu/news/criminology-crime-and-justice-policy-lab-baltimore-gvrs",
    ),
)  # fmt: skip

_OCTOBER: Final = "newindianexpress.com, 12 October 2025, What to know about the deployments"

#: Cities to which the National Guard was ordered in 2025 (courts stopped or limited it in several). Nobody is
#: left out for it unless the user chooses that pool.
NATIONAL_GUARD: Final = (
    Elsewhere(
        "CA0194200", "Los Angeles", "2025-06", "National Guard ordered in",
        "Newsom v. Trump, 3:25-cv-04870, N.D. Cal. 2025",
    ),
    Elsewhere(
        "DCMPD0000", "Washington", "2025-08", "National Guard ordered in",
        "Presidential memorandum of 11 August 2025, Restoring Law and Order in the District of Columbia",
    ),
    Elsewhere("TNMPD0000", "Memphis", "2025-10", "National Guard on patrol", _OCTOBER),
    Elsewhere("ILCPD0000", "Chicago", "2025-10", "National Guard ordered in, stopped in court", _OCTOBER),
    Elsewhere("OR0260200", "Portland", "2025-10", "National Guard ordered in, stopped in court", _OCTOBER),
    Elsewhere(
        "LANPD0000", "New Orleans", "2025-12", "National Guard ordered in",
        "Louisiana National Guard, 23 December 2025, by wbrz.com",
    ),
)  # fmt: skip

#: States around Missouri and Illinois with a history of heavy industry, as one choice of a like region.
_MIDWEST: Final = ("IA", "IL", "IN", "KS", "KY", "MI", "MN", "ND", "NE", "OH", "PA", "SD", "TN", "WI", "AR")


@dataclass(frozen=True, slots=True)
class DonorPreset:
    """A donor pool by rule.

    Attributes:
        preset_id, label: for URLs and people.
        about: the rule, in one sentence.
        min_population: fewest residents.
        states: only agencies there; empty = all.
        leaves_out: what happened elsewhere that takes a place out.
    """

    preset_id: str
    label: str
    about: str
    min_population: float = 100_000
    states: tuple[str, ...] = ()
    leaves_out: tuple[Elsewhere, ...] = ()

    def reasons(self, agencies: pd.DataFrame) -> dict[str, str]:
        """agency_id → why this preset leaves it out; agencies: the hub's table."""
        listed = {e.agency_id: f"{e.what} since {e.since} ({e.source})" for e in self.leaves_out}
        found: dict[str, str] = {}
        for row in agencies.to_dict("records"):
            agency = str(row["agency_id"])
            people = row["population"]
            if agency in listed:
                found[agency] = listed[agency]
            elif self.states and row["state"] not in self.states:
                found[agency] = f"is in {row['state']}, outside the states of this pool"
            elif not people >= self.min_population:
                found[agency] = (
                    "its residents are not known" if pd.isna(people) else f"has {people:,.0f} residents"
                )
        return found


PRESETS: Final = (
    DonorPreset("all", "All eligible", "Every eligible agency of 100,000 or more residents."),
    DonorPreset("large", "Large places", "At least 250,000 residents: less chance in each month.", 250_000),
    DonorPreset("midwest", "Midwest and near", "Agencies in states near Missouri only.", 100_000, _MIDWEST),
    DonorPreset(
        "no_same_tactic",
        "Without the same tactic",
        "Leaves out every place with a published programme of focused deterrence, however old.",
        leaves_out=SAME_TACTIC,
    ),
    DonorPreset(
        "no_guard",
        "Without the National Guard of 2025",
        "Leaves out cities to which the National Guard was ordered in 2025.",
        leaves_out=NATIONAL_GUARD,
    ),
)


def preset(preset_id: str) -> DonorPreset:
    """The preset of that name.

    Raises:
        KeyError: there is none; says which there are.
    """
    for one in PRESETS:
        if one.preset_id == preset_id:
            return one
    raise KeyError(f"no donor preset {preset_id!r}; there are: {', '.join(p.preset_id for p in PRESETS)}")
