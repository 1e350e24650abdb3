"""The council brief: the application's numbers, in order, tagged, and the same bytes every time."""

from __future__ import annotations

import hashlib
import html
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pypdf
import pytest
from typer.testing import CliRunner

from analysis.data import Hub, open_hub
from analysis.data.release import ReleaseError, codec, manifest
from analysis.evaluate import PRIMARY, Results, register, run
from dashboard import brief as make
from dashboard import data
from dashboard.brief import content, released
from dashboard.brief.blocks import Brief, Numbers, Picture, Rows, texts
from dashboard.brief.hub_words import scorecard
from dashboard.cli import app
from dashboard.views import council_brief
from dashboard.views.progress import figures
from dashboard.views.progress import page as view
from dashboard.views.progress import words as said


@pytest.fixture(scope="module")
def answered() -> Iterator[None]:
    """Answers on the goal's own measure alone, each asked once."""
    kept: dict[tuple[str, str], Results] = {}

    def answers(hub: Hub, last: Any, progress: Any = None) -> Results:
        key = (hub.version, str(last))
        if key not in kept:
            asked = [
                q for q in register(hub) if q.measure == PRIMARY and q.method in ("its_controlled", "wdd")
            ]
            kept[key] = run(hub, asked, progress, through=str(last))
        return kept[key]

    patch = pytest.MonkeyPatch()
    patch.setattr(content, "answers", answers)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def sample(root: Path) -> Path:
    return root / "data_samples"


@pytest.fixture(scope="module")
def brief(sample: Path, answered: None) -> Brief:
    with make.showing(sample):
        return make.build("2026Q3")


@pytest.fixture(scope="module")
def pdf(brief: Brief) -> bytes:
    return make.to_pdf(brief)


@pytest.fixture(scope="module")
def reader(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def flat(text: str) -> str:
    """Without spaces: where a line breaks, and which space a font draws, is nobody's concern."""
    return re.sub(r"[\s\u00a0\u202f]+", "", text)


def test_numbers_are_those_of_the_pages(brief: Brief, sample: Path) -> None:
    with make.showing(sample):
        choice = view.readings()[0][0]
        one = view.standing("region", choice.measure, choice)
        facts = data.facts()
        figure = figures.goal_path(one, source=one.source, synthetic=True, version=facts.version)
        numbers, headline = said.numbers(one), said.headline(one)
    assert headline in texts(brief.blocks)
    assert next(b for b in brief.blocks if isinstance(b, Numbers)).cells == tuple(numbers)
    shown = next(b for b in brief.blocks if isinstance(b, Picture)).figure
    assert shown.title == figure.title
    assert shown.to_csv() == figure.to_csv()


def test_it_is_tagged_as_pdf_ua_asks(reader: pypdf.PdfReader, pdf: bytes) -> None:
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].lower().startswith("en")
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "/StructTreeRoot" in root
    assert b"pdfuaid:part>1<" in root["/Metadata"].get_data()
    assert reader.metadata is not None
    assert reader.metadata.title == "Save Lives Now! council brief, third quarter 2026"
    tags, alts = _tags(root["/StructTreeRoot"])
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure", "/L", "/P"} <= tags
    assert len(alts) == 1
    assert len(alts[0]) > 60
    assert 2 <= len(reader.pages) <= 4
    assert all(page["/Tabs"] == "/S" for page in reader.pages if "/Annots" in page)


def _tags(node: Any) -> tuple[set[str], list[str]]:
    tags: set[str] = set()
    alts: list[str] = []
    stack = [node]
    while stack:
        one = stack.pop().get_object()
        if isinstance(one, list):
            stack += one
        elif isinstance(one, dict):
            if "/S" in one:
                tags.add(str(one["/S"]))
                if one["/S"] == "/Figure":
                    alts.append(str(one["/Alt"]))
            if "/K" in one and not isinstance(one["/K"], int):
                stack.append(one["/K"])
    return tags, alts


