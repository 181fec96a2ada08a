"""Coverage-guided fuzzing of the mail parser: `python tests/fuzz/fuzz_parse.py CORPUS [options]`.

Options are libFuzzer's. A crash is an exception, also one that the parser's last net would have
caught; text that cannot be written down; more text than octets can hold; or, by `-timeout` and
`-rss_limit_mb`, an input that takes too long or too much memory.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["channels"]):
    from channels.mail.parse import Limit, Unreadable, parse

OURS = "relay.example"
MOST_LETTERS_AN_OCTET = 5
"""`&nbsp` and its like are longer than what they stand for; a quote mark a line is added."""


def one(octets: bytes) -> None:
    """Read one message and check what must hold of any."""
    got = parse(octets, ours=OURS)
    if isinstance(got, Unreadable):
        if got.why is Limit.BROKEN:
            raise AssertionError("the last net caught something")
        return
    text, subject = got.text.reveal(), got.subject.reveal()
    text.encode("utf-8")
    if len(text) > MOST_LETTERS_AN_OCTET * len(octets) + 100:
        raise AssertionError("more text than there was")
    if "\n" in subject or "\r" in subject or "=?" in subject:
        raise AssertionError("the subject is not one clean line")
    if any(ord(letter) < 32 and letter not in "\t\n" for letter in text):
        raise AssertionError("a control character came through")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
