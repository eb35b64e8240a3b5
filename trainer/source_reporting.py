"""Frequencies, plateaus and the effects of sources as records for programs and as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from corpora.cli import TableView
from corpora.display import show_bytes, show_text
from trainer.concentration import Concentrated, Plateau
from trainer.leave_one_out import LostToken, SourceEffect

_TOKENS_SHOWN = 8
_PLATEAU_SHOWN = 120  # characters


def frequencies_record(
    rows: Sequence[Concentrated], found: int, flat: Sequence[Plateau], plateaus_found: int
) -> dict[str, Any]:
    """Concentrated pretokens and plateaus as built-in types, for JSON."""
    return {
        "schema_version": 1,
        "concentrated_found": found,
        "concentrated": [_concentrated_record(row) for row in rows],
        "plateaus_found": plateaus_found,
        "plateaus": [_plateau_record(plateau) for plateau in flat],
    }


def frequencies_tables(
    rows: Sequence[Concentrated], found: int, flat: Sequence[Plateau], plateaus_found: int
) -> list[TableView]:
    """Concentrated pretokens and plateaus as tables."""
    first = [
        (
            show_bytes(row.pretoken),
            show_text(row.language),
            f"{row.count:,}",
            f"{row.documents:,} of {row.expected_documents:,.0f}",
            f"{row.sources:,} of {row.expected_sources:,.0f}",
            f"{show_text(row.largest_source)} {row.largest_share:.0%}",
        )
        for row in rows
    ]
    second = [
        (
            _shortened(" ".join(show_bytes(pretoken).strip() for pretoken in plateau.pretokens)),
            show_text(plateau.language),
            f"{len(plateau.pretokens):,}",
            f"{plateau.count:,}",
            f"{plateau.documents:,}",
            f"{plateau.sources:,}",
            f"{show_text(plateau.largest_source)} {plateau.largest_share:.0%}",
        )
        for plateau in flat
    ]
    columns = (
        "pretoken",
        "language",
        "count",
        "documents, of expected",
        "sources, of expected",
        "largest source",
    )
    about = f"{found:,} pretokens are frequent in few documents; those that fill most"
    flat_columns = (
        "pretokens",
        "language",
        "how many",
        "each occurs",
        "documents",
        "sources",
        "largest source",
    )
    return [
        TableView(about, columns, first),
        TableView(f"{plateaus_found:,} plateaus: always together, equally often", flat_columns, second),
    ]


def effects_record(effects: Sequence[SourceEffect], vocab_size: int) -> dict[str, Any]:
    """What sources bring, as built-in types, for JSON."""
    return {
        "schema_version": 1,
        "vocab_size": vocab_size,
        "sources": [_effect_record(each) for each in effects],
    }


def effects_table(effects: Sequence[SourceEffect], pretokens: int) -> TableView:
    """What sources bring, a row for each source."""
    rows = [
        (
            show_text(effect.source),
            f"{effect.pretokens / max(1, pretokens):.2%}",
            f"{effect.own_pretokens / max(1, effect.pretokens):.0%}",
            f"{len(effect.lost):,}",
            f"{len(effect.brought):,}",
            " · ".join(show_bytes(token.token) for token in _heaviest(effect)),
        )
        for effect in effects
    ]
    columns = ("source", "of corpus", "its own", "tokens lost", "of them brought", "for example")
    return TableView("tokens that would not be there without one source", columns, rows)


def _heaviest(effect: SourceEffect) -> Sequence[LostToken]:
    """The tokens brought that carry most text; parts of a longer one say nothing new and are left out."""
    clear = effect.brought
    whole = [
        token
        for token in clear
        if not any(token.token != other.token and token.token in other.token for other in clear)
    ]
    return sorted(whole, key=lambda token: (-token.count * len(token.token), token.token_id))[:_TOKENS_SHOWN]


def _concentrated_record(row: Concentrated) -> dict[str, Any]:
    return {
        **{name: value for name, value in asdict(row).items() if name != "pretoken"},
        "pretoken": row.pretoken.hex(),
        "text": show_bytes(row.pretoken),
        "expected_documents": round(row.expected_documents, 2),
        "expected_sources": round(row.expected_sources, 2),
        "concentration": round(row.concentration, 2),
    }


def _plateau_record(plateau: Plateau) -> dict[str, Any]:
    return {
        **{name: value for name, value in asdict(plateau).items() if name != "pretokens"},
        "pretokens": [pretoken.hex() for pretoken in plateau.pretokens],
        "texts": [show_bytes(pretoken) for pretoken in plateau.pretokens],
    }


def _effect_record(effect: SourceEffect) -> dict[str, Any]:
    return {
        "source": effect.source,
        "pretokens": effect.pretokens,
        "own_pretokens": effect.own_pretokens,
        "tokens_lost": len(effect.lost),
        "tokens_brought": len(effect.brought),
        "tokens": [
            {
                "id": token.token_id,
                "token": show_bytes(token.token),
                "bytes": token.token.hex(),
                "count": token.count,
                "share": round(token.share, 4),
            }
            for token in effect.lost
        ],
    }


def _shortened(text: str) -> str:
    return text if len(text) <= _PLATEAU_SHOWN else f"{text[:_PLATEAU_SHOWN]} …"
