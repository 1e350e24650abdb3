"""Is the comparison fit to be believed? Each check is one question with one sentence as its answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.evidence import Check, CheckState, Grade
from analysis.synth.estimators import Fit
from analysis.synth.panel import PER, Panel
from analysis.synth.weights import Array, is_unique

PASSED, FAILED, CANNOT_TELL = CheckState.PASSED, CheckState.FAILED, CheckState.CANNOT_TELL

#: A misfit up to this multiple of chance noise is as good as it gets; below the first, too good.
NOISE_RANGE = (0.5, 1.5)
MAX_OUTSIDE = 0.10
MAX_WEIGHT = 0.50
#: A donor with less weight than this cannot carry much of another place's story.
LITTLE_WEIGHT = 0.01
MAX_LEFT_OUT = 0.10
#: Checks that tell without being graded: what is not known about donors, and whether the goal could be seen.
_NOT_GRADED = ("Donors without the tactic", "One way of counting")
FEW_EVENTS = 3.0


def fit_against_noise(panel: Panel, fit: Fit, rmspe: float) -> Check:
    """Is the misfit before the start more than the noise of the counts themselves?"""
    name = "Fit before the start"
    mean = float(panel.values[panel.pre, 0].mean())
    share = (
        f"{rmspe:.3g} {panel.unit}, {100 * rmspe / abs(mean):.0f} % of the mean" if mean else f"{rmspe:.3g}"
    )
    if panel.counts is None:
        state = FAILED if mean and rmspe > 0.25 * abs(mean) else CANNOT_TELL
        return Check(
            name, state, f"The misfit is {share}. Without counts it cannot be set against chance noise."
        )
    # A Poisson count of mean m over population n has, as a rate, variance PER² m / n²; as a count, m.
    scale = 1.0 if panel.population is None else PER / panel.population[panel.pre].mean(axis=0)
    variance = scale**2 * panel.counts[panel.pre].mean(axis=0)
    noise = float(np.sqrt(variance[0] + fit.loadings**2 @ variance[1:]))
    ratio = rmspe / noise
    table = pd.DataFrame({"misfit": [rmspe], "chance noise": [noise], "ratio": [ratio]})
    sentence = f"The misfit is {share}: {ratio:.1f} times what chance alone would give"
    if ratio > NOISE_RANGE[1]:
        return Check(name, FAILED, f"{sentence}. The comparison misses something.", table)
    if ratio < NOISE_RANGE[0]:
        return Check(
            name, FAILED, f"{sentence}. So good a fit means that the weights follow the noise.", table
        )
    return Check(name, PASSED, f"{sentence}.", table)


def share_outside(panel: Panel) -> float:
    """Share of the periods before the start in which the unit lies above or below every donor."""
    return sum(_above_and_below(panel))


def _above_and_below(panel: Panel) -> tuple[float, float]:
    y, donors = panel.values[panel.pre, 0], panel.values[panel.pre, 1:]
    return float((y > donors.max(axis=1)).mean()), float((y < donors.min(axis=1)).mean())


def hull(panel: Panel, estimator: str) -> Check:
    """Does the unit lie within its donors' range?"""
    name = "Within the donors' range"
    above, below = _above_and_below(panel)
    table = pd.DataFrame({"above all donors": [above], "below all donors": [below]})
    outside = above + below
    if outside <= MAX_OUTSIDE:
        return Check(
            name,
            PASSED,
            f"{100 * outside:.0f} % of the periods before the start lie outside the donors' range.",
            table,
        )
    side = "above" if above >= below else "below"
    where = f"{100 * max(above, below):.0f} % of the periods before the start lie {side} every donor"
    if estimator in ("index", "ratio_did"):
        return Check(name, PASSED, f"{where}; this estimator compares proportions, not levels.", table)
    remedy = (
        "No weights can reach that level: use the index estimator."
        if estimator == "simplex"
        else "The distance in level is held fixed; if changes are proportional, use the index estimator."
    )
    return Check(name, FAILED, f"{where}. {remedy}", table)


