"""Contract of `channels.sms.errors`: every row over HTTP, and what happens at midnight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.contract import Later, Never, Outgoing, Sent, Trouble
from channels.secret import Contact, Secret
from channels.sms.config import SmsOutConfig
from channels.sms.errors import ROWS, Kind, known, outcome, reported, until_midnight, warn
from channels.sms.send import SmsChannel
from relay.demo.carrier import Carrier

MEMBER = "+15551000001"
NOON = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)  # in California
HALF_A_DAY = timedelta(hours=12, minutes=1)

BAD_CONTACT = Never(why=Trouble.BAD_CONTACT)
REFUSED = Never(why=Trouble.REFUSED)
OUR_BUG = Never(why=Trouble.OUR_FAULT)
CONFIGURATION = Later(why=Trouble.NOT_CONFIGURED)
BUSY = Later(why=Trouble.BUSY)
FOR_NOW = Later(why=Trouble.REFUSED_FOR_NOW)
CAPPED = Later(why=Trouble.BUSY, after=HALF_A_DAY)
OFF = Later(why=Trouble.REFUSED_FOR_NOW, after=timedelta(minutes=15))

EXPECTED = {
    **dict.fromkeys([21211, 21614, 21635, 30005, 30006], (Kind.PERMANENT, BAD_CONTACT)),
    21610: (Kind.PERMANENT, Never(why=Trouble.OPTED_OUT)),
    **dict.fromkeys([21612, 30004], (Kind.PERMANENT, REFUSED)),
    **dict.fromkeys([30010, 30019], (Kind.PERMANENT, OUR_BUG)),
    **dict.fromkeys([21602, 21617], (Kind.PERMANENT, OUR_BUG)),
    **dict.fromkeys([20429, 21611, 30001, 30017, 30022], (Kind.TRANSIENT, BUSY)),
    **dict.fromkeys([11200, 12300, 30036], (Kind.TRANSIENT, BUSY)),
    30003: (Kind.TRANSIENT, OFF),
    30008: (Kind.TRANSIENT, FOR_NOW),
    **dict.fromkeys([14107, 20003, 20404, 21212, 21408], (Kind.CONFIGURATION, CONFIGURATION)),
    **dict.fromkeys([21603, 21606, 21608, 21620, 21659], (Kind.CONFIGURATION, CONFIGURATION)),
    **dict.fromkeys([21660, 30002, 30029, 30030, 30032], (Kind.CONFIGURATION, CONFIGURATION)),
    **dict.fromkeys([30034, 30450, 30610, 30640], (Kind.CONFIGURATION, CONFIGURATION)),
    30007: (Kind.CONFIGURATION, OUR_BUG),
    **dict.fromkeys([30023, 63038], (Kind.SPEND, CAPPED)),
}


LOST = Later(why=Trouble.ANSWER_LOST, unsure=True)


def outgoing() -> Outgoing:
    """An ordinary copy for one reader."""
    return Outgoing(
        post=1,
        delivery=Secret("a random token"),
        to=Contact("sms", MEMBER),
        write_to=Secret("+15552000001"),
        author=Secret("Robin"),
        mask=Secret("mask@relay.example.org"),
        subject=Secret(""),
        text=Secret("hello"),
        expires=NOON + timedelta(minutes=1),
    )


@pytest.fixture
async def channel(carrier: Carrier) -> AsyncIterator[SmsChannel]:
    """A channel to the fake Twilio."""
    made = SmsChannel(
        SmsOutConfig(
            public_url="https://relay.example.org",
            account_sid=carrier.account_sid,
            auth_token=Secret(carrier.auth_token),
            api_url=carrier.api_url,
        ),
        lambda: NOON,
    )
    yield made
    await made.close()


def test_the_table_is_the_one_tested() -> None:
    """A row added to the table needs a row here; each says what it means, without a full stop."""
    assert {code: row.kind for code, row in ROWS.items()} == {
        code: kind for code, (kind, _) in EXPECTED.items()
    }
    assert all(row.code == code and row.meaning.strip(" .") for code, row in ROWS.items())


async def test_each_code_as_an_answer(carrier: Carrier, channel: SmsChannel) -> None:
    """Every row over HTTP; nothing arrives."""
    for code, (_, ended) in EXPECTED.items():
        carrier.fail(to=MEMBER, code=code)
        assert await channel.send(outgoing()) == ended, code
    assert carrier.phone(MEMBER).inbox == []
    assert isinstance(await channel.send(outgoing()), Sent)


def test_each_code_reported_later() -> None:
    """Every row as a status callback tells it."""
    for code, (_, ended) in EXPECTED.items():
        assert reported(code, NOON) == ended, code
    assert reported(None) == reported(99999) == FOR_NOW


async def test_each_http_status_without_a_code(carrier: Carrier, channel: SmsChannel) -> None:
    """A page of HTML from a proxy in between has a status, at least."""
    for http, ended in {
        **dict.fromkeys([301, 400], FOR_NOW),
        **dict.fromkeys([500, 502, 504], LOST),  # Twilio may have taken it before that
        503: BUSY,
        **dict.fromkeys([401, 403, 404], CONFIGURATION),
        429: BUSY,
    }.items():
        carrier.fail(http=http)
        assert await channel.send(outgoing()) == ended, http


async def test_an_unknown_code_means_later(carrier: Carrier, channel: SmsChannel) -> None:
    """A bug or a novelty must delay, not lose; its HTTP status still counts."""
    carrier.fail(code=99999)
    assert await channel.send(outgoing()) == FOR_NOW
    carrier.fail(code=99999, http=429)
    assert await channel.send(outgoing()) == BUSY


@pytest.mark.parametrize("code", [None, "21610", 21610.5, [], {}, True])
def test_a_code_of_another_type_is_unknown(code: object) -> None:
    """Whatever stands in the answer, the table does not raise."""
    assert known(code) is None
    assert outcome(400, code) == FOR_NOW


def test_a_daily_limit_ends_at_midnight_in_california() -> None:
    """With a minute to spare; on the two days a year that are not 24 hours long as well."""
    for now, left in {
        NOON: HALF_A_DAY,
        datetime(2026, 3, 2, 7, 59, 30, tzinfo=UTC): timedelta(minutes=1, seconds=30),
        datetime(2026, 3, 2, 8, 0, tzinfo=UTC): timedelta(hours=24, minutes=1),
        datetime(2026, 3, 8, 8, 0, tzinfo=UTC): timedelta(hours=23, minutes=1),
        datetime(2026, 11, 1, 7, 0, tzinfo=UTC): timedelta(hours=25, minutes=1),
    }.items():
        assert until_midnight(now) == left, now
        assert outcome(429, 30023, now) == replace(CAPPED, after=left)
    assert reported(63038) == replace(CAPPED, after=timedelta(hours=1))


def test_the_log_says_what_the_operator_can_mend(caplog: pytest.LogCaptureFixture) -> None:
    """Configuration and limits, with their meaning; what passes or is final says nothing."""
    for code in (*ROWS, None, 99999):
        warn(code)
    told = {code for code in ROWS if f"twilio error {code} " in caplog.text}
    assert told == {
        code for code, row in ROWS.items() if row.kind in (Kind.CONFIGURATION, Kind.SPEND)
    }
