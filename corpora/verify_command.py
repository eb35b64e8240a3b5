"""The verb `verify`: finished outputs, their manifests, and what has changed since."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from corpora.cli import TableView, emit, format_option, verb

if TYPE_CHECKING:
    from corpora.verification import Verification

_EXAMPLE = """winnow verify out
winnow verify counts.parquet --inputs /data/corpus --format json"""
_DIFFERENT = 1
_SHOWN = 16  # digits of a hash in the table


@verb("verify", example=_EXAMPLE)
@click.argument("target", metavar="DIR|FILE", type=click.Path(path_type=Path))
@click.option(
    "--inputs", multiple=True, metavar="PATH", type=click.Path(path_type=Path),
    help="File or folder where inputs are now; they are recognised by their bytes.",
)  # fmt: skip
@format_option
def verify(target: Path, inputs: tuple[Path, ...], output_format: str) -> int:
    """Hash the files that manifests name again: what is changed, missing or extra. Exit code 1 when any is.

    A folder (of `run`, too: every manifest below it), a manifest, or a file with a manifest beside it.
    The outputs are enough; inputs are looked for with --inputs only.
    """
    from corpora.verification import verify as check

    result = check(target, inputs)
    emit(_record(result), _rows(result), [_table(result)], output_format)
    return 0 if result.clean else _DIFFERENT


def _record(result: Verification) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "clean": result.clean,
        "files": dict(sorted(Counter(file.status for file in result.files).items())),
        "manifests": list(result.manifests),
    }


def _rows(result: Verification) -> list[dict[str, Any]]:
    return [
        {"manifest": manifest.path, "role": file.role, "path": file.path, "status": file.status,
         "expected": file.expected, "found": file.found}
        for manifest in result.manifests
        for file in manifest.files
    ]  # fmt: skip


def _table(result: Verification) -> TableView:
    from corpora.display import show_text

    rows = [
        (file.status, file.role, show_text(file.path), file.expected[:_SHOWN], file.found[:_SHOWN],
         show_text(manifest.path))
        for manifest in result.manifests
        for file in manifest.files
        if not file.fine
    ]  # fmt: skip
    return TableView(_summary(result), ("status", "role", "file", "recorded", "found", "manifest"), rows)


def _summary(result: Verification) -> str:
    """The outcome in one line, and what was not looked at."""
    files = Counter((file.role, file.status) for file in result.files)
    wrong = sum(not file.fine for file in result.files)
    verdict = f"{wrong:,} differences" if wrong else "clean"
    same = f"{files['output', 'same']:,} outputs and {files['input', 'same']:,} inputs are as recorded"
    unseen = files["input", "unchecked"]
    rest = f"; {unseen:,} inputs were not looked for (--inputs)" if unseen else ""
    return f"{verdict}: {same} in {len(result.manifests):,} manifests{rest}"