def dominance(panel: Panel, fit: Fit) -> Check:
    """Does one donor carry the comparison?"""
    order = np.argsort(-fit.weights)[:5]
    largest = float(fit.weights[order[0]])
    total = float(np.sum(fit.weights**2))
    effective = float(np.sum(np.abs(fit.weights))) ** 2 / total if total > 0 else 0.0
    names = [panel.background.name(panel.units[j + 1]) for j in order]
    table = pd.DataFrame({"donor": names, "weight": fit.weights[order]})
    sentence = (
        f"The largest weight is {100 * largest:.0f} % ({names[0]}); "
        f"the weights amount to {effective:.1f} donors of equal weight."
    )
    return Check("No single donor decides", FAILED if largest > MAX_WEIGHT else PASSED, sentence, table)


def identified(panel: Panel, fit: Fit, estimator: str, rmspe: float) -> Check:
    """Do the data pin the weights down?"""
    name = "Weights pinned down"
    donors, periods = len(panel.units) - 1, len(panel.pre)
    counted = f"{donors} donors for {periods} periods before the start"
    if estimator in ("did", "ratio_did"):
        return Check(name, PASSED, f"{counted}; the weights are equal by choice.")
    if rmspe == 0:
        return Check(
            name,
            FAILED,
            f"{counted}: the fit is exact, and other weights fit as well. Use fewer donors or more periods.",
        )
    if estimator in ("sdid", "ridge"):
        return Check(name, PASSED, f"{counted}; the penalty on large weights makes them unique.")
    if estimator == "lasso":
        return Check(name, CANNOT_TELL, f"{counted}; the weights hang on the penalty that was chosen.")
    y, others = _on_its_scale(panel, estimator)
    if not is_unique(others, y, fit.weights):
        return Check(
            name, FAILED, f"{counted}: other weights fit equally well. Use fewer donors or more periods."
        )
    if donors >= periods:
        return Check(
            name,
            CANNOT_TELL,
            f"{counted}: the best weights are unique, but with so many donors they can follow noise.",
        )
    return Check(name, PASSED, f"{counted}; the best weights are unique.")


def _on_its_scale(panel: Panel, estimator: str) -> tuple[Array, Array]:
    if panel.features is not None:
        return panel.features[:, 0], panel.features[:, 1:]
    y, donors = panel.values[panel.pre, 0], panel.values[panel.pre, 1:]
    if estimator == "demeaned":
        return y - y.mean(), donors - donors.mean(axis=0)
    if estimator == "index":
        return y / y.mean(), donors / donors.mean(axis=0)
    return y, donors


def enough_periods(panel: Panel) -> Check:
    """Are there enough periods on both sides?"""
    before, after = len(panel.pre), len(panel.post)
    least_before, least_after = (24, 6) if panel.monthly else (10, 1)
    word = "month" if panel.monthly else "period"
    state = PASSED if before >= least_before and after >= least_after else FAILED
    sentence = f"{before} {word}s before the start and {after} after it"
    if state is FAILED:
        sentence += f"; at least {least_before} and {least_after} are wanted"
    return Check("Enough periods", state, sentence + ".")


def periods_left_out(panel: Panel) -> Check:
    """Are periods missing from the window?"""
    name = "No period left out"
    if not panel.left_out:
        return Check(name, PASSED, "Every period of the window is used.")
    used = len(panel.pre) + len(panel.post)
    share = len(panel.left_out) / (used + len(panel.left_out))
    more = f" and {len(panel.left_out) - 1} more" if len(panel.left_out) > 1 else ""
    sentence = f"Left out: {panel.left_out[0]}{more}, {100 * share:.0f} % of the window"
    table = pd.DataFrame({"period": list(panel.left_out)})
    if share > MAX_LEFT_OUT:
        return Check(name, FAILED, f"{sentence}. Choose a window with fewer missing periods.", table)
    return Check(name, PASSED, f"{sentence}.", table)


