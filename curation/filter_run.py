"""One `winnow filter` from call to manifest: claims the folder, filters, writes summary and manifest."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpora.documents import Corpus
from corpora.engine import over_files
from corpora.files import sha256_file, write_json
from corpora.machine import import_pandas_whole
from corpora.manifest import Manifest, NamedFile, hash_named, write_manifest
from corpora.outputs import fingerprint, output_folder, refuse_output_inside_inputs
from curation.caps import CAP_REASONS
from curation.clusters import CLUSTERS, write_clusters
from curation.duplicates import BOILERPLATE, EXACT, NEAR
from curation.judging import LANGUAGE_RULE
from curation.language_model import default_model_path
from curation.parts import DECISIONS
from curation.pipeline import Advance, FilterResult, FilterSettings, filter_corpus, no_advance
from curation.repetitions import BOILERPLATE_UNITS

SUMMARY = "summary.json"
# Why a document is dropped by what is no rule of a rule set; the rules tell their own reasons.
_OWN_REASONS = {
    LANGUAGE_RULE: "not in one of the languages asked for",
    EXACT: "the same text as an earlier document",
    NEAR: "nearly the same text as an earlier document",
    BOILERPLATE: "most of its n-grams stand in several earlier documents",
    BOILERPLATE_UNITS: "mostly lines that many documents of its source have",
    **CAP_REASONS,
}


def run_filter(
    corpus: Corpus, settings: FilterSettings, out: Path, command_line: Sequence[str],
    options: Mapping[str, Any], *, force: bool = False, advance: Advance = no_advance,
) -> FilterResult:  # fmt: skip
    """Filter `corpus` into the folder `out`; `options` are recorded in the manifest.

    Raises AlreadyFinished, WrongCall and WinnowError as `corpora.outputs.output_folder` and
    `curation.pipeline.filter_corpus` do.
    """
    started = time.perf_counter()
    refuse_output_inside_inputs(out, corpus.paths)
    configuration = {**options, **_configuration(settings)}
    with output_folder(out, fingerprint("filter", configuration, corpus.identity), force=force) as folder:
        settings.engine.check_folder(out)
        import_pandas_whole()
        result = filter_corpus(corpus, settings, out, advance)
        seconds = time.perf_counter() - started
        write_json(out / SUMMARY, result.tally.summary(seconds))
        write_clusters(sorted((out / DECISIONS).glob("part-*.parquet")), out / CLUSTERS)
        written = [*result.parts, out / CLUSTERS]
        named = [NamedFile(path.absolute(), str(path.relative_to(out))) for path in written]
        outputs = list(over_files(settings.engine, hash_named, named))
        counts = {
            "documents_in": result.tally.documents_in,
            "documents_kept": result.tally.documents_kept,
            "broken_records": result.tally.problems,
        }
        manifest = Manifest(
            command="filter",
            command_line=command_line,
            configuration=configuration,
            inputs=corpus.hashes(settings.engine),
            outputs=outputs,
            counts=counts,
            seconds={"total": seconds},
            call=folder.fingerprint,
        )
        write_manifest(out / "manifest.json", manifest)
    return result


def _configuration(settings: FilterSettings) -> dict[str, Any]:
    """What decides, in full: every rule, and the language model by its bytes. Workers do not count."""
    judge = settings.judge
    model = judge.lid_model or default_model_path()
    return {
        "languages": sorted(judge.languages),
        "language_options": judge.rules.language,
        "ban_lists": list(judge.rules.ban_lists),
        "lid_model_sha256": sha256_file(model),
        "rule_set": [rule_record(rule) for rule in judge.rules.rules],
        "duplicates": judge.rules.duplicates,
        "cluster_sizes": _digest(settings.cluster_sizes),
        "caps": settings.caps,
        "reasons": {**_OWN_REASONS, **{rule.name: rule.reason for rule in judge.rules.rules}},
    }


def _digest(cluster_sizes: Mapping[str, int] | None) -> str | None:
    if cluster_sizes is None:
        return None
    lines = "".join(f"{size} {name}\n" for name, size in sorted(cluster_sizes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def rule_record(rule: Any) -> dict[str, Any]:
    """A rule as built-in types in a stable order."""
    return {
        "name": rule.name,
        "condition": rule.condition,
        "when": list(rule.when),
        "languages": sorted(rule.languages),
        "not_languages": sorted(rule.not_languages),
        "scripts": sorted(rule.scripts),
        "cut": rule.cut,
    }
