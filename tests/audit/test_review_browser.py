"""The page of `winnow review` in a real browser: keys, filters, finishing, and tokens that stay text."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from audit.review.api import ReviewApi
from audit.review.server import ReviewServer
from audit.review.session import Review
from banlists.schema import read_pack
from tests.audit.browser import BINARY, Browser
from tests.audit.review_folders import named, opened

pytestmark = pytest.mark.skipif(BINARY is None, reason="no Chromium is installed")


@pytest.fixture(scope="module", name="browser")
def browser_fixture() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        yield browser
        browser.close()


class Desk:
    """A review, its server, and the browser that shows it."""

    def __init__(self, browser: Browser, review: Review, server: ReviewServer) -> None:
        self.browser, self.review, self.server = browser, review, server
        self.run = browser.run
        browser.open(server.url)

    def press(self, key: str) -> None:
        """Press a key as a person does."""
        text = key if len(key) == 1 else ""
        self.browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.browser.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def until(self, script: str, wanted: object = True) -> None:
        """Wait until a script says what is wanted."""
        end = time.monotonic() + 20
        while (found := self.run(script)) != wanted:
            assert time.monotonic() < end, (script, found)
            time.sleep(0.02)

    def shown(self) -> str:
        """The token on the card."""
        return str(self.run("document.querySelector('.card .token').textContent"))

    def statuses(self) -> list[str]:
        """Where every candidate stands, for the server."""
        return [self.review.states()[each.key].status for each in self.review.source.candidates]


@pytest.fixture(name="desk")
def desk_fixture(browser: Browser, audited: Path, tmp_path: Path) -> Iterator[Desk]:
    """The page of a fresh review."""
    with opened(audited / "audit", tmp_path) as review, ReviewServer(ReviewApi(review, print)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield Desk(browser, review, server)
        server.shutdown()
        thread.join()


def test_keys_decide_and_undo(desk: Desk) -> None:
    first = desk.shown()
    desk.press("r")
    desk.until("document.getElementById('counts').textContent.startsWith('0 accepted, 1 rejected')")
    assert desk.shown() != first and desk.statuses()[0] == "rejected"
    desk.press("s")
    desk.until("document.getElementById('counts').textContent.includes('1 skipped')")
    desk.press("u")
    desk.until("document.getElementById('counts').textContent.includes('0 skipped')")
    desk.press("u")
    desk.until("document.getElementById('counts').textContent.includes('0 rejected')")
    assert desk.shown() == first and set(desk.statuses()) == {"open"}
    desk.press("u")
    desk.until("document.getElementById('alert').textContent", "There is nothing to undo.")
    desk.press("j")
    second = desk.shown()
    desk.press("k")
    assert desk.shown() == first != second


def test_typing_into_a_field_decides_nothing(desk: Desk) -> None:
    desk.press("/")
    assert desk.run("document.activeElement.id") == "search"
    for key in "arsu":
        desk.press(key)
    assert desk.run("document.getElementById('search').value") == "arsu"
    assert desk.run("document.querySelectorAll('#list li').length") == 0
    assert desk.shown() == "Nothing is left here"
    assert set(desk.statuses()) == {"open"}
    search = "document.getElementById('search')"
    desk.run(f"{search}.value = '출장'; {search}.dispatchEvent(new Event('input'))")
    assert desk.shown() == "출장안마"
    desk.press("Escape")
    assert desk.run("document.activeElement.id") == "card"


def test_accepting_finishing_and_ending(desk: Desk, tmp_path: Path) -> None:
    search = "document.getElementById('search')"
    desk.run(f"{search}.value = '买天天'; {search}.dispatchEvent(new Event('input'))")
    for name, value in (("kind", "contains"), ("pattern", "中彩票")):
        field = f"document.getElementById('field-{name}')"
        desk.run(f"{field}.value = '{value}'; {field}.dispatchEvent(new Event('input'))")
    desk.until("document.getElementById('impact').textContent.includes('other tokens of the vocabulary')")
    desk.run("document.querySelector('.act.accept').click()")
    desk.until("document.getElementById('counts').textContent.startsWith('1 accepted')")
    assert "covered" in desk.statuses()
    desk.run("document.getElementById('finish').click()")
    desk.press("a")  # no key decides behind the dialog
    desk.run("document.querySelector('#dialog .main').click()")
    desk.until("document.getElementById('dialog-title').textContent", "1 entry written")
    assert "Lint has nothing to say" in desk.run("document.getElementById('dialog').textContent")
    assert [group.patterns for group in read_pack(tmp_path / "mine.toml").group] == [["中彩票"]]
    desk.run("document.querySelector('#dialog .main').click()")
    desk.until("document.getElementById('dialog-title').textContent", "The review has ended")
    assert desk.server.api.ended.is_set()


def test_hostile_tokens_stay_text_and_nothing_is_fetched(desk: Desk) -> None:
    for text, shown in (("<script>alert(1)</script>中彩票", "<script>alert(1)</script>中彩票"),
                        ("\u202e中彩票", "\\u202e中彩票")):  # fmt: skip
        key = named(desk.review, text).key
        desk.run(f"document.querySelector('[data-key=\"{key}\"]').click()")
        assert desk.shown() == shown
    assert desk.run("document.querySelectorAll('script').length") == 2
    assert not desk.browser.of("Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening")
    asked = [event["params"]["request"]["url"] for event in desk.browser.of("Network.requestWillBeSent")]
    assert all(url.startswith(desk.server.url) or url.endswith("/favicon.ico") for url in asked)


@pytest.mark.parametrize("width", [400, 800, 1_600])
def test_the_page_never_scrolls_sideways(desk: Desk, width: int) -> None:
    desk.browser.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
    )
    assert desk.run("document.documentElement.scrollWidth") <= width
    desk.browser.call("Emulation.clearDeviceMetricsOverride")
