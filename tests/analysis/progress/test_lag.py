"""Reports that come late: learned from stored vintages, left out of verdicts, shown as a nowcast."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import RefusedError
from analysis.progress import assess
from analysis.progress.reporting_lag import completeness_by_age
from analysis.progress.windows import match_windows

GROWTH = np.array([0.70, 0.88, 0.96, 1.0])


def vintages(final: pd.Series, days: pd.DatetimeIndex) -> pd.DataFrame:
    """What is known on each day when a month grows as GROWTH does, one month after another."""
    rows = []
    for day in days:
        for month, count in final.items():
            age = (day.year - month.year) * 12 + day.month - month.month
            if age >= 1:
                part = GROWTH[min(age - 1, len(GROWTH) - 1)]
                rows.append((month, day.date().isoformat(), count * part))
    return pd.DataFrame(rows, columns=["month", "vintage", "count"])


@pytest.fixture
def known():
    final = pd.Series(100.0, index=pd.period_range("2022-01", "2026-09", freq="M"))
    return final, vintages(
        final, pd.date_range("2025-06-15", "2026-10-15", freq="MS") + pd.Timedelta(days=14)
    )


def test_growth_is_learned_by_age(known):
    _, table = known
    found = completeness_by_age(table)
    by_age = found.by_age.set_index("age")["share"]
    assert math.isnan(by_age[0])
    assert by_age.loc[1:4].to_numpy() == pytest.approx(GROWTH)
    assert by_age.loc[5:].to_numpy() == pytest.approx(1.0)
    assert found.months["2026-09"] == pytest.approx(0.70)
    assert found.months["2026-07"] == pytest.approx(0.96)
    assert found.table["complete"].tolist()[-3:] == [True, False, False]
    assert "August 2026 (about 88 %), September 2026 (about 70 %)" in found.sentence


@pytest.mark.reference
def test_the_worked_triangle(reference):
    case = json.loads((reference / "progress" / "expected.json").read_text())["nowcast_chain_ladder"]
    months = pd.period_range("2026-01", periods=5, freq="M")
    rows = [
        (m, (m + 1 + age).to_timestamp(how="start"), count)
        for m, line in zip(months, case["cumulative"], strict=True)
        for age, count in enumerate(line)
        if count is not None
    ]
    found = completeness_by_age(pd.DataFrame(rows, columns=["month", "vintage", "count"]))
    assert found.months.to_numpy() == pytest.approx(case["completeness"], rel=1e-12)
    # The nowcast adds half an event (Jeffreys) before it divides by the completeness.
    for now, ultimate, part in zip(
        found.table["nowcast"], case["ultimate"], case["completeness"], strict=True
    ):
        assert now == pytest.approx(ultimate + 0.5 * (1 / part - 1), rel=1e-12)


def test_irregular_vintages_spread_the_growth():
    months = pd.period_range("2025-01", periods=8, freq="M")
    rows = []
    for m in months:
        rows += [(m, (m + 1).to_timestamp(), 81.0 - 1), (m, (m + 3).to_timestamp(), 100.0 - 1)]
    found = completeness_by_age(pd.DataFrame(rows, columns=["month", "vintage", "count"]))
    share = found.by_age.set_index("age")["share"]
    assert share[3] == pytest.approx(1.0)
    assert share[2] == pytest.approx((math.sqrt(81 * 100) - 1) / 99)
    assert share[1] == pytest.approx(80 / 99)


def test_one_vintage_teaches_nothing():
    months = pd.period_range("2025-01", periods=8, freq="M")
    table = pd.DataFrame({"month": months, "vintage": "2025-09-10", "count": 5.0})
    found = completeness_by_age(table)
    assert not found.known
    assert found.months.isna().all()
    assert "cannot be learned" in found.sentence
    assert not completeness_by_age(table.iloc[:0]).known
    with pytest.raises(RefusedError, match="month, vintage and count"):
        completeness_by_age(table.drop(columns="count"))
    with pytest.raises(RefusedError, match="zero or more"):
        completeness_by_age(table.assign(count=-1.0))


def test_the_nowcast_band_covers_what_comes():
    rng = np.random.default_rng(4)
    hits = runs = 0
    for _ in range(60):
        final = pd.Series(
            rng.poisson(60, 30).astype(float), index=pd.period_range("2024-01", periods=30, freq="M")
        )
        grown = {m: rng.multinomial(int(c), np.diff(GROWTH, prepend=0)).cumsum() for m, c in final.items()}
        rows = []
        for day in pd.period_range("2024-06", "2026-07", freq="M"):
            for m in final.index:
                age = (day - m).n
                if age >= 1:
                    rows.append((m, f"{day}-15", float(grown[m][min(age - 1, 3)])))
        table = completeness_by_age(pd.DataFrame(rows, columns=["month", "vintage", "count"])).table
        thin = table[~table["complete"]]
        truth = final.reindex(thin["month"]).to_numpy()
        hits += int(((thin["lower"] <= truth) & (truth <= thin["upper"])).sum())
        runs += len(thin)
    assert runs >= 100
    assert 0.90 <= hits / runs <= 1.0


def test_incomplete_months_carry_no_verdict(known, goal):
    _, table = known
    completeness = completeness_by_age(table).months
    newest = table[table["vintage"] == table["vintage"].max()]
    reported = pd.Series(newest["count"].to_numpy(), index=pd.PeriodIndex(newest["month"]))
    blind = assess(reported, goal, "2026-09")
    p = assess(reported, goal, "2026-09", completeness=completeness)
    assert blind.rate_ratio.estimate < p.rate_ratio.estimate
    assert p.rate_ratio.estimate == pytest.approx(1.0, abs=0.003)  # one month at 96 % is used as it is
    assert p.months_used[-1] == pd.Period("2026-07")
    assert [m for m, _ in p.incomplete] == [pd.Period("2026-08"), pd.Period("2026-09")]
    assert any("September 2026 (about 70 %): left out of the verdict" in w for w in p.warnings)
    assert not any("Nothing is reported after" in w for w in p.warnings)
    path = p.glide_path.set_index("month")
    assert path["incomplete"].sum() == 2
    assert path.loc["2026-09", "reported"] == pytest.approx(70)
    assert math.isnan(path.loc["2026-09", "actual"])
    assert path.loc["2026-09", "nowcast_lower"] < 100 < path.loc["2026-09", "nowcast_upper"]
    assert path.loc["2026-09", "projected"] > 0


def test_windows_name_the_share(known):
    final, _ = known
    share = pd.Series({pd.Period("2025-02"): 0.8, pd.Period("2023-02"): 0.5}, dtype=float)
    share.index = pd.PeriodIndex(share.index, freq="M")
    w = match_windows(
        final,
        pd.period_range("2022-01", "2024-12", freq="M"),
        pd.period_range("2025-01", "2025-03", freq="M"),
        completeness=share,
    )
    assert len(w.now) == 2
    reasons = dict(w.left_out)
    assert "about 80 % are there so far; left out of both sides" in reasons[pd.Period("2025-02")]
    assert "about 50 %" in reasons[pd.Period("2023-02")]


def test_populations_of_two_vintages_are_not_mixed(flat, goal):
    table = pd.DataFrame({"year": range(2022, 2027), "population": 300_000.0, "vintage": "Census 2020"})
    assert assess(flat(12, 9), goal, "2026-09", table).rate_now == pytest.approx(36.0)
    mixed = assess(flat(12, 9), goal, "2026-09", table.assign(vintage=["ACS", *["PEP"] * 4]))
    assert math.isnan(mixed.rate_now)
    assert any("2 publications (ACS; PEP)" in w for w in mixed.warnings)
    twice = pd.concat([table, table.iloc[:1]])
    assert any("2022 is there twice" in w for w in assess(flat(12, 9), goal, "2026-09", twice).warnings)
    with pytest.raises(RefusedError, match="year, population and vintage"):
        assess(flat(12, 9), goal, "2026-09", table.drop(columns="vintage"))


def test_the_p_goes_with_the_interval(flat, goal):
    for before, after in ((10, 7), (10, 9), (2, 4), (30, 27)):
        p = assess(flat(before, after), goal, "2025-12")
        assert (p.p_value < 0.05) == (not p.rate_ratio.contains(1.0))
        assert 0 <= p.p_value <= 1
    assert math.isnan(assess(flat(0, 0), goal, "2025-12").p_value)
    assert p.assumptions
    assert all(a.endswith(".") for a in p.assumptions)
