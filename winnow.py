"""The front door: the root command group, and errors turned into exit codes."""

from __future__ import annotations

import io
import sys
from importlib import import_module

import click

from corpora.cli import CONTEXT_SETTINGS
from corpora.display import show_lines
from corpora.errors import outcome
from corpora.machine import search_for_cycles_less
from corpora.manifest import tool_version
from corpora.outputs import AlreadyFinished
from corpora.verbs import VERBS


class LazyGroup(click.Group):
    """A group that imports a room's commands only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of the job."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        module, _, attribute = VERBS.get(cmd_name, "").partition(":")
        return getattr(import_module(module), attribute) if module else None


@click.group(cls=LazyGroup, context_settings=CONTEXT_SETTINGS)
@click.version_option(tool_version(), prog_name="winnow")
def cli() -> None:
    """Build clean tokenizers: curate the corpus, train under ban lists, diff and audit the vocabulary.

    Start with `winnow run -o DIR`: the whole job on the sample that comes with the tool.
    """


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0 fine, 1 failed, 2 wrong call, 3 gate failed."""
    given = sys.argv[1:] if arguments is None else arguments
    if arguments is None:
        search_for_cycles_less()
    try:
        result = cli.main(args=given, prog_name="winnow", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except AlreadyFinished as note:
        message, code = str(note), 0
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        click.echo(show_lines(said.getvalue()), err=True, nl=False)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        message, code = "stopped; the same command goes on where it stopped", 130
    except Exception as error:
        if "--debug" in given:
            raise
        message, code = outcome(error)
    click.echo(f"winnow: {message}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