def untouched_donors(panel: Panel, fit: Fit) -> Check:
    """Does a donor that counts run the same tactic itself?"""
    name = "Donors without the tactic"
    known = panel.background.same_tactic
    if known is None:
        return Check(name, CANNOT_TELL, "It is not known which donors run the same tactic.")
    rows = []
    for unit, weight in zip(panel.units[1:], fit.weights, strict=True):
        since = known.get(unit)
        # One that ran before the window began is part of the baseline; one that comes later changes nothing.
        inside = since is not None and (
            panel.periods[0] < pd.Period(since, freq=panel.periods.freqstr) <= panel.periods[-1]
        )
        if inside and abs(weight) > LITTLE_WEIGHT:
            rows.append((panel.background.name(unit), since, float(weight)))
    table = pd.DataFrame(rows, columns=["donor", "since", "weight"]).sort_values("weight", ascending=False)
    if rows:
        worst = table.iloc[0]
        return Check(
            name,
            FAILED,
            f"{len(rows)} donor{'s' if len(rows) > 1 else ''} with weight ran the same tactic, the first "
            f"{worst['donor']} since {worst['since']} ({100 * worst['weight']:.0f} %). "
            "Leave such donors out.",
            table,
        )
    return Check(name, PASSED, f"No donor with weight is among the {len(known)} places known to run it.")


def same_counting(panel: Panel, fit: Fit) -> Check:
    """Did the unit or a donor that counts change how it counts?"""
    name = "One way of counting"
    breaks = panel.background.breaks
    if breaks is None:
        return Check(name, CANNOT_TELL, "Breaks in how agencies count were not looked for.")
    counts = {
        panel.units[0],
        *(u for u, w in zip(panel.units[1:], fit.weights, strict=True) if abs(w) > LITTLE_WEIGHT),
    }
    first, last = panel.periods[0], panel.periods[-1]
    when = pd.PeriodIndex(breaks["period"].astype(str), freq=panel.periods.freqstr)
    inside = breaks[breaks["unit"].isin(counts) & (when > first) & (when <= last)]
    if inside.empty:
        return Check(name, PASSED, "No break is known in the unit or a donor with weight.")
    row = inside.iloc[0]
    return Check(
        name,
        FAILED,
        f"{panel.background.name(str(row['unit']))} counts differently from {row['period']} on: "
        f"{str(row['reason']).rstrip('.')}. Start the window later, or leave that donor out.",
        inside.reset_index(drop=True),
    )


def enough_events(panel: Panel) -> Check:
    """Are the counts large enough for a comparison at all?"""
    name = "Enough events"
    if panel.counts is None:
        return Check(name, CANNOT_TELL, "The panel holds no counts, so their size is not known.")
    mean = float(panel.counts[panel.pre, 0].mean())
    sentence = f"{mean:.1f} events a period before the start"
    if mean < FEW_EVENTS:
        return Check(name, FAILED, f"{sentence}: too sparse. Add places together or use quarters.")
    return Check(name, PASSED, f"{sentence}.")


def moving_donors(panel: Panel) -> Check:
    """Does every donor move?"""
    name = "Donors that move"
    if not panel.constant:
        return Check(name, PASSED, "Every donor changes before the start.")
    more = f" and {len(panel.constant) - 1} more" if len(panel.constant) > 1 else ""
    return Check(
        name,
        FAILED,
        f"{panel.constant[0]}{more} never change{'s' if not more else ''} before the start. "
        "If that is a placeholder and not a reported figure, leave it out.",
        pd.DataFrame({"unit": list(panel.constant)}),
    )


def positive_counterfactual(panel: Panel, expected: Array) -> Check:
    """Is the comparison a possible number of events?"""
    name = "Comparison above zero"
    negative = int((expected[panel.post] < 0).sum())
    if negative:
        return Check(
            name,
            FAILED,
            f"The comparison is negative in {negative} of {len(panel.post)} later periods. "
            "Use the index estimator.",
        )
    return Check(name, PASSED, "The comparison is above zero in every later period.")


