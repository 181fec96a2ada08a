"""Contract of `channels.sms.webhook`, over real sockets: Twilio is heard, nobody else learns."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from channels.contract import Inbound, Later, Never, Proof, Receipt, Sent, Trait, Trouble
from channels.secret import Contact, Secret
from channels.sms import parse
from channels.sms.config import SENTENCES, SmsInConfig
from channels.sms.webhook import _Webhooks

FORM = "application/x-www-form-urlencoded"
MEMBER = "+15551000001"
PROXY = "+15552000001"
EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response />'
VICTIM = "+15551000002"
FORBIDDEN = (403, b"")
DONE = (200, EMPTY)
TOKEN = "abcdefghijklmnopqrstuvwx27"


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


def pictures(edge: Any, *kinds: str, sid: str | None = None) -> dict[str, str]:
    """The parameters of files that wait at the fake Twilio."""
    place = f"{edge.carrier.api_url}/2010-04-01/Accounts/{edge.carrier.account_sid}/Messages/"
    found = {"NumMedia": str(len(kinds))}
    for number, kind in enumerate(kinds):
        medium = f"{sid or edge.fields()['MessageSid']}/Media/ME{number}"
        found |= {f"MediaUrl{number}": place + medium, f"MediaContentType{number}": kind}
    return found


async def test_pictures_are_handed_in_as_places(edge: Any) -> None:
    """Where they wait, and what they are; what no group could pass on is only said to be there."""
    files = pictures(edge, "image/jpeg", "text/vcard", "Text/Plain; charset=utf-8")
    assert await edge.post(edge.fields(**files)) == DONE
    (message,) = edge.taken
    assert message.traits == {Trait.FILES_LEFT_OUT}
    assert [item.reveal() for item in message.media] == [
        f"image/jpeg {files['MediaUrl0']}",
        f"text/plain {files['MediaUrl2']}",
    ]
    assert files["MediaUrl0"] not in repr(message)
    assert await edge.post(edge.fields(**pictures(edge, "image/png"))) == DONE
    assert edge.taken[1].traits == frozenset()


async def test_nothing_is_fetched_from_elsewhere(edge: Any) -> None:
    """Our password is asked for with the address: another host, account or message is left out."""
    account = edge.carrier.account_sid
    path = f"/2010-04-01/Accounts/{account}/Messages/{edge.fields()['MessageSid']}/Media/ME1"
    strangers = (
        "https://evil.example" + path,
        "https://api.twilio.com.evil.example" + path,
        "https://api.twilio.com@evil.example" + path,
        "http://api.twilio.com" + path,
        edge.carrier.api_url + path + "?x=1",
        edge.carrier.api_url + path + "/../../ME2",
        edge.carrier.api_url + path.replace(account, "AC" + "1" * 32),
        edge.carrier.api_url + path.replace("/SM", "/SM1"),
        "",
    )
    for url in strangers:
        files = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": "image/jpeg"}
        assert await edge.post(edge.fields(**files)) == DONE
        assert edge.taken[-1].media == (), url
        assert edge.taken[-1].traits == {Trait.FILES_LEFT_OUT}
    files["MediaUrl0"] = "https://api.twilio.com" + path
    assert await edge.post(edge.fields(**files)) == DONE
    assert len(edge.taken[-1].media) == 1


async def test_a_reaction_is_one(edge: Any) -> None:
    """What a phone writes for a tap on a message; taken back, its sign is preceded by a minus."""
    texts = ("Loved \u201csee you\u201d", "Removed a heart from \u201csee you\u201d", "Loved it!")
    for text in texts:
        assert await edge.post(edge.fields(Body=text)) == DONE
    first, second, third = (message.reaction.reveal() for message in edge.taken)
    assert first
    assert second == "-" + first
    assert third == ""
    files = pictures(edge, "image/jpeg")
    assert await edge.post(edge.fields(Body=texts[0], **files)) == DONE
    assert not edge.taken[-1].reaction


async def test_words_that_twilio_answers_are_marked(edge: Any, serve: Any) -> None:
    """Its own words in any case and with room around them, and any word of Advanced Opt-Out."""
    for body in ("STOP", " stop\n", "Unsubscribe", "info", "OptOut"):
        assert await edge.post(edge.fields(Body=body)) == DONE
        assert edge.taken[-1].traits == {Trait.ANSWERED}, body
    for body in ("stop it", "stop!", "yes", "opt out", "\u017ftop", ""):
        assert await edge.post(edge.fields(Body=body)) == DONE
        assert edge.taken[-1].traits == frozenset(), body
    async with serve(answers_stop=False) as other:
        assert await other.post(other.fields(Body="STOP")) == DONE
        assert other.taken[-1].traits == frozenset()
        assert await other.post(other.fields(Body="salir", OptOutType="STOP")) == DONE
        assert other.taken[-1].traits == {Trait.ANSWERED}
        assert other.taken[-1].text == Secret("stop")


async def test_a_group_message_of_the_phone_is_marked(edge: Any) -> None:
    """Other people's phones got it as well, and saw her number; whatever the field is called."""
    for name in ("OtherRecipients0", "OtherRecipients1", "Recipients", "recipient", "Cc", "cc0"):
        assert await edge.post(edge.fields(**{name: VICTIM})) == DONE
        assert edge.taken[-1].traits == {Trait.SHOWN_TO_OTHERS}, name
        assert VICTIM not in repr(edge.taken[-1])
    for fields in ({"OtherRecipients0": ""}, {"Account": VICTIM}, {"Access": VICTIM}):
        assert await edge.post(edge.fields(**fields)) == DONE
        assert edge.taken[-1].traits == frozenset()


