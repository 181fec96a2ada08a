"""Settings: one typed object, read once; environment over `relay.toml` over defaults.

The only reader of the environment. Every mistake is one plain sentence; values are never
repeated, because a token in the wrong field would be printed with them.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from channels.contact import is_domain
from relay.errors import RefusalError

CONFIG_FILE = "RELAY_CONFIG"
"""The environment variable that names the settings file; `./relay.toml` without it."""


def _listen(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (host and colon and port.isdecimal() and int(port) < 65_536):
        raise ValueError("must be host:port, for example 127.0.0.1:8080")
    return value


def _domain(value: str) -> str:
    if not is_domain(value):
        raise ValueError("must be a domain name, for example relay.example.org")
    return value.lower()


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        _ = parts.port  # looked at only when asked for: raises if it is none
    except ValueError:
        return None
    return parts


def _url(value: str) -> str:
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise ValueError("must be a web address, for example https://relay.example.org")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must begin with https, except on this machine itself")
    return value.rstrip("/")


def _smarthost(value: SecretStr) -> SecretStr:
    parts = _split(value.get_secret_value())
    if parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("must be smtp://host:port or smtps://user:password@host:port")
    return value


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Listen = Annotated[str, AfterValidator(_listen)]
Url = Annotated[str, AfterValidator(_url)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How fast texts may leave, and how many of them a day."""

    rate: float
    """Segments a second of one number; 0: as fast as can be."""
    burst: int
    """Segments that one number may send at once after a pause."""
    per_minute: int
    """Texts of all numbers together."""
    per_day: int
    """Segments of all numbers together."""
    group: int
    """Segments a day that the posts of a group may cost."""
    member: int
    """The same of one member's posts."""
    report: timedelta
    """How long a text may be on its way before no news is taken for good news."""
    member_posts: int
    """Posts that a member may write an hour, where her group says nothing else; 0: no limit."""
    group_posts: int
    """The same of all members of a group together."""


_USUAL = Limits(
    rate=1.0,
    burst=10,
    per_minute=60,
    per_day=2000,
    group=2000,
    member=1000,
    report=timedelta(hours=1),
    member_posts=30,
    group_posts=120,
)
"""What carriers take of a long code and of a small registered programme (Twilio, "MPS", "T-Mobile
daily limits")."""
_MANY = 1_000_000_000
_UNLIMITED = Limits(
    rate=0.0,
    burst=10,
    per_minute=_MANY,
    per_day=_MANY,
    group=_MANY,
    member=_MANY,
    report=timedelta(seconds=5),
    member_posts=0,
    group_posts=0,
)


