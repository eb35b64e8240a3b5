"""report.html: well-formed, offline, inert under hostile text, complete or partial as the data say."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from audit.audit_results import AuditResult
from audit.report import TEMPLATES, audit_page, diff_page, write_diff_report, write_report

VOID = {"meta", "input", "br", "link", "img", "hr"}
SECTIONS = (
    "corpus", "vocabulary", "refused", "risk", "diff", "coverage", "findings", "policy", "manifest",
)  # fmt: skip
FETCHES = {"src", "srcset", "poster", "action", "formaction", "background", "ping", "data"}


@dataclass
class Page(HTMLParser):
    """The page's elements; it refuses tags that do not close in order."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice in <{tag}>"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> at {self.getpos()} closes another element"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def ids(self) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get("id"))]


def parse(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


@pytest.fixture(name="pages")
def pages_fixture(realistic_result, hostile_result, bare_result) -> list[str]:
    """The pages of every kind of result."""
    results = (realistic_result, hostile_result, bare_result)
    return [audit_page(result) for result in results] + [diff_page(r.diffs[0]) for r in results[:2]]


def test_pages_are_well_formed_and_ids_are_unique(pages) -> None:
    for html in pages:
        page = parse(html)
        assert len(page.ids()) == len(set(page.ids()))
        assert [tag for tag, _ in page.tags].count("h1") == 1
        assert not re.search(
            r"\{[{%#]|[}%#]\}", re.sub(r"&#\d+;", "", html).replace("{{ 7*7 }}{% raw %}", "")
        )


def test_every_reference_stays_inside_the_page(pages) -> None:
    for html in pages:
        page = parse(html)
        for tag, attributes in page.tags:
            assert tag not in ("link", "iframe", "object", "embed", "img", "base", "form", "a:href")
            assert not FETCHES & attributes.keys()
            if tag == "a":
                assert (attributes["href"] or "").startswith("#")
                assert (attributes["href"] or "")[1:] in page.ids()
            for name in ("aria-labelledby", "data-enhance"):
                assert attributes.get(name) is None or attributes[name] in page.ids()


def test_style_and_script_fetch_nothing() -> None:
    for name in ("report.css", "report.js"):
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttp|innerHTML|eval\(|</", text), name


def test_the_security_policy_allows_only_the_pages_own_style_and_script(pages) -> None:
    for html in pages:
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
        assert policy is not None
        rules = policy[1].replace("&#39;", "'")
        assert "default-src 'none'" in rules
        assert "unsafe" not in rules
        for tag in ("style", "script"):
            [content] = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.S)
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in rules


def test_no_element_has_inline_style_or_handlers(pages) -> None:
    for html in pages:
        for _, attributes in parse(html).tags:
            assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_hostile_text_is_inert_and_still_readable(hostile_result) -> None:
    for html in (audit_page(hostile_result), diff_page(hostile_result.diffs[0])):
        page = parse(html)
        tags = [tag for tag, _ in page.tags]
        assert tags.count("script") == 1 and tags.count("style") == 1
        assert "img" not in tags
        assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\x00\x1b\ud800-\udfff]", html)
        text = " ".join(page.text)
        assert "<img src=x onerror=alert(1)>" in text
        assert "\\u202egnp.exe" in text
        assert "{{ 7*7 }}" in text and " 49 " not in text


def test_tokens_are_isolated_from_the_text_around_them(hostile_result) -> None:
    page = parse(audit_page(hostile_result))
    tokens = [attributes for tag, attributes in page.tags if tag == "bdi" and attributes.get("class") == "t"]
    assert len(tokens) > 20
    assert all(set(attributes) <= {"class", "lang"} for attributes in tokens)


def test_all_sections_are_there_when_there_is_data(realistic_result) -> None:
    page = parse(audit_page(realistic_result))
    assert [name for name in page.ids() if name in SECTIONS] == list(SECTIONS)
    assert "absent" not in page.ids()


@pytest.mark.parametrize(
    ("section", "changes", "option"),
    [
        ("corpus", {"corpus": None}, "--corpus"),
        ("refused", {"refused": ()}, "--ban"),
        ("diff", {"diffs": ()}, "--against"),
        ("coverage", {"compression": (), "compared": ("sample",)}, "--corpus"),
        ("policy", {"gate": None}, "--policy"),
    ],
)
def test_a_section_without_data_is_left_out_and_says_what_brings_it(
    realistic_result, section: str, changes: dict[str, object], option: str
) -> None:
    html = audit_page(replace(realistic_result, **changes))
    page = parse(html)
    assert section not in page.ids()
    assert f'href="#{section}"' not in html
    notes = html[html.index('id="absent"') :]
    assert notes.count("<li>") == 1 and option in notes


