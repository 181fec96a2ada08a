"""What `relay doctor` looks at outside: names, the smarthost, Twilio, our own public address.

Every look asks and changes nothing: no message is sent. Each request ends after five seconds.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from cryptography import x509

from relay import signing, wiring
from relay.check import Check, fail, note, ok
from relay.clock import SystemClock
from relay.config import Settings
from relay.errors import RefusalError
from relay.log import describe

_SECONDS = 5.0
_TIMEOUT = aiohttp.ClientTimeout(total=_SECONDS)
_TWILIO = "https://api.twilio.com"
_CLOCKS_MAY_DIFFER = timedelta(seconds=60)
_CERTIFICATE_SOON_OVER = timedelta(days=14)


# Names -------------------------------------------------------------------------------------


class Names:
    """Looks names up where the relay does: at `RELAY_DNS_SERVER`, or as the system does."""

    def __init__(self, server: str | None) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=server is None)
        if server is not None:
            host, _, port = server.rpartition(":")
            self._resolver.nameservers = [host.strip("[]")]
            self._resolver.port = int(port)
        self._resolver.lifetime = _SECONDS

    async def ask(self, name: str, kind: str) -> list[str]:
        """The records of a name as text, TXT joined; empty if there is none.

        Raises `RefusalError` when nobody answers.
        """
        try:
            answer = await self._resolver.resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, EOFError):
            raise RefusalError("The name server does not answer, or not to the point.") from None
        if answer.rdtype == dns.rdatatype.TXT:
            return [b"".join(record.strings).decode("ascii", "replace") for record in answer]
        return [record.to_text() for record in answer]


async def mail_records(settings: Settings) -> list[Check]:
    """Whether others find us, may believe mail from our domain, and can check its signature."""
    if settings.domain is None:
        return []
    names, domain = Names(settings.dns_server), settings.domain
    looks = (
        ("MX", _mx(names, domain)),
        ("SPF", _spf(names, domain)),
        ("DKIM", _dkim(names, settings)),
        ("DMARC", _dmarc(names, domain)),
    )
    found = await asyncio.gather(*(look for _, look in looks), return_exceptions=True)
    checks = []
    for (what, _), check in zip(looks, found, strict=True):
        if isinstance(check, Check):
            checks.append(check)
        elif isinstance(check, RefusalError):
            checks.append(fail(what, str(check)))
        elif isinstance(check, Exception):
            checks.append(fail(what, f"This could not be looked at: {describe(check)}."))
        else:
            raise check  # cancelled
    return checks


async def _mx(names: Names, domain: str) -> Check:
    hosts = [record.split()[-1] for record in await names.ask(domain, "MX")]
    if not hosts or hosts == ["."]:
        return fail("MX", f"{domain} has no MX record, so no mail reaches the relay.")
    for host in hosts:
        if await names.ask(host, "A") or await names.ask(host, "AAAA"):
            return ok("MX", f"{domain} has an MX record that leads to an address.")
    return note("MX", f"{domain} has an MX record, but its host has no address.")


async def _spf(names: Names, domain: str) -> Check:
    records = _starting(await names.ask(domain, "TXT"), "v=spf1")
    if len(records) > 1:
        return fail("SPF", f"{domain} has more than one SPF record, which counts as broken.")
    if not records:
        return fail("SPF", f"{domain} has no SPF record.")
    return ok("SPF", f"{domain} has an SPF record.")


async def _dkim(names: Names, settings: Settings) -> Check:
    used = signing.read(settings).signing
    for selector in used:
        path = signing.key_file(settings, selector)
        if not path.is_file():
            raise RefusalError("The key that signs mail is missing; run `relay init` first.")
        name = _key_name(settings, selector)
        published = await _published(names, name)
        if not published:
            return fail("DKIM", f"{name} has no record; `relay init` shows what to publish.")
        if published != [key_in(wiring.dkim_record(path))]:
            return fail("DKIM", f"{name} holds another key than ours; `relay init` shows ours.")
    if "dkim_selector" in settings.model_fields_set and settings.dkim_selector not in used:
        return note("DKIM", "RELAY_DKIM_SELECTOR is not what signs: `relay keys use` chose.")
    return ok("DKIM", f"DNS holds our key at {' and '.join(_key_name(settings, s) for s in used)}.")


async def published_keys(settings: Settings, selector: str) -> list[str]:
    """The keys that DNS shows for a selector of ours, as `p=` has them; `""` is one taken back.

    Raises `RefusalError` when nobody answers.
    """
    return await _published(Names(settings.dns_server), _key_name(settings, selector))


def key_in(record: str) -> str:
    """What `p=` holds in the record of a key (RFC 6376 section 3.6.1)."""
    return _tags(record).get("p", "")


async def _published(names: Names, name: str) -> list[str]:
    return [key_in(record) for record in await names.ask(name, "TXT")]


def _key_name(settings: Settings, selector: str) -> str:
    return f"{selector}._domainkey.{settings.domain}"


async def _dmarc(names: Names, domain: str) -> Check:
    records = _starting(await names.ask(f"_dmarc.{domain}", "TXT"), "v=DMARC1")
    if len(records) != 1:
        return fail("DMARC", f"_dmarc.{domain} must have one DMARC record.")
    if _tags(records[0]).get("p", "").lower() == "none":
        return note("DMARC", f"_dmarc.{domain} asks nobody to refuse forged mail (p=none).")
    return ok("DMARC", f"_dmarc.{domain} has a DMARC record.")


def _starting(records: Sequence[str], version: str) -> list[str]:
    return [r for r in records if r.replace(";", " ").split()[:1] == [version]]


def _tags(record: str) -> dict[str, str]:
    """Read `a=b; c=d` (RFC 6376 section 3.2); white space inside a value does not count."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, equals, value in pairs if equals}


