"""The nights of a group: how long a post must live to outlast them, and who reads it later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.schedule import Schedule
from policies.windows import longest_hold, quiet_until
from relay.clock import milliseconds
from relay.errors import RefusalError
from relay.judge import quiet_windows
from relay.model import Group, GroupSettings, Member, MemberSettings
from relay.notices import TO_DELIVER, Notices
from relay.shown import clock_of, shown_time
from relay.store.outbox import Outbox
from relay.store.readers import Readers
from relay.wording import hours as wording
from relay.wording.text import Text

LONGEST_LIFE = timedelta(days=28)
"""No post lives longer, whatever anybody sets: less than repeats of a message are known for."""

_DAY = timedelta(days=1)


def life_of_post(
    group: GroupSettings, readers: Iterable[MemberSettings], life: timedelta, now: datetime
) -> timedelta:
    """How long a post must live so that no hours of its readers outlast it.

    At least `life`, and longer where the hours of one of them, as they are set now, can hold a
    post that is written now, or comes into them within that life, for longer.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    holds = (
        _longest_hold(windows, today, life + _DAY) for windows in _distinct(group, readers).values()
    )
    longest = max(holds, default=timedelta())
    return min(max(life, longest + TO_DELIVER), max(life, LONGEST_LIFE))


@lru_cache(maxsize=4096)
def _longest_hold(windows: tuple[Schedule, ...], since: datetime, horizon: timedelta) -> timedelta:
    """Reckoned once a day for the same hours: from its beginning, so it is never too short."""
    return longest_hold(windows, since, horizon) if windows else timedelta()


def read_later(
    group: GroupSettings, readers: Sequence[MemberSettings], now: datetime, *, urgent: bool = False
) -> Counter[datetime]:
    """How many readers have quiet hours now, by when those end (UTC). Whom it wakes is no such."""
    ends = {
        hours: quiet_until(windows, now) for hours, windows in _distinct(group, readers).items()
    }
    found: Counter[datetime] = Counter()
    for reader in readers:
        until = ends.get(_hours(reader))
        awake = reader.awake_until > milliseconds(now)
        if until is not None and not awake and not (urgent and reader.wake):
            found[until] += 1
    return found


def _hours(reader: MemberSettings) -> tuple[str, str]:
    return reader.timezone, reader.quiet


def _distinct(
    group: GroupSettings, readers: Iterable[MemberSettings]
) -> dict[tuple[str, str], tuple[Schedule, ...]]:
    """The windows that bind readers, once for all who set the same."""
    found = {}
    for hours, reader in {_hours(reader): reader for reader in readers}.items():
        try:
            found[hours] = quiet_windows(group, reader)
        except RefusalError:
            continue  # a time zone that this machine does not know: told of when it is judged
    return found


class Nights:
    """Tells authors that some are asleep, and notes who is not."""

    def __init__(self, outbox: Outbox, readers: Readers, notices: Notices) -> None:
        self._outbox = outbox
        self._readers = readers
        self._notices = notices

    async def tell_author(
        self,
        c: AsyncConnection,
        author: Member,
        group: Group,
        later: Counter[datetime],
        now: datetime,
    ) -> None:
        """Tell her once a night how many read later, if they are so many that it shows nobody.

        A time is said only of as many whose hours end at it: that of a single one would show her
        clock.
        """
        most = group.settings.held_from
        if not most or later.total() < most:
            return
        shared = sorted(end for end, count in later.items() if count >= most)
        zone = clock_of(author.settings, group.settings)
        if shared:
            time = shown_time(shared[0], zone, now)
            text: Text = wording.READ_AFTER.format(count=later[shared[0]], time=time)
            night = milliseconds(shared[0])
        else:
            text = wording.READ_LATER.format(count=later.total())
            night = now.astimezone(zone).date().toordinal()
        if await self._outbox.once(c, now, "read later", author.id, night):
            await self._notices.tell(c, author.id, text, now, anyway=True)

    async def wrote(self, c: AsyncConnection, author: Member, group: Group, now: datetime) -> None:
        """Who writes in her own quiet hours is awake for a while, if her group sees it so."""
        minutes = group.settings.awake
        if not minutes or quiet_until(quiet_windows(group.settings, author.settings), now) is None:
            return
        until = milliseconds(now + timedelta(minutes=minutes))
        await self._readers.change(c, author.id, awake_until=until)
        await self._readers.judge_anew(c, [author.id], now)
