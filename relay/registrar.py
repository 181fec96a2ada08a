"""The registrar: what operators and facilitators ask of groups, members and numbers.

Checks what was typed, then changes the roster in one transaction. Every refusal is a
`RefusalError` with one plain sentence, and nothing was changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from channels import contact as contacts
from channels.contact import EMAIL, SMS, BadContactError
from channels.secret import REDACTED, Contact, Secret
from policies import pseudonym
from policies.facts import GroupState, MemberState, Role
from relay import lastday, presets
from relay.agreeing import version_of
from relay.clock import Clock, moment
from relay.departures import Departures
from relay.ending import Endings
from relay.errors import RefusalError
from relay.guard.watch import Watch
from relay.hours import read_schedule, write_schedule
from relay.joining import Joining
from relay.languages.rewording import refuse_names, reworded, split
from relay.leaving import Leaving
from relay.model import (
    Group,
    GroupSettings,
    Member,
    MemberSettings,
    read_day,
    show_id,
)
from relay.naming import Naming
from relay.options import OF_GROUP, OF_MEMBER, read_options
from relay.resting import shown_pause
from relay.store import counts
from relay.store.database import Database
from relay.store.erasures import Erasures
from relay.store.outbox import Held, Outbox
from relay.store.pending import Pending
from relay.store.pool import Pool
from relay.store.readers import Readers
from relay.store.roster import NewMember, Roster
from relay.store.shelf import slips_in
from relay.store.talk import Talk
from relay.vault.vault import Vault
from relay.wording import last_days

_LONGEST_NAME = 80
_WAYS = ("due", "held", "retrying", "sending", "on_the_way", "resting")
"""How a copy can wait, as the inventory names it."""


class Registrar:
    """Who is who, for people who run groups."""

    def __init__(
        self,
        *,
        database: Database,
        roster: Roster,
        outbox: Outbox,
        pending: Pending,
        talk: Talk,
        vault: Vault,
        endings: Endings,
        departures: Departures,
        joining: Joining,
        naming: Naming,
        leaving: Leaving,
        clock: Clock,
        domain: str | None,
        spool: Path,
    ) -> None:
        self._database = database
        self._roster = roster
        self._outbox = outbox
        self._pending = pending
        self._talk = talk
        self._vault = vault
        self._erasures = Erasures(vault)
        self._endings = endings
        self._departures = departures
        self._joining = joining
        self._naming = naming
        self._leaving = leaving
        self._clock = clock
        self._domain = domain
        self._spool = spool

    # Numbers -------------------------------------------------------------------------------

    async def add_numbers(self, typed: list[str]) -> int:
        """Add rented numbers to the pool, all or none. Returns how many."""
        numbers = [_proxy_number(text) for text in typed]

        async def work(c: AsyncConnection) -> int:
            for number in numbers:
                await self._roster.numbers.add(c, number)
            return len(numbers)

        return await self._database.transact(work)

    async def pool(self) -> Pool:
        """The pool, and what it has room for."""
        async with self._database.reading() as c:
            return await self._roster.numbers.pool(c)

    async def park_number(self, typed: str) -> None:
        """Give a number to nobody new."""
        async with self._database.writing() as c:
            await self._roster.numbers.park(c, _proxy_number(typed))

    # Groups --------------------------------------------------------------------------------

    async def create_group(self, name: str, wishes: Mapping[str, str]) -> Group:
        """Create a group. `wishes` are settings by name; the rest is as its preset has it."""
        settings = _group_settings(_begin_with(wishes.get("preset", presets.DEFAULT)), wishes)
        lastday.refuse_too_soon(settings, self._clock.now())
        tidy = _group_name(name)
        return await self._database.transact(
            lambda c: self._roster.add_group(c, tidy, settings, self._clock.now())
        )

    async def group(self, key: str) -> tuple[Group, list[Member]]:
        """A group by id or name, with its members."""
        async with self._database.reading() as c:
            group = await self._roster.find_group(c, key)
            return group, await self._roster.members(c, group)

    async def groups(self) -> list[Group]:
        """Every group."""
        async with self._database.reading() as c:
            return await self._roster.groups(c)

    async def change_group(self, key: str, wishes: Mapping[str, str]) -> Group:
        """Change a group's name or settings, all or nothing. Its preset is `follow_preset`'s."""
        if "preset" in wishes:
            raise RefusalError(
                "A preset changes many settings: `relay group preset` shows which, and does it."
            )
        rest, words = split({k: v for k, v in wishes.items() if k != "name"})

        async def work(c: AsyncConnection) -> Group:
            group = await self._roster.find_group(c, key, lock=True)
            settings = _group_settings(group.settings, rest)
            changed = replace(group, settings=reworded(group.settings, settings, words))
            changed = _with_new_version(group, changed)
            if changed.settings.ends != group.settings.ends:
                lastday.refuse_too_soon(changed.settings, self._clock.now())
                settings = lastday.moved(changed.settings, changed.settings.ends)
                changed = replace(changed, settings=settings)
            if "name" in wishes:
                changed = replace(changed, name=Secret(_group_name(wishes["name"])))
            await self._roster.save_group(c, changed)
            if changed.settings != group.settings:
                await self._outbox.hurry(c, group.id, self._clock.now())
                await self._tell_if_it_goes_on(c, group, changed, self._clock.now())
            await self._refuse_shown_contacts(c, changed)
            members = await self._roster.members(c, changed) if changed.settings.texts else []
            refuse_names(
                changed.settings,
                [name.reveal() for name in (changed.name, *(m.name for m in members))],
            )
            return changed

        return await self._database.transact(work)

    def with_preset(self, group: Group, name: str) -> Group:
        """A group as a preset would have it, for who wants to see it first."""
        known = read_options(OF_GROUP, {"preset": name})["preset"]
        return replace(group, settings=presets.follow(group.settings, known))

    def group_as_if(self, group: Group, wishes: Mapping[str, str]) -> Group:
        """A group as it would be with these settings."""
        return replace(group, settings=_group_settings(group.settings, wishes))

    def member_as_if(self, member: Member, wishes: Mapping[str, str]) -> Member:
        """The same of a member."""
        return replace(member, settings=_member_settings(member.settings, wishes))

    async def follow_preset(self, key: str, name: str) -> Group:
        """Set all that a preset says to what it says; quiet hours that a group has stay."""

        async def work(c: AsyncConnection) -> Group:
            changed = self.with_preset(await self._roster.find_group(c, key, lock=True), name)
            await self._roster.save_group(c, changed)
            await self._outbox.hurry(c, changed.id, self._clock.now())
            return changed

        return await self._database.transact(work)

    async def set_group_state(self, key: str, state: GroupState) -> Group:
        """Freeze, thaw or close a group. A closed group stays closed."""

        async def work(c: AsyncConnection) -> Group:
            group = await self._roster.find_group(c, key, lock=True)
            if group.state is GroupState.CLOSED:
                raise RefusalError("This group is closed.")
            return await self.put_state(c, group, state, self._clock.now())

        return await self._database.transact(work)

    async def close(self, key: str, *, tell: bool = True) -> Group:
        """End a group at once; its members are told so, unless they shall not be."""

        async def work(c: AsyncConnection) -> Group:
            group = await self._roster.find_group(c, key, lock=True)
            if group.state is GroupState.CLOSED:
                raise RefusalError("This group is closed.")
            return await self.close_in(c, group, self._clock.now(), tell=tell)

        return await self._database.transact(work)

    async def close_in(
        self, c: AsyncConnection, group: Group, now: datetime, *, tell: bool
    ) -> Group:
        """The same within a transaction that has locked the group."""
        closed = await self.put_state(c, group, GroupState.CLOSED, now)
        if tell:
            text = last_days.ENDED.format(count=closed.settings.keep_roster)
            await self._naming.tell_group(c, closed, text, now)
        return closed

    async def put_state(
        self, c: AsyncConnection, group: Group, state: GroupState, now: datetime
    ) -> Group:
        """The same within a transaction that has locked the group."""
        settings = group.settings
        if state is GroupState.CLOSED:
            settings = replace(settings, ended=lastday.today(settings, now).isoformat())
        changed = replace(group, state=state, settings=settings)
        await self._roster.save_group(c, changed)
        await self._outbox.hurry(c, group.id, now)
        if state is GroupState.CLOSED:
            await self._endings.not_confirmed(c, await self._pending.drop_in(c, group.id), now)
        return changed

    async def extend(self, key: str, typed: str) -> Group:
        """Move the last day of a group to a later one."""
        now = self._clock.now()
        return await self._database.transact(lambda c: self.extend_in(c, key, typed, now))

    async def extend_in(
        self, c: AsyncConnection, key: str, typed: str, now: datetime, *, by: int = 0
    ) -> Group:
        """The same within a transaction. Raises `RefusalError`; then nothing was changed.

        `by`: the member who does it, and is told by whoever asks for it.
        """
        group = await self._roster.find_group(c, key, lock=True)
        if group.state is GroupState.CLOSED:
            raise RefusalError("This group is closed.")
        changed = replace(group, settings=lastday.extended(group.settings, typed, now))
        await self._roster.save_group(c, changed)
        await self._tell_if_it_goes_on(c, group, changed, now, by=by)
        return changed

    async def _tell_if_it_goes_on(
        self, c: AsyncConnection, before: Group, group: Group, now: datetime, *, by: int = 0
    ) -> None:
        """Who was told of a last day hears that it is a later one. An earlier one is announced."""
        old, new = before.settings.ends, group.settings.ends
        if not lastday.is_told(before.settings) or (new and read_day(new) <= read_day(old)):
            return
        text = last_days.EXTENDED.format(day=new) if new else last_days.GOES_ON
        await self._naming.tell_group(c, group, text, now, besides=by)

    # Members -------------------------------------------------------------------------------

    async def add_member(
        self,
        group_key: str,
        *,
        name: str | None,
        sms: str | None,
        email: str | None,
        agreed: str | None,
        facilitator: bool,
        wishes: Mapping[str, str],
    ) -> Member:
        """Add a member by text or mail. With `agreed` she is active at once, else invited.

        Without a name she gets one that tells nothing.
        """
        new = NewMember(
            name="" if name is None else _pseudonym(name),
            contact=_contact(sms, email),
            role=Role.FACILITATOR if facilitator else Role.MEMBER,
            agreed_on=None if agreed is None else self._day_of_agreement(agreed),
            settings=_member_settings(MemberSettings(), wishes),
        )
        if new.contact.channel == EMAIL:
            self._check_domain(new.contact)

        async def work(c: AsyncConnection) -> Member:
            group = await self._roster.find_group(c, group_key)
            if group.state is GroupState.CLOSED:
                raise RefusalError("This group is closed.")
            if new.contact.channel == SMS:
                await self._refuse_our_own(c, new.contact)
            first = group.settings.moderated_first if "to_moderate" not in wishes else None
            hers = new if first is None else _looked_at_first(new, first)
            now = self._clock.now()
            hers = await self._named(c, group, hers, now)
            member = await self._roster.add_member(c, group, hers, now)
            await self._refuse_shown_contacts(c, group)
            if new.agreed_on is None:
                return await self._joining.invite(c, group, member, now)
            await self._roster.opt_outs.lift(c, new.contact)
            return member

        return await self._database.transact(work)

    async def _named(
        self, c: AsyncConnection, group: Group, new: NewMember, now: datetime
    ) -> NewMember:
        """The same with a name that she may have and, if she has agreed, to what she did."""
        await self._joining.refuse_forbidden(c, group, new.contact)
        taker = self._roster.contact_blind(group.id, new.contact)
        if new.name:
            await self._naming.refuse_resting(c, group, new.name, taker, now)
        else:
            new = replace(new, name=(await self._naming.suggest(c, group, now))[0])
        if new.agreed_on is None:
            return new
        return replace(new, settings=replace(new.settings, agreed_version=version_of(group)))

    async def _refuse_shown_contacts(self, c: AsyncConnection, group: Group) -> None:
        """What everybody reads must hold no member's own: it would not go out."""
        own = (words for _, words in group.settings.texts)
        settings = group.settings
        named = (settings.reach, settings.crisis, settings.alternatives, settings.agreement)
        shown = " ".join([*named, *own])
        if not shown.strip():
            return
        rows, _ = await self._roster.sealed_people(c, group.id)
        if Watch(self._roster.people(rows)).exposed(shown):
            raise RefusalError(
                "What everybody reads (reach, crisis, alternatives, agreement, text) would show a "
                "member's own number or address."
            )

    async def member(self, key: str) -> Member:
        """A member by id."""
        async with self._database.reading() as c:
            return await self._roster.find_member(c, key)

    async def contact_of(self, member: Member) -> Contact:
        """A member's real contact, for who asked to see it."""
        async with self._database.reading() as c:
            return await self._roster.contact_of(c, member)

    async def change_member(self, key: str, wishes: Mapping[str, str]) -> Member:
        """Change a member's pseudonym, settings, role, agreement or state, all or nothing."""

        async def work(c: AsyncConnection) -> Member:
            before = await self._roster.find_member(c, key, lock=True)
            group = await self._roster.group_of(c, before)
            member = self._changed(before, group, wishes)
            now = self._clock.now()
            if member.name != before.name:
                name, blind = member.name.reveal(), await self._naming.taker(c, member)
                await self._naming.refuse_resting(c, group, name, blind, now)
            await self._roster.save_member(c, member)
            await self._naming.renamed(c, group, before, member, now)
            if member.settings != before.settings:  # what is held may be free by now, or too late
                await Readers(self._roster).judge_anew(c, [member.id], now)
            if member.state is not before.state:  # her silence is counted from now on
                await self._joining.settle_by_hand(c, group, member)
                await self._roster.set_heard(c, [member.id], None)
            return member

        return await self._database.transact(work)

    def _changed(self, member: Member, group: Group, wishes: Mapping[str, str]) -> Member:
        rest = dict(wishes)
        if "name" in rest:
            member = replace(member, name=Secret(_pseudonym(rest.pop("name"))))
        if "facilitator" in rest:
            runs = _yes_or_no("facilitator", rest.pop("facilitator"))
            member = replace(member, role=Role.FACILITATOR if runs else Role.MEMBER)
        if "role" in rest:
            member = replace(member, role=_role(rest.pop("role")))
        if "agreed" in rest:
            agreed = replace(
                member.settings, agreed_version=version_of(group), agreed_by="", asked_on=""
            )
            day = self._day_of_agreement(rest.pop("agreed"))
            member = replace(member, agreed_on=day, settings=agreed)
            if member.state is MemberState.INVITED:
                member = replace(member, state=MemberState.ACTIVE)
        if "state" in rest:
            member = replace(member, state=_back_in(member, rest.pop("state")))
        return replace(member, settings=_member_settings(member.settings, rest))

    async def remove_member(self, key: str, *, ban: bool = False, forget: bool = False) -> Member:
        """Remove a member, at once and for good: her key is destroyed. As `Leaving.remove`."""

        async def work(c: AsyncConnection) -> Member:
            member = await self._roster.find_member(c, key, lock=True)
            group = await self._roster.group_of(c, member)
            now = self._clock.now()
            await self._leaving.remove(c, group, member, now, ban=ban, forget=forget)
            return member

        member = await self._database.transact(work)
        self._departures.announce([member.id])
        self._vault.forget([member.id])  # after the commit: the rows must go before the key
        return member

    # Inventory -----------------------------------------------------------------------------

    async def inventory(self, group_key: str | None = None) -> dict[str, Any]:
        """What is held right now, in numbers and times only."""
        now = self._clock.now()
        spool = len(slips_in(self._spool)) if self._spool.is_dir() else 0  # first: it goes on there
        async with self._database.reading() as c:
            groups = {g.id: g for g in await self._roster.groups(c)}
            held = await self._outbox.held(c, now)
            tallies = await self._outbox.ledger.tallies(c)
            losses: dict[str, int] = {}
            happened: dict[str, int] = {}
            waiting = await self._pending.count(c)
            topics = await self._talk.sealed(c)
            owed = await self._erasures.backlog(c, now)
            if group_key is not None:
                only = await self._roster.find_group(c, group_key)
                held = [h for h in held if h.group_id == only.id]
                losses = await self._outbox.ledger.losses(c, only.id)
                happened = await counts.of_group(c, only.id)
                waiting = await self._pending.count(c, only.id)
        return {
            "bodies": sum(h.bodies for h in held),
            "deliveries": {why: sum(getattr(h, why) for h in held) for why in _WAYS},
            "body_keys": len(self._vault.body_keys()) - topics,
            "topics": topics,
            "groups": [_held_by(h, groups[h.group_id]) for h in held],
            "tallies": tallies,
            "waiting_for_author": waiting,
            "not_passed_on": losses,
            "happened": happened,
            "spool": spool,
            "at_provider": owed.waiting,
        }

    # Checks --------------------------------------------------------------------------------

    async def _refuse_our_own(self, c: AsyncConnection, phone: Contact) -> None:
        if await self._roster.numbers.is_ours(c, phone.reveal()):
            raise RefusalError("This phone number is one of the relay's own.")

    def _day_of_agreement(self, text: str) -> date:
        agreed_on = read_day(text)
        if agreed_on > self._clock.now().date():
            raise RefusalError("The day of agreement lies in the future.")
        return agreed_on

    def _check_domain(self, contact: Contact) -> None:
        domain = contact.reveal().rpartition("@")[2]
        ours = self._domain
        if ours is None:
            raise RefusalError("RELAY_DOMAIN is missing: without it there are no mail aliases.")
        if domain == ours or domain.endswith(f".{ours}"):
            raise RefusalError("This mail address is one of the relay's own.")


