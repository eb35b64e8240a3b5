"""A removal on disk: which tokens went and why, the old ids' new ones, and the numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.display import show_bytes
from corpora.files import write_json, write_text
from corpora.manifest import SCHEMA_VERSION
from trainer.gguf import gguf_note
from trainer.removal import Ids, Removal
from trainer.text_cost import TextCost
from trainer.vocabulary import Vocabulary

if TYPE_CHECKING:
    from banlists.entries import Match

ID_REMAP = "id_remap.json"
REMOVED_TOKENS = "removed_tokens.txt"
SUMMARY = "summary.json"


def write_removal(
    folder: Path,
    before: Vocabulary,
    removal: Removal,
    banned: Mapping[int, Match],
    cost: TextCost,
    ids: Ids,
) -> None:
    """Write `removed_tokens.txt` and `summary.json`, and `id_remap.json` (old id → new) for compacted ids."""
    lines = _removed_lines(before, removal, banned)
    write_text(folder / REMOVED_TOKENS, "".join(f"{line}\n" for line in lines))
    write_json(folder / SUMMARY, removal_summary(before, removal, banned, cost, ids))
    if ids == "compact":
        write_json(folder / ID_REMAP, {str(old): new for old, new in sorted(removal.id_remap.items())})


def _removed_lines(before: Vocabulary, removal: Removal, banned: Mapping[int, Match]) -> Iterator[str]:
    """Id, token in brackets, its bytes in hex, and why: the ban entry, or the part it was built on."""
    parts = {made: (left, right) for left, right, made in before.with_merges().rules}
    removed = frozenset(removal.removed)
    for id_ in removal.removed:
        token = before.tokens[id_]
        if id_ in banned:
            why = f"banned by {banned[id_].entry}"
        else:
            part = next(part for part in parts[id_] if part in removed)
            why = f"built on {part} [{show_bytes(before.tokens[part])}]"
        yield f"{id_}\t[{show_bytes(token)}]\t{token.hex()}\t{why}"


def removal_summary(
    before: Vocabulary, removal: Removal, banned: Mapping[int, Match], cost: TextCost | None, ids: Ids
) -> dict[str, object]:
    """What `summary.json` holds; `cost` is None where no text was measured."""
    after = removal.vocabulary
    return {
        "schema_version": SCHEMA_VERSION,
        "tokenizer": before.name,
        "ids": ids,
        "tokens": {"before": before.size, "after": after.size},
        "rows": {"before": before.rows, "after": after.rows},
        "removed": {
            "all": len(removal.removed),
            "banned": len(banned),
            "dependents": len(removal.dependents),
            "dependents_unreachable_otherwise": len(removal.orphans),
        },
        "removed_by": dict(sorted(Counter(match.entry for match in banned.values()).items())),
        "text_cost": None if cost is None else _cost_record(cost),
        "gguf": gguf_note(after),
        "notes": list(after.notes),
    }


def _cost_record(cost: TextCost) -> dict[str, object]:
    before, after = cost.bytes_per_token
    return {
        "documents": cost.documents,
        "bytes": cost.bytes,
        "tokens": {"before": cost.tokens_before, "after": cost.tokens_after},
        "bytes_per_token": {"before": round(before, 6), "after": round(after, 6)},
        "change": round(cost.change, 6),
    }
