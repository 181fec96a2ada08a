"""Contract of `channels.sms.parse`: one reading for each request, or a refusal; never an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.secret import Contact, Secret
from channels.sms import parse
from channels.sms.parse import Form, Refusal

ACCOUNT = "AC" + "0" * 32
SID = "SM" + "0123456789abcDEF" * 2
MEMBER = "+15551000001"
VICTIM = "+15551000002"
PROXY = "+15552000001"


def fields(**changed: str) -> dict[str, str]:
    """An ordinary incoming text."""
    ordinary = {
        "AccountSid": ACCOUNT,
        "Body": "hello",
        "From": MEMBER,
        "MessageSid": SID,
        "NumMedia": "0",
        "To": PROXY,
    }
    return {**ordinary, **changed}


def read(**changed: str) -> parse.TextIn | Refusal:
    """Through the bytes and back."""
    form = parse.form(urlencode(fields(**changed)).encode())
    return form if isinstance(form, Refusal) else parse.text_in(form, ACCOUNT)


def test_an_ordinary_text_is_read() -> None:
    """Everything the engine needs, contacts and words in their wrappers."""
    assert read() == parse.TextIn(
        sid=SID, sender=Contact("sms", MEMBER), to=Secret(PROXY), text=Secret("hello")
    )


def test_an_empty_body_is_a_text() -> None:
    """A picture without words is well formed; one from nowhere is left out."""
    message = read(Body="", NumMedia="10", MessageSid="MM" + "0" * 32, MediaUrl0="https://x/y")
    assert isinstance(message, parse.TextIn)
    assert (message.text.reveal(), message.media, message.left_out) == ("", (), True)


@pytest.mark.parametrize(
    "sender", ["12345", "MYBANK", "whatsapp:+15551000001", "+0123", "+١٢٣٤٥٦٧"]
)
def test_a_sender_nobody_can_answer_is_well_formed(sender: str) -> None:
    """Short codes and names are read without a sender, so that they are answered and ignored."""
    message = read(From=sender)
    assert isinstance(message, parse.TextIn)
    assert message.sender is None


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"AccountSid": "AC" + "1" * 32}, Refusal.OTHER_ACCOUNT),
        ({"AccountSid": ""}, Refusal.OTHER_ACCOUNT),
        ({"MessageSid": ""}, Refusal.BAD_SHAPE),
        ({"MessageSid": "XX" + SID}, Refusal.BAD_SHAPE),
        ({"MessageSid": SID + "\n"}, Refusal.BAD_SHAPE),
        ({"From": ""}, Refusal.BAD_SHAPE),
        ({"From": "+1" * 40}, Refusal.BAD_SHAPE),
        ({"To": "12345"}, Refusal.BAD_SHAPE),
        ({"To": PROXY + "\n"}, Refusal.BAD_SHAPE),
        ({"NumMedia": ""}, Refusal.BAD_SHAPE),
        ({"NumMedia": "-1"}, Refusal.BAD_SHAPE),
        ({"NumMedia": "²"}, Refusal.BAD_SHAPE),
        ({"From+": "x"}, Refusal.ODD_NAME),
        ({"": "x"}, Refusal.ODD_NAME),
        ({"Ünder": "x"}, Refusal.ODD_NAME),
    ],
)
def test_another_shape_is_refused(changed: dict[str, str], refusal: Refusal) -> None:
    """Each parameter has one pattern, anchored at both ends."""
    assert read(**changed) is refusal


@pytest.mark.parametrize("name", list(fields()))
def test_no_parameter_may_be_missing_or_repeated(name: str) -> None:
    """Every one that is needed must be there exactly once, even with the same value again."""
    without = {key: value for key, value in fields().items() if key != name}
    if name != "NumMedia":  # without it there are no media
        assert isinstance(parse.text_in(Form(without), ACCOUNT), Refusal)
    twice = urlencode([*fields().items(), (name, fields()[name])]).encode()
    assert parse.form(twice) is Refusal.REPEATED


@pytest.mark.parametrize(
    "raw",
    [b"\xff=1", b"a=%FF", b"a=%ED%A0%80", b"nothing", b"a=1&&b=2", b"&", b"a=1&" * 500, b"{}"],
)
def test_what_is_no_form_is_refused(raw: bytes) -> None:
    """UTF-8 is strict, every pair has its equals sign, and there are not hundreds of them."""
    assert parse.form(raw) in (Refusal.NOT_A_FORM, Refusal.ODD_NAME)


def test_the_size_limit_is_64_kilobytes() -> None:
    """65,536 bytes are read, 65,537 are not."""
    raw = b"Body=" + b"x" * (64 * 1024 - 5)
    assert isinstance(parse.form(raw), Form)
    assert parse.form(raw + b"x") is Refusal.TOO_LARGE


def test_only_controls_and_overrides_leave_the_words() -> None:
    """Line feed and tab stay, as do joiners, marks, isolates and every script."""
    kept = " a\n\tb \u200f\u05e2\u05d1\u2066x\u2069 \U0001f469\u200d\U0001f467 e\u0301 \u200b"
    assert parse.clean("\0\r\x1b\x7f\x85\u202e" + kept + "\u202d\x08") == kept


@given(st.text())
def test_cleaning_only_ever_removes(words: str) -> None:
    """What is left is what was there, in order, without the unwanted, and cleaning it is idle."""
    left = parse.clean(words)
    unwanted = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")
    assert left == unwanted.sub("", words)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_raise(raw: bytes) -> None:
    """Garbage is refused or read, never an exception."""
    form = parse.form(raw)
    if isinstance(form, Form):
        parse.text_in(form, ACCOUNT)
        parse.status_in(form, raw.decode("latin-1"), ACCOUNT)
        parse.call_in(form, ACCOUNT)


names = st.sampled_from([*fields(), "MessageStatus", "ErrorCode", "CallSid", "X"])
values = st.one_of(st.text(max_size=20), st.sampled_from(list(fields().values())))


@given(st.lists(st.tuples(names, values), max_size=12), st.text(max_size=40))
def test_no_parameters_make_the_parser_raise(pairs: list[tuple[str, str]], query: str) -> None:
    """Nor do well-formed forms with anything in the places that are read."""
    form = parse.form(urlencode(pairs, errors="replace").encode())
    if isinstance(form, Form):
        parse.text_in(form, ACCOUNT)
        parse.status_in(form, query, ACCOUNT)
        parse.call_in(form, ACCOUNT)


def test_a_form_does_not_print_its_values() -> None:
    """Numbers and words are in there before anything is checked."""
    assert MEMBER not in repr(Form(fields()))
    assert MEMBER not in repr(parse.text_in(Form(fields()), ACCOUNT))


def test_places_called_like_parameters_cost_no_message() -> None:
    """Frome, Toledo and Peabody are places; a message from there is read."""
    places = {"FromCity": "Frome", "ToCity": "Toledo", "FromState": "Peabody", "ToState": "TO"}
    assert isinstance(read(**places), parse.TextIn)


pieces = st.sampled_from(
    [
        f"From{VICTIM}",
        "FromA",
        "FromAFrom",
        "FromZ",
        "Body",
        "MessageSid" + "SM" + "f" * 32,
        "NumMedia0",
        f"To{PROXY}",
        "To+15552000009",
        "Z",
        "hi",
        f"AccountSid{ACCOUNT}",
    ]
)


TOKENS = re.compile("AccountSid|Body|From|MessageSid|NumMedia|To|Z")


def recuts(signed: str, after: str = "", start: int = 0) -> Iterator[list[tuple[str, str]]]:
    """Every way to cut a signed text, from `start`, into parameters that could be a message.

    Names are in order, begin where one of the tokens does, and none that is needed is missing.
    """
    run = re.compile("[A-Za-z0-9]+").match(signed, start)
    token = TOKENS.match(signed, start)
    if run is None or token is None:
        return
    for length in {len(run[0]), len(token[0]), len(token[0]) + 1, len("FromAFrom")}:
        name = signed[start : start + length]
        if not name.isalnum() or name <= after or any(after < need < name for need in fields()):
            continue
        value_at = start + length
        if name >= max(fields()):
            yield [(name, signed[value_at:])]
        for found in TOKENS.finditer(signed, value_at):
            for rest in recuts(signed, name, found.start()):
                yield [(name, signed[value_at : found.start()]), *rest]


@example([f"hiFrom{VICTIM}", "FromA"])
@example([f"hiFrom{VICTIM}", "FromAFrom"])
@example([f"hiFrom{VICTIM}"])
@given(st.lists(pieces, max_size=5))
@settings(deadline=None, max_examples=60)
def test_no_recut_of_a_signed_text_has_another_sender(words: list[str]) -> None:
    """Whatever a member writes, the signed text cannot be cut into a message of somebody else."""
    genuine = fields(Body="".join(words))
    signed = "".join(name + genuine[name] for name in sorted(genuine))
    assert list(genuine.items()) in list(recuts(signed))
    for pairs in recuts(signed):
        assert "".join(name + value for name, value in pairs) == signed
        message = parse.text_in(Form(dict(pairs)), ACCOUNT)
        if isinstance(message, parse.TextIn):
            assert (message.sender, message.to) == (Contact("sms", MEMBER), Secret(PROXY))


def test_no_recut_drops_half_of_the_words() -> None:
    """Somebody who wrote `NoBody` did not write only what follows it."""
    words = fields(Body="I told NoBody about it")
    forged = {**words, "B": "odyI told No", "Body": " about it"}
    signed = ["".join(name + form[name] for name in sorted(form)) for form in (words, forged)]
    assert signed[0] == signed[1]
    assert isinstance(parse.text_in(Form(words), ACCOUNT), parse.TextIn)
    assert parse.text_in(Form(forged), ACCOUNT) is Refusal.TWO_READINGS


def test_the_number_of_parameters_has_a_limit() -> None:
    """Twilio sends some forty; 200 are read."""
    assert isinstance(parse.form(urlencode({f"a{n}": "" for n in range(200)}).encode()), Form)
    many = urlencode({f"a{n}": "" for n in range(201)}).encode()
    assert parse.form(many) is Refusal.NOT_A_FORM


TOKEN = "abcdefghijklmnopqrstuvwx27"


def status(query: str = f"t={TOKEN}", **changed: str) -> parse.StatusIn | Refusal:
    """An ordinary status callback, changed."""
    ordinary = {"AccountSid": ACCOUNT, "MessageSid": SID, "MessageStatus": "delivered"}
    return parse.status_in(Form({**ordinary, **changed}), query, ACCOUNT)


def test_a_status_callback_is_read() -> None:
    """Our token, Twilio's word and its error code."""
    assert status(MessageStatus="undelivered", ErrorCode="30003") == parse.StatusIn(
        token=Secret(TOKEN), sid=SID, status="undelivered", error_code=30003
    )
    assert isinstance(status(), parse.StatusIn)


