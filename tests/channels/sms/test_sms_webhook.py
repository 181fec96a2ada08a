"""Contract of `channels.sms.webhook`, over real sockets: Twilio is heard, nobody else learns."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from channels.contract import Inbound, Proof, Receipt, Trait
from channels.secret import Contact, Secret
from channels.sms import parse
from channels.sms.config import SmsInConfig
from channels.sms.webhook import _Webhooks

FORM = "application/x-www-form-urlencoded"
MEMBER = "+15551000001"
PROXY = "+15552000001"
EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response />'
VICTIM = "+15551000002"
FORBIDDEN = (403, b"")
DONE = (200, EMPTY)
TOKEN = "0123456789abcdef" * 2


class Repeatable(list[tuple[str, str]]):
    """Parameters as frameworks hand them to the SDK's validator: repeated names allowed."""

    def __iter__(self) -> Any:
        return iter([name for name, _ in super().__iter__()])

    def getall(self, name: str) -> list[str]:
        """All values of one name."""
        return [value for key, value in list.__iter__(self) if key == name]


def sdk_accepts(edge: Any, raw: bytes, signature: str) -> bool:
    """What a webhook that trusts the SDK alone would say."""
    pairs = Repeatable(parse_qsl(raw.decode(), keep_blank_values=True))
    validator = RequestValidator(edge.carrier.auth_token)
    return bool(validator.validate(edge.url + "/twilio/sms", pairs, signature))


async def test_a_text_is_handed_in(edge: Any) -> None:
    """Sender, number, words and id arrive in the engine's own type; Twilio gets empty TwiML."""
    assert await edge.post(edge.fields(Body=" hi\u202e there\r\n  ")) == DONE
    assert edge.taken == [
        Inbound(
            channel="sms",
            provider_id=edge.fields()["MessageSid"],
            sender=Contact("sms", MEMBER),
            to=Secret(PROXY),
            text=Secret(" hi there\n  "),
            proof=Proof.PROVEN,
        )
    ]


