"""Nothing a member is or says appears anywhere but where it must: logs, metrics, files, database.

A relay of its own process logs at `debug` while a conversation goes through it and everything
goes wrong that can be made to go wrong from outside. Then all it printed, counted and stored is
searched for everything that names a person or repeats her words, in every guise.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from relay.config import load_settings
from relay.demo.mailworld import HOME_IP
from relay.engine import Engine
from tests.support.canary import files_below, guises, search
from tests.support.clients import Outside, mail_from, written
from tests.support.town import DOMAIN, NUMBERS, Resident, Town

GROUP = "Zephyrine Circle"
PEOPLE = (
    ("Quillwort", "+12025550181"),
    ("Bryonia", "+12025550182"),
    ("Samphire", "+12025550183"),
    ("Tansyleaf", "mara.kestrelmann@willow.example"),
    ("Yarrowroot", "jonas.reedwarbler@harbor.example"),
)
STRANGER_PHONE = "+12025550197"
STRANGER_MAIL = "ulf.nachtschwalbe@meadow.example"
HEADERS = {
    "User-Agent": "CanaryBrowser/9.81 (Aviary)",
    "X-Forwarded-For": "198.51.100.77",
    "X-Real-IP": "198.51.100.78",
    "Forwarded": "for=198.51.100.79",
    "Cookie": "canarycookie=zwitscher4711",
}
HELO = "canaryhost.willow.example"
RAW_HTTP = "/rohrdommel-pfad-8842"
RAW_SMTP = "wendehals-befehl-3391"
_FIRST_OF_OURS = 16_384
"""PostgreSQL numbers its own catalogues below this. Of those only one holds values of rows."""
_STATISTICS = 2619
SQL_TROUBLE = ("seen", "delivery", "tally")


class Watched:
    """A town whose relay is watched, and all that must not be seen of it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.canaries: dict[str, str] = {
            "stranger's phone": STRANGER_PHONE,
            "stranger's mail": STRANGER_MAIL,
            "group": GROUP,
            "home ip": HOME_IP,
            "helo": HELO,
            "http path": RAW_HTTP,
            "smtp command": RAW_SMTP,
            "auth token": town.carrier.auth_token,
            **{f"header {name}": value.rpartition("=")[2] for name, value in HEADERS.items()},
            **{f"number {number}": number for number in NUMBERS},
        }
        self.words = 0

    def note(self, what: str, value: str) -> str:
        """One more canary; returned as it was given."""
        self.canaries[what] = value
        return value

    def body(self) -> str:
        """New words that look different in every encoding."""
        self.words += 1
        body = f"Kanarienvögel=singen & 100% leise+{self.words} {secrets.token_hex(4)}"
        return self.note(f"body {self.words}", body)

    def sid(self) -> str:
        """A new `MessageSid`."""
        return self.note(f"sid {len(self.canaries)}", "SM" + secrets.token_hex(16))

    async def resident(self, name: str, contact: str) -> Resident:
        """Enrol somebody and note everything about her."""
        who = await self.town.resident(GROUP, name, contact, facilitator=name == PEOPLE[0][0])
        self.note(f"pseudonym of {name}", name)
        self.note(f"contact of {name}", contact)
        self.note(f"way in of {name}", who.write_to)
        self.note(f"mask of {name}", who.member.mask.reveal())
        if who.inbox is not None:
            who.inbox.name = self.note(f"real name of {name}", f"Frau {name} Wirklichname")
            self.note(f"local part of {name}", contact.partition("@")[0])
            self.note(f"alias of {name}", who.write_to.partition("@")[0])
        return who

    def take_tokens(self) -> None:
        """Note what the relay made up to recognise its own: callback tokens, envelope senders."""
        for number, asked in enumerate(self.town.carrier.requests):
            if token := asked.get("StatusCallback", "").partition("t=")[2]:
                self.note(f"callback token {number}", token)
        for number, mail in enumerate(self.town.mail.mails):
            self.note(f"envelope sender {number}", mail.mail_from.partition("@")[0])
            self.note(f"our message id {number}", mail.message_id.strip("<>").partition("@")[0])
        for number, record in enumerate(self.town.carrier.delivered):
            self.note(f"their sid {number}", record.sid)

    def printed(self) -> str:
        """All that was printed so far."""
        assert self.town.printed is not None
        return self.town.printed.read_text()

    async def said(self, word: str, times: int = 1) -> None:
        """Wait until the log has said a word so many times."""
        async with asyncio.timeout(20):
            while self.printed().count(f'"event": "{word}"') < times:
                await asyncio.sleep(0.02)

    def times(self, word: str) -> int:
        """How often the log has said a word."""
        return self.printed().count(f'"event": "{word}"')


