"""The whole play: an invented outside world, the real relay, and five members of one group.

`Stage` starts the carrier and the mail world, has a relay started against them through the
injected `RelayFactory`, and then only does what people do: it types on phones, writes in mail
programs, looks at what arrived. The relay is never reached past its edges; the one thing asked of
it directly is `inventory`, what an operator would ask it, so that one can watch it forget.

Contacts are plain strings here: the phones and mailboxes belong to nobody.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

import aiosmtplib
import phonenumbers

from relay.clock import milliseconds
from relay.demo.carrier import Carrier, TextMessage
from relay.demo.mailworld import HOME_IP, Bell, Mail, MailWorld, reply_subject
from relay.demo.nights import Night
from relay.demo.sky import HOME, MovableClock, afternoon

ChannelName = Literal["sms", "email"]
Inventory = Mapping[str, Any]
"""What the relay holds. `bodies` is a number, `deliveries` numbers by state; more is welcome."""

PROXY_NUMBERS = ("+16175550160", "+16175550161")
DOMAIN = "relay.example"
SHOWN = 60
"""How many messages a device shows; older ones scroll out of existence."""
_POLL = 0.1
_LONG = 120.0
_LOOK = 20.0
"""Seconds after which it is looked who sleeps, if nothing happens."""
_TRAIL = 8
_AWAKE = Night(waiting=0, until=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A person of the play, as she is outside the relay."""

    name: str
    """Her pseudonym in the group."""
    channel: ChannelName
    contact: str
    real_name: str = ""
    """What her mail program calls her; nobody in the group may see it."""
    zone: str = HOME
    """By which clock she lives."""


