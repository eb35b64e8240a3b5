"""The `pre_tokenizer` of a `tokenizer.json`, read back into one regex where one regex says it all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corpora.errors import WinnowError

# The regex inside Hugging Face's ByteLevel step (tokenizers, pre_tokenizers/byte_level.rs), from GPT-2.
BYTE_LEVEL_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
WHOLE_TEXT_PATTERN = r"[\s\S]+"  # no splitting at all


@dataclass(frozen=True, slots=True)
class PreTokenizer:
    """One regex; or, when several steps split one after the other, `single_pattern` false and a note."""

    pattern: str
    single_pattern: bool = True
    notes: tuple[str, ...] = ()


def read_pre_tokenizer(step: dict[str, Any] | None, where: str) -> PreTokenizer:
    """Read the step: ByteLevel, Split, or a Sequence of them.

    Raises WinnowError for a Split whose pattern is missing.
    """
    steps = _steps(step)
    patterns = [pattern for part in steps if (pattern := _pattern(part, where)) is not None]
    notes = [note for part in steps if (note := _surprise(part)) is not None]
    if len(patterns) > 1:
        notes.append("several steps split the text one after the other; one pattern cannot say that")
    pattern = "|".join(patterns) if patterns else WHOLE_TEXT_PATTERN
    return PreTokenizer(pattern, single_pattern=not notes, notes=tuple(notes))


def _steps(step: dict[str, Any] | None) -> list[dict[str, Any]]:
    if step is None:
        return []
    if step.get("type") != "Sequence":
        return [step]
    inner = step.get("pretokenizers")
    return [part for child in inner for part in _steps(child)] if isinstance(inner, list) else []


def _pattern(step: dict[str, Any], where: str) -> str | None:
    """The regex by which one step splits; None when it does not split."""
    if step.get("type") == "ByteLevel":
        return BYTE_LEVEL_PATTERN if step.get("use_regex", True) else None
    if step.get("type") != "Split":
        return None
    rule = step.get("pattern")
    regex = rule.get("Regex") if isinstance(rule, dict) else None
    if not isinstance(regex, str):
        raise WinnowError("a Split step without a regular expression", where=where)
    return regex


def _surprise(step: dict[str, Any]) -> str | None:
    """What a step does that a pattern cannot say; None when nothing."""
    kind = step.get("type")
    if kind == "ByteLevel":
        return "a space is put before the text (add_prefix_space)" if step.get("add_prefix_space") else None
    if kind != "Split":
        return f"the pre-tokenizer step {kind} is not modelled"
    # Matches are the pieces: kept between the gaps (Isolated), or all that is kept (Removed, inverted).
    behaviour = (step.get("behavior"), bool(step.get("invert")))
    if behaviour in {("Isolated", False), ("Isolated", True), ("Removed", True)}:
        return None
    return f"the Split step's behaviour {behaviour[0]} (invert {str(behaviour[1]).lower()}) is not modelled"
