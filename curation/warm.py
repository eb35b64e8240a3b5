"""Compiles curation's kernels once, so that the first `winnow filter` need not: `python -m curation.warm`."""

from __future__ import annotations

import sys

from curation.counting import Counted, count
from curation.duplicates import DuplicateFinder, fingerprints
from curation.language_id import UNKNOWN
from curation.measuring import measure_counted, pack
from curation.rules import DuplicateRules
from curation.signals import SIGNALS

_TEXT = "One line of text, with a number: 12.\nAnd another line of text, with a word more.\n" * 8


def warm_kernels() -> Counted:
    """Run every kernel on a small text; numba keeps what it compiles beside the modules."""
    batch = pack([_TEXT], [UNKNOWN])
    counted = count(batch)
    measure_counted(counted, list(SIGNALS))
    finder = DuplicateFinder(DuplicateRules(near=0.8, boilerplate=0.5))
    for document in fingerprints(batch):
        finder.check(document)
        finder.remember(document)
    return counted


if __name__ == "__main__":
    sys.stderr.write("compiling the kernels of curation (once)\n")
    warm_kernels()