@pytest.fixture
async def watched(tmp_path: Path, database_url: str) -> AsyncIterator[Watched]:
    """A town with five members, and no relay running yet."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    overrides = {"RELAY_LOG_LEVEL": "debug", "TMPDIR": str(temporary)}
    town = Town(tmp_path, database_url, overrides=overrides)
    await town.open()
    await town.group(GROUP)
    watched = Watched(town)
    for name, contact in PEOPLE:
        await watched.resident(name, contact)
    yield watched
    await town.close()


async def test_no_canary_anywhere(watched: Watched) -> None:
    """A whole conversation with every fault: 0 canaries in output, metrics, files, database."""
    town = watched.town
    async with town.opened() as engine:
        beginning = await _wal_end(engine)
    await town.spawn()
    async with Outside(town) as outside:
        await _conversation(watched, outside)
        await _faults_on_the_way_out(watched, outside)
        await _nonsense_at_the_edges(watched, outside)
        await _trouble_with_the_database(watched, outside)
        places = await _metrics(watched)
        await _stopped_in_the_middle_of_a_send(watched, outside)
        await town.spawn()
        await _says(watched, outside, "Quillwort")
    await watched.said("started", 6)
    places |= await _stored(watched, beginning)
    await town.kill()
    watched.take_tokens()
    places |= files_below(town.folder)
    for word in ("taken", "again", "sent", "later", "never", "refused", "trouble", "library"):
        assert watched.times(word), f"the run did not get as far as {word}"
    assert len(watched.canaries) > 60
    assert search(watched.canaries, places) == []


# What happens -------------------------------------------------------------------------------


async def _says(watched: Watched, outside: Outside, name: str) -> int:
    """A member says something new, once."""
    author = watched.town.residents[f"{GROUP}/{name}"]
    if author.phone is not None:
        attempt = outside.text(
            author.contact, author.write_to, watched.body(), sid=watched.sid(), headers=HEADERS
        )
        return await attempt()
    assert author.inbox is not None
    subject = watched.note(f"subject {len(watched.canaries)}", f"Betreff {secrets.token_hex(5)}")
    own_id = watched.note(f"message id {len(watched.canaries)}", secrets.token_hex(9))
    raw = written(
        author,
        subject,
        watched.body(),
        {"Message-ID": f"<{own_id}@{author.inbox.domain}>", "User-Agent": HEADERS["User-Agent"]},
    )
    return await outside.mail(author.inbox, author.write_to, raw)()


async def _conversation(watched: Watched, outside: Outside) -> None:
    """Everybody says something, one of them twice the same."""
    for name, _ in PEOPLE:
        assert await _says(watched, outside, name) in (200, 250)
    robin = watched.town.residents[f"{GROUP}/Quillwort"]
    again = outside.text(robin.contact, robin.write_to, watched.body(), sid=watched.sid())
    assert [await again(), await again()] == [200, 200]
    await watched.said("sent", 24)


async def _faults_on_the_way_out(watched: Watched, outside: Outside) -> None:
    """Providers refuse, break down and lose answers."""
    town = watched.town
    contact = dict(PEOPLE)
    town.carrier.fail(contact["Quillwort"], http=500)
    town.carrier.fail(contact["Bryonia"], code=21211)
    town.carrier.fail(contact["Samphire"], code=21610)
    town.mail.fail(contact["Yarrowroot"], 554, "data", times=1, enhanced="5.6.0")
    assert await _says(watched, outside, "Tansyleaf") == 250
    await watched.said("never", 3)
    await watched.said("later", 1)
    town.carrier.lose_answer()
    town.mail.fail(contact["Tansyleaf"], 451, "rcpt", times=1)
    assert await _says(watched, outside, "Yarrowroot") == 250
    await watched.said("later", 3)
    town.mail.drop_answer()
    assert await _says(watched, outside, "Quillwort") == 200
    await watched.said("later", 4)


async def _nonsense_at_the_edges(watched: Watched, outside: Outside) -> None:
    """Strangers, forgers, broken mail, broken requests, broken commands, broken DNS."""
    town = watched.town
    robin, ivy = (town.residents[f"{GROUP}/{name}"] for name in ("Quillwort", "Tansyleaf"))
    assert ivy.inbox is not None
    text = outside.text(STRANGER_PHONE, robin.write_to, watched.body(), headers=HEADERS)
    assert await text() == 200
    forged = {**HEADERS, "X-Twilio-Signature": "AAAA"}
    text = outside.text(robin.contact, robin.write_to, watched.body(), headers=forged)
    assert await text() == 403
    unsigned = written(ivy, "x", watched.body()).partition(b"\r\nFrom:")[2]
    assert await outside.mail(ivy.inbox, ivy.write_to, b"From:" + unsigned)() == 550
    for raw in _broken_mails(watched, ivy):
        assert await outside.mail(ivy.inbox, ivy.write_to, raw)() in (250, 550)
    stranger = town.mail.inbox(STRANGER_MAIL)
    town.mail.fail_dns("servfail")
    raw = mail_from(stranger, ivy.write_to, "x", watched.body())
    sent = outside.mail(stranger, ivy.write_to, raw)
    assert await sent() == 451
    town.mail.heal()
    assert await sent() == 550
    await _raw(town.http_port, *_broken_requests(watched))
    await _raw(town.smtp_port, *_broken_commands(watched))


def _mail(headers: str, body: str) -> str:
    return f"{headers}Date: Tue, 01 Jan 2030 10:00:00 +0000\r\n\r\n{body}\r\n"


def _broken_mails(watched: Watched, ivy: Resident) -> list[bytes]:
    """Mail no parser should like: each with somebody's name and words in it."""
    name = f"From: {ivy.contact}\r\nSubject: "
    return [
        _mail(f"{name}=?utf-9?b?{watched.body()}?=\r\n", watched.body()).encode(),
        _mail(
            f"{name}x\r\nContent-Type: multipart/mixed; boundary=\r\n", f"--\r\n{watched.body()}"
        ).encode(),
        _mail(
            f"{name}x\r\nContent-Type: text/html; charset=klingon\r\n",
            f"<p>{watched.body()}<!--",
        ).encode("utf-8"),
        _mail(f"{name}x\r\nContent-Transfer-Encoding: base64\r\n", watched.body()).encode(),
        _mail(f"{name}\0x\r\nDKIM-Signature: v={watched.body()}\r\n", watched.body()).encode(),
        b"\xff\xfe" + watched.body().encode("utf-16") + bytes(range(256)) + ivy.contact.encode(),
    ]


