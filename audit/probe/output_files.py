"""The files of a probe: a line for every token, a summary, the exports, and the manifest last."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from audit.engines import Engine
from audit.probe.exports import garak_config, magikarp_lines
from audit.probe.records import VERDICTS, TokenVerdict
from audit.probe.verdicts import membership_statement
from corpora.display import show_bytes, show_text
from corpora.files import write_bytes, write_json
from corpora.manifest import MANIFEST_NAME, SCHEMA_VERSION, FileHash, Manifest, hash_file, write_manifest
from corpora.outputs import OutputFolder
from trainer.vocabulary import Vocabulary

JOURNAL, PROBE, SUMMARY, MAGIKARP, GARAK = (
    "journal.jsonl", "probe.jsonl", "summary.json", "magikarp.jsonl", "garak.yaml",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProbeCall:
    """What the manifest says of the call: the resolved options and the inputs."""

    configuration: Mapping[str, Any]
    inputs: Sequence[FileHash]


def write_probe_files(
    folder: OutputFolder,
    verdicts: Sequence[TokenVerdict],
    vocabulary: Vocabulary,
    engine: Engine | None,
    call: ProbeCall,
) -> None:
    """Write probe.jsonl, summary.json, magikarp.jsonl, garak.yaml and manifest.json; the journal is there."""
    lines = b"".join(msgspec.json.encode(token_record(each)) + b"\n" for each in verdicts)
    candidates = [each.candidate for each in verdicts]
    write_bytes(folder.path / PROBE, lines)
    write_json(folder.path / SUMMARY, summary_record(verdicts))
    write_bytes(folder.path / MAGIKARP, magikarp_lines(candidates, engine))
    write_bytes(folder.path / GARAK, garak_config(candidates, vocabulary))
    names = [PROBE, SUMMARY, MAGIKARP, GARAK, *([JOURNAL] if (folder.path / JOURNAL).exists() else [])]
    manifest = Manifest(
        command="probe",
        command_line=sys.argv[1:],
        configuration=call.configuration,
        inputs=call.inputs,
        outputs=[hash_file(folder.path / name, shown_as=name) for name in names],
        counts={"tokens": len(verdicts), "answers": sum(len(each.answers) for each in verdicts)},
        call=folder.fingerprint,
    )
    write_manifest(folder.path / MANIFEST_NAME, manifest)


def token_record(each: TokenVerdict) -> dict[str, Any]:
    """One line of probe.jsonl; answers and tokens are safe to show, `bytes` is the truth."""
    candidate = each.candidate
    return {
        "id": candidate.id,
        "token": show_bytes(candidate.token),
        "bytes": candidate.token.hex(),
        "script": candidate.script,
        "category": candidate.category,
        "control": candidate.control,
        "source": candidate.why,
        "verdict": each.verdict,
        "score": each.score,
        "p": each.p,
        "why": show_text(each.why),
        "lost": each.lost,
        "kinds": [asdict(kind) for kind in each.kinds],
        "answers": [{**asdict(a), "text": show_text(a.text), "why": show_text(a.why)} for a in each.answers],
    }


def summary_record(verdicts: Sequence[TokenVerdict]) -> dict[str, Any]:
    """The probe as one JSON record: verdicts counted, of candidates and of controls; statement; tokens."""
    counted = {
        name: {verdict: sum(e.verdict == verdict for e in group) for verdict in VERDICTS}
        for name, group in (
            ("candidates", [each for each in verdicts if not each.candidate.control]),
            ("controls", [each for each in verdicts if each.candidate.control]),
        )
    }
    keys = ("id", "token", "bytes", "script", "category", "control", "verdict", "score", "p", "why", "lost")
    tokens = [{key: token_record(each)[key] for key in keys} for each in verdicts]
    return {
        "schema_version": SCHEMA_VERSION,
        **counted,
        "lost": sum(each.lost for each in verdicts),
        "membership": membership_statement(verdicts),
        "tokens": tokens,
    }