def _held_by(held: Held, group: Group) -> dict[str, Any]:
    return {
        "group": group.name.reveal(),
        "bodies": held.bodies,
        **{way: getattr(held, way) for way in _WAYS},
        "first_gone_by": _utc(held.first_gone_by),
        "last_gone_by": _utc(held.last_gone_by),
    }


def _utc(stored: int | None) -> str | None:
    return None if stored is None else moment(stored).strftime("%Y-%m-%dT%H:%MZ")


def _proxy_number(text: str) -> Contact:
    try:
        return contacts.e164(text)
    except BadContactError as error:
        raise RefusalError(str(error)) from None


def _contact(sms: str | None, email: str | None) -> Contact:
    if (sms is None) == (email is None):
        raise RefusalError("A member is reached either by text (--sms) or by mail (--email).")
    try:
        return contacts.phone(sms) if sms is not None else contacts.address(email or "")
    except BadContactError as error:
        raise RefusalError(str(error)) from None


def _pseudonym(name: str) -> str:
    tidy = pseudonym.tidy(name)
    problem = pseudonym.problem(tidy)
    if problem is not None:
        raise RefusalError(problem.sentence)
    return tidy


def _group_name(name: str) -> str:
    tidy = " ".join(name.split())
    if not tidy or len(tidy) > _LONGEST_NAME or not tidy.isprintable():
        raise RefusalError(f"A group's name has 1 to {_LONGEST_NAME} printable characters.")
    return tidy


