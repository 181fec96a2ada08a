"""The one file that knows channels and policies: builds everything, hands each its parts."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from aiohttp import web
from aiosmtplib import SMTP, SMTPException
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from channels.contact import EMAIL
from channels.contract import Accept, Channel, Hear
from channels.mail import dkim, listen, mtasts, oneclick, reports
from channels.mail.compose import UnsafeHeaderError
from channels.mail.config import MailInConfig, MailOutConfig
from channels.mail.dns import Resolver
from channels.mail.send import MailChannel
from channels.secret import Secret
from channels.sms import webhook
from channels.sms.account import AccountTroubleError, SmsAccount
from channels.sms.config import SmsAccountConfig, SmsInConfig, SmsOutConfig
from channels.sms.send import SmsChannel
from policies import catalogue
from policies.facts import DeliveryPolicy
from relay import metrics, signing, wording
from relay.bell import Bell
from relay.clock import stopwatch
from relay.config import Settings, serving_problems
from relay.courier import Courier
from relay.engine import Engine
from relay.errors import RefusalError
from relay.feedback import Feedback
from relay.handout import Handout
from relay.intake import Intake, is_urgent
from relay.languages.phrases import page_words, to_strangers
from relay.log import Word, say, trouble
from relay.market import Market, Rented
from relay.progress import Following
from relay.spool import Spool
from relay.store.migrate import is_current
from relay.sweeper import Sweeper
from relay.upkeep import Upkeep
from relay.web import WebServer, application
from relay.words.word import LANGUAGES

_CALL_OVER = timedelta(minutes=1)
"""After which a call that was not answered has ended at Twilio."""
_PURGE_EVERY = 5.0
_MEASURE_EVERY = 30.0

ROLES = frozenset({"web", "mail", "delivery"})
"""What one process may do; all of it, unless it is told otherwise."""


@dataclass(slots=True)
class Application:
    """A relay at work. Made by `start`; `close` ends it in the right order."""

    engine: Engine
    http_port: int = 0
    smtp_port: int = 0
    couriers: list[Courier] = field(default_factory=list)
    spool: Spool | None = None
    upkeep: Upkeep | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def wake(self) -> None:
        """Something may be due."""
        for courier in self.couriers:
            courier.wake()

    async def failure(self) -> None:
        """Wait until a part of the relay ends that should never end, and raise why."""
        if not self.tasks:
            await asyncio.Event().wait()
        done, _ = await asyncio.wait(self.tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def close(self) -> None:
        """Stop taking in, let sends under way end, close everything."""
        await self.stack.aclose()


async def start(
    engine: Engine,
    roles: Iterable[str] = ROLES,
    stopwatch: Callable[[], float] = stopwatch,
) -> Application:
    """Start a relay. Raises `RefusalError` when settings are missing or contradict each other.

    `stopwatch` measures spans in seconds; by it a clock that leaps is found out.
    """
    settings, roles = engine.settings, frozenset(roles)
    problems = serving_problems(settings)
    if problems:
        raise RefusalError("\n".join(problems))
    app = Application(engine)
    try:
        _run(app, _purge(app), "purge")
        await _start_delivery(app, roles, stopwatch)
        intake, feedback = Intake(engine, catalogue.POST, app.wake), Feedback(engine, app.wake)
        take: Accept = intake.accept
        if settings.texts and roles & {"web", "delivery"}:
            take = _start_texts(app, roles, intake, stopwatch)
        await _start_web(app, roles, take, feedback.hear)
        await _start_mail(app, roles, intake.accept, feedback.hear)
    except BaseException:
        await app.close()
        raise
    return app


async def _purge(app: Application) -> None:
    """See, in this process too, what another one did: keys destroyed, members gone."""
    engine = app.engine
    while True:
        await asyncio.sleep(_PURGE_EVERY)
        if engine.vault.purge():
            engine.roster.forget_cards()
            engine.circles.forget()
        readers = {member for courier in app.couriers for member in courier.readers()}
        if readers:
            try:
                async with engine.database.reading() as c:
                    gone = readers - await engine.roster.present(c, readers)
            except SQLAlchemyError as error:
                trouble(error, where="purge")
                continue
            engine.departures.announce(gone)


async def _measure(engine: Engine, spool: Spool) -> None:
    """Tell in numbers what waits to be taken in, and what to be deleted at the provider."""
    while True:
        try:
            metrics.SPOOL_WAITING.set(spool.waiting())
            async with engine.database.reading() as c:
                backlog = await engine.erasures.backlog(c, engine.clock.now())
        except (OSError, SQLAlchemyError) as error:
            trouble(error, where="measure")
        else:
            metrics.ERASURES_WAITING.set(backlog.waiting)
            metrics.ERASURES_OVERDUE.set(backlog.overdue)
        await asyncio.sleep(_MEASURE_EVERY)


# Delivery ----------------------------------------------------------------------------------


def delivery_rules() -> Sequence[DeliveryPolicy]:
    """The rules that each copy is judged by, for who wants to look ahead."""
    return catalogue.DELIVERY


async def _start_delivery(
    app: Application, roles: frozenset[str], stopwatch: Callable[[], float]
) -> None:
    if "delivery" not in roles:
        return
    engine = app.engine
    sweeper = Sweeper(engine, app.wake, stopwatch)
    _run(app, sweeper.run(), "sweeper")
    _run(app, Bell(engine, app.wake).run(), "bell")
    for channel in _channels(engine):
        app.stack.push_async_callback(channel.close)
        courier = Courier(engine, channel, catalogue.DELIVERY, sweeper.wake)
        app.couriers.append(courier)
        engine.departures.listen(courier.withdraw)
        _run(app, courier.run(), f"courier-{channel.name}")


def _start_texts(
    app: Application,
    roles: frozenset[str],
    intake: Intake,
    stopwatch: Callable[[], float],
) -> Accept:
    """What texts need beside webhooks and couriers. Returns what is to be given each text."""
    engine = app.engine
    account = SmsAccount(_sms_account(engine.settings))
    app.stack.push_async_callback(account.close)
    app.spool = spool = Spool(
        engine.vault,
        engine.settings.spool,
        intake.accept,
        account.fetch,
        engine.clock,
        life=engine.settings.post_life,
        knows=intake.knows,
        urgent=is_urgent,
        too_late=intake.too_late,
        stopwatch=stopwatch,
    )
    app.stack.push_async_callback(spool.close)
    _run(app, spool.run(), "spool")
    _run(app, _measure(engine, spool), "measure")
    if "delivery" in roles:
        app.upkeep = upkeep = Upkeep(
            engine,
            account,
            spool.take,
            app.wake,
            urgent=is_urgent,
            too_late=intake.too_late,
            stopwatch=stopwatch,
        )
        _run(app, upkeep.run(), "upkeep")
    return spool.take


def _run(app: Application, work: Coroutine[None, None, None], name: str) -> None:
    task = asyncio.create_task(work, name=name)
    app.tasks.append(task)

    async def stop() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    app.stack.push_async_callback(stop)


def _channels(engine: Engine) -> Sequence[Channel]:
    settings = engine.settings
    found: list[Channel] = []
    if settings.texts:
        found.append(SmsChannel(_sms_out(settings), engine.clock.now))
    if settings.mails:
        try:
            found.append(MailChannel(_mail_out(settings), engine.clock.now))
        except (dkim.BadKeyError, UnsafeHeaderError) as error:
            raise RefusalError(str(error)) from None
        signing.started(settings, engine.clock.now())
    return found


# Ways in -----------------------------------------------------------------------------------


async def _start_web(app: Application, roles: frozenset[str], accept: Accept, hear: Hear) -> None:
    if "web" not in roles:
        return
    engine, settings = app.engine, app.engine.settings
    routes: list[web.AbstractRouteDef] = []
    if settings.texts:
        follow = Following(engine, app.wake).follow
        routes += webhook.routes(
            _sms_in(settings), accept, follow, _erase_call(engine), engine.clock.now
        )
        routes += Handout(engine).routes()
    if settings.mails:
        routes += oneclick.routes(hear, [oneclick.Words(**page_words(one)) for one in LANGUAGES])
        routes.append(_mta_sts(settings))

    async def ready() -> None:
        engine.database.check_file()
        async with engine.database.reading() as c:
            await c.execute(sa.text("SELECT 1"))
            if not await is_current(c):
                raise RefusalError("The database does not have the schema of this program.")

    server = WebServer(application(routes, ready))
    app.stack.push_async_callback(server.close)
    app.http_port = await server.start(*_host_port(settings.http_listen))
    say(Word.STARTED, where="web", listen=app.http_port)


def _erase_call(engine: Engine) -> webhook.EraseCall:
    """Have the provider's record of a call deleted: it holds who called."""

    async def erase_call(reference: Secret) -> None:
        now = engine.clock.now()
        async with engine.database.writing() as c:
            await engine.erasures.add(c, [(reference, now + _CALL_OVER)], now)

    return erase_call


