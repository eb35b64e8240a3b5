"""Diff, risk score, round trip, reachability, policy gate and report of a vocabulary."""
