"""The contract between the engine and every channel: what comes in, what goes out, how it ended.

A channel turns the outside world's message into an `Inbound` and hands it to `Accept`; it turns
an `Outgoing` into the outside world's message and answers with an `Outcome`. It keeps no state
about groups or members and never touches the store. Everything that travels is immutable, and
whatever could identify a person or repeat her words travels inside `Secret`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Protocol

from channels.secret import Contact, Secret

NO_WORDS = Secret("")


class Trait(StrEnum):
    """What a channel noticed about a message without judging it."""

    AUTOMATIC = "automatic"
    """Written by a machine: an auto-reply, bounce, list mail (RFC 3834 section 5)."""
    FILES_LEFT_OUT = "files_left_out"
    """Something came with it that no group could pass on, and that is not in `files`."""
    ANSWERED = "answered"
    """The provider has answered this word itself, as carriers do with STOP: not again by us."""
    SHOWN_TO_OTHERS = "shown_to_others"
    """It was sent to other people's phones as well, which saw who wrote it."""
    LATE = "late"
    """It waited for so long that its writer may be asleep again."""


class Proof(StrEnum):
    """How sure the channel is that the sender wrote the message."""

    PROVEN = "proven"
    """Signed by her provider, for this place and this time."""
    WEAK = "weak"
    """Nothing speaks against it, nothing proves it: she has to confirm it."""
    FORGED = "forged"
    """Her provider says that what it did not sign is not hers."""


@dataclass(frozen=True, slots=True)
class File:
    """Something that came with a message, as it came. It goes no further than `files.clean`."""

    octets: bytes = field(repr=False)


class PictureKind(StrEnum):
    """What a picture that leaves is encoded as."""

    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture made anew from its pixels: nothing else of the file is in it."""

    kind: PictureKind
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One message that came in, boiled down to what the engine needs."""

    channel: str
    provider_id: str
    """The provider's own id; a repeat of the same message carries the same one."""
    sender: Contact
    sender_name: Secret = NO_WORDS
    """The real name that came with it, such as that of a From line; never passed on."""
    to: Secret
    """The proxy number or alias it was written to: it decides the group, nothing else does."""
    text: Secret
    subject: Secret = NO_WORDS
    html: Secret = NO_WORDS
    """The same words as `text`, as clean html; empty where there is none that says just that."""
    files: tuple[File, ...] = ()
    media: tuple[Secret, ...] = ()
    """Where what came with it waits to be fetched, once (`Fetch`); then it is in `files`."""
    reaction: Secret = NO_WORDS
    """It only says this sign about another message, as a phone's "Liked" does."""
    answers: tuple[Secret, ...] = ()
    """Ids of ours that it answers (`Outgoing.message_id`), the oldest first."""
    proof: Proof
    traits: frozenset[Trait] = frozenset()
    refusal_is_heard: bool = False
    """Whether `REFUSED` reaches the writer by itself, as an SMTP 550 does; a text has no such."""


class Receipt(Enum):
    """What became of an `Inbound`. Why is not the channel's business: outsiders learn nothing."""

    TAKEN = "taken"
    """Durable. The provider may be told yes."""
    AGAIN = "again"
    """Seen before; nothing was done. The provider may be told yes."""
    REFUSED = "refused"
    """Nothing was stored: unknown place, unknown sender, or a sender who may not write there."""
    FORMER = "former"
    """As refused: she wrote here once, and is to be told, once, that this leads nowhere now."""


Accept = Callable[[Inbound], Awaitable[Receipt]]
"""How a channel hands a message in. An exception means trouble on our side: answer "later"."""

Fetch = Callable[[Inbound], Awaitable[Inbound]]
"""How the engine has a channel fetch what came with a message. An exception means "later"."""


