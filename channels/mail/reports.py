"""What comes back about a copy we sent: bounces (RFC 3464) and complaints (RFC 5965).

Whom it is about is said by our token alone, never by an address in the report: the returned
original is read for that token and for nothing else, and everything is thrown away afterwards.
A report is easy to forge for whoever holds the token, and a wrong one silences a member, so
`Verdict.DEAD` needs words or a status that say that the mailbox is not there.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from enum import Enum, StrEnum
from typing import cast

from flufl.bounce import all_failures

from channels.contract import News, Report
from channels.mail import robotwords as words
from channels.mail.charsets import decode, guess
from channels.mail.headers import safe_header
from channels.mail.tree import Part, TooDeepError, TooManyPartsError, take_apart
from channels.secret import Secret

LARGEST_REPORT = 512 * 1024
"""Octets of a report that are looked at; what a report says stands in front of the original."""
_LONGEST_TEXT = 20_000
_LONGEST_HEAD = 64 * 1024
_LONGEST_LINE = 998
_MOST_LINES = 2_000
_MOST_BLOCKS = 200
TOKEN = "[a-z2-7]{26}"  # noqa: S105  # a shape, not a token
"""The shape of every token we give out (one block in base32)."""
_WHOLE_TOKEN = re.compile(TOKEN)
BOUNCES = "bounce+"
UNSUBSCRIBES = "u+"
COMPLAINTS = "complaints"
"""Local parts; behind the first two stands a token."""

_STATUS_KINDS = {"message/delivery-status", "message/global-delivery-status"}
_ORIGINALS = {
    *("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"),
    "message/rfc822-headers",
}
_RECEIPTS = {"message/disposition-notification", "message/global-disposition-notification"}
_NO_COMPLAINT = {"not-spam", "auth-failure", "virus", "dmarc", "identity-authentication-failure"}
"""Feedback that says nothing about what the reader wants (RFC 5965, RFC 6430, RFC 6591)."""
_GONE = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
"""Statuses of mailboxes that are not there (RFC 3463; 5.1.10 of RFC 7505)."""
_ORIGINAL_PART = re.compile(
    rb"^content-type:[ \t]*(?:message/(?:rfc822|global)|text/rfc822-headers)",
    re.IGNORECASE | re.MULTILINE,
)
_BLANK = re.compile(r"\n[ \t]*\n")
_FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{0,40})[ \t]*:[ \t]*(.{0,998})", re.MULTILINE)
_FOLD = re.compile(r"\n[ \t]+")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])([45]\d\d)[ -]")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_ORIGINAL_BELOW = re.compile(
    r"^.{0,40}(?:original (?:message|mail|e-?mail) (?:follows|header)|-- ?original (?:message|mail)"
    r"|copy of (?:the|your) (?:original )?message|returned message|unsent message|undelivered"
    r" message (?:headers|follows)|message header follow|lines of your original|urspr.ngliche"
    r" nachricht|message d'origine|mensaje original|mensagem original).{0,200}$",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_THERE = re.compile(
    r"(?:user|recipient|mailbox|account|address|e-?mail|alias|domain)(?: name| address| account)?"
    r".{0,40}(?:unknown|not (?:be )?found|(?:does(?:n't| not)|do not) exist|not exist|no longer"
    r"|invalid|not (?:valid|known|listed|recogni[sz]ed)|disabled|deactivated|inactive|closed)"
    r"|(?:unknown|invalid|no such|nonexistent|non-existent|bad) (?:or \w+ )?(?:local )?"
    r"(?:user|recipient|mailbox|account|address|domain|person)"
    r"|unrouteable|wasn't found at|no mailbox (?:here )?by that name|does(?:n't"
    r"| not) have an? .{0,30}account"
    r"|couldn't be found|could not be found|host (?:unknown|not found)|name has no usable"
    r"|nicht gefunden|existiert nicht|unbekannter? (?:empf|benutzer|nutzer)|n'existe pas"
    r"|introuvable|no existe|no se (?:encontro|encuentra)|nao existe|nao encontrado|non esiste"
    r"|不存在|未找到|找不到|غير موجود|मौजूद नहीं"
)
_CONTENT = re.compile(
    r"message (?:is )?too (?:large|big)|spam|virus|malware|content rejected|policy|dmarc|\bspf\b"
    r"|\bdkim\b|blacklist|block ?list|reputation"
)
"""Refused for what was said, or for who we are: her mailbox is well."""
_OTHER_CAUSE = re.compile(
    r"(?:mailbox|inbox|quota|storage|postfach|buzon|boite).{0,40}(?:full|exceeded|out of|voll|llen"
    r"|pleine|over)|(?:over|exceed\w*|out of) (?:.{0,20})(?:quota|storage)|full mailbox|quota"
    r"|too (?:large|big|many)|spam|blocked|blacklist|block ?list|policy|reputation|rate limit"
    r"|greylist|try again|virus|content rejected|dmarc|\bspf\b|\bdkim\b"
)
_STILL_TRYING = re.compile(
    r"(?:will|being) (?:be )?(?:continue\w*|keep|retr\w+|re-?tried|try)|still being retried"
    r"|warning (?:only|message)|has (?:not yet been|been delayed)|been postponed|delayed \d+ hours?"
    r"|no need to (?:resend|retry)|do not need to (?:resend|retry)|not need to resend|temporary"
    r"|delivery (?:incomplete|delayed)|delivery status notification \(delay\)|wird weiter versucht"
    r"|verzogert|retarde|retrasad|atrasad|推迟|延迟|تأخر|देरी"
)
_GAVE_UP = re.compile(
    r"permanent|gave up|giving up|given up|returned to sender|undeliverable|failed"
)
_TOKEN_PLACES = (
    re.compile(rf"/u/({TOKEN})(?![a-z0-9])", re.IGNORECASE),
    re.compile(rf"(?<![a-z0-9])u\+({TOKEN})@", re.IGNORECASE),
    re.compile(rf"(?<![a-z0-9])bounce\+({TOKEN})@", re.IGNORECASE),
)
_TOKEN_FIELDS = {"list-unsubscribe", "return-path", "original-mail-from", "x-envelope-from"}


class Verdict(Enum):
    """What a bounce says."""

    DEAD = "dead"
    """The mailbox is not there."""
    FAILED = "failed"
    """This copy was not delivered."""
    UNWANTED = "unwanted"
    """It was refused for what stands in it, or for who we are."""
    NOTHING = "nothing"
    """Delayed, relayed or delivered: nothing to do."""


@dataclass(frozen=True, slots=True)
class Bounced:
    """A delivery report. Whose it is stands in the address it was sent to."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Complaint:
    """A reader's provider says that she does not want this."""

    token: Secret | None
    """The token of ours that the reported copy carried, if it still carries one."""


