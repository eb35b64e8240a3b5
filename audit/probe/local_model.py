"""A model on this machine, through transformers: the token goes in by its id, however text would be split."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.probe.records import Ask, Reply
from corpora.errors import WinnowError, WrongCall

_MARK = "\ue000TOKEN\ue001"  # stands for the token while a chat template is filled in


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """The model's folder, and how it answers. At temperature 0 it takes the likeliest token each time."""

    folder: Path
    temperature: float
    max_tokens: int
    seed: int


class LocalModel:
    """A loaded model. Raises WrongCall without PyTorch, WinnowError for what does not load."""

    parallel = 1

    def __init__(self, options: LocalOptions) -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise WrongCall(
                "a model on this machine needs PyTorch",
                hint="pip install 'winnow-bpe[torch]', or --endpoint URL",
            ) from error
        if not options.folder.is_dir():
            raise WrongCall("no such folder", where=options.folder, hint="a folder as transformers writes it")
        self._torch: Any = torch
        self._options = options
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(options.folder)
            self._model: Any = transformers.AutoModelForCausalLM.from_pretrained(options.folder)
        except (OSError, ValueError, KeyError) as error:
            raise WinnowError(f"does not load: {error}", where=options.folder) from error
        self._model.train(False)  # no dropout

    def answer(self, ask: Ask) -> Reply:
        """Ask. The same question gets the same answer for the same seed."""
        ids = self._prompt_ids(ask)
        self._torch.manual_seed(zlib.crc32(f"{self._options.seed}/{ask.key}".encode()))
        warm = self._options.temperature > 0
        with self._torch.no_grad():
            out = self._model.generate(
                self._torch.tensor([ids]),
                attention_mask=self._torch.ones((1, len(ids)), dtype=self._torch.long),
                max_new_tokens=self._options.max_tokens,
                do_sample=warm,
                temperature=self._options.temperature if warm else None,
                pad_token_id=self._tokenizer.eos_token_id,
            )
        new = out[0, len(ids) :].tolist()
        return Reply(self._tokenizer.decode(new, skip_special_tokens=True), len(ids), len(new))

    def _prompt_ids(self, ask: Ask) -> list[int]:
        """The chat template's ids if there is one, else the bare prompt's, with the token's own id inside."""
        marked = ask.before + _MARK + ask.after
        if self._tokenizer.chat_template:
            messages = [{"role": "user", "content": marked}]
            marked = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        else:
            marked += "\n"
        before, _, after = marked.partition(_MARK)
        return [*self._encode(before), ask.id, *self._encode(after)]

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids
