"""Clean html: hostile vectors, the rule that it says what the text says, and what is shown."""

from __future__ import annotations

import re
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from channels.mail import cleanhtml
from channels.mail.cleanhtml import LARGEST, TAGS, clean_html, same_words
from channels.mail.markup import html_to_text
from channels.mail.parse import Parsed, read
from channels.mail.plain import clean
from tests.channels.mail.mailside import DOMAIN

ON = "On Tue, Nov 3, 2026 at 10:00 AM Robin &lt;k3v9q2@relay.example&gt; wrote:"
ADDED_BY_THE_PARSER = {"html", "head", "body", "-text", "#text", "-undef"}


def letter(plain: str | None, source: str, charset: str = "utf-8") -> Parsed:
    """A message with a plain part and html, read."""
    message = EmailMessage()
    message["From"] = "mara@willow.example"
    if plain is not None:
        message.set_content(plain)
        message.add_alternative(source, subtype="html", charset=charset)
    else:
        message.set_content(source, subtype="html", charset=charset)
    return read(message.as_bytes(), ours=DOMAIN)


def is_bare(made: str) -> None:
    """Read by another parser: nothing but listed elements, no attribute, no comment."""
    tree = LexborHTMLParser(made)
    assert tree.root is not None
    for node in tree.root.traverse(include_text=True):
        if node.is_element_node:
            assert node.tag in TAGS | ADDED_BY_THE_PARSER, node.tag
            assert not node.attributes, node.attributes
        else:
            assert node.is_text_node
    assert set(re.findall(r"<[^>]*>", made)) <= {f"<{s}{t}>" for t in TAGS for s in ("", "/")}


VECTORS = (
    """\
<script>alert(1)</script>words
<SCRIPT SRC=https://x.example/x.js></SCRIPT>words
<scr<script>ipt>alert(1)</scr</script>ipt>words
<script/x src=//x.example>words</script>
<<SCRIPT>alert(1);//<</SCRIPT>words
<script>words
<noscript><p title="</noscript><img src=x onerror=alert(1)>">words
<img src=https://x.example/t.gif>words
<IMG """
    + '"""'
    + """><SCRIPT>alert(1)</SCRIPT>">words
<img src=x onerror=alert(1)>words
<img src="javascript:alert(1)">words
<img src=`javascript:alert(1)`>words
<img srcset="https://x.example/1 1x">words
<picture><source srcset=https://x.example/1></picture>words
<input type=image src=https://x.example/1>words
<input autofocus onfocus=alert(1)>words
<button formaction=javascript:alert(1)>x</button>words
<form action=https://x.example><input name=a value=canary></form>words
<isindex action=javascript:alert(1)>words
<body background=https://x.example/1 onload=alert(1)>words
<table background=https://x.example/1><tr><td background=//x.example>words
<div style="background:url(https://x.example/1)">words</div>
<div style="width:expression(alert(1))">words</div>
<style>@import 'https://x.example/x.css';</style>words
<style>body{background:url(//x.example)}</style>words
<link rel=stylesheet href=https://x.example/x.css>words
<link rel=prefetch href=https://x.example>words
<meta http-equiv=refresh content="0;url=https://x.example">words
<meta name=author content=canary><title>canary</title>words
<base href=https://x.example/>words
<iframe src=https://x.example></iframe>words
<iframe srcdoc="<script>alert(1)</script>"></iframe>words
<frameset><frame src=https://x.example></frameset>
<object data=https://x.example/x.swf></object>words
<embed src=https://x.example>words
<applet code=x></applet>words
<svg onload=alert(1)><text>x</text></svg>words
<svg><image href=https://x.example/1 /></svg>words
<svg><script>alert(1)</script></svg>words
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">words
<svg><use href="data:image/svg+xml,canary"/></svg>words
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=x&gt;">
<math href=javascript:alert(1)>x</math>words
<math><annotation-xml encoding=text/html><img src=x onerror=alert(1)></annotation-xml></math>words
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>words
<audio src=https://x.example autoplay></audio>words
<video poster=https://x.example/1><source src=//x.example></video>words
<a href=javascript:alert(1)>words</a>
<a href="jav&#x09;ascript:alert(1)">words</a>
<a href="data:text/html,<script>alert(1)</script>">words</a>
<a href=https://x.example/ ping=https://y.example onclick=alert(1) title=canary>words</a>
<a href=mailto:canary@x.example>words</a>
<a name=canary id=canary class=canary>words</a>
<p onclick=alert(1) onmouseover=alert(1) data-canary=1 class=canary id=canary title=canary>words</p>
<p lang=canary dir=rtl align=center contenteditable>words</p>
<blockquote cite=https://x.example/canary>words</blockquote>
<b style=position:fixed>words</b>
<font face=canary color=red>words</font>
<marquee onstart=alert(1)>words</marquee>
<details open ontoggle=alert(1)>words</details>
<select><option>x</select>words<textarea></textarea><script>alert(1)</script>
<textarea><script>alert(1)</script></textarea>words
<template><script>alert(1)</script></template>words
<!-- canary -->words
<!--><script>alert(1)</script>-->words
<!--[if gte mso 9]><xml><o:Author>canary</o:Author></xml><![endif]-->words
<![CDATA[<script>alert(1)</script>]]>words
<?xml version="1.0"?><?canary x?>words
<xml><i><b>&lt;img src=1 onerror=alert(1)&gt;</b></i></xml>words
&lt;script&gt;alert(1)&lt;/script&gt;words
<p>&#60;img src=x onerror=alert(1)&#62;words
<plaintext><script>alert(1)</script>words
<xmp><img src=x onerror=alert(1)></xmp>words
<listing><img src=x onerror=alert(1)></listing>words
<noembed><img src=x onerror=alert(1)></noembed>words
<noframes><img src=x onerror=alert(1)></noframes>words
<p/onclick=alert(1)>words
<p "onclick=alert(1)"'>words
<p\x0conclick=alert(1)>words
<\x00script>alert(1)</script>words
<li/><ul/onclick=alert(1)><li value=7>words
<br onclick=alert(1)>words<br/style=x>
<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>words
<custom-element onclick=alert(1)>words</custom-element>
<dialog open>words</dialog>
<slot name=canary>words</slot>
<portal src=https://x.example></portal>words
<keygen autofocus onfocus=alert(1)>words
<bgsound src=https://x.example>words
<layer src=https://x.example>words</layer>
<p style="display:none">canary</p>words
<p hidden>canary</p>words
<div style="font-size:0">canary</div>words
<u\u202ex>words</u>\u202e\u2066x
""".replace("\\x00", "\0")
)


