"""`relay simulate`: when posts would arrive for each member."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.output import Json, read_wishes, show, with_engine

if TYPE_CHECKING:
    from relay.engine import Engine
    from relay.model import Group, Member
    from relay.simulate import Arrival, Day, Forecast

_QUIET, _OPEN, _ARRIVES, _OUTSIDE = "█", "·", "●", " "
_DAY_WIDTH = 12


def add_to(app: typer.Typer) -> None:
    """Put the command at the top level."""
    app.command()(simulate)


def simulate(
    key: Annotated[str, typer.Argument(metavar="GROUP", help="The group's id or name.")],
    days: Annotated[int, typer.Option(help="how many days, 1 to 31")] = 7,
    as_if: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="as if the group had it")
    ] = None,
    member: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:KEY=VALUE", help="as if this member had it"),
    ] = None,
    post: Annotated[
        list[str] | None,
        typer.Option(metavar="MOMENT", help="when somebody writes: fri 23:30, or 23:30 every day"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show when posts would arrive for each member, now or with other settings. Changes nothing."""
    from relay import foresight

    if not 1 <= days <= foresight.MOST_DAYS:
        raise typer.BadParameter(f"--days is from 1 to {foresight.MOST_DAYS}")
    wish = foresight.Wish(
        days=days,
        group=read_wishes(as_if or ()),
        members=_of_members(member or ()),
        posts=tuple(post or ()),
    )

    async def work(engine: Engine) -> tuple[Group, list[Forecast]]:
        from relay import wiring

        return await foresight.look(engine, wiring.delivery_rules(), key, wish)

    group, forecasts = with_engine(work)
    if as_json:
        show([_as_object(one) for one in forecasts], as_json=True)
        return
    when = ", ".join(wish.posts) or "every three hours"
    show("\n".join(_page(group, forecasts, wish.told, when)), as_json=False)


def _of_members(texts: Iterable[str]) -> dict[str, dict[str, str]]:
    """Read `NAME:KEY=VALUE` words. Wrong usage if one has no colon or no `=`."""
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        name, colon, pair = text.partition(":")
        if not colon:
            raise typer.BadParameter("--member is written as NAME:KEY=VALUE")
        found[name] = found.get(name, {}) | read_wishes([pair])
    return found


def _as_object(forecast: Forecast) -> dict[str, Any]:
    return {
        "member": forecast.member.name.reveal(),
        "timezone": forecast.zone.key,
        "days": [{"day": day.day.isoformat(), "strip": _strip(day, ())} for day in forecast.days],
        "posts": [
            {
                "written": _utc(one.written),
                "arrives": None if one.arrives is None else _utc(one.arrives),
                "local": None if one.arrives is None else _local(forecast, one.arrives).isoformat(),
                "why": sorted(one.why),
            }
            for one in forecast.arrivals
        ],
    }


def _page(group: Group, forecasts: list[Forecast], told: str, when: str) -> Iterable[str]:
    yield f"{group.name.reveal()}{told}. {_QUIET} left alone  {_OPEN} awake  {_ARRIVES} arrives"
    yield f"Somebody writes {when}, on the clock of the group."
    for forecast in forecasts:
        member = forecast.member
        yield ""
        yield f"{member.name.reveal()}, {forecast.zone.key}, {_how(member)}"
        yield " " * _DAY_WIDTH + "".join(f"{hour:<6}" for hour in range(0, 24, 3)).rstrip()
        for day in forecast.days:
            came = _arrivals(forecast, day)
            strip = _strip(day, [at for at, _ in came])
            yield f"{day.day:%a %d %b}  {strip:<50}{_times(came)}".rstrip()
        yield from _not_arrived(forecast)


def _how(member: Member) -> str:
    """How posts come to her; of who gets none, why."""
    settings = member.settings
    if member.state != "active":
        return str(member.state)
    said = {
        "every": "each post",
        "1h": "every hour",
        "3h": "every three hours",
        "digest": f"a digest at {settings.digest_at}",
        "nudge": "when she asks",
    }
    return said[settings.mode]


def _arrivals(forecast: Forecast, day: Day) -> list[tuple[datetime, int]]:
    """When something arrives on a day, and how many at once."""
    local = [_local(forecast, one.arrives) for one in forecast.arrivals if one.arrives]
    counted = Counter(at for at in local if at.date() == day.day)
    return sorted(counted.items())


def _strip(day: Day, arrivals: Iterable[datetime]) -> str:
    marks = [_OUTSIDE if rests is None else _QUIET if rests else _OPEN for rests in day.rests]
    for at in arrivals:
        marks[min(at.hour * 2 + at.minute // 30, len(marks) - 1)] = _ARRIVES
    return "".join(marks)


def _times(came: list[tuple[datetime, int]]) -> str:
    return "  ".join(f"{at:%H:%M}" + (f" x{count}" if count > 1 else "") for at, count in came)


def _not_arrived(forecast: Forecast) -> Iterable[str]:
    last = forecast.days[-1].day
    later = [one.arrives for one in forecast.arrivals if one.arrives is not None]
    after = sum(1 for at in later if _local(forecast, at).date() > last)
    lost = [one for one in forecast.arrivals if one.arrives is None]
    if after:
        yield f"{'':<{_DAY_WIDTH}}after these days: {after}"
    if lost:
        yield f"{'':<{_DAY_WIDTH}}not by itself in these days: {len(lost)} ({_why(lost)})"


def _why(arrivals: Iterable[Arrival]) -> str:
    found = {reason for one in arrivals for reason in one.why}
    if "not_asked_for" in found:
        return "until she asks"
    reasons = {str(reason).replace("_", " ") for reason in found}
    return ", ".join(sorted(reasons))


def _local(forecast: Forecast, at: datetime) -> datetime:
    return at.astimezone(forecast.zone)


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
