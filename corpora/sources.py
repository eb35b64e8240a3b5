"""Whose a document is: the site of its address where it has one, else its source."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError

if TYPE_CHECKING:
    import pyarrow as pa

ADDRESS_FIELD = "url"
_ADDRESS_MARK = "://"
# Labels under which a country's registry sells names (co.uk, com.br): a site is one label longer there.
_SHARED_LABELS = frozenset(
    {"ac", "asso", "co", "com", "edu", "go", "gob", "gouv", "gov", "govt", "mil", "ne", "net", "nom", "or"}
    | {"org", "sch", "web"}
)


def sources_of(batch: pa.RecordBatch, field: str | None = None) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The distinct sources of a batch, and every document's place among them, shape (documents,).

    A source is the site (see `site_of`) of the document's `url`, or its `source` where there is no
    address. With `field`, that column alone decides; addresses in it become sites too, and a document
    without a value has the source "". Raises WinnowError when the batch has no such column of text.
    """
    values = _values(batch, field)
    encoded = values.dictionary_encode()
    names = [site_of(value) for value in encoded.dictionary.to_pylist()]
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    of_value = np.array([places[name] for name in names], dtype=np.int64)
    indices = encoded.indices.to_numpy(zero_copy_only=False)
    return list(places), of_value[indices] if names else np.zeros(len(values), dtype=np.int64)


@lru_cache(maxsize=1 << 16)
def site_of(value: str) -> str:
    """The site of an address: its host's last two labels, or three under a country's co., com., org. …

    So all subdomains of a link farm are one source, and so are all blogs of one host. A value that is
    no address stays as it is; a host that is a number stays whole.
    """
    if _ADDRESS_MARK not in value:
        return value
    try:
        host = urlsplit(value).hostname or value
    except ValueError:  # brackets without an IPv6 address between them
        return value
    labels = host.rstrip(".").split(".")
    if labels[-1].isdigit() or ":" in host:
        return host
    under_country = len(labels[-1]) == 2 and len(labels) > 2 and labels[-2] in _SHARED_LABELS
    return ".".join(labels[-3 if under_country else -2 :])


def _values(batch: pa.RecordBatch, field: str | None) -> pa.Array:
    """The column that names the sources, as large_string without nulls."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = batch.schema.names
    if field is not None and field not in names:
        raise WinnowError(f"no field {field!r}", hint=f"fields here: {', '.join(names)}; see --source-field")
    try:
        if field is not None:
            return pc.fill_null(batch.column(field).cast(pa.large_string()), "")
        source = batch.column("source").cast(pa.large_string())
        if ADDRESS_FIELD not in names or not _is_text(batch.schema.field(ADDRESS_FIELD).type):
            return pc.fill_null(source, "")
        address = batch.column(ADDRESS_FIELD).cast(pa.large_string())
        return pc.fill_null(pc.if_else(pc.equal(pc.fill_null(address, ""), ""), source, address), "")
    except pa.ArrowException as error:
        raise WinnowError(f"field {field or 'source'!r} is not text: {error}") from error


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
