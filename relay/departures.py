"""Departures: who stopped, left or was removed, told to couriers once it is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Listener = Callable[[Iterable[int]], None]


class Departures:
    """Within one process; other processes see it at their next claim."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with the ids of members who have gone."""
        self._listeners.append(listener)

    def announce(self, member_ids: Iterable[int]) -> None:
        """Say that these have gone; nothing of a group that is in hand goes out to them."""
        gone = list(member_ids)
        if gone:
            for listener in self._listeners:
                listener(gone)
