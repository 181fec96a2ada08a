"""Strangers' contacts are found where a group wants that; ordinary talk is left alone."""

from __future__ import annotations

import pytest
from circle import CIRCLE

from relay.guard.find import find
from relay.guard.mask import masked

KEEP = (
    "0800 111 0 111",
    "116 123",
    "+1-800-273-8255",
    "08000 116 016",
    "help@hotline.example.org",
    "1-800-799-SAFE",
)

FOUND = [
    ("bob@example.com", "DE"),
    ("Bob@Example.COM, thanks", "DE"),
    ("write to b.o_b+x@mail.example.co.uk.", "GB"),
    ("<bob@example.com>", None),
    ("bob&#64;example.com", None),
    ("bob%40example.com", None),
    ("bob＠example.com", None),
    ("bob@exa\nmple.com", None),
    ("bob@\nexample.com", None),
    ("bob.smith @ example . com", None),
    ("bob (at) example.com", None),
    ("bob [at] example [dot] com", None),
    ("bob at example dot com", None),
    ("bob.smith at example dot com", None),
    ("bob arroba example punto es", "ES"),
    ("bob ät example punkt de", "DE"),
    ("b o b @ e x a m p l e . c o m", None),
    ('"bob smith"@example.com', None),
    ("@bob@social.example.org", None),
    ("用户@例子.中国", "CN"),
    ("иван@пример.рф", "DE"),
    ("bob@[192.0.2.1]", None),
    ("+44 20 7946 0958", None),
    ("+44 (0)20 7946 0958", None),
    ("+1 (212) 555-2368", None),
    ("+33 6 12 34 56 78", None),
    ("+33.6.12.34.56.78", "FR"),
    ("0033 6 12 34 56 78", "DE"),
    ("06 12 34 56 78", "FR"),
    ("06.12.34.56.78", "FR"),
    ("01 02 20 24 30", "FR"),
    ("030 12345678", "DE"),
    ("(030) 1234 5678", "DE"),
    ("0171/7654321", "DE"),
    ("my number is 0171 7654321 or 0172 7654321", "DE"),
    ("020 7946 0958", "GB"),
    ("07911 123456 - text", "GB"),
    ("212-736-5000", "US"),
    ("(212) 736-5000", "US"),
    ("2127365000", "US"),
    ("1 212 736 5000", "US"),
    ("212.736.5000 ext 4", "US"),
    ("612 345 678", "ES"),
    ("91 123 45 67 8 no 911 234 567", "ES"),
    ("912 345 678", "PT"),
    ("(11) 91234-5678", "BR"),
    ("call me 171 7654321", "DE"),
    ("wa.me/33612345678", None),
    ("tel:+33612345678", None),
    ("٠٦ ١٢ ٣٤ ٥٦ ٧٨", "FR"),
    ("０６１２３４５６７８", "FR"),
    ("+33 6\u200b12 34 56 78", None),
    ("+33612345678", None),
    ("0161 496 0000", "GB"),
    ("07700 900123", "GB"),
    ("(555) 123-4567", "US"),
    ("555-123-4567", "US"),
]


@pytest.mark.parametrize(("text", "region"), FOUND)
def test_a_strangers_contact_is_found_if_wanted(text: str, region: str | None) -> None:
    """An address or plausible number of nobody in the group is masked, or left where allowed."""
    findings = find(text, (), strangers=True, keep=KEEP, region=region)
    assert findings
    assert {found.whose for found in findings} == {None}
    assert "removed]" in masked(text, findings, ())
    assert find(text, (), strangers=False, region=region) == ()


