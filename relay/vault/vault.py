"""Seal, open, shred: the one interface to everything secret that is stored.

Where keys live: the master key in a file of its own; the key of each group and member in
`people.ring`, destroyed when she is removed; the keys of bodies in `bodies.ring`, at least one for
each hour of writing, destroyed as soon as nothing that is stored was sealed with it; those of the
spool in `spool.ring`, one for each message in it, destroyed when it is taken up. Only
ciphertext and keyed indexes reach the database. A stolen copy of it shows no contact, name or
word, but how many groups and members there are, which belong together, and until when what waits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from channels.contract import Picture, PictureKind
from channels.secret import Secret
from relay.clock import milliseconds, moment
from relay.model import Body, new_id
from relay.vault.keyring import KeyRing
from relay.vault.master import MasterKey

EPOCH = timedelta(hours=1)
"""No key seals bodies for longer."""

_NONCE = 12
_BUCKETS = (256, 1024, 4096, 16_384, 65_536)
_INDEX_LENGTH = 16
DAY_SHIFT = 40
"""A number that holds a day has it above so many bits, and below them what tells two apart."""
ATTEMPT_SHIFT = 60
"""The same for a number that holds a post and, modulo 16, the count of an attempt."""
PRIVATE = 1 << 62
"""Beside a number below it: the post was for one reader alone."""
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [one + other for one in _BASE32 for other in _BASE32]
_TOKEN = re.compile("[a-z2-7]{26}")


class Purpose(StrEnum):
    """What a keyed index is for: equal values under two purposes have unequal indexes."""

    AVOID = "avoid"
    BLOCK = "block"
    CONSENT = "consent"
    CONTACT_IN_GROUP = "contact-in-group"
    ERASURE = "erasure"
    GROUP_NAME = "group-name"
    INVITE = "invite"
    LUCK = "luck"
    MAIL_ROUTE = "mail-route"
    NAME_IN_GROUP = "name-in-group"
    NUMBER = "number"
    OPT_OUT = "opt-out"
    PAIR = "pair"
    SEEN = "seen"
    SPENT = "spent"
    VOUCHER = "voucher"


class Use(StrEnum):
    """What a token that leaves the house is for: one made for one use is nothing for another."""

    BOUNCE = "bounce"
    CONFIRM = "confirm"
    LIST = "list"
    MESSAGE = "message"
    PICTURE = "picture"
    STATUS = "status"
    UNSUBSCRIBE = "unsubscribe"


class UnsealError(Exception):
    """What was sealed cannot be opened: its key is destroyed, or it is not what it claims."""


@dataclass(frozen=True, slots=True)
class SealedBody:
    """A body as it is stored."""

    key_id: int
    blob: bytes


class Vault:
    """Holds the rings open and seals under them. Cheap per call: ciphers are kept ready."""

    def __init__(self, folder: Path, master: MasterKey) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        wrap = master.derive
        self._people = KeyRing(folder / "people.ring", "people", wrap("wrap/people"), slots=64)
        self._bodies = KeyRing(folder / "bodies.ring", "bodies", wrap("wrap/bodies"), slots=64)
        self._spool = KeyRing(folder / "spool.ring", "spool", wrap("wrap/spool"), slots=64)
        self._index_keys = {purpose: wrap(f"index/{purpose}") for purpose in Purpose}
        self._house = AESGCM(wrap("house"))
        self._tokens = wrap("tokens")
        blocks = {use: Cipher(AES(wrap(f"token/{use}")), ECB()) for use in Use}  # noqa: S305 - one block: see `mint`
        self._mints = {use: cipher.encryptor() for use, cipher in blocks.items()}
        self._reads = {use: cipher.decryptor() for use, cipher in blocks.items()}
        self._ciphers: dict[int, AESGCM] = {}
        self._epoch: tuple[int, datetime] | None = None

    def close(self) -> None:
        """Let go of the ring files and forget the keys."""
        self._ciphers.clear()
        self._people.close()
        self._bodies.close()
        self._spool.close()

    # Finding without knowing ---------------------------------------------------------------

    def index(self, purpose: Purpose, *parts: str | int) -> bytes:
        """A keyed, truncated HMAC-SHA256: 16 bytes that find a row and tell nothing else."""
        message = json.dumps(parts, separators=(",", ":")).encode()
        digest = hmac.digest(self._index_keys[purpose], message, "sha256")
        return digest[:_INDEX_LENGTH]

    def token(self, *parts: str | int) -> Secret:
        """A name for something of ours that may leave the house: 24 hex digits, unlinkable."""
        message = json.dumps(parts, separators=(",", ":")).encode()
        return Secret(hmac.digest(self._tokens, message, hashlib.sha256).hex()[:24])

    def mint(self, use: Use, first: int, second: int) -> Secret:
        """A token of 26 letters that holds two numbers below 2**64, for us alone to read.

        One block of AES-256 under a key of this use: without the key it is 128 random bits, and
        nobody can make another one that names something that exists. Nothing is stored for it.
        """
        block = self._mints[use].update(first.to_bytes(8, "big") + second.to_bytes(8, "big"))
        return Secret(_letters(block))

    def read(self, use: Use, token: Secret) -> tuple[int, int] | None:
        """The two numbers of a token; `None` for what is none.

        Any 26 letters read as something: whether there is such a thing is the caller's to see.
        """
        text = token.reveal().lower()
        if not _TOKEN.fullmatch(text):
            return None
        block = base64.b32decode(text.upper() + "======")
        if _letters(block) != text:
            return None
        decrypted = self._reads[use].update(block)
        return int.from_bytes(decrypted[:8], "big"), int.from_bytes(decrypted[8:], "big")

    # People: groups and members ------------------------------------------------------------

    def admit(self, owner: int, now: datetime) -> None:
        """Make the key of a new group or member."""
        self._people.add(owner, milliseconds(now))

    def seal(self, owner: int, label: str, text: str) -> bytes:
        """Seal something of an owner's, bound to her and to what it is."""
        nonce = secrets.token_bytes(_NONCE)
        aad = f"{label}/v1|{owner}".encode()
        return nonce + self._people_cipher(owner).encrypt(nonce, text.encode(), aad)

    def open(self, owner: int, label: str, sealed: bytes) -> str:
        """Open what `seal` sealed. Raises `UnsealError`."""
        aad = f"{label}/v1|{owner}".encode()
        return _decrypt(self._people_cipher(owner), sealed, aad).decode()

    def forget(self, owners: Iterable[int]) -> int:
        """Destroy the keys of groups or members: all that was sealed for them is noise now."""
        doomed = list(owners)
        for owner in doomed:
            self._ciphers.pop(owner, None)
        return self._people.destroy(doomed) if doomed else 0

    def born(self, owner: int) -> datetime | None:
        """When the key of a group or member was made; `None` if it is destroyed or never was."""
        slot = self._people.find(owner)
        return None if slot is None else moment(slot.born)

    def is_alive(self, owner: int) -> bool:
        """Whether the key of a group or member still exists, whoever may have destroyed it."""
        return self._people.get(owner) is not None

    def forget_strays(self, known: set[int], before: datetime) -> int:
        """Destroy the keys of people who are not stored, made before a time. Returns how many.

        They are left when a process dies between removing somebody and destroying her key.
        """
        limit = milliseconds(before)
        return self.forget(
            slot.key_id
            for slot in self._people.slots()
            if slot.key_id not in known and slot.born < limit
        )

    def purge(self) -> bool:
        """Let go of keys that another process has destroyed. Whether there were any."""
        rings = (self._people, self._bodies, self._spool)
        alive = {slot.key_id for ring in rings for slot in ring.slots()}
        gone = self._ciphers.keys() - alive
        for key_id in gone:
            del self._ciphers[key_id]
        return bool(gone)

    def _people_cipher(self, owner: int) -> AESGCM:
        return self._cipher(self._people, owner)

    # The house: proxy numbers, which belong to nobody ---------------------------------------

    def seal_house(self, label: str, row: int, text: str) -> bytes:
        """Seal something of the programme's own, such as a proxy number."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._house.encrypt(nonce, text.encode(), f"{label}/v1|{row}".encode())

    def open_house(self, label: str, row: int, sealed: bytes) -> str:
        """Open what `seal_house` sealed. Raises `UnsealError`."""
        return _decrypt(self._house, sealed, f"{label}/v1|{row}".encode()).decode()

    # The spool: what could not be taken in yet ----------------------------------------------

    def seal_spooled(self, place: int, packed: bytes, now: datetime) -> tuple[int, bytes]:
        """Seal one message of the spool, padded, under a new key that seals nothing else.

        Returns the id of the key, which is durable by then. `place` is its place in the line.
        """
        key_id = new_id()
        cipher = AESGCM(self._spool.add(key_id, milliseconds(now)))
        nonce = secrets.token_bytes(_NONCE)
        return key_id, nonce + cipher.encrypt(nonce, _pad(packed), _spool_aad(place, key_id))

    def open_spooled(self, place: int, key_id: int, sealed: bytes) -> bytes:
        """Open what `seal_spooled` sealed. Raises `UnsealError`."""
        key = self._spool.get(key_id)
        if key is None:
            msg = "the key is destroyed"
            raise UnsealError(msg)
        return _unpad(_decrypt(AESGCM(key), sealed, _spool_aad(place, key_id)))

    def forget_spooled(self, key_ids: Iterable[int]) -> int:
        """Destroy keys of the spool, whose files are gone by then. Returns how many."""
        doomed = list(key_ids)
        return self._spool.destroy(doomed) if doomed else 0

    def spool_keys(self) -> dict[int, datetime]:
        """The keys of the spool, and when each was made."""
        return {slot.key_id: moment(slot.born) for slot in self._spool.slots()}

    # Bodies --------------------------------------------------------------------------------

    def seal_body(
        self,
        post: int,
        group: int,
        expires: datetime,
        body: Body,
        now: datetime,
        *,
        own_key: bool = False,
    ) -> SealedBody:
        """Seal what was said, once for all its readers. The key is durable when this returns.

        With `own_key` the key seals nothing else, so that it keeps nothing else alive.
        """
        key_id = self._new_key(now) if own_key else self._open_epoch(now)
        nonce = secrets.token_bytes(_NONCE)
        aad = _body_aad(post, group, key_id, expires)
        cipher = self._cipher(self._bodies, key_id)
        padded = _pad(_pack(body))
        return SealedBody(key_id, nonce + cipher.encrypt(nonce, padded, aad))

    def open_body(self, post: int, group: int, expires: datetime, sealed: SealedBody) -> Body:
        """Open a body. Raises `UnsealError` when its key is gone."""
        aad = _body_aad(post, group, sealed.key_id, expires)
        padded = _decrypt(self._cipher(self._bodies, sealed.key_id), sealed.blob, aad)
        return _unpack(_unpad(padded))

    def shred(self, in_use: set[int]) -> int:
        """Destroy every body key that seals nothing stored. Returns how many.

        The rows go first. Call this only while nobody can be sealing (`Outbox.nobody_seals`): a
        key that was just used for something not yet stored would be missing from `in_use`.
        """
        doomed = [slot.key_id for slot in self._bodies.slots() if slot.key_id not in in_use]
        for key_id in doomed:
            self._ciphers.pop(key_id, None)
        return self._bodies.destroy(doomed) if doomed else 0

    def body_keys(self) -> set[int]:
        """The ids of the body keys that exist now."""
        return {slot.key_id for slot in self._bodies.slots()}

    def _open_epoch(self, now: datetime) -> int:
        if self._epoch is not None:
            key_id, since = self._epoch
            if timedelta(0) <= now - since < EPOCH and self._bodies.is_live(key_id):
                return key_id
        key_id = self._new_key(now)
        self._epoch = (key_id, now)
        return key_id

    def _new_key(self, now: datetime) -> int:
        key_id = new_id()
        self._bodies.add(key_id, milliseconds(now))
        return key_id

    def _cipher(self, ring: KeyRing, key_id: int) -> AESGCM:
        cipher = self._ciphers.get(key_id) if ring.is_live(key_id) else None
        if cipher is None:
            self._ciphers.pop(key_id, None)
            key = ring.get(key_id)
            if key is None:
                msg = "the key is destroyed"
                raise UnsealError(msg)
            if len(self._ciphers) > 10_000:
                self._ciphers.clear()
            cipher = self._ciphers[key_id] = AESGCM(key)
        return cipher


def _letters(block: bytes) -> str:
    """16 octets as 26 letters of base32, five times as fast as the library's."""
    number = int.from_bytes(block, "big") << 2
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def _decrypt(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], aad)
    except (InvalidTag, ValueError):
        msg = "this was not sealed here, or not for this row"
        raise UnsealError(msg) from None


