"""Compiles curation's kernels once, so that the first `winnow filter` need not: `python -m curation.warm`."""

from __future__ import annotations

import sys

from curation.caps import CapCounter, CapSettings
from curation.counting import Counted, count
from curation.digest_table import DigestTable
from curation.duplicates import DuplicateFinder, Fingerprint, fingerprints
from curation.language_verdict import UNKNOWN
from curation.measuring import measure_counted, pack
from curation.repetitions import Repetitions
from curation.rules import DuplicateRules
from curation.signals import SIGNALS
from curation.templates import templates

_TEXT = "One line of text, with a number: 12.\nAnd another line of text, with a word more.\n" * 8


def warm_kernels() -> Counted:
    """Run every kernel on a small text; numba keeps what it compiles beside the modules."""
    batch = pack([_TEXT], [UNKNOWN])
    counted = count(batch)
    measure_counted(counted, list(SIGNALS))
    rules = DuplicateRules(near=0.7, boilerplate=0.5, unit_documents=10)
    fingerprints(batch, rules)
    Repetitions(rules, CapCounter(CapSettings())).remember(["warm"], ["warm"], [_TEXT])
    _warm_tables(fingerprints(batch, rules)[0], rules)
    templates([_TEXT])
    return counted


def _warm_tables(document: Fingerprint, rules: DuplicateRules) -> None:
    DuplicateFinder(rules).check(document)
    table = DigestTable()
    for number in range(100):  # enough to make a part grow
        table.add(bytes([0, number] * 8), "warm")


if __name__ == "__main__":
    sys.stderr.write("compiling the kernels of curation (once)\n")
    warm_kernels()
