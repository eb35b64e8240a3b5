"""All harnesses, by name."""

from __future__ import annotations

from collections.abc import Sequence

from corpora.errors import unknown_name
from fuzz import (
    answer_targets,
    document_targets,
    list_targets,
    page_targets,
    range_targets,
    run_targets,
    table_targets,
    vocabulary_targets,
)
from fuzz.contract import Target

_MODULES = (
    document_targets,
    range_targets,
    list_targets,
    vocabulary_targets,
    table_targets,
    run_targets,
    answer_targets,
    page_targets,
)
TARGETS: dict[str, Target] = {target.name: target for module in _MODULES for target in module.TARGETS}


def chosen(names: Sequence[str]) -> list[Target]:
    """The targets of these names, all without any. Raises WrongCall for an unknown name."""
    for name in names:
        if name not in TARGETS:
            raise unknown_name("target", name, list(TARGETS))
    return [TARGETS[name] for name in names or TARGETS]
