"""Fuzzing harnesses: every reader and parser of Winnow, given bytes that nobody meant."""
