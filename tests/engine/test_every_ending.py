"""Every reason why a message does not simply arrive, and how each of them ends.

Whatever is taken ends as delivered, told to its author, or told to a facilitator. A reason that is
new and has no scenario here fails the tests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from channels.contract import (
    Later,
    Never,
    News,
    Outcome,
    Outgoing,
    Proof,
    Receipt,
    Report,
    Sent,
    Trait,
    Trouble,
)
from policies.facts import GroupState, MemberState
from policies.verdict import Reason
from relay import wording
from relay.feedback import Feedback
from relay.model import Member, show_id
from relay.store.pending import Why
from relay.store.tables import MEMBER
from relay.wording import guiding, hours, members, modes
from relay.wording import joining as of_joining
from tests.engine.conftest import House

IVY, OAK = "ivy@willow.example", "oak@willow.example"
ANA, SOL = "+12025550102", "+12025550103"


@dataclass
class Circle:
    """Ivy and Oak by mail, Sol by text, and Ana, who facilitates, by text."""

    house: House
    ivy: Member
    oak: Member
    sol: Member
    ana: Member

    async def writes(self, text: str = "hello", **more: object) -> Receipt:
        """Ivy writes to the group, and everything that can leave leaves."""
        receipt = await self.house.say(self.ivy, IVY, text, **more)  # type: ignore[arg-type]
        await self.settle()
        return receipt

    async def settle(self) -> None:
        """Everything that is due is delivered, swept, and delivered again."""
        for _ in range(2):
            await self.house.deliver()
            await self.house.sweeper.sweep()

    async def days_pass(self, days: int = 2) -> None:
        """Time for every life to end, and for facilitators to be told of the day."""
        self.house.clock.forward(days=days)
        await self.settle()

    def author_heard(self) -> list[str]:
        """What the relay itself said to Ivy."""
        return [o.text.reveal() for o in self.house.email.sent if o.to.reveal() == IVY]

    def facilitator_heard(self) -> list[str]:
        """What the relay itself said to Ana."""
        return [
            o.text.reveal()
            for o in self.house.sms.sent
            if o.to.reveal() == ANA and o.author is None
        ]

    def group_read(self) -> list[str]:
        """What Sol read."""
        return [o.text.reveal() for o in self.house.sms.sent if o.to.reveal() == SOL and o.author]

    def sol_heard(self) -> list[str]:
        """What the relay itself said to Sol."""
        return [
            o.text.reveal() for o in self.house.sms.sent if o.to.reveal() == SOL and not o.author
        ]

    async def sol_says(self, text: str, *traits: Trait) -> None:
        """Sol texts, and everything that can leave leaves."""
        await self.house.say(self.sol, SOL, text, traits=frozenset(traits))
        await self.settle()

    async def sol_has(self, **wishes: str) -> None:
        """Something is set for Sol."""
        await self.house.engine.registrar.change_member(show_id(self.sol.id), wishes)

    async def refuses(self, outcome: Outcome, contact: str = OAK) -> None:
        """From now on one reader's provider answers like this."""

        def answer(out: Outgoing) -> Outcome:
            return outcome if out.to.reveal() == contact and out.author else Sent()

        self.house.email.answer = answer

    async def last_to(self, contact: str) -> Outgoing:
        """The copy that one reader got last."""
        return next(o for o in reversed(self.house.email.sent) if o.to.reveal() == contact)

    async def hears(self, news: News, token: Callable[[Outgoing], object]) -> None:
        """Oak's copy comes back with news."""
        copy = await self.last_to(OAK)
        feedback = Feedback(self.house.engine, lambda: None)
        await feedback.hear(Report(news=news, token=token(copy)))  # type: ignore[arg-type]
        await self.settle()


@pytest.fixture
async def circle(house: House) -> Circle:
    """A group of four."""
    group = await house.group()
    return Circle(
        house,
        await house.member(group, "Ivy", IVY),
        await house.member(group, "Oak", OAK),
        await house.member(group, "Sol", SOL),
        await house.member(group, "Ana", ANA, facilitator="yes"),
    )


Scenario = Callable[[Circle], Awaitable[None]]


