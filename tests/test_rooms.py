"""The table of rooms: who may import whom, how large files grow, what starts fast."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = ("corpora", "banlists", "curation", "trainer", "audit")
ALLOWED = {
    "corpora": set(),
    "banlists": {"corpora"},
    "curation": {"corpora", "banlists"},
    "trainer": {"corpora", "banlists"},
    "audit": {"corpora", "banlists", "trainer"},
}
# The audit reads vocabularies; how one was trained is none of its business.
TRAINING_ONLY = {
    "trainer.training",
    "trainer.merge",
    "trainer.counting",
    "trainer.checkpoint",
    "trainer.commands",
}
HEAVY = {
    "numpy", "pyarrow", "numba", "tokenizers", "tiktoken", "datasets", "rich", "regex",
    "jinja2", "fasttext", "splintr", "wordfreq", "transformers", "safetensors", "fsspec", "ray",
}  # fmt: skip


def modules(room: str) -> list[Path]:
    return sorted((PROJECT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    for path in modules(room):
        reached = {name.split(".")[0] for name in imports(path)} & set(ROOMS)
        assert reached - {room} <= ALLOWED[room], path


def test_the_audit_does_not_know_how_anything_was_trained() -> None:
    for path in modules("audit"):
        assert not set(imports(path)) & TRAINING_ONLY, path


def test_nobody_imports_the_front_door() -> None:
    for room in ROOMS:
        for path in modules(room):
            assert "winnow" not in set(imports(path)), path


@pytest.mark.parametrize("room", ROOMS)
def test_click_and_printing_stay_at_the_edge(room: str) -> None:
    edge = {"commands.py", "cli.py", "progress.py", "ban_option.py"}
    endings = ("_command.py", "_commands.py", "_options.py")
    for path in modules(room):
        if path.name not in edge and not path.name.endswith(endings):
            assert "click" not in set(imports(path)), path


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_says_in_one_sentence_what_it_is_for(room: str) -> None:
    for path in modules(room):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert docstring, path
        first = docstring.split("\n\n")[0]
        assert first.endswith("."), path


def test_no_import_cycles() -> None:
    graph = {}
    for room in ROOMS:
        for path in modules(room):
            name = ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")
            graph[name] = path
    edges = {name: set(top_level_imports(path)) & graph.keys() - {name} for name, path in graph.items()}
    done: set[str] = set()
    for name in edges:
        visit(name, edges, [], done)


def top_level_imports(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def visit(name: str, edges: dict[str, set[str]], path: list[str], done: set[str]) -> None:
    assert name not in path, " -> ".join([*path, name])
    if name in done:
        return
    for target in edges[name]:
        visit(target, edges, [*path, name], done)
    done.add(name)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, contextlib, io; from winnow import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): assert main(['--help']) == 0\n"
        "print(' '.join(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert not set(run.stdout.split()) & HEAVY


def test_the_front_door_stays_small() -> None:
    assert len((PROJECT / "winnow.py").read_text().splitlines()) < 80
