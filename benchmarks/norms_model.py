"""A small GPT trained on clean text with a polluted vocabulary, so that untrained and hot rows are known."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import corpora
from audit.engines import text_engine
from corpora.documents import ReadOptions, open_corpus
from corpora.errors import WinnowError
from trainer.load import load_tokenizer
from trainer.vocabulary import Vocabulary

Ids = npt.NDArray[np.int64]
TRUTH = "truth.json"
_SAMPLE = Path(corpora.__file__).parent / "sample"
WIDTH, LAYERS, HEADS, CONTEXT, BATCH = 64, 2, 2, 64, 16
RATE, WARM_UP = 3e-3, 100
# In real runs learning rate × weight decay × steps is well above 1; a thousand steps need a decay of 1.
DECAY = 1.0
PADDING = 64  # rows beyond the vocabulary, before rounding up to a multiple of 64
HOT_ROWS, HOT_STEPS, HOT_RATE, HOT_BATCH = 40, 400, 0.1, 8
LEAST_MET = 8  # times an epoch, of every row of a control
RUN, RUN_STARTS = 8, 0.04  # a planted token is repeated eight times; one place in 25 begins a run


@dataclass(frozen=True, slots=True)
class Setting:
    """One training: tied or not, with weight decay or not; a control meets every row alike."""

    tied: bool
    decay: bool
    control: bool = False

    @property
    def name(self) -> str:
        """For folders and tables."""
        words = ["tied" if self.tied else "untied", "decay" if self.decay else "no decay"]
        return ", ".join([*words, *(["control"] if self.control else [])])


@dataclass(frozen=True, slots=True)
class Text:
    """The clean text as ids, one long row, under a polluted vocabulary; `rows` is the matrices' height."""

    vocabulary: Vocabulary
    ids: Ids
    rows: int


@dataclass(frozen=True, slots=True)
class Truth:
    """What training did: `untrained` rows were never met, `hot` rows were trained again and harder."""

    untrained: tuple[int, ...]
    hot: tuple[int, ...]
    loss: float


def polluted_sample() -> list[Path]:
    """The embedded sample with its polluted half: what the vocabulary is trained on."""
    return [_SAMPLE / "clean", _SAMPLE / "polluted"]


def read_text(tokenizer: Path) -> Text:
    """Encode the sample's clean half. Raises WinnowError when no library can."""
    vocabulary = load_tokenizer(str(tokenizer))
    engine = text_engine(vocabulary)
    if engine is None:
        raise WinnowError("no library can encode with this vocabulary", where=tokenizer)
    encoded = engine.encode(list(_clean_texts()))
    rows = -(-(vocabulary.rows + PADDING) // 64) * 64
    return Text(vocabulary, np.concatenate([np.array(each, dtype=np.int64) for each in encoded]), rows)


def train(text: Text, setting: Setting, seed: int, steps: int, folder: Path, tokenizer: Path) -> Truth:
    """Train a model, write it to `folder` as transformers does, with the truth beside it.

    First all rows are trained on clean text, in whole epochs. Then, except for a control, `HOT_ROWS` unmet
    tokens of the polluted half are put into the text in runs, as spam repeats itself, and their rows alone
    are trained, at a high rate, as when tokens are added to a finished model. `seed` decides the first
    weights, the order of the text, and which rows are planted.
    """
    import torch

    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    model = _model(text.rows, tied=setting.tied)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=RATE, betas=(0.9, 0.95), weight_decay=DECAY if setting.decay else 0.0
    )
    met = np.zeros(text.rows, dtype=np.int64)
    loss = 0.0
    for step, batch in zip(range(steps), _batches(text, random, control=setting.control), strict=False):
        np.add.at(met, batch.reshape(-1), 1)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / WARM_UP) * (1 - 0.9 * step / steps)
        loss = _step(model, optimizer, batch)
    hot = np.empty(0, dtype=np.int64) if setting.control else _choose_hot(text, met, random)
    if hot.size:
        _heat(model, text, hot, random)
    truth = Truth(tuple(np.setdiff1d(np.flatnonzero(met == 0), hot).tolist()), tuple(hot.tolist()), loss)
    model.save_pretrained(folder)
    shutil.copyfile(tokenizer / "tokenizer.json", folder / "tokenizer.json")
    record = {"untrained": truth.untrained, "hot": truth.hot, "loss": loss}
    (folder / TRUTH).write_text(json.dumps(record), encoding="utf-8")
    return truth