class News(StrEnum):
    """What the outside world lets us know about a copy we sent, or about its reader."""

    DEAD = "dead"
    """The address does not exist or takes nothing any more (RFC 3463: 5.1.1 and its like)."""
    FAILED = "failed"
    """This copy was not delivered: full, too slow, or refused for what it is."""
    UNWANTED = "unwanted"
    """This copy was refused for what stands in it; that says nothing about her mailbox."""
    COMPLAINT = "complaint"
    """She told her provider that she does not want this (RFC 5965)."""
    UNSUBSCRIBE = "unsubscribe"
    """She, or her mail program at her click, asked to get nothing more (RFC 8058)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One piece of news; the token is one we gave out, or it is nothing."""

    news: News
    token: Secret


Hear = Callable[[Report], Awaitable[None]]
"""How a channel hands a report in. Unknown tokens do nothing. An exception means "later"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a provider lets us know later about a copy it took (`Sent.reported`)."""

    token: Secret
    """`Outgoing.status` of that attempt, or it is nothing."""
    reference: Secret
    """The provider's own id of it."""
    outcome: Outcome | None
    """`None`: under way, so it was taken. `Sent`: it arrived. Else why it did not."""


Follow = Callable[[Progress], Awaitable[None]]
"""How a channel hands progress in, repeated and in any order. An exception means "later"."""


class Erased(Enum):
    """What became of the provider's own copy of a message."""

    GONE = "gone"
    NOT_YET = "not_yet"
    """Ask again later: it is still under way there, or the provider cannot be reached."""


Erase = Callable[[Secret], Awaitable[Erased]]
"""How the engine has a channel delete what the provider keeps under a reference of its own."""


class Phrase(Enum):
    """What a channel says of its own beside the words: English, for one and for more."""

    MORE = ("reply MORE for the rest",)
    """Ends a text that goes on."""
    NO_SUBJECT = ("no subject",)
    PICTURES_LEFT_OUT = ("picture left out", "{count} pictures left out")
    PICTURES_BY_MAIL = ("picture sent to mail readers", "{count} pictures sent to mail readers")


Say = Callable[[Phrase, int], str]
"""A phrase about so many things, in the language of one reader."""