async def test_the_answer_is_xml(edge: Any) -> None:
    """Twilio wants `text/xml`; anything else is an error in its debugger, with the words."""
    fields = edge.fields()
    headers = {"X-Twilio-Signature": edge.sign(fields)}
    async with edge.session.post(edge.url + "/twilio/sms", data=fields, headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/xml"


async def test_pictures_are_left_out_and_said_so(edge: Any) -> None:
    """The engine learns that something was left out, never where it is."""
    assert await edge.post(edge.fields(NumMedia="1", MediaUrl0="https://x/y")) == DONE
    assert edge.taken[0].traits == {Trait.FILES_LEFT_OUT}


@pytest.mark.parametrize("receipt", list(Receipt))
async def test_every_receipt_looks_the_same(edge: Any, receipt: Receipt) -> None:
    """Taken, known and refused cannot be told apart."""
    edge.receipt = receipt
    assert await edge.post(edge.fields()) == DONE


async def test_a_sender_nobody_can_answer_is_ignored(edge: Any) -> None:
    """A short code is answered like anybody and not handed in."""
    assert await edge.post(edge.fields(From="12345")) == DONE
    assert edge.taken == []


async def test_trouble_of_ours_is_503_and_logged_without_words(edge: Any, caplog: Any) -> None:
    """Accept raising means later; the log names the kind of the exception and nothing else."""
    edge.broken = True
    assert await edge.post(edge.fields()) == (503, b"")
    assert "RuntimeError" in caplog.text
    assert MEMBER not in caplog.text
    edge.broken = False
    assert await edge.post(edge.fields()) == DONE


async def test_either_token_is_valid_during_a_rotation(edge: Any) -> None:
    """The old and the new auth token both sign."""
    signature = RequestValidator(edge.second_token).compute_signature(
        edge.url + "/twilio/sms", edge.fields()
    )
    assert await edge.post(edge.fields(), signature=signature) == DONE


@pytest.mark.parametrize("tokens", [(), (Secret(""),), (Secret("a"), Secret(""))])
def test_an_empty_token_is_no_configuration(tokens: tuple[Secret, ...]) -> None:
    """Anybody can sign with an empty key."""
    with pytest.raises(ValueError, match="auth token"):
        SmsInConfig(public_url="https://relay.example.org", account_sid="AC", auth_tokens=tokens)


# Forgeries that the SDK's validator accepts


async def test_forgery_replay(edge: Any) -> None:
    """A repeated request looks like the first and carries the same id: the engine knows it."""
    assert await edge.post(edge.fields()) == await edge.post(edge.fields()) == DONE
    assert edge.taken[0].provider_id == edge.taken[1].provider_id


async def test_forgery_everything_folded_into_one_parameter(edge: Any) -> None:
    """One parameter holding the rest of the signed text is no message."""
    fields = edge.fields()
    signed = "".join(name + fields[name] for name in sorted(fields))
    raw = urlencode({"AccountSid": signed.removeprefix("AccountSid")}).encode()
    assert sdk_accepts(edge, raw, edge.sign(fields))
    assert await edge.post(raw, signature=edge.sign(fields)) == FORBIDDEN


@pytest.mark.parametrize("hiding_place", ["FromA", "FromAFrom"])
async def test_forgery_words_cut_into_another_sender(edge: Any, hiding_place: str) -> None:
    """Words that look like parameters cannot be cut out of the text and become its sender."""
    fields = edge.fields(Body=f"hiFrom{VICTIM}FromA")
    forged = {**fields, "Body": "hi", "From": VICTIM}
    forged[hiding_place] = f"From{MEMBER}".removeprefix(hiding_place.removeprefix("FromA"))
    raw = urlencode(forged).encode()
    assert sdk_accepts(edge, raw, edge.sign(fields))
    assert await edge.post(raw, signature=edge.sign(fields)) == FORBIDDEN
    assert await edge.post(fields) == DONE
    assert [message.sender.reveal() for message in edge.taken] == [MEMBER]


async def test_forgery_second_sender(edge: Any) -> None:
    """A repeated `From` is refused, whichever of the two would have been read."""
    sender = "+15559999999"
    fields = edge.fields(Body=f"hiFrom{VICTIM}", From=sender)
    pairs = [pair for pair in fields.items() if pair[0] not in ("Body", "From")]
    forged = [("Body", "hi"), ("From", VICTIM), ("From", sender), *pairs]
    raw = urlencode(forged).encode()
    assert sdk_accepts(edge, raw, edge.sign(fields))
    assert await edge.post(raw, signature=edge.sign(fields)) == FORBIDDEN


async def test_forgery_same_parameter_twice(edge: Any) -> None:
    """The SDK counts equal values once; here no name comes twice."""
    fields = edge.fields()
    raw = urlencode([*fields.items(), ("From", MEMBER)]).encode()
    assert sdk_accepts(edge, raw, edge.sign(fields))
    assert await edge.post(raw, signature=edge.sign(fields)) == FORBIDDEN


# Signatures


def hooks(token: str = "12345") -> _Webhooks:
    """The checks alone, for vectors with paths that are not ours."""

    async def nobody(_: Inbound) -> Receipt:
        raise AssertionError

    config = SmsInConfig(
        public_url="https://relay.example.org/", account_sid="AC", auth_tokens=(Secret(token),)
    )
    return _Webhooks(config, nobody, None)


def test_signature_vector_of_a_form() -> None:
    """HMAC-SHA1 over the URL and sorted parameters; white space around the words counts."""
    raw = b"From=%2B15005550006&To=%2B15005550009&Body=+hi++&MessageSid=SM1"
    form = parse.form(raw)
    assert isinstance(form, parse.Form)
    assert hooks()._is_signed("/tw/in", form, "hsDyZTFggCcyVPv4hxJaaUF4F5o=")
    assert not hooks()._is_signed("/tw/in/", form, "hsDyZTFggCcyVPv4hxJaaUF4F5o=")
    assert not hooks("12346")._is_signed("/tw/in", form, "hsDyZTFggCcyVPv4hxJaaUF4F5o=")


def test_signature_vector_of_a_query() -> None:
    """The query is signed as it stands."""
    body_hash = hashlib.sha256(b'{"property":"value","boolean":true}').hexdigest()
    target, nothing = f"/status?bodySHA256={body_hash}", parse.Form({})
    assert hooks()._is_signed(target, nothing, "n7/ZdMjwor/V6etd7XIt83FU7IU=")
    assert not hooks()._is_signed("/\udcff", nothing, "x")
    assert not hooks()._is_signed(target + "&x=1", nothing, "n7/ZdMjwor/V6etd7XIt83FU7IU=")


@pytest.mark.parametrize("signature", ["", "x", "n7/ZdMjwor/V6etd7XIt83FU7IU=", "é"])
async def test_a_wrong_signature_is_refused(edge: Any, signature: str) -> None:
    """Whatever stands in the header."""
    assert await edge.post(edge.fields(), signature=signature) == FORBIDDEN


async def test_a_missing_or_repeated_signature_is_refused(edge: Any) -> None:
    """Exactly one header."""
    raw = urlencode(edge.fields()).encode()
    assert await edge.post(raw) == FORBIDDEN
    headers = [("X-Twilio-Signature", edge.sign(edge.fields()))] * 2 + [("Content-Type", FORM)]
    async with edge.session.post(edge.url + "/twilio/sms", data=raw, headers=headers) as answer:
        assert answer.status == 403


async def test_a_header_cannot_choose_the_algorithm(edge: Any) -> None:
    """HMAC-SHA1 is pinned: a request signed otherwise is refused, even with the right key."""
    fields = edge.fields()
    signature = RequestValidator(edge.carrier.auth_token).compute_signature(
        edge.url + "/twilio/sms", fields, "HMAC_SHA256"
    )
    header = "X-Twilio-Webhooks-Signature-Settings"
    for settings_header in ("key=k,algorithm=HMAC_SHA256", "algorithm=NONE"):
        headers = {header: settings_header}
        assert await edge.post(fields, signature=signature, headers=headers) == FORBIDDEN
        assert await edge.post(fields, headers=headers) == FORBIDDEN
    assert await edge.post(fields, signature=signature) == FORBIDDEN
    assert await edge.post(fields, headers={header: "algorithm=HMAC_SHA1"}) == DONE


async def test_headers_about_the_host_change_nothing(edge: Any) -> None:
    """Signatures are checked against the configured URL only."""
    fields = edge.fields()
    lies = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "x"}
    assert await edge.post(fields, headers=lies) == DONE
    signature = edge.carrier.sign("http://evil.example/twilio/sms", fields)
    assert await edge.post(fields, signature=signature, headers=lies) == FORBIDDEN


