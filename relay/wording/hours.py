"""What the programme says about quiet hours, pauses and urgent posts."""

from __future__ import annotations

from relay.wording.text import Text

READ_AFTER = Text(
    "{count} member will see this after {time}, when quiet hours end.",
    "{count} members will see this after {time}, when quiet hours end.",
)
READ_LATER = Text(
    "{count} member will see this when quiet hours end.",
    "{count} members will see this when quiet hours end.",
)
OUTLASTED = Text(
    "Quiet hours now last too long for your message, so some will not get it. You can send it "
    "again later."
)
NOT_URGENT = Text(
    "Your message went out, but you may not mark it as urgent. If you are in danger, send CRISIS "
    "or HELP."
)
TOO_OFTEN_URGENT = Text(
    "Your message went out, but not as urgent: you may do that once a day.",
    "Your message went out, but not as urgent: you may do that {count} times a day.",
)

HOURS = Text("Your quiet hours: {hours}. Messages wait until they end.")
GROUP_HOURS = Text("On your clock, the next quiet hours are {hours}. Messages wait until they end.")
NO_HOURS = Text("You have no quiet hours. Messages come at any time.")
HOW_HOURS = Text(
    "I could not read these hours. Write for example: QUIET 22:00-07:00, or QUIET OFF."
)
UNCLEAR_HOURS = Text("Morning or evening? Please write it like this: QUIET 22:00-07:00.")
NO_TIME_LEFT = Text("These quiet hours leave no time for messages. Please leave some time free.")

PAUSED_UNTIL = Text(
    "You get no messages until {until}. Then they come. To end this sooner, send RESUME."
)
PAUSED_LONG = Text(
    "You get no messages until {until}. What is too old by then will not come. To end this "
    "sooner, send RESUME."
)
PAUSED = Text("You get no messages until you send RESUME. What is too old by then will not come.")
HOW_PAUSE = Text(
    "I could not read this. Write for example: PAUSE 3d, PAUSE 8h, PAUSE until monday."
)
LENGTH_OF_PAUSE = Text("A pause can last up to 90 days. Write for example: PAUSE 3d.")
RESUMED = Text("You get messages again.")
RESUMED_LATER = Text("You get messages again, after your quiet hours, from {time} on.")

WAKES = Text("Urgent messages may come in your quiet hours.")
WAKES_NOT = Text("Urgent messages wait for the end of your quiet hours, like all others.")
