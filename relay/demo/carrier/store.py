"""What the provider keeps, and what was truly taken: found by id at once, however many."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from .model import Call, LeftBehind, Media, Message, StoredMedia, Taken, new_sid


class Store:
    """Messages, media and calls until they are deleted; `taken` for good."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.taken: list[Taken] = []
        self._messages: dict[str, Message] = {}
        self._tokens: dict[str, StoredMedia] = {}
        self._serial = count(1)

    def add(self, message: Message) -> Message:
        """Keep a message."""
        message.serial = next(self._serial)
        self._messages[message.sid] = message
        return message

    def get(self, sid: str) -> Message | None:
        """The message of that id."""
        return self._messages.get(sid)

    def newest_first(self) -> Iterator[Message]:
        """All messages kept."""
        return reversed(self._messages.values())

    def attach(self, message: Message, media: Media, at: datetime) -> StoredMedia:
        """Keep a file that belongs to a message."""
        stored = StoredMedia(
            sid=new_sid("ME"),
            message=message.sid,
            content_type=media.content_type,
            octets=media.octets,
            created=at,
            token=secrets.token_urlsafe(24),
        )
        message.media[stored.sid] = stored
        message.num_media += 1
        self._tokens[stored.token] = stored
        return stored

    def by_token(self, token: str) -> StoredMedia | None:
        """The file that a signed address opens."""
        return self._tokens.get(token)

    def remove(self, message: Message) -> None:
        """Delete a message and what belongs to it."""
        for media in list(message.media.values()):
            self.detach(message, media)
        del self._messages[message.sid]

    def detach(self, message: Message, media: StoredMedia) -> None:
        """Delete one file of a message."""
        del message.media[media.sid]
        del self._tokens[media.token]

    def left_behind(self) -> LeftBehind:
        """What has not been deleted."""
        return LeftBehind(
            messages=tuple(self._messages),
            media=tuple(media.sid for media in self._tokens.values()),
            calls=tuple(self.calls),
        )
