"""The candidates for other tools: magikarp's records of tokens, a configuration of garak's glitch probe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from audit.engines import Engine
from audit.probe.records import Candidate
from trainer.byte_alphabet import to_mapped
from trainer.vocabulary import Vocabulary

_BROKEN = "�"  # what decoding puts in place of bytes that are no character


def magikarp_lines(candidates: Sequence[Candidate], engine: Engine | None) -> bytes:
    """One JSON object a line, with the keys that magikarp's `load_verification_results` reads.

    `i` is the id; `category` is OK for a token that its own text encodes to, else magikarp's word for it.
    """
    own = [candidate for candidate in candidates if not candidate.control]
    return b"".join(msgspec.json.encode(_magikarp(candidate, engine)) + b"\n" for candidate in own)


def garak_config(candidates: Sequence[Candidate], vocabulary: Vocabulary) -> bytes:
    """A configuration for `garak --config FILE`, as JSON, which is YAML: the glitch probe's tokens replaced.

    garak sets a plugin's attributes from `plugins.probes.MODULE.CLASS`; `GlitchFull.glitch_tokens` is a
    list of strings. Tokens that are no text are left out.
    """
    texts = [candidate.text for candidate in candidates if not candidate.control and candidate.text]
    probe = {"GlitchFull": {"glitch_tokens": texts}}
    record = {
        "run": {"user_agent": f"glitch tokens of {vocabulary.name}"},
        "plugins": {"probe_spec": "glitch.GlitchFull", "probes": {"glitch": probe}},
    }
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def _magikarp(candidate: Candidate, engine: Engine | None) -> dict[str, Any]:
    return {
        "i": candidate.id,
        "raw_vocab": to_mapped(candidate.token),
        "category": _category(candidate, engine),
        "decoded": candidate.token.decode("utf-8", errors="replace"),
    }


def _category(candidate: Candidate, engine: Engine | None) -> str:
    if candidate.text is None:
        return "UNDECODEABLE"
    ids = [candidate.id] if engine is None else engine.encode([candidate.text])[0]
    if ids == [candidate.id]:
        return "OK"
    return "UNREACHABLE_SINGLE_TOKEN" if len(ids) == 1 else "UNREACHABLE_MULTI_TOKEN"
