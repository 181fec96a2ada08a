"""The engine's parts, put together. Knows no channel and no single rule."""

from __future__ import annotations

import os
from dataclasses import dataclass

from relay.affirming import Affirming
from relay.asking import Asking
from relay.circles import Circles
from relay.clock import Clock, SystemClock
from relay.config import Settings
from relay.departures import Departures
from relay.destruction import Destruction
from relay.doorkeeping import Doorkeeping
from relay.ending import Endings
from relay.guiding import Guiding
from relay.hiding import Hiding
from relay.joining import Joining
from relay.keeping_apart import KeepingApart
from relay.leaving import Leaving
from relay.naming import Naming
from relay.notices import Notices
from relay.planning import Planning
from relay.posting import Posting
from relay.pulse import Pulse
from relay.registrar import Registrar
from relay.resting import Resting
from relay.reviewing import Reviewing
from relay.store.apart import Apart
from relay.store.database import Database
from relay.store.erasures import Erasures
from relay.store.invites import Invites
from relay.store.migrate import migrate
from relay.store.names import Names
from relay.store.outbox import Outbox
from relay.store.pending import Pending
from relay.store.planned import Planned
from relay.store.pool import Numbers
from relay.store.pulses import Pulses
from relay.store.readers import Readers
from relay.store.review import Review
from relay.store.roster import Roster
from relay.store.spending import Spending
from relay.store.talk import Talk
from relay.sure import Sure
from relay.vault import master
from relay.vault.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Everything between the channels, ready to use."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    circles: Circles
    departures: Departures
    roster: Roster
    outbox: Outbox
    erasures: Erasures
    spending: Spending
    talk: Talk
    pending: Pending
    review: Review
    hiding: Hiding
    guiding: Guiding
    planning: Planning
    posting: Posting
    asking: Asking
    pulse: Pulse
    notices: Notices
    endings: Endings
    naming: Naming
    joining: Joining
    keeping_apart: KeepingApart
    leaving: Leaving
    affirming: Affirming
    doorkeeping: Doorkeeping
    registrar: Registrar
    destruction: Destruction
    resting: Resting

    async def close(self) -> None:
        """Let go of database and keys."""
        await self.database.close()
        self.vault.close()


async def open_engine(settings: Settings, clock: Clock | None = None) -> Engine:
    """Open the vault and the database, bringing its schema up to date.

    Raises `RefusalError` when the master key is missing or the database is from the future.
    """
    vault, database, roster = await _open_store(settings)
    return _put_together(settings, clock or SystemClock(), vault, database, roster)


async def _open_store(settings: Settings) -> tuple[Vault, Database, Roster]:
    """The keys, the database at its newest schema, and who is who."""
    os.umask(0o077)
    key = master.load(settings.master_key)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    vault = Vault(settings.data_dir / "keys", key)
    database = Database(settings.database)
    numbers = Numbers(vault, settings.number_quarantine)
    roster = Roster(vault, settings.domain, numbers)
    try:
        await migrate(database, complete=roster.complete)
    except BaseException:
        await database.close()
        vault.close()
        raise
    return vault, database, roster


def _put_together(
    settings: Settings, clock: Clock, vault: Vault, database: Database, roster: Roster
) -> Engine:
    """Every part, given what it needs."""
    outbox = Outbox(roster, vault)
    ledger = outbox.ledger
    talk = Talk(outbox, vault)
    notices = Notices(outbox, roster, settings.post_life)
    pending, circles, departures = Pending(outbox, vault), Circles(roster), Departures()
    departures.listen(lambda _: circles.forget())
    endings = Endings(outbox, pending, roster, notices)
    spending, erasures = Spending(vault), Erasures(vault)
    review, hiding = Review(outbox, pending, vault), Hiding(circles, settings.phone_region)
    apart, names = Apart(vault, roster), Names(roster)
    asking = Asking(ledger=ledger, pending=pending, roster=roster, names=names, notices=notices)
    posting = Posting(
        outbox,
        roster,
        talk,
        notices,
        Reviewing(review, endings, notices, ledger, hiding, settings.post_life),
        asking,
        settings.post_life,
        settings.text_segments,
    )
    keeping_apart = KeepingApart(apart, roster, notices)
    naming = Naming(names, roster, circles, notices, ledger)
    joining = Joining(
        roster=roster,
        invites=Invites(vault),
        apart=apart,
        names=names,
        naming=naming,
        notices=notices,
        endings=endings,
        ledger=ledger,
        programme=settings.programme_name,
    )
    leaving = Leaving(
        roster=roster, outbox=outbox, endings=endings, apart=apart, names=names, naming=naming
    )
    planning = Planning(Planned(vault), roster, posting, notices, outbox, hiding)
    return Engine(
        settings=settings,
        clock=clock,
        database=database,
        vault=vault,
        circles=circles,
        departures=departures,
        roster=roster,
        outbox=outbox,
        erasures=erasures,
        spending=spending,
        talk=talk,
        pending=pending,
        asking=asking,
        pulse=Pulse(
            database=database,
            pulses=Pulses(vault),
            roster=roster,
            notices=notices,
            circles=circles,
            region=settings.phone_region,
            clock=clock,
        ),
        posting=posting,
        review=review,
        hiding=hiding,
        planning=planning,
        guiding=Guiding(roster, review, posting, notices, outbox, endings, Sure(pending), leaving),
        notices=notices,
        endings=endings,
        naming=naming,
        joining=joining,
        keeping_apart=keeping_apart,
        doorkeeping=Doorkeeping(
            database=database,
            roster=roster,
            joining=joining,
            apart=keeping_apart,
            vault=vault,
            clock=clock,
        ),
        leaving=leaving,
        affirming=Affirming(database, roster, joining, names, notices),
        resting=Resting(Readers(roster), settings.post_life),
        registrar=Registrar(
            database=database,
            roster=roster,
            outbox=outbox,
            pending=pending,
            talk=talk,
            vault=vault,
            endings=endings,
            departures=departures,
            joining=joining,
            naming=naming,
            leaving=leaving,
            clock=clock,
            domain=settings.domain,
            spool=settings.spool,
        ),
        destruction=Destruction(
            database=database,
            roster=roster,
            apart=apart,
            outbox=outbox,
            spending=spending,
            erasures=erasures,
            vault=vault,
            departures=departures,
            clock=clock,
            folder=settings.data_dir / "certificates",
        ),
    )
