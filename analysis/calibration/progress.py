"""Is what the progress page says right as often as it claims? Two studies on simulated counts.

``progress_simulated``: how often the 95 % interval holds the true rate ratio, and how often a place
where nothing changed is given a direction. ``progress_probability``: how often goals with a stated
chance are reached. Repeat both with ``uv run python -m analysis.calibration.progress``.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.calibration.study import Study
from analysis.progress import Goal
from analysis.progress.batch import assess_all
from analysis.progress.verdict import SURE_OF_DIRECTION, GoalVerdict

SEED: Final = 20260923
RATES: Final = (1.0, 3.0, 10.0, 30.0, 100.0)
DISPERSIONS: Final = (1.0, 1.5, 2.0)
MONTHS: Final = (6, 12, 24, 36)
#: Share of a month that is there at its first, second, third … month of age.
GROWTH: Final = (0.70, 0.88, 0.96, 0.99)
COMMAND: Final = "uv run python -m analysis.calibration.progress"
GOAL: Final = Goal("simulated", ("2022-01", "2024-12"), "2025-01", months=36, reading="cumulative")
_START: Final = pd.Period("2022-01", "M")


def draws(
    rng: np.random.Generator, rate: float, phi: float, months: int, runs: int, *, ratio: float = 1.0,
    years: float = 0.0,
) -> NDArray[np.float64]:  # fmt: skip
    """Runs × months of counts with a yearly wave: the baseline's 36 months and ``months`` after.

    ``ratio`` is the true rate ratio; ``years`` the standard deviation of whole years around their level.
    """
    length = 36 + months
    wave = 1 + 0.2 * np.cos(2 * np.pi * (np.arange(length) - 6) / 12)
    mean = rate * wave * np.where(np.arange(length) >= 36, ratio, 1.0)
    level = np.exp(rng.normal(0, years, (runs, length // 12 + 1)))[:, np.arange(length) // 12]
    mean = mean * level
    drawn = rng.poisson(mean) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi)
    return drawn.astype(float)


def assessed(counts: NDArray[np.float64], months: int, goal: Goal = GOAL, lag: bool = False) -> pd.DataFrame:
    """The batch's table of every run; with ``lag`` the newest months are known to be incomplete."""
    index = pd.period_range(_START, periods=counts.shape[1], freq="M")
    series: dict[Hashable, pd.Series[float]] = {
        i: pd.Series(row, index=index) for i, row in enumerate(counts)
    }
    share: dict[Hashable, pd.Series[float]] | None = None
    if lag:
        newest = pd.Series(GROWTH, index=index[-len(GROWTH) :][::-1])
        share = dict.fromkeys(series, newest)
    return assess_all(series, (goal,), index[36 + months - 1], completeness=share)


