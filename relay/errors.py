"""How the relay says no to a person."""

from __future__ import annotations


class RefusalError(Exception):
    """What was asked cannot be done, and nothing was changed.

    The text is one plain sentence for the person who asked. It never repeats a contact.
    """
