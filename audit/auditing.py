"""One whole audit: load, check, score, compare, and put everything into one result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audit.audit_results import AuditResult
from audit.compression import Sample, compress, read_sample
from audit.corpus_facts import MERGES_NAME, read_corpus_summary, read_refused_merges
from audit.corpus_results import RefusedMerge
from audit.diff import DiffSide, diff_vocabularies
from audit.diff_results import DiffResult
from audit.engines import Engine, encode_tokens, make_engines, text_engine
from audit.merge_tree import MergeTree, check_merge_tree
from audit.norm_checks import check_norms, weight_files
from audit.policy import apply_policy, load_policy
from audit.reach import check_reach, orphan_ids, summarize
from audit.results import CheckResult, TokenScore
from audit.risk import RiskOptions, score_tokens
from audit.risk_features import core_of
from audit.risk_model import load_risk_model
from audit.round_trip import check_agreement, check_round_trip
from audit.scoring import evidence, evidence_lists
from audit.splitting import check_splitting
from audit.structure import check_structure
from audit.suspicious_text import check_texts
from audit.token_text import TokenText, read_tokens
from audit.usage import Usage, UsageFeatures, check_residues, measure_usage, read_counts, residue_ids
from audit.verdict_checks import check_bans, check_boilerplate, check_risk
from audit.vocabulary_shape import histogram, length_rows, script_rows
from corpora.documents import ReadOptions, open_corpus
from corpora.files import sha256_file
from trainer.load import load_tokenizer
from trainer.vocabulary import Vocabulary

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What one audit was asked for; see `winnow audit --help`."""

    counts: Path | None = None
    bans: tuple[str, ...] = ()
    policy: str = "default"
    score_all: bool = False
    use_lists: bool = True
    corpus: Path | None = None
    against: tuple[str, ...] = ()
    merges: Path | None = None
    weights: Path | None = None
    artifact: str = "tokenizer.json"  # the file that code scanning points at


def identify(vocabulary: Vocabulary) -> str:
    """SHA-256 over everything that decides how the vocabulary encodes, in hex."""
    digest = hashlib.sha256(vocabulary.pattern.encode())
    for id_ in sorted(vocabulary.tokens):
        digest.update(b"%d %s\n" % (id_, vocabulary.tokens[id_].hex().encode()))
    for text, id_ in sorted(vocabulary.special_tokens.items()):
        digest.update(b"special %d %s\n" % (id_, text.encode().hex().encode()))
    return digest.hexdigest()


def find_merges(tokenizer: str) -> Path | None:
    """The event log beside a tokenizer that `winnow train` wrote, if there is one."""
    path = Path(tokenizer)
    log = (path if path.is_dir() else path.parent) / MERGES_NAME
    return log if path.exists() and log.is_file() else None


def audit_vocabulary(vocabulary: Vocabulary, options: AuditOptions, say: Say) -> AuditResult:
    """Audit one vocabulary. Raises WrongCall or WinnowError for options that name broken or missing files."""
    policy = load_policy(options.policy)
    vocabulary = vocabulary.with_merges()
    texts = read_tokens(vocabulary.tokens)
    tree = MergeTree(vocabulary)
    say("checking structure, round trip and reachability")
    engines = make_engines(vocabulary)
    checks = [*check_structure(vocabulary, texts), *check_merge_tree(tree), *check_texts(texts)]
    encoded = encode_tokens(texts, engines)
    checks.append(check_reach(vocabulary, texts, encoded, engines))
    checks += [check_round_trip(encoded, engines), check_agreement(encoded, engines, vocabulary.pattern)]
    checks.append(check_splitting(vocabulary))
    usage = _usage(options, tree, engines)
    residues = check_residues(tree, usage)
    checks += [residues, check_bans(texts, options.bans)]
    say("scoring tokens")
    known = evidence(options.use_lists, options.bans, score_all=options.score_all)
    extra = _usage_features(usage, residues, texts)
    scores = score_tokens(texts, replace(known, extra=extra, unreachable=orphan_ids(checks)))
    checks += [check_risk(scores), check_boilerplate(scores)]
    if options.weights is not None:
        say("reading the weights")
    checks += check_norms(options.weights, vocabulary)
    result = _describe(vocabulary, texts, scores, checks, options)
    result = _compare(result, DiffSide(vocabulary, scores), engines, options, known, say)
    return replace(result, gate=apply_policy(policy, result.findings, result.checks))