async def answer_lost(circle: Circle) -> None:
    """Twice unsure whether a copy arrived: its author hears that some may not have got it."""
    await circle.refuses(Later(why=Trouble.ANSWER_LOST, unsure=True))
    await circle.writes()
    circle.house.clock.forward(minutes=10)
    await circle.settle()
    assert circle.author_heard() == [wording.NOT_REACHED]


async def automatic(circle: Circle) -> None:
    """A machine's message: facilitators hear a count the next day, nobody else anything."""
    await circle.writes(traits=frozenset({Trait.AUTOMATIC}))
    assert (circle.group_read(), circle.author_heard()) == ([], [])
    await circle.days_pass()
    assert circle.facilitator_heard() == [wording.NOT_PASSED_ON.format(count=1)]
    await circle.days_pass()
    assert len(circle.facilitator_heard()) == 1


async def budget(circle: Circle) -> None:
    """Waiting is no ending: it arrives the next day, and facilitators know."""
    circle.house.sms.priced = True
    await circle.house.engine.registrar.change_group("Tuesday", {"budget": "2"})
    await circle.writes("one")
    await circle.writes("two")
    assert circle.group_read() == ["one"]
    assert circle.facilitator_heard() == [wording.BUDGET]
    circle.house.clock.forward(hours=12)
    await circle.settle()
    assert circle.group_read() == ["one", "two"]


async def empty(circle: Circle) -> None:
    """No words: its author is told."""
    await circle.writes("")
    assert circle.author_heard() == [wording.EMPTY]


async def expired(circle: Circle) -> None:
    """Not brought to somebody in time: its author is told."""
    await circle.refuses(Later(why=Trouble.BUSY))
    await circle.writes()
    await circle.days_pass()
    assert circle.author_heard() == [wording.NOT_REACHED]


async def group_closed(circle: Circle) -> None:
    """The group ended: her mail host tells her, because we refuse."""
    await circle.house.engine.registrar.set_group_state("Tuesday", GroupState.CLOSED)
    assert await circle.writes() is Receipt.REFUSED


async def group_frozen(circle: Circle) -> None:
    """The group is paused: a mail is refused, and who texts is told by us."""
    await circle.house.engine.registrar.set_group_state("Tuesday", GroupState.FROZEN)
    assert await circle.writes() is Receipt.REFUSED
    await circle.house.say(circle.sol, SOL, "hello")
    await circle.settle()
    assert circle.house.sms.texts_to(SOL) == [wording.FROZEN]


async def not_a_member_now(circle: Circle) -> None:
    """Invited and not agreed: a text is answered, to nobody else's knowledge."""
    group = (await circle.house.engine.registrar.groups())[0]
    lou = await circle.house.member(group, "Lou", "+12025550109", agreed=False)
    await circle.house.say(lou, "+12025550109", "hello")
    await circle.settle()
    assert circle.house.sms.texts_to("+12025550109")[1:] == [wording.NOT_YET]
    assert circle.group_read() == []


async def not_affirmed(circle: Circle) -> None:
    """She was asked whether she still agrees, and did not answer: told how to write again."""
    await circle.house.engine.registrar.change_group("Tuesday", {"agreement": "Be kind."})
    await circle.days_pass(1)
    await circle.days_pass(15)
    await circle.writes()
    await circle.settle()
    assert circle.author_heard()[-1] == of_joining.MUST_AGREE
    assert circle.group_read() == []


async def not_authentic(circle: Circle) -> None:
    """Forged: refused as a stranger's, and nobody is told, least of all in her name."""
    assert await circle.writes(proof=Proof.FORGED) is Receipt.REFUSED
    assert (circle.group_read(), circle.author_heard()) == ([], [])


async def not_proven(circle: Circle) -> None:
    """Held: she is asked, and told in the end that nobody got it."""
    await circle.writes(proof=Proof.WEAK)
    await circle.days_pass()
    assert circle.author_heard() == [wording.CONFIRM, wording.NOT_CONFIRMED]
    assert circle.group_read() == []


async def pace(circle: Circle) -> None:
    """Waiting is no ending: it arrives within moments, in its order."""
    circle.house.sms.priced = True
    posts = ["one", "two", "three", "four"]
    for text in posts:
        await circle.house.say(circle.ivy, IVY, text)
    await circle.house.deliver()
    assert len(circle.group_read()) < len(posts)
    circle.house.clock.forward(minutes=1)
    await circle.settle()
    assert circle.group_read() == posts


