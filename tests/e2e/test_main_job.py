"""The main job, over the real edges: signed webhooks, SMTP with DKIM, real servers, no shortcut."""

from __future__ import annotations

import asyncio

from relay.model import show_id
from tests.support.town import Town

OUTSIDER_PHONE = "+12025550199"
OUTSIDER_MAIL = "stranger@meadow.example"


def everything_received(town: Town, name: str) -> str:
    """All that one member received, raw and decoded."""
    resident = town.residents[f"Tuesday/{name}"]
    if resident.phone is not None:
        return "\n".join(f"{m.from_} {m.body}" for m in resident.phone.inbox)
    assert resident.inbox is not None
    return "\n".join(mail.everything() for mail in resident.inbox.mails)


async def test_a_text_reaches_phones_and_mailboxes(town: Town) -> None:
    """Text in, texts and mails out, under the pseudonym, from the reader's own places."""
    robin, ana, sol, ivy, theo = town.residents.values()
    assert await robin.says("hello everyone") == 200
    await town.settled()
    assert ana.got() == sol.got() == ["Robin: hello everyone"]
    assert ivy.got() == theo.got() == ["Robin: hello everyone"]
    assert robin.got() == []
    assert ana.phone is not None
    assert ana.phone.inbox[0].from_ == ana.write_to
    assert ivy.inbox is not None
    mail = ivy.inbox.mails[0]
    assert mail.signed
    assert mail.from_address == robin.member.mask.reveal()
    assert mail.to == mail.reply_to == ivy.write_to


async def test_a_mail_reaches_phones_and_mailboxes(town: Town) -> None:
    """Mail in, texts and mails out; an answer to a mail reaches everybody but its author."""
    robin, ana, sol, ivy, theo = town.residents.values()
    assert await ivy.says("Shall we meet at seven?", "Thursday") == 250
    await town.settled()
    assert theo.got() == ["Ivy: Shall we meet at seven?"]
    assert robin.got() == ana.got() == sol.got()
    assert robin.got()[0].startswith("Ivy: ")
    assert "Shall we meet at seven?" in robin.got()[0]
    assert ivy.got() == []
    assert theo.inbox is not None
    assert theo.inbox.mails[0].subject == "Thursday"
    code, _ = await theo.inbox.reply(theo.inbox.mails[0], "Seven is fine.")
    assert code == 250
    await town.settled()
    assert "Seven is fine." in ivy.got()[0]
    assert "Shall we meet" not in ivy.got()[0]
    assert len(robin.got()) == 2


async def test_nobody_sees_a_real_contact(town: Town) -> None:
    """In nothing anybody received stands a real number, address or name of another member."""
    for resident in list(town.residents.values()):
        await resident.says(f"a word from {resident.member.name.reveal()}", "a subject")
        await town.settled()
    real = {
        name: [r.contact, r.contact.lstrip("+"), r.inbox.name if r.inbox else r.contact]
        for name, r in town.residents.items()
    }
    for name in town.residents:
        seen = everything_received(town, name.partition("/")[2])
        assert seen
        others = [word for other, words in real.items() if other != name for word in words]
        assert not [word for word in others if word.lower() in seen.lower()]


async def test_a_person_in_two_groups_is_never_misunderstood(town: Town) -> None:
    """The same phone and the same mailbox in two groups: each way in leads to one group."""
    await town.group("Friday")
    robin = await town.resident("Friday", "Wren", "+12025550101")
    ivy = await town.resident("Friday", "Fern", "m.hale@willow.example")
    lou = await town.resident("Friday", "Lou", "+12025550104")
    assert robin.write_to != town.residents["Tuesday/Robin"].write_to
    assert ivy.write_to != town.residents["Tuesday/Ivy"].write_to
    await robin.says("for Friday")
    await town.residents["Tuesday/Ivy"].says("for Tuesday", "x")
    await town.settled()
    assert lou.got() == ["Wren: for Friday"]
    assert [t for t in town.residents["Tuesday/Ana"].got() if "Friday" in t] == []
    assert any("for Tuesday" in text for text in town.residents["Tuesday/Ana"].got())


