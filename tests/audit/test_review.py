"""`winnow review` without its page: candidates of every kind of folder, decisions, the list they make."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.review.audit_candidates import CHECKS
from audit.review.journal import open_journal
from audit.review.page import page_data
from audit.review.proposals import KINDS, list_of, propose
from audit.review.records import VERDICTS, Decision, Proposal
from audit.review.sources import read_source
from audit.review.token_index import TokenIndex
from banlists.lists import load_ban_lists
from banlists.schema import read_pack
from corpora.errors import WinnowError, WrongCall
from tests.audit.review_folders import BROKEN, CLEAN, POLLUTED, accept, named, opened, reject, write_tokenizer
from trainer.load import load_tokenizer

REASON = "stems of betting pages, read one by one"


@pytest.fixture
def audit(audited: Path, tmp_path: Path) -> Path:
    """A copy of the audit's folder, to be written into, beside its tokenizer."""
    shutil.copytree(audited, tmp_path / "run")
    return tmp_path / "run" / "audit"


# ---------------------------------------------------------------- candidates


def test_candidates_of_an_audit(audit: Path) -> None:
    source = read_source(audit, CHECKS)
    found = {each.token: each for each in source.candidates}
    assert {"天天中彩票".encode(), " 天天中彩票".encode(), BROKEN, b"user@example.com"} <= found.keys()
    assert not {text.encode() for text in CLEAN if text != "user@example.com"} & found.keys()
    lottery = found[" 天天中彩票".encode()]
    assert (lottery.proposal.kind, lottery.proposal.pattern, lottery.proposal.category) == (
        "text",
        "天天中彩票",
        "gambling",
    )
    assert lottery.score is not None and lottery.score > 0.9 and lottery.reasons and lottery.segmentation
    assert lottery.evidence == (f"tok:tokenizer:{lottery.id}",)
    assert "reads as" in lottery.proposal.reason
    assert found[BROKEN].proposal.kind == "bytes" and found[BROKEN].proposal.pattern == BROKEN.hex()
    assert found["\u202e中彩票".encode()].shown == "\\u202e中彩票"
    mail = found[b"user@example.com"]
    assert mail.proposal.category == "personal" and "personal: looks like an e-mail address" in mail.notes
    scores = [each.score or 0 for each in source.candidates]
    assert scores == sorted(scores, reverse=True)


def test_a_whole_run_and_findings_alone(audit: Path, tmp_path: Path) -> None:
    whole = read_source(audit, CHECKS)
    assert read_source(audit.parent, CHECKS) == whole
    (tmp_path / "alone").mkdir()
    shutil.copy(audit / "findings.jsonl", tmp_path / "alone")
    alone = read_source(tmp_path / "alone", CHECKS)
    assert {each.key for each in alone.candidates} == {each.key for each in whole.candidates}
    assert all(each.score is None and each.proposal.reason for each in alone.candidates)
    hidden = read_source(audit, ("hidden",))
    assert hidden.left_out > 20, "control bytes can never be banned"
    assert "\u202e中彩票".encode() in {each.token for each in hidden.candidates}


def test_candidates_of_a_comparison(audited: Path, tmp_path: Path, winnow) -> None:
    write_tokenizer(tmp_path / "other", "카지노")
    for names, folder in ((("other",), "two"), (("other", "cl100k_base"), "three")):
        call = [audited / "tokenizer", *(tmp_path / n if n == "other" else n for n in names)]
        assert winnow("diff", *call, "-o", tmp_path / folder, "-q").code == 0
        source = read_source(tmp_path / folder, CHECKS)
        found = {each.token: each for each in source.candidates}
        assert found["天天中彩票".encode()].vocabulary == "tokenizer"
        assert found["카지노".encode()].vocabulary == "other"
        assert found["카지노".encode()].evidence[0].startswith("tok:other:")


