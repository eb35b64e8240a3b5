"""The probe against a real server that answers from a model trained here: verdicts, kill, resume."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.engines import text_engine
from audit.output_formats import to_jsonl
from audit.probe.asking import Pace
from audit.probe.candidates import choose_controls, find_candidates
from audit.probe.journal import open_journal, read_journal
from audit.probe.probing import ProbeOptions, ProbePlan, plan_probe
from audit.probe.records import KINDS, Ask, Candidate, Reply
from audit.probe.scoring import score_answers
from audit.results import Finding
from corpora.errors import WinnowError, WrongCall
from tests.audit.norms_checkpoints import small_vocabulary
from tests.audit.probe_server import Behaviour, NGrams, serve
from trainer.exports import write_exports

PROJECT = Path(__file__).resolve().parents[2]
KNOWN = ("the", " function", "ption", " which")  # candidates that the model was trained on
GLITCH = ("Controller", " private", "Exception", " include")  # and others that it has never met
MANY = "4"


def ids_of(texts: Iterable[str]) -> list[int]:
    return [small_vocabulary().ids_of[text.encode()] for text in texts]


def options(**changed: Any) -> ProbeOptions:
    spec = ",".join(map(str, ids_of([*KNOWN, *GLITCH])))
    settings = {"candidates": (spec,), "limit": 100, "kinds": KINDS, "answers": 4, "controls": 6, "seed": 0}
    return ProbeOptions(**{**settings, **changed})


def right_answer(ask: Ask) -> str:
    word = ask.text.strip()
    return {
        "repetition": word,
        "spelling": "-".join(word),
        "translation": f"meaning of number {ask.id}",
        "language": "English",
    }[ask.kind]


def lessons(plan: ProbePlan, unknown: Iterable[int]) -> list[str]:
    """What the model learns: questions and right answers, for all tokens but the unknown."""
    left_out = set(unknown)
    return [
        f"{ask.prompt}\n{right_answer(ask)}\n"
        for ask in plan.asks
        if ask.number == 0 and ask.id not in left_out
    ]


@pytest.fixture(scope="module")
def model() -> NGrams:
    return NGrams(lessons(plan_probe(small_vocabulary(), options(), by_id=False), ids_of(GLITCH)))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    write_exports(folder, small_vocabulary())
    return folder


def call(tokenizer: Path, url: str, out: Path, *more: object) -> list[str]:
    spec = options().candidates[0]
    return [
        "probe", str(tokenizer), "--model", "small", "--endpoint", url, "--candidates", spec,
        "--answers", MANY, "--controls", "6", "--backoff", "0.01", "--yes", "-o", str(out), *map(str, more),
    ]  # fmt: skip


def verdicts(folder: Path) -> dict[int, dict[str, Any]]:
    lines = (folder / "probe.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["id"]: record for record in map(json.loads, lines)}


def test_known_tokens_are_told_from_unknown_ones(
    winnow: Any, model: NGrams, tokenizer: Path, tmp_path: Path
) -> None:
    with serve(model.answer) as (url, log):
        ran = winnow(*call(tokenizer, url, tmp_path / "out", "--format", "json"))
    assert ran.code == 0, ran.stderr
    found = verdicts(tmp_path / "out")
    assert {found[id_]["verdict"] for id_ in ids_of(KNOWN)} == {"recognised"}
    assert {found[id_]["verdict"] for id_ in ids_of(GLITCH)} <= {"unknown", "partial"}
    assert {each["verdict"] for each in found.values() if each["control"]} == {"recognised"}
    for each in found.values():
        assert each["why"].count("controls") == len(each["kinds"])
    record = json.loads(ran.stdout)
    assert record["schema_version"] == 1
    assert "weak evidence" in record["membership"]
    assert record["candidates"]["recognised"] == len(KNOWN)
    assert len(log.answered) == len(found) * len(KINDS) * int(MANY)
    assert "already finished" in winnow(*call(tokenizer, url, tmp_path / "out", "--format", "json")).stderr


def test_a_model_that_fails_at_everything_has_no_glitch_tokens(
    winnow: Any, tokenizer: Path, tmp_path: Path
) -> None:
    babble = NGrams(["once upon a time there was nothing to say and nobody said it\n" * 3])
    with serve(babble.answer) as (url, _):
        assert winnow(*call(tokenizer, url, tmp_path / "out")).code == 0
    found = verdicts(tmp_path / "out").values()
    assert {each["verdict"] for each in found} == {"undecided"}
    assert all("fails at ordinary tokens too" in each["why"] for each in found)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(
    winnow: Any, model: NGrams, tokenizer: Path, tmp_path: Path, status: int
) -> None:
    with serve(model.answer, Behaviour(busy_every=5, status=status)) as (url, log):
        ran = winnow(*call(tokenizer, url, tmp_path / "out", "--questions", "repetition"))
    assert ran.code == 0, ran.stderr
    assert log.refused > 5
    assert Counter(log.answered) == Counter(expected_prompts(("repetition",)))


def expected_prompts(kinds: tuple[Any, ...] = KINDS) -> list[str]:
    return [ask.prompt for ask in plan_probe(small_vocabulary(), options(kinds=kinds), by_id=False).asks]


def test_a_server_that_stays_busy_stops_the_run_and_the_run_goes_on_later(
    winnow: Any, model: NGrams, tokenizer: Path, tmp_path: Path
) -> None:
    extra = ("--questions", "repetition", "--retries", "2")
    with serve(model.answer, Behaviour(busy_every=1)) as (url, log):
        ran = winnow(*call(tokenizer, url, tmp_path / "out", *extra))
        assert (ran.code, "still busy after 2 retries" in ran.stderr) == (1, True)
        assert not log.answered
    history = read_journal(tmp_path / "out" / "journal.jsonl")
    assert not history.replies and not history.lost


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "winnow", *arguments, "-q"]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def test_a_killed_probe_goes_on_and_asks_nothing_twice(
    winnow: Any, model: NGrams, tokenizer: Path, tmp_path: Path
) -> None:
    expected = Counter(expected_prompts())
    with serve(model.answer, Behaviour(seconds=0.02, busy_every=11)) as (url, log):
        arguments = call(tokenizer, url, tmp_path / "out")
        for stop_at in (30, 90):
            running = start(arguments)
            deadline = time.monotonic() + 60
            while len(log.answered) < stop_at and time.monotonic() < deadline:
                time.sleep(0.005)
            os.kill(running.pid, signal.SIGKILL)
            running.communicate()
            assert running.returncode == -signal.SIGKILL
            assert not (tmp_path / "out" / "manifest.json").exists()
        killed_at = len(log.answered)
        ran = winnow(*arguments)
    assert ran.code == 0, ran.stderr
    assert killed_at >= 90
    asked = Counter(log.answered)
    assert all(asked[prompt] <= expected[prompt] for prompt in asked)
    lost = sum(each["lost"] for each in verdicts(tmp_path / "out").values())
    assert lost <= 2 * 4  # at most the questions under way at each kill
    answers = sum(len(each["answers"]) for each in verdicts(tmp_path / "out").values())
    assert answers + lost == expected.total()
    assert expected.total() - lost <= len(log.answered) <= expected.total()


def test_the_key_comes_from_the_environment_and_is_written_nowhere(
    winnow: Any, model: NGrams, tokenizer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = ("--questions", "repetition", "--answers", "1", "--key-variable", "PROBE_KEY")
    with serve(model.answer, Behaviour(key="secret-1234")) as (url, log):
        monkeypatch.setenv("PROBE_KEY", "wrong")
        ran = winnow(*call(tokenizer, url, tmp_path / "out", *extra))
        assert (ran.code, "$PROBE_KEY" in ran.stderr) == (1, True)
        monkeypatch.setenv("PROBE_KEY", "secret-1234")
        ran = winnow(*call(tokenizer, url, tmp_path / "out", *extra))
    assert ran.code == 0, ran.stderr
    assert log.keys == {"Bearer wrong", "Bearer secret-1234"}
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    assert b"secret-1234" not in written
    assert "secret-1234" not in ran.stdout + ran.stderr


def test_a_key_is_not_sent_in_the_clear(
    winnow: Any, tokenizer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-1234")
    ran = winnow(*call(tokenizer, "http://192.0.2.1/v1", tmp_path / "out"))
    assert (ran.code, "in the clear" in ran.stderr) == (2, True)


def test_nothing_is_asked_without_a_confirmation(winnow: Any, tokenizer: Path, tmp_path: Path) -> None:
    with serve(lambda *_: "") as (url, log):
        arguments = call(tokenizer, url, tmp_path / "out")
        arguments.remove("--yes")
        ran = winnow(*arguments)
        assert (ran.code, "nobody can confirm" in ran.stderr) == (2, True)
        dry = winnow(*arguments, "--dry-run", "--price", "1", "2")
        assert dry.code == 0
        assert not log.answered
    assert f"{len(expected_prompts()):,} requests" in dry.stdout
    assert "cost at most" in dry.stdout
    assert not (tmp_path / "out").exists()


def test_exports_are_what_the_other_tools_read(
    winnow: Any, model: NGrams, tokenizer: Path, tmp_path: Path
) -> None:
    with serve(model.answer) as (url, _):
        assert winnow(*call(tokenizer, url, tmp_path / "out", "--questions", "language")).code == 0
    lines = [json.loads(line) for line in (tmp_path / "out" / "magikarp.jsonl").read_text().splitlines()]
    assert {line["i"] for line in lines} == set(ids_of([*KNOWN, *GLITCH]))
    assert {line["category"] for line in lines} == {"OK"}
    assert {line["decoded"] for line in lines} == {*KNOWN, *GLITCH}
    assert "Ġprivate" in {line["raw_vocab"] for line in lines}
    garak = json.loads((tmp_path / "out" / "garak.yaml").read_text())
    assert set(garak["plugins"]["probes"]["glitch"]["GlitchFull"]["glitch_tokens"]) == {*KNOWN, *GLITCH}


# Candidates and controls


def test_candidates_from_every_source(tmp_path: Path) -> None:
    vocabulary = small_vocabulary()
    hot, low = ids_of([" function"]), ids_of(["Controller"])
    findings = [
        Finding("risk", "warning", "score 0.9", hot[0], "x", b" function", "", "gambling"),
        Finding("utf8", "note", "only a note", low[0], "y", b"Controller"),
    ]
    (tmp_path / "findings.jsonl").write_text(to_jsonl(findings), encoding="utf-8")
    norms = {"hot": [{"id": hot[0], "category": "adult"}], "low_lump": {"ids": low}, "unused_direction": None}
    (tmp_path / "norms.json").write_text(json.dumps(norms))
    (tmp_path / "tokens.txt").write_text(f" function\n{low[0]}\n")
    found = {
        name: [c.id for c in find_candidates([str(tmp_path / name)], vocabulary, 10)]
        for name in ("findings.jsonl", "norms.json", "tokens.txt")
    }
    assert found == {"findings.jsonl": hot, "norms.json": hot + low, "tokens.txt": hot + low}
    assert [c.id for c in find_candidates(["300-302,400"], vocabulary, 3)] == [300, 301, 302]
    banned = find_candidates(["core"], vocabulary, 3)
    assert banned[0].text == "中彩票"  # a token of o200k_base
    assert all(c.why.startswith("banned by zh-gambling/") for c in banned)
    assert banned[1].category == "gambling"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.txt", "no such token\n", "x.txt:1"),
        ("x.json", "{}", "not a scan of norms"),
        ("x.jsonl", "{}\n", "x.jsonl:1"),
        ("x.txt", "\n", "no token to ask about"),
    ],
)
def test_broken_sources_are_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(WinnowError, match=said):
        find_candidates([str(tmp_path / name)], small_vocabulary(), 10)
    with pytest.raises(WrongCall, match="neither ids"):
        find_candidates(["nowhere"], small_vocabulary(), 10)


def test_controls_are_ordinary_and_of_the_same_script() -> None:
    vocabulary = small_vocabulary()
    candidates = find_candidates([",".join(map(str, ids_of(GLITCH)))], vocabulary, 10)
    controls = choose_controls(candidates, vocabulary, 5, seed=1)
    assert len(controls) == 5
    assert controls == choose_controls(candidates, vocabulary, 5, seed=1)
    assert {control.script for control in controls} == {"Latin"}
    assert not {control.id for control in controls} & {candidate.id for candidate in candidates}


def test_questions_hold_the_token_whole() -> None:
    plan = plan_probe(small_vocabulary(), options(), by_id=False)
    engine = text_engine(small_vocabulary())
    assert engine is not None
    for ask in plan.asks:
        assert ask.id in engine.encode([ask.prompt])[0]


# Scores


def candidate(text: str, script: str = "Latin", category: Any = None) -> Candidate:
    return Candidate(1, text.encode(), text, script, "", category)


@pytest.mark.parametrize(
    ("kind", "text", "script", "answer", "score"),
    [
        ("repetition", " drawingCodehint", "Latin", '"drawingCodehint"', 1.0),
        ("repetition", " drawingCodehint", "Latin", "DrawingCodeHint", 0.5),
        ("repetition", " drawingCodehint", "Latin", "drawingCodeint", 0.5),
        ("repetition", " drawingCodehint", "Latin", "distribute", 0.0),
        ("repetition", " drawingCodehint", "Latin", "", 0.0),
        ("spelling", " cat", "Latin", "C-A-T", 1.0),
        ("spelling", " cat", "Latin", "c - a - t.", 1.0),
        ("spelling", " cat", "Latin", "cat", 0.0),
        ("spelling", " castle", "Latin", "c-a-s-t-e", 0.5),
        ("spelling", " cat", "Latin", "d-o-g-s", 0.0),
        ("spelling", "天天", "Han", "天-天", 1.0),
        ("language", "天天", "Han", "This is Chinese.", 1.0),
        ("language", "天天", "Han", "French", 0.0),
        ("language", "สล็อต", "Thai", "thai", 1.0),
    ],
)
def test_scores_of_answers(kind: Any, text: str, script: str, answer: str, score: float) -> None:
    (scored,) = score_answers(candidate(text, script), kind, [answer])
    assert scored.score == score, scored.why


def test_translations_are_scored_by_agreement_or_by_category() -> None:
    same = score_answers(candidate("天天", "Han"), "translation", ["every day"] * 3)
    assert [each.score for each in same] == [1.0] * 3
    apart = score_answers(candidate("天天", "Han"), "translation", ["red horse", "music", "to swim"])
    assert [each.score for each in apart] == [0.0] * 3
    assert score_answers(candidate("x"), "translation", ["It has no meaning."] * 2)[0].score == 0
    spam = score_answers(candidate("彩票", "Han", "gambling"), "translation", ["lottery ticket", "none"])
    assert [each.score for each in spam] == [1.0, 0.0]


# The journal and the pace


def test_a_line_that_was_cut_off_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with open_journal(path) as journal:
        journal.asked("1/a/0")
        journal.answered("1/a/0", Reply("yes", 3, 1))
        journal.asked("2/a/0")
    path.write_bytes(path.read_bytes() + b'{"event":"answered","key":"2/a')
    assert read_journal(path).lost == {"2/a/0"}
    with open_journal(path) as journal:
        journal.refused("2/a/0")
    assert read_journal(path).replies == {"1/a/0": Reply("yes", 3, 1)}
    assert not read_journal(path).lost
    path.write_bytes(b"nonsense\n")
    with pytest.raises(WinnowError, match=r"journal\.jsonl:1"):
        read_journal(path)


def test_the_pace_is_kept() -> None:
    pace = Pace(per_minute=60 * 50)
    started = time.monotonic()
    for _ in range(6):
        pace.wait()
    assert time.monotonic() - started >= 5 / 50 - 0.01


# A real neural model, here and behind a server


@pytest.fixture(scope="module")
def gpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small GPT that has learnt to answer about known tokens, in a folder."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra `torch`)")
    transformers = pytest.importorskip("transformers")
    vocabulary = small_vocabulary()
    engine = text_engine(vocabulary)
    assert engine is not None
    torch.manual_seed(0)
    end = vocabulary.special_tokens["<|end|>"]
    plan = plan_probe(vocabulary, options(), by_id=True)
    encoded = [[*ids, end] for ids in engine.encode(lessons(plan, ids_of(GLITCH)))]
    length = max(map(len, encoded))
    data = torch.tensor([[*ids, *[end] * (length - len(ids))] for ids in encoded])
    used = data.unique()  # a softmax over these alone takes a fortieth of the time
    place = torch.zeros(vocabulary.rows, dtype=torch.long)
    place[used] = torch.arange(used.numel())
    config = transformers.GPT2Config(
        vocab_size=vocabulary.rows, n_positions=128, n_embd=64, n_layer=2, n_head=4, bos_token_id=None,
        eos_token_id=end, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    model = transformers.GPT2LMHeadModel(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    random = np.random.default_rng(0)
    for _ in range(250):
        batch = data[random.choice(len(data), 24).tolist()]
        hidden = model.transformer(batch).last_hidden_state[:, :-1]
        logits = hidden @ model.lm_head.weight[used].T
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), place[batch[:, 1:]].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    folder = tmp_path_factory.mktemp("gpt")
    model.save_pretrained(folder)
    write_exports(folder, vocabulary)
    return folder


def check_gpt(folder: Path) -> None:
    found = verdicts(folder)
    known = [found[id_]["verdict"] for id_ in ids_of(KNOWN)]
    unknown = [found[id_]["verdict"] for id_ in ids_of(GLITCH)]
    assert known.count("recognised") == len(KNOWN), found
    assert unknown.count("recognised") == 0, found


@pytest.mark.slow
def test_a_trained_gpt_on_this_machine(winnow: Any, gpt: Path, tmp_path: Path) -> None:
    arguments = (
        "probe", gpt, "--model", gpt, "--candidates", options().candidates[0], "--answers", "1", "--controls",
        "6", "--temperature", "0", "--max-tokens", "24",
    )  # fmt: skip
    ran = winnow(*arguments, "-o", tmp_path / "one")
    assert ran.code == 0, ran.stderr
    check_gpt(tmp_path / "one")
    assert winnow(*arguments, "-o", tmp_path / "two", "-q").code == 0
    assert (tmp_path / "one" / "probe.jsonl").read_bytes() == (tmp_path / "two" / "probe.jsonl").read_bytes()


@pytest.mark.slow
def test_a_trained_gpt_behind_a_server(winnow: Any, gpt: Path, tmp_path: Path) -> None:
    from audit.probe.local_model import LocalModel, LocalOptions

    model = LocalModel(LocalOptions(gpt, 0.0, 24, 0))
    engine = text_engine(small_vocabulary())
    assert engine is not None

    def answer(prompt: str, temperature: float, most: int) -> str:
        """The prompt as text: its first token by id, the rest as the model's own tokenizer splits it."""
        first = engine.encode([prompt])[0][0]
        rest = prompt[len(small_vocabulary().tokens[first].decode()) :]
        return model.answer(Ask(first, "repetition", 0, "", "", rest, exact=True)).text

    extra = ("--temperature", "0", "--max-tokens", "24", "--answers", "1")
    with serve(answer, Behaviour(busy_every=7)) as (url, log):
        ran = winnow(*call(gpt, url, tmp_path / "out", *extra, "--timeout", "60"))
    assert ran.code == 0, ran.stderr
    assert log.refused > 3
    check_gpt(tmp_path / "out")
