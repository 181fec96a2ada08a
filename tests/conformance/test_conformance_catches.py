"""Each check of the suite can fail: a channel that breaks one promise is caught by its check."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from channels.contract import (
    NO_WORDS,
    Accept,
    Inbound,
    Later,
    Never,
    Outcome,
    Outgoing,
    Proof,
    Receipt,
    Trouble,
)
from channels.secret import Contact, Secret
from tests.conformance.bench import Engine, Heard, World
from tests.conformance.suite import WayOut
from tests.conformance.suite_in import WayIn
from tests.conformance.test_conformance_simulator import Lists
from tests.support.recorder import Recorder

_log = logging.getLogger(__name__)
MARA, IVY = Contact("sms", "+15551000001"), Contact("sms", "+15551000002")

Send = Callable[[Outgoing], Awaitable[Outcome]]
Wrong = Callable[["Broken", Send, Outgoing], Awaitable[Outcome]]


class Broken(Recorder):
    """A recorder that breaks a promise: `wrong` stands around its `send`."""

    wrong: Wrong
    asked = 0
    under_way = 0
    left: asyncio.Task[None] | None = None

    async def send(self, out: Outgoing) -> Outcome:
        """As the mistake has it."""
        self.asked += 1
        self.under_way += 1
        try:
            return await self.wrong(self, super().send, out)
        finally:
            self.under_way -= 1


@dataclass
class Spoiled(Lists):
    """The bench of the simulator, with a mistake in its channels."""

    wrong: Wrong | None = None

    def channel(self, *, patience: float = 20.0) -> Recorder:
        """A recorder with the mistake."""
        made = super().channel(patience=patience)
        broken = Broken(**{name: getattr(made, name) for name in made.__dataclass_fields__})
        broken.wrong = self.wrong  # type: ignore[assignment]  # a test always gives one
        return broken


def changed(**how: Callable[[Outgoing, Broken], Any]) -> Wrong:
    """A mistake that sends something else than was asked."""

    async def wrong(self: Broken, send: Send, out: Outgoing) -> Outcome:
        return await send(replace(out, **{name: make(out, self) for name, make in how.items()}))

    return wrong


def answered(**how: Any) -> Wrong:
    """A mistake in what is said of an ending."""

    async def wrong(self: Broken, send: Send, out: Outgoing) -> Outcome:
        outcome = await send(out)
        return replace(outcome, **{k: v for k, v in how.items() if k in outcome.__slots__})

    return wrong


async def _honest(_self: Broken, send: Send, out: Outgoing) -> Outcome:
    return await send(out)


async def _raises(self: Broken, send: Send, out: Outgoing) -> Outcome:
    out.may_leave("")
    return await send(out)


async def _gives_up(self: Broken, send: Send, out: Outgoing) -> Outcome:
    outcome = await send(out)
    return Never(why=Trouble.REFUSED) if isinstance(outcome, Later) else outcome


async def _swallows(self: Broken, send: Send, out: Outgoing) -> Outcome:
    try:
        return await send(out)
    except asyncio.CancelledError:
        return Later(why=Trouble.TIMEOUT)


async def _leaves_a_task(self: Broken, send: Send, out: Outgoing) -> Outcome:
    self.left = asyncio.create_task(asyncio.sleep(3600))
    return await send(out)


async def _talks(self: Broken, send: Send, out: Outgoing) -> Outcome:
    _log.debug("sent to %s", out.to.reveal())
    return await send(out)


async def _one_at_a_time(self: Broken, send: Send, out: Outgoing) -> Outcome:
    await asyncio.sleep(0)
    return Later(why=Trouble.BUSY) if self.under_way > 1 else await send(out)


async def _reopens(self: Broken, send: Send, out: Outgoing) -> Outcome:
    self.closed = False
    return await send(out)


async def _copies_in(self: Broken, send: Send, out: Outgoing) -> Outcome:
    if out.author is not None and "Bcc" in out.author.reveal():
        await send(replace(out, to=IVY))
    return await send(out)


async def _renames(self: Broken, send: Send, out: Outgoing) -> Outcome:
    outcome = await send(out)
    self.name = "text"
    return outcome


async def _needs_a_subject(self: Broken, send: Send, out: Outgoing) -> Outcome:
    return await send(out) if out.subject else Never(why=Trouble.REFUSED)


def _text(make: Callable[[Outgoing, Broken], str]) -> Wrong:
    return changed(text=lambda out, self: Secret(make(out, self)))


def _ascii(out: Outgoing, _: Broken) -> str:
    return out.text.reveal().encode("ascii", "replace").decode()


MISTAKES: Mapping[str, list[tuple[Wrong, World | None]]] = {
    "it_says_what_it_is": [(_renames, None)],
    "a_copy_is_read_under_the_pseudonym": [
        (changed(author=lambda out, _: Secret("somebody")), None),
        (changed(to=lambda out, _: IVY), None),
    ],
    "a_notice_bears_no_pseudonym": [(changed(author=lambda out, _: Secret("Robinson")), None)],
    "no_real_contact_is_in_a_copy": [
        (_text(lambda out, _: f"{out.text.reveal()} {out.to.reveal()}"), None)
    ],
    "copies_of_one_post_share_nothing": [
        (_text(lambda out, _: "+15552000001"), None),
        (changed(to=lambda out, _: MARA), None),
    ],
    "a_repeat_is_the_same_copy": [(_text(lambda out, self: f"attempt {self.asked}"), None)],
    "the_last_look_sees_all_that_a_reader_sees": [
        (changed(may_leave=lambda out, _: lambda text: True), None),
        (changed(may_leave=lambda out, _: lambda text: out.may_leave(out.text.reveal())), None),
    ],
    "what_has_expired_reaches_nobody": [
        (changed(expires=lambda out, _: out.expires.replace(year=2030)), None)
    ],
    "nobody_is_woken": [
        (changed(not_after=lambda out, _: None), None),
        (answered(after=None), None),
    ],
    "every_ending_has_its_outcome": [
        (_gives_up, World.BUSY),
        (_gives_up, World.GONE),
        (_gives_up, World.NONSENSE),
        (answered(unsure=True), World.BUSY),
        (answered(unsure=False), World.LOSES_ANSWER),
        (answered(unsure=False), World.HANGS),
        (answered(why=Trouble.REFUSED), World.NOBODY),
    ],
    "an_unknown_error_is_later": [(_raises, None)],
    "words_of_every_script_arrive": [(_text(_ascii), None)],
    "a_copy_without_subject_arrives": [(_needs_a_subject, None)],
    "a_private_copy_arrives": [
        (changed(author=lambda out, _: None if out.private else out.author), None)
    ],
    "pictures_never_keep_words_back": [
        (changed(text=lambda out, _: NO_WORDS if out.pictures else out.text), None)
    ],
    "nobody_can_write_into_what_is_ours": [(_copies_in, None)],
    "the_cost_is_known_before": [(answered(cost=2), None)],
    "a_bundle_arrives_whole": [(answered(cost=2), None)],
    "pages_make_up_the_whole": [(_text(lambda out, _: out.text.reveal()[:-20]), None)],
    "twenty_at_once": [(_one_at_a_time, None)],
    "cancelling_is_not_swallowed": [(_swallows, None), (_leaves_a_task, None)],
    "it_closes_for_good": [(_reopens, None)],
    "nothing_is_told_to_the_log": [(_talks, World.TAKES)],
}
"""By check, mistakes that it must catch, and in which world."""


def checks(half: type) -> set[str]:
    """The names of the checks of one half."""
    return {name.removeprefix("test_") for name in vars(half) if name.startswith("test_")}


def test_every_check_has_a_mistake_to_catch() -> None:
    """Whoever adds a check shows here what it catches."""
    assert set(MISTAKES) == checks(WayOut)
    assert set(WRONG_DOORS) == checks(WayIn)


@pytest.mark.parametrize("check", MISTAKES)
async def test_a_wrong_channel_is_caught(check: str, caplog: pytest.LogCaptureFixture) -> None:
    """The check of a promise passes for one that keeps it, and fails for each that breaks it."""
    for number, (wrong, world) in enumerate(MISTAKES[check]):
        for sender in (_honest, wrong):
            caplog.clear()
            failed = await _fails(_checked(check, sender, world, caplog))
            assert failed is (sender is wrong), (check, number)


async def _checked(check: str, wrong: Wrong, world: World | None, caplog: Any) -> None:
    """Run one check on a recorder with a mistake."""
    bench = Spoiled(
        kind="sms",
        readers=(MARA, IVY),
        places=(Secret("+15552000001"), Secret("+15552000002")),
        lights_up=True,
        priced=True,
        wrong=wrong,
    )
    method = getattr(WayOut(), f"test_{check}")
    wanted = inspect.signature(method).parameters
    found = {"bench": bench, "channel": bench.channel(), "world": world, "caplog": caplog}
    await method(**{name: value for name, value in found.items() if name in wanted})


async def _fails(check: Awaitable[None]) -> bool:
    """Whether it fails: by an assertion, a copy that is missing, or the mistake's own exception."""
    try:
        await check
    except (AssertionError, ValueError, ZeroDivisionError, pytest.fail.Exception):
        return True
    finally:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
    return False


