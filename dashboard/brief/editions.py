"""Editions: what was printed stays as it was; a correction is a new edition with its reason."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from dashboard.brief.blocks import Brief, BriefError
from dashboard.brief.typeset import to_html, to_pdf

FOLDER: Final = "briefs"


@dataclass(frozen=True, slots=True)
class Edition:
    """One printed brief.

    Attributes:
        quarter: such as "2026Q3". number: from 1; a correction is the next one.
        date: day of its figures. data_version: of the hub. headline: its first sentence.
        reason: why there is another edition; empty for the first.
        pdf, html: file names beside the list. pdf_sha256, html_sha256: hashes of their bytes.
    """

    quarter: str
    number: int
    date: str
    data_version: str
    headline: str
    reason: str
    pdf: str
    html: str
    pdf_sha256: str
    html_sha256: str

    @property
    def key(self) -> str:
        """Such as "2026Q3-1"."""
        return f"{self.quarter}-{self.number}"


def editions(folder: Path) -> list[Edition]:
    """Every edition under ``folder`` (a hub or a release), the newest first.

    Raises:
        BriefError: a file is missing or was changed after it was printed.
    """
    found = []
    for path in sorted((folder / FOLDER).glob("*.json")):
        one = Edition(**json.loads(path.read_text(encoding="utf-8")))
        for name, wanted in ((one.pdf, one.pdf_sha256), (one.html, one.html_sha256)):
            file = path.parent / Path(name).name
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != wanted:
                raise BriefError(
                    f"Edition {one.key}: the file {name} is missing or was changed after printing."
                )
        found.append(one)
    return sorted(found, key=lambda e: (e.quarter, e.number), reverse=True)


def publish(brief: Brief, folder: Path, *, reason: str = "") -> Edition:
    """Keep a brief as an edition; the same bytes are the same edition, others need a reason.

    Raises:
        BriefError: the quarter has an edition already, this one differs, and no reason is given.
    """
    pdf, page = to_pdf(brief), to_html(brief).encode("utf-8")
    before = [e for e in editions(folder) if e.quarter == brief.quarter]
    digest = hashlib.sha256(pdf).hexdigest()
    if same := next((e for e in before if e.pdf_sha256 == digest), None):
        return same
    if before and not reason.strip():
        raise BriefError(
            f"There is an edition of {brief.quarter} already, and its figures differ. Give a reason to print "
            f"edition {before[0].number + 1}; the first stays as it is."
        )
    number = max((e.number for e in before), default=0) + 1
    stem = f"sln_brief_{brief.quarter}_{number}"
    one = Edition(
        brief.quarter, number, brief.date, brief.data_version, brief.description, reason.strip(),
        f"{stem}.pdf", f"{stem}.html", digest, hashlib.sha256(page).hexdigest(),
    )  # fmt: skip
    target = folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    _once(target / one.pdf, pdf)
    _once(target / one.html, page)
    _once(target / f"{stem}.json", json.dumps(asdict(one), ensure_ascii=False, indent=1).encode("utf-8"))
    return one


def _once(path: Path, content: bytes) -> None:
    """Write a new file, whole, and make it read-only; an existing one with other content is refused."""
    if path.exists():
        if path.read_bytes() != content:
            raise BriefError(f"{path.name} exists with other content; an edition is never changed.")
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.chmod(0o444)
    partial.replace(path)