def test_text_comes_out_in_reading_order(brief: Brief, reader: pypdf.PdfReader) -> None:
    found = flat("".join(page.extract_text() for page in reader.pages))
    at = -1
    headings = [b.text for b in brief.blocks if getattr(b, "kind", "") in ("title", "lead", "heading")]
    for text in headings:
        here = found.find(flat(text), at + 1)
        assert here > at, text
        at = here
    for b in brief.blocks:
        if isinstance(b, Numbers):
            assert flat("".join(c.label for c in b.cells)) in found
            assert flat("".join(c.value for c in b.cells)) in found
        if isinstance(b, Rows):
            for row in b.rows:
                for cell in row:
                    assert flat(cell) in found, cell


def test_the_same_data_give_the_same_bytes(brief: Brief, pdf: bytes, sample: Path) -> None:
    with make.showing(sample):
        again = make.build("2026Q3")
    assert hashlib.sha256(make.to_pdf(again)).digest() == hashlib.sha256(pdf).digest()
    assert make.to_html(again) == make.to_html(brief)


def test_html_says_the_same_and_needs_nothing_else(brief: Brief) -> None:
    page = make.to_html(brief)
    words = flat(html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))))
    for text in texts(brief.blocks):
        assert flat(text) in words, text
    assert '<html lang="en-US">' in page
    assert not re.search(r'(?:src|href)="http', page)
    assert "<script" not in page
    assert page.count("<h1>") == 1
    assert 'role="img" aria-label="' in page


def test_synthetic_is_said_first(brief: Brief, reader: pypdf.PdfReader) -> None:
    assert "Synthetic sample data" in reader.pages[0].extract_text()[:200]
    assert all("Synthetic sample data" in p.extract_text() for p in reader.pages)


def test_pages_are_pictures_that_are_not_blank(brief: Brief) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(make.to_pdf(brief))
    try:
        for i in range(len(document)):
            gray = document[i].render(scale=0.5).to_pil().convert("L")
            dark = sum(gray.histogram()[:128]) / (gray.width * gray.height)
            assert 0.005 < dark < 0.3
    finally:
        document.close()
    assert all(p[:8] == b"\x89PNG\r\n\x1a\n" for p in make.to_pictures(brief))


@pytest.mark.real
def test_an_agency_is_late_only_when_none_of_its_layouts_is_complete(hubs: Any) -> None:
    last = pd.Period("2025-12", "M")
    said = texts(scorecard(open_hub(hubs.path("real"), read_only=True), last - 2, last))
    assert any("Agencies with complete figures through December 2025:" in line for line in said)
    assert not any("St. Louis Metropolitan Police" in line for line in said)


def test_what_the_council_is_asked_follows_rules(brief: Brief) -> None:
    assert any("paused since April 2026" in d for d in brief.decisions)
    assert any("Focus area B did 49" in d for d in brief.decisions)
    assert "two decisions needed" in " ".join(texts(brief.blocks))


@pytest.mark.parametrize(("quarter", "words"), [("2027Q1", "complete yet"), ("soon", "is no quarter"),
                                                ("2026", "is no quarter")])  # fmt: skip
def test_a_quarter_that_cannot_be_told_is_refused(
    quarter: str, words: str, sample: Path, answered: None
) -> None:
    with make.showing(sample), pytest.raises(make.BriefError, match=words):
        make.build(quarter)


def test_editions_are_immutable_and_listed(brief: Brief, tmp_path: Path) -> None:
    first = make.publish(brief, tmp_path)
    assert make.publish(brief, tmp_path) == first
    other = replace(brief, footer="corrected")
    with pytest.raises(make.BriefError, match="Give a reason"):
        make.publish(other, tmp_path)
    second = make.publish(other, tmp_path, reason="a late file changed one place")
    assert [e.key for e in make.editions(tmp_path)] == ["2026Q3-2", "2026Q3-1"]
    assert second.reason
    file = tmp_path / "briefs" / first.pdf
    file.chmod(0o644)
    file.write_bytes(b"%PDF-1.7 forged")
    with pytest.raises(make.BriefError, match="was changed"):
        make.editions(tmp_path)


