"""The rules of the relay: pure functions from facts and a time to a verdict.

No input or output, no clock, no chance; this package knows neither `relay` nor `channels`.
One rule a file; `policies.catalogue` lists them, and their order cannot matter.
"""
