"""The front door: the root command group, and errors turned into exit codes."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from corpora.cli import CONTEXT_SETTINGS
from corpora.errors import GateFailed, WinnowError
from corpora.manifest import tool_version
from corpora.outputs import AlreadyFinished

# verb -> (module, attribute). Command modules import nothing heavy, so that help stays instant.
COMMANDS = {
    "run": ("corpora.commands", "run"),
    "filter": ("curation.commands", "filter_documents"),
    "explain": ("curation.commands", "explain"),
    "stats": ("curation.commands", "stats"),
    "calibrate": ("curation.commands", "calibrate"),
    "count": ("trainer.commands", "count"),
    "train": ("trainer.commands", "train"),
    "ban": ("banlists.commands", "ban"),
    "diff": ("audit.commands", "diff"),
    "audit": ("audit.commands", "audit"),
    "norms": ("audit.norms.commands", "norms"),
}


class LazyGroup(click.Group):
    """A group that imports a room's commands only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of the job."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings=CONTEXT_SETTINGS)
@click.version_option(tool_version(), prog_name="winnow")
def cli() -> None:
    """Build clean tokenizers: curate the corpus, train under ban lists, diff and audit the vocabulary.

    Start with `winnow run -o DIR`: the whole job on the sample that comes with the tool.
    """


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0 fine, 1 failed, 2 wrong call, 3 gate failed."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        result = cli.main(args=given, prog_name="winnow", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except AlreadyFinished as note:
        click.echo(f"winnow: {note}", err=True)
        return 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("winnow: stopped; the same command goes on where it stopped", err=True)
        return 130
    except Exception as error:
        if "--debug" in given:
            raise
        return _report(error)


def _report(error: Exception) -> int:
    if isinstance(error, WinnowError):
        label = "gate" if isinstance(error, GateFailed) else "error"
        click.echo(f"winnow: {label}: {error}", err=True)
        return error.exit_code
    kind = type(error).__name__
    click.echo(f"winnow: internal error: {kind}: {error} (--debug shows where)", err=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
