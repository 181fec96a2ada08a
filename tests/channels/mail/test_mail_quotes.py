"""Quoted history and signatures go in nine languages and many programs; her words stay."""

from __future__ import annotations

import csv
import os
import re
import sys
import tomllib
from collections import Counter
from itertools import product
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.markup import html_to_text
from channels.mail.parse import Parsed, parse
from channels.mail.plain import clean
from channels.mail.quotes import cut
from tests.channels.mail.mailside import ALIAS, DOMAIN
from tests.channels.mail.quotes import programs
from tests.channels.mail.quotes.programs import (
    HELD_OUT_PROGRAMS,
    HER_NAME,
    LANGUAGES,
    MASK,
    PROGRAMS,
    Style,
)

ALL = PROGRAMS | HELD_OUT_PROGRAMS


def table(name: str) -> dict[str, str]:
    """Messages by name, with the addresses filled in."""
    source = Path(programs.__file__).with_name(name).read_text(encoding="utf-8")
    source = source.replace("{to}", ALIAS).replace("{mask}", MASK)
    return tomllib.loads(source)


HERS = table("hers.toml")
OTHERS = table("others.toml")
FOREIGN = table("foreign.toml")
EXTRA = Path(__file__).resolve().parents[4] / "shared" / "corpus"
CORPUS = Path(os.environ.get("RELAY_CORPUS", EXTRA))
STYLES = (
    "github-email_reply_parser",
    "mail-parser-reply",
    "crisp-email-reply-parser",
    "quotequail",
    "zapier-email-reply-parser",
    "willdurand-EmailReplyParser",
    "mailgun-flanker",
    "django-helpdesk",
)


def seen(source: str, *, is_html: bool) -> str:
    """What is passed on of a body."""
    return cut(clean(html_to_text(source) if is_html else source), DOMAIN)


# What goes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("program", ALL)
@pytest.mark.parametrize("is_html", [False, True], ids=["text", "html"])
def test_only_her_words_are_left(program: str, language: str, is_html: bool) -> None:
    """Exactly what she wrote: no alias, no address, no name of hers, no quoted words."""
    style = Style(language)
    got = seen(ALL[program][is_html](style), is_html=is_html)
    assert got == style.hers
    for gone in (ALIAS, MASK, DOMAIN, "@", HER_NAME, style.old, style.iphone):
        assert gone not in got
    assert cut(got, DOMAIN) == got


ATTRIBUTED = ("gmail", "android", "apple", "thunderbird")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("above", ATTRIBUTED)
def test_short_interleaved_quotes_stay_without_their_attribution(above: str, language: str) -> None:
    """Answers between `>` lines stay where they are; the line that names and dates goes."""
    style = Style(language)
    talk = f"> {style.old}\n\n{style.hers}\n\n> {style.old}\n\n{style.hers}"
    attribution = programs.wrapped(getattr(style, above))
    assert cut(clean(f"{attribution}\n\n{talk}"), DOMAIN) == talk
    assert cut(clean(f"{style.hers}\n\n{attribution}\n{talk}"), DOMAIN) == f"{style.hers}\n\n{talk}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("above", ATTRIBUTED)
def test_an_attribution_inside_a_quote_that_stays_goes_too(above: str, language: str) -> None:
    """Apple's programs put the attribution behind the `>`, and older ones nest."""
    style = Style(language)
    line = getattr(style, above)
    got = cut(clean(f"> {line}\n>\n> {style.old}\n\n{style.hers}"), DOMAIN)
    assert got == f">\n> {style.old}\n\n{style.hers}"
    nested = f"> {style.old}\n> {line}\n>> {style.old}\n\n{style.hers}"
    assert cut(clean(nested), DOMAIN) == f"> {style.old}\n>> {style.old}\n\n{style.hers}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_interleaved_html_stays(language: str) -> None:
    """Gmail splits its quote around an answer: the answer is not part of the history."""
    style = Style(language)
    quote = f'<blockquote class="gmail_quote">{style.old}</blockquote>'
    got = seen(
        f'<div class="gmail_quote"><div class="gmail_attr">{style.gmail}</div>{quote}'
        f"<div>{programs.brs(style.hers)}</div>{quote}</div>",
        is_html=True,
    )
    assert got == f"> {style.old}\n\n{style.hers}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sign", ["iphone", "outlook_ios", "outlook_android"])
