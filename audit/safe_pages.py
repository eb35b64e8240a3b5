"""What every HTML page needs to be safe: escaping, nothing hidden, and only its own style and script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from corpora.display import show_text

_SHARED = Path(__file__).parent / "templates"  # document.html, the frame of every page


def page_environment(templates: Path, functions: Mapping[str, Callable[..., Any]]) -> Environment:
    """Templates that escape every text, show what is hidden in it, and may call `functions`."""
    environment = Environment(
        loader=FileSystemLoader([templates, _SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_without_hidden,
    )
    environment.globals.update(functions)
    return environment


def own_file(path: Path) -> Markup:
    """A style or script of ours, fit to stand in the page as it is; nothing of a result enters it."""
    return Markup(path.read_text(encoding="utf-8"))


def security_policy(style: str, script: str | None = None) -> str:
    """A content security policy: only this style and script, known by hash; nothing may be fetched."""
    rules = {
        "default-src": "'none'",
        "style-src": _source_hash(style),
        **({"script-src": _source_hash(script)} if script is not None else {}),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{directive} {value}" for directive, value in rules.items())


def _source_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _without_hidden(value: object) -> object:
    """Every text that a template prints loses what a browser would hide or obey; then it is escaped."""
    return show_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value
