"""The scan: from a checkpoint and a vocabulary to the lump, the body, the hot tail and what else is odd."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from audit.norms.body import Body, measure_body
from audit.norms.directions import Directions, measure_directions
from audit.norms.duplicates import find_duplicates
from audit.norms.labels import Labels, label_rows
from audit.norms.lump import Lump, find_lump
from audit.norms.measures import Advance, Doubles, Ids, RowMeasures, measure_rows
from audit.norms.records import MatrixScan, Neighbour, NormScan, Parts, ScanOptions, UnusedDirection
from audit.norms.statistics import spearman
from audit.norms.tail import Categories, category_rows, hot_ids, hot_line, row_facts, script_rows, top_ids
from trainer.token_matrices import Embeddings, find_embeddings
from trainer.vocabulary import Vocabulary
from trainer.weights import Checkpoint, StoredTensor

NORMALISED = 0.005  # σ/mean of the norms under which all rows count as equally long
_LEAST_UNUSED = 3  # rows that make a mean worth pointing to
_UNUSED_INSIDE = 0.5  # share of the unused rows that a group next to their mean must hold
_LEAST_DISTANCE = 1e-6  # of cosines in 32 bits; smaller ones are rounding

Bar = Callable[[str, int], AbstractContextManager[Advance]]


def no_bar(title: str, rows: int) -> AbstractContextManager[Advance]:
    """A progress bar that shows nothing."""
    return nullcontext(lambda advanced: None)


def scan_checkpoint(
    checkpoint: Checkpoint,
    vocabulary: Vocabulary | None,
    categories: Categories,
    options: ScanOptions,
    *,
    input_name: str | None = None,
    output_name: str | None = None,
    counts: Doubles | None = None,
    bar: Bar = no_bar,
) -> NormScan:
    """Scan the token matrices of a checkpoint.

    `categories` has the category of each token that has one; `counts`, shape (ids,), each token's count in a
    corpus; `bar` opens a progress bar for a title and a number of rows. Raises what
    `find_embeddings`, `label_rows` and `measure_rows` raise.
    """
    embeddings = find_embeddings(checkpoint, input_name, output_name)

    def scan(tensor: StoredTensor, labels: Labels) -> MatrixScan:
        row_counts = None if counts is None else np.pad(counts, (0, tensor.rows - counts.size))
        return scan_matrix(tensor, labels, row_counts, categories, options, bar)

    labels = label_rows(embeddings.input.rows, vocabulary)
    first, second = scan(embeddings.input, labels), None
    if embeddings.output is not None and not embeddings.tied:
        same = embeddings.output.rows == labels.rows
        second = scan(embeddings.output, labels if same else label_rows(embeddings.output.rows, vocabulary))
    return NormScan(
        name=checkpoint.path.name,
        tokenizer=None if vocabulary is None else vocabulary.name,
        embeddings=embeddings,
        labels=labels,
        options=options,
        input=first,
        output=second,
        agreement=None if second is None else _agreement(first, second),
        notes=_notes(embeddings, labels, first, second),
    )


def scan_matrix(
    tensor: StoredTensor,
    labels: Labels,
    counts: Doubles | None,
    categories: Categories,
    options: ScanOptions,
    bar: Bar = no_bar,
) -> MatrixScan:
    """Scan one matrix in two passes over its file."""
    parts = separate(tensor, labels, bar)
    measures, body = parts.measures, body_of(parts, labels, counts)
    line = hot_line(body, options.hot_z)
    hot = hot_ids(body, measures.norms, line)
    top_ascii, top_other = top_ids(labels, measures.norms, options.top)
    compared = np.setdiff1d(np.flatnonzero(measures.norms > 0), parts.untrained)
    hashes = parts.directions.hashes
    return MatrixScan(
        tensor=tensor,
        measures=measures,
        lump=parts.lump,
        body=body,
        directions=parts.directions,
        hot_line=line,
        hot=row_facts(hot, labels, measures, body, categories),
        top_ascii=row_facts(top_ascii, labels, measures, body, categories),
        top_other=row_facts(top_other, labels, measures, body, categories),
        scripts=script_rows(labels, measures, hot, parts.untrained),
        categories=category_rows(categories, measures, hot, parts.untrained),
        unused_direction=_unused_direction(parts, labels, options.top),
        duplicates=find_duplicates(tensor, hashes, measures.norms, compared) if options.duplicates else (),
        normalised=measures.std < NORMALISED * measures.mean,
    )


def separate(tensor: StoredTensor, labels: Labels, bar: Bar = no_bar) -> Parts:
    """Measure a matrix and tell its untrained rows from its body, by length and by direction."""
    with bar(f"{tensor.name}: norms", tensor.rows) as advance:
        measures = measure_rows(tensor, advance)
    lump = find_lump(measures.logs, labels.anchors)
    unused = unused_rows(measures, lump, labels)
    with bar(f"{tensor.name}: directions", tensor.rows) as advance:
        directions = measure_directions(tensor, measures, unused, advance)
    return Parts(measures, lump, unused, directions, _aligned(directions, unused))


def body_of(parts: Parts, labels: Labels, counts: Doubles | None = None) -> Body:
    """The body of a matrix: every row but zero rows and the untrained ones.

    Where the unused rows point one way, the lengths that count are those without that way.
    """
    logs = parts.measures.logs
    if parts.aligned is not None:
        own = parts.directions.own_lengths
        logs = np.log(own, out=logs, where=own > 0)
    logs[parts.untrained] = np.nan
    return measure_body(logs, *labels.groups, counts, labels.single_bytes.tolist())


def unused_rows(measures: RowMeasures, lump: Lump, labels: Labels) -> Ids:
    """The rows taken for unused: the lump, or without one the rows that no text reaches; zero rows never."""
    ids = np.array(lump.ids, dtype=np.int64) if lump.found else labels.anchors
    ids = ids[measures.norms[ids] > 0]
    return ids if ids.size >= _LEAST_UNUSED else ids[:0]


def _aligned(directions: Directions, unused: Ids) -> Lump | None:
    """The group of rows next to the unused rows' mean: a lump of log distances 1 - cosine that holds them.

    Only a gap counts: distances of trained rows spread smoothly up to the unused ones in input matrices.
    """
    if not unused.size:
        return None
    distance = np.log(np.maximum(1 - directions.cosine, _LEAST_DISTANCE))
    found = find_lump(distance, unused)
    holds = found.method == "gap" and found.anchors_inside >= _UNUSED_INSIDE * unused.size
    return found if holds else None


def _unused_direction(parts: Parts, labels: Labels, top: int) -> UnusedDirection | None:
    if parts.aligned is None:
        return None
    cosine, norms = parts.directions.cosine, parts.measures.norms
    ids = np.array(parts.aligned.ids, dtype=np.int64)
    others = np.setdiff1d(ids, parts.unused)
    order = others[np.lexsort((others, -cosine[others]))]
    nearest = tuple(
        Neighbour(id_, labels.shown(id_), float(norms[id_]), float(cosine[id_]))
        for id_ in order[:top].tolist()
    )
    return UnusedDirection(
        unused=parts.unused.size,
        ids=parts.aligned.ids,
        least_cosine=float(cosine[ids].min()),
        median_norm=float(np.median(norms[ids])),
        rows=others.size,
        nearest=nearest,
    )


def _agreement(first: MatrixScan, second: MatrixScan) -> float:
    rows = min(first.tensor.rows, second.tensor.rows)
    used = np.isfinite(first.body.z[:rows]) & np.isfinite(second.body.z[:rows])
    return spearman(first.measures.norms[:rows][used], second.measures.norms[:rows][used])


def _notes(
    embeddings: Embeddings, labels: Labels, first: MatrixScan, second: MatrixScan | None
) -> tuple[str, ...]:
    notes = list(embeddings.notes)
    if embeddings.scaling is not None:
        scaling = embeddings.scaling
        notes.append(
            f"the model multiplies its embeddings by {scaling.factor:g} ({scaling.source}): not applied"
        )
    if labels.beyond:
        notes.append(f"{labels.beyond:,} rows lie beyond the vocabulary: {_beyond_state(labels, first)}")
    if embeddings.tied:
        notes.append("one matrix serves input and output, so norms mix both uses; see the unused direction")
    for scan in filter(None, (first, second)):
        if scan.normalised:
            notes.append(f"all rows of {scan.tensor.name} are equally long; their norms say nothing")
        if scan.unused_direction is not None and not scan.lump.found:
            count, norm = len(scan.unused_direction.ids), scan.unused_direction.median_norm
            notes.append(
                f"{count:,} rows of {scan.tensor.name} point where unused rows do (median norm {norm:.3g}); "
                "a softmax pushes such rows away together, so they count as untrained, not as hot"
            )
    return tuple(notes)


def _beyond_state(labels: Labels, scan: MatrixScan) -> str:
    first = labels.rows - labels.beyond
    norms = scan.measures.norms[first:]
    zero = int((norms == 0).sum())
    low = int((scan.untrained >= first).sum())
    return f"{zero:,} zero, {low:,} untrained, {norms.size - zero - low:,} like trained rows"
