"""Drafts: what would leave for the readers, made of what came in, before anything is stored.

Pure. Pictures are made anew, and what the group does not want to be seen is found and replaced;
both take time, so this runs before the transaction, not in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from channels.contract import NO_WORDS, Inbound, Picture, Trait
from channels.files import MOST_OCTETS, Refused, Words, clean
from channels.secret import Secret
from policies.pseudonym import skeleton
from relay.circles import Circle
from relay.guard.find import Guard
from relay.guard.mask import masked
from relay.guard.people import Finding, Kind, Person
from relay.languages.speech import spoken
from relay.model import Body, Group, GroupSettings, Member
from relay.words.orders import is_marked_urgent

MOST_OCTETS_OF_TEXTS = 450 * 1024
"""Of a picture that goes to phones too: carriers take some 600 KB a message, and one has to fit."""

_WORDS_OF_A_NAME = 2
_COLONS = ":\uff1a\u2236\ua789\ufe55"
_SPEAKER = re.compile(rf"\n(?=[^\S\n]*([^{_COLONS}\n]{{1,40}})[{_COLONS}])")
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
    telling: bool
    """Whether its author may know that: what is hers, or what counts for anybody's contact."""
    files_left_out: bool
    characters: int
    """How long her words are."""
    nothing: bool = False
    """It was not made, because the message is not passed on."""


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

    def whose(self, text: str) -> frozenset[int]:
        """The members whose contacts or real names stand in a text, whatever may be seen."""
        found = self.circle.guard(self.group.settings, self.region).find(text)
        return frozenset(finding.whose for finding in found if finding.whose is not None)

    def _her_name(self, text: str) -> tuple[Finding, ...]:
        """Where her own full name stands; a single word may be anything."""
        if len(self.real_name.reveal().split()) < _WORDS_OF_A_NAME:
            return ()
        herself = Person(
            id=self.author.id, name=self.author.name, contacts=(), names=(self.real_name,)
        )
        return Guard([herself], strangers=False).find(text)

    def may_tell(self, finding: Finding) -> bool:
        """Not of others' names, nor of their contacts where strangers' are left alone.

        Being told would answer the question whether somebody is in the group.
        """
        if finding.whose == self.author.id:
            return True
        return finding.kind is not Kind.NAME and self.group.settings.strangers

    def masked(self, text: str, found: Sequence[Finding]) -> Secret:
        """The text with what was found replaced: what is hers by her pseudonym.

        Others' never by theirs: whoever knows an address could ask whose it is by writing it.
        """
        herself = [person for person in self.circle.people if person.id == self.author.id]
        return Secret(masked(text, found, herself, lambda said: spoken(said, self.group.settings)))


def draft(inbound: Inbound, thread: tuple[int, ...], rules: Rules) -> Draft:
    """Make a draft of a message."""
    settings = rules.group.settings
    pictures, words, left_out = _files(inbound, settings)
    written = inbound.text.reveal().strip()
    whole_text = _in_one_voice("\n\n".join(part for part in (written, *words) if part), rules)
    subject = inbound.subject.reveal()
    if len(whole_text) > settings.longest:
        return nothing(rules.author, len(whole_text), files_left_out=left_out)
    found = (rules.look(subject), rules.look(whole_text))
    guarded = any(found)
    same_words = whole_text == written and not guarded
    body = Body(
        author=rules.author.name,
        mask=rules.author.mask,
        subject=rules.masked(subject, found[0]),
        text=rules.masked(whole_text, found[1]),
        html=inbound.html if settings.html and same_words else NO_WORDS,
        pictures=pictures,
        thread=thread,
        shown=settings.contacts == "allow",
        urgent=is_marked_urgent(written),
    )
    return Draft(
        body=body,
        whole=_with_her_own(body, subject, whole_text, found, rules, left_out=left_out),
        guarded=guarded,
        telling=any(rules.may_tell(finding) for findings in found for finding in findings),
        files_left_out=left_out,
        characters=len(whole_text),
    )


def for_facilitators(text: str, rules: Rules) -> tuple[Secret, bool]:
    """Words that only who runs the group reads: no contact and no real name in them either.

    And whether their author may know that something was replaced.
    """
    said = _in_one_voice(text, rules)
    found = rules.look(said)
    return rules.masked(said, found), any(map(rules.may_tell, found))


def _in_one_voice(text: str, rules: Rules) -> str:
    """Mark lines that would read as if another member spoke.

    A text arrives as `Robin: hello`; a second line `Lou: hello` in it would look like a second
    text. Only names of this group are marked, by `> `; all other words stay as they are.
    """
    others = {skeleton(p.name.reveal()) for p in rules.circle.people if p.id != rules.author.id}
    return _SPEAKER.sub(lambda m: "\n> " if skeleton(m[1].strip()) in others else m[0], text)


def _overlap(one: Finding, other: Finding) -> bool:
    return one.start < other.end and other.start < one.end


def nothing(author: Member, characters: int, *, files_left_out: bool) -> Draft:
    """A draft that nobody gets: looking for contacts in what is refused would be for nothing."""
    return Draft(
        body=Body(author=author.name, mask=author.mask, subject=NO_WORDS, text=NO_WORDS),
        whole=None,
        guarded=False,
        telling=False,
        files_left_out=files_left_out,
        characters=characters,
        nothing=True,
    )


def _with_her_own(
    body: Body,
    subject: str,
    text: str,
    found: tuple[tuple[Finding, ...], tuple[Finding, ...]],
    rules: Rules,
    *,
    left_out: bool,
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
        urgent=body.urgent,
        files_left_out=left_out,
    )


def _files(
    inbound: Inbound, settings: GroupSettings
) -> tuple[tuple[Picture, ...], tuple[str, ...], bool]:
    """Pictures made anew, the words of text files, and whether something stays behind."""
    left_out = Trait.FILES_LEFT_OUT in inbound.traits
    most = MOST_OCTETS_OF_TEXTS if settings.text_pictures else MOST_OCTETS
    if not settings.pictures:
        return (), (), left_out or bool(inbound.files)
    pictures: list[Picture] = []
    words: list[str] = []
    for file in inbound.files:
        made = clean(file, most_octets=most)
        if isinstance(made, Refused) or len(pictures) == MOST_PICTURES:
            left_out = True
        elif isinstance(made, Words):
            words.append(made.text.reveal().strip())
        else:
            pictures.append(made)
    return tuple(pictures), tuple(words), left_out
