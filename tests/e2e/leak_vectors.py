"""Messages that try to take something along: every place in a mail where a person can show.

Whatever is placed in a message's machinery holds `TAG`; addresses and numbers of members and of
strangers stand in its words. Each message also holds a word of its own, `keep`, that must arrive.
Rows are those of the table in docs/leaks.md.
"""

from __future__ import annotations

import base64
import io
import quopri
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pillow_heif
from leak_search import TAG
from PIL import Image, PngImagePlugin

ROBIN = "mara.halewood@willow.example"
IVY = "jonas.reedwarbler@harbor.example"
OAK = "petra.winterling@meadow.example"
SOL = "+12025550183"
PEOPLE = (ROBIN, IVY, OAK, SOL)
REAL = {ROBIN: "Mara Halewood", IVY: "Jonas Reedwarbler", OAK: "Petra Winterling"}
STRANGER, STRANGER_PHONE = f"ulf.{TAG}@elsewhere.example", "+442079460018"
FOREIGN = (
    *("192.0.2.17", "198.51.100.77", "2001:db8::77", "Microsoft Outlook 16", "Apple Mail (2.3774)"),
    *("Thunderbird/115", "YahooMailAndroid", "K-9 Mail", "iPhone Mail (21F90)", "Canon EOS"),
    *("+1300", "+0545", "Pacific/Auckland", "/Users/mhale", "C:\\Users\\mhale"),
)
"""Words of the machinery that are not made up."""


@dataclass(frozen=True, slots=True)
class At:
    """What one message is made with."""

    number: int
    to: str
    """The writer's alias."""
    others: tuple[str, ...] = ()
    """Ways in and masks of the others."""

    @property
    def keep(self) -> str:
        """A word that must arrive."""
        return f"lantern{self.number:03}x"

    @property
    def tag(self) -> str:
        """What must not."""
        return f"{TAG}{self.number:03}"


_LINES = 4
"""Head lines in one message."""

Make = Callable[[At], tuple[str, str | bytes]]
"""Further head lines, and the body."""


@dataclass(frozen=True, slots=True)
class Vector:
    """One message. `arrives`: whether its `keep` reaches the readers; `None` if either is right."""

    row: str
    name: str
    make: Make
    arrives: bool | None = True
    subject: str = "Tuesday"
    from_: str = f'"{REAL[ROBIN]}" <{ROBIN}>'
    date: str = ""
    """An offset to write the Date in."""


def lines(*given: str) -> str:
    """Lines as they go over the wire."""
    return "".join(f"{line}\r\n" for line in given)


# Heads ---------------------------------------------------------------------------------------


def head(*given: str) -> Make:
    """A plain mail with these head lines; `{tag}`, `{to}` are filled in."""
    return lambda at: (
        lines(*(line.format(tag=at.tag, to=at.to) for line in given)),
        f"{at.keep} good morning\r\n",
    )


# Words ---------------------------------------------------------------------------------------


