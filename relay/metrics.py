"""Counters for the machine's keeper: words and channels as labels, never an identifier."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, generate_latest

REGISTRY = CollectorRegistry()
FATES = Counter(
    "relay_fates",
    "What became of messages and copies since this process started.",
    ["word", "channel"],
    registry=REGISTRY,
)
UNWRITTEN = Counter(
    "relay_log_lines_lost", "Log lines that could not be written.", registry=REGISTRY
)


def exposition() -> bytes:
    """Everything counted, as Prometheus text."""
    return generate_latest(REGISTRY)
