"""What is said around a cry for help, a report, and who is on duty."""

from __future__ import annotations

from relay.duty import Reached
from relay.wording.text import Text

EMERGENCY = Text("your emergency number")
"""Whom to call in danger where the group has not said it."""

# To who cried for help -----------------------------------------------------------------------

CRISIS_ON_DUTY = Text("In danger: {crisis}. One who runs this group is called for you now.")
CRISIS_OTHERS = Text(
    "In danger: {crisis}. Nobody is on duty, so others who run this group are called."
)
CRISIS_OTHERS_ELSE = Text(
    "In danger: {crisis}. Nobody is on duty. Others who run this group are called. "
    "Or ask: {alternatives}."
)
CRISIS_NOBODY = Text("In danger: {crisis}. Nobody who runs this group can be called now.")
CRISIS_NOBODY_ELSE = Text(
    "In danger: {crisis}. Nobody who runs this group can be called now. Or ask: {alternatives}."
)
HELP_ON_DUTY = Text(
    "{programme}: who runs the group was told, nobody else. In danger: {crisis}. STOP ends all."
)
HELP_ON_DUTY_REACH = Text(
    "{programme}: who runs the group was told, nobody else. {reach}. In danger: {crisis}. "
    "STOP ends all."
)
HELP_OTHERS = Text(
    "{programme}: nobody is on duty. Who runs the group was told. In danger: {crisis}. "
    "STOP ends all."
)
HELP_OTHERS_REACH = Text(
    "{programme}: nobody is on duty. Who runs the group was told. {reach}. In danger: {crisis}. "
    "STOP ends all."
)
HELP_NOBODY = Text(
    "{programme}: nobody who runs the group could be told. In danger: {crisis}. STOP ends all."
)
HELP_NOBODY_REACH = Text(
    "{programme}: nobody who runs the group could be told. {reach}. In danger: {crisis}. "
    "STOP ends all."
)
LOOKED_AFTER = Text(
    "{name} has seen your call and is there for you. If nobody writes to you, send CRISIS once more."
)
NO_ANSWER = Text("Nobody has answered yet. In danger: {crisis}. Please do not wait for us.")
NO_ANSWER_ELSE = Text(
    "Nobody has answered yet. In danger: {crisis}. Or ask: {alternatives}. Do not wait for us."
)
CARE = Text("In danger: {crisis}. To call who runs this group, send CRISIS. Only you got this.")

# To who runs the group -----------------------------------------------------------------------

WROTE_HELP = Text("{name} wrote HELP. If you look after this member, send TAKE {short}.")
WROTE_CRISIS = Text("{name} needs help now. If you look after this member, send TAKE {short}.")
NOBODY_TOOK = Text("{name} called for help, and nobody has taken it. If you do, send TAKE {short}.")
YOU_TOOK = Text("You look after {name} now. Nobody else will be called.")
YOU_TOOK_UNHEARD = Text(
    "You look after {name} now, but we may send this member no texts. Please find another way."
)
OTHER_TOOK = Text("{taker} is there for {name} now. You can let it be.")
NO_CALL = Text("No such call for help is open. It may have been taken.")
WHICH_CALL = Text("More than one call for help is open. Send TAKE with the number of one.")
NOT_YOUR_OWN = Text("This is your own call for help. Somebody else has to take it.")

# Reports -------------------------------------------------------------------------------------

REPORTED = Text("{name} reports: {words}")
TOLD = Text("{name} tells who runs the group: {words}")
PERHAPS_REPORTED = Text("Somebody who may not be {name} reports: {words}")
PERHAPS_TOLD = Text("Somebody who may not be {name} tells who runs the group: {words}")
REPORT_TOLD = Text(
    "Your words go to one who runs the group, to nobody else.",
    plural="Your words go to {count} who run the group, to nobody else.",
)
NOBODY_TOLD = Text("Your words reached nobody: there is nobody who could be told.")
NOBODY_TOLD_ELSE = Text(
    "Your words reached nobody: there is nobody who could be told. You can ask: {alternatives}."
)
HOW_TO_REPORT = Text(
    "Write REPORT: and what happened, in one message. Only who runs the group gets it, and never "
    "who is named in it."
)
NOT_REPORTED = Text(
    "Nobody got this. To tell who runs the group alone, send it with REPORT: in front. SEND AS IS "
    "shows it to the whole group."
)
FILES_NOT_TOLD = Text("Pictures and files were left out. Your words were told.")