ORDINARY = [
    # what other relays broke on
    "2024 was a hard year",
    "12345 Main Street",
    "1700 does not suit me",
    "2024 was hard, 2025 will be better",
    "20 years ago I was 20",
    # dates
    "2024-11-21",
    "2024-11-21 18:30",
    "2024-11-21T18:30:00Z",
    "20241121",
    "20241121T1830",
    "21.11.2024",
    "21.11.24",
    "1.2.24",
    "01.02.2024",
    "11/21/2024",
    "01/02/2024",
    "01/02/24",
    "21-11-2024",
    "03 11 2024",
    "21 Nov 2024 at 10",
    "Nov 21, 2024, 7 pm",
    "on 2024/11/21 or 2024/11/28",
    "21.11.2024 - 28.11.2024",
    "21.11.2024, 18.30 Uhr",
    "between 2019 and 2024",
    "2019-2024",
    "2019 - 2024",
    "2019/2020",
    "1914-1918 and 1939-1945",
    "born 01.02.1980, moved 03.04.2001",
    # times
    "18:30",
    "at 18:30-20:00",
    "08:00 - 09:30",
    "0800-1000",
    "0900 - 1700",
    "7.30 pm, 8.15 pm",
    "10:00 UTC+2",
    "every day 8-10-12-14",
    "24/7",
    # places
    "1600 Pennsylvania Avenue",
    "room 12-345",
    "room 4.012",
    "10115 Berlin",
    "SW1A 1AA",
    "Beverly Hills 90210-4321",
    "Hauptstr. 12-14, 80331 München",
    "bus 100, 200 and 245",
    "52.5200, 13.4050",
    "exit 21 on the A9",
    # money, counts, measures
    "$1,299.00",
    "1.299,00 €",
    "$ 1000000",
    "€2.345.678,90",
    "12 345 678 EUR",
    "1 000 000",
    "1,000,000 people",
    "10 000 000 people",
    "1.000.000",
    "10-20-30 mg",
    "10-20-30-40 mg",
    "100-200-300 mg",
    "0.25 mg twice, then 0.5",
    "5000 steps, 10000 steps, 12345 steps",
    "100%, 50%, 33.3333333%",
    "1-2-3-4-5-6",
    "count 1 2 3 4 5 6",
    "3.14159265",
    "+5 points, +10 points",
    "1/2 cup, 3/4 cup, 250 ml",
    "37.5, 38.2, 39.1",
    "120/80",
    "6 ft 2, 180 lb",
    # books and games
    "1 Cor 13:4-7",
    "Ps 23:1-6; 119:105",
    "John 3:16",
    "Psalm 119, 1-176",
    "21-19 21-15",
    "3-0, 2-1, 4-4",
    "6-4 6-3 7-5",
    "ISBN 978-3-16-148410-0",
    "ISBN 0-306-40615-2",
    "0-306-40615-2",
    "ISBN: 3161484100",
    "978 0 306 40615 7",
    "pages 100-120, 200-245",
    "chapter 12, verse 1-8",
    "step 1, step 2, step 12",
    "12 steps in 90 days, 90 meetings in 90 days",
    # codes
    "order 123456",
    "order number 4711",
    "version 1.2.3",
    "v10.15.7",
    "192.168.0.1",
    "10.0.0.1:8080",
    "54.36.85.113",
    "error 404",
    "code 839201",
    "PIN 0000",
    "DE89 3704 0044 0532 0130 00",
    "RFC 5322 section 3.4.1",
    "1Z999AA10123456784",
    "A1B2C3D4E5F6",
    "#12345",
    # hotlines: short, or listed
    "988",
    "call 911",
    "112 or 110",
    "call 116 123",
    "116123",
    "116-123",
    "0800 1110111",
    "0800/111 0 111",
    "0800-1110-111",
    "+49 800 1110111",
    "0049 800 111 0 111",
    "１１６ １２３",
    "08000116016",
    "08000 116 016 is free",
    "1-800-273-8255",
    "800-273-8255",
    "(800) 273-8255",
    "+1 800 273 8255",
    "18002738255",
    "1-800-799-7233",
    "1-800-799-SAFE",
    "help@hotline.example.org",
    "HELP@hotline.example.org",
    "help (at) hotline.example.org",
    # signs that are no address
    "meet at 7 dot com cafe",
    "@robin",
    "thanks @robin.me too",
    "@robin how are you",
    "we met @ the cafe. Then home",
    "see you @ 7.30",
    "see you at home. com on!",
    "look at facebook.com",
    "I work at booking dot com",
    "we met at amazon dot com",
    "at 5. me too",
    "look at me. It is fine",
    "bob@work said so",
    "a@b",
    "3 apples @ 1.50 each",
    "e.g. this, i.e. that",
    "I am at peace. In time it heals",
    "wait... at.. what?",
    "www.example.org/page?x=1",
    "https://example.org/2024/11/21/story-123456",
    "point at it. Not at me",
    "the dot at the end. De verdad",
]


def test_the_table_of_talk_is_long_enough() -> None:
    """At least 120 ordinary lines are tried, none twice."""
    assert len(set(ORDINARY)) == len(ORDINARY) >= 120


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_talk_is_left_alone(text: str) -> None:
    """No line of ordinary talk, and no listed hotline, loses a word, whatever the country."""
    for region in ("DE", "US", "GB", "FR", "ES", "DK", None):
        findings = find(text, (), strangers=True, keep=KEEP, region=region)
        assert [text[found.start : found.end] for found in findings] == [], region


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_talk_is_left_alone_in_a_group_of_many_countries(text: str) -> None:
    """Members from seven countries do not make ordinary talk look like their numbers."""
    findings = find(f"Well: {text}\nBye", CIRCLE, strangers=True, keep=KEEP, region="DE")
    assert [text[found.start : found.end] for found in findings] == []


def test_an_unlisted_hotline_is_a_strangers_number() -> None:
    """Long numbers are kept because they are listed, not because of what they look like."""
    text = "call 0800 1110111"
    assert find(text, (), strangers=True, keep=KEEP, region="DE") == ()
    findings = find(text, (), strangers=True, region="DE")
    assert masked(text, findings, ()) == "call [number removed]"


def test_a_members_own_contact_is_not_freed_by_the_list() -> None:
    """A member's number that is also listed is masked, or the egress guard would stop the post."""
    findings = find("0170 1234567", CIRCLE, strangers=True, keep=("01701234567",), region="DE")
    assert [found.whose for found in findings] == [1]


def test_a_strangers_address_with_a_members_family_name_is_a_strangers() -> None:
    """What stands in place of it does not tell that somebody here bears that name."""
    text = "tamara.hale@example.org"
    assert masked(text, find(text, CIRCLE, strangers=True), CIRCLE) == "[address removed]"


def test_after_so_many_looks_the_rest_counts_unchecked() -> None:
    """Hostile lists of near-numbers cost a bounded number of checks, and hide no real one."""
    text = "\n".join(f"x 0{number:06} x" for number in range(400))
    findings = find(text, (), strangers=True, region="US")
    shown = [text[found.start : found.end] for found in findings]
    assert "0000001" not in shown
    assert shown[-1] == "0000399"