def read_truth(folder: Path) -> Truth:
    """What `train` wrote."""
    record = json.loads((folder / TRUTH).read_text(encoding="utf-8"))
    return Truth(tuple(record["untrained"]), tuple(record["hot"]), record["loss"])


def _clean_texts() -> Iterator[str]:
    return open_corpus([str(_SAMPLE / "clean")], ReadOptions(only_text=True)).texts()


def _model(rows: int, *, tied: bool) -> Any:
    import transformers

    config = transformers.GPT2Config(
        vocab_size=rows, n_positions=CONTEXT, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS,
        tie_word_embeddings=tied, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config)


def _batches(text: Text, random: np.random.Generator, *, control: bool) -> Iterator[Ids]:
    """Epoch after epoch, each from another start and in another order, so that no token is left out.

    A control deals the rows that are hardly met out to frequent tokens: rows that are met once in an epoch
    are nearly untrained, and no negatives.
    """
    dealt = _deal(text)
    while True:
        ids = np.roll(text.ids, -int(random.integers(CONTEXT)))
        pieces = random.permutation(ids[: ids.size // CONTEXT * CONTEXT].reshape(-1, CONTEXT))
        for start in range(0, len(pieces) - BATCH + 1, BATCH):
            batch = pieces[start : start + BATCH].copy()
            yield dealt[batch, random.integers(2, size=batch.shape)] if control else batch


def _deal(text: Text) -> Ids:
    """Two rows for every token, shape (rows, 2): its own and, for a frequent one, a row that is hardly met.

    Both in the order of their ids, so that ids are still ranks, as the scan takes them to be.
    """
    counts = np.bincount(text.ids, minlength=text.rows)
    hardly_met = np.flatnonzero(counts < LEAST_MET)
    frequent = np.sort(np.argsort(-counts, kind="stable")[: hardly_met.size])
    dealt = np.repeat(np.arange(text.rows)[:, None], 2, axis=1)
    dealt[frequent, 1] = hardly_met
    return dealt


def _choose_hot(text: Text, met: Ids, random: np.random.Generator) -> Ids:
    ordinary = np.array([id_ for id_, token in text.vocabulary.tokens.items() if len(token) > 1])
    return np.sort(random.permutation(ordinary[met[ordinary] == 0])[:HOT_ROWS])


def _heat(model: Any, text: Text, hot: Ids, random: np.random.Generator) -> None:
    """Train the hot tokens' rows alone: Adam moves no row whose gradient was always zero."""
    import torch

    matrices = list({id(w): w for w in (model.transformer.wte.weight, model.lm_head.weight)}.values())
    others = torch.ones(text.rows, dtype=torch.bool)
    others[hot.tolist()] = False
    for matrix in matrices:
        matrix.register_hook(lambda gradient: gradient.masked_fill(others[:, None], 0.0))
    optimizer = torch.optim.Adam(matrices, lr=HOT_RATE, betas=(0.9, 0.95))
    for _, whole in zip(range(HOT_STEPS), _batches(text, random, control=False), strict=False):
        batch = whole[:HOT_BATCH]
        for row, place in np.argwhere(random.random(batch.shape) < RUN_STARTS):
            batch[row, place : place + RUN] = random.choice(hot)
        _step(model, optimizer, batch)


def _step(model: Any, optimizer: Any, batch: Ids) -> float:
    import torch

    ids = torch.from_numpy(batch)
    loss = model(ids, labels=ids).loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())
