"""The master key: 32 random bytes in a file of its own. It wraps every other key."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from relay.errors import RefusalError

_LENGTH = 32


class MasterKey:
    """Derives one key for each purpose; never leaves the process and never prints itself."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose: HKDF-SHA256, RFC 5869. Equal purposes give equal keys."""
        info = f"relay/v1/{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=_LENGTH, salt=None, info=info).derive(self._key)


def create(path: Path) -> bool:
    """Write a new key unless the file is there already. Returns whether it was written."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_LENGTH) + "\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return True


def load(path: Path) -> MasterKey:
    """Read the key. Raises `RefusalError` if it is missing, damaged or open to others."""
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(200).strip()
    except FileNotFoundError:
        raise RefusalError("There is no master key yet; run `relay init` first.") from None
    except (OSError, UnicodeDecodeError):
        raise RefusalError("The master key file cannot be read.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise RefusalError("The master key file can be read by others; set its mode to 0600.")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _LENGTH:
        raise RefusalError("The master key file is damaged: it must hold 64 hexadecimal digits.")
    return MasterKey(key)


def sync_folder(path: Path) -> None:
    """Make a new file's name durable, not only its content."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
