"""How mail programs put a reply together, as text and as HTML."""

from __future__ import annotations

import html
import textwrap
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.channels.mail.mailside import ALIAS, DOMAIN


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


LANGUAGES = _read("languages.toml")
HELD_OUT = _read("held_out.toml")
NAME = "Robin"
MASK = f"m.7hq2xk@{DOMAIN}"
HER_NAME = "Jane Doe"
SUBJECT = "Re: Tuesday"
AKA = "https://aka.ms/o0ukef"


class Style:
    """The words of one language, filled in."""

    def __init__(self, language: str) -> None:
        self.words = LANGUAGES[language] | HELD_OUT[language]

    def __getattr__(self, key: str) -> Any:
        value = self.words[key]
        return value.format(name=NAME, mask=MASK, to=ALIAS) if isinstance(value, str) else value

    def fields(self) -> list[tuple[str, str]]:
        """Outlook's From, Sent, To, Subject."""
        values = (f"{NAME} <{MASK}>", self.sent, f"{HER_NAME} <{ALIAS}>", SUBJECT)
        return list(zip(self.labels, values, strict=True))

    def samsung_block(self) -> list[str]:
        """Samsung's From, Date, To, Subject."""
        values = (f"{NAME} <{MASK}>", self.samsung_date, f"{HER_NAME} <{ALIAS}>", SUBJECT)
        return [f"{label} {value} " for label, value in zip(self.samsung, values, strict=True)]

    def block(self) -> str:
        """The same as lines."""
        return "\n".join(f"{label} {value}" for label, value in self.fields())

    def block_html(self) -> str:
        """The same as Outlook formats it."""
        return "<br>\n".join(
            f"<b>{label}</b> {html.escape(value)}" for label, value in self.fields()
        )


def quoted(text: str, mark: str = "> ") -> str:
    """Each line with a quote mark."""
    return "\n".join(f"{mark}{line}".rstrip() for line in text.split("\n"))


def wrapped(line: str) -> str:
    """As Gmail breaks an attribution."""
    return "\n".join(textwrap.wrap(line, 76, break_long_words=False, break_on_hyphens=False))


def divs(text: str) -> str:
    """One div a line."""
    return "".join(f'<div dir="auto">{html.escape(line)}</div>' for line in text.split("\n"))


def brs(text: str) -> str:
    """One br a line."""
    return html.escape(text).replace("\n", "<br>")


# Text --------------------------------------------------------------------------------------


def gmail_text(s: Style) -> str:
    """Gmail."""
    return (
        f"{s.hers}\n\n{wrapped(s.gmail)}\n\n{quoted(s.old)}\n>\n{quoted(s.gmail, '> > ')}\n>> x\n"
    )


def gmail_android_text(s: Style) -> str:
    """Gmail android."""
    return f"{s.hers}\n\n{wrapped(s.android)}\n\n{quoted(s.old)}\n>\n"


def gmail_ios_text(s: Style) -> str:
    """Gmail ios."""
    return f"{s.hers}\n\n{s.iphone}\n\n{wrapped(s.gmail)}\n\n{quoted(s.old)}\n"


def outlook_desktop_text(s: Style) -> str:
    """Outlook desktop."""
    return f"{s.hers}\n\n-----{s.original}-----\n{s.block()}\n\n{s.old}\n"


def outlook_web_text(s: Style) -> str:
    """Outlook web."""
    return f"{s.hers}\n{'_' * 32}\n{s.block()}\n\n{s.old}\n"


def outlook_new_text(s: Style) -> str:
    """Outlook new."""
    block = s.block().replace(f"<{MASK}>", f"<{MASK}<mailto:{MASK}>>")
    return f"{s.hers}\n\n\n{block}\n\n\n{s.old}\n"


def outlook_mobile_text(s: Style) -> str:
    """Outlook mobile."""
    return (
        f"{s.hers}\n\n{s.outlook_ios}<{AKA}>\n{'_' * 32}\n{s.block()}\n\n{s.old}\n\n"
        f"{s.outlook_android}\n"
    )


def apple_text(s: Style) -> str:
    """Apple."""
    return f"{s.hers}\n\n{quoted(s.apple)}\n> \n{quoted(s.old)}\n"


def apple_plain_text(s: Style) -> str:
    """Apple plain."""
    return f"{s.hers}\n\n-- \n{HER_NAME}\n+1 212 555 0100\n\n{s.apple}\n\n{quoted(s.old)}\n"


def iphone_text(s: Style) -> str:
    """Iphone."""
    return f"{s.hers}\n\n{s.iphone}\n\n{quoted(s.apple)}\n> \n> \ufeff{s.old}\n"


def thunderbird_text(s: Style) -> str:
    """Thunderbird."""
    return f"{s.hers}\n\n{s.thunderbird}\n{quoted(s.old)}\n>\n\n-- \n{HER_NAME}\n"


