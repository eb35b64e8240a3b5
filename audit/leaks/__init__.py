"""Leaked tool calls and glitch strings in text and code: what `winnow scan` finds."""
