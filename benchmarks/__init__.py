"""Benchmarks of the trainer: corpora from Debian packages, other trainers beside it, equality with Hugging Face."""