def test_what_a_device_signs_with_goes(sign: str, language: str) -> None:
    """The last line, with or without a link, and the line above a quote."""
    style = Style(language)
    line = getattr(style, sign)
    assert cut(f"{style.hers}\n\n{line}\n", DOMAIN) == style.hers
    assert cut(f"{style.hers}\n\n{line} <{programs.AKA}>", DOMAIN) == style.hers
    assert cut(f"{style.hers}\n\n{line}\n\n> {style.old}", DOMAIN) == style.hers
    answered = f"> {style.old}\n\n{style.hers}"
    above = f"{style.hers}\n\n{line}\n\n{style.gmail}\n{answered}"
    assert cut(clean(above), DOMAIN) == f"{style.hers}\n\n{answered}"


BROKEN = {
    "address broken before its end": f"Hi\n\nOn 3 Nov 2026 at 10:00 Robin <{MASK}\n>:\n\n> old",
    "address alone on a line": f"Hi\n\nOn Tue, 3 Nov 2026 10:00 Robin\n<{MASK}>\nwrote:\n\nold",
    "day below the address": f"Hi\n\nRobin <{MASK}> schrieb am\nDi., 3. Nov. 2026, 10:00:\n> old",
    "dashes for a colon": f"Hi\n\n---- On Tue, 03 Nov 2026 10:00 {MASK} wrote ----\n\nold",
    "no colon": f"Hi\n\nOn Tue, 3 Nov 2026 at 10:00 Robin <{MASK}> wrote\n\nold",
    "unknown language": f"Hi\n\nti 3. marraskuuta 2026 klo 10.00 Robin <{MASK}>:\n\nold",
    "unknown fields": f"Hi\n\nLähettäjä: Robin <{MASK}>\nLähetetty: 3.11.\nAihe: x\n\nold",
    "zero width in the address": "Hi\n\nOn 3 Nov 2026 10:00 <m@rel\u200bay.example>:\n\nold",
    "fields with stars": f"Hi\n\n*From:* Robin <{MASK}>\n*Sent:* Tue\n*To:* J\n*Subject:* x\n\nold",
    "fields with blanks": f"Hi\n\nFrom: Robin <{MASK}>\n\nSent: Tue\n\nTo: J\n\nSubject: x\n\nold",
    "long field": f"Hi\n\nFrom: Robin <{MASK}>\nTo: a, b,\n c, d\nSubject: x\n\nold",
    "signature above": f"Hi\n-- \nJane Doe\n\nOn 3 Nov 2026 10:00 Robin <{MASK}> wrote:\n> old",
    "bare signature below": f"Hi\n\nOn 3 Nov 2026 10:00 <{MASK}> wrote:\n> old\n\n--\nJane Doe",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_and_unknown_forms_go_too(name: str) -> None:
    """Wrapped anywhere, in a language nobody listed, or with a hidden character in the address."""
    assert cut(BROKEN[name], DOMAIN) == "Hi"


@pytest.mark.parametrize("name", OTHERS)
def test_other_programs_and_languages(name: str) -> None:
    """Nothing in the code is made for these: her first line is all that is left."""
    written = clean(OTHERS[name])
    assert cut(written, DOMAIN) == written.split("\n", maxsplit=1)[0]


@pytest.mark.parametrize("name", FOREIGN)
def test_history_that_is_not_ours_and_unmarked_signatures_go(name: str) -> None:
    """No address, no name on a signature, no device: her first line is all that is left."""
    written = clean(FOREIGN[name])
    assert cut(written, DOMAIN) == written.split("\n", maxsplit=1)[0]


def test_without_words_above_foreign_history_is_what_she_shows() -> None:
    """She passes on what she got, and adds nothing: only what names and dates it goes."""
    attribution = "On Mon, 2 Nov 2026 at 14:05 Mara Hale <m.hale@willow.example> wrote:"
    assert cut(f"{attribution}\n\nI know where you are.", DOMAIN) == "I know where you are."
    fields = "From: Mara Hale <m.hale@willow.example>\nSent: Monday, 2 November 2026 14:05"
    block = f"{fields}\nTo: Jane\nSubject: x"
    assert cut(f"{block}\n\nI know where you are.", DOMAIN) == "I know where you are."


@pytest.mark.parametrize("name", ["hers", "quoted"])
def test_only_quoted_words_leave_nothing_and_answers_between_them_stay(name: str) -> None:
    """A message of `>` lines alone is an empty one; a word of hers between them keeps it."""
    quote = "> how are you?\n> \n> did you sleep?"
    if name == "quoted":
        assert cut(quote, DOMAIN) == ""
    else:
        assert cut(f"> how are you?\nbadly\n{quote}\nno", DOMAIN).count("\n") == 5


def test_an_answer_below_a_signature_stays() -> None:
    """Who writes below the quote may have her signature above it."""
    written = f"-- \nJane Doe\n\nOn 3 Nov 2026 10:00 Robin <{MASK}> wrote:\n> how?\n\nbadly"
    assert cut(written, DOMAIN) == "> how?\n\nbadly"


def test_answers_below_a_divider_stay_where_the_quote_is_marked() -> None:
    """Outlook can be told to mark what it quotes; then her answers can be told apart."""
    style = Style("en")
    written = f"-----Original Message-----\n{style.block()}\n\n> how?\n\nbadly\n\n> when?"
    assert cut(written, DOMAIN) == "> how?\n\nbadly"


# What stays --------------------------------------------------------------------------------


def test_there_are_enough_ordinary_messages() -> None:
    """The table is as long as promised."""
    assert len(HERS) >= 60


@pytest.mark.parametrize("name", HERS)
def test_ordinary_messages_stay_as_they_are(name: str) -> None:
    """In doubt her words stay: not a letter goes."""
    words = HERS[name]
    assert cut(words, DOMAIN) == words


@pytest.mark.parametrize("name", HERS)
def test_they_stay_above_history_too(name: str) -> None:
    """With a program's history below, exactly the history goes."""
    words = HERS[name]
    style = Style("en")
    assert cut(f"{words}\n\n{style.gmail}\n\n> {style.old}\n", DOMAIN) == words


def test_what_she_forwards_stays_without_its_head() -> None:
    """A forwarded text is what she wants to show; the fields hold addresses, and go."""
    head = (
        "From: Bo <bo@harbor.example>\nDate: Tue, Nov 3, 2026 at 10:00 AM\nSubject: x\nTo: <a@b.c>"
    )
    for line in ("---------- Forwarded message ---------", "Begin forwarded message:"):
        got = cut(f"Look at this.\n\n{line}\n{head}\n\nI know where you are.", DOMAIN)
        assert got == "Look at this.\n\n\nI know where you are."


def test_what_she_forwards_from_the_relay_goes() -> None:
    """It is history of a group: who wrote it did not write it for this one."""
    head = f"From: Robin <{MASK}>\nDate: Tue, Nov 3, 2026 at 10:00 AM\nSubject: x\nTo: <{ALIAS}>"
    assert cut(f"Look.\n\n---------- Forwarded message ---------\n{head}\n\nold", DOMAIN) == "Look."


def test_an_indent_is_not_a_quote() -> None:
    """Gmail's indent button makes a blockquote without a border: those are her own words."""
    got = seen(
        '<div>Hi</div><blockquote style="margin:0 0 0 40px;border:none">me</blockquote>',
        is_html=True,
    )
    assert got == "Hi\n\nme"


def test_a_long_text_behind_apples_signature_mark_stays() -> None:
    """A signature is short; what is longer is hers, wherever her program put it."""
    words = "I could not sleep and I want to tell you why. " * 12
    got = seen(f'<br id="lineBreakAtBeginningOfSignature"><div>{words}</div>', is_html=True)
    assert got == words.strip()


def test_outlooks_mark_inside_a_quote_ends_nothing() -> None:
    """Thunderbird keeps the marks of what it quotes; the answer stands below them."""
    got = seen(
        f'<blockquote type="cite"><div id="divRplyFwdMsg">From: <{MASK}></div>how?</blockquote>'
        "<p>badly</p>",
        is_html=True,
    )
    assert got.endswith("badly")
    assert DOMAIN not in got


@pytest.mark.parametrize(
    "mark", ['id="divRplyFwdMsg"', 'id="stopSpelling"', 'class="yahoo_quoted"']
)
def test_marked_history_goes_without_any_words_to_tell_it_by(mark: str) -> None:
    """The structure is enough: no fields, no attribution, no language."""
    assert seen(f"<div>Hi</div><div {mark}>old</div>", is_html=True) == "Hi"


# Octets and work ---------------------------------------------------------------------------

PIECES = [
    "> q", ">> q", ">", "", " ", "words", "words:", "-- ", "--", "From: x", "To: y", "Date: 10:00",
    "Sent from my iPhone", "-----Original Message-----", "_____", "Subject: z", f"<{MASK}>:",
    "---------- Forwarded message ---------", f"From: Robin <{MASK}>", Style("en").gmail,
    "> " + Style("de").gmail, Style("en").thunderbird, "He said:",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=25))
