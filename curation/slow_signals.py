"""Slow signals are only measured on documents about which some rule asks them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from curation.counting import Counted
from curation.rules import Rule, RuleSet, all_signals
from curation.signals import measure

SLOW_SIGNALS = ("compression_ratio", "generated_marks")  # one call of Python a document


def wanted_slow_signals(
    counted: Counted, rules: RuleSet, extra_signals: Sequence[str]
) -> dict[str, npt.NDArray[np.bool_]]:
    """For every slow signal that only rules with conditions ask, the documents that meet those, shape
    (documents,); signals that are wanted of all documents are left out.
    """
    asking = {
        name: [rule for rule in rules.rules if rule.condition.signal == name]
        for name in SLOW_SIGNALS
        if name in rules.signals and name not in extra_signals and not _wanted_of_all(name, rules)
    }
    return {name: _documents(counted, found) for name, found in asking.items()}


def _wanted_of_all(name: str, rules: RuleSet) -> bool:
    """Whether a rule without conditions asks for the signal, or a condition or the spam score needs it."""
    unconditional = any(rule.condition.signal == name and not rule.when for rule in rules.rules)
    in_condition = any(each.signal == name for rule in rules.rules for each in rule.when)
    of_score = name in set(all_signals(rules)) - set(rules.signals)
    return unconditional or in_condition or of_score


def _documents(counted: Counted, rules: Sequence[Rule]) -> npt.NDArray[np.bool_]:
    wanted = np.zeros(len(counted.batch.texts), dtype=np.bool_)
    for rule in rules:
        signals = measure(counted, [each.signal for each in rule.when if each.signal != "spam_score"])
        met = np.ones_like(wanted)
        for condition in rule.when:
            if condition.signal in signals:
                met &= condition.holds(signals)
        wanted |= met
    return wanted
