"""`winnow show`: what a name means, where a token comes from, and everything known about it."""

from __future__ import annotations

import json
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.facts.names import find_token, read_escapes
from audit.facts.replacement import cleanest_replacement
from audit.facts.tables import draw_tree
from audit.facts.token_facts import FactFinder, FactOptions
from corpora.display import show_bytes
from corpora.errors import WrongCall
from trainer.counts_file import SCHEMA
from trainer.exports import write_exports
from trainer.vocabulary import Vocabulary

BYTES = {byte: bytes([byte]) for byte in range(256)}
LEARNED = ("th", "the", " the", "天", "天天", "中彩票", "天天中彩票", "42", "\n\n", "\\n")
TOKENS = (
    BYTES
    | {256 + place: token.encode() for place, token in enumerate(LEARNED)}
    | {300: b"\xe4\xbd", 301: b"\xe5\xa4"}
)
PIECES = [f"<0x{byte:02X}>" for byte in "中彩票".encode()]  # 中彩票 itself is banned
SMALL = Vocabulary("small", TOKENS, {"<|end|>": 400}, r" ?\S+|\s+").with_merges()


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("the", 257), (" the", 258), ("42", 42), ("text:42", 263), ("id:42", 42), ("hex:e4bd", 300),
        ("<0xE4><0xBD>", 300), (r"\xe4\xbd", 300), (r"\n\n", 264), ("\n\n", 264), (r"\n", 265),
        (r"text:\n", 265), ("hex:0a", 10), ("<|end|>", 400), ("id:400", 400), (r"\u5929", 259),
    ],
)  # fmt: skip
def test_what_a_name_means(name: str, id_: int) -> None:
    assert find_token(SMALL, name) == id_


@pytest.mark.parametrize("name", ["999", "id:x", "hex:zz", "hex:ffffff", "nothing", r"\U00FFFFFF", "text:7x"])
def test_names_that_mean_nothing(name: str) -> None:
    with pytest.raises(WrongCall):
        find_token(SMALL, name)


def test_the_hint_shows_how_a_text_is_cut() -> None:
    with pytest.raises(WrongCall, match=r"the \| o"):
        find_token(SMALL, "theo")
    with pytest.raises(WrongCall, match="with a space before it"):
        find_token(Vocabulary("x", BYTES | {256: b" a b"}, {}, r".|\s"), "a b")


@given(st.binary(min_size=1, max_size=12))
def test_what_reports_print_can_be_typed(token: bytes) -> None:
    shown = show_bytes(token)
    if "\\" not in token.decode("utf-8", "ignore") and "<0x" not in token.decode("utf-8", "ignore"):
        assert read_escapes(shown) == token


@given(st.text("ab", min_size=1, max_size=6), st.sets(st.text("ab", min_size=2, max_size=3)), st.data())
def test_the_cleanest_replacement_is_the_best(word: str, learned: set[str], data: st.DataObject) -> None:
    token = word.encode()
    pieces = {b"a", b"b", token} | {each.encode() for each in learned}
    banned = data.draw(st.sets(st.sampled_from(sorted(pieces))))
    ids_of = {piece: id_ for id_, piece in enumerate(sorted(pieces))}
    by_id = sorted(pieces)
    found = [by_id[id_] for id_ in cleanest_replacement(token, ids_of, banned.__contains__)]
    assert b"".join(found) == (token if len(token) > 1 else b"")
    assert token not in found
    costs = []
    for cuts in product([0, 1], repeat=len(token) - 1):
        borders = [0, *(place for place, cut in enumerate(cuts, start=1) if cut), len(token)]
        parts = [token[a:b] for a, b in pairwise(borders)]
        if len(parts) > 1 and all(part in pieces for part in parts):
            costs.append((sum(part in banned for part in parts), len(parts)))
    if found:
        assert (sum(part in banned for part in found), len(found)) == min(costs)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    write_exports(tmp_path, SMALL)
    event = {"event": "merge", "id": 257, "left": "7468", "right": "65", "token": "746865", "text": "the"}
    (tmp_path / "merges.jsonl").write_text(json.dumps(event | {"count": 77}) + "\n", encoding="utf-8")
    rows = {"pretoken": [b"the", b"then", b" the"], "language": ["en"] * 3, "count": [5, 2, 1]}
    pq.write_table(pa.table(rows, schema=SCHEMA), tmp_path / "counts.parquet")
    return tmp_path


def test_everything_about_a_token(folder: Path) -> None:
    options = FactOptions(folder / "counts.parquet", folder / "merges.jsonl")
    finder = FactFinder(SMALL, options)
    the = finder.facts(257)
    assert (the.kind, the.rank, the.depth, the.used_in, the.merge_count) == ("merged", 257, 2, 1, 77)
    assert the.occurrences is not None
    assert (the.occurrences.emitted, the.occurrences.made) == (7, 8)
    assert [named.token for named in the.before[-1:] + the.after[:1]] == ["th", " the"]
    assert [named.token for named in the.larger.first] == [" the"]
    assert [named.token for named in the.smaller.first] == ["th"]
    assert (the.reach, the.witness) == ("direct", "the")
    assert [named.token for named in the.replacement] == ["th", "e"]
    polluted = finder.facts(262)
    assert polluted.score is not None
    assert polluted.score.flagged
    assert {match.category for match in polluted.bans} & {"gambling"}
    assert [named.token for named in polluted.replacement] == ["天天", *PIECES]
    assert finder.facts(300).utf8 == "inside"
    special = finder.facts(400)
    assert (special.kind, special.rank, special.reach, special.replacement) == ("special", None, None, ())


def test_the_tree_is_drawn_down_to_characters_or_bytes() -> None:
    finder = FactFinder(SMALL, FactOptions(scored=False))
    tree = finder.facts(260).derivation
    drawn = [line for _, line in draw_tree(tree, down_to_bytes=False)]
    assert drawn == ["[天天]", "├─ [天]", "└─ [天]"]
    longer = [line for _, line in draw_tree(tree, down_to_bytes=True)]
    assert longer[0] == "[天天]"
    assert len(longer) > len(drawn)
    assert longer[-1].endswith(">]")


def test_the_command(folder: Path, winnow) -> None:
    outcome = winnow("show", folder, "the", "天天中彩票", "--counts", folder / "counts.parquet")
    assert outcome.code == 0, outcome.stderr
    for words in (
        "77 times when its merge was learned",
        "7 times emitted",
        "├─",
        "flagged, gambling",
        "Banned by",
    ):
        assert words in outcome.stdout
    record = json.loads(winnow("show", folder, "42", "--no-risk", "--format", "json").stdout)
    assert record["schema_version"] == 1
    [token] = record["tokens"]
    assert (token["id"], token["bytes"], token["risk"]) == (42, "2a", None)
    assert "text:42 is the token with the id 263" in winnow("show", folder, "42", "--no-risk").stderr
    assert winnow("show", folder, "nothing-like-it").code == 2
    assert winnow("show", folder / "absent.json", "the").code == 2