@pytest.mark.parametrize(
    "query",
    ["", "t=", f"t={TOKEN}AccountSid", f"t={TOKEN}&t={TOKEN}", f"x={TOKEN}", f"t={TOKEN[1:]}"],
)
def test_a_status_callback_without_exactly_our_token_is_refused(query: str) -> None:
    """The query is ours: nothing may be folded into it."""
    assert status(query) is Refusal.BAD_SHAPE


@pytest.mark.parametrize(
    "changed",
    [
        {"MessageStatus": "perhaps"},
        {"MessageStatus": ""},
        {"ErrorCode": "x"},
        {"MessageSid": "x"},
        {"AccountSid": "AC" + "1" * 32},
    ],
)
def test_a_status_callback_of_another_shape_is_refused(changed: dict[str, str]) -> None:
    """Statuses are a closed list; codes are numbers."""
    assert isinstance(status(**changed), Refusal)


def test_a_call_is_known_by_its_account_and_id_only() -> None:
    """Who calls is not read at all."""
    call = {"AccountSid": ACCOUNT, "CallSid": "CA" + "0" * 32, "From": "anything"}
    assert parse.call_in(Form(call), ACCOUNT) == parse.CallIn(sid="CA" + "0" * 32)
    assert parse.call_in(Form({**call, "CallSid": "SM1"}), ACCOUNT) is Refusal.BAD_SHAPE
    assert parse.call_in(Form(call), "AC" + "1" * 32) is Refusal.OTHER_ACCOUNT


