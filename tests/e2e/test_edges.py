"""The doors of a running relay: garbage, closed rooms, headers, and a relay of two processes."""

from __future__ import annotations

import asyncio
import contextlib
import random  # noqa: TID251 - seeded, so that a case can be repeated
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from tests.support.postgres import Postgres
from tests.support.town import DOMAIN, Town

CASES = 120
AT_ONCE = 8
MOST_GROWTH = 80
"""MiB a relay may grow while it is pelted: one message of the largest size is 2."""
SECURITY = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


@pytest.fixture
async def quiet_town(tmp_path: Path, database_url: str) -> AsyncIterator[Town]:
    """A town with a group of two and no relay running yet."""
    town = Town(tmp_path, database_url)
    await town.open()
    await town.group("Tuesday")
    await town.resident("Tuesday", "Robin", "+12025550101")
    await town.resident("Tuesday", "Ivy", "m.hale@willow.example")
    yield town
    await town.close()


# Garbage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_garbage_at_both_doors(quiet_town: Town) -> None:
    """240 talks of nonsense, eight at a time: nobody else notices, nothing is kept, none grows."""
    town = quiet_town
    await town.spawn()
    await _normal(town, 1)
    assert town.process is not None
    before = _mebibytes(town.process.pid)
    seed = secrets.randbits(32)
    print("seed", seed)
    chance = random.Random(seed)
    talks = [(town.smtp_port, _smtp_nonsense(chance)) for _ in range(CASES)]
    talks += [(town.http_port, _http_nonsense(chance)) for _ in range(CASES)]
    chance.shuffle(talks)
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one(port: int, octets: list[bytes]) -> bytes:
        async with at_once:
            return await _talk(port, octets)

    heard = await asyncio.gather(*(one(port, octets) for port, octets in talks))
    assert not [answer for answer in heard if b"Traceback" in answer or b"aiosmtpd" in answer]
    assert not [answer for answer in heard if b"\r\n250 2.0.0 Message taken" in answer]
    assert town.process.returncode is None
    await _normal(town, 2)
    assert await _get(town, "/healthz") == 200
    assert _mebibytes(town.process.pid) - before < MOST_GROWTH
    assert await town.is_empty()


