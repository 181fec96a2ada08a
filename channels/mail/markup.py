"""HTML to text: what a reader would have seen, as lines.

Lexbor parses; this walks the tree and writes what is seen onto a `Page`: lines of text here, clean
html in `channels.mail.cleanhtml`. Scripts, styles, comments, hidden elements and pictures give
nothing; blocks become lines, quotes get `>`, web links keep their address.
"""

from __future__ import annotations

import html
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from channels.mail.plain import SIGNATURE


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SILENT = _names(
    "head title script style template noscript noframes noembed object embed applet iframe xml "
    "frameset svg math img picture video audio canvas map input select textarea button datalist"
)
_BLOCKS = _names(
    "div section article aside header footer main nav address center form fieldset figure "
    "figcaption details summary dl dt dd li tr table tbody thead tfoot caption hr"
)
_PARAGRAPHS = _names("p h1 h2 h3 h4 h5 h6 ul ol pre blockquote")
_HISTORY_CLASSES = _names("gmail_quote gmail_quote_container gmail_extra protonmail_quote")
_OUTLOOK_HISTORY = re.compile(
    r"border-top\s*:\s*solid\s+#(?:e1e1e1|b5c4df)\s+1\.0pt", re.IGNORECASE
)
_HIDDEN_STYLE = re.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|opacity\s*:\s*0(?![.\d])"
    r"|(?:font-size|max-height)\s*:\s*0(?![.\d]))",
    re.IGNORECASE,
)
_ADDED_CLASSES = _names(
    "gmail_signature gmail_signature_prefix moz-signature protonmail_signature_block "
    "gmail_attr moz-cite-prefix yahoo_quoted ms-outlook-mobile-reference-message zmail_extra"
)
_ADDED_IDS = _names(
    "AppleMailSignature ms-outlook-mobile-signature Signature composer_signature "
    "mail-editor-reference-message-container"
)
"""What mail programs mark as a signature, an attribution, or history in a box of its own."""
_YAHOOS = re.compile(r"yahoo_quoted_\d{1,20}|ydp\w{1,20}(?:signature|yahoo_quoted)")
_HISTORY_IDS = _names("divRplyFwdMsg stopSpelling")
"""From here on there is only history: Outlook's two."""
_APPLE_SIGNATURE_ID = "lineBreakAtBeginningOfSignature"
_LONGEST_SIGNATURE = 400
_NO_BORDER = re.compile(r"border\s*:\s*(?:none|0)", re.IGNORECASE)
SPACES = re.compile("[ \t\n\r\f\xa0]+")
_BLANKS = re.compile(r"\n{3,}")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_OPENING = re.compile(r"<[a-zA-Z][^\s/>]*")
_ATTRIBUTE = re.compile(
    r"[\s/]*[^\s/>][^\s/>=]*(?:\s*=\s*(?:\"[^\"]*\"?|'[^']*'?|[^\s>\"'][^\s>]*)?)?"
)
_ANY_TAG = re.compile(r"<[^<>]*>")
_FORMATTING = _names("a b big code em font i nobr s small strike strong tt u")
_CLOSED_FOR_THEM = _names(
    "p li td th tr tbody thead tfoot option dt dd br hr img input meta link col wbr area base "
    "source embed param track html body head"
)
_CONTENT_ID = re.compile(r"[\"'(=\s]cid:([^\"'()<>\s]{1,200})", re.IGNORECASE)
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
_MOST_DEPTH_WORK = 20_000_000
_MOST_FORMATTING_WORK = 500_000
_MOST_ATTRIBUTES, _MOST_ATTRIBUTE_WORK = 500, 300_000
_MOST_MARKS = 5


def html_to_text(source: str) -> str:
    """The text of an HTML document. Never raises; takes time linear in its length."""
    return text_and_pictures(source)[0]


def text_and_pictures(source: str) -> tuple[str, frozenset[str]]:
    """As `html_to_text`, and the Content-IDs of pictures in what was left out as not hers."""
    page = _Lines()
    if not walk(source, page):
        return _crudely(source.replace("\x00", "")), frozenset()
    page.end_line()
    text = _BLANKS.sub("\n\n", "\n".join(page.lines)).strip("\n")
    return text, frozenset(map(unquote, _CONTENT_ID.findall(source))) - page.pictures


def walk(source: str, page: Page) -> bool:
    """Write a document onto a page. False, and nothing written, where that would take too long."""
    source = source.replace("\x00", "")
    if _is_a_bomb(source) or _has_an_overloaded_tag(source):
        return False
    root = LexborHTMLParser(source).root
    if root is not None:
        _walk(root, page)
    return True


