"""`relay number …`: the pool, its room, and numbers rented at a pretended Twilio."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from relay import wiring
from relay.config import Settings
from relay.market import Market
from tests.cli.conftest import NUMBER, Desk
from tests.support.market import Shop

SECOND, TOLL_FREE = "+12025550182", "+18885550100"
ADVICE = "Buy a number: one phone could join no further group."


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A pretended Twilio that has three numbers on offer, and rents us the one of the desk."""
    shop = Shop(offered=["+12025550191", "+12025550192", TOLL_FREE], ours={NUMBER: True})

    @asynccontextmanager
    async def market(settings: Settings) -> AsyncIterator[Market]:
        yield shop

    monkeypatch.setattr(wiring, "market", market)
    return shop


def test_the_pool(desk: Desk) -> None:
    """`number add`, `list` and `park`: by country and kind, each with the room of its country."""
    desk.ask("init")
    assert desk.ask("number", "list") == []
    assert desk("number", "list").out == "none\n"
    assert desk.ask("number", "add", SECOND, TOLL_FREE, NUMBER) == {"added": 3}
    us = {"phones": 0, "state": "open", "country": "US", "joinable": 3}
    assert desk.ask("number", "list") == [
        {"number": NUMBER, **us, "kind": "local"},
        {"number": SECOND, **us, "kind": "local"},
        {"number": TOLL_FREE, **us, "kind": "toll_free"},
    ]
    assert desk.ask("number", "park", NUMBER) == {"parked": NUMBER}
    found = desk.ask("number", "list")
    assert [(n["state"], n["joinable"]) for n in found] == [("parked", 2), ("open", 2), ("open", 2)]
    assert desk("number", "list").out.splitlines() == [
        "NUMBER        PHONES  STATE   COUNTRY  KIND",
        f"{NUMBER}  0       parked  US       local",
        f"{SECOND}  0       open    US       local",
        f"{TOLL_FREE}  0       open    US       toll_free",
        "",
        "COUNTRY  NUMBERS  MOST BY ONE PHONE  MORE GROUPS",
        "US       2        0                  2",
    ]


def test_the_room_in_the_pool(staffed: Desk) -> None:
    """`number capacity` says by country how many more groups a phone could join; when to buy."""
    full = {"country": "US", "usable": 1, "busiest": 1, "joinable": 0, "advice": ADVICE}
    assert staffed.ask("number", "capacity") == [full]
    assert staffed("number", "capacity").out.endswith(f"\n\nUS: {ADVICE}\n")
    assert staffed("number", "list").out.endswith(f"\n\nUS: {ADVICE}\n")
    staffed.ask("number", "add", SECOND)
    roomy = {**full, "usable": 2, "joinable": 1, "advice": ""}
    assert staffed.ask("number", "capacity") == [roomy]
    assert ADVICE not in staffed("number", "list").out


def test_two_of_one_phone_at_once_get_different_numbers(staffed: Desk) -> None:
    """Two processes add one phone to two groups at the same moment: two different numbers."""
    staffed.ask("number", "add", "+12025550182")
    phone = "+12025550109"
    processes = [
        staffed.spawn("member", "add", group, "--name", "Sol", "--sms", phone, "--json")
        for group in ("Tuesday", "Friday")
    ]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    assert {json.loads(out)["write_to"] for out, _ in answers} == {NUMBER, "+12025550182"}


def test_buying(staffed_here: Desk, shop: Shop) -> None:
    """`number buy` rents, points and adds what was asked for, and prints it."""
    assert staffed_here.ask("number", "buy", "--area-code", "202", "--count", "2") == {
        "bought": ["+12025550191", "+12025550192"]
    }
    assert shop.asked == [("US", "202", False, 2)]
    assert staffed_here("number", "buy", "--toll-free").out == f"{TOLL_FREE}\n"
    assert shop.ours == dict.fromkeys([NUMBER, "+12025550191", "+12025550192", TOLL_FREE], True)
    listed = [n["number"] for n in staffed_here.ask("number", "list")]
    assert listed == [NUMBER, "+12025550191", "+12025550192", TOLL_FREE]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--country", "USA"), "two letters"),
        (("--country", "DE", "--area-code", "202"), "United States"),
        (("--area-code", "20"), "three digits"),
        (("--area-code", "2025550191"), "three digits"),
        (("--count", "0"), "From 1 to 20"),
        (("--count", "21"), "From 1 to 20"),
        (("--count", "9"), "nothing was bought"),
    ],
)
def test_what_cannot_be_bought(
    staffed_here: Desk, shop: Shop, options: tuple[str, ...], word: str
) -> None:
    """A wish that makes no sense, or more than is on offer: one sentence, and nothing is bought."""
    before = staffed_here.dump()
    ran = staffed_here("number", "buy", *options)
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert word in ran.err
    assert staffed_here.dump() == before
    assert list(shop.ours) == [NUMBER]


