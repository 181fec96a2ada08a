"""What is said about joining a group, about names in it, and about going."""

from __future__ import annotations

from relay.wording.text import Text

INVITED = Text(
    "{programme}: you are invited. To see to what, answer JOIN {code} within a day. To get "
    "nothing more, answer STOP."
)
WRONG_CODE = Text(
    "This number is wrong, was used, or is too old. Ask who invited you for a new one."
)
ALREADY_IN = Text("You have joined already. Nobody else saw this.")

# The agreement. What a group adds comes before the end.
CHOICE = Text(
    "{programme} runs groups that help each other. Joining is your choice. If you say no, you can "
    "still get help in other ways."
)
PRIVATE = Text(
    "Private: the others see the name you have here. They never see your number or your address."
)
NOT_PRIVATE = Text(
    "Not private: the others read what you write, and could show it. Write nothing that tells who "
    "you are."
)
REPORTERS = Text(
    "Who runs the group reads along. By law some of them must report it if a child or a frail "
    "person is being hurt."
)
PHONE_COMPANIES = Text(
    "Phone firms, mail hosts and Twilio, which sends our texts, can see that you use this. They "
    "can read what they bring."
)
KEPT = Text(
    "We keep a message until it has arrived, or for a few days. What is on your phone stays until "
    "you delete it."
)
NO_HOTLINE = Text(
    "This is no hotline. In danger, call your emergency number. You can end it at any time: send "
    "LEAVE."
)
SAY_AGREE = Text("Agreement {version}. If you agree, answer AGREE. If not, answer LEAVE.")
AGREED_TO = Text("Agreement {version}. You have agreed to it.")
PART = Text("{number}/{count} {words}")

NOT_AGREED = Text(
    "You have not joined yet, so nobody got your message. To join, answer AGREE. To read the "
    "agreement, send AGREEMENT."
)
NOT_LET_IN = Text("You are not in the group yet, so nobody got your message. Please wait.")
WAIT = Text("Thank you. You will hear from us. Until then you get nothing from the group.")
WELCOME = Text("You are in. The others see you as {name}. What you write here goes to all of them.")
ANSWER_THE_MAIL = Text(
    "We could not see that this is you. Please answer the mail that asked you, with the one word "
    "AGREE."
)

WANTS_IN = Text("{name} has agreed and wants to join. Do you say yes? Then send APPROVE {name}")
WANTS_VOUCHING = Text(
    "{name} has agreed and wants to join. Members who know this one can send VOUCH {name}"
)
LET_IN = Text("{name} is in now.")
CANNOT = Text("{name} cannot be added to this group. This member was not told why.")
NOT_TAKEN_UP = Text("{name} did not take up the invitation in time. You can invite anew.")
VOUCHED = Text("Thank you. If somebody of this name waits to be let in, your word counts.")
JOINED = Text("{name} has joined the group.")

STILL_AGREE = Text(
    "Do you still agree to how this group works? Then answer AGREE. To read it first, send "
    "AGREEMENT."
)
CHANGED = Text("What you agreed to in this group has changed. To read it, send AGREEMENT.")
REMINDER = Text(
    "You have not said yet that you agree to how this group works. To go on writing, send "
    "AGREEMENT, then AGREE."
)
MUST_AGREE = Text(
    "Your message was not passed on. To write again, send AGREEMENT, then AGREE. You still get "
    "what others write."
)
AFFIRMED = Text("Thank you. You agreed to agreement {version}. Nothing was passed on.")

RENAMED = Text("From now on your name is {name}.")
NAME_TAKEN = Text("This name is taken, or too close to one. Free are: {names}")
NAME_WRONG = Text("A name has 24 letters at most, no signs, and is no word of ours. Free: {names}")
NAME_GIVES_AWAY = Text("This name could tell who somebody is. Free are: {names}")
NAMES_ENOUGH = Text("You have had three new names today. Please wait until tomorrow.")
NOW_CALLED = Text("You knew {old}. The new name is {name}.")

AVOIDED = Text(
    "Noted. Nobody in your groups learns whom you named. From now on this contact cannot join "
    "them. If you feel unsafe now, send HELP."
)
NOT_A_CONTACT = Text(
    "Please write the number with + and country code, or the whole mail address. Nobody else saw "
    "this."
)
TOO_MANY = Text("No more numbers or addresses can be noted for you. Please ask for help: HELP")
APART = Text(
    "Two members must not share this group. Tell nobody. Ask who runs the programme to look: relay "
    "member conflicts"
)

LEFT = Text("{name} is not in the group any more.")
GONE = Text("You will get nothing more from this group. It hears that you have gone, not why.")
STOPPED_TOLD = Text(
    "You will get nothing more from this service. Your group hears that you have gone, not why."
)
FORGET_ASKED = Text(
    "This erases you from this group for good: name, number, what waits. There is no other answer. "
    "If you are sure, send FORGET ME YES"
)
FORGET_LATE = Text("To be erased, first send FORGET ME. Nothing was done.")