def _is_a_bomb(source: str) -> bool:
    """Whether the standard's tree building would take quadratic time or memory.

    Each open tag costs the depth it stands at; each formatting element left open is rebuilt in
    every later block (HTML standard, "reconstruct the active formatting elements").
    """
    opened: dict[str, int] = {}
    tags = depth = formatting = deepest = most_formatting = 0
    for tag in _TAG.finditer(source):
        name = tag[2].lower()
        tags += 1
        if name in _CLOSED_FOR_THEM:
            continue
        step = -1 if tag[1] else 1
        if step < 0 and not opened.get(name):
            deepest = max(deepest, depth)
            continue
        opened[name] = opened.get(name, 0) + step
        depth += step
        formatting += step if name in _FORMATTING else 0
        deepest, most_formatting = max(deepest, depth), max(most_formatting, formatting)
    return deepest * tags > _MOST_DEPTH_WORK or most_formatting * tags > _MOST_FORMATTING_WORK


def _has_an_overloaded_tag(source: str) -> bool:
    """Whether a tag has so many attributes that comparing their names would take quadratic time.

    Every `<x` is looked at on its own, so that nothing before it can hide it in quotes.
    """
    work = 0
    for tag in _OPENING.finditer(source):
        at, count = tag.end(), 0
        while count <= _MOST_ATTRIBUTES and (attribute := _ATTRIBUTE.match(source, at)):
            at, count = attribute.end(), count + 1
        work += count
        if count > _MOST_ATTRIBUTES or work > _MOST_ATTRIBUTE_WORK:
            return True
    return False


