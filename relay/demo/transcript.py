"""A fixed conversation, played through the same servers as the page, printed and reckoned up.

Five members write by text and by mail, one of them answers a mail, one writes in another script;
a stranger texts the proxy number and a stranger mails an alias, which must lead to nothing. At the
end every message must have arrived exactly where it must and nowhere else, under the pseudonym,
and no real contact of another member may be in anything anybody received, raw or decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from relay.demo.carrier import TextMessage
from relay.demo.mailworld import Mail
from relay.demo.stage import Item, NotTakenError, Stage, shown

STRANGERS_PHONE = "+13035550187"
STRANGERS_ADDRESS = "stranger@meadow.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one member writes; `answers` is the words of the mail it is a reply to."""

    who: str
    text: str
    subject: str = ""
    answers: str = ""


OPENING = (
    Line(who="Robin", text="Hello everyone. Good to be back."),
    Line(who="Ivy", subject="Thursday", text="Shall we meet at seven on Thursday?"),
    Line(who="Theo", text="Seven is fine. I will bring tea.", answers="meet at seven"),
    Line(who="Ana", text="Спасибо вам всем. Сегодня легче 🌿"),
)
CLOSING = Line(who="Sol", text="Good night, all.")
"""Written after the strangers: when it has arrived, whatever they caused would have too."""


@dataclass(slots=True, kw_only=True)
class _Play:
    """One run: the stage, what should have arrived where, and what went wrong."""

    stage: Stage
    seconds: float
    out: Callable[[str], None]
    said: list[Line] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def play(stage: Stage, *, seconds: float = 20.0, out: Callable[[str], None] = print) -> bool:
    """Play it on a started stage. True only if all arrived where it must and nowhere else.

    `seconds` is how long one message may take to reach everybody before it counts as lost.
    """
    run = _Play(stage=stage, seconds=seconds, out=out)
    _introduce(run)
    for line in OPENING:
        await _say(run, line)
    await _strangers(run)
    await _say(run, CLOSING)
    try:
        await stage.settled(seconds)
    except TimeoutError:
        run.wrong.append("The relay still holds something.")
    for name in stage.roles:
        _reckon(run, name)
    _nowhere_else(run)
    run.wrong += [f"{leak}." for leak in stage.leaks]
    return _sum_up(run)


def _introduce(run: _Play) -> None:
    for name, member in run.stage.members.items():
        verb = "texts" if member.channel == "sms" else "mails"
        run.out(f"{name:<6} is {shown(member.contact)} and {verb} {shown(member.write_to)}")


async def _say(run: _Play, line: Line) -> None:
    stage, name = run.stage, line.who
    by_mail = stage.roles[name].channel == "email"
    how = "answers a mail" if line.answers else "mails" if by_mail else "texts"
    title = f"{line.subject} | " if line.subject else ""
    run.out(f"\n{name} {how}: {title}{line.text}")
    run.said.append(line)
    before = {reader: len(stage.box(reader)) for reader in stage.roles}
    try:
        await stage.say(name, line.text, subject=line.subject, reply_to=_mail_to_answer(run, line))
    except NotTakenError as error:
        run.wrong.append(f"{name}: {error}")
        return
    with suppress(TimeoutError):  # what is missing is named at the end
        await stage.until(lambda: _all_have_more(stage, before, name), run.seconds)
    for reader, had in before.items():
        for item in stage.box(reader)[had:]:
            run.out(f"  {_device(stage, reader):<13} {_shown(item)}")


def _mail_to_answer(run: _Play, line: Line) -> str | None:
    """The mail with the words that are answered, on the writer's device."""
    if not line.answers:
        return None
    items: Sequence[Item] = run.stage.items[line.who]
    found = [item.id for item in items if item.mail is not None and line.answers in item.text]
    if not found:
        run.wrong.append(f"{line.who} never got the mail to answer.")
    return found[0] if found else None


def _all_have_more(stage: Stage, before: dict[str, int], author: str) -> bool:
    return all(len(stage.box(name)) > had for name, had in before.items() if name != author)


async def _strangers(run: _Play) -> None:
    """Outsiders write to a member's number and alias. The alias must not be told from any other."""
    stage = run.stage
    number = stage.members["Robin"].write_to
    alias = stage.members["Ivy"].write_to
    status = await stage.carrier.phone(STRANGERS_PHONE).text(number, "Who is this?")
    run.out(f"\nA stranger texts {shown(number)}: Who is this?\n  the carrier is told {status}")
    box = stage.mail.inbox(STRANGERS_ADDRESS, name="A Stranger")
    told = await box.write(alias, "Hello", "Who are you?")
    nobody = await box.write(f"no-such-alias@{alias.rpartition('@')[2]}", "Hello", "Who are you?")
    run.out(f"\nA stranger mails Ivy's alias: Who are you?\n  the relay says {told[0]} {told[1]}")
    if told[0] != 550:
        run.wrong.append("A stranger's mail was not refused with 550.")
    if told != nobody:
        run.wrong.append("A stranger can tell an alias from an address that does not exist.")


def _reckon(run: _Play, name: str) -> None:
    """Compare what one member received with what she must have: once each, nothing more."""
    due = [line for line in run.said if line.who != name]
    for item in run.stage.box(name):
        match = next((line for line in due if _is_copy(run.stage, name, item, line)), None)
        if match is None:
            run.wrong.append(f"{_device(run.stage, name)} shows what it should not: {_shown(item)}")
        else:
            due.remove(match)
    run.wrong += [f"{_device(run.stage, name)} lacks what {line.who} wrote." for line in due]


def _is_copy(stage: Stage, reader: str, item: Mail | TextMessage, line: Line) -> bool:
    """Whether this is the line as this reader must see it."""
    write_to = stage.members[reader].write_to
    if not isinstance(item, Mail):
        begins = item.body.startswith(f"{line.who}: ")
        return begins and line.text in item.body and item.from_ == write_to
    return (
        line.text in item.text
        and (item.from_name, item.from_address) == (line.who, stage.members[line.who].mask)
        and (item.to, item.reply_to) == (write_to, write_to)
        and item.signed
    )


def _nowhere_else(run: _Play) -> None:
    contacts = {role.contact for role in run.stage.roles.values()}
    strays = [text for text in run.stage.carrier.delivered if text.to not in contacts]
    run.wrong += [f"Somebody outside the group got a text: {_shown(text)}" for text in strays]
    lost = [mail for mail in run.stage.mail.mails if mail.recipient.lower() not in contacts]
    run.wrong += [f"Somebody outside the group got a mail: {_shown(mail)}" for mail in lost]


def _sum_up(run: _Play) -> bool:
    number = sum(len(run.stage.box(name)) for name in run.stage.roles)
    due = len(run.said) * (len(run.stage.roles) - 1)
    run.out(f"\n{number} copies arrived, {due} were due.")
    if run.wrong:
        run.out("\n".join(["Wrong:", *(f"  {sentence}" for sentence in run.wrong)]))
        return False
    run.out(
        "Every message arrived where it must and nowhere else; no real contact in any;"
        " the relay holds nothing."
    )
    return True


def _device(stage: Stage, name: str) -> str:
    return f"{name}'s {'phone' if stage.roles[name].channel == 'sms' else 'inbox'}"


def _shown(item: Mail | TextMessage) -> str:
    if not isinstance(item, Mail):
        return f"from {shown(item.from_)}  {item.body}"
    text = " / ".join(line for line in item.text.splitlines() if line)
    mark = "signed" if item.signed else "not signed"
    return f'from "{item.from_name}" <{item.from_address}>, {mark}  {item.subject} | {text}'
