"""Planning: what a facilitator writes now is said to the group later, once or again and again.

Each method works in a transaction. To publish and to note that it was published is one of them, so
that nothing comes twice, and nothing is lost, whenever the machine stops.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS
from channels.secret import Secret
from policies.facts import GroupState, MemberState
from relay.errors import RefusalError
from relay.hiding import Hiding
from relay.judge import until
from relay.lastday import over_at
from relay.model import Body, Group, Member
from relay.notices import Notices
from relay.posting import Posting
from relay.shown import shown_time
from relay.store.outbox import Outbox
from relay.store.planned import Plan, Planned
from relay.store.review import short_number
from relay.store.roster import Roster
from relay.wording import planning
from relay.wording.text import Text
from relay.words.occasions import fixed, from_json, next_time, split, to_json

TOO_LATE = timedelta(hours=6)
"""What could not be said for so long after its time is not said any more."""

_MOST = 50
"""Plans of a group."""
_LISTED = 5
"""Of so many a list tells in one text."""


class Planning:
    """Takes plans, and publishes what is due as a post of who planned it."""

    def __init__(
        self,
        planned: Planned,
        roster: Roster,
        posting: Posting,
        notices: Notices,
        outbox: Outbox,
        hiding: Hiding,
    ) -> None:
        self._planned = planned
        self._roster = roster
        self._posting = posting
        self._notices = notices
        self._outbox = outbox
        self._hiding = hiding

    async def plan(
        self,
        c: AsyncConnection,
        group: Group,
        author: Member,
        text: Secret,
        now: datetime,
        subject: Secret = NO_WORDS,
    ) -> Text:
        """Take a time with words behind it. Raises `RefusalError`; then nothing was changed."""
        found = split(text.reveal())
        if found is None or not found[1]:
            raise RefusalError(planning.HOW_TO_PLAN)
        occasion, words = found
        zone = ZoneInfo(group.settings.timezone)
        due = next_time(occasion, zone, now)
        if due is None:
            raise RefusalError(planning.OVER)
        if len(words) > group.settings.longest:
            raise RefusalError(planning.TOO_LONG)
        if len(await self._planned.of_group(c, group.id)) >= _MOST:
            raise RefusalError(planning.TOO_MANY)
        number = await short_number(c, self._outbox, group.id, now)
        await self._planned.add(
            c,
            group_id=group.id,
            member_id=author.id,
            number=number,
            due=due,
            words=await self._hiding.hide(c, group, author, words),
            subject=await self._hiding.hide(c, group, author, subject.reveal()),
            occasion=to_json(fixed(occasion, due, zone)),
        )
        said = planning.PLANNED_AGAIN if occasion.repeats else planning.PLANNED
        return said.format(when=shown_time(due, zone, now), number=number)

    async def take_back(self, c: AsyncConnection, group: Group, number: int) -> Text:
        """Delete a plan. Raises `RefusalError` if there is none of this number."""
        if not await self._planned.take_back(c, group.id, number):
            raise RefusalError(planning.NO_SUCH_PLAN.format(number=number))
        return planning.TAKEN_BACK.format(number=number)

    async def listed(self, c: AsyncConnection, group: Group, now: datetime) -> Text:
        """What comes next, by number and time."""
        plans = await self.of_group(c, group)
        if not plans:
            return planning.NOTHING_PLANNED
        zone = ZoneInfo(group.settings.timezone)
        shown = [f"{p.number}: {shown_time(p.due, zone, now)}" for p in plans[:_LISTED]]
        more = planning.NEXT_PLANS if len(plans) > _LISTED else planning.PLANS
        return more.format(plans=", ".join(shown))

    async def of_group(self, c: AsyncConnection, group: Group) -> list[Plan]:
        """Everything that is planned, the next first."""
        return await self._planned.of_group(c, group.id)

    async def due(self, c: AsyncConnection, now: datetime) -> list[int]:
        """The ids of plans whose time has come, the earliest first."""
        return await self._planned.due(c, now)

    async def publish(self, c: AsyncConnection, plan_id: int, now: datetime) -> bool:
        """Say what was planned, and note when it comes again. `False`: another process does.

        What cannot be said now is skipped, and who planned it is told.
        """
        plan = await self._planned.hold(c, plan_id, now)
        if plan is None:
            return False
        found = await self._roster.look_up(c, plan.member_id)
        if found is None or plan.words is None:
            await self._planned.move(c, plan, None)
            return True
        author, group = found
        zone = ZoneInfo(group.settings.timezone)
        occasion = from_json(plan.occasion)
        over = group.state is GroupState.CLOSED or not _may_write(author)
        again = next_time(occasion, zone, now) if occasion.repeats and not over else None
        await self._planned.move(c, plan, again)
        if over or _is_muted(author, now) or _is_skipped(group, plan, now):
            await self._tell_skipped(c, author, group, plan, now)
        else:
            await self._publish(c, author, group, (plan.subject, plan.words), now)
        return True

    async def _publish(
        self,
        c: AsyncConnection,
        author: Member,
        group: Group,
        said: tuple[Secret, Secret],
        now: datetime,
    ) -> None:
        """A subject and words, without contacts of those who are here now."""
        subject, text = [await self._hiding.hide(c, group, author, one.reveal()) for one in said]
        body = Body(author=author.name, mask=author.mask, subject=subject, text=text)
        await self._posting.publish(c, author, group, body, None, now, present=False)

    async def _tell_skipped(
        self, c: AsyncConnection, author: Member, group: Group, plan: Plan, now: datetime
    ) -> None:
        when = shown_time(plan.due, ZoneInfo(group.settings.timezone), now)
        text = planning.SKIPPED.format(when=when)
        await self._notices.tell(c, author.id, text, now)


def _may_write(author: Member) -> bool:
    return author.state is MemberState.ACTIVE and author.facilitator


def _is_muted(author: Member, now: datetime) -> bool:
    end = until(author.settings.muted_until)
    return end is not None and now < end


def _is_skipped(group: Group, plan: Plan, now: datetime) -> bool:
    over = over_at(group.settings)
    if over is not None and now >= over:
        return True
    return group.state is not GroupState.OPEN or now - plan.due > TOO_LATE
