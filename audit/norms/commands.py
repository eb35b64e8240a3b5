"""The group `winnow norms`: its verbs are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module

import click

from corpora.cli import CONTEXT_SETTINGS

# verb -> (module, attribute)
VERBS = {
    "scan": ("audit.norms.scan_command", "scan"),
    "compare": ("audit.norms.compare_command", "compare"),
    "attribute": ("audit.norms.attribute_command", "attribute"),
    "repair": ("audit.norms.repair_command", "repair"),
}


class NormsGroup(click.Group):
    """A group that imports a verb only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of an investigation."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        if cmd_name not in VERBS:
            return None
        module, attribute = VERBS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group("norms", cls=NormsGroup, context_settings=CONTEXT_SETTINGS)
def norms() -> None:
    """Read what embedding norms say: untrained rows, hot rows, where they come from; and repair rows.

    Reads safetensors files, the token matrices alone; no model is loaded.
    """
