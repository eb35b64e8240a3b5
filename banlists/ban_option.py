"""The type of every `--ban LIST` option: a name is checked when the command line is read, not hours later."""

from __future__ import annotations

import click


class BanListName(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4, floor 8.1
    """The name of a built-in list or set, or the path of a file that is there."""

    name = "list"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is. Raises WrongCall for one that does not exist."""
        from banlists.lists import require_name

        require_name(value)
        return value
