"""Mail over the real edges: threads, proof, unsubscribing, bounces, private words, pictures."""

from __future__ import annotations

import email
import io
import re
from email.message import EmailMessage

import aiohttp
from PIL import Image

from relay import wording
from relay.demo.mailworld import Mail
from relay.model import show_id
from tests.support.town import Resident, Town


def _mail(resident: Resident, at: int = -1) -> Mail:
    assert resident.inbox is not None
    return resident.inbox.mails[at]


def _head(mail: Mail, name: str) -> str:
    return " ".join(str(email.message_from_bytes(mail.raw)[name] or "").split())


async def _fern(town: Town) -> Resident:
    """A third member by mail, at a small host that signs nothing and publishes no rule."""
    town.mail.add_domain("creek.example", dmarc="v=DMARC1; p=none")
    return await town.resident("Tuesday", "Fern", "f.moor@creek.example")


async def test_a_talk_by_mail_is_one_thread(town: Town) -> None:
    """In each reader's mailbox an answer points at ids of that mailbox, under one subject."""
    *_, ivy, theo = town.residents.values()
    fern = await _fern(town)
    assert await ivy.says("Tea at mine?", "Tea") == 250
    await town.settled()
    assert theo.inbox is not None
    await theo.inbox.reply(_mail(theo), "I bring cake.")
    await town.settled()
    first, answer = _mail(fern, 0), _mail(fern, 1)
    assert _head(answer, "In-Reply-To") == _head(first, "Message-ID")
    assert answer.subject == "Re: Tea"
    assert fern.inbox is not None
    ids = [_head(_mail(one), "Message-ID") for one in (theo, fern, ivy)]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"<[a-z2-7]{26}@relay\.example>", one) for one in ids)


async def test_an_unsigned_mail_is_confirmed_by_an_answer(town: Town) -> None:
    """Held until she has answered from her mailbox; then it reaches phones and mailboxes."""
    robin, *_ = town.residents.values()
    fern = await _fern(town)
    assert fern.inbox is not None
    code, _ = await fern.inbox.write(fern.write_to, "Hello", "It is me.", sign=False)
    assert code == 250
    await town.settled()
    assert robin.got() == []
    question = _mail(fern)
    assert wording.CONFIRM in " ".join(question.text.split())
    code, _ = await fern.inbox.reply(question, "Yes", sign=False)
    assert code == 250
    await town.settled()
    assert len(robin.got()) == 1
    assert robin.got()[0].endswith("It is me.")


async def test_a_forgery_is_a_strangers_mail(town: Town) -> None:
    """Ivy's host disowns what it did not sign: the answer is the one an unknown alias gets."""
    robin, *_, ivy, _ = town.residents.values()
    assert ivy.inbox is not None
    forged = await ivy.inbox.write(ivy.write_to, "Hello", "It is me.", sign=False)
    nowhere = await ivy.inbox.write("abcdefgh@relay.example", "Hello", "It is me.")
    assert forged == nowhere
    assert forged[0] == 550
    await town.settled()
    assert robin.got() == ivy.got() == []


