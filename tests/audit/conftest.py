"""Audit results made by hand for the report's tests: a realistic one, a hostile one, a very large one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audit.audit_results import AuditResult, GateFailure, GateOutcome, LengthRow, ReachSummary, ScriptRow
from audit.corpus_results import CorpusSummary, DroppedExample, LanguageRow, RefusedMerge
from audit.diff_results import CompressionRow, DiffResult, DiffRow, DiffToken, RankShift, SegmentationChange
from audit.results import CheckResult, Finding, Reason, TokenScore

# token, category, script, language, pieces of the nearest clean reading
TOKENS = (
    (" 天天中彩票", "gambling", "Han", "zh", ("天天", "中", "彩票")),
    ("_日本毛片免费视频观看", "adult", "Han", "zh", ("日本", "毛片", "免费", "视频", "观看")),
    (" สล็อต", "gambling", "Thai", "th", ()),
    ("출장안마", "adult", "Hangul", "ko", ("출장", "안마")),
    (" スーパーコピー", "seo", "Katakana", "ja", ("スーパー", "コピー")),
    ("名無し", "boilerplate", "Han", "ja", ("名", "無し")),
    (" казино", "gambling", "Cyrillic", "ru", ("казино",)),
    (" تحميل", None, "Arabic", "ar", ("تحميل",)),
    ("ಕಾರ್ಯಕ್ರಮ", None, "Kannada", "kn", ("ಕಾರ್ಯಕ್ರಮ",)),
    ("ி", "fragment", "Tamil", None, ()),
    (" SolidGoldMagikarp", "anomalous", "Latin", None, ("Solid", "Gold", "Magikarp")),
    ("user@example.com", "personal", "Latin", None, ("user", "example", "com")),
    ("\\u200b\\u200bhttps://", "control", "Latin", None, ()),
    (" nhà cái", "gambling", "Latin", "vi", ("nhà", "cái")),
    ("<0x9E>თან", "fragment", "Georgian", None, ()),
)
SCRIPTS = (
    ("Latin", 9_120, 58_300, 4), ("Han", 2_140, 11_200, 9), ("Cyrillic", 1_310, 14_600, 1),
    ("Arabic", 760, 6_900, 0), ("Common", 1_120, 3_400, 0), ("Devanagari", 410, 4_930, 0),
    ("Thai", 320, 3_700, 3), ("Hangul", 300, 2_010, 2), ("Greek", 180, 1_700, 0), ("Georgian", 120, 1_650, 1),
    ("Armenian", 90, 900, 0), ("Tamil", 88, 990, 0), ("Kannada", 80, 1_020, 0), ("Hebrew", 76, 640, 0),
    ("Katakana", 60, 610, 1), ("Hiragana", 55, 480, 0), ("Bengali", 50, 560, 0), ("Ethiopic", 12, 108, 0),
    ("Canadian_Aboriginal", 4, 30, 0), ("Bytes", 256, 256, 0),
)  # fmt: skip
LENGTHS = (
    256, 1_310, 2_480, 2_890, 2_300, 1_990, 1_480, 990, 700, 480, 350, 260,
    190, 140, 110, 70, 62, 50, 31, 30, 22, 14, 11, 40,
)  # fmt: skip
LANGUAGES = ("en", "zh", "ja", "ko", "th", "ru", "ar", "hi", "el", "de", "fr", "es", "ka", "ta", "kn", "code")


def encode(token: str) -> bytes:
    return token.encode("utf-8", "surrogatepass")


def scored(place: int, token: str, category: str | None, script: str, language, pieces) -> TokenScore:
    score = round(max(0.03, 0.99 - 0.055 * place), 3)
    reasons = (
        Reason("lift", 4.2 - 0.4 * place, "160 times more frequent than 天天 + 中 + 彩票 explain"),
        Reason("base", -2.5, f"{script} tokens in general"),
        Reason("listed", 2.1, "zh-gambling/lottery"),
        Reason("length", -0.3, "5 characters, 0.4 deviations above the script's mean"),
    )
    return TokenScore(
        3_783 + 17 * place, token, encode(token), score, score >= 0.5, category, script, reasons,
        ("pollution", "residue") if place % 4 == 0 else (), pieces, language,
    )  # fmt: skip


def own_tokens() -> tuple[TokenScore, ...]:
    return tuple(scored(place, *row) for place, row in enumerate(TOKENS))


def checks() -> tuple[CheckResult, ...]:
    utf8 = tuple(
        Finding("utf8", "note", "starts inside a character", 900 + n, "<0x9E>თან", b"\x9e\xe1", "")
        for n in range(90)
    )
    return (
        CheckResult("bytes", "All 256 bytes are tokens", 256, ()),
        CheckResult("utf8", "Tokens are whole characters", 16_000, utf8),
        CheckResult(
            "hidden",
            "No hidden characters",
            16_000,
            (
                Finding(
                    "hidden", "warning", "hidden characters inside", 7, "\\u200bx", b"\xe2\x80\x8bx", "U+200B"
                ),
            ),
        ),
        CheckResult(
            "special",
            "Special tokens cannot be confused with text",
            2,
            (Finding("special", "error", "a special token equals a learned token", 1, "the", b"the", "412"),),
        ),
        CheckResult("ban", "No banned token", 0, (), "no ban list was given (--ban)"),
        CheckResult(
            "risk",
            "No polluted token",
            16_000,
            tuple(
                Finding("risk", "warning", f"score {t.score}", t.id, t.token, t.bytes, "lift", t.category)
                for t in own_tokens()
                if t.flagged
            ),
        ),
    )


def corpus() -> CorpusSummary:
    rules = (
        ("gambling-density", 61),
        ("adult-density", 32),
        ("duplicate", 14),
        ("und", 6),
        ("error:ValueError", 1),
    )
    examples = tuple(
        DroppedExample(f"spam-{n:04}", "spam.jsonl", rule, 0.31, 0.02, "zh", "北京赛车pk10 开奖直播 官网 …")
        for n, (rule, _) in enumerate(rules)
    )
    languages = tuple(LanguageRow(code, 60 - 2 * n, 55 - 3 * n) for n, code in enumerate(LANGUAGES))
    reasons = (("gambling-density", "too many betting words"), ("duplicate", "the same text was kept before"))
    return CorpusSummary(744, 630, 312_000, 251_400, rules, languages, examples, reasons)


def refused() -> tuple[RefusedMerge, ...]:
    words = (("彩", "票"), ("毛", "片"), ("สล็", "อต"), (" 카지", "노"), ("кази", "но"), ("免费", "视频"))
    return tuple(
        RefusedMerge(
            left.encode(), right.encode(), (left + right).encode(), left + right, 312 - 31 * n, 2_216 + n,
            f"zh-core/stem-{n}", "zh-core" if n % 2 else "th-core", "gambling" if n % 2 else "adult",
            "lottery SEO; a token of it in o200k_base",
        )
        for n, (left, right) in enumerate(words)
    )  # fmt: skip


def compression() -> tuple[CompressionRow, ...]:
    return tuple(
        CompressionRow(code, 40 - n, 21_000 - 900 * n, (5_100 - 130 * n, 4_600 - 190 * n, 6_000 - 160 * n))
        for n, code in enumerate(LANGUAGES)
    )


def difference(name: str = "sample", other: str = "o200k_base") -> DiffResult:
    rows = tuple(DiffRow(s, n // 2, n // 2, n * 9, f, f * 40) for s, n, _, f in SCRIPTS)
    tokens = tuple(DiffToken(token, "both" if n % 3 == 0 else "b") for n, token in enumerate(own_tokens()))
    return DiffResult(
        name, other, 16_000, 199_998, 9_200, 6_800, 190_798, 7_431, 512, ("<|pad|>",), ("<|endofprompt|>",),
        False, (RankShift(" the", b" the", 290, 12_000),), rows, (),
        (DiffRow("gambling", 0, 3, 210, 3, 210), DiffRow("adult", 0, 2, 91, 2, 91)), tokens,
        compression(), (SegmentationChange("zh", "中彩票", ("中", "彩", "票"), ("中彩票",), 44),),
    )  # fmt: skip


def failures() -> tuple[GateFailure, ...]:
    return (
        GateFailure("category gambling", 0, 4, "4 findings in the category gambling, none is allowed"),
        GateFailure("severity error", 0, 1, "1 finding of severity error, none is allowed"),
    )


def realistic() -> AuditResult:
    tokens = own_tokens()
    return AuditResult(
        name="sample",
        size=16_000,
        special_tokens=("<|endoftext|>", "<|pad|>"),
        pattern=r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s+",
        threshold=0.5,
        scored=15_744,
        flagged=sum(token.flagged for token in tokens),
        tokens=tokens,
        histogram=(14_100, 900, 320, 160, 90, 50, 31, 22, 17, 14, 3, 1, 0, 2, 1, 1, 0, 1, 1, 1),
        scripts=tuple(ScriptRow(*row) for row in SCRIPTS),
        lengths=tuple(
            LengthRow(n, count, count // 900, n == 24)
            for n, count in enumerate(LENGTHS, start=1)
        ),
        reach=ReachSummary(15_990, 8, 2),
        checks=checks(),
        compared=("sample", "o200k_base", "cl100k_base"),
        compression=compression(),
        refused=refused(),
        corpus=corpus(),
        diffs=(difference(),),
        gate=GateOutcome("default", False, failures(), 2),
        provenance=(("winnow", "0.1.0"), ("tokenizer.json", "9f86d081884c7d659a2feaa0"), ("zh-core", "1.2")),
    )  # fmt: skip


# What a page, a terminal or a spreadsheet could be made to obey.
HOSTILE = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>',
    "javascript:alert(1)", "' onmouseover='alert(1)", "</style><style>*{display:none}", "{{ 7*7 }}{% raw %}",
    "\u202egnp.exe", "\u2067\u200b\u0000\x1b[31m", "]]><!--", "&lt;b&gt;", "=1+1", "\ud800", "\u0301\u0301",
)  # fmt: skip


def hostile() -> AuditResult:
    """The realistic result with hostile text in every place that holds text."""
    base = realistic()
    all_at_once = " ".join(HOSTILE)
    tokens = tuple(
        replace(
            token,
            token=text,
            bytes=encode(text),
            category=None,
            reasons=(Reason(text, 1.0, text),),
            segmentation=(text, text),
            language=text,
        )
        for token, text in zip(base.tokens, HOSTILE, strict=False)
    )
    finding = Finding("hidden", "error", all_at_once, 3, all_at_once, encode(all_at_once), all_at_once)
    diff = replace(
        base.diffs[0],
        a=all_at_once,
        b=all_at_once,
        special_only_a=HOSTILE,
        tokens=tuple(DiffToken(token, "b") for token in tokens),
        segmentations=(SegmentationChange(all_at_once, all_at_once, HOSTILE, HOSTILE, 1),),
        shifts=(RankShift(all_at_once, b"x", 1, 2),),
        scripts=(DiffRow(all_at_once, 1, 2, 3, 0, 0),),
    )
    summary = CorpusSummary(
        2, 1, 2, 1, ((all_at_once, 1),), (LanguageRow(all_at_once, 2, 1),),
        (DroppedExample(all_at_once, all_at_once, all_at_once, 1.0, 2.0, "en", all_at_once),),
        ((all_at_once, all_at_once),),
    )  # fmt: skip
    return replace(
        base,
        name=all_at_once,
        special_tokens=HOSTILE,
        pattern=all_at_once,
        tokens=tokens,
        scripts=(ScriptRow(all_at_once, 3, 3, 1),),
        checks=(
            CheckResult(all_at_once, all_at_once, 1, (finding,)),
            CheckResult("ban", "x", 0, (), all_at_once),
        ),
        compared=(all_at_once, all_at_once),
        compression=(CompressionRow(all_at_once, 1, 10, (2, 3)),),
        refused=tuple(
            RefusedMerge(b"\xff", encode(text), encode(text), text, 1, 2, text, text, None, text)
            for text in HOSTILE
        ),
        corpus=summary,
        diffs=(diff,),
        gate=GateOutcome(all_at_once, False, (GateFailure(all_at_once, 0, 1, all_at_once),)),
        provenance=((all_at_once, all_at_once),),
    )


def enormous() -> AuditResult:
    """The size of o200k_base where everything is flagged and every text is long."""
    base = realistic()
    long_text = "彩票\u200b" * 400
    tokens = tuple(
        replace(
            base.tokens[0],
            id=n,
            token=long_text,
            bytes=long_text.encode(),
            segmentation=(long_text,) * 3,
            reasons=(Reason("lift", 3.0, long_text),) * 6,
        )
        for n in range(5_000)
    )
    findings = tuple(
        Finding(f"check-{n % 12}", "error", long_text, n, long_text, b"x%d" % n, long_text, "seo")
        for n in range(20_000)
    )
    diff = replace(base.diffs[0], tokens=tuple(DiffToken(token, "b") for token in tokens))
    merge = replace(base.refused[0], token=long_text.encode(), reason=long_text)
    return replace(
        base,
        tokens=tokens,
        flagged=5_000,
        size=200_000,
        checks=(CheckResult("risk", "No polluted token", 200_000, findings),),
        refused=(merge,) * 4_000,
        diffs=(diff, diff, diff),
        special_tokens=tuple(f"<|reserved_{n}|>" for n in range(1_000)),
    )


@pytest.fixture(scope="session")
def realistic_result() -> AuditResult:
    """A small audit with many scripts, in which every section has data."""
    return realistic()


@pytest.fixture(scope="session")
def hostile_result() -> AuditResult:
    """An audit in which every text tries to break out of the page."""
    return hostile()


@pytest.fixture(scope="session")
def enormous_result() -> AuditResult:
    """An audit with far more of everything than a page can hold."""
    return enormous()


@pytest.fixture(scope="session")
def bare_result() -> AuditResult:
    """An audit of which only what is always there is known."""
    return replace(
        realistic(), tokens=(), histogram=(), checks=(), compared=("sample",), compression=(), refused=(),
        corpus=None, diffs=(), gate=None, provenance=(), flagged=0, reach=ReachSummary(16_000, 0, 0),
    )  # fmt: skip


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `tokenizer/`, small, polluted and hostile, and `audit/`, its audit."""
    from tests.audit.review_folders import write_tokenizer
    from tests.conftest import winnow

    folder = tmp_path_factory.mktemp("run")
    write_tokenizer(folder / "tokenizer")
    outcome = winnow("audit", folder / "tokenizer", "-o", folder / "audit", "--policy", "report-only", "-q")
    assert outcome.code == 0, outcome.stderr
    return folder
