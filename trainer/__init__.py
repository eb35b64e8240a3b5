"""Pre-tokenization, counts, merges under ban lists, the vocabulary and its export formats."""