def test_nothing_is_ever_added(lines: list[str]) -> None:
    """The lines left are lines of the input, in order; no quoted line names our domain."""
    text = "\n".join(lines)
    got = cut(text, DOMAIN)
    assert len(got) <= len(text)
    source = iter(line.rstrip() for line in text.split("\n"))
    assert all(line.rstrip() in source for line in got.split("\n") if line.strip())
    assert not [line for line in got.split("\n") if line.startswith(">") and DOMAIN in line]


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_no_unintroduced_quote_is_left_at_the_end(lines: list[str]) -> None:
    """A last `>` line stays only below a line that ends in a colon."""
    assert tail_is_explained(cut("\n".join(lines), DOMAIN))


def tail_is_explained(text: str) -> bool:
    """Whether the text ends without `>` lines, or with some that a line of hers introduces."""
    lines = text.split("\n")
    while lines and lines[-1].startswith(">"):
        lines.pop()
    ends_quoted = text.rpartition("\n")[2].startswith(">")
    return not ends_quoted or (bool(lines) and lines[-1].rstrip().endswith((":", "：")))


HOSTILE = {
    "quotes": "> q\n",
    "alternating": "> q\nw:\n",
    "blank": "\n",
    "fields": f"From: <{MASK}>\n",
    "labels": "From: x\nSent: y\n",
    "attributions": f"On Nov 3, 2026 10:00 <{MASK}>:\n",
    "attributions, marked": f"On Nov 3, 2026 10:00 <{MASK}>:\n> q\n",
    "forwards": "--- forwarded message ---\nFrom: x\nDate: 10:00\nTo: y\n",
    "dividers": "-----x-----\n\n\n",
    "colons": "a:\n\n> ",
    "digits": "1 2 3 4 5 6 7 8 9 10:00 \n",
    "ours": f"@{DOMAIN}\n",
    "ours, colon": f"@{DOMAIN}:\n",
    "signatures": "-- \n> q\n",
    "devices": "Sent from my iPhone\n",
    "devices and quotes": "Sent from my iPhone\n\n> q\nx\n",
    "deep": ">" * 40 + "\n",
    "nested": "> a:\n>> b:\n>>> c\n",
    "heads": "Received: x\n\ty\nMessage-ID: <x@y.example>\n",
    "almost heads": "Received: x\ny\n",
    "borders": "--b\nContent-Type: x\n",
    "foreign attributions": "On Monday Bo <a@b.example> wrote:\n",
    "foreign, alone": "On Monday Bo <a@b.example> wrote:\n\n",
    "foreign, broken": "On Monday Bo <a@b.example> wrote\n",
    "notes": "Bo <a@b.example> 02/11/2026 14:05\nTo\ncc\n",
    "nameplates": "--\nJane Doe\n",
    "announced links": "Sent with Tuta; enjoy secure & ad-free emails:\nhttps://tuta.com\n",
}
LONG = {
    "one line of digits": "1 " * 500_000,
    "one line of dashes": "-" * 1_000_000,
    "one line of colons": ":" * 1_000_000,
    "one line of marks": ">" * 1_000_000,
    "one line of spaces": " " * 1_000_000 + "x",
    "one line of signs": f"<{MASK}>" * 40_000 + ":\n> q",
    "one line of letters": "a" * 1_000_000 + ":\n> q",
    "one line of from": "From: " * 160_000,
    "one line of links": "<https://" * 100_000,
    "one line of bytes unseen": "\u200b" * 1_000_000,
    "one line of dashes and words": "-----" + "original " * 100_000 + "-----",
}