def _broken_requests(watched: Watched) -> list[bytes]:
    words = watched.body().encode()
    return [
        b"GET " + RAW_HTTP.encode() + b" HTTP/9.9\r\n\r\n",
        words + b" " + words + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-" + words + b": " + words + b"\r\n\r\n",
        b"POST /twilio/sms HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n" + words,
        b"POST /twilio/sms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz" + words,
        b"GET " + RAW_HTTP.encode() * 900 + b" HTTP/1.1\r\n\r\n",
        b"POST " + RAW_HTTP.encode() + b" HTTP/1.1\r\nHost: [\r\nContent-Type: a/b;" + words,
    ]


def _broken_commands(watched: Watched) -> list[bytes]:
    words, command = watched.body().encode(), RAW_SMTP.encode()
    hello = b"EHLO " + HELO.encode() + b"\r\n"
    return [
        command + b" " + words + b"\r\n",
        hello + b"MAIL FROM:<" + words + b">\r\nMAIL FROM:" + command + b"\r\n",
        hello + b"VRFY " + STRANGER_MAIL.encode() + b"\r\nAUTH PLAIN " + command + b"\r\n",
        hello
        + b"MAIL FROM:<"
        + STRANGER_MAIL.encode()
        + b">\r\nRCPT TO:<"
        + command
        + b"@elsewhere.example>\r\nRCPT TO:<\xff\xfe"
        + words
        + f"@{DOMAIN}>\r\nDATA\r\n".encode()
        + words,
        command * 2_000,
        hello + b"\0" * 300 + words + b"\r\nSTARTTLS\r\n" + words,
    ]