def _begin_with(preset: str) -> GroupSettings:
    """What a group of that preset begins with; of no preset, what `read_options` will refuse."""
    return presets.begin_with(preset) if preset in presets.PRESETS else GroupSettings()


def _group_settings(base: GroupSettings, wishes: Mapping[str, str]) -> GroupSettings:
    settings = replace(base, **read_options(OF_GROUP, wishes))
    return replace(settings, quiet=_quiet(settings.quiet, settings.timezone))


def _member_settings(base: MemberSettings, wishes: Mapping[str, str]) -> MemberSettings:
    settings = replace(base, **read_options(OF_MEMBER, wishes))
    zone = settings.timezone or "UTC"
    return replace(settings, quiet=_quiet(settings.quiet, zone), duty=_quiet(settings.duty, zone))


def _looked_at_first(new: NewMember, posts: int) -> NewMember:
    """The same, with as many of her first posts to be looked at as the group wants."""
    return replace(new, settings=replace(new.settings, to_moderate=posts))


def _with_new_version(before: Group, group: Group) -> Group:
    """Other words are another version, which everybody is asked about; it never goes down."""
    old, new = before.settings, group.settings
    if new.agreement_version < old.agreement_version:
        raise RefusalError("The version of the agreement only rises.")
    if new.agreement == old.agreement or new.agreement_version > old.agreement_version:
        return group
    raised = replace(new, agreement_version=old.agreement_version + 1)
    return replace(group, settings=raised)


