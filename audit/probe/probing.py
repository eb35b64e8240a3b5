"""One whole probe: tokens, questions, answers from the journal or the model, verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from audit.engines import Engine, text_engine
from audit.probe.asking import Pace, ask_all, remaining
from audit.probe.candidates import choose_controls, find_candidates
from audit.probe.journal import open_journal, read_journal
from audit.probe.questions import make_asks
from audit.probe.records import Ask, Backend, Candidate, Kind, TokenVerdict
from audit.probe.verdicts import judge
from trainer.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """Which tokens, how many of them, which questions, how many answers to each, and how many controls."""

    candidates: tuple[str, ...]
    limit: int
    kinds: tuple[Kind, ...]
    answers: int
    controls: int
    seed: int


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """Everything that will be asked; `unaskable` tokens have no text that a prompt can hold."""

    vocabulary: Vocabulary
    engine: Engine | None
    candidates: tuple[Candidate, ...]
    asks: tuple[Ask, ...]

    @property
    def unaskable(self) -> int:
        """Candidates without a question."""
        asked = {ask.id for ask in self.asks}
        return sum(candidate.id not in asked for candidate in self.candidates)


def plan_probe(vocabulary: Vocabulary, options: ProbeOptions, *, by_id: bool) -> ProbePlan:
    """Choose tokens, controls and questions.

    Unless the model takes tokens `by_id`, a question whose text the tokenizer splits is left out: it would be
    about other tokens. Raises what `find_candidates` raises.
    """
    engine = text_engine(vocabulary)
    chosen = find_candidates(options.candidates, vocabulary, options.limit)
    chosen += choose_controls(chosen, vocabulary, options.controls, options.seed)
    asks = make_asks(chosen, options.kinds, options.answers, engine)
    kept = tuple(ask for ask in asks if by_id or ask.exact or engine is None)
    return ProbePlan(vocabulary, engine, tuple(chosen), kept)


def open_asks(plan: ProbePlan, journal: Path, *, ask_lost: bool) -> list[Ask]:
    """The questions that the journal has no answer to."""
    return remaining(plan.asks, read_journal(journal), ask_lost=ask_lost)


def run_probe(
    plan: ProbePlan,
    journal_path: Path,
    asks: Sequence[Ask],
    backend: Callable[[], AbstractContextManager[Backend]],
    rate: float | None,
    advance: Callable[[int], None],
) -> tuple[TokenVerdict, ...]:
    """Ask `asks`, then judge all answers in the journal. Raises WinnowError when asking fails."""
    if asks:
        with backend() as model, open_journal(journal_path) as journal:
            ask_all(asks, model, journal, Pace(rate), advance)
    return judge(plan.candidates, plan.asks, read_journal(journal_path).replies)
