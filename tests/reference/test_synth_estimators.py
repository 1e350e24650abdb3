"""Ridge, lasso, predictors and leave-one-period-out errors against R augsynth, scikit-learn and SynthRTCI."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.evidence import RefusedError
from analysis.synth import Predictors, SynthSpec, fit, prepare
from analysis.synth.panel import Panel
from analysis.synth.refit import refit

pytestmark = pytest.mark.reference

CASES = ("prop99", "basque", "texas", "florida_syg", "sim_city_homicides")
KEYS = {"sc": "simplex", "sc_demeaned": "demeaned"}


@pytest.fixture(scope="module")
def folder(reference: Path) -> Path:
    return reference / "synth"


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict:
    return json.loads((folder / "expected.json").read_text())


def wide(folder: Path, case: dict, name: str) -> tuple[pd.DataFrame, pd.Series | None]:
    if name == "sim_city_homicides":
        table = pd.read_csv(folder / "sim_city_homicides.csv", index_col="unit")
        population = table.pop("population")
        table = table.T.astype(float)
        table.index = pd.PeriodIndex(table.index, freq="M")
        return table, population
    table = pd.read_csv(folder / case["data"])
    if name == "florida_syg":
        months = table["year"].astype(str) + "-" + table["month"].astype(str)
        table = table.assign(
            period=pd.PeriodIndex(months, freq="M"), rate=1e5 * table["homicides"] / table["population"]
        )
        return table.pivot_table(index="period", columns="state", values="rate"), None
    panel = table.pivot_table(index="year", columns=case["unit"], values=case["outcome"])
    panel.index = pd.PeriodIndex(panel.index.astype(str), freq="Y")
    return panel.drop(columns=case.get("exclude", [])), None


@pytest.fixture(scope="module")
def panel(folder: Path, expected: dict):
    def make(name: str, estimator: str) -> Panel:
        data, population = wide(folder, expected[name], name)
        case = expected[name]
        return prepare(data, SynthSpec(case["treated_unit"], str(case["first_post"]), estimator), population)

    return make


@pytest.mark.parametrize("name", CASES)
def test_ridge_is_augsynth_s(panel, expected: dict, name: str) -> None:
    known = expected[name]["peers"]["R_augsynth_0_2_0_Ridge"]
    data = panel(name, "ridge")
    own, path = refit(data, "ridge")
    centred = data.values[data.pre, 1:] - data.values[data.pre, 1:].mean(axis=1, keepdims=True)
    assert own.penalty * np.linalg.norm(centred, 2) ** 2 == pytest.approx(known["lambda"], rel=1e-6)
    gap = data.values[:, 0] - path
    # R solves the weights with OSQP, to about five digits.
    assert gap[data.post].mean() == pytest.approx(known["att"], rel=5e-5)
    assert np.sqrt(np.mean(gap[data.pre] ** 2)) == pytest.approx(known["pre_rmspe"], rel=5e-5)
    assert own.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("key", ["cv5", "fixed"])
def test_lasso_is_scikit_learn_s(panel, expected: dict, name: str, key: str) -> None:
    known = expected[name]["lasso_wheeler"][key]
    data = panel(name, "lasso")
    y, donors = data.values[data.pre, 0], data.values[data.pre, 1:]
    largest = ((donors - donors.mean(axis=0)).T @ (y - y.mean())).max() / len(y)
    share = None if key == "cv5" else known["alpha"] / largest
    own, path = refit(data, "lasso", penalty=share)
    assert own.penalty * largest == pytest.approx(known["alpha"], rel=1e-6)
    gap = data.values[:, 0] - path
    assert gap[data.post].mean() == pytest.approx(known["att"], rel=1e-4, abs=1e-4)
    assert np.sqrt(np.mean(gap[data.pre] ** 2)) == pytest.approx(known["pre_rmspe"], rel=1e-4)
    weights = pd.Series(own.weights, index=list(data.units[1:]))
    printed = pd.Series(known["coef"]).reindex(weights.index).fillna(0.0)
    assert np.abs(weights - printed).max() < 1e-4


@pytest.mark.parametrize("name", ["prop99", "basque"])
def test_predictors_with_given_weights(folder: Path, expected: dict, name: str) -> None:
    known = expected[name]["fixed_V_predictor_fits"]
    if name == "basque":
        table = pd.read_csv(folder / known["predictors_file"]).set_index("predictor").loc[known["predictors"]]
    else:
        table = _prop99(folder).loc[known["predictors"]]
        printed = pd.Series(known["X_treated"])
        np.testing.assert_allclose(table.loc[printed.index, "California"], printed, atol=6e-7)
    data, _ = wide(folder, expected[name], name)
    spec = SynthSpec(
        expected[name]["treated_unit"], str(expected[name]["first_post"]), "simplex", inference=()
    )
    for case in known["results"].values():
        v = pd.Series(case["V"], index=known["predictors"])
        found = fit(data, spec, predictors=Predictors(table, v))
        assert found.att == pytest.approx(case["att"], rel=2e-5, abs=6e-7)
        # R's example for the Basque Country measures the fit on the sixties alone.
        since = "1960" if name == "basque" else "1970"
        fitted = found.gap[since : str(expected[name]["last_pre"])]
        assert np.sqrt(np.mean(fitted**2)) == pytest.approx(case["rmspe_v"], rel=1e-4)
        weights = pd.Series(case["weights"]).reindex(found.weights.index).fillna(0.0)
        assert np.abs(found.weights - weights).max() < 1e-5


def _prop99(folder: Path) -> pd.DataFrame:
    table = pd.read_csv(folder / "prop99.csv")
    eighties = table[table["year"].between(1980, 1988)].groupby("state")
    beer = table[table["year"].between(1984, 1988)].groupby("state")["beer"].mean()
    sales = table.pivot_table(index="state", columns="year", values="cigsale")
    rows = {f"{c}_mean_1980_1988": eighties[c].mean() for c in ("lnincome", "retprice", "age15to24")}
    rows["beer_mean_1984_1988"] = beer
    rows |= {f"cigsale_{y}": sales[y] for y in (1975, 1980, 1988)}
    return pd.DataFrame(rows).T


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("key", KEYS)
def test_errors_leaving_one_period_out(panel, expected: dict, name: str, key: str) -> None:
    """The jackknife of SynthRTCI is not offered as a band, but the refits under it are the same."""
    known = expected[name][key]["jackknife_wheeler"]
    data = panel(name, KEYS[key])
    errors = []
    for t in data.pre:
        path = refit(data, KEYS[key], pre=np.setdiff1d(data.pre, [t]))[1]
        errors.append(data.values[t, 0] - path[t])
    size = np.sort(np.abs(errors))
    k = int(np.ceil(round((1 - known["alpha"]) * (len(size) + 1), 9)))
    assert np.sqrt(np.mean(size**2)) == pytest.approx(known["loo_rmse"], rel=2e-6, abs=6e-7)
    if known["pointwise_half_width"] is not None:
        assert size[k - 1] == pytest.approx(known["pointwise_half_width"], rel=2e-6, abs=6e-7)


def test_a_missing_predictor_is_told(folder: Path, expected: dict) -> None:
    table = _prop99(folder)
    data, _ = wide(folder, expected["prop99"], "prop99")
    spec = SynthSpec("California", "1989", "simplex", inference=())
    holes = table.copy()
    holes.loc["beer_mean_1984_1988", "Utah"] = np.nan
    found = fit(data, spec, predictors=Predictors(holes))
    assert found.excluded.set_index("unit")["reason"].to_dict() == {"Utah": "a predictor is missing"}
    with pytest.raises(RefusedError, match="predictor of California is missing"):
        fit(data, spec, predictors=Predictors(table.drop(columns="California")))
    with pytest.raises(RefusedError, match="simplex estimator only"):
        fit(data, SynthSpec("California", "1989", "demeaned"), predictors=Predictors(table))
    with pytest.raises(RefusedError, match="has no weight"):
        Predictors(table, pd.Series({"beer_mean_1984_1988": 1.0}))
