"""One finding of `relay doctor`: a word, what was looked at, and a plain sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How something stands. The whole list."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; the relay runs all the same."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was found at one place. The sentence holds no secret and no contact."""

    word: Health
    what: str
    sentence: str

    @property
    def failed(self) -> bool:
        """Whether this must be mended."""
        return self.word is Health.FAIL

    def line(self) -> str:
        """One line for people, in columns."""
        return f"{self.word:<4}  {self.what:<14}  {self.sentence}"

    def shown(self) -> dict[str, str]:
        """The same for programs: `{"word": ..., "what": ..., "sentence": ...}`."""
        return {"word": str(self.word), "what": self.what, "sentence": self.sentence}


def ok(what: str, sentence: str) -> Check:
    """It is as it should be."""
    return Check(word=Health.OK, what=what, sentence=sentence)


def note(what: str, sentence: str) -> Check:
    """It may stay so, and should be known."""
    return Check(word=Health.NOTE, what=what, sentence=sentence)


def fail(what: str, sentence: str) -> Check:
    """It must be mended."""
    return Check(word=Health.FAIL, what=what, sentence=sentence)
