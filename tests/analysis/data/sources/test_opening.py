"""Files are opened by what they are; what is empty, binary, damaged or too large is refused in words."""

from __future__ import annotations

import gzip
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.data.sources import SourceError, parse_file
from analysis.data.sources.opening import open_file

Make = Callable[..., Path]


def test_gzip_is_known_by_its_first_bytes(make_file: Make) -> None:
    assert open_file(make_file("a,b\n1,2\n", "plain.csv.gz")).data == b"a,b\n1,2\n"
    assert open_file(make_file("a,b\n1,2\n", "packed.csv", packed=True)).data == b"a,b\n1,2\n"


@pytest.mark.parametrize("content", [b"", b"\n\r\n  \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_an_empty_file_is_refused(make_file: Make, content: bytes) -> None:
    with pytest.raises(SourceError, match=r"file\.csv: is empty\. Download it again"):
        parse_file(make_file(content))


def test_an_empty_gzip_is_refused(make_file: Make) -> None:
    with pytest.raises(SourceError, match="is empty"):
        parse_file(make_file(b"", packed=True))


def test_a_header_without_rows_is_refused(make_file: Make) -> None:
    with pytest.raises(SourceError, match="has a header but no rows"):
        parse_file(make_file("Complaint,CodedMonth\r\n"))
    with pytest.raises(SourceError, match="has a header but no rows"):
        parse_file(make_file("Complaint,CodedMonth\r\n,\r\n,\r\n"))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.4\n%\xe2\xe3", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"a,b\n\x00\x01\x02\x03", "is binary"),
        (bytes(range(1, 32)) * 20, "is binary"),
    ],
)
def test_binary_is_refused(make_file: Make, content: bytes, what: str) -> None:
    with pytest.raises(SourceError, match=what):
        parse_file(make_file(content, "april2017.csv"))


def test_a_gzip_that_claims_two_gigabytes_and_is_small_is_damaged(make_file: Make) -> None:
    packed = bytearray(gzip.compress(b"a,b\n1,2\n"))
    packed[-4:] = (2 << 30).to_bytes(4, "little")
    with pytest.raises(SourceError, match="damaged or cut short"):
        parse_file(make_file(bytes(packed)))


def test_a_gzip_of_two_gigabytes_is_refused(tmp_path: Path) -> None:
    packed = tmp_path / "bomb.csv.gz"
    with gzip.open(packed, "wb", compresslevel=1) as stream:
        for _ in range(2048):
            stream.write(b"1,2,3,4,5,6,7,8\n" * (1 << 16))
    assert packed.stat().st_size < 32 << 20
    with pytest.raises(SourceError, match="holds more than 1,024 MB when unpacked"):
        parse_file(packed)


def test_a_gzip_that_grows_without_saying_so_is_refused_in_bounded_memory(make_file: Make) -> None:
    # Many members, each small: the last one's claim says nothing about the whole.
    member = gzip.compress(b"1,2,3,4,5,6,7,8\n" * (1 << 16))
    path = make_file(member * 64)  # 64 MB from 0.1 MB
    tracemalloc.start()
    with pytest.raises(SourceError, match="holds more than 16 MB when unpacked"):
        open_file(path, limit=16 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_a_plain_file_above_the_limit_is_refused(make_file: Make) -> None:
    with pytest.raises(SourceError, match="Split it by year"):
        open_file(make_file(b"x" * 3000), limit=2000)


def test_a_damaged_gzip_is_refused(make_file: Make) -> None:
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    with pytest.raises(SourceError, match="damaged or cut short"):
        parse_file(make_file(whole[: len(whole) // 2]))


def test_marks_and_letters(make_file: Make) -> None:
    opened = open_file(make_file(b"\xef\xbb\xbfa,b\ncaf\xe9,2\n"))
    assert (opened.bom, opened.encoding) == (True, "cp1252")
    assert opened.data.decode() == "a,b\ncafé,2\n"
    opened = open_file(make_file("a,b\ncafé,2\n"))
    assert (opened.bom, opened.encoding) == (False, "utf-8")
    opened = open_file(make_file("a,b\ncafé,2\n".encode("utf-16")))
    assert opened.encoding == "utf-16"
    assert opened.data.decode() == "a,b\ncafé,2\n"


def test_bytes_that_are_no_letter_are_told(make_file: Make) -> None:
    opened = open_file(make_file(b"a,b\n\x81\x8d\xe9,2\n"))
    assert opened.notes == ("2 bytes could not be read as letters; “\ufffd” stands in their place.",)


def test_a_workbook_needs_a_mapping(make_file: Make, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Month", "Murders"])
    book.save(tmp_path / "counts.csv")
    with pytest.raises(SourceError, match=r"counts\.csv: is an Excel workbook\. Give a mapping file"):
        parse_file(tmp_path / "counts.csv")


def test_archives_that_are_no_workbook_or_too_large_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(SourceError, match="is a zip archive but not an Excel workbook"):
        open_file(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (4 << 20))
    with pytest.raises(SourceError, match="holds more than 2 MB"):
        open_file(tmp_path / "b.xlsx", limit=2 << 20)
    (tmp_path / "c.xlsx").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(SourceError, match="damaged"):
        open_file(tmp_path / "c.xlsx")


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such file"):
        parse_file(tmp_path / "nowhere.csv")
    with pytest.raises(SourceError, match="is a folder"):
        parse_file(tmp_path)