async def _raw(port: int, *requests: bytes) -> None:
    """Send octets as they are, hear what comes, hang up."""
    for octets in requests:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(OSError):
            writer.write(octets)
            writer.write_eof()
            async with asyncio.timeout(5):
                await reader.read()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _trouble_with_the_database(watched: Watched, outside: Outside) -> None:
    """Tables vanish, connections are cut, a lock is held; then all is well again."""
    town = watched.town
    async with town.opened() as engine:
        for table in SQL_TROUBLE:
            before = watched.times("trouble")
            async with engine.database.writing() as c:
                await c.execute(sa.text(f"ALTER TABLE {table} RENAME TO gone"))
            if table != "tally":
                assert await _says(watched, outside, "Quillwort") == 200  # it waits, sealed
                assert await _says(watched, outside, "Yarrowroot") == 451
            if table == "delivery":
                await watched.said("trouble", before + 1)
            async with engine.database.writing() as c:
                await c.execute(sa.text(f"ALTER TABLE gone RENAME TO {table}"))
        if not engine.database.is_sqlite:
            async with engine.database.writing() as c:
                await c.execute(
                    sa.text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
        assert await _says(watched, outside, "Quillwort") == 200
        async with engine.database.writing() as c:
            if not engine.database.is_sqlite:
                await c.execute(sa.text("LOCK TABLE seen"))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.3):  # a client that does not wait
                    await _says(watched, outside, "Quillwort")


async def _metrics(watched: Watched) -> dict[str, bytes]:
    """What the relay counts."""
    url = f"http://127.0.0.1:{watched.town.http_port}/metrics"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert answer.status == 200
        return {"metrics": await answer.read()}


async def _stopped_in_the_middle_of_a_send(watched: Watched, outside: Outside) -> None:
    """A send is under way when the relay is told to stop: it ends well."""
    town = watched.town
    town.carrier.delay(1)
    asked = len(town.carrier.requests)
    assert await _says(watched, outside, "Yarrowroot") == 250
    await town.carrier.wait_for(lambda: len(town.carrier.requests) > asked, timeout=20)
    assert town.process is not None
    town.process.terminate()
    assert await town.process.wait() == 0
    town.carrier.delay(0)


async def _wal_end(engine: Engine) -> tuple[str, int] | None:
    """Where PostgreSQL's write-ahead log ends now: its file and the place in it."""
    if engine.database.is_sqlite:
        return None
    async with engine.database.reading() as c:
        query = "SELECT * FROM pg_walfile_name_offset(pg_current_wal_lsn())"
        name, offset = (await c.execute(sa.text(query))).one()
        return str(name), int(offset)


async def _stored(watched: Watched, since: tuple[str, int] | None) -> dict[str, bytes]:
    """What PostgreSQL wrote of this database: its files, its log of writes, its server's log."""
    async with watched.town.opened() as engine:
        until = await _wal_end(engine)
        if since is None or until is None:
            return {}
        async with engine.database.reading() as c:
            data = Path((await c.execute(sa.text("SHOW data_directory"))).scalar_one())
            query = "SELECT oid FROM pg_database WHERE datname = current_database()"
            number = (await c.execute(sa.text(query))).scalar_one()
    places = files_below(data / "pg_wal")
    places = {p: c for p, c in places.items() if since[0] <= Path(p).name <= until[0]}
    places = {p: c[since[1] :] if Path(p).name == since[0] else c for p, c in places.items()}
    assert places
    for path, content in files_below(data / "base" / str(number)).items():
        table = Path(path).name.partition("_")[0].partition(".")[0]
        if table.isdecimal() and (int(table) >= _FIRST_OF_OURS or int(table) == _STATISTICS):
            places[path] = content
    return places | {"log of the server": (data / "log").read_bytes()}


