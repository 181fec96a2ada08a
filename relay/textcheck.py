"""What `relay doctor` looks at of texts: signatures, the spool, what Twilio keeps, the numbers.

It asks and changes nothing. Where keys or database cannot be opened, their own lines say why, and
the lines here only say that they could not look.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from relay import setup, wiring
from relay.check import Check, fail, note, ok
from relay.clock import SystemClock
from relay.config import Settings
from relay.errors import RefusalError
from relay.market import Rented
from relay.store.database import Database
from relay.store.erasures import Backlog, Erasures
from relay.store.pool import Numbers, Pool
from relay.store.shelf import slips_in
from relay.vault import master
from relay.vault.vault import UnsealError, Vault

_SECONDS = 5.0
_LONG_IN_THE_SPOOL = timedelta(hours=1)
_RINGS = ("people.ring", "bodies.ring", "spool.ring")
NOT_NOW = "This can be looked at once keys and database are in order."
UNOPENED = (RefusalError, UnsealError, SQLAlchemyError, OSError, TimeoutError)


async def signatures(settings: Settings) -> list[Check]:
    """Whether what decides who may speak as Twilio, and what it keeps, is of one piece."""
    if not settings.texts:
        return []
    found = []
    if settings.twilio_signature == "sha256":
        second, unused = settings.twilio_shared_key_secondary, None
        sentence = "Twilio's signatures are checked with the shared key (sha256)."
    else:
        second, unused = settings.twilio_auth_token_secondary, settings.twilio_shared_key
        sentence = "Twilio's signatures are checked with the auth token (sha1)."
    if second is not None:
        found.append("Two keys are good now: once Twilio uses the new one, take the old one away.")
    if unused is not None:
        found.append("There is a shared key, but RELAY_TWILIO_SIGNATURE is not sha256.")
    if settings.twilio_message_privacy and settings.twilio_answers_stop:
        found.append(
            "With Message Privacy Twilio cannot answer STOP itself: have its support switch that"
            " off, and set RELAY_TWILIO_ANSWERS_STOP=false."
        )
    return [note("signatures", s) for s in found] or [ok("signatures", sentence)]


async def spool(settings: Settings) -> list[Check]:
    """Whether texts wait that could not be taken in."""
    if not settings.texts:
        return []
    try:
        waiting, old = await asyncio.to_thread(_spooled, settings)
    except UNOPENED:
        return [note("spool", NOT_NOW)]
    if old:
        sentence = f"Texts that wait to be taken in, some for over an hour: {waiting}."
        return [note("spool", sentence)]
    return [ok("spool", f"Texts that wait to be taken in: {waiting}.")]


def _spooled(settings: Settings) -> tuple[int, int]:
    """How many wait, and how many of these for long."""
    vault = _vault(settings)
    try:
        born = vault.spool_keys()
    finally:
        vault.close()
    waiting = slips_in(settings.spool) if settings.spool.is_dir() else []
    limit = SystemClock().now() - _LONG_IN_THE_SPOOL
    return len(waiting), sum(1 for slip in waiting if born.get(slip.key_id, limit) < limit)


async def erasing(settings: Settings) -> list[Check]:
    """Whether what Twilio keeps of ours is deleted there in time."""
    if not settings.texts:
        return []
    try:
        async with opened(settings) as store:
            backlog = await store.backlog()
    except UNOPENED:
        return [note("erasing", NOT_NOW)]
    if backlog.overdue:
        return [
            fail(
                "erasing",
                "Texts and calls that should be gone at Twilio for a day and are not:"
                f" {backlog.overdue}.",
            )
        ]
    return [ok("erasing", f"Texts and calls that Twilio is still to delete: {backlog.waiting}.")]


async def numbers(settings: Settings) -> list[Check]:
    """Whether the numbers of the pool are rented and lead here, and whether they suffice."""
    if not settings.texts:
        return []
    try:
        async with opened(settings) as store:
            pool = await store.pool()
    except UNOPENED:
        return [note("numbers", NOT_NOW)]
    if not pool.numbers:
        return [note("numbers", "The pool is empty: add a number, or nobody can text.")]
    found = [note("numbers", f"{c.country}: {c.advice}") for c in pool.capacities if c.advice]
    try:
        async with asyncio.timeout(_SECONDS), wiring.market(settings) as market:
            found += _compared(pool, await market.rented())
    except (RefusalError, TimeoutError):
        found.append(note("numbers", "Twilio could not be asked which numbers are rented."))
    return found or [ok("numbers", f"Rented, and leading here: {len(pool.numbers)}.")]


def _compared(pool: Pool, rented: list[Rented]) -> list[Check]:
    ours = {one.number for one in pool.numbers}
    theirs = {one.number: one.points_here for one in rented}
    astray = sum(1 for number in ours if not theirs.get(number, True))
    found = []
    if missing := len(ours - theirs.keys()):
        sentence = f"In the pool, but not rented, so nobody reads what goes there: {missing}."
        found.append(fail("numbers", sentence))
    if astray:
        found.append(
            note(
                "numbers",
                f"Not led here by their own addresses at Twilio: {astray}. `relay number sync` sets"
                " these; a messaging service may lead here, too.",
            )
        )
    if unknown := len(theirs.keys() - ours):
        sentence = f"Rented, but not in the pool: {unknown}; see `relay number sync`."
        found.append(note("numbers", sentence))
    return found


@dataclass(frozen=True, slots=True)
class Store:
    """Vault and database, open for looking."""

    settings: Settings
    vault: Vault
    database: Database

    async def backlog(self) -> Backlog:
        """What Twilio is still to delete."""
        async with self.database.reading() as c:
            return await Erasures(self.vault).backlog(c, SystemClock().now())

    async def pool(self) -> Pool:
        """Our numbers, and how far they go."""
        async with self.database.reading() as c:
            return await Numbers(self.vault, self.settings.number_quarantine).pool(c)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """Raises any of `UNOPENED`."""
    setup.refuse_missing_database(settings)
    vault = _vault(settings)
    database = Database(settings.database)
    try:
        async with asyncio.timeout(_SECONDS):
            yield Store(settings, vault, database)
    finally:
        await database.close()
        vault.close()


def _vault(settings: Settings) -> Vault:
    """Open the rings that are there; a look makes none."""
    folder = settings.data_dir / "keys"
    if not all((folder / ring).is_file() for ring in _RINGS):
        raise RefusalError("There are no key rings yet; run `relay init` first.")
    return Vault(folder, master.load(settings.master_key))
