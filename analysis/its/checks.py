"""Is the model fit to be believed? Residuals, single months, and starts that were none."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from analysis.evidence import Check, CheckState
from analysis.its.design import Design
from analysis.its.estimate import Estimate
from analysis.its.many import Array
from analysis.its.placebo import placebo_many
from analysis.its.series import Prepared
from analysis.its.spec import LINEAR, ItsSpec

PASSED, FAILED, CANNOT_TELL = CheckState.PASSED, CheckState.FAILED, CheckState.CANNOT_TELL

MAX_DISPERSION: Final = 1.5
MAX_COOK: Final = 1.0
ALARM: Final = 0.01
#: Neighbouring starts share most of their months, so alarms come in runs: on a steady past of 36 to 72
#: months more than a quarter of the starts raise one in 3 to 7 of 100 series (150 simulated each).
MAX_FALSE_ALARMS: Final = 0.25


def autocorrelation(values: Array, lags: int) -> Array:
    """Autocorrelations 1 … lags of ``values`` (n), about their mean."""
    centred = values - values.mean()
    total = float(centred @ centred)
    return np.array([float(centred[k:] @ centred[:-k]) / total for k in range(1, lags + 1)])


def ljung_box(values: Array, lags: int) -> tuple[float, float]:
    """Ljung–Box statistic and its chi-squared p-value (no degrees of freedom taken off)."""
    n = len(values)
    rho = autocorrelation(values, lags)
    statistic = float(n * (n + 2) * np.sum(rho**2 / (n - np.arange(1, lags + 1))))
    return statistic, float(chdtrc(lags, statistic))


def breusch_godfrey(residual: Array, rows: Array, lags: int) -> tuple[float, float]:
    """Breusch–Godfrey statistic (n R² of residuals on ``rows`` and their own lags) and p-value."""
    n = len(residual)
    lagged = np.column_stack([np.concatenate([np.zeros(k), residual[:-k]]) for k in range(1, lags + 1)])
    x = np.hstack([rows, lagged])
    fitted = x @ np.linalg.lstsq(x, residual, rcond=None)[0]
    statistic = float(n * (fitted @ fitted) / (residual @ residual))
    return statistic, float(chdtrc(lags, statistic))


def diagnostics(series: Prepared, found: Estimate) -> tuple[dict[str, float], pd.DataFrame]:
    """Figures of the fit by name, and the residuals of the periods used.

    ``cook`` is Cook's distance with the scatter estimated without the period itself, at least that of
    the model: one wild month cannot hide behind the scatter it causes.
    """
    numbers = dict(found.numbers)
    e, pearson, h = found.deviance, found.pearson, found.leverage
    n, k = found.rows.shape
    numbers["durbin_watson"] = float(np.sum(np.diff(e) ** 2) / np.sum(e**2)) if np.any(e) else float("nan")
    for lags in (6, 12, 24):
        if lags < n / 2 and np.ptp(e) > 0:
            numbers[f"ljung_box_{lags}"], numbers[f"ljung_box_{lags}_p"] = ljung_box(e, lags)
            numbers[f"breusch_godfrey_{lags}"], numbers[f"breusch_godfrey_{lags}_p"] = breusch_godfrey(
                pearson, found.rows, lags
            )
    squared = pearson**2 / (1 - h)
    floor = 1.0 if found.dispersion > 0 else 0.0
    others = np.maximum((float(np.sum(pearson**2)) - squared) / max(n - k - 1, 1), max(floor, 1e-12))
    cook = squared * h / ((1 - h) * k * others)
    periods = series.periods[found.kept]
    table = pd.DataFrame({"period": periods, "pearson": pearson, "deviance": e, "leverage": h, "cook": cook})
    return numbers, table


def run(
    series: Prepared,
    design: Design,
    found: Estimate,
    spec: ItsSpec,
    residuals: pd.DataFrame,
    placebo: pd.DataFrame | None,
) -> tuple[Check, ...]:
    """All checks of one fit; ``placebo`` is its table of pretended starts (None = the past is too short)."""
    return (
        scatter(found, spec),
        memory(found, spec),
        single_months(residuals, series.unit),
        _starts(placebo, spec),
    )


def failures(checks: tuple[Check, ...]) -> tuple[str, ...]:
    """Sentences of the checks that failed, for the effect's warnings."""
    return tuple(c.sentence for c in checks if c.state is FAILED)


