"""Files with a covariate of one's own: what is refused, where it says the mistake is, and what is read."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from analysis.evidence import RefusedError
from dashboard.views.its import covariates as its_covariates


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"month,amount\n2024-01,3\n", "row 1: the columns are month, amount; there must be one"),
        (b"", "row 1: the columns are none"),
        (b"month,value\n2024-01,3\n2024-13,4\n", "row 3, column month: “2024-13” is no month"),
        (b"month,value\n2024-01,3\n,4\n", "row 3, column month: “” is no month"),
        (b"month,value\n2024-01,3\n2024-01,4\n", "row 3, column month: 2024-01 stands there a second time"),
        (b"month,value\n2024-01,3\n2024-02,1.5 %\n", "row 3, column value: “1.5 %” is no number"),
        (b"month,value\n2024-01,inf\n", "row 2, column value: “inf” is no number"),
        (b"month,value\n2024-01,\n", "has no value in any month"),
        (b"month,value\n2024-01,\xe9\n", "row 2: a character is not in UTF-8"),
        (b"month,value\n" + b"2024-01,1\n" * 1_201, "1,201 rows; at most 1,200"),
        (b"x" * 100_001, "100,001 bytes; at most 100,000"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_row_column_value_and_remedy(
    content: bytes, said: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        its_covariates.read("rate.csv", content)
    text = str(refused.value)
    assert said in text
    assert text.startswith("rate.csv")
    assert re.search(r"Write|Correct|Leave|Save", text)


def test_a_file_is_read_whatever_its_order_and_case() -> None:
    found = its_covariates.read(
        "rate.csv", b"\xef\xbb\xbfNote,Value, Month\r\nx,2.5,2024-02\r\n,,\r\ny,1e3,2024-01\r\nz,,2024-03\r\n"
    )
    assert found.values.index.tolist() == list(pd.period_range("2024-01", "2024-03", freq="M"))
    assert found.values.iloc[:2].tolist() == [1000.0, 2.5]
    assert found.values.isna().tolist() == [False, False, True]
    assert len(found.digest) == 64
