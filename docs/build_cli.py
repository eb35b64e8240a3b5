"""Write docs/cli.md from the commands' own help, so that the two cannot disagree."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from winnow import cli  # noqa: E402 - the project is put on the path first

HEADER = """# The command line

Written by `make docs` from the commands' own help. Exit codes: 0 fine, 1 failed, 2 wrong call,
3 the gate failed or a difference was found.
"""


def sections(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    """One section of Markdown for a command, and one for each below it."""
    settings = {"help_option_names": ["-h", "--help"], "terminal_width": 100, "max_content_width": 100}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from sections(found, context, child)


def build() -> str:
    """The whole page."""
    return "\n".join([HEADER, *sections(cli, None, "winnow")])


if __name__ == "__main__":
    (PROJECT / "docs" / "cli.md").write_text(build(), encoding="utf-8")
