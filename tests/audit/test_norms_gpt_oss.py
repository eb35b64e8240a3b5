"""Published facts on gpt-oss-20b's input embeddings, reproduced on a matrix that is built to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from audit.norms.attribution import PUBLISHED_N, PUBLISHED_RHO
from audit.norms.records import NormScan, ScanOptions
from audit.norms.scan import scan_checkpoint
from audit.norms.tail import categorise
from banlists.lists import load_ban_lists
from tests.audit.norms_checkpoints import INPUT, OUTPUT, with_norms, write_tensors
from trainer.load import load_tokenizer
from trainer.vocabulary import Vocabulary
from trainer.weights import open_checkpoint

# fi-le.net/oss (19 September 2025) and magikarp's report openai_gpt_oss_20b.md.
ROWS, MEAN, STD = 201_088, 128.309, 14.289
LUMP_ROWS, LUMP_NORM = 936, 2.0
SOFT_THRESHOLD, SOFT_ROWS = 96.582, 11
UNTRAINED_TOKEN = bytes.fromhex("beb3e997a8")
HOTTEST_ASCII = ((44041, 246.7), (3490, 243.7), (84879, 235.1), (976, 233.2))
HOTTEST_OTHER = ((166343, 213.8), (187102, 212.8), (89721, 212.4), (181865, 207.8), (129320, 207.7))
LOWEST_SOFT = ((193278, 81.8549), (15362, 83.1738))
RESERVED = ((200016, 208.5), (200000, 200.3))  # reserved ids that are hotter than most tokens


@dataclass(frozen=True)
class Facts:
    ascii: tuple[tuple[int, float], ...] = HOTTEST_ASCII
    other: tuple[tuple[int, float], ...] = HOTTEST_OTHER
    soft: tuple[tuple[int, float], ...] = LOWEST_SOFT


def built_to(facts: Facts) -> np.ndarray:
    """Norms with the published extremes, and a body between them that brings mean and σ to the digit."""
    random = np.random.default_rng(1)
    vocabulary = load_tokenizer("o200k_base")
    fixed = dict([*facts.ascii, *facts.other, *facts.soft, *RESERVED])
    ordinary = random.permutation([id_ for id_ in vocabulary.tokens if id_ not in fixed and id_ > 300])
    fixed |= dict(
        zip(ordinary[: SOFT_ROWS - len(facts.soft)].tolist(), np.linspace(84, 96, 11), strict=False)
    )
    low = [vocabulary.ids_of[bytes([byte])] for byte in (0xC4, 0xBF, *range(0xF5, 0x100))]
    low.append(vocabulary.ids_of[UNTRAINED_TOKEN])
    low += range(ROWS - (LUMP_ROWS - len(low)), ROWS)
    fixed |= dict(zip(low, random.uniform(1.9, 2.1, LUMP_ROWS).tolist(), strict=True))
    norms = np.zeros(ROWS)
    norms[list(fixed)] = list(fixed.values())
    free = np.flatnonzero(norms == 0)
    shape = np.clip(random.gamma(9.0, size=free.size), None, 26.0)
    shape = (shape - shape.mean()) / shape.std()
    mean = (MEAN * ROWS - norms.sum()) / free.size
    squares = ((STD**2 + MEAN**2) * ROWS - (norms**2).sum()) / free.size
    norms[free] = mean + np.sqrt(squares - mean**2) * shape
    assert norms[free].min() > SOFT_THRESHOLD
    assert norms[free].max() < 194
    return norms


def scanned(folder: Path, facts: Facts) -> NormScan:
    vocabulary = load_tokenizer("o200k_base")
    rows = with_norms(built_to(facts), 8)
    tensors = {INPUT: rows, OUTPUT: with_norms(np.full(ROWS, 3.0), 8, seed=1)}
    path = write_tensors(folder / "model.safetensors", tensors)
    named = {id_: vocabulary.tokens[id_] for id_, _ in (*facts.ascii, *facts.other)}
    few = Vocabulary("few", named, {}, vocabulary.pattern)  # categories of all tokens would take seconds
    categories = categorise(few, load_ban_lists(["core"]))
    return scan_checkpoint(open_checkpoint(path), vocabulary, categories, ScanOptions(duplicates=False))


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> NormScan:
    return scanned(tmp_path_factory.mktemp("gpt-oss"), Facts())


def test_shape_mean_and_deviation(scan: NormScan) -> None:
    assert (scan.input.tensor.rows, scan.embeddings.tied) == (ROWS, False)
    assert scan.input.measures.mean == pytest.approx(MEAN, abs=5e-4)
    assert scan.input.measures.std == pytest.approx(STD, abs=5e-4)


def test_the_low_lump(scan: NormScan) -> None:
    lump = scan.input.lump
    vocabulary = scan.labels.vocabulary
    assert vocabulary is not None
    assert (lump.found, len(lump.ids), lump.method) == (True, LUMP_ROWS, "gap")
    assert lump.norm == pytest.approx(LUMP_NORM, abs=0.05)
    for token in (UNTRAINED_TOKEN, b"\xc4", b"\xbf", *(bytes([byte]) for byte in range(0xF5, 0x100))):
        assert vocabulary.ids_of[token] in lump.ids
    assert lump.gap > 3  # nats: from about 2 to 81.9
    assert not {id_ for id_, _ in RESERVED} & set(lump.ids)  # reserved is not untrained


def test_what_is_soft_is_not_in_the_lump(scan: NormScan) -> None:
    low = np.flatnonzero(scan.input.measures.norms < SOFT_THRESHOLD)
    assert len(set(low.tolist()) - set(scan.input.lump.ids)) == SOFT_ROWS


def test_ranking_of_the_hottest_tokens(scan: NormScan) -> None:
    assert [fact.id for fact in scan.input.top_ascii[:4]] == [id_ for id_, _ in HOTTEST_ASCII]
    assert [fact.id for fact in scan.input.top_other[:5]] == [id_ for id_, _ in HOTTEST_OTHER]
    for fact, (_, norm) in zip(scan.input.top_other, HOTTEST_OTHER, strict=False):
        assert fact.norm == pytest.approx(norm, rel=1e-5)
    hot = {fact.id: fact for fact in scan.input.hot}
    assert hot.keys() >= {id_ for id_, _ in (*HOTTEST_ASCII, *HOTTEST_OTHER, *RESERVED)}
    assert [fact.z for fact in scan.input.hot] == sorted((fact.z for fact in scan.input.hot), reverse=True)
    assert hot[129320].category == "gambling"
    assert hot[89721].category == "adult"
    assert hot[166343].script == "Cyrillic"


def test_equal_output_rows_are_recognised(scan: NormScan) -> None:
    assert scan.output is not None
    assert scan.output.normalised
    assert not scan.output.lump.found


@pytest.mark.slow
def test_the_whole_published_ranking(tmp_path: Path, shared_data: Path) -> None:
    facts = json.loads((shared_data / "gpt_oss_norms.json").read_text(encoding="utf-8"))
    lists = {
        name: tuple((id_, norm) for id_, _, norm in facts[name]) for name in ("hot_english", "hot_non_ascii")
    }
    soft = tuple((id_, norm) for id_, _, norm in facts["low_soft"]["examples"])
    found = scanned(tmp_path, Facts(lists["hot_english"], lists["hot_non_ascii"], soft)).input
    for name, top in (("hot_english", found.top_ascii), ("hot_non_ascii", found.top_other)):
        published = lists[name]
        assert [fact.id for fact in top[: len(published)]] == [id_ for id_, _ in published]
    assert (len(found.lump.ids), found.tensor.rows) == (
        facts["low_lump"]["count_about"],
        facts["embedding_shape"][0],
    )
    assert found.measures.mean == pytest.approx(facts["row_norm_mean"], abs=5e-4)
    assert facts["recognition"]["spearman_rho_recognition_vs_github_hits"] == PUBLISHED_RHO
    assert facts["recognition"]["tokens"] == PUBLISHED_N