# Duty ----------------------------------------------------------------------------------------

ON_DUTY = Text("You are on duty until you send OFF DUTY.")
ON_DUTY_UNTIL = Text("You are on duty until {until}. OFF DUTY ends it sooner.")
OFF_DUTY = Text("You are off duty now.")
OFF_DUTY_ALL = Text("You are off duty now. Nobody else is on duty.")
ASKED_OVER = Text("{name} was asked. You stay on duty till this member says ON DUTY.")
TAKE_OVER = Text("{name} asks you to take over. If you do, send ON DUTY.")
TAKE_OVER_NOTE = Text("{name} asks you to take over. If you do, send ON DUTY. {name} notes: {note}")
TAKEN_OVER = Text("{name} is on duty now. You are off duty.")
NOBODY_OF_THAT_NAME = Text("Nobody else who runs this group has that name. Nothing was changed.")

GAP = Text("Nobody is on duty from {start} to {end}. In danger: {crisis}.")
GAP_ELSE = Text(
    "Nobody is on duty from {start} to {end}. In danger: {crisis}. Or ask: {alternatives}."
)
GAP_OPEN = Text("Nobody is on duty from {start} on. In danger: {crisis}.")
GAP_OPEN_ELSE = Text(
    "Nobody is on duty from {start} on. In danger: {crisis}. Or ask: {alternatives}."
)

_CRISIS = {
    Reached.ON_DUTY: (CRISIS_ON_DUTY, CRISIS_ON_DUTY),
    Reached.OTHERS: (CRISIS_OTHERS, CRISIS_OTHERS_ELSE),
    Reached.NOBODY: (CRISIS_NOBODY, CRISIS_NOBODY_ELSE),
}
_HELP = {
    Reached.ON_DUTY: (HELP_ON_DUTY, HELP_ON_DUTY_REACH),
    Reached.OTHERS: (HELP_OTHERS, HELP_OTHERS_REACH),
    Reached.NOBODY: (HELP_NOBODY, HELP_NOBODY_REACH),
}


def in_danger(crisis: str) -> str:
    """Whom to call in danger, as it stands in a sentence."""
    return crisis.rstrip(".") or EMERGENCY


def crisis_answer(reached: Reached, crisis: str, alternatives: str) -> Text:
    """The answer to CRISIS: whom to call, and whether anybody is called for her."""
    return _filled(_CRISIS[reached][bool(alternatives)], crisis, alternatives)


def help_answer(
    programme: str, reach: str, crisis: str, reached: Reached, *, alternatives: str = ""
) -> Text:
    """The answer to HELP: who we are, how to reach a person, whom to call, how to end it.

    When nobody is on duty, whom the group has named for that stands in place of `reach`. One text
    of 160 letters as long as the three have no more than 77 together.
    """
    reach = reach if reached is Reached.ON_DUTY else alternatives or reach
    template = _HELP[reached][bool(reach)]
    return _filled(template, crisis, "", programme=programme, reach=reach.rstrip("."))


def no_answer(crisis: str, alternatives: str) -> Text:
    """All who could be called were, and nobody has answered."""
    return _filled(NO_ANSWER_ELSE if alternatives else NO_ANSWER, crisis, alternatives)


def nobody_told(alternatives: str) -> Text:
    """A report that nobody got."""
    return _filled(NOBODY_TOLD_ELSE if alternatives else NOBODY_TOLD, "", alternatives)


def gap(start: str, end: str, crisis: str, alternatives: str) -> Text:
    """Hours in which nobody is on duty, on the reader's clock; without an `end`, from then on."""
    templates = (GAP, GAP_ELSE) if end else (GAP_OPEN, GAP_OPEN_ELSE)
    return _filled(templates[bool(alternatives)], crisis, alternatives, start=start, end=end)


def _filled(template: Text, crisis: str, alternatives: str, **more: str) -> Text:
    there = in_danger(crisis)
    return template.format(crisis=there, alternatives=alternatives.rstrip("."), **more)
