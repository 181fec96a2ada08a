"""Messages that try to take something along: every place in a mail where a person can show.

Whatever is placed in a message's machinery holds `TAG`; addresses and numbers of members and of
strangers stand in its words. Each message also holds a word of its own, `keep`, that must arrive.
Rows are those of the table in docs/leaks.md.
"""

from __future__ import annotations

import base64
import io
import quopri
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

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


_HEADS: tuple[tuple[str, str], ...] = (
    ("1", "Received: from {tag}.home ([192.0.2.17]) by mx.{tag}.example with ESMTPSA id {tag}"),
    ("1", "X-Originating-IP: [198.51.100.77]"),
    ("1", "Received-SPF: pass (x: domain of {tag}@x.example) client-ip=2001:db8::77"),
    ("1", "X-Received: by 2001:db8::77 with SMTP id {tag}"),
    ("1", "X-Forwarded-For: 198.51.100.77"),
    ("2", "Sender: {tag}@work.example"),
    ("2", "Return-Path: <{tag}-mara.halewood=willow.example@relays.example>"),
    ("2", "Errors-To: {tag}@work.example"),
    ("2", "Resent-From: {tag} <{tag}@work.example>\r\nResent-To: x@{tag}.example"),
    ("2", "Delivered-To: mara.halewood@willow.example"),
    ("2", "X-Original-To: {tag}@willow.example"),
    ("2", "Mail-Followup-To: {tag}@work.example, {to}"),
    ("2", "Reply-To: {tag}@private.example"),
    ("2", "Bcc: {tag}@private.example"),
    ("3", "Disposition-Notification-To: {tag}@willow.example"),
    ("3", "Return-Receipt-To: Mara Halewood <mara.halewood@willow.example>"),
    ("3", "X-Confirm-Reading-To: {tag}@willow.example"),
    ("4", "Autocrypt: addr=mara.halewood@willow.example; keydata=enF4bGVhaw=="),
    ("4", "OpenPGP: id=0xDEADBEEF{tag}; url=https://{tag}.example/key.asc"),
    ("4", "ARC-Seal: i=1; a=rsa-sha256; d={tag}.example; s=x; cv=none; b=AAAA"),
    ("4", "ARC-Authentication-Results: i=1; mx.{tag}.example; spf=pass smtp.mailfrom={tag}@x.example"),
    ("4", "Authentication-Results: mx.{tag}.example; dkim=pass header.i=@{tag}.example"),
    ("5", "X-Mailer: Microsoft Outlook 16.0 {tag}"),
    ("5", "User-Agent: Thunderbird/115 {tag}"),
    ("5", "X-Mailer: Apple Mail (2.3774)"),
    ("5", "X-Mailer: iPhone Mail (21F90)"),
    ("5", "Organization: {tag} Ltd"),
    ("5", "Face: enF4bGVha3p4cWxlYWs="),
    ("5", "X-Google-Smtp-Source: {tag}"),
    ("5", "X-Gm-Message-State: {tag}"),
    ("5", "X-MS-Exchange-Organization-AuthAs: {tag}\r\nX-MS-TNEF-Correlator: {tag}"),
    ("5", "Thread-Topic: {tag}\r\nThread-Index: {tag}"),
    ("5", "X-Sender: mara.halewood@willow.example"),
    ("5", "Comments: {tag}\r\nKeywords: {tag}"),
    ("5", "X-{tag}: {tag}"),
    ("5", "X-Phone: +1 202 555 0183"),
    ("5", "X-Timezone: Pacific/Auckland"),
    ("6", "Content-Language: {tag}"),
    ("8", "References: <{tag}.1@laptop.{tag}.example> <{tag}.2@x.example>"),
    ("8", "In-Reply-To: <{tag}@laptop.{tag}.example>"),
    ("9", "Cc: {tag} <ulf.{tag}@elsewhere.example>"),
    ("9", "Cc: =?utf-8?q?Mara_Halewood?= <mara.halewood@willow.example>"),
    ("13", "Content-ID: <{tag}@laptop.example>\r\nContent-Description: {tag}"),
    ("13", "Content-Location: file:///C:/Users/mhale/{tag}.htm"),
    ("13", "Content-Base: http://{tag}.example/\r\nContent-MD5: {tag}"),
    ("15", "Importance: {tag}\r\nX-Priority: {tag}\r\nSensitivity: {tag}"),
    ("42", "X-Apple-Notify-Thread: {tag}\r\nX-Rcpt-Receipt: {tag}"),
    ("new", "Jabber-ID: {tag}@im.example\r\nX-Face: {tag}"),
    ("new", "X-Attribution: {tag}\r\nContact: sip:{tag}@im.example"),
    ("new", "Archived-At: <https://{tag}.example/1>"),
    ("new", "X-Injected: a\r\n b\r\n\tX-{tag}: folded"),
    ("new", "x-long: " + "{tag} " * 90),
    ("new", "X-Enc: =?utf-8?q?a=0D=0AX-{tag}:_y?="),
)