def test_candidates_of_suggestions_and_imports(audited: Path, tmp_path: Path, winnow) -> None:
    suggested = tmp_path / "suggested.toml"
    assert winnow("ban", "suggest", audited / "tokenizer", "-o", suggested, "-q").code == 0
    source = read_source(suggested, CHECKS)
    stem = next(each for each in source.candidates if each.proposal.kind == "contains")
    assert stem.key.startswith("contains:") and stem.proposal.pattern in "天天中彩票"
    assert "unread" not in stem.proposal.reason
    assert read_source(tmp_path, CHECKS).candidates == source.candidates
    text = suggested.read_text(encoding="utf-8")
    groups = (
        '[[group]]\nid = "r"\ncategory = "seo"\nmatch = "regex"\nreason = "a regex"\npatterns = ["a{2}b"]\n'
        'status = "experimental"\n\n'
        '[[group]]\nid = "p"\ncategory = "seo"\nmatch = "pair"\nreason = "a pair"\npatterns = [["a", "b"]]\n'
        'status = "experimental"\n'
    )
    suggested.write_text(f"{text}\n{groups}", encoding="utf-8")
    assert read_source(suggested, CHECKS).left_out == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty", None, "nothing here to review"),
        ("notes.txt", b"x", "not a list of suggestions"),
        ("stable.toml", b'[list]\nid = "a"\nversion = "1"\ntitle = "t"\n', "no experimental group"),
        ("broken.toml", b"[[[", "not valid TOML"),
        ("missing", b"", "no such file or folder"),
    ],
)
def test_what_cannot_be_reviewed(
    name: str, content: bytes | None, words: str, tmp_path: Path, winnow
) -> None:
    if content is None:
        (tmp_path / name).mkdir()
    elif content:
        (tmp_path / name).write_bytes(content)
    outcome = winnow("review", tmp_path / name, "--no-browser")
    assert outcome.code == 2 and words in outcome.stderr and "Traceback" not in outcome.stderr


def test_broken_findings_name_their_line(tmp_path: Path, winnow) -> None:
    record = {"check": "risk", "message": "m", "evidence": "", "fingerprint": "f", "category": None, "id": 1}
    good = json.dumps(record | {"bytes": "6162"}) + "\n"
    for bad in ('{"check": 3}', "nothing", good.strip().replace("6162", "zz")):
        (tmp_path / "findings.jsonl").write_text(good + bad + "\n", encoding="utf-8")
        outcome = winnow("review", tmp_path, "--no-browser")
        assert outcome.code == 1 and "not a" in outcome.stderr
    (tmp_path / "findings.jsonl").write_text(good, encoding="utf-8")
    (tmp_path / "audit.json").write_text('{"name": []}', encoding="utf-8")
    assert winnow("review", tmp_path, "--no-browser").code == 1


@given(st.binary(min_size=1, max_size=12))
def test_a_proposal_hits_its_token_and_lint_accepts_it(token: bytes) -> None:
    proposal = propose(token, "anomalous", REASON)
    if proposal is not None:
        assert list_of(proposal).match(token) is not None
    else:
        assert len(token.decode(errors="replace").strip()) <= 1 or len(token) == 1


@given(
    st.lists(st.text("ab 中彩票_", min_size=1, max_size=6), min_size=1),
    st.text("ab中彩票", min_size=2, max_size=3),
)
def test_the_index_finds_what_the_list_bans(texts: list[str], pattern: str) -> None:
    tokens = {id_: text.encode() for id_, text in enumerate(texts)}
    index = TokenIndex(tokens)
    for kind in KINDS:
        proposal = Proposal(kind, pattern.encode().hex() if kind == "bytes" else pattern, "seo", REASON)
        bans = list_of(proposal)
        found = index.hits(proposal)
        if kind != "bytes":  # the same bytes under several ids are one token to a list
            assert found == [id_ for id_, token in tokens.items() if bans.match(token)]
        else:
            assert {tokens[id_] for id_ in found} == {token for token in tokens.values() if bans.match(token)}


