"""The server of `winnow review`: who is answered, what a page can ask, and how the command ends."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from audit.review.api import ReviewApi
from audit.review.server import LARGEST_BODY, ReviewServer
from audit.review.session import Review
from banlists.schema import read_pack
from corpora.errors import WrongCall
from tests.audit.review_folders import named, opened

REASON = "stems of betting pages, read one by one"


class Page:
    """What the page does, by plain HTTP; every part of a request may be another one."""

    def __init__(self, server: ReviewServer, review: Review) -> None:
        self.server, self.review, self.said = server, review, []
        self.port = server.server_port
        self.home = f"/{server.secret}/"

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request; a header that is None is not sent."""
        origin = f"http://127.0.0.1:{self.port}"
        sent: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}"}
        if method != "GET":
            sent |= {"Origin": origin, "Content-Type": "application/json"}
            sent |= {"Content-Length": str(len(body or b""))}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response, response.read()

    def ask(self, name: str, **question: object) -> tuple[int, dict[str, Any]]:
        """One question of the page."""
        response, body = self.request("POST", self.home + name, json.dumps(question).encode())
        return response.status, json.loads(body)

    def key(self, text: str) -> str:
        """The key of a candidate."""
        return named(self.review, text).key


@pytest.fixture
def page(audited: Path, tmp_path: Path) -> Iterator[Page]:
    """A real server with a review of the small tokenizer."""
    with opened(audited / "audit", tmp_path) as review:
        said: list[str] = []
        with ReviewServer(ReviewApi(review, said.append)) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
            thread.start()
            page = Page(server, review)
            page.said = said
            yield page
            server.shutdown()
            thread.join()


def data_of(html: bytes) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html.decode(), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_page_is_whole_and_holds_no_markup_of_a_token(page: Page) -> None:
    response, body = page.request("GET", page.home)
    assert response.status == 200
    policy = response.headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "script-src 'sha256-"):
        assert rule in policy
    assert "unsafe" not in policy
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Python" not in response.headers["Server"]
    html = body.decode()
    assert html.count("<script") == 2 and "alert(1)</script>" not in html
    assert "\u202e" not in html
    assert not re.findall(r'(?:src|href)="(?!#)', html)
    data = data_of(body)
    tokens = {each["token"] for each in data["candidates"]}
    assert {"<script>alert(1)</script>中彩票", "\\u202e中彩票", "␣天天中彩票"} <= tokens
    assert data["states"][page.key("天天中彩票")]["status"] == "open"


