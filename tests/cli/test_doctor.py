"""The doctor finds what is broken, says so in a line of its own, and shows no secret."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import namedtuple
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from channels.secret import Secret
from relay import wiring
from relay.check import Check, Health
from relay.clock import SystemClock
from relay.config import Settings
from relay.doctor import examine
from relay.model import show_id
from relay.store.database import Database
from tests.cli.conftest import Desk, shelve
from tests.support.postgres import Postgres
from tests.support.town import DOMAIN, NUMBERS, Town

DKIM = f"relay1._domainkey.{DOMAIN}"
PLACES = {
    "settings", "packages", "master key", "files", "disk", "database", "key rings",
    "MX", "SPF", "DKIM", "DMARC", "smarthost", "twilio", "clock", "public URL",
    "signatures", "numbers", "spool", "erasing", "groups",
}  # fmt: skip

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what has nothing to do with the kind of database, or only with this one."""
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def sound_server(request: pytest.FixtureRequest, database_url: str) -> Iterator[None]:
    """PostgreSQL as it comes: the one of the tests does not wait for the disk."""
    if not database_url.startswith("postgresql"):
        yield
        return
    server = request.getfixturevalue("postgres").server
    for state in ("on", "off"):
        for setting in ("fsync", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = {state}")
        server.psql("SELECT pg_reload_conf()")
        while state not in server.psql("SHOW full_page_writes"):
            continue
        if state == "on":
            yield


@pytest.fixture
async def town(tmp_path: Path, database_url: str, sound_server: None) -> AsyncIterator[Town]:
    """A town in which everything is as it should be, with a relay that runs and one member."""
    town = Town(tmp_path, database_url)
    await town.open()
    town.mail.names.add(DOMAIN, "MX", f"10 {DOMAIN}.")
    town.mail.names.add(DOMAIN, "A", "127.0.0.1")
    town.mail.publish(DOMAIN, "v=spf1 mx -all")
    town.mail.publish(f"_dmarc.{DOMAIN}", "v=DMARC1; p=reject")
    await town.group("Tuesday")
    await town.resident("Tuesday", "Robin", "+12025550101")
    async with wiring.market(town.settings) as market:
        for number in NUMBERS:
            await market.point(Secret(number))
    (tmp_path / "data").chmod(0o700)
    yield town
    await town.close()


def words(checks: list[Check]) -> dict[str, set[str]]:
    """What was found at each place."""
    found: dict[str, set[str]] = {}
    for check in checks:
        found.setdefault(check.what, set()).add(str(check.word))
    return found


def sentences(checks: list[Check]) -> dict[str, list[str]]:
    """What was said at each place."""
    found: dict[str, list[str]] = {}
    for check in checks:
        found.setdefault(check.what, []).append(f"{check.word}: {check.sentence}")
    return found


def failed(checks: list[Check]) -> set[str]:
    """Where something must be mended."""
    return {check.what for check in checks if check.failed}


async def test_a_sound_relay_has_nothing_to_mend(town: Town) -> None:
    """Everything in order: no line fails; notes only say where the key lies and what SQLite is."""
    await town.start()
    checks = await examine(town.settings)
    assert set(words(checks)) == PLACES
    assert failed(checks) == set(), [c.line() for c in checks if c.failed]
    noted = {check.what for check in checks if check.word is Health.NOTE}
    assert noted <= {"master key", "database", "groups"}
    assert "master key" in noted
    for check in checks:
        assert check.sentence.endswith(".")
        assert check.shown() == {
            "word": str(check.word), "what": check.what, "sentence": check.sentence,
        }  # fmt: skip


@ON_SQLITE
async def test_a_relay_that_does_not_run_is_no_failure(town: Town) -> None:
    """The doctor is asked before the relay is started, too."""
    checks = await examine(town.settings)
    assert words(checks)["public URL"] == {"note"}
    assert failed(checks) == set(), [c.line() for c in checks if c.failed]


@ON_SQLITE
async def test_a_master_key_elsewhere_needs_no_note(town: Town, tmp_path: Path) -> None:
    """Kept outside the data directory, a copy of that folder opens nothing."""
    key = tmp_path / "elsewhere.key"
    town.settings.master_key.rename(key)
    checks = await examine(town.settings.model_copy(update={"master_key_file": key}))
    assert words(checks)["master key"] == {"ok"}
    assert failed(checks) == set(), [c.line() for c in checks if c.failed]


def _replace_ring(town: Town) -> None:
    ring = town.settings.data_dir / "keys" / "people.ring"
    ring.write_bytes(b"\x00" * ring.stat().st_size)


def _open_spool(town: Town) -> None:
    town.settings.spool.mkdir(mode=0o700)
    text = town.settings.spool / "000000000001-000000000000001"
    text.touch(mode=0o600)
    text.chmod(0o640)


def _names(work: Callable[[Any], None]) -> Callable[[Town], None]:
    return lambda town: work(town.mail.names)


BROKEN: dict[str, tuple[Callable[[Town], object], set[str]]] = {
    "master key readable by others": (
        lambda t: t.settings.master_key.chmod(0o644), {"master key", "files", "key rings"},
    ),
    "master key gone": (lambda t: t.settings.master_key.unlink(), {"master key", "key rings"}),
    "another master key": (
        lambda t: t.settings.master_key.write_text("ab" * 32), {"key rings"},
    ),
    "keys of members gone": (_replace_ring, {"key rings"}),
    "data readable by others": (lambda t: t.settings.data_dir.chmod(0o755), {"files"}),
    "settings file readable by others": (
        lambda t: (t.folder / "relay.toml").chmod(0o604), {"files"},
    ),
    "ring readable by others": (
        lambda t: (t.settings.data_dir / "keys" / "bodies.ring").chmod(0o660), {"files"},
    ),
    "signing key is none": (
        lambda t: t.settings.dkim_key.write_text("no key"), {"DKIM"},
    ),
    "signing key gone": (lambda t: t.settings.dkim_key.unlink(), {"settings", "DKIM"}),
    "another key published": (
        _names(lambda n: (n.remove(DKIM), n.add_text(DKIM, "v=DKIM1; k=rsa; p=QUJD"))), {"DKIM"},
    ),
    "two keys published": (
        _names(lambda n: n.add_text(DKIM, "v=DKIM1; k=rsa; p=QUJD")), {"DKIM"},
    ),
    "no key published": (_names(lambda n: n.remove(DKIM)), {"DKIM"}),
    "spool readable by others": (_open_spool, {"files"}),
    "no record of the domain": (_names(lambda n: n.remove(DOMAIN)), {"MX", "SPF"}),
    "two SPF records": (_names(lambda n: n.add_text(DOMAIN, "v=spf1 -all")), {"SPF"}),
    "no DMARC record": (_names(lambda n: n.remove(f"_dmarc.{DOMAIN}")), {"DMARC"}),
    "name server in trouble": (
        lambda t: t.mail.fail_dns("servfail"), {"MX", "SPF", "DKIM", "DMARC"},
    ),
    "name server in trouble with one name": (
        lambda t: t.mail.fail_dns("refused", f"_dmarc.{DOMAIN}"), {"DMARC"},
    ),
}  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize("what", BROKEN)
async def test_what_is_broken_is_found_and_hides_nothing(town: Town, what: str) -> None:
    """One thing broken: exactly its own lines fail, and every other place is still looked at."""
    harm, expected = BROKEN[what]
    harm(town)
    checks = await examine(town.settings)
    assert failed(checks) == expected, [check.line() for check in checks]
    missing = PLACES - set(words(checks))
    assert missing <= ({"smarthost"} if what == "signing key gone" else set())


WRONG: dict[str, tuple[dict[str, object], set[str]]] = {
    "smarthost not there": ({"smarthost": SecretStr("smtp://127.0.0.1:1")}, {"smarthost"}),
    "smarthost that speaks no TLS": ({"smarthost": None}, {"smarthost"}),
    "wrong token": ({"twilio_auth_token": SecretStr("hushhush")}, {"twilio"}),
    "API not there": ({"twilio_api_url": "http://127.0.0.1:1"}, {"twilio"}),
    "half of mail": ({"smarthost": None}, {"settings"}),
    "half of Twilio": ({"twilio_auth_token": None}, {"settings"}),
    "certificate not there": (
        {"smtp_tls_cert": Path("/nowhere.pem"), "smtp_tls_key": Path("/nowhere.key")},
        {"certificate"},
    ),
    "selector without a key": ({"dkim_selector": "other"}, {"settings", "DKIM"}),
    "database not there": (
        {"database_url": SecretStr("postgresql://relay:hushhush@127.0.0.1:1/x")}, {"database"},
    ),
}  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize("what", WRONG)
async def test_wrong_settings_are_found(town: Town, what: str) -> None:
    """A setting that leads nowhere fails at its own place; no sentence repeats it."""
    update, expected = WRONG[what]
    if what == "smarthost that speaks no TLS":
        plain = town.mail.smarthost.replace("smtp://", "smtps://user:hushhush@")
        update = {"smarthost": SecretStr(plain)}
    checks = await examine(town.settings.model_copy(update=update))
    assert failed(checks) == expected, [check.line() for check in checks]
    token = town.carrier.auth_token
    for check in checks:
        for secret in ("hushhush", token, "+12025550101", town.carrier.account_sid):
            assert secret not in check.line()


@ON_SQLITE
async def test_a_clock_that_goes_wrong_is_found(town: Town) -> None:
    """Our clock is compared with the Date of Twilio's answer."""

    async def account(request: web.Request) -> web.Response:
        headers = {"Date": "Wed, 18 Nov 2020 12:00:00 GMT"}
        return web.json_response({"status": "active", "type": "Trial"}, headers=headers)

    app = web.Application()
    app.add_routes([web.get("/2010-04-01/Accounts/{sid}", account)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        checks = await examine(town.settings.model_copy(update={"twilio_api_url": url}))
    finally:
        await runner.cleanup()
    assert failed(checks) == {"clock"}
    assert words(checks)["twilio"] == {"note"}  # a trial account


# Texts -----------------------------------------------------------------------------------------


async def test_texts_that_wait_and_copies_that_stay_are_told(town: Town) -> None:
    """A text an hour in the spool is a note; a copy Twilio kept for days must be looked into."""
    now = SystemClock().now()
    async with town.opened() as engine:
        shelve(engine, now - timedelta(minutes=2))
        async with engine.database.writing() as c:
            await engine.erasures.add(c, [(Secret("SM1"), now)], now)
    said = sentences(await examine(town.settings))
    assert said["spool"] == ["ok: Texts that wait to be taken in: 1."]
    assert said["erasing"] == ["ok: Texts and calls that Twilio is still to delete: 1."]
    async with town.opened() as engine:
        shelve(engine, now - timedelta(hours=2))
        engine.vault.seal_spooled(9, b"words", now)  # a key that a kill left: nothing waits
        async with engine.database.writing() as c:
            long_ago = now - timedelta(days=3)
            await engine.erasures.add(c, [(Secret("SM2"), long_ago)], long_ago)
    checks = await examine(town.settings)
    assert failed(checks) == {"erasing"}
    said = sentences(checks)
    assert said["spool"] == ["note: Texts that wait to be taken in, some for over an hour: 2."]
    assert said["erasing"] == [
        "fail: Texts and calls that should be gone at Twilio for a day and are not: 1."
    ]


@ON_SQLITE
async def test_numbers_that_are_not_ours_or_lead_elsewhere_are_told(town: Town) -> None:
    """The pool is compared with what is rented; no sentence holds a number."""
    assert sentences(await examine(town.settings))["numbers"] == [
        "ok: Rented, and leading here: 2."
    ]
    await town.inside(lambda e: e.registrar.add_numbers(["+16175550169"]))
    town.carrier.rent("+16175550168")
    checks = await examine(town.settings.model_copy(update={"public_url": "https://a.example"}))
    assert failed(checks) == {"numbers"}
    said = sentences(checks)["numbers"]
    assert [sentence.split(":")[0] for sentence in said] == ["fail", "note", "note"]
    assert "not rented, so nobody reads what goes there: 1." in said[0]
    assert "at Twilio: 2." in said[1]
    assert "not in the pool: 1;" in said[2]
    assert "617" not in "".join(said)


async def test_what_a_group_may_have_forgotten_is_noted(town: Town) -> None:
    """One who runs it alone, nowhere else to ask, and no quiet nights; closed groups are over."""
    (group,) = await town.inside(lambda e: e.registrar.groups())
    key = show_id(group.id)

    async def noted() -> list[str]:
        checks = await examine(town.settings)
        assert "groups" not in failed(checks)
        assert "Tuesday" not in "".join(sentences(checks)["groups"])
        return sentences(checks)["groups"]

    nobody, quiet = await noted()
    assert nobody.startswith(f"note: Group {key} is run by nobody and names no `alternatives`")
    assert quiet.startswith(f"note: Group {key} has no quiet hours")
    await town.resident("Tuesday", "Ana", "+12025550102", facilitator=True)
    alone, _ = await noted()
    assert alone.startswith(f"note: Group {key} is run by one person and names no `alternatives`")
    wishes = {"alternatives": "the office, 12 Mill Lane", "quiet": "22:00-07:00"}
    await town.inside(lambda e: e.registrar.change_group("Tuesday", wishes))
    assert await noted() == ["ok: Groups with nothing to note: 1."]
    await town.inside(lambda e: e.registrar.change_group("Tuesday", {"alternatives": ""}))
    await town.resident("Tuesday", "Lou", "+12025550103", facilitator=True)
    assert await noted() == ["ok: Groups with nothing to note: 1."]
    await town.inside(lambda e: e.registrar.create_group("Friday", {}))
    assert len(await noted()) == 2
    await town.inside(lambda e: e.registrar.close("Friday"))
    assert await noted() == ["ok: Groups with nothing to note: 1."]


@ON_SQLITE
async def test_a_pool_that_is_used_up_is_told(town: Town) -> None:
    """When somebody's phone could join no further group, the doctor says so."""
    for number in NUMBERS[1:]:
        await town.inside(lambda e, number=number: e.registrar.park_number(number))
    checks = await examine(town.settings)
    assert failed(checks) == set(), [c.line() for c in checks if c.failed]
    assert sentences(checks)["numbers"] == [
        "note: US: Buy a number: one phone could join no further group."
    ]


@ON_SQLITE
@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({}, "ok: Twilio's signatures are checked with the auth token (sha1)."),
        (
            {"twilio_signature": "sha256", "twilio_shared_key": SecretStr("hushhush")},
            "ok: Twilio's signatures are checked with the shared key (sha256).",
        ),
        ({"twilio_auth_token_secondary": SecretStr("hushhush")}, "note: Two keys are good now"),
        ({"twilio_shared_key": SecretStr("hushhush")}, "note: There is a shared key, but"),
        ({"twilio_message_privacy": True}, "note: With Message Privacy Twilio cannot answer STOP"),
        (
            {"twilio_message_privacy": True, "twilio_answers_stop": False},
            "ok: Twilio's signatures are checked",
        ),
    ],
)
async def test_how_twilio_signs_and_keeps_is_told(
    town: Town, update: dict[str, object], said: str
) -> None:
    """What does not go together at Twilio is noted; no key is shown."""
    (found,) = sentences(await examine(town.settings.model_copy(update=update)))["signatures"]
    assert found.startswith(said)
    assert "hushhush" not in found


@ON_SQLITE
async def test_a_database_that_is_gone_is_not_made_anew(town: Town) -> None:
    """Its own line fails, those that need it say that they could not look; no file appears."""
    path = Path(town.settings.database.removeprefix("sqlite:///"))
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    checks = await examine(town.settings)
    assert failed(checks) == {"database"}
    assert words(checks)["erasing"] == words(checks)["numbers"] == {"note"}
    assert path not in set(path.parent.iterdir())


@ON_SQLITE
async def test_what_waits_is_measured(town: Town) -> None:
    """`/metrics` tells, in numbers alone, what the doctor tells of the spool and of deletions."""
    long_ago = SystemClock().now() - timedelta(days=3)
    async with town.opened() as engine, engine.database.writing() as c:
        later = long_ago + timedelta(days=7)  # so that nobody deletes it now
        await engine.erasures.add(c, [(Secret("SM1"), later)], long_ago)
    await town.start()
    text = ""
    async with asyncio.timeout(30), aiohttp.ClientSession() as http:
        while "relay_erasures_overdue 1.0" not in text:
            async with http.get(f"{town.settings.public_url}/metrics") as answer:
                text = await answer.text()
    assert "\nrelay_erasures_waiting 1.0\n" in text
    assert "\nrelay_spool_waiting 0.0\n" in text
    assert "SM1" not in text


@ON_SQLITE
async def test_a_full_disk_is_found(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under 100 MB free is too little."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 99 * 1024 * 1024))
    assert failed(await examine(town.settings)) == {"disk"}


async def change(town: Town, statement: str) -> None:
    """Change the database behind the relay's back."""
    database = Database(town.settings.database)
    try:
        async with database.writing() as c:
            await c.execute(sa.text(statement))
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "newer"),
        ("DELETE FROM alembic_version", "empty"),
    ],
)
async def test_a_database_of_another_form_is_found(town: Town, statement: str, said: str) -> None:
    """Its schema is compared with the program's, and not changed."""
    await change(town, statement)
    for _ in range(2):
        checks = await examine(town.settings)
        assert failed(checks) == {"database"}
        assert any(said in check.sentence for check in checks if check.failed)