def says(text: str, charset: str = "utf-8", cte: str = "8bit", more: str = "") -> Make:
    """A plain text, in a charset and a transfer encoding; `{keep}` is filled in."""

    def make(at: At) -> tuple[str, bytes]:
        said = text.replace("{keep}", at.keep).replace("{tag}", at.tag).replace("{to}", at.to)
        for number, other in enumerate(at.others):
            said = said.replace(f"{{other{number}}}", other)
        octets = said.replace("\n", "\r\n").encode(charset) + b"\r\n"
        if cte == "base64":
            octets = base64.encodebytes(octets).replace(b"\n", b"\r\n")
        elif cte == "quoted-printable":
            octets = quopri.encodestring(octets.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        kind = f"Content-Type: text/plain; charset={charset}{more}"
        return lines("MIME-Version: 1.0", kind, f"Content-Transfer-Encoding: {cte}"), octets

    return make


_CODINGS: tuple[tuple[str, str, str, str], ...] = (
    ("17", "utf-8", "base64", ""),
    ("17", "utf-8", "quoted-printable", ""),
    ("17", "us-ascii", "7bit", "; format=flowed"),
    ("18", "latin-1", "quoted-printable", ""),
    ("18", "windows-1252", "8bit", ""),
    ("18", "utf-16", "base64", ""),
    ("18", "utf-16-le", "base64", ""),
    ("18", "utf-32", "base64", ""),
    ("18", "utf-7", "7bit", ""),
    ("18", "iso-2022-jp", "7bit", ""),
    ("18", "koi8-r", "8bit", ""),
    ("18", "shift_jis", "base64", ""),
    ("18", "hz", "7bit", ""),
)


# Html ----------------------------------------------------------------------------------------


def page(source: str, plain: str = "") -> Make:
    """An html mail; with `plain`, as one of two alternatives."""

    def make(at: At) -> tuple[str, str]:
        def filled(text: str) -> str:
            text = text.replace("{keep}", at.keep).replace("{tag}", at.tag)
            return text.replace("{to}", at.to)

        if not plain:
            return lines("MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8"), filled(
                source
            )
        return many(
            "alternative",
            lines("Content-Type: text/plain; charset=utf-8", "", filled(plain)),
            lines("Content-Type: text/html; charset=utf-8", "", filled(source)),
        )(at)

    return make


# Trees ---------------------------------------------------------------------------------------


def many(kind: str, *parts: str | bytes, boundary: str = "b_{tag}_host", more: str = "") -> Make:
    """A multipart; its boundary, preamble and epilogue tell something."""

    def make(at: At) -> tuple[str, bytes]:
        def filled(part: str | bytes) -> bytes:
            octets = part.encode() if isinstance(part, str) else part
            return octets.replace(b"{tag}", at.tag.encode()).replace(b"{keep}", at.keep.encode())

        mark = boundary.replace("{tag}", at.tag)
        inside = b"".join(
            b"--" + mark.encode() + b"\r\n" + filled(part) + b"\r\n" for part in parts
        )
        told = f"{at.tag} is no MIME program\r\n".encode()
        described = f'Content-Type: multipart/{kind}; boundary="{mark}"{more}'
        return (
            lines(f"MIME-Version: 1.0 ({at.tag} v16)", described.replace("{tag}", at.tag)),
            told + inside + b"--" + mark.encode() + b"--\r\n" + told,
        )

    return make


_WORDS = lines("Content-Type: text/plain; charset=utf-8", "", "{keep} hello")


def part(kind: str, octets: bytes | str, *more: str, plain: bool = False) -> bytes:
    """A part, in base64 unless `plain`."""
    content = octets.encode() if isinstance(octets, str) else octets
    coded = content if plain else base64.encodebytes(content).replace(b"\n", b"\r\n")
    cte = () if plain else ("Content-Transfer-Encoding: base64",)
    return lines(f"Content-Type: {kind}", *cte, *more, "").encode() + coded


def beside(kind: str, octets: bytes | str, *more: str, plain: bool = False) -> Make:
    """Words, and a part of this kind."""
    return many("mixed", _WORDS, part(kind, octets, *more, plain=plain))


def _zip(name: str, content: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def _listed(one: dict[str, Any]) -> Vector:
    """A part of the table beside the words."""
    kind, _, parameters = one.get("tree", "mixed").partition(";")
    octets = one["content"].encode(one.get("charset", "utf-8"))
    told = part(one["kind"], octets, *one.get("more", ()), plain=one.get("plain", False))
    make = many(kind, _WORDS, told, more=parameters and f";{parameters}")
    return Vector(
        one["row"],
        one["name"],
        make,
        {"either": None, "no": False}.get(one.get("arrives", ""), True),
    )


def _trees() -> Iterator[tuple[str, str, Make]]:
    """What stands between the parts, and above them."""
    bad = lines(
        "Content-Type: text/plain; charset=utf-8; name={tag}.txt; x-mac-creator={tag}",
        "Content-ID: <{tag}@laptop>",
        "Content-Description: {tag}",
        "X-{tag}: {tag}",
        "",
        "{keep} hello",
    )
    name = "text/plain; name*0*=utf-8''mara%2Ehalewood%40; name*1*=willow%2Eexample{tag}"
    inner = lines(
        'Content-Type: multipart/alternative; boundary="in{tag}"', "X-{tag}: y", "", "{tag}"
    )
    yield "12", "boundary, preamble, epilogue, comment", many("mixed", _WORDS)
    yield "12", "boundary like a host", many("mixed", _WORDS, boundary="Apple-Mail=_{tag}.local")
    yield "12", "another boundary than declared", _misdeclared
    yield "14", "parameters", many("mixed", _WORDS, more="; x-name={tag}; type=text/{tag}")
    yield "14", "RFC 2231 parameter", many("mixed", part(name, "other words", plain=True), _WORDS)
    yield "15", "head of a part", many("mixed", bad)
    yield "15", "nested", many("mixed", f"{inner}--in{{tag}}\r\n{bad}--in{{tag}}--\r\n{{tag}}")
    yield "15", "deep tree", deep(12)


def _files() -> Iterator[tuple[str, str, Make]]:
    """Files with a name, a camera, a place and a host inside."""
    core = f"<dc:creator>{TAG} {ROBIN}</dc:creator>"
    html = lines("Content-Type: text/html", "", '<p>{keep}</p><img src="cid:{tag}" alt="{tag}">')
    yield "33", "docx", beside("application/octet-stream", _zip("docProps/core.xml", core))
    yield "33", "archive", beside("application/zip", _zip(f"{TAG}.txt", ROBIN))
    for kind in ("jpeg", "png", "gif", "webp", "heic"):
        shown = f'Content-Disposition: attachment; filename="{{tag}}.{kind}"'
        yield "33", f"{kind} with metadata", beside(f"image/{kind}", picture(kind), shown)
    yield "33", "picture declared as text", beside("text/plain", picture("png"))
    hidden = picture("jpeg") + _zip(f"{TAG}.txt", ROBIN)
    yield "33", "picture with an archive behind it", beside("image/jpeg", hidden)
    shown = part("image/png", picture("png"), "Content-ID: <{tag}>")
    yield "33", "picture in html", many("related", html, shown)


def _misdeclared(at: At) -> tuple[str, bytes]:
    declared, body = many("mixed", _WORDS, boundary="real{tag}")(at)
    return declared.replace(f"real{at.tag}", f"other{at.tag}"), body.partition(b"\r\n")[2]


def deep(levels: int) -> Make:
    """Multiparts within multiparts; each level's boundary tells something."""

    def make(at: At) -> tuple[str, bytes]:
        content = _WORDS.replace("{keep}", at.keep).encode()
        for level in range(levels):
            mark = f"{at.tag}-{level}".encode()
            told = b'Content-Type: multipart/mixed; boundary="' + mark + b'"\r\n\r\n'
            content = told + b"--" + mark + b"\r\n" + content + b"\r\n--" + mark + b"--\r\n"
        kind, _, body = content.partition(b"\r\n\r\n")
        return lines("MIME-Version: 1.0") + kind.decode() + "\r\n", body

    return make


@lru_cache(maxsize=8)
def picture(kind: str) -> bytes:
    """A small picture with a name, a camera and a place wherever its format has room for them."""
    image = Image.new("RGB", (32, 24), (20, 120, 20))
    exif = Image.Exif()
    exif[0x013B], exif[0x0110] = f"{TAG} {ROBIN}", "Canon EOS"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: TAG})
    xmp = f"<x:xmpmeta><dc:creator>{TAG} {ROBIN}</dc:creator></x:xmpmeta>".encode()
    out, more = io.BytesIO(), {"exif": exif.tobytes()}
    given: dict[str, dict[str, Any]] = {
        "jpeg": {**more, "xmp": xmp, "comment": TAG.encode()},
        "png": {**more, "pnginfo": _png_texts(xmp)},
        "gif": {"comment": f"{TAG} {ROBIN}".encode()},
        "webp": {**more, "xmp": xmp},
    }
    if kind == "heic":
        pillow_heif.from_pillow(image).save(out, quality=60, exif=exif.tobytes(), xmp=xmp)
    else:
        image.save(out, kind, **given[kind])
    return out.getvalue() + f"{TAG} behind the end".encode()


