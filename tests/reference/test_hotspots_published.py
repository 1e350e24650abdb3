"""Published and independently computed values of the statistics on places."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from analysis.hotspots import (
    accuracy,
    concentration,
    e_test,
    emerging,
    gi_star,
    global_moran,
    kde,
    knox,
    local_moran,
    near_repeat,
    wdd,
    wdd_harm,
)

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def folder(reference: Path) -> Path:
    return reference / "hotspots"


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict:
    return json.loads((folder / "expected.json").read_text())


def from_lists(lists: dict[str, list[int]]) -> sparse.csr_matrix:
    rows = [int(i) for i, js in lists.items() for _ in js]
    columns = [j for js in lists.values() for j in js]
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(lists), len(lists)))


def h3_neighbours(cells: list[str]) -> sparse.csr_matrix:
    h3 = pytest.importorskip("h3")
    at = {cell: i for i, cell in enumerate(cells)}
    pairs = [(i, at[other]) for cell, i in at.items() for other in h3.grid_disk(cell, 1) if other in at]
    rows, columns = zip(*[(i, j) for i, j in pairs if i != j], strict=True)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(cells), len(cells)))


@pytest.mark.parametrize(
    ("case", "file"),
    [("columbus_crime", "columbus_expected.csv"), ("stl_hom_HR8893", "stl_hom_expected.csv")],
)
def test_areas(folder: Path, expected: dict, case: str, file: str) -> None:
    table, known = pd.read_csv(folder / file), expected[case]
    neighbours = from_lists(known["neighbors"])
    found = gi_star(table["y"], neighbours, permutations=0)
    np.testing.assert_allclose(found["z"], table["gi_star_z"], atol=1e-9)
    np.testing.assert_allclose(found["p"], table["gi_star_p2"], atol=1e-9)
    np.testing.assert_allclose(found["q"], table["gi_star_q_bh"], atol=1e-9)
    assert (found["p"] < 0.05).sum() == known["gi_star_significant_p05_two_sided"]
    assert (found["q"] < 0.05).sum() == known["gi_star_significant_bh05"]
    coloured = found["label"].isin(["hot 95", "hot 99", "cold 95", "cold 99"])
    assert coloured.sum() == known["gi_star_significant_bh05"]

    local = local_moran(table["y"], neighbours, permutations=0)
    np.testing.assert_allclose(local["I"], table["local_moran_I_spdep"], atol=1e-9)
    np.testing.assert_allclose(local["z"], table["local_moran_z_conditional_spdep"], atol=1e-8)
    np.testing.assert_allclose(local["p"], table["local_moran_p2_spdep"], atol=1e-8)
    assert list(local["quadrant"]) == list(table["quadrant"])

    moran, z = global_moran(table["y"], neighbours)
    assert moran == pytest.approx(known["global_moran"]["I"], abs=1e-12)
    assert z == pytest.approx(known["global_moran"]["z_randomisation"], abs=1e-9)


@pytest.mark.parametrize("resolution", ["r8", "r9"])
@pytest.mark.parametrize("column", ["n2017", "gun2017"])
def test_cells(folder: Path, expected: dict, resolution: str, column: str) -> None:
    cells = pd.read_csv(folder / f"slmpd_h3_{resolution}.csv")
    table = pd.read_csv(folder / f"slmpd_h3_{resolution}_{column}_expected.csv")
    known = expected["slmpd_h3"]["summary"][f"{resolution}_{column}"]
    neighbours = h3_neighbours(list(cells["cell"]))
    found = gi_star(cells[column], neighbours, permutations=0)
    np.testing.assert_allclose(found["z"], table["gi_star_z"], atol=1e-6)
    np.testing.assert_allclose(found["q"], table["gi_star_q_bh"], atol=1e-8)
    hot, cold = found["z"] > 0, found["z"] < 0
    counted = {
        "hot_p05": (hot & (found["p"] < 0.05)).sum(),
        "cold_p05": (cold & (found["p"] < 0.05)).sum(),
        "hot_bh05": found["label"].isin(["hot 95", "hot 99"]).sum(),
        "cold_bh05": found["label"].isin(["cold 95", "cold 99"]).sum(),
        "bonferroni05_any": (found["p"] * len(found) < 0.05).sum(),
    }
    assert counted == {k: known[k] for k in counted}

    local = local_moran(cells[column], neighbours, permutations=0)
    np.testing.assert_allclose(local["I"], table["local_moran_I_spdep"], atol=1e-6)
    np.testing.assert_allclose(local["z"], table["local_moran_z_conditional_spdep"], atol=1e-6)
    assert (local["label"] == "high among high").sum() == known["local_moran_high_high_bh05"]
    moran, z = global_moran(cells[column], neighbours)
    assert moran == pytest.approx(known["moran_I"], abs=1e-8)
    assert z == pytest.approx(known["moran_z_randomisation"], abs=1e-6)


def test_permutations_find_more_places_than_the_skewed_normal(folder: Path) -> None:
    """The research counted 518 two-sided total-permutation cells at p ≤ .05 against 254 analytic."""
    cells = pd.read_csv(folder / "slmpd_h3_r9.csv")
    found = gi_star(cells["n2017"], h3_neighbours(list(cells["cell"])), permutations=999, seed=1)
    assert (found["p_permutation"] <= 0.05).sum() == pytest.approx(518, abs=25)
    assert (found["p"] <= 0.05).sum() == 254


def test_concentration_toys(expected: dict) -> None:
    for case in expected["concentration"]["toy"].values():
        found = concentration(case["y"])
        assert found.gini == pytest.approx(case["gini"], abs=1e-12)
        assert found.generalised_gini == pytest.approx(case["G_prime"], abs=1e-12)
        assert found.unbiased_gini == pytest.approx(case["G_prime_unbiased"], abs=1e-12)


@pytest.mark.parametrize("resolution", ["r8", "r9"])
@pytest.mark.parametrize("column", ["n2016", "n2017", "gun2016", "gun2017"])
def test_concentration_of_cells(folder: Path, expected: dict, resolution: str, column: str) -> None:
    known = expected["concentration"][f"{resolution}_{column}"]
    counts = pd.read_csv(folder / f"slmpd_h3_{resolution}.csv")[column]
    found = concentration(counts, percents=(1, 5, 10), shares=(0.25, 0.5))
    assert found.gini == pytest.approx(known["gini"], abs=1e-12)
    assert found.generalised_gini == pytest.approx(known["G_prime"], abs=1e-12)
    assert found.unbiased_gini == pytest.approx(known["G_prime_unbiased"], abs=1e-12)
    top = [known[f"share_in_top_{p}pct"] for p in (1, 5, 10)]
    np.testing.assert_allclose(found.top["share"], top, atol=1e-12)
    needed = [known[f"share_of_cells_for_{p}pct"] for p in (25, 50)]
    np.testing.assert_allclose(found.needed["percent"], 100 * np.array(needed), atol=1e-9)


def test_wdd(expected: dict) -> None:
    for case in expected["wdd"]["cases"]:
        weights = {}
        if "time_weights" in case:
            weights["time_weights"] = case["time_weights"]
        if "area_weights_control_treated_dispcontrol_disptreated" in case:
            c, t, dc, dt = case["area_weights_control_treated_dispcontrol_disptreated"]
            weights["area_weights"] = (t, c, dt, dc)
        found = wdd(
            case["treated"],
            case["control"],
            case.get("disp_treated"),
            case.get("disp_control"),
            level=1 - case["alpha"],
            **weights,
        )
        out = case["out"]
        pairs = {
            "Est_Local": found.local, "SE_Local": found.local_se, "Est_Displace": found.displaced,
            "SE_Displace": found.displaced_se, "Est_Total": found.estimate, "SE_Total": found.se,
            "Z": found.z, "LowCI": found.lower, "HighCI": found.upper,
        }  # fmt: skip
        assert pairs == {k: pytest.approx(v, abs=1e-9) for k, v in out.items()}, case["name"]


def test_wdd_weighted_by_harm(expected: dict) -> None:
    case = expected["wdd"]["harm (blog 2020-11-19)"]
    pairs = list(case["pairs_control_treated"].values())
    found = wdd_harm([t for _, t in pairs], [c for c, _ in pairs], case["weights"], level=1 - case["alpha"])
    out = case["out"]
    assert found.estimate == pytest.approx(out["HarmEst"])
    assert (found.se, found.z) == (pytest.approx(out["SE"]), pytest.approx(out["Z"]))
    assert (found.lower, found.upper) == (pytest.approx(out["LowCI"]), pytest.approx(out["HighCI"]))


def test_e_test(expected: dict) -> None:
    for c in expected["e_test"]["cases"]:
        assert e_test(c["k1"], c["k2"], c["n1"], c["n2"], c["d"]) == pytest.approx(c["p"], abs=1e-9), c


def test_accuracy_toy(expected: dict) -> None:
    toy = expected["pai"]["toy (ptools doc)"]
    found = accuracy(toy["pred"], toy["obs"], places=range(1, 7))
    np.testing.assert_allclose(found["pai"], toy["PAI"], atol=1e-10)
    np.testing.assert_allclose(found["pei"], toy["PEI"], atol=1e-10)
    np.testing.assert_allclose(found["rri"], toy["RRI"], atol=1e-10)


def test_accuracy_of_cells(folder: Path, expected: dict) -> None:
    cells = pd.read_csv(folder / "slmpd_h3_r9.csv")
    predictions = {
        "last_year_count_n2016": cells["n2016"],
        "three_year_count_2014_2016": cells[["n2014", "n2015", "n2016"]].sum(axis=1),
    }
    for name, predicted in predictions.items():
        known = pd.DataFrame(expected["pai"]["slmpd_h3_r9_observed_2017"][name])
        found = accuracy(predicted, cells["n2017"], places=list(known["k"]))
        assert list(found["hits"]) == list(known["hits"])
        for ours, theirs in (("hit_rate", "hit_rate"), ("pai", "PAI"), ("pei", "PEI"), ("rri", "RRI")):
            np.testing.assert_allclose(found[ours], known[theirs], atol=1e-9)


def test_knox(folder: Path, expected: dict) -> None:
    points = pd.read_csv(folder / "burkitt.csv")
    tolerance = expected["knox_burkitt"]["tolerance_p_sim_999"]
    for case in expected["knox_burkitt"]["cases"]:
        found = knox(points[["X", "Y"]], points["T"], case["delta"], case["tau"], permutations=999, seed=3)
        assert found.observed == case["observed"]
        assert found.expected == pytest.approx(case["expected"], abs=1e-6)
        assert found.p_value == pytest.approx(case["p_sim_9999_R_surveillance"], abs=tolerance)
        if "p_poisson_P(X>=obs)" in case:
            assert found.p_poisson == pytest.approx(case["p_poisson_P(X>=obs)"], abs=1e-9)
            counted = (found.space_pairs, found.time_pairs, found.all_pairs)
            assert counted == (case["space_pairs"], case["time_pairs"], case["all_pairs"])


def test_near_repeats(folder: Path, expected: dict) -> None:
    events = pd.read_csv(folder / "slmpd_gun_2017_xyday.csv")
    known = expected["near_repeat_slmpd_gun_2017"]
    found = near_repeat(
        events[["x", "y"]],
        events["day"],
        (0, 400, 800, 1200, 1600, 2000),
        (7, 14, 28, 56),
        permutations=999,
        seed=5,
    )
    exact = np.array(known["expected_exact (space pairs x time pairs / all pairs)"])
    assert found["observed"].to_numpy().reshape(6, 4).tolist() == known["observed"]
    np.testing.assert_allclose(found["expected"].to_numpy().reshape(6, 4), exact, atol=1e-5)
    p = found["p_value"].to_numpy().reshape(6, 4)
    # Two runs of 999 and 9,999 shuffles differ by up to 4 standard errors somewhere among 24 cells.
    assert np.abs(p - np.array(known["p_sim_9999_greater"])).max() < 4 * 0.5 / np.sqrt(999)
    small = np.array(known["p_sim_9999_greater"]) < 0.05
    assert np.abs(p - np.array(known["p_sim_9999_greater"]))[small].max() < 0.02


def test_density(folder: Path) -> None:
    events, known = pd.read_csv(folder / "slmpd_gun_2017_xyday.csv"), pd.read_csv(folder / "kde_expected.csv")
    found = kde(events[["x", "y"]], 1500)
    density = found.at(known[["qx", "qy"]]) / found.events
    assert np.abs(density - known["gauss_h1500"]).max() < 0.0025 * found.values.max() / found.events


@pytest.mark.parametrize("comparison", ["slice", "cube"])
@pytest.mark.parametrize("correction", ["bh", "none"])
def test_emerging(folder: Path, expected: dict, comparison: str, correction: str) -> None:
    cube = pd.read_csv(folder / "slmpd_cube_r8_quarter_2014_2017.csv").set_index("cell")
    table = pd.read_csv(folder / "emerging_hotspots_expected.csv").set_index("cell").reindex(cube.index)
    found = emerging(cube, h3_neighbours(list(cube.index)), comparison=comparison, correction=correction)
    np.testing.assert_allclose(found["z_last"], table[f"{comparison}_zlast"], atol=1e-6)
    np.testing.assert_allclose(found["trend_s"], table[f"{comparison}_mkS"])
    np.testing.assert_allclose(found["trend_z"], table[f"{comparison}_mkz"], atol=1e-6)
    np.testing.assert_allclose(found["trend_p"], table[f"{comparison}_mkp"], atol=1e-6)
    np.testing.assert_allclose(found["tau"], table[f"{comparison}_tau"], atol=1e-6)
    variant = f"{comparison}_{'bh05' if correction == 'bh' else 'p05'}"
    assert list(found["label"]) == list(table[variant])
    assert found["label"].value_counts().to_dict() == expected["emerging_hotspots"]["counts"][variant]
