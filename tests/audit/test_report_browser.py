"""report.html in a real browser: no errors, no requests; search, filters, sorting and narrow screens work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.report import write_diff_report, write_report

BINARY = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip

# Puts the pipe's two ends on descriptors 3 and 4, whatever is open there, and becomes the browser.
LAUNCH = (
    "import fcntl, os, sys\n"
    "ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]\n"
    "os.dup2(ends[0], 3); os.dup2(ends[1], 4)\n"
    "os.execv(sys.argv[3], sys.argv[3:])"
)

pytestmark = pytest.mark.skipif(BINARY is None, reason="no Chromium is installed")


class Browser:
    """A headless Chromium, driven over its debugging pipe (file descriptors 3 and 4, messages end in NUL)."""

    def __init__(self, profile: str) -> None:
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                LAUNCH,
                str(commands),
                str(answers),
                str(BINARY),
                *FLAGS,
                f"--user-data-dir={profile}",
            ],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._rest = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    _session: str | None = None

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, path: Path) -> None:
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def run(self, script: str) -> Any:
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def of(self, *methods: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("method") in methods]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._commands)
        os.close(self._answers)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            block = os.read(self._answers, 1 << 16)
            assert block, "the browser went away"
            self._rest += block
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@pytest.fixture(scope="module", name="browser")
def browser_fixture() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        yield browser
        browser.close()


@pytest.fixture(name="opened")
def opened_fixture(browser: Browser, realistic_result, tmp_path: Path) -> Browser:
    """The browser with the realistic report open."""
    write_report(realistic_result, tmp_path / "report.html")
    browser.open(tmp_path / "report.html")
    return browser


ROWS = "[...document.querySelectorAll('table[data-enhance=tokens-tools] tbody tr')].filter(r => !r.hidden)"


def test_pages_open_without_errors_and_ask_for_nothing(
    browser: Browser, realistic_result, hostile_result, tmp_path: Path
) -> None:
    for number, result in enumerate((realistic_result, hostile_result)):
        for write, value in ((write_report, result), (write_diff_report, result.diffs[0])):
            path = tmp_path / f"{number}.html"
            write(value, path)
            browser.open(path)
            assert browser.run("document.querySelectorAll('h1').length") == 1
            asked = [event["params"]["request"]["url"] for event in browser.of("Network.requestWillBeSent")]
            assert set(asked) <= {path.as_uri()}
            assert not browser.of("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
            assert not browser.of("Page.javascriptDialogOpening")
            assert browser.run("document.querySelectorAll('script').length") == 1


def test_nothing_can_be_fetched_from_the_page(opened: Browser) -> None:
    script = (
        "new Promise(done => { const image = new Image(); image.onerror = () => done('refused');"
        "image.onload = () => done('loaded');"
        "image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='; document.body.append(image) })"
    )
    answer = opened.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
    assert answer["result"]["value"] == "refused"


def test_search_and_filters_leave_only_what_matches(opened: Browser) -> None:
    everything = opened.run(f"{ROWS}.length")
    search = "document.querySelector('#tokens-tools input')"
    opened.run(f"{search}.value = 'КАЗИНО'; {search}.dispatchEvent(new Event('input'))")
    assert opened.run(f"{ROWS}.length") == 1
    assert "1 of" in opened.run("document.querySelector('#tokens-tools output').textContent")
    opened.run(f"{search}.value = ''; {search}.dispatchEvent(new Event('input'))")
    select = "document.querySelector('#tokens-tools select')"
    opened.run(f"{select}.value = 'adult'; {select}.dispatchEvent(new Event('change'))")
    assert opened.run(f"{ROWS}.length") == 2 < everything


def test_headings_sort_and_say_so(opened: Browser) -> None:
    button = "document.querySelector('table[data-enhance=tokens-tools] th button')"
    scores = f"{ROWS}.map(r => parseFloat(r.cells[0].dataset.v))"
    opened.run(f"{button}.click()")
    assert opened.run(f"{button}.closest('th').getAttribute('aria-sort')") == "descending"
    opened.run(f"{button}.click()")
    assert opened.run(f"{button}.closest('th').getAttribute('aria-sort')") == "ascending"
    ascending = opened.run(scores)
    assert ascending == sorted(ascending) and len(ascending) > 5


@pytest.mark.parametrize("width", [360, 800, 1_600])
def test_the_page_never_scrolls_sideways(opened: Browser, width: int) -> None:
    opened.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
    )
    assert opened.run("document.documentElement.scrollWidth") <= width
    opened.call("Emulation.clearDeviceMetricsOverride")


def test_dark_is_dark(opened: Browser) -> None:
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    opened.call("Emulation.setEmulatedMedia", features=features)
    red, green, blue = opened.run(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert red + green + blue < 120
    opened.call("Emulation.setEmulatedMedia", features=[])


def test_the_keyboard_reaches_every_control(opened: Browser) -> None:
    count = opened.run(
        "[...document.querySelectorAll('button, input, select, summary, [role=region], nav a')]"
        ".filter(e => e.tabIndex < 0).length"
    )
    assert count == 0