def in_english(phrase: Phrase, count: int = 1) -> str:
    """A phrase as it is written here."""
    words: tuple[str, ...] = phrase.value
    return words[0 if count == 1 else -1].format(count=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One post of a bundle. Nothing in its words may look as if another one began there."""

    author: Secret
    subject: Secret = NO_WORDS
    text: Secret
    footnote: Secret = NO_WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One copy of one post for one reader, to be composed from nothing but this."""

    post: int
    """Equal for all copies of a post, so that a channel may share work between them."""
    delivery: Secret
    """A random token of this copy, the same at every attempt, so that a repeat can be seen."""
    to: Contact
    write_to: Secret
    """The reader's own proxy number or alias: where her answer goes."""
    author: Secret | None
    """The writer's pseudonym; `None` when the programme itself speaks."""
    mask: Secret
    """The address under which the author appears in mail."""
    subject: Secret
    text: Secret
    html: Secret = NO_WORDS
    """The same words; empty unless the group wants html."""
    pictures: tuple[Picture, ...] = ()
    picture_links: tuple[Secret, ...] = ()
    """Where a provider may fetch the same pictures, for a few minutes; empty if it may not."""
    by_mail: bool = True
    """Whether anybody reads this post by mail, where pictures can always be seen."""
    footnote: Secret = NO_WORDS
    """A line of the programme's own, for channels that have room for one below the words."""
    pieces: tuple[Piece, ...] = ()
    """A bundle: several posts in one message, in order. It has no author and no text besides, and
    goes as a whole or not at all."""
    start: int = 0
    """How many characters of the words went before (`Sent.rest`)."""
    private: bool = False
    """Written to this reader alone: an answer to it goes to its author alone."""
    message_id: Secret = NO_WORDS
    """A token, this reader's own, from which only we can tell which post it is."""
    references: tuple[Secret, ...] = ()
    """Such tokens of the posts it answers, the oldest first."""
    return_path: Secret = NO_WORDS
    """A token for what could not be delivered; it comes back in a `Report`."""
    unsubscribe: Secret = NO_WORDS
    """A token with which anyone who holds this copy can end them; the reader's own."""
    list_id: Secret = NO_WORDS
    """A token that names the group to this reader's mail program, the same for all its posts."""
    confirm: Secret = NO_WORDS
    """A token: an answer to this copy confirms something."""
    status: Secret = NO_WORDS
    """A token of this attempt, for `Progress`."""
    may_leave: Callable[[str], bool] = field(default=lambda _: True, repr=False, compare=False)
    """The engine's last look: asked by the channel about every text a reader would see in the
    finished message, decoded from its octets. On `False` the answer is `WOULD_LEAK`."""
    say: Say = field(default=in_english, repr=False, compare=False)
    """What the channel says of its own is said like this."""
    expires: datetime
    """Aware. After this the copy must not reach anyone."""
    not_after: datetime | None = None
    """Aware, before `expires`: from then on it would wake her; what cannot arrive before waits.
    A channel that wakes nobody, such as mail, need not mind it."""


class Trouble(StrEnum):
    """Why a send did not succeed: a closed list, safe to log and to count."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    REFUSED_FOR_NOW = "refused_for_now"
    REFUSED = "refused"
    BAD_CONTACT = "bad_contact"
    OPTED_OUT = "opted_out"
    NOT_CONFIGURED = "not_configured"
    NO_TLS = "no_tls"
    ANSWER_LOST = "answer_lost"
    OUR_FAULT = "our_fault"
    WOULD_LEAK = "would_leak"
    """Somebody's contact stands in the finished message: it was not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The provider took it."""

    reference: Secret = NO_WORDS
    """The provider's own id of it, if it keeps a copy that is to be erased."""
    reported: bool = False
    """Whether `Progress` will tell how it ended."""
    rest: int | None = None
    """Where the words go on that did not fit; the reader can ask for them."""
    cost: int = 0
    """What it was charged as, in the channel's own unit (segments of a text)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Not now. An error nobody recognises is always `Later`: a bug must delay, not lose."""

    why: Trouble
    after: timedelta | None = None
    """Wait at least this long, where the provider said so."""
    unsure: bool = False
    """The provider may have taken it: its answer was lost. Repeated once at the most."""
    rest: int | None = None
    """If it was taken after all, `Sent.rest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """This copy cannot reach this contact."""

    why: Trouble


Outcome = Sent | Later | Never


class Channel(Protocol):
    """The way out. `send` answers with an `Outcome` and raises nothing but cancellation.

    What else is promised here is asked of every channel by one suite: docs/adding-a-channel.md.
    """

    @property
    def name(self) -> str:
        """The kind of contact it reaches, `sms` or `email`: the word stored with a member."""
        ...

    @property
    def concurrency(self) -> int:
        """How many sends the engine may have under way at once."""
        ...

    @property
    def priced(self) -> bool:
        """Whether copies cost something, so that they are counted and paced."""
        ...

    def cost(
        self,
        *,
        author: Secret | None,
        subject: Secret,
        text: Secret,
        start: int,
        number: Secret,
        pictures: int,
        say: Say = in_english,
    ) -> int:
        """What a copy of this would be charged as (`Sent.cost`), in the channel's own unit.

        `number` is where it would come from; `pictures`, how many would go with it; `say` as in
        `Outgoing`. Nothing, where nothing is priced.
        """
        ...

    def cost_together(self, pieces: Sequence[Piece], number: Secret) -> int | None:
        """The same of a bundle. `None` if these do not fit into one message, whole."""
        ...

    async def send(self, out: Outgoing) -> Outcome:
        """Compose and send one copy. The engine has recorded the attempt before calling."""
        ...

    async def close(self) -> None:
        """Let go of connections; twice is once. A send after this is `Later` and sends nothing."""
        ...