@ON_POSTGRESQL
async def test_a_careless_postgresql_is_found(town: Town, postgres: Postgres) -> None:
    """A server that does not write safely is found; what a connection can set, the relay sets."""
    name = make_url(town.settings.database).database
    await change(town, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    assert failed(await examine(town.settings)) == set()
    try:
        postgres.server.psql("ALTER SYSTEM SET full_page_writes = off")
        postgres.server.psql("SELECT pg_reload_conf()")
        async with asyncio.timeout(30):  # the server reads its settings anew when it gets to it
            while not (found := failed(await examine(town.settings))):
                await asyncio.sleep(0.05)
    finally:
        postgres.server.psql("ALTER SYSTEM RESET full_page_writes")
        postgres.server.psql("SELECT pg_reload_conf()")
    assert found == {"database"}


def damage(path: Path) -> None:
    """Write noise over the beginning of most pages."""
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)


@ON_SQLITE
async def test_a_damaged_sqlite_file_is_found(town: Town) -> None:
    """A page overwritten with noise is found, and nothing else is hidden by it."""
    damage(Path(town.settings.database.removeprefix("sqlite:///")))
    checks = await examine(town.settings)
    assert "database" in failed(checks)
    assert set(words(checks)) == PLACES


async def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    """With nothing set up, each place says what to do, and no file or folder appears."""
    folder = tmp_path / "empty"
    folder.mkdir()
    checks = await examine(Settings(data_dir=folder / "data"))
    assert failed(checks) == {"settings", "master key", "files", "database", "key rings"}
    assert list(folder.iterdir()) == []


# The command ---------------------------------------------------------------------------------


def test_the_command_with_nothing_configured(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain sentences, exit status 1, one sentence on stderr; the same as JSON."""
    monkeypatch.delenv("RELAY_DOMAIN")
    ran = here("doctor")
    assert ran.status == 1
    assert ran.err == "5 of 8 checks failed.\n"
    assert all(line.split()[0] in {"ok", "note", "fail"} for line in ran.out.splitlines())
    as_json = here("doctor", "--json")
    assert (as_json.status, as_json.err) == (1, ran.err)
    shown = json.loads(as_json.out)
    assert len(shown) == 8
    assert all(list(check) == ["word", "what", "sentence"] for check in shown)


def test_settings_that_cannot_be_read_are_a_finding(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each malformed setting is a line of the doctor's, too."""
    monkeypatch.setenv("RELAY_LOG_LEVEL", "hushhush")
    monkeypatch.setenv("RELAY_DOMAIN", "hushhush")
    ran = here("doctor", "--json")
    assert ran.status == 1
    assert [c["word"] for c in json.loads(ran.out)] == ["fail", "fail"]
    assert "hushhush" not in ran.said
