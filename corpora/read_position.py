"""How far this process has read its input files, compressed ones too: where their descriptors stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_DESCRIPTORS = Path("/proc/self/fd")  # Linux; elsewhere nothing is known
_POSITIONS = Path("/proc/self/fdinfo")


@dataclass(frozen=True, slots=True)
class Position:
    """Bytes of the input files that are read, of so many."""

    done: int
    total: int


class ReadPosition:
    """Watches files that are read one after the other, in the order given."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._order = {str(path.resolve()): number for number, path in enumerate(dict.fromkeys(paths))}
        self._sizes = [Path(name).stat().st_size for name in self._order]

    def now(self) -> Position | None:
        """Where the reading stands; None when no file of them is open, or the system does not tell."""
        found = [(self._order[name], at) for name, at in _open_files() if name in self._order]
        if not found:
            return None
        number, at = max(found)
        return Position(sum(self._sizes[:number]) + min(at, self._sizes[number]), sum(self._sizes))


def _open_files() -> list[tuple[str, int]]:
    """The path and position of every open descriptor."""
    try:
        numbers = [path.name for path in _DESCRIPTORS.iterdir()]
    except OSError:
        return []
    return [found for found in map(_open_file, numbers) if found is not None]


def _open_file(number: str) -> tuple[str, int] | None:
    """None when the descriptor was closed meanwhile."""
    try:
        name = str((_DESCRIPTORS / number).readlink())
        first, *_ = (_POSITIONS / number).read_text().splitlines()
    except OSError:
        return None
    return name, int(first.removeprefix("pos:"))
