"""Posting: what a member said goes to the readers it is for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import SMS
from channels.contract import NO_WORDS
from channels.secret import Secret
from channels.subjects import without_answers
from relay import wording
from relay.asking import Asking
from relay.languages.speech import spoken
from relay.model import Body, Group, Member, end_of_life
from relay.nights import Nights, life_of_post, read_later
from relay.notices import Notices
from relay.reviewing import Reviewing
from relay.store.outbox import Outbox
from relay.store.readers import Readers
from relay.store.roster import Roster
from relay.store.talk import Talk, Topic
from relay.urgency import Urgency
from relay.vault.vault import PRIVATE

TOPIC_LIFE = timedelta(hours=12)
"""How long a text joins the thread that began last, and its subject is kept for that."""

_SEGMENT, _PSEUDONYM = 134, 156
"""Octets that fit into each segment of a text of several, whatever the letters
(https://www.twilio.com/docs/glossary/what-sms-character-limit), and what a pseudonym and a hint
at the rest may take of all."""
_DEAR = frozenset("^{}[]~|\\`")
"""Plain letters that count double in a text, or make all others count double."""


class Posting:
    """Stores posts and their copies within the transaction that took the message in."""

    def __init__(
        self,
        outbox: Outbox,
        roster: Roster,
        talk: Talk,
        notices: Notices,
        reviewing: Reviewing,
        asking: Asking,
        life: timedelta,
        segments: int,
    ) -> None:
        """`segments` is how long one text may be."""
        self._segments = segments
        self._outbox = outbox
        self._talk = talk
        self._roster = roster
        self._notices = notices
        self._reviewing = reviewing
        self._asking = asking
        self._life = life
        self._readers = Readers(roster)
        self._nights = Nights(outbox.ledger, self._readers, notices)
        self._urgency = Urgency(outbox.ledger, notices)

    async def publish(
        self,
        c: AsyncConnection,
        author: Member,
        group: Group,
        body: Body,
        reader_id: int | None,
        now: datetime,
        *,
        present: bool = True,
    ) -> int:
        """Bring a message to the group, or to one member of it alone. Returns to how many.

        If it is nobody, its author is told. What a facilitator is to look at waits for her.
        An author who is not `present`, because somebody else, or the time, let it go, may be
        asleep: nothing is told her then that cannot wait.
        """
        if body.review and reader_id is None:
            await self._reviewing.keep(c, author, group, replace(body, review=False), now)
            return 0
        reader = None
        if reader_id is not None:
            reader = await self._asking.admit(c, author, group, body, reader_id, now)
            if reader is None:
                return 0
        readers = await self._readers.settings(c, group.id, author.id, reader_id)
        expires = end_of_life(now, life_of_post(group.settings, readers, self._life, now))
        urgent = body.urgent and await self._urgency.is_granted(
            c, author, group, now, present=present
        )
        texts = await self._is_texted(c, group, reader)
        topic = None
        if reader is None:
            topic = await self._talk.now_about(c, group.id, now) if texts else None
            body = await self._with_reactions(c, group, _joined(author, body, topic))
        post = await self._outbox.add_post(
            c,
            group_id=group.id,
            author_id=author.id,
            body=body,
            expires=expires,
            now=now,
            own_key=texts and may_come_in_parts(body, self._segments),
            urgent=urgent,
        )
        if present:
            await self._nights.wrote(c, author, group, now)
        if reader is not None:
            await self._outbox.address_to_member(c, post.id, reader, author, now)
            return 1
        root = body.thread[0] & ~PRIVATE if body.thread else post.id
        if texts and (topic is None or topic.root != root):
            said = NO_WORDS  # what may be seen of its author alone is not for others' words
            if not body.shown:
                said = Secret(without_answers(body.subject.reveal()))
            until = min(expires, now + TOPIC_LIFE)
            await self._talk.begin(c, group.id, Topic(subject=said, root=root), until, now)
        copies = await self._outbox.fan_out(c, post, now)
        if copies == 0:
            await self._outbox.drop_finished(c, [post.id])
            await self._notices.tell(c, author.id, wording.NOBODY, now, anyway=present)
        later = read_later(group.settings, readers, now, urgent=urgent)
        await self._nights.tell_author(c, author, group, later, now, present=present)
        return copies

    async def _is_texted(self, c: AsyncConnection, group: Group, reader: Member | None) -> bool:
        """Whether any who read it do so on a phone."""
        if reader is not None:
            return reader.channel == SMS
        return await self._roster.has_phones(c, group.id)

    async def _with_reactions(self, c: AsyncConnection, group: Group, body: Body) -> Body:
        """What phones said about the posts before, as a count below the words of this one."""
        if group.settings.reactions != "count":
            return body
        counts = await self._talk.take_reactions(c, group.id)
        if not counts:
            return body
        signs = ", ".join(f"{sign} {count}" for sign, count in counts.items())
        line = spoken(wording.REACTIONS.format(signs=signs), group.settings)
        return replace(body, footnote=Secret(line))


def may_come_in_parts(body: Body, segments: int, start: int = 0) -> bool:
    """Whether more of it than one text of so many segments takes may follow from `start` on.

    A subject may stand before the words. Then it has to stay for long: a phone may ask for the
    rest.
    """
    said = (body.subject.reveal() + body.text.reveal())[start:]
    plain = said.isascii() and _DEAR.isdisjoint(said)
    octets = said.encode("ascii" if plain else "utf-16-le", "surrogatepass")
    return len(octets) > segments * _SEGMENT - _PSEUDONYM


def _joined(author: Member, body: Body, topic: Topic | None) -> Body:
    """A text belongs to what the group is talking about; a mail says itself where it belongs."""
    if topic is None or author.channel != SMS or body.thread or body.subject:
        return body
    subject = topic.subject.reveal()
    return replace(body, subject=Secret(f"Re: {subject}" if subject else ""), thread=(topic.root,))