async def test_a_signed_query_is_part_of_the_address(edge: Any) -> None:
    """An address with a query is checked as a whole."""
    assert await edge.post(edge.fields(), path="/twilio/sms?a=b%20c") == DONE
    signature = edge.sign(edge.fields())
    assert await edge.post(edge.fields(), signature=signature, path="/twilio/sms?a") == FORBIDDEN


# Shape


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", ["/twilio/sms", f"/twilio/status?t={TOKEN}", "/twilio/voice"])
async def test_other_methods_get_the_same_403(edge: Any, method: str, path: str) -> None:
    """Only POST is Twilio's."""
    assert await edge.post(edge.fields(), method=method, path=path) == FORBIDDEN


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": ""},
        {"Content-Type": FORM + "; charset=utf-16"},
        {"Content-Encoding": "identity"},
    ],
)
async def test_other_content_is_refused(edge: Any, headers: dict[str, str]) -> None:
    """Even well signed."""
    assert await edge.post(edge.fields(), headers=headers) == FORBIDDEN


async def test_the_charset_may_be_named(edge: Any) -> None:
    """Twilio writes `charset=UTF-8`."""
    headers = {"Content-Type": FORM + "; charset=UTF-8"}
    assert await edge.post(edge.fields(Body="é 漢 😀"), headers=headers) == DONE
    assert edge.taken[0].text == Secret("é 漢 😀")


async def test_json_is_refused_even_with_a_valid_hash(edge: Any) -> None:
    """The SDK would take a JSON body by its hash in the query; we never ask for JSON."""
    raw = b'{"Body":"hi"}'
    path = "/twilio/sms?bodySHA256=" + hashlib.sha256(raw).hexdigest()
    signature = edge.carrier.sign(edge.url + path, {})
    json = {"Content-Type": "application/json"}
    for headers in (json, {}):
        answer = await edge.post(raw, path=path, signature=signature, headers=headers)
        assert answer == FORBIDDEN


@pytest.mark.parametrize(
    "changed",
    [
        {"AccountSid": "AC" + "1" * 32},
        {"To": "hello"},
        {"MessageSid": "hello"},
        {"NumMedia": "x"},
        {"odd-name": "x"},
    ],
)
async def test_a_signed_request_of_another_shape_is_refused(
    edge: Any, changed: dict[str, str]
) -> None:
    """A signature is necessary, not sufficient: another account's messages are not ours."""
    assert await edge.post(edge.fields(**changed)) == FORBIDDEN
    assert edge.taken == []


async def test_more_than_64_kilobytes_are_refused(edge: Any) -> None:
    """Well signed and well formed, but too large."""
    room = 64 * 1024 - len(urlencode(edge.fields(Body="")))
    assert await edge.post(edge.fields(Body="x" * room)) == DONE
    assert await edge.post(edge.fields(Body="x" * (room + 1))) == FORBIDDEN
    assert await edge.post(edge.fields(Body="x" * 500_000)) == FORBIDDEN


HEAD = (
    b"POST /twilio/sms HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: x\r\nContent-Type: "
    + FORM.encode()
)


