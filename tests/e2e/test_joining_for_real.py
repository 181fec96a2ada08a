"""Somebody is invited, reads what she agrees to, and writes: over the real edges, both ways."""

from __future__ import annotations

import re
from typing import Any

import pytest

from policies.facts import MemberState
from relay.model import Member, show_id
from relay.wording import joining as said
from tests.support.town import Resident, Town


async def invite(town: Town, name: str, contact: str) -> Resident:
    """Add somebody who has not agreed, as an operator does beside the running relay."""
    by_text = contact.startswith("+")

    async def add(engine: Any) -> Member:
        member: Member = await engine.registrar.add_member(
            "Tuesday",
            name=name,
            sms=contact if by_text else None,
            email=None if by_text else contact,
            agreed=None,
            facilitator=False,
            wishes={},
        )
        return member

    member = await town.inside(add)
    assert isinstance(member, Member)
    return Resident(
        member,
        contact,
        phone=town.carrier.phone(contact) if by_text else None,
        inbox=None if by_text else town.mail.inbox(contact, name=f"Real {name}"),
    )


@pytest.mark.parametrize(
    ("contact", "taken"), [("+12025550107", 200), ("w.lark@willow.example", 250)]
)
async def test_from_an_invitation_to_the_first_post(town: Town, contact: str, taken: int) -> None:
    """The invitation names no group; after JOIN and AGREE, and not before, she is heard."""
    lou = await invite(town, "Lou", contact)
    robin, ana, *_ = town.residents.values()
    await robin.says("before she came")
    await town.settled()
    (invitation,) = lou.got()
    assert "Tuesday" not in invitation
    (code,) = re.findall(r"JOIN\s+(\d{6})", invitation)
    await lou.says("hello, what is this?")
    assert await lou.says(f"JOIN {code}") == taken
    await town.settled()
    shown = " ".join("\n".join(lou.got()[1:]).split())
    for part in (said.PRIVATE, said.REPORTERS, said.PHONE_COMPANIES, said.NO_HOTLINE):
        assert part in shown
    assert said.SAY_AGREE.format(version=1) in shown
    assert await lou.says("AGREE") == taken
    await town.settled()
    assert said.WELCOME.format(name="Lou") in " ".join(lou.got()[-1].split())
    assert await lou.says("hello everyone") == taken
    await town.settled()
    assert ana.got()[-1] == "Lou: hello everyone"
    assert ana.got() == ["Robin: before she came", "Lou: hello everyone"]
    assert [text for text in lou.got() if "before she came" in text] == []
    async with town.opened() as engine:
        hers = await engine.registrar.member(show_id(lou.member.id))
    assert (hers.state, hers.settings.agreed_by) == (MemberState.ACTIVE, lou.member.channel)