def _crudely(source: str) -> str:
    """Text without a tree, for bombs only: the letters stay, the layout does not."""
    for silent in ("script", "style", "head"):
        source = _without(source, silent)
    text = html.unescape(_ANY_TAG.sub("\n", source))
    lines = (SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _without(source: str, name: str) -> str:
    """`source` without the elements `name`; one left open ends the document."""
    folded, kept, at = source.lower(), [], 0
    if len(folded) != len(source):  # a letter whose lower case is longer: indexes would not fit
        return source
    while (start := folded.find(f"<{name}", at)) >= 0:
        kept.append(source[at:start])
        end = folded.find(f"</{name}", start)
        if end < 0:
            return "".join(kept)
        at = end
    return "".join([*kept, source[at:]])


@dataclass(slots=True)
class Page(ABC):
    """Something a document is written onto, and what is known of where one stands in it."""

    drops_history: bool = False
    """Whether what mail programs mark as history is left out rather than written as a quote."""
    quotes: int = 0
    verbatim: int = 0
    over: bool = False
    """Nothing below is hers."""
    signature: int = 0
    """The identity of the element that is a signature, once it is known."""
    pictures: set[str] = field(default_factory=set)
    """Content-IDs of the pictures in her own words."""
    lists: list[int] = field(default_factory=list)
    """For each open list the number of its next item; 0 where items have none."""

    @abstractmethod
    def write(self, text: str) -> None:
        """Add to the line. White space is as in the source."""

    @abstractmethod
    def break_line(self) -> None:
        """End the line, even an empty one."""

    @abstractmethod
    def end_line(self) -> None:
        """End the line if there is one."""

    @abstractmethod
    def blank(self) -> None:
        """End the paragraph if there is one."""

    def open(self, tag: str) -> None:  # noqa: B027 - a page of plain text need not care
        """An element begins, what stood before it is ended; `quote` for a blockquote."""

    def close(self, tag: str) -> None:  # noqa: B027 - the same
        """It ends."""

    def address(self, address: str) -> None:
        """Where the link leads whose text was just written."""
        self.write(f" <{address}>")


class _Lines(Page):
    """What has been written so far, as lines of text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.words: list[str] = []

    def write(self, text: str) -> None:
        """Add to the line; spaces run together except in `pre`."""
        if self.verbatim:
            first, *rest = text.split("\n")
            self.words.append(first)
            for line in rest:
                self.break_line()
                self.words.append(line)
        elif text := SPACES.sub(" ", text):
            follows_space = not self.words or self.words[-1].endswith(" ")
            self.words.append(text.lstrip(" ") if follows_space else text)

    def break_line(self) -> None:
        """End the line, even an empty one."""
        line = "".join(self.words)
        line = line if line == SIGNATURE else line.rstrip()
        self.words.clear()
        marks = ">" * min(self.quotes, _MOST_MARKS)
        self.lines.append(f"{marks} {line}".rstrip() if marks else line)

    def end_line(self) -> None:
        """End the line if there is one."""
        if "".join(self.words).strip():
            self.break_line()
        self.words.clear()

    def blank(self) -> None:
        """End the paragraph if there is one."""
        self.end_line()
        if self.lines and self.lines[-1].strip("> "):
            self.break_line()

    def open(self, tag: str) -> None:
        """Items get their mark or number."""
        if tag == "li":
            number = self.lists[-1] if self.lists else 0
            self.write(f"{number}. " if number else "- ")


def _walk(root: LexborNode, page: Page) -> None:
    """Depth first without recursion: mail nests deeper than Python's stack."""
    stack: list[tuple[LexborNode, bool]] = [(root, False)]
    while stack and not page.over:
        node, leaving = stack.pop()
        if leaving:
            _leave(node, page)
            continue
        if node.is_text_node:
            page.write(node.text(deep=False) or "")
            continue
        if not node.is_element_node or not _enter(node, page):
            continue
        stack.append((node, True))
        child = node.last_child
        while child is not None:
            stack.append((child, False))
            child = child.prev


def _enter(node: LexborNode, page: Page) -> bool:
    """Write what comes before the children; False where nothing of the element is shown."""
    tag = node.tag or ""
    attributes = node.attributes
    if tag == "img" and not page.quotes:
        page.pictures.update(map(unquote, _CONTENT_ID.findall(f'"{attributes.get("src")}"')))
    if tag in _SILENT or (attributes and _hidden(attributes)):
        return False
    if page.signature and node.mem_id == page.signature:
        return False
    if not page.quotes and _is_where_history_begins(attributes, page):
        page.over = True
        return False
    if page.drops_history and _is_history(tag, attributes):
        return False
    if tag == "br":
        page.break_line()
        if attributes.get("id") == _APPLE_SIGNATURE_ID and not page.signature:
            page.signature = _signature_behind(node)
        return False
    _begin(tag, attributes, page)
    return True


def _begin(tag: str, attributes: dict[str, str | None], page: Page) -> None:
    if tag in _PARAGRAPHS:
        page.blank()
    elif tag in _BLOCKS:
        page.end_line()
    elif tag in {"td", "th"}:
        page.write(" ")
    if tag in {"ul", "ol"}:
        page.lists.append(_first_number(attributes) if tag == "ol" else 0)
    is_quote = tag == "blockquote" and not _indents(attributes)
    page.open("quote" if is_quote else tag)
    page.quotes += is_quote
    page.verbatim += tag == "pre"


def _first_number(attributes: dict[str, str | None]) -> int:
    start = attributes.get("start") or ""
    return int(start) if _NUMBER.fullmatch(start) else 1


def _leave(node: LexborNode, page: Page) -> None:
    tag = node.tag or ""
    if tag == "a":
        _write_address(node, page)
    if tag in _PARAGRAPHS or tag in _BLOCKS:
        page.end_line()
    is_quote = tag == "blockquote" and not _indents(node.attributes)
    page.quotes -= is_quote
    page.verbatim -= tag == "pre"
    if tag in {"ul", "ol"}:
        page.lists.pop()
    elif tag == "li" and page.lists and page.lists[-1]:
        page.lists[-1] += 1
    page.close("quote" if is_quote else tag)
    if tag in _PARAGRAPHS:
        page.blank()


def _is_where_history_begins(attributes: dict[str, str | None], page: Page) -> bool:
    if attributes.get("id") in _HISTORY_IDS:
        return True
    return page.drops_history and bool(_OUTLOOK_HISTORY.search(attributes.get("style") or ""))


def _is_history(tag: str, attributes: dict[str, str | None]) -> bool:
    """Whether a mail program marked it as what she answers to."""
    classes = (attributes.get("class") or "").split()
    if not _HISTORY_CLASSES.isdisjoint(classes):
        return True
    return tag == "blockquote" and attributes.get("type") == "cite"


def _hidden(attributes: dict[str, str | None]) -> bool:
    """Whether a reader would not see it, or a mail program put it in."""
    if "hidden" in attributes or _HIDDEN_STYLE.search(attributes.get("style") or ""):
        return True
    marked = attributes.get("id") or ""
    classes = (attributes.get("class") or "").split()
    if marked in _ADDED_IDS or not _ADDED_CLASSES.isdisjoint(classes):
        return True
    return any(map(_YAHOOS.fullmatch, (marked, *classes)))


def _indents(attributes: dict[str, str | None]) -> bool:
    """Whether a blockquote only moves the margin: Gmail's button for that makes one."""
    is_quote = attributes.get("type") == "cite" or "quote" in (attributes.get("class") or "")
    return not is_quote and bool(_NO_BORDER.search(attributes.get("style") or ""))


def _signature_behind(mark: LexborNode) -> int:
    """The identity of the element behind Apple's mark, if it is short and no quote; else 0."""
    behind = mark.next
    while behind is not None and behind.is_text_node and not (behind.text() or "").strip():
        behind = behind.next
    if behind is None or not behind.is_element_node or behind.css_first("blockquote"):
        return 0
    return behind.mem_id if len(behind.text(deep=True)) <= _LONGEST_SIGNATURE else 0


def _write_address(node: LexborNode, page: Page) -> None:
    """A link's address behind its text, unless the text already is the address."""
    address = (node.attributes.get("href") or "").strip()
    if not address.lower().startswith(("http://", "https://")):
        return
    shown = SPACES.sub(" ", node.text(deep=True) or "").strip()
    bare = address.split("://", 1)[1].rstrip("/")
    if shown and bare not in shown:
        page.address(SPACES.sub("", address))
