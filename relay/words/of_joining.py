"""The words of who joins, is renamed, or goes."""

from __future__ import annotations

import re

from policies.verdict import Reason
from relay.words.folding import folded, parted
from relay.words.word import (
    ANYONE,
    EVERYWHERE,
    HERSELF,
    WHATEVER,
    Command,
    Form,
    Owner,
    Who,
    Word,
)

CODE_LENGTH = 6
"""Digits of the number in an invitation."""

_LONGEST_NAME = 40
_MOST_PARTS = 3
_CONTACT_DIGITS = 7
_SURELY_DIGITS = 5
_NUMBER = re.compile(r"[\s+()./\-\u2010-\u2015\d]+")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")

_TALK_WORDS = """
a about all an and any as at but by everyone for from group her him his how i if in is it its me my
no not of on or our out so some than that the their them then there these they this those to up us
we what when where who why with you your file folder number phone
el la los las un una lo le les mi tu su nos de del que por para con y o si no se al eso esto
der die das den dem des ein eine einen es ich mich mir du dich ihr sie wir uns mein dein sein
und oder nicht zu auf mit von in im an am als
je tu il elle nous vous ils me te se moi toi ce cet cette ces mon ton son ma ta sa une et ou ne pas
du des au aux en avec pour
o a os as um uma eu ele ela eles meu teu seu minha tua sua isso isto ao na no nas nos dos das
"""
_TALK = frozenset(_TALK_WORDS.split())
"""How what follows begins, or is said, in a sentence; a pseudonym does not."""


def is_code(rest: str) -> bool:
    """Whether this is the number of an invitation: six digits, in any script, spaced as one likes.

    Example: `482 913`.
    """
    said = folded(rest)
    return len(said) == CODE_LENGTH and said.isascii() and said.isdecimal()


def looks_like_name(rest: str) -> bool:
    """Whether this can be meant as a pseudonym: up to three words, none of them of a sentence."""
    said = parted(rest)
    if not 0 < len(said) <= _MOST_PARTS or len(rest) > _LONGEST_NAME or _digits(rest) > 3:
        return False
    return _TALK.isdisjoint(said) and not re.search(r"[?!,;:\n]", rest)


def looks_like_contact(rest: str) -> bool:
    """Whether this is nothing but a telephone number or a mail address, however it is written."""
    rest = rest.strip()
    if _ADDRESS.fullmatch(rest):
        return True
    return _NUMBER.fullmatch(rest) is not None and _digits(rest) >= _CONTACT_DIGITS


def holds_contact(rest: str) -> bool:
    """Whether there may be a number or an address in this."""
    return "@" in rest or _digits(rest) >= _SURELY_DIGITS


def _digits(text: str) -> int:
    return sum(char.isdecimal() for char in text)


_BEFORE = frozenset({Reason.NOT_A_MEMBER_NOW, Reason.NOT_PROVEN})
"""What is true of who has not agreed: it is no reason not to hear that she does."""

_JOIN = Word(
    command=Command.JOIN,
    spellings={
        "en": ("join",),
        "es": ("unirse", "unirme"),
        "fr": ("rejoindre",),
        "de": ("beitreten",),
        "pt": ("entrar", "participar"),
        "ar": ("انضمام", "انضم"),
        "zh": ("加入",),
    },
    meaning="Takes up an invitation, with the number that stands in it.",
    who=HERSELF | {Who.INVITED},
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=is_code,
    despite=_BEFORE,
    unproven=True,  # who knows the number has read what was sent to her
)

_AGREE = Word(
    command=Command.AGREE,
    # Among members this is ordinary talk; it is heard only from who was asked.
    spellings={
        "en": ("agree",),
        "es": ("acepto",),
        "fr": ("j'accepte", "accepter"),
        "de": ("einverstanden", "zustimmen"),
        "pt": ("aceito", "concordo"),
        "ar": ("أوافق", "موافقة"),
        "zh": ("同意",),
    },
    meaning="Says that you agree to the words you were shown.",
    who=HERSELF | {Who.INVITED},
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    despite=_BEFORE | {Reason.GROUP_FROZEN},
    slips=False,
    unproven=True,  # but only as an answer to what was sent to her
)