def _quiet(text: str, zone: str) -> str:
    """Quiet hours, as they are shown back; `off` is not the same as none of one's own."""
    return write_schedule(read_schedule(text, zone)) if text.strip() else ""


def _back_in(member: Member, text: str) -> MemberState:
    """Who stopped or could not be reached comes back only by these explicit words."""
    if text != MemberState.ACTIVE:
        raise RefusalError("The only state that can be set is state=active.")
    if member.agreed_on is None:
        raise RefusalError("She has not agreed yet; set agreed=YYYY-MM-DD.")
    return MemberState.ACTIVE


def _role(text: str) -> Role:
    if text not in list(Role):
        raise RefusalError(f"A role is one of {', '.join(Role)}.")
    return Role(text)


def _yes_or_no(name: str, text: str) -> bool:
    if text not in {"true", "false", "yes", "no", "on", "off"}:
        raise RefusalError(f"The setting {name} is either true or false.")
    return text in {"true", "yes", "on"}


def show_group(group: Group, members: list[Member]) -> dict[str, Any]:
    """A group as a flat object."""
    return {
        "group": show_id(group.id),
        "name": group.name.reveal(),
        "state": str(group.state),
        "members": len(members),
        **{option.name: getattr(group.settings, option.name) for option in OF_GROUP},
    }


def show_member(member: Member) -> dict[str, Any]:
    """A member as a flat object, without her contact."""
    return {
        "member": show_id(member.id),
        "group": show_id(member.group_id),
        "name": member.name.reveal(),
        "channel": member.channel,
        "write_to": member.write_to.reveal(),
        "mask": member.mask.reveal(),
        "state": str(member.state),
        "facilitator": member.facilitator,
        "role": str(member.role),
        "paused": shown_pause(member),
        "agreed": "" if member.agreed_on is None else member.agreed_on.isoformat(),
        "agreed_version": member.settings.agreed_version,
        "agreed_by": member.settings.agreed_by,
        "affirmed": member.settings.affirmed_on,
        "asked": member.settings.asked_on,
        **{option.name: getattr(member.settings, option.name) for option in OF_MEMBER},
        "real_names": REDACTED if member.settings.real_names else "",
        "code_word": REDACTED if member.settings.code_word else "",
    }
