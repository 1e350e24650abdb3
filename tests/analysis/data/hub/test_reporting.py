"""How figures grew between the days on which they were known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.data import open_hub
from analysis.data.quality.reporting import LEARNED_FROM, known_over_time


class Pretend:
    """Two agencies on two days: one grows, the other reports its newest month a day late."""

    def vintages(self) -> list[str]:
        return ["2026-02-10", "2026-03-10"]

    def monthly_counts(
        self, by: str = "agency", *, offenses: Sequence[str] | None = None, as_of: str | None = None
    ) -> pd.DataFrame:
        assert by == "agency"
        assert tuple(offenses or ()) == LEARNED_FROM
        january = {"a": 10.0 if as_of == "2026-02-10" else 12.0, "late": float("nan")}
        if as_of == "2026-03-10":
            january["late"] = 50.0
        rows = [
            {
                "agency_id": agency, "source": "s", "month": pd.Period(month, "M"), "offense": o, "count": n,
                "suspect": "",
            }
            for o in LEARNED_FROM
            for month, known in (("2025-12", {"a": 9.0, "late": 40.0}), ("2026-01", january))
            for agency, n in known.items()
        ]  # fmt: skip
        return pd.DataFrame(rows)


def test_an_agency_that_reports_late_is_no_growth() -> None:
    where = pd.Series({"a": "stl_city", "late": "stl_city"})
    found = known_over_time(Pretend(), where)
    january = found[found["month"] == pd.Period("2026-01", "M")].set_index("vintage")["count"]
    assert january.to_dict() == {"2026-02-10": 30.0, "2026-03-10": 36.0}
    december = found[found["month"] == pd.Period("2025-12", "M")]["count"]
    assert december.tolist() == [147.0, 147.0]


def test_one_vintage_teaches_nothing(tmp_path: Path) -> None:
    assert known_over_time(open_hub(tmp_path / "hub"), pd.Series(dtype=str)).empty


def test_the_sample_grows_with_late_reports(root: Path) -> None:
    hub = open_hub(root / "data_samples")
    agencies = hub.agencies().set_index("agency_id")["jurisdiction"]
    found = known_over_time(hub, agencies[agencies == "stl_city"])
    newest = found.groupby("month")["count"].agg(["first", "last", "size"])
    grown = newest[newest["size"] > 1]
    assert len(grown) >= 12
    assert (grown["last"] >= grown["first"]).mean() > 0.9
    assert grown["last"].sum() > grown["first"].sum()
