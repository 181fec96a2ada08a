"""What stands beside members' own words, and on the page behind a link to unsubscribe."""

from __future__ import annotations

from channels.contract import Phrase
from relay.wording.text import Text

MORE = Text(*Phrase.MORE.value)
NO_SUBJECT = Text(*Phrase.NO_SUBJECT.value)
PICTURES_LEFT_OUT = Text(*Phrase.PICTURES_LEFT_OUT.value)
PICTURES_BY_MAIL = Text(*Phrase.PICTURES_BY_MAIL.value)

ADDRESS_REMOVED = Text("address removed")
NUMBER_REMOVED = Text("number removed")
NAME_REMOVED = Text("name removed")

PAGE_TITLE = Text("Messages")
PAGE_QUESTION = Text("Get no more messages?")
PAGE_BUTTON = Text("Get no more messages")
PAGE_NOBODY = Text("Nobody else is told.")
PAGE_DONE = Text("You will get no more messages.")
PAGE_CLOSE = Text("Nobody else was told. You may close this page.")
