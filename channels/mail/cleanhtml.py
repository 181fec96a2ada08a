"""Clean html: her words with a little shape, and nothing that could load, lead or identify.

It is written anew while the tree is walked, from a closed list of elements without attributes;
`nh3` goes over the result with the same list, and a last look refuses whatever still is no plain
tag of it. A link is its text and, in brackets, its address.

Nothing of this shows that it says the same as the text that is sent as well. `same_words` does,
and without that no html goes out.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Final

import nh3

from channels.mail.markup import SPACES, Page, html_to_text, walk
from channels.mail.plain import clean

TAGS: Final = frozenset({"p", "br", "strong", "em", "u", "ul", "ol", "li", "blockquote"})
"""Every element that may be in clean html. None has an attribute."""
LARGEST = 200_000
"""Characters of a document that is cleaned; her words alone are never that many."""

_SHAPES = {
    "b": "strong",
    "strong": "strong",
    "i": "em",
    "em": "em",
    "u": "u",
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "th"), "strong"),
}
_BOXES = {"ul": "ul", "ol": "ol", "li": "li", "quote": "blockquote"}
_DEEPEST = 10
_PLAIN_TAG = re.compile(f"</?(?:{'|'.join(sorted(TAGS))})>")
_SAFE_TEXT = re.compile(r"[^<>]*")
_EDGES = "<>()[]*_"
_MARKS = frozenset("-\u2013\u2014\u2022\u00b7\u25e6\u25aa\u25cf\u25a0\u2023+>|")


def clean_html(source: str) -> str:
    """A document as clean html, without marked history and signatures; empty where in doubt.

    Never raises; takes time linear in the length.
    """
    page = _Html()
    if len(source) > LARGEST or not walk(source, page):
        return ""
    return _plain_or_nothing(clean(_through_nh3(page.whole())).strip())


def same_words(made: str, text: str) -> bool:
    """Whether clean html says word for word what the text says.

    White space, marks of lists and quotes, and brackets and stars around a word do not count:
    programs differ in those. Everything else does, so that what was found harmless in the text
    is harmless in the html.
    """
    return _folded(html_to_text(made)) == _folded(text)


def _folded(text: str) -> list[str]:
    words = (word.strip(_EDGES) for word in text.split())
    return [word for word in words if not _MARKS.issuperset(word)]


def _through_nh3(source: str) -> str:
    return nh3.clean(
        source,
        tags=set(TAGS),
        attributes={"*": set()},  # empty alone would leave `lang` and `title` in
        strip_comments=True,
        link_rel=None,
        url_schemes=set(),
    )


def _plain_or_nothing(made: str) -> str:
    """`made`, if all of its tags are listed ones written without anything more; else nothing."""
    return made if _SAFE_TEXT.fullmatch(_PLAIN_TAG.sub("", made)) else ""


@dataclass(slots=True)
class _Html(Page):
    """Writes html. Breaks are written late, when more follows, so that none stands at an end."""

    drops_history: bool = True
    out: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    """The lists, items and quotes that are open; with `p` last where a paragraph is."""
    shapes: list[str] = field(default_factory=list)
    """Strong, emphasis and underline as the source has them open."""
    shaped: list[str] = field(default_factory=list)
    """Those of them that are written open."""
    breaks: int = 0
    paragraph: bool = False
    """A new paragraph is due before more is written."""
    spaced: bool = True
    """What was written last ends in a space or begins a line."""

    def write(self, text: str) -> None:
        """Add to the line; where it is verbatim, its line ends count."""
        text = clean(text)
        first, *rest = text.split("\n") if self.verbatim else [text]
        self._words(first)
        for line in rest:
            self.break_line()
            self._words(line)

    def _words(self, text: str) -> None:
        text = SPACES.sub(" ", text)
        if self.spaced:
            text = text.removeprefix(" ")
        if not text:
            return
        if self.paragraph and self.boxes[-1:] == ["p"]:
            self._close_paragraph()
        if self.shaped != self.shapes:
            self._unshape()
        self._begin()
        self._shape()
        self.out.append(html.escape(text, quote=False))
        self.spaced = text.endswith(" ")

    def _begin(self) -> None:
        """A paragraph, where words stand in none; the breaks that were kept back."""
        self.paragraph = False
        if not self.boxes or self.boxes[-1] in {"blockquote", "ul", "ol"}:
            self._unshape()
            self.out.append("<p>")
            self.boxes.append("p")
        elif self.breaks:
            self.out.append("<br>" * min(self.breaks, 2))
        self.breaks = 0

    def _shape(self) -> None:
        if not self.shaped:
            self.out.extend(f"<{shape}>" for shape in self.shapes)
            self.shaped = list(self.shapes)

    def _unshape(self) -> None:
        self.out.extend(f"</{shape}>" for shape in reversed(self.shaped))
        self.shaped = []

    def _close_paragraph(self) -> None:
        self._unshape()
        if self.boxes[-1:] == ["p"]:
            self.out.append("</p>")
            self.boxes.pop()
        self.breaks = 0
        self.spaced = True

    def break_line(self) -> None:
        """A break, once more follows."""
        self.breaks += 1
        self.spaced = True

    def end_line(self) -> None:
        """A break, unless one stands there."""
        if not self.breaks and not self.spaced:
            self.breaks = 1
        self.spaced = True

    def blank(self) -> None:
        """A new paragraph, once more follows; in an item of a list, a break."""
        self.end_line()
        self.paragraph = True

    def open(self, tag: str) -> None:
        """Open a list, an item, a quote, or a shape of letters."""
        if tag in _SHAPES:
            self.shapes.append(_SHAPES[tag])
        box = _BOXES.get(tag)
        if box is None:
            return
        self._close_paragraph()
        if len(self.boxes) < _DEEPEST:
            self.out.append(f"<{box}>")
        self.boxes.append(box)

    def close(self, tag: str) -> None:
        """Close it."""
        if tag in _SHAPES:
            self.shapes.remove(_SHAPES[tag])
        box = _BOXES.get(tag)
        if box is None:
            return
        self._close_paragraph()
        self.boxes.pop()
        if len(self.boxes) < _DEEPEST:
            self.out.append(f"</{box}>")

    def address(self, address: str) -> None:
        """As words."""
        self.write(f" ({address})")

    def whole(self) -> str:
        """Everything written, closed."""
        self._close_paragraph()
        return "".join(self.out)