def _smtp_nonsense(chance: random.Random) -> list[bytes]:
    """One talk: what is sent, in pieces."""
    to = f"RCPT TO:<abcdefghjkmnpqrs@{DOMAIN}>\r\n".encode()
    hello = b"EHLO x.example\r\n"
    opening = hello + b"MAIL FROM:<a@b.example>\r\n" + to
    kinds: list[list[bytes]] = [
        [chance.randbytes(chance.randrange(1, 3_000))],
        [chance.randbytes(200) + b"\r\n" for _ in range(20)],
        [hello * 50 + b"NOOP\r\n" * 200 + b"RSET\r\n" * 50],
        [b"A" * chance.choice((511, 512, 513, 5_000, 300_000)) + b"\r\n"],
        [hello + b"MAIL FROM:<" + b"a" * 70_000 + b"@b.example>\r\n"],
        [b"\0" * chance.randrange(1, 5_000) + b"\r\n" + b"EHLO \0\0\r\n"],
        [opening[: chance.randrange(len(opening))]],
        [hello + b"STARTTLS\r\n", chance.randbytes(500), b"\x16\x03\x01" + chance.randbytes(90)],
        [opening + b"DATA\r\n" + chance.randbytes(chance.randrange(20_000))],
        [opening + b"DATA\r\n", chance.randbytes(9_000) + b"\r\n.\r\n", b"QUIT\r\n"],
        [opening + b"DATA\r\n" + b"x" * 3_000_000 + b"\r\n.\r\n"],
        [opening + b"DATA\r\n" + b"A: " + b"b\r\n " * 40_000 + b"\r\n\r\n.\r\n"],
        [opening + b"DATA\r\nx\r\n.\r\n" * 20],
        [opening + b"DATA\r\nFrom: a\n.\nMAIL FROM:<c@d.example>\r\n.\r\n"],
        [b"MAIL FROM:<a@b.example> SIZE=9999999999\r\n" + to + b"DATA\r\n"],
        [hello + b"MAIL FROM:<\xff\xfe@b.example> SMTPUTF8 BODY=8BITMIME\r\n" + to * 200],
        [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
        [hello + b"AUTH PLAIN " + b"A" * 400 + b"\r\nBDAT 999999999 LAST\r\n" + b"B" * 2_000],
        [hello + b"HELP \x80\xff\r\nVRFY <" + b"(" * 400 + b"\r\nEXPN\r\n"],
    ]
    return chance.choice(kinds)


def _http_nonsense(chance: random.Random) -> list[bytes]:
    """One talk: what is sent, in pieces."""
    post = b"POST /twilio/sms HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: aaaa\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n"
    chunked = post + form + b"Transfer-Encoding: chunked\r\n\r\n"
    kinds: list[list[bytes]] = [
        [chance.randbytes(chance.randrange(1, 3_000))],
        [b"GET " + chance.randbytes(60) + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
        [b"GET /" + b"a" * chance.choice((8_000, 8_190, 9_000, 200_000)) + b" HTTP/1.1\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 300_000 + b"\r\n\r\n"],
        [b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(3_000)) + b"\r\n"],
        [b"GET /healthz HTTP/" + chance.choice((b"0.9", b"9.9", b"1.1x", b"")) + b"\r\n\r\n"],
        [chance.randbytes(9) + b" / HTTP/1.1\r\n\r\n"],
        [b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 100],
        [b"GET //../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"],
        [b"GET http://[::1 HTTP/1.1\r\nHost: [\r\n\r\n"],
        [post + form + b"Content-Length: 99999999999999999999\r\n\r\nA=b"],
        [post + form + b"Content-Length: -1\r\n\r\nA=b"],
        [post + form + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nA=bcde"],
        [post + form + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nA=bcde"],
        [chunked + b"zz\r\n" + chance.randbytes(50)],
        [chunked + b"ffffffffffffffff\r\n" + chance.randbytes(500)],
        [chunked + b"5;" + b"x" * 50_000 + b"\r\nA=bcd\r\n0\r\n\r\n"],
        [chunked, b"1\r\nA\r\n", b"1\r\n=\r\n"],
        [post + form + b"Content-Length: 500\r\n\r\n", b"A=", b"b"],
        [post + form + b"Content-Length: 200000\r\n\r\n" + b"A=" + b"b" * 199_998],
        [post + form + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"],
        [post + b"Content-Type: text/html; charset=klingon\r\nContent-Length: 3\r\n\r\nA=b"],
        [post + form + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08"],
        [b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"],
        [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + chance.randbytes(100)],
        [b"EHLO x\r\nMAIL FROM:<a@b>\r\n"],
    ]
    return chance.choice(kinds)


async def _talk(port: int, pieces: list[bytes]) -> bytes:
    """Say the pieces, each after a glance at what comes back; hang up; all that was heard."""
    heard = b""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(OSError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    heard += await reader.read(100_000)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return heard


async def _normal(town: Town, number: int) -> None:
    """An ordinary text and an ordinary mail arrive."""
    robin, ivy = town.residents.values()
    assert await robin.says(f"text {number}") == 200
    assert await ivy.says(f"mail {number}", "x") == 250
    await town.settled()
    assert ivy.got()[-1] == f"Robin: text {number}"
    assert f"mail {number}" in robin.got()[-1]


def _mebibytes(process: int) -> float:
    """What a process holds in memory now."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (kibibytes,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(kibibytes) / 1024


# What strangers may see ----------------------------------------------------------------------


async def _get(town: Town, path: str, **headers: str) -> int:
    status, _, _ = await _fetch(town, path, **headers)
    return status


async def _fetch(town: Town, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    url = f"http://127.0.0.1:{town.http_port}{path}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.ClientSession(headers=named) as http, http.get(url) as answer:
        return answer.status, dict(answer.headers), await answer.text()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_metrics_are_for_this_machine_alone(quiet_town: Town) -> None:
    """Anything a proxy forwards, and anything from another address, finds no such page."""
    town = quiet_town
    town.overrides["RELAY_HTTP_LISTEN"] = f"0.0.0.0:{town.http_port}"
    await town.spawn()
    status, _, text = await _fetch(town, "/metrics")
    assert status == 200
    assert "relay_fates" in text
    for name in ("Forwarded", "X_Forwarded_For", "X_Real_IP"):
        assert await _get(town, "/metrics", **{name: "for=127.0.0.1"}) == 404
    ours = _address_outside_loopback()
    if ours is None:
        pytest.skip("this machine has no address but loopback")
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://{ours}:{town.http_port}/metrics") as answer,
    ):
        assert answer.status == 404
        assert "relay" not in (await answer.text()).lower()


def _address_outside_loopback() -> str | None:
    """An address of this machine that is not loopback. Nothing is sent to find it."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        found = str(probe.getsockname()[0])
    return None if found.startswith("127.") else found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_strangers_see_nothing_of_us(quiet_town: Town) -> None:
    """Every answer carries the headers and no version; an unknown page says nothing about us."""
    town = quiet_town
    await town.spawn()
    for path in ("/healthz", "/readyz", "/metrics", "/", "/nowhere", "/twilio/sms", "/%00"):
        status, headers, text = await _fetch(town, path)
        assert {name: headers.get(name) for name in SECURITY} == SECURITY, path
        server = headers.get("Server", "")
        assert not any(c.isdigit() for c in server), path
        assert "aiohttp" not in server.lower(), path
        assert "python" not in server.lower(), path
        if path in ("/", "/nowhere", "/%00"):
            assert status == 404
        if path != "/metrics":
            assert not any(w in text.lower() for w in ("group", "member", "aiohttp", "python"))
    banner = await _talk(town.smtp_port, [b"", b"EHLO x.example\r\n"])
    assert banner.startswith(b"220 ")
    assert not any(word in banner.lower() for word in (b"python", b"aiosmtpd", b"1.4"))
    broken = await _talk(town.http_port, [b"GET / HTTP/9.9\r\n\r\n", b""])
    assert not any(word in broken.lower() for word in (b"python", b"aiohttp", b"traceback"))


# Ready --------------------------------------------------------------------------------------


async def test_not_ready_without_its_tables(quiet_town: Town) -> None:
    """A database of another form: alive, but not ready; and ready again once it is back."""
    town = quiet_town
    await town.spawn()
    assert await _get(town, "/readyz") == 200
    async with town.opened() as engine:
        await _run(engine.database, "ALTER TABLE alembic_version RENAME TO gone")
        assert await _get(town, "/readyz") == 503
        assert await _get(town, "/healthz") == 200
        await _run(engine.database, "ALTER TABLE gone RENAME TO alembic_version")
    assert await _get(town, "/readyz") == 200


async def _run(database: object, statement: str) -> None:
    async with database.writing() as c:  # type: ignore[attr-defined]
        await c.execute(sa.text(statement))


async def test_not_ready_when_the_database_is_gone(
    quiet_town: Town, database_url: str, request: pytest.FixtureRequest
) -> None:
    """The file was taken away, or the server lets nobody in: not ready; a text waits, sealed."""
    town = quiet_town
    robin, _ = town.residents.values()
    await town.spawn()
    assert await robin.says("first") == 200
    await town.settled()
    if database_url.startswith("sqlite"):
        file = Path(database_url.removeprefix("sqlite:///"))
        away = file.with_name("elsewhere")
        away.mkdir()
        for part in file.parent.glob(file.name + "*"):
            part.rename(away / part.name)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        _lock_out(server, database_url)
    assert await _get(town, "/readyz") == 503
    assert await _get(town, "/healthz") == 200
    assert await robin.says("lost?") == 200
    waiting = list((town.settings.spool).glob("*"))
    assert any(path.name != "lock" for path in waiting)
    assert not any(b"lost?" in path.read_bytes() for path in waiting)


def _lock_out(server: Postgres, url: str) -> None:
    name = url.partition("@/")[2].partition("?")[0]
    server.server.psql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    server.server.psql(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )


# Two processes ------------------------------------------------------------------------------


async def test_a_relay_of_two_processes(quiet_town: Town) -> None:
    """One process takes in, another delivers, on the same data: everything arrives, once."""
    town = quiet_town
    robin, ivy = town.residents.values()
    await town.spawn("--only", "web,mail")
    assert await robin.says("before") == 200
    assert not await town.is_empty()
    await town.spawn_beside("--only", "delivery")
    await town.settled()
    assert await robin.says("after") == 200
    assert await ivy.says("from a mailbox", "x") == 250
    await town.settled()
    assert ivy.got() == ["Robin: before", "Robin: after"]
    assert len(robin.got()) == 1
    assert robin.got()[0].endswith("from a mailbox")


async def test_two_couriers_on_one_database(quiet_town: Town) -> None:
    """Two delivering processes share the work: thirty posts, each copy once."""
    town = quiet_town
    robin, ivy = town.residents.values()
    await town.spawn("--only", "web,mail")
    await town.spawn_beside("--only", "delivery")
    await town.spawn_beside("--only", "delivery")
    await asyncio.gather(*(robin.says(f"note {n:02d}") for n in range(30)))
    await town.settled(60)
    assert sorted(ivy.got()) == [f"Robin: note {n:02d}" for n in range(30)]
