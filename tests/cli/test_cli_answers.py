"""Every command answers `--json` with exactly the shape that scripts rely on."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess

from channels.secret import Secret
from relay.config import load_settings
from relay.engine import open_engine
from relay.model import GroupSettings, MemberSettings
from relay.options import OF_GROUP, OF_MEMBER
from relay.presets import PRESETS
from tests.cli.conftest import DOMAIN, IVY, NUMBER, ROBIN, Desk, shelve
from tests.support.town import free_port

ID = r"[0-9a-hjkmnp-tv-z]{12}"
GROUP_DEFAULTS = {option.name: getattr(GroupSettings(), option.name) for option in OF_GROUP}
MEMBER_DEFAULTS = {option.name: getattr(MemberSettings(), option.name) for option in OF_MEMBER}
GROUP_KEYS = ["group", "name", "state", "members", *GROUP_DEFAULTS]
MEMBER_KEYS = [
    "member", "group", "name", "channel", "write_to", "mask", "state", "facilitator", "role",
    "paused", "agreed", "agreed_version", "agreed_by", "affirmed", "asked", *MEMBER_DEFAULTS,
]  # fmt: skip


def test_init_writes_once_and_keeps_everything(desk: Desk) -> None:
    """The first run writes settings and keys; the second writes nothing, says so, and ends well."""
    first = desk.ask("init", "--public-url", "https://relay.example")
    assert list(first) == ["written", "dns", "twilio"]
    assert first["written"] == ["relay.toml", "data/keys/master.key", "data/keys/dkim-relay1.pem"]
    assert [(r["name"], r["type"]) for r in first["dns"]] == [
        (DOMAIN, "MX"),
        (DOMAIN, "TXT"),
        (f"relay1._domainkey.{DOMAIN}", "TXT"),
        (f"_dmarc.{DOMAIN}", "TXT"),
        (f"_mta-sts.{DOMAIN}", "TXT"),
    ]
    assert first["twilio"] == {
        "a message comes in": "https://relay.example/twilio/sms#rc=5&rp=all",
        "the handler fails": "https://relay.example/twilio/fallback",
        "a call comes in": "https://relay.example/twilio/voice",
    }
    before = desk.dump()
    assert desk.ask("init") == first | {"written": []}
    said = desk("init")
    assert said.status == 0
    for path in first["written"]:
        assert f"Kept {path} as it was." in said.out
    assert desk.dump() == before
    modes = [oct(path.stat().st_mode & 0o777) for path in desk.folder.glob("data/keys/*")]
    assert set(modes) == {"0o600"}


def test_init_never_writes_over_what_is_there(desk: Desk) -> None:
    """A wish that the settings file does not hold is refused, not written into it."""
    (desk.folder / "relay.toml").write_text('# mine\nlog_level = "error"\n')
    assert desk.ask("init")["written"][0] == "data/keys/master.key"
    before = desk.dump()
    refused = desk("init", "--domain", "other.example")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.count("\n") == 1
    assert desk.dump() == before
    assert desk("init", "--domain", DOMAIN).status == 0  # what the environment says anyway
    assert desk.dump() == before


def test_groups(desk: Desk) -> None:
    """`group create`, `show`, `list`, `set`, `freeze`, `thaw`, `close`: a flat object each."""
    desk.ask("init")
    made = desk.ask(
        "group", "create", "Tuesday", "--preset", "high", "--timezone", "Europe/Berlin",
        "--quiet", "22:00-07:00", "--language", "de",
    )  # fmt: skip
    assert list(made) == GROUP_KEYS
    assert re.fullmatch(ID, made["group"])
    assert made == GROUP_DEFAULTS | dict(PRESETS["high"].settings) | {
        "group": made["group"], "name": "Tuesday", "state": "open", "members": 0,
        "preset": "high", "timezone": "Europe/Berlin", "quiet": "22:00-07:00", "language": "de",
    }  # fmt: skip
    assert desk.ask("group", "show", made["group"]) == made
    assert desk.ask("group", "show", "tuesday") == made
    changed = desk.ask("group", "set", "Tuesday", "name=Wednesday", "pictures=on", "contacts=ask")
    assert changed == made | {"name": "Wednesday", "pictures": True, "contacts": "ask"}
    for wrong in (
        "contacts=maybe", "html=perhaps", "unproven=no", "hotlines=" + "1" * 600,
        "text_pictures=some", "reactions=loud", "reach=" + "x" * 41, "crisis=a\nb", "budget=-1",
        "member_budget=all", "code_after=366", "quiet=10-7",
        "quiet=mon 25:00-26:00", "narrow=maybe",
    ):  # fmt: skip
        assert desk("group", "set", "Wednesday", wrong).status == 1
    assert desk.ask("group", "show", "Wednesday") == changed
    for command, state in (("freeze", "frozen"), ("thaw", "open"), ("close", "closed")):
        assert desk.ask("group", command, "Wednesday") == changed | {"state": state}
    assert desk.ask("group", "list") == [
        {"group": made["group"], "name": "Wednesday", "state": "closed"}
    ]
    assert desk("group", "list").out.splitlines() == [
        "ID            NAME       STATE",
        f"{made['group']}  Wednesday  closed",
    ]


def test_set_keeps_a_group_found_by_id(staffed: Desk) -> None:
    """A group named by its id is shown as it is after a change of its name, too."""
    group = staffed.ask("group", "show", "Tuesday")
    assert staffed.ask("group", "set", group["group"], "name=Monday") == group | {"name": "Monday"}


def test_members(staffed: Desk) -> None:
    """`member add`, `list`, `show`, `set`, `remove`."""
    group = staffed.ask("group", "show", "Tuesday")
    assert group["members"] == 2
    ana = staffed.ask(
        "member", "add", "Tuesday", "--name", "Ana", "--sms", "+12025550102",
        "--timezone", "Europe/Berlin", "--quiet", "21:00-08:00", "--language", "es",
        "--facilitator",
    )  # fmt: skip
    assert list(ana) == MEMBER_KEYS
    assert re.fullmatch(ID, ana["member"])
    assert re.fullmatch(rf"[a-z0-9]{{12}}@{DOMAIN}", ana["mask"])
    assert ana == MEMBER_DEFAULTS | {
        "role": "facilitator", "paused": "",
        "agreed_version": 0, "agreed_by": "", "affirmed": "", "asked": "",
        "member": ana["member"], "group": group["group"], "name": "Ana", "channel": "sms",
        "write_to": NUMBER, "mask": ana["mask"], "state": "invited", "facilitator": True,
        "agreed": "", "timezone": "Europe/Berlin", "quiet": "21:00-08:00", "language": "es",
    }  # fmt: skip
    robin, ivy = (
        next(m for m in staffed.ask("member", "list", "Tuesday") if m["name"] == name)
        for name in ("Robin", "Ivy")
    )
    assert list(robin) == ["member", "name", "channel", "state", "facilitator"]
    assert (ivy["channel"], ivy["state"]) == ("email", "active")
    assert re.fullmatch(
        rf"[a-z0-9]{{16}}@{DOMAIN}", staffed.ask("member", "show", ivy["member"])["write_to"]
    )
    changed = staffed.ask("member", "set", ana["member"], "agreed=2026-01-03", "facilitator=false")
    assert changed.pop("warning").startswith("Nobody runs this group now")
    no_more = {"facilitator": False, "role": "member", "agreed_version": 1}
    assert changed == ana | {"state": "active", "agreed": "2026-01-03"} | no_more
    assert staffed.ask("member", "show", ana["member"]) == changed
    assert staffed("member", "list", "Tuesday").out.splitlines()[:2] == [
        "ID            NAME   CHANNEL  STATE   FACILITATOR",
        f"{ana['member']}  Ana    sms      active  no",
    ]
    assert staffed.ask("member", "remove", ana["member"]) == {"removed": ana["member"]}
    assert [m["name"] for m in staffed.ask("member", "list", "Tuesday")] == ["Ivy", "Robin"]


def test_who_comes_in_and_who_does_not(staffed: Desk) -> None:
    """`member invite`, `approve`, `rename`, `avoid`, `conflicts`, `ban`, `unban`, `remove`."""
    staffed.ask("number", "add", "+12025550183")
    staffed.ask("group", "set", "Tuesday", "vetting=approve")
    robin, ivy = (
        next(m for m in staffed.ask("member", "list", "Tuesday") if m["name"] == name)["member"]
        for name in ("Robin", "Ivy")
    )
    lou = staffed.ask("member", "add", "Tuesday", "--sms", "+12025550102")
    assert lou["state"] == "invited"
    assert lou["name"]
    assert staffed.ask("member", "invite", lou["member"])["state"] == "invited"
    assert staffed("member", "invite", robin).status == 1
    assert staffed("member", "approve", lou["member"]).err == "She does not wait to be let in.\n"
    assert staffed.ask("member", "rename", robin, "Heron")["name"] == "Heron"
    assert staffed.ask("member", "avoid", robin, "--email", IVY) == {"noted": True}
    (pair,) = staffed.ask("member", "conflicts", "Tuesday")
    assert {pair["member"], pair["other"]} == {robin, ivy}
    assert staffed.ask("member", "avoid", robin, "--email", IVY, "--undo") == {"noted": False}
    assert staffed.ask("member", "conflicts", "Tuesday") == []
    held = staffed.ask("inventory", "--member", ivy)
    assert (held["held"], held["key"], held["rows"]["member"]) == (True, True, 1)
    assert staffed.ask("member", "remove", ivy, "--ban", "--forget") == {"removed": ivy}
    held = staffed.ask("inventory", "--member", ivy)
    assert (held["held"], held["key"], sum(held["rows"].values())) == (False, False, 0)
    assert staffed("member", "add", "Tuesday", "--email", IVY).status == 1
    assert staffed.ask("member", "ban", "Tuesday", "--email", IVY) == {"banned": True}
    assert staffed.ask("member", "unban", "Tuesday", "--email", IVY) == {"banned": False}
    assert staffed.ask("member", "add", "Tuesday", "--email", IVY)["state"] == "invited"
    assert "rows in member" in staffed("inventory", "--member", robin).out


def test_a_member_is_given_a_rest(staffed: Desk) -> None:
    """So long, until a day or until she says so; off ends it; what is no time changes nothing."""
    ivy = next(m for m in staffed.ask("member", "list", "Tuesday") if m["name"] == "Ivy")["member"]
    assert re.fullmatch(
        r"2\d{3}-\d\d-\d\dT\d\d:\d\dZ", staffed.ask("member", "pause", ivy, "3d")["paused"]
    )
    day = staffed.ask("member", "pause", ivy, "until", "monday")
    assert re.fullmatch(r"2\d{3}-\d\d-\d\dT07:00Z", day["paused"])
    assert staffed.ask("member", "pause", ivy)["paused"] == "until she says so"
    assert staffed("member", "pause", ivy, "some time").status == 1
    assert staffed.ask("member", "show", ivy)["paused"] == "until she says so"
    assert staffed.ask("member", "pause", ivy, "off")["paused"] == ""


def test_contacts_are_shown_only_when_asked_for(staffed: Desk) -> None:
    """`--reveal` adds the real contact to `member show`; nothing else does."""
    shown = {}
    for member in staffed.ask("member", "list", "Tuesday"):
        plain = staffed.ask("member", "show", member["member"])
        revealed = staffed.ask("member", "show", member["member"], "--reveal")
        assert list(plain) == MEMBER_KEYS
        assert {k: v for k, v in revealed.items() if k != "contact"} == plain
        shown[member["name"]] = revealed["contact"]
    assert shown == {"Robin": ROBIN, "Ivy": IVY}


def test_inventory_of_nothing(staffed: Desk) -> None:
    """Nothing held: zeros for programs, a plain sentence for people."""
    nothing = {
        "bodies": 0,
        "deliveries": {
            "due": 0, "held": 0, "retrying": 0, "sending": 0, "on_the_way": 0, "resting": 0,
        },
        "body_keys": 0,
        "topics": 0,
        "groups": [],
        "tallies": {},
        "waiting_for_author": 0,
        "not_passed_on": {},
        "happened": {},
        "spool": 0,
        "at_provider": 0,
    }  # fmt: skip
    assert staffed.ask("inventory") == nothing
    assert staffed.ask("inventory", "Tuesday") == nothing
    assert staffed("inventory").out.startswith("Nothing is held")


def test_inventory_of_a_waiting_post(staffed: Desk) -> None:
    """What waits is counted by group, with the time when it will be gone, in words for people."""
    group = staffed.ask("group", "show", "Tuesday")
    robin, ivy = (m["member"] for m in staffed.ask("member", "list", "Tuesday"))
    number = read(group["group"])
    staffed.sql(
        "INSERT INTO post (id, group_id, author_id, key_id, body, expires, unreached)"
        f" VALUES (7, {number}, NULL, 1, '', 4102444800000, 0)"
    )
    for row, (reader, due, attempts, stage) in enumerate(
        ((robin, 0, 0, 0), (ivy, 4102444800000, 1, 0), (robin, 0, 1, 1), (robin, 0, 1, 3))
    ):
        staffed.sql(
            "INSERT INTO delivery"
            " (id, post_id, member_id, channel, due, attempts, unsure, stage, start)"
            f" VALUES ({row}, 7, {read(reader)}, 'sms', {due}, {attempts}, 0, {stage}, 0)"
        )
    held = staffed.ask("inventory", "Tuesday")
    waiting = {"due": 1, "held": 0, "retrying": 1, "sending": 0, "on_the_way": 1, "resting": 1}
    assert held["bodies"] == 1
    assert held["deliveries"] == waiting
    times = {"first_gone_by": "2100-01-01T00:00Z", "last_gone_by": "2100-01-01T00:00Z"}
    assert held["groups"] == [{"group": "Tuesday", "bodies": 1, **waiting, **times}]
    assert staffed.ask("inventory", "Friday")["groups"] == []
    said = staffed("inventory").out.splitlines()
    assert said[0] == "Bodies held: 1. Copies that wait: 4."
    assert said[2].split("  ")[0] == "GROUP"
    assert re.split(r"\s{2,}", said[3]) == [
        "Tuesday", "1", "1", "0", "1", "0", "1", "1", "2100-01-01 00:00", "2100-01-01 00:00",
    ]  # fmt: skip
    assert "{" not in "".join(said)


def test_inventory_of_what_lies_elsewhere(staffed_here: Desk) -> None:
    """What waits in the spool, and what Twilio is still to delete, is counted for both readers."""

    async def work() -> None:
        engine = await open_engine(load_settings())
        now = engine.clock.now()
        try:
            shelve(engine, now)
            async with engine.database.writing() as c:
                await engine.erasures.add(c, [(Secret("SM1"), now), (Secret("CA2"), now)], now)
        finally:
            await engine.close()

    asyncio.run(work())
    held = staffed_here.ask("inventory")
    assert (held["spool"], held["at_provider"]) == (1, 2)
    said = staffed_here("inventory").out
    assert "Texts that could not be taken in yet: 1.\n" in said
    assert "Texts and calls that Twilio is still to delete: 2.\n" in said


def read(shown: str) -> int:
    """The stored id behind a shown one."""
    from relay.model import read_id

    number = read_id(shown)
    assert number is not None
    return number


def test_version(here: Desk) -> None:
    """`version` needs no settings and no database."""
    from relay import __version__

    assert here.ask("version") == {"version": __version__}
    assert here("version").out == f"{__version__}\n"


# In a process of its own ---------------------------------------------------------------------


def test_the_command_runs_as_a_process(staffed: Desk) -> None:
    """What `python -m relay` prints and how it exits is what the tests in this process see."""
    done = [
        subprocess.run(
            staffed.command(*arguments), cwd=staffed.folder, env=staffed.environment(),
            capture_output=True, text=True, check=False,
        )
        for arguments in (("group", "list", "--json"), ("group", "show", "Nope"), ("group", "x"))
    ]  # fmt: skip
    assert [d.returncode for d in done] == [0, 1, 2]
    assert json.loads(done[0].stdout) == staffed.ask("group", "list")
    assert done[0].stderr == ""
    assert (done[1].stdout, done[1].stderr) == ("", "There is no such group.\n")


def test_serve_says_where_its_doors_are(staffed_here: Desk) -> None:
    """`serve --json` prints one line when it is ready, answers there, and stops when told to."""
    environment = staffed_here.environment() | {
        "RELAY_HTTP_LISTEN": "127.0.0.1:0",
        "RELAY_SMTP_LISTEN": "127.0.0.1:0",
        "RELAY_SMARTHOST": f"smtp://127.0.0.1:{free_port()}",
    }
    for roles, doors in (("web,mail,delivery", {"http", "smtp"}), ("delivery", set())):
        with subprocess.Popen(
            staffed_here.command("serve", "--only", roles, "--json"), cwd=staffed_here.folder,
            env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert list(ready) == ["http", "smtp"]
            for name, place in ready.items():
                pattern = r"127\.0\.0\.1:[1-9][0-9]*"
                assert re.fullmatch(pattern, place) if name in doors else place is None
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=30)
            assert (process.returncode, out) == (0, "")


def test_the_transcript_of_the_demo_as_json(here: Desk) -> None:
    """`demo --transcript --json` keeps what is for people off stdout."""
    process = here.spawn("demo", "--transcript", "--json")
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out) == (0, '{"well": true}\n')
    assert err
