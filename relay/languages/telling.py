"""Words that tell what a group is for. Data.

A phone on the nightstand shows the first words of a text to whoever looks. So nothing that the
relay says of its own may hold a word that tells why somebody is in a group. The list is short on
purpose: it stops what is written in haste, and no list could stop everything.
"""

from __future__ import annotations

from relay.words.folding import folded, parted

_STEMS = """
surviv abus assault rape raped rapist violen domestic shelter refuge trauma ptsd therap counsel
grief griev bereave addict sober alcohol rehab recover suicid selfharm victim stalk incest hiv
superviv sobreviv maltrat violencia violac agredi agresi terapi adicci drogad duelo albergue alcohol
rehabilit suicid victima acoso
violenc viol violee agress therapeut deuil endeuill toxicoman alcool suicid victime desintox
uberleb missbrauch gewalt vergewalt frauenhaus trauer sucht suchtig alkohol suizid opfer entzug
estupr abrigo luto enlutad vicio viciad dependencia suicid vitima
"""
"""The beginnings of words, folded; a word of up to four letters counts only as a whole."""
_SIGNS = """
ناجيات ناجين عنف اعتداء اغتصاب إساءة تحرش مأوى صدمة علاج إدمان حداد انتحار ضحية ضحايا
幸存 虐待 家暴 暴力 强奸 強姦 性侵 庇护 庇護 创伤 創傷 治疗 治療 戒酒 戒毒 成瘾 哀悼
丧亲 自杀 自殺 受害
"""
"""Where words take on other letters in front, or stand without blanks between."""

_SHORT = 4
_WHOLE = frozenset(stem for stem in _STEMS.split() if len(stem) <= _SHORT)
_BEGINNINGS = tuple(stem for stem in _STEMS.split() if len(stem) > _SHORT)
_ANYWHERE = tuple(folded(sign) for sign in _SIGNS.split())


def tells(words: str) -> bool:
    """Whether a sentence holds a word that tells what a group is for, in any language."""
    said = parted(words)
    if any(word in _WHOLE or word.startswith(_BEGINNINGS) for word in said):
        return True
    return any(sign in folded(words) for sign in _ANYWHERE)


def names(words: str, name: str) -> bool:
    """Whether a sentence holds this name, however it is written."""
    said, wanted = parted(words), parted(name)
    span = len(wanted)
    runs = (said[at : at + span] for at in range(len(said) - span + 1))
    return bool(wanted) and any(run == wanted for run in runs)
