"""Everything that is known about single tokens: what `winnow show` prints."""
