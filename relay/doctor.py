"""`relay doctor`: looks at everything the relay stands on and says what is wrong, a line each.

Nothing is repaired, created or migrated here. No check can hide another: each runs by itself, and
whatever goes wrong inside one becomes its own line. Sentences hold no contact, token or answer of
somebody else's server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from relay import checks_inside, checks_outside
from relay.config import Settings
from relay.errors import RefusalError
from relay.log import describe