def yahoo_text(s: Style) -> str:
    """Yahoo."""
    return f" {s.hers}\n\n    {s.yahoo}  \n \n {s.old}\n   ".removeprefix(" ")


def yahoo_mobile_text(s: Style) -> str:
    """Yahoo mobile."""
    return f"{s.hers}\n\n\n{s.yahoo_sign}\n\n\n{s.yahoo}\n\n{s.old}\n\n\n"


def samsung_text(s: Style) -> str:
    """Samsung."""
    head = "\n".join([f"-------- {s.original} --------", *s.samsung_block()])
    return f"{s.hers}\n\n\n\n{s.samsung_sign}\n\n\n{head}\n\n{s.old}\n"


def proton_text(s: Style) -> str:
    """Proton."""
    return f"{s.hers}\n\n{s.proton_sign}\n\n{s.proton}\n\n{quoted(s.old)}\n> \n"


def proton_old_text(s: Style) -> str:
    """Proton old."""
    return (
        f"{s.hers}\n\n{s.proton_sign}\n\n------- {s.original} -------\n{s.proton}\n\n\n"
        f"{quoted(s.old)}\n"
    )


# HTML --------------------------------------------------------------------------------------


def gmail_html(s: Style) -> str:
    """Gmail."""
    return (
        f'<div dir="ltr">{divs(s.hers)}</div><br><div class="gmail_quote gmail_quote_container">'
        f'<div dir="ltr" class="gmail_attr">{html.escape(s.gmail)}<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid">'
        f"{divs(s.old)}</blockquote></div>"
        f'<span class="gmail_signature_prefix">-- </span><br><div class="gmail_signature">'
        f"{HER_NAME}</div>"
    )


def gmail_android_html(s: Style) -> str:
    """Gmail android."""
    return (
        f'<div dir="auto">{divs(s.hers)}</div><br><div class="gmail_extra">'
        f'<div class="gmail_quote">{html.escape(s.android)}<br type="attribution">'
        f'<blockquote class="quote" style="margin:0 0 0 .8ex"><div>{s.old}</div></blockquote>'
        "</div></div>"
    )


def gmail_ios_html(s: Style) -> str:
    """Gmail ios."""
    return (
        f"<div>{divs(s.hers)}</div><div><br></div><div>{s.iphone}</div><div><br><div "
        f'class="gmail_quote"><div>{html.escape(s.gmail)}<br></div><blockquote '
        f'class="gmail_quote">{divs(s.old)}</blockquote></div></div>'
    )


def outlook_desktop_html(s: Style) -> str:
    """Outlook desktop."""
    paragraphs = "".join(f"<p class=MsoNormal>{html.escape(x)}<o:p></o:p></p>" for x in [s.old])
    return (
        "<html xmlns:o='urn:schemas-microsoft-com:office:office'><head><style>p{}</style></head>"
        f"<body><div class=WordSection1><p class=MsoNormal>{brs(s.hers)}<o:p></o:p></p>"
        "<p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:none;border-top:solid "
        f"#E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'><p class=MsoNormal>{s.block_html()}<o:p></o:p>"
        f"</p></div></div><p class=MsoNormal><o:p>&nbsp;</o:p></p>{paragraphs}</div></body></html>"
    )


def outlook_web_html(s: Style) -> str:
    """Outlook web."""
    return (
        f'<div class="elementToProof">{divs(s.hers)}</div><div id="appendonsend"></div>'
        '<hr tabindex="-1" style="display:inline-block; width:98%">'
        f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{s.block_html()}</font>'
        f"<div>&nbsp;</div></div><div>{divs(s.old)}</div>"
    )


def outlook_new_html(s: Style) -> str:
    """Outlook new."""
    return (
        f'<div class="elementToProof">{divs(s.hers)}</div><div class="elementToProof" '
        f'id="Signature"><p>{HER_NAME}</p></div><div id="appendonsend"></div><hr '
        f'style="display:inline-block;width:98%"><div dir="ltr">{s.block_html()}</div>'
        f"<div>&nbsp;</div>{divs(s.old)}"
    )


def outlook_mobile_html(s: Style) -> str:
    """Outlook mobile."""
    return (
        f'<div dir="auto">{divs(s.hers)}</div><div id="ms-outlook-mobile-body-separator-line">'
        f'<br></div><div id="ms-outlook-mobile-signature"><a href="{AKA}">{s.outlook_ios}</a>'
        '</div><div id="mail-editor-reference-message-container"><div '
        f'class="ms-outlook-mobile-reference-message skipProofing">{s.block_html()}</div>'
        f"{divs(s.old)}</div>"
    )


def apple_html(s: Style) -> str:
    """Apple."""
    return (
        f"<body>{divs(s.hers)}<div><br><blockquote type='cite'><div>{html.escape(s.apple)}</div>"
        f"<br class='Apple-interchange-newline'><div>{divs(s.old)}</div></blockquote></div></body>"
    )