def _usage(options: AuditOptions, tree: MergeTree, engines: Sequence[Engine]) -> Usage | None:
    if options.counts is None or not engines:
        return None
    return measure_usage(read_counts(options.counts), tree, engines[0])


def _usage_features(
    usage: Usage | None, residues: CheckResult, texts: Sequence[TokenText]
) -> UsageFeatures | None:
    if usage is None:
        return None
    return UsageFeatures(usage, residue_ids(residues), (core_of(text.text) for text in texts), len(texts))


def _describe(
    vocabulary: Vocabulary,
    texts: Sequence[TokenText],
    scores: Sequence[TokenScore],
    checks: Sequence[CheckResult],
    options: AuditOptions,
) -> AuditResult:
    flagged = {score.id for score in scores if score.flagged}
    reach = next(check for check in checks if check.check == "reach")
    return AuditResult(
        name=vocabulary.name,
        size=vocabulary.size,
        special_tokens=tuple(vocabulary.special_ids[id_] for id_ in sorted(vocabulary.special_ids)),
        pattern=vocabulary.pattern,
        threshold=load_risk_model().threshold,
        scored=len(scores),
        flagged=len(flagged),
        tokens=tuple(scores),
        histogram=histogram(scores),
        scripts=script_rows(texts, flagged),
        lengths=length_rows(texts, flagged),
        reach=summarize(len(texts), reach),
        checks=tuple(checks),
        refused=_refused(options),
        corpus=read_corpus_summary(options.corpus) if options.corpus else None,
        provenance=_provenance(vocabulary, options),
    )


def _refused(options: AuditOptions) -> tuple[RefusedMerge, ...]:
    return read_refused_merges(options.merges) if options.merges else ()


def _provenance(vocabulary: Vocabulary, options: AuditOptions) -> tuple[tuple[str, str], ...]:
    pairs = [("vocabulary SHA-256", identify(vocabulary))]
    pairs += [("note", note) for note in vocabulary.notes]
    for ban_list in evidence_lists(options.use_lists, options.bans):
        pairs += [(f"ban list {pack.id} {pack.version}", pack.sha256) for pack in ban_list.packs]
    for name, path in (("counts", options.counts), ("merges", options.merges)):
        if path is not None:
            pairs.append((f"{name} {path.name}", sha256_file(path)))
    if options.weights is not None:
        pairs += [(f"weights {path.name}", sha256_file(path)) for path in weight_files(options.weights)]
    return tuple(pairs)


def _compare(
    result: AuditResult,
    ours: DiffSide,
    engines: Sequence[Engine],
    options: AuditOptions,
    known: RiskOptions,
    say: Say,
) -> AuditResult:
    """Add the differences from every vocabulary of `--against`, and bytes per token on the corpus."""
    names, text_engines = [ours.vocabulary.name], list(engines[:1])
    diffs: list[DiffResult] = []
    for name in options.against:
        say(f"comparing with {name}")
        other = load_tokenizer(name).with_merges()
        diffs.append(diff_vocabularies(ours, DiffSide(other, score_tokens(read_tokens(other.tokens), known))))
        engine = text_engine(other)
        if engine is not None:
            names.append(other.name)
            text_engines.append(engine)
    result = replace(result, diffs=tuple(diffs))
    sample = _sample(options)
    if not engines or not sample.documents:
        return result
    return replace(result, compared=tuple(names), compression=compress(sample, text_engines))


def _sample(options: AuditOptions) -> Sample:
    if options.corpus is None:
        return Sample(())
    return read_sample(open_corpus([str(options.corpus)], ReadOptions()))
