"""Sources of the hot tail: each kind is read as documented, and planted enrichment is found, noise is not."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.norms.attribution import CAVEAT, AttributeOptions, attribute
from audit.norms.records import NormScan, ScanOptions
from audit.norms.scan import scan_checkpoint
from audit.norms.sources import Source, load_source, parse_source, table_hits, word_hits
from corpora.errors import WinnowError, WrongCall
from tests.audit.norms_checkpoints import INPUT, plant, small_vocabulary, write_tensors
from trainer.exports import write_tokenizer_json
from trainer.weights import open_checkpoint

ROWS = 6_100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attribution")
    planted = plant(small_vocabulary(), rows=ROWS, lump=True, seed=1)
    write_tensors(folder / "model.safetensors", {INPUT: planted.rows})
    write_tokenizer_json(folder / "tokenizer.json", small_vocabulary())
    return folder


@pytest.fixture(scope="module")
def scan(folder: Path) -> NormScan:
    checkpoint = open_checkpoint(folder)
    return scan_checkpoint(checkpoint, small_vocabulary(), {}, ScanOptions(duplicates=False))


@pytest.fixture(name="norms")
def norms_fixture(winnow: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: winnow("norms", *arguments)


def hits_on(ids: list[int], value: float = 1.0) -> np.ndarray:
    hits = np.zeros(small_vocabulary().rows)
    hits[ids] = value
    return hits


@pytest.mark.parametrize(
    ("text", "name", "kind", "place"),
    [
        ("core", "core", "ban", "core"),
        ("counts.parquet", "counts.parquet", "counts", "counts.parquet"),
        ("spam=lists/words.txt", "spam", "words", "lists/words.txt"),
        ("spam=text:words.txt", "spam", "text", "words.txt"),
        ("github=hits.csv", "github", "hits", "hits.csv"),
        ("a/b.tsv", "b.tsv", "hits", "a/b.tsv"),
        ("mine.toml", "mine.toml", "ban", "mine.toml"),
        ("web=hub:some/name", "web", "text", "hub:some/name"),
    ],
)
def test_sources_are_read_as_written(text: str, name: str, kind: str, place: str) -> None:
    spec = parse_source(text)
    assert (spec.name, spec.kind, spec.place) == (name, kind, place)


def test_an_empty_source_is_refused() -> None:
    for text in ("", "name=", "words:"):
        with pytest.raises(WrongCall, match="not a source"):
            parse_source(text)


def test_words_count_whole_or_inside(tmp_path: Path) -> None:
    vocabulary = small_vocabulary()
    hits = word_hits(frozenset({"function", "form", "in", "ретu"}), vocabulary)

    def of(token: str) -> float:
        return float(hits[vocabulary.ids_of[token.encode()]])

    assert of(" function") == 1  # the space and the case do not matter
    assert of(" information") == 1  # `form` inside; `in` is too short for that
    assert of(" in") == 1  # the whole token
    assert of(" the") == 0
    (tmp_path / "list.txt").write_text("# a comment\nFunction\n\nthe \n", encoding="utf-8")
    read = load_source(parse_source(f"words:{tmp_path / 'list.txt'}"), vocabulary)
    assert read.hits[vocabulary.ids_of[b" function"]] == 1
    assert read.hits[vocabulary.ids_of[b" the"]] == 1


def test_texts_and_counts_are_what_the_tokenizer_emits(tmp_path: Path) -> None:
    vocabulary = small_vocabulary()
    (tmp_path / "d.jsonl").write_text('{"text": "the end of the end"}\n{"text": "the"}\n')
    hits = load_source(parse_source(f"x={tmp_path / 'd.jsonl'}"), vocabulary).hits
    assert hits[vocabulary.ids_of[b"the"]] == 2
    assert hits[vocabulary.ids_of[b" the"]] == 1
    assert hits[vocabulary.ids_of[b" end"]] == 2
    assert hits.sum() == 6


def test_counts_of_pretokens_weigh(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    vocabulary = small_vocabulary()
    columns = {
        "pretoken": pa.array([b" the", b" the", b" zzqqj"], pa.binary()),
        "language": pa.array(["de", "en", "en"]),
        "count": pa.array([3, 4, 5], pa.uint64()),
    }
    pq.write_table(pa.table(columns), tmp_path / "counts.parquet")
    hits = load_source(parse_source(str(tmp_path / "counts.parquet")), vocabulary).hits
    assert hits[vocabulary.ids_of[b" the"]] == 7
    assert hits.sum() > 7 + 5  # ` zzqqj` takes several tokens, five times each


def test_tables_know_only_what_they_list(tmp_path: Path) -> None:
    vocabulary = small_vocabulary()
    (tmp_path / "t.csv").write_text("id,hits\n300,12\n301,0\n")
    (tmp_path / "t.tsv").write_text("token\thits\n the\t7.5\n")
    hits = table_hits(tmp_path / "t.csv", "hits", vocabulary)
    assert (hits[300], hits[301], math.isnan(hits[302])) == (12, 0, True)
    assert table_hits(tmp_path / "t.tsv", "hits", vocabulary)[vocabulary.ids_of[b" the"]] == 7.5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,count\n1,2\n", "needs id or token, and hits"),
        ("", "needs id or token"),
        ("id,hits\n1,many\n", ":2: not a number"),
        ("id,hits\n1,2\n999999,2\n", ":3: no token has the id"),
        ("token,hits\nno such token here,2\n", "is no token"),
        ("id,hits\n1,nan\n", "not a number"),
    ],
)
def test_broken_tables_are_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(WinnowError, match=said):
        table_hits(tmp_path / "t.csv", "hits", small_vocabulary())


def test_a_planted_source_is_enriched_and_a_random_one_is_not(scan: NormScan) -> None:
    hot = [fact.id for fact in scan.input.hot]
    random = np.random.default_rng(0)
    noise = random.choice(np.arange(300, 6_000), 400, replace=False).tolist()
    others = random.choice(np.setdiff1d(np.arange(300, 6_000), hot), 60, replace=False).tolist()
    sources = [
        Source("planted", "ban", hits_on([*hot[: len(hot) // 2], *others])),
        Source("noise", "ban", hits_on(noise)),
        Source("everything", "ban", np.ones(small_vocabulary().rows)),
    ]
    found = attribute(scan.input, scan.labels, {}, sources, AttributeOptions(4.0))
    planted, random_one, everything = found.sources
    assert planted.tail_in == len(hot) // 2
    assert planted.association.odds_ratio > 20
    assert planted.association.low > 1
    assert planted.q < 1e-10
    assert random_one.q > 0.05
    assert math.isnan(everything.association.odds_ratio)
    assert everything.association.p_two_sided == 1.0
    assert found.caveat == CAVEAT
    assert [token.fact.id for token in found.tokens] == hot


def test_the_table_is_that_of_the_tail_against_the_rest(scan: NormScan) -> None:
    hits = np.full(small_vocabulary().rows, np.nan)
    known = np.arange(1_000, 3_000)
    hits[known] = (known % 3 == 0).astype(float)
    found = attribute(scan.input, scan.labels, {}, [Source("s", "hits", hits)], AttributeOptions(4.0))
    tail = {token.fact.id for token in found.tokens} & set(known.tolist())
    usable = {id_ for id_ in known.tolist() if np.isfinite(scan.input.body.z[id_])}
    result = found.sources[0]
    assert result.tail_known == len(tail)
    assert result.tail_in == sum(id_ % 3 == 0 for id_ in tail)
    assert result.rest_known == len(usable) - len(tail)
    assert result.tail_in + result.rest_in == sum(id_ % 3 == 0 for id_ in usable)


def test_correlation_is_found_where_it_is(scan: NormScan) -> None:
    z = np.where(np.isfinite(scan.input.body.z), scan.input.body.z, 0)[: small_vocabulary().rows]
    random = np.random.default_rng(1)
    sources = [
        Source("follows", "hits", np.exp(z + 0.3 * random.standard_normal(z.size))),
        Source("noise", "hits", random.standard_normal(z.size)),
    ]
    follows, noise = attribute(scan.input, scan.labels, {}, sources, AttributeOptions(4.0, top=50)).sources
    assert follows.correlation is not None
    assert noise.correlation is not None
    assert follows.correlation.n == 50
    assert follows.correlation.rho > 0.7
    assert follows.correlation.low > 0.4
    assert follows.correlation.p < 0.01
    assert noise.correlation.p > 0.01
    assert follows.detectable == pytest.approx(0.39, abs=0.01)
    assert follows.whole_rho > 0.9 > abs(noise.whole_rho)


def test_recognition_takes_the_place_of_z(scan: NormScan) -> None:
    recognition = np.full(small_vocabulary().rows, np.nan)
    recognition[2_000:2_050] = np.arange(50)
    hits = np.zeros(small_vocabulary().rows)
    hits[2_000:2_050] = np.arange(50) ** 2
    found = attribute(
        scan.input, scan.labels, {}, [Source("s", "hits", hits)], AttributeOptions(4.0), recognition
    )
    assert found.score == "recognition"
    assert found.sources[0].correlation is not None
    assert (found.sources[0].correlation.n, found.sources[0].correlation.rho) == (50, pytest.approx(1))


def test_an_empty_tail_is_said(scan: NormScan) -> None:
    with pytest.raises(WrongCall, match="no token reaches z = 99"):
        attribute(scan.input, scan.labels, {}, [Source("s", "ban", hits_on([1]))], AttributeOptions(99.0))


def test_the_command_prints_the_caveat_with_the_numbers(
    norms: Callable[..., Any], folder: Path, scan: NormScan, tmp_path: Path
) -> None:
    words = [small_vocabulary().tokens[fact.id].decode("utf-8", "ignore") for fact in scan.input.hot[:30]]
    (tmp_path / "w.txt").write_text("\n".join(words), encoding="utf-8")
    lines = [f"{fact.id},{place}" for place, fact in enumerate(scan.input.hot)]
    (tmp_path / "h.csv").write_text("id,hits\n" + "\n".join(lines) + "\n")
    named = [f"list={tmp_path / 'w.txt'}", f"web={tmp_path / 'h.csv'}", "core"]
    call = ["attribute", folder, *(part for source in named for part in ("--source", source))]
    outcome = norms(*call, "--format", "json")
    assert outcome.code == 0, outcome.stderr
    record = json.loads(outcome.stdout)
    assert record["caveat"] == CAVEAT
    assert [source["name"] for source in record["sources"]] == ["list", "web", "core"]
    assert record["sources"][0]["q"] < 1e-6
    assert record["sources"][1]["correlation"]["rho"] < -0.99
    assert record["published"]["power"] == pytest.approx(0.9, abs=0.01)
    assert set(record["tokens"][0]["hits"]) == {"list", "web", "core"}
    assert norms(*call, "--format", "json").stdout == outcome.stdout
    markdown = norms(*call, "--format", "markdown").stdout
    assert CAVEAT in markdown
    assert "ρ = 0.448 on n = 50" in markdown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing option '--source'"),
        (("--source", "no-such-list.toml"), "no such ban list"),
        (("--source", "nowhere.txt"), "No such file"),
        (("--source", "core", "--matrix", "output"), "no output matrix"),
        (("--source", "core", "--hot-z", "99"), "no token reaches"),
        (("--source", "core", "--recognition", "nowhere.csv"), "No such file"),
    ],
)
def test_wrong_calls(norms: Callable[..., Any], folder: Path, arguments: tuple[str, ...], said: str) -> None:
    outcome = norms("attribute", folder, *arguments)
    assert (outcome.code, said in outcome.stderr) == (2, True), outcome.stderr
