"""Whether a machine wrote a message: auto-replies, bounces, receipts, lists, reactions, loops.

Out-of-office texts hold names and phone numbers, bounces hold whole letters, and a reaction
names who reacted: none of it may reach a group. What a person wrote must: a sign that people's
mail carries as well counts only together with a second one.

Headers: RFC 3834 section 5, RFC 2919, RFC 2369, RFC 3464, RFC 8098, RFC 5965, RFC 9078, and old
customs. The words are in `channels.mail.robotwords`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from channels.mail import robotwords as words
from channels.mail.headers import addresses
from channels.mail.tree import Part

Heads = Mapping[str, Sequence[str]]
"""All header values as letters, under their names in lower case, in order."""

MOST_HOPS = 30
"""Received headers; more of them is a loop (RFC 5321 section 6.3)."""
_LONGEST_READ = 3_000
"""Characters of the text that are looked at."""
_PRECEDENCE = {"bulk", "junk", "list", "auto_reply", "auto-reply", "autoreply"}
_NO = {"no", "false", "0", "none"}
_NOT_A_SIGN = ("x-auto-response-suppress", "x-autocrypt", "x-auto-response-suppressed")
"""People's mail programs set them as well (rules.md 4.2)."""
_SIGNS = {
    *(
        "x-failed-recipients",
        "x-loop",
        "x-loops",
        "x-beenthere",
        "x-mailman-version",
        "mailing-list",
    ),
    *("x-mailing-list", "x-ml-name", "x-mailinglist", "x-google-group-id", "x-no-reply"),
    *("x-mc-user", "x-mandrill-user", "x-sg-eid", "x-csa-complaints", "x-cron-env", "x-job"),
    *(
        "x-fc-machinegenerated",
        "delivered-by-the-graces-of",
        "x-vacation",
        "x-oof",
        "x-facebook-notify",
    ),
    *("x-ms-exchange-inbox-rules-loop", "x-ms-exchange-generated-message-source"),
    *("reporting-mta", "final-recipient", "original-recipient", "reporting-ua"),
    *("x-hmxmroriginalrecipient", "x-ms-reaction", "autosubmitted", "x-post-messageclass"),
    *("auto-responded", "auto-forwarded", "autoforwarded", "x-autoforward", "x-out-of-office"),
    *("x-ms-exchange-organization-autoforwarded", "x-mailer-daemon", "x-arf", "x-vacationmessage"),
}
_SIGN_STARTS = (
    *(
        "list-",
        "x-auto",
        "x-list-",
        "x-campaign",
        "x-mailgun-s",
        "x-mailgun-t",
        "x-mailgun-v",
        "x-github-",
        "x-gitlab-",
        "x-jira-",
    ),
    *("x-bugzilla-", "x-boxbe-", "x-tmda-", "x-challenge", "x-spamarrest", "x-egroups-"),
    *("x-ms-exchange-reaction", "x-mailchimp", "x-reaction", "x-phplist", "x-acymailing"),
)
_SIGN_CLASSES = re.compile(r"urn:content-classes:(?:dsn|mdn|report|recall|ndr)")
_PEOPLES_SERVICES = re.compile(
    r"(?:^|:)\s*(?:fastmail|zohomail|foxmail\.com|qq\.com|vip\.qq\.com)\b"
)
"""Providers that put a Feedback-ID on what their users write by hand."""
_MACHINE_KINDS = {
    *("multipart/report", "message/delivery-status", "message/global-delivery-status"),
    *("message/disposition-notification", "message/global-disposition-notification"),
    *("message/feedback-report", "message/tracking-status", "text/rfc822-headers"),
    *("message/global-headers", "text/vnd.google.email-reaction+json"),
}
_CALENDAR = {"text/calendar", "application/ics", "text/x-vcalendar", "text/vcalendar"}
_ANSWERS_MEETING = re.compile(r"method:(?:reply|counter|refresh|declinecounter|cancel)\b")
_RECEIVED_FROM = re.compile(r"\s*from\s+(\S{1,255})", re.IGNORECASE)
_RECEIVED_BY = re.compile(r"\bby\s+(\S{1,255})", re.IGNORECASE)


def automatic(
    message: Part,
    heads: Heads,
    *,
    subject: str,
    text: str,
    null_sender: bool = False,
    ours: str = "",
) -> bool:
    """Whether a machine wrote `message`, or it is a message of ours that came round.

    `subject` is one clean line, `text` what is left of the body without history; `null_sender`:
    the envelope sender was `<>`; `ours`: our mail domain. Never raises.
    """
    if null_sender or _says_so(heads) or _is_a_list(heads) or _is_loop(heads, ours):
        return True
    if any(_is_machine_made(part) for part in _parts(message)):
        return True
    line, plain = words.fold(subject).strip(), words.fold(text[:_LONGEST_READ]).strip()
    if _reads_so(line, plain, heads) or _is_reaction(line, plain):
        return True
    return _is_notice(line, plain, message)


def _parts(message: Part) -> Iterator[Part]:
    return cast("Iterator[Part]", message.walk())


def _values(heads: Heads, *names: str) -> list[str]:
    return [value.strip().lower() for name in names for value in heads.get(name, ())]


# What the headers say ------------------------------------------------------------------------


def _says_so(heads: Heads) -> bool:
    """Whether a header says outright that nobody typed this."""
    for value in _values(heads, "auto-submitted"):
        if value.split(";")[0].split("(")[0].strip() != "no":
            return True
    if any(_is_sign(name, values) for name, values in heads.items()):
        return True
    if any(value in ("<>", "< >") for value in _values(heads, "return-path", "x-envelope-from")):
        return True
    return any(_SIGN_CLASSES.match(value) for value in _values(heads, "content-class"))


