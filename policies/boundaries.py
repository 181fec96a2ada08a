"""When bundles and digests leave, and when what waited for quiet hours comes. Pure arithmetic.

A boundary is a time of day on a reader's own wall clock. A time that the clock shows twice is one
both times; one that the clock skips comes when as much time has gone by as if it had not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policies.facts import Mode, Window
from policies.schedule import Schedule
from policies.windows import quiet_from, quiet_until

_HOURS = {Mode.HOURLY: 1, Mode.THREE_HOURLY: 3}
_DAY = timedelta(days=1)
_SHARES = 1 << 32


def next_boundary(mode: Mode, since: datetime, zone: ZoneInfo, digest_at: time) -> datetime:
    """Return the first boundary of a mode after `since` (aware), in UTC.

    Whole hours of the clock of `zone` for bundles, every third from midnight on for those of three
    hours, `digest_at` for digests.
    """
    shown = since.astimezone(zone).replace(tzinfo=None)
    hours = _HOURS.get(mode)
    if hours is None:
        first, step = datetime.combine(shown.date(), digest_at) - _DAY, _DAY
    else:
        full = shown.replace(minute=0, second=0, microsecond=0)
        step = timedelta(hours=hours)
        first = full - timedelta(hours=full.hour % hours) - step
    found = (at for n in range(5) for at in _instants(first + n * step, zone) if at > since)
    return min(found)


def _instants(shown: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield when the clock of `zone` shows a naive time: once, or twice; if it skips it, once."""
    for fold in (0, 1):
        at = shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if fold == 0 or at.astimezone(zone).replace(tzinfo=None) == shown:
            yield at


def last_end(quiet: Sequence[Window | Schedule], since: datetime, now: datetime) -> datetime | None:
    """Return the last end of quiet hours after `since` that came until `now` or is to come next.

    `None` if nothing was quiet from `since` to `now` (both aware).
    """
    found, begin = None, quiet_from(quiet, since)
    while begin is not None and begin <= now:
        found = quiet_until(quiet, begin) or begin
        begin = quiet_from(quiet, found) if begin < found < now else None
    return found


def share(luck: int, end: datetime) -> float:
    """Return a number from 0 to 1 that is always the same for one reader and one end.

    `luck` is the reader's own number, which nobody else knows: so nobody can tell one reader's
    share from another's.
    """
    said = f"{luck}/{end.timestamp():.0f}".encode()
    return int.from_bytes(hashlib.sha256(said).digest()[:4], "big") / _SHARES