async def outlasted(circle: Circle) -> None:
    """Hours that are set after it was written last longer than it lives: its author is told."""
    await circle.house.engine.registrar.change_member(
        show_id(circle.sol.id), {"quiet": "11:00-14:00"}
    )
    await circle.writes()
    silence = {"quiet": "2026-11-18 all day, 2026-11-19 all day, 2026-11-20 all day"}
    await circle.house.engine.registrar.change_member(show_id(circle.sol.id), silence)
    await circle.settle()
    assert circle.group_read() == []
    assert circle.author_heard() == [hours.OUTLASTED]


async def paused(circle: Circle) -> None:
    """Who rests gets what lives until then; of the rest nobody is told, because she chose it."""
    await circle.sol_says("PAUSE")
    await circle.writes()
    circle.house.clock.forward(hours=35, minutes=45)
    await circle.settle()
    assert circle.group_read() == []
    assert circle.author_heard() == []


async def quiet_hours(circle: Circle) -> None:
    """Waiting is no ending: it arrives when the night is over."""
    hour = circle.house.clock.now().hour
    quiet = f"{hour:02}:00-{(hour + 2) % 24:02}:00"
    await circle.house.engine.registrar.change_member(show_id(circle.sol.id), {"quiet": quiet})
    await circle.writes()
    assert circle.group_read() == []
    circle.house.clock.forward(hours=3)
    await circle.settle()
    assert circle.group_read() == ["hello"]


async def spread(circle: Circle) -> None:
    """Waiting is no ending: it arrives some minutes after the night."""
    await circle.house.engine.registrar.change_group("Tuesday", {"jitter": "10"})
    hour = circle.house.clock.now().hour
    quiet = f"{hour:02}:00-{(hour + 2) % 24:02}:00"
    await circle.sol_has(quiet=quiet)
    await circle.writes()
    circle.house.clock.forward(hours=2, minutes=10)
    await circle.settle()
    assert circle.group_read() == ["hello"]


async def rate(circle: Circle) -> None:
    """She is told when to send it again, and facilitators hear a count the next day."""
    await circle.house.engine.registrar.change_group("Tuesday", {"member_rate": "1"})
    await circle.writes()
    await circle.writes()
    assert circle.author_heard() == [modes.RATE.format(count=60)]
    assert circle.group_read() == ["hello"]


async def bundle(circle: Circle) -> None:
    """Waiting is no ending: it arrives when her clock strikes."""
    await circle.sol_has(mode="3h")
    await circle.writes()
    assert circle.group_read() == []
    circle.house.clock.forward(hours=3)
    await circle.settle()
    assert circle.group_read() == ["hello"]


async def not_asked_for(circle: Circle) -> None:
    """She is told that there is something; what she never asks for is told to its author."""
    await circle.sol_has(mode="nudge")
    await circle.writes()
    assert circle.sol_heard() == [modes.NUDGE.format(count=1)]
    await circle.days_pass()
    await circle.days_pass()
    assert circle.group_read() == []
    assert circle.author_heard() == [wording.NOT_REACHED]


async def shown_to_others(circle: Circle) -> None:
    """Her text went to other phones as well: she is told, and the group gets nothing."""
    await circle.sol_says("hello", Trait.SHOWN_TO_OTHERS)
    assert circle.sol_heard() == [wording.SHOWN_TO_OTHERS]
    assert circle.author_heard() == []


async def silent(circle: Circle) -> None:
    """Her phone is asked who it is; what nobody spoke for, facilitators hear as a count."""
    async with circle.house.engine.database.writing() as c:
        await circle.house.engine.roster.set_state(c, [circle.sol.id], MemberState.SILENT)
    await circle.sol_says("hello")
    await circle.days_pass()
    await circle.days_pass()
    assert circle.house.email.texts_to(IVY) == []
    assert circle.sol_heard() == [wording.STILL_YOU]
    assert circle.facilitator_heard() == [wording.NOT_PASSED_ON.format(count=1)]


