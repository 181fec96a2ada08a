"""Machines and people at the SMTP edge: no machine reaches the group, every person does."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from channels.contract import Trait
from channels.mail.listen import REFUSED, TAKEN
from channels.mail.parse import Parsed, parse
from tests.channels.mail.edgeside import edge, post
from tests.channels.mail.mailside import ALIAS, DOMAIN, MARA, mail, signed

DEFAULT = Path(__file__).resolve().parents[4] / "shared" / "corpus"
CORPUS = Path(os.environ.get("RELAY_CORPUS", DEFAULT))


@dataclass(frozen=True)
class Case:
    """A message to Mara's alias, properly signed: only its being a machine's can stop it."""

    heads: dict[str, str | None] = field(default_factory=dict)
    body: str = "I will be back on Monday.\r\n"
    sender: str = MARA

    def raw(self) -> bytes:
        """Its octets, signed."""
        body = self.body.replace("\r\n", "\n").replace("\n", "\r\n")
        return signed(mail(body, **self.heads))


def head(**heads: str | None) -> Case:
    """One with these headers."""
    return Case(heads)


def about(subject: str, body: str = "Back soon.\r\n") -> Case:
    """One with this subject and these words, and no header that tells."""
    return Case({"Subject": subject}, body)


def parts(kind: str, *inner: str, subject: str = "Tuesday") -> Case:
    """A multipart of `kind` whose parts are given with their headers."""
    body = "".join(f"--b\n{one}\n" for one in inner) + "--b--\n"
    return Case(
        {
            "Content-Type": f'{kind}; boundary="b"',
            "MIME-Version": "1.0",
            "Subject": subject,
        },
        body,
    )


PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
DSN_PART = (
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.willow.example\n\n"
    "Final-Recipient: rfc822; robin@birch.example\nAction: failed\nStatus: 5.1.1\n"
)
MDN_PART = (
    "Content-Type: message/disposition-notification\n\nReporting-UA: willow; Mail\n"
    "Final-Recipient: rfc822; mara@willow.example\nDisposition: manual-action/MDN-sent-manually;"
    " displayed\n"
)
ARF_PART = "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
GONE = "I am out of the office with limited access to e-mail. In urgent cases call +1 555 0100.\n"
REPLY_ICS = "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nATTENDEE:mailto:mara@willow.example\n"

HEADERS = {
    "RFC 3834 replied": head(Auto_Submitted="auto-replied"),
    "RFC 3834 generated": head(Auto_Submitted="auto-generated"),
    "RFC 5436 notified": head(Auto_Submitted="auto-notified; owner-email=x"),
    "RFC 3834 with a comment": head(Auto_Submitted="auto-replied (vacation)"),
    "RFC 3834 misspelt": head(Auto_Submitted="yes"),
    "precedence bulk": head(Precedence="bulk"),
    "precedence junk": head(Precedence="Junk"),
    "precedence list": head(Precedence="list"),
    "precedence auto_reply": head(Precedence="auto_reply"),
    "list id": head(List_Id="Gardeners <garden.willow.example>"),
    "list unsubscribe": head(List_Unsubscribe="<mailto:off@willow.example>"),
    "list post": head(List_Post="<mailto:garden@willow.example>"),
    "list help": head(List_Help="<https://willow.example/help>"),
    "mailing list": head(Mailing_List="list garden@willow.example; contact x"),
    "been there": head(X_BeenThere="garden@willow.example"),
    "google group": head(X_Google_Group_Id="123456"),
    "feedback id of a bulk mailer": head(Feedback_ID="77:12:campaign:bigsender"),
    "feedback id of a sending service": head(Feedback_ID="1.us-east-1.x=:AmazonSES"),
    "campaign": head(X_Campaign="spring"),
    "campaign id": head(X_CampaignID="mailchimp1234"),
    "bulk mailer": head(X_Mailer="MailChimp Mailer - **CID1234**"),
    "phplist": head(X_Mailer="phplist v3.6"),
    "a script": head(X_Mailer="PHP/8.2.1"),
    "x-autoreply": head(X_Autoreply="yes"),
    "x-autorespond": head(X_Autorespond="Tuesday"),
    "x-autoresponder": head(X_AutoResponder="1"),
    "x-auto-reply-from": head(X_Auto_Reply_From="mara@willow.example"),
    "autoforward": head(Auto_Forwarded="true"),
    "vacation(1)": head(Delivered_By_The_Graces_Of="The Vacation program"),
    "vacation mailer": head(X_Mailer="vacation 1.2.7"),
    "first class": head(X_FC_MachineGenerated="true"),
    "cron": head(X_Cron_Env="<SHELL=/bin/sh>", Subject="Cron <mara@host> backup"),
    "bounce header": head(X_Failed_Recipients="robin@birch.example"),
    "exchange rule": head(X_MS_Exchange_Inbox_Rules_Loop="mara@willow.example"),
    "exchange rule agent": head(X_MS_Exchange_Generated_Message_Source="Mailbox Rules Agent"),
    "exchange class": head(Content_Class="urn:content-classes:mdn"),
    "loop mark": head(X_Loop="mara@willow.example"),
    "return path is null": head(Return_Path="<>"),
    "challenge service": head(X_Boxbe_Challenge="1"),
    "our list id": head(List_Id=f"<abcdefghijklmnopqrstuvwxyz.{DOMAIN}>"),
    "our message id": head(Message_ID=f"<abcdefghijklmnopqrstuvwxyz@{DOMAIN}>"),
    "hop that left us": head(Received=f"from mx.{DOMAIN} ([192.0.2.1]) by mail.willow.example; x"),
    "from us": head(From=f"Robin <robin9@{DOMAIN}>"),
    "sent by us": head(Sender=f"robin9@{DOMAIN}"),
    "noreply": head(From="No Reply <no-reply@willow.example>"),
    "donotreply": head(From="donotreply@willow.example"),
    "noreply with a tag": head(From="shop-noreply+1234@willow.example"),
    "nicht antworten": head(From="nicht-antworten@willow.example"),
    "ne pas repondre": head(From="ne-pas-repondre@willow.example"),
    "no responder": head(From="no-responder@willow.example"),
    "mailer daemon": head(From="Mail Delivery System <MAILER-DAEMON@willow.example>"),
    "list owner": head(Sender="garden-bounces@willow.example"),
    "autoreply address": head(From="auto-reply@willow.example"),
    "null sender": Case(sender=""),
}
SUBJECTS = {
    subject: about(subject)
    for subject in (
        *("Automatic reply: Tuesday", "AUTOMATIC REPLY", "Auto-Reply: Tuesday", "Autoreply: x"),
        *("Out of Office: Tuesday", "Out of the office", "Out of Office AutoReply: Tuesday"),
        *("[Auto-Reply] Tuesday", "Tuesday [Out of Office]", "Automated response: Tuesday"),
        *("Vacation reply: Tuesday", "AUTO: Mara is out of the office (returning 05.01.2027)"),
        *("Mara Finch is out of the office until Monday", "Out of office until 5 January"),
        *("Automatic reply Re: Tuesday", "=?utf-8?q?Out_of_Office=3A_Tuesday?="),
        *("Respuesta automática: martes", "Respuesta automatica: martes"),
        *(
            "Fuera de la oficina: martes",
            "Fuera de oficina",
            "Estoy fuera de la oficina hasta el 5",
        ),
        *("Réponse automatique : mardi", "Reponse automatique: mardi", "Absence du bureau : mardi"),
        *("Absente du bureau: mardi", "Message d’absence : mardi"),
        *("Automatische Antwort: Dienstag", "Abwesenheitsnotiz: Dienstag", "Abwesenheitsnotiz"),
        *("Automatische Antwort auf: Dienstag", "Ich bin nicht im Büro bis Montag"),
        *("Resposta automática: terça", "Fora do escritório: terça", "Ausência temporária: terça"),
        *("رد تلقائي: الثلاثاء", "الرد التلقائي", "رد آلي: الثلاثاء", "خارج المكتب: الثلاثاء"),
        *(
            "自动回复: 星期二",
            "自动回复：星期二",
            "自动答复: 星期二",
            "【自动回复】星期二",
            "不在办公室：星期二",
        ),
        *(
            "自動回覆: 星期二",
            "स्वचालित उत्तर: मंगलवार",
            "स्वचालित जवाब: मंगलवार",
            "कार्यालय से बाहर: मंगलवार",
        ),
        *(
            "Risposta automatica: martedì",
            "Fuori ufficio: martedì",
            "Automatisch antwoord: dinsdag",
        ),
        *("Odpowiedź automatyczna: wtorek", "Autosvar: tisdag", "Automatiskt svar: tisdag"),
    )
}
WITH_WORDS = {
    "away, and the words for it": about("On vacation", GONE),
    "thanks, and a ticket": about(
        "Thank you for your message", "We have received your message. A ticket was created.\n"
    ),
    "received, automated": about(
        "Your message to us", "This is an automated reply, please do not reply to this email.\n"
    ),
    "im Urlaub": about(
        "Im Urlaub",
        "Ich bin im Urlaub. Ihre E-Mail wird nicht weitergeleitet. Dringend? Bitte"
        " wenden Sie sich an 030 1234.\n",
    ),
    "en congés": about("Absence", "Je suis en congés. Je vous répondrai dès mon retour.\n"),
    "vacaciones": about("De vacaciones", "Le responderé a mi regreso.\n"),
    "férias": about("Férias", "Estou de férias e responderei quando voltar.\n"),
    "إجازة": about("إجازة", "أنا في إجازة وسوف أرد عند عودتي.\n"),
    "休假": about("休假", "我正在休假，回来后会尽快回复。\n"),
    "छुट्टी": about("छुट्टी", "मैं छुट्टी पर हूँ। जरूरी हो तो कृपया संपर्क करें।\n"),
    "only the words": about("Re: Tuesday", GONE),
    "away, and Exchange's header": Case(
        {"Subject": "Away", "X-Auto-Response-Suppress": "OOF, AutoReply"}, "Bye.\n"
    ),
    "a bounce in plain words": about(
        "Undeliverable: Tuesday", "Your message could not be delivered. 550 5.1.1 User unknown\n"
    ),
    "a bounce of qmail": about("failure notice", "Hi. This is the qmail-send program.\n"),
    "a bounce of Exim": about(
        "Mail delivery failed: returning message to sender", "A message that you sent\n"
    ),
    "a bounce of Postfix": about("Undelivered Mail Returned to Sender"),
    "a bounce of Gmail": about("Delivery Status Notification (Failure)"),
    "a delay of Gmail": about("Delivery Status Notification (Delay)"),
    "Unzustellbar": about("Unzustellbar: Dienstag", "Die Nachricht wurde nicht zugestellt.\n"),
    "退信": about("系统退信", "您的邮件无法送达。\n"),
    "read, in words": about(
        "Read: Tuesday", "Your message\n\nTo: Mara\nSubject: Tuesday\n\nwas read on Monday.\n"
    ),
    "gelesen, in words": about(
        "Gelesen: Dienstag", "Ihre Nachricht\n\n  An: Mara\n\nwurde am Montag gelesen.\n"
    ),
    "read, and nothing else": about("Read: Tuesday", ""),
    "accepted, and nothing else": about("Accepted: Coffee", ""),
    "challenge": about(
        "Please confirm your message", "Click https://willow.example/c/1 to prove you are human.\n"
    ),
    "verification": about(
        "Re: Tuesday (your email requires verification)",
        "To verify, open https://willow.example/verify\n",
    ),
    "abuse service": about("complaint about message from 192.0.2.1", "See below.\n"),
}
REACTIONS = {
    text[:40]: Case({"Subject": subject, "In-Reply-To": "<1@x>"}, text + "\n")
    for subject, text in (
        ("", "Liked “See you all on Tuesday”"),
        ("Re: Tuesday", "Loved “See you all on Tuesday, and bring the…"),
        ("Re:", 'Laughed at "the cat"'),
        ("", "Emphasized “Thank you”"),
        ("", "Questioned “Thank you”"),
        ("", "Disliked an image"),
        ("", "Removed a heart from “Thank you”"),
        ("", "Reacted 😂 to “the cat”"),
        ("", "👍 to “See you all”"),
        ("RE: Tuesday", "Le gustó “Nos vemos el martes”"),
        ("RE: Tuesday", "A aimé « À mardi »"),
        ("Re: Tuesday", "👍 Mara Finch reacted via Gmail"),
        ("Re: Tuesday", "❤️ Mara Finch hat über Gmail reagiert"),
        ("Re: Tuesday", "👍 Mara Finch reacted to your message:"),
    )
}
STRUCTURES = {
    "delivery report": parts("multipart/report; report-type=delivery-status", PLAIN, DSN_PART),
    "read receipt": parts(
        "multipart/report; report-type=disposition-notification", PLAIN, MDN_PART, subject="Read: x"
    ),
    "complaint": parts("multipart/report; report-type=feedback-report", PLAIN, ARF_PART),
    "report of a new kind": parts("multipart/report; report-type=brand-new", PLAIN),
    "report called mixed": parts("multipart/mixed", PLAIN + "Sorry.", DSN_PART),
    "receipt called mixed": parts("multipart/mixed", PLAIN + "Read.", MDN_PART),
    "headers of a returned message": parts(
        "multipart/mixed", PLAIN + "Sorry.", "Content-Type: text/rfc822-headers\n\nFrom: x@y\n"
    ),
    "Gmail reaction": parts(
        "multipart/alternative",
        PLAIN + "Mara reacted",
        'Content-Type: text/vnd.google.email-reaction+json\n\n{"version":1,"emoji":"x"}\n',
    ),
    "Gmail reaction alone": head(
        Content_Type="text/vnd.google.email-reaction+json", MIME_Version="1.0"
    ),
    "RFC 9078 reaction": Case(
        {"Content-Disposition": "reaction", "MIME-Version": "1.0", "In-Reply-To": "<1@x>"}, "😀\n"
    ),
    "meeting accepted": parts(
        "multipart/alternative",
        PLAIN + "Mara has accepted this invitation.",
        "Content-Type: text/calendar; method=REPLY\n\n" + REPLY_ICS,
    ),
    "meeting accepted, method inside": parts(
        "multipart/mixed", PLAIN + "Yes.", "Content-Type: text/calendar\n\n" + REPLY_ICS
    ),
    "meeting accepted by Outlook": parts(
        "multipart/mixed",
        PLAIN,
        "Content-Type: application/ms-tnef\nContent-Disposition: attachment\n\nx\n",
        subject="Accepted: Coffee",
    ),
    "more hops than a message can have": Case(
        {"Subject": "Tuesday\r\n" + "\r\n".join(f"Received: by h{n}" for n in range(31))}
    ),
}
ROBOTS = HEADERS | SUBJECTS | WITH_WORDS | REACTIONS | STRUCTURES

HUMAN_SUBJECTS = (
    *("Re: Out of office again, ugh", "Automatic payment worries", "Away from him at last"),
    *("Re: Automatic reply: Tuesday", "Auto repair costs", "Autonomy", "Automatic for the people"),
    *("Out of the office politics", "Out of office hours help?", "Vacation from my own head"),
    *("On leave from my marriage", "Holiday dread", "Absence makes the heart", "Away for a bit"),
    *("Thank you for your message", "Thanks for contacting me", "Your message made me cry"),
    *("I received your card", "Undeliverable feelings", "Returned mail from his lawyer"),
    *("Failure notice from life", "Rejected: my visa", "Read: The Body Keeps the Score"),
    *(
        "Accepted: my new job!",
        "Declined: again",
        "Delivered: a healthy girl",
        "Cancelled: my party",
    ),
    *("Please confirm you got this", "Verification", "Challenge accepted", "List of hotlines"),
    *("Abuse report to the police", "Newsletter idea", "Confirm your worth", "No reply from her"),
    *("Ausente de mí misma", "Fuera de su casa, por fin", "Vacaciones con miedo"),
    *("Gracias por tu mensaje", "Absence de mon père", "Merci pour tout", "En congé de lui"),
    *(
        "Abwesenheit meines Vaters",
        "Automatisch wütend",
        "Urlaub ohne ihn",
        "Vielen Dank für alles",
    ),
    *("Férias sozinha", "Obrigada por tudo", "Ausência da minha mãe"),
    *("خارج البيت أخيرا", "شكرا لكم جميعا", "إجازة بدون خوف"),
    *("自动回复让我难过", "休假的感觉", "谢谢您的话", "外出走走"),
    *("छुट्टी पर अकेली", "धन्यवाद सबको", "Poza domem", "Semester utan honom", "Grazie per tutto"),
)
HUMAN_HEADS = {
    "suppresses answers": head(X_Auto_Response_Suppress="All"),
    "says it is no machine": head(Auto_Submitted="no"),
    "says so with a comment": head(Auto_Submitted="no (typed)"),
    "first class": head(Precedence="first-class"),
    "says no": head(X_Autoreply="no"),
    "Fastmail's feedback id": head(Feedback_ID="i1234abcd:Fastmail"),
    "Zoho's feedback id": head(Feedback_ID="rr0801:zu0801:rf0801:ZohoMail"),
    "QQ's feedback id": head(Feedback_ID="foxmail.com:qybg:qybg1:2"),
    "Amazon's mailboxes for people": head(
        Feedback_ID="1.us-east-1.x=:AmazonSES", X_Wm_Sent_Timestamp="1700000000"
    ),
    "wants a receipt": head(Disposition_Notification_To=MARA, Return_Receipt_To=MARA),
    "allows reactions": head(X_MS_Reactions="allow"),
    "importance": head(X_Priority="1", Importance="high"),
    "Outlook": head(
        X_MS_Exchange_Organization_AuthAs="Internal", Thread_Index="AdB", X_MS_Has_Attach=""
    ),
    "answers one of ours": head(
        In_Reply_To=f"<abcdefghijklmnopqrstuvwxyz@{DOMAIN}>", Subject="Re: Tuesday"
    ),
    "many hops": Case(
        {"Subject": "Tuesday\r\n" + "\r\n".join(f"Received: by h{n}" for n in range(12))}
    ),
    "a server of ours in front": head(
        Received=f"from mx.{DOMAIN} ([192.0.2.1]) by app.{DOMAIN}; x"
    ),
    "delivered to us": head(Received=f"from mail.willow.example by mx.{DOMAIN} for <{ALIAS}>; x"),
    "her webmail": head(User_Agent="Roundcube Webmail/1.6.0"),
    "autocrypt": head(Autocrypt="addr=mara@willow.example; keydata=AAAA"),
    "invites": parts(
        "multipart/mixed",
        PLAIN + "Coffee on Friday? I would love to see you.",
        "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\n",
    ),
    "forwards a bounce": parts(
        "multipart/mixed",
        PLAIN + "Why do I get this?",
        "Content-Type: message/rfc822\n\nAuto-Submitted: auto-replied\nContent-Type: "
        "multipart/report; boundary=c\n\n--c\n" + DSN_PART + "--c--\n",
    ),
    "signs": parts("multipart/signed; protocol=x", PLAIN + "Hello."),
}
HUMAN_WORDS = {
    text[:40]: Case({"Subject": subject}, text + "\n")
    for subject, text in (
        ("Re: Tuesday", "Loved it! Liked your “idea” a lot"),
        ("Book tip", "Loved “The Body Keeps the Score”"),
        ("", "Liked the way you said “no” to him, Robin."),
        ("Re: Tuesday", "👍"),
        ("Re: Tuesday", "❤️ to all of you “brave” women, always"),
        ("Re: Tuesday", "My brother reacted to my message with rage."),
        ("Re: Tuesday", "He reacted badly; I blocked him on Gmail."),
        ("Tuesday", "I'm out of the office all week, so I can't come. Call the hotline if urgent."),
        ("On vacation", "I am on vacation for the first time without him. It is quiet here."),
        ("Re: Tuesday", "This is an automatic reply of mine by now: I say sorry to everyone."),
        ("Please confirm your number", "Robin, I cannot reach you. Are you safe?"),
        ("Re: Tuesday", "The bank wrote: do not reply to this email. I laughed."),
        ("Tuesday", "My mail could not be delivered to the court, 550 they said. What now?"),
    )
}
HUMANS = {one: about(one, "I wanted to tell you all.\r\n") for one in HUMAN_SUBJECTS}
HUMANS |= HUMAN_HEADS | HUMAN_WORDS


def test_the_tables_are_as_large_as_they_should_be() -> None:
    """Enough of both: a table that shrinks by accident shows."""
    assert len(ROBOTS) >= 150
    assert len(HUMANS) >= 80


async def test_no_machine_reaches_the_group() -> None:
    """Through the real edge, from the right sender with a right signature: a stranger's answer."""
    relayed, unseen = [], []
    async with edge() as at:
        for name, case in ROBOTS.items():
            if await post(at, case.raw(), sender=case.sender) != REFUSED:
                relayed.append(name)
            if Trait.AUTOMATIC not in at.taken.pop().traits:
                unseen.append(name)
    assert (relayed, unseen) == ([], [])


