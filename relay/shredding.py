"""Destroying the keys of bodies that seal nothing any more."""

from __future__ import annotations

from relay.log import Word, say
from relay.store.database import Database
from relay.store.outbox import Outbox
from relay.vault.vault import Vault


async def shred(database: Database, outbox: Outbox, vault: Vault) -> int:
    """Destroy them; rows went before. Returns how many."""
    async with database.reading() as c:
        if not vault.body_keys() - await outbox.keys_in_use(c):
            return 0
    async with database.writing() as c:
        await outbox.nobody_seals(c)
        in_use = await outbox.keys_in_use(c)
        destroyed = vault.shred(in_use)  # no thread: it must not outlive the lock
    if destroyed:
        say(Word.SHREDDED, count=destroyed)
    return destroyed