def apple_plain_html(s: Style) -> str:
    """Apple plain."""
    return (
        f"<body>{divs(s.hers)}<div><br></div><div id='AppleMailSignature'>{HER_NAME}</div>"
        f"<div>{html.escape(s.apple)}</div><div><br></div><blockquote>{divs(s.old)}</blockquote>"
    )


def iphone_html(s: Style) -> str:
    """Iphone."""
    return (
        f'<body dir="auto">{divs(s.hers)}<div><br></div><br id="lineBreakAtBeginningOfSignature">'
        f'<div dir="ltr">{HER_NAME}<br>{s.iphone}</div><div dir="ltr"><br><blockquote type="cite">'
        f'{html.escape(s.apple)}<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">'
        f"\ufeff{divs(s.old)}</div></blockquote></body>"
    )


def thunderbird_html(s: Style) -> str:
    """Thunderbird."""
    return (
        f'<p>{brs(s.hers)}</p><div class="moz-cite-prefix">{s.thunderbird}<br></div><blockquote '
        f'type="cite" cite="mid:x@{DOMAIN}">{divs(s.old)}</blockquote><div class="moz-signature">'
        f"-- <br>{HER_NAME}</div>"
    )


def yahoo_html(s: Style) -> str:
    """Yahoo."""
    return (
        '<div class="ydp3c1yahoo-style-wrap" style="font-family:Helvetica"><div dir="ltr">'
        f'{divs(s.hers)}</div><div><br></div></div><div id="ydp4fyahoo_quoted_0721" '
        'class="ydp4fyahoo_quoted"><div style="font-size:13px;color:#26282a;"><div> '
        f"{html.escape(s.yahoo)} </div><div><br></div><div><br></div><div>{divs(s.old)}</div>"
        "</div></div>"
    )


def yahoo_mobile_html(s: Style) -> str:
    """Yahoo mobile."""
    return (
        f'{divs(s.hers)}<br><br><a href="https://mail.onelink.me/107872968">{s.yahoo_sign}</a>'
        f'<br><p class="yahoo-quoted-begin" style="font-size:15px">{html.escape(s.yahoo)}</p>'
        f'<blockquote class="iosymail"><div>{divs(s.old)}</div></blockquote>'
    )


def samsung_html(s: Style) -> str:
    """Samsung."""
    block = "".join(f"<div>{html.escape(line)}</div>" for line in s.samsung_block())
    return (
        f'<html><body dir="auto">{divs(s.hers)}<div dir="auto"><br></div><div id="composer_'
        f'signature" dir="auto"><div style="font-size:12px">{s.samsung_sign}</div></div><div '
        f'dir="auto"><br></div><div align="left"><div>-------- {s.original} --------</div>{block}'
        f"<div><br></div></div>{divs(s.old)}</body></html>"
    )


def proton_html(s: Style) -> str:
    """Proton."""
    return (
        f'<div style="font-family:Arial">{divs(s.hers)}</div><div class="protonmail_signature_'
        f'block"><div>{HER_NAME}</div><div>{s.proton_sign}</div></div><div><br></div><div '
        f'class="protonmail_quote">{html.escape(s.proton)}<br><blockquote class="protonmail_quote"'
        f' type="cite">{divs(s.old)}</blockquote><br></div>'
    )


def proton_old_html(s: Style) -> str:
    """Proton old."""
    return (
        f'{divs(s.hers)}<div class="protonmail_quote">------- {s.original} -------<br>'
        f'{html.escape(s.proton)}<br><br><blockquote class="protonmail_quote" type="cite">'
        f"{divs(s.old)}</blockquote></div>"
    )


HELD_OUT_PROGRAMS: dict[str, tuple[Callable[[Style], str], Callable[[Style], str]]] = {
    "yahoo web": (yahoo_text, yahoo_html),
    "yahoo mobile": (yahoo_mobile_text, yahoo_mobile_html),
    "samsung": (samsung_text, samsung_html),
    "proton": (proton_text, proton_html),
    "proton, older": (proton_old_text, proton_old_html),
}
PROGRAMS: dict[str, tuple[Callable[[Style], str], Callable[[Style], str]]] = {
    "gmail web": (gmail_text, gmail_html),
    "gmail android": (gmail_android_text, gmail_android_html),
    "gmail ios": (gmail_ios_text, gmail_ios_html),
    "outlook desktop": (outlook_desktop_text, outlook_desktop_html),
    "outlook web": (outlook_web_text, outlook_web_html),
    "outlook new": (outlook_new_text, outlook_new_html),
    "outlook mobile": (outlook_mobile_text, outlook_mobile_html),
    "apple mail": (apple_text, apple_html),
    "apple mail, signed": (apple_plain_text, apple_plain_html),
    "iphone": (iphone_text, iphone_html),
    "thunderbird": (thunderbird_text, thunderbird_html),
}
