"""The loop of ban rounds: train, scan what was learned, extend the bans, train again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from banlists.banlist import BanList
from banlists.schema import Pack
from corpora.errors import WinnowError
from corpora.files import write_json
from corpora.json_data import decode_json
from trainer.ban_extension import extended, extension_pack
from trainer.ban_rounds import Addition, BanRounds, PhraseScanner
from trainer.training_result import TrainingResult

Train = Callable[[BanList, int], TrainingResult]  # lists, number of rounds before → what was learned


@dataclass(frozen=True, slots=True)
class RoundsResult:
    """The last training, what all rounds added, and how many tokens another round would add (`left`)."""

    result: TrainingResult
    additions: tuple[Addition, ...]
    rounds: int
    left: int
    extension: Pack


class RoundsDone(msgspec.Struct, frozen=True):
    """The finished rounds of a training that was killed: what a resumed one need not do again."""

    call: str
    rounds: int = 0
    additions: tuple[Addition, ...] = ()


def read_rounds(path: Path, call: str) -> RoundsDone:
    """The rounds that a killed run of the same call had finished; none when there is no such file.

    Raises WinnowError when the file cannot be read.
    """
    if not path.exists():
        return RoundsDone(call)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WinnowError(f"cannot be read: {error}", where=path, hint="--force starts over") from error
    done = decode_json(data, RoundsDone, "not a record of rounds", where=path, hint="--force starts over")
    return done if done.call == call else RoundsDone(call)


def run_rounds(
    bans: BanList,
    rounds: BanRounds,
    scanner: PhraseScanner,
    train: Train,
    done: RoundsDone,
    progress: Path,
    on_round: Callable[[int, int], None],
) -> RoundsResult:
    """Train until a scan finds nothing new, or `rounds.most` extensions have been made.

    `progress` keeps the rounds that are done; `on_round` is told each round's number and how many
    tokens it added.
    """
    number, additions = done.rounds, list(done.additions)
    while True:
        result = train(extended(bans, additions), number)
        scan = scanner.scan(number + 1, result.tokens[len(result.special_tokens) + 256 :])
        if not scan.additions or number == rounds.most:
            pack = extension_pack(additions, scan.kept, bans)
            return RoundsResult(result, tuple(additions), number, len(scan.additions), pack)
        number += 1
        additions.extend(scan.additions)
        write_json(progress, RoundsDone(done.call, number, tuple(additions)))
        on_round(number, len(scan.additions))
