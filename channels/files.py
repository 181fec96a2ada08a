"""What came with a message, made safe to pass on, or refused with a reason.

A file is what it decodes as; its name and declared type are not even known here. A picture is
made anew from its pixels in a process of its own (`channels.pictures`); a text becomes letters;
nothing else crosses, whatever it is: what can be opened by a program can name its author.
"""

from __future__ import annotations

import codecs
import re
import subprocess  # one fixed command: our own decoder, kept apart from us
import sys
from dataclasses import dataclass
from enum import StrEnum

from channels import pictures
from channels.contract import File, Picture, PictureKind
from channels.secret import Secret

LARGEST_IN = 32 * 1024 * 1024
"""Octets of a file that is looked at."""
MOST_OCTETS = 1536 * 1024
"""Octets of a picture that leaves, unless the caller says otherwise."""
MOST_PIXELS = 50_000_000
"""Pixels of a picture that is decoded: what telephones make (48 megapixels)."""
MOST_LETTERS = 50_000
"""Characters of a text."""
_WALL_SECONDS = 2.0 * pictures.MOST_SECONDS

_LINE_ENDS = re.compile("\r\n|[\r\x0c\u2028\u2029]")
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]")
_NOT_FOR_PEOPLE = re.compile(
    r"""
    \A\s*(?:<[!?a-z/]|\{\\|%PDF|%!PS|[\[{]\s*["{\[]|dn:|PuTTY-User-Key|ssh-|ecdsa-|BM\b|PK\b)
    | ^\s*BEGIN:V?[A-Z]
    | ^-----\s?BEGIN\s | ^---- BEGIN\s
    | ^begin(?:-base64)?\ [0-7]{3,4}\ \S+\s*$ | ^=ybegin\s
    | <(?:!doctype|html|head|body|svg|script|style|meta|iframe|img|table|div|a\ href)\b
    | ^(?:received|return-path|mime-version|message-id|delivered-to|dkim-signature|content-type
        |content-transfer-encoding|x-mailer|x-originating-ip)[ ]?:
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_CONTACT_LINE = re.compile(
    r"^[^\n]{0,200}[,;\t][^\n]{0,200}(?:[^\s@,;]@[^\s@,;]|\+?\d[\d /()-]{6})[^\n]*$", re.MULTILINE
)
_MOST_CONTACT_LINES = 2


class Why(StrEnum):
    """Why a file does not go further. The whole list."""

    NOT_PASSED_ON = "not_passed_on"
    """Of a kind that is never passed on."""
    TOO_LARGE = "too_large"
    """Too many octets, pixels or letters."""
    BROKEN = "broken"
    """It begins like something that could go, and cannot be read to its end; or it is empty."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text file: line feeds for line ends, no controls and no direction overrides."""

    text: Secret


@dataclass(frozen=True, slots=True)
class Refused:
    """It does not go further."""

    why: Why


def is_picture(octets: bytes) -> bool:
    """Whether it begins like a picture of a kind that is made anew."""
    return bool(pictures.kind_of(octets))


def could_go(octets: bytes) -> bool:
    """Whether it is worth keeping for `clean`: it begins like a picture, or like text."""
    if is_picture(octets):
        return True
    head = octets[:512]
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or not re.search(
        rb"[\x00-\x08\x0e-\x1f]", head
    )


def clean(
    file: File, *, most_octets: int = MOST_OCTETS, most_pixels: int = MOST_PIXELS
) -> Picture | Words | Refused:
    """What may go further of a file. Never raises on any octets.

    `most_octets` bounds a picture that leaves, `most_pixels` one that is decoded (width times
    height; of a WebP or an animation a fourth of it). Blocks, so call it in a thread, and few
    at a time: a picture takes 0.2 to 3 seconds of a processor, 60 at the very most, in a child
    process that has at most 1 GiB. Here it costs no more than the file and the picture.
    """
    octets = file.octets
    if len(octets) > LARGEST_IN:
        return Refused(Why.TOO_LARGE)
    if is_picture(octets):
        return _picture(octets, most_octets, most_pixels)
    return _words(octets)


# Pictures ----------------------------------------------------------------------------------


def _picture(octets: bytes, most_octets: int, most_pixels: int) -> Picture | Refused:
    command = [sys.executable, "-I", pictures.__file__, str(most_octets), str(most_pixels)]
    try:
        done = subprocess.run(  # noqa: S603  # our own file and two numbers
            command,
            input=octets,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_WALL_SECONDS,
            check=False,
            cwd="/",
            env={"MALLOC_ARENA_MAX": "2"},
        )
    except subprocess.TimeoutExpired:
        return Refused(Why.TOO_LARGE)
    if done.returncode == pictures.TOO_LARGE_EXIT:
        return Refused(Why.TOO_LARGE)
    kind, _, made = done.stdout.partition(b"\n")
    named = kind.decode("ascii", "replace")
    if done.returncode or named not in list(PictureKind) or pictures.kind_of(made) != named:
        return Refused(Why.BROKEN)
    return Picture(PictureKind(named), made)


# Texts -------------------------------------------------------------------------------------


def _words(octets: bytes) -> Words | Refused:
    """A text that people read. In doubt it is none."""
    text = _letters(octets)
    if text is None or _CONTROLS.search(text):
        return Refused(Why.NOT_PASSED_ON)
    text = _OVERRIDES.sub("", _LINE_ENDS.sub("\n", text)).strip("\n")
    if not text.strip():
        return Refused(Why.BROKEN)
    if len(text) > MOST_LETTERS:
        return Refused(Why.TOO_LARGE)
    if _NOT_FOR_PEOPLE.search(text) or _is_address_book(text):
        return Refused(Why.NOT_PASSED_ON)
    return Words(Secret(text))


def _letters(octets: bytes) -> str | None:
    """UTF-8, or UTF-16 that says so; `None` for anything else."""
    utf16 = octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return octets.decode("utf-16" if utf16 else "utf-8")
    except UnicodeDecodeError:
        return None


def _is_address_book(text: str) -> bool:
    """Whether most of its lines are fields with an address or number among them."""
    lines = sum(1 for line in text.split("\n") if line.strip())
    found = sum(1 for _ in _CONTACT_LINE.finditer(text))
    return found > _MOST_CONTACT_LINES and found * 2 > lines
