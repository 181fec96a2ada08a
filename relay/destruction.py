"""Destroying a group for good, and the certificate of it.

Rows go first, in one transaction; then the keys under which all of it was sealed. What is left of
the group anywhere (a page of a database not yet overwritten, a back-up) cannot be read after that.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import GroupState
from relay.clock import Clock
from relay.departures import Departures
from relay.errors import RefusalError
from relay.model import show_id
from relay.shredding import shred
from relay.store.apart import Apart
from relay.store.database import Database
from relay.store.destroying import Destroying, Owners
from relay.store.erasures import Erasures
from relay.store.outbox import Outbox
from relay.store.roster import Roster
from relay.store.spending import Spending
from relay.store.tables import ROUTE
from relay.vault.vault import Vault

_DONE = {ROUTE.name: "emptied"}
"""What was done with the rows of a table, where they were not deleted."""

_BACKUPS = (
    "Back-ups of the database hold rows that nobody can read without these keys. Back-ups of the"
    " key files, if there are any, are not part of this."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What was deleted, in numbers: no name, no contact, no word."""

    group: str
    destroyed: str
    """UTC."""
    before: dict[str, int]
    """Rows by table."""
    after: dict[str, int]
    """The same, counted again when all was done."""
    keys_destroyed: list[str]
    """Those of the group and its members, by the ids they had."""
    keys_left: list[str]
    body_keys_destroyed: int
    body_keys_left: int
    """Under which messages of other groups, which still wait, are sealed as well as its own were.

    They are destroyed when those have come.
    """
    routes_resting_until: str
    """Until this day no number or alias of theirs leads to anybody; rows of keyed indexes."""
    at_provider: int
    """Texts and calls, of all groups, that Twilio is still to delete."""
    note: str = _BACKUPS

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left."""
        return not (any(self.after.values()) or self.keys_left or self.body_keys_left)

    def text(self) -> str:
        """The same to be read."""
        rows = [
            f"  {name:<16}{count:>8} {_DONE.get(name, 'deleted')} {self.after[name]:>8} left"
            for name, count in self.before.items()
        ]
        lines = [
            f"Group {self.group} was destroyed on {self.destroyed}.",
            "",
            "Rows by table:",
            *rows,
            "",
            f"Keys destroyed, of the group and its members: {len(self.keys_destroyed)}"
            f" ({', '.join(self.keys_destroyed)}); left: {len(self.keys_left)}.",
            f"Keys of messages destroyed: {self.body_keys_destroyed};"
            f" left until messages of other groups have come: {self.body_keys_left}.",
            f"Its numbers and aliases lead nowhere, and rest until {self.routes_resting_until}.",
            f"Still to be deleted at Twilio, of all groups: {self.at_provider}.",
            self.note,
        ]
        return "\n".join(lines)


class Destruction:
    """Destroys closed groups."""

    def __init__(
        self,
        *,
        database: Database,
        roster: Roster,
        apart: Apart,
        outbox: Outbox,
        spending: Spending,
        erasures: Erasures,
        vault: Vault,
        departures: Departures,
        clock: Clock,
        folder: Path,
    ) -> None:
        """`folder` is where certificates are written."""
        self._database = database
        self._roster = roster
        self._apart = apart
        self._outbox = outbox
        self._store = Destroying(roster.numbers, spending)
        self._erasures = erasures
        self._vault = vault
        self._departures = departures
        self._clock = clock
        self._folder = folder

    async def plan(self, key: str) -> dict[str, Any]:
        """What there is of a group, and how many copies are still to come."""
        async with self._database.reading() as c:
            group = await self._roster.find_group(c, key)
            return {
                "group": show_id(group.id),
                "state": str(group.state),
                "rows": await self._store.count(c, await self._store.owners(c, group.id)),
                "waiting": await self._store.waits(c, group.id),
            }

    async def waits(self, group_id: int) -> bool:
        """Whether copies of a group are still to come."""
        async with self._database.reading() as c:
            return await self._store.waits(c, group_id) > 0

    async def destroy(self, key: str) -> Certificate:
        """Destroy a closed group. Raises `RefusalError`; then nothing was changed."""
        now = self._clock.now()

        async def work(c: AsyncConnection) -> tuple[Owners, dict[str, int], set[int], date]:
            group = await self._roster.find_group(c, key, lock=True)
            if group.state is not GroupState.CLOSED:
                raise RefusalError("Only a closed group is destroyed: `relay group close` first.")
            owners = await self._store.owners(c, group.id)
            before = await self._store.count(c, owners)
            for member_id in owners.members:
                await self._apart.hand_over(c, member_id)
            keys = await self._store.body_keys(c, owners)
            return owners, before, keys, await self._store.delete(c, owners, now)

        owners, before, keys, resting = await self._database.transact(work)
        self._departures.announce(owners.members)
        self._vault.forget(owners.all)  # after the commit: the rows must go before the keys
        self._roster.forget_cards()
        bodies = await shred(self._database, self._outbox, self._vault)
        left = len(keys & self._vault.body_keys())
        certificate = await self._certify(owners, before, (bodies, left), resting, now)
        self._write(certificate)
        return certificate

    async def _certify(
        self,
        owners: Owners,
        before: dict[str, int],
        bodies: tuple[int, int],
        resting: date,
        now: datetime,
    ) -> Certificate:
        """Count anew what was counted before, and look for each key."""
        left = {owner for owner in owners.all if self._vault.is_alive(owner)}
        async with self._database.reading() as c:
            after = await self._store.count(c, owners)
            owed = await self._erasures.backlog(c, now)
        return Certificate(
            group=show_id(owners.group),
            destroyed=now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            before=before,
            after=after,
            keys_destroyed=sorted(show_id(owner) for owner in owners.all if owner not in left),
            keys_left=sorted(show_id(owner) for owner in left),
            body_keys_destroyed=bodies[0],
            body_keys_left=bodies[1],
            routes_resting_until=resting.isoformat(),
            at_provider=owed.waiting,
        )

    def _write(self, certificate: Certificate) -> None:
        """Keep it beside the data, for us alone."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{certificate.group}.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(certificate), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