@pytest.mark.parametrize("vector", [line for line in VECTORS.split("\n") if line])
def test_hostile_html_becomes_plain_tags(vector: str) -> None:
    """No attribute, no element outside the list, no comment, nothing to load, nothing hidden."""
    made = clean_html(vector)
    is_bare(made)
    assert "canary" not in made
    assert not set(made) & set("\u202e\u2066\0")
    assert "words" in made or "words" not in html_to_text(vector)


@pytest.mark.parametrize("vector", [line for line in VECTORS.split("\n") if line])
def test_each_net_holds_by_itself(vector: str) -> None:
    """`nh3` alone leaves plain tags, and the last look lets nothing else by."""
    is_bare(cleanhtml._through_nh3(vector))
    left = cleanhtml._plain_or_nothing(vector)
    if left:
        is_bare(left)


def test_there_are_enough_vectors() -> None:
    """Sixty were asked for."""
    assert len([line for line in VECTORS.split("\n") if line]) >= 60


PIECES = """\
<b>|</b>|<div>|</div>|<ul>|<ol>|<li>|</ul>|<p>|<br>|<blockquote>|</blockquote>|<i>|</i>
<table><tr><td>|<td>|<script>|</script>|<svg>|<math>|<style>|<!--|-->|<![CDATA[|<img src=x>
<a href='https://x.example/?a=b&c'>|</a>|<pre>|</pre>| word |two|&lt;p&gt;|&amp;|\n|<h1>|</h1>
<template>|\u202e|<form>|<select>|<noscript>|<p hidden>|<blockquote type=cite>|"|&nbsp;|-- """


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([*PIECES.replace("\n", "|").split("|"), "\n"]), max_size=40).map(
        "".join
    )
)
def test_any_soup_becomes_plain_tags_that_say_the_same(soup: str) -> None:
    """In whatever order: plain tags only, doing it twice is once, and no word is made up."""
    made = clean_html(soup)
    is_bare(made)
    assert clean_html(made) == made
    brackets = dict.fromkeys(map(ord, "<>()"), " ")
    said = clean(html_to_text(soup)).translate(brackets).split()
    assert set(html_to_text(made).translate(brackets).split()) <= set(said)


@given(st.text(max_size=300))
def test_any_letters_become_plain_tags(source: str) -> None:
    """Never an exception."""
    is_bare(clean_html(source))


