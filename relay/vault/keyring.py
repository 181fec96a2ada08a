"""A key ring: a file of fixed slots, one wrapped key each, destroyed by overwriting in place.

Never renamed, truncated or unlinked: each of those leaves the old bytes on the disk, while
overwriting in place and syncing does not, on file systems that really overwrite.
Order is a safety rule: a key is durable before anything sealed under it is acknowledged, and
what was sealed under it is gone before the key is destroyed.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from relay.errors import RefusalError
from relay.vault.master import sync_folder

_SLOT = 128
_MAGIC = b"RKR1"
_FIELDS = struct.Struct(">4sQQ12s48s")  # magic, key id, born (ms), nonce, wrapped key and tag
_CHECK = struct.Struct(">I")
_KEY = 32


@dataclass(frozen=True, slots=True)
class Slot:
    """One live key's place in the file."""

    number: int
    key_id: int
    born: int


class KeyRing:
    """Random 256-bit keys by id. Several processes may hold the same file: writers lock it."""

    def __init__(self, path: Path, name: str, wrapping_key: bytes, *, slots: int) -> None:
        """Open the ring, making a file of `slots` empty slots where there is none."""
        self._name = name
        self._wrap = AESGCM(wrapping_key)
        self._chunk = slots
        self._slots: dict[int, Slot] = {}
        self._keys: dict[int, bytes] = {}
        self._scanned = (0, 0)
        new = not path.exists()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with self._locked():
            if os.fstat(self._file).st_size == 0:
                self._grow()
            self._scan()
        if new:
            sync_folder(path.parent)

    def close(self) -> None:
        """Let go of the file and forget the unwrapped keys."""
        self._keys.clear()
        os.close(self._file)

    def add(self, key_id: int, born: int) -> bytes:
        """Make a new random key, durable when this returns. `born` is in milliseconds."""
        key = secrets.token_bytes(_KEY)
        with self._locked():
            self._refresh()
            if key_id in self._slots:
                msg = "this key id is taken"
                raise ValueError(msg)
            number = self._free_slot()
            self._write(number, self._pack(number, key_id, born, key))
        self._slots[key_id] = Slot(number, key_id, born)
        self._keys[key_id] = key
        return key

    def get(self, key_id: int) -> bytes | None:
        """The key, or `None` if it was destroyed or never was."""
        slot = self.find(key_id)
        if slot is None:
            return None
        if key_id not in self._keys:
            self._keys[key_id] = self._unwrap(slot)
        return self._keys[key_id]

    def find(self, key_id: int) -> Slot | None:
        """Where a key lives and when it was made; `None` if it was destroyed or never was."""
        if not self.is_live(key_id):
            self._scan()  # another process may have added or destroyed it
        return self._slots.get(key_id)

    def is_live(self, key_id: int) -> bool:
        """Whether the file itself still holds the key: another process may have destroyed it."""
        slot = self._slots.get(key_id)
        if slot is None:
            return False
        found = _parse(slot.number, os.pread(self._file, _SLOT, slot.number * _SLOT))
        return found is not None and found.key_id == key_id

    def slots(self) -> tuple[Slot, ...]:
        """What lives in the file now."""
        self._refresh()
        return tuple(self._slots.values())

    def destroy(self, key_ids: Iterable[int]) -> int:
        """Overwrite keys with noise, durably, and check that they are gone. Returns how many."""
        doomed = set(key_ids)
        with self._locked():
            self._refresh()
            if doomed - self._slots.keys():
                self._scan()
            hit = [self._slots[key_id] for key_id in doomed & self._slots.keys()]
            for slot in hit:
                os.pwrite(self._file, secrets.token_bytes(_SLOT), slot.number * _SLOT)
            os.fdatasync(self._file)
            survivors = [slot for slot in hit if self.is_live(slot.key_id)]
            for slot in hit:
                del self._slots[slot.key_id]
            self._scanned = self._state()
        for key_id in doomed:
            self._keys.pop(key_id, None)
        if survivors:
            raise RefusalError("A key could not be destroyed; the key ring file is not writable.")
        return len(hit)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _scan(self) -> None:
        size = os.fstat(self._file).st_size
        content = os.pread(self._file, size, 0)
        found: dict[int, Slot] = {}
        for number in range(size // _SLOT):
            slot = _parse(number, content[number * _SLOT : (number + 1) * _SLOT])
            if slot is not None:
                found[slot.key_id] = slot
        self._slots = found
        self._scanned = self._state()
        for gone in self._keys.keys() - found.keys():
            del self._keys[gone]

    def _refresh(self) -> None:
        """Scan again if the file looks touched since the last scan; adding must stay cheap."""
        if self._state() != self._scanned:
            self._scan()

    def _state(self) -> tuple[int, int]:
        state = os.fstat(self._file)
        return state.st_size, state.st_mtime_ns

    def _free_slot(self) -> int:
        """Find a free slot, looking at the file itself: a live key must never be overwritten."""
        total = os.fstat(self._file).st_size // _SLOT
        taken = {slot.number for slot in self._slots.values()}
        start = secrets.randbelow(total)  # spread the wear, and show no order
        for n in range(start, start + total):
            number = n % total
            if number in taken:
                continue
            if _parse(number, os.pread(self._file, _SLOT, number * _SLOT)) is None:
                return number
        self._grow()
        return total

    def _grow(self) -> None:
        end = os.fstat(self._file).st_size
        os.pwrite(self._file, secrets.token_bytes(self._chunk * _SLOT), end)
        os.fsync(self._file)

    def _write(self, number: int, slot: bytes) -> None:
        os.pwrite(self._file, slot, number * _SLOT)
        os.fdatasync(self._file)
        self._scanned = self._state()

    def _aad(self, number: int, key_id: int, born: int) -> bytes:
        return f"ring/v1|{self._name}|{number}|{key_id}|{born}".encode()

    def _pack(self, number: int, key_id: int, born: int, key: bytes) -> bytes:
        nonce = secrets.token_bytes(12)
        wrapped = self._wrap.encrypt(nonce, key, self._aad(number, key_id, born))
        head = _FIELDS.pack(_MAGIC, key_id, born, nonce, wrapped)
        checked = head + _CHECK.pack(zlib.crc32(head))
        return checked + secrets.token_bytes(_SLOT - len(checked))

    def _unwrap(self, slot: Slot) -> bytes:
        content = os.pread(self._file, _SLOT, slot.number * _SLOT)
        _, key_id, born, nonce, wrapped = _FIELDS.unpack_from(content)
        try:
            return self._wrap.decrypt(nonce, wrapped, self._aad(slot.number, key_id, born))
        except InvalidTag:
            raise RefusalError("The key ring does not belong to this master key.") from None


def _parse(number: int, content: bytes) -> Slot | None:
    magic, key_id, born, _, _ = _FIELDS.unpack_from(content)
    (check,) = _CHECK.unpack_from(content, _FIELDS.size)
    if magic != _MAGIC or zlib.crc32(content[: _FIELDS.size]) != check:
        return None
    return Slot(number, key_id, born)