class Settings(BaseSettings):
    """Everything an operator can set. Names are `RELAY_` and the field, in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="RELAY_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(Path("./data"), description="everything stored on this machine")
    database_url: SecretStr | None = Field(None, description="SQLite in the data dir if not set")
    master_key_file: Path | None = Field(None, description="the key that wraps all others")
    domain: Annotated[str, AfterValidator(_domain)] | None = Field(
        None, description="mail domain of aliases and masks"
    )
    public_url: Url | None = Field(None, description="where Twilio and members reach us")
    http_listen: Listen = Field("127.0.0.1:8080", description="host:port of the web server")
    smtp_listen: Listen = Field("127.0.0.1:8025", description="host:port of the mail server")
    smtp_tls_cert: Path | None = Field(None, description="certificate for STARTTLS of mail in")
    smtp_tls_key: Path | None = Field(None, description="its key")
    smarthost: Annotated[SecretStr, AfterValidator(_smarthost)] | None = Field(
        None, description="where mail goes out: smtp://host:port, smtps://user:password@host:port"
    )
    require_tls_onward: bool = Field(
        default=False, description="ask the smarthost to send on encrypted or not at all (RFC 8689)"
    )
    dns_server: Listen | None = Field(None, description="host:port; the system's if not set")
    mta_sts: str = Field(
        "testing",
        pattern="^(none|testing|enforce)$",
        description="what we ask of who sends mail to us: none, testing or enforce",
    )
    dkim_selector: str = Field("relay1", pattern=r"^[a-z0-9-]{1,63}$", description="DKIM selector")
    twilio_account_sid: str | None = Field(
        None, pattern=r"^AC[0-9a-zA-Z]{1,64}$", description="AC…"
    )
    twilio_auth_token: SecretStr | None = Field(None, description="the account's auth token")
    twilio_auth_token_secondary: SecretStr | None = Field(
        None, description="the account's other auth token, while it is being changed"
    )
    twilio_signature: str = Field(
        "sha1",
        pattern="^(sha1|sha256)$",
        description="how Twilio signs: sha1 with the auth token, sha256 with the shared key",
    )
    twilio_shared_key: SecretStr | None = Field(None, description="the key of sha256 signatures")
    twilio_shared_key_secondary: SecretStr | None = Field(
        None, description="the other shared key, while it is being changed"
    )
    twilio_answers_stop: bool = Field(
        default=True, description="Twilio itself answers its own words for stop, start and help"
    )
    twilio_api_url: Url | None = Field(None, description="Twilio's own if not set")
    twilio_message_privacy: bool = Field(
        default=False, description="the account has Twilio's Message Privacy: let it keep no words"
    )
    text_segments: int = Field(
        4, ge=1, le=10, description="segments one text may have; the rest comes on MORE"
    )
    text_rate: float | None = Field(
        None, ge=0.0, le=1000.0, description="segments a second of one number; 1 if not set"
    )
    text_burst: int = Field(
        10, ge=1, le=10_000, description="segments one number may send at once after a pause"
    )
    texts_per_minute: int | None = Field(
        None, ge=1, le=100_000, description="texts a minute of all numbers; 60 if not set"
    )
    text_segments_per_day: int | None = Field(
        None, ge=10, le=10_000_000, description="segments a day of all numbers; 2000 if not set"
    )
    group_segments_per_day: int | None = Field(
        None, ge=10, le=10_000_000, description="of the posts of one group; 2000 if not set"
    )
    member_segments_per_day: int | None = Field(
        None, ge=10, le=10_000_000, description="of the posts of one member; 1000 if not set"
    )
    member_posts_per_hour: int | None = Field(
        None, ge=0, le=1_000, description="of one member; 30 if not set, 0 for no limit"
    )
    group_posts_per_hour: int | None = Field(
        None, ge=0, le=10_000, description="of all of a group; 120 if not set, 0 for no limit"
    )
    text_report_minutes: int | None = Field(
        None, ge=1, le=600, description="how long a text may be on its way; 60 if not set"
    )
    text_price: float = Field(
        0.0113, ge=0.0, le=10.0, description="what a segment costs, for `relay costs`"
    )
    number_price: float = Field(
        1.15, ge=0.0, le=1000.0, description="what a number costs a month, for `relay costs`"
    )
    number_quarantine_days: int = Field(
        365, ge=30, le=3650, description="how long a pair of phone and number leads nowhere"
    )
    former_members: str = Field(
        "silent",
        pattern="^(silent|told)$",
        description="whether who has left and texts is told, once, that it leads nowhere",
    )
    calls: str = Field(
        "busy", pattern="^(busy|say)$", description="a call finds busy, or hears one sentence"
    )
    call_language: str = Field(
        "en", pattern="^(en|es|fr|de|pt|ar|zh)$", description="the language of that sentence"
    )
    silence_days: int = Field(
        40, ge=7, le=3650, description="a phone silent for longer is asked to confirm; days"
    )
    programme_name: str = Field(
        "Group relay", max_length=60, description="how the programme names itself to members"
    )
    phone_region: str = Field(
        "US", pattern="^[A-Z]{2}$", description="where a phone number without a country code is"
    )
    post_life_hours: int = Field(36, ge=1, le=72, description="how long a body may exist")
    lease_seconds: int = Field(
        60, ge=5, le=600, description="after this long an attempt of a dead process is looked at"
    )
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="our own log"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file over defaults."""
        file = TomlConfigSettingsSource(settings_cls, config_path())
        return init_settings, env_settings, file

    @property
    def database(self) -> str:
        """The address of the database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'relay.sqlite'}"

    @property
    def master_key(self) -> Path:
        """The file of the master key."""
        return self.master_key_file or self.data_dir / "keys" / "master.key"

    @property
    def dkim_key(self) -> Path:
        """The file of the key that signs outgoing mail."""
        return self.data_dir / "keys" / f"dkim-{self.dkim_selector}.pem"

    @property
    def post_life(self) -> timedelta:
        """How long a body may exist."""
        return timedelta(hours=self.post_life_hours)

    @property
    def lease(self) -> timedelta:
        """After how long the attempt of a dead process is looked at again."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def texts(self) -> bool:
        """Whether text messaging is on."""
        return self.twilio_account_sid is not None and self.twilio_auth_token is not None

    @property
    def limits(self) -> Limits:
        """What texts may cost, and how much one may write.

        Between test servers on this machine there is no carrier to mind, and nobody to spare: there
        only what was set counts.
        """
        usual = _UNLIMITED if self._is_pretended else _USUAL
        hers, everybodys = self.member_posts_per_hour, self.group_posts_per_hour
        return Limits(
            rate=usual.rate if self.text_rate is None else self.text_rate,
            burst=self.text_burst,
            per_minute=self.texts_per_minute or usual.per_minute,
            per_day=self.text_segments_per_day or usual.per_day,
            group=self.group_segments_per_day or usual.group,
            member=self.member_segments_per_day or usual.member,
            report=usual.report,
            member_posts=usual.member_posts if hers is None else hers,
            group_posts=usual.group_posts if everybodys is None else everybodys,
        )

    @property
    def _is_pretended(self) -> bool:
        """Whether the world outside is one of test servers: Twilio's, or without texts the DNS."""
        api = _split(self.twilio_api_url or "")
        if self.texts:
            return api is not None and is_loopback(api.hostname or "")
        dns = (self.dns_server or "").rpartition(":")[0].strip("[]")
        return (api is not None and is_loopback(api.hostname or "")) or is_loopback(dns)

    @property
    def spool(self) -> Path:
        """Where texts wait, sealed, that could not be taken in at once."""
        return self.data_dir / "spool"

    @property
    def number_quarantine(self) -> timedelta:
        """How long a pair of phone and number leads nowhere after its member has left."""
        return timedelta(days=self.number_quarantine_days)

    @property
    def text_report(self) -> timedelta:
        """How long a text may be on its way before no news is taken for good news."""
        if self.text_report_minutes is None:
            return self.limits.report
        return timedelta(minutes=self.text_report_minutes)

    @property
    def mails(self) -> bool:
        """Whether mail is on."""
        return self.domain is not None and self.smarthost is not None

    def show(self) -> dict[str, str]:
        """The settings as text, redacted."""
        return {
            f"RELAY_{name.upper()}": "" if value is None else str(value)
            for name, value in ((n, getattr(self, n)) for n in type(self).model_fields)
        }