def test_html_bombs_give_no_html() -> None:
    """What would take long is not cleaned: the text goes alone."""
    assert clean_html("<div>" * 200_000 + "words") == ""
    assert clean_html("<b>x" * (LARGEST // 4 + 1)) == ""


def test_shape_stays() -> None:
    """Emphasis, lists, quotes, paragraphs and lines; a link shows where it leads."""
    made = clean_html(
        "<h2 style=x>Week</h2><div>Dear <b>all</b>,</div><div><br></div><div>one<br>two</div>"
        "<ul><li>tea</li><li><i>rest</i></li></ul><ol><li>first</ol><p>see <a href='https://x.example"
        "/a?b&amp;c'>this <u>page</u></a></p><blockquote>a line of hers</blockquote>"
    )
    assert made == (
        "<p><strong>Week</strong></p><p>Dear <strong>all</strong>,<br><br>one<br>two</p>"
        "<ul><li>tea</li><li><em>rest</em></li></ul><ol><li>first</li></ol>"
        "<p>see this <u>page</u> (https://x.example/a?b&amp;c)</p>"
        "<blockquote><p>a line of hers</p></blockquote>"
    )


# The rule: it says what the text says ------------------------------------------------------

SAME = {
    "gmail": (
        "Hello *you*\n\n   - tea\n   - rest\n",
        "<div>Hello <b>you</b></div><ul><li>tea</li><li>rest</li></ul>",
    ),
    "outlook": (
        "Hello you\n\n  *   tea\n",
        "<p class=MsoNormal>Hello you</p><ul><li>tea</li></ul>",
    ),
    "link": (
        "see this <https://x.example/a> now\n",
        '<div>see <a href="https://x.example/a">this</a> now</div>',
    ),
    "numbers": ("1. one\n2. two\n", "<ol><li>one</li><li>two</li></ol>"),
    "gmail answer": (
        "Yes!\n\nOn Tue, Nov 3, 2026 at 10:00 AM Robin <k3v9q2@relay.example> wrote:\n> old\n",
        f'<div dir=ltr>Yes!</div><br><div class="gmail_quote gmail_quote_container"><div class='
        f'gmail_attr>{ON}<br></div><blockquote class=gmail_quote style="border-left:1px">old'
        "</blockquote></div>",
    ),
    "apple answer": (
        "Yes!\n\n> On 3 Nov 2026, at 10:00, Robin <k3v9q2@relay.example> wrote:\n> \n> old\n",
        f"<body>Yes!<br><div><br><blockquote type=cite><div>{ON}</div><br>old</blockquote></div>",
    ),
    "outlook answer": (
        "Yes!\n\n________________________________\nFrom: Robin <k3v9q2@relay.example>\n"
        "Sent: Tuesday, November 3, 2026 10:00 AM\nTo: Mara\nSubject: x\n\nold\n",
        "<div>Yes!</div><hr><div id=divRplyFwdMsg><b>From:</b> Robin</div><div>old</div>",
    ),
    "outlook desktop answer": (
        "Yes!\n\nFrom: Robin <k3v9q2@relay.example>\nSent: Tuesday, November 3, 2026 10:00 AM\n"
        "To: Mara\nSubject: x\n\nold\n",
        "<p>Yes!</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3pt'><p>"
        "<b>From:</b> Robin<br><b>Sent:</b> x</p></div></div><p>old</p>",
    ),
    "thunderbird answer": (
        "Yes!\n\nAm 03.11.26 um 10:00 schrieb Robin:\n> old\n",
        "<p>Yes!</p><div class=moz-cite-prefix>Am 03.11.26 schrieb Robin:</div>"
        "<blockquote type=cite>old</blockquote>",
    ),
    "signature": (
        "Yes!\n\n-- \nJane Doe\n",
        "<div>Yes!</div><div class=gmail_signature>Jane Doe</div>",
    ),
    "only html": (None, "<p>Dear <b>all</b></p><p>two</p>"),
}


@pytest.mark.parametrize("name", SAME)
def test_html_that_says_the_same_is_kept(name: str) -> None:
    """Without history and signature, as people's programs write both forms."""
    plain, source = SAME[name]
    got = letter(plain, source)
    made = got.html.reveal()
    assert made
    is_bare(made)
    assert same_words(made, got.text.reveal())
    assert not re.search("old|Jane|relay.example|Robin", made)


DIFFERENT = {
    "one word more": ("Hello all\n", "<p>Hello all, Jane</p>"),
    "one word less": ("Hello all of you\n", "<p>Hello all</p>"),
    "another number": ("call 555 0100\n", "<p>call 555 0199</p>"),
    "an address in pieces": ("jane @willow.example\n", "<p>jane@willow.example</p>"),
    "an address with dots": ("jane at willow.example\n", "<p>jane@willow.example</p>"),
    "a number in pieces": ("5 5 5 0 1 0 0\n", "<p>5550100</p>"),
    "zero width": ("jane@willow.example\n", "<p>jane&#8203;@willow.example</p>"),
    "a look-alike": ("Robin\n", "<p>R\u043ebin</p>"),
    "other case": ("robin\n", "<p>Robin</p>"),
    "another order": ("one two\n", "<p>two one</p>"),
    "a link nobody saw": ("see this\n", "<p>see <a href='https://x.example/?jane'>this</a></p>"),
    "another link": ("this <https://x.example/1>\n", "<a href='https://x.example/2'>this</a>"),
    "history nobody marked": ("Yes\n\n> old\n", "<p>Yes</p><p>old</p>"),
    "a signature nobody marked": ("Yes\n\n-- \nJane Doe\n", "<p>Yes</p><p>-- <br>Jane Doe</p>"),
    "quotes between answers": (
        "> how?\nbadly\n> when?\nnow\n",
        "<blockquote type=cite>how?</blockquote>badly<blockquote type=cite>when?</blockquote>now",
    ),
    "a list that begins elsewhere": (None, "<ol start=3><li>c</ol>"),
    "a key": (
        "hi\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nmQ\n-----END PGP PUBLIC KEY BLOCK-----\n",
        "<pre>hi\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nmQ\n-----END PGP PUBLIC KEY BLOCK-----",
    ),
    "no words": (" \n", "<p> </p>"),
    "a picture alone": ("", "<img src=cid:1>"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_html_that_says_anything_else_does_not_go(name: str) -> None:
    """One word, sign or address that was not in the text, and the text goes alone."""
    plain, source = DIFFERENT[name]
    assert letter(plain, source).html.reveal() == ""


@given(st.text("ab@.5 \u200b", max_size=12), st.text("ab@.5 \u200b", max_size=12))
def test_no_two_texts_are_the_same_unless_they_are(one: str, other: str) -> None:
    """The rule folds white space and nothing that could make an address or a number."""
    made = f"<p>{one}</p>"
    if same_words(made, other):
        assert one.split() == other.split()


# What is seen ------------------------------------------------------------------------------

SEEN = {
    "wbr": ("jane<wbr>@<wbr>x.example", "jane@x.example"),
    "spans": ("<span>ja</span><span>ne@</span><span>x.example</span>", "jane@x.example"),
    "entities": ("jane&#64;x&period;example &commat; &#x6a;", "jane@x.example @ j"),
    "comment in a word": ("ja<!-- x -->ne", "jane"),
    "hidden by style": ("a<i style='DISPLAY : none'>no</i>b", "ab"),
    "hidden by size": ("a<i style='font-size:0px'>no</i>b", "ab"),
    "hidden by attribute": ("a<i hidden=''>no</i>b", "ab"),
    "hidden for Outlook": ("a<i style='mso-hide:all'>no</i>b", "ab"),
    "small is not hidden": ("a<i style='font-size:0.8em'>yes</i>b", "ayesb"),
    "title": ("<title>no</title><svg><title>no</title></svg>a", "a"),
    "table": ("<table><tr><th>day<th>time<tr><td>Mon<td>5</table>", "day time\nMon 5"),
    "lists": ("<ol><li>a<li>b<ul><li>c</ul></ol>", "1. a\n2. b\n\n- c"),
    "list from four": ("<ol start=4><li>a</ol>", "4. a"),
    "link": ("<a href='https://x.example/1'>here</a>", "here <https://x.example/1>"),
    "link that is its text": ("<a href='https://x.example/'>x.example</a>", "x.example"),
    "link with another text": (
        "<a href='https://evil.example'>https://good.example</a>",
        "https://good.example <https://evil.example>",
    ),
    "link in capitals": ("<a href='HTTPS://x.example/1'>here</a>", "here <HTTPS://x.example/1>"),
    "mail link": ("<a href='mailto:jane%40x.example'>write</a>", "write"),
    "frames": ("<noframes>no</noframes><noembed>no</noembed>a", "a"),
    "outlook's words": ("<![if !mso]>a<![endif]><!--[if mso]>no<![endif]-->", "a"),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_a_reader_would_have_seen(name: str) -> None:
    """Split words are whole, hidden ones are gone, links say where they lead."""
    source, expect = SEEN[name]
    assert html_to_text(source) == expect