def scatter(found: Estimate, spec: ItsSpec) -> Check:
    """Do counts scatter more than the family allows?"""
    name = "Scatter of the counts"
    value = found.numbers["pearson_dispersion"]
    if spec.family == "log_prais_winsten" or spec.family in LINEAR:
        return Check(
            name,
            CANNOT_TELL,
            "The model estimates its scatter; there is nothing to compare it with.",
        )
    table = pd.DataFrame({"pearson dispersion": [value]})
    words = f"Counts scatter {value:.2f} times as much as the family's own counts"
    if value <= MAX_DISPERSION:
        return Check(name, PASSED, f"{words}.", table)
    if spec.family in ("latent_ar1", "quasi_poisson") or spec.covariance == "hac":
        return Check(name, PASSED, f"{words}; the interval allows for it.", table)
    return Check(
        name, FAILED, f"{words}: the interval is too narrow. Use latent_ar1 or quasi_poisson.", table
    )


def memory(found: Estimate, spec: ItsSpec) -> Check:
    """Do residuals of neighbouring months hang together?"""
    name = "Memory in the residuals"
    e = found.deviance
    lags = min(12, len(e) // 4)
    if lags < 2 or np.ptp(e) == 0:
        return Check(name, CANNOT_TELL, "Too few months to see whether neighbours hang together.")
    statistic, p = ljung_box(e, lags)
    lm, lm_p = breusch_godfrey(found.pearson, found.rows, lags)
    table = pd.DataFrame({"lag": np.arange(1, lags + 1), "autocorrelation": autocorrelation(e, lags)})
    words = f"Ljung–Box over {lags} lags {statistic:.1f} (p {p:.3f}), Breusch–Godfrey {lm:.1f} (p {lm_p:.3f})"
    if min(p, lm_p) >= ALARM:
        return Check(name, PASSED, f"No clear memory from month to month: {words}.", table)
    if spec.family == "latent_ar1":
        return Check(
            name, PASSED, f"Months hang together, and the drifting level allows for it: {words}.", table
        )
    if spec.family in ("log_prais_winsten", "gls_ar1", "arima"):
        return Check(name, FAILED, f"Memory beyond one month remains in the residuals: {words}.", table)
    if spec.covariance == "hac":
        return Check(
            name, CANNOT_TELL, f"Months hang together; Newey–West allows for it in part: {words}.", table
        )
    return Check(
        name,
        FAILED,
        f"Months hang together, so the interval is too narrow: {words}. Use the latent_ar1 family.",
        table,
    )


def single_months(residuals: pd.DataFrame, unit: str) -> Check:
    """Does one month carry the answer?"""
    name = f"No single {unit} decides"
    order = np.argsort(-residuals["cook"].to_numpy(), kind="stable")[:5]
    top = residuals[["period", "pearson", "cook"]].take(order).reset_index(drop=True)
    worst, when = float(top["cook"].to_numpy()[0]), top["period"].array[0]
    if worst <= MAX_COOK:
        return Check(
            name, PASSED, f"The most influential {unit} is {when} (Cook's distance {worst:.2f}).", top
        )
    return Check(
        name,
        FAILED,
        f"The count of {when} moves the whole result (Cook's distance {worst:.1f}). Check it at the source.",
        top,
    )


def pretended_starts(series: Prepared, design: Design, spec: ItsSpec) -> Check:
    """How often does the past alone seem to have a change of level? (see :mod:`analysis.its.placebo`)"""
    return _starts(placebo_many([(series, design, spec)])[0], spec)


def _starts(table: pd.DataFrame | None, spec: ItsSpec) -> Check:
    name = "Pretended starts"
    if table is None:
        return Check(name, CANNOT_TELL, "The past is too short to try starts that were none.")
    seen = (table["p"] < 1 - spec.level).to_numpy()
    share = float(seen.mean())
    words = f"Of {len(table)} pretended starts in the past, {int(seen.sum())} seem to show a change of level"
    if share <= MAX_FALSE_ALARMS:
        return Check(name, PASSED, f"{words}.", table)
    return Check(
        name, FAILED, f"{words}: the past does not follow the model, so the projection is shaky.", table
    )
