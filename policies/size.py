"""A post has some words, and not too many."""

from __future__ import annotations

from datetime import datetime

from policies.facts import PostFacts
from policies.verdict import Drop, Pass, Reason, Verdict


def size(facts: PostFacts, now: datetime) -> Verdict:
    """A message without words, or longer than the group allows, is not passed on.

    It is never cut short: half a message can say the opposite of the whole.

    Example: the group allows 1,600 characters. Robin mails 1,601. Nobody gets them, and Robin is
    told that the message was too long. A picture without a word counts as words where the group
    passes pictures on.
    """
    if facts.characters == 0 and facts.pictures == 0:
        return Drop(frozenset({Reason.EMPTY}))
    if facts.characters > facts.longest:
        return Drop(frozenset({Reason.TOO_LONG}))
    return Pass()
