"""The group `winnow ban`: its verbs are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click

from corpora.cli import CONTEXT_SETTINGS

# verb -> (module, attribute), in the order of a list's life. What needs a vocabulary is the work of
# other rooms, so only the names of `suggest`, `impact` and `apply` stand here.
VERBS = {
    "init": ("banlists.edit_commands", "init"),
    "add": ("banlists.edit_commands", "add"),
    "import": ("banlists.exchange_commands", "import_list"),
    "fmt": ("banlists.edit_commands", "fmt"),
    "lint": ("banlists.check_commands", "lint"),
    "test": ("banlists.check_commands", "test"),
    "show": ("banlists.show_commands", "show"),
    "explain": ("banlists.show_commands", "explain"),
    "suggest": ("audit.suggest_command", "suggest"),
    "stats": ("banlists.show_commands", "stats"),
    "coverage": ("banlists.check_commands", "coverage"),
    "diff": ("banlists.show_commands", "diff"),
    "review": ("banlists.show_commands", "review"),
    "retire": ("banlists.edit_commands", "retire"),
    "export": ("banlists.exchange_commands", "export"),
    "pack": ("banlists.exchange_commands", "pack"),
    "lock": ("banlists.check_commands", "lock"),
    "verify": ("banlists.check_commands", "verify"),
    "schema": ("banlists.show_commands", "schema"),
    "impact": ("trainer.impact_command", "impact"),
    "apply": ("trainer.apply_command", "apply"),
}


class BanGroup(click.Group):
    """A group whose verbs stand in `lazy` until they are used; other rooms' verbs may be added there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy: dict[str, tuple[str, str]] = dict(VERBS)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs whose modules are installed."""
        return [name for name, (module, _) in self.lazy.items() if find_spec(module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module, attribute = self.lazy[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group("ban", cls=BanGroup, context_settings=CONTEXT_SETTINGS)
def ban() -> None:
    """Keep ban lists: add, check, test, explain, compare and ship what a vocabulary must not learn.

    A LIST is a built-in pack (`zh-gambling`), a set of all packs (`core`, `extended`, `full`), or the
    path of a TOML file. docs/banlists.md tells the whole story.
    """
