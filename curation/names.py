"""Many short texts in one block of memory: a text costs its own bytes and one more."""

from __future__ import annotations

_END = b"\xff"  # stands in no UTF-8


class Names:
    """Texts by their places: those of a thousand million documents would not fit as Python's strings."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, name: str) -> int:
        """Keep a text; return its place."""
        place = len(self._data)
        self._data += name.encode("utf-8", "surrogatepass") + _END
        return place

    def at(self, place: int) -> str:
        """The text at a place that `add` returned."""
        return self._data[place : self._data.index(_END, place)].decode("utf-8", "surrogatepass")
