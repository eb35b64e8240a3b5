"""The measurements of `winnow plan`: the verbs themselves, in processes of their own, over a sample."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpora.capacity_model import CountPoint, Measured, Usage
from corpora.capacity_sample import Sample
from corpora.errors import WinnowError
from corpora.manifest import read_manifest
from corpora.output_file import manifest_beside

_KIB = 1024  # ru_maxrss is in KiB on Linux (getrusage(2)), in bytes on macOS


def measure(sample: Sample, vocab_size: int, folder: Path, say: Callable[[str], None]) -> Measured:
    """Filter, count and train on the sample, on one processor each, and tell what each used.

    Raises WinnowError when a command fails.
    """
    filters, kept = [], list[Path]()
    for number, file in enumerate((sample.files[0], sample.files[-1])):
        kept.append(folder / f"kept-{number}")
        say(f"filter {file.name}")
        filters.append(_run(["filter", str(file), "-o", str(kept[-1]), "--workers", "1"], kept[-1], folder))
    counts, points = [], list[CountPoint]()
    for file in sample.files:
        out = folder / f"{file.stem}.parquet"
        say(f"count {file.name}")
        counts.append(_run(["count", str(file), "-o", str(out), "--workers", "1"], out, folder))
        points.append(_point(out))
    trains = []
    for file in (sample.files[0], sample.files[-1]):
        out = folder / f"tokenizer-{file.stem}"
        say(f"train {file.name}, {vocab_size:,} ids")
        command = ["train", str(folder / f"{file.stem}.parquet"), "-o", str(out), "--workers", "1"]
        trains.append(_run([*command, "--vocab-size", str(vocab_size), "--allow-fewer"], out, folder))
    read = read_manifest(kept[-1] / "summary.json")["bytes"]
    return Measured(
        sample.text_bytes, sample.documents, read["kept"] / read["in"], sample.shares[0],
        filters[0], filters[1], counts[0], counts[-1], trains[0], trains[1], tuple(points),
    )  # fmt: skip


def _run(arguments: list[str], out: Path, folder: Path) -> Usage:
    log = folder / "log"
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "winnow", *arguments, "--quiet"], stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = log.read_text(errors="replace").strip().splitlines()
        raise WinnowError(f"winnow {arguments[0]} failed on the sample: {said[-1] if said else 'no message'}")
    memory = used.ru_maxrss * (1 if sys.platform == "darwin" else _KIB)
    return Usage(seconds, memory, _written(out))


def _written(out: Path) -> int:
    files = [path for path in out.rglob("*") if path.is_file()] if out.is_dir() else [out]
    return sum(path.stat().st_size for path in files)


def _point(counts: Path) -> CountPoint:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    seen: dict[str, Any] = read_manifest(manifest_beside(counts))["counts"]
    keys = pq.read_table(counts, columns=["pretoken"]).column("pretoken").unique()
    return CountPoint(seen["bytes"], len(keys), pc.sum(pc.binary_length(keys)).as_py())