def read_report(raw: bytes) -> Bounced | Complaint | None:
    """Read a report; `None` for everything else, for instance an out-of-office answer.

    Never raises, and looks at `LARGEST_REPORT` octets at the most.
    """
    try:
        parts = _parts(take_apart(raw[:LARGEST_REPORT]))
    except (TooManyPartsError, TooDeepError, RecursionError):
        return None
    if complaint := _feedback(parts):
        return complaint
    if any(_is_other_report(part) for part in parts):
        return None
    blocks = [block for part in parts if part.kind in _STATUS_KINDS for block in _blocks(part)]
    if any("action" in block or "status" in block for block in blocks):
        return Bounced(_standard(blocks))
    return _by_words(parts, raw)


class Note(StrEnum):
    """What came to an address that people do not write to. The whole list; safe to log."""

    DEAD = "bounce_dead"
    FAILED = "bounce_failed"
    UNWANTED = "bounce_unwanted"
    NOTHING = "bounce_nothing"
    NO_BOUNCE = "not_a_bounce"
    COMPLAINT = "complaint"
    NO_COMPLAINT = "not_a_complaint"
    UNSUBSCRIBE = "unsubscribe"
    ANONYMOUS = "report_of_nobody"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message to such an address was, and the news in it, if any."""

    note: Note
    report: Report | None = None


def is_for_machines(local: str) -> bool:
    """Whether a local part, in lower case, is one that reports and requests come to.

    A malformed token changes nothing: nobody shall see by our answers which are real.
    """
    return local.startswith((BOUNCES, UNSUBSCRIBES)) or local == COMPLAINTS


def hear_out(local: str, raw: bytes) -> Heard:
    """Read a message to such an address. Never raises."""
    token = _own_token(local)
    if local.startswith(UNSUBSCRIBES):
        return _with_token(Note.UNSUBSCRIBE, News.UNSUBSCRIBE, token)
    found = read_report(raw)
    if isinstance(found, Complaint):
        return _with_token(Note.COMPLAINT, News.COMPLAINT, found.token or token)
    if local == COMPLAINTS:
        return Heard(Note.NO_COMPLAINT)
    if found is None:
        return Heard(Note.NO_BOUNCE)
    if found.verdict is Verdict.DEAD:
        return _with_token(Note.DEAD, News.DEAD, token)
    if found.verdict is Verdict.UNWANTED:
        return _with_token(Note.UNWANTED, News.UNWANTED, token)
    if found.verdict is Verdict.FAILED:
        return _with_token(Note.FAILED, News.FAILED, token)
    return Heard(Note.NOTHING)


def _own_token(local: str) -> Secret | None:
    token = local.partition("+")[2]
    return Secret(token) if _WHOLE_TOKEN.fullmatch(token) else None


def _with_token(note: Note, news: News, token: Secret | None) -> Heard:
    return Heard(note, Report(news=news, token=token)) if token else Heard(Note.ANONYMOUS)


def _parts(message: Part) -> list[Part]:
    return list(cast("Iterator[Part]", message.walk()))


def _is_other_report(part: Part) -> bool:
    """Feedback that is no complaint, or a receipt.

    A receipt that says deleted may be Sieve's way to refuse (RFC 5429 section 2.2.1).
    """
    if part.kind in _RECEIPTS:
        return "deleted" not in _fields(_letters(part)[:_LONGEST_TEXT]).get("disposition", "")
    return part.kind == "message/feedback-report"


# Complaints ----------------------------------------------------------------------------------


def _feedback(parts: list[Part]) -> Complaint | None:
    """A complaint in the form of RFC 5965, or in the one Hotmail used before."""
    for part in parts:
        if part.kind == "message/feedback-report":
            fields = _fields(_letters(part)[:_LONGEST_TEXT])
            if fields.get("feedback-type", "").strip().lower() in _NO_COMPLAINT:
                return None
            return Complaint(_token(fields, parts))
    subject = words.fold(safe_header(parts[0].value("subject") or ""))
    if subject.startswith("complaint about message from"):
        return Complaint(_token({}, parts))
    return None


def _token(fields: dict[str, str], parts: list[Part]) -> Secret | None:
    """Our token in the head of the returned original, or in what the report says of its sender."""
    heads = [fields]
    for part in parts:
        if part.kind in _ORIGINALS:
            head = _BLANK.split(_letters(part)[:_LONGEST_HEAD].lstrip("\n"), maxsplit=1)[0]
            heads.insert(0, _fields(head))
    for place in _TOKEN_PLACES:
        for head_fields in heads:
            for name in _TOKEN_FIELDS:
                if found := place.search(head_fields.get(name, "")):
                    return Secret(found[1].lower())
    return None


# Bounces in the standard form ----------------------------------------------------------------


def _blocks(part: Part) -> list[dict[str, str]]:
    """The groups of fields of a delivery-status part, one for the message and one a recipient."""
    text = _letters(part)[:_LONGEST_HEAD]
    return [_fields(block) for block in _BLANK.split(text)[:_MOST_BLOCKS]]


def _fields(text: str) -> dict[str, str]:
    """Fields by name in lower case; of several with one name the first."""
    found: dict[str, str] = {}
    for match in _FIELD.finditer(_FOLD.sub(" ", text)):
        found.setdefault(match[1].lower(), match[2])
    return found


def _standard(blocks: list[dict[str, str]]) -> Verdict:
    """RFC 3464: a copy failed where a recipient did; it is dead where all who failed are."""
    verdicts = [_recipient(block) for block in blocks if "action" in block or "status" in block]
    failed = [one for one in verdicts if one is not Verdict.NOTHING]
    if not failed:
        return Verdict.NOTHING
    if all(one is failed[0] for one in failed):
        return failed[0] if len(failed) == len(verdicts) else Verdict.FAILED
    return Verdict.FAILED


def _recipient(block: dict[str, str]) -> Verdict:
    """What one recipient's fields say (RFC 3464 sections 2.3.3, 2.3.4, 2.3.6)."""
    action = block.get("action", "").strip().lower()
    status = _STATUS.search(block.get("status", ""))
    if action and not action.startswith(("fail", "error")):
        return Verdict.NOTHING
    if not action and (status is None or status[1] != "5"):
        return Verdict.NOTHING
    why = words.fold(block.get("diagnostic-code", ""))
    if status is None or status[0].endswith(".0.0"):
        status = _STATUS.search(why) or status
    return _judge(status[0] if status else "", why)


