"""Benchmarks of the trainer: speed and memory beside other trainers, equality with Hugging Face."""
