"""Settings: where they come from, what is wrong with them, and that they never show a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.config import Settings, load_settings
from relay.errors import RefusalError


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """The settings file, which is not there yet."""
    return tmp_path / "relay.toml"


def test_environment_over_file_over_defaults(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting is taken from the first place that has it."""
    toml.write_text('domain = "file.example"\nlog_level = "error"\n', encoding="utf-8")
    monkeypatch.setenv("RELAY_DOMAIN", "environment.example")
    settings = load_settings()
    assert settings.domain == "environment.example"
    assert settings.log_level == "error"
    assert settings.http_listen == "127.0.0.1:8080"
    assert load_settings(domain="given.example").domain == "given.example"


def test_every_setting_can_come_from_either_place(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment can say, the file can say under the same name in small letters."""
    values: dict[str, str | int | float | bool] = {
        "data_dir": "d", "database_url": "sqlite:///x", "master_key_file": "m",
        "domain": "a.example", "public_url": "https://a.example",
        "http_listen": "127.0.0.1:1", "smtp_listen": "127.0.0.1:2",
        "smtp_tls_cert": "c", "smtp_tls_key": "k", "smarthost": "smtp://a.example:25",
        "dns_server": "127.0.0.1:53", "dkim_selector": "s2", "twilio_account_sid": "AC" + "a" * 32,
        "twilio_auth_token": "t", "twilio_api_url": "https://b.example",
        "twilio_message_privacy": True, "programme_name": "P", "post_life_hours": 5,
            "phone_region": "DE", "mta_sts": "enforce", "require_tls_onward": True,
        "lease_seconds": 30, "log_level": "debug", "twilio_auth_token_secondary": "u",
        "twilio_signature": "sha256", "twilio_shared_key": "v", "twilio_shared_key_secondary": "w",
        "twilio_answers_stop": False, "text_segments": 2, "text_rate": 3.5, "text_burst": 4,
        "texts_per_minute": 5, "text_segments_per_day": 16, "group_segments_per_day": 17,
        "member_segments_per_day": 18, "text_report_minutes": 9,
        "member_posts_per_hour": 40, "group_posts_per_hour": 200, "text_price": 0.02,
        "number_price": 2.5, "number_quarantine_days": 90, "former_members": "told",
        "calls": "say", "call_language": "de", "silence_days": 50,
    }  # fmt: skip
    assert set(values) == set(Settings.model_fields)
    lines = [
        f"{k} = {str(v).lower() if isinstance(v, int | float) else repr(v)}"
        for k, v in values.items()
    ]
    toml.write_text("\n".join(lines), encoding="utf-8")
    from_file = load_settings()
    toml.unlink()
    for name, value in values.items():
        monkeypatch.setenv(f"RELAY_{name.upper()}", str(value))
    assert load_settings() == from_file
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert not [name for name, value in defaults.items() if getattr(from_file, name) == value]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("domian = 'a.example'\n", "unknown setting: domian"),
        ("domain = \n", "not valid TOML"),
        ("domain = 'a.example'\ndomain = 'b.example'\n", "not valid TOML"),
    ],
)
def test_a_bad_file_is_one_sentence(toml: Path, text: str, said: str) -> None:
    """A name nobody knows, or no TOML at all, is refused: a typing error must not be silent."""
    toml.write_text(text, encoding="utf-8")
    with pytest.raises(RefusalError) as refused:
        load_settings()
    assert said in str(refused.value)
    assert str(refused.value).count(".") >= 1
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_one_sentence(toml: Path, content: bytes | None) -> None:
    """Bytes that are no text, or a folder in its place."""
    if content is None:
        toml.mkdir()
    else:
        toml.write_bytes(content)
    with pytest.raises(RefusalError, match=r"^The settings file relay\.toml cannot be read\.$"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("domain", "hushhush"),
        ("domain", "hush hush.example"),
        ("domain", "-hushhush.example"),
        ("public_url", "hushhush"),
        ("public_url", "ftp://hushhush.example"),
        ("public_url", "http://hushhush.example"),
        ("public_url", "https://hushhush.example/?x=1"),
        ("http_listen", "hushhush"),
        ("http_listen", "127.0.0.1:70000"),
        ("http_listen", ":8080"),
        ("smtp_listen", "127.0.0.1"),
        ("dns_server", "hushhush"),
        ("smarthost", "hushhush"),
        ("smarthost", "http://user:hushhush@a.example"),
        ("dkim_selector", "hush hush"),
        ("twilio_account_sid", "SKhushhush"),
        ("twilio_api_url", "hushhush"),
        ("twilio_message_privacy", "hushhush"),
        ("twilio_signature", "hushhush"),
        ("text_segments", "11"),
        ("text_rate", "-1"),
        ("text_segments_per_day", "hushhush"),
        ("former_members", "hushhush"),
        ("calls", "hushhush"),
        ("call_language", "hush"),
        ("silence_days", "6"),
        ("programme_name", "hush" * 20),
        ("post_life_hours", "hushhush"),
        ("post_life_hours", "0"),
        ("post_life_hours", "73"),
        ("lease_seconds", "1"),
        ("log_level", "hushhush"),
    ],
)
def test_a_malformed_setting_is_one_sentence_without_its_value(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token typed into the wrong field must not be printed."""
    monkeypatch.setenv(f"RELAY_{name.upper()}", value)
    with pytest.raises(RefusalError) as refused:
        load_settings()
    said = str(refused.value)
    assert said.startswith(f"RELAY_{name.upper()} ")
    assert said.endswith(".")
    assert "\n" not in said
    assert "hush" not in said


def test_every_mistake_has_its_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three mistakes are told at once."""
    for name in ("DOMAIN", "PUBLIC_URL", "LOG_LEVEL"):
        monkeypatch.setenv(f"RELAY_{name}", "x")
    with pytest.raises(RefusalError) as refused:
        load_settings()
    assert [line.split()[0] for line in str(refused.value).splitlines()] == [
        "RELAY_DOMAIN",
        "RELAY_PUBLIC_URL",
        "RELAY_LOG_LEVEL",
    ]


def test_settings_never_show_a_secret() -> None:
    """Passwords, tokens and database addresses are redacted however settings are printed."""
    settings = Settings(
        database_url="postgresql://relay:hushhush@127.0.0.1/relay",
        smarthost="smtps://user:hushhush@mail.example:465",
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="hushhush",
        domain="relay.example",
    )
    shown = settings.show()
    assert set(shown) == {f"RELAY_{name.upper()}" for name in Settings.model_fields}
    assert shown["RELAY_DOMAIN"] == "relay.example"
    for text in (str(shown), repr(settings), str(settings), f"{settings}"):
        assert "hushhush" not in text
    assert settings.database.startswith("postgresql://relay:hushhush@")
