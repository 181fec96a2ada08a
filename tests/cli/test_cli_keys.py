"""`relay keys`: selectors turn over without a moment in which mail cannot be checked."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.mail.dkim import dns_record
from relay import signing, wiring
from relay.config import load_settings
from relay.doctor import examine
from relay.errors import RefusalError
from relay.signing import REST, Selector, Selectors, State
from tests.channels.mail.mailside import Zone, name_server
from tests.cli.conftest import DOMAIN, Desk, Ran
from tests.support import rfc6376
from tests.support.town import Town

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
SENTENCE = re.compile(r"[A-Z][^\n]{10,200}\.\n")


def refused(ran: Ran, word: str) -> None:
    """Status 1, one sentence on stderr, nothing else."""
    assert (ran.status, ran.out) == (1, "")
    assert SENTENCE.fullmatch(ran.err), ran.err
    assert word in ran.err


@pytest.fixture
def ready(here: Desk, signing_key: bytes) -> Desk:
    """A desk after `relay init`."""
    keys = here.folder / "data" / "keys"
    keys.mkdir(parents=True, mode=0o700)
    (keys / "dkim-relay1.pem").write_bytes(signing_key)
    (keys / "dkim-relay1.pem").chmod(0o600)
    here.ask("init")
    return here


def states(desk: Desk) -> dict[str, str]:
    """Selectors and their states, as the command shows them."""
    return {row["selector"]: row["state"] for row in desk.ask("keys", "list")}


def start_relay() -> None:
    """What a start of `relay serve` does with selectors."""
    signing.started(load_settings(), NOW)


async def test_a_key_lives_from_new_to_published(
    ready: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole life of two keys, with a name server that shows what was published when."""
    zone: Zone = {}
    async with name_server(zone) as server:
        monkeypatch.setenv("RELAY_DNS_SERVER", server.address)
        await asyncio.to_thread(_life, ready, zone)


def _life(desk: Desk, zone: Zone) -> None:
    assert desk.ask("keys", "list") == [
        {"selector": "relay1", "kind": "rsa", "state": "in use", "since": None}
    ]
    made = desk.ask("keys", "new")
    name = f"relay2._domainkey.{DOMAIN}"
    assert list(made) == ["selector", "kind", "dns"]
    assert (made["selector"], made["kind"], made["dns"]["name"]) == ("relay2", "rsa", name)
    assert states(desk) == {"relay1": "in use", "relay2": "new"}

    refused(desk("keys", "use", "relay2"), "DNS does not show")
    zone[name] = [b"v=DKIM1; k=rsa; p=QUJD"]
    refused(desk("keys", "use", "relay2"), "DNS does not show")
    zone[name] = [made["dns"]["value"].encode()]
    assert desk.ask("keys", "use", "relay2") == {"signing": ["relay2"], "leaving": ["relay1"]}
    assert desk.ask("keys", "use", "relay2") == {"signing": ["relay2"], "leaving": ["relay1"]}

    refused(desk("keys", "retire", "relay2"), "signs mail")
    refused(desk("keys", "retire", "relay1"), "start")
    start_relay()
    assert states(desk) == {"relay1": "resting", "relay2": "in use"}
    _back_in_time(desk, "relay1", REST - timedelta(minutes=5))
    refused(desk("keys", "retire", "relay1"), "seven days")
    _back_in_time(desk, "relay1", REST + timedelta(minutes=5))
    old = f"relay1._domainkey.{DOMAIN}"
    taken_back = {"name": old, "type": "TXT", "value": "v=DKIM1; k=rsa; p="}
    refused(desk("keys", "publish", "relay1"), "Only a retired key")
    for _ in range(2):
        assert desk.ask("keys", "retire", "relay1") == {"selector": "relay1", "dns": taken_back}

    pem = (desk.folder / "data" / "keys" / "dkim-relay1.pem").read_text()
    zone[old] = [dns_record(pem.encode()).encode()]
    refused(desk("keys", "publish", "relay1"), "DNS still shows")
    assert states(desk)["relay1"] == "retired"
    zone[old] = [taken_back["value"].encode()]
    assert desk.ask("keys", "publish", "relay1") == {"selector": "relay1", "private_key": pem}
    assert states(desk) == {"relay1": "published", "relay2": "in use"}
    refused(desk("keys", "use", "relay1", "--unchecked"), "never used again")
    assert "PRIVATE" not in desk("keys", "list").said
    assert {p.stat().st_mode & 0o777 for p in desk.folder.glob("data/keys/*")} == {0o600}


