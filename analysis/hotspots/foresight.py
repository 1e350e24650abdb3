"""How well do yesterday's places find tomorrow's events?

Prediction accuracy index (Chainey, Tompson, Uhlig 2008), its share of the best possible (PEI; Hunt
2016) and the recapture rate index (Levine 2008).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.evidence import RefusedError
from analysis.hotspots.lattice import Array, checked_values

#: Names of two ways of choosing places that always stand beside the others.
LAST: Final = "same places as last period"
BEST: Final = "best possible"


def accuracy(
    predicted: ArrayLike | pd.Series,
    observed: ArrayLike | pd.Series,
    area: ArrayLike | pd.Series | None = None,
    places: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Rank places by prediction and see what share of later events the top ones held.

    Args:
        predicted: n scores or counts; the larger, the more is expected per unit of area when
            ``area`` is given it is divided by it for the ranking.
        observed: n later counts.
        area: n areas; ``None`` = all the same.
        places: how many top places to report; ``None`` = 1, 2, 5, 10 and 20 %, rounded up.

    Returns:
        One row a number of places: places, area_share, hits, hit_rate, pai (hit rate over area
        share; 1 = no better than chance), pei (pai over the best possible pai for that many places;
        with equal areas exactly the best, otherwise the densest-first best), rri (predicted over
        observed, cumulated; above 1 = more was predicted there than came), best_hit_rate.
        Ties in the prediction are broken by the lowest observed first, so that luck never flatters.

    Raises:
        RefusedError: tables of different length, negative values, no event observed, areas that
            are not positive, or a number of places outside 1..n.
    """
    score, _ = checked_values(predicted, "predictions")
    found, _ = checked_values(observed, "observed counts")
    if score.size != found.size:
        raise RefusedError(
            f"{score.size} predictions for {found.size} places: give one each, in the same order."
        )
    if found.min() < 0 or score.min() < 0:
        raise RefusedError("A prediction or a count is negative. Rank by counts or rates, not by z-scores.")
    if found.sum() == 0:
        raise RefusedError("No event was observed, so no prediction can be judged. Use a longer window.")
    size = np.ones(score.size) if area is None else checked_values(area, "areas")[0]
    if size.size != score.size or size.min() <= 0:
        raise RefusedError("Give one area above zero for each place.")
    n = score.size
    tops = (
        [min(n, int(np.ceil(round(n * s, 9)))) for s in (0.01, 0.02, 0.05, 0.10, 0.20)]
        if places is None
        else places
    )
    ranks = np.array(list(dict.fromkeys(tops)), int)
    if ranks.size == 0 or ranks.min() < 1 or ranks.max() > n:
        raise RefusedError(f"The numbers of top places must lie between 1 and {n}.")

    order = np.lexsort((found / size, -score / size))
    best = np.argsort(-found / size, kind="stable")
    hit, share = _cumulated_share(found, order, ranks), _cumulated_share(size, order, ranks)
    best_hit, best_share = _cumulated_share(found, best, ranks), _cumulated_share(size, best, ranks)
    hits = np.cumsum(found[order])[ranks - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        recaptured = np.cumsum(score[order])[ranks - 1] / hits
    return pd.DataFrame(
        {
            "places": ranks,
            "area_share": share,
            "hits": hits,
            "hit_rate": hit,
            "pai": hit / share,
            "pei": (hit / share) / (best_hit / best_share),
            "rri": recaptured,
            "best_hit_rate": best_hit,
        }
    )


def _cumulated_share(values: Array, order: np.ndarray, ranks: np.ndarray) -> Array:
    return np.asarray(np.cumsum(values[order])[ranks - 1] / values.sum(), float)


def overlap(first: ArrayLike | pd.Series, second: ArrayLike | pd.Series, share: float = 0.05) -> float:
    """Jaccard overlap of the top places of two periods: 1 = the same places, 0 = none in common.

    Places tied at the edge are taken in the order given, in both periods alike.
    """
    a, b = checked_values(first)[0], checked_values(second)[0]
    if a.size != b.size:
        raise RefusedError(
            f"{a.size} places in the first period and {b.size} in the second: give the same places."
        )
    k = max(1, int(np.ceil(round(a.size * share, 9))))
    top = [set(np.argsort(-x, kind="stable")[:k].tolist()) for x in (a, b)]
    return len(top[0] & top[1]) / len(top[0] | top[1])


def foresight(
    history: pd.DataFrame,
    observed: ArrayLike | pd.Series,
    area: ArrayLike | pd.Series | None = None,
    percents: Sequence[float] = (1, 2, 5, 10, 20),
    others: Mapping[str, ArrayLike] | None = None,
) -> pd.DataFrame:
    """How well several simple ways of choosing places would have done, beside the best possible.

    Args:
        history: places × earlier periods (years), the latest last.
        observed: counts of the next period, the same places in the same order.
        area: as in :func:`accuracy`.
        percents: shares of the map to choose, in percent.
        others: further predictions by name (a density, a model), nought or more.

    Returns:
        One row a way and percent: way (``LAST``, "all N earlier periods together", the names of
        ``others``, and ``BEST``), percent, places, hits, hit_rate, pai, pei, rri.

    Raises:
        RefusedError: as :func:`accuracy`, or no earlier period.
    """
    if history.shape[1] == 0:
        raise RefusedError("There is no earlier period to choose places from.")
    earlier = history.to_numpy(float)
    ways: dict[str, ArrayLike] = {LAST: earlier[:, -1]}
    if earlier.shape[1] > 1:
        ways[f"all {earlier.shape[1]} earlier periods together"] = earlier.sum(axis=1)
    ways |= dict(others or {})
    ways[BEST] = np.asarray(observed, float)
    n = len(history)
    ranks = {p: min(n, int(np.ceil(round(n * p / 100.0, 9)))) for p in percents}
    parts = []
    for way, predicted in ways.items():
        found = accuracy(predicted, observed, area, list(ranks.values())).set_index("places")
        rows = found.loc[list(ranks.values())].reset_index()
        parts.append(rows.assign(way=way, percent=list(ranks)))
    columns = ["way", "percent", "places", "hits", "hit_rate", "pai", "pei", "rri"]
    return pd.concat(parts, ignore_index=True)[columns]


def overlap_by_period(counts: pd.DataFrame, share: float = 0.05) -> pd.DataFrame:
    """Overlap of the top places of each period with the one before.

    Args:
        counts: places × periods, in order. share: of the places that count as top.

    Returns:
        One row a period from the second on: period, before, overlap (Jaccard; 1 = the same places), kept
        (share of the top places of the period before that are still on top), by_chance (the overlap of two
        choices at random).
    """
    n = len(counts)
    k = max(1, int(np.ceil(round(n * share, 9))))
    chance = k / n / (2.0 - k / n)
    rows = []
    for first, second in itertools.pairwise(counts.columns):
        jaccard = overlap(counts[first], counts[second], share)
        rows.append(
            {"period": second, "before": first, "overlap": jaccard, "kept": 2 * jaccard / (1 + jaccard),
             "by_chance": chance}
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["period", "before", "overlap", "kept", "by_chance"])
