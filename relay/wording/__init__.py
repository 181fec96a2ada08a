"""What the programme itself says to members. Plain words; each a single text of 160 letters.

What is said about one part of the life of a group stands in a module of its own beside this one.
"""

from __future__ import annotations

from relay.wording.text import Text

NOT_REACHED = Text("Your message could not be brought to everyone in time. Some did not get it.")
EMPTY = Text("Your message had no words, so it was not passed on.")
TOO_LONG = Text("Your message was too long, so it was not passed on. Please send it in parts.")
FILES_LEFT_OUT = Text("Pictures and files are not passed on. Your words were.")
ONLY_FILES = Text("Pictures and files are not passed on, so nothing was sent to the group.")
FROZEN = Text("The group is paused right now, so your message was not passed on.")
NOT_YET = Text(
    "You have not joined yet, so nobody got your message. To join, send JOIN and the number of "
    "your invitation."
)
NOBODY = Text("There is nobody else in the group yet, so your message reached nobody.")
PAUSED = Text("Messages did not reach you, so they were paused. Ask your facilitator to go on.")
ENDED = Text("This group has ended, so your message was not passed on.")
WAY_BACK = Text("You said stop, so you get nothing. Ask your facilitator to let you in again.")
STOPPED = Text("You will get nothing more from this service. Nobody else was told.")
UNREACHABLE = Text("Messages do not reach {name} any more. Please check how to reach this member.")

SOME_FILES = Text(
    "Some of your files cannot be passed on and were left out. The rest was passed on."
)
MASKED = Text("A number, address or name was replaced before the group saw it.")
MASKED_YOURS = Text(
    "A number, address or name was replaced before the group saw it. For yours to be seen, send: SEND AS IS"
)
ASKED = Text(
    "Your message holds a number, address or name, so nobody got it. Send SEND AS IS to pass "
    "it on with your own, or write it anew."
)
ASKED_WITHOUT = Text(
    "Your message holds a number, address or name of somebody else, so nobody got it. Please "
    "write it anew."
)
CONFIRM = Text(
    "A message in your name waits. If you wrote it, answer YES within 15 minutes. If not, answer "
    "NO, or nothing."
)
NOT_HERS = Text("The message in your name was deleted. Nobody got it.")
NOBODY_READS = Text(
    "Nobody reads answers to this. To reach the group, write to your own address for it."
)
NOT_CONFIRMED = Text("A message in your name was not confirmed in time, so nobody got it.")
NOTHING_WAITS = Text("There is no message of yours that waits.")
NOT_TO_HER = Text("Your message to this member alone could not be brought to her.")
UNSUBSCRIBED = Text("You will get nothing more from this group. Nobody else was told.")
COMPLAINED = Text(
    "The mail host of {name} asked us to send nothing more, so we stopped. Please check with "
    "this member."
)
GIVEN_BACK = Text("A message did not reach {name}: it was given back. Nothing was stopped yet.")
NOT_PASSED_ON = Text(
    "Messages to the group that were not passed on, most of them by machines: {count}."
)
LEAK_STOPPED = Text(
    "Copies of a message that were stopped, because somebody's contact stood in it: {count}."
)
SHOWN_TO_OTHERS = Text(
    "Your message went to other phones too, so the group did not get it. "
    "Write to this number alone."
)
STILL_YOU = Text(
    "Your phone was silent for long. If it is still yours, answer with your name in the group. "
    "Until then you get nothing."
)
FELL_SILENT = Text(
    "{name} has not texted for long and was asked to confirm. Until then nothing is sent."
)
WELCOME_BACK = Text("Thank you. You get the messages of the group again.")
CODE_FIRST = Text(
    "Please send your code word alone, then your message goes on. Nobody else sees it."
)
NEAR_MISS = Text(
    "This looks like a slip in a word to the relay, so nobody got it. Send it right, or SEND AS IS "
    "to pass it on."
)
WANTS_TO_GO = Text(
    "Do you want messages to end? Send STOP to end all, LEAVE for this group only, or SEND AS IS "
    "if your words were for the group."
)
MAY_WANT_TO_GO = Text(
    "{name} may want to get no more messages. Nobody got it. Please ask this member."
)
NO_MORE = Text("There is no more of it.")
REACTED = Text("reacted {sign}")
REACTION_KEPT = Text(
    "A reaction to a message is not passed on. If it was a message of yours, reword it."
)
REACTIONS = Text("Reactions since the message before: {signs}")
HELD_BY_BUDGET = Text(
    "Texts for today are used up, so some get your message when the next day begins."
)
OLD_DROPPED = Text(
    "Older messages in your name that waited were deleted. Nobody got them: {count}."
)
TOO_LATE = Text("A text of yours reached us too late, so nobody got it. Please send it again.")
BUDGET = Text(
    "Most of what texts may cost this group today is spent. Then posts by text wait for a day."
)
FORMER = Text("This number leads nowhere.")