def _is_sign(name: str, values: Sequence[str]) -> bool:
    if name.startswith(_NOT_A_SIGN) or not (name in _SIGNS or name.startswith(_SIGN_STARTS)):
        return False
    return any(value.strip().lower() not in _NO for value in values)


def _is_a_list(heads: Heads) -> bool:
    """Whether it was sent to many, or by something that sends to many."""
    precedence = {
        value.split(";")[0].split("(")[0].strip() for value in _values(heads, "precedence")
    }
    if precedence & _PRECEDENCE:
        return True
    if any(
        words.BULK_MAILER.search(value[:200]) for value in _values(heads, "x-mailer", "user-agent")
    ):
        return True
    if any(_is_bulk_feedback(value, heads) for value in _values(heads, "feedback-id")):
        return True
    senders = [*heads.get("from", ()), *heads.get("sender", ()), *heads.get("return-path", ())]
    return any(words.NOBODY_READS.fullmatch(local) for local in _local_parts(senders))


def _is_bulk_feedback(value: str, heads: Heads) -> bool:
    by_hand = bool(
        heads.get("x-wm-sent-timestamp")
    )  # Amazon's mailboxes for people send through SES
    return not by_hand and _PEOPLES_SERVICES.search(value) is None


def _local_parts(values: Sequence[str]) -> list[str]:
    found = [one for value in values for one in addresses(value[:2_000])]
    return [one.reveal().rpartition("@")[0] for one in found]


def _is_loop(heads: Heads, ours: str) -> bool:
    """Whether it came from here: From or Message-ID at our domain, or a hop that left us."""
    received = heads.get("received", ())
    if len(received) > MOST_HOPS:
        return True
    if not ours:
        return False
    senders = [*heads.get("from", ()), *heads.get("sender", ()), *heads.get("return-path", ())]
    domains = [one.reveal() for value in senders for one in addresses(value[:2_000])]
    domains += [value.strip(" <>") for value in _values(heads, "message-id")]
    if any(_is_ours(one.rpartition("@")[2], ours) for one in domains if "@" in one):
        return True
    return any(_left_us(value[:2_000], ours) for value in received)


def _left_us(received: str, ours: str) -> bool:
    """Whether a Received says that we handed it to somebody else.

    From us to us is no loop: a server of the operator's may stand in front of this one.
    """
    gave, took = _RECEIVED_FROM.match(received), _RECEIVED_BY.search(received)
    if gave is None or took is None:
        return False
    return _is_ours(gave[1], ours) and not _is_ours(took[1], ours)


def _is_ours(domain: str, ours: str) -> bool:
    name, own = domain.strip("[]();<>. ").lower(), ours.lower()
    return name == own or name.endswith("." + own)


# What it is made of --------------------------------------------------------------------------


def _is_machine_made(part: Part) -> bool:
    kind = part.kind
    if kind in _MACHINE_KINDS:
        return True
    disposition = (part.value("content-disposition") or "").split(";")[0].strip().lower()
    if disposition == "reaction":  # RFC 9078
        return True
    return kind in _CALENDAR and _answers_meeting(part)


def _answers_meeting(part: Part) -> bool:
    """Whether a calendar part is an answer a program made at a click (RFC 5546 section 1.4)."""
    declared = part.parameters().get("method", "")
    written = part.octets()[:4_000].decode("ascii", "replace") if not declared else ""
    return _ANSWERS_MEETING.search(f"method:{declared} {written}".lower()) is not None


# What it says --------------------------------------------------------------------------------


def _reads_so(line: str, plain: str, heads: Heads) -> bool:
    """Whether subject and text are those of an automatic answer."""
    answered = words.ANSWER.match(line) is not None
    if words.AUTO_REPLY.match(line) or words.AWAY_UNTIL.match(line):
        return True
    if not answered and words.AUTO_REPLY_BEHIND.search(line):
        return True
    signs = sum(bool(sign.search(plain)) for sign in words.SECOND_SIGNS)
    if words.AWAY.match(line) and not answered:
        return signs > 0 or _suppresses(heads)
    return signs >= 2 and words.AWAY_TEXT.search(plain[:400]) is not None


def _suppresses(heads: Heads) -> bool:
    """X-Auto-Response-Suppress: a second sign, never a first."""
    return any("oof" in one or "all" in one for one in _values(heads, "x-auto-response-suppress"))


def _is_reaction(line: str, plain: str) -> bool:
    """Whether the whole text is one that a reaction makes, as an answer or without a subject."""
    if line and words.ANSWER.match(line) is None:
        return False
    if words.TAPBACK.match(plain):
        return True
    return len(plain) < 400 and words.REACTION.match(plain) is not None


def _is_notice(line: str, plain: str, message: Part) -> bool:
    """Whether it is a bounce, receipt, meeting answer or challenge without the proper form."""
    if words.SURE_BOUNCE.match(line):
        return True
    if words.BOUNCE.match(line) and (not plain or words.BOUNCE_TEXT.search(plain)):
        return True
    kinds = {part.kind for part in _parts(message)}
    formal = bool(kinds & {"application/ms-tnef", "application/vnd.ms-tnef", *_CALENDAR})
    bare = not plain or formal
    if words.RECEIPT.match(line) and (bare or words.RECEIPT_TEXT.search(plain)):
        return True
    if words.MEETING.match(line) and (bare or words.MEETING_TEXT.search(plain)):
        return True
    return bool(words.CHALLENGE.match(line) and words.CHALLENGE_TEXT.search(plain))