_SUBJECTS: tuple[tuple[str, str, str], ...] = (
    ("10", "address", f"write to {ROBIN} now"),
    ("10", "another member's address", f"{IVY} asked"),
    ("10", "encoded word, base64", "=?utf-8?b?" + base64.b64encode(ROBIN.encode()).decode() + "?="),
    ("10", "encoded word, q", "=?utf-8?q?mara=2Ehalewood=40willow=2Eexample?="),
    ("10", "broken over two words", "=?utf-8?q?mara=2Ehale?=\r\n =?utf-8?q?wood=40willow=2Eexample?="),
    ("10", "nested encoded words", "=?utf-8?q?=3D=3Futf-8=3Fb=3F" + quote(base64.b64encode(OAK.encode()).decode(), safe="").replace("%", "=") + "=3F=3D?="),
    ("10", "utf-7", "=?utf-7?q?mara.halewood+AEA-willow.example?="),
    ("10", "utf-16", "=?utf-16-be?b?" + base64.b64encode(ROBIN.encode("utf-16-be")).decode() + "?="),
    ("10", "unknown charset", "=?x-klingon?q?mara=2Ehalewood=40willow=2Eexample?="),
    ("10", "folded", "please\r\n write to\r\n mara.halewood@willow.\r\n example"),
    ("10", "number", "call 202-555-0183 today"),
    ("10", "stranger's number", "call +44 20 7946 0018 today"),
    ("10", "real name", "Mara Halewood here"),
    ("10", "line end in a word", f"=?utf-8?q?a=0D=0AX-{TAG}:_b?=".replace(TAG, "Other")),
    ("10", "answer with a name", "Re: Jonas Reedwarbler <jonas.reedwarbler@harbor.example>"),
    ("19", "tag in the subject", "mara.halewood+group@willow.example"),
    ("20", "zero width in the subject", "=?utf-8?q?mara=E2=80=8B.halewood=E2=81=A0=40willow.example?="),
    ("22", "entities in the subject", "mara.halewood&#64;willow.example"),
)

