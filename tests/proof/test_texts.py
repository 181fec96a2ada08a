"""10,000 texts through the fake Twilio, 5 % of every class of fault, and a relay killed twice.

Nothing is lost: every copy arrives, or its author or who runs the group is told. Nothing arrives
twice but what nobody could know about, and nothing three times. In the end the provider keeps no
message and no picture of ours. The relay runs on a clock sixty times as fast as the wall's.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from relay.clock import SystemClock
from tests.support.texting import Plan, Run

POSTS = int(os.environ.get("RELAY_PROOF_POSTS", "10000"))


@pytest.mark.proof
@pytest.mark.timeout(5400)
async def test_texts(tmp_path: Path, database_url: str) -> None:
    """Nothing lost, few doubles and only where an answer was, nothing left at the provider."""
    plan = Plan(
        posts=POSTS, groups=10, members=5, speed=60, down=max(1, POSTS // 100), picture_every=10
    )
    figures = await Run(tmp_path, database_url, plan).play()
    name = f"texts.{database_url.partition(':')[0]}"
    print(f"{name}.day {SystemClock().now().date()}", *figures.lines(name), sep="\n")
    figures.must_be_well()