_AGREEMENT = Word(
    command=Command.AGREEMENT,
    spellings={
        "en": ("agreement", "show agreement"),
        "es": ("ver acuerdo",),
        "fr": ("voir l'accord", "voir accord"),
        "de": ("vereinbarung", "vereinbarung zeigen"),
        "pt": ("ver acordo",),
        "ar": ("الاتفاق", "الاتفاقية"),
        "zh": ("协议", "協議"),
    },
    meaning="Shows you the words that members agree to.",
    who=HERSELF | {Who.INVITED},
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=False,
    despite=_BEFORE | {Reason.GROUP_FROZEN},
    slips=False,
)

_VOUCH = Word(
    command=Command.VOUCH,
    spellings={
        "en": ("vouch", "vouch for"),
        "es": ("avalar", "avalo a"),
        "fr": ("parrainer",),
        "de": ("bürgen", "bürge für"),
        "pt": ("abonar",),
        "ar": ("أضمن", "ضمان"),
        "zh": ("担保", "擔保"),
    },
    meaning="Says that you know a newcomer and want to let her in.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=looks_like_name,
    names=True,
)

_RENAME = Word(
    command=Command.RENAME,
    spellings={
        "en": ("rename",),
        "es": ("renombrar", "cambiar nombre"),
        "fr": ("renommer", "changer nom"),
        "de": ("umbenennen",),
        "pt": ("renomear", "mudar nome"),
        "ar": ("تغيير الاسم",),
        "zh": ("改名",),
    },
    meaning="Gives you another name in this group.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=looks_like_name,
    near=holds_contact,
)

_AVOID = Word(
    command=Command.AVOID,
    spellings={
        "en": ("never with",),
        "es": ("nunca con",),
        "fr": ("jamais avec",),
        "de": ("nie mit", "niemals mit"),
        "pt": ("nunca com",),
        "ar": ("أبدا مع",),
        "zh": ("绝不和", "絕不和"),
    },
    meaning="Names a number or address that must never share a group with you.",
    who=HERSELF | {Who.INVITED},
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=looks_like_contact,
    near=holds_contact,
    despite=frozenset(
        {
            Reason.GROUP_FROZEN,
            Reason.NOT_A_MEMBER_NOW,
            Reason.UNREACHABLE,
        }
    ),
)

_FORGET = Word(
    command=Command.FORGET,
    spellings={
        "en": ("forget me",),
        "es": ("borrar mis datos", "olvidar mis datos"),
        "fr": ("effacer mes données", "oublier mes données"),
        "de": ("meine daten löschen", "daten löschen"),
        "pt": ("apagar meus dados", "esquecer meus dados"),
        "ar": ("احذف بياناتي", "امسح بياناتي"),
        "zh": ("删除我的资料", "刪除我的資料", "删除我的数据"),
    },
    meaning="Asks for all that is held of you in this group to be erased.",
    who=ANYONE,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    despite=WHATEVER - {Reason.NOT_PROVEN},
    slips=False,
)

_FORGET_YES = Word(
    command=Command.FORGET_YES,
    spellings={
        "en": ("forget me yes", "yes forget me"),
        "es": ("borrar mis datos sí", "olvidar mis datos sí"),
        "fr": ("effacer mes données oui", "oublier mes données oui"),
        "de": ("meine daten löschen ja", "daten löschen ja"),
        "pt": ("apagar meus dados sim", "esquecer meus dados sim"),
        "ar": ("احذف بياناتي نعم", "امسح بياناتي نعم"),
        "zh": ("删除我的资料是", "刪除我的資料是", "删除我的数据是"),
    },
    meaning="Erases all that is held of you in this group, right after you asked for it.",
    who=ANYONE,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    despite=WHATEVER - {Reason.NOT_PROVEN},
)

WORDS: tuple[Word, ...] = (
    *(_JOIN, _AGREE, _AGREEMENT, _VOUCH, _RENAME, _AVOID, _FORGET, _FORGET_YES),
)
