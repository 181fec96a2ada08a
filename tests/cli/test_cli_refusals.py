"""What cannot be done gives one plain sentence, exit status 1, and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer

from relay.cli.main import app
from tests.cli.conftest import DOMAIN, IVY, NUMBER, ROBIN, Desk, Ran

SENTENCE = re.compile(r"[A-Z][^\n]{10,280}\.\n")
NOBODY = "000000000000"
ADD = ("member", "add", "Tuesday", "--agreed", "2026-01-02", "--name")
SOL = (*ADD, "Sol")
PHONE = "+12025550109"

BAD = {
    "unknown group": [
        ("group", "show", "Nope"),
        ("group", "show", NOBODY),
        ("group", "set", "Nope", "longest=500"),
        ("group", "close", "Nope"),
        ("group", "freeze", "Nope"),
        ("group", "thaw", "Nope"),
        ("member", "add", "Nope", "--name", "Sol", "--sms", PHONE),
        ("member", "list", "Nope"),
        ("inventory", "Nope"),
    ],
    "unknown member": [
        ("member", "show", NOBODY),
        ("member", "show", "Robin"),
        ("member", "show", NOBODY, "--reveal"),
        ("member", "set", NOBODY, "name=Sol"),
        ("member", "remove", NOBODY),
    ],
    "no phone that can get texts": [
        (*SOL, "--sms", phone)
        for phone in (
            "12025550109",
            "0170 1234567",
            "+1 202 555 0109",
            "+1202555010a",
            "+12",
            "+99912345678",
            "+4930901820",
            "+18005550100",
            "+1202555010\u0669",
            "",
        )
    ],
    "no mail address of hers": [
        (*SOL, "--email", address)
        for address in (
            "sol",
            "sol@",
            "@willow.example",
            "sol reed@willow.example",
            "sol@willow.example\n",
            "sol\x00@willow.example",
            "sol\r\nBcc: x@willow.example",
            "sol@localhost",
            "söl@willow.example",
            f"sol@{DOMAIN}",
            f"sol@sub.{DOMAIN}",
            f"sol@{DOMAIN.upper()}",
            "",
        )
    ],
    "pseudonym taken, confusable, reserved or none": [
        (*ADD, name, "--sms", PHONE)
        for name in (
            "Robin",
            "robin",
            "R o b i n",
            "R\u043ebin",
            "R0bin",
            "Robín",
            "admin",
            "Facilitator",
            "help",
            "STOP",
            "The Relay",
            "Sol: hi",
            "Sol\u202e",
            "Sol\n",
            "",
            "   ",
            "x" * 25,
            "call 2025550109",
            "sol@willow.example",
        )
    ],
    "unknown time zone": [
        ("group", "create", "Monday", "--timezone", "Mars/Olympus"),
        ("group", "set", "Tuesday", "timezone=Berlin"),
        (*SOL, "--sms", PHONE, "--timezone", "../etc/passwd"),
    ],
    "two members on one contact in one group": [
        (*SOL, "--sms", ROBIN),
        (*SOL, "--email", IVY),
        (*SOL, "--email", IVY.upper()),
    ],
    "no proxy number free": [("member", "add", "Friday", "--name", "Sol", "--sms", ROBIN)],
    "a number of our own as a member": [(*SOL, "--sms", NUMBER)],
    "bad settings of a group": [
        ("group", "create", "Monday", "--preset", "extreme"),
        ("group", "create", "Monday", "--quiet", "22:00"),
        ("group", "create", "Monday", "--quiet", "25:00-07:00"),
        ("group", "create", "Monday", "--language", "xx"),
        ("group", "create", "tuesday"),
        ("group", "create", ""),
        ("group", "create", "Mon\x07day"),
        ("group", "create", "M" * 81),
        ("group", "set", "Tuesday", "name=Friday"),
        ("group", "set", "Tuesday", "longest=1"),
        ("group", "set", "Tuesday", "longest=many"),
        ("group", "set", "Tuesday", "reactions=loud"),
        ("group", "set", "Tuesday", "budget=1000001"),
        ("group", "set", "Tuesday", "colour=red"),
        ("group", "set", "Tuesday", "longest=500", "quiet=never"),
        ("group", "set", "Tuesday", "name=Monday", "language=xx"),
    ],
    "bad settings of a member": [
        (*SOL, "--sms", PHONE, "--quiet", "late"),
        (*SOL, "--sms", PHONE, "--language", "xx"),
        ("member", "add", "Tuesday", "--name", "Sol", "--sms", PHONE, "--agreed", "yesterday"),
        ("member", "add", "Tuesday", "--name", "Sol", "--sms", PHONE, "--agreed", "2999-01-01"),
    ],
    "no days that are counted": [
        ("costs", "--days", "0"),
        ("costs", "--days", "36"),
        ("costs", "--days", "-1"),
    ],
    "bad numbers": [
        ("number", "add", NUMBER),
        ("number", "add", "+12025550182", "+12025550182"),
        ("number", "add", "+12025550182", "12025550183"),
        ("number", "park", "+12025550182"),
        ("number", "park", "181"),
    ],
}


def refused(ran: Ran) -> None:
    """It ended as a refusal must: status 1, one sentence on stderr, nothing else."""
    assert (ran.status, ran.out) == (1, "")
    assert SENTENCE.fullmatch(ran.err), ran.err
    assert "should not" not in ran.err
    assert "@" not in ran.err
    assert not re.search(r"[0-9]{6}", ran.err)


@pytest.mark.parametrize("what", BAD)
def test_bad_input_changes_nothing(staffed: Desk, what: str) -> None:
    """Each of these is refused in one plain sentence, and every stored row stays as it was."""
    before = staffed.dump()
    for arguments in BAD[what]:
        refused(staffed(*arguments))
    assert staffed.dump() == before


def test_bad_changes_of_a_member_change_nothing(staffed: Desk) -> None:
    """A member is changed as a whole or not at all."""
    robin = next(
        m["member"] for m in staffed.ask("member", "list", "Tuesday") if m["name"] == "Robin"
    )
    before = staffed.dump()
    for wishes in (
        ["name=Ivy"], ["name=1vy"], ["name=admin"], ["timezone=Nowhere"], ["quiet=x"],
        ["facilitator=perhaps"], ["agreed=2999-01-01"], ["agreed=soon"], ["contact=x"],
        ["name=Sol", "language=xx"],
    ):  # fmt: skip
        refused(staffed("member", "set", robin, *wishes))
    assert staffed.dump() == before


def test_a_closed_group_stays_closed(staffed: Desk) -> None:
    """Nobody joins a closed group, and it is not opened again."""
    staffed.ask("group", "close", "Friday")
    before = staffed.dump()
    for arguments in (
        ("group", "thaw", "Friday"),
        ("group", "freeze", "Friday"),
        ("group", "close", "Friday"),
        ("member", "add", "Friday", "--name", "Sol", "--sms", PHONE),
    ):
        refused(staffed(*arguments))
    assert staffed.dump() == before


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("group",),
        ("nothing",),
        ("group", "nothing"),
        ("group", "create"),
        ("group", "list", "--colour"),
        ("group", "set", "Tuesday"),
        ("group", "set", "Tuesday", "longest"),
        ("group", "set", "Tuesday", "=500"),
        ("member", "add", "Tuesday", "--name", "Sol"),
        (
            "member",
            "add",
            "Tuesday",
            "--name",
            "Sol",
            "--sms",
            PHONE,
            "--email",
            "s@willow.example",
        ),
        ("member", "add", "Tuesday", "--name", "Sol", PHONE),
        ("member", "add", "Tuesday", "--name", "Sol", "sol@willow.example"),
        ("member", "list"),
        ("number", "add"),
        ("costs", "--days", "many"),
        ("serve", "--only", "kitchen"),
        ("serve", "--only", ""),
        ("demo", "--port", "many"),
    ],
)
def test_wrong_usage(here: Desk, arguments: tuple[str, ...]) -> None:
    """Wrong usage is status 2, says something on stderr only, and repeats no contact."""
    ran = here(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.strip()
    assert "Traceback" not in ran.err
    assert "willow" not in ran.err
    assert "2025550109" not in ran.err


# What comes before any command ---------------------------------------------------------------


def test_nothing_works_before_init(here: Desk) -> None:
    """Without a master key every command that needs the store says what to do, and makes none."""
    for arguments in (("group", "list"), ("number", "add", NUMBER), ("inventory",)):
        ran = here(*arguments)
        refused(ran)
        assert "relay init" in ran.err
    assert not (here.folder / "data").exists()


@pytest.mark.parametrize(
    ("content", "mode", "word"),
    [
        (None, 0o644, "0600"),
        (None, 0o640, "0600"),
        ("", 0o600, "damaged"),
        ("00" * 31, 0o600, "damaged"),
        ("zz" * 32, 0o600, "damaged"),
        ("\u00e9" * 64, 0o600, "read"),
    ],
)
def test_a_bad_master_key_is_refused(
    staffed_here: Desk, content: str | None, mode: int, word: str
) -> None:
    """A key that others can read or that is damaged is not used, and stays as it is."""
    key = staffed_here.folder / "data" / "keys" / "master.key"
    if content is not None:
        key.write_text(content, encoding="utf-8")
    key.chmod(mode)
    before = staffed_here.dump()
    for arguments in (("group", "list"), ("init",)):
        ran = staffed_here(*arguments)
        refused(ran)
        assert word in ran.err
    assert staffed_here.dump() == before


def test_another_master_key_opens_nothing(staffed_here: Desk) -> None:
    """With the key of another relay nothing is shown, nothing is changed."""
    key = staffed_here.folder / "data" / "keys" / "master.key"
    key.write_text("ab" * 32, encoding="ascii")
    before = staffed_here.dump()
    ran = staffed_here("group", "list")
    refused(ran)
    assert staffed_here.dump() == before


def test_a_database_newer_than_the_program(staffed: Desk) -> None:
    """A database from the future is refused by every command, and left alone."""
    staffed.sql("UPDATE alembic_version SET version_num = '9999'")
    before = staffed.dump()
    for arguments in (
        ("group", "list"),
        ("init",),
        ("inventory",),
        ("number", "add", "+12025550183"),
    ):
        ran = staffed(*arguments)
        refused(ran)
        assert "newer" in ran.err
    assert staffed.dump() == before


@pytest.mark.parametrize(
    "address",
    ["mysql://127.0.0.1/x", "nonsense", "postgresql://u:hushhush@127.0.0.1:1/x"],
)
def test_a_database_that_cannot_be_opened(
    staffed_here: Desk, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, without the address: a password may stand in it."""
    monkeypatch.setenv("RELAY_DATABASE_URL", address)
    for arguments in (("group", "list"), ("init",)):
        ran = staffed_here(*arguments)
        refused(ran)
        assert "hushhush" not in ran.err


