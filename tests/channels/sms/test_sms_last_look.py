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
    """Asked about the words and about each body, also where a word is cut between two of them."""
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
    for number, text in enumerate(("forbidden", f"{padding}forbidden", "all is well")):
        out = Outgoing(
            post=number,
            delivery=Secret(f"delivery {number}"),
            to=Contact("sms", "+15551000001"),
            write_to=Secret("+15552000001"),
            author=Secret("Robin"),
            mask=Secret("mask@relay.example.org"),
            subject=Secret(""),
            text=Secret(text),
            may_leave=may_leave,
            expires=NOW + timedelta(minutes=1),
        )
        wanted = Never(why=Trouble.WOULD_LEAK) if "forbidden" in text else Sent()
        assert await channel.send(out) == wanted
    await channel.close()
    assert [record["Body"] for record in carrier.requests] == ["Robin: all is well"]
    assert {"all is well", "Robin: all is well"} <= set(asked)
