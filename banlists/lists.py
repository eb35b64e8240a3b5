"""Find ban lists by name or path, read them, and make one list of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from banlists.banlist import BanList, PackFile
from banlists.compilation import compile_allows, compile_groups
from banlists.entries import SEVERITIES, Entry
from banlists.schema import Pack, read_pack
from corpora.errors import WrongCall, unknown_name
from corpora.files import sha256_file

PACKS = Path(__file__).parent / "packs"

__all__ = [
    "BanList",
    "LoadedPack",
    "builtin_names",
    "load_ban_lists",
    "load_packs",
    "make_ban_list",
    "require_name",
]


@dataclass(frozen=True, slots=True)
class LoadedPack:
    """One file, read and compiled; `entries` holds only the severities that were asked for."""

    path: Path
    pack: Pack
    file: PackFile
    entries: tuple[Entry, ...]
    allows: tuple[Entry, ...]


def builtin_names() -> list[str]:
    """The names of the built-in packs, sorted."""
    return sorted(path.stem for path in PACKS.glob("*.toml"))


def load_ban_lists(names: Sequence[str]) -> BanList:
    """Load lists by name and make one of them.

    A name is a built-in pack (`zh-gambling`), a set of all built-in packs (`core`; `extended` holds
    core; `full` holds both; none holds experimental groups), or the path of a file. The order of names
    does not matter to what is banned. Raises WrongCall for an unknown name, a broken file, and two
    files with one list id.
    """
    return make_ban_list(load_packs(names))


def load_packs(names: Sequence[str]) -> list[LoadedPack]:
    """Load lists by name as `load_ban_lists`, each file once."""
    loaded: dict[Path, LoadedPack] = {}
    for name in names:
        for pack in _load_name(name):
            before = loaded.get(pack.path)
            if before is None or len(before.entries) < len(pack.entries):
                loaded[pack.path] = pack
    _refuse_same_id(loaded.values())
    return list(loaded.values())


def make_ban_list(packs: Iterable[LoadedPack]) -> BanList:
    """One list of several packs: allow beats disable, disable beats ban, whichever file says so."""
    packs = list(packs)
    disabled = {rule.rule for each in packs for rule in each.pack.disable}
    entries = [
        entry
        for each in packs
        for entry in each.entries
        if entry.name not in disabled and f"{entry.name}/{entry.pattern}" not in disabled
    ]
    allows = [allow for each in packs for allow in each.allows]
    return BanList(entries, allows, [each.file for each in packs])


def load_file(path: Path, shown_as: str | None = None) -> LoadedPack:
    """Read and compile one file; `shown_as` replaces its path in reports and manifests."""
    pack = read_pack(path)
    file = PackFile(pack.info.id, pack.info.version, shown_as or str(path), sha256_file(path))
    return LoadedPack(path, pack, file, compile_groups(pack, path), compile_allows(pack, path))


def require_name(name: str) -> None:
    """Raise WrongCall unless `name` is a built-in pack, a set of packs, or a file that is there."""
    if name in _known() or Path(name).is_file():
        return
    if Path(name).suffix or "/" in name:
        raise WrongCall("no such ban list", where=name, hint=f"built in: {', '.join(_known())}")
    raise unknown_name("ban list", name, _known())


def _load_name(name: str) -> list[LoadedPack]:
    require_name(name)
    if name in SEVERITIES:
        taken = SEVERITIES[: SEVERITIES.index(name) + 1]
        return [_only(_load_builtin(each), taken) for each in builtin_names()]
    if name in builtin_names():
        return [_load_builtin(name)]
    return [load_file(Path(name))]


def _load_builtin(name: str) -> LoadedPack:
    return load_file(PACKS / f"{name}.toml", shown_as=f"builtin:{name}")


def _only(loaded: LoadedPack, severities: Sequence[str]) -> LoadedPack:
    entries = tuple(
        entry for entry in loaded.entries if entry.severity in severities and entry.status == "stable"
    )
    return LoadedPack(loaded.path, loaded.pack, loaded.file, entries, loaded.allows)


def _known() -> list[str]:
    return [*SEVERITIES, *builtin_names()]


def _refuse_same_id(packs: Iterable[LoadedPack]) -> None:
    seen: dict[str, LoadedPack] = {}
    for each in packs:
        other = seen.setdefault(each.file.id, each)
        if other is not each:
            raise WrongCall(
                f"list id {each.file.id!r} is also that of {other.file.path}",
                where=each.file.path,
                hint="rename one of them",
            )