def test_a_bare_result_still_makes_a_page(bare_result) -> None:
    page = parse(audit_page(bare_result))
    assert [name for name in page.ids() if name in SECTIONS] == ["vocabulary"]
    assert "No release gate" in " ".join(page.text)


def test_every_finding_of_the_first_screen_is_true(realistic_result) -> None:
    text = " ".join(" ".join(parse(audit_page(realistic_result)).text).split())
    assert "Fails the release gate" in text
    assert "9 of its 16,000 tokens look polluted" in text
    assert "4 findings in the category gambling, none is allowed" in text
    assert "No text was found that produces 2 tokens." in text
    passing = replace(realistic_result, gate=replace(realistic_result.gate, passed=True, failures=()))
    assert "Passes the release gate" in " ".join(parse(audit_page(passing)).text)


def test_headings_tables_and_landmarks_help_a_screen_reader(realistic_result) -> None:
    page = parse(audit_page(realistic_result))
    tags = [tag for tag, _ in page.tags]
    assert [tags.count(tag) for tag in ("main", "nav", "header", "footer")] == [1, 1, 1, 1]
    assert tags.count("caption") == tags.count("table")
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")
    for tag, attributes in page.tags:
        if attributes.get("role") == "region":
            assert attributes.get("tabindex") == "0"
            assert attributes.get("aria-labelledby") or attributes.get("aria-label")
        if attributes.get("class", "").split(" ")[0] == "scroll":
            assert attributes.get("role") == "region"  # who has no mouse must reach what scrolls
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or attributes.get("aria-label")


def test_search_and_sorting_stay_hidden_without_script(realistic_result) -> None:
    page = parse(audit_page(realistic_result))
    tools = [attributes for _, attributes in page.tags if attributes.get("class") == "tools"]
    assert tools and all("hidden" in attributes for attributes in tools)
    assert not [tag for tag, _ in page.tags if tag == "button"]


def test_an_enormous_result_stays_a_small_page_and_says_what_is_left_out(enormous_result) -> None:
    html = audit_page(enormous_result)
    assert len(html.encode()) < 3_000_000
    text = " ".join(parse(html).text)
    assert "4,000 more are left out here; audit.json has all of them." in text
    assert "19,500 more are left out here; findings.jsonl has all of them." in text
    assert "3,750 more are left out here; merges.jsonl has all of them." in text


def test_the_same_result_gives_the_same_bytes(realistic_result, tmp_path: Path) -> None:
    write_report(realistic_result, tmp_path / "a.html")
    write_report(realistic_result, tmp_path / "b.html")
    write_diff_report(realistic_result.diffs[0], tmp_path / "d.html")
    page = (tmp_path / "a.html").read_bytes()
    assert page == (tmp_path / "b.html").read_bytes()
    assert str(tmp_path).encode() not in page and str(TEMPLATES).encode() not in page
    assert not re.search(rb"\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d", page)
    assert (tmp_path / "d.html").read_text().startswith("<!doctype html>")


def test_bytes_do_not_depend_on_the_hash_seed(project: Path) -> None:
    code = (
        "import sys, hashlib; sys.path[:0] = ['.', 'tests/audit']; import conftest\n"
        "from audit.report import audit_page\n"
        "print(hashlib.sha256(audit_page(conftest.realistic()).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=project,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_colours_have_enough_contrast() -> None:
    """WCAG 2.2, 1.4.3: text against the paper at least 4.5 to 1; 1.4.11: bars at least 3 to 1."""
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", css, re.S)[:2]
    for block in (light, dark):
        colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", block))
        for name in ("ink", "muted", "risk-ink", "good-ink", "warn-ink", "grain-ink", "focus"):
            assert contrast(colours[name], colours["paper"]) >= 4.5, name
        for name in ("risk", "ref", "ref2", "ref3", "edge"):
            assert contrast(colours[name], colours["paper"]) >= 3, name


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_identical_vocabularies_make_a_page_that_says_so(realistic_result) -> None:
    diff = replace(
        realistic_result.diffs[0], only_a=0, only_b=0, reranked=0, remerged=0, special_only_a=(),
        special_only_b=(), same_pattern=True, scripts=(), categories=(), tokens=(), compression=(),
    )  # fmt: skip
    assert "No difference." in " ".join(parse(diff_page(diff)).text)


def test_an_empty_vocabulary_makes_a_page(bare_result: AuditResult) -> None:
    empty = replace(bare_result, size=0, scored=0, special_tokens=(), scripts=(), lengths=(), pattern="")
    assert "0" in " ".join(parse(audit_page(empty)).text)
