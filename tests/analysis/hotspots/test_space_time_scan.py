"""The space-time permutation scan."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.evidence import RefusedError
from analysis.hotspots import space_time_scan

PERIODS = 12


def events(rng: np.random.Generator, places: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Uneven places and uneven months, independent of each other."""
    share = rng.gamma(0.7, size=places)
    months = rng.gamma(4.0, size=PERIODS)
    return rng.choice(places, n, p=share / share.sum()), rng.choice(PERIODS, n, p=months / months.sum())


def test_what_begins_somewhere_is_found_there(board) -> None:
    matrix = board(8, 8)
    rng = np.random.default_rng(3)
    where, when = events(rng, 64, 900)
    planted = [27, 28, 35, 36]
    where = np.concatenate([where, rng.choice(planted, 40)])
    when = np.concatenate([when, rng.choice([10, 11], 40)])
    found = space_time_scan(where, when, matrix, PERIODS, longest=4, permutations=99)
    top = found.iloc[0]
    assert top["periods"] == 2
    assert len(set(top["members"]) & set(planted)) >= 2
    assert top["p_value"] == 0.01
    members = list(top["members"])
    inside = np.isin(where, members)
    assert top["observed"] == (inside & (when >= 10)).sum()
    assert top["expected"] == pytest.approx(inside.sum() * (when >= 10).mean())
    assert found["likelihood"].is_monotonic_decreasing
    every = [i for row in found["members"] for i in row]
    assert len(every) == len(set(every)), "cylinders have no place in common"


def test_neither_a_busy_place_nor_a_busy_month_is_found_more_often_than_promised(board) -> None:
    matrix = board(6, 6)
    rng = np.random.default_rng(5)
    p = [
        space_time_scan(*events(rng, 36, 300), matrix, PERIODS, longest=3, permutations=39)["p_value"].iloc[0]
        for _ in range(60)
    ]
    assert np.mean(np.array(p) <= 0.05) < 0.15
    assert np.mean(np.array(p) <= 0.5) < 0.7


@pytest.mark.parametrize(
    ("places", "periods", "longest", "words"),
    [
        ([0] * 5, [1] * 5, 2, "too few"),
        ([0] * 20, [12] * 20, 2, "does not exist"),
        ([99] * 20, [1] * 20, 2, "does not exist"),
        ([0] * 20, [1] * 20, 7, "do not fit twice"),
    ],
)
def test_scan_refuses(board, places, periods, longest, words) -> None:
    with pytest.raises(RefusedError, match=words):
        space_time_scan(places, periods, board(5, 5), PERIODS, longest=longest)
