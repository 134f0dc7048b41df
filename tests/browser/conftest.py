"""Chromium, as the machine has it, and the verification page in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PAGE = Path(__file__).parents[2] / "verifier" / "index.html"
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; where there is none the test is skipped, but in CI (`CI` set) it fails."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        reason = f"no browser: none of {', '.join(NAMES)} is on PATH"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield started
        started.close()


class VerifierPage:
    """The page from its file, without a network; `asked` are the addresses that it went for."""

    def __init__(self, browser: Browser, width: int = 1100, height: int = 900) -> None:
        self.context = browser.new_context(
            offline=True,
            viewport={"width": width, "height": height},
            accept_downloads=True,
        )
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.broken: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.broken.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.broken.append(message.text) if message.type == "error" else None,
        )
        self.page.goto(PAGE.as_uri())

    def drop(self, files: dict[str, bytes] | list[Path]) -> None:
        """Chooses the files in the page's own input and waits until they are computed."""
        before = self.page.locator("#files li").count()
        chosen: list[Any] = (
            [
                {"name": name, "mimeType": "application/octet-stream", "buffer": data}
                for name, data in files.items()
            ]
            if isinstance(files, dict)
            else files
        )
        self.page.set_input_files("#pick", chosen)
        self.page.wait_for_function(
            "count => document.querySelectorAll('#files li').length >= count"
            " && document.querySelector('#working').hidden"
            " && document.querySelector('.band:not(noscript *)')",
            arg=before + len(files),
        )

    def states(self) -> dict[str, str]:
        """The rows that the page shows: check → ok, failed, not checked."""
        return dict(
            self.page.eval_on_selector_all(
                "#checks [data-check]", "rows => rows.map(row => [row.dataset.check, row.dataset.state])"
            )
        )

    def ask(self, typed: str) -> str:
        """What the page answers to a search."""
        self.page.fill("#query", typed)
        self.page.evaluate("document.querySelector('#found').replaceChildren()")
        self.page.click("#search button[data-w=find]")
        self.page.wait_for_selector("#found > *")
        return self.page.inner_text("#found")

    def band(self) -> str:
        """What the band says."""
        return self.page.inner_text("#verdict")

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[VerifierPage]:
    """A fresh page; afterwards nothing was requested and nothing went wrong inside."""
    page = VerifierPage(browser)
    yield page
    asked, broken = page.asked, page.broken
    page.close()
    assert [address for address in asked if not address.startswith(("file:", "blob:"))] == []
    assert broken == []