# Ways in -----------------------------------------------------------------------------------


@dataclass
class Hatch:
    """A door that calls `Accept` at once. `wrong` names the promise that it breaks, if any."""

    wrong: str = ""
    kind: str = "sms"
    refusal_is_heard: bool = False
    people: tuple[Contact, Contact] = (MARA, IVY)
    place: Secret = field(default_factory=lambda: Secret("+15552000001"))
    said: list[str] = field(default_factory=list)
    written: int = 0

    async def open(self, accept: Accept) -> None:
        """Begin."""
        self.accept = accept

    async def write(self, text: str, *, who: int = 0, copies: int = 1) -> list[Heard]:
        """Hand it in."""
        self.written += 1
        number = self.written
        return [await self._once(text, who, number, copy) for copy in range(copies)]

    async def _once(self, text: str, who: int, number: int, copy: int) -> Heard:
        message = Inbound(
            channel=self.kind,
            provider_id=self._id(number, copy),
            sender=self.people[who],
            to=self.place,
            text=Secret(_ascii_of(text) if self.wrong == "letters" else text),
            proof=Proof.WEAK if self.wrong == "proof" else Proof.PROVEN,
        )
        if self.wrong == "hasty":
            self.said.append("yes")
        try:
            receipt = await self.accept(message)
        except RuntimeError as error:
            if self.wrong == "talks":
                _log.error("%s", error)
            self.said.append("later")
            return Heard.YES if self.wrong == "deaf" else Heard.LATER
        return self._told(receipt, who)

    def _id(self, number: int, copy: int) -> str:
        if self.wrong == "each copy":
            return f"{number}/{copy}"
        return "one" if self.wrong == "one id" else f"{number}"

    def _told(self, receipt: Receipt, who: int) -> Heard:
        tells = self.wrong == "tells" and receipt is Receipt.REFUSED
        self.said.append(f"no, {who}" if tells else "yes")
        for_ever = {"again": Receipt.AGAIN, "refused": Receipt.REFUSED, "former": Receipt.FORMER}
        return Heard.LATER if for_ever.get(self.wrong) is receipt else Heard.YES

    async def forge(self, text: str) -> None:
        """Somebody claims to be Mara."""
        if self.wrong == "believes":
            await self.write(text)

    async def close(self) -> None:
        """End."""


