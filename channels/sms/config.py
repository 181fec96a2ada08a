"""What the edges of the SMS channel must be told. Nothing here is read from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from channels.secret import Secret
from channels.sms.segments import Encoding, encoding, segments

SENTENCES = {
    "en": (
        'language="en-US"',
        "This number does not take calls. Please send a text message.",
    ),
    "es": (
        'language="es-MX"',
        "Este número no recibe llamadas. Por favor, envíe un mensaje de texto.",
    ),
    "fr": (
        'language="fr-FR"',
        "Ce numéro ne prend pas d'appels. Veuillez envoyer un SMS.",
    ),
    "de": (
        'language="de-DE"',
        "Diese Nummer nimmt keine Anrufe an. Bitte senden Sie eine SMS.",
    ),
    "pt": (
        'language="pt-BR"',
        "Este número não recebe chamadas. Por favor, envie uma mensagem de texto.",
    ),
    "ar": (
        'language="arb" voice="Polly.Zeina"',
        "هذا الرقم لا يستقبل المكالمات. يرجى إرسال رسالة نصية.",
    ),
    "zh": (
        'language="cmn-CN" voice="Polly.Zhiyu"',
        "此号码不接听电话。请发送短信。",
    ),
}
"""What a caller hears, by language: the attributes of TwiML's `<Say>`, and the sentence.

https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages. The two
languages that Twilio's basic voices do not speak name their voice.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsInConfig:
    """How Twilio's webhooks are recognised. Raises `ValueError` when a signature could be forged.

    `public_url` is the base under which Twilio calls us, as configured at Twilio, such as
    `https://relay.example.org`; signatures are checked against it and never against a header of
    the request. `signature` says what signs: `sha1` the auth token, `sha256` a key shared with
    Twilio for its webhooks alone. During a rotation `auth_tokens`, or `shared_keys`, holds the
    old and the new one.
    """

    public_url: str
    account_sid: str
    auth_tokens: tuple[Secret, ...]
    signature: Literal["sha1", "sha256"] = "sha1"
    shared_keys: tuple[Secret, ...] = ()
    api_url: str | None = None
    """Where files that came with a text may wait, besides `https://api.twilio.com`."""
    answers_stop: bool = True
    """Whether Twilio answers STOP, START and HELP itself, as it does unless told otherwise."""
    calls: Literal["busy", "say"] = "busy"
    call_language: str = "en"
    """One of `SENTENCES`."""
    former_sentence: str = "This number is not in use."
    """Told once to somebody who has left: one text, charged as one (GSM 7-bit)."""

    def __post_init__(self) -> None:
        if self.signature not in ("sha1", "sha256") or self.calls not in ("busy", "say"):
            raise ValueError("Webhooks are signed with sha1 or sha256, and calls get busy or say.")
        if not self.keys or not all(self.keys):
            what = "auth token" if self.signature == "sha1" else "shared key"
            raise ValueError(f"Text messaging needs at least one {what}, and none may be empty.")
        if self.call_language not in SENTENCES:
            raise ValueError("Callers can be told in: " + ", ".join(SENTENCES) + ".")
        if not self.former_sentence.strip() or not _is_one_plain_text(self.former_sentence):
            raise ValueError("The sentence for former members must fit into one plain text.")

    @property
    def keys(self) -> tuple[Secret, ...]:
        """What may have signed a webhook."""
        return self.auth_tokens if self.signature == "sha1" else self.shared_keys


def _is_one_plain_text(sentence: str) -> bool:
    return encoding(sentence) is Encoding.GSM_7 and segments(sentence) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsOutConfig:
    """How texts leave.

    `api_url` replaces `https://api.twilio.com`: a regional endpoint, a test server. `redaction`
    says that Message Redaction is enabled for the account; without it Twilio refuses the two
    retention parameters (errors 30029 and 30030).
    """

    public_url: str
    account_sid: str
    auth_token: Secret
    api_url: str | None = None
    redaction: bool = False
    timeout: timedelta = timedelta(seconds=10)
    """For one whole request, of which connecting may take half."""
    concurrency: int = 8
    most_segments: int = 4
    """What one text is charged as, at the most; what does not fit can be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsAccountConfig:
    """How we look after the account: its numbers, and what it keeps of messages and calls."""

    public_url: str
    account_sid: str
    auth_token: Secret
    api_url: str | None = None
    timeout: timedelta = timedelta(seconds=30)
    """For one whole request, of which connecting may take half."""
    connections: int = 4
    waits: tuple[timedelta, ...] = (timedelta(seconds=1), timedelta(seconds=3))
    """How long to wait for a file that Twilio has announced and does not have yet."""
    answers_stop: bool = True
    """As in `SmsInConfig`."""
