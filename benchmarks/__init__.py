"""Benchmarks: run the files as scripts; README.md says how."""