def thinned(rng: np.random.Generator, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same counts as they are known while the newest months are still being reported."""
    known = counts.copy()
    for age, share in enumerate(GROWTH):
        known[:, -1 - age] = rng.binomial(counts[:, -1 - age].astype(int), share)
    return known


def interval_cell(
    rate: float, phi: float, months: int, lag: bool, runs: int, *, ratio: float = 1.0, years: float = 0.0
) -> dict[str, float | bool | int]:
    """One cell of the first study; its random numbers depend on the cell alone."""
    key = [
        SEED,
        round(10 * rate),
        round(100 * phi),
        months,
        int(lag),
        round(100 * ratio),
        round(1000 * years),
    ]
    rng = np.random.default_rng(key)
    counts = draws(rng, rate, phi, months, runs, ratio=ratio, years=years)
    table = assessed(thinned(rng, counts) if lag else counts, months, lag=lag)
    known = table["lower"].notna()
    inside = (table["lower"] <= ratio) & (ratio <= table["upper"])
    fall = table["verdict"].isin([GoalVerdict.TOWARD, GoalVerdict.REACHED])
    return {
        "rate": rate, "dispersion": phi, "months": months, "lag": lag, "ratio": ratio, "years": years,
        "runs": runs, "coverage": round(100 * float(inside[known].mean()), 2),
        "toward": round(100 * float(fall.mean()), 2),
        "away": round(100 * float((table["verdict"] == GoalVerdict.AWAY).mean()), 2),
        "old_rule": round(100 * float(_old_rule(table).mean()), 2),
        "few": round(100 * float((table["verdict"] == GoalVerdict.FEW).mean()), 2),
    }  # fmt: skip


def _old_rule(table: pd.DataFrame) -> pd.Series[bool]:
    """A direction by a probability of 0.90, or the target by 0.80, without looking at the interval."""
    reached = (table["rate_ratio"] <= 0.8) & (table["probability_at_target"] >= 0.8)
    sure = (table["probability_fewer"] >= 0.9) | (table["probability_fewer"] <= 0.1)
    return (table["expected"] >= 10) & (reached | sure)


def interval_finding(rows: pd.DataFrame) -> str:
    """What the first study says, from its rows."""
    null = rows[(rows["ratio"] == 1.0) & (rows["years"] == 0.0)]
    wrong = null["toward"] + null["away"]
    drift = rows[rows["years"] > 0]
    drifting = (drift["toward"] + drift["away"]).tolist()
    outside = null[(null["coverage"] < 93.5) | (null["coverage"] > 96.5)]
    small = int((outside["rate"] <= 3).sum())
    return (
        f"Where nothing changed, a direction is given in {wrong.mean():.1f} % of cases on average and "
        f"{wrong.max():.1f} % at most (the older rule, a probability of 0.90: "
        f"{null['old_rule'].max():.0f} %). The 95 % interval holds the truth in "
        f"{null['coverage'].min():.1f} to {null['coverage'].max():.1f} % of cases; {len(outside)} of "
        f"{len(null)} cells lie outside 93.5–96.5 %, {small} of them at 1 to 3 events a month, where "
        "the exact interval is too wide by nature. Weak spot: when whole years differ by 10 % for "
        f"reasons of their own, {drifting[0]:.0f} % (10 a month) and {drifting[-1]:.0f} % (100 a month) "
        "are given a direction."
    )


def run(runs: int = 3000) -> Study:
    """The first study: every rate, dispersion and length, with and without late reports."""
    cells = [
        interval_cell(rate, phi, months, lag, runs)
        for rate in RATES
        for phi in DISPERSIONS
        for months in MONTHS
        for lag in (False, True)
    ]
    # A true fall, and years that differ for reasons of their own: what the method does not know.
    cells += [interval_cell(rate, 1.0, 24, False, runs, ratio=0.8) for rate in RATES]
    cells += [interval_cell(rate, 1.0, 24, False, runs, years=0.10) for rate in (10.0, 100.0)]
    rows = pd.DataFrame(cells)
    columns = {
        "rate": "events a month in the baseline", "dispersion": "variance over mean of monthly counts",
        "months": "months since the start", "lag": "whether the newest four months are still being reported",
        "ratio": "true rate ratio (1 is no change)", "years": "standard deviation of whole years, in logs",
        "runs": "simulated places", "coverage": "% of 95 % intervals that hold the true ratio",
        "toward": "% called “Moving toward” or “Target reached”", "away": "% called “Moving away”",
        "old_rule": "% given a direction or the target by the older rule", "few": "% called “Too few events”",
    }  # fmt: skip
    return Study(
        "progress_simulated",
        "How often does the interval hold the truth, and how often is a change seen where there is none?",
        interval_finding(rows), COMMAND, SEED,
        f"simulated: 36 months of baseline, yearly wave of 20 %; rule: probability {SURE_OF_DIRECTION:g} "
        "and interval",
        rows, columns,
    )  # fmt: skip


def futures(rate: float, phi: float, done: int, runs: int) -> pd.DataFrame:
    """Stated chance and outcome for both readings; true levels lie anywhere from −40 to +10 %."""
    key = [SEED, 7, round(10 * rate), round(100 * phi), done]
    rng = np.random.default_rng(key)
    ratio = rng.uniform(0.6, 1.1, (runs, 1))
    wave = 1 + 0.2 * np.cos(2 * np.pi * (np.arange(72) - 6) / 12)
    mean = rate * wave * np.where(np.arange(72) >= 36, ratio, 1.0)
    drawn = rng.poisson(mean) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi)
    counts = drawn.astype(float)
    table = assessed(counts[:, : 36 + done], done)
    base, period = counts[:, :36], counts[:, 36:]
    allowed = np.floor(0.8 * base.sum(axis=1) + 1e-9)
    third = np.floor(0.8 * base.sum(axis=1) / 3 + 1e-9)
    return pd.DataFrame(
        {
            "cumulative": table["probability_cumulative"].to_numpy(),
            "third_year": table["probability_third_year"].to_numpy(),
            "reached_cumulative": period.sum(axis=1) <= allowed,
            "reached_third_year": period[:, -12:].sum(axis=1) <= third,
        }
    )


def reliability(stated: NDArray[np.float64], happened: NDArray[np.float64], bins: int = 5) -> pd.DataFrame:
    """How often what was given a chance came true: low, high, n, stated, happened (means within bins)."""
    at = np.minimum((stated * bins).astype(int), bins - 1)
    rows = [
        (b / bins, (b + 1) / bins, int((at == b).sum()), stated[at == b].mean(), happened[at == b].mean())
        for b in range(bins)
        if (at == b).any()
    ]
    return pd.DataFrame(rows, columns=["low", "high", "n", "stated", "happened"])


def probability_rows(rate: float, phi: float, done: int, runs: int) -> list[dict[str, float | int | str]]:
    """Reliability and Brier score of one cell of the second study, for both readings."""
    table = futures(rate, phi, done, runs)
    rows: list[dict[str, float | int | str]] = []
    for reading in ("cumulative", "third_year"):
        stated = table[reading].to_numpy(float)
        happened = table[f"reached_{reading}"].to_numpy(float)
        brier, share = float(np.mean((stated - happened) ** 2)), float(happened.mean())
        for one in reliability(stated, happened).to_dict("records"):
            rows.append(
                {
                    "rate": rate, "dispersion": phi, "done": done, "reading": reading,
                    "brier": round(brier, 4), "brier_unskilled": round(share * (1 - share), 4),
                    "low": one["low"], "high": one["high"], "n": int(one["n"]),
                    "stated": round(100 * one["stated"], 2), "happened": round(100 * one["happened"], 2),
                }
            )  # fmt: skip
    return rows


def chance_finding(rows: pd.DataFrame) -> str:
    """What the second study says, from its rows."""
    off = (rows["stated"] - rows["happened"]).abs()
    typical = float(np.average(off, weights=rows["n"]))
    solid = rows[rows["n"] >= 200]
    worst = solid.iloc[int(np.argmax((solid["stated"] - solid["happened"]).abs().to_numpy()))]
    cells = rows.drop_duplicates(["rate", "dispersion", "done", "reading"])
    unskilled = int((cells["brier"] >= cells["brier_unskilled"]).sum())
    return (
        f"A stated chance is off by {typical:.1f} points on average; the Brier score is "
        f"{cells['brier'].mean():.3f}, against {cells['brier_unskilled'].mean():.3f} for always stating "
        f"the average ({unskilled} of {len(cells)} cells do no better than that). Weak spot: where little is "
        f"known yet, chances are too sure; at {worst['rate']:g} events a month after "
        f"{worst['done']:g} months ({str(worst['reading']).replace('_', ' ')}), chances near "
        f"{worst['stated']:.0f} % came true in {worst['happened']:.0f} %. All of it holds while the level "
        "stays as it is."
    )


def run_probability(runs: int = 4000) -> Study:
    """The second study: chances stated after 6, 12 and 24 months against what then happened."""
    rows = pd.DataFrame(
        [
            row
            for rate in (3.0, 12.0, 100.0)
            for phi in (1.0, 2.0)
            for done in (6, 12, 24)
            for row in probability_rows(rate, phi, done, runs)
        ]
    )
    columns = {
        "rate": "events a month in the baseline", "dispersion": "variance over mean of monthly counts",
        "done": "months since the start when the chance is stated", "reading": "how the goal is read",
        "brier": "mean squared difference of chance and outcome",
        "brier_unskilled": "the same for the average",
        "low": "chances from", "high": "chances to", "n": "simulated places with such a chance",
        "stated": "mean stated chance, %", "happened": "% that reached the goal",
    }  # fmt: skip
    return Study(
        "progress_probability",
        "Are goals reached as often as the stated chance says?",
        chance_finding(rows), COMMAND, SEED,
        "simulated: true levels from −40 to +10 %, constant after the start",
        rows, columns,
    )  # fmt: skip


def within_error(share: float, runs: int, limit: float, errors: float = 3.0) -> bool:
    """Whether a simulated percentage exceeds a limit by no more than its own standard error explains."""
    return share <= limit + errors * 100 * math.sqrt(limit / 100 * (1 - limit / 100) / runs)


def main() -> None:
    """Run both studies and store them."""
    from rich.console import Console

    console = Console()
    for name, study in (("intervals and verdicts", run), ("chances", run_probability)):
        with console.status(f"Simulating {name} …"):
            made = study()
        console.print(made.finding)
        console.print(f"Stored in {made.save().name}.")


if __name__ == "__main__":
    main()