def test_the_command(sample: Path, tmp_path: Path, answered: None) -> None:
    go = CliRunner().invoke
    target = tmp_path / "b.pdf"
    done = go(app, ["brief", "--hub", str(sample), "--quarter", "2026Q3", "--out", str(target)])
    assert done.exit_code == 0, done.output
    assert target.read_bytes()[:5] == b"%PDF-"
    for wrong in (["--quarter", "2027Q1", "--hub", str(sample)], ["--quarter", "2026Q3"],
                  ["--quarter", "2026Q3", "--hub", str(tmp_path / "nowhere")]):  # fmt: skip
        assert go(app, ["brief", "--out", str(target), *wrong]).exit_code == 1
    assert go(app, ["brief", "--quarter", "2026Q3", "--hub", str(sample), "--out", "b.doc"]).exit_code == 1


def test_template_evaluate_and_intake_commands(sample: Path, tmp_path: Path) -> None:
    go = CliRunner().invoke
    first = go(app, ["template", "--out", str(tmp_path / "t")])
    assert first.exit_code == 0
    assert {p.name for p in (tmp_path / "t").iterdir()} == {
        "deployments.csv", "activities.csv", "milestones.csv", "meetings.csv", "glossary.csv", "README.txt",
    }  # fmt: skip
    assert go(app, ["template", "--out", str(tmp_path / "t")]).exit_code == 1
    listed = go(app, ["evaluate", "--hub", str(sample), "--register"])
    assert listed.exit_code == 0
    assert "declared" in listed.output
    assert go(app, ["evaluate", "--hub", str(sample), "--measure", "joy"]).exit_code == 1
    hub = str(tmp_path / "hub")
    go(app, ["import", str(sample / "deployments.csv"), "--hub", hub])
    looked = go(app, ["intake", "check", str(sample / "activities.csv"), "--hub", hub, "--who", "A"])
    assert looked.exit_code == 0, looked.output
    file_id = re.search(r"\(([0-9a-f]{12})\)", looked.output)
    assert file_id is not None
    assert go(app, ["intake", "accept", file_id[1], "--hub", hub, "--who", "B"]).exit_code == 0
    log = go(app, ["intake", "log", "--hub", hub])
    assert log.exit_code == 0
    assert "as they were written" in log.output


def test_a_release_keeps_its_briefs_ready_to_be_set(
    brief: Brief, pdf: bytes, sample: Path, answered: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(council_brief, "QUARTERS", 1)
    made = released.briefs(sample, "council", 3)
    assert list(made) == ["council_brief/2026Q3"]
    text = made["council_brief/2026Q3"]
    files = {
        "answers/council_brief/2026Q3.json": codec.dumps(text),
        "answers/council_brief/2026Q4.json": codec.dumps("No month of it is complete yet."),
    }
    for name, content_ in {**files, manifest.FILE: manifest.sealed({"audience": "council"}, files)}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content_)
    again = make.kept(tmp_path, "2026q3")
    assert again is not None
    assert make.to_pdf(again) == pdf
    assert make.to_html(again) == make.to_html(brief)
    assert texts(again.blocks) == texts(brief.blocks)
    assert make.kept(tmp_path, "2025Q1") is None
    with pytest.raises(make.BriefError, match="complete yet"):
        make.kept(tmp_path, "2026Q4")
    target = tmp_path.parent / "from_release.pdf"
    command = ["brief", "--release", str(tmp_path), "--quarter", "2026Q3", "--out", str(target)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert target.read_bytes() == pdf
    (tmp_path / "answers/council_brief/2026Q3.json").write_bytes(codec.dumps(text.replace("2026", "2036")))
    with pytest.raises(ReleaseError, match="was changed"):
        make.kept(tmp_path, "2026Q3")


def test_setting_a_kept_brief_loads_no_page_and_no_engine() -> None:
    code = (
        "import sys; import dashboard.brief; from analysis.data.release import manifest; "
        "print([m for m in ('streamlit', 'altair', 'ibis', 'scipy', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
