"""Logging: one line per fate of a message, a word out of a closed list, and never what was said.

Other people's libraries print addresses, numbers and whole messages (aiosmtpd at INFO, twilio at
INFO, asyncio for lost tasks, pydantic in errors). Whatever they log is reduced to the logger's
name, the level and the type of the exception with the places in the code: values never pass.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from enum import StrEnum
from types import TracebackType
from typing import TextIO

import structlog

from relay import metrics


class Word(StrEnum):
    """Every word the log may say. The whole list."""

    STARTED = "started"
    STOPPED = "stopped"
    TAKEN = "taken"
    AGAIN = "again"
    REFUSED = "refused"
    DROPPED = "dropped"
    COMMAND = "command"
    HELD = "held"
    SENT = "sent"
    LATER = "later"
    NEVER = "never"
    REPEATED = "repeated"
    GIVEN_UP = "given_up"
    EXPIRED = "expired"
    SHREDDED = "shredded"
    KEY_LOST = "key_lost"
    UNTOLD = "untold"
    UNDELIVERED = "undelivered"
    ERASED = "erased"
    LEFT_BEHIND = "left_behind"
    REACTED = "reacted"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    TROUBLE = "trouble"
    LIBRARY = "library"


_BAD = frozenset({Word.TROUBLE, Word.KEY_LOST, Word.LIBRARY})
"""Said at level error, so that no log level hides them."""

Field = str | int | float | bool

_ALLOWED = frozenset(
    {"channel", "count", "why", "where", "error", "logger", "version", "listen", "attempt", "level"}
)


def say(word: Word, **fields: Field) -> None:
    """Log one line. Fields outside the allowed names are a programming error."""
    unknown = fields.keys() - _ALLOWED
    if unknown:
        raise TypeError(f"the log does not know these fields: {sorted(unknown)}")
    metrics.FATES.labels(word.value, fields.get("channel", "")).inc()
    logger = structlog.get_logger()
    try:
        (logger.error if word in _BAD else logger.info)(word.value, **fields)
    except (OSError, ValueError):  # a full disk must not stop the delivery of messages
        metrics.UNWRITTEN.inc()


def trouble(error: BaseException, *, where: str) -> None:
    """Log that something unforeseen happened: the type and the places, never the text."""
    say(Word.TROUBLE, error=describe(error), where=where)


def describe(error: BaseException) -> str:
    """The type of an exception and the code places it passed, without its text."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{_short(f.filename)}:{f.lineno}" for f in reversed(frames))
    return f"{type(error).__name__} at {places}" if places else type(error).__name__


def _short(filename: str) -> str:
    return "/".join(filename.replace("\\", "/").split("/")[-2:])


class LibraryHandler(logging.Handler):
    """Takes what libraries log and lets through only who spoke and what kind of error it was."""

    def emit(self, record: logging.LogRecord) -> None:
        """Reduce a record to facts that cannot hold a contact."""
        error = record.exc_info[1] if record.exc_info else None
        fields: dict[str, Field] = {"logger": record.name, "level": record.levelname.lower()}
        if error is not None:
            fields["error"] = describe(error)
        say(Word.LIBRARY, **fields)


def _last_resort(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.exit(130)
    sys.stderr.write(f"relay: unforeseen trouble: {describe(error.with_traceback(trace))}\n")


def guard() -> None:
    """Take over the other ways in which Python prints trouble by itself. For serving processes.

    Errors of threads, errors nobody can catch and warnings come with the words of whatever went
    wrong; the name of a thread or a task may hold some too.
    """
    threading.excepthook = lambda args: _from_python(args.exc_type, args.exc_value, "thread")
    sys.unraisablehook = lambda args: _from_python(args.exc_type, args.exc_value, "finaliser")
    warnings.showwarning = _warned


def _from_python(kind: type[BaseException] | None, error: BaseException | None, where: str) -> None:
    name = "nothing" if kind is None else kind.__name__
    say(Word.TROUBLE, error=name if error is None else describe(error), where=where)


def _warned(
    message: Warning | str,  # noqa: ARG001 - the hook's shape; the words are dropped on purpose
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    place = f"{category.__name__} at {_short(filename)}:{lineno}"
    say(Word.LIBRARY, logger="warnings", level="warning", error=place)


def configure(*, level: str = "info", json: bool = True) -> None:
    """Set up logging for the whole process, to standard error. Call once, before anything else.

    `level` is that of our own words; libraries are heard from WARNING on, whatever it says,
    because below it they print what people wrote.
    """
    root = logging.getLogger()
    root.handlers[:] = [LibraryHandler()]
    root.setLevel(logging.WARNING)
    for name in ("mail.log", "twilio", "aiohttp", "sqlalchemy", "asyncio", "urllib3", "aiosqlite"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.setLevel(logging.WARNING)
        logger.propagate = True
    logging.captureWarnings(capture=False)
    logging.raiseExceptions = False  # the handler's own fault must not print the record
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%MZ", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _last_resort