SID = "AC" + "0" * 32


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"DOMAIN": ""}, "DOMAIN"),
        ({"SMARTHOST": ""}, "SMARTHOST"),
        ({"TWILIO_ACCOUNT_SID": SID, "SMARTHOST": "smtp://127.0.0.1:1"}, "TWILIO_AUTH_TOKEN"),
        (
            {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": "hushhush",
             "SMARTHOST": "smtp://127.0.0.1:1"},
            "PUBLIC_URL",
        ),
        ({"SMARTHOST": "smtp://127.0.0.1:1", "SMTP_TLS_CERT": "x.pem"}, "SMTP_TLS_KEY"),
        ({"SMARTHOST": "smtp://127.0.0.1:1", "DKIM_SELECTOR": "other"}, "init"),
    ],
)  # fmt: skip
def test_serving_with_settings_that_do_not_fit(
    staffed_here: Desk, settings: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`relay serve` says what is missing or contradictory, and does not start."""
    for name, value in settings.items():
        if value:
            monkeypatch.setenv(f"RELAY_{name}", value)
        else:
            monkeypatch.delenv(f"RELAY_{name}", raising=False)
    before = staffed_here.dump()
    ran = staffed_here("serve")
    refused(ran)
    assert named in ran.err
    assert "hushhush" not in ran.err
    assert staffed_here.dump() == before


# No contact in any answer --------------------------------------------------------------------


def every_command(member: str) -> Iterator[tuple[str, ...]]:
    """One working call of each command that ends by itself, in an order that works."""
    yield ("init",)
    yield ("version",)
    yield ("doctor",)
    yield ("inventory",)
    yield ("costs",)
    yield ("keys", "list")
    yield ("keys", "new")
    yield ("keys", "use", "relay2", "--unchecked")
    yield ("keys", "retire", "relay1", "--force")
    yield ("keys", "publish", "relay1")
    yield ("number", "add", "+12025550184")
    yield ("number", "list")
    yield ("number", "capacity")
    yield ("number", "buy")
    yield ("number", "sync")
    yield ("number", "park", "+12025550184")
    yield ("group", "create", "Monday")
    yield ("group", "show", "Tuesday")
    yield ("group", "preset", "Tuesday", "medium", "--yes")
    yield ("group", "list")
    yield ("group", "set", "Tuesday", "longest=700")
    yield ("group", "freeze", "Tuesday")
    yield ("group", "thaw", "Tuesday")
    yield ("member", "add", "Tuesday", "--name", "Sol", "--email", "canary.nest@willow.example")
    yield ("member", "add", "Tuesday", "--name", "Wren", "--email", "canary.nest@willow.example")
    yield ("member", "add", "Tuesday", "--name", "Ana", "--sms", "+16175550142")
    yield ("member", "add", "Friday", "--name", "Ana", "--sms", "+16175550142")
    yield ("member", "list", "Tuesday")
    yield ("member", "show", member)
    yield ("member", "set", member, "name=Lou")
    yield ("member", "pause", member, "3d")
    yield ("member", "invite", member)
    yield ("member", "approve", member)
    yield ("member", "rename", member, "Heron")
    yield ("member", "avoid", member, "--email", "canary.nest@willow.example")
    yield ("member", "conflicts", "Tuesday")
    yield ("member", "ban", "Tuesday", "--email", "canary.nest@willow.example")
    yield ("member", "unban", "Tuesday", "--email", "canary.nest@willow.example")
    yield ("inventory", "--member", member)
    yield from guiding_commands(member)
    yield ("member", "remove", member)
    yield ("simulate", "Tuesday", "--days", "1")
    yield ("group", "texts", "Tuesday")
    yield ("group", "pulse", "Tuesday", "How are you?")
    yield ("group", "extend", "Tuesday", "2030-01-01")
    yield ("group", "close", "Tuesday")
    yield ("group", "destroy", "Tuesday")
    yield ("group", "destroy", "Tuesday", "--yes")


def guiding_commands(member: str) -> Iterator[tuple[str, ...]]:
    """The same of those that run a group."""
    yield ("duty", "Tuesday")
    yield ("member", "mute", member, "2h")
    yield ("member", "unmute", member)
    yield ("group", "queue", "Tuesday", "--words")
    yield ("group", "approve", "Tuesday", "57")
    yield ("group", "decline", "Tuesday", "57")
    yield ("group", "announce", "Tuesday", "call +16175550142", "--by", member)
    yield ("group", "plan", "Tuesday", "daily 9:00 call +16175550142", "--by", member)
    yield ("group", "plans", "Tuesday")
    yield ("group", "unplan", "Tuesday", "57")


def commands(under: typer.Typer, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The names of all commands there are."""
    for command in under.registered_commands:
        callback = command.callback
        yield (*path, command.name or getattr(callback, "__name__", ""))
    for group in under.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance, (*path, group.name or ""))


def test_no_command_prints_a_contact(staffed: Desk) -> None:
    """Whatever is asked, with or without --json, done or refused: no real number or address."""
    (ivy,) = (m for m in staffed.ask("member", "list", "Tuesday") if m["name"] == "Ivy")
    used = set()
    for as_json in ((), ("--json",)):
        for arguments in every_command(ivy["member"]):
            said = staffed(*arguments, *as_json).said
            assert said.strip()
            for canary in ("canary", "willow", "m.hale", "6175550142", "2025550101"):
                assert canary not in said.lower(), arguments
            used.add(
                arguments[:2]
                if arguments[0] in {"group", "keys", "member", "number"}
                else arguments[:1]
            )
    endless = {("serve",), ("demo",)}
    assert used | endless == set(commands(app))