async def stopped(circle: Circle) -> None:
    """Who said stop is refused, and hears nothing but that, as she wished."""
    await circle.sol_says("STOP")
    receipt = await circle.house.say(circle.sol, SOL, "hello")
    await circle.settle()
    assert receipt is Receipt.REFUSED
    assert circle.house.sms.texts_to(SOL) == [wording.STOPPED]


async def too_long(circle: Circle) -> None:
    """Too many letters: its author is told."""
    await circle.writes("x" * 4001)
    assert circle.author_heard() == [wording.TOO_LONG]


async def unreadable(circle: Circle) -> None:
    """A reader's row is damaged: its author hears that some were not reached."""
    async with circle.house.engine.database.writing() as c:
        damaged = sa.update(MEMBER).where(MEMBER.c.id == circle.sol.id).values(card=b"x" * 90)
        await c.execute(damaged)
    await circle.writes()
    assert circle.author_heard() == [wording.NOT_REACHED]


async def unreachable(circle: Circle) -> None:
    """Somebody marked as not to be reached writes again: she is told how to go on."""
    circle.house.sms.answer = lambda out: (
        Never(why=Trouble.BAD_CONTACT) if out.to.reveal() == SOL and out.author else Sent()
    )
    await circle.writes()
    await circle.house.say(circle.sol, SOL, "hello")
    await circle.settle()
    assert circle.house.sms.texts_to(SOL)[-1] == wording.PAUSED


async def announcements_only(circle: Circle) -> None:
    """In a group for announcements: its author is told."""
    await circle.house.engine.registrar.change_group("Tuesday", {"posting": "announce"})
    await circle.writes()
    assert (circle.author_heard(), circle.group_read()) == ([guiding.ANNOUNCEMENTS_ONLY], [])


async def muted(circle: Circle) -> None:
    """She is muted: she is told, and until when."""
    await circle.house.say(circle.ana, ANA, "MUTE ivy 2h")
    await circle.writes()
    assert circle.author_heard()[-1] == guiding.MUTED.format(until="14:00")
    assert circle.group_read() == []


async def reads_only(circle: Circle) -> None:
    """She is a listener: she is told."""
    change = circle.house.engine.registrar.change_member
    await change(show_id(circle.ivy.id), {"role": "listener"})
    await circle.writes()
    assert (circle.author_heard(), circle.group_read()) == ([guiding.READS_ONLY], [])


async def review(circle: Circle) -> None:
    """Nobody looked at it in time: its author is told, and who could have."""
    await circle.house.engine.registrar.change_group("Tuesday", {"posting": "moderated"})
    await circle.writes()
    await circle.days_pass()
    assert circle.author_heard() == [guiding.LOOKED_AT_FIRST, guiding.NOT_LOOKED_AT]
    assert circle.facilitator_heard()[1] == guiding.NOT_LOOKED_AT_BY_YOU.format(count=1)
    assert circle.group_read() == []


async def sure(circle: Circle) -> None:
    """A facilitator was asked again, and said nothing: nothing is done, and nobody's words lost."""
    await circle.house.say(circle.ana, ANA, "REMOVE ivy")
    await circle.settle()
    await circle.days_pass()
    await circle.days_pass()
    await circle.writes()
    assert (circle.group_read(), len(circle.facilitator_heard())) == (["hello"], 1)


async def consent(circle: Circle) -> None:
    """Nobody said yes to words for one member alone: their author is told, and nobody else."""
    await circle.house.engine.registrar.change_group("Tuesday", {"private": "on"})
    await circle.writes("only you", to=circle.sol.mask)
    await circle.days_pass()
    held = members.HELD.format(name="Sol")
    assert circle.author_heard() == [held, members.NO_YES]
    assert (circle.group_read(), circle.facilitator_heard()) == ([], [])


