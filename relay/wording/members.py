"""What the programme says of words between two members, and of questions to the group."""

from __future__ import annotations

from relay.wording.text import Text

# Two members alone -----------------------------------------------------------------------------

WANTS = Text(
    "{name} would like to write to you alone. Send ACCEPT {name} or DENY {name} within a day. "
    "A no is not told."
)
ASKED = Text("If {name} says yes within a day, you hear of it. If not, you hear nothing.")
HELD = Text(
    "Your message waits for {name} to agree to words from you alone. After a day without a yes "
    "it is deleted."
)
NO_YES = Text("Nobody said yes to your message to one member alone. It was deleted, nobody got it.")
OPEN_BY_TEXT = Text(
    "{name} and you can write to each other alone, here. BLOCK, sent here, ends it."
)
OPEN_BY_MAIL = Text(
    "{name} and you can write to each other alone, at {mask}. BLOCK, sent there, ends it."
)
PRIVATE_OFF = Text("In this group members cannot write to each other alone.")
NO_NUMBER = Text(
    "There is no phone number free for this now, so you two cannot write to each other alone yet."
)
NOBODY_ASKS = Text("Nobody of this name asks you for anything now.")
NOBODY_CALLED_SO = Text("There is nobody of this name here.")
BLOCKED = Text("{name} cannot write to you alone any more. ASK {name} takes that back.")
UNBLOCKED = Text("{name} may ask you again whether you two can write to each other alone.")

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
