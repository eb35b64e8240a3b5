"""A real HTTP server with a small language model behind it, and a log of every question it answered."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str, float, int], str]
_ORDERS = (30, 22, 16, 12, 8, 5, 3, 2, 1)


class NGrams:
    """A character model trained by counting: the longest known context decides what comes next."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        for text in texts:
            for order in _ORDERS:
                for place in range(order, len(text)):
                    self._counts[text[place - order : place]][text[place]] += 1

    def answer(self, prompt: str, temperature: float, most: int) -> str:
        """Continue the prompt's text up to the end of a line."""
        chance = random.Random(f"{prompt}/{time.perf_counter_ns()}" if temperature else prompt)
        text = prompt + "\n"
        start = len(text)
        while len(text) - start < 4 * most:
            known = (self._counts[text[-order:]] for order in _ORDERS if text[-order:] in self._counts)
            counts = next(known, Counter({"?": 1}))
            text += chance.choices(list(counts), list(counts.values()))[0]
            if text.endswith("\n"):
                break
        return text[start:].strip()


@dataclass
class Log:
    """What the server did: prompts that the model answered, in order, and how many requests it refused."""

    answered: list[str] = field(default_factory=list)
    refused: int = 0
    keys: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Behaviour:
    """How busy the server is: every n-th request is turned away, each answer takes so many seconds."""

    busy_every: int = 0
    status: int = 429
    seconds: float = 0.0
    key: str | None = None


@contextmanager
def serve(answer: Answer, behaviour: Behaviour | None = None) -> Iterator[tuple[str, Log]]:
    """Serve a model on a free port; the endpoint's URL and the log come back."""
    log = Log()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answer, behaviour or Behaviour(), log))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", log
    finally:
        server.shutdown()
        server.server_close()


def _handler(answer: Answer, behaviour: Behaviour, log: Log) -> type[BaseHTTPRequestHandler]:
    requests = iter(range(1, 10**9))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with log.lock:
                number = next(requests)
                log.keys.add(self.headers.get("Authorization", ""))
                busy = behaviour.busy_every and number % behaviour.busy_every == 0
                log.refused += bool(busy)
            if self.path != "/v1/chat/completions":
                self._send(404, {"error": "no such path"})
            elif behaviour.key and self.headers.get("Authorization") != f"Bearer {behaviour.key}":
                self._send(401, {"error": "no such key"})
            elif busy:
                self._send(behaviour.status, {"error": "busy"}, {"Retry-After": "0.01"})
            else:
                self._answer(body)

        def _answer(self, body: dict[str, Any]) -> None:
            prompt = body["messages"][0]["content"]
            with log.lock:
                log.answered.append(prompt)
                text = answer(prompt, body["temperature"], body["max_tokens"])
            time.sleep(behaviour.seconds)
            usage = {"prompt_tokens": len(prompt), "completion_tokens": len(text)}
            self._send(
                200, {"choices": [{"message": {"role": "assistant", "content": text}}], "usage": usage}
            )

        def _send(self, status: int, record: dict[str, Any], headers: dict[str, str] | None = None) -> None:
            data = json.dumps(record).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # one test kills the asker
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    return Handler
