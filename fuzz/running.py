"""Run one target with one engine, count what was executed, and keep the inputs that broke a promise."""

from __future__ import annotations

import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from corpora.errors import WinnowError
from corpora.files import write_bytes, write_json
from fuzz.contract import SECONDS, Finding, Target, check, warm
from fuzz.mutation import mutated
from fuzz.tally import Tally

_MEMORY = Path("/dev/shm")  # files that never reach a disk, where the system has that
_TALLY_EVERY = 500
_RSS_LIMIT_MIB = 4096
_LONGEST = 1 << 14


class Run:
    """Executes inputs on one target, counts them, and writes each distinct finding's first input to `out`."""

    def __init__(self, target: Target, engine: str, out: Path, folder: Path) -> None:
        self.tally = Tally(target.name, engine)
        self._target, self._out, self._folder = target, out, folder
        self._alarm = engine != "atheris"  # libFuzzer has an alarm of its own
        self._last = out / f"{target.name}-last.bin"
        self._started = time.perf_counter()

    def __call__(self, data: bytes) -> None:
        """Execute one input; it lies in `out` meanwhile, for a crash to be looked into."""
        self._last.write_bytes(data)
        finding = check(self._target, data, self._folder, alarm=self._alarm)
        self.tally.executions += 1
        if finding is not None:
            self._keep(finding)
        if self.tally.executions % _TALLY_EVERY == 0:
            self.write()

    def write(self) -> None:
        """Write the tally, so that it is there even when the process ends without warning."""
        self.tally.seconds = round(time.perf_counter() - self._started, 1)
        write_json(self._out / f"{self._target.name}-{self.tally.engine}.json", self.tally)

    def _keep(self, finding: Finding) -> None:
        kind = f"{finding.place} {finding.what.partition(chr(58))[0]}"
        seen = self.tally.findings
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] == 1:
            name = f"{finding.target}-{hashlib.sha256(kind.encode()).hexdigest()[:10]}"
            write_bytes(self._out / f"{name}.bin", finding.data)
            write_json(self._out / f"{name}.json", {"what": finding.what, "place": finding.place})
            self.write()


def fuzz_by_mutation(target: Target, runs: int, out: Path, *, seed: int) -> Tally:
    """Execute every seed, then `runs` changed ones; the same `seed` makes the same inputs."""
    chance, seeds = random.Random(f"{seed} {target.name}"), list(target.seeds())
    with _scratch() as scratch:
        warm(target, Path(scratch))
        run = Run(target, "mutation", out, Path(scratch))
        for data in seeds:
            run(data)
        for _ in range(runs):
            run(mutated(seeds, target.words, chance))
        run.write()
    return run.tally


def fuzz_with_atheris(target: Target, runs: int, out: Path, *, seed: int) -> None:
    """Hand the target to libFuzzer, which looks for new coverage; it ends the process when it is done.

    The modules under test must have been imported under `atheris.instrument_imports`.
    Raises WinnowError when atheris is not installed.
    """
    try:
        import atheris  # type: ignore[import-untyped]
    except ImportError as error:
        raise WinnowError(
            "atheris is not installed", hint="pip install atheris, or --engine mutation"
        ) from error
    with _scratch() as scratch:
        folder = Path(scratch)
        work, corpus = folder / "work", folder / "corpus"
        work.mkdir()
        corpus.mkdir()
        for number, data in enumerate(target.seeds()):
            (corpus / f"seed-{number}").write_bytes(data)
        warm(target, work)
        run = Run(target, "atheris", out, work)
        atheris.Setup(_arguments(target, runs, out, folder, corpus, seed), _endless(run))
        atheris.Fuzz()


def _arguments(target: Target, runs: int, out: Path, folder: Path, corpus: Path, seed: int) -> list[str]:
    dictionary = folder / "words.dict"
    lines = (
        '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in target.words if len(word) <= 64
    )
    dictionary.write_text("\n".join(lines) + "\n", encoding="ascii")
    return [
        sys.argv[0],
        f"-runs={runs}",
        f"-seed={seed}",
        f"-timeout={int(SECONDS)}",
        f"-rss_limit_mb={_RSS_LIMIT_MIB}",
        f"-max_len={_LONGEST}",
        f"-artifact_prefix={out}/{target.name}-",
        f"-dict={dictionary}",
        "-print_final_stats=1",
        "-verbosity=0",
        str(corpus),
    ]


def _endless(run: Run) -> Callable[[bytes], None]:
    def one_input(data: bytes) -> None:
        run(bytes(data))

    return one_input


def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="winnow-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)
