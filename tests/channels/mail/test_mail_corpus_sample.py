"""A sample of the corpus through the whole relay. `make proof-mail_corpus` sends all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.demo.mailworld import MailWorld
from tests.support import foreign
from tests.support.foreign import Ending, leaks_of, travelling
from tests.support.provider import Letter

EVERY = 50


@pytest.mark.timeout(120)
async def test_a_sample_of_the_corpus_ends_well(tmp_path: Path) -> None:
    """Every fiftieth message: no exception, none lost without a reason, nothing of it leaks."""
    if not foreign.present():
        pytest.skip("no corpus: set RELAY_CORPUS to a folder with MANIFEST.tsv")
    async with travelling(tmp_path) as journey:
        fates = [await journey.send(case) for case in foreign.cases()[::EVERY]]
    foreign.check(fates)
    assert sum(fate.ending is Ending.DELIVERED for fate in fates) >= len(fates) // 2


ORIGINAL = b"""\
Received: from laptop.home ([192.0.2.17]) by mx.willow.example
From: Mara Hale <m.hale@willow.example>
Cc: Bo <bo@harbor.example>
Message-ID: <abc123@laptop.home>
Subject: hello
Content-Type: multipart/mixed; boundary="=_laptop_home_7"

--=_laptop_home_7

I am at m.hale@willow.example and bo@harbor.example now.
--=_laptop_home_7
Content-Type: image/jpeg; name="mara_hale.jpg"
Content-ID: <part1.77@laptop.home>

x
--=_laptop_home_7--
"""
CROSSED = {
    "id": ("Message-ID: <abc123@laptop.home>", "words"),
    "folded": ("X-Y: =?utf-8?b?PGFiYzEyM0BsYXB0b3AuaG9tZT4=?=", "words"),
    "boundary": ("X-Y: =_laptop_home_7", "words"),
    "host in words": ("X-Y: z", "words from laptop.home"),
    "file name in words": ("X-Y: z", "see MARA_HALE.jpg"),
    "part id": ("References: <part1.77@laptop.home>", "words"),
}


@pytest.mark.parametrize("name", CROSSED)
def test_the_search_for_leaks_finds_them(name: str) -> None:
    """What stands in the head or the machinery and goes out, in a header or in words, is seen."""
    head, words = CROSSED[name]
    assert found(head, words).machinery


def test_what_she_wrote_herself_is_counted_apart() -> None:
    """Addresses in her own words are the contact guard's; hers and others' are told apart."""
    leaks = found("X-Y: z", "I am at m.hale@willow.example and bo@harbor.example now.")
    assert leaks.machinery == ()
    assert leaks.own == ("m.hale@willow.example",)
    assert leaks.others == ("bo@harbor.example",)


def found(head: str, words: str) -> foreign.Leaks:
    """What is found in an outgoing mail of this head and these words."""
    letter = Letter(sender="m.hale@willow.example", raw=ORIGINAL, signed=True, stands_in=False)
    raw = f"From: <x@relay.example>\r\n{head}\r\n\r\n{words}\r\n".encode()
    return leaks_of(letter, [MailWorld()._read(raw, "", "ana@meadow.example")], [])
