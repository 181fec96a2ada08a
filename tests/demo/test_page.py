"""The stage and its page, against a small relay that only fans out: what shows, what is refused."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession

from relay.demo.page import Page
from relay.demo.run import Factory
from relay.demo.stage import CAST, Ledger, NotTakenError, Stage, contains, is_empty
from relay.demo.transcript import play
from tests.demo.fan import Fan, start_fan

CHROMIUM = shutil.which("chromium")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""The browser asks nobody for anything but our page."""
HOLDS = "(words) => document.querySelector('#held-words').textContent === words"
ANNOUNCES = "(words) => document.querySelector('#announcer').textContent.includes(words)"
ALL_SHREDDED = (
    "() => document.querySelectorAll('#trail li').length"
    " === document.querySelectorAll('#trail .done').length"
)


@dataclass
class Set:
    """A started stage, its fan, its page and a client."""

    stage: Stage
    fan: Fan
    page: Page
    http: ClientSession

    async def say(self, **said: Any) -> tuple[int, dict[str, Any]]:
        """Post to `/say`; status and answer."""
        async with self.http.post(self.page.url + "say", json=said) as answer:
            return answer.status, await answer.json()

    async def state(self) -> dict[str, Any]:
        """The snapshot."""
        async with self.http.get(self.page.url + "state") as answer:
            snapshot: dict[str, Any] = await answer.json()
            return snapshot


@pytest.fixture
async def play_set() -> AsyncIterator[Set]:
    """A stage on a free port, closed afterwards."""
    fans: list[Fan] = []

    async def factory(world: Any) -> Any:
        fan, members = await start_fan(world)
        fans.append(fan)
        return fan, members

    async with Stage(factory) as stage:
        page = Page(stage)
        await page.start()
        async with ClientSession() as http:
            yield Set(stage, fans[0], page, http)
        await page.close()


@pytest.fixture
async def real_page(tmp_path: Path) -> AsyncIterator[Page]:
    """The page in front of the real relay, as `relay demo` shows it, a little faster."""
    async with Stage(Factory(tmp_path), pace=0.4) as stage:
        page = Page(stage)
        await page.start()
        yield page
        await page.close()


async def test_transcript_of_the_real_relay(tmp_path: Path, database_url: str) -> None:
    """What `make demo-transcript` plays is true for the relay itself, on both databases."""
    async with Stage(Factory(tmp_path, database_url)) as stage:
        assert await play(stage, out=lambda _: None)


def device(state: dict[str, Any], name: str) -> dict[str, Any]:
    """One member's device in a snapshot."""
    found: dict[str, Any] = next(member for member in state["members"] if member["name"] == name)
    return found


async def test_text_shows_on_every_other_device_and_nothing_stays_held(play_set: Set) -> None:
    """A text said over HTTP is hers on her phone, under her name on the other four, then gone."""
    assert (await play_set.say(member="Robin", text="hello"))[0] == 200
    await play_set.stage.until(lambda: play_set.stage.snapshot()["received"] == 4, 10)
    await play_set.stage.settled(5)
    state = await play_set.state()
    [mine] = device(state, "Robin")["items"]
    assert (mine["mine"], mine["text"]) == (True, "hello")
    for name in ("Ana", "Sol", "Ivy", "Theo"):
        [item] = device(state, name)["items"]
        assert (item["mine"], item["author"], item["text"]) == (False, "Robin", "hello")
    assert device(state, "Ivy")["items"][0]["signed"]
    assert state["leaks"] == []
    carrier = play_set.stage.carrier
    await carrier.wait_for(lambda: len(carrier.callbacks) == 4, 5)  # sent, delivered
    assert {status for _, _, status in carrier.callbacks} == {200}


