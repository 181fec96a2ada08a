"""What the guards know of a group, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from channels.secret import Contact, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One member of a group, as the guards see her."""

    id: int
    name: Secret
    """Her pseudonym: what takes the place of her contact."""
    contacts: tuple[Contact, ...]
    """Mail addresses, and phone numbers in E.164."""
    names: tuple[Secret, ...] = ()
    """Real names a facilitator or her mail program gave, such as `Mara Hale`."""


class Kind(StrEnum):
    """What was found."""

    ADDRESS = "address"
    NUMBER = "number"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One contact or name in a text. It holds places only, never the words themselves."""

    start: int
    end: int
    """The span in the original text, end excluded."""
    kind: Kind
    whose: int | None
    """A member's id; `None` for a stranger's, or for a name that several members bear."""