_FROMS: tuple[tuple[str, str, str], ...] = (
    ("5", "encoded name", f"=?utf-8?q?Mara_{TAG}?= <{ROBIN}>"),
    ("5", "comment", f"{ROBIN} ({TAG} Halewood)"),
    ("5", "no name", ROBIN),
    ("5", "quoted name with an address", f'"{TAG} aka halewood(at)willow" <{ROBIN}>'),
    ("5", "another case", f'"{TAG}" <Mara.Halewood@Willow.Example>'),
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


_TEXTS: tuple[tuple[str, str, str], ...] = (
    ("17", "own address", f"{{keep}} I am {ROBIN}, write."),
    ("17", "another member's address", f"{{keep}} ask {IVY} for it"),
    ("17", "a stranger's address", f"{{keep}} ask {STRANGER} for it"),
    ("17", "mailto", f"{{keep}} mailto:{ROBIN}?subject=hi"),
    ("17", "in brackets", f"{{keep}} Mara Halewood <{ROBIN}>"),
    ("18", "capitals", f"{{keep}} {ROBIN.upper()}"),
    ("18", "mixed case", "{keep} Mara.HaleWOOD@WillOW.examPLE"),
    ("18", "full width letters", "{keep} \uff4d\uff41\uff52\uff41.halewood\uff20willow.example"),
    ("18", "letters of other scripts", "{keep} m\u0430ra.h\u0430lew\u043e\u043ed@willow.ex\u0430mple"),
    ("18", "mathematical letters", "{keep} " + "".join(chr(0x1D41A + ord(c) - 97) for c in "mara") + ".halewood@willow.example"),
    ("19", "tag", "{keep} mara.halewood+support@willow.example"),
    ("19", "dots left out", "{keep} marahalewood@willow.example"),
    ("19", "more dots", "{keep} m.a.r.a.halewood@willow.example"),
    ("19", "at spelled", "{keep} mara.halewood at willow dot example"),
    ("19", "at in brackets", "{keep} mara.halewood [at] willow [dot] example"),
    ("19", "blanks", "{keep} mara . halewood @ willow . example"),
    ("19", "letters apart", "{keep} m a r a . h a l e w o o d @ w i l l o w . e x a m p l e"),
    ("20", "over a line", "{keep} mara.halewood@\nwillow.example"),
    ("20", "over a line in the local part", "{keep} mara.\nhalewood@willow.example"),
    ("20", "over a quoted line", "{keep}\n> so write to mara.halewood\n> @willow.example\nyes"),
    ("20", "zero width space", "{keep} mara.hale\u200bwood@will\u200bow.example"),
    ("20", "soft hyphen and joiner", "{keep} mara.hale\u00adwood@wil\u200dlow.exam\u2060ple"),
    ("20", "word joiner at the sign", "{keep} mara.halewood\u2060@\u2060willow.example"),
    ("20", "combining marks", "{keep} ma\u0301ra.halewood@willow.example"),
    ("20", "right to left override", "{keep} \u202eelpmaxe.wolliw@doowelah.aram\u202c"),
    ("21", "number, plain", "{keep} call 2025550183 now"),
    ("21", "number, brackets", "{keep} call (202) 555-0183 now"),
    ("21", "number, international", "{keep} call +1 202 555 0183 now"),
    ("21", "number, dots", "{keep} call 202.555.0183 now"),
    ("21", "number, 001", "{keep} call 0012025550183 now"),
    ("21", "number, over a line", "{keep} call 202 555\n0183 now"),
    ("21", "number, in words", "{keep} call two zero two five five five zero one eight three"),
    ("21", "number, full width", "{keep} call \uff12\uff10\uff12-\uff15\uff15\uff15-\uff10\uff11\uff18\uff13"),
    ("21", "number, Arabic digits", "{keep} call \u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0668\u0663"),
    ("21", "number, tel link", "{keep} tel:+12025550183"),
    ("21", "number, extension", "{keep} 202-555-0183 ext 12"),
    ("21", "a stranger's number", "{keep} call +44 20 7946 0018 now"),
    ("21", "a stranger's number, 0044", "{keep} call 0044 20 7946 0018 now"),
    ("21", "a number in a link", "{keep} https://wa.me/12025550183"),
    ("21", "real name", "{keep} it is Mara Halewood who writes"),
    ("21", "real name of another", "{keep} Jonas Reedwarbler said so"),
    ("21", "family name first", "{keep} Halewood, Mara"),
    ("21", "signature", "{keep}\n\n-- \nMara Halewood\n{tag} Street 4\n+1 202 555 0183\nmara.halewood@willow.example"),
    ("21", "signature without a space", "{keep} thanks\n\n--\nMara Halewood\nmara.halewood@willow.example\n{tag}"),
    ("21", "sent from", "{keep}\n\nSent from my iPhone"),
    ("21", "attribution", "{keep}\n\nOn Tue, 3 Mar 2026 at 10:00, Jonas {tag} <jonas.reedwarbler@harbor.example> wrote:\n> {tag}\n> yes"),
    ("21", "attribution, German", "{keep}\n\nAm 03.03.2026 um 10:00 schrieb Jonas {tag} <jonas.reedwarbler@harbor.example>:\n> {tag}"),
    ("21", "attribution, French", "{keep}\n\nLe mar. 3 mars 2026 \u00e0 10:00, Jonas {tag} <jonas.reedwarbler@harbor.example> a \u00e9crit :\n> {tag}"),
    ("21", "attribution, Spanish", "{keep}\n\nEl mar, 3 mar 2026 a las 10:00, Jonas {tag} (<jonas.reedwarbler@harbor.example>) escribi\u00f3:\n> {tag}"),
    ("21", "Outlook block", "{keep}\n\n________________________________\nFrom: Jonas {tag} <jonas.reedwarbler@harbor.example>\nSent: Tuesday, March 3, 2026 10:00 AM\nTo: Mara {tag} <mara.halewood@willow.example>\nSubject: RE: {tag}\n\n{tag}"),
    ("21", "Outlook block, German", "{keep}\n\nVon: Jonas {tag} <jonas.reedwarbler@harbor.example>\nGesendet: Dienstag, 3. M\u00e4rz 2026 10:00\nAn: Mara {tag} <mara.halewood@willow.example>\nBetreff: {tag}\n\n{tag}"),
    ("21", "original message", "{keep}\n\n-----Original Message-----\nFrom: Jonas {tag} <jonas.reedwarbler@harbor.example>\nSent: Tuesday, March 3, 2026 10:00 AM\nTo: {to}\nSubject: {tag}\n\n{tag}"),
    ("22", "entity", "{keep} mara.halewood&#64;willow.example"),
    ("22", "named entities", "{keep} mara&period;halewood&commat;willow&period;example"),
    ("22", "percent", "{keep} mara.halewood%40willow.example"),
    ("22", "percent twice", "{keep} mara.halewood%2540willow.example"),
    ("22", "quoted-printable in words", "{keep} mara.halewood=40willow.example"),
    ("22", "link with an address", "{keep} https://shop.example/?u=mara.halewood%40willow.example&x=1"),
    ("22", "escaped", "{keep} mara.halewood\\u0040willow.example"),
    ("31", "PGP signed text", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{keep} hello\n-----BEGIN PGP SIGNATURE-----\nComment: {tag}\n\nenF4bGVhaw==\n-----END PGP SIGNATURE-----"),
    ("32", "PGP key in the words", "{keep} my key\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: {tag} <mara.halewood@willow.example>\n\nenF4bGVha3p4cWxlYWs=\n-----END PGP PUBLIC KEY BLOCK-----"),
    ("30", "card in the words", "{keep} my card\nBEGIN:VCARD\nFN:{tag}\nEMAIL:mara.halewood@willow.example\nEND:VCARD"),
    ("30", "appointment in the words", "{keep} see\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nORGANIZER:mailto:{tag}@x.example\nEND:VEVENT\nEND:VCALENDAR"),
    ("33", "uuencoded file", "{keep} a file\nbegin 644 {tag}.txt\n#86)C\n`\nend"),
    ("33", "place of a picture", "{keep} look [cid:{tag}@laptop.example] here"),
    ("46", "own way in", "{keep} write me at {to}"),
    ("46", "another's mask and way in", "{keep}\n\nOn Tue, 3 Mar 2026 at 10:00, Ivy <{other0}> wrote:\n> hello\n> to {other0}"),
    ("46", "quoted copy in the middle", "{keep}\n> From: Ivy <{other0}>\n> To: {to}\n> hello\nyes"),
    ("new", "footer of a provider", "{keep} bye\n\n-- \nSent with {tag} Mail"),
    ("new", "address in a query", "{keep} https://x.example/unsubscribe?e=bWFyYS5oYWxld29vZA&m=mara.halewood@willow.example"),
    ("new", "address in a table", "{keep}\n| mara.halewood | @ | willow.example |"),
    ("new", "dashes between", "{keep} mara-halewood@willow.example"),
)

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
            return lines("MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8"), filled(source)
        return many(
            "alternative",
            lines("Content-Type: text/plain; charset=utf-8", "", filled(plain)),
            lines("Content-Type: text/html; charset=utf-8", "", filled(source)),
        )(at)

    return make


_PAGES: tuple[tuple[str, str, str], ...] = (
    ("22", "decimal entity", "<p>{keep} mara.halewood&#64;willow.example</p>"),
    ("22", "hex entity", "<p>{keep} mara.halewood&#x40;willow.example</p>"),
    ("22", "commat", "<p>{keep} mara.halewood&commat;willow.example</p>"),
    ("22", "wbr", "<p>{keep} mara.hale<wbr>wood@wil<wbr>low.example</p>"),
    ("22", "span", "<p>{keep} mara.<span>hale</span>wood<b>@</b>willow.example</p>"),
    ("22", "hidden span", '<p>{keep} mara.<span style="display:none">{tag}</span>halewood@willow.example</p>'),
    ("22", "mailto", '<p>{keep} <a href="mailto:mara.halewood%40willow.example">write</a></p>'),
    ("22", "url twice encoded", '<p>{keep} <a href="https://x.example/?u=mara.halewood%2540willow.example">here</a></p>'),
    ("22", "break inside", "<p>{keep} mara.halewood@<br>willow.example</p>"),
    ("22", "table cells", "<table><tr><td>{keep} mara.halewood</td><td>@willow.example</td></tr></table>"),
    ("22", "comment inside", "<p>{keep} mara.halewood<!-- x -->@willow.example</p>"),
    ("22", "number in pieces", "<p>{keep} 202<b>-</b>555<i>-</i>0183</p>"),
    ("22", "tel link", '<p>{keep} <a href="tel:+12025550183">call</a></p>'),
    ("23", "comment", "<p>{keep}<!-- {tag} mara.halewood@willow.example --></p>"),
    ("23", "data attribute", '<p data-email="mara.halewood@willow.example" data-x="{tag}">{keep}</p>'),
    ("23", "conditional comment", "<p>{keep}</p><!--[if mso]>{tag}<![endif]-->"),
    ("23", "class, id, lang", '<p class="{tag}" id="{tag}" lang="{tag}" title="{tag}">{keep}</p>'),
    ("23", "cdata", "<p>{keep}</p><![CDATA[{tag}]]>"),
    ("23", "style in Word's form", '<p class="MsoNormal" style="mso-x:{tag}">{keep}<o:p>&nbsp;</o:p></p>'),
    ("24", "gmail attribution", '<div>{keep}</div><div class="gmail_quote"><div class="gmail_attr">On Tue, Jonas {tag} &lt;jonas.reedwarbler@harbor.example&gt; wrote:</div><blockquote>{tag}</blockquote></div>'),
    ("24", "yahoo quote", '<div>{keep}</div><div class="yahoo_quoted">On Tuesday, Jonas {tag} &lt;jonas.reedwarbler@harbor.example&gt; wrote: {tag}</div>'),
    ("24", "outlook reply", '<div>{keep}</div><div id="divRplyFwdMsg"><b>From:</b> Jonas {tag} &lt;jonas.reedwarbler@harbor.example&gt;<br><b>Sent:</b> Tuesday, March 3, 2026 10:00 AM<br><b>To:</b> {to}<br><b>Subject:</b> {tag}</div><div>{tag}</div>'),
    ("24", "apple quote", '<div>{keep}</div><blockquote type="cite"><div>On 3 Mar 2026, at 10:00, Jonas {tag} &lt;jonas.reedwarbler@harbor.example&gt; wrote:</div><div>{tag}</div></blockquote>'),
    ("25", "remote picture", '<p>{keep}</p><img src="https://{tag}.example/p.gif?u=1" width=1 height=1 alt="{tag}">'),
    ("25", "css url", '<style>p{{background:url(https://{tag}.example/x)}}</style><p style="background:url(//{tag}.example)">{keep}</p>'.replace("{{", "{").replace("}}", "}")),
    ("25", "form", '<form action="https://{tag}.example"><input name="{tag}" value="{tag}"></form><p>{keep}</p>'),
    ("25", "svg", '<svg><image href="https://{tag}.example/x"/><metadata>{tag}</metadata></svg><p>{keep}</p>'),
    ("25", "iframe, video, link, base", '<base href="https://{tag}.example/"><link rel=stylesheet href="x{tag}"><iframe src="https://{tag}.example"></iframe><video poster="https://{tag}.example"></video><p>{keep}</p>'),
    ("25", "srcset and background", '<table background="https://{tag}.example"><tr><td>{keep}</td></tr></table><img srcset="https://{tag}.example 1x">'),
    ("25", "meta refresh", '<meta http-equiv=refresh content="0;url=https://{tag}.example"><p>{keep}</p>'),
    ("25", "data url", '<p>{keep}</p><img src="data:image/svg+xml;base64,enF4bGVhaw==" alt="">'),
    ("26", "title and meta", '<html><head><title>{tag}</title><meta name=author content="{tag}"><meta name=generator content="Microsoft Outlook 16"></head><body><p>{keep}</p></body></html>'),
    ("26", "file path", '<html><head><link rel=File-List href="file:///C:/Users/mhale/{tag}.xml"></head><body><p>{keep}</p></body></html>'),
    ("26", "office xml", "<xml><o:DocumentProperties><o:Author>{tag}</o:Author></o:DocumentProperties></xml><p>{keep}</p>"),
    ("23", "script and template", "<script>var a='{tag}'</script><noscript>x</noscript><template>{tag}</template><p>{keep}</p>"),
    ("23", "hidden block", '<p>{keep}</p><div style="display:none">{tag}</div><div hidden>{tag}</div>'),
    ("23", "preheader", '<div style="display:none;max-height:0;overflow:hidden">{tag}</div><p>{keep}</p>'),
)


# Trees ---------------------------------------------------------------------------------------


def many(kind: str, *parts: str | bytes, boundary: str = "b_{tag}_host", more: str = "") -> Make:
    """A multipart; its boundary, preamble and epilogue tell something."""

    def make(at: At) -> tuple[str, bytes]:
        def filled(part: str | bytes) -> bytes:
            octets = part.encode() if isinstance(part, str) else part
            return octets.replace(b"{tag}", at.tag.encode()).replace(b"{keep}", at.keep.encode())

        mark = boundary.replace("{tag}", at.tag)
        inside = b"".join(b"--" + mark.encode() + b"\r\n" + filled(part) + b"\r\n" for part in parts)
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


_SHOWN = 'Content-Disposition: attachment; filename="{tag}.{suffix}"'
_CARD = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{REAL[ROBIN]}\r\nEMAIL:{ROBIN}\r\nTEL:{SOL}\r\nNOTE:{TAG}\r\nEND:VCARD\r\n"
_CALENDAR = (
    f"BEGIN:VCALENDAR\r\nPRODID:{TAG}\r\nBEGIN:VEVENT\r\nUID:{TAG}@laptop\r\nORGANIZER;CN={TAG}:mailto:{ROBIN}\r\n"
    f"ATTENDEE:mailto:{IVY}\r\nSUMMARY:{TAG}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_INNER = f"From: {REAL[IVY]} <{IVY}>\r\nTo: {ROBIN}\r\nSubject: {TAG}\r\nReceived: from {TAG}\r\n\r\n{TAG} inner\r\n"


def _zip(name: str, content: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def _others() -> Iterator[tuple[str, str, Make]]:
    """Parts that never cross, trees, and names of files."""
    bad = lines("Content-Type: text/plain; charset=utf-8; name={tag}.txt; x-mac-creator={tag}", "Content-ID: <{tag}@laptop>", "Content-Description: {tag}", "X-{tag}: {tag}", "", "{keep} hello")
    yield "12", "boundary, preamble, epilogue, comment", many("mixed", _WORDS)
    yield "12", "boundary like a host", many("mixed", _WORDS, boundary="Apple-Mail=_{tag}.local")
    yield "14", "parameters", many("mixed", _WORDS, more="; x-name={tag}; type=text/{tag}")
    yield "14", "RFC 2231 parameter", many("mixed", part("text/plain; name*0*=utf-8''mara%2Ehalewood%40; name*1*=willow%2Eexample{tag}", "other words", plain=True), _WORDS)
    yield "15", "head of a part", many("mixed", bad)
    yield "15", "nested", many("mixed", b'Content-Type: multipart/alternative; boundary="in{tag}"\r\nX-{tag}: y\r\n\r\n{tag}\r\n--in{tag}\r\n' + bad.encode() + b"\r\n--in{tag}--\r\n{tag}")
    for suffix, kind in (("txt", "text/plain"), ("pdf", "application/pdf"), ("docx", "application/octet-stream")):
        yield "16", f"file name .{suffix}", beside(kind, f"%PDF-1.4 {TAG}", _SHOWN.replace("{suffix}", suffix) + '; creation-date="Tue, 3 Mar 2026 10:00:00 +1300"')
    yield "16", "file name, RFC 2231", beside("application/pdf", b"%PDF-1.4", "Content-Disposition: attachment; filename*=utf-8''{tag}%40x.pdf")
    yield "16", "file name, encoded word", beside("application/pdf", b"%PDF-1.4", 'Content-Disposition: attachment; filename="=?utf-8?b?enF4bGVhaw==?="')
    yield "27", "second text with an address", many("mixed", _WORDS, lines("Content-Type: text/plain", "", f"and {ROBIN}"))
    yield "27", "text file", beside("text/plain; name={tag}.txt", f"note to {ROBIN} and {SOL} by Mara Halewood", _SHOWN.replace("{suffix}", "txt"))
    yield "27", "text file, utf-16", beside("application/octet-stream", f"note to {ROBIN}".encode("utf-16"), _SHOWN.replace("{suffix}", "txt"))
    yield "27", "text file with headers", beside("application/octet-stream", _INNER, _SHOWN.replace("{suffix}", "eml"))
    yield "27", "table of contacts", beside("application/octet-stream", f"name,mail,tel\n{TAG},{ROBIN},{SOL}\n{TAG},{IVY},{SOL}\n{TAG},{OAK},{SOL}\n", _SHOWN.replace("{suffix}", "csv"))
    yield "28", "text/enriched", many("alternative", _WORDS, part("text/enriched", f"<bold>{TAG}</bold> {ROBIN}", plain=True))
    yield "28", "AMP", many("alternative", _WORDS, part("text/x-amp-html", f"<html amp4email>{TAG} {ROBIN}</html>", plain=True))
    yield "28", "forwarded message", beside("message/rfc822", _INNER, plain=True)
    yield "28", "forwarded message, base64", beside("message/rfc822", _INNER, _SHOWN.replace("{suffix}", "eml"))
    yield "28", "external body", beside('message/external-body; access-type=URL; URL="https://{tag}.example/"', f"Content-ID: <{TAG}>\r\n\r\n", plain=True)
    yield "28", "partial", beside('message/partial; id="{tag}@x"; number=1; total=2', TAG, plain=True)
    yield "28", "digest", many("digest", _WORDS, part("message/rfc822", _INNER, plain=True))
    yield "28", "RTF", many("alternative", _WORDS, part("text/rtf", "{\\rtf1 {\\info{\\author " + TAG + "}} x}"))
    yield "30", "calendar", beside("text/calendar; method=REQUEST; charset=utf-8", _CALENDAR, plain=True)
    yield "30", "calendar as a file", beside("application/ics", _CALENDAR, _SHOWN.replace("{suffix}", "ics"))
    yield "30", "calendar among alternatives", many("alternative", _WORDS, part("text/calendar; method=REQUEST", _CALENDAR))
    yield "30", "calendar declared as text", beside("text/plain", _CALENDAR, _SHOWN.replace("{suffix}", "txt"))
    yield "30", "vCard", beside("text/vcard", _CARD, plain=True)
    yield "30", "vCard, base64", beside("text/x-vcard", _CARD, _SHOWN.replace("{suffix}", "vcf"))
    yield "30", "vCard declared as text", beside("text/plain", _CARD)
    yield "31", "S/MIME signature", many("signed", _WORDS, part('application/pkcs7-signature; name="smime.p7s"', f"0\x82{TAG} {ROBIN}"), more='; micalg=sha-256; protocol="{tag}"')
    yield "31", "PGP signature", many("signed", _WORDS, part("application/pgp-signature", f"-----BEGIN PGP SIGNATURE-----\r\nComment: {TAG}\r\n", plain=True))
    yield "31", "S/MIME certificate beside", beside("application/x-x509-user-cert", f"{TAG} {ROBIN}")
    yield "32", "PGP key, typed", beside("application/pgp-keys", f"-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n{TAG} {ROBIN}\r\n", plain=True)
    yield "32", "PGP key, 0x1234.asc", beside("application/octet-stream", f"-----BEGIN PGP PUBLIC KEY BLOCK-----\r\nComment: {TAG}\r\n", 'Content-Disposition: attachment; filename="0x1234{tag}.asc"')
    yield "33", "PDF with an author", beside("application/pdf", f"%PDF-1.4\n1 0 obj<</Author({TAG})>>endobj")
    yield "33", "docx with a creator", beside("application/octet-stream", _zip("docProps/core.xml", f"<dc:creator>{TAG} {ROBIN}</dc:creator>"), _SHOWN.replace("{suffix}", "docx"))
    yield "33", "archive", beside("application/zip", _zip(f"{TAG}.txt", ROBIN), _SHOWN.replace("{suffix}", "zip"))
    yield "33", "winmail.dat", beside("application/ms-tnef", b"\x78\x9f\x3e\x22" + TAG.encode() + ROBIN.encode("utf-16-le"), 'Content-Disposition: attachment; filename="winmail.dat"')
    yield "33", "SVG", beside("image/svg+xml", f'<svg xmlns="http://www.w3.org/2000/svg"><metadata>{TAG}</metadata><image href="https://{TAG}.example"/></svg>')
    yield "33", "contacts of a telephone", beside("application/octet-stream", f"[{{\"name\": \"{TAG}\", \"mail\": \"{ROBIN}\"}}]", _SHOWN.replace("{suffix}", "json"))
    yield "33", "audio with a title", beside("audio/mpeg", b"ID3\x03\0\0\0\0\0\x1f" + TAG.encode())
    for kind in ("jpeg", "png", "gif", "webp", "heic"):
        yield "33", f"{kind} with metadata", beside(f"image/{kind}", picture(kind), _SHOWN.replace("{suffix}", kind))
    yield "33", "picture declared as something else", beside("text/plain", picture("png"))
    yield "33", "picture with a file behind it", beside("image/jpeg", picture("jpeg") + _zip(f"{TAG}.txt", ROBIN))
    yield "33", "picture in html", many("related", lines("Content-Type: text/html", "", '<p>{keep}</p><img src="cid:{tag}" alt="{tag}">'), part("image/png", picture("png"), "Content-ID: <{tag}>"))
    yield "12", "another boundary than declared", _misdeclared
    yield "15", "uuencoded part", beside("application/x-uuencode", f"begin 644 {TAG}\n#86)C\n`\nend\n", "Content-Transfer-Encoding: x-uuencode", plain=True)
    yield "15", "binhex", beside("application/mac-binhex40", f"(This file must be converted)\n:{TAG}:", _SHOWN.replace("{suffix}", "hqx"))
    yield "15", "deep tree", deep(12)


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


def _report(kind: str, second: str, content: str) -> Make:
    return many("report", _WORDS, part(second, content, plain=True), more=f"; report-type={kind}")


def _robots() -> Iterator[Vector]:
    """What machines write: none of it goes to anybody."""
    delivery = f"Reporting-MTA: dns; mx.{TAG}.example\r\n\r\nFinal-Recipient: rfc822; {ROBIN}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    receipt = f"Reporting-UA: {TAG}\r\nFinal-Recipient: rfc822; {ROBIN}\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"
    yield Vector("28", "rfc822-headers", beside("text/rfc822-headers", _INNER, plain=True), None)
    yield Vector("30", "answer to an invitation", beside("text/calendar; method=REPLY", _CALENDAR), None)
    yield Vector("29", "delivery report", _report("delivery-status", "message/delivery-status", delivery), False)
    yield Vector("29", "read receipt", _report("disposition-notification", "message/disposition-notification", receipt), False)
    yield Vector("29", "complaint report", _report("feedback-report", "message/feedback-report", f"Feedback-Type: abuse\r\nUser-Agent: {TAG}\r\nVersion: 1\r\n"), False)
    for line in ("Auto-Submitted: auto-replied", "X-Autoreply: yes", "Precedence: auto_reply", "X-Auto-Response-Suppress: All\r\nX-Autorespond: {tag}"):
        yield Vector("34", f"out of office by {line.partition(':')[0]}", head(line), False)
    for subject in ("Out of Office: back on Monday", "Automatic reply: Tuesday", "Abwesenheitsnotiz: bis Montag", "R\u00e9ponse automatique : Mardi"):
        yield Vector("34", f"out of office by subject: {subject.partition(':')[0]}", head(), False, subject=subject)


def vectors() -> list[Vector]:
    """All of them."""
    found = [Vector(row, line.partition(":")[0].format(tag="any", to=""), head(line)) for row, line in _HEADS]
    found += [Vector(row, f"subject: {name}", head(), subject=subject) for row, name, subject in _SUBJECTS]
    found += [Vector(row, f"From: {name}", head(), from_=value) for row, name, value in _FROMS]
    found += [Vector("11", f"Date in {zone}", head(), date=zone) for zone in ("+1300", "+0545", "+1245")]
    found += [Vector("7", "Message-ID with a host", head())]
    found += [Vector(row, name, says(text)) for row, name, text in _TEXTS]
    found += [
        Vector(row, f"own address in {charset}, {cte}{more}", says(f"{{keep}} write {ROBIN} or {SOL}", charset, cte, more))
        for row, charset, cte, more in _CODINGS
    ]
    found += [Vector(row, name, page(source)) for row, name, source in _PAGES]
    found += [Vector(row, f"{name}, with a text", page(source, "{keep} hello")) for row, name, source in _PAGES[::4]]
    found += [Vector(row, name, make) for row, name, make in _others()]
    return [*found, *_robots()]