@pytest.mark.parametrize("receipt", [Receipt.TAKEN, Receipt.AGAIN, Receipt.REFUSED])
async def test_every_receipt_looks_the_same(edge: Any, receipt: Receipt) -> None:
    """Taken, known and refused cannot be told apart."""
    edge.receipt = receipt
    assert await edge.post(edge.fields()) == DONE


async def test_a_former_member_is_told_one_neutral_sentence(edge: Any, serve: Any) -> None:
    """Twilio texts it to her; letters that mean something in XML are only letters."""
    edge.receipt = Receipt.FORMER
    status, body = await edge.post(edge.fields())
    said = b"<Response><Message>This number is not in use.</Message></Response>"
    assert (status, body) == (200, EMPTY.removesuffix(b"<Response />") + said)
    async with serve(former_sentence="Nobody <here> & there") as other:
        other.receipt = Receipt.FORMER
        assert b"Nobody &lt;here&gt; &amp; there" in (await other.post(other.fields()))[1]


async def test_the_fallback_is_the_same_under_its_own_address(edge: Any) -> None:
    """Twilio goes there when the first address fails; it is signed for that address alone."""
    fields = edge.fields()
    assert await edge.post(fields, path="/twilio/fallback") == DONE
    assert [message.provider_id for message in edge.taken] == [fields["MessageSid"]]
    wrong = edge.sign(fields, "/twilio/sms")
    assert await edge.post(fields, path="/twilio/fallback", signature=wrong) == FORBIDDEN


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


@pytest.mark.parametrize(
    "changed",
    [
        {"auth_tokens": ()},
        {"auth_tokens": (Secret(""),)},
        {"auth_tokens": (Secret("a"), Secret(""))},
        {"signature": "sha256"},
        {"signature": "sha256", "shared_keys": (Secret(""),)},
        {"signature": "none"},
        {"calls": "loud"},
        {"call_language": "xx"},
        {"former_sentence": ""},
        {"former_sentence": "x" * 161},
        {"former_sentence": "\u201ccurly\u201d"},
    ],
)
def test_no_configuration(changed: dict[str, Any]) -> None:
    """Anybody can sign with an empty key; an odd sentence would cost more, or be refused."""
    good: dict[str, Any] = {"public_url": "https://relay.example.org", "account_sid": "AC"}
    good |= {"auth_tokens": (Secret("a"),)}
    SmsInConfig(**good)
    with pytest.raises(ValueError, match=r"\.$"):
        SmsInConfig(**{**good, **changed})


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


def hooks(token: str = "12345", **changed: Any) -> _Webhooks:
    """The checks alone, for vectors with paths that are not ours."""

    async def nobody(_: Inbound) -> Receipt:
        raise AssertionError

    config = SmsInConfig(
        public_url="https://relay.example.org/", account_sid="AC", auth_tokens=(Secret(token),)
    )
    config = replace(config, **changed)
    return _Webhooks(config, nobody)


