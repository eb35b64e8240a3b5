"""Matching: each kind, precedence, what can never be banned, and the properties that encoders rely on."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from banlists.banlist import BanList
from banlists.entries import Entry
from banlists.lists import load_ban_lists
from banlists.matcher import fragments
from banlists.patterns import leading_literals

SPAM = "天天中彩票"


def entry(kind: str, pattern: str, **changes: object) -> Entry:
    return replace(Entry("list", "group", kind, pattern, reason="test"), **changes)  # type: ignore[arg-type]


def bans(*entries: Entry, allows: tuple[Entry, ...] = ()) -> BanList:
    return BanList(entries, allows)


def hit(ban_list: BanList, token: str | bytes) -> bool:
    return ban_list.match(token.encode() if isinstance(token, str) else token) is not None


@pytest.mark.parametrize(
    ("made", "hits", "passes"),
    [
        (entry("text", "Casino"), [" casino", "CASINO", "casino,"], ["casinos", "a casino"]),
        (entry("contains", SPAM), [SPAM, f"微信{SPAM}怎么", f"＿{SPAM}"], ["天天", "中彩票"]),
        (entry("contains", "sex"), ["sex", "free-sex", "sex在线"], ["Essex", "sexual", "sex1"]),
        (entry("contains", "sex", boundary="none"), ["Essex"], ["six"]),
        (entry("prefix", "онлайн-каз"), ["онлайн-казино"], ["не онлайн-казино"]),
        (entry("suffix", "bahis"), ["denemebahis"], ["bahisler"]),
        (entry("regex", "qq[0-9]{5,9}"), ["加QQ12345"], ["qq123"]),
        (entry("bytes", "e5a4a9e5"), [b"\xe5\xa4\xa9\xe5"], [b"\xe5\xa4\xa9", "天"]),
        (entry("text", "AV", variants=frozenset({"space"})), [" AV"], ["av", "_AV"]),
    ],
)
def test_each_kind(made: Entry, hits: list[str | bytes], passes: list[str | bytes]) -> None:
    ban_list = bans(made)
    assert [token for token in hits if not hit(ban_list, token)] == []
    assert [token for token in passes if hit(ban_list, token)] == []


def test_fragments_of_a_phrase_are_banned_from_nine_bytes_on() -> None:
    ban_list = bans(entry("fragment_of", SPAM))
    assert hit(ban_list, "中彩票")
    assert hit(ban_list, " 天中彩票")
    assert hit(ban_list, SPAM.encode()[1:-2])
    assert not hit(ban_list, "彩票")
    assert not hit(ban_list, "彩票中")


def test_every_fragment_is_a_piece_of_the_phrase() -> None:
    pieces = list(fragments(entry("fragment_of", SPAM)))
    assert all(piece in SPAM.encode() and len(piece) >= 9 for piece in pieces)
    assert len(set(pieces)) == 28  # 15 bytes: 7 + 6 + … + 1 pieces of 9 to 15 bytes


def test_a_pair_is_refused_only_as_that_pair() -> None:
    ban_list = bans(entry("pair", "免费", right="视频"))
    refused = ban_list.refuse(" 免费".encode(), "视频".encode())
    assert refused is not None
    assert refused.pattern == "免费|视频"
    assert ban_list.refuse("免".encode(), "费视频".encode()) is None
    assert not hit(ban_list, "免费视频")


def test_refuse_asks_about_the_merged_token() -> None:
    ban_list = bans(entry("contains", SPAM))
    assert ban_list.refuse("天天".encode(), "中彩票".encode()) is not None
    assert ban_list.refuse("天天".encode(), "中彩".encode()) is None


def test_allow_beats_ban_inside_its_own_span_only() -> None:
    ban_list = bans(entry("contains", "彩票"), allows=(entry("contains", "体育彩票"),))
    assert not hit(ban_list, "中国体育彩票")
    assert hit(ban_list, "体育彩票买彩票")
    assert hit(ban_list, "彩票")


def test_allow_of_a_whole_token() -> None:
    ban_list = bans(
        entry("contains", "彩票"), entry("fragment_of", "福利彩票"), allows=(entry("text", "福利彩票"),)
    )
    assert not hit(ban_list, " 福利彩票")
    assert hit(ban_list, "福利彩票天天")


def test_explain_names_what_hides_a_hit() -> None:
    ban_list = bans(entry("contains", "彩票"), allows=(entry("text", "彩票", group_id="allow"),))
    explanation = ban_list.explain("彩票".encode())
    assert explanation.matches == ()
    assert [match.entry for match in explanation.hidden] == ["list/group"]
    assert [match.entry for match in explanation.allows] == ["list/allow"]


def test_the_longest_pattern_is_the_reason_given() -> None:
    match = bans(entry("contains", "彩票"), entry("contains", SPAM)).match(SPAM.encode())
    assert match is not None
    assert match.pattern == SPAM


def test_a_phrase_is_a_better_reason_than_a_piece_of_a_longer_one() -> None:
    match = bans(entry("fragment_of", f"买{SPAM}"), entry("contains", SPAM)).match(SPAM.encode())
    assert match is not None
    assert match.kind == "contains"


def test_no_single_byte_can_be_banned() -> None:
    ban_list = bans(entry("regex", "."), entry("contains", "a", force=True), entry("text", "a", force=True))
    assert not [byte for byte in range(256) if hit(ban_list, bytes([byte]))]


def test_single_characters_need_force() -> None:
    assert not hit(bans(entry("regex", "性")), " 性")
    assert hit(bans(entry("text", "性", force=True)), " 性")


def test_the_empty_list_bans_nothing() -> None:
    assert BanList.empty().match(SPAM.encode()) is None
    assert BanList.empty().find(SPAM) == []


def test_find_says_where() -> None:
    ban_list = bans(entry("contains", SPAM), entry("text", "casino"))
    text = "加入\u200b天\ufeff天中彩票, casino! casinos"
    found = [(text[hit.start : hit.end], hit.match.pattern) for hit in ban_list.find(text)]
    assert found == [("天\ufeff天中彩票", SPAM), ("casino", "casino")]


def test_find_leaves_allowed_spans_out() -> None:
    ban_list = bans(entry("contains", "彩票"), allows=(entry("contains", "体育彩票"),))
    assert len(ban_list.find("体育彩票和彩票")) == 1


words = st.text(alphabet="天中彩票视频ab ＡＢ_\u200b", max_size=8)


@given(words, words)
def test_contains_is_closed_upward_in_unspaced_scripts(before: str, after: str) -> None:
    """A token that holds a banned phrase is banned too: contains rules leave no orphans."""
    assume(not after or not unicodedata.category(after[0]).startswith("M"))
    assert hit(bans(entry("contains", "中彩票")), before + "中彩票" + after)


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_contains_is_closed_upward_over_raw_bytes(before: bytes, after: bytes) -> None:
    assume(after[:1] not in (b"\xcc", b"\xcd"))  # a combining mark may compose with the last character
    token = before + "中彩票".encode() + after
    text = after.decode("utf-8", errors="ignore")
    assume(not text or unicodedata.category(text[0])[0] != "M")
    assert hit(bans(entry("contains", "中彩票")), token)


CORE, CORE_AGAIN = load_ban_lists(["core"]), load_ban_lists(["core"])


@given(st.lists(st.text(alphabet="天中彩票开奖大发快三性视频casino 0", min_size=1, max_size=6), max_size=20))
def test_a_verdict_depends_on_the_bytes_alone(texts: list[str]) -> None:
    core, again = CORE, CORE_AGAIN
    tokens = [text.encode() for text in texts]
    first = [core.match(token) for token in tokens]
    assert first == [core.match(token) for token in tokens]
    assert first == list(reversed([again.match(token) for token in reversed(tokens)]))


@given(words)
def test_more_entries_never_ban_less(text: str) -> None:
    few = bans(entry("contains", "中彩票"))
    many = bans(entry("contains", "中彩票"), entry("text", "视频"), entry("contains", "天中"))
    assert not (hit(few, text) and not hit(many, text))


BUILTIN_PATTERNS = sorted(
    {entry.pattern for entry in load_ban_lists(["full"]).entries if entry.kind != "regex"}
)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(BUILTIN_PATTERNS),
            st.sampled_from(BUILTIN_PATTERNS).map(str.upper),
            st.sampled_from(
                [" ", "_", "\u200b", "\ufeff", "Ａ", "İ", "ß", "e\u0301", "\u0301", "彩", "ｽ", "視"]
            ),
            st.text(max_size=3),
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 3),
)
def test_the_quick_no_is_never_wrong(parts: list[str], cut: int) -> None:
    """What the prefilter rules out, matching without it does not find either."""
    token = "".join(parts).encode("utf-8", errors="replace")[cut:]
    text = token.decode("utf-8", errors="replace")
    bans = load_builtin_full()
    quick, quick_hits = bans.match(token), bans.find(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bans._prefilter, "rules_out", lambda text: False)
        assert bans.match(token) == quick
        assert bans.find(text) == quick_hits


@given(
    st.lists(
        st.tuples(
            st.sampled_from(BUILTIN_PATTERNS) | st.sampled_from(["hello", " wörld", "視頻", "Ａ", "\0", "ﬁ"]),
            st.sampled_from(["", " online", "中", "\0", "\u200b", "x"]),
            st.integers(0, 6),
        ),
        max_size=12,
    )
)
def test_many_pairs_at_once_are_refused_as_one_by_one(parts: list[tuple[str, str, int]]) -> None:
    tokens = [((first + last).encode(), cut) for first, last, cut in parts]
    pairs = [(token[:cut], token[cut:]) for token, cut in tokens]
    for each in (load_builtin_full(), bans(entry("pair", "中", right="彩票"), entry("contains", "hello"))):
        assert each.refused(pairs) == [each.refuse(*pair) is not None for pair in pairs]


REGEXES = sorted({entry.pattern for entry in load_ban_lists(["full"]).entries if entry.kind == "regex"})


@given(st.data())
def test_what_a_regex_matches_begins_with_one_of_its_leading_literals(data: st.DataObject) -> None:
    own = r"(?:ab|c[de]f|gh?i)jk|(?:(?:lm|no)p|qr{2}s)|\btuv?|(?:wx)y"
    pattern = data.draw(st.sampled_from([*REGEXES, own]))
    starts = leading_literals(pattern)
    text = data.draw(st.from_regex(pattern))
    found = re.search(pattern, text)
    assert found is not None
    assert starts is None or any(found.group().startswith(start) for start in starts)


@pytest.mark.parametrize(
    ("pattern", "starts"),
    [
        ("spam", {"spam"}),
        (r"\bbuy (?:now|it)", {"buy "}),
        ("(?:ab|cde)f", {"ab", "cde"}),
        ("slots?[ _]", {"slot"}),
        ("ab|(?:cd|ef)", {"ab", "cd", "ef"}),
        ("a{2}b", None),
        ("ab{2}c", None),
        ("[ab]cd", None),
        ("(?:ab)?cd", None),
        (r"\d\d", None),
        ("ab|c", None),
    ],
)
def test_leading_literals(pattern: str, starts: set[str] | None) -> None:
    assert leading_literals(pattern) == starts


@cache
def load_builtin_full() -> BanList:
    return load_ban_lists(["full"])
