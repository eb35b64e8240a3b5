"""Engines: what `--engine ray` says when it cannot, and shards as tasks without a cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from corpora.documents import ReadOptions, open_corpus
from corpora.engine import EngineChoice, RayOptions, over_files
from corpora.engine_options import engine_arguments, engine_choice
from corpora.errors import WinnowError, WrongCall
from corpora.local_engine import LocalEngine
from corpora.ray_engine import _check_address


@dataclass(frozen=True)
class ShardsHere:
    """Whole shards as tasks, as on a cluster, but in this process."""

    by_shard: bool = True

    def check_folder(self, folder: Path) -> None:
        assert folder.is_dir()

    def run_tasks(self, function: Callable, items: Iterable) -> Iterator:
        return map(function, items)


def write_shards(folder: Path, shards: int = 5, documents: int = 40) -> Path:
    """Documents in a few languages, with repetitions in a shard and between shards."""
    folder.mkdir()
    words = ["the river was low", "la rivière était basse", "der Fluss führte wenig Wasser", "水位很低"]
    for shard in range(shards):
        rows = [
            {"id": f"{shard}-{row}", "text": f"{words[row % 4]} {row % 17} " * (5 + shard % 3), "n": row}
            for row in range(documents)
        ]
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{shard:02}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def square(number: int) -> int:
    if number == 7:
        raise WinnowError("seven", where="the list")
    return number * number


def test_processes_give_results_in_order() -> None:
    assert list(LocalEngine(2).run_tasks(square, range(6))) == [0, 1, 4, 9, 16, 25]
    assert list(LocalEngine(1).run_tasks(square, iter(range(6)))) == [0, 1, 4, 9, 16, 25]
    assert list(over_files(LocalEngine(8), square, [3])) == [9]


def test_an_error_in_a_process_arrives_as_it_was() -> None:
    with pytest.raises(WinnowError, match="the list: seven"):
        list(LocalEngine(2).run_tasks(square, range(9)))


def test_filtering_and_counting_by_shard_gives_the_local_bytes(tmp_path: Path) -> None:
    from curation.judging import JudgeSettings
    from curation.pipeline import FilterSettings, filter_corpus
    from curation.rules import load_rules
    from trainer.count_job import count_corpus
    from trainer.counting import CountOptions
    from trainer.pretokenize import PATTERNS

    corpus = open_corpus([str(write_shards(tmp_path / "in"))], ReadOptions())
    judge = JudgeSettings(load_rules("default"), full=True)
    outputs = []
    for name, engine in (("here", LocalEngine(1)), ("shards", ShardsHere())):
        folder = tmp_path / name
        result = filter_corpus(corpus, FilterSettings(judge, engine, keep_dropped=True), folder)
        assert 0 < result.tally.documents_kept < result.tally.documents_in
        kept = open_corpus([str(folder / "documents")], ReadOptions())
        options = CountOptions(PATTERNS["o200k"], memory=1 << 20)
        count_corpus(kept, options, folder / "counts.parquet", engine=engine)
        assert not list(folder.glob(".*"))
        outputs.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.parquet")})
    assert len(outputs[0]) == 16
    assert outputs[0] == outputs[1]


def test_caps_by_a_column_of_the_input_work_by_shard(tmp_path: Path) -> None:
    from curation.caps import Cap, CapSettings
    from curation.judging import JudgeSettings
    from curation.pipeline import FilterSettings, filter_corpus
    from curation.rules import load_rules

    texts = list(open_corpus(["recipe:sample"], ReadOptions()).texts())[:200]
    rows = [
        {"text": text, "url": f"https://{n % 3}.example/{n}", "blog": f"blog {n % 7}"}
        for n, text in enumerate(texts)
    ]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    corpus, judge = open_corpus([str(path)], ReadOptions()), JudgeSettings(load_rules("default"))
    for field, most in ((None, 12), ("blog", 28)):
        caps, decisions = CapSettings(source=Cap(documents=4), source_field=field), []
        for name, engine in (("here", LocalEngine(1)), ("shards", ShardsHere())):
            folder = tmp_path / f"{name} {field}"
            result = filter_corpus(corpus, FilterSettings(judge, engine, caps=caps), folder)
            assert result.tally.documents_kept == most
            decisions.append((folder / "decisions" / "part-00000.parquet").read_bytes())
        assert decisions[0] == decisions[1]


@pytest.mark.parametrize("kind", ["decisions", "documents"])
def test_a_part_that_is_damaged_is_named(kind: str, tmp_path: Path, winnow) -> None:
    folder = write_shards(tmp_path / "in", shards=6)
    (folder / "05.jsonl").write_text('{"text": "good"}\nbroken\n')
    command = ("filter", folder, "-o", tmp_path / "out", "--workers", 1, "-q")
    assert winnow(*command).code == 1
    part = tmp_path / "out" / kind / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    told = winnow(*command)
    assert told.code == 1
    assert f"{part}: a damaged part: " in told.stderr and "--force starts over" in told.stderr


def test_partitions_smaller_than_memory_add_up_through_runs(tmp_path: Path) -> None:
    from trainer.count_job import count_corpus
    from trainer.counting import CountOptions
    from trainer.pretokenize import PATTERNS

    rows = [
        json.dumps({"text": f" word{number} " * 2, "language": "ab"[number % 2]}) for number in range(30_000)
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(rows))
    corpus = open_corpus([str(tmp_path / "x.jsonl")], ReadOptions())
    for name, engine, memory in (("a", None, 1 << 30), ("b", ShardsHere(), 1 << 20)):
        options = CountOptions(PATTERNS["gpt2"], memory=memory)
        count_corpus(corpus, options, tmp_path / f"{name}.parquet", engine=engine)
    assert pq.read_metadata(tmp_path / "a.parquet").num_rows > 30_000
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_an_input_that_changes_between_judging_and_writing_is_refused(tmp_path: Path) -> None:
    from curation.judging import JudgeSettings
    from curation.pipeline import FilterSettings, filter_corpus
    from curation.rules import load_rules

    folder = write_shards(tmp_path / "in", shards=1)

    class Changing(ShardsHere):
        def run_tasks(self, function: Callable, items: Iterable) -> Iterator:
            for item in items:
                result = function(item)
                (folder / "00.jsonl").write_text('{"id": "other", "text": "something else"}\n')
                yield result

    settings = FilterSettings(JudgeSettings(load_rules("default")), Changing())
    with pytest.raises(WinnowError, match="changed while it was filtered"):
        filter_corpus(open_corpus([str(folder)], ReadOptions()), settings, tmp_path / "out")


def test_standard_input_cannot_go_to_other_machines(tmp_path: Path) -> None:
    shard = open_corpus([str(write_shards(tmp_path / "in", shards=1))], ReadOptions()).shards[0]
    from dataclasses import replace

    from corpora.documents import STANDARD_INPUT, Corpus

    corpus = Corpus((replace(shard, name=STANDARD_INPUT),))
    assert corpus.on(LocalEngine()) is corpus
    with pytest.raises(WrongCall, match="standard input"):
        corpus.on(ShardsHere())


@pytest.mark.parametrize("verb", ["filter", "count", "run"])
def test_without_ray_the_error_says_what_to_install(verb: str, tmp_path: Path, project: Path) -> None:
    """Python treats a module that is None in sys.modules as not installed."""
    folder = write_shards(tmp_path / "in", shards=1)
    arguments = {
        "filter": ["filter", str(folder), "-o", str(tmp_path / "out")],
        "count": ["count", str(folder), "-o", str(tmp_path / "out.parquet")],
        "run": ["run", "sample", "-o", str(tmp_path / "out")],
    }[verb]
    code = (
        "import sys; sys.modules['ray'] = None; from winnow import main; "
        f"sys.exit(main({[*arguments, '--engine', 'ray']!r}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "pip install 'winnow-bpe[ray]'" in run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "no Ray cluster at 127.0.0.1:1"),
        ("no-such-host.invalid:6379", "no Ray cluster at"),
        ("nonsense", "not a Ray address"),
        ("127.0.0.1:99999", "not a Ray address"),
        ("s3://bucket/x:1", "not a Ray address"),
    ],
)
def test_a_wrong_address_is_told_at_once(address: str, message: str) -> None:
    with pytest.raises(WrongCall, match=message) as raised:
        _check_address(address)
    assert raised.value.exit_code == 2


def test_the_environment_names_the_cluster_too(
    tmp_path: Path, winnow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    folder = write_shards(tmp_path / "in", shards=1)
    outcome = winnow("filter", folder, "-o", tmp_path / "out", "--engine", "ray")
    assert outcome.code == 2
    assert "127.0.0.1:1" in outcome.stderr
    assert "--ray-address" in outcome.stderr


def test_options_of_ray_need_the_engine(tmp_path: Path, winnow) -> None:
    folder = write_shards(tmp_path / "in", shards=1)
    for option, value in (("--ray-address", "auto"), ("--ray-concurrency", 2), ("--ray-retries", 0)):
        outcome = winnow("count", folder, "-o", tmp_path / "x.parquet", option, value)
        assert outcome.code == 2
        assert "add --engine ray" in outcome.stderr
    outcome = winnow("count", folder, "-o", tmp_path / "x.parquet", "--engine", "ray", "--by-source")
    assert outcome.code == 2
    assert "on one machine" in outcome.stderr


def test_a_choice_survives_as_arguments() -> None:
    given = {"address": "host:6379", "cpus_per_task": 2.0, "memory_per_task": "4GB", "retries": 0}
    choice = engine_choice("ray", given)
    assert choice == EngineChoice("ray", RayOptions("host:6379", 2.0, 4 * 10**9, None, 0))
    arguments = engine_arguments(choice)
    pairs = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert pairs.pop("--engine") == "ray"
    again = {name.removeprefix("--ray-").replace("-", "_"): value for name, value in pairs.items()}
    assert again == {
        "address": "host:6379", "cpus_per_task": "2.0", "memory_per_task": "4000000000", "retries": "0",
    }  # fmt: skip
    assert engine_arguments(engine_choice("local", dict.fromkeys(given))) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere processes are not forked")
@pytest.mark.parametrize(
    ("size", "workers", "started"), [(1 << 30, 2, True), (1000, 2, False), (1 << 30, 1, False)]
)
def test_workers_are_started_early_for_large_inputs_only(size: int, workers: int, started: bool) -> None:
    script = (
        "from corpora.engine import EngineChoice\n"
        "from multiprocessing import forkserver\n"
        f"EngineChoice().start_early({workers}, {size}, ('json',))\n"
        "print(forkserver._forkserver._forkserver_pid is not None)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{started}\n", "")
