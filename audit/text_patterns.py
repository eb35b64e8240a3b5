"""Shapes that a token's text must not have: personal data, keys, web addresses; numbers prove themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import regex

from audit.results import Severity

Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class TextPattern:
    """A shape, what to call it, and the proof (a checksum) that a match must also pass, if there is one."""

    check: str
    name: str
    severity: Severity
    shape: regex.Pattern[str]
    proof: Test | None = None

    def found_in(self, text: str) -> bool:
        """Whether the shape occurs, with its proof."""
        if self.proof is None:
            return self.shape.search(text) is not None
        return any(self.proof(match.group()) for match in self.shape.finditer(text))


def passes_luhn(number: str) -> bool:
    """Whether the digits are a card number by their last digit (ISO/IEC 7812-1, annex B)."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether letters and digits are an account number by their check digits (ISO 13616: modulo 97 is 1)."""
    plain = "".join(text.split()).upper()
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def _pattern(
    check: str, name: str, severity: Severity, shape: str, proof: Test | None = None, *, cased: bool = False
) -> TextPattern:
    flags = regex.ASCII if cased else regex.IGNORECASE
    return TextPattern(check, name, severity, regex.compile(shape, flags), proof)


# The published prefixes of access keys; a token may hold only the beginning of one.
_KEY_PREFIXES = (
    r"(?:AKIA|ASIA)[0-9A-Z]{4,}",  # AWS
    r"gh[pousr]_\w+|github_pat_|glpat-[\w-]+",  # GitHub, GitLab
    r"xox[abprs]-[\w-]+",  # Slack
    r"sk_(?:live|test)_|sk-(?:proj-|ant-)|sk-[A-Za-z0-9]{20,}",  # Stripe, OpenAI, Anthropic
    r"AIza[\w-]{6,}",  # Google
    r"hf_[A-Za-z]{12,}",  # Hugging Face
    r"eyJ[A-Za-z0-9_-]{8,}",  # JSON Web Token: {" in base64
    r"BEGIN (?:RSA |EC |DSA |OPENSSH |PGP )?PRIVATE KEY",
)

# A handle needs a digit after a letter, or every `@param` would be one.
PATTERNS = (
    _pattern("personal", "an e-mail address", "warning", r"[\w.+-]+@[\w-]+\.\p{L}{2,}"),
    _pattern("personal", "a mail provider", "note", r"@(gmail|hotmail|yahoo|outlook|qq|163)\b"),
    _pattern("personal", "a handle", "warning", r"(?<!\w)@(?=\w*\p{L}_?\d)\w{5,}"),
    _pattern("personal", "a contact link", "warning", r"\b(?:t\.me|wa\.me|discord\.gg|line\.me)/\w"),
    _pattern("personal", "a telephone number", "warning", r"\+?\d[\d() .-]{7,}\d"),
    _pattern("personal", "a UUID or a part of one", "warning", r"\b[\da-f]{4}-[\da-f]{4}-[\da-f]{4}\b"),
    _pattern("personal", "a UUID or a part of one", "warning", r"\b[\da-f]{8}-[\da-f]{4}-"),
    _pattern("personal", "a key or hash", "warning", r"\b(?=[\da-f]*\d[\da-f]*[a-f])[\da-f]{16,}\b"),
    _pattern(
        "personal", "an access key", "warning", rf"(?<![A-Za-z0-9])(?:{'|'.join(_KEY_PREFIXES)})", cased=True
    ),
    _pattern(
        "personal", "a card number", "warning",
        r"(?<!\d)[2-6]\d{3}([ -]?\d{4}){2}[ -]?\d{1,7}(?!\d)", passes_luhn,
    ),
    _pattern(
        "personal", "an account number (IBAN)", "warning",
        r"(?<![A-Z\d])[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,4})?(?![A-Z\d])", is_iban, cased=True,
    ),
    _pattern("personal", "an IP address", "note", r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"),
    _pattern("url", "a URL", "warning", r"(?:https?|ftp)://[\w-]+\.\w|www\.[\w-]{2,}\."),
    _pattern(
        "url", "a domain name", "warning",
        r"\b[\w-]{2,}\.(com|net|org|cn|ru|xyz|top|vip|cc|tv|info|biz|site|online|club|shop|bet|win|porn|xxx|onion)\b",
    ),
)  # fmt: skip
