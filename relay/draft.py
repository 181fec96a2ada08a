"""Drafts: what would leave for the readers, made of what came in, before anything is stored.

Pure. Pictures are made anew, and what the group does not want to be seen is found and replaced;
both take time, so this runs before the transaction, not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from channels.contract import NO_WORDS, Inbound, Picture, Trait
from channels.files import Refused, Words, clean
from channels.secret import Secret
from relay.circles import Circle
from relay.guard.find import Guard
from relay.guard.mask import masked
from relay.guard.people import Finding, Person
from relay.model import Body, Group, Member

_WORDS_OF_A_NAME = 2
MOST_PICTURES = 5
"""In one message; more of them would not fit into many a mailbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What becomes of the words and files of one message."""

    body: Body
    whole: Body | None
    """The same with its author's own contact left in; `None` if hers is not in it."""
    guarded: bool
    """Whether something in it was replaced."""
    files_left_out: bool
    characters: int
    """How long her words are."""
    too_long: bool = False
    """They are longer than the group allows, so nothing more was done with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what a draft is made: the group, who writes, who is in it, and where its phones are."""

    group: Group
    author: Member
    circle: Circle
    region: str
    real_name: Secret = NO_WORDS
    """The name her mail program put beside her address."""

    def look(self, text: str) -> tuple[Finding, ...]:
        """The contacts and names in a text that the group does not want to be seen."""
        settings = self.group.settings
        if settings.contacts == "allow":
            return ()
        found = self.circle.guard(settings, self.region).find(text)
        own = [f for f in self._her_name(text) if not any(_overlap(f, other) for other in found)]
        return tuple(sorted([*found, *own], key=lambda finding: finding.start))

    def _her_name(self, text: str) -> tuple[Finding, ...]:
        """Where her own full name stands; a single word may be anything."""
        if len(self.real_name.reveal().split()) < _WORDS_OF_A_NAME:
            return ()
        herself = Person(
            id=self.author.id, name=self.author.name, contacts=(), names=(self.real_name,)
        )
        return Guard([herself], strangers=False).find(text)

    def masked(self, text: str, found: Sequence[Finding]) -> Secret:
        """The text with what was found replaced."""
        return Secret(masked(text, found, self.circle.people))


def draft(inbound: Inbound, text: str, thread: tuple[int, ...], rules: Rules) -> Draft:
    """Make a draft of a message; `text` is what it says, with its voices kept apart."""
    settings = rules.group.settings
    pictures, words, left_out = _files(inbound, allowed=settings.pictures)
    whole_text = "\n\n".join(part for part in (text, *words) if part)
    subject = inbound.subject.reveal()
    if len(whole_text) > settings.longest:
        return _too_long(rules, len(whole_text), files_left_out=left_out)
    found = (rules.look(subject), rules.look(whole_text))
    guarded = any(found)
    same_words = whole_text == inbound.text.reveal().strip() and not guarded
    body = Body(
        author=rules.author.name,
        mask=rules.author.mask,
        subject=rules.masked(subject, found[0]),
        text=rules.masked(whole_text, found[1]),
        html=inbound.html if settings.html and same_words else NO_WORDS,
        pictures=pictures,
        thread=thread,
        shown=settings.contacts == "allow",
    )
    return Draft(
        body=body,
        whole=_with_her_own(body, subject, whole_text, found, rules),
        guarded=guarded,
        files_left_out=left_out,
        characters=len(whole_text),
    )


def _overlap(one: Finding, other: Finding) -> bool:
    return one.start < other.end and other.start < one.end


def _too_long(rules: Rules, characters: int, *, files_left_out: bool) -> Draft:
    """A draft that no group gets: looking for contacts in a whole book would take seconds."""
    nothing = Body(
        author=rules.author.name, mask=rules.author.mask, subject=NO_WORDS, text=NO_WORDS
    )
    return Draft(
        body=nothing,
        whole=None,
        guarded=False,
        files_left_out=files_left_out,
        characters=characters,
        too_long=True,
    )


def _with_her_own(
    body: Body,
    subject: str,
    text: str,
    found: tuple[tuple[Finding, ...], tuple[Finding, ...]],
    rules: Rules,
) -> Body | None:
    """The draft with her own contact left in, and only hers."""
    others = [[f for f in findings if f.whose != rules.author.id] for findings in found]
    if sum(map(len, others)) == sum(map(len, found)):
        return None
    return Body(
        author=body.author,
        mask=body.mask,
        subject=rules.masked(subject, others[0]),
        text=rules.masked(text, others[1]),
        pictures=body.pictures,
        thread=body.thread,
        shown=True,
    )


def _files(inbound: Inbound, *, allowed: bool) -> tuple[tuple[Picture, ...], tuple[str, ...], bool]:
    """Pictures made anew, the words of text files, and whether something stays behind."""
    left_out = Trait.FILES_LEFT_OUT in inbound.traits
    if not allowed:
        return (), (), left_out or bool(inbound.files)
    pictures: list[Picture] = []
    words: list[str] = []
    for file in inbound.files:
        made = clean(file)
        if isinstance(made, Refused) or len(pictures) == MOST_PICTURES:
            left_out = True
        elif isinstance(made, Words):
            words.append(made.text.reveal().strip())
        else:
            pictures.append(made)
    return tuple(pictures), tuple(words), left_out
