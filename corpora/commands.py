"""The verb `run`: the whole job, as the public verbs one after another over files."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import time
from pathlib import Path

import click

from corpora.cli import force_option, option_defaults, verb
from corpora.display import show_text
from corpora.engine import EngineChoice
from corpora.engine_options import engine_arguments, engine_options
from corpora.errors import GateFailed, WinnowError, WrongCall
from corpora.job import Step, override, plan
from corpora.outputs import AlreadyFinished, fingerprint, output_folder
from corpora.progress import Progress
from corpora.recipes import STAGES, Recipe, load_recipe

GATE_FAILED = GateFailed.exit_code


@verb("run", example="winnow run sample -o out\nwinnow run recipe.toml -o out --set train.vocab-size=32768")
@click.argument("recipe", default="sample")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for everything.")
@click.option(
    "--set", "settings", multiple=True, metavar="TABLE.KEY=VALUE", help="Override a recipe's setting."
)
@engine_options
@force_option
def run(
    recipe: str, out: Path, settings: tuple[str, ...], engine: EngineChoice, force: bool, quiet: bool
) -> int:
    """Do the whole job: read, filter, count, train under the ban lists, diff with o200k, audit, report.

    RECIPE is a TOML file or a built-in name (sample, fineweb2-mini, wikipedia-mini).
    """
    from corpora.documents import ReadOptions, open_corpus
    from corpora.job_record import gate_passed, summary_lines, write_job_manifest
    from corpora.machine import available_cores

    chosen = override(load_recipe(recipe), settings)
    root = _root_group()
    check_settings(root, chosen)
    corpus = open_corpus([f"recipe:{recipe}"], ReadOptions())
    call = fingerprint("run", {"stages": dict(chosen.stages)}, [chosen.sha256, corpus.identity])
    progress = Progress(quiet=quiet)
    try:
        with engine.open(available_cores()) as opened, output_folder(out, call, force=force):
            steps = plan(chosen, recipe, out, engine_arguments(engine))
            seconds = _perform_all(root, steps, progress)
            shutil.copyfile(out / "audit" / "report.html", out / "report.html")
            write_job_manifest(out, chosen, corpus, sys.argv[1:], call, seconds, opened)
    except AlreadyFinished as note:
        progress.say(f"winnow: {note}")
    for line in summary_lines(out):
        click.echo(show_text(line))
    return 0 if gate_passed(out) else GATE_FAILED


def _root_group() -> click.Group:
    root = click.get_current_context().find_root().command
    if not isinstance(root, click.Group):
        raise TypeError("`run` performs the other verbs and must be called through `winnow`")
    return root


def check_settings(root: click.Group, recipe: Recipe) -> None:
    """Check every option of a recipe before any work: its name, and that the verb takes its value.

    Raises WrongCall naming the recipe, the table and the key.
    """
    for stage in STAGES:
        command = root.get_command(click.Context(root), stage)
        if command is None:
            raise WrongCall(f"no verb {stage!r}")
        context = click.Context(command)
        where = f"{recipe.path} [{stage}]"
        given = option_defaults(command, recipe.stages[stage], where)
        for param in command.params:
            if param.name in given:
                _check_value(context, param, given[param.name], where)


def _check_value(context: click.Context, param: click.Parameter, value: object, where: str) -> None:
    plain = (
        value
        if isinstance(value, bool)
        else [str(each) for each in value]
        if isinstance(value, list)
        else str(value)
    )
    try:
        param.type_cast_value(context, [plain] if param.multiple and isinstance(plain, str) else plain)
    except click.BadParameter as error:
        raise WrongCall(f"{param.opts[-1].lstrip('-')}: {error.message}", where=where) from error


def _perform_all(root: click.Group, steps: list[Step], progress: Progress) -> dict[str, float]:
    """Perform the steps; return each one's seconds. A failed gate is a result, told at the end."""
    seconds: dict[str, float] = {}
    for number, step in enumerate(steps, start=1):
        progress.say(f"[{number}/{len(steps)}] winnow {step.verb} {' '.join(step.arguments)}")
        started = time.monotonic()
        _perform(root, step, progress)
        seconds[step.verb] = time.monotonic() - started
    return seconds


def _perform(root: click.Group, step: Step, progress: Progress) -> None:
    """Perform one verb as if it had been typed; what it prints on stdout is left to the summary."""
    command = root.get_command(click.Context(root), step.verb)
    if command is None:
        raise WrongCall(f"no verb {step.verb!r}")
    arguments = [*step.arguments, *(["--quiet"] if progress.quiet else [])]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            result = command.main(args=arguments, prog_name=f"winnow {step.verb}", standalone_mode=False)
    except AlreadyFinished:
        progress.say("      already done")
    except GateFailed as failure:
        progress.say(f"      {failure}")
    else:
        if isinstance(result, int) and result:
            raise WinnowError(f"winnow {step.verb} ended with exit code {result}")
