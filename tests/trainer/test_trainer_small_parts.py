"""Small parts of the trainer: the scanners' classes, the event log, warming, the library's front."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import trainer
from corpora.unicode_classes import class_table
from trainer.class_cache import scanner_classes
from trainer.counts import from_items
from trainer.event_log import write_event_log
from trainer.pretokenize import PATTERNS
from trainer.warm import is_warm


def test_scanner_classes_are_the_low_seven_bits() -> None:
    assert np.array_equal(scanner_classes(), class_table() & 0x7F)
    assert scanner_classes().dtype == np.uint8


def test_event_log_shows_tokens_safely(tmp_path: Path) -> None:
    words = [("\u202eab".encode(), "en", 9), ("中".encode(), "zh", 5), (b"\x1b[x", "en", 7)]
    result = trainer.train(from_items(words, PATTERNS["o200k"]), vocab_size=300, allow_fewer=True)
    write_event_log(tmp_path / "merges.jsonl", result)
    lines = [
        json.loads(line) for line in (tmp_path / "merges.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert lines[0] == {
        "event": "merge", "id": 256, "left": "61", "right": "62", "token": "6162", "text": "ab", "count": 9,
    }  # fmt: skip
    shown = {line["text"] for line in lines}
    assert {"中", "\\u001b[x", "\\u202eab"} <= shown
    assert "<0xB8><0xAD>" in shown


def test_the_front_of_the_package() -> None:
    assert trainer.TrainingResult.__name__ == "TrainingResult"
    with pytest.raises(AttributeError, match="nothing"):
        _ = trainer.nothing


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, trainer; sys.exit('numba' in sys.modules or 'numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_warming_leaves_every_kernel_in_the_cache() -> None:
    done = subprocess.run([sys.executable, "-m", "trainer.warm"], check=True, capture_output=True, text=True)
    assert "kernels ready" in done.stderr
    assert done.stdout == ""
    assert is_warm()
