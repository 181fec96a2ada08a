"""Members' own contacts and names are found however they are written."""

from __future__ import annotations

import pytest
from circle import CIRCLE

from relay.guard.find import find
from relay.guard.mask import masked
from relay.guard.watch import Watch

WATCH = Watch(CIRCLE)

MARA_MAIL = [
    # as it is, in sentences, in other cases (rows 10, 17, 18)
    "mara.hale@example.org",
    "Write to mara.hale@example.org, please.",
    "Write to mara.hale@example.org.Then call.",
    "MARA.HALE@EXAMPLE.ORG",
    "Mara.Hale@Example.Org",
    "<mara.hale@example.org>",
    "(mara.hale@example.org)",
    "mailto:mara.hale@example.org?subject=hi",
    "https://example.com/?to=mara.hale@example.org&x=1",
    "From: Mara Hale <mara.hale@example.org>",
    "On Tue, Mara Hale <mara.hale@example.org> wrote:",
    "[mailto:mara.hale@example.org]",
    '"mara.hale"@example.org',
    '"mara\\.hale"@example.org',
    "email:mara.hale@example.org",
    "_mara.hale@example.org_",
    "*mara.hale@example.org*",
    # tags, dots, sub-addresses (row 19)
    "mara.hale+group@example.org",
    "mara.hale+a+b@example.org",
    "mara.hale-news@example.org",
    "marahale@example.org",
    "m.ara.hale@example.org",
    "mara_hale@example.org",
    "mara-hale@example.org",
    "MaraHale+x@example.org",
    "mara.hale(home)@example.org",
    "mara.hale=example.org@bounces.net",
    # broken, spaced, invisible (row 20)
    "mara.hale@ex\nample.org",
    "mara.hale@ex\r\nample.org",
    "mara.\nhale@example.org",
    "mara.hale@\nexample.org",
    "mara.hale\n@example.org",
    "mara.hale@example.\norg",
    "mara.hale@ex-\nample.org",
    "> mara.hale@ex\n> ample.org",
    "mara . hale @ example . org",
    "mara.hale @ example.org",
    "mara.hale @example.org",
    "mara.hale@ example.org",
    "m a r a . h a l e @ e x a m p l e . o r g",
    "m.a.r.a.h.a.l.e@e.x.a.m.p.l.e.o.r.g",
    "mara.hale@\u200bexample.org",
    "m\u200ba\u200cr\u200da.hale@example.org",
    "mara.hale\ufeff@example.org",
    "mara.\u00adhale@exam\u00adple.org",
    "\u202emara.hale@example.org\u202c",
    "mara.hale\ufe0f@example\ufe0e.org",
    "mara\u2060.hale@example\u2061.org",
    "m\u0332a\u0332r\u0332a.hale@example.org",
    "mara.hale\x00@example.org",
    "mara.hale\u00a0@\u00a0example.org",
    # entities and percent signs, also twice (row 22)
    "mara.hale&#64;example.org",
    "mara.hale&#064;example.org",
    "mara.hale&#64example.org",
    "mara.hale&#x40;example.org",
    "mara.hale&#X40;example.org",
    "mara.hale&commat;example&period;org",
    "mara&period;hale&commat;example.org",
    "mara.hale&amp;#64;example.org",
    "mara.hale&amp;amp;#64;example.org",
    "mara.hale&amp;commat;example.org",
    "&#109;&#97;&#114;&#97;&#46;&#104;&#97;&#108;&#101;&#64;example.org",
    "mara.hale&shy;@example.org",
    "mara.hale&ZeroWidthSpace;@example.org",
    "mara.hale&#8203;@exa&#173;mple.org",
    "mara.hale%40example.org",
    "mara.hale%2540example.org",
    "mara%2Ehale%40example%2Eorg",
    "mara.hale%252540example.org",
    "%6d%61%72%61.hale@example.org",
    "mailto:mara.hale%40example.org",
    "mara.hale=40example.org",
    "mara.hale=40exam=\nple.org",
    "mara.hale\\u0040example.org",
    "mara.hale\\x40example.org",
    "mara.hale+AEA-example.org",
    "mara.hale&#\u200b64;example.org",
    # other letters for the same (homoglyphs, widths)
    "mara.hale＠example.org",
    "mara.hale﹫example.org",
    "ｍａｒａ．ｈａｌｅ＠ｅｘａｍｐｌｅ．ｏｒｇ",
    "mаrа.hаlе@example.org",
    "mara。hale@example。org",
    "𝐦𝐚𝐫𝐚.𝐡𝐚𝐥𝐞@𝐞𝐱𝐚𝐦𝐩𝐥𝐞.𝐨𝐫𝐠",
    "ⓜⓐⓡⓐ.ⓗⓐⓛⓔ@example.org",
    "ᴍᴀʀᴀ.ʜᴀʟᴇ@ᴇxᴀᴍᴘʟᴇ.ᴏʀɢ",
    "🅼🅰🆁🅰.hale@example.org",
    "márá.hâle@example.org",
    # words for signs
    "mara.hale at example.org",
    "mara.hale (at) example.org",
    "mara.hale [at] example.org",
    "mara.hale{at}example.org",
    "mara.hale<at>example.org",
    "mara.hale AT example DOT org",
    "mara dot hale at example dot org",
    "mara (dot) hale (at) example (dot) org",
    "mara.hale[at]example[dot]org",
    "mara.hale (a) example.org",
    "mara.hale_at_example_dot_org",
    "mara punkt hale ät example punkt org",
    "mara.hale (ät) example.org",
    "mara.hale klammeraffe example punkt org",
    "mara punto hale arroba example punto org",
    "mara ponto hale arroba example ponto org",
    "mara point hale arobase example point org",
    "mara.hale chez example.org",
    "mara underscore hale at example dot org",
    "mara.hale at sign example.org",
    "marahaleATexample.org",
    "mara.hale@NOSPAM.example.org",
    "mara.hale plus group at example dot org",
    "mara hale example org",
]
MARA_NUMBER = [
    "+491701234567",
    "+49 170 1234567",
    "+49 (0)170 123 45 67",
    "+49 (0) 170 / 123 45 67",
    "0049 170 1234567",
    "0049-170-1234567",
    "00491701234567",
    "01701234567",
    "0170 1234567",
    "0170/1234567",
    "0170-123-4567",
    "0170.123.45.67",
    "(0170) 1234567",
    "0 1 7 0 1 2 3 4 5 6 7",
    "0-1-7-0-1-2-3-4-5-6-7",
    "01 70 12 34 56 7",
    "0170\u00a0123\u00a045\u00a067",
    "0170\u2009123\u200945\u200967",
    "0170\u2011123\u20114567",
    "0170\u200b1234567",
    "0170\n1234567",
    "0170\n> 1234567",
    "0170\nthat is the code, then\n1234567",
    "0170 and then 123 and then 4567",
    "０１７０１２３４５６７",
    "٠١٧٠١٢٣٤٥٦٧",
    "०१७० १२३४५६७",
    "۰۱۷۰۱۲۳۴۵۶۷",
    "0️⃣1️⃣7️⃣0️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣",
    "①⑦⓪①②③④⑤⑥⑦",
    "𝟎𝟏𝟕𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕",
    "tel:+49-170-1234567",
    "tel:01701234567",
    "https://wa.me/491701234567",
    "wa.me/+491701234567",
    "sms:+491701234567",
    "%2B491701234567",
    "&#43;49&#49;701234567",
    "+49%20170%201234567",
    "1234567",
    "it is 123-4567 there",
    "123 45 67",
    "1701234567",
    "call 0170-1234567 ext. 12",
    "one seven zero one two three four five six seven",
    "oh one seven oh one two three four five six seven",
    "zero one seven zero, one two three, four five six seven",
    "null eins sieben null eins zwei drei vier fünf sechs sieben",
    "cero uno siete cero uno dos tres cuatro cinco seis siete",
    "zéro un sept zéro un deux trois quatre cinq six sept",
    "zero um sete zero um dois três quatro cinco seis sete",
    "O170 123 45 67",
    "0l70 l23 4567",
    "my number0170 1234567ok",
]
MARA_NAME = [
    "Mara Hale",
    "MARA HALE",
    "mara hale",
    "Hale, Mara",
    "Mara",
    "Thanks, mara!",
    "Love\nMara",
    "Mrs Hale called",
    "Mara's car",
    "M\u200bara",
    "Mára",
    "From: Mara Hale\nTo: all",
    "mara.hale",
    "find me as mara_hale there",
    "marahale",
    "marahale84 no, mara-hale",
    "mh84x no, Ｍａｒａ",
]
OTHERS = [
    ("jo@me.com", 2),
    ("jo at me.com", 2),
    ("jo@icloud.com", 2),
    ("j.o@mac.com", 2),
    ("(202) 555-0143", 2),
    ("202-555-0143", 2),
    ("202.555.0143", 2),
    ("+1 202 555 0143", 2),
    ("1-202-555-0143", 2),
    ("001 202 555 0143", 2),
    ("555-0143", 2),
    ("(202)555-0143 x 12", 2),
    ("two oh two five five five oh one four three", 2),
    ("two oh two triple five oh one four three", 2),
    ("double zero one two oh two triple five oh one four three", 2),
    ("Joanna", 2),
    ("JOANNA O'BRIEN", 2),
    ("salim.haddad@gmail.com", 3),
    ("salimhaddad@googlemail.com", 3),
    ("salim_haddad+other@gmail.com", 3),
    ("salimhaddad at gmail", 3),
    ("salim.haddad@gmail", 3),
    ("s.a.l.i.m.h.a.d.d.a.d@gmail.com", 3),
    ("07400 918273", 3),
    ("+44 (0)7400 918 273", 3),
    ("0044 7400-918273", 3),
    ("سليم حداد", 3),
    ("سَلِيم حَدّاد", 3),
    ("salim_haddad", 3),
    ("josé.núñez@correo.es", 4),
    ("JOSE.NUNEZ@CORREO.ES", 4),
    ("jose\u0301.nu\u0301n\u0303ez@correo.es", 4),
    ("612 84 75 91", 4),
    ("+34 612847591", 4),
    ("José Núñez", 4),
    ("jose nunez", 4),
    ("lixiaolong@qq.com", 5),
    ("138 1726 4950", 5),
    ("+86-138-1726-4950", 5),
    ("一三八 no, +86 １３８ １７２６ ４９５０", 5),
    ("我叫李小龙。", 5),
    ("grace@müller.de", 6),
    ("grace@xn--mller-kva.de", 6),
    ("GRACE@MÜLLER.DE", 6),
    ("grace@mu\u0308ller.de", 6),
    ("333 159 0284", 6),
    ("+39 333 1590284", 6),
    ("Grace Hope", 6),
    ("See you soon\nGrace", 6),
    ("I think Grace knows", 6),
    ("meera-k@web.de", 7),
    ("meerak+x@web.de", 7),
    ("meera-k at web dot de", 7),
    ("मीरा कपूर", 7),
    ("098451 62738", 7),
    ("+91 98451-62738", 7),
    ("९८४५१ ६२७३८", 7),
    ("mh84@gmx.de", 1),
    ("mara.hale@another.example", 1),
    ("Mara.Hale+x@notexample.org", 1),
    ("mh84 (at) gmx (punkt) de", 1),
    ("mh84 at gmx", 1),
]