def test_syncing(staffed_here: Desk, shop: Shop) -> None:
    """`number sync` points the pool's numbers here; others only with --add, which adds them."""
    assert staffed_here("number", "sync").out == (
        "All is well: 1 rented, all in the pool, all point here.\n"
    )
    shop.ours |= {NUMBER: False, SECOND: False}
    nothing: dict[str, list[str]] = {"pointed": [], "added": [], "unknown": [], "missing": []}
    assert staffed_here.ask("number", "sync") == {
        "rented": 2, **nothing, "pointed": [NUMBER], "unknown": [SECOND],
    }  # fmt: skip
    assert shop.ours == {NUMBER: True, SECOND: False}
    said = staffed_here("number", "sync").out
    assert said == f"Rented, but not in the pool (--add adds them): {SECOND}.\n"
    assert [n["number"] for n in staffed_here.ask("number", "list")] == [NUMBER]
    assert staffed_here.ask("number", "sync", "--add") == {
        "rented": 2,
        **nothing,
        "pointed": [SECOND],
        "added": [SECOND],
    }
    assert shop.ours == {NUMBER: True, SECOND: True}
    assert [n["number"] for n in staffed_here.ask("number", "list")] == [NUMBER, SECOND]


def test_a_number_of_the_pool_that_is_not_rented(staffed_here: Desk, shop: Shop) -> None:
    """It is reported with status 1, as JSON too, and stays in the pool."""
    del shop.ours[NUMBER]
    ran = staffed_here("number", "sync", "--json")
    assert (ran.status, ran.err) == (1, "")
    assert json.loads(ran.out)["missing"] == [NUMBER]
    ran = staffed_here("number", "sync")
    assert (ran.status, ran.err) == (1, "")
    assert ran.out == (
        f"In the pool, but not rented: nobody reads what is written there: {NUMBER}.\n"
    )
    assert [n["number"] for n in staffed_here.ask("number", "list")] == [NUMBER]


def test_what_broke_after_buying_is_made_up_for(staffed_here: Desk, shop: Shop) -> None:
    """What is paid for and not finished is said plainly, is no number yet, and can be repaired."""
    shop.is_broken = True
    ran = staffed_here("number", "buy")
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "bought and is not in the pool yet" in ran.err
    assert "relay number sync --add" in ran.err
    assert [n["number"] for n in staffed_here.ask("number", "list")] == [NUMBER]
    shop.is_broken = False
    assert staffed_here.ask("number", "sync", "--add")["added"] == ["+12025550191"]
    assert shop.ours["+12025550191"]
    assert len(staffed_here.ask("number", "list")) == 2


def test_buying_that_breaks_off(staffed_here: Desk, shop: Shop) -> None:
    """What was finished before stays, and the sentence says how many that are."""
    shop.most = 2
    ran = staffed_here("number", "buy", "--count", "2")
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "Twilio sells no more; 1 of 2 numbers were bought" in ran.err
    assert len(staffed_here.ask("number", "list")) == 2
    shop.most, shop.offered = 9, ["nonsense"]
    assert "not in the pool yet" in staffed_here("number", "buy").err


def test_without_texts_nothing_is_bought_or_synced(staffed_here: Desk) -> None:
    """Where text messaging is not set up, both say so."""
    for command in ("buy", "sync"):
        ran = staffed_here("number", command)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err == (
            "Text messaging is not set up: set RELAY_PUBLIC_URL and Twilio's account first.\n"
        )
