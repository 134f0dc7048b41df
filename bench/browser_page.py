"""The verifier's page in headless Chromium against its own bare hash loop, 132,000 objects.

    python -m bench.browser_page [small|full]

The page measures itself (`index.html#bench`): files in to picture out, and `H(key ‖ id)` over the
same ids, in turn, seven times.  It also says how long its longest task was: nobody may find it
frozen.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.figure import Line, figure

PAGE = Path(__file__).parents[1] / "verifier" / "index.html"
OBJECTS = 132_000
WAIT_MS = 300_000
SAID = "drawbridge-bench "
TARGET, FROZEN_MS = 0.4, 200


def measured(objects: int) -> dict[str, float]:
    """What the page says of itself."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            page = browser.new_page()
            with page.expect_console_message(
                lambda message: message.text.startswith(SAID), timeout=WAIT_MS
            ) as said:
                page.goto(f"{PAGE.as_uri()}#bench={objects}")
            found: dict[str, float] = json.loads(said.value.text.removeprefix(SAID))
            return found
        finally:
            browser.close()


def run(scale: str) -> Iterator[Line]:
    """Two lines: objects per second, and the longest task in milliseconds."""
    found = measured(OBJECTS)
    bare = {"its bare hash loop": found["bare_per_s"], "its plain hash loop": found["plain_per_s"]}
    yield figure(
        "verifier.page", OBJECTS, found["page_per_s"], found["ratio"], TARGET, peers=bare, page=found
    )
    longest = found["longest_task_ms"]
    yield figure(
        "verifier.page, longest task in ms", OBJECTS, longest, longest / FROZEN_MS, 1.0, at_most=True
    )


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
