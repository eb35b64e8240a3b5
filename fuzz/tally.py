"""What one run of a harness did, as it stands in a file beside its findings."""

from __future__ import annotations

import msgspec


class Tally(msgspec.Struct):
    """Executions and seconds of one engine on one target; `findings` are the kinds met, and how often."""

    target: str
    engine: str
    executions: int = 0
    seconds: float = 0.0
    findings: dict[str, int] = msgspec.field(default_factory=dict)
