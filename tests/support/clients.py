"""Clients that do what Twilio and mail hosts do when nobody answers: the same thing again.

A try is answered with a status or code, or with 0 where the connection broke. What may be tried
again is fixed once: one `MessageSid`, the same bytes.
"""

from __future__ import annotations

import asyncio
import email.utils
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from email.message import EmailMessage
from types import TracebackType

import aiohttp
import aiosmtplib

from relay.demo.mailworld import HOME_IP, Inbox, signed
from tests.support.town import Resident, Town

NO_ANSWER = 0
Try = Callable[[], Awaitable[int]]


class Outside(AbstractAsyncContextManager["Outside"]):
    """Writes to the relay of a town from where Twilio and mail hosts stand."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
            timeout=aiohttp.ClientTimeout(total=15),
        )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    def post(self, author: Resident, words: str, subject: str = "") -> Try:
        """One message of a member, ready to be tried as often as need be."""
        if author.phone is not None:
            return self.text(author.contact, author.write_to, words)
        assert author.inbox is not None
        return self.mail(author.inbox, author.write_to, written(author, subject, words))

    def text(
        self,
        sender: str,
        to: str,
        words: str,
        *,
        sid: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Try:
        """A signed webhook: 200 is yes."""
        carrier = self.town.carrier
        sid = sid or "SM" + secrets.token_hex(16)
        form = {
            "AccountSid": carrier.account_sid,
            "ApiVersion": "2010-04-01",
            "Body": words,
            "From": sender,
            "MessageSid": sid,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "To": to,
        }
        url = f"http://127.0.0.1:{self.town.http_port}/twilio/sms"
        given = {"X-Twilio-Signature": carrier.sign(url, form), **(headers or {})}

        async def attempt() -> int:
            try:
                async with self._http.post(url, data=form, headers=given) as answer:
                    await answer.read()
                    return answer.status
            except (aiohttp.ClientError, TimeoutError):
                return NO_ANSWER

        return attempt

    def mail(self, sender: Inbox, to: str, raw: bytes) -> Try:
        """An SMTP transaction: 250 is yes."""

        async def attempt() -> int:
            try:
                code, _ = await sender.send_raw(to, raw)
            except (OSError, aiosmtplib.SMTPException, TimeoutError):
                return NO_ANSWER
            return code

        return attempt


def written(
    author: Resident, subject: str, words: str, headers: Mapping[str, str] | None = None
) -> bytes:
    """A mail of a member to her group, ready to be sent."""
    assert author.inbox is not None
    return mail_from(author.inbox, author.write_to, subject, words, headers)


def mail_from(
    sender: Inbox, to: str, subject: str, words: str, headers: Mapping[str, str] | None = None
) -> bytes:
    """A mail as its mail host sends it off: with the sender's name, her IP, DKIM-signed."""
    draft = EmailMessage()
    draft["From"] = email.utils.formataddr((sender.name, sender.address))
    draft["To"] = to
    draft["Subject"] = subject
    draft["Date"] = email.utils.formatdate()
    draft["Message-ID"] = email.utils.make_msgid(domain=sender.domain)
    for name, value in (headers or {}).items():
        del draft[name]
        draft[name] = value
    draft.set_content(words)
    raw = draft.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    received = f"Received: from [{HOME_IP}] (laptop.home) by mail.{sender.domain} with ESMTPSA\r\n"
    return received.encode() + signed(raw, sender.domain)


async def insist(attempt: Try, *, pause: float = 0.1, most: int | None = None) -> list[int]:
    """Try until the answer is yes, or so many times. All answers, the last one last."""
    answers: list[int] = []
    while most is None or len(answers) < most:
        answers.append(await attempt())
        if answers[-1] in (200, 250):
            break
        await asyncio.sleep(pause)  # a client's own pace: Twilio and mail hosts wait as well
    return answers
