"""What is said where facilitators run a group: looking at posts first, muting, taking back."""

from __future__ import annotations

from relay.wording.text import Text

ANNOUNCEMENTS_ONLY = Text(
    "Only those who run this group write to all of it. Your message was not passed on."
)
READS_ONLY = Text("You read in this group but do not write, so your message was not passed on.")
MUTED = Text("You are muted until {until}, so your message was not passed on. HELP works always.")
MUTED_FOR_NOW = Text("You are muted for now, so your message was not passed on. HELP works always.")

LOOKED_AT_FIRST = Text(
    "Thank you. A facilitator reads your message first, then the group gets it. You need do nothing."
)
TO_LOOK_AT = Text("APPROVE {number} or DECLINE {number}? {name}: {words}")
TO_LOOK_AT_MORE = Text("APPROVE {number} or DECLINE {number}? Pictures: {count}. {name}: {words}")
NOBODY_LOOKS = Text(
    "Nobody can look at your message now, so the group did not get it. Please try again later."
)
NOT_LOOKED_AT = Text(
    "Nobody looked at your message in time, so the group did not get it. You can send it again."
)
NOT_LOOKED_AT_BY_YOU = Text(
    "Posts that you did not look at in time are gone. Nobody got them: {count}."
)
APPROVED = Text("Passed on to the group: {number}.")
DECLINED = Text("A facilitator did not pass your message on. Nobody else saw it.")
DECLINED_BECAUSE = Text("A facilitator did not pass your message on: {reason}")
GIVEN_BACK_TO_HER = Text("Given back to its writer, and not passed on: {number}.")
NO_SUCH_NUMBER = Text("Nothing waits under the number {number}.")
WRITER_GONE = Text("Who wrote it is not in the group any more, so it was deleted: {number}.")
NOTHING_TO_LOOK_AT = Text("Nothing waits for you to look at it.")
WAITING = Text("Waiting for you: {numbers}.")

MUTE_BEGINS = Text(
    "You are muted until {until}: what you write is not passed on. You still read all. "
    "HELP works always."
)
MUTE_ENDS = Text("You are not muted any more. What you write reaches the group again.")
MUTED_BY_YOU = Text("{name} is muted until {until} and was told. To end it: UNMUTE {name}")
UNMUTED_BY_YOU = Text("{name} can write to the group again, and was told so.")
NOT_MUTED = Text("There is no mute to end for {name}.")

FROZEN_BY = Text("{name} froze the group: nothing is passed on. To end it, send THAW.")
FROZEN_BY_YOU = Text("The group is frozen: nothing is passed on. To end it, send THAW.")
THAWED_BY = Text("{name} ended the freeze of the group. It goes on.")
THAWED_BY_YOU = Text("The freeze has ended. The group goes on.")
SO_ALREADY = Text("The group is so already. Nothing was changed.")
ANNOUNCEMENT = Text("Announcement: {words}")

SURE_TO_REMOVE = Text(
    "This takes {name} out of the group for good. If you are sure, send REALLY {code} within 15 "
    "minutes."
)
ONLY_ITS_HEAD = Text("You help to run this group. Only who leads it can do this.")
NOT_YOURSELF = Text("You cannot remove yourself. To go, send LEAVE.")
NOTHING_ASKED = Text("There is no such question, or it is too late. Please start again.")
REMOVED_BY_YOU = Text("Done. {name} is out of the group.")
REMOVED_BY = Text("{name} is out of the group now. It was done by {by}.")

NOT_WHILE_FROZEN = Text("The group is frozen. Send THAW first.")
NO_SUCH_NAME = Text(
    "Nobody here has this name, so nothing was done. If your message was for the group, send: "
    "SEND AS IS"
)
RUNS_THE_GROUP = Text("You cannot do this to {name}, who runs the group with you.")
