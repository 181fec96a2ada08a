"""What channels say of their own, in a reader's language."""

from __future__ import annotations

from functools import cache, lru_cache

from channels.contact import SMS
from channels.contract import Phrase, Say
from relay.languages.catalogue import FROM_RIGHT, LATIN, SOURCE, translator
from relay.languages.speech import spoken
from relay.model import GroupSettings, MemberSettings
from relay.wording import phrases
from relay.wording.text import Text

_TEXTS = {
    Phrase.MORE: phrases.MORE,
    Phrase.NO_SUBJECT: phrases.NO_SUBJECT,
    Phrase.PICTURES_LEFT_OUT: phrases.PICTURES_LEFT_OUT,
    Phrase.PICTURES_BY_MAIL: phrases.PICTURES_BY_MAIL,
}


@lru_cache(maxsize=200)
def phrases_for(group: GroupSettings, member: MemberSettings, channel: str) -> Say:
    """How a channel speaks to this reader."""

    @cache
    def said(phrase: Phrase, count: int) -> str:
        return spoken(_TEXTS[phrase].format(count=count), group, member, channel=channel)

    return said


def to_strangers(text: Text, language: str) -> str:
    """What a phone reads that belongs to no group: one plain text, in English if need be."""
    group = GroupSettings(language=language if language in LATIN else SOURCE)
    return spoken(text, group, channel=SMS)


def page_words(language: str) -> dict[str, str]:
    """The words of the page behind a link to unsubscribe, and how they run, by name."""
    texts = {
        "title": phrases.PAGE_TITLE,
        "question": phrases.PAGE_QUESTION,
        "button": phrases.PAGE_BUTTON,
        "nobody": phrases.PAGE_NOBODY,
        "done": phrases.PAGE_DONE,
        "close": phrases.PAGE_CLOSE,
    }
    translate = translator(language)
    return {
        "language": language,
        "direction": "rtl" if language in FROM_RIGHT else "ltr",
        **{name: text.said(translate) for name, text in texts.items()},
    }
