"""The Click options that `winnow diff` and `winnow audit` share."""

from __future__ import annotations

from pathlib import Path

import click

lists_option = click.option(
    "--lists/--no-lists", "use_lists", default=True, show_default=True,
    help="Take the built-in ban lists as evidence for the score; without them only the lexicons count.",
)  # fmt: skip
all_option = click.option(
    "--all", "score_all", is_flag=True, help="Score every token, not only those worth it."
)
out_option = click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Folder for the files and report.html."
)
