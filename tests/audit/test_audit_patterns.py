"""Personal data, keys and addresses in tokens; the pre-tokenizer's fuzz; weights; policy on boilerplate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.auditing import AuditOptions
from audit.norm_checks import NORM_CHECKS, check_norms
from audit.policy import apply_policy, load_policy
from audit.results import Finding
from audit.sarif import artifact_of
from audit.splitting import check_splitting, fuzz_texts
from audit.suspicious_text import matching_patterns
from audit.text_patterns import is_iban, passes_luhn
from tests.audit.norms_checkpoints import INPUT, plant, small_vocabulary, write_tensors
from trainer.exports import write_tokenizer_json
from trainer.load import load_tokenizer
from trainer.vocabulary import Encoding, Vocabulary

BYTES = {byte: bytes([byte]) for byte in range(256)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("jo@example.org", "an e-mail address"), ("@gmail", "a mail provider"), (" @user2718", "a handle"),
        ("t.me/channel", "a contact link"), ("+49 30 123456-78", "a telephone number"),
        ("3f2504e0-4f89-", "a UUID or a part of one"), ("-4f89-11d3-9a0c", "a UUID or a part of one"),
        ("d41d8cd98f00b204", "a key or hash"), ("AKIAIOSF7", "an access key"), (" ghp_abc", "an access key"),
        ("github_pat_", "an access key"), ("xoxb-12", "an access key"), ("sk_live_", "an access key"),
        ("AIzaSyA1b2", "an access key"), ("eyJhbGciOiJ", "an access key"),
        ("BEGIN RSA PRIVATE KEY", "an access key"), ("4111 1111 1111 1111", "a card number"),
        ("GB82 WEST 1234 5698 7654 32", "an account number (IBAN)"), (" 192.168.0.1", "an IP address"),
        ("https://a.b", "a URL"), ("ftp://files.example", "a URL"), ("best-casino.bet", "a domain name"),
    ],
)  # fmt: skip
def test_what_must_not_be_in_a_token(text: str, name: str) -> None:
    assert name in {pattern.name for pattern in matching_patterns(text)}


@pytest.mark.parametrize(
    "text",
    ["the", " @param", "@media", "1.2.3", "v1.2.3.4.5", "sk-", "akia", "hf_", "eyJ", "->_id", "ghp", "BEGIN",
     "4111 1111 1111 1112", "0000 0000 0000 0000", "GB83 WEST 1234 5698 7654 32", "https://", "www.", ".com",
     "self.id", "deadbeef", "::::::::::::::::", "================"],
)  # fmt: skip
def test_what_may_be_in_a_token(text: str) -> None:
    assert {pattern.name for pattern in matching_patterns(text)} <= {"a telephone number"}


def test_checksums() -> None:
    assert passes_luhn("4111111111111111")  # a published test number
    assert not passes_luhn("4111111111111112")
    assert is_iban("DE89 3704 0044 0532 0130 00")  # the example of the standard's registry
    assert not is_iban("DE88370400440532013000")


def test_published_patterns_are_cut_alike() -> None:
    for name in ("o200k_base", "cl100k_base"):
        check = check_splitting(load_tokenizer(name))
        assert (check.examined, check.findings, check.skipped) == (3000, (), None)


@pytest.mark.parametrize("pattern", [r"\w+|\s+|\S", r"[[:alpha:]]+|[\s\S]"])
def test_a_pattern_that_libraries_read_differently_is_an_error(pattern: str) -> None:
    check = check_splitting(Vocabulary("x", BYTES, {}, pattern))
    assert {finding.severity for finding in check.findings} == {"error"}
    assert " against " in check.findings[0].evidence


def test_the_fuzz_is_seeded_and_skipped_where_nothing_encodes() -> None:
    assert fuzz_texts() == fuzz_texts()
    mute = Vocabulary("mute", BYTES, {}, r"\S", encoding=Encoding.UNKNOWN)
    assert check_splitting(mute).skipped


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights") / "model"
    rows = plant(small_vocabulary(), rows=6_100, lump=True, seed=1).rows
    write_tensors(folder / "model.safetensors", {INPUT: rows})
    write_tokenizer_json(folder / "tokenizer.json", small_vocabulary())
    return folder


def test_weights_are_checked_when_given(model: Path) -> None:
    skipped = check_norms(None, small_vocabulary())
    assert {check.skipped for check in skipped} == {"needs --weights"}
    ran = check_norms(model, small_vocabulary())
    assert [check.check for check in ran] == [check.check for check in skipped]
    assert [(check.check, check.title) for check in ran] == list(NORM_CHECKS)
    assert any(check.findings for check in ran)
    assert AuditOptions().weights is None


@pytest.mark.slow
def test_the_audit_takes_weights(model: Path, tmp_path: Path, winnow) -> None:
    policy = tmp_path / "norms.toml"
    policy.write_text("[limits.check]\nnorm-lump = 0\n", encoding="utf-8")
    call = ("audit", model, "-q", "--no-lists", "--policy", policy, "--format", "json")
    without = winnow(*call)
    assert without.code == 3
    assert "did not run" in without.stdout
    outcome = winnow(*call, "--weights", model)
    assert outcome.code == 3
    record = json.loads(outcome.stdout)
    lump = next(check for check in record["checks"] if check["check"] == "norm-lump")
    assert lump["skipped"] is None and lump["warning"] > 0
    assert any(entry["name"] == "weights model.safetensors" for entry in record["provenance"])
    assert winnow(*call, "--weights", tmp_path / "absent").code == 2


def test_a_policy_may_forbid_boilerplate(tmp_path: Path) -> None:
    found = [
        Finding("boilerplate", "note", "repeated text", 7, "numerusform", b"numerusform", "", "boilerplate")
    ]
    policy = tmp_path / "own.toml"
    policy.write_text("[limits.category]\nboilerplate = 0\n", encoding="utf-8")
    assert apply_policy(load_policy("default"), found).passed
    assert not apply_policy(load_policy(str(policy)), found).passed
    assert not apply_policy(load_policy("strict"), found).passed


def test_what_code_scanning_points_at(tmp_path: Path) -> None:
    folder = tmp_path / "my models" / "one"
    folder.mkdir(parents=True)
    (folder / "tokenizer.tiktoken").touch()
    assert artifact_of(str(folder), tmp_path) == "my%20models/one/tokenizer.tiktoken"
    (folder / "tokenizer.json").touch()
    assert artifact_of(str(folder), tmp_path) == "my%20models/one/tokenizer.json"
    assert artifact_of(str(folder / "tokenizer.json"), folder / "deeper") == "tokenizer.json"
    assert artifact_of("o200k_base", tmp_path) == "o200k_base/tokenizer.json"