def _judge(status: str, why: str) -> Verdict:
    """Failed; and dead if the status says so, or words do where the status says nothing."""
    if _CONTENT.search(why) or status.startswith(("5.6.", "5.7.")) or status in {"5.2.3", "5.3.4"}:
        return Verdict.UNWANTED
    if _OTHER_CAUSE.search(why):
        return Verdict.FAILED
    if status in _GONE:
        return Verdict.DEAD
    vague = status in ("", "5.0.0", "5.1.0", "5.3.0", "5.5.0")
    return Verdict.DEAD if vague and _NOT_THERE.search(why) else Verdict.FAILED


# Bounces in other forms ----------------------------------------------------------------------


def _by_words(parts: list[Part], raw: bytes) -> Bounced | None:
    """What a human would read out of a bounce that follows no standard."""
    text = words.fold(_said(parts))
    message = parts[0]
    subject = words.fold(safe_header(message.value("subject") or ""))
    temporary, permanent = _scanned(raw)
    named = words.SURE_BOUNCE.match(subject) or words.BOUNCE.match(subject)
    known = named or message.value("x-failed-recipients")
    if not (temporary or permanent or known):
        return None
    all_words = f"{subject}\n{text}"
    if not permanent and _STILL_TRYING.search(all_words) and not _GAVE_UP.search(text):
        return Bounced(Verdict.NOTHING)
    if temporary and not permanent:
        return Bounced(Verdict.NOTHING)
    return Bounced(_judge(_status_said(text), text))


