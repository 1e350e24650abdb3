"""What studies of the three tactics elsewhere reported: published facts, none of them made up.

They differ in what was counted, where, for how long and against what, so they are never targets.
"""

from __future__ import annotations

import pandas as pd

#: Words in the description of a design that make it a stronger one: its comparison was chosen to be
#: alike before anything was compared, not merely near or at hand.
STRONGER = ("matched", "synthetic control")


def benchmarks_table() -> pd.DataFrame:
    """Effects that other cities reported: one row a study and outcome, columns of table ``benchmarks``.

    ``estimate_percent`` is negative for a fall. Limits are absent: the publications give them on scales
    that cannot be put beside each other.
    """
    columns = (
        "tactic",
        "city",
        "outcome",
        "unit",
        "design",
        "follow_up",
        "estimate_percent",
        "source",
        "note",
    )
    fd = "focused_deterrence"
    rows = [
        (
            fd, "Chicago", "Homicides", "Police districts", "Quasi-experiment with comparison districts",
            None, -37.0, "Papachristos, Meares & Fagan 2007; quoted on the sponsor's page",
            "Target areas only; little change in aggravated assault.",
        ),
        (
            fd, "Philadelphia", "Shootings", "Target areas", "Quasi-experiment, target and comparison areas",
            "24 months", -35.0, "Roman et al. 2019; quoted on the sponsor's page", "Target areas only.",
        ),
        (
            fd, "Indianapolis", "Homicides", "City", "Interrupted time series, other cities for comparison",
            None, -34.0, "McGarrell et al. 2006; quoted on the sponsor's page", "Without random assignment.",
        ),
        (
            fd, "Boston", "Shootings involving targeted gangs", "Gangs",
            "Quasi-experiment, matched gangs", None, -31.0,
            "Braga, Hureau & Papachristos 2014; quoted on the sponsor's page",
            "Targeted against other gangs: not a change of the city's total.",
        ),
        (
            fd, "Kansas City", "Homicides and gun assaults", "City", "Successive interrupted time series",
            "12 months", -21.0, "Fox, Novak & Yaghoub 2015; quoted on the sponsor's page",
            "Clear at 1, 2 and 6 months, waning around 12 months.",
        ),
        (
            "cbt", "58 programmes", "Repeat offending", "Persons", "Meta-analysis of 58 studies",
            "12 months", -25.0, "Landenberger & Lipsey 2005; quoted on the sponsor's page",
            "Repeat offending of participants, not crime in an area. Larger for people at higher risk.",
        ),
        (
            "street_outreach", "Baltimore", "Homicides", "Programme sites",
            "Augmented synthetic control", "First four years", -32.0,
            "Webster et al. 2023 (Safe Streets)", "The longest-running sites.",
        ),
        (
            "street_outreach", "Baltimore", "Homicides", "Programme sites",
            "Augmented synthetic control, whole period", "Whole period", -22.0,
            "Webster et al. 2023 (Safe Streets)",
            "Smaller than in the first four years. An earlier synthetic-control study (Buggs et al. "
            "2022) found mixed effects by site.",
        ),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def is_stronger(design: str) -> bool:
    """Whether a design's comparison was made to be alike (see ``STRONGER``)."""
    return any(word in design.lower() for word in STRONGER)