def _png_texts(xmp: bytes) -> PngImagePlugin.PngInfo:
    made = PngImagePlugin.PngInfo()
    made.add_text("Author", f"{TAG} {ROBIN}")
    made.add_text("Comment", f"{TAG} {ROBIN}", zip=True)
    made.add_itxt("XML:com.adobe.xmp", xmp.decode())
    return made


# Robots --------------------------------------------------------------------------------------


def _robots() -> Iterator[Vector]:
    """What machines write: none of it goes to anybody."""
    for line in (
        "Auto-Submitted: auto-replied",
        "X-Autoreply: yes",
        "Precedence: auto_reply",
        "X-Auto-Response-Suppress: All\r\nX-Autorespond: {tag}",
    ):
        yield Vector("34", f"out of office by {line.partition(':')[0]}", head(line), False)
    for subject in (
        "Out of Office: back on Monday",
        "Automatic reply: Tuesday",
        "Abwesenheitsnotiz: bis Montag",
        "R\u00e9ponse automatique : Mardi",
    ):
        yield Vector(
            "34",
            f"out of office by subject: {subject.partition(':')[0]}",
            head(),
            False,
            subject=subject,
        )


def _heads(given: list[dict[str, str]]) -> Iterator[Vector]:
    """A few lines of one row in one head: they cannot hide each other, and fewer mails do."""
    some: list[dict[str, str]] = []
    for one in [*given, {"row": "", "line": ""}]:
        name = one["line"].partition(":")[0]
        names = [other["line"].partition(":")[0] for other in some]
        if some and (len(some) == _LINES or some[0]["row"] != one["row"] or name in names):
            shown = ", ".join(names).format(tag="any")
            yield Vector(some[0]["row"], shown, head(*(other["line"] for other in some)))
            some = []
        some.append(one)


