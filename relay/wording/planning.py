"""What is said about posts that are planned for later."""

from __future__ import annotations

from relay.wording.text import Text

HOW_TO_PLAN = Text("Please write a time and your words: PLAN monday 18:00 How are you?")
OVER = Text("This time is over, or too far away. Nothing was planned.")
TOO_LONG = Text("These words are too long for a post here. Nothing was planned.")
TOO_MANY = Text("There are too many plans in this group. Please take one back first.")
PLANNED = Text("The group gets it on {when}. To take it back: UNPLAN {number}")
PLANNED_AGAIN = Text(
    "The group gets it first on {when}, then again and again. To take it back: UNPLAN {number}"
)
TAKEN_BACK = Text("Taken back: {number}. Nobody gets it.")
NO_SUCH_PLAN = Text("There is no plan with the number {number}.")
NOTHING_PLANNED = Text("Nothing is planned.")
PLANS = Text("Planned: {plans}.")
NEXT_PLANS = Text("These come first: {plans}.")
SKIPPED = Text("What you planned for {when} could not go out then, so nobody got it.")