def steps(text: str) -> int:
    """How many lines of our own code run."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace if frame.f_code.co_filename.endswith("quotes.py") else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        cut(text, DOMAIN)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", HOSTILE)
def test_the_work_is_linear_in_the_lines(name: str) -> None:
    """Twice the lines take at most a little more than twice the steps."""
    once, twice = steps(HOSTILE[name] * 500), steps(HOSTILE[name] * 1_000)
    assert twice <= 2.2 * once + 500


LONG["all the others"] = "".join(lines * (60_000 // len(lines)) for lines in HOSTILE.values())


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", LONG)
def test_a_megabyte_of_hostile_lines_is_read_at_once(name: str) -> None:
    """An expression that looked twice would take hours."""
    text = LONG[name]
    assert len(cut(text, DOMAIN)) <= len(text)


# Real messages of other projects -----------------------------------------------------------


def corpus() -> dict[str, list[Path]]:
    """Their files, by project; a skip that says so where the folder is absent."""
    manifest = CORPUS / "MANIFEST.tsv"
    if not manifest.is_file():
        pytest.skip("no corpus: set RELAY_CORPUS to a folder with MANIFEST.tsv")
    files: dict[str, list[Path]] = {}
    with manifest.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            project = row["file"].split("/")[0]
            if project in STYLES:
                files.setdefault(project, []).append(CORPUS / row["file"])
    return files


def body(path: Path) -> str:
    """The text of a file that is a message, a page, or bare text."""
    raw = path.read_bytes()
    if re.match(rb"(?:From |[A-Za-z-]{2,40}:)[^\n]*\n(?:[A-Za-z-]{2,40}:|[ \t])", raw):
        got = parse(raw, ours=DOMAIN)
        return got.text.reveal() if isinstance(got, Parsed) else ""
    text = raw.decode("utf-8", "replace")
    return clean(html_to_text(text) if path.suffix == ".html" else text)


def test_real_replies_are_cut_without_trouble(record_property: Any) -> None:
    """No exception, never longer than it was, and no unintroduced `>` lines left at the end."""
    table: Counter[tuple[str, str]] = Counter()
    for project, files in corpus().items():
        for path in files:
            text = body(path)
            got = cut(text, DOMAIN)
            assert len(got) <= len(text)
            assert tail_is_explained(got), path.name
            table[project, "cut" if got != text.strip("\n").rstrip() else "whole"] += 1
    for (project, what), count in sorted(table.items()):
        record_property(f"{project} {what}", count)
    assert table


def test_ways_of_writing_are_all_tried() -> None:
    """Languages times programs times forms: as many samples as promised."""
    assert len(list(product(LANGUAGES, ALL, (False, True)))) >= 150