def _spool_aad(place: int, key_id: int) -> bytes:
    return f"spool/v1|{place}|{key_id}".encode()


def _body_aad(post: int, group: int, key_id: int, expires: datetime) -> bytes:
    return f"body/v1|{post}|{group}|{key_id}|{milliseconds(expires)}".encode()


def _pack(body: Body) -> bytes:
    """A body as octets: the words as JSON, then the pictures as they are."""
    rare: dict[str, Any] = {
        "html": body.html.reveal(),
        "thread": body.thread,
        "private": body.private,
        "shown": body.shown,
        "urgent": body.urgent,
        "guarded": body.guarded,
        "files_left_out": body.files_left_out,
        "review": body.review,
        "confirm": body.confirm,
        "footnote": body.footnote.reveal(),
        "pictures": [(picture.kind, len(picture.octets)) for picture in body.pictures],
    }
    author = None if body.author is None else body.author.reveal()
    words: list[Any] = [author, body.mask.reveal(), body.subject.reveal(), body.text.reveal()]
    if rare := {name: value for name, value in rare.items() if value}:
        words.append(rare)
    head = json.dumps(words, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return b"\0".join((head, b"".join(picture.octets for picture in body.pictures)))


def _unpack(packed: bytes) -> Body:
    head, _, octets = packed.partition(b"\0")
    author, mask, subject, text, *more = json.loads(head.decode("utf-8", "surrogatepass"))
    rare: dict[str, Any] = more[0] if more else {}
    pictures, at = [], 0
    for kind, length in rare.get("pictures", ()):
        pictures.append(Picture(PictureKind(kind), octets[at : at + length]))
        at += length
    return Body(
        author=None if author is None else Secret(author),
        mask=Secret(mask),
        subject=Secret(subject),
        text=Secret(text),
        html=Secret(rare.get("html", "")),
        pictures=tuple(pictures),
        thread=tuple(rare.get("thread", ())),
        private=rare.get("private", False),
        shown=rare.get("shown", False),
        urgent=rare.get("urgent", False),
        guarded=rare.get("guarded", False),
        files_left_out=rare.get("files_left_out", False),
        review=rare.get("review", False),
        confirm=rare.get("confirm", 0),
        footnote=Secret(rare.get("footnote", "")),
    )


def _pad(text: bytes) -> bytes:
    """Pad to a bucket, so that the length of the ciphertext does not tell which text it is."""
    need = len(text) + 4
    size = next((b for b in _BUCKETS if b >= need), -(-need // _BUCKETS[-1]) * _BUCKETS[-1])
    return len(text).to_bytes(4, "big") + text + bytes(size - need)


def _unpad(padded: bytes) -> bytes:
    return padded[4 : 4 + int.from_bytes(padded[:4], "big")]
