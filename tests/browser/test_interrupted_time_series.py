"""The workbench in a browser: nothing is fitted before Run, a link runs as it is, and axe finds nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def open_page(browser: Browser, url: str, width: int, height: int, scheme: str) -> Page:
    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.goto(url)
    expect(page.locator("h1").first).to_be_visible(timeout=30_000)
    return page


def text_of(page: Page) -> str:
    return page.locator("[data-testid=stMain]").inner_text()


@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(1280, 900, "light"), (390, 844, "dark")], ids=["screen", "phone"]
)
def test_axe_finds_nothing_on_a_run(
    browser: Browser, servers: Any, hubs: Any, width: int, height: int, scheme: str
) -> None:
    url = f"{servers.url(hubs.path('sample'), 'researcher')}/interrupted_time_series?control=yes"
    page = open_page(browser, url, width, height, scheme)
    expect(page.get_by_role("button", name="Program (Python)")).to_be_visible(timeout=120_000)
    page.wait_for_timeout(800)
    assert page.locator("[data-testid=stException]").count() == 0
    assert not re.search(r"\b(nan|NaN|None|inf|NaT)\b", text_of(page))
    wide = page.evaluate("() => { const m = document.querySelector('[data-testid=stMain]');"
                         " return m.scrollWidth - m.clientWidth; }")  # fmt: skip
    assert wide <= 1
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert found.violations_count == 0, found.generate_report()
    page.context.close()


def test_nothing_is_fitted_before_run_and_the_link_holds_the_run(
    browser: Browser, servers: Any, hubs: Any
) -> None:
    url = f"{servers.url(hubs.path('sample'), 'researcher')}/interrupted_time_series"
    page = open_page(browser, url, 1280, 900, "light")
    expect(page.get_by_text("Nothing has been fitted yet")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Gradual").click()
    page.wait_for_timeout(300)
    # The preset fills the form in a run of its own; Run before its end would send the form as it was.
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')", timeout=60_000)
    page.wait_for_timeout(1500)
    expect(page.get_by_text("Nothing has been fitted yet")).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("button", name="Program (Python)")).to_be_visible(timeout=120_000)
    assert "run=1" in page.url
    assert "slope=yes" in page.url
    headline = page.locator("[data-testid=stMain] h2").first.inner_text()
    assert headline.startswith("Your specification: ")
    again = open_page(browser, page.url, 1280, 900, "light")
    expect(again.get_by_role("button", name="Program (Python)")).to_be_visible(timeout=120_000)
    assert again.locator("[data-testid=stMain] h2").first.inner_text() == headline
    again.context.close()
    page.context.close()
