"""The manifests of a repair and of its reversal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from audit.norms.output_files import Call
from audit.norms.repair import REVERSE, Repair
from corpora.manifest import MANIFEST_NAME, FileHash, Manifest, write_manifest
from corpora.outputs import OutputFolder
from trainer.weights import Checkpoint


def write_repair_manifest(
    folder: OutputFolder, call: Call, repair: Repair, outputs: Sequence[FileHash], checkpoint: Checkpoint
) -> None:
    """Write what a reversal needs: the files before and after by SHA-256, the tensors, rows and kept bytes.

    `weights` is what to open below the folder: a file, an index, or `.` for the folder itself.
    """
    extra = {
        "weights": "." if checkpoint.path.is_dir() else checkpoint.path.name,
        "reverse": REVERSE,
        "repaired": [
            {"tensor": patch.tensor.name, "file": patch.tensor.file.name, "ids": patch.ids.tolist()}
            for patch in repair.patches
        ],
    }
    _write(folder, call, outputs, {"rows": len(repair.changes)}, extra)


def write_reverse_manifest(folder: OutputFolder, call: Call, outputs: Sequence[FileHash]) -> None:
    """Write the manifest of a checkpoint that was brought back."""
    _write(folder, call, outputs, {}, {})


def _write(
    folder: OutputFolder,
    call: Call,
    outputs: Sequence[FileHash],
    counts: Mapping[str, int],
    extra: Mapping[str, Any],
) -> None:
    manifest = Manifest(
        command=call.command,
        command_line=sys.argv[1:],
        configuration=call.configuration,
        inputs=call.inputs,
        outputs=outputs,
        counts=counts,
        call=folder.fingerprint,
        extra=extra,
    )
    write_manifest(folder.path / MANIFEST_NAME, manifest)
