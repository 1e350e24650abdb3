"""The calibration studies of the interrupted time series: a part replayed, the stored rows judged."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.calibration import its_real, its_simulated, load


def test_simulated_rows_are_those_of_the_seed() -> None:
    stored = load("its_simulated")
    number, (mean, sd, rho, after) = next(
        (i, c) for i, c in enumerate(its_simulated.cells()) if c == (40.0, 0.2, 0.8, 14)
    )
    # The first block of the series is drawn by itself.
    again = pd.DataFrame(
        its_simulated.cell(
            stored.seed + number, its_simulated.BLOCK, mean, sd, rho, after, its_simulated.FAMILIES
        )
    )
    rows = stored.rows
    own = rows[(rows["mean"] == mean) & (rows["sd"] == sd) & (rows["rho"] == rho) & (rows["after"] == after)]
    assert again["family"].tolist() == own["family"].tolist()
    # One series in two hundred may tip over on another machine.
    assert again["false_alarms"].to_numpy() == pytest.approx(own["first"].to_numpy(), abs=0.51)
    # With a long memory quasi-Poisson cries wolf; the drifting level does so far less.
    alarms = again.set_index("family")["false_alarms"]
    assert alarms["quasi-Poisson"] > 20
    assert alarms["latent AR(1)"] < alarms["quasi-Poisson"] / 2
    for column in ("coverage", "power"):
        assert again[column].to_numpy() == pytest.approx(own[column].to_numpy(), abs=9)


def test_the_default_keeps_its_promise_on_simulated_series_or_the_finding_says_where_not() -> None:
    stored = load("its_simulated")
    own = stored.rows[stored.rows["family"] == "latent AR(1)"]
    assert len(own) == len(its_simulated.cells())
    assert (own["false_alarms"] <= 8.0).all()
    assert (own["coverage"] >= 92.0).all()
    below = own[own["false_alarms"] < 3.0]
    # Where it is too careful the level is steady, or events are so few that no drift shows.
    assert ((below["sd"] == 0) | (below["mean"] <= 1)).all()
    assert len(below) <= 5
    assert "Too few" in stored.finding
    assert "steady levels" in stored.finding
    assert stored.finding == its_simulated.finding(stored.rows)


def test_the_usual_defaults_do_not_keep_it_under_drift() -> None:
    rows = load("its_simulated").rows
    drift = rows[(rows["rho"] == 0.8) & (rows["mean"] >= 12)]
    for family in ("Poisson", "quasi-Poisson", "negative binomial", "Newey–West"):
        assert drift[drift["family"] == family]["false_alarms"].min() > 15


def test_real_rows_are_judged_by_the_finding() -> None:
    stored = load("its_real")
    rows = stored.rows
    assert stored.finding == its_real.finding(rows)
    own = rows[rows["family"] == "latent AR(1)"]
    assert own["false_alarms"].between(3.0, 10.0).all()
    outside = own[~own["false_alarms"].between(3.0, 8.0)]
    assert f"in {len(outside)} of {len(own)} rows" in stored.finding
    widened = rows[rows["family"] == its_real.WIDENED]
    assert (widened["false_alarms"] <= 8.0).all()
    single = rows[(rows["family"] == "quasi-Poisson") & (rows["design"] == "single")]
    assert single["false_alarms"].min() > 10


@pytest.mark.real
def test_a_part_of_the_real_study_replayed(shared) -> None:
    panels = {"robbery": its_real.panel(shared)["robbery"]}
    again = pd.DataFrame(
        its_real.cell(panels, "without 2020", "quasi-Poisson", "quasi_poisson", "model", True)
    )
    rows = load("its_real").rows
    own = rows[
        (rows["family"] == "quasi-Poisson")
        & (rows["time"] == "without 2020")
        & (rows["offense"] == "robbery")
    ]
    assert again["tried"].tolist() == own["tried"].tolist()
    assert again["false_alarms"].to_numpy() == pytest.approx(own["false_alarms"].to_numpy(), abs=0.3)
