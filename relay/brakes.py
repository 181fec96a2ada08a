"""How much was written of late: by each member, and in each group.

Kept in memory alone: who writes when, and how much, is written down nowhere. After a start all may
write anew, and two processes that take messages in count each for itself: these are brakes, no
accounts. What texts cost has its own limits (`relay.purse`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from policies.facts import Written
from policies.rate import MOST_HERS, MOST_OF_ALL
from relay.config import Limits
from relay.model import Group, Member

_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_MOST_OWNERS = 50_000
_MOST_MOMENTS = 10_000


class Brakes:
    """The moments of the last hour, by the id of a member or group."""

    def __init__(self, limits: Limits) -> None:
        """`limits` say how much may be written where a group says nothing else."""
        self._limits = limits
        self._moments: dict[int, deque[datetime]] = {}

    def note(self, member: Member, group: Group, now: datetime) -> None:
        """A post was passed on."""
        for owner in (member.id, group.id):
            of_owner = self._moments.pop(owner, None) or deque(maxlen=_MOST_MOMENTS)
            of_owner.append(now)
            self._moments[owner] = of_owner  # the newest last
        while len(self._moments) > _MOST_OWNERS:
            del self._moments[next(iter(self._moments))]

    def written(self, member: Member, group: Group, now: datetime) -> Written:
        """What was written within the hour and the minute before."""
        hers, everybodys = self._within_hour(member.id, now), self._within_hour(group.id, now)
        return Written(
            hers_in_hour=len(hers),
            hers_in_minute=_since(hers, now - _MINUTE),
            all_in_hour=len(everybodys),
            all_in_minute=_since(everybodys, now - _MINUTE),
            most_hers=self._most_hers(group),
            most_of_all=self._most_of_all(group),
        )

    def _most_hers(self, group: Group) -> int:
        return group.settings.member_rate or self._limits.member_posts

    def _most_of_all(self, group: Group) -> int:
        return group.settings.group_rate or self._limits.group_posts

    def minutes_to_wait(self, member: Member, group: Group, now: datetime) -> int:
        """After how many whole minutes one more post is within all limits; 1 at least."""
        free = now
        limits = (
            (member.id, self._most_hers(group), MOST_HERS),
            (group.id, self._most_of_all(group), MOST_OF_ALL),
        )
        for owner, an_hour, a_minute in limits:
            moments = self._within_hour(owner, now)
            for most, span in ((an_hour, _HOUR), (a_minute, _MINUTE)):
                if an_hour and len(moments) >= most:
                    free = max(free, moments[-most] + span)
        return max(1, -((now - free) // _MINUTE))

    def _within_hour(self, owner: int, now: datetime) -> Sequence[datetime]:
        moments = self._moments.get(owner)
        if moments is None:
            return ()
        while moments and moments[0] <= now - _HOUR:
            moments.popleft()
        if not moments or moments[-1] > now:  # a clock set back starts anew
            del self._moments[owner]
            return ()
        return moments


def _since(moments: Sequence[datetime], begin: datetime) -> int:
    return len(moments) - bisect_right(moments, begin)
