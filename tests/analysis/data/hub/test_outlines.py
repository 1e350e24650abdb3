"""The shipped outlines are what the derivation gives, and look like the counties."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from shapely.geometry import shape

from analysis.data.geography import outlines


def test_the_shipped_file_is_what_the_census_file_gives() -> None:
    assert outlines.derive() == json.loads(outlines.FILE.read_text(encoding="utf-8"))


def test_outlines_are_valid_and_do_not_overlap() -> None:
    shapes = outlines.jurisdiction_outlines()
    assert list(shapes) == ["stl_city", "stl_county", "st_clair"]
    for one in shapes.values():
        assert one.is_valid
    city, county, clair = shapes.values()
    for a, b in ((city, county), (city, clair), (county, clair)):
        assert a.intersection(b).area < 1e-6
    assert city.contains(shapely.Point(-90.199, 38.627))
    assert county.contains(shapely.Point(-90.336, 38.649))
    assert clair.contains(shapely.Point(-90.150, 38.624))


@pytest.mark.real
def test_outlines_agree_with_another_derivation(real: Path) -> None:
    other = json.loads((real / "boundaries" / "jurisdictions.geojson").read_text())["features"]
    by_code = {f["properties"]["fips"]: shape(f["geometry"]) for f in other}
    for name, ours in outlines.jurisdiction_outlines().items():
        theirs = by_code[outlines.FIPS[name]]
        assert ours.symmetric_difference(theirs).area / theirs.area < 0.001


def test_a_missing_package_is_said(monkeypatch) -> None:
    monkeypatch.setattr(outlines.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="plotly-geo"):
        outlines.derive()