def _is_contact(text: str) -> bool:
    only_like_hers = "another" in text or "notexample" in text
    return not only_like_hers and any(sign.isdigit() or sign == "@" for sign in text)


CONTACTS = [(text, 1) for text in MARA_MAIL + MARA_NUMBER] + [
    (text, whose) for text, whose in OTHERS if _is_contact(text)
]
FOUND = [(text, 1) for text in MARA_MAIL + MARA_NUMBER + MARA_NAME] + OTHERS


def test_the_table_is_long_enough() -> None:
    """At least 150 ways to write a member's contact are tried, none of them twice."""
    assert len(set(FOUND)) == len(FOUND) >= 150


@pytest.mark.parametrize(("text", "whose"), FOUND)
@pytest.mark.parametrize("others", [False, True])
def test_a_members_contact_is_found(text: str, whose: int, others: bool) -> None:
    """It is found, is known to be hers, and is gone from the masked text."""
    findings = find(text, CIRCLE, strangers=others, region="DE")
    assert {found.whose for found in findings} == {whose}
    left = masked(text, findings, CIRCLE)
    assert find(left, CIRCLE, strangers=False) == ()
    assert WATCH.exposed(left) == frozenset()


@pytest.mark.parametrize(("text", "whose"), CONTACTS)
def test_the_egress_guard_sees_each_contact(text: str, whose: int) -> None:
    """What the contact guard would have had to mask, the last check would have stopped."""
    assert WATCH.exposed(f"Robin: {text}\n") == {whose}


