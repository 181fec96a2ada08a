"""What the programme says about how posts come."""

from __future__ import annotations

from relay.wording.text import Text

BUNDLE = Text("{count} note", "{count} notes")
"""The subject of a mail that holds several."""
NUDGE = Text(
    "{count} new note. Send READ NOTES to get it.",
    "{count} new notes. Send READ NOTES to get them.",
)
NOTHING_NEW = Text("There is no new note for you right now.")
EVERY = Text("You get each post by itself, as soon as it may come.")
BUNDLES = Text("You get posts at once. What had to wait for you comes in one piece.")
HOURS = Text(
    "You get posts in one piece, each full hour.",
    "You get posts in one piece, each {count} hours.",
)
DIGEST = Text("You get posts in one piece, once a day at {time} on your clock.")
NUDGES = Text("You are told when there is a new note. Send READ NOTES to get it.")
"""Without a word of what was said."""
RATE = Text(
    "A lot was written just now, so this was not passed on. Please send it again in {count} minute.",
    "A lot was written just now, so this was not passed on. Please send it again in {count} "
    "minutes.",
)
