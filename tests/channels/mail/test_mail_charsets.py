"""Octets become the letters that were meant, also where the label is wrong, odd or missing."""

from __future__ import annotations

import pytest

from channels.mail.charsets import decode

RUSSIAN = "Мне сегодня лучше, спасибо всем."
LABELS = {
    "windows-874": ("cp874", "ขอบคุณ"),
    "TIS-620": ("tis-620", "ขอบคุณ"),
    "iso_8859-2:1987": ("iso-8859-2", "dziękuję"),
    "ISO88592": ("iso-8859-2", "dziękuję"),
    "iso-8859-8-i": ("iso-8859-8", "תודה"),
    "ISO-8859-6-E": ("iso-8859-6", "شكرا"),
    "latin5": ("iso-8859-9", "teşekkür"),
    "x-cp1251": ("cp1251", RUSSIAN),
    "csKOI8R": ("koi8-r", RUSSIAN),
    "KOI8-RU": ("koi8-u", "дякую, ґедзь"),
    "IBM866": ("cp866", RUSSIAN),
    "x-x-big5": ("big5", "謝謝大家"),
    "Big5": ("cp950", "墻裏"),
    "GB_2312-80": ("gb2312", "谢谢大家"),
    "windows-936": ("gbk", "謝謝"),
    "ks_c_5601-1989": ("euc-kr", "고마워요"),
    "ms_kanji": ("shift_jis", "ありがとう"),
    "x-EUC-JP": ("euc-jp", "ありがとう"),
    '"utf-8"': ("utf-8", "नमस्ते"),
    "utf8mb4": ("utf-8", "💛"),
    "unicode": ("utf-16-le", "hello"),
}


@pytest.mark.parametrize("label", LABELS)
def test_labels_mean_what_mail_programs_mean_by_them(label: str) -> None:
    """Also those that Python does not know, or takes for a smaller charset."""
    codec, words = LABELS[label]
    assert decode(words.encode(codec), label) == words


@pytest.mark.parametrize("label", ["koi8-r", "windows-1251", "iso-8859-2", "windows-1256"])
@pytest.mark.parametrize("words", [RUSSIAN, "gracias, señorita, mañana así", "धन्यवाद"])
def test_utf8_under_the_label_of_another_charset_is_utf8(label: str, words: str) -> None:
    """What is valid UTF-8 with several long letters was written as such."""
    assert decode(words.encode(), label) == words


@pytest.mark.parametrize("label", ["", "us-ascii", "utf-8", "x-nobody-knows"])
@pytest.mark.parametrize("codec", ["cp1251", "koi8-r"])
def test_cyrillic_without_its_label_is_read(codec: str, label: str) -> None:
    """A program that says nothing, or the wrong thing, loses no letter."""
    assert decode(RUSSIAN.encode(codec), label) == RUSSIAN


WESTERN = (
    "où êtes-vous ? ça été dur, mais là, ça va",
    "Größe, Übung, Äpfel, heiß, süß, öäüÄÖÜß",
    "“quoted” – dashed… €5",
    "ÉTÉ À NOËL, GARÇON, FRANÇOISE",
)


@pytest.mark.parametrize("words", WESTERN)
def test_western_text_without_its_label_stays_western(words: str) -> None:
    """Letters with accents stand alone or in short groups, not in words of nothing else."""
    assert decode(words.encode("cp1252"), "") == words
    assert decode(words.encode("cp1252"), "utf-8") == words


@pytest.mark.parametrize("label", ["iso-8859-1", "ISO_8859-1", "windows-1252", "iso-8859-1:1987"])
def test_a_western_label_is_believed(label: str) -> None:
    """However strange the words: only what is UTF-8 is taken for something else."""
    words = "ßßßß ÄÖÜÄÖÜ ßßßßßß"
    assert decode(words.encode("cp1252"), label) == words
    assert decode(words.encode(), label) == words


@pytest.mark.parametrize(
    "label", ["zlib", "unicode_escape", "idna", "rot13", "hex", "mbcs", "\x00"]
)
def test_python_s_own_codecs_are_no_charsets(label: str) -> None:
    """A label never reaches a codec that is none."""
    assert decode(b"caf\xe9 \\u0041", label) == "café \\u0041"