REASONS: dict[Reason, Scenario] = {
    Reason.ANNOUNCEMENTS_ONLY: announcements_only,
    Reason.ANSWER_LOST: answer_lost,
    Reason.AUTOMATIC: automatic,
    Reason.BUDGET: budget,
    Reason.BUNDLE: bundle,
    Reason.EMPTY: empty,
    Reason.EXPIRED: expired,
    Reason.GROUP_CLOSED: group_closed,
    Reason.GROUP_FROZEN: group_frozen,
    Reason.MUTED: muted,
    Reason.NOT_A_MEMBER_NOW: not_a_member_now,
    Reason.NOT_AFFIRMED: not_affirmed,
    Reason.NOT_ASKED_FOR: not_asked_for,
    Reason.NOT_AUTHENTIC: not_authentic,
    Reason.NOT_PROVEN: not_proven,
    Reason.OUTLASTED: outlasted,
    Reason.PACE: pace,
    Reason.PAUSED: paused,
    Reason.QUIET_HOURS: quiet_hours,
    Reason.RATE: rate,
    Reason.READS_ONLY: reads_only,
    Reason.REVIEW: review,
    Reason.SHOWN_TO_OTHERS: shown_to_others,
    Reason.SILENT: silent,
    Reason.SPREAD: spread,
    Reason.STOPPED: stopped,
    Reason.TOO_LONG: too_long,
    Reason.UNREADABLE: unreadable,
    Reason.UNREACHABLE: unreachable,
}


def test_every_reason_has_an_ending() -> None:
    """No reason, trouble, piece of news or cause of waiting is without a scenario."""
    assert set(REASONS) == set(Reason)
    assert set(TROUBLES) == set(Trouble)
    assert set(NEWS) == set(News)
    assert set(WAITING) == set(Why)


@pytest.mark.parametrize("reason", list(REASONS))
async def test_how_each_reason_ends(circle: Circle, reason: Reason) -> None:
    """What is not passed on is told to its author or to a facilitator, or to her mail host."""
    await REASONS[reason](circle)


_TOLD_AUTHOR, _TOLD_FACILITATOR = "author", "facilitator"
TROUBLES: dict[Trouble, tuple[type[Later | Never], str]] = {
    Trouble.TIMEOUT: (Later, _TOLD_AUTHOR),
    Trouble.UNREACHABLE: (Later, _TOLD_AUTHOR),
    Trouble.BUSY: (Later, _TOLD_AUTHOR),
    Trouble.REFUSED_FOR_NOW: (Later, _TOLD_AUTHOR),
    Trouble.REFUSED: (Never, _TOLD_AUTHOR),
    Trouble.BAD_CONTACT: (Never, _TOLD_FACILITATOR),
    Trouble.OPTED_OUT: (Never, _TOLD_FACILITATOR),
    Trouble.NOT_CONFIGURED: (Later, _TOLD_AUTHOR),
    Trouble.NO_TLS: (Later, _TOLD_AUTHOR),
    Trouble.ANSWER_LOST: (Later, _TOLD_AUTHOR),
    Trouble.OUR_FAULT: (Later, _TOLD_AUTHOR),
    Trouble.WOULD_LEAK: (Never, _TOLD_FACILITATOR),
}


@pytest.mark.parametrize("trouble", list(TROUBLES))
async def test_how_each_trouble_ends(circle: Circle, trouble: Trouble) -> None:
    """A copy that never arrives is told: of a dead contact to facilitators, else to its author."""
    kind, who = TROUBLES[trouble]
    await circle.refuses(kind(why=trouble))
    await circle.writes()
    await circle.days_pass()
    heard = circle.author_heard() if who is _TOLD_AUTHOR else circle.facilitator_heard()
    assert heard


async def dead(circle: Circle) -> None:
    """Her facilitator learns of it."""
    await circle.hears(News.DEAD, lambda copy: copy.return_path)
    assert circle.facilitator_heard() == [wording.UNREACHABLE.format(name="Oak")]


async def failed(circle: Circle) -> None:
    """Her facilitator learns of it."""
    await circle.hears(News.FAILED, lambda copy: copy.return_path)
    assert circle.facilitator_heard() == [wording.GIVEN_BACK.format(name="Oak")]


async def unwanted(circle: Circle) -> None:
    """Counted; facilitators hear of it the next day, and her mailbox counts as well."""
    await circle.hears(News.UNWANTED, lambda copy: copy.return_path)
    assert circle.facilitator_heard() == []
    await circle.days_pass()
    assert circle.facilitator_heard() == [wording.NOT_PASSED_ON.format(count=1)]


async def complaint(circle: Circle) -> None:
    """Her facilitator learns of it."""
    await circle.hears(News.COMPLAINT, lambda copy: copy.unsubscribe)
    assert circle.facilitator_heard() == [wording.COMPLAINED.format(name="Oak")]


