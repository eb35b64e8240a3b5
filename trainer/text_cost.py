"""What clean text pays for a removal: bytes per token before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trainer.exports import to_tiktoken
from trainer.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class TextCost:
    """What a text costs before and after; `documents` and UTF-8 `bytes` say how much was read."""

    documents: int
    bytes: int
    tokens_before: int
    tokens_after: int

    @property
    def bytes_per_token(self) -> tuple[float, float]:
        """Bytes per token before and after; 0 where there are no tokens."""
        return self.bytes / max(self.tokens_before, 1), self.bytes / max(self.tokens_after, 1)

    @property
    def change(self) -> float:
        """How much bytes per token changed, as a share: -0.01 is one percent fewer."""
        return self.tokens_before / self.tokens_after - 1 if self.tokens_after else 0.0


def measure_cost(before: Vocabulary, after: Vocabulary, texts: Iterable[str]) -> TextCost:
    """Encode `texts`, special tokens as ordinary text, with both vocabularies."""
    old, new = to_tiktoken(before), to_tiktoken(after)
    documents = size = tokens_before = tokens_after = 0
    for text in texts:
        documents += 1
        size += len(text.encode("utf-8"))
        tokens_before += len(old.encode_ordinary(text))
        tokens_after += len(new.encode_ordinary(text))
    return TextCost(documents, size, tokens_before, tokens_after)
