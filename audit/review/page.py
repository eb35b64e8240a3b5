"""The page of a review: one self-contained file, its data as JSON, which no token can leave."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from audit.report import TEMPLATES as REPORT_TEMPLATES
from audit.report_text import EVIDENCE_LENGTH, TOKEN_LENGTH, mark_edges, points, script_name, shown_clipped
from audit.review.proposals import KINDS
from audit.review.records import Candidate, State
from audit.review.session import Review
from audit.safe_pages import own_file, page_environment, security_policy
from banlists.entries import CATEGORIES
from corpora.display import show_text
from corpora.manifest import tool_version

TEMPLATES = Path(__file__).parent / "templates"
_SCRIPTS = ("review_asking.js", "review_list.js", "review_card.js", "review_keys.js", "review_end.js")
_EVIDENCE = 2 * EVIDENCE_LENGTH  # characters; one token has the page to itself


def review_page(review: Review) -> str:
    """The page as HTML, with every candidate and where it stands."""
    style, script = _style(), _script()
    page = _environment().get_template("review.html")
    return page.render(
        style=style,
        script=script,
        security_policy=page_policy(),
        data=page_data(review),
        name=show_text(review.source.name),
        version=tool_version(),
    )


def page_policy() -> str:
    """The content security policy: the page's own style and script, and requests to this server alone."""
    return f"{security_policy(_style(), _script())}; connect-src 'self'"


def page_data(review: Review) -> dict[str, Any]:
    """What the script works with; every text is safe to show, and is only ever shown as text."""
    return {
        "candidates": [candidate_record(each) for each in review.source.candidates],
        "states": {key: state_record(state) for key, state in review.states().items()},
        "categories": CATEGORIES,
        "kinds": KINDS,
        "list": show_text(str(review.terms.path)),
        "name": show_text(review.source.name),
    }


def candidate_record(candidate: Candidate) -> dict[str, Any]:
    """What the page shows of one candidate."""
    return {
        "key": candidate.key,
        "token": _token(candidate.shown),
        "hex": " ".join(f"{byte:02x}" for byte in candidate.token[:TOKEN_LENGTH]),
        "id": candidate.id,
        "vocabulary": show_text(candidate.vocabulary),
        "score": None if candidate.score is None else round(candidate.score, 4),
        "script": script_name(show_text(candidate.script)),
        "language": candidate.language,
        "reasons": [
            {
                "points": points(each.points),
                "code": show_text(each.code),
                "evidence": shown_clipped(each.evidence, _EVIDENCE),
            }
            for each in candidate.reasons
        ],
        "reads": [_token(piece) for piece in candidate.segmentation],
        "notes": [shown_clipped(note, _EVIDENCE) for note in candidate.notes],
        "evidence": [shown_clipped(each, _EVIDENCE) for each in candidate.evidence],
    }


def state_record(state: State) -> dict[str, Any]:
    """Where one candidate stands, and the entry as it is now; hidden characters are escapes."""
    proposal = state.proposal
    return {
        "status": state.status,
        "rule": show_text(state.rule),
        "listed": state.listed,
        "kind": proposal.kind,
        "pattern": show_text(proposal.pattern),
        "category": proposal.category,
        "reason": show_text(proposal.reason),
    }


def _token(shown: str) -> str:
    return mark_edges(shown_clipped(shown, TOKEN_LENGTH))


def _style() -> Markup:
    return own_file(REPORT_TEMPLATES / "report.css") + own_file(TEMPLATES / "review.css")


def _script() -> Markup:
    return Markup("\n").join(own_file(TEMPLATES / name) for name in _SCRIPTS)


@cache
def _environment() -> Environment:
    return page_environment(TEMPLATES, {})