async def test_what_is_held_is_seen_to_rise_and_to_empty(play_set: Set) -> None:
    """While copies wait the snapshot counts them and the trail is open; then it tells the end."""
    stage, fan = play_set.stage, play_set.fan
    fan.gate.clear()
    await play_set.say(member="Robin", text="hello")
    await stage.until(lambda: stage.snapshot()["copies"] == 4, 10)
    held = await play_set.state()
    assert (held["bodies"], held["empty"]) == (1, False)
    assert held["held"]["deliveries"] == {"waiting": 4, "held": 0}
    assert held["trail"][0]["steps"] == ["up to 4 copies held"]
    fan.gate.set()
    await stage.until(lambda: stage.snapshot()["trail"][0]["done"], 10)
    gone = await play_set.state()
    assert gone["empty"] is True
    steps = gone["trail"][0]["steps"]
    assert steps[:2] == ["up to 4 copies held", "4 messages delivered"]
    assert steps[2].startswith("shredded in ")


async def test_reply_answers_an_arrived_mail(play_set: Set) -> None:
    """`reply_to` sends what a mail program would: to the alias, the original quoted below."""
    stage = play_set.stage
    await play_set.say(member="Ivy", subject="Tuesday", text="Who is coming?")
    await stage.until(lambda: stage.snapshot()["received"] == 4, 10)
    [item] = device(await play_set.state(), "Theo")["items"]
    status, _ = await play_set.say(member="Theo", text="Me.", reply_to=item["id"])
    await stage.until(lambda: stage.snapshot()["received"] == 8, 10)
    state = await play_set.state()
    assert status == 200
    assert device(state, "Ivy")["items"][-1]["text"] == "Me."
    assert device(state, "Theo")["items"][-1]["subject"] == "Re: Tuesday"


async def test_events_bring_the_first_snapshot_and_every_change(play_set: Set) -> None:
    """The stream opens with the snapshot and brings a new one when something arrived."""
    async with play_set.http.get(play_set.page.url + "events") as stream:
        assert stream.content_type == "text/event-stream"
        opening = json.loads((await stream.content.readline()).removeprefix(b"data: "))
        assert [member["name"] for member in opening["members"]] == [role.name for role in CAST]
        await play_set.say(member="Sol", text="good night")
        received = 0
        async with asyncio.timeout(10):
            while received < 4:
                line = await stream.content.readline()
                if line.startswith(b"data: "):
                    received = json.loads(line.removeprefix(b"data: "))["received"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"member": "Robin"}, 400),
        ({"member": "Robin", "text": "  \n"}, 400),
        ({"member": "Robin", "text": 7}, 400),
        ({"member": "Robin", "text": "x", "colour": "red"}, 400),
        ({"member": "Robin", "text": "x" * 5001}, 400),
        ({"member": "Nobody", "text": "x"}, 404),
        ({"member": "Ivy", "text": "x", "reply_to": "none"}, 404),
        (["Robin", "x"], 400),
    ],
)
async def test_wrong_input_is_answered_with_a_sentence_and_changes_nothing(
    play_set: Set, said: Any, status: int
) -> None:
    """Each wrong shape gets its status and one sentence; no device shows anything."""
    async with play_set.http.post(play_set.page.url + "say", json=said) as answer:
        assert answer.status == status
        assert (await answer.json())["error"].endswith(".")
    assert all(not member["items"] for member in (await play_set.state())["members"])


async def test_refused_mail_is_said_and_marked(play_set: Set) -> None:
    """What the relay refuses is reported, marked on the device, and leaves no trail."""
    play_set.fan.members.clear()  # as if everybody had been removed
    status, answer = await play_set.say(member="Ivy", text="x")
    assert status == 502
    assert "550" in answer["error"]
    state = await play_set.state()
    assert device(state, "Ivy")["items"][0]["failed"]
    assert state["trail"] == []
    with pytest.raises(NotTakenError):
        await play_set.stage.say("Ivy", "again")


async def test_page_is_closed_to_other_hosts_and_to_forms(play_set: Set) -> None:
    """A foreign Host header is refused, a form cannot write, nothing outside may be loaded."""
    url, http = play_set.page.url, play_set.http
    async with http.get(url, headers={"Host": "evil.example"}) as answer:
        assert answer.status == 403
    async with http.post(url + "say", data={"member": "Robin", "text": "x"}) as answer:
        assert answer.status == 415
    async with http.post(url + "say", data=b"{", headers={"Content-Type": "application/json"}) as a:
        assert a.status == 400
    async with http.get(url) as answer:
        policy = answer.headers["Content-Security-Policy"]
        html = await answer.text()
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
    ):
        assert rule in policy
    assert "http://" not in html
    assert "https://" not in html


