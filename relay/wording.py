"""What the programme itself says to members. Plain words; each a single text of 160 letters."""

from __future__ import annotations

NOT_REACHED = "Your message could not be brought to everyone in time. Some did not get it."
EMPTY = "Your message had no words, so it was not passed on."
TOO_LONG = "Your message was too long, so it was not passed on. Please send it in parts."
FILES_LEFT_OUT = "Pictures and files are not passed on. Your words were."
ONLY_FILES = "Pictures and files are not passed on, so nothing was sent to the group."
FROZEN = "The group is paused right now, so your message was not passed on."
NOT_YET = "You are not in this group yet, so your message was not passed on."
NOBODY = "There is nobody else in the group yet, so your message reached nobody."
PAUSED = "Messages did not reach you, so they were paused. Ask your facilitator to go on."
ENDED = "This group has ended, so your message was not passed on."
WAY_BACK = "You said stop, so you get nothing. Ask your facilitator to let you in again."
HELP = "This word was not passed on to the group, but to who runs it. STOP ends all messages."
WROTE_HELP = "{name} wrote HELP to the relay. Please look after this member."
STOPPED = "You will get nothing more from this service. Nobody else was told."
UNREACHABLE = "Messages do not reach {name} any more. Please check how to reach this member."
