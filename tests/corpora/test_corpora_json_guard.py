"""How deep JSON nests, as the reader's guard sees it and as Python's parser does."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpora.json_guard import MAX_DEPTH, crashes_arrow
from corpora.json_kernel import nesting

VALUES = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('ab"\\[]{}é\n'), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('"\\[{', max_size=3), inner, max_size=4)
    ),
    max_leaves=25,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_nesting_is_that_of_the_values(values: list[Any]) -> None:
    text = "\n".join(json.dumps(value, ensure_ascii=False) for value in values)
    assert nesting(np.frombuffer(text.encode(), dtype=np.uint8)) == max(map(depth, values))


def test_only_deep_blocks_and_leading_nulls_are_kept_from_arrow() -> None:
    assert crashes_arrow(b"[" * (MAX_DEPTH + 1))
    assert not crashes_arrow(b"[]" * 2 * MAX_DEPTH)
    assert not crashes_arrow(json.dumps({"text": "[{" * MAX_DEPTH}).encode())
    assert crashes_arrow(b" null\n{}")
