"""The markers of leaked tool calls, read from `markers.toml`, and where they stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

import msgspec

from audit.leaks.records import Evidence
from corpora.errors import WinnowError

_FILE = Path(__file__).with_name("markers.toml")


class Marker(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One marker: a regular expression that is tried only where one of the `needles` stands.

    `addressed` markers count only in a text with the address of a tool call; those `beside_others`
    only beside evidence of another kind. `hit` and `ok` are the marker's own tests.
    """

    name: str
    points: int
    reason: str
    needles: tuple[str, ...]
    pattern: str
    hit: tuple[str, ...]
    ok: tuple[str, ...]
    addressed: bool = False
    beside_others: bool = False

    @cached_property
    def shape(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return re.compile(self.pattern)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    marker: tuple[Marker, ...]


@cache
def load_markers() -> tuple[Marker, ...]:
    """The markers that come with the tool. Raises WinnowError when the file is damaged."""
    try:
        markers = msgspec.toml.decode(_FILE.read_bytes(), type=_File).marker
        for marker in markers:
            marker.shape  # noqa: B018 - compiled now, so that a broken pattern is told of at once
    except (OSError, msgspec.DecodeError, re.error) as error:
        raise WinnowError(f"cannot be read: {error}", where=_FILE.name) from error
    return markers


ADDRESS = "call-address"


def find_markers(text: str) -> Iterator[Evidence]:
    """Every marker's places in `text`."""
    addressed = False
    for marker in load_markers():
        if (marker.addressed and not addressed) or not any(needle in text for needle in marker.needles):
            continue
        for match in marker.shape.finditer(text):
            addressed = addressed or marker.name == ADDRESS
            yield Evidence(marker.name, match.start(), match.end(), marker.points, marker.reason)


@cache
def names_beside_others() -> frozenset[str]:
    """The markers that say nothing alone."""
    return frozenset(marker.name for marker in load_markers() if marker.beside_others)
