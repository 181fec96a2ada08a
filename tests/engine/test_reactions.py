"""A phone's reaction to a message repeats another member's words: those go no further."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from channels.contract import Inbound, Proof, Receipt
from channels.secret import Contact, Secret
from policies.facts import GroupState, MemberState
from relay import wording
from relay.model import Member
from tests.engine.conftest import House

SOL, ROBIN, STRANGER = "+12025550103", "+12025550101", "+12025550199"
IVY, OAK = "ivy@willow.example", "oak@willow.example"
HEART, THUMB = "\N{HEAVY BLACK HEART}\ufe0f", "\N{THUMBS UP SIGN}"


@dataclass
class Porch:
    """Sol and Robin text, Ivy and Oak mail."""

    house: House
    sol: Member
    robin: Member
    ivy: Member
    oak: Member
    reactions: int = 0

    async def reacts(self, sign: str, contact: str = SOL, about: str = "STOP") -> Receipt:
        """A phone says in its own words that its owner reacted."""
        self.reactions += 1
        receipt = await self.house.intake.accept(
            Inbound(
                channel="sms",
                provider_id=f"reaction-{self.reactions}",
                sender=Contact("sms", contact),
                to=(self.robin if contact == ROBIN else self.sol).write_to,
                text=Secret(about),
                reaction=Secret(sign),
                proof=Proof.PROVEN,
            )
        )
        await self.house.deliver()
        return receipt

    async def writes(self, text: str, to: Secret | None = None) -> None:
        """Ivy writes."""
        await self.house.say(self.ivy, IVY, text, to=to)
        await self.house.deliver()

    def read(self) -> list[str]:
        """What Sol got of the group."""
        mine = [o for o in self.house.sms.sent if o.to.reveal() == SOL and o.author]
        return [o.text.reveal() for o in mine]

    def footnotes(self) -> list[str]:
        """What stood below the mails that Oak got."""
        mails = [o for o in self.house.email.sent if o.to.reveal() == OAK]
        return [o.footnote.reveal() for o in mails]


async def porch_of(house: House, reactions: str) -> Porch:
    """A group that treats reactions like that."""
    group = await house.group(reactions=reactions, private="true")
    people = (("Sol", SOL), ("Robin", ROBIN), ("Ivy", IVY), ("Oak", OAK))
    sol, robin, ivy, oak = [await house.member(group, *person) for person in people]
    return Porch(house, sol, robin, ivy, oak)


async def test_folded_away(house: House) -> None:
    """Nobody hears who liked what, now or later; she is told once, as it may have been typed."""
    porch = await porch_of(house, "fold")
    assert await porch.reacts(HEART) is Receipt.TAKEN
    assert await porch.reacts(HEART) is Receipt.TAKEN
    await porch.writes("thanks")
    assert (porch.footnotes(), porch.read()) == ([""], ["thanks"])
    assert house.sms.texts_to(SOL) == [wording.REACTION_KEPT, "thanks"]
    assert house.sms.texts_to(ROBIN) == ["thanks"]
    assert await house.stored() == (0, 0)
    assert (await house.tallies())["reacted"] == 2


async def test_said_in_a_line(house: House) -> None:
    """The sign alone, under the pseudonym; taking it back says nothing."""
    porch = await porch_of(house, "line")
    await porch.reacts(HEART, about="what Ivy said in confidence")
    await porch.reacts(f"-{HEART}")
    line = wording.REACTED.format(sign=HEART)
    assert house.sms.texts_to(ROBIN) == house.email.texts_to(OAK) == [line]
    assert house.sms.texts_to(SOL) == []


async def test_counted_below_the_next_mail_alone(house: House) -> None:
    """By sign, the most frequent first; what was taken back counts no more."""
    porch = await porch_of(house, "count")
    for sign in (THUMB, THUMB, THUMB, HEART, HEART, f"-{THUMB}", f"-{THUMB}", "-!"):
        await porch.reacts(sign)
    assert house.email.sent == []
    await porch.writes("thanks")
    await porch.writes("and more")
    counted = wording.REACTIONS.format(signs=f"{HEART} 2, {THUMB} 1")
    assert porch.footnotes() == [counted, ""]
    assert await house.stored() == (0, 0)


async def test_a_mail_to_one_alone_tells_no_reactions(house: House) -> None:
    """They belong to what the whole group reads, and wait for it."""
    porch = await porch_of(house, "count")
    await porch.reacts(HEART)
    await porch.writes("to you alone", to=porch.oak.mask)
    await porch.writes("to all")
    assert porch.footnotes() == ["", wording.REACTIONS.format(signs=f"{HEART} 1")]


@pytest.mark.parametrize("how", ["line", "count"])
async def test_no_reaction_of_who_may_not_write(house: House, how: str) -> None:
    """Of strangers, of a phone that is asked who it is, in a frozen group: nobody hears of it."""
    porch = await porch_of(house, how)
    assert await porch.reacts(HEART, contact=STRANGER) is Receipt.REFUSED
    async with house.engine.database.writing() as c:
        await house.engine.roster.set_state(c, [porch.sol.id], MemberState.SILENT)
    await porch.reacts(HEART)
    await house.engine.registrar.set_group_state("Tuesday", GroupState.FROZEN)
    await porch.reacts(HEART, contact=ROBIN)
    await house.engine.registrar.set_group_state("Tuesday", GroupState.OPEN)
    assert house.email.sent == []
    await porch.writes("hello")
    assert porch.footnotes() == [""]


async def test_a_reaction_is_no_word_to_the_relay(house: House) -> None:
    """Even if all that is left of what it is about is a word such as STOP."""
    porch = await porch_of(house, "fold")
    await porch.reacts(HEART, about="STOP")
    await porch.writes("still here?")
    assert porch.read() == ["still here?"]
