"""The command `relay`."""

from relay.cli.main import main

__all__ = ["main"]