async def test_a_webhook_delivered_twice_makes_one_post(town: Town) -> None:
    """The carrier's repeat of a webhook is answered like the first, and does nothing."""
    robin, ana, *_ = town.residents.values()
    town.carrier.duplicate_webhook()
    assert await robin.says("once") == 200
    await town.settled()
    assert ana.got() == ["Robin: once"]


async def test_a_mail_delivered_twice_makes_one_post(town: Town) -> None:
    """The same mail again, byte for byte: taken politely, relayed once."""
    ivy, ana = town.residents["Tuesday/Ivy"], town.residents["Tuesday/Ana"]
    from relay.demo.mailworld import signed

    raw = signed(
        b"From: m.hale@willow.example\r\nTo: " + ivy.write_to.encode() + b"\r\n"
        b"Subject: x\r\nMessage-ID: <one@willow.example>\r\nDate: "
        + _date_now()
        + b"\r\n\r\nonce\r\n",
        "willow.example",
    )
    assert ivy.inbox is not None
    answers = [await ivy.inbox.send_raw(ivy.write_to, raw) for _ in range(3)]
    assert [code for code, _ in answers] == [250, 250, 250]
    await town.settled()
    assert len(ana.got()) == 1


def _date_now() -> bytes:
    from email.utils import formatdate

    return formatdate(localtime=False).encode()


async def test_strangers_get_nowhere_and_learn_nothing(town: Town) -> None:
    """Unknown phones, mailboxes, aliases and forged members: equal answers, nothing stored."""
    robin, *_ = town.residents.values()
    ivy = town.residents["Tuesday/Ivy"]
    stranger = town.mail.inbox(OUTSIDER_MAIL)
    assert await town.carrier.phone(OUTSIDER_PHONE).text(robin.write_to, "hi") == 200
    answers = [
        await stranger.write(ivy.write_to, "hi", "hi"),
        await stranger.write("abcdefghjkmnpqrs@relay.example", "hi", "hi"),
        await stranger.write(ivy.write_to, "hi", "hi", from_address=ivy.contact),
        await stranger.write(ivy.write_to, "hi", "hi", from_address=ivy.contact, sign=False),
    ]
    assert len(set(answers)) == 1
    assert answers[0][0] == 550
    assert await town.is_empty()
    assert all(resident.got() == [] for resident in town.residents.values())
    assert town.carrier.phone(OUTSIDER_PHONE).inbox == []
    assert stranger.mails == []


async def test_a_removed_member_is_a_stranger(town: Town) -> None:
    """Removed while the relay runs: she gets nothing more, and writing is a stranger's writing."""
    robin, ana, *_ = town.residents.values()
    ivy = town.residents["Tuesday/Ivy"]
    for gone in (ana, ivy):
        await town.inside(lambda e, gone=gone: e.registrar.remove_member(show_id(gone.member.id)))
    await robin.says("after")
    assert await ana.says("am I heard?") == 200
    stranger = await town.mail.inbox(OUTSIDER_MAIL).write(ivy.write_to, "hi", "hi")
    assert ivy.inbox is not None
    assert await ivy.inbox.write(ivy.write_to, "hi", "hi") == stranger
    await town.settled()
    assert ana.got() == ivy.got() == []
    assert town.residents["Tuesday/Sol"].got() == ["Robin: after"]


async def test_trouble_outside_delays_only_whom_it_concerns(town: Town) -> None:
    """A mail host that refuses one reader for good does not keep the others from their copies."""
    robin, ana, *_ = town.residents.values()
    theo = town.residents["Tuesday/Theo"]
    town.mail.fail(rcpt="m.hale@willow.example", code=550, stage="rcpt")
    await robin.says("hello")
    await town.settled()
    assert ana.got() == theo.got() == ["Robin: hello"]
    (told,) = robin.got()
    assert "not" in told
    assert "willow" not in told


async def test_many_at_once_all_arrive_once(town: Town) -> None:
    """Fifty posts from all sides at the same time: each reader gets each once."""
    people = list(town.residents.values())
    await asyncio.gather(
        *(person.says(f"note {n}", f"note {n}") for n, person in enumerate(people * 10))
    )
    await town.settled(60)
    for index, person in enumerate(people):
        expected = {n for n in range(50) if n % 5 != index}
        got = sorted(int(text.rpartition("note ")[2]) for text in person.got())
        assert got == sorted(expected)