@pytest.mark.parametrize(("kind", "word"), [("STOP", "stop"), ("HELP", "help")])
def test_a_word_of_the_account_is_read_as_what_it_stands_for(kind: str, word: str) -> None:
    """With Advanced Opt-Out any word can mean stop; the carrier says so, and it wins."""
    message = read(Body="salir", OptOutType=kind)
    assert isinstance(message, parse.TextIn)
    assert message.text.reveal() == word
    assert message.answered


def test_what_the_account_takes_for_a_start_keeps_its_words() -> None:
    """A yes to us may be a start to Twilio, which has answered; what she wrote is still read."""
    message = read(Body="Yes", OptOutType="START")
    assert isinstance(message, parse.TextIn)
    assert (message.text.reveal(), message.answered) == ("Yes", True)


def test_a_toll_free_number_has_its_networks_words() -> None:
    """The network answers STOP, START and UNSTOP, even if Twilio does not; nothing else is."""
    words = ("STOP", " start\n", "Unstop", "HELP", "info", "QUIT", "cancel", "stopall", "hello")
    for area in ("800", "833", "844", "855", "866", "877", "888"):
        to = f"+1{area}5550100"
        for answers in (True, False):
            found = [w for w in words if parse.is_answered(w, to, answers_stop=answers)]
            assert found == list(words[:3])
    for to in (PROXY, "+18225550100", "+448005550100", "+1800555010"):
        found = [w for w in words if parse.is_answered(w, to, answers_stop=True)]
        assert found == list(words[:-1])
        assert not any(parse.is_answered(w, to, answers_stop=False) for w in words)
    stop, help_ = read(To="+18885550100", Body="stop"), read(To="+18885550100", Body="help")
    assert isinstance(stop, parse.TextIn)
    assert isinstance(help_, parse.TextIn)
    assert (stop.answered, help_.answered) == (True, False)
