"""report.html in a real browser: no errors, no requests; search, filters, sorting and narrow screens work."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.report import write_diff_report, write_report
from tests.audit.browser import BINARY, Browser

pytestmark = pytest.mark.skipif(BINARY is None, reason="no Chromium is installed")


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
