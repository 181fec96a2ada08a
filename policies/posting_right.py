"""Who may write to the whole group."""

from __future__ import annotations

from datetime import datetime

from policies.facts import PostFacts, Posting, Role
from policies.verdict import Drop, Pass, Reason, Verdict


def posting_right(facts: PostFacts, now: datetime) -> Verdict:
    """A listener reads only; in a group for announcements the members do so too.

    Who runs the group writes always, and so does an interpreter, who says in one language what was
    said in another. What others write is not passed on, and they are told whom to turn to. Words to
    one member alone are no words to the group.

    Example: in a group for announcements Ana, who runs it, says when the meeting is, and Lou says
    it again in Spanish. Robin answers to the group: nobody gets it, and she is told why.
    """
    if facts.role is Role.LISTENER:
        return Drop(frozenset({Reason.READS_ONLY}))
    free = facts.role.runs_group or facts.role is Role.INTERPRETER or facts.private
    if facts.posting is Posting.ANNOUNCE and not free:
        return Drop(frozenset({Reason.ANNOUNCEMENTS_ONLY}))
    return Pass()
