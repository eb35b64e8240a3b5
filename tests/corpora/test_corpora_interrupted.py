"""Ctrl-C while a command still gets ready: it is not lost, and nobody else answers it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_IMPORT = """
import os, signal, sys
from corpora.machine import import_pandas_whole

class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas.core":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Presses())
try:
    import_pandas_whole()
except KeyboardInterrupt:
    print("stopped", hasattr(sys.modules["pandas"], "DataFrame"))
"""

_SERVER = """
import os, signal, sys, time
from multiprocessing import forkserver
from pathlib import Path
from corpora.local_engine import start_fork_server

start_fork_server(["slow_to_import"])
server = forkserver._forkserver._forkserver_pid
begun = Path(sys.argv[1], "begun")
while not begun.exists():
    time.sleep(0.01)
os.kill(server, signal.SIGINT)
while not Path(sys.argv[1], "ended").exists() and os.waitpid(server, os.WNOHANG) == (0, 0):
    time.sleep(0.01)
print(Path(sys.argv[1], "ended").exists())
"""

_SLOW_MODULE = """
import time
from pathlib import Path

here = Path(__file__).parent
(here / "begun").touch()
time.sleep(0.3)
(here / "ended").touch()
"""


def test_pandas_is_imported_whole_before_a_ctrl_c_is_answered() -> None:
    pytest.importorskip("pandas", reason="Arrow does not import what is not installed")
    assert _run(_IMPORT) == ("stopped True\n", "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere processes are not forked")
def test_a_ctrl_c_does_not_end_the_process_that_workers_are_copies_of(tmp_path: Path) -> None:
    (tmp_path / "slow_to_import.py").write_text(_SLOW_MODULE)
    assert _run(_SERVER, tmp_path) == ("True\n", "")


def _run(script: str, folder: Path = Path()) -> tuple[str, str]:
    call = [sys.executable, "-c", script, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(folder.absolute())}
    done = subprocess.run(call, check=False, capture_output=True, text=True, timeout=60, env=environment)
    return done.stdout, done.stderr
