"""Asking members whether they still agree, and looking after invitations that nobody took up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import GroupState, MemberState
from policies.windows import quiet_until
from relay.agreeing import ANSWERS, REMIND, is_due, version_of
from relay.clock import milliseconds
from relay.joining import Joining
from relay.judge import quiet_windows
from relay.model import Group, Member, show_id
from relay.notices import Notices
from relay.store.database import Database
from relay.store.names import Names
from relay.store.roster import Roster
from relay.wording import joining as said


class Affirming:
    """Done now and then. Questions wait for the end of quiet hours, as all notices do."""

    def __init__(
        self, database: Database, roster: Roster, joining: Joining, names: Names, notices: Notices
    ) -> None:
        self._database = database
        self._roster = roster
        self._joining = joining
        self._names = names
        self._notices = notices

    async def round(self, now: datetime) -> int:
        """Ask and remind whose time has come. Returns how many were told something."""
        async with self._database.writing() as c:
            told = await self._joining.not_taken_up(c, now)
            await self._names.wake(c, now)
        async with self._database.reading() as c:
            open_ones = [g for g in await self._roster.groups(c) if g.state is GroupState.OPEN]
            found = {g: await self._whom(c, g, now.date()) for g in open_ones}
        for group, members in found.items():
            for member in members:

                async def work(
                    c: AsyncConnection, group: Group = group, who: Member = member
                ) -> bool:
                    return await self._look_at(c, group, who, now)

                told += await self._database.transact(work)
        return told

    async def _whom(self, c: AsyncConnection, group: Group, today: date) -> list[Member]:
        members = await self._roster.readable_members(c, group.id)
        return [member for member in members if _step(member, group, today)]

    async def _look_at(
        self, c: AsyncConnection, group: Group, member: Member, now: datetime
    ) -> bool:
        """Take the next step with one member, as she is by now. Whether she was told something."""
        member = await self._roster.find_member(c, show_id(member.id), lock=True)
        step = _step(member, group, now.date())
        if step == "":
            return False
        asked = {"ask": now.date().isoformat(), "drop": ""}.get(step, member.settings.asked_on)
        arrives = quiet_until(quiet_windows(group.settings, member.settings), now) or now
        settings = replace(
            member.settings,
            asked_on=asked,
            reminded=step == "remind",
            agree_until=milliseconds(arrives + ANSWERS),
        )
        await self._roster.save_member(c, replace(member, settings=settings))
        if step == "drop":
            return False
        text = said.REMINDER
        if step == "ask":
            known = max(member.settings.agreed_version, 1)
            text = said.STILL_AGREE if known == version_of(group) else said.CHANGED
        return await self._notices.tell(c, member.id, text, now)


def _step(member: Member, group: Group, today: date) -> str:
    """What is to be done with a member: `ask`, `remind`, `drop` the question, or nothing."""
    if member.state is not MemberState.ACTIVE:
        return ""
    settings, due = member.settings, is_due(member, group, today)
    if not settings.asked_on:
        return "ask" if due else ""
    if not due:
        return "drop"
    waited = today - date.fromisoformat(settings.asked_on)
    return "remind" if waited >= REMIND and not settings.reminded else ""
