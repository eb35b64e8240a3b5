"""Reachability: for every token a text that produces it, alone or inside a longer text, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from audit.audit_results import Reach, ReachSummary
from audit.engines import EncodedTokens, Engine
from audit.results import CheckResult, Finding
from audit.structure import token_finding
from audit.token_text import TokenText, Utf8Class
from audit.witnesses import contexts, fragment_contexts
from corpora.display import show_bytes, show_text
from trainer.vocabulary import Vocabulary

_TITLE = "Every token is reachable"


@dataclass(frozen=True, slots=True)
class Reachability:
    """One token's state. `witness` is a text that produces it, "" when none was found.

    `merged` says that merging its own bytes makes it; then it also occurs inside longer pretokens
    (the span-isolation lemma, TRAINING_AND_AUDIT §3.1). Without it only whole-piece lookup emits the token.
    """

    token: TokenText
    state: Reach
    witness: str
    merged: bool


def check_reach(
    vocabulary: Vocabulary, texts: Sequence[TokenText], encoded: EncodedTokens, engines: Sequence[Engine]
) -> CheckResult:
    """Findings for tokens that are not simply reachable; the first engine searches for witnesses."""
    if not engines:
        return CheckResult("reach", _TITLE, 0, (), "no library can encode with this vocabulary")
    states = reach_tokens(vocabulary, texts, encoded, engines[0])
    findings = tuple(finding for state in states if (finding := _finding(state)))
    return CheckResult("reach", _TITLE, len(texts), findings)


def summarize(examined: int, check: CheckResult) -> ReachSummary:
    """The three states' sizes, from the check's findings; all zero when the check was skipped."""
    if check.skipped:
        return ReachSummary(0, 0, 0)
    orphans = sum(finding.severity == "error" for finding in check.findings)
    in_context = sum(finding.message.startswith(_IN_CONTEXT) for finding in check.findings)
    return ReachSummary(examined - orphans - in_context, in_context, orphans)


def reach_tokens(
    vocabulary: Vocabulary, texts: Sequence[TokenText], encoded: EncodedTokens, engine: Engine
) -> list[Reachability]:
    """The state of every token, by id. Cut tokens are direct when merging their own bytes makes them."""
    unmerged = set(vocabulary.orphans)
    alone = {token.id: ids for token, ids in zip(encoded.tokens, encoded.ids[0], strict=True)}
    return [_state(text, alone.get(text.id), text.id not in unmerged, engine) for text in texts]


def _state(token: TokenText, alone: list[int] | None, merged: bool, engine: Engine) -> Reachability:
    if alone == [token.id]:
        return Reachability(token, "direct", token.text, merged)
    if alone is not None:
        witness = find_witness(token.id, contexts(token.text), engine)
        return Reachability(token, "in-context" if witness else "orphan", witness, merged)
    if token.utf8 is Utf8Class.NEVER:
        return Reachability(token, "direct" if merged else "orphan", "", merged)
    witness = find_witness(token.id, fragment_contexts(token), engine)
    return Reachability(token, "direct" if merged or witness else "orphan", witness, merged)


def find_witness(id_: int, candidates: Iterator[str], engine: Engine) -> str:
    """The first candidate text whose ids contain `id_`, or ""."""
    return next((text for text in candidates if id_ in engine.encode([text])[0]), "")


_IN_CONTEXT = "produced only inside longer text"


def _finding(reach: Reachability) -> Finding | None:
    token = reach.token
    make: Callable[..., Finding] = token_finding
    if reach.state == "orphan":
        why = "no text found that the pattern keeps whole" if reach.merged else "no merge makes it"
        return make("reach", "error", token.id, token.bytes, f"orphan: {why}")
    if reach.state == "in-context":
        return make(
            "reach", "note", token.id, token.bytes, _IN_CONTEXT, f"witness: {show_text(reach.witness)}"
        )
    if not reach.merged and len(token.bytes) > 1:
        message = "emitted only as a whole pretoken; inside a longer one never"
        return make("reach", "warning", token.id, token.bytes, message)
    if token.utf8 not in (Utf8Class.WHOLE, Utf8Class.NEVER) and not reach.witness:
        message = "a cut character for which no text was found that produces it"
        return make("reach", "note", token.id, token.bytes, message, show_bytes(token.bytes))
    return None


def orphan_ids(checks: Sequence[CheckResult]) -> frozenset[int]:
    """The ids of the tokens that no text produces, from the findings of `check_reach`."""
    found = (finding for check in checks if check.check == "reach" for finding in check.findings)
    return frozenset(
        finding.id for finding in found if finding.severity == "error" and finding.id is not None
    )