async def test_one_click_ends_it(town: Town) -> None:
    """`GET` shows a button and does nothing; `POST` acts; the page is the same for any token."""
    robin, *_, ivy, theo = town.residents.values()
    await robin.says("one")
    await town.settled()
    links = _head(_mail(ivy), "List-Unsubscribe")
    assert _head(_mail(ivy), "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    url = re.findall(r"<(https?:[^>]+)>", links)[0]
    form = {"List-Unsubscribe": "One-Click"}
    async with aiohttp.ClientSession() as http:
        looked = [await (await http.get(u)).text() for u in (url, url[:-26] + "a" * 26)]
        await robin.says("two")
        await town.settled()
        acted = []
        for u in (url, url, url[:-26] + "a" * 26):
            async with http.post(u, data=form, allow_redirects=False) as answer:
                acted.append((answer.status, await answer.text()))
    await robin.says("three")
    await town.settled()
    assert looked[0] == looked[1]
    assert "<button" in looked[0]
    assert set(acted) == {(200, acted[0][1])}
    assert [text.partition(": ")[2] for text in ivy.got()[:2]] == ["one", "two"]
    assert wording.UNSUBSCRIBED in " ".join(ivy.got()[2].split())
    assert len(ivy.got()) == 3
    assert len(theo.got()) == 3


async def test_a_mail_to_the_link_ends_it(town: Town) -> None:
    """The mailto form of the link works too, from any mailbox, because the token is the key."""
    robin, *_, ivy, theo = town.residents.values()
    await robin.says("one")
    await town.settled()
    (address,) = re.findall(r"<mailto:([^>]+)>", _head(_mail(ivy), "List-Unsubscribe"))
    assert theo.inbox is not None
    code, _ = await theo.inbox.write(address, "", "", sign=False)
    assert code == 250
    await robin.says("two")
    await town.settled()
    assert wording.UNSUBSCRIBED in " ".join(ivy.got()[1].split())
    assert len(ivy.got()) == 2


async def test_a_bounce_comes_home(town: Town) -> None:
    """A report that her mailbox is gone ends her mail; the group sees nothing of it."""
    robin, *_, ivy, theo = town.residents.values()
    ana = await town.resident("Tuesday", "Wren", "+12025550109", facilitator=True)
    await robin.says("one")
    await town.settled()
    assert ivy.inbox is not None
    path = _mail(ivy).mail_from
    assert re.fullmatch(r"bounce\+[a-z2-7]{26}@relay\.example", path)
    code, _ = await ivy.inbox.send_raw(path, _report(path, ivy.contact), mail_from="")
    assert code == 250
    await robin.says("two")
    await town.settled()
    assert len(ivy.got()) == 1
    assert len(theo.got()) == 2
    assert wording.UNREACHABLE.format(name="Ivy") in ana.got()


def _report(to: str, address: str) -> bytes:
    """A delivery report of her mail host (RFC 3464)."""
    lines = f"""\
From: MAILER-DAEMON@willow.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver it.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.willow.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user
--b--
"""
    return lines.replace("\n", "\r\n").encode()


async def test_a_mask_can_be_written_to(town: Town) -> None:
    """Where the group allows it, a mail to a mask waits for a yes, and reaches one member.

    So does her answer.
    """
    robin, *_, ivy, theo = town.residents.values()
    await town.inside(lambda e: e.registrar.change_group("Tuesday", {"private": "on"}))
    assert ivy.inbox is not None
    assert theo.inbox is not None
    code, _ = await ivy.inbox.write(theo.member.mask.reveal(), "Just you", "Are you well?")
    assert code == 250
    await town.settled()
    assert [mail.from_name for mail in theo.inbox.mails if mail.from_name == "Ivy"] == []
    await theo.inbox.write(theo.write_to, "Yes", "ACCEPT Ivy")
    await town.settled()
    private = next(mail for mail in theo.inbox.mails if mail.from_name == "Ivy")
    assert private.reply_to == ivy.member.mask.reveal() == private.from_address
    await theo.inbox.reply(private, "Yes, thank you.")
    await town.settled()
    assert ivy.got()[-1] == "Theo: Yes, thank you."
    assert robin.got() == []


async def test_pictures_are_made_anew(town: Town) -> None:
    """Where the group wants them, pictures cross without what the camera wrote into them."""
    robin, *_, ivy, theo = town.residents.values()
    await town.inside(lambda e: e.registrar.change_group("Tuesday", {"pictures": "on"}))
    exif = Image.Exif()
    exif[0x013B] = "Mara Hale"
    photo = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(photo, "JPEG", exif=exif)
    files = [("IMG_MaraHale.jpg", photo.getvalue()), ("mara.vcf", b"BEGIN:VCARD\nFN:Mara Hale\n")]
    assert ivy.inbox is not None
    code, _ = await ivy.inbox.write(ivy.write_to, "Look", "My garden", files=files)
    assert code == 250
    await town.settled()
    message = email.message_from_bytes(_mail(theo).raw, _class=EmailMessage)
    (picture,) = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert picture.get_filename() == "picture-1.jpg"
    content = picture.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert Image.open(io.BytesIO(content)).size == (40, 30)
    assert b"Mara" not in content
    assert "Hale" not in _mail(theo).everything()
    assert robin.got() == ["Ivy: Look\nMy garden (picture sent to mail readers)"]
    assert ivy.got() == [f"Group relay: {wording.SOME_FILES}"]


async def test_her_own_number_does_not_cross(town: Town) -> None:
    """What she writes of herself is replaced for all readers, and she alone is told."""
    robin, *_, ivy, theo = town.residents.values()
    await ivy.says("Call me: m . hale (at) willow . example", "M.Hale@willow.example")
    await town.settled()
    for reader in (robin, theo):
        assert "hale" not in "".join(reader.got()).lower()
    assert "willow" not in _mail(theo).everything().lower()
    assert wording.MASKED_YOURS in " ".join(ivy.got()[0].split())


async def test_a_removed_members_mask_and_alias_are_nothing(town: Town) -> None:
    """After she left, her places answer as places that never were."""
    *_, ivy, theo = town.residents.values()
    await town.inside(lambda e: e.registrar.remove_member(show_id(theo.member.id)))
    assert ivy.inbox is not None
    assert theo.inbox is not None
    gone = await ivy.inbox.write(theo.member.mask.reveal(), "x", "hello")
    never = await ivy.inbox.write("qqqqqqqqqqqq@relay.example", "x", "hello")
    hers = await theo.inbox.write(theo.write_to, "x", "hello")
    assert gone == never == hers
    assert gone[0] == 550
