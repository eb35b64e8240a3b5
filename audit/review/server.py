"""The server of a review: this machine only, behind an unguessable address, for one page of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import msgspec

from audit.review.api import ReviewApi
from audit.review.page import page_policy
from corpora.errors import WrongCall

HOST = "127.0.0.1"
LARGEST_BODY = 64 << 10  # bytes of a question
_PATIENCE = 10.0  # seconds that a connection may be silent
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address is the secret
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class ReviewServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1 for `url`; `port` 0 takes a free one. Raises WrongCall when a port is taken."""

    daemon_threads = True

    def __init__(self, api: ReviewApi, port: int = 0) -> None:
        self.api = api
        self.secret = secrets.token_urlsafe(24)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise WrongCall(f"port {port}: {error.strerror or error}", hint="another --port") from error

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/{self.secret}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle is no event."""


def serve(api: ReviewApi, port: int, ready: Callable[[str], None]) -> None:
    """Serve until the page ends the review, or KeyboardInterrupt; a question in work is answered first.

    `ready` gets the address as soon as it answers.
    """
    with ReviewServer(api, port) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            ready(server.url)
            api.ended.wait()
        finally:
            server.shutdown()
            thread.join()
            with api.busy:  # nothing is half written when the command ends
                pass


def refusal(headers: Message, port: int, *, asks: bool) -> tuple[int, str] | None:
    """Why a request is not answered, as status and words; None when it is this page's own.

    A Host of another name is a page whose name was turned to this address (DNS rebinding); an Origin of
    another place, or none, is a request that another page sends (forgery).
    """
    host = headers.get("Host", "")
    if host not in (f"{HOST}:{port}", f"localhost:{port}"):
        return 403, "this host is not served"
    origin = headers.get("Origin")
    if (asks or origin is not None) and origin != f"http://{host}":
        return 403, "this page may not ask"
    if asks and headers.get_content_type() != "application/json":
        return 415, "JSON is needed"
    return None


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    timeout = _PATIENCE
    server_version, sys_version = "winnow", ""

    def do_GET(self) -> None:
        """The page; nothing else can be had."""
        if self._refused(asks=False):
            return
        if self._asked_for() == "":
            self._send(200, self.server.api.page().encode(), "text/html; charset=utf-8")
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """One question of the page."""
        name = self._asked_for()
        if self._refused(asks=True):
            return
        if name is None or not self.server.api.knows(name):
            self.send_error(404)
            return
        body = self._body()
        if body is None:
            return
        status, record = self.server.api.answer(name, body)
        self._send(status, msgspec.json.encode(record), "application/json")
        if name == "close" and status == 200:
            self.server.api.ended.set()

    def _asked_for(self) -> str | None:
        """What follows the secret in the address; None without the secret."""
        _, _, rest = self.path.partition("/")
        secret, slash, name = rest.partition("/")
        known = secrets.compare_digest(secret.encode(errors="replace"), self.server.secret.encode())
        return name if known and slash else None

    def _refused(self, *, asks: bool) -> bool:
        why = refusal(self.headers, self.server.server_port, asks=asks)
        if why is not None:
            self.send_error(*why)
        return why is not None

    def _body(self) -> bytes | None:
        """The question; None when its size was refused."""
        digits = self.headers.get("Content-Length", "")
        if not (digits.isascii() and digits.isdecimal()):
            self.send_error(411)
            return None
        if len(digits) > 9 or int(digits) > LARGEST_BODY:
            self.send_error(413)
            return None
        return self.rfile.read(int(digits))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Every refusal is JSON, and says nothing of what was sent."""
        words = message if code in (403, 415) else HTTPStatus(code).phrase
        self._send(code, msgspec.json.encode({"error": words}), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.close_connection = True
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", f"{page_policy()}; frame-ancestors 'none'")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing: the log would hold the address."""
