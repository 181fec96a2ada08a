"""What facilitators do by words, on the command line."""

from __future__ import annotations

import asyncio
from typing import Any

from channels.contact import EMAIL
from channels.contract import Inbound, Proof
from channels.secret import Contact, Secret
from policies import catalogue
from relay.config import load_settings
from relay.engine import open_engine
from relay.intake import Intake
from tests.cli.conftest import Desk

SOL, ANA = "sol@willow.example", "ana@willow.example"


def add(desk: Desk, name: str, address: str, *more: str) -> Any:
    """Add a member who reads mail."""
    agreed = ("--agreed", "2026-01-02")
    return desk.ask("member", "add", "Tuesday", "--name", name, "--email", address, *agreed, *more)


def writes(member: Any, address: str, text: str) -> None:
    """Somebody mails the group."""

    async def work() -> None:
        engine = await open_engine(load_settings())
        try:
            await Intake(engine, catalogue.POST, lambda: None).accept(
                Inbound(
                    channel=EMAIL,
                    provider_id=text,
                    sender=Contact(EMAIL, address),
                    to=Secret(member["write_to"]),
                    text=Secret(text),
                    proof=Proof.PROVEN,
                )
            )
        finally:
            await engine.close()

    asyncio.run(work())


def test_a_group_is_run_from_the_command_line(desk: Desk) -> None:
    """Posts are listed, approved and declined; members muted; posts planned and taken back."""
    desk.ask("init")
    desk.ask("group", "create", "Tuesday")
    desk.ask("group", "set", "Tuesday", "posting=moderated")
    sol = add(desk, "Sol", SOL)
    ana = add(desk, "Ana", ANA, "--facilitator")
    assert desk.ask("group", "queue", "Tuesday") == []
    for text in ("one", "two"):
        writes(sol, SOL, text)
    rows = desk.ask("group", "queue", "Tuesday", "--words")
    assert [(row["name"], row["words"]) for row in rows] == [("Sol", "one"), ("Sol", "two")]
    numbers = [str(row["number"]) for row in rows]
    assert list(desk.ask("group", "approve", "Tuesday", numbers[0])) == ["done"]
    desk.ask("group", "decline", "Tuesday", numbers[1], "--reason", "not now")
    again = desk("group", "approve", "Tuesday", numbers[0])
    assert (again.status, again.err) == (1, f"Nothing waits under the number {numbers[0]}.\n")
    assert desk("group", "queue", "Tuesday").out == "none\n"

    assert desk("member", "mute", sol["member"], "2h").status == 0
    wrong = desk("member", "mute", sol["member"], "soon")
    assert (wrong.status, wrong.out) == (1, "")
    assert desk("member", "unmute", sol["member"]).status == 0

    assert desk("group", "announce", "Tuesday", "hi", "--by", sol["member"]).status == 1
    said = desk.ask("group", "announce", "Tuesday", f"we meet, {ANA}", "--by", ana["member"])
    assert said == {"done": "Said to members of the group: 1."}
    assert desk("group", "announce", "Tuesday", " ", "--by", ana["member"]).status == 1

    planned = "daily 9:00 Good morning"
    assert desk("group", "plan", "Tuesday", planned, "--by", sol["member"]).status == 1
    desk.ask("group", "plan", "Tuesday", planned, "--by", ana["member"])
    (plan,) = desk.ask("group", "plans", "Tuesday")
    assert list(plan) == ["number", "due"]
    desk.ask("group", "unplan", "Tuesday", str(plan["number"]))
    assert desk.ask("group", "plans", "Tuesday") == []


def test_who_leaves_a_group_without_anybody_who_runs_it_is_told(desk: Desk) -> None:
    """By a demotion or a removal; not while another one is there, and what was asked is done."""
    desk.ask("init")
    desk.ask("group", "create", "Tuesday")
    add(desk, "Sol", SOL)
    ana = add(desk, "Ana", ANA, "--facilitator")
    lou = add(desk, "Lou", "lou@willow.example", "--facilitator")
    assert "warning" not in desk.ask("member", "set", lou["member"], "role=member")
    demoted = desk("member", "set", ana["member"], "role=member")
    assert (demoted.status, "Nobody runs this group now" in demoted.out) == (0, True)
    assert "warning" not in desk.ask("member", "set", ana["member"], "name=Anna")
    desk.ask("member", "set", ana["member"], "role=co_facilitator")
    removed = desk.ask("member", "remove", ana["member"])
    assert removed.pop("warning").startswith("Nobody runs this group now")
    assert removed == {"removed": ana["member"]}


def test_roles_are_set_and_shown(desk: Desk) -> None:
    """Any of the five; what is none is refused in a sentence."""
    desk.ask("init")
    desk.ask("group", "create", "Tuesday")
    sol = add(desk, "Sol", SOL)
    for role in ("facilitator", "co_facilitator", "interpreter", "listener", "member"):
        shown = desk.ask("member", "set", sol["member"], f"role={role}")
        assert (shown["role"], shown["facilitator"]) == (role, "facilitator" in role)
    refused = desk("member", "set", sol["member"], "role=boss")
    assert refused.status == 1
    assert refused.err.startswith("A role is one of facilitator")
