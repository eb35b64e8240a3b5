"""Ban lists: entries, matching, lint and tests, and the lists themselves as data."""
