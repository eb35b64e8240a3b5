"""Write report.html: one page that opens offline, with everything that an audit or a comparison found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from audit import report_drawings, report_rows, report_summary, report_text
from audit.audit_results import AuditResult
from audit.diff_results import DiffResult, DiffToken, NamedToken, SetComparison
from audit.report_text import number
from audit.safe_pages import own_file, page_environment, security_policy
from corpora.display import show_text
from corpora.files import write_text
from corpora.manifest import tool_version

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page: its anchor, heading, template, and a count for the table of contents."""

    id: str
    title: str
    template: str
    count: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """A section that is left out, and what would bring it in."""

    title: str
    remedy: str


def write_report(result: AuditResult, path: Path) -> None:
    """Write the report of an audit to `path`, atomically. The same result gives the same bytes."""
    write_text(path, audit_page(result))


def write_diff_report(result: DiffResult | SetComparison, path: Path) -> None:
    """Write the report of a comparison to `path`, atomically. The same result gives the same bytes."""
    write_text(path, compared_page(result))


def audit_page(result: AuditResult) -> str:
    """The report of an audit as HTML."""
    sections, absent = audit_sections(result)
    return _render(
        "audit.html",
        result=result,
        name=show_text(result.name),
        summary=report_summary.summarize(result),
        sections=sections,
        absent=absent,
    )


def diff_page(result: DiffResult) -> str:
    """The report of a comparison as HTML."""
    sections = [Section("diff", "Differences", "comparison")]
    absent = []
    if result.tokens:
        sections.append(Section("tokens", "Risky tokens", "compared_tokens", _flagged(result.tokens)))
    if result.compression:
        sections.append(Section("coverage", "Coverage", "compared_coverage"))
    else:
        absent.append(Absence("Coverage", "give text to compare on (--text)"))
    return _render("diff.html", diff=result, sections=sections, absent=absent)


def compared_page(result: DiffResult | SetComparison) -> str:
    """The report of a comparison of two or of several as HTML."""
    return diff_page(result) if isinstance(result, DiffResult) else sets_page(result)


def sets_page(result: SetComparison) -> str:
    """The report of a comparison of three or more as HTML."""
    sections = [
        Section("sets", "Intersections", "sets", number(len(result.intersections))),
        Section("diff", "Differences", "sets_diffs", number(len(result.diffs))),
    ]
    absent = []
    if result.tokens:
        sections.append(Section("tokens", "Risky tokens", "sets_tokens", _flagged(result.tokens)))
    if result.compression:
        sections.append(Section("coverage", "Coverage", "sets_coverage"))
    else:
        absent.append(Absence("Coverage", "give text to compare on (--text)"))
    return _render("sets.html", sets=result, sections=sections, absent=absent)


def _flagged(tokens: Sequence[DiffToken | NamedToken]) -> str:
    return number(sum(token.score.flagged for token in tokens))


def audit_sections(result: AuditResult) -> tuple[list[Section], list[Absence]]:
    """The sections that the result has data for, and what the others need."""
    sections: list[Section] = []
    absent: list[Absence] = []
    for present, section, remedy in _candidates(result):
        if present:
            sections.append(section)
        else:
            absent.append(Absence(section.title, remedy))
    return sections, absent


def _candidates(result: AuditResult) -> list[tuple[bool, Section, str]]:
    """Every section in order, whether there is data for it, and what would bring the data."""
    return [*_about_the_making(result), *_about_the_tokens(result), *_about_the_verdict(result)]


def _about_the_making(result: AuditResult) -> list[tuple[bool, Section, str]]:
    corpus, refused = result.corpus, result.refused
    dropped = f"−{number(corpus.documents_in - corpus.documents_kept)}" if corpus else ""
    ban = "none are known; audit what `winnow train --ban` wrote, or name its log (--merges)"
    return [
        (
            corpus is not None,
            Section("corpus", "Corpus", "corpus", dropped),
            "give the folder that `winnow filter` wrote (--corpus)",
        ),
        (bool(result.scripts), Section("vocabulary", "Vocabulary", "vocabulary"), "the vocabulary is empty"),
        (bool(refused), Section("refused", "Merges refused", "refused", number(len(refused))), ban),
    ]


def _about_the_tokens(result: AuditResult) -> list[tuple[bool, Section, str]]:
    scored = bool(result.tokens or result.histogram)
    other = "name a vocabulary to compare with (--against)"
    text = "give documents to measure on (--corpus, --against)"
    return [
        (scored, Section("risk", "Risky tokens", "risk", number(result.flagged)), "no token was scored"),
        (bool(result.diffs), Section("diff", "Differences", "diff"), other),
        (bool(result.compression), Section("coverage", "Coverage", "coverage"), text),
    ]


def _about_the_verdict(result: AuditResult) -> list[tuple[bool, Section, str]]:
    findings, gate = number(len(result.findings)), result.gate
    failures = number(len(gate.failures)) if gate else ""
    return [
        (bool(result.checks), Section("findings", "Findings", "findings", findings), "no check ran"),
        (
            gate is not None,
            Section("policy", "Policy", "policy", failures),
            "name a policy (--policy default)",
        ),
        (bool(result.provenance), Section("manifest", "Manifest", "manifest"), "its making is not known"),
    ]


def _render(template: str, **context: Any) -> str:
    style, script = own_file(TEMPLATES / "report.css"), own_file(TEMPLATES / "report.js")
    return (
        _environment()
        .get_template(template)
        .render(
            style=style,
            script=script,
            security_policy=security_policy(style, script),
            version=tool_version(),
            **context,
        )
    )


@cache
def _environment() -> Environment:
    return page_environment(TEMPLATES, _functions())


def _functions() -> Mapping[str, Callable[..., Any]]:
    """What the templates may call: the functions that turn results into rows, drawings and words."""
    modules = (report_text, report_rows, report_drawings)
    functions = {name: getattr(module, name) for module in modules for name in module.TEMPLATE_FUNCTIONS}
    return {**functions, "show_text": show_text}