async def test_what_people_write_reaches_it() -> None:
    """The same way, words that look like a machine's from afar are taken."""
    lost = []
    async with edge() as at:
        for name, case in HUMANS.items():
            if await post(at, case.raw()) != TAKEN:
                lost.append(name)
            at.taken.clear()
    assert lost == []


def test_bounces_of_the_corpus_are_machines() -> None:
    """Real bounces, reports and complaints: none of them would be relayed, whoever it is from."""
    manifest = CORPUS / "MANIFEST.tsv"
    if not manifest.is_file():
        pytest.skip(
            f"no corpus: set RELAY_CORPUS to a folder with MANIFEST.tsv (not {CORPUS.name})"
        )
    with manifest.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    bounces = [row["file"] for row in rows if _is_bounce(row)]
    assert len(bounces) > 100
    missed = [name for name in bounces if not _automatic((CORPUS / name).read_bytes())]
    assert missed == []


def _is_bounce(row: dict[str, str]) -> bool:
    folders = ("flufl.bounce/", "mailgun-flanker/tests/fixtures/messages/bounce/")
    person = row["file"].endswith("/groupwise_03.txt")  # she quotes a bounce's address, no more
    return row["kind"] == "message" and row["file"].startswith(folders) and not person


def _automatic(raw: bytes) -> bool:
    got = parse(raw, ours=DOMAIN)
    return isinstance(got, Parsed) and Trait.AUTOMATIC in got.traits
