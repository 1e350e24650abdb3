"""The ``sln`` command: exit codes, words, and what it leaves behind."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.data import open_hub
from dashboard.cli import app

run = CliRunner().invoke


@pytest.fixture
def monthly(root: Path) -> Path:
    """A small synthetic file in the tidy monthly layout."""
    return root / "data_samples" / "raw" / "rtci_panel.csv"


def test_help_names_every_command() -> None:
    text = run(app, ["--help"]).output
    for command in ("serve", "import", "check", "build", "sample"):
        assert command in text


@pytest.mark.parametrize("command", [["import"], ["check"], ["serve", "--port", "none"], ["nonsense"]])
def test_wrong_usage_is_2(command: list[str]) -> None:
    assert run(app, command).exit_code == 2


def test_import_then_the_same_again(tmp_path: Path, monthly: Path) -> None:
    hub = tmp_path / "hub"
    first = run(app, ["import", str(monthly), "--hub", str(hub)])
    assert first.exit_code == 0, first.output
    version = open_hub(hub).version
    again = run(app, ["import", str(monthly), "--hub", str(hub)])
    assert again.exit_code == 0
    assert "Nothing changed" in again.output
    assert open_hub(hub).version == version


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    result = run(app, ["import", str(tmp_path / "no.csv"), "--hub", str(tmp_path / "hub")])
    assert result.exit_code == 1
    assert "not found" in result.output


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"agency_id,month\n", "no rows"),
        (b"\x00\x01\x02\x03binary\x00" * 50, "text"),
        (b"alpha,beta\n1,2\n", "layout"),
        (gzip.compress(b"alpha,beta\n1,2\n", mtime=0), "layout"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    result = run(app, ["import", str(path), "--hub", str(tmp_path / "hub")])
    assert result.exit_code == 1
    assert word in result.output.lower()
    assert "Traceback" not in result.output


def test_one_refused_file_does_not_stop_the_others(tmp_path: Path, monthly: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"alpha,beta\n1,2\n")
    hub = tmp_path / "hub"
    result = run(app, ["import", str(bad), str(monthly), "--hub", str(hub)])
    assert result.exit_code == 1
    assert not open_hub(hub).is_empty


def test_check_names_agencies_and_what_is_wrong(tmp_path: Path, monthly: Path) -> None:
    hub = tmp_path / "hub"
    run(app, ["import", str(monthly), "--hub", str(hub)])
    result = run(app, ["check", "--hub", str(hub), "--all"])
    assert result.exit_code == 0, result.output
    for name in open_hub(hub).check().agencies["name"]:
        assert name in result.output


def test_check_of_nothing_says_how_to_begin(tmp_path: Path) -> None:
    result = run(app, ["check", "--hub", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "sln import" in result.output


def test_sample_will_not_write_over_something_else(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("do not lose me")
    result = run(app, ["sample", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert (tmp_path / "letter.txt").read_text() == "do not lose me"


AUTH = """[auth]
redirect_uri = "https://example.org/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "sln"
client_secret = "secret"
server_metadata_url = "https://login.example.org/.well-known/openid-configuration"
"""


def test_only_the_public_view_leaves_this_machine_without_signing_in(root: Path, tmp_path: Path) -> None:
    command = ["serve", "--hub", str(root / "data_samples"), "--address", "0.0.0.0"]
    for audience in ("council", "researcher", "hub"):
        result = run(app, [*command, "--audience", audience])
        assert result.exit_code == 1
        assert "this machine only" in result.output
        assert "[auth]" in result.output
    (tmp_path / "secrets.toml").write_text("[other]\n")
    result = run(app, [*command, "--audience", "council", "--secrets", str(tmp_path / "secrets.toml")])
    assert result.exit_code == 1
    assert "sets up no signing in" in " ".join(result.output.split())


def test_real_data_leave_this_machine_only_as_a_release(
    agency_hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the server was started")

    monkeypatch.setattr("os.execve", never)
    result = run(app, ["serve", "--hub", str(agency_hub), "--address", "0.0.0.0"])
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert "on this machine only" in said
    assert "sln build --hub" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (AUTH, "names nobody who may see the council view"),
        (AUTH + '[access]\nresearcher = ["a@b.org"]\n', "names nobody who may see the council view"),
        (AUTH + '[access]\ncouncil = "a@b.org"\n', "names nobody"),
        (AUTH.replace('client_id = "sln"\n', ""), "lacks client_id"),
        (AUTH.replace("0123456789abcdef0123456789abcdef", "short"), "cookie_secret has 5 characters"),
        (AUTH.replace("/oauth2callback", "/elsewhere"), "redirect_uri must be"),
        ("[auth", "cannot be read as TOML"),
    ],
)
def test_signing_in_that_cannot_work_is_refused_in_words(
    root: Path, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(text)
    hub = str(root / "data_samples")
    result = run(app, ["serve", "--hub", hub, "--audience", "council", "--secrets", str(file)])
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())


def test_build_makes_a_release_and_serve_refuses_a_touched_one(tmp_path: Path) -> None:
    hub, out = tmp_path / "hub", tmp_path / "release"
    open_hub(hub)
    made = run(app, ["build", "--hub", str(hub), "--out", str(out)])
    assert made.exit_code == 0, made.output
    assert "sln serve --release" in made.output
    again = run(app, ["build", "--hub", str(hub), "--out", str(out)])
    assert again.exit_code == 1
    assert "never changed" in again.output
    other = run(app, ["serve", "--release", str(out), "--audience", "council"])
    assert other.exit_code == 1
    assert "made for the public audience" in " ".join(other.output.split())
    both = run(app, ["serve", "--release", str(out), "--hub", str(hub)])
    assert both.exit_code == 1
    file = out / "series.json"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-2])
    touched = run(app, ["serve", "--release", str(out)])
    assert touched.exit_code == 1
    assert "series.json is cut short" in " ".join(touched.output.split())
    assert run(app, ["build", "--hub", str(tmp_path / "none"), "--out", str(out)]).exit_code == 1


def test_serve_of_a_missing_hub_says_how_to_make_one(tmp_path: Path) -> None:
    result = run(app, ["serve", "--hub", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "sln import" in result.output


def test_quarantined_rows_are_reported_with_their_place(tmp_path: Path, root: Path) -> None:
    hub = tmp_path / "hub"
    result = run(app, ["import", str(root / "data_samples" / "raw"), "--hub", str(hub)])
    aside = open_hub(hub).quarantine()
    assert "in quarantine" in result.output
    assert len(aside) > 0
    assert {"file", "line", "column", "value", "rule", "remedy"} <= set(aside.columns)
    assert pd.to_numeric(aside["line"]).ge(2).all()
