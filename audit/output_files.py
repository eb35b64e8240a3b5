"""An audit or a comparison into an output folder: run once, write every file, the manifest last."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from audit.auditing import AuditOptions, audit_vocabulary, identify
from audit.comparing import Compared, DiffOptions, compare
from audit.diff_results import DiffResult
from audit.norm_checks import weight_files
from audit.output_formats import to_jsonl, to_markdown
from audit.policy import load_policy
from audit.records import audit_record, compared_record
from audit.report import write_diff_report, write_report
from audit.sarif import to_sarif
from corpora.errors import WrongCall
from corpora.files import write_json, write_text
from corpora.manifest import MANIFEST_NAME, FileHash, Manifest, hash_file, write_manifest
from corpora.outputs import AlreadyFinished, fingerprint, output_folder
from corpora.progress import Progress
from trainer.vocabulary import Vocabulary

FINDINGS, AUDIT, DIFF, REPORT = "findings.jsonl", "audit.json", "diff.json", "report.html"
SARIF, SUMMARY = "findings.sarif", "summary.md"
AUDIT_FILES = (FINDINGS, AUDIT, REPORT, SARIF, SUMMARY)


def audit_into(
    out: Path, vocabulary: Vocabulary, options: AuditOptions, *, force: bool, progress: Progress
) -> bool:
    """Audit into a folder; whether the policy passed. A finished folder only answers again."""
    configuration = audit_configuration(options)
    inputs = _input_hashes(options)
    policy = load_policy(options.policy)
    rules = [policy.limits, policy.allow, sorted(policy.baseline)]  # what it extends and its baseline, too
    call = fingerprint("audit", configuration, [identify(vocabulary), inputs, rules])
    started = time.monotonic()
    try:
        with output_folder(out, call, force=force) as folder:
            result = audit_vocabulary(vocabulary, options, progress.say)
            write_text(out / FINDINGS, to_jsonl(result.findings))
            write_json(out / AUDIT, audit_record(result))
            write_report(result, out / REPORT)
            write_text(out / SARIF, to_sarif(result.findings, options.artifact))
            write_text(out / SUMMARY, to_markdown(result))
            counts = {"tokens": result.size, "scored": result.scored, "flagged": result.flagged}
            seconds = {"audit": time.monotonic() - started}
            manifest = Manifest(
                "audit", sys.argv[1:], configuration, inputs, _hash_outputs(out, AUDIT_FILES),
                counts, seconds, folder.fingerprint, {"vocabulary": identify(vocabulary)},
            )  # fmt: skip
            write_manifest(out / MANIFEST_NAME, manifest)
    except AlreadyFinished as note:
        progress.say(f"winnow: {note}")
        return bool(_read(out / AUDIT)["gate"]["passed"])
    progress.say(f"report: {out / REPORT}")
    return result.gate is None or result.gate.passed


def diff_into(
    out: Path,
    vocabularies: Sequence[Vocabulary],
    options: DiffOptions,
    *,
    force: bool,
    progress: Progress,
) -> bool:
    """Compare two or more into a folder; whether they differ. A finished folder only answers again."""
    configuration = diff_configuration(vocabularies, options)
    inputs = options.corpus.hashes() if options.corpus else []
    identities = [identify(vocabulary) for vocabulary in vocabularies]
    call = fingerprint("diff", configuration, [identities, inputs])
    started = time.monotonic()
    try:
        with output_folder(out, call, force=force) as folder:
            result = compare(vocabularies, options, progress.say)
            write_json(out / DIFF, compared_record(result))
            write_diff_report(result, out / REPORT)
            seconds = {"diff": time.monotonic() - started}
            manifest = Manifest(
                "diff", sys.argv[1:], configuration, inputs, _hash_outputs(out, (DIFF, REPORT)),
                _diff_counts(result), seconds, folder.fingerprint, {"vocabularies": identities},
            )  # fmt: skip
            write_manifest(out / MANIFEST_NAME, manifest)
    except AlreadyFinished as note:
        progress.say(f"winnow: {note}")
        return bool(_read(out / DIFF)["different"])
    progress.say(f"report: {out / REPORT}")
    return result.different


def diff_configuration(vocabularies: Sequence[Vocabulary], options: DiffOptions) -> dict[str, Any]:
    """The resolved options of a comparison as the manifest records them."""
    names = [vocabulary.name for vocabulary in vocabularies]
    others = {"b": names[1]} if len(names) == 2 else {"others": names[1:]}
    return {"a": names[0], **others, "all": options.score_all, "lists": options.use_lists}


def _diff_counts(result: Compared) -> dict[str, int]:
    if isinstance(result, DiffResult):
        return {"shared": result.shared, "only_a": result.only_a, "only_b": result.only_b}
    return {"vocabularies": len(result.names), "intersections": len(result.intersections)}


def audit_configuration(options: AuditOptions) -> dict[str, Any]:
    """The resolved options as the manifest records them; files by name, their hashes are inputs."""
    return {
        "ban": list(options.bans),
        "policy": options.policy,
        "all": options.score_all,
        "lists": options.use_lists,
        "against": list(options.against),
        "corpus": options.corpus.name if options.corpus else None,
        "artifact": options.artifact,
    }


def _input_hashes(options: AuditOptions) -> list[FileHash]:
    files = [path for path in (options.counts, options.merges) if path is not None]
    files += weight_files(options.weights) if options.weights else []
    if options.corpus is not None:  # its parts, because its manifest and summary hold timings
        files += sorted(options.corpus.glob("*/*.parquet")) or [options.corpus / "decisions"]
    missing = next((path for path in files if not path.is_file()), None)
    if missing is not None:
        raise WrongCall("no such file", where=missing)
    named = [Path(name) for name in (*options.bans, options.policy) if Path(name).is_file()]
    return [hash_file(path, shown_as=path.name) for path in (*files, *named)]


def _hash_outputs(folder: Path, names: Sequence[str]) -> list[FileHash]:
    return [hash_file(folder / name, shown_as=name) for name in names]


def _read(path: Path) -> Mapping[str, Any]:
    record: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return record