def _ascii_of(text: str) -> str:
    return text.encode("ascii", "replace").decode()


WRONG_DOORS: Mapping[str, tuple[str, ...]] = {
    "a_message_comes_in_whole": ("proof",),
    "yes_is_heard_only_of_what_is_durable": ("hasty",),
    "a_repeat_is_known_by_its_id": ("each copy", "one id", "again"),
    "trouble_is_later": ("deaf", "talks"),
    "outsiders_learn_nothing": ("tells", "refused"),
    "who_has_left_is_done_with": ("former",),
    "nobody_speaks_for_another": ("believes",),
    "words_of_every_script_come_in": ("letters",),
    "twenty_come_at_once": ("one id",),
}
"""By check, the mistakes that it must catch."""


@pytest.mark.parametrize("check", WRONG_DOORS)
async def test_a_wrong_door_is_caught(check: str, caplog: pytest.LogCaptureFixture) -> None:
    """The check of a promise passes for a door that keeps it, and fails for each that does not."""
    for wrong in ("", *WRONG_DOORS[check]):
        door, engine = Hatch(wrong), Engine()
        await door.open(engine.accept)
        more = {"caplog": caplog} if check == "trouble_is_later" else {}
        caplog.clear()
        failed = await _fails(getattr(WayIn(), f"test_{check}")(door, engine, **more))
        assert failed is bool(wrong), wrong
