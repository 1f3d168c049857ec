"""A real browser, Debian's Chromium driven by playwright. Keeps its complaints and the addresses that it requests."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.support.tiers import needs

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
# for pytestmark: the slice, and a skip where there is no browser
IN_BROWSER = [pytest.mark.browser, needs("chromium", CHROMIUM is not None, "apt-get install chromium")]
SECONDS = 30.0


@dataclass(slots=True)
class Seen:
    """`complaints` are console errors and uncaught errors; `requests` are addresses."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def browsing(address: str, **context: Any) -> Iterator[Seen]:
    """The page once its charts are drawn."""
    with sync_playwright() as playwright:
        # a container's root has no user namespaces to make a sandbox of
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_context(**context).new_page()
            seen = Seen(page)
            page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: seen.complaints.append(str(error)))
            page.on("request", lambda request: seen.requests.append(request.url))
            page.goto(address)
            page.wait_for_selector("body.drawn", timeout=SECONDS * 1_000)
            yield seen
        finally:
            browser.close()
