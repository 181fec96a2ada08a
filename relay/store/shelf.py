"""The shelf: messages that wait in the spool, each a sealed file of its own.

A file's name is its place in the line and the id of its key: no contact, no word, no time. What
is in it is sealed under that key, which seals nothing else and is destroyed with the file. Order
is a safety rule, as for the rings: the key is durable before the file, the file is gone before
its key. Several processes may share the folder.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from channels.contract import File, Inbound, Proof, Trait
from channels.secret import Contact, Secret
from relay.clock import milliseconds, moment
from relay.vault.master import sync_folder
from relay.vault.vault import UnsealError, Vault

_NAME = re.compile(r"([0-9]{12})-([0-9a-f]{15})")
_PART = ".part"
_STRAY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, order=True)
class Slip:
    """Which file: its place in the line, the smaller the earlier, and the id of its key."""

    place: int
    key_id: int

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"{self.place:012d}-{self.key_id:015x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is in a file."""

    inbound: Inbound
    at: datetime
    """When it came in."""


class Shelf:
    """One folder of sealed files. Every method blocks for as long as the disk takes."""

    def __init__(self, vault: Vault, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._vault = vault
        self._folder = folder

    def put(self, kept: Kept, now: datetime, place: int | None = None) -> Slip:
        """Write one message, at the end of the line or at a place; durable when this returns.

        Raises `OSError`; then nothing was written.
        """
        if place is None:
            slips = self.slips()
            place = slips[-1].place + 1 if slips else 1
        key_id, sealed = self._vault.seal_spooled(place, _pack(kept), now)
        slip = Slip(place, key_id)
        final = self._folder / slip.name
        part = final.with_suffix(_PART)
        try:
            _write(part, sealed)
            part.rename(final)
            sync_folder(self._folder)
        except OSError:
            part.unlink(missing_ok=True)
            final.unlink(missing_ok=True)
            self._vault.forget_spooled([key_id])
            raise
        return slip

    def slips(self) -> list[Slip]:
        """Every file there is, in order."""
        return slips_in(self._folder)

    def open(self, slip: Slip) -> Kept:
        """Read one message.

        Raises `FileNotFoundError` if it is gone, another `OSError` if the disk does not give it,
        `UnsealError` if its key is destroyed or it is damaged.
        """
        sealed = (self._folder / slip.name).read_bytes()
        return _unpack(self._vault.open_spooled(slip.place, slip.key_id, sealed))

    def has_key(self, slip: Slip) -> bool:
        """Whether the key of a file still exists."""
        return slip.key_id in self._vault.spool_keys()

    def remove(self, slip: Slip) -> bool:
        """Remove one message for good: the file, then its key. Whether there was a file."""
        try:
            (self._folder / slip.name).unlink()
        except FileNotFoundError:
            there = False
        else:
            there = True
            sync_folder(self._folder)
        self._vault.forget_spooled([slip.key_id])
        return there

    def tidy(self, now: datetime) -> int:
        """Clear away what a killed process left: keys without a file, files half written.

        Returns how many keys were destroyed. What is not an hour old may be in the making, by
        another process too: its key is there before its file. So the files are listed first.
        """
        parts = list(self._folder.glob(f"*{_PART}"))
        filed = {slip.key_id for slip in self.slips()}
        keys = self._vault.spool_keys()
        stray = {key for key, born in keys.items() if born < now - _STRAY_AFTER} - filed
        destroyed = self._vault.forget_spooled(stray)
        alive = keys.keys() - stray
        for part in parts:
            name = _NAME.fullmatch(part.stem)
            if name is None or int(name[2], 16) not in alive:
                part.unlink(missing_ok=True)
        return destroyed


def slips_in(folder: Path) -> list[Slip]:
    """Every file of a folder, in order: for who only counts. Raises `FileNotFoundError`."""
    with os.scandir(folder) as found:
        names = sorted(entry.name for entry in found)  # all as long: their order is the slips'
    matches = map(_NAME.fullmatch, names)
    return [Slip(int(name[1]), int(name[2], 16)) for name in matches if name]


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _pack(kept: Kept) -> bytes:
    """A message as octets: the words as JSON, then the files as they are."""
    it = kept.inbound
    head = {
        "at": milliseconds(kept.at),
        "channel": it.channel,
        "id": it.provider_id,
        "sender": [it.sender.channel, it.sender.reveal()],
        "sender_name": it.sender_name.reveal(),
        "to": it.to.reveal(),
        "text": it.text.reveal(),
        "subject": it.subject.reveal(),
        "html": it.html.reveal(),
        "media": [each.reveal() for each in it.media],
        "reaction": it.reaction.reveal(),
        "answers": [each.reveal() for each in it.answers],
        "proof": it.proof,
        "traits": sorted(it.traits),
        "heard": it.refusal_is_heard,
        "files": [len(file.octets) for file in it.files],
    }
    return b"\0".join((json.dumps(head).encode(), b"".join(file.octets for file in it.files)))


def _unpack(packed: bytes) -> Kept:
    head, _, octets = packed.partition(b"\0")
    try:
        read: dict[str, Any] = json.loads(head)
        return Kept(inbound=_inbound(read, octets), at=moment(read["at"]))
    except (ValueError, KeyError, TypeError):
        msg = "this is no message"
        raise UnsealError(msg) from None


def _inbound(read: dict[str, Any], octets: bytes) -> Inbound:
    files, at = [], 0
    for length in read["files"]:
        files.append(File(octets[at : at + length]))
        at += length
    return Inbound(
        channel=read["channel"],
        provider_id=read["id"],
        sender=Contact(*read["sender"]),
        sender_name=Secret(read["sender_name"]),
        to=Secret(read["to"]),
        text=Secret(read["text"]),
        subject=Secret(read["subject"]),
        html=Secret(read["html"]),
        files=tuple(files),
        media=tuple(Secret(each) for each in read["media"]),
        reaction=Secret(read["reaction"]),
        answers=tuple(Secret(each) for each in read["answers"]),
        proof=Proof(read["proof"]),
        traits=frozenset(Trait(each) for each in read["traits"]),
        refusal_is_heard=read["heard"],
    )