def test_signature_vector_of_a_form() -> None:
    """HMAC-SHA1 over the URL and sorted parameters; white space around the words counts."""
    raw = b"From=%2B15005550006&To=%2B15005550009&Body=+hi++&MessageSid=SM1"
    form = parse.form(raw)
    assert isinstance(form, parse.Form)
    assert hooks()._is_signed("/tw/in", form, "hsDyZTFggCcyVPv4hxJaaUF4F5o=")
    assert not hooks()._is_signed("/tw/in/", form, "hsDyZTFggCcyVPv4hxJaaUF4F5o=")
    assert not hooks("12346")._is_signed("/tw/in", form, "hsDyZTFggCcyVPv4hxJaaUF4F5o=")
    for base, same in (
        ("https://relay.example.org", True),
        ("https://relay.example.org:443", True),
        ("http://relay.example.org", False),
        ("https://relay.example.com", False),
    ):
        checks = hooks(public_url=base)
        assert checks._is_signed("/tw/in", form, "hsDyZTFggCcyVPv4hxJaaUF4F5o=") is same
    trimmed = parse.form(raw.replace(b"+hi++", b"hi"))
    assert isinstance(trimmed, parse.Form)
    assert not hooks()._is_signed("/tw/in", trimmed, "hsDyZTFggCcyVPv4hxJaaUF4F5o=")


def test_signature_vector_of_a_shared_key() -> None:
    """HMAC-SHA256 over the same text, made here by hand; a SHA1 of the same key is nothing."""
    form = parse.Form({"To": "+15005550009", "Body": " hi  "})
    signed = b"https://relay.example.org/tw/in" + b"Body hi  To+15005550009"
    made = [
        base64.b64encode(hmac.digest(b"a shared key", signed, how)).decode()
        for how in ("sha256", "sha1")
    ]
    checks = hooks(signature="sha256", shared_keys=(Secret("a shared key"),))
    assert checks._is_signed("/tw/in", form, made[0])
    assert not checks._is_signed("/tw/in", form, made[1])
    assert not hooks("a shared key")._is_signed("/tw/in", form, made[0])


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


SETTINGS = "X-Twilio-Webhooks-Signature-Settings"


