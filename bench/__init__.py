"""Benchmarks. `python -m bench.run` prints one line a figure; see docs of each module."""