@settings(max_examples=60)
@given(st.sampled_from(["findings.jsonl", "audit.json", "review.jsonl"]), st.data())
def test_damaged_files_end_in_a_review_or_an_error(audited: Path, tmp_path_factory, name: str, data) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    for each in ("findings.jsonl", "audit.json"):
        shutil.copy(audited / "audit" / each, folder)
    line = '{"key":"e4b8ad","decision":"accept","kind":"text","pattern":"x","category":"seo","reason":"r"}\n'
    (folder / "review.jsonl").write_text(line * 3, encoding="utf-8")
    raw = (folder / name).read_bytes()
    start = data.draw(st.integers(0, len(raw)))
    junk = data.draw(
        st.binary(max_size=6) | st.sampled_from([b"null", b"-1e999", b"[" * 9_000, b'"\\ud800"'])
    )
    (folder / name).write_bytes(raw[:start] + junk + raw[start + data.draw(st.integers(0, 40)) :])
    with contextlib.suppress(WinnowError), opened(folder, folder) as review:
        page_data(review)


# ---------------------------------------------------------------- decisions


def test_what_is_accepted_covers_what_it_bans(audit: Path, tmp_path: Path) -> None:
    with opened(audit, tmp_path) as review:
        reject(review, "_日本毛片免费视频观看")
        accept(review, "买天天中彩票", kind="contains", pattern="中彩票", reason=REASON)
        states = {each.token: review.states()[each.key] for each in review.source.candidates}
        covered = {token for token, state in states.items() if state.status == "covered"}
        assert {"中彩票".encode(), " 天天中彩票".encode()} <= covered
        assert states["中彩票".encode()].rule == "contains 中彩票"
        assert states["_日本毛片免费视频观看".encode()].status == "rejected"
        assert review.undo() == named(review, "买天天中彩票").key
        assert review.states()[named(review, "中彩票").key].status == "open"
        assert review.undo() == named(review, "_日本毛片免费视频观看").key
        assert review.undo() is None


def test_a_review_goes_on_where_it_was_killed(audit: Path, tmp_path: Path) -> None:
    with opened(audit, tmp_path) as review:
        decision = accept(review, "天天中彩票", category="seo", reason=REASON)
        reject(review, "출장안마")
        with pytest.raises(WinnowError, match="another winnow run"), opened(audit, tmp_path):
            pass
    journal = tmp_path / "review.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"key":"e4b8ad","deci')  # killed while it wrote
    with opened(audit, tmp_path) as review:
        state = review.states()[decision.key]
        assert (state.status, state.proposal) == ("accepted", decision.proposal)
        assert review.counts().rejected == 1
        review.decide(decision)
    assert len(journal.read_bytes().splitlines()) == 2, (
        "the cut line is gone, the same decision is no new one"
    )
    journal.write_bytes(b'{"key": 1}\n')
    with pytest.raises(WinnowError, match=r"review\.jsonl:1"), opened(audit, tmp_path):
        pass


STEPS = st.lists(
    st.tuples(st.sampled_from(["e4b8ad", "contains:e5bda9", "7a"]), st.sampled_from([*VERDICTS, "undo"]))
)


