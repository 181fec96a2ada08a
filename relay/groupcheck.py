"""What `relay doctor` looks at of groups: whom reports reach, and whether nights are quiet.

Only notes: a group may want it so. Groups are named by their ids.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.facts import GroupState
from relay.check import Check, note, ok
from relay.config import Settings
from relay.hours import read_schedule
from relay.model import Group, show_id
from relay.store.pool import Numbers
from relay.store.roster import Roster
from relay.textcheck import NOT_NOW, UNOPENED, opened


async def groups(settings: Settings) -> list[Check]:
    """What who runs a group may not have thought of."""
    found: list[Check] = []
    try:
        async with opened(settings) as here, here.database.reading() as c:
            numbers = Numbers(here.vault, settings.number_quarantine)
            roster = Roster(here.vault, settings.domain, numbers)
            known = [g for g in await roster.groups(c) if g.state is not GroupState.CLOSED]
            for group in known:
                found += _of(group, len(await roster.facilitators(c, group.id)))
    except UNOPENED:
        return [note("groups", NOT_NOW)]
    return found or [ok("groups", f"Groups with nothing to note: {len(known)}.")]


def _of(group: Group, runs: int) -> Iterator[Check]:
    key, settings = show_id(group.id), group.settings
    if runs <= 1 and not settings.alternatives:
        by, about = ("one person", " about that person") if runs else ("nobody", "")
        sentence = f"Group {key} is run by {by} and names no `alternatives`: a report{about}"
        yield note("groups", f"{sentence} reaches nobody.")
    if not settings.quiet or not read_schedule(settings.quiet, settings.timezone).weekly:
        yield note("groups", f"Group {key} has no quiet hours: `relay group set {key} quiet=22-7`.")
