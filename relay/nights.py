"""The nights of a group: how long a post must live to outlast them, and who reads it later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import Mode
from policies.schedule import Schedule
from policies.windows import longest_hold, quiet_until
from relay.clock import milliseconds
from relay.errors import RefusalError
from relay.judge import awake_until, paused_until, quiet_windows
from relay.model import Group, GroupSettings, Member, MemberSettings
from relay.notices import TO_DELIVER, Notices
from relay.shown import clock_of, shown_time
from relay.store.ledger import Ledger
from relay.store.readers import Readers
from relay.wording import hours as wording
from relay.wording.text import Text

LONGEST_LIFE = timedelta(days=28)
"""No post lives longer, whatever anybody sets: less than repeats of a message are known for."""

_DAY = timedelta(days=1)
_WAITS = {
    Mode.HOURLY: timedelta(hours=1),
    Mode.THREE_HOURLY: timedelta(hours=4),
    Mode.DIGEST: timedelta(hours=25),
}
"""How long a bundle is waited for at the most, where a clock is set back as well."""
_FEWEST = 3
"""Of how many readers at least a time is said that is not the group's own."""


def life_of_post(
    group: GroupSettings, readers: Iterable[MemberSettings], life: timedelta, now: datetime
) -> timedelta:
    """How long a post must live so that no hours of its readers outlast it.

    At least `life`, and longer where the hours of one of them, as they are set now, can hold a
    post that is written now, or comes into them within that life, for longer; after her digest
    if she wants one.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    readers = list(readers)
    holds = {
        hours: _longest_hold(windows, today, life + _DAY)
        for hours, windows in _distinct(group, readers).items()
    }
    waits = (
        _WAITS.get(Mode(reader.mode), timedelta()) + holds.get(_hours(reader), timedelta())
        for reader in readers
    )
    longest = max(waits, default=timedelta())
    return min(max(life, longest + TO_DELIVER), max(life, LONGEST_LIFE))


@lru_cache(maxsize=4096)
def _longest_hold(windows: tuple[Schedule, ...], since: datetime, horizon: timedelta) -> timedelta:
    """Reckoned once a day for the same hours: from its beginning, so it is never too short."""
    return longest_hold(windows, since, horizon) if windows else timedelta()


def read_later(
    group: GroupSettings, readers: Sequence[MemberSettings], now: datetime, *, urgent: bool = False
) -> Counter[datetime]:
    """How many readers have quiet hours now, by when those end (UTC).

    Whom it wakes is no such, nor who rests for longer: she may never see it.
    """
    ends = {
        hours: quiet_until(windows, now) for hours, windows in _distinct(group, readers).items()
    }
    found: Counter[datetime] = Counter()
    for reader in readers:
        until = ends.get(_hours(reader))
        awake = reader.awake_until > milliseconds(now) or (urgent and reader.wake)
        if until is not None and not awake and not _rests(reader, until):
            found[until] += 1
    return found


def _rests(reader: MemberSettings, at: datetime) -> bool:
    until = paused_until(reader)
    return until is not None and until > at


def shared_end(group: GroupSettings, later: Counter[datetime], now: datetime) -> datetime | None:
    """The first end of quiet hours that may be told an author: that of no single reader's clock.

    As many as the group wants to be told of wait for it, and `_FEWEST` at the least. The end of
    the group's own hours on its own clock is no secret of anybody.
    """
    of_group = quiet_windows(group, MemberSettings())
    known = quiet_until(of_group, now) if of_group else None
    few = max(group.held_from, _FEWEST)
    ends = (
        end for end, count in later.items() if count >= (group.held_from if end == known else few)
    )
    return min(ends, default=None)


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


def _is_up(member: Member, group: Group, now: datetime) -> bool:
    """Whether she has no quiet hours now, or wrote a moment ago."""
    awake = awake_until(member.settings)
    windows = quiet_windows(group.settings, member.settings)
    return quiet_until(windows, now, awake_until=awake) is None


class Nights:
    """Tells authors that some are asleep, and notes who is not."""

    def __init__(self, ledger: Ledger, readers: Readers, notices: Notices) -> None:
        self._ledger = ledger
        self._readers = readers
        self._notices = notices

    async def tell_author(
        self,
        c: AsyncConnection,
        author: Member,
        group: Group,
        later: Counter[datetime],
        now: datetime,
        *,
        present: bool,
    ) -> None:
        """Tell her once a night how many read later, if they are so many that it shows nobody.

        A time is said only of as many whose hours end at it: that of a single one would show her
        clock. Nothing is said to who is asleep, because she is not `present`.
        """
        most = group.settings.held_from
        if not most or later.total() < most or not (present or _is_up(author, group, now)):
            return
        shared = shared_end(group.settings, later, now)
        zone = clock_of(author.settings, group.settings)
        if shared:
            time = shown_time(shared, zone, now)
            text: Text = wording.READ_AFTER.format(count=later[shared], time=time)
            night = milliseconds(shared)
        else:
            text = wording.READ_LATER.format(count=later.total())
            night = now.astimezone(zone).date().toordinal()
        if await self._ledger.once(c, now, "read later", author.id, night):
            await self._notices.tell(c, author.id, text, now, anyway=True)

    async def wrote(self, c: AsyncConnection, author: Member, group: Group, now: datetime) -> None:
        """Who writes in her own quiet hours is awake for a while, if her group sees it so."""
        minutes = group.settings.awake
        if not minutes or quiet_until(quiet_windows(group.settings, author.settings), now) is None:
            return
        until = milliseconds(now + timedelta(minutes=minutes))
        await self._readers.change(c, author.id, awake_until=until)
        await self._readers.judge_anew(c, [author.id], now)