REFUSALS = {
    "no secret": ({"path": "/"}, 404),
    "wrong secret": ({"path": "/" + "A" * 32 + "/"}, 404),
    "secret without its slash": ({"path": "SECRET"}, 404),
    "a path below": ({"path": "HOME../../etc/passwd"}, 404),
    "an encoded path": ({"path": "HOME%2e%2e/"}, 404),
    "a query": ({"path": "HOME?x=1"}, 404),
    "an absolute address": ({"path": "http://evil.example/SECRET/"}, 404),
    "another host": ({"Host": "evil.example"}, 403),
    "another host, our port": ({"Host": "evil.example:PORT"}, 403),
    "our host, another port": ({"Host": "127.0.0.1:1"}, 403),
    "no host": ({"Host": None}, 403),
    "a page that embeds": ({"Origin": "http://evil.example"}, 403),
    "a sandboxed page": ({"Origin": "null"}, 403),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_the_page_is_for_its_own_address_only(name: str, page: Page) -> None:
    headers, status = dict(REFUSALS[name][0]), REFUSALS[name][1]
    path = headers.pop("path", "HOME").replace("HOME", page.home).replace("SECRET", page.server.secret)
    told = {key: value and value.replace("PORT", str(page.port)) for key, value in headers.items()}
    response, body = page.request("GET", path, **told)
    assert response.status == status
    assert response.headers["Content-Type"] == "application/json"
    assert b"candidates" not in body and b"evil" not in body


FORGERIES: dict[str, tuple[dict[str, str | None], int]] = {
    "no origin": ({"Origin": None}, 403),
    "another origin": ({"Origin": "http://evil.example"}, 403),
    "our origin over https": ({"Origin": "https://127.0.0.1:PORT"}, 403),
    "localhost for 127.0.0.1": ({"Origin": "http://localhost:PORT"}, 403),
    "another host": ({"Host": "evil.example:PORT", "Origin": "http://evil.example:PORT"}, 403),
    "a form": ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "plain text": ({"Content-Type": "text/plain"}, 415),
    "no type": ({"Content-Type": None}, 415),
    "no length": ({"Content-Length": None}, 411),
    "a negative length": ({"Content-Length": "-1"}, 411),
    "a length that is no number": ({"Content-Length": "1O"}, 411),
    "too long": ({"Content-Length": str(LARGEST_BODY + 1)}, 413),
    "absurdly long": ({"Content-Length": "9" * 400}, 413),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_question_changes_nothing(name: str, page: Page, tmp_path: Path) -> None:
    headers, status = FORGERIES[name]
    told = {
        key.replace("-", "_"): value and value.replace("PORT", str(page.port))
        for key, value in headers.items()
    }
    body = json.dumps({"key": page.key("天天中彩票"), "decision": "reject"}).encode()
    response, _ = page.request("POST", page.home + "decide", body, **told)
    assert response.status == status
    assert (tmp_path / "review.jsonl").read_bytes() == b""


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_other_methods_are_not_served(method: str, page: Page) -> None:
    response, body = page.request(method, page.home)
    assert response.status == 501
    assert b"<" not in body and "Access-Control-Allow-Origin" not in response.headers


BAD_QUESTIONS = {
    "no JSON": b"nothing", "an array": b"[]", "a number": b"3", "an unknown key": b'{"path": "/etc/passwd"}',
    "no candidate": b'{"decision": "reject"}', "an unknown candidate": b'{"key": "zz", "decision": "reject"}',
    "an unknown decision": b'{"key": "zz", "decision": "delete"}', "broken UTF-8": b'{"key": "\xff"}',
    "nested too deep": b"[" * 50_000, "nothing at all": b"",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_QUESTIONS)
def test_a_bad_question_is_answered_in_words(name: str, page: Page, tmp_path: Path) -> None:
    response, body = page.request("POST", page.home + "decide", BAD_QUESTIONS[name])
    assert response.status == 400
    assert json.loads(body)["error"]
    assert (tmp_path / "review.jsonl").read_bytes() == b""
    assert page.request("POST", page.home + "nonsense", b"{}")[0].status == 404


def test_a_request_that_is_no_http_does_not_end_the_server(page: Page) -> None:
    for junk in (b"\x16\x03\x01 hello\r\n\r\n", b"GET\r\n\r\n", b"G" * 70_000 + b"\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", page.port), timeout=10) as connection:
            connection.sendall(junk)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    assert page.request("GET", page.home)[0].status == 200


def test_nobody_else_can_reach_it(page: Page) -> None:
    assert page.server.server_address[0] == "127.0.0.1"
    with pytest.raises(WrongCall, match=f"port {page.port}"):
        ReviewServer(page.server.api, page.port)
    assert len(page.server.secret) >= 32


def test_a_whole_review_by_http(page: Page, tmp_path: Path) -> None:
    lottery = page.key("买天天中彩票")
    status, found = page.ask("preview", key=lottery, kind="contains", pattern="彩票")
    assert (status, found["of"], found["unsuspected"]) == (200, "vocabulary", 2)
    status, found = page.ask("preview", key=lottery, kind="bytes")
    assert (found["pattern"], found["others"]) == ("买天天中彩票".encode().hex(), 0)
    status, answer = page.ask(
        "decide", key=lottery, decision="accept", kind="contains", pattern="中彩票", reason=REASON
    )
    assert status == 200 and answer["states"][lottery]["status"] == "accepted"
    covered = answer["states"][page.key("天天中彩票")]
    assert (covered["status"], covered["rule"], covered["listed"]) == ("covered", "contains 中彩票", False)
    assert (covered["kind"], covered["pattern"], covered["category"]) == ("text", "天天中彩票", "gambling")
    assert page.ask("decide", key=page.key("출장안마"), decision="accept", reason="short")[0] == 400
    assert page.ask("decide", key=page.key("출장안마"), decision="reject")[0] == 200
    status, answer = page.ask("undo")
    assert (status, answer["key"]) == (200, page.key("출장안마"))
    status, written = page.ask("finish")
    assert (status, written["entries"], written["findings"]) == (200, 1, [])
    assert data_of(page.request("GET", page.home)[1])["states"][lottery]["listed"] is True
    assert not page.server.api.ended.is_set()
    assert page.ask("close") == (200, {"ended": True})
    assert page.server.api.ended.wait(5)


def test_finish_writes_all_or_nothing(page: Page, tmp_path: Path) -> None:
    key = page.key("天天中彩票")
    assert page.ask("decide", key=key, decision="accept", reason=REASON)[0] == 200
    stone = '[list]\nid = "mine"\nversion = "1"\ntitle = "t"\n\n[[tombstone]]\npattern = "天天中彩票"\n' \
            'retired = 2026-01-01\nreason = "somebody else was here"\n'  # fmt: skip
    (tmp_path / "mine.toml").write_text(stone, encoding="utf-8")
    status, answer = page.ask("finish")
    assert status == 400 and "somebody else was here" in answer["error"]
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == stone
    assert page.ask("undo")[1]["key"] == key
    (tmp_path / "mine.toml").unlink()
    assert page.ask("decide", key=key, decision="accept", reason=REASON)[0] == 200
    status, answer = page.ask("finish")
    assert (status, answer["entries"], answer["findings"]) == (200, 1, [])
    assert answer["states"][key]["listed"] is True
    assert page.said == [f"1 entry written into {tmp_path / 'mine.toml'}"]
    assert [group.patterns for group in read_pack(tmp_path / "mine.toml").group] == [["天天中彩票"]]
    status, answer = page.ask("undo")
    assert status == 400 and "ban retire" in answer["error"]


def test_a_disk_that_fails_is_told_of_and_changes_nothing(page: Page, tmp_path: Path) -> None:
    page.review._journal._file.close()
    status, answer = page.ask("decide", key=page.key("天天中彩票"), decision="reject")
    assert status == 500 and "closed" in answer["error"] and page.said
    assert page.review.counts().rejected == 0


def started(folder: Path, audit: Path) -> tuple[subprocess.Popen[str], str]:
    """The command itself, and the address that it prints."""
    call = [
        sys.executable,
        "-m",
        "winnow",
        "review",
        str(audit),
        "--no-browser",
        "--list",
        str(folder / "mine.toml"),
    ]
    journal = ["--journal", str(folder / "review.jsonl"), "--format", "json"]
    run = subprocess.Popen([*call, *journal], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    line = next(line for line in run.stderr if line.startswith("review: "))
    return run, line.removeprefix("review: ").strip()


def question(url: str, name: str, **asked: object) -> dict[str, Any]:
    host, path = re.fullmatch(r"http://([^/]+)(/.*)", url).groups()
    connection = http.client.HTTPConnection(host, timeout=10)
    headers = {"Content-Type": "application/json", "Origin": f"http://{host}"}
    connection.request("POST", path + name, json.dumps(asked), headers)
    return json.loads(connection.getresponse().read())


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_the_same_command_goes_on(ended_by: signal.Signals, audited: Path, tmp_path: Path) -> None:
    key = "天天中彩票".encode().hex()
    run, url = started(tmp_path, audited / "audit")
    assert (
        question(url, "decide", key=key, decision="accept", reason=REASON)["states"][key]["status"]
        == "accepted"
    )
    run.send_signal(ended_by)
    output, errors = run.communicate(timeout=30)
    assert output == ""
    if ended_by == signal.SIGINT:
        assert run.returncode == 130
        assert "1 accepted" in errors and "the same command goes on" in errors and "Traceback" not in errors
    assert not (tmp_path / "mine.toml").exists(), "nothing is written before the page says so"

    run, url = started(tmp_path, audited / "audit")
    assert question(url, "finish")["entries"] == 1
    assert question(url, "close") == {"ended": True}
    output, errors = run.communicate(timeout=30)
    assert run.returncode == 0, errors
    record = json.loads(output)
    assert (record["accepted"], record["written"]) == (1, 1)
    assert read_pack(tmp_path / "mine.toml").group