@pytest.mark.parametrize(
    "request_bytes",
    [
        HEAD + b"\r\nContent-Length: 100\r\n\r\nBody=hi",
        HEAD + b"\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\nBody",
        HEAD + b"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nBody=",
        HEAD + b"; charset=\xff\xfe\r\nContent-Length: 0\r\n\r\n",
        HEAD.replace(b"/twilio/sms", b"http://evil/twilio/sms") + b"\r\nContent-Length: 0\r\n\r\n",
        HEAD.replace(b"/twilio/sms", b"/twilio/sms?\xff\xfe") + b"\r\nContent-Length: 0\r\n\r\n",
        HEAD.replace(b"/twilio/sms", b"/twilio/sms?[") + b"\r\nContent-Length: 0\r\n\r\n",
        HEAD.replace(b"Signature: x", b"Signature: \xff\xfe") + b"\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_broken_requests_break_nothing(edge: Any, request_bytes: bytes, caplog: Any) -> None:
    """Half a body, bad framing, odd targets: refused or dropped, no traceback, no outage."""
    answer = await edge.raw(request_bytes)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400"))
    assert await edge.post(edge.fields()) == DONE
    assert len(edge.taken) == 1
    assert "sms/webhook.py" not in caplog.text


async def test_an_endless_body_is_not_waited_for(edge: Any, monkeypatch: Any) -> None:
    """After 64 KB the answer is there, whether or not more would come."""
    monkeypatch.setattr("channels.sms.webhook._SECONDS_TO_SEND_THE_BODY", 3600)
    host, port = edge.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(HEAD + b"\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 70_000)
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 403")
    writer.close()
    await writer.wait_closed()


async def test_a_body_that_never_comes_is_given_up(edge: Any, monkeypatch: Any) -> None:
    """Whoever holds the connection without sending gets the 403 like everybody."""
    monkeypatch.setattr("channels.sms.webhook._SECONDS_TO_SEND_THE_BODY", 0.05)
    host, port = edge.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(HEAD + b"\r\nContent-Length: 1000\r\n\r\nBody=")
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 403")
    writer.close()
    await writer.wait_closed()


@given(st.binary(max_size=200), st.dictionaries(st.text(min_size=1), st.text(), max_size=4))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_garbage_is_refused(edge: Any, raw: bytes, fields: dict[str, str]) -> None:
    """Unsigned bytes and signed nonsense both get the 403, and nothing is handed in."""
    encoded = {name: value.encode(errors="replace").decode() for name, value in fields.items()}
    assert await edge.post(raw, signature="x") == FORBIDDEN
    signed = {name.encode(errors="replace").decode(): value for name, value in encoded.items()}
    assert await edge.post(signed) == FORBIDDEN
    assert edge.taken == []


# Status and voice


def report(edge: Any, **changed: str) -> dict[str, str]:
    """The parameters of an ordinary status callback."""
    sid = edge.fields()["MessageSid"]
    ordinary = {"AccountSid": edge.carrier.account_sid, "MessageSid": sid, "From": PROXY}
    return {**ordinary, "MessageStatus": "delivered", "To": MEMBER, **changed}


async def test_a_status_callback_is_reported(edge: Any) -> None:
    """Our token, the status and the code; never a number."""
    path = f"/twilio/status?t={TOKEN}"
    assert await edge.post(report(edge), path=path) == (204, b"")
    failed = report(edge, MessageStatus="undelivered", ErrorCode="30003")
    assert await edge.post(failed, path=path) == (204, b"")
    assert edge.statuses == [(TOKEN, "delivered", None), (TOKEN, "undelivered", 30003)]


async def test_status_callbacks_are_checked_like_messages(edge: Any) -> None:
    """Unsigned, of another account, without our token: 403. Trouble of ours: 503."""
    path = f"/twilio/status?t={TOKEN}"
    assert await edge.post(report(edge), path=path, signature="x") == FORBIDDEN
    assert await edge.post(report(edge, AccountSid="AC"), path=path) == FORBIDDEN
    assert await edge.post(report(edge), path="/twilio/status") == FORBIDDEN
    assert await edge.post(report(edge), path=f"/twilio/status?t={TOKEN}x") == FORBIDDEN
    edge.broken = True
    assert await edge.post(report(edge), path=path) == (503, b"")
    assert edge.statuses == []


async def test_a_call_is_busy(edge: Any) -> None:
    """Rejected as busy: not answered, not billed, nothing said."""
    call = {"AccountSid": edge.carrier.account_sid, "CallSid": "CA" + "0" * 32, "From": MEMBER}
    status, body = await edge.post(call, path="/twilio/voice")
    assert status == 200
    assert body.endswith(b'<Response><Reject reason="busy"/></Response>')
    assert await edge.post(call, path="/twilio/voice", signature="x") == FORBIDDEN
    assert await edge.post({**call, "CallSid": "x"}, path="/twilio/voice") == FORBIDDEN


async def test_the_answer_waits_for_the_engine(edge: Any) -> None:
    """200 is said only after `accept` has returned: until then nothing is durable."""
    edge.may_answer.clear()
    posted = asyncio.create_task(edge.post(edge.fields()))
    await edge.asked.wait()
    assert not posted.done()
    edge.may_answer.set()
    assert await posted == DONE
