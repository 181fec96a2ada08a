"""What is said about the end of a group."""

from __future__ import annotations

from relay.wording.text import Text

ENDS_ON = Text("This group ends on {day}. After that day nothing is passed on any more.")
TO_EXTEND = Text(
    "This group ends on {day}. If it shall go on, send EXTEND and a day: EXTEND {then}"
)
ENDED = Text(
    "This group has ended. What it kept of you is deleted in {count} day.",
    "This group has ended. What it kept of you is deleted in {count} days.",
)
EXTENDED = Text("This group goes on. Its last day is now {day}.")
GOES_ON = Text("This group goes on. It has no last day any more.")
NO_END = Text("This group has no last day, so there is nothing to extend.")
LATER = Text("The last day of this group is {day}. To extend it, name a later one.")