def vectors() -> list[Vector]:
    """All of them."""
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        given = tomllib.load(file)
    found = list(_heads(given["heads"]))
    found += [
        Vector(one["row"], f"subject: {one['name']}", head(), subject=one["value"])
        for one in given["subjects"]
    ]
    found += [
        Vector(one["row"], f"From: {one['name']}", head(), from_=one["value"])
        for one in given["froms"]
    ]
    found += [
        Vector("11", f"Date in {zone}", head(), date=zone) for zone in ("+1300", "+0545", "+1245")
    ]
    found += [Vector("7", "Message-ID with a host", head())]
    found += [Vector(one["row"], one["name"], says(one["text"])) for one in given["texts"]]
    found += [
        Vector(
            row,
            f"own address in {charset}, {cte}{more}",
            says(f"{{keep}} write {ROBIN} or {SOL}", charset, cte, more),
        )
        for row, charset, cte, more in _CODINGS
    ]
    found += [Vector(one["row"], one["name"], page(one["html"])) for one in given["pages"]]
    found += [
        Vector(one["row"], f"{one['name']}, with a text", page(one["html"], "{keep} hello"))
        for one in given["pages"][::4]
    ]
    found += [_listed(one) for one in given["parts"]]
    found += [Vector(row, name, make) for row, name, make in (*_trees(), *_files())]
    return [*found, *_robots()]