def config_path() -> Path:
    """The settings file, whether or not it exists."""
    return Path(os.environ.get(CONFIG_FILE, "relay.toml"))


def load_settings(**given: Any) -> Settings:
    """Read the settings. Raises `RefusalError`: one plain sentence for each mistake."""
    try:
        _check_file(config_path())
        return Settings(**given)
    except ValidationError as error:
        raise RefusalError("\n".join(_sentence(e) for e in error.errors())) from None


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            names = tomllib.load(file).keys()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError):
        raise RefusalError("The settings file relay.toml cannot be read.") from None
    except tomllib.TOMLDecodeError:
        raise RefusalError("The settings file relay.toml is not valid TOML.") from None
    unknown = sorted(names - Settings.model_fields.keys())
    if unknown:
        msg = f"The settings file relay.toml has an unknown setting: {unknown[0][:40]}."
        raise RefusalError(msg)


def _sentence(error: Any) -> str:
    name = "RELAY_" + "_".join(str(part) for part in error["loc"]).upper()
    if error["type"] == "value_error":
        return f"{name} {error['ctx']['error']}."
    return f"{name} is not as it must be: {error['msg'].lower()}."


def serving_problems(settings: Settings) -> list[str]:
    """What is missing or contradictory before the relay may serve; one plain sentence each."""
    from relay import signing

    s = settings
    found = []
    if (s.twilio_account_sid is None) != (s.twilio_auth_token is None):
        found.append(
            "RELAY_TWILIO_ACCOUNT_SID and RELAY_TWILIO_AUTH_TOKEN belong together: set both."
        )
    if s.texts and s.twilio_signature == "sha256" and s.twilio_shared_key is None:
        found.append("RELAY_TWILIO_SHARED_KEY is missing: signatures are to be checked with it.")
    if s.texts and s.public_url is None:
        found.append("RELAY_PUBLIC_URL is missing: Twilio's signatures are checked against it.")
    if (s.domain is None) != (s.smarthost is None):
        found.append("RELAY_DOMAIN and RELAY_SMARTHOST belong together: set both.")
    if (s.smtp_tls_cert is None) != (s.smtp_tls_key is None):
        found.append("RELAY_SMTP_TLS_CERT and RELAY_SMTP_TLS_KEY belong together: set both.")
    if s.mails and not signing.can_sign(s):
        found.append("The key that signs mail is missing; run `relay init` first.")
    if not found and not (s.texts or s.mails):
        found.append(
            "Neither text messages nor mail are set up: set RELAY_DOMAIN or Twilio's account."
        )
    return found
