"""QUIET, PAUSE, RESUME, URGENT, WAKE: read in seven languages, and told from ordinary talk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from relay.hours import write_schedule
from relay.pauses import read_pause
from relay.resting import with_hours
from relay.words.orders import is_marked_urgent, nearly, read_order
from relay.words.reading import Doubt, doubt
from relay.words.times import in_her_words, in_plain_words
from relay.words.vocabulary import LANGUAGES, Command, Who

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday; in Berlin it is 13:00
BERLIN = ZoneInfo("Europe/Berlin")
TALK = (Path(__file__).parent / "ordinary_talk.txt").read_text(encoding="utf-8").splitlines()
SAID = (
    *("quiet", "Quiet.", "quiet night", "quiet tonight", "Quiet sunday all day", "quiet from ten"),
    *("quiet 2 nights now", "quiet on mondays", "silence", "Ruhe bitte", "ruhe", "silencio hoy"),
    *("pause for breath", "pause until we know more", "Pause machen", "pausa para café"),
    *("wake up", "wake me at 8", "urgent care was closed", "Urgent news from my sister"),
    *("urgent", "URGENT", "dringend gebraucht: schlaf", "résumé of my week", "presume", "resumen"),
)
"""Talk: not one of these acts, or is held."""
MINE = {Command.QUIET, Command.PAUSE, Command.RESUME, Command.URGENT, Command.WAKE}


@pytest.mark.parametrize("who", [Who.MEMBER, Who.FACILITATOR])
def test_talk_about_rest_stays_talk(who: Who) -> None:
    """None of hundreds of ordinary lines acts as one of these words, or is held for one."""
    for text in (*TALK, *SAID):
        for to_mask in (False, True):
            order = read_order(text, who, to_mask=to_mask)
            assert order is None or order.command not in MINE, text
            assert nearly(text, who, to_mask=to_mask) not in MINE, text


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        ("QUIET 22-7", "22:00-07:00"),
        ("quiet 10pm to 7am", "22:00-07:00"),
        ("Quiet hours: 22:30 - 07:00", "22:30-07:00"),
        ("quiet mon-fri 22-7, weekend 23-9", "mon-fri 22:00-07:00, sat sun 23:00-09:00"),
        ("QUIET OFF", "off"),
        ("silencio de lunes a viernes 22-7", "mon-fri 22:00-07:00"),
        ("silencio apagar", "off"),
        ("SILENCE de 22h à 7h", "22:00-07:00"),
        ("silence désactiver", "off"),
        ("Ruhe Mo-Fr 22 Uhr bis 7 Uhr", "mon-fri 22:00-07:00"),
        ("ruhezeit aus", "off"),
        ("Silêncio das 22h às 7h", "22:00-07:00"),
        ("هدوء ٢٢-٧", "22:00-07:00"),
        ("静音 周一 到 周五 22-7", "mon-fri 22:00-07:00"),
        ("勿扰 关闭", "off"),
        ("QUIET tonight from 20:00", "23:00-06:00, 2026-11-18 20:00-07:00"),
        ("silencio esta noche desde 20:00", "23:00-06:00, 2026-11-18 20:00-07:00"),
        ("ruhe heute 14-16", "23:00-06:00, 2026-11-18 14:00-16:00"),
        ("静音 今晚从20:00", "23:00-06:00, 2026-11-18 20:00-07:00"),
        ("QUIET from 8pm", "23:00-06:00, 2026-11-18 20:00-07:00"),
        ("QUIET 2026-12-24 18-23:59", "23:00-06:00, 2026-12-24 18:00-23:59"),
        ("quiet free 2026-12-31", "23:00-06:00, free 2026-12-31"),
    ],
)
def test_hours_are_read_in_every_language(said: str, hours: str) -> None:
    """Weekly hours take the place of hers (23:00-06:00); silences and dates are added to them."""
    order = read_order(said, Who.MEMBER)
    assert order is not None
    assert order.command is Command.QUIET
    line = in_plain_words(order.rest)
    assert line is not None
    made = with_hours("23:00-06:00, 2026-11-01 10:00-12:00", line, "Europe/Berlin", NOW)
    assert write_schedule(made) == hours


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("PAUSE 3d", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("pause 8h", datetime(2026, 11, 18, 20, tzinfo=UTC)),
        ("Pause for 2 weeks", datetime(2026, 12, 2, 12, tzinfo=UTC)),
        ("pausa 3 días", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("pause 3 jours", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("Pause 3 Tage", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("إيقاف مؤقت 3 أيام", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("暂停 3天", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("PAUSE until monday", datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("PAUSE until wednesday", datetime(2026, 11, 25, 6, tzinfo=UTC)),
        ("pausa hasta el lunes", datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("pause jusqu’à lundi", datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("Pause bis Montag", datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("pausa até segunda", datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("暂停 到 周一", datetime(2026, 11, 23, 6, tzinfo=UTC)),
        ("PAUSE till tomorrow", datetime(2026, 11, 19, 6, tzinfo=UTC)),
        ("PAUSE until 2026-12-01", datetime(2026, 12, 1, 6, tzinfo=UTC)),
        ("PAUSE until 18:00", datetime(2026, 11, 18, 17, tzinfo=UTC)),
        ("PAUSE until 9:00", datetime(2026, 11, 19, 8, tzinfo=UTC)),
    ],
)
def test_pauses_are_read_in_every_language(said: str, until: datetime) -> None:
    """So long from now, or to the next such day, at seven in the morning of her own clock."""
    order = read_order(said, Who.MEMBER)
    assert order is not None
    assert order.command is Command.PAUSE
    assert read_pause(order.rest, BERLIN, NOW) == until


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("quiet 22", Command.QUIET),
        ("QUIET 22 7", Command.QUIET),
        ("QUIET 3dd", Command.QUIET),
        ("pause 72", Command.PAUSE),
        ("pause 3dd", Command.PAUSE),
    ],
)
def test_what_was_surely_meant_is_asked_about(said: str, command: Command) -> None:
    """Times that are none do not act and are kept from the group."""
    assert (read_order(said, Who.MEMBER), nearly(said, Who.MEMBER)) == (None, command)


def test_words_alone() -> None:
    """QUIET alone must be shouted, for it is a word people say; PAUSE and RESUME act as they are.

    RESUME is heard of who has stopped too, and a slip in it is asked about.
    """
    assert [read_order(t, Who.MEMBER) is not None for t in ("QUIET", "quiet:", "quiet")] == [
        True,
        True,
        False,
    ]
    for said, command in (("Pause", Command.PAUSE), ("Resume.", Command.RESUME)):
        order = read_order(said, Who.MEMBER)
        assert order is not None
        assert (order.command, order.rest) == (command, "")
    stopped = read_order("resume", Who.STOPPED)
    assert stopped is not None
    assert doubt("resmue") is Doubt.NEAR_MISS


def test_urgent_marks_a_post_only_when_stressed() -> None:
    """In capitals or with a colon; in small letters it begins a sentence, and nobody is asked."""
    marked = ("URGENT the room is locked", "urgent: call me", "DRINGEND kommt", "紧急：快来")
    assert [text for text in marked if not is_marked_urgent(text)] == []
    talk = ("urgent the room is locked", "Urgent care was closed", "URGENT", "not URGENT at all")
    assert [text for text in talk if is_marked_urgent(text) or nearly(text, Who.MEMBER)] == []


def test_wake_takes_on_or_off() -> None:
    """In each language; anything else is talk."""
    on_off = ("WAKE OFF", "wake on", "despertar apagar", "réveil désactiver", "Wecken aus")
    for said in (*on_off, "acordar desligar", "إيقاظ إيقاف", "唤醒 关闭"):
        order = read_order(said, Who.MEMBER)
        assert order is not None, said
        assert order.command is Command.WAKE
        assert in_plain_words(order.rest) in {"on", "off"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_hours_are_shown_in_her_words_and_can_be_typed_again(language: str) -> None:
    """What a member reads in her own language means the same when she sends it back."""
    for line in (
        "mon-fri 22:00-07:00, sat sun 23:00-09:00, free 2026-12-31",
        "off",
        "tue 1:00-2:00",
    ):
        assert in_plain_words(in_her_words(line, language)) == line
