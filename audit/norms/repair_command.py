"""The verb `winnow norms repair`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from audit.norms.calls import HOT_Z, Setup
from audit.norms.weights_command import bars
from corpora.cli import force_option, verb
from corpora.errors import WrongCall
from corpora.progress import Progress

_METHODS = ("mean", "subtokens", "sample", "clip", "equalise")
_OPTIONS = (
    click.argument("weights", metavar="[WEIGHTS]", type=click.Path(path_type=Path), required=False),
    click.option("--reverse", metavar="MANIFEST", type=click.Path(path_type=Path),
                 help="Undo the repair that this manifest.json tells of, in place of WEIGHTS."),
    click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder to write."),
    click.option("--rows", "rows", metavar="WHICH", multiple=True,
                 help="lump, untrained, hot, zeros, all, ids (12,40-49), or a file of ids; repeatable."),
    click.option("--method", type=click.Choice(_METHODS), help="What the rows become."),
    click.option("--matrix", type=click.Choice(("both", "input", "output")), default="both",
                 show_default=True, help="Which token matrices."),
    click.option("--spread", type=click.FloatRange(min=0), default=1.0, show_default=True,
                 help="For sample: times the trained rows' deviations."),
    click.option("--percentiles", metavar="LOW,HIGH", default="1,99", show_default=True,
                 help="For clip: bounds among rows of the same script and rank."),
    click.option("--seed", type=int, default=0, show_default=True, help="For sample."),
    click.option("--tokenizer", metavar="TOKENIZER", help="Whose rows they are; default: the folder's own."),
    click.option("--input-tensor", metavar="NAME", help="The input matrix, when the rule fails."),
    click.option("--output-tensor", metavar="NAME", help="The output matrix, when the rule fails."),
    click.option("--hot-z", type=click.FloatRange(min=0, min_open=True), default=HOT_Z, show_default=True,
                 help="Robust z from which a row is hot."),
)  # fmt: skip


def _repair_options(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.reduce(lambda wrapped, decorate: decorate(wrapped), reversed(_OPTIONS), function)


@verb(
    "repair",
    example="winnow norms repair model/ --rows lump --method subtokens -o repaired\n"
    "winnow norms repair --reverse repaired/manifest.json -o as-before",
)
@_repair_options
@force_option
def repair(
    weights: Path | None, reverse: Path | None, out: Path, force: bool, quiet: bool, **chosen: Any
) -> None:
    """Write a new checkpoint with chosen rows re-initialised, clipped or made equally long.

    The old one is never touched. Every byte outside of the chosen rows is verified to be the same, and
    the rows as they were are kept beside the result, so that --reverse brings them back.
    """
    progress = Progress(quiet=quiet)
    if (weights is None) == (reverse is None):
        raise WrongCall("either WEIGHTS or --reverse MANIFEST is needed")
    if reverse is not None:
        _reverse(reverse, out, force=force, progress=progress)
    elif weights is not None:
        if chosen["method"] is None or not chosen["rows"]:
            raise WrongCall("a repair needs --rows and --method", hint=f"methods: {', '.join(_METHODS)}")
        _repair(weights, out, chosen, force=force, progress=progress)


def _repair(weights: Path, out: Path, chosen: dict[str, Any], *, force: bool, progress: Progress) -> None:
    from audit.norms.calls import load, make_call, scan_loaded
    from audit.norms.records import ScanOptions
    from audit.norms.repair import plan_repair, source_files, write_repair
    from audit.norms.repair_files import write_repair_manifest
    from audit.norms.replacement import RepairOptions
    from corpora.outputs import output_folder

    names = ("tokenizer", "input_tensor", "output_tensor", "hot_z")
    setup = Setup(weights, **{name: chosen[name] for name in names})
    low, high = _percentiles(chosen["percentiles"])
    options = RepairOptions(chosen["method"], chosen["spread"], low, high, chosen["seed"])
    matrices = ("input", "output") if chosen["matrix"] == "both" else (chosen["matrix"],)
    loaded = load(setup, categorised=False)
    configuration = {**chosen, **setup.configuration, "rows": list(chosen["rows"])}
    files = source_files(loaded.checkpoint)
    call, fingerprint = make_call("norms repair", configuration, files, out)
    with output_folder(out, fingerprint, force=force) as folder:
        scan = scan_loaded(setup, loaded, ScanOptions(setup.hot_z, duplicates=False), bars(progress))
        planned = plan_repair(scan, chosen["rows"], options, matrices)
        outputs = write_repair(loaded.checkpoint, planned, folder.path)
        write_repair_manifest(folder, call, planned, outputs, loaded.checkpoint)
    progress.say(f"{len(planned.changes):,} rows changed and verified in {out}")


def _reverse(manifest: Path, out: Path, *, force: bool, progress: Progress) -> None:
    from audit.norms.calls import make_call
    from audit.norms.repair import reverse_repair
    from audit.norms.repair_files import write_reverse_manifest
    from corpora.outputs import output_folder

    if not manifest.is_file():
        raise WrongCall("no such file", where=manifest, hint="the manifest.json of a repair")
    call, fingerprint = make_call("norms repair --reverse", {}, [manifest], out)
    with output_folder(out, fingerprint, force=force) as folder:
        outputs = reverse_repair(manifest, folder.path)
        write_reverse_manifest(folder, call, outputs)
    progress.say(f"{out} is byte for byte what it was before the repair")


def _percentiles(text: str) -> tuple[float, float]:
    parts = text.split(",")
    try:
        low, high = map(float, parts)
    except ValueError:
        low, high = -1.0, -1.0
    if not 0 <= low < high <= 100:
        raise WrongCall(f"not two percentiles: {text!r}", hint="--percentiles 1,99")
    return low, high
