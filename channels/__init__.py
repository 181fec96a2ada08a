"""Ways in and out of the relay: thin edges that parse, compose and send.

This package knows neither the engine (`relay`) nor the rules (`policies`). What it speaks is in
`channels.contract`; every folder beside it is one channel. This file imports nothing on purpose:
a foreign package of the same name must never half-work (docs/decisions/0002-names.md).
"""