NOT_HERS = [
    "tamara.hale@example.org",
    "Robin, Wren and Sparrow said hello",
    "@robin thanks",
    "I hope you are well",
    "Hope to see you",
    "with the grace of God",
    "joann@me.com",
    "Jo, look at me. Come on!",
    "1234567890123",
    "81234567",
    "12345678",
    "the year 2024, room 12, page 1234, 567 people",
    "marathon, marathi, tamara, hales",
    "salimhaddadi@gmail.com",
    "finches at correo central",
    "swift as the web. De nada",
    "tomara.halecyon at gmail",
    "",
    " ",
    "0170",
    "+49 170 1234568",
    "0170 7654321",
]


@pytest.mark.parametrize("text", NOT_HERS)
def test_what_is_not_hers_stays(text: str) -> None:
    """Other people's addresses, pseudonyms and everyday words are no member's contact."""
    assert find(text, CIRCLE, strangers=False) == ()
    assert WATCH.exposed(text) == frozenset()


def test_a_name_that_two_members_bear_names_neither() -> None:
    """Where a name could be of two members, the text tells of neither."""
    from circle import person

    two = (
        person(1, "Robin", "+491701234567", names=("Mara Hale",)),
        person(2, "Wren", "+491707654321", names=("Mara Stone",)),
    )
    findings = find("Mara, are you there? Mara Hale?", two, strangers=False)
    shown = masked("Mara, are you there? Mara Hale?", findings, two)
    assert shown == "[name removed], are you there? [name removed]?"


def test_a_name_that_is_a_pseudonym_stays() -> None:
    """A pseudonym stays, also if somebody in the group is really called so."""
    from circle import person

    two = (person(1, "Zelda", "+491701234567"), person(2, "Wren", "w@x.org", names=("Zelda Kay",)))
    assert find("I saw Zelda here", two, strangers=False) == ()
    assert [found.whose for found in find("I saw Zelda Kay here", two, strangers=False)] == [2]
    assert [found.whose for found in find("I saw Kay here", two, strangers=False)] == [2]


def test_two_members_with_one_phone_are_both_exposed() -> None:
    """A phone shared by two members exposes both, and is masked once."""
    from circle import person

    two = (person(1, "Robin", "+491701234567"), person(2, "Wren", "+491701234567"))
    assert Watch(two).exposed("0170 1234567") == {1, 2}
    text = "call 0170 1234567 now"
    assert masked(text, find(text, two, strangers=False), two) == "call Robin now"


def test_nothing_shows_a_contact() -> None:
    """Neither findings nor the built guard print what they know."""
    findings = find("mara.hale@example.org", CIRCLE, strangers=False)
    assert "hale" not in repr((findings, WATCH, CIRCLE)).lower()