async def _start_mail(app: Application, roles: frozenset[str], accept: Accept, hear: Hear) -> None:
    settings = app.engine.settings
    if "mail" not in roles or not settings.mails:
        return
    server = await listen.serve(
        _mail_in(settings),
        accept,
        Resolver(settings.dns_server),
        app.engine.clock.now,
        note=_note,
        hear=hear,
    )
    app.stack.push_async_callback(server.close)
    app.smtp_port = server.port
    say(Word.STARTED, where="mail", listen=app.smtp_port)


def _note(why: str) -> None:
    """What became of a mail that the engine never saw: turned away, or for the relay itself."""
    word = Word.DROPPED if why in set(reports.Note) else Word.REFUSED
    say(word, channel=EMAIL, why=why)


def _mta_sts(settings: Settings) -> web.AbstractRouteDef:
    """Our own policy: who sends mail to us shall do it encrypted."""

    async def policy(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler's shape
        return web.Response(
            body=mta_sts_policy(settings).encode("ascii"),
            headers={"Content-Type": mtasts.CONTENT_TYPE},
        )

    return web.get(mtasts.PATH, policy)


def mta_sts_policy(settings: Settings) -> str:
    """The policy file of our mail domain, whose MX is the domain itself."""
    return mtasts.mta_sts_policy(settings.domain or "", [], mtasts.Mode(settings.mta_sts))


def mta_sts_records(settings: Settings) -> list[tuple[str, str]]:
    """The TXT records, name and value, that announce the policy."""
    return mtasts.dns_records(settings.domain or "", mta_sts_policy(settings))


# What the channels are told ----------------------------------------------------------------


def _sms_in(settings: Settings) -> SmsInConfig:
    return SmsInConfig(
        public_url=settings.public_url or "",
        account_sid=settings.twilio_account_sid or "",
        auth_tokens=_secrets(settings.twilio_auth_token, settings.twilio_auth_token_secondary),
        signature="sha256" if settings.twilio_signature == "sha256" else "sha1",
        shared_keys=_secrets(settings.twilio_shared_key, settings.twilio_shared_key_secondary),
        api_url=settings.twilio_api_url,
        answers_stop=settings.twilio_answers_stop,
        calls="say" if settings.calls == "say" else "busy",
        call_language=settings.call_language,
        former_sentence=to_strangers(wording.FORMER, settings.call_language),
    )


def _sms_out(settings: Settings) -> SmsOutConfig:
    return SmsOutConfig(
        public_url=settings.public_url or "",
        account_sid=settings.twilio_account_sid or "",
        auth_token=_token(settings),
        api_url=settings.twilio_api_url,
        redaction=settings.twilio_message_privacy,
        timeout=timedelta(seconds=min(10.0, _longest_send(settings))),
        most_segments=settings.text_segments,
    )


def _sms_account(settings: Settings) -> SmsAccountConfig:
    return SmsAccountConfig(
        public_url=settings.public_url or "",
        account_sid=settings.twilio_account_sid or "",
        auth_token=_token(settings),
        api_url=settings.twilio_api_url,
        answers_stop=settings.twilio_answers_stop,
    )


def _secrets(*found: SecretStr | None) -> tuple[Secret, ...]:
    return tuple(Secret(one.get_secret_value()) for one in found if one is not None)


def _longest_send(settings: Settings) -> float:
    """Seconds in which a channel must have ended a send: well within the engine's lease."""
    return settings.lease.total_seconds() * 0.75


def _token(settings: Settings) -> Secret:
    token = settings.twilio_auth_token
    return Secret("" if token is None else token.get_secret_value())


def _mail_in(settings: Settings) -> MailInConfig:
    host, port = _host_port(settings.smtp_listen)
    return MailInConfig(
        domain=settings.domain or "",
        hostname=settings.domain or "",
        host=host,
        port=port,
        tls_cert=settings.smtp_tls_cert,
        tls_key=settings.smtp_tls_key,
    )


def _mail_out(settings: Settings) -> MailOutConfig:
    secret = settings.smarthost
    smarthost = urlsplit("" if secret is None else secret.get_secret_value())
    implicit = smarthost.scheme == "smtps"
    domain = settings.domain or ""
    first, *more = _signing_keys(settings)
    return MailOutConfig(
        domain=domain,
        hostname=domain,
        smarthost_host=smarthost.hostname or "",
        smarthost_port=smarthost.port or (465 if implicit else 25),
        user=unquote(smarthost.username) if smarthost.username else None,
        password=Secret(unquote(smarthost.password)) if smarthost.password else None,
        implicit_tls=implicit,
        dkim_selector=first.selector,
        dkim_key=first.pem,
        dkim_also=tuple(more),
        public_url=settings.public_url,
        programme_name=settings.programme_name,
        notice_address=f"programme@{domain}",
        send_seconds=_longest_send(settings),
        require_tls_onward=settings.require_tls_onward,
    )


def _signing_keys(settings: Settings) -> list[dkim.SigningKey]:
    """The keys in use. Raises `RefusalError`."""
    try:
        return [
            dkim.SigningKey(name, signing.key_file(settings, name).read_bytes())
            for name in signing.read(settings).signing
        ]
    except OSError:
        raise RefusalError("A key that signs mail is missing or cannot be read.") from None


def _host_port(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


# Where proxy numbers are rented --------------------------------------------------------------


@asynccontextmanager
async def market(settings: Settings) -> AsyncIterator[Market]:
    """Twilio, where numbers are rented, until the block ends. Raises `RefusalError`."""
    if not settings.texts or settings.public_url is None:
        raise RefusalError(
            "Text messaging is not set up: set RELAY_PUBLIC_URL and Twilio's account first."
        )
    account = SmsAccount(_sms_account(settings))
    try:
        yield _Twilio(account)
    finally:
        await account.close()


class _Twilio:
    """Twilio as a `Market`: what goes wrong there is a refusal."""

    def __init__(self, account: SmsAccount) -> None:
        self._account = account

    async def search(
        self, *, country: str, area_code: str | None, toll_free: bool, limit: int
    ) -> list[Secret]:
        with _refusing():
            return await self._account.search(
                country, area_code=area_code, toll_free=toll_free, limit=limit
            )

    async def buy(self, number: Secret) -> None:
        with _refusing():
            await self._account.buy(number)

    async def rented(self) -> list[Rented]:
        with _refusing():
            found = await self._account.rented()
        return [Rented(number=one.number, points_here=one.well, texts=one.texts) for one in found]

    async def point(self, number: Secret) -> None:
        with _refusing():
            await self._account.point(number)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except AccountTroubleError as error:
        raise RefusalError(str(error)) from None


# What `relay init` and `relay doctor` ask of the channels ----------------------------------


def make_dkim_key(path: Path, *, ed25519: bool = False) -> bool:
    """Write a key that signs mail, unless it is there. Returns whether it was written."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    with unfinished.open("wb") as file:
        file.write(dkim.generate_key(dkim.Kind.ED25519 if ed25519 else dkim.Kind.RSA))
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)  # a full disk must not leave half a key that is kept for ever
    return True


def dkim_record(path: Path) -> str:
    """The TXT record that publishes the key of a file. Raises `RefusalError`."""
    try:
        return dkim.dns_record(path.read_bytes())
    except dkim.BadKeyError as error:
        raise RefusalError(str(error)) from None


def dkim_revocation(path: Path) -> str:
    """The TXT record that takes the key of a file back. Raises `RefusalError`."""
    try:
        return dkim.revocation_record(path.read_bytes())
    except dkim.BadKeyError as error:
        raise RefusalError(str(error)) from None


def dkim_kind(path: Path) -> str | None:
    """`rsa` or `ed25519`; `None` where the file is gone or holds no such key."""
    try:
        return dkim.kind_of(path.read_bytes()).value
    except (OSError, dkim.BadKeyError):
        return None


async def smarthost_trouble(settings: Settings, *, seconds: float) -> str | None:
    """What keeps us from handing mail to the smarthost, as a sentence. Sends nothing."""
    config = _mail_out(settings)
    client = SMTP(
        hostname=config.smarthost_host.strip("[]"),
        port=config.smarthost_port,
        local_hostname=config.hostname,
        timeout=seconds,
        use_tls=config.implicit_tls,
        start_tls=False,
        tls_context=ssl.create_default_context(cafile=config.ca_file),
    )
    try:
        async with asyncio.timeout(seconds):
            return await _greet(client, config)
    except ssl.SSLError:
        return "The smarthost's certificate or encryption cannot be trusted."
    except (OSError, SMTPException) as error:
        if isinstance(error.__cause__, ssl.SSLError):
            return "The smarthost's certificate or encryption cannot be trusted."
        return "The smarthost does not answer."
    finally:
        client.close()


async def _greet(client: SMTP, config: MailOutConfig) -> str | None:
    """As before every transaction: EHLO, STARTTLS where it must be, AUTH where it is set."""
    await client.connect()
    await client.ehlo()
    if config.must_encrypt and not config.implicit_tls:
        if not client.supports_extension("starttls"):
            return "The smarthost offers no encryption, so no mail will leave."
        await client.starttls()
        await client.ehlo()
    if config.user is not None and config.password is not None:
        try:
            await client.login(config.user, config.password.reveal())
        except SMTPException:
            return "The smarthost does not accept our user and password."
    return None
