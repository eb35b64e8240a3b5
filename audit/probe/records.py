"""The records of a probe: tokens to ask about, questions, answers, and what they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from audit.results import Category

Kind = Literal["repetition", "spelling", "translation", "language"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Verdict = Literal["recognised", "partial", "unknown", "undecided"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token to ask about. `text` is its text as it stands, None when its bytes are no whole characters.

    `why` says where it comes from; a `control` is an ordinary token of the same script.
    """

    id: int
    token: bytes
    text: str | None
    script: str
    why: str
    category: Category | None = None
    control: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """One question about one token, to be asked once: `before` + the token's text + `after` is the prompt.

    `exact` says that a tokenizer makes this very token of the text in this place.
    """

    id: int
    kind: Kind
    number: int
    before: str
    text: str
    after: str
    exact: bool

    @property
    def key(self) -> str:
        """What names the question in the journal."""
        return f"{self.id}/{self.kind}/{self.number}"

    @property
    def prompt(self) -> str:
        """The whole prompt."""
        return self.before + self.text + self.after


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered, and how many tokens it says it read and wrote."""

    text: str
    prompt_tokens: int | None = None
    answer_tokens: int | None = None


class Backend(Protocol):
    """A model that can be asked; `parallel` questions at a time."""

    @property
    def parallel(self) -> int:
        """How many questions may be under way at once."""
        ...

    def answer(self, ask: Ask) -> Reply:
        """Ask one question. Raises AnswerLost when it may have been answered unheard, else WinnowError."""
        ...


class AnswerLost(Exception):
    """The question was sent and no answer came back: asking again might be asking twice."""


@dataclass(frozen=True, slots=True)
class ScoredAnswer:
    """One answer, its score from 0 to 1, and why."""

    kind: Kind
    text: str
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class KindScore:
    """One kind of question for one token: its mean score beside the controls' mean.

    `used` says that the controls pass often enough for a failure to mean something.
    """

    kind: Kind
    score: float
    controls: float
    used: bool


@dataclass(frozen=True, slots=True)
class TokenVerdict:
    """What the answers show of one token.

    `score` is relative to the controls, 0 to 1, None without a kind that counts. `p` is the chance that so
    few answers would be right if the token were like the controls (Fisher's exact test, one-sided).
    """

    candidate: Candidate
    verdict: Verdict
    score: float | None
    p: float | None
    kinds: tuple[KindScore, ...]
    answers: tuple[ScoredAnswer, ...]
    lost: int
    why: str