def _status_said(text: str) -> str:
    """The first permanent status in running text, also as Exchange writes it (`#5.1.1`)."""
    for match in _STATUS.finditer(text):
        if match[1] == "5":
            return match[0]
    code = _REPLY_CODE.search(text)
    return "5.0.0" if code is None or code[1][0] == "5" else "4.0.0"


def _said(parts: list[Part]) -> str:
    """The words of a report without the returned original."""
    said = []
    for part in parts:
        if part.kind in _ORIGINALS:
            break
        if part.kind in {"text/plain", "text/html"} and not part.is_multipart():
            letters = _letters(part)[:_LONGEST_TEXT]
            said.append(_TAG.sub(" ", letters) if part.kind == "text/html" else letters)
    text = "\n".join(said)[:_LONGEST_TEXT]
    below = _ORIGINAL_BELOW.search(text)
    return text[: below.end()] if below else text


def _scanned(raw: bytes) -> tuple[bool, bool]:
    """Whether `flufl.bounce` sees a temporary and a permanent failure. Its addresses are dropped.

    It is given nothing of the returned original, short lines and not many of them, because its
    patterns were not made for hostile ones; and it may not log: it would log what it cannot read.
    """
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)
    bounce = _ORIGINAL_PART.split(raw[:LARGEST_REPORT], maxsplit=1)[0]
    lines = bounce.replace(b"\r\n", b"\n").split(b"\n")[:_MOST_LINES]
    short = b"\n".join(line[:_LONGEST_LINE] for line in lines)
    try:
        temporary, permanent = all_failures(message_from_bytes(short))
    except Exception:  # noqa: BLE001  # foreign code over foreign octets: then it saw nothing
        return False, False
    return bool(temporary), bool(permanent)


def _letters(part: Part) -> str:
    """A leaf's content as letters with plain line ends."""
    if part.is_multipart():
        return ""
    octets, charset = part.octets(), part.parameters().get("charset", "")
    text = decode(octets, charset) if part.kind.startswith("text/") else guess(octets)
    return text.replace("\r\n", "\n").replace("\r", "\n")
