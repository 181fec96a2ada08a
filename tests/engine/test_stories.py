"""Days of a group, told as transcripts, and what the relay makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.conftest import House
from tests.support.story import play, read_story

PAGES = sorted(Path(__file__).with_name("stories").glob("*.txt"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_story(page: Path, house: House) -> None:
    """What arrives is what the page says, when it says so, on each reader's own clock."""
    story = read_story(page)
    told = await play(story, house)
    assert told == list(story.lines), "\n".join(["the relay made:", *told])
