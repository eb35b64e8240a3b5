"""The options of curation's verbs on rules and languages, the same for all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from corpora.errors import WrongCall, unknown_name

if TYPE_CHECKING:
    from curation.judging import JudgeSettings
    from curation.language_model import LanguageModel
    from curation.rules import RuleSet

BAN_RULE = "ban-list"
_BAN_THRESHOLD = 0.02  # share of characters; of 399 honest labelled pages the list `core` drops one
_LANGUAGE = click.option(
    "--language", metavar="CODES", default="", help="Keep only these languages, such as en,zh."
)
_DECORATORS = (
    click.option(
        "--rules",
        "rule_set",
        default="default",
        show_default=True,
        help="Rules: a built-in name (default, gopher, c4, fineweb, fineweb2, hplt) or a TOML file.",
    ),
    click.option(
        "--lid-model",
        type=click.Path(path_type=Path),
        help="fastText language model (.ftz or .bin); lid.176, GlotLID and OpenLID labels are understood.",
    ),
    click.option(
        "--lid-characters",
        type=click.IntRange(min=50),
        metavar="N",
        help="Look at the first N characters for the language; default 2000.",
    ),
    click.option(
        "--list",
        "ban_lists",
        multiple=True,
        metavar="LIST",
        help="Drop documents full of this ban list's phrases, such as core; slow, may be given again.",
    ),
)


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """What the options chose."""

    rule_set: str
    lid_model: Path | None
    lid_characters: int | None
    ban_lists: tuple[str, ...]
    language: str = ""

    def settings(self, *, full: bool) -> JudgeSettings:
        """The settings of the judge. Raises WrongCall for unknown names, a broken model or broken rules."""
        from curation.judging import JudgeSettings
        from curation.language_model import LanguageModel

        model = LanguageModel(self.lid_model)  # a wrong --lid-model is told before anything is read
        codes = _language_codes(self.language, model)
        return JudgeSettings(self._rules(), model.path if self.lid_model else None, codes, full=full)

    def _rules(self) -> RuleSet:
        from curation.banned_phrases import find_banned
        from curation.rules import load_rules

        rules = load_rules(self.rule_set)
        if self.lid_characters:
            rules = replace(rules, language=replace(rules.language, characters=self.lid_characters))
        if self.ban_lists:
            rules = _with_ban_lists(rules, self.ban_lists)
        find_banned("", rules.ban_lists)  # an unknown list is told before anything is read
        return rules


def rule_options(*, language: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options; the function gets `choice`, a RuleChoice. `language`: --language too."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def collected(*args: Any, **kwargs: Any) -> Any:
            names = ("rule_set", "lid_model", "lid_characters", "ban_lists", "language")
            chosen = {name: kwargs.pop(name) for name in names if name in kwargs}
            return function(*args, choice=RuleChoice(**chosen), **kwargs)

        for option in reversed((_LANGUAGE, *_DECORATORS) if language else _DECORATORS):
            collected = option(collected)
        return collected

    return decorate


def _with_ban_lists(rules: RuleSet, names: tuple[str, ...]) -> RuleSet:
    """The rule set with more ban lists, and a rule that asks about them when it has none."""
    from curation.rules import Condition, Rule
    from curation.signals import BAN_SHARE

    lists = tuple(dict.fromkeys((*rules.ban_lists, *names)))
    if BAN_SHARE in rules.signals:
        return replace(rules, ban_lists=lists)
    rule = Rule(BAN_RULE, Condition(BAN_SHARE, ">", _BAN_THRESHOLD), "full of phrases of the ban lists")
    return replace(rules, ban_lists=lists, rules=(*rules.rules, rule))


def _language_codes(listed: str, model: LanguageModel) -> frozenset[str]:
    """The codes of `--language en,zh`; one that the model never names would silently keep nothing."""
    from curation.language_codes import UNDETERMINED
    from curation.language_verdict import MIXED

    codes = frozenset(code.strip() for code in listed.split(",") if code.strip())
    known = model.languages() | {UNDETERMINED, MIXED}
    for code in sorted(codes - known):
        error = unknown_name("language", code, sorted(known))
        raise WrongCall(error.what, where="--language", hint=error.hint)
    return codes
