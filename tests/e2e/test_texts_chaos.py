"""Texts and faults of every class, in small; `tests/proof/test_texts.py` is the same in large."""

from __future__ import annotations

from pathlib import Path

from tests.support.texting import Plan, Run


async def test_texts_and_faults_of_every_class(tmp_path: Path) -> None:
    """90 posts, a kill: none lost, none doubled without a cause, none left at the provider.

    On SQLite alone, to save time: the proof runs on both.
    """
    plan = Plan(
        posts=90,
        groups=3,
        members=4,
        speed=1200,
        kills=1,
        down=8,
        picture_every=5,
        late=0.05,
        report=240,  # of the relay's minutes: long enough for Twilio to be asked in time
    )
    figures = await Run(tmp_path, f"sqlite:///{tmp_path / 'relay.sqlite'}", plan).play()
    figures.must_be_well()
    assert figures.unheard > 0
    assert figures.pictures > 0
    assert set(figures.faults) >= {"answer_lost", "callback_dropped", "refuse", "undelivered"}