@given(st.lists(STEPS, max_size=4), st.integers(0, 60))
def test_a_journal_replays_to_what_stood(tmp_path_factory, sessions: list, cut: int) -> None:
    """The model: a list of decisions, of which undo takes the newest on its key away."""
    path = tmp_path_factory.mktemp("replay") / "review.jsonl"
    made: list[Decision] = []
    for session in sessions:
        with open_journal(path) as (journal, history):
            assert history.standing() == {each.key: each for each in made}
            for number, (key, verdict) in enumerate(session):
                if verdict == "undo":
                    journal.taken_back(key, "shown")
                    newest = [place for place, each in enumerate(made) if each.key == key][-1:]
                    made = [each for place, each in enumerate(made) if place not in newest]
                else:
                    decision = Decision(key, verdict, Proposal("text", f"中{number}", "seo", '\n\u202e"x'))
                    journal.decided(decision, "shown")
                    made.append(decision)
        with path.open("ab") as file:
            file.write('{"key":"e4b8ade5bda9e7a5a8","decision":"accept","token":"中'.encode()[:cut])
    with open_journal(path) as (_, history):
        assert history.standing() == {each.key: each for each in made}
        assert list(history.standing()) == list(dict.fromkeys(each.key for each in reversed(made)))[::-1]
        for each in reversed(made):
            assert history.last({each.key, "other"}) == each
            history.take_back(each.key)
            break


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": "short"}, "15 characters"),
        ({"category": "nonsense"}, "nonsense"),
        ({"kind": "regex", "pattern": "a{2}"}, "unknown kind"),
        ({"pattern": "something else"}, "does not hit"),
        ({"kind": "contains", "pattern": "彩"}, "single character"),
        ({"kind": "bytes", "pattern": "zz"}, "hexadecimal"),
        ({"pattern": "中" * 3_000}, "at most"),
        ({"pattern": ""}, "nothing is left"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_is_refused_at_once(
    changes: dict[str, str], words: str, audit: Path, tmp_path: Path
) -> None:
    with opened(audit, tmp_path) as review:
        with pytest.raises(WrongCall, match=words):
            accept(review, "天天中彩票", **({"reason": REASON} | changes))
        assert review.counts().accepted == 0
    assert not (tmp_path / "review.jsonl").exists()


HEADER = "# Kept by the crawl team.\n# Ask before you add.\n"
OWN = """
[list]
id = "mine"
version = "2026.01.01"
title = "Ours"
owner = "@team"

[[group]]
id = "zebra"
category = "gambling"
match = "text"
reason = "a slot machine of last year"
patterns = ["zebraslots"]
evidence = ["url:zebra.example"]
[group.tests]
hit = ["zebraslots"]
ok = ["zebra"]

[[allow]]
pattern = "출장안마"
reason = "we index massage parlours"

[[tombstone]]
pattern = "日本毛片免费视频观看"
retired = 2026-01-01
reason = "the title of a film"
"""


def test_a_list_that_is_there_keeps_everything(audit: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(HEADER + OWN, encoding="utf-8")
    with opened(audit, tmp_path) as review:
        with pytest.raises(WrongCall, match="retired on 2026-01-01"):
            accept(review, "_日本毛片免费视频观看", reason=REASON)
        with pytest.raises(WrongCall, match="exception"):
            accept(review, "출장안마", reason=REASON)
        accept(review, "天天中彩票", reason=REASON)
        other = read_pack(tmp_path / "mine.toml")
        assert [group.id for group in other.group] == ["zebra"], "nothing is written before the end"
        assert len(review.finish().entries) == 1
        with pytest.raises(WrongCall, match="in the list already"):
            review.undo()
        assert review.finish().entries == ()
    text = (tmp_path / "mine.toml").read_text(encoding="utf-8")
    assert text.startswith(HEADER)
    pack = read_pack(tmp_path / "mine.toml")
    assert [group.id for group in pack.group] == ["zebra", "reviewed-gambling"]
    assert (pack.info.owner, pack.group[1].owner, str(pack.group[1].added)) == ("@team", "@me", "2026-11-22")
    assert pack.allow and pack.tombstone


def test_what_would_be_lost_stops_the_review_before_it_begins(audit: Path, tmp_path: Path, winnow) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(OWN.replace("[[allow]]", "# why?\n[[allow]]"), encoding="utf-8")
    outcome = winnow("review", audit, "--list", path, "--no-browser")
    assert outcome.code == 2 and "comment" in outcome.stderr
    for name in ("zh-gambling", "core"):
        assert "is not written to" in winnow("review", audit, "--list", name, "--no-browser").stderr
    assert "did you mean 'risk'" in winnow("review", audit, "--check", "rsik", "--no-browser").stderr
    assert winnow("ban", "suggest", audit.parent / "tokenizer", "-o", tmp_path / "s.toml", "-q").code == 0
    outcome = winnow("review", tmp_path / "s.toml", "--list", tmp_path / "s.toml", "--no-browser")
    assert outcome.code == 2 and "suggestions themselves" in outcome.stderr


def test_entries_share_groups_and_hit_nothing_else(audit: Path, tmp_path: Path, winnow) -> None:
    with opened(audit, tmp_path) as review:
        for text in (
            "天天中彩票",
            " 天天中彩票",
            "买天天中彩票",
            "\u202e中彩票",
            "<script>alert(1)</script>中彩票",
        ):
            accept(review, text, reason=REASON, category="gambling")
        accept(review, "출장안마", reason="outcall adverts on Korean pages")
        done = review.finish()
        assert done.findings == ()
        assert done.covered == 1, "with and without the space is one entry"
    pack = read_pack(tmp_path / "mine.toml")
    assert len(pack.group) == 2
    assert winnow("ban", "lint", tmp_path / "mine.toml").code == 0
    assert winnow("ban", "test", tmp_path / "mine.toml").code == 0
    bans = load_ban_lists([str(tmp_path / "mine.toml")])
    for text in ("天天中彩票", " 天天中彩票", "买天天中彩票", "<script>alert(1)</script>中彩票"):
        assert bans.match(text.encode()), text
    for text in (*CLEAN, "_日本毛片免费视频观看", " สล็อต"):
        assert bans.match(text.encode()) is None, text


def test_the_next_review_adds_to_the_groups_of_the_last(audit: Path, tmp_path: Path) -> None:
    for text in ("天天中彩票", "买天天中彩票"):
        with opened(audit, tmp_path) as review:
            accept(review, text, reason=REASON)
            assert len(review.finish().entries) == 1
    with opened(audit, tmp_path) as review:
        accept(
            review,
            "_日本毛片免费视频观看",
            reason=REASON,
            category="gambling",
            kind="contains",
            pattern="毛片",
        )
        accept(review, "출장안마", reason="outcall adverts on Korean pages", category="gambling")
        rules = {each.rule for each in review.finish().entries}
    assert rules == {"mine/reviewed-gambling-contains", "mine/reviewed-gambling-2"}
    groups = {group.id: group.patterns for group in read_pack(tmp_path / "mine.toml").group}
    assert groups == {
        "reviewed-gambling": ["买天天中彩票", "天天中彩票"],
        "reviewed-gambling-contains": ["毛片"],
        "reviewed-gambling-2": ["출장안마"],
    }


def test_decisions_from_standard_input(audit: Path) -> None:
    call = [sys.executable, "-m", "winnow", "review", str(audit), "--decisions", "-", "--format", "json"]
    line = '{"token": "출장안마", "decision": "reject"}\n'
    run = subprocess.run(call, input=line, capture_output=True, text=True, check=True, encoding="utf-8")
    assert json.loads(run.stdout)["rejected"] == 1


def test_a_wide_entry_makes_narrow_ones_needless(audit: Path, tmp_path: Path) -> None:
    with opened(audit, tmp_path) as review:
        accept(review, "天天中彩票", reason=REASON)
        accept(review, "买天天中彩票", kind="contains", pattern="中彩票", reason=REASON)
        done = review.finish()
        assert [(each.kind, each.pattern) for each in done.entries] == [("contains", "中彩票")]
        assert (done.covered, done.findings) == (1, ())


def test_what_is_rejected_is_never_banned(audit: Path, tmp_path: Path, winnow) -> None:
    with opened(audit, tmp_path) as review:
        reject(review, "中彩票")
        with pytest.raises(WrongCall, match="also bans '中彩票', which is rejected"):
            accept(review, "天天中彩票", kind="contains", pattern="中彩票", reason=REASON)
        with pytest.raises(WrongCall, match="also bans"):
            accept(review, "\u202e中彩票", reason=REASON)
        accept(review, "\u202e中彩票", kind="bytes", pattern="\u202e中彩票".encode().hex(), reason=REASON)
        accept(review, "天天中彩票", reason=REASON)
        with pytest.raises(WrongCall, match="the accepted entry text '天天中彩票' bans it"):
            reject(review, " 天天中彩票")
        assert review.finish().findings == ()
    pack = read_pack(tmp_path / "mine.toml")
    assert [group.tests.ok for group in pack.group if group.match == "text"]
    bans = load_ban_lists([str(tmp_path / "mine.toml")])
    assert bans.match("\u202e中彩票".encode()) and bans.match("中彩票".encode()) is None
    assert winnow("ban", "test", tmp_path / "mine.toml").code == 0


def test_previews_name_what_is_no_candidate(audit: Path, tmp_path: Path) -> None:
    with opened(audit, tmp_path) as review:
        reject(review, "<script>alert(1)</script>中彩票")
        one = named(review, "天天中彩票")
        found = review.preview(one.key, Proposal("contains", "彩票", "gambling", REASON))
        assert (found.of, found.unsuspected, found.rejected) == ("vocabulary", 2, 1)
        assert [hit.status for hit in found.hits[:3]] == ["", "", "rejected"]
        alone = review.preview(one.key, one.proposal)
        assert [hit.token for hit in alone.hits] == [" 天天中彩票"]
        assert "does not hit" in review.preview(one.key, Proposal("text", "zebra", "seo", REASON)).warnings[0]
        review.index = None
        assert review.preview(one.key, Proposal("contains", "彩票", "gambling", REASON)).of == "candidates"


def test_a_suggested_pattern_stands_for_its_tokens(audited: Path, tmp_path: Path, winnow) -> None:
    suggested = tmp_path / "suggested.toml"
    assert winnow("ban", "suggest", audited / "tokenizer", "-o", suggested, "-q").code == 0
    with opened(suggested, tmp_path) as review:
        review.index = TokenIndex(load_tokenizer(str(audited / "tokenizer")).tokens)
        stem = next(each for each in review.source.candidates if each.proposal.kind == "contains")
        found = review.preview(stem.key, stem.proposal)
        assert stem.shown == "中彩票" and "\\u202e中彩票" not in {hit.token for hit in found.hits}
        word = next(each for each in review.source.candidates if each.shown == "体育彩票")
        statuses = {hit.token: hit.status for hit in review.preview(word.key, Proposal(
            "contains", "彩票", "gambling", REASON)).hits}  # fmt: skip
        assert (statuses["彩票"], statuses["买天天中彩票"]) == ("open", "")


# ---------------------------------------------------------------- the command


GOLDEN = """\
[list]
id = "mine"
version = "2026.11.22"
title = "Accepted in a review of tokenizer"
owner = "@me"

[[group]]
id = "spam-gambling"
category = "gambling"
match = "text"
reason = "stems of betting pages, read one by one"
patterns = ["买天天中彩票", "天天中彩票"]
langs = ["zh"]
evidence = [EVIDENCE]
added = 2026-11-22
review_by = 2027-11-22
[group.tests]
hit = [" 天天中彩票", "买天天中彩票"]
ok = [OK]
"""


def call(folder: Path, audit: Path, *more: object) -> tuple[object, ...]:
    return ("review", audit, "--list", folder / "mine.toml", "--owner", "@me", "--group", "spam",
            "--today", "2026-11-22", *more)  # fmt: skip


def test_decisions_without_a_browser(audit: Path, tmp_path: Path, winnow) -> None:
    by_text = {each.token.decode(errors="replace"): each for each in read_source(audit, CHECKS).candidates}
    rows = [
        {"token": " 天天中彩票", "decision": "accept", "reason": REASON},
        {"id": by_text["买天天中彩票"].id, "decision": "accept", "reason": REASON},
        {"bytes": "출장안마".encode().hex().upper(), "decision": "reject", "reason": "we index parlours"},
        {"token": "\\u202e中彩票", "decision": "skip"},
        {"key": by_text[" สล็อต"].key, "decision": "accept"},
        {"token": " สล็อต", "decision": "undo"},
    ]
    decisions = tmp_path / "decisions.jsonl"
    decisions.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    outcome = winnow(*call(tmp_path, audit, "--decisions", decisions, "--format", "json"))
    assert outcome.code == 0, outcome.stderr
    record = json.loads(outcome.stdout)
    total = len(by_text)
    assert {name: record[name] for name in ("schema_version", "source", "kind", "lint", "written")} == {
        "schema_version": 1, "source": "tokenizer", "kind": "audit", "lint": [], "written": 2,
    }  # fmt: skip
    assert (record["candidates"], record["accepted"], record["rejected"], record["skipped"]) == (
        total,
        2,
        1,
        1,
    )
    assert sum(record[name] for name in ("accepted", "rejected", "skipped", "covered", "left")) == total
    assert {(entry["token"], entry["rule"], entry["kind"]) for entry in record["entries"]} == {
        (" 天天中彩票", "mine/spam-gambling", "text"), ("买天天中彩票", "mine/spam-gambling", "text"),
    }  # fmt: skip
    written = (tmp_path / "mine.toml").read_text(encoding="utf-8")
    ids = [by_text[" 天天中彩票"].id, by_text["买天天中彩票"].id]
    assert written == golden(written, ids)
    assert winnow("ban", "lint", tmp_path / "mine.toml", "--today", "2026-11-22").code == 0
    again = winnow(*call(tmp_path, audit, "--decisions", decisions, "--format", "json"))
    assert json.loads(again.stdout)["written"] == 0
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == written


def golden(written: str, ids: list[int | None]) -> str:
    """GOLDEN with the ids of this vocabulary, and the clean words that the risk model's lexicon names."""
    evidence = ", ".join(f'"tok:tokenizer:{id_}"' for id_ in ids)
    ok = next(line for line in written.splitlines() if line.startswith("ok = "))
    assert "彩票" in ok and "中彩票" not in ok
    return GOLDEN.replace("EVIDENCE", evidence).replace("ok = [OK]", ok)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"token": "harbour", "decision": "accept"}', "no candidate is 'harbour'"),
        ('{"token": "天天中彩", "decision": "accept"}', "did you mean"),
        ('{"decision": "accept"}', "names no candidate"),
        ('{"token": "天天中彩票", "decision": "maybe"}', "not a decision"),
        ('{"token": "天天中彩票", "decision": "accept", "reson": "x"}', "reson"),
        ('{"token": "天天中彩票", "decision": "accept", "kind": "suffixes"}', "unknown kind"),
        ('{"token": "天天中彩票", "decision": "accept", "category": "nonsense"}', "nonsense"),
        ("[]", "not a decision"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_and_writes_no_list(
    line: str, words: str, audit: Path, tmp_path: Path, winnow
) -> None:
    decisions = tmp_path / "decisions.jsonl"
    decisions.write_text(f'{{"token": "출장안마", "decision": "accept"}}\n{line}\n', encoding="utf-8")
    outcome = winnow(*call(tmp_path, audit, "--decisions", decisions))
    assert outcome.code == 1
    assert f"{decisions}:2" in outcome.stderr and words in outcome.stderr
    assert not (tmp_path / "mine.toml").exists()


def test_the_folder_stays_whole_and_keeps_the_review(audit: Path, tmp_path: Path, winnow) -> None:
    decisions = tmp_path / "decisions.jsonl"
    decisions.write_text('{"token": "출장안마", "decision": "accept"}\n', encoding="utf-8")
    outcome = winnow("review", audit, "--decisions", decisions)
    assert outcome.code == 0 and "accepted" in outcome.stdout
    assert {path.name for path in audit.glob("review*")} == {"review.jsonl", "reviewed.toml"}
    assert winnow("verify", audit).code == 0, "a review is no change of the audit"
    arguments = ("audit", audit.parent / "tokenizer", "-o", audit, "--policy", "report-only", "-q")
    assert winnow(*arguments, "--force").code == 0
    assert {path.name for path in audit.glob("review*")} == {"review.jsonl", "reviewed.toml"}


def test_one_journal_for_several_folders(audit: Path, tmp_path: Path, winnow) -> None:
    shutil.copytree(audit, tmp_path / "next")
    decisions = tmp_path / "decisions.jsonl"
    decisions.write_text('{"token": "출장안마", "decision": "reject"}\n', encoding="utf-8")
    journal = ("--journal", tmp_path / "ours.jsonl", "--format", "json")
    assert winnow("review", audit, "--decisions", decisions, *journal).code == 0
    decisions.write_text("", encoding="utf-8")
    second = winnow("review", tmp_path / "next", "--decisions", decisions, *journal)
    assert json.loads(second.stdout)["rejected"] == 1
    assert not (audit / "review.jsonl").exists()


def test_what_other_lists_ban_is_not_asked(audit: Path, tmp_path: Path, winnow) -> None:
    decisions = tmp_path / "none.jsonl"
    decisions.write_text("", encoding="utf-8")
    plain, against = (
        json.loads(winnow("review", audit, "--decisions", decisions, "--format", "json", *more).stdout)
        for more in ((), ("--against", "core"))
    )
    assert plain["covered"] == 0
    assert against["covered"] >= len(POLLUTED) - 2
    assert against["candidates"] == plain["candidates"]
