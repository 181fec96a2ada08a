"""The engine of the anytime group relay: accept, judge, deliver, forget. Imports nothing."""

__version__ = "0.1.0"
