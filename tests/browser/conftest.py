"""A real server and a real browser for the tests in this folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser; without one it is skipped with a reason, but never in CI."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None and not os.environ.get("SLN_REQUIRE_BROWSER"):
                item.add_marker(
                    pytest.mark.skip(reason="Chromium is not installed (Debian: apt install chromium)")
                )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    assert CHROMIUM, "Chromium is required here and was not found"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox", "--disable-quic", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--no-first-run",
                "--use-gl=swiftshader", "--enable-unsafe-swiftshader",
            ],
        )  # fmt: skip
        yield launched
        launched.close()


class Servers:
    """One ``sln serve`` a (hub, audience), started when first asked for."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._running: dict[tuple[str, str], tuple[subprocess.Popen[bytes], str]] = {}

    def url(self, hub: Path, audience: str) -> str:
        """Address of the running server."""
        key = (str(hub), audience)
        if key not in self._running:
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                port = s.getsockname()[1]
            command = [sys.executable, "-m", "dashboard.cli", "serve", "--hub", str(hub), "--no-prepare"]
            log = (self._base / f"server-{port}.log").open("wb")
            process = subprocess.Popen(
                [*command, "--audience", audience, "--port", str(port)], stdout=log, stderr=subprocess.STDOUT
            )
            url = f"http://localhost:{port}"
            self._wait(process, url, self._base / f"server-{port}.log")
            self._running[key] = (process, url)
        return self._running[key][1]

    @staticmethod
    def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"the server stopped: {log.read_text()}")
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                    if answer.read() == b"ok":
                        return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(f"the server did not become healthy: {log.read_text()}")

    def stop(self) -> None:
        """End all servers."""
        for process, _ in self._running.values():
            process.terminate()
        for process, _ in self._running.values():
            process.wait(timeout=20)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Running dashboards."""
    running = Servers(tmp_path_factory.mktemp("servers"))
    yield running
    running.stop()
