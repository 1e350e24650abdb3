"""What a person meets: every page, on a screen and a phone, in light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from dashboard.app import TITLES

SHAPES = {"screen": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@contextmanager
def opened(browser: Browser, url: str, *, shape: dict[str, int], scheme: str = "light") -> Iterator[Page]:
    """A page in a context of its own, watched for errors and for requests that leave this machine."""
    context = browser.new_context(viewport=shape, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
    page.on("console", lambda m: problems.append(f"console: {m.text}") if m.type == "error" else None)

    def watch(request: Any) -> None:
        host = urlsplit(request.url).hostname
        if host not in (None, "localhost", "127.0.0.1") and not request.url.startswith(("data:", "blob:")):
            problems.append(f"request to {host}: {request.url}")

    page.on("request", watch)
    page.goto(url)
    settle(page)
    try:
        yield page
        assert problems == []
    finally:
        context.close()


def settle(page: Page) -> None:
    """Wait until the page has run to its end."""
    expect(page.locator("h1").first).to_be_visible(timeout=30_000)
    # The footer is the last thing that every page writes.
    expect(page.get_by_text("Contact and corrections").first).to_be_attached(timeout=90_000)
    busy = ", ".join(f"[data-testid={name}]" for name in ("stStatusWidget", "stSkeleton", "stSpinner"))
    page.wait_for_function(f"() => !document.querySelector('{busy}')", timeout=90_000)
    page.wait_for_timeout(400)


def assert_sound(page: Page) -> None:
    """No exception on the page and no value that a person should never see."""
    assert page.locator("[data-testid=stException]").count() == 0
    text = page.locator("[data-testid=stMain]").inner_text()
    assert not re.search(r"\b(nan|NaN|None|inf|NaT)\b", text), re.findall(
        r".{30}\b(?:nan|NaN|None|inf|NaT)\b.{30}", text
    )


@pytest.mark.parametrize("name", TITLES)
@pytest.mark.parametrize("kind", ["sample", "real"])  # the others: tests/pages, without a browser
def test_opens_by_its_link(browser: Browser, servers: Any, hubs: Any, kind: str, name: str) -> None:
    url = servers.url(hubs.path(kind), "public")
    with opened(browser, f"{url}/{name}", shape=SHAPES["screen"]) as page:
        assert_sound(page)
        assert TITLES[name] in page.title()
        assert page.locator("[data-testid=stMain] h1").count() == 1
        says_so = "Synthetic sample data" in page.locator("[data-testid=stMain]").inner_text()
        assert says_so == (kind == "sample")
        if kind == "sample":
            assert_axe_finds_nothing(page)
        page.set_viewport_size({"width": 320, "height": 700})
        settle(page)
        assert_fits(page)


def assert_fits(page: Page) -> None:
    """Nothing has to be scrolled sideways."""
    wide = page.evaluate(
        """() => { const m = document.querySelector('[data-testid=stMain]');
             const d = document.documentElement;
             return [m.scrollWidth - m.clientWidth, d.scrollWidth - innerWidth]; }"""
    )
    assert max(wide) <= 1


def assert_axe_finds_nothing(page: Page) -> None:
    """WCAG 2.2 AA, as far as a program can tell."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert found.violations_count == 0, found.generate_report()


# Colours hang on the scheme and the arrangement on the width: a light screen and a dark phone see all.
@pytest.mark.parametrize("name", TITLES)
def test_a_dark_phone(browser: Browser, servers: Any, hubs: Any, name: str) -> None:
    url = servers.url(hubs.path("sample"), "public")
    with opened(browser, f"{url}/{name}", shape=SHAPES["phone"], scheme="dark") as page:
        assert_axe_finds_nothing(page)


def test_intake_is_there_for_staff_alone(browser: Browser, servers: Any, hubs: Any) -> None:
    url = servers.url(hubs.path("empty"), "hub")
    with opened(browser, f"{url}/intake", shape=SHAPES["phone"], scheme="dark") as page:
        assert_sound(page)
        assert page.get_by_text("Upload").count()
        assert_axe_finds_nothing(page)


def test_a_link_brings_back_the_view(browser: Browser, servers: Any, hubs: Any) -> None:
    url = servers.url(hubs.path("sample"), "public")
    with opened(browser, f"{url}/progress?place=stl_city&measure=homicide", shape=SHAPES["screen"]) as page:
        before = page.locator("[data-testid=stMain]").inner_text()
        assert "St. Louis City" in before
        page.reload()
        settle(page)
        assert "place=stl_city" in page.url
        assert page.locator("[data-testid=stMain]").inner_text() == before


@pytest.mark.parametrize(
    "name", ["hotspots", "evaluations", "interrupted_time_series", "synthetic_control", "data_and_methods"]
)
def test_what_researchers_see(browser: Browser, servers: Any, hubs: Any, name: str) -> None:
    url = servers.url(hubs.path("sample"), "researcher")
    with opened(browser, f"{url}/{name}", shape=SHAPES["screen"]) as page:
        assert_sound(page)
