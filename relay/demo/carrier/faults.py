"""What may go wrong between the program and the phones: by script, in order, or by seeded chance.

A script is used up before chance is asked. Each class of faults has its own dice, thrown once for
each event it could strike, so that the same seed makes the same faults again, whatever the others
do.
"""

from __future__ import annotations

import random  # noqa: TID251 - seeded, so that a run can be repeated
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """The classes of faults, as `Carrier.chaos` takes them and `Carrier.faults_done` counts."""

    REFUSE = "refuse"
    """A create call is refused with 429 and 20429 (or what `fail` says): nothing is taken."""
    SERVER_ERROR = "server_error"
    """A create call gets a page of HTML with 500 or 503, by turns: nothing is taken."""
    SERVER_ERROR_TAKEN = "server_error_taken"
    """The text is taken, and the answer is a page of HTML with 502 or 504, by turns."""
    ANSWER_LOST = "answer_lost"
    """The text is taken, and the connection drops in place of an answer."""
    ANSWER_LATE = "answer_late"
    """The text is taken, and the answer comes later."""
    UNDELIVERED = "undelivered"
    """The text is taken, then reported as `undelivered` with 30003 (or what `undeliver` or
    `chaos` says)."""
    CALLBACK_DUPLICATED = "callback_duplicated"
    """A status callback is posted twice."""
    CALLBACKS_REORDERED = "callbacks_reordered"
    """The final status is told before `sent`."""
    CALLBACK_DROPPED = "callback_dropped"
    """A status callback is never posted."""
    CALLBACK_LATE = "callback_late"
    """A status callback is posted later; the record has the status already."""
    WEBHOOK_DUPLICATED = "webhook_duplicated"
    """An incoming text is posted twice, with one `MessageSid`; both at once, if so asked."""
    MEDIA_LATE = "media_late"
    """A file that came with a text is 404 this time: storage lags behind the webhook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How a create call fails: a Twilio code, an HTTP status, or both."""

    code: int | None
    http: int | None


@dataclass(slots=True, kw_only=True)
class _Script:
    """The next `times` events (for phone `to`, or any) after the first `after`.

    `overlap`: both posts of an incoming text at once.
    """

    fault: Fault
    to: str | None
    times: int
    after: int = 0
    code: int | None = None
    http: int | None = None
    overlap: bool = False


class Repeat(StrEnum):
    """How an incoming text is posted a second time."""

    AFTERWARDS = "afterwards"
    AT_ONCE = "at_once"


@dataclass(frozen=True, slots=True)
class _Dice:
    rate: float
    chance: random.Random

    def strikes(self) -> bool:
        return self.chance.random() < self.rate


_USUAL_CODES = (30003,)
_REFUSALS = frozenset({Fault.REFUSE, Fault.SERVER_ERROR})


class Faults:
    """All that is scripted or left to chance, and what was done of it."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.late = 1.0
        self._scripts: list[_Script] = []
        self._dice: dict[Fault, _Dice] = {}
        self._overlap = False
        self._codes: Sequence[int] = _USUAL_CODES
        self._choice = random.Random(0)  # noqa: S311 - no secret

    def script(
        self,
        fault: Fault | str,
        *,
        to: str | None = None,
        times: int = 1,
        after: int = 0,
        code: int | None = None,
        http: int | None = None,
        overlap: bool = False,
    ) -> None:
        """Have it happen to the next `times` events after the first `after`."""
        script = _Script(
            fault=Fault(fault),
            to=to,
            times=times,
            after=after,
            code=code,
            http=http,
            overlap=overlap,
        )
        if times > 0:
            self._scripts.append(script)

    def chaos(
        self,
        rate: float,
        seed: int,
        faults: Mapping[str, float] | Iterable[str] | None,
        late: float,
        *,
        overlap: bool = False,
        codes: Sequence[int] = _USUAL_CODES,
    ) -> None:
        """Leave faults to chance from now on, in place of what chance had before."""
        if not codes:
            raise ValueError("A text that is not delivered needs a code.")
        asked = Fault if faults is None else faults
        rates = asked if isinstance(asked, Mapping) else dict.fromkeys(asked, rate)
        self.late, self._overlap, self._codes = late, overlap, tuple(codes)
        self._choice = random.Random(f"{seed}/codes")  # noqa: S311 - no secret
        self._dice = {
            Fault(name): _Dice(each, random.Random(f"{seed}/{Fault(name)}"))  # noqa: S311 - no secret
            for name, each in rates.items()
        }

    def happens(self, fault: Fault, to: str) -> bool:
        """Whether it does this time; then it counts as done."""
        return self._next(frozenset({fault}), to) is not None

    def refusal(self, to: str) -> Refusal | None:
        """How this create call is refused, if it is."""
        script = self._next(_REFUSALS, to)
        if script is None:
            return None
        if script.code is None and script.http is None:
            return self._usual(script.fault)
        return Refusal(code=script.code, http=script.http)

    def undeliverable(self, to: str) -> int | None:
        """The error code with which this text ends, if it does not arrive."""
        script = self._next(frozenset({Fault.UNDELIVERED}), to)
        return None if script is None else script.code or self._choice.choice(self._codes)

    def repeated(self, number: str) -> Repeat | None:
        """How this incoming text is posted once more, if it is."""
        script = self._next(frozenset({Fault.WEBHOOK_DUPLICATED}), number)
        if script is None:
            return None
        return Repeat.AT_ONCE if script.overlap else Repeat.AFTERWARDS

    def broken_answer(self, to: str) -> int | None:
        """The HTTP status that a text which was taken is answered with, if not well."""
        fault = Fault.SERVER_ERROR_TAKEN
        if not self.happens(fault, to):
            return None
        return 502 if self.done[fault] % 2 else 504

    def _usual(self, fault: Fault) -> Refusal:
        if fault is Fault.REFUSE:
            return Refusal(code=20429, http=429)
        return Refusal(code=None, http=500 if self.done[fault] % 2 else 503)

    def _next(self, faults: frozenset[Fault], to: str) -> _Script | None:
        struck = self._scripted(faults, to) or self._by_chance(faults)
        if struck is not None:
            self.done[struck.fault] += 1
        return struck

    def _scripted(self, faults: frozenset[Fault], to: str) -> _Script | None:
        """The first one for that phone, one time less, unless its turn is yet to come."""
        for script in self._scripts:
            if script.fault in faults and script.to in (None, to):
                if script.after:
                    script.after -= 1
                    return None
                script.times -= 1
                if script.times <= 0:
                    self._scripts.remove(script)
                return script
        return None

    def _by_chance(self, faults: frozenset[Fault]) -> _Script | None:
        struck = [
            fault for fault in sorted(faults & self._dice.keys()) if self._dice[fault].strikes()
        ]
        if not struck:
            return None
        return _Script(fault=struck[0], to=None, times=1, overlap=self._overlap)