CAST = (
    Role(name="Robin", channel="sms", contact="+12025550143"),
    Role(name="Ana", channel="sms", contact="+13125550178", zone="America/Chicago"),
    Role(name="Sol", channel="sms", contact="+14155550119", zone="America/Los_Angeles"),
    Role(
        name="Ivy",
        channel="email",
        contact="m.hale@willow.example",
        real_name="Mara Hale",
        zone="Europe/London",
    ),
    Role(
        name="Theo",
        channel="email",
        contact="j.reed@harbor.example",
        real_name="Jonas Reed",
        zone="Europe/Berlin",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a relay must know of the outside, and whom to enrol."""

    twilio_api_url: str
    twilio_account_sid: str
    twilio_auth_token: str
    numbers: tuple[str, ...]
    """Proxy numbers the account has rented."""
    dns_server: str
    smarthost: str
    domain: str
    """Mail domain of aliases and masks."""
    public_url: str
    """Where the carrier believes the relay to be, as behind a proxy: signatures are over it."""
    cast: tuple[Role, ...]
    clock: MovableClock
    """What time it is in this world."""
    publish: Callable[[str, str], None]
    """Publish a TXT record by name and text, as an operator does with the relay's DKIM key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """One member as the relay has her."""

    name: str
    channel: ChannelName
    contact: str
    write_to: str
    mask: str


class RunningRelay(Protocol):
    """A relay that has been started."""

    @property
    def http_url(self) -> str:
        """Where it listens: the carrier calls there what it knows under `World.public_url`."""
        ...

    @property
    def smtp_port(self) -> int:
        """Where it takes mail, on 127.0.0.1."""
        ...

    async def inventory(self) -> Inventory:
        """What it holds now. Nothing held: `bodies` and all of `deliveries` are 0."""
        ...

    async def nights(self) -> Mapping[str, Night]:
        """Who of the cast sleeps, and what waits for her, by pseudonym."""
        ...

    async def close(self) -> None:
        """Stop it and let go of everything."""
        ...


class RelayFactory(Protocol):
    """Starts a relay against a world, makes one group of the cast and enrols them, active."""

    async def __call__(self, world: World) -> tuple[RunningRelay, list[Enrolled]]:
        """Return the started relay and the cast in its order, with `write_to` and `mask`."""
        ...


class NotTakenError(Exception):
    """The relay did not take what a member wrote. The text is one plain sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line on a phone, or one mail in a mailbox: her own or an arrived one."""

    id: str
    mine: bool
    author: str
    """Her own name, or the one this device shows."""
    subject: str
    text: str
    clock: str
    signed: bool
    mail: Mail | None
    failed: bool = False
    """The relay did not take it."""

    def shown(self) -> dict[str, Any]:
        """As JSON for the page."""
        keys = ("id", "mine", "author", "subject", "text", "clock", "signed", "failed")
        return {key: getattr(self, key) for key in keys}


@dataclass(slots=True, kw_only=True)
class Trail:
    """What became of one message, or of several that overlapped, as seen from outside."""

    id: int
    authors: list[str]
    opened: float
    bodies: int = 0
    copies: int = 0
    arrived: int = 0
    seconds: float | None = None
    """How long anything was held; `None` while it is."""

    def shown(self) -> dict[str, Any]:
        """As JSON for the page."""
        steps = []
        if self.copies:
            steps.append(f"up to {_count(self.copies, 'copy')} held")
        if self.arrived:
            steps.append(f"{_count(self.arrived, 'message')} delivered")
        if self.seconds is not None:
            steps.append(f"shredded in {_span(self.seconds)}")
        return {
            "id": self.id,
            "who": " and ".join(self.authors),
            "steps": steps,
            "done": self.seconds is not None,
        }


@dataclass(slots=True)
class Ledger:
    """Readings of the inventory, told as what became of each message."""

    trails: list[Trail] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def open(self) -> Trail | None:
        """The trail that has not ended."""
        last = self.trails[-1] if self.trails else None
        return last if last is not None and last.seconds is None else None

    def shown(self) -> list[dict[str, Any]]:
        """The last trails as JSON for the page, newest first."""
        return [trail.shown() for trail in reversed(self.trails)]

    def wrote(self, author: str, at: float) -> None:
        """Somebody is about to write."""
        trail = self.open
        if trail is None:
            trail = Trail(id=next(self._ids), authors=[], opened=at)
            self.trails = [*self.trails[1 - _TRAIL :], trail]
        if author not in trail.authors:
            trail.authors.append(author)

    def arrived(self, number: int) -> None:
        """So many copies reached somebody."""
        if self.trails:
            self.trails[-1].arrived += number

    def read(self, inventory: Inventory, at: float, *, writing: bool) -> None:
        """Take a reading. An empty one ends the trail, unless something is being handed in."""
        trail = self.open
        if trail is None:
            return
        trail.bodies = max(trail.bodies, bodies(inventory))
        trail.copies = max(trail.copies, copies(inventory))
        if is_empty(inventory) and not writing:
            trail.seconds = at - trail.opened

    def refused(self) -> None:
        """What was being written was not taken; a trail of nothing is not shown."""
        trail = self.open
        if trail is not None and not (trail.bodies or trail.copies or trail.arrived):
            self.trails.remove(trail)


class Stage:
    """The play, running: `async with Stage(factory) as stage`.

    `pace` is how many seconds the outside world takes to accept one message, so that a person
    can watch; 0 for tests.
    """

    def __init__(self, factory: RelayFactory, *, domain: str = DOMAIN, pace: float = 0.0) -> None:
        self.clock = afternoon()
        self.carrier = Carrier(now=self.clock.now)
        self.mail = MailWorld(now=self.clock.now)
        self.roles = {role.name: role for role in CAST}
        self.members: dict[str, Enrolled] = {}
        self.items: dict[str, list[Item]] = {name: [] for name in self.roles}
        self.leaks: list[str] = []
        """Sentences about real contacts of others found in something somebody received."""
        self.held: Inventory = {}
        self.nights: Mapping[str, Night] = {}
        self.id = secrets.token_hex(4)
        self._factory = factory
        self._domain = domain
        self._public_url = f"https://{domain}"
        self._pace = pace
        self._relay: RunningRelay | None = None
        self._ledger = Ledger()
        self._bell = Bell()
        self._nudge = Bell()
        self._writing = 0
        self._ids = itertools.count(1)
        self._seen = dict.fromkeys(self.roles, 0)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Stage:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Start the outside world, then the relay, and enrol the cast; all of it or nothing."""
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise

    async def _start(self) -> None:
        await self.carrier.start()
        await self.mail.start()
        self.carrier.rent(*PROXY_NUMBERS)
        self._relay, enrolled = await self._factory(self.world())
        self.members = {member.name: member for member in enrolled}
        self.carrier.set_webhook(self._public_url, via=self._relay.http_url)
        self.mail.set_relay("127.0.0.1", self._relay.smtp_port)
        for role in self.roles.values():
            if role.channel == "email":
                self.mail.inbox(role.contact, name=role.real_name)
        self.mail.delay(self._pace)
        self.carrier.delay(self._pace)
        self.held = await self._relay.inventory()
        self.nights = await self._relay.nights()
        self.clock.listen(self._moved)
        self._tasks = [
            asyncio.create_task(self._watch(self.carrier.wait_for)),
            asyncio.create_task(self._watch(self.mail.wait_for)),
            asyncio.create_task(self._keep_books()),
        ]

    async def close(self) -> None:
        """Stop the relay first, then the world. An error of a watcher surfaces at the end."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._relay is not None:
            await self._relay.close()
        await self.mail.close()
        await self.carrier.close()
        for error in ended:
            if isinstance(error, Exception):  # being cancelled is no error
                raise error

    def world(self) -> World:
        """The outside world as the relay must know it."""
        return World(
            twilio_api_url=self.carrier.api_url,
            twilio_account_sid=self.carrier.account_sid,
            twilio_auth_token=self.carrier.auth_token,
            numbers=PROXY_NUMBERS,
            dns_server=self.mail.dns_server,
            smarthost=self.mail.smarthost,
            domain=self._domain,
            public_url=self._public_url,
            cast=tuple(self.roles.values()),
            clock=self.clock,
            publish=self.mail.publish,
        )

    async def say(
        self, name: str, text: str, *, subject: str = "", reply_to: str | None = None
    ) -> Item:
        """Let a member write: a text, a mail, or an answer to an arrived mail (`Item.id`).

        Returns when the relay has taken it. Raises `NotTakenError`; `KeyError` for an unknown
        member or item.
        """
        role = self.roles[name]
        answered = None if reply_to is None else self._arrived_mail(name, reply_to)
        if answered is not None:
            subject = reply_subject(answered)
        item = self._note(name, mine=True, author=name, subject=subject, text=text)
        if self._ledger.open is not None:
            await self._read_books()  # it may have ended just now: then this is a new trail
        self._ledger.wrote(name, self.clock.ticks())
        self._writing += 1
        self._nudge.ring()
        try:
            await self._hand_in(role, text, subject, answered)
        except NotTakenError:
            self._ledger.refused()
            self._strike(name, item)
            raise
        finally:
            self._writing -= 1
            self._nudge.ring()
        return item

    def _moved(self) -> None:
        """It is later now: who sleeps may have changed."""
        self._nudge.ring()
        self._bell.ring()

    @property
    def version(self) -> int:
        """Counts the changes of what `snapshot` shows."""
        return self._bell.rings

    async def changed(self, since: int, seconds: float | None = None) -> bool:
        """Wait for a version other than `since`. False where there was none in that time."""
        return await self._bell.heard(seconds, since=since)

    async def until(self, holds: Callable[[], bool], seconds: float) -> None:
        """Wait until this holds, asking at every change. Raises `TimeoutError`."""
        await self._bell.until(holds, seconds)

    def wake(self) -> None:
        """Let everyone who waits for a change look again."""
        self._bell.ring()

    async def settled(self, seconds: float) -> None:
        """Wait until the relay holds nothing. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while not is_empty(await self._running().inventory()):
                await self._bell.heard(_POLL)
        await self._read_books()

    def snapshot(self) -> dict[str, Any]:
        """Everything the page shows, as JSON."""
        return {
            "stage": self.id,
            "now": milliseconds(self.clock.now()),
            "home": HOME,
            "members": [self._device(name) for name in self.roles],
            "held": self.held,
            "bodies": bodies(self.held),
            "copies": copies(self.held),
            "empty": is_empty(self.held),
            "trail": self._ledger.shown(),
            "received": sum(self._seen.values()),
            "leaks": self.leaks,
        }

    def _device(self, name: str) -> dict[str, Any]:
        role, member = self.roles[name], self.members[name]
        night = self.nights.get(name, _AWAKE)
        return {
            "name": name,
            "channel": role.channel,
            "contact": shown(role.contact),
            "write_to": shown(member.write_to),
            "mask": member.mask,
            "zone": role.zone,
            "waiting": night.waiting,
            "asleep_until": night.until,
            "items": [item.shown() for item in self.items[name][-SHOWN:]],
        }

    async def _hand_in(self, role: Role, text: str, subject: str, answered: Mail | None) -> None:
        """Type it on the phone or write it in the mail program. Raises `NotTakenError`."""
        to = self.members[role.name].write_to
        if role.channel == "sms":
            status = await self.carrier.phone(role.contact).text(to, text)
            if status != 200:
                raise NotTakenError("The relay did not take the text: " + f"HTTP {status}")
            return
        box = self.mail.inbox(role.contact)
        try:
            if answered is None:
                code, said = await box.write(to, subject, text)
            else:
                code, said = await box.reply(answered, text)
        except (OSError, aiosmtplib.SMTPException) as error:
            raise NotTakenError("The relay hung up on the mail.") from error
        if code != 250:
            raise NotTakenError("The relay did not take the mail: " + f"{code} {said}")

    def _strike(self, name: str, item: Item) -> None:
        items = self.items[name]
        items[items.index(item)] = replace(item, failed=True)
        self._bell.ring()

    def _arrived_mail(self, name: str, item_id: str) -> Mail:
        for item in self.items[name]:
            if item.id == item_id and item.mail is not None:
                return item.mail
        raise KeyError(item_id)

    def _running(self) -> RunningRelay:
        if self._relay is None:
            raise RuntimeError("the stage has not been started")
        return self._relay

    def _news(self) -> bool:
        return any(len(self.box(name)) > seen for name, seen in self._seen.items())

    def box(self, name: str) -> Sequence[Mail | TextMessage]:
        """Everything a member's phone or mailbox received, oldest first, as it came."""
        role = self.roles[name]
        if role.channel == "sms":
            return self.carrier.phone(role.contact).inbox
        return self.mail.inbox(role.contact).mails

    async def _watch(
        self, wait_for: Callable[[Callable[[], bool], float], Awaitable[None]]
    ) -> None:
        """Put on the devices whatever one of the two worlds delivers, as it comes."""
        while True:
            self._gather()
            with suppress(TimeoutError):  # a quiet hour
                await wait_for(self._news, 3600.0)

    def _gather(self) -> None:
        for name, seen in self._seen.items():
            news = self.box(name)[seen:]
            self._seen[name] = seen + len(news)
            self._ledger.arrived(len(news))
            for arrived in news:
                if isinstance(arrived, Mail):
                    self._show_mail(name, arrived)
                else:
                    self._show_text(name, arrived.from_, arrived.body)
                self._nudge.ring()

    def _show_text(self, name: str, sender: str, body: str) -> None:
        self._check(name, f"{sender}\n{body}")
        author, colon, text = body.partition(": ")
        if not colon or author not in self.roles:
            author, text = "", body
        self._note(name, mine=False, author=author, subject="", text=text)

    def _show_mail(self, name: str, mail: Mail) -> None:
        self._check(name, mail.everything())
        self._note(
            name,
            mine=False,
            author=mail.from_name,
            subject=mail.subject,
            text=mail.text,
            signed=mail.signed,
            mail=mail,
        )

    def _check(self, name: str, everything: str) -> None:
        self.leaks += [f"{name} saw {what}" for what in self.foreign(name, everything)]

    def foreign(self, name: str, everything: str) -> list[str]:
        """What of the other members' is in there that this reader may not see, in plain words.

        `name` may be nobody's: then no member's contact may be in there at all.
        """
        found = ["the place somebody writes from"] if HOME_IP in everything else []
        for other, role in self.roles.items():
            if other == name:
                continue
            alias = self.members[other].write_to if role.channel == "email" else ""
            if any(contains(everything, mark) for mark in (role.contact, role.real_name)):
                found.append(f"who {other} is")
            if contains(everything, alias):
                found.append(f"the alias of {other}")
        return found

    def _note(
        self,
        name: str,
        *,
        mine: bool,
        author: str,
        subject: str,
        text: str,
        signed: bool = False,
        mail: Mail | None = None,
    ) -> Item:
        item = Item(
            id=f"{self.id}-{next(self._ids)}",
            mine=mine,
            author=author,
            subject=subject,
            text=text,
            clock=self.clock.now().astimezone(ZoneInfo(self.roles[name].zone)).strftime("%H:%M"),
            signed=signed,
            mail=mail,
        )
        self.items[name].append(item)
        self._bell.ring()
        return item

    async def _keep_books(self) -> None:
        """Read the inventory: often while something is held, else when somebody writes."""
        while True:
            nudged = self._nudge.rings
            await self._read_books()
            quiet = is_empty(self.held) and self._ledger.open is None
            await self._nudge.heard(_LOOK if quiet else _POLL, since=nudged)

    async def _read_books(self) -> None:
        """Take one reading of the inventory and tell the page where it says something new."""
        writing = self._writing > 0
        inventory = await self._running().inventory()
        nights = await self._running().nights()
        self._gather()
        before = self._ledger.shown()
        now = self.clock.ticks()
        self._ledger.read(inventory, now, writing=writing or self._writing > 0)
        if inventory != self.held or nights != self.nights or self._ledger.shown() != before:
            self.held, self.nights = inventory, nights
            self._bell.ring()


def bodies(inventory: Inventory) -> int:
    """How many bodies are held."""
    return int(inventory.get("bodies", 0))


def copies(inventory: Inventory) -> int:
    """How many copies wait for somebody, whatever for."""
    waiting = inventory.get("deliveries", {})
    return sum(int(number) for number in waiting.values() if isinstance(number, int | float))


def is_empty(inventory: Inventory) -> bool:
    """Whether nothing anybody wrote is held, nor a key that could still open something."""
    more = inventory.get("body_keys", 0) or inventory.get("spool", 0)
    return bodies(inventory) == 0 and copies(inventory) == 0 and not more


def contains(everything: str, mark: str) -> bool:
    """Whether a name, address or phone number is in there, however it is written."""
    if not mark:
        return False
    if mark.startswith("+"):
        return mark[2:] in re.sub(r"[^0-9]", "", everything)
    return mark.casefold() in everything.casefold()


def shown(contact: str) -> str:
    """A phone number with gaps for the eye; an address as it is."""
    if not contact.startswith("+"):
        return contact
    number = phonenumbers.parse(contact)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _span(seconds: float) -> str:
    """A span of the invented world, whose clock can be moved."""
    if seconds < _LONG:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _count(number: int, noun: str) -> str:
    plural = noun if number == 1 else f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {plural}"
