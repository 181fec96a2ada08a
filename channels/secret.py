"""The redacting type: what must never be printed travels in here.

A contact detail in a log line, a traceback or a pickle is how a hidden person is found. So the
value is reachable through one word only, `reveal`, which is easy to search for in a review.
"""

from __future__ import annotations

import hmac
from typing import Any

from pydantic_core import core_schema

REDACTED = "[redacted]"


class Secret:
    """A string that does not show itself.

    `str`, `repr`, `format`, `pickle`, `copy`, pydantic and `json.dumps(default=str)` give
    `[redacted]`; equality is by value, in constant time.
    """

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """Return the value. Every call of this is a place to review."""
        return self._value

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a secret is immutable")

    def __str__(self) -> str:
        return REDACTED

    def __repr__(self) -> str:
        return REDACTED

    def __format__(self, spec: str) -> str:
        return REDACTED

    def __bool__(self) -> bool:
        return bool(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine = self._value.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(mine, other._value.encode("utf-8", "surrogatepass"))

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self  # immutable; the default would go through __reduce__ and lose the value

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return (Secret, (REDACTED,))  # a pickle leaves the process, so it carries nothing

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls(str(value)),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda _: REDACTED),
        )


class Contact(Secret):
    """A real phone number (E.164) or mail address, and the channel that reaches it."""

    __slots__ = ("channel",)
    channel: str

    def __init__(self, channel: str, value: str) -> None:
        super().__init__(value)
        object.__setattr__(self, "channel", channel)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Contact):
            return NotImplemented
        return self.channel == other.channel and super().__eq__(other)

    def __hash__(self) -> int:
        return hash((self.channel, self._value))

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return (Secret, (REDACTED,))
