"""A model behind an OpenAI-compatible endpoint (POST …/chat/completions), with retries for busy servers."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from audit.probe.records import AnswerLost, Ask, Reply
from corpora.errors import WinnowError, WrongCall

_BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})  # answered with "not now", so not answered
_LONGEST_WAIT = 60.0
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SHOWN = 300
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{0,9})?")
_MOST_TOKENS = 1 << 62  # what a journal can hold


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """Where and how to ask. The key is read from the environment variable `key_variable`, from nowhere else.

    `backoff` is the first wait in seconds before a retry; it doubles, up to a minute.
    """

    url: str
    model: str
    key_variable: str
    temperature: float
    max_tokens: int
    timeout: float
    retries: int
    backoff: float
    parallel: int


class Endpoint:
    """An open connection pool; a context manager. Raises WrongCall without httpx or with an unsafe URL."""

    def __init__(self, options: EndpointOptions) -> None:
        try:
            import httpx
        except ImportError as error:
            raise WrongCall(
                "asking an endpoint needs httpx", hint="pip install 'winnow-bpe[probe]'"
            ) from error
        self._httpx: Any = httpx
        self._options = options
        key = os.environ.get(options.key_variable, "")
        _require_safe(options.url, key)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(headers=headers, timeout=options.timeout)

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def parallel(self) -> int:
        """How many questions may be under way at once."""
        return self._options.parallel

    def answer(self, ask: Ask) -> Reply:
        """Ask, and again while the server says that it is busy.

        Raises AnswerLost when the connection broke after the question was sent, WinnowError for a refusal.
        """
        for attempt in range(self._options.retries + 1):
            response = self._post(ask)
            if response.status_code not in _BUSY:
                return self._read(response)
            if attempt < self._options.retries:
                time.sleep(self._wait(attempt, response))
        raise WinnowError(
            f"still busy after {self._options.retries} retries: HTTP {response.status_code}",
            where=self._options.url,
            hint="the same command goes on from here; a lower --rate may help",
        )

    def _post(self, ask: Ask) -> Any:
        body = {
            "model": self._options.model,
            "messages": [{"role": "user", "content": ask.prompt}],
            "temperature": self._options.temperature,
            "max_tokens": self._options.max_tokens,
        }
        url = self._options.url.rstrip("/") + "/chat/completions"
        try:
            return self._client.post(url, json=body)
        except (self._httpx.ConnectError, self._httpx.ConnectTimeout, self._httpx.PoolTimeout) as error:
            raise WinnowError(f"cannot be reached: {error}", where=self._options.url) from error
        except self._httpx.HTTPError as error:
            raise AnswerLost from error

    def _wait(self, attempt: int, response: Any) -> float:
        """What the server asks for, else the back-off."""
        asked = response.headers.get("retry-after", "")
        wanted = float(asked) if _SECONDS.fullmatch(asked) else self._options.backoff * 2.0**attempt
        return min(wanted, _LONGEST_WAIT)

    def _read(self, response: Any) -> Reply:
        if response.status_code != 200:
            raise WinnowError(
                f"HTTP {response.status_code}: {' '.join(response.text.split())[:_SHOWN]}",
                where=self._options.url,
                hint=f"the key is read from ${self._options.key_variable}"
                if response.status_code in (401, 403)
                else None,
            )
        try:
            record = response.json()
            text = record["choices"][0]["message"]["content"] or ""
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise WinnowError("the answer is not a chat completion", where=self._options.url) from error
        usage = record.get("usage")
        tokens = usage if isinstance(usage, dict) else {}
        whole = str(text).encode("utf-8", "replace").decode()  # half a surrogate pair cannot be written down
        return Reply(whole, _count(tokens.get("prompt_tokens")), _count(tokens.get("completion_tokens")))


def _count(value: object) -> int | None:
    """A number of tokens, where it is one."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TOKENS:
        return value
    return None


def _require_safe(url: str, key: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongCall(f"not an endpoint: {url!r}", hint="--endpoint https://HOST/v1")
    if key and parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise WrongCall("the key would be sent in the clear", where=url, hint="an https:// endpoint")
