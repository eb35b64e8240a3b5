"""Processor seconds of a command and all its processes: `python -m benchmarks.process_time -- COMMAND`."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

from benchmarks.measure import measure


def main() -> None:
    """Print the seconds of the command behind `--`, whose output is thrown away."""
    command = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    if not command:
        raise SystemExit(__doc__)
    found = measure(command, Path(os.devnull), math.inf)
    sys.stdout.write(f"{found.cpu:.1f} s of processor time, {found.wall:.1f} s on the clock\n")


if __name__ == "__main__":
    main()
