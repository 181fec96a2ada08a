"""What the programme says of words between two members, and of questions to the group."""

from __future__ import annotations

from relay.wording.text import Text

# A question to the group ----------------------------------------------------------------------

PULSE_ASKED = Text("{question} Send a number from 1 to 5, once. Nobody sees who said what.")
PULSE_STARTED = Text("Your question was asked. The answers come when its time is over.")
PULSE_COUNTS = Text("{question} 1: {one}, 2: {two}, 3: {three}, 4: {four}, 5: {five}")
PULSE_TOO_FEW = Text("{question} There were too few answers, so nobody sees them.")
PULSE_CLOSED = Text("The question is closed, so your number does not count. Nobody got it.")
PULSE_NOT_HERS = Text("Nothing shows that this answer is from you, so it does not count.")
PULSE_OPEN = Text("The last question is still open. Please ask again when it has closed.")
PULSE_TOO_LONG = Text("Your question is too long. Please use at most {most} letters.")
PULSE_CONTACT = Text("Your question holds a number, address or name, so it was not asked.")
