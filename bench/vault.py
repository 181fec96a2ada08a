"""The vault: microseconds for sealing, opening and indexing, against the bare primitives."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import AsyncIterator, Callable
from statistics import median
from time import perf_counter

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.figures import Duel, Figure
from bench.ground import BODY, LIFE, Ground, Site, open_ground
from relay.model import new_id
from relay.vault.vault import Purpose

_CALLS = 500
_ROUNDS = 9
_PADDED = 1024
"""What the body of a benchmark is padded to."""

Work = Callable[[], object]


async def measure(site: Site) -> AsyncIterator[Figure]:
    """Each operation in turns with its primitive; then as parts of one durable commit."""
    _, folder, url = site.places()[0]
    async with open_ground(folder, url, [2]) as ground:
        spent: dict[str, float] = {}
        for name, ours, bare, against in _operations(ground):
            duel = _duel(ours, bare)
            micros = [1e6 / rate for rate in duel.ours]
            bare_micros = median(1e6 / rate for rate in duel.bare)
            spent[name] = median(micros)
            cost = [1 / ratio for ratio in duel.ratios]
            yield Figure(
                name=f"vault.{name}",
                value=spent[name],
                unit="us",
                against=f"{against}: {bare_micros:.1f} us",
            )
            yield Figure(
                name=f"vault.{name}.cost",
                value=median(cost),
                unit="x",
                against=f"{against} ({min(cost):.1f}-{max(cost):.1f} over {_ROUNDS} rounds)",
            )
        commit = await _commit(ground)
        for name, micros_each in spent.items():
            yield Figure(
                name=f"vault.{name}.share",
                value=100 * micros_each / commit,
                unit="% of a commit",
                against=f"one row, one durable commit on SQLite: {commit:.0f} us",
            )
        async for figure in _new_keys(ground):
            yield figure


def _operations(ground: Ground) -> list[tuple[str, Work, Work, str]]:
    vault, now = ground.engine.vault, ground.clock.now()
    expires, post, group = now + LIFE, new_id(), ground.crowds[0].group_id
    member = ground.crowds[0].members[0]
    sealed = vault.seal_body(post, group, expires, BODY, now)
    contact = vault.seal(member, "contact", "+12025550101")
    cipher, key = AESGCM(secrets.token_bytes(32)), secrets.token_bytes(32)
    padded, aad, nonce = bytes(_PADDED), bytes(64), secrets.token_bytes(12)
    blob, short = cipher.encrypt(nonce, padded, aad), cipher.encrypt(nonce, b"+12025550101", aad)
    index = b'["+12025550181","+12025550101"]'
    return [
        (
            "seal_body",
            lambda: vault.seal_body(post, group, expires, BODY, now),
            lambda: secrets.token_bytes(12) + cipher.encrypt(nonce, padded, aad),
            "AES-256-GCM of 1,024 bytes with a random nonce",
        ),
        (
            "open_body",
            lambda: vault.open_body(post, group, expires, sealed),
            lambda: cipher.decrypt(nonce, blob, aad),
            "AES-256-GCM of 1,024 bytes",
        ),
        (
            "open",
            lambda: vault.open(member, "contact", contact),
            lambda: cipher.decrypt(nonce, short, aad),
            "AES-256-GCM of 12 bytes",
        ),
        (
            "index",
            lambda: vault.index(Purpose.PAIR, "+12025550181", "+12025550101"),
            lambda: hmac.digest(key, index, "sha256"),
            "HMAC-SHA256 of 31 bytes",
        ),
    ]


def _duel(ours: Work, bare: Work) -> Duel:
    a: list[float] = []
    b: list[float] = []
    for _ in range(_ROUNDS + 1):
        a.append(_rate(ours))
        b.append(_rate(bare))
    return Duel(a[1:], b[1:])


def _rate(work: Work) -> float:
    since = perf_counter()
    for _ in range(_CALLS):
        work()
    return _CALLS / (perf_counter() - since)


async def _commit(ground: Ground) -> float:
    spent = []
    for _ in range(60):
        since = perf_counter()
        async with ground.engine.database.writing() as c:
            await ground.engine.outbox.ledger.count(c, {"bench": 1}, ground.clock.now())
        spent.append((perf_counter() - since) * 1e6)
    return median(spent)


async def _new_keys(ground: Ground) -> AsyncIterator[Figure]:
    """A member's key, durable, against writing and syncing as many bytes."""
    path = ground.engine.settings.data_dir / "bare.ring"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    slot, ours, bare = secrets.token_bytes(128), [], []
    os.pwrite(handle, bytes(64 * 128), 0)
    for number in range(100):
        since = perf_counter()
        os.pwrite(handle, slot, number % 64 * 128)
        os.fdatasync(handle)
        between = perf_counter()
        ground.engine.vault.admit(new_id(), ground.clock.now())
        ours.append(1 / (perf_counter() - between))
        bare.append(1 / (between - since))
    os.close(handle)
    cost = median(1 / ratio for ratio in Duel(ours, bare).ratios)
    yield Figure(
        name="vault.admit", value=median(1e6 / rate for rate in ours), unit="us", against="one key"
    )
    yield Figure(
        name="vault.admit.cost", value=cost, unit="x", against="pwrite of 128 bytes and fdatasync"
    )
