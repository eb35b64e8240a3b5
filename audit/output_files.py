"""An audit or a comparison into an output folder: run once, write every file, the manifest last."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from audit.auditing import AuditOptions, audit_vocabulary, identify
from audit.comparing import DiffOptions, compare_vocabularies
from audit.output_formats import to_jsonl
from audit.policy import load_policy
from audit.records import audit_record, diff_record
from audit.report import write_diff_report, write_report
from corpora.errors import WrongCall
from corpora.files import write_json, write_text
from corpora.manifest import MANIFEST_NAME, FileHash, Manifest, hash_file, write_manifest
from corpora.outputs import AlreadyFinished, fingerprint, output_folder
from corpora.progress import Progress
from trainer.vocabulary import Vocabulary

FINDINGS, AUDIT, DIFF, REPORT = "findings.jsonl", "audit.json", "diff.json", "report.html"


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
            counts = {"tokens": result.size, "scored": result.scored, "flagged": result.flagged}
            seconds = {"audit": time.monotonic() - started}
            manifest = Manifest(
                "audit", sys.argv[1:], configuration, inputs, _hash_outputs(out, (FINDINGS, AUDIT, REPORT)),
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
    vocabularies: tuple[Vocabulary, Vocabulary],
    options: DiffOptions,
    *,
    force: bool,
    progress: Progress,
) -> bool:
    """Compare into a folder; whether the two differ. A finished folder only answers again."""
    configuration = {"a": vocabularies[0].name, "b": vocabularies[1].name, "all": options.score_all}
    configuration["lists"] = options.use_lists
    inputs = options.corpus.hashes() if options.corpus else []
    identities = [identify(vocabulary) for vocabulary in vocabularies]
    call = fingerprint("diff", configuration, [identities, inputs])
    started = time.monotonic()
    try:
        with output_folder(out, call, force=force) as folder:
            result = compare_vocabularies(*vocabularies, options, progress.say)
            write_json(out / DIFF, diff_record(result))
            write_diff_report(result, out / REPORT)
            counts = {"shared": result.shared, "only_a": result.only_a, "only_b": result.only_b}
            seconds = {"diff": time.monotonic() - started}
            manifest = Manifest(
                "diff", sys.argv[1:], configuration, inputs, _hash_outputs(out, (DIFF, REPORT)),
                counts, seconds, folder.fingerprint, {"vocabularies": identities},
            )  # fmt: skip
            write_manifest(out / MANIFEST_NAME, manifest)
    except AlreadyFinished as note:
        progress.say(f"winnow: {note}")
        return bool(_read(out / DIFF)["different"])
    progress.say(f"report: {out / REPORT}")
    return result.different


def audit_configuration(options: AuditOptions) -> dict[str, Any]:
    """The resolved options as the manifest records them; files by name, their hashes are inputs."""
    return {
        "ban": list(options.bans),
        "policy": options.policy,
        "all": options.score_all,
        "lists": options.use_lists,
        "against": list(options.against),
        "corpus": options.corpus.name if options.corpus else None,
    }


def _input_hashes(options: AuditOptions) -> list[FileHash]:
    files = [path for path in (options.counts, options.merges) if path is not None]
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