# The settings -------------------------------------------------------------------------------


def test_settings_show_no_secret() -> None:
    """However the settings are printed, passwords and tokens in them are not."""
    canaries = {name: f"Geheimnis{name}4711" for name in ("database", "smarthost", "twilio")}
    settings = load_settings(
        database_url=f"postgresql://u:{canaries['database']}@db.example/x",
        smarthost=f"smtps://u:{canaries['smarthost']}@mail.example",
        twilio_auth_token=canaries["twilio"],
    )
    shown = [repr(settings), str(settings), settings.model_dump_json(), str(settings.show())]
    assert search(canaries, {"shown": "\n".join(shown).encode()}) == []


# Controls: the search finds what is there ----------------------------------------------------


@asynccontextmanager
async def _careless(watched: Watched, how: str) -> AsyncIterator[tuple[str, bytes]]:
    """A relay with a careless line, after one text: what was said, and what was printed."""
    watched.town.overrides["CARELESS"] = how
    await watched.town.spawn(module="tests.support.careless")
    async with Outside(watched.town) as outside:
        answer = await _says(watched, outside, "Quillwort")
        assert answer == 200
        await watched.said("taken")
    await watched.town.stop()
    yield watched.canaries[f"body {watched.words}"], watched.printed().encode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_search_finds_a_careless_line(watched: Watched) -> None:
    """The control: one log line that prints what a member said, and the search finds it."""
    async with _careless(watched, "log") as (words, printed):
        hits = search({"words": words}, {"printed": printed})
    assert {hit.canary for hit in hits} == {"words"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_others_report_is_tamed(watched: Watched) -> None:
    """Words in errors of handlers, tasks, threads, finalisers, and in warnings: never printed."""
    async with _careless(watched, "faults") as (words, printed):
        ways = ("library", "warning", "thread", "task", "callback", "unraisable", "handler", "name")
        seen = search({way: f"{way}-{words}" for way in ways}, {"printed": printed})
    assert seen == []
    assert b'"event": "library"' in printed


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_trouble_is_heard_at_every_level(watched: Watched) -> None:
    """Whoever asks for errors alone hears of the trouble, and of nothing else."""
    town = watched.town
    town.overrides["RELAY_LOG_LEVEL"] = "error"
    await town.spawn()
    async with Outside(town) as outside, town.opened() as engine:
        assert await _says(watched, outside, "Quillwort") == 200
        async with engine.database.writing() as c:
            await c.execute(sa.text("ALTER TABLE delivery RENAME TO gone"))
        assert await _says(watched, outside, "Quillwort") == 200  # it waits, sealed
        async with engine.database.writing() as c:
            await c.execute(sa.text("ALTER TABLE gone RENAME TO delivery"))
    await town.stop()
    assert watched.times("trouble") + watched.times("library") > 0
    assert watched.times("taken") == 0


def test_the_search_knows_every_guise() -> None:
    """Whatever the encoding, and whatever stands around it, a canary is found."""
    value = "Mara Wirklichname=ö+1"
    for number, (guise, needles) in enumerate(guises(value).items()):
        for needle in needles:
            place = b"x" * number + needle.swapcase() if guise == "hex" else b"<" + needle + b">"
            assert guise in {hit.guise for hit in search({"c": value}, {"p": place})}
    phone = {"p": "+12025550181"}
    for shown in (b"12025550181", b"(202) 555-0181", b"2025550181", b"202 555 0181"):
        assert search(phone, {"p": shown})
    assert search(phone, {"p": b"2025550182"}) == []


def test_the_search_finds_base64_at_any_offset() -> None:
    """Base64 of a longer text that holds a canary looks different at each of three offsets."""
    import base64

    for before in range(6):
        text = b"a" * before + b"Frau Wirklichname" + b"and more"
        found = search({"c": "Frau Wirklichname"}, {"p": base64.b64encode(text)})
        assert [hit.guise for hit in found] == ["base64"]
