"""What a probe will cost, before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.engines import Engine
from audit.probe.records import Ask

_FRAME_TOKENS = 8  # of a chat template around one message; families differ by a few
_BYTES_PER_TOKEN = 3.0  # where no library encodes with the vocabulary


@dataclass(frozen=True, slots=True)
class Estimate:
    """Requests still to be made, tokens in, tokens out at most, minutes at least, and the cost at most.

    `minutes` is None without a rate, `cost` without prices; it is in whatever currency those were given.
    """

    requests: int
    tokens_in: int
    tokens_out: int
    minutes: float | None
    cost: float | None

    @property
    def text(self) -> str:
        """One line for people."""
        parts = [
            f"{self.requests:,} requests",
            f"about {self.tokens_in:,} tokens in",
            f"at most {self.tokens_out:,} tokens out",
        ]
        if self.minutes is not None:
            parts.append(f"at least {self.minutes:.1f} minutes")
        parts.append("cost unknown (--price)" if self.cost is None else f"cost at most {self.cost:.4g}")
        return ", ".join(parts)


def estimate(
    asks: Sequence[Ask],
    engine: Engine | None,
    max_tokens: int,
    rate: float | None,
    prices: tuple[float, float] | None,
) -> Estimate:
    """Count what the questions `asks` need; `prices` are of a million tokens in and out."""
    prompts = [ask.prompt for ask in asks]
    if engine is None:
        read = sum(round(len(prompt.encode()) / _BYTES_PER_TOKEN) for prompt in prompts)
    else:
        read = sum(map(len, engine.encode(prompts)))
    tokens_in, tokens_out = read + _FRAME_TOKENS * len(asks), max_tokens * len(asks)
    cost = None if prices is None else (tokens_in * prices[0] + tokens_out * prices[1]) / 1e6
    return Estimate(len(asks), tokens_in, tokens_out, len(asks) / rate if rate else None, cost)
