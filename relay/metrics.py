"""Numbers for the machine's keeper: words and channels as labels, never an identifier."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

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
SPOOL_WAITING = Gauge(
    "relay_spool_waiting", "Texts that could not be taken in yet.", registry=REGISTRY
)
ERASURES_WAITING = Gauge(
    "relay_erasures_waiting", "Texts and calls that Twilio is still to delete.", registry=REGISTRY
)
ERASURES_OVERDUE = Gauge(
    "relay_erasures_overdue", "Of these, noted more than a day ago.", registry=REGISTRY
)


def exposition() -> bytes:
    """Everything counted and measured, as Prometheus text."""
    return generate_latest(REGISTRY)
