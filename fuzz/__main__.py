"""`python -m fuzz --runs N [TARGET...]`: fuzz readers, one process a target, and print what was found."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import click
import msgspec

from fuzz.tally import Tally

_HERE = Path(__file__).parent
_ROOMS = ["corpora", "banlists", "curation", "trainer", "audit"]


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("names", metavar="[TARGET]...", nargs=-1)
@click.option(
    "--runs", default=2_000, show_default=True, help="Executions of each target, besides its seeds."
)
@click.option(
    "--engine", type=click.Choice(["atheris", "mutation"]), help="[default: atheris where it is installed]"
)
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same inputs (mutation).")
@click.option("--out", type=click.Path(path_type=Path), default=_HERE / "findings", help="Where findings go.")
@click.option("--list", "only_list", is_flag=True, help="Print the targets' names.")
@click.option("--here", is_flag=True, hidden=True, help="Run one target in this process.")
def fuzz(
    names: tuple[str, ...],
    runs: int,
    engine: str | None,
    seed: int,
    out: Path,
    *,
    only_list: bool,
    here: bool,
) -> None:
    """Fuzz every reader, or those named; exit with 1 when one broke its promise.

    Example: python -m fuzz --runs 10000 tokenizer-json safetensors
    """
    engine = engine or _installed_engine()
    out.mkdir(parents=True, exist_ok=True)
    if here:
        _run_here(names[0], runs, engine, seed, out)
        return
    from fuzz.targets import chosen

    targets = [target.name for target in chosen(names)]
    if only_list:
        click.echo("\n".join(targets))
        return
    broken = sum(_run_apart(name, runs, engine, seed, out) for name in targets)
    sys.exit(1 if broken else 0)


def _installed_engine() -> str:
    from importlib.util import find_spec

    return "atheris" if find_spec("atheris") else "mutation"


def _run_here(name: str, runs: int, engine: str, seed: int, out: Path) -> None:
    with _instrumented() if engine == "atheris" else contextlib.nullcontext():
        from fuzz.targets import chosen
    from fuzz.running import fuzz_by_mutation, fuzz_with_atheris

    [target] = chosen([name])
    if engine == "atheris":
        fuzz_with_atheris(target, runs, out, seed=seed)
    else:
        fuzz_by_mutation(target, runs, out, seed=seed)


def _instrumented() -> contextlib.AbstractContextManager[object]:
    import atheris  # type: ignore[import-untyped]

    instrumented: contextlib.AbstractContextManager[object] = atheris.instrument_imports(
        include=[*_ROOMS, "tomllib", "csv", "zipfile"], exclude=_compiled()
    )
    return instrumented


def _compiled() -> list[str]:
    """The modules of kernels: numba compiles no bytecode that atheris changed."""
    found = [path for room in _ROOMS for path in sorted((_HERE.parent / room).glob("*.py"))
             if "njit" in path.read_text(encoding="utf-8") or "kernel" in path.stem]  # fmt: skip
    return [f"{path.parent.name}.{path.stem}" for path in found]


def _run_apart(name: str, runs: int, engine: str, seed: int, out: Path) -> bool:
    """Fuzz one target in a process of its own, which may crash; whether it broke a promise."""
    tally = out / f"{name}-{engine}.json"
    tally.unlink(missing_ok=True)
    started = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "fuzz",
        name,
        "--here",
        f"--runs={runs}",
        f"--engine={engine}",
        f"--seed={seed}",
    ]
    done = subprocess.run([*command, f"--out={out}"], cwd=_HERE.parent, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    record = msgspec.json.decode(tally.read_bytes(), type=Tally) if tally.exists() else Tally(name, engine)
    executions = _executed(done.stderr) or record.executions
    kinds = len(record.findings)
    click.echo(f"{name} {engine}: {executions:,} executions in {seconds:.1f} s, {kinds} kinds of findings")
    for kind, times in record.findings.items():
        click.echo(f"  {times}× {kind}")
    if done.returncode:
        last = done.stderr.decode(errors="replace").splitlines()[-12:]
        click.echo(
            "\n".join([f"  the process ended with {done.returncode}", *(f"    {line}" for line in last)])
        )
    return bool(record.findings or done.returncode)


def _executed(log: bytes) -> int:
    """The number of executions that libFuzzer tells at its end, 0 when it tells none."""
    told = [line.split(b":")[-1] for line in log.splitlines() if b"number_of_executed_units" in line]
    return int(told[-1]) if told else 0


if __name__ == "__main__":
    fuzz()
