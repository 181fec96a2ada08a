"""Groups, members, and the routes that lead to them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import EMAIL, SMS, fold
from channels.secret import Contact, Secret
from policies.facts import GroupState, MemberState, Role
from policies.pseudonym import skeleton
from relay.clock import day
from relay.errors import RefusalError
from relay.guard.people import Person
from relay.model import (
    Group,
    GroupSettings,
    Member,
    MemberSettings,
    new_id,
    read_id,
    settings_to_card,
)
from relay.store.blocks import Blocks
from relay.store.consents import Consents
from relay.store.optouts import OptOuts
from relay.store.pool import Numbers
from relay.store.tables import DELIVERY, GROUP, MEMBER, PENDING, ROUTE, STRIKE
from relay.vault.vault import Purpose, UnsealError, Use, Vault

STRIKES_KEPT = timedelta(days=14)

_CONFIRM = "confirm+"
_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"
_ALIAS_LENGTH = 16
_MASK_LENGTH = 12
_MEMBER_SETTINGS = tuple(f.name for f in fields(MemberSettings))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """What is needed to add a member. Checked before it comes here."""

    name: str
    contact: Contact
    role: Role
    agreed_on: date | None
    settings: MemberSettings


class SealedPerson(NamedTuple):
    """A member's contact and card, still sealed."""

    id: int
    channel: str
    contact: bytes
    card: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Who writes, and where what she writes leads."""

    member: Member
    group: Group
    reader: Member | None = None
    """She writes to this member alone."""
    confirms: int | None = None
    """She answers the question about the pending message of this id."""


_WITH_GROUP = sa.select(
    MEMBER, GROUP.c.state.label("group_state"), GROUP.c.card.label("group_card")
).join(GROUP, GROUP.c.id == MEMBER.c.group_id)


class Roster:
    """Reads and writes who is who. Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault, domain: str | None, numbers: Numbers) -> None:
        self.numbers = numbers
        self.consents = Consents(vault, numbers)
        self.opt_outs = OptOuts(vault)
        self.blocks = Blocks(vault)
        self._vault = vault
        self._domain = domain
        self._kept_cards = lru_cache(maxsize=20_000)(self._open_card)

    # Groups --------------------------------------------------------------------------------

    async def add_group(
        self, c: AsyncConnection, name: str, settings: GroupSettings, now: datetime
    ) -> Group:
        """Create a group. Raises `RefusalError` if the name is taken."""
        blind = self._group_blind(name)
        if await _exists(c, sa.select(GROUP.c.id).where(GROUP.c.name_blind == blind)):
            raise RefusalError("There is a group of this name already.")
        group = Group(id=new_id(), state=GroupState.OPEN, name=Secret(name), settings=settings)
        self._vault.admit(group.id, now)
        card = self._group_card(group)
        row = {"id": group.id, "state": group.state, "name_blind": blind, "card": card}
        await c.execute(sa.insert(GROUP), row)
        return group

    async def find_group(self, c: AsyncConnection, key: str, *, lock: bool = False) -> Group:
        """Find a group by id or name. Raises `RefusalError`.

        `lock` keeps everybody else from changing it until this transaction ends.
        """
        condition = GROUP.c.name_blind == self._group_blind(key)
        number = read_id(key)
        if number is not None:
            condition |= GROUP.c.id == number
        query = sa.select(GROUP).where(condition)
        found = await c.execute(query.with_for_update() if lock else query)
        row = found.mappings().first()
        if row is None:
            raise RefusalError("There is no such group.")
        return self.group_from(row)

    async def groups(self, c: AsyncConnection) -> list[Group]:
        """Every group, by name."""
        rows = (await c.execute(sa.select(GROUP))).mappings()
        return sorted((self.group_from(row) for row in rows), key=lambda g: g.name.reveal())

    async def save_group(self, c: AsyncConnection, group: Group) -> None:
        """Write a changed group. Raises `RefusalError` if its new name is taken."""
        blind = self._group_blind(group.name.reveal())
        other = sa.select(GROUP.c.id).where(GROUP.c.name_blind == blind, GROUP.c.id != group.id)
        if await _exists(c, other):
            raise RefusalError("There is a group of this name already.")
        await c.execute(
            sa.update(GROUP)
            .where(GROUP.c.id == group.id)
            .values(state=group.state, name_blind=blind, card=self._group_card(group))
        )

    def group_from(self, row: Any) -> Group:
        """A group from its row."""
        card = dict(self._cards(row["id"], "group", row["card"]))
        name = Secret(card.pop("name"))
        card["texts"] = tuple((text, words) for text, words in card.get("texts", ()))
        settings = GroupSettings(**card)
        return Group(id=row["id"], state=GroupState(row["state"]), name=name, settings=settings)

    def _group_of(self, row: Any) -> Group:
        return self.group_from(
            {"id": row["group_id"], "state": row["group_state"], "card": row["group_card"]}
        )

    def _group_card(self, group: Group) -> bytes:
        card = {"name": group.name.reveal(), **settings_to_card(group.settings)}
        return self._vault.seal(group.id, "group", json.dumps(card))

    def _group_blind(self, name: str) -> bytes:
        return self._vault.index(Purpose.GROUP_NAME, " ".join(name.casefold().split()))

    # Members -------------------------------------------------------------------------------

    async def add_member(
        self, c: AsyncConnection, group: Group, new: NewMember, now: datetime
    ) -> Member:
        """Add a member, with her own way in. Raises `RefusalError`; then nothing was changed."""
        contact_blind = self.contact_blind(group.id, new.contact)
        await self.serialise(c, new.contact)
        if await self._taken(c, group.id, MEMBER.c.contact_blind, contact_blind):
            raise RefusalError("Somebody in this group has this phone or address already.")
        name_blind = self.name_blind(group.id, new.name)
        if await self._taken(c, group.id, MEMBER.c.name_blind, name_blind):
            raise RefusalError("This pseudonym is taken, or too easily taken for another one.")
        card = await self._new_card(c, group, new)
        member_id = new_id()
        self._vault.admit(member_id, now)
        state = MemberState.INVITED if new.agreed_on is None else MemberState.ACTIVE
        row = {
            "id": member_id,
            "group_id": group.id,
            "state": state,
            "channel": new.contact.channel,
            "role": new.role,
            "contact_blind": contact_blind,
            "name_blind": name_blind,
            "contact": self._vault.seal(member_id, "contact", new.contact.reveal()),
            "card": self._vault.seal(member_id, "member", json.dumps(card)),
        }
        await c.execute(sa.insert(MEMBER), row)
        routes = [
            {"blind": self._route_blind(card, new.contact), "member_id": member_id},
            {"blind": self._mail_route(card["mask"]), "member_id": member_id, "to_mask": True},
        ]
        await c.execute(sa.insert(ROUTE), [{"to_mask": False, **route} for route in routes])
        return self.member_from(row)

    async def find_member(self, c: AsyncConnection, key: str, *, lock: bool = False) -> Member:
        """Find a member by id. Raises `RefusalError`. `lock` as in `find_group`."""
        number = read_id(key)
        row = None
        if number is not None:
            query = sa.select(MEMBER).where(MEMBER.c.id == number)
            found = await c.execute(query.with_for_update() if lock else query)
            row = found.mappings().first()
        if row is None:
            raise RefusalError("There is no such member.")
        return self.member_from(row)

    async def look_up(self, c: AsyncConnection, member_id: int) -> tuple[Member, Group] | None:
        """A member and her group; `None` if she is gone."""
        query = _WITH_GROUP.where(MEMBER.c.id == member_id)
        row = (await c.execute(query)).mappings().first()
        return None if row is None else (self.member_from(row), self._group_of(row))

    async def group_of(self, c: AsyncConnection, member: Member) -> Group:
        """The group of a member."""
        row = await c.execute(sa.select(GROUP).where(GROUP.c.id == member.group_id))
        return self.group_from(row.mappings().one())

    async def number_apart(self, c: AsyncConnection, member: Member, phone: Contact) -> str:
        """A further proxy number for a member's phone, if possible none her group writes to.

        Raises `RefusalError` if there is none free.
        """
        query = sa.select(MEMBER).where(MEMBER.c.group_id == member.group_id)
        others = [self.member_from(row) for row in (await c.execute(query)).mappings()]
        usual = Counter(m.write_to.reveal() for m in others if m.channel == SMS)
        return await self.numbers.allocate(c, phone, {n: -count for n, count in usual.items()})

    async def members(self, c: AsyncConnection, group: Group) -> list[Member]:
        """The members of a group, by pseudonym."""
        rows = await c.execute(sa.select(MEMBER).where(MEMBER.c.group_id == group.id))
        found = (self.member_from(row) for row in rows.mappings())
        return sorted(found, key=lambda m: m.name.reveal().casefold())

    async def readable_members(self, c: AsyncConnection, group_id: int) -> list[Member]:
        """The members of a group whose cards open; a damaged one must not stand in others' way."""
        found = []
        rows = await c.execute(sa.select(MEMBER).where(MEMBER.c.group_id == group_id))
        for row in rows.mappings():
            with suppress(UnsealError, ValueError, TypeError, KeyError):
                found.append(self.member_from(row))
        return found

    async def facilitators(self, c: AsyncConnection, group_id: int) -> list[int]:
        """The ids of a group's active facilitators."""
        rows = await c.execute(
            sa.select(MEMBER.c.id).where(
                MEMBER.c.group_id == group_id,
                MEMBER.c.role.in_([role for role in Role if role.runs_group]),
                MEMBER.c.state == MemberState.ACTIVE,
            )
        )
        return list(rows.scalars())

    async def save_member(self, c: AsyncConnection, member: Member) -> None:
        """Write a changed member. Raises `RefusalError` if her new pseudonym is taken."""
        blind = self.name_blind(member.group_id, member.name.reveal())
        if await self._taken(c, member.group_id, MEMBER.c.name_blind, blind, besides=member.id):
            raise RefusalError("This pseudonym is taken, or too easily taken for another one.")
        row = await c.execute(sa.select(MEMBER.c.card).where(MEMBER.c.id == member.id))
        card = {
            **self._cards(member.id, "member", row.scalar_one()),
            **settings_to_card(member.settings),
            "name": member.name.reveal(),
            "agreed": "" if member.agreed_on is None else member.agreed_on.isoformat(),
        }
        await c.execute(
            sa.update(MEMBER)
            .where(MEMBER.c.id == member.id)
            .values(
                state=member.state,
                role=member.role,
                name_blind=blind,
                card=self._vault.seal(member.id, "member", json.dumps(card)),
            )
        )

    async def remove_member(self, c: AsyncConnection, member: Member, now: datetime) -> None:
        """Remove a member; her pair rests in quarantine.

        What waits for her goes first (`Endings.nothing_more_for`), her key (`Vault.forget`) once
        this has committed.
        """
        resting = sa.update(ROUTE).where(ROUTE.c.member_id == member.id)
        await c.execute(resting.values(member_id=None, until_day=self.numbers.rests_until(now)))
        await c.execute(sa.delete(DELIVERY).where(DELIVERY.c.member_id == member.id))  # in flight
        to_her = sa.update(PENDING).where(PENDING.c.reader_id == member.id)
        await c.execute(to_her.values(reader_id=new_id()))  # waits on, for nobody
        await c.execute(sa.delete(MEMBER).where(MEMBER.c.id == member.id))

    async def contact_of(self, c: AsyncConnection, member: Member) -> Contact:
        """A member's real contact. For the courier's eyes, and for who asks with `--reveal`."""
        row = await c.execute(sa.select(MEMBER.c.contact).where(MEMBER.c.id == member.id))
        return self.open_contact(member.id, member.channel, row.scalar_one())

    def open_contact(self, member_id: int, channel: str, sealed: bytes) -> Contact:
        """A contact from its sealed form."""
        return Contact(channel, self._vault.open(member_id, "contact", sealed))

    async def set_state(
        self, c: AsyncConnection, member_ids: Sequence[int], state: MemberState
    ) -> None:
        """Change the state of several members."""
        await c.execute(sa.update(MEMBER).where(MEMBER.c.id.in_(member_ids)).values(state=state))

    async def stop(self, c: AsyncConnection, member_ids: Sequence[int]) -> list[int]:
        """Let these hear nothing more. Returns those who had not said so before."""
        not_yet = sa.and_(MEMBER.c.id.in_(member_ids), MEMBER.c.state != MemberState.STOPPED)
        stopped = sa.update(MEMBER).where(not_yet).values(state=MemberState.STOPPED)
        return list((await c.execute(stopped.returning(MEMBER.c.id))).scalars())

    async def stop_sending(
        self, c: AsyncConnection, member_id: int, state: MemberState
    ) -> Secret | None:
        """Take a member out of delivery. Her pseudonym; `None` if she was out before.

        A stop holds for her who is neither active nor invited as well: she may be let in again.
        """
        was = {MemberState.ACTIVE, MemberState.INVITED}
        if state is MemberState.STOPPED:
            was = set(MemberState) - {MemberState.STOPPED}
        hers = sa.update(MEMBER).where(MEMBER.c.id == member_id, MEMBER.c.state.in_(was))
        row = (await c.execute(hers.values(state=state).returning(MEMBER.c.card))).first()
        return None if row is None else Secret(self._cards(member_id, "member", row.card)["name"])

    async def has_phones(self, c: AsyncConnection, group_id: int) -> bool:
        """Whether anybody in a group texts."""
        query = sa.select(MEMBER.c.id).where(
            MEMBER.c.group_id == group_id,
            MEMBER.c.state == MemberState.ACTIVE,
            MEMBER.c.channel == SMS,
        )
        return await _exists(c, query)

    async def has_readers(self, c: AsyncConnection, author: Member, channel: str) -> bool:
        """Whether anybody else in her group reads on a channel."""
        query = sa.select(MEMBER.c.id).where(
            MEMBER.c.group_id == author.group_id,
            MEMBER.c.state == MemberState.ACTIVE,
            MEMBER.c.channel == channel,
            MEMBER.c.id != author.id,
        )
        return await _exists(c, query)

    async def heard(self, c: AsyncConnection, member: Member, phone: Contact, today: int) -> None:
        """Note that a phone has said something on a day, in all groups it belongs to."""
        if member.heard_day != today:
            await self.set_heard(c, await self.same_person(c, phone), today)

    async def set_heard(
        self, c: AsyncConnection, member_ids: Sequence[int], today: int | None
    ) -> None:
        """Note the day on which these last said something; `None` to begin anew."""
        some = sa.update(MEMBER).where(MEMBER.c.id.in_(member_ids))
        await c.execute(some.values(heard_day=today))

    async def rests(self, c: AsyncConnection, to: Secret, sender: Contact) -> bool:
        """Whether a phone and a number were a pair that leads nowhere now."""
        blind = self.numbers.pair(to.reveal(), sender)
        resting = sa.select(ROUTE.c.blind).where(
            ROUTE.c.blind == blind, ROUTE.c.member_id.is_(None)
        )
        return await _exists(c, resting)

    async def present(self, c: AsyncConnection, member_ids: Iterable[int]) -> set[int]:
        """Which of these are still members who write and receive."""
        query = sa.select(MEMBER.c.id).where(
            MEMBER.c.id.in_(set(member_ids)), MEMBER.c.state == MemberState.ACTIVE
        )
        return set((await c.execute(query)).scalars())

    async def stored(self, c: AsyncConnection, member_ids: Iterable[int]) -> set[int]:
        """Of which of these there still is a row."""
        query = sa.select(MEMBER.c.id).where(MEMBER.c.id.in_(set(member_ids)))
        return set((await c.execute(query)).scalars())

    async def other_memberships(self, c: AsyncConnection, member_id: int) -> list[tuple[int, int]]:
        """The other memberships of a member's contact, in any group: their ids and groups'."""
        query = sa.select(MEMBER.c.channel, MEMBER.c.contact).where(MEMBER.c.id == member_id)
        row = (await c.execute(query)).first()
        if row is None:
            return []
        contact = self.open_contact(member_id, row.channel, row.contact)
        ids = set(await self.same_person(c, contact)) - {member_id}
        found = sa.select(MEMBER.c.id, MEMBER.c.group_id).where(MEMBER.c.id.in_(ids))
        return [(other, group_id) for other, group_id in await c.execute(found)]

    async def same_person(self, c: AsyncConnection, contact: Contact) -> list[int]:
        """The ids of every membership, in any group, that has this contact."""
        groups = (await c.execute(sa.select(GROUP.c.id))).scalars()
        blinds = [self.contact_blind(group_id, contact) for group_id in groups]
        rows = await c.execute(sa.select(MEMBER.c.id).where(MEMBER.c.contact_blind.in_(blinds)))
        return list(rows.scalars())

    def member_from(self, row: Any) -> Member:
        """A member from her row."""
        card = self._cards(row["id"], "member", row["card"])
        email = row["channel"] == EMAIL
        return Member(
            id=row["id"],
            group_id=row["group_id"],
            state=MemberState(row["state"]),
            channel=row["channel"],
            role=Role(row["role"]),
            name=Secret(card["name"]),
            write_to=self._at_home(card["alias"]) if email else Secret(card["number"]),
            mask=self._at_home(card["mask"]),
            agreed_on=date.fromisoformat(card["agreed"]) if card["agreed"] else None,
            heard_day=row.get("heard_day"),
            settings=_member_settings(card),
        )

    def write_to(self, member_id: int, channel: str, card: bytes) -> Secret:
        """Where a member writes, from her sealed card."""
        opened = self._cards(member_id, "member", card)
        return self._at_home(opened["alias"]) if channel == EMAIL else Secret(opened["number"])

    def member_settings(self, member_id: int, card: bytes) -> MemberSettings:
        """A member's settings, from her sealed card."""
        return _member_settings(self._cards(member_id, "member", card))

    async def complete(self, c: AsyncConnection) -> None:
        """Fill in what an older database has not, and only who holds the keys can."""
        await self.add_masks(c)
        await self.opt_outs.note_older(c)

    # Routes --------------------------------------------------------------------------------

    async def arrive(self, c: AsyncConnection, to: Secret, sender: Contact) -> Arrival | None:
        """Where a message to `to` from `sender` leads; `None` if nowhere."""
        local = to.reveal().partition("@")[0].lower()
        if sender.channel != EMAIL:
            return await self._home(c, self.numbers.pair(to.reveal(), sender), sender)
        if local.startswith(_CONFIRM):
            return await self._answer(c, Secret(local.removeprefix(_CONFIRM)), sender)
        return await self._home(c, self._mail_route(local), sender)

    async def _home(self, c: AsyncConnection, blind: bytes, sender: Contact) -> Arrival | None:
        query = _WITH_GROUP.add_columns(ROUTE.c.to_mask)
        query = query.join(ROUTE, ROUTE.c.member_id == MEMBER.c.id).where(ROUTE.c.blind == blind)
        row = (await c.execute(query)).mappings().first()
        if row is None:
            return None
        group, contact = self._group_of(row), self.contact_blind(row["group_id"], sender)
        if not row["to_mask"]:
            found = self.member_from(row)
            return Arrival(member=found, group=group) if row["contact_blind"] == contact else None
        writer = await c.execute(
            sa.select(MEMBER).where(
                MEMBER.c.group_id == group.id, MEMBER.c.contact_blind == contact
            )
        )
        found_writer = writer.mappings().first()
        if found_writer is None:
            return None
        reader = self.member_from(row)
        return Arrival(member=self.member_from(found_writer), group=group, reader=reader)

    async def _answer(self, c: AsyncConnection, token: Secret, sender: Contact) -> Arrival | None:
        """An answer to a question of ours counts from the one who was asked."""
        read = self._vault.read(Use.CONFIRM, token)
        if read is None or not fits(*read):
            return None
        pending_id, member_id = read
        row = (await c.execute(_WITH_GROUP.where(MEMBER.c.id == member_id))).mappings().first()
        if row is None or row["contact_blind"] != self.contact_blind(row["group_id"], sender):
            return None
        member, group = self.member_from(row), self._group_of(row)
        return Arrival(member=member, group=group, confirms=pending_id)

    async def add_masks(self, c: AsyncConnection) -> int:
        """Make every mask lead to its member; in a database from before, none did."""
        have = sa.select(ROUTE.c.member_id).where(ROUTE.c.to_mask, ROUTE.c.member_id.is_not(None))
        rows = await c.execute(
            sa.select(MEMBER.c.id, MEMBER.c.card).where(MEMBER.c.id.not_in(have))
        )
        made = []
        for member_id, card in rows:
            blind = self._mail_route(self._cards(member_id, "member", card)["mask"])
            made.append({"blind": blind, "member_id": member_id, "to_mask": True})
        if made:
            await c.execute(sa.insert(ROUTE), made)
        return len(made)

    async def end_quarantine(self, c: AsyncConnection, now: datetime) -> int:
        """Free the pairs that have rested long enough. Returns how many."""
        done = await c.execute(sa.delete(ROUTE).where(ROUTE.c.until_day < day(now)))
        return done.rowcount

    # Who may not be named --------------------------------------------------------------------

    async def sealed_people(
        self, c: AsyncConnection, group_id: int
    ) -> tuple[Sequence[SealedPerson], bytes]:
        """Everybody of a group, present or not, still sealed, and a digest of it all."""
        query = sa.select(MEMBER.c.id, MEMBER.c.channel, MEMBER.c.contact, MEMBER.c.card).where(
            MEMBER.c.group_id == group_id
        )
        rows = [SealedPerson(*row) for row in await c.execute(query.order_by(MEMBER.c.id))]
        digest = hashlib.blake2b(digest_size=16)
        for row in rows:
            digest.update(b"%d %d " % (row.id, len(row.contact)) + row.contact + row.card)
        return rows, digest.digest()

    def people(self, rows: Sequence[SealedPerson]) -> tuple[Person, ...]:
        """The same with what must not be seen of her, opened."""
        found = [self._person(*row) for row in rows]
        return tuple([person for person in found if person is not None])

    def _person(self, member_id: int, channel: str, contact: bytes, card: bytes) -> Person | None:
        """What cannot be opened any more, because she was just removed, nobody can look for."""
        try:
            name = Secret(self._cards(member_id, "member", card)["name"])
            opened = self.open_contact(member_id, channel, contact)
        except (UnsealError, ValueError, TypeError, KeyError):
            return None
        real = self._cards(member_id, "member", card).get("real_names", "").split(",")
        names = tuple(Secret(each.strip()) for each in real if each.strip())
        return Person(id=member_id, name=name, contacts=(opened,), names=names)

    # Mailboxes that give things back ---------------------------------------------------------

    async def strike(self, c: AsyncConnection, member_id: int, now: datetime) -> int | None:
        """Note a day on which her mailbox gave something back.

        Returns on how many such days of late; `None` if this day was known already.
        """
        today = day(now)
        of_her = STRIKE.c.member_id == member_id
        await c.execute(sa.delete(STRIKE).where(STRIKE.c.day < day(now - STRIKES_KEPT)))
        if await _exists(c, sa.select(STRIKE.c.day).where(of_her, STRIKE.c.day == today)):
            return None
        await c.execute(sa.insert(STRIKE), {"member_id": member_id, "day": today})
        query = sa.select(sa.func.count()).select_from(STRIKE).where(of_her)
        return int((await c.execute(query)).scalar_one())

    async def forgive(self, c: AsyncConnection, member_id: int) -> None:
        """Forget those days."""
        await c.execute(sa.delete(STRIKE).where(STRIKE.c.member_id == member_id))

    # Inner ---------------------------------------------------------------------------------

    def contact_blind(self, group_id: int, contact: Contact) -> bytes:
        """The keyed index of a contact within one group: no group shows who is in another."""
        parts = (group_id, contact.channel, fold(contact))
        return self._vault.index(Purpose.CONTACT_IN_GROUP, *parts)

    def name_blind(self, group_id: int, name: str) -> bytes:
        """The keyed index of a pseudonym, and of all that look like it, within one group."""
        return self._vault.index(Purpose.NAME_IN_GROUP, group_id, skeleton(name))

    def _at_home(self, local: str) -> Secret:
        return Secret(f"{local}@{self._domain}" if self._domain else "")

    def _cards(self, owner: int, label: str, sealed: bytes) -> dict[str, Any]:
        """An opened card, from memory while its key lives."""
        if not self._vault.is_alive(owner):
            self._kept_cards.cache_clear()
        return self._kept_cards(owner, label, sealed)

    def forget_cards(self) -> None:
        """Let go of every opened card."""
        self._kept_cards.cache_clear()

    async def group_ids(self, c: AsyncConnection) -> set[int]:
        """The ids of all groups."""
        return set((await c.execute(sa.select(GROUP.c.id))).scalars())

    async def everyone(self, c: AsyncConnection) -> set[int]:
        """The ids of all groups and members: whoever may have a key."""
        ids = sa.union_all(sa.select(GROUP.c.id), sa.select(MEMBER.c.id))
        return set((await c.execute(ids)).scalars())

    def _open_card(self, owner: int, label: str, sealed: bytes) -> dict[str, Any]:
        card: dict[str, Any] = json.loads(self._vault.open(owner, label, sealed))
        return card

    def _mail_route(self, local: str) -> bytes:
        return self._vault.index(Purpose.MAIL_ROUTE, local)

    def _route_blind(self, card: dict[str, Any], contact: Contact) -> bytes:
        if contact.channel == EMAIL:
            return self._mail_route(card["alias"])
        return self.numbers.pair(card["number"], contact)

    async def _new_card(self, c: AsyncConnection, group: Group, new: NewMember) -> dict[str, Any]:
        by_text = new.contact.channel == SMS
        number = ""
        if by_text:
            others = [m for m in await self.members(c, group) if m.channel == SMS]
            in_group = Counter(member.write_to.reveal() for member in others)
            number = await self.numbers.allocate(c, new.contact, in_group)
        return {
            "name": new.name,
            "alias": "" if by_text else _random_name(_ALIAS_LENGTH),
            "number": number,
            "mask": _random_name(_MASK_LENGTH),
            "agreed": "" if new.agreed_on is None else new.agreed_on.isoformat(),
            **settings_to_card(new.settings),
        }

    async def _taken(
        self,
        c: AsyncConnection,
        group_id: int,
        column: sa.ColumnElement[bytes],
        blind: bytes,
        *,
        besides: int | None = None,
    ) -> bool:
        query = sa.select(MEMBER.c.id).where(MEMBER.c.group_id == group_id, column == blind)
        if besides is not None:
            query = query.where(MEMBER.c.id != besides)
        return await _exists(c, query)

    async def serialise(self, c: AsyncConnection, *contacts: Contact) -> None:
        """Let only one transaction at a time give these contacts a way in.

        SQLite has one writer anyway; PostgreSQL takes a lock named by a contact's index, of several
        always in one order, so that no two transactions wait for each other.
        """
        if c.dialect.name != "postgresql":
            return
        parts = ((0, contact.channel, fold(contact)) for contact in contacts)
        names = [self._vault.index(Purpose.CONTACT_IN_GROUP, *each) for each in parts]
        for lock in sorted(int.from_bytes(name[:8], "big", signed=True) for name in names):
            await c.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": lock})


def _member_settings(card: dict[str, Any]) -> MemberSettings:
    """What an older card does not say is as it is for who never said anything."""
    return MemberSettings(**{name: card[name] for name in _MEMBER_SETTINGS if name in card})


def _random_name(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def fits(*numbers: int) -> bool:
    """Whether these can be ids: what anybody made up reads as numbers too large to store."""
    return all(number < 2**63 for number in numbers)


async def _exists(c: AsyncConnection, query: sa.Select[Any]) -> bool:
    return (await c.execute(query.limit(1))).first() is not None