def steady_without_one_donor(table: pd.DataFrame, att: float, half: float, periods: int) -> Check:
    """Does the answer hang on one donor? ``half`` is the half-width of the cumulative effect."""
    name = "Steady without any one donor"
    if table.empty:
        return Check(name, CANNOT_TELL, "No donor carries weight.", table)
    low, high = float(table["att"].min()), float(table["att"].max())
    swing = float(table["change"].abs().max())
    worst = str(table["donor"].iloc[int(table["change"].abs().argmax())])
    sentence = (
        f"Without any one donor the effect lies between {_signed(low)} and {_signed(high)} a period "
        f"({_signed(att)} with all)"
    )
    if not np.isfinite(half):
        return Check(name, CANNOT_TELL, f"{sentence}; there is no band to compare with.", table)
    if swing > half / periods:
        return Check(
            name,
            FAILED,
            f"{sentence}; leaving out {worst} moves it by more than the band's half-width.",
            table,
        )
    return Check(name, PASSED, f"{sentence}.", table)


def steady_without_one_year(table: pd.DataFrame, att: float, half: float, periods: int) -> Check:
    """Does the answer hang on one year before the start? ``half`` as for one donor."""
    name = "Steady without any one year"
    low, high = float(table["att"].min()), float(table["att"].max())
    at = int(table["change"].abs().argmax())
    sentence = (
        f"Without any one stretch before the start the effect lies between {_signed(low)} and "
        f"{_signed(high)} a period ({_signed(att)} with all)"
    )
    if not np.isfinite(half):
        return Check(name, CANNOT_TELL, f"{sentence}; there is no band to compare with.", table)
    if float(table["change"].abs().iloc[at]) > half / periods:
        row = table.iloc[at]
        return Check(
            name,
            FAILED,
            f"{sentence}; leaving out {row['first']} to {row['last']} moves it by more than the band's "
            "half-width.",
            table,
        )
    return Check(name, PASSED, f"{sentence}.", table)


def steady_in_time(table: pd.DataFrame, allowed: list[float]) -> Check:
    """Does the comparison find an effect where there was none? ``allowed``: |cumulative| per row."""
    name = "Nothing found before the start"
    if table.empty:
        return Check(name, CANNOT_TELL, "Too few periods before the start to pretend an earlier one.", table)
    totals = (table["att"] * table["periods"]).abs().to_numpy(float)
    limits = np.asarray(allowed)
    told = "; ".join(
        f"from {d} {_signed(a)} a period" for d, a in zip(table["date"], table["att"], strict=True)
    )
    if not np.isfinite(limits).all():
        return Check(name, CANNOT_TELL, f"Pretended starts: {told}. There is no band to compare with.", table)
    if bool((totals > limits).any()):
        return Check(
            name, FAILED, f"Pretended starts: {told}. That is beyond the band: the comparison drifts.", table
        )
    return Check(name, PASSED, f"Pretended starts: {told}, within the band.", table)


def detectable(mde: float, goal: float) -> Check:
    """Could the goal's change have been seen?"""
    name = "Could see the goal"
    wanted = f"{abs(goal):g} %"
    if not np.isfinite(mde):
        return Check(
            name, FAILED, f"No fall, not even to zero, would be found reliably; the goal is {wanted}."
        )
    sentence = f"A fall of {abs(mde):.0f} % would be found four times in five; the goal is {wanted}"
    if abs(mde) > abs(goal):
        return Check(name, FAILED, f"{sentence}. A true fall of that size would often be missed.")
    return Check(name, PASSED, f"{sentence}.")


def grade(checks: list[Check], n_bands: int) -> Grade:
    """How far to believe the effect: by its checks and by how many bands reach the last period.

    Strong needs both bands, nothing failed and nothing untold; one failure makes it moderate, more
    make it weak. Whether the goal could have been seen is told, not graded.
    """
    if n_bands == 0:
        return Grade.CANNOT_TELL
    graded = [
        c.state
        for c in checks
        if c.name != "Could see the goal" and not (c.name in _NOT_GRADED and c.state is CANNOT_TELL)
    ]
    failed = graded.count(FAILED)
    if failed == 0 and CANNOT_TELL not in graded and n_bands == 2:
        return Grade.STRONG
    return Grade.MODERATE if failed <= 1 else Grade.WEAK


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{abs(value):.3g}"
