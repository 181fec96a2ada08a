"""A member's mail provider: takes what her program wrote and sends it off as providers do.

What it changes is what a provider changes: lines end in CR LF, the message goes to where she
writes, Date is of now, there is a Message-ID, and a DKIM signature of her domain stands on top,
whose key is published. Everything else, head and body, stays octet for octet, so that any message
ever written, of whatever program, can be tried as if one of our members had sent it today.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import dkim

from channels.contact import is_domain
from channels.mail.headers import as_text, mailbox
from relay.demo.mailworld import MailWorld, signed

STAND_IN = "stand.in@meadow.example"
"""Writes what nobody could have written: messages without a usable From (RFC 2606 name)."""
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_MBOX = re.compile(rb">?From [^\r\n]*(?:\r\n|\r|\n)")

_HOURS = 6 * 3600

Field = tuple[bytes, bytes]
"""Name in lower case, and the octets of the whole field with its line ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message ready to be sent: by whom, and in which octets."""

    sender: str
    raw: bytes
    signed: bool
    """False where the head is so broken that no provider could sign it."""
    stands_in: bool
    """Whether From was replaced, because it names nobody who could be a member."""


class Provider:
    """Sends mail off for any domain. `world` is where keys are published."""

    def __init__(self, world: MailWorld, taken: Callable[[str], bool] = lambda _: False) -> None:
        """`taken` says of an address that no member may have it."""
        self._world = world
        self._taken = taken
        self._domains: set[str] = set()
        self._sent = 0

    def writer(self, raw: bytes) -> str:
        """Who could have written it: the address in From, or the stand-in."""
        fields, _ = split(raw)
        written_by = [value for name, value in fields if name == b"from"]
        found = mailbox(as_text(written_by[0].partition(b":")[2])) if len(written_by) == 1 else None
        if found is None or self._taken(found.reveal()):
            return STAND_IN
        return found.reveal() if is_domain(found.reveal().rpartition("@")[2]) else STAND_IN

    def letter(self, raw: bytes, to: str) -> Letter:
        """The message, sent off today by its writer to `to`."""
        sender = self.writer(raw)
        fields, body = split(raw)
        names = {name for name, _ in fields}
        stands_in = sender == STAND_IN
        replaced = {b"to", b"date"} | ({b"from"} if stands_in else set())
        kept = [octets for name, octets in fields if name not in replaced]
        made = [f"To: {to}\r\n", f"Date: {self._date()}\r\n"]
        domain = sender.rpartition("@")[2].lower()
        if stands_in:
            made.append(f"From: <{sender}>\r\n")
        if b"message-id" not in names:
            made.append(f"Message-ID: {email.utils.make_msgid(domain=domain)}\r\n")
        whole = "".join(made).encode("ascii") + b"".join(kept) + b"\r\n" + body
        self._publish(domain)
        try:
            return Letter(
                sender=sender, raw=signed(whole, domain), signed=True, stands_in=stands_in
            )
        except dkim.DKIMException:
            return Letter(sender=sender, raw=whole, signed=False, stands_in=stands_in)

    def _date(self) -> str:
        """Of the last hours, and no two alike: two equal messages on one day are two messages."""
        self._sent += 1
        return email.utils.formatdate(time.time() - _HOURS + self._sent)  # noqa: TID251 - outside

    def _publish(self, domain: str) -> None:
        if domain not in self._domains and not self._world.names.texts(f"_dmarc.{domain}"):
            self._world.add_domain(domain)
        self._domains.add(domain)


def split(raw: bytes) -> tuple[list[Field], bytes]:
    """The fields of the head, folded lines whole, and the body, all with CR LF.

    The first line that is no field begins the body, as the standard library sees it too. The
    envelope line of an mbox file is none of the message.
    """
    raw = raw.lstrip()  # what an empty line in front of the head would hide is the head
    raw = _LINE_END.sub(b"\r\n", _MBOX.sub(b"", raw, count=1) if _MBOX.match(raw) else raw)
    fields: list[Field] = []
    at = 0
    while at < len(raw):
        end = raw.find(b"\r\n", at) + 2
        end = len(raw) if end == 1 else end
        line = raw[at:end]
        if line == b"\r\n":
            return fields, raw[end:]
        if line[:1] in (b" ", b"\t") and fields:
            name, so_far = fields[-1]
            fields[-1] = (name, so_far + line)
        elif match := _FIELD.match(line):
            fields.append((match[1].lower(), line if line.endswith(b"\r\n") else line + b"\r\n"))
        else:
            return fields, raw[at:]
        at = end
    return fields, b""
