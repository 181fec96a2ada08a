"""Selectors: under which names keys that sign mail are published, and what became of each.

A selector is new, then in use, then leaving (until the relay starts again without it), resting
(its last mails are still under way, so its record stays), retired, and perhaps published. It never
goes back once it is retired. Which keys sign stands in `keys/dkim.json`; until `relay keys use` has
run for the first time there is no such file, and `RELAY_DKIM_SELECTOR` signs.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from relay.config import Settings
from relay.errors import RefusalError

REST = timedelta(days=7)
"""How long the record of a key stays after its last use: queued mail may take that long."""
_NAME = re.compile(r"[a-z0-9-]{1,63}")


class State(StrEnum):
    """What became of a selector."""

    NEW = "new"
    IN_USE = "in use"
    LEAVING = "leaving"
    """Replaced, but a relay that was started before signs with it until it is started again."""
    RESTING = "resting"
    """Signs no more; its record must stay."""
    RETIRED = "retired"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """One name, its state, and since when it has it; `None` where nobody wrote that down."""

    name: str
    state: State
    since: datetime | None = None


@dataclass(slots=True)
class Selectors:
    """All selectors, by name, in the order they were made."""

    known: dict[str, Selector] = field(default_factory=dict)

    @property
    def signing(self) -> list[str]:
        """What signs from the next start on."""
        return [one.name for one in self.known.values() if one.state is State.IN_USE]

    @property
    def needed(self) -> list[str]:
        """Whose records must be, or soon will have to be, in DNS."""
        gone = {State.RETIRED, State.PUBLISHED}
        return [one.name for one in self.known.values() if one.state not in gone]

    def get(self, name: str) -> Selector:
        """One selector. Raises `RefusalError`."""
        if name not in self.known:
            raise RefusalError("There is no such selector; `relay keys list` shows all.")
        return self.known[name]

    def add(self, first: str, folder: Path, now: datetime) -> str:
        """Name the next selector, counting up from the name of the first. Returns the name."""
        stem = first.rstrip("0123456789")[:50]
        counted = (one.removeprefix(stem) for one in self.known if one.startswith(stem))
        number = max((int(n) for n in counted if n.isdecimal() and len(n) < 9), default=0) + 1
        while _file(folder, f"{stem}{number}").exists():
            number += 1
        name = f"{stem}{number}"
        self.known[name] = Selector(name=name, state=State.NEW, since=now)
        return name

    def use(self, name: str, kinds: Mapping[str, str], now: datetime, *, alone: bool) -> None:
        """Sign with it from the next start on, instead of the key of its kind, or of all.

        `kinds` are the algorithms of all keys that may be in use. Raises `RefusalError`.
        """
        if self.get(name).state in {State.RETIRED, State.PUBLISHED}:
            raise RefusalError("This selector is retired, and a retired one is never used again.")
        for other in self.signing:
            if other != name and (alone or kinds[other] == kinds[name]):
                self._put(other, State.LEAVING, now)
        if self.get(name).state is not State.IN_USE:
            self._put(name, State.IN_USE, now)

    def retire(self, name: str, now: datetime, *, force: bool) -> None:
        """Give it up for good. Raises `RefusalError` while mail may still be signed with it."""
        one = self.get(name)
        if one.state is State.IN_USE:
            raise RefusalError("This selector signs mail; `relay keys use` another one first.")
        if one.state is State.LEAVING and not force:
            raise RefusalError(
                "A relay that was started before the change may still sign with it; start"
                " `relay serve` again, and wait seven days."
            )
        if one.state is State.RESTING and not force and one.since and now - one.since < REST:
            raise RefusalError(
                "Mail signed with it may still be under way; retire it seven days after its last"
                " use, or with --force."
            )
        if one.state not in {State.RETIRED, State.PUBLISHED}:
            self._put(name, State.RETIRED, now)

    def publish(self, name: str, now: datetime) -> None:
        """Its private half becomes known. Raises `RefusalError` unless it is retired."""
        if self.get(name).state not in {State.RETIRED, State.PUBLISHED}:
            raise RefusalError("Only a retired key may be published; `relay keys retire` it first.")
        self._put(name, State.PUBLISHED, now)

    def started(self, now: datetime) -> None:
        """A relay starts now: what it does not sign with any more begins to rest."""
        for one in list(self.known.values()):
            if one.state is State.LEAVING:
                self._put(one.name, State.RESTING, now)

    def _put(self, name: str, state: State, now: datetime) -> None:
        self.known[name] = replace(self.known[name], state=state, since=now)


# On disk -----------------------------------------------------------------------------------


def key_file(settings: Settings, name: str) -> Path:
    """The private key of a selector."""
    return _file(settings.data_dir / "keys", name)


def read(settings: Settings) -> Selectors:
    """All selectors. Raises `RefusalError` where the list is damaged."""
    path = _list(settings)
    try:
        found = json.loads(path.read_bytes())
        selectors = Selectors({name: _selector(name, kept) for name, kept in found.items()})
    except FileNotFoundError:
        first = settings.dkim_selector
        return Selectors({first: Selector(name=first, state=State.IN_USE)})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise RefusalError(
            "The list of selectors, dkim.json beside the keys, cannot be read; bring it back from"
            " a back-up."
        ) from None
    return selectors


def can_sign(settings: Settings) -> bool:
    """Whether every key that signs is there. Raises `RefusalError` where the list is damaged."""
    return all(key_file(settings, name).is_file() for name in read(settings).signing)


@contextmanager
def changing(settings: Settings) -> Iterator[Selectors]:
    """All selectors, to be changed by one process at a time; nothing is kept after an error."""
    try:
        folder = os.open(_list(settings).parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        raise RefusalError("There are no keys yet; run `relay init` first.") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        before, selectors = read(settings), read(settings)
        yield selectors
        if selectors.known != before.known:
            _write(_list(settings), selectors)
            os.fsync(folder)
    finally:
        os.close(folder)


def started(settings: Settings, now: datetime) -> None:
    """A relay starts signing now."""
    if any(one.state is State.LEAVING for one in read(settings).known.values()):
        with changing(settings) as selectors:
            selectors.started(now)


def _write(path: Path, selectors: Selectors) -> None:
    kept = {
        one.name: {"state": one.state, "since": one.since.isoformat() if one.since else None}
        for one in selectors.known.values()
    }
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(kept, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def _selector(name: str, kept: Mapping[str, str | None]) -> Selector:
    if not _NAME.fullmatch(name):
        raise ValueError("not a selector")
    since = datetime.fromisoformat(kept["since"]) if kept["since"] else None
    if since is not None and since.tzinfo is None:
        raise ValueError("not a time in a zone")
    return Selector(name=name, state=State(kept["state"] or ""), since=since)


def _list(settings: Settings) -> Path:
    return settings.data_dir / "keys" / "dkim.json"


def _file(folder: Path, name: str) -> Path:
    return folder / f"dkim-{name}.pem"