async def test_shared_keys_are_pinned_as_well(serve: Any) -> None:
    """With sha256 both keys of a rotation are valid, and nothing is that the auth token signed."""
    keys = (Secret("the old key"), Secret("the new key"))
    named = {SETTINGS: "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
    async with serve(signature="sha256", shared_keys=keys) as edge:
        fields, url = edge.fields(), edge.url + "/twilio/sms"

        def signed(key: str, algorithm: str = "HMAC_SHA256") -> str:
            return str(RequestValidator(key).compute_signature(url, fields, algorithm))

        for key in ("the old key", "the new key"):
            assert await edge.post(fields, signature=signed(key), headers=named) == DONE
        token = edge.carrier.auth_token
        for signature, headers in (
            (signed("the new key"), {}),
            (signed("the new key"), {SETTINGS: "key=x"}),
            (signed("the new key"), {SETTINGS: "algorithm=HMAC_SHA1"}),
            (signed("the new key", "HMAC_SHA1"), {SETTINGS: "algorithm=HMAC_SHA1"}),
            (signed("the new key", "HMAC_SHA1"), named),
            (signed(token), named),
            (signed(token, "HMAC_SHA1"), {}),
            (signed("another key"), named),
        ):
            assert await edge.post(fields, signature=signature, headers=headers) == FORBIDDEN
        assert len(edge.taken) == 2


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
@pytest.mark.parametrize(
    "path", ["/twilio/sms", "/twilio/fallback", f"/twilio/status?t={TOKEN}", "/twilio/voice"]
)
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
    """Our token, Twilio's id, and what it means for the copy; never a number."""
    path, sid = f"/twilio/status?t={TOKEN}", edge.fields()["MessageSid"]
    bad = Never(why=Trouble.BAD_CONTACT)
    off = Later(why=Trouble.REFUSED_FOR_NOW, after=timedelta(minutes=15))
    capped = Later(why=Trouble.BUSY, after=timedelta(hours=20, minutes=1))
    heard = [
        *((status, "", None) for status in ("queued", "accepted", "scheduled", "sending", "sent")),
        ("delivered", "", Sent()),
        ("read", "", Sent()),
        ("undelivered", "30003", off),
        ("undelivered", "30005", bad),
        ("failed", "21610", Never(why=Trouble.OPTED_OUT)),
        ("failed", "30023", capped),
        ("failed", "", Later(why=Trouble.REFUSED_FOR_NOW)),
        ("canceled", "", Later(why=Trouble.REFUSED_FOR_NOW)),
    ]
    for status, code, outcome in heard:
        news = report(edge, MessageStatus=status, ErrorCode=code)
        assert await edge.post(news, path=path) == (204, b"")
        assert edge.progress[-1] == (TOKEN, sid, outcome), status
    assert len(edge.progress) == len(heard)


async def test_what_the_operator_must_mend_is_in_the_log(edge: Any, caplog: Any) -> None:
    """A code and what it means, nothing of the message; other codes say nothing."""
    path = f"/twilio/status?t={TOKEN}"
    for code in ("30007", "30003"):
        news = report(edge, MessageStatus="undelivered", ErrorCode=code)
        assert await edge.post(news, path=path) == (204, b"")
    assert "twilio error 30007 (configuration): filtered by the carrier" in caplog.text
    assert "30003" not in caplog.text
    assert not any(secret in caplog.text for secret in (MEMBER, PROXY, TOKEN))


async def test_status_callbacks_are_checked_like_messages(edge: Any) -> None:
    """Unsigned, of another account, without our token: 403. Trouble of ours: 503."""
    path = f"/twilio/status?t={TOKEN}"
    assert await edge.post(report(edge), path=path, signature="x") == FORBIDDEN
    assert await edge.post(report(edge, AccountSid="AC"), path=path) == FORBIDDEN
    assert await edge.post(report(edge), path="/twilio/status") == FORBIDDEN
    assert await edge.post(report(edge), path=f"/twilio/status?t={TOKEN}x") == FORBIDDEN
    edge.broken = True
    assert await edge.post(report(edge), path=path) == (503, b"")
    assert edge.progress == []


def call(edge: Any) -> dict[str, str]:
    """The parameters of an ordinary call."""
    return {"AccountSid": edge.carrier.account_sid, "CallSid": "CA" + "0" * 32, "From": MEMBER}


async def test_a_call_is_busy(edge: Any, caplog: Any) -> None:
    """Rejected as busy: not answered, not billed, nothing said. Its record is to be erased."""
    status, body = await edge.post(call(edge), path="/twilio/voice")
    assert status == 200
    assert body.endswith(b'<Response><Reject reason="busy"/></Response>')
    assert edge.calls == ["CA" + "0" * 32]
    assert await edge.post(call(edge), path="/twilio/voice", signature="x") == FORBIDDEN
    assert await edge.post({**call(edge), "CallSid": "x"}, path="/twilio/voice") == FORBIDDEN
    assert len(edge.calls) == 1
    edge.broken = True
    assert await edge.post(call(edge), path="/twilio/voice") == (200, body)
    assert "RuntimeError" in caplog.text


async def test_a_caller_can_be_told_a_neutral_sentence(serve: Any) -> None:
    """In each language: one sentence and the end of the call, nothing recorded or asked."""
    for language, (attributes, sentence) in SENTENCES.items():
        async with serve(calls="say", call_language=language) as edge:
            status, body = await edge.post(call(edge), path="/twilio/voice")
        assert status == 200
        verbs = list(ElementTree.fromstring(body))
        assert [verb.tag for verb in verbs] == ["Say", "Hangup"]
        assert f'language="{verbs[0].get("language")}"' in attributes
        assert verbs[0].text == sentence


async def test_the_answer_waits_for_the_engine(edge: Any) -> None:
    """200 is said only after `accept` has returned: until then nothing is durable."""
    edge.may_answer.clear()
    posted = asyncio.create_task(edge.post(edge.fields()))
    await edge.asked.wait()
    assert not posted.done()
    edge.may_answer.set()
    assert await posted == DONE