async def unsubscribe(circle: Circle) -> None:
    """She is told herself, and nobody else."""
    await circle.hears(News.UNSUBSCRIBE, lambda copy: copy.unsubscribe)
    assert circle.house.email.texts_to(OAK)[-1] == wording.UNSUBSCRIBED
    assert circle.facilitator_heard() == []


NEWS: dict[News, Scenario] = {
    News.DEAD: dead,
    News.FAILED: failed,
    News.UNWANTED: unwanted,
    News.COMPLAINT: complaint,
    News.UNSUBSCRIBE: unsubscribe,
}


@pytest.mark.parametrize("news", list(NEWS))
async def test_how_each_piece_of_news_ends(circle: Circle, news: News) -> None:
    """What mail hosts let us know reaches somebody who can act."""
    await circle.writes()
    await NEWS[news](circle)


async def proof(circle: Circle) -> None:
    """As for what is not proven."""
    await not_proven(circle)


async def wish(circle: Circle) -> None:
    """She is told that nobody got it, at once and again in the end."""
    await circle.house.engine.registrar.change_group("Tuesday", {"contacts": "ask"})
    await circle.writes(f"I am {IVY}")
    await circle.days_pass()
    assert circle.author_heard() == [wording.ASKED, wording.NOT_CONFIRMED]


async def second(circle: Circle) -> None:
    """The others have it, without her contact: she is told once, and its end is no loss."""
    await circle.writes(f"I am {IVY}")
    await circle.days_pass()
    assert circle.group_read() == ["I am Ivy"]
    assert circle.author_heard() == [wording.MASKED_YOURS]


async def doubt(circle: Circle) -> None:
    """She is asked what she means, and told in the end that nobody got it."""
    await circle.sol_says("STPO")
    await circle.days_pass()
    assert circle.sol_heard() == [wording.NEAR_MISS, wording.NOT_CONFIRMED]
    assert circle.author_heard() == []


async def code(circle: Circle) -> None:
    """She is asked for her code word, and told in the end that nobody got it."""
    await circle.house.engine.registrar.change_group("Tuesday", {"code_after": "1"})
    await circle.sol_has(code_word="marigold")
    await circle.sol_says("one")
    circle.house.clock.forward(days=1)
    await circle.sol_says("two")
    await circle.days_pass()
    assert circle.house.email.texts_to(IVY) == ["one"]
    assert circle.sol_heard() == [wording.CODE_FIRST, wording.NOT_CONFIRMED]


async def command(circle: Circle) -> None:
    """She is asked for her code word; without it she stays, and knows."""
    await circle.sol_has(code_word="marigold")
    await circle.sol_says("LEAVE")
    await circle.days_pass()
    assert circle.sol_heard() == [wording.CODE_FIRST, wording.NOT_CONFIRMED]
    await circle.writes()
    assert circle.group_read() == ["hello"]


WAITING: dict[Why, Scenario] = {
    Why.PROOF: proof,
    Why.WISH: wish,
    Why.SECOND: second,
    Why.DOUBT: doubt,
    Why.CODE: code,
    Why.COMMAND: command,
    Why.CONSENT: consent,
    Why.REVIEW: review,
    Why.SURE: sure,
}


@pytest.mark.parametrize("why", list(WAITING))
async def test_how_each_waiting_ends(circle: Circle, why: Why) -> None:
    """What waits for its author ends in time, and she knows."""
    await WAITING[why](circle)


async def test_files_that_stay_behind_are_told(circle: Circle) -> None:
    """Her words arrive; she is told that her files did not."""
    await circle.writes(traits=frozenset({Trait.FILES_LEFT_OUT}))
    assert circle.group_read() == ["hello"]
    assert circle.author_heard() == [wording.FILES_LEFT_OUT]


async def test_nothing_is_left_when_all_has_ended(circle: Circle) -> None:
    """After every life is over no post, copy, waiting message or key remains."""
    await circle.refuses(Later(why=Trouble.BUSY))
    await circle.writes()
    await circle.writes("again", proof=Proof.WEAK)
    await circle.writes(f"I am {IVY}")
    for _ in range(4):
        await circle.days_pass()
    assert await circle.house.stored() == (0, 0)
    assert circle.house.engine.vault.body_keys() == set()
