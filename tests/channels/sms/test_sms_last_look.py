"""The engine's last look at texts: asked about all a reader would see, before anything is sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from channels.contract import Never, Outgoing, Sent, Trouble
from channels.secret import Contact, Secret
from channels.sms.config import SmsOutConfig
from channels.sms.send import SmsChannel
from relay.demo.carrier import Carrier

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def test_nothing_leaves_that_the_engine_says_no_to(carrier: Carrier) -> None:
    """Asked about the words of all pages and about the body, the subject included."""
    asked: list[str] = []

    def may_leave(text: str) -> bool:
        asked.append(text)
        return "forbidden" not in re.sub(r"\s", "", text)

    config = SmsOutConfig(
        public_url="https://relay.example.org",
        account_sid=carrier.account_sid,
        auth_token=Secret(carrier.auth_token),
        api_url=carrier.api_url,
    )
    channel = SmsChannel(config, lambda: NOW)
    padding = "lorem ipsum " * 200
    texts = ("forbidden", f"{padding}forbidden", "all is well", "all is well")
    subjects = ("", "", "this is forbidden", "a subject")
    for number, (subject, text) in enumerate(zip(subjects, texts, strict=True)):
        out = Outgoing(
            post=number,
            delivery=Secret(f"delivery {number}"),
            to=Contact("sms", "+15551000001"),
            write_to=Secret("+15552000001"),
            author=Secret("Robin"),
            mask=Secret("mask@relay.example.org"),
            subject=Secret(subject),
            text=Secret(text),
            may_leave=may_leave,
            expires=NOW + timedelta(minutes=1),
        )
        outcome = await channel.send(out)
        if "forbidden" in subject + text:
            assert outcome == Never(why=Trouble.WOULD_LEAK)
        else:
            assert isinstance(outcome, Sent)
    await channel.close()
    left = "Robin: a subject\nall is well"
    assert [record["Body"] for record in carrier.requests] == [left]
    assert {"all is well", "a subject\nall is well", left} <= set(asked)
