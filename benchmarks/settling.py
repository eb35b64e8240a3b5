"""`python -m benchmarks.settling`: how fast one process settles what the tasks of a cluster have judged."""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence

import click

from benchmarks.folders import corpus_path
from benchmarks.ready import need_corpora, tell
from corpora.documents import ReadOptions, open_corpus
from curation.caps import CapCounter, CapSettings
from curation.judging import Judgement, JudgeSettings
from curation.repetitions import Repetitions
from curation.rules import load_rules
from curation.sharded import JudgedSlice, ShardJudge, ShardTask
from curation.slices import Slice

_SPLIT = 8 << 20  # bytes of a task


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--corpus", default="mixed-50", help="One of the corpora of `python -m benchmarks.corpus`.")
@click.option("--rules", default="default", help="Rule set.")
@click.option("--rounds", default=3, help="Best of so many.")
def main(corpus: str, rules: str, rounds: int) -> None:
    """Judge in this process as tasks do, then time reading their results and settling them."""
    need_corpora([corpus])
    options = ReadOptions(split_bytes=_SPLIT)
    read = open_corpus([str(corpus_path(corpus))], options)
    settings = JudgeSettings(load_rules(rules))
    judge = ShardJudge(settings, None, every_column=False)
    started = time.perf_counter()
    judged = [judge(ShardTask(number, shard)) for number, shard in enumerate(read.shards)]
    judging = time.perf_counter() - started
    size = sum(piece.texts.nbytes for shard in judged for piece, _ in shard) / 1e6
    documents = sum(len(judgements) for shard in judged for _, judgements in shard)
    sent = [pickle.dumps(shard, protocol=5) for shard in judged]
    tell(f"{size:.1f} MB of text, {documents:,} documents, {sum(map(len, sent)) / 1e6:.1f} MB from the tasks")
    received, settled = zip(*(_times(sent, settings) for _ in range(rounds)), strict=True)
    click.echo(
        f"a processor judges {size / judging:.1f} MB/s; one process receives {size / min(received):.0f} MB/s"
        f" and settles {size / min(settled):.0f} MB/s"
    )


def _times(sent: Sequence[bytes], settings: JudgeSettings) -> tuple[float, float]:
    """Seconds that reading the tasks' results and settling them take, as `curation.pipeline` does."""
    caps = CapCounter(CapSettings())
    repetitions = Repetitions(settings.rules.duplicates, caps)
    receiving = settling = 0.0
    for data in sent:
        started = time.perf_counter()
        shard: list[JudgedSlice] = pickle.loads(data)
        received = time.perf_counter()
        for piece, judgements in shard:
            _settle(repetitions, piece, judgements)
        receiving, settling = receiving + received - started, settling + time.perf_counter() - received
    return receiving, settling


def _settle(repetitions: Repetitions, piece: Slice, judgements: Sequence[Judgement]) -> list[Judgement]:
    ids, sources, texts = (piece.batch.column(name) for name in ("id", "source", "text"))
    settled = (
        judged if judged.rule is not None
        else repetitions.settle(judged, ids[row].as_py(), sources[row].as_py(), None, texts[row])
        for row, judged in enumerate(judgements)
    )  # fmt: skip
    return [judged.without_fingerprint() for judged in settled]


if __name__ == "__main__":
    main()
