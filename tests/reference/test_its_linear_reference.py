"""Published interrupted time series of rates: linear models, ARIMA, several groups, the data's own break."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import CheckState
from analysis.its import ItsSpec, fit
from analysis.its.arima import forecast
from analysis.its.breaks import check, search
from analysis.its.breaks_linear import f_statistics
from analysis.its.checks import autocorrelation, breusch_godfrey, ljung_box
from analysis.its.design import build
from analysis.its.families import estimate
from analysis.its.linear import newey_west, ols
from analysis.its.result import ItsResult
from analysis.its.series import prepare

pytestmark = pytest.mark.reference


def block(reference: Path, case: str) -> dict[str, Any]:
    return json.loads((reference / "its" / case / "expected.json").read_text())


def table(reference: Path, case: str) -> pd.DataFrame:
    return pd.read_csv(reference / "its" / case / "data.csv")


def spec(start: str, **options: Any) -> ItsSpec:
    return ItsSpec(
        start, **{"days_in_month": False, "gates": False, "harmonics": 0, "family": "ols"} | options
    )


def close(result: ItsResult, values: dict[str, Any], names: dict[str, str], coef: float, se: float) -> None:
    own = result.coefficients.set_index("term")
    for paper, name in names.items():
        assert own.loc[name, "estimate"] == pytest.approx(values["coef"][paper], rel=coef), name
        assert own.loc[name, "se"] == pytest.approx(values["se"][paper], rel=se), name


# ------------------------------------------------------------------ California: one group, Newey–West

ONE = {"t": "trend", "x": "level", "xt": "slope"}


def cigarettes(reference: Path) -> dict[str, pd.DataFrame]:
    wide = table(reference, "prop99").pivot_table(index="year", columns="state", values="cigsale")
    years = pd.PeriodIndex(wide.index.astype(str), freq="Y")
    return {s: pd.DataFrame({"count": wide[s].to_numpy()}, index=years) for s in wide.columns}


@pytest.fixture(scope="module")
def states(reference: Path) -> dict[str, pd.DataFrame]:
    return cigarettes(reference)


def test_prop99_ordinary_and_newey_west(reference: Path, states: dict[str, pd.DataFrame]) -> None:
    one = block(reference, "prop99")["single_group"]
    result = fit(states["California"], spec("1989", slope=True))
    close(result, one["ols"], ONE, 1e-9, 1e-8)
    assert result.coefficients.set_index("term").loc["slope", "p"] == pytest.approx(
        one["ols"]["p"]["xt"], rel=1e-6
    )
    for row in one["newey_west"]:
        robust = fit(states["California"], spec("1989", slope=True, covariance="hac", hac_lags=row["lag"]))
        close(robust, row["table"], ONE, 1e-9, 1e-7)
    nw1 = fit(states["California"], spec("1989", slope=True, covariance="hac", hac_lags=1))
    row = nw1.coefficients.set_index("term").loc["slope"]
    assert row["p"] == pytest.approx(0.0019968, rel=1e-4)
    cf = one["counterfactual"]
    np.testing.assert_allclose(nw1.path["expected"].iloc[19:], cf["series"], rtol=1e-9)
    assert nw1.effect.events.estimate == pytest.approx(cf["cum_effect_model"], rel=1e-9)
    assert nw1.diagnostics["difference_se"] == pytest.approx(cf["cum_effect_model_se_nw1"], rel=1e-7)


def test_prop99_residual_tests(reference: Path, states: dict[str, pd.DataFrame]) -> None:
    wanted = block(reference, "prop99")["single_group"]["diagnostics"]
    own = fit(states["California"], spec("1989", slope=True))
    e = own.residuals["deviance"].to_numpy()
    series = prepare(states["California"], own.spec, None)
    x = build(series, own.spec).factual
    assert own.diagnostics["durbin_watson"] == pytest.approx(wanted["durbin_watson"], rel=1e-8)
    for row in wanted["ljung_box"]:
        assert ljung_box(e, row["lag"])[0] == pytest.approx(row["stat"], rel=1e-8)
    for row in wanted["breusch_godfrey"]:
        assert breusch_godfrey(e, x, row["order"])[0] == pytest.approx(row["stat"], rel=1e-8)
    np.testing.assert_allclose(autocorrelation(e, 12), wanted["acf"], atol=1e-8)


def test_prop99_generalised_least_squares(reference: Path, states: dict[str, pd.DataFrame]) -> None:
    wanted = block(reference, "prop99")["single_group"]["gls_ar1_ml"]
    result = fit(states["California"], spec("1989", slope=True, family="gls_ar1"))
    assert result.diagnostics["rho"] == pytest.approx(wanted["phi"], abs=2e-4)
    assert result.diagnostics["log_likelihood"] == pytest.approx(wanted["loglik"], abs=1e-5)
    close(result, wanted["table"], ONE, 1e-3, 2e-3)


def test_prop99_methods_disagree(states: dict[str, pd.DataFrame]) -> None:
    level = {
        family: fit(states["California"], spec("1989", slope=True, family=family))
        .coefficients.set_index("term")
        .loc["level", "estimate"]
        for family in ("ols", "gls_ar1")
    }
    assert level["ols"] / level["gls_ar1"] > 3


@pytest.mark.parametrize("which", ["all38", "three"])
def test_prop99_many_groups(reference: Path, states: dict[str, pd.DataFrame], which: str) -> None:
    many = block(reference, "prop99")["multi_group"]
    key = "all38" if which == "all38" else next(k for k in many if k != "all38")
    members = [s for s in states if s != "California"]
    if which != "all38":
        members = ["Colorado", "Idaho", "Montana"]
    wanted = many[key]
    values = next(v for k, v in wanted.items() if k.startswith("newey_west"))
    control = {s: states[s] for s in members}
    result = fit(states["California"], spec("1989", slope=True, covariance="hac", hac_lags=1), control)
    names = {
        "zx": "treated:level",
        "zxt": "treated:slope",
        "zt": "treated:trend",
        "x": "level",
        "xt": "slope",
    }
    close(result, values, names, 1e-8, 1e-7)
    assert result.effect.controlled


def test_prop99_placebo_years(reference: Path, states: dict[str, pd.DataFrame]) -> None:
    for row in block(reference, "prop99")["placebo_years_single_group"]:
        result = fit(
            states["California"],
            spec(str(row["year"]), slope=True, covariance="hac", hac_lags=1, end="1988"),
        )
        own = result.coefficients.set_index("term")
        assert own.loc["level", "estimate"] == pytest.approx(row["level"], rel=1e-8)
        assert own.loc["level", "se"] == pytest.approx(row["level_se"], rel=1e-7)
        assert own.loc["slope", "estimate"] == pytest.approx(row["slope"], rel=1e-8)
        assert own.loc["slope", "se"] == pytest.approx(row["slope_se"], rel=1e-7)


# ------------------------------------------------------------------ Two interruptions and a wild point

CAPS = {
    "time": "trend", "dc_level": "level2", "dc_trend": "slope2", "cp_level": "level", "cp_trend": "slope",
    "wp": "wp",
}  # fmt: skip


def prescriptions(reference: Path) -> pd.DataFrame:
    rows = table(reference, "nh_drugcap")
    months = pd.period_range("1980-01", periods=48, freq="M")
    wild = (rows["time"] == 20).to_numpy(float)
    return pd.DataFrame({"count": rows["rxpp"].to_numpy(), "wp": wild}, index=months)


def test_two_interruptions(reference: Path) -> None:
    wanted = block(reference, "nh_drugcap")
    data = prescriptions(reference)
    options = {"slope": True, "slope_first": 1, "interruptions": ("1981-09",), "covariates": ("wp",)}
    result = fit(data, spec("1982-08", **options))
    close(result, wanted["ols"], CAPS, 1e-9, 1e-8)
    for row in wanted["newey_west"]:
        robust = fit(data, spec("1982-08", covariance="hac", hac_lags=row["lag"], **options))
        close(robust, row["table"], CAPS, 1e-9, 1e-7)
    at = wanted["effect_at_t43_vs_cap_continuing"]
    own = result.path.iloc[42]
    assert own["expected"] == pytest.approx(at["counterfactual"], rel=1e-9)
    month = result.by_month.set_index("period").loc[pd.Period("1983-07", "M")]
    effect = [(month[c] - 1) * at["counterfactual"] for c in ("rate_ratio", "lower", "upper")]
    assert effect == pytest.approx([at["est"], *at["ci"]], rel=1e-8)
    assert month["rate_ratio"] - 1 == pytest.approx(at["relative"], rel=1e-8)


# ------------------------------------------------------------------ Phase-in with calendar time kept


def quarters(text: pd.Series) -> pd.PeriodIndex:
    return pd.PeriodIndex(text.str.replace("_", "").str.replace(", ", "Q"), freq="Q")


def test_phase_in(reference: Path) -> None:
    wanted = block(reference, "antidep_phasein")
    rows = table(reference, "antidep_phasein")
    data = pd.DataFrame({"count": rows["ad_perc"].to_numpy()}, index=quarters(rows["quarter"]))
    names = {"time": "trend", "level": "level", "trend": "slope"}
    options = {"slope": True, "slope_first": 1}
    result = fit(data, spec("2003Q4", phase_in=5, **options))
    close(result, wanted["ols"], names, 1e-8, 1e-8)
    for row in wanted["newey_west"]:
        robust = fit(data, spec("2003Q4", phase_in=5, covariance="hac", hac_lags=row["lag"], **options))
        close(robust, row["table"], names, 1e-8, 1e-7)
    without = fit(data, spec("2003Q4", **options)).coefficients.set_index("term")
    assert without.loc["level", "estimate"] == pytest.approx(
        wanted["no_phase_in_exclusion_ols"]["coef"]["level"], rel=1e-8
    )
    last = wanted["effect_at_last_ols"]
    month = result.by_month.iloc[-1]
    assert (month["rate_ratio"] - 1) == pytest.approx(last["relative"], rel=1e-7)
    smooth = fit(data, spec("2003Q4", phase_in=5, family="gls_ar1", **options))
    close(smooth, wanted["gls_ar1_ml"]["table"], names, 5e-3, 2e-2)


# ------------------------------------------------------------------ West Virginia beside other states


def test_beside_a_comparison_with_ar1_errors(reference: Path) -> None:
    wanted = block(reference, "wv_control")
    rows = table(reference, "wv_control")
    both = {
        str(name): pd.DataFrame({"count": part["market_share"].to_numpy()}, index=quarters(part["yearqtr"]))
        for name, part in rows.groupby("state")
    }
    treated = both.pop("WV")
    names = {
        "time": "trend", "wvtime": "treated:trend", "level": "level", "trend": "slope",
        "wvlevel": "treated:level", "wvtrend": "treated:slope",
    }  # fmt: skip
    options = {"slope": True, "slope_first": 1}
    close(fit(treated, spec("2003Q2", **options), both), wanted["ols"], names, 1e-8, 1e-8)
    smooth = fit(treated, spec("2003Q2", family="gls_ar1", **options), both)
    assert smooth.diagnostics["rho"] == pytest.approx(wanted["gls_ar1_ml"]["corr_params"], abs=1e-4)
    assert smooth.diagnostics["log_likelihood"] == pytest.approx(wanted["gls_ar1_ml"]["loglik"], abs=1e-5)
    close(smooth, wanted["gls_ar1_ml"]["table"], names, 1e-3, 1e-3)

    # The difference of the two series (it may be negative, so it is no series of its own here).
    other = next(iter(both.values()))
    difference = (treated["count"] - other["count"]).to_numpy()
    series = prepare(treated, spec("2003Q2", **options), None)
    x = build(series, spec("2003Q2", **options)).factual
    plain = ols(difference, x)
    order = ["(Intercept)", "time", "level", "trend"]
    np.testing.assert_allclose(
        plain.beta, [wanted["difference_series_ols"]["coef"][k] for k in order], rtol=1e-8
    )
    robust = np.sqrt(np.diag(newey_west(plain, x, 1, np.zeros(len(x)))))
    np.testing.assert_allclose(robust, [wanted["difference_series_nw1"]["se"][k] for k in order], rtol=1e-7)


# ------------------------------------------------------------------ ARIMA with a step and a ramp


def test_quetiapine(reference: Path) -> None:
    wanted = block(reference, "quetiapine")
    rows = table(reference, "quetiapine")
    months = pd.PeriodIndex(pd.to_datetime(rows["month"], format="%d-%b-%y"), freq="M")
    data = pd.DataFrame({"count": rows["dispensings"].to_numpy(float)}, index=months)
    result = fit(
        data,
        spec(
            "2014-01",
            family="arima",
            arima_order=(2, 1, 0),
            arima_seasonal=(0, 1, 1),
            slope=True,
            slope_first=1,
        ),
    )
    model = wanted["models"]["arima_210_011_12_CSSML"]
    own = result.coefficients.set_index("term")
    assert own.loc["level", "estimate"] == pytest.approx(model["coef"]["step"], rel=1e-3)
    assert own.loc["slope", "estimate"] == pytest.approx(model["coef"]["ramp"], rel=1e-3)
    assert own.loc["level", "se"] == pytest.approx(model["se"]["step"], rel=1e-2)
    assert own.loc["slope", "se"] == pytest.approx(model["se"]["ramp"], rel=1e-2)
    effect = wanted["effect_model"]
    assert result.effect.events.estimate == pytest.approx(effect["cum"], rel=1e-3)
    assert result.diagnostics["difference_se"] == pytest.approx(effect["cum_se"], rel=1e-2)
    by_month = (result.path["effect"].iloc[36:]).to_numpy()
    np.testing.assert_allclose(by_month, effect["by_month"], rtol=2e-3)
    segmented = fit(data, spec("2014-01", slope=True, slope_first=1, month_dummies=True))
    names = {"t": "trend", "step": "level", "ramp": "slope"}
    close(segmented, wanted["seg_ols"]["table"], names, 1e-8, 1e-8)
    for row in wanted["seg_ols"]["newey_west_lag"]:
        robust = fit(
            data,
            spec(
                "2014-01",
                slope=True,
                slope_first=1,
                month_dummies=True,
                covariance="hac",
                hac_lags=row["lag"],
            ),
        )
        assert robust.coefficients.set_index("term").loc["level", "se"] == pytest.approx(
            row["se"]["step"], rel=1e-7
        )


# ------------------------------------------------------------------ Boston: the data's own break


def test_boston_own_break(reference: Path) -> None:
    wanted = block(reference, "boston")["structural_change"]["poisson_profile"]
    rows = table(reference, "boston")
    months = pd.period_range("1992-01", periods=77, freq="M")
    data = pd.DataFrame({"count": rows["homicides"].to_numpy(float)}, index=months)
    plain = spec("1996-06", family="poisson", trend=False)
    series = prepare(data, plain, None)
    found = search(series, build(series, plain))
    assert list((found["start"] - months[0]).map(lambda d: d.n) + 1) == wanted["at_t0"]
    np.testing.assert_allclose(found["lr"], wanted["LR"], rtol=1e-7)
    np.testing.assert_allclose(found["rate_ratio"], wanted["rr"], rtol=1e-7)
    best = int(found["lr"].to_numpy().argmax())
    assert wanted["at_t0"][best] == wanted["argmax_t0"] == 56
    assert found["lr"].max() == pytest.approx(wanted["max_LR"], rel=1e-8)


def test_boston_f_statistics_of_a_changed_mean(reference: Path) -> None:
    wanted = block(reference, "boston")["structural_change"]
    y = table(reference, "boston")["homicides"].to_numpy(float)
    # strucchange tries the last row before the break, from floor(0.15 n) on.
    last = np.arange(int(0.15 * 77), 77 - int(0.15 * 77) + 1)
    f, _ = f_statistics(y[None, :], np.ones((77, 1)), last.astype(float))
    assert f.max() == pytest.approx(wanted["supF_mean_model"]["stat"], rel=1e-9)
    assert last[int(f.argmax())] == wanted["breakpoints_ols_mean"]["one_break_at"]
    own = prepare(
        pd.DataFrame({"count": y}, index=pd.period_range("1992-01", periods=77, freq="M")),
        spec("1996-06", trend=False),
        None,
    )
    found = check(own, build(own, spec("1996-06", trend=False)), spec("1996-06", trend=False))
    assert found.state is CheckState.PASSED
    assert found.table["f"].max() == pytest.approx(wanted["supF_mean_model"]["stat"], rel=1e-9)
    assert found.table["p"].iloc[0] < 0.02  # 5.5e-6 by asymptotics; 299 simulated series reach 0.0033


def test_quetiapine_foretold_by_its_past(reference: Path) -> None:
    wanted = block(reference, "quetiapine")["counterfactual_pre_only"]
    rows = table(reference, "quetiapine")
    months = pd.PeriodIndex(pd.to_datetime(rows["month"], format="%d-%b-%y"), freq="M")
    data = pd.DataFrame({"count": rows["dispensings"].to_numpy(float)}, index=months)
    found = forecast(data, spec("2014-01", family="arima", arima_order=(2, 1, 0), arima_seasonal=(0, 1, 1)))
    np.testing.assert_allclose(found["expected"], wanted["mean"], rtol=2e-3)
    np.testing.assert_array_equal(found["observed"], wanted["observed"])
    gap = float((found["observed"] - found["expected"]).sum())
    assert gap == pytest.approx(wanted["cum_diff_obs_minus_cf"], rel=2e-3)
    # R widens by a bias-adjusted variance (its sigma2 over n − k), this by the maximum likelihood one.
    width = (found["upper"] - found["lower"]).to_numpy()
    theirs = np.array(wanted["upper95"]) - np.array(wanted["lower95"])
    assert ((width / theirs > 0.85) & (width / theirs < 1.05)).all()


def test_prais_winsten_of_the_cigarettes(reference: Path, states: dict[str, pd.DataFrame]) -> None:
    """The log-linear family on the exponential of the series is the paper's linear model."""
    wanted = block(reference, "prop99")["single_group"]["prais_winsten"]
    data = pd.DataFrame({"count": np.exp(states["California"]["count"])})
    question = spec("1989", family="log_prais_winsten", slope=True)
    series = prepare(data, question, None)
    found = estimate(series, build(series, question), question)
    assert found.numbers["rho"] == pytest.approx(wanted["rho"], abs=1e-7)
    values = dict(zip(found.design.terms, found.posterior.mean, strict=True))
    errors = dict(zip(found.design.terms, np.sqrt(np.diag(found.posterior.cov)), strict=True))
    for paper, name in ONE.items():
        assert values[name] == pytest.approx(wanted["coef"][paper], rel=1e-6)
        assert errors[name] == pytest.approx(wanted["se"][paper], rel=1e-6)
