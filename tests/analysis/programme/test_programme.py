"""Dose, fidelity, funnel, and what may be said of dose beside effect."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.data import open_hub
from analysis.data.sample.programme import PLANS
from analysis.programme import (
    ACTIVITIES,
    BESIDE_COLUMNS,
    MODEL,
    against_plan,
    beside,
    by_month,
    dose_response,
    fidelity,
    funnel,
    of_tactic,
    share_of_plan,
    templates,
)


def work(values: dict[str, list[float | None]], planned: float = 10.0, key: str = "d") -> pd.DataFrame:
    rows = [
        {"deployment_id": key, "month": f"2025-{i + 1:02d}", "activity": a, "value": v, "planned": planned}
        for a, months in values.items()
        for i, v in enumerate(months)
    ]
    return pd.DataFrame(rows).assign(value=lambda t: pd.to_numeric(t["value"]))


DEPLOYED = pd.DataFrame(
    [{"deployment_id": "d", "tactic": "street_outreach", "jurisdiction": "stl_city", "name": "D",
      "area_id": None, "start": "2025-01", "status": "live"}]
)  # fmt: skip


def test_the_activities_are_those_of_the_sample() -> None:
    assert {t: list(of_tactic(t)) for t in PLANS} == {t: list(p) for t, p in PLANS.items()}
    for parts in MODEL.values():
        assert {p.done for p in parts} | {p.of for p in parts if p.of} <= set(ACTIVITIES)


def test_a_month_not_reported_is_not_a_zero() -> None:
    rows = work({"contacts": [8, None, 0]})
    table = by_month(rows, "contacts")
    assert table["done"].isna().tolist() == [False, True, False]
    assert table["done_so_far"].tolist() == [8, 8, 8]
    assert table["planned_so_far"].tolist() == [10, 10, 20]
    assert share_of_plan(rows, "contacts") == pytest.approx(8 / 20)
    assert math.isnan(share_of_plan(rows, "mediations"))
    assert by_month(rows, "mediations").empty


def test_dose_counts_reported_months_and_hides_few_people() -> None:
    table = against_plan(work({"contacts": [3, None, None]}), DEPLOYED, floor=5)
    assert math.isnan(table["done"].iloc[0])
    assert math.isnan(table["share"].iloc[0])
    assert (table["months_reported"].iloc[0], table["months_due"].iloc[0]) == (1, 3)
    shown = against_plan(work({"contacts": [3, None, None]}), DEPLOYED, ("2025-01", "2025-01"))
    assert shown["share"].iloc[0] == pytest.approx(0.3)


def test_fidelity_follows_its_rule() -> None:
    rows = work({"people_notified": [10, 10], "both_messages_delivered": [9, 9], "service_offers": [9, 9],
                 "services_accepted": [3, 3], "custom_notifications": [5, 5]})  # fmt: skip
    found = fidelity(rows, "focused_deterrence")
    points = found.parts.set_index("part")["points"]
    assert points["Both messages reach the same person"] == pytest.approx(100)
    assert points["Offers are taken up"] == pytest.approx(100 * (6 / 18) / 0.35)
    assert points["As many visits as planned"] == pytest.approx(50)
    assert found.score == pytest.approx(points.mean())
    assert found.word == "close to the model"
    assert "as many visits as planned" in found.sentence


def test_fidelity_cannot_be_told_from_little() -> None:
    gaps = work(
        {"contacts": [10, None, None], "mediations": [10, None, None], "presence_days": [10, None, None]}
    )
    assert fidelity(gaps, "street_outreach").word == "cannot tell"
    two = work({"contacts": [10, 10], "mediations": [10, 10]})
    assert math.isnan(fidelity(two, "street_outreach").score)
    assert fidelity(two.head(0), "street_outreach").word == "cannot tell"


def test_points_stay_between_nought_and_hundred() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        rows = work({a: list(rng.poisson(9, 6).astype(float)) for a in of_tactic("cbt")})
        found = fidelity(rows, "cbt")
        assert found.parts["points"].between(0, 100).all()
        assert 0 <= found.score <= 100


def test_the_funnel_hides_few_people_and_their_shares() -> None:
    rows = work({"referred": [20, 20], "enrolled": [10, 12], "completed": [2, 1]})
    table = funnel(rows, "cbt", floor=5)
    assert table["people"].isna().tolist() == [False, False, True]
    assert table["share"].isna().tolist() == [True, False, True]
    assert table["of"].tolist() == ["", "Referred", "Enrolled"]
    assert funnel(rows, "cbt")["share"].iloc[1] == pytest.approx(22 / 40)


def verdicts(**values: object) -> pd.DataFrame:
    row = {"subject": "d", "measure": "homicide", "agreement": "fewer", "grade": "moderate", "why_grade": "x",
           "leading_method": "wdd", "percent": -20.0, "lower": -30.0, "upper": -5.0}  # fmt: skip
    return pd.DataFrame([row | values])


def test_no_effect_without_a_comparison_stands_beside_a_dose() -> None:
    rows = work({"contacts": [8, 9]})
    told = beside(DEPLOYED, rows, verdicts(), "homicide")
    assert list(told.columns) == list(BESIDE_COLUMNS)
    assert told["percent"].iloc[0] == -20
    alone = beside(DEPLOYED, rows, verdicts(leading_method="its"), "homicide")
    assert math.isnan(alone["percent"].iloc[0])
    assert beside(DEPLOYED, rows, verdicts(), "robbery")["why_grade"].iloc[0] == "It is not evaluated."


def places(n: int, slope: float) -> pd.DataFrame:
    share = np.linspace(0.4, 1.1, n)
    return pd.DataFrame({"share": share, "percent": slope * share, "lower": -40.0, "upper": 10.0})


def test_a_handful_of_places_is_no_pattern() -> None:
    for n in (0, 1, 7):
        found = dose_response(places(n, -20))
        assert not found.enough
        assert math.isnan(found.rank_correlation)
        assert "At least 8 are needed" in found.sentence


def test_a_pattern_between_places_is_no_proof() -> None:
    found = dose_response(places(9, -20))
    assert found.enough
    assert found.rank_correlation == pytest.approx(-1)
    assert found.p_value < 0.01
    assert "not a proof" in found.sentence
    rng = np.random.default_rng(3)
    scattered = places(8, 0).assign(percent=rng.normal(size=8))
    assert 0.1 < dose_response(scattered).p_value <= 1
    assert "no pattern stands out" in dose_response(scattered).sentence


def test_templates_are_read_back_by_the_importer(tmp_path: Path) -> None:
    files = templates()
    rows = {
        "deployments.csv": "x1,cbt,,stl_city,Course,2025-01,3,,live,Hub\r\n",
        "activities.csv": "".join(f"x1,2025-0{m},enrolled,{v},10\r\n" for m, v in ((1, 7), (2, ""), (3, -2))),
    }
    for name, more in rows.items():
        (tmp_path / name).write_text(files[name] + more, newline="")
    hub = open_hub(tmp_path / "hub")
    report = hub.import_files([tmp_path / n for n in rows])
    assert (report.rows_read, report.rows_kept, report.rows_quarantined) == (4, 3, 1)
    refused = hub.quarantine().iloc[0]
    assert (refused["line"], refused["column"], refused["rule"]) == (4, "value", "is at least 0")
    assert hub.activities()["value"].isna().sum() == 1
    glossary = list(csv.DictReader(io.StringIO(files["glossary.csv"])))
    assert {r["value"] for r in glossary if r["column"] == "activity"} >= set(ACTIVITIES)
    assert "counts only" in files["README.txt"]


def test_nothing_here_is_about_a_person() -> None:
    header = " ".join(templates()[n] for n in ("deployments.csv", "activities.csv")).lower()
    for word in ("first_name", "last_name", "birth", "person_id", "address"):
        assert word not in header


def test_work_that_does_not_fit_is_told_and_kept(tmp_path: Path) -> None:
    files = templates()
    (tmp_path / "activities.csv").write_text(
        files["activities.csv"] + "x1,2024-12,enrolled,7,10\r\nx2,2025-02,enrolled,3,10\r\n", newline=""
    )
    (tmp_path / "deployments.csv").write_text(
        files["deployments.csv"] + "x1,cbt,,stl_city,Course,2025-01,3,,live,Hub\r\n", newline=""
    )
    hub = open_hub(tmp_path / "hub")
    report = hub.import_files([tmp_path / "activities.csv", tmp_path / "deployments.csv"])
    told = " ".join(report.messages)
    assert "does not know (x2)" in told
    assert "before its first month at work, such as x1 in 2024-12" in told
    assert len(hub.activities()) == 2