def _back_in_time(desk: Desk, name: str, by: timedelta) -> None:
    path = desk.folder / "data" / "keys" / "dkim.json"
    kept = json.loads(path.read_text())
    from relay.clock import SystemClock

    kept[name]["since"] = (SystemClock().now() - by).isoformat()
    path.write_text(json.dumps(kept))


def test_an_ed25519_key_signs_beside_rsa_or_alone(ready: Desk) -> None:
    """A key replaces the one of its kind; `--alone` replaces all."""
    made = ready.ask("keys", "new", "--ed25519")
    assert made["kind"] == "ed25519"
    assert re.fullmatch(r"v=DKIM1; k=ed25519; p=\S{43}=", made["dns"]["value"])
    use = ("keys", "use", "--unchecked")
    assert ready.ask(*use, "relay2") == {"signing": ["relay1", "relay2"], "leaving": []}
    ready.ask("keys", "new")
    both = {"signing": ["relay2", "relay3"], "leaving": ["relay1"]}
    assert ready.ask(*use, "relay3") == both
    alone = {"signing": ["relay2"], "leaving": ["relay1", "relay3"]}
    assert ready.ask(*use, "relay2", "--alone") == alone
    assert ready.ask(*use, "relay1")["signing"] == ["relay1", "relay2"]


def test_init_shows_the_records_that_are_needed_and_makes_no_old_key_anew(ready: Desk) -> None:
    """A retired selector is not in the list any more; its key may go."""
    for arguments in (("new",), ("use", "relay2", "--unchecked"), ("retire", "relay1", "--force")):
        ready.ask("keys", *arguments)
    (ready.folder / "data" / "keys" / "dkim-relay1.pem").unlink()
    report = ready.ask("init")
    names = [record["name"] for record in report["dns"] if "_domainkey" in record["name"]]
    assert names == [f"relay2._domainkey.{DOMAIN}"]
    assert report["written"] == []
    assert ready.ask("keys", "list")[0] | {"since": None} == {
        "selector": "relay1", "kind": None, "state": "retired", "since": None,
    }  # fmt: skip
    refused(ready("keys", "publish", "relay1", "--unchecked"), "not beside the others")


def test_plain_answers_tell_what_to_do_next(ready: Desk) -> None:
    """Without --json: the record to set, and the next step, in words."""
    said = ready("keys", "new").out
    assert "relay2._domainkey.relay.example  TXT  v=DKIM1; k=rsa; p=" in said
    assert "relay keys use relay2" in said
    assert "next start" in ready("keys", "use", "relay2", "--unchecked").out
    assert ready("keys", "retire", "relay1", "--force").out.endswith("v=DKIM1; k=rsa; p=\n")
    assert ready("keys", "publish", "relay1", "--unchecked").out.startswith("-----BEGIN PRIVATE")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("use", "relay9"), "no such selector"),
        (("retire", "../relay1"), "no such selector"),
        (("publish", ""), "no such selector"),
        (("publish", "relay1"), "Only a retired key"),
        (("retire", "relay1", "--force"), "signs mail"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    ready: Desk, arguments: tuple[str, ...], word: str
) -> None:
    """One sentence, and everything stays as it was."""
    before = ready.dump()
    refused(ready("keys", *arguments), word)
    assert ready.dump() == before


