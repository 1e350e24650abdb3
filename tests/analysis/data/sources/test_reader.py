"""Every row knows its line, whatever stands between; nothing is shifted, filled or dropped."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.data.sources import SourceError
from analysis.data.sources.opening import Opened, open_file
from analysis.data.sources.reader import RawTable, key, read_table

Make = Callable[..., Path]


def read(text: str, **options: object) -> RawTable:
    return read_table(Opened("file.csv", text.encode()), **options)  # type: ignore[arg-type]


def test_lines_and_text_of_rows() -> None:
    table = read('a,b\r\n1,2\r\n\r\n"x\ny",3\r\n4,5,6\r\n7\r\n"q ""r""",8')
    assert table.frame["a"].tolist() == ["1", "x\ny", 'q "r"']
    assert table.line.tolist() == [2, 4, 8]
    assert [(r.line, r.cells, r.text) for r in table.ragged] == [(6, 3, "4,5,6"), (7, 1, "7")]
    assert [table.row_text(n) for n in range(3)] == ["1,2", '"x\ny",3', '"q ""r""",8']
    assert table.rows == 5


def test_blank_rows_at_the_end_are_no_rows() -> None:
    table = read("a,b\n1,2\n,\n\n ,\n")
    assert table.rows == 1
    assert table.row_text(0).startswith("1,2")


def test_old_macintosh_line_ends() -> None:
    table = read("a,b\r1,2\r3,4\r")
    assert table.line.tolist() == [2, 3]


def test_comments_and_titles_above_the_header() -> None:
    table = read("# Synthetic sample data: nothing is real\n\na,b\n1,2\n")
    assert table.synthetic
    assert table.line.tolist() == [4]
    assert not read("# a note\na,b\n1,2\n").synthetic
    titled = read("Crime in Our Town\n2025\na,b\n1,2\n", header_line=3)
    assert titled.header == ("a", "b")
    assert titled.line.tolist() == [4]
    with pytest.raises(SourceError, match="has no header line 9"):
        read("a,b\n1,2\n", header_line=9)


def test_a_header_over_two_lines() -> None:
    table = read('"a\nfirst",b\n1,2\n')
    assert table.header == ("a\nfirst", "b")
    assert table.line.tolist() == [3]


def test_a_name_that_comes_twice_is_refused() -> None:
    with pytest.raises(SourceError, match=r"names the column “count” twice \(columns 1 and 3\)"):
        read("Count,Crime,count \n1,2,3\n")


def test_columns_without_a_name() -> None:
    assert read("a,b,,\n1,2,,\n").header == ("a", "b")
    assert read("a,,b\n1,x,2\n").header == ("a", "column 2", "b")


def test_a_quotation_mark_that_is_never_closed() -> None:
    rows = "\n".join(f"{n},x" for n in range(300))
    with pytest.raises(SourceError, match=r"file\.csv: the row that begins on line 3 runs over 30\d lines"):
        read(f'a,b\n1,2\n5,"open\n{rows}\n')


def test_a_row_without_an_end_is_refused() -> None:
    with pytest.raises(SourceError, match="longer than 4 MB"):
        read("a,b\n1," + "x" * (9 << 20) + "\n")


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(SourceError, match="has 2,000 columns"):
        read(",".join(f"c{n}" for n in range(2000)) + "\n1\n")


def test_names_meet_without_case_and_signs() -> None:
    assert key("Flag-Crime") == key("FlagCrime") == key("flag crime") == "flagcrime"
    table = read("X-Coord,%,#\n 5 ,1,2\n")
    assert table.text("XCoord").tolist() == ["5"]
    assert set(table.keys) == {"xcoord", "%", "#"}


cells = st.text(alphabet=st.sampled_from('ab,"\n 1é'), max_size=6)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=30))
def test_lines_agree_with_the_standard_library(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    text = out.getvalue()
    expected = []
    reader = csv.reader(io.StringIO(text, newline=""))
    before = 0
    for number, row in enumerate(reader):
        if number and any(cell.strip() for cell in row):
            expected.append((before + 1, row))
        before = reader.line_num
    if not expected:
        with pytest.raises(SourceError, match="has a header but no rows"):
            read(text)
        return
    table = read(text)
    got = list(zip(table.line.tolist(), table.frame.to_numpy().tolist(), strict=True))
    assert got == expected
    lines = text.split("\n")
    for position, (line, _) in enumerate(expected):
        assert table.row_text(position).startswith(lines[line - 1])


def test_the_same_bytes_give_the_same_table_packed_or_not(make_file: Make) -> None:
    text = "a,b\r\n1,2\r\n"
    plain = read_table(open_file(make_file(text)))
    packed = read_table(open_file(make_file(text, packed=True)))
    assert plain.frame.equals(packed.frame)
