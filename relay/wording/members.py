"""What the programme says of words between two members, and of questions to the group."""

from __future__ import annotations

from relay.wording.text import Text

# Two members alone -----------------------------------------------------------------------------

WANTS = Text(
    "{name} wants to write to you alone. Yes: ACCEPT {name}. No: DENY {name}. Nobody hears of a no."
)
ASKED = Text(
    "If {name} says yes within a day, you hear of it. If not, you hear nothing. Nobody else got this."
)
HELD = Text("Your message waits for a yes from {name}. If none comes in a day, it is deleted.")
NO_YES = Text(
    "Nobody said yes to your words to one member alone. They were deleted, nobody got them."
)
OPEN_BY_TEXT = Text(
    "{name} and you can write to each other alone, here. BLOCK, sent here, ends it."
)
OPEN_BY_MAIL = Text(
    "{name} and you can write to each other alone, at {mask}. BLOCK, sent there, ends it."
)
PRIVATE_OFF = Text("In this group members cannot write to each other alone. Nobody got this.")
NO_NUMBER = Text("No phone number is free for this now, so you two cannot write alone yet.")
NOBODY_ASKS = Text("Nobody of this name asks you for anything now. Nobody got your message.")
NOBODY_CALLED_SO = Text("There is nobody of this name here. Nobody got your message.")
WHO = Text("More than one member asks you. Please send ACCEPT or DENY with the name.")
BLOCKED = Text("{name} can not write to you alone now. To take that back, send ASK {name}.")
UNBLOCKED = Text("{name} may ask you once more to write to you alone.")

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