def test_without_keys_domain_or_a_sound_list_nothing_is_done(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before `relay init`, without a domain, and with a damaged list: a sentence each."""
    refused(here("keys", "new"), "relay init")
    assert not (here.folder / "data").exists()
    folder = here.folder / "data" / "keys"
    folder.mkdir(parents=True)
    for damaged in ("", "[]", '{"relay1": {}}', '{"relay1": {"state": "x", "since": null}}',
                    '{"../x": {"state": "new", "since": null}}',
                    '{"a": {"state": "new", "since": "2026-01-01"}}'):  # fmt: skip
        (folder / "dkim.json").write_text(damaged)
        for command in (("keys", "list"), ("keys", "new"), ("keys", "use", "relay1")):
            refused(here(*command), "cannot be read")
        assert (folder / "dkim.json").read_text() == damaged
    monkeypatch.delenv("RELAY_DOMAIN")
    (folder / "dkim.json").unlink()
    refused(here("keys", "new"), "RELAY_DOMAIN")


def test_names_count_up_and_never_take_a_key_that_is_there(tmp_path: Path) -> None:
    """Also past keys that are retired, and past files that nobody knows of."""
    found = Selectors()
    for name in ("relay1", "relay7", "other9"):
        found.known[name] = Selector(name=name, state=State.RETIRED)
    (tmp_path / "dkim-relay8.pem").touch()
    assert found.add("relay1", tmp_path, NOW) == "relay9"
    assert found.add("s", tmp_path, NOW) == "s1"
    assert found.add("2026", tmp_path, NOW) == "1"


def test_a_failed_change_is_not_kept(ready: Desk) -> None:
    """Whatever goes wrong on the way, the list stays as it was, and the next change works."""
    ready.ask("keys", "new")
    settings = load_settings()
    before = signing.read(settings)

    def fail_half_way() -> None:
        with signing.changing(settings) as selectors:
            selectors.use("relay2", {"relay1": "rsa", "relay2": "rsa"}, NOW, alone=False)
            raise RefusalError("No.")

    with pytest.raises(RefusalError):
        fail_half_way()
    assert signing.read(settings) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_relay_signs_with_what_was_chosen(tmp_path: Path, database_url: str) -> None:
    """RSA and Ed25519 on one mail after the next start; the old key rests; the doctor agrees."""
    town = Town(tmp_path, database_url)
    await town.open()
    try:
        await town.group("Tuesday")
        robin = await town.resident("Tuesday", "Robin", "+12025550101")
        ivy = await town.resident("Tuesday", "Ivy", "m.hale@willow.example")
        records = _rotate(town)
        assert "DKIM" in {c.what for c in await examine(town.settings) if c.failed}
        for name, record in records.items():
            town.mail.publish(name, record)
        found = {c.what: str(c.word) for c in await examine(town.settings)}
        assert found["DKIM"] == "note"  # RELAY_DKIM_SELECTOR is set to another one
        await town.start()
        await robin.says("hello everyone")
        await town.settled()
        assert ivy.inbox is not None
        (mail,) = ivy.inbox.mails
        assert mail.signed
        passes = ["rsa-sha256 pass", "ed25519-sha256 pass"]
        assert rfc6376.verdicts(mail.raw, records.get) == passes
        assert signing.read(town.settings).get("relay1").state is State.RESTING
    finally:
        await town.close()


def _rotate(town: Town) -> dict[str, str]:
    kinds, settings = {"relay1": "rsa", "relay2": "rsa", "relay3": "ed25519"}, town.settings
    with signing.changing(settings) as selectors:
        for number in (2, 3):
            name = selectors.add("relay1", settings.data_dir / "keys", NOW)
            assert name == f"relay{number}"
            path = signing.key_file(settings, name)
            wiring.make_dkim_key(path, ed25519=kinds[name] == "ed25519")
            selectors.use(name, kinds, NOW, alone=False)
    return {
        f"{name}._domainkey.{settings.domain}": wiring.dkim_record(signing.key_file(settings, name))
        for name in ("relay2", "relay3")
    }