# Mail --------------------------------------------------------------------------------------


async def smarthost(settings: Settings) -> list[Check]:
    """Whether the smarthost answers, encrypts where it must, and lets us in. Sends nothing."""
    if not settings.mails or not signing.can_sign(settings):
        return []
    why = await wiring.smarthost_trouble(settings, seconds=_SECONDS)
    if why is not None:
        return [fail("smarthost", why)]
    return [ok("smarthost", "Answers, as safely as it must.")]


async def certificate(settings: Settings) -> list[Check]:
    """Whether the certificate for mail in can be used, and for how long."""
    cert, key = settings.smtp_tls_cert, settings.smtp_tls_key
    if cert is None or key is None:
        return []
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        until = x509.load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        return [fail("certificate", "Certificate or key of mail in cannot be read, or do not fit.")]
    left = until - SystemClock().now()
    if left <= timedelta(0):
        return [fail("certificate", "The certificate of mail in has run out.")]
    sentence = f"The certificate of mail in is good for {left.days} more days."
    soon = left < _CERTIFICATE_SOON_OVER
    return [note("certificate", sentence) if soon else ok("certificate", sentence)]


# Twilio and ourselves ----------------------------------------------------------------------


async def twilio(settings: Settings) -> list[Check]:
    """Whether Twilio knows this account and token, and agrees with our clock.

    https://www.twilio.com/docs/iam/api/account#fetch-an-account-resource
    """
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    if sid is None or token is None:
        return []
    url = f"{settings.twilio_api_url or _TWILIO}/2010-04-01/Accounts/{sid}.json"
    auth = aiohttp.encode_basic_auth(sid, token.get_secret_value())
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as http,
            http.get(url, headers={"Authorization": auth}, allow_redirects=False) as answer,
        ):
            status, date = answer.status, answer.headers.get("Date")
            account = await answer.json() if status == 200 else {}
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return [fail("twilio", "Twilio's API does not answer, or not as Twilio does.")]
    return [_account(status, account), _clock(date, SystemClock().now())]


def _account(status: int, account: object) -> Check:
    if status in {401, 403, 404}:
        return fail("twilio", "Twilio does not accept this account and token.")
    if status != 200:
        return fail("twilio", f"Twilio's API answers with the status {status}.")
    if not isinstance(account, dict) or account.get("status") != "active":
        return fail("twilio", "Twilio knows the account, but it is not active.")
    if account.get("type") == "Trial":
        return note("twilio", "This is a trial account: it texts verified phones only.")
    return ok("twilio", "Knows this account and token.")


def _clock(date: str | None, now: datetime) -> Check:
    """Compare our clock with the Date header of an answer (RFC 9110 section 6.6.1)."""
    try:
        apart = abs(parsedate_to_datetime(date or "") - now)
    except (ValueError, TypeError):
        return note("clock", "There was no time to compare our clock with.")
    if apart > _CLOCKS_MAY_DIFFER:
        seconds = int(apart.total_seconds())
        return fail("clock", f"Our clock is {seconds} seconds away from Twilio's; set it right.")
    return ok("clock", "Agrees with Twilio's.")


async def public_url(settings: Settings) -> list[Check]:
    """Whether the relay answers where Twilio and members look for it."""
    if settings.public_url is None:
        return []
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as http,
            http.get(f"{settings.public_url}/healthz", allow_redirects=False) as answer,
        ):
            answers = answer.status == 200 and (await answer.content.read(16)) == b"ok\n"
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        answers = False
    if answers:
        return [ok("public URL", "The relay answers there.")]
    return [note("public URL", "No relay answers there now; it should when `relay serve` runs.")]