async def test_a_leak_is_found_however_it_is_written(play_set: Set) -> None:
    """A relay that adds the writer's number is caught on all devices, and the transcript fails."""
    play_set.fan.leaky = True
    await play_set.say(member="Robin", text="hello")
    await play_set.stage.until(lambda: play_set.stage.snapshot()["received"] == 4, 10)
    assert sorted(play_set.stage.leaks) == [
        "Ana saw who Robin is",
        "Ivy saw who Robin is",
        "Sol saw who Robin is",
        "Theo saw who Robin is",
    ]
    assert contains("call (202) 555-0143", "+12025550143")
    assert contains("M.Hale@Willow.example", "m.hale@willow.example")
    assert not contains("nothing", "")


async def test_transcript_is_true_for_a_relay_that_does_its_job(
    play_set: Set, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fixed conversation arrives everywhere and nowhere else; what is printed is readable."""
    assert await play(play_set.stage)
    printed = capsys.readouterr().out
    assert "Robin" in printed
    assert "🌿" in printed


@pytest.mark.parametrize("fault", ["leaks", "loses", "repeats", "tells strangers"])
async def test_transcript_is_false_for_a_relay_that_does_not(
    play_set: Set, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One leak, one lost copy, one repeated copy or one copy to a stranger: not true."""
    fan = play_set.fan
    send = fan._send_text
    count = 0

    async def wrong(author: Any, reader: Any, text: str) -> None:
        nonlocal count
        count += 1
        if count == 3 and fault == "loses":
            return
        await send(author, reader, text)
        if count == 3 and fault == "repeats":
            await send(author, reader, text)
        if count == 3 and fault == "tells strangers":
            await send(author, type(reader)(**{**vars_of(reader), "contact": "+13035550187"}), text)

    monkeypatch.setattr(fan, "_send_text", wrong)
    fan.leaky = fault == "leaks"
    assert not await play(play_set.stage, seconds=2.0)


def vars_of(member: Any) -> dict[str, Any]:
    """The fields of a slotted dataclass."""
    return {name: getattr(member, name) for name in member.__slots__}


def test_ledger_tells_one_trail_for_what_overlaps() -> None:
    """Two writers at once share a trail; it ends with the first empty reading after both."""
    ledger = Ledger()
    ledger.wrote("Robin", 1.0)
    ledger.read({"bodies": 0, "deliveries": {}}, 1.1, writing=True)
    ledger.wrote("Ana", 1.2)
    ledger.read({"bodies": 2, "deliveries": {"waiting": 8}}, 1.3, writing=False)
    ledger.arrived(8)
    assert not ledger.shown()[0]["done"]
    ledger.read({"bodies": 0, "deliveries": {"waiting": 0}}, 3.0, writing=False)
    assert ledger.open is None
    assert ledger.shown() == [
        {
            "id": 1,
            "who": "Robin and Ana",
            "steps": ["up to 8 copies held", "8 messages delivered", "shredded in 2.0 s"],
            "done": True,
        }
    ]
    assert is_empty({})


async def test_an_error_of_a_watcher_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An inventory that fails ends the watching, and closing the stage says so, all closed."""
    fans: list[Fan] = []

    async def factory(world: Any) -> Any:
        fan, members = await start_fan(world)
        fans.append(fan)
        return fan, members

    async def broken() -> Any:
        raise RuntimeError("the books are gone")

    stage = Stage(factory)
    await stage.start()
    monkeypatch.setattr(fans[0], "inventory", broken)
    await stage.say("Robin", "hello")
    with pytest.raises(RuntimeError, match="the books are gone"):
        await stage.close()
    assert fans[0].closed


async def test_stage_that_cannot_start_leaves_nothing_open() -> None:
    """A factory that raises closes the world it was given; its error comes through."""

    async def broken(world: Any) -> Any:
        raise RuntimeError("no engine")

    stage = Stage(broken)
    with pytest.raises(RuntimeError, match="no engine"):
        await stage.start()
    host, port = stage.mail.dns_server.split(":")
    with pytest.raises(OSError, match=r"refused|Connect"):
        await asyncio.open_connection(host, int(port))
    with pytest.raises(aiohttp.ClientConnectionError):
        async with ClientSession() as http, http.get(stage.carrier.api_url):
            pass


async def test_a_night_passes(tmp_path: Path) -> None:
    """The clock is moved: who sleeps gets nothing, and all of it when her own night is over."""
    async with Stage(Factory(tmp_path)) as stage:
        page = Page(stage)
        await page.start()
        async with ClientSession() as http:

            async def move(**wish: Any) -> None:
                async with http.post(page.url + "clock", json=wish) as answer:
                    assert answer.status == 200

            def asleep() -> set[str]:
                found = stage.snapshot()["members"]
                return {one["name"] for one in found if one["asleep_until"] is not None}

            assert asleep() == set()
            await move(to="22:30")
            await stage.until(lambda: asleep() == {"Robin", "Ivy", "Theo"}, 10)
            await stage.say("Sol", "Anyone still up?")
            await stage.until(lambda: stage.snapshot()["received"] == 2, 10)  # Ana, and Sol is told
            await stage.say("Sol", "Good night then.")
            await stage.until(lambda: stage.snapshot()["received"] == 3, 10)
            assert "3" in device(stage.snapshot(), "Sol")["items"][-2]["text"]
            await stage.until(lambda: device(stage.snapshot(), "Robin")["waiting"] == 2, 10)
            assert device(stage.snapshot(), "Ana")["items"][-1]["clock"] == "21:30"
            assert not stage.snapshot()["empty"]
            await move(minutes=300)  # half past three for Robin, half past eight for Ivy
            await stage.until(lambda: asleep() == {"Robin", "Ana", "Sol"}, 10)
            await stage.until(lambda: stage.snapshot()["received"] == 6, 10)
            [bundle] = device(stage.snapshot(), "Ivy")["items"]  # she asked for all in one
            assert "Anyone still up?" in bundle["text"]
            assert "Good night then." in bundle["text"]
            assert device(stage.snapshot(), "Theo")["items"][-1]["clock"] == "09:30"
            await move(to="07:15")
            await stage.until(lambda: stage.snapshot()["received"] == 8, 10)
            await stage.settled(10)
            [trail] = stage.snapshot()["trail"]
            assert trail["steps"][-1].startswith("shredded in 8 h 4")
            assert stage.leaks == []
        await page.close()


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({}, 400),
        ({"minutes": -1}, 400),
        ({"minutes": 10**12}, 400),
        ({"minutes": "10"}, 400),
        ({"to": "25:00"}, 400),
        ({"to": 7}, 400),
        ({"minutes": 1, "to": "07:00"}, 400),
        (["10"], 400),
    ],
)
async def test_the_clock_goes_forward_only(play_set: Set, wish: Any, status: int) -> None:
    """What is no time ahead is answered with a sentence, and the clock stays."""
    before = play_set.stage.clock.now()
    async with play_set.http.post(play_set.page.url + "clock", json=wish) as answer:
        assert answer.status == status
        assert (await answer.json())["error"].endswith(".")
    assert (play_set.stage.clock.now() - before).total_seconds() < 60
    async with play_set.http.post(play_set.page.url + "clock", data={"minutes": 9}) as answer:
        assert answer.status == 415


@pytest.mark.skipif(
    CHROMIUM is None and "RELAY_REQUIRE_BROWSER" not in os.environ,
    reason="no Chromium on this machine",
)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (400, "light")])
async def test_a_person_types_by_keyboard_and_sees_it_arrive(
    real_page: Page, tmp_path: Path, width: int, scheme: Any
) -> None:
    """Tab and keys alone send a text through the real relay; four devices show it; it is forgotten.

    A mail is answered by keyboard too. Nothing is asked of any other host, no script fails, and
    nothing is wider than the window.
    """
    from playwright.async_api import async_playwright

    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = await browser.new_page(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            reduced_motion="reduce" if width == 1280 else "no-preference",
        )
        asked: list[str] = []
        wrong: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        await page.goto(real_page.url)
        await page.wait_for_selector(".phone")
        await write_a_text(page)
        await page.wait_for_function(HOLDS, arg="1 message, 4 copies", timeout=10_000)
        await page.screenshot(path=tmp_path / "held.png", full_page=True)
        await arrived(page, "First day back", 5)
        await page.wait_for_function(ANNOUNCES, arg="Robin: Hello everyone.", timeout=10_000)
        await write_mails(page)
        await page.wait_for_function(HOLDS, arg="nothing", timeout=10_000)
        await page.wait_for_function(ALL_SHREDDED, timeout=10_000)
        await see_a_night(page)
        assert await page.inner_text("#check") == (
            "Looked through 17 received messages, raw and decoded: no real contact in any."
        )
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.screenshot(path=tmp_path / "page.png", full_page=True)
        await browser.close()
    assert wrong == []
    assert asked
    assert all(url.startswith(real_page.url) for url in asked)


async def write_a_text(page: Any) -> None:
    """A text of two lines, with keys only."""
    await tab_to(page, "Text from Robin to the group")
    await page.keyboard.type("Hello everyone.")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("First day back ☀")
    await page.keyboard.press("Enter")


async def write_mails(page: Any) -> None:
    """A mail and an answer to it, with keys only."""
    await tab_to(page, "Subject of the mail from Ivy")
    await page.keyboard.type("Tuesday")
    await page.keyboard.press("Tab")
    await page.keyboard.type("I kept a seat for you all.")
    await page.keyboard.press("Enter")
    await arrived(page, "I kept a seat", 5)
    await tab_to(page, "Reply to Ivy: Tuesday")
    await page.keyboard.press("Enter")
    await page.keyboard.type("Thank you. I will be there.")
    await page.keyboard.press("Enter")
    await arrived(page, "I will be there", 5)


async def see_a_night(page: Any) -> None:
    """By keyboard: late in the evening three sleep, and what is written waits for the morning."""
    await tab_to(page, "Late evening")
    await page.keyboard.press("Enter")
    nights = "(words) => document.querySelector('#nights').textContent.includes(words)"
    await page.wait_for_function(nights, arg="Robin, Ivy and Theo are left alone", timeout=10_000)
    await tab_to(page, "Text from Sol to the group")
    await page.keyboard.type("Anyone still up?")
    await page.keyboard.press("Enter")
    await page.wait_for_function(nights, arg="3 copies wait", timeout=10_000)
    await page.wait_for_function(HOLDS, arg="1 message, 3 copies", timeout=10_000)
    assert (
        await page.locator(".device.night .rest").all_inner_texts()
        == ["☾ until 07:00 · 1 held"] * 3
    )
    wanted = os.environ.get("RELAY_DEMO_SCREENSHOT")
    if wanted and page.viewport_size["width"] == 1280 and not await dark(page):
        await page.screenshot(path=wanted, full_page=True)
    await tab_to(page, "Next morning")
    await page.keyboard.press("Enter")
    await arrived(page, "Anyone still up?", 5)
    await page.wait_for_function(HOLDS, arg="nothing", timeout=10_000)


async def dark(page: Any) -> bool:
    """Whether the page is shown in dark colours."""
    return bool(await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"))


async def arrived(page: Any, words: str, devices: int) -> None:
    """Wait until so many devices show the words, the writer's own among them."""
    await page.wait_for_function(
        "([words, devices]) => [...document.querySelectorAll('.device')]"
        ".filter((device) => device.querySelector('.log').innerText.includes(words))"
        ".length === devices",
        arg=[words, devices],
        timeout=10_000,
    )


async def tab_to(page: Any, label: str) -> None:
    """Press Tab until the element with this accessible name has the focus, and it shows."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            "() => { const e = document.activeElement;"
            " return [e.getAttribute('aria-label') || (e.labels && e.labels[0] || e).innerText,"
            " getComputedStyle(e).outlineStyle] }"
        )
        if focused[0] == label:
            assert focused[1] == "solid"
            return
    pytest.fail(f"no way by Tab to {label}")
