"""Presets: a table of settings with which a group begins."""

from __future__ import annotations

import itertools

import pytest

from relay import presets
from relay.errors import RefusalError
from relay.model import GroupSettings
from relay.options import OF_GROUP
from relay.options import PRESETS as NAMES
from relay.registrar import Registrar
from tests.engine.conftest import House

OPTIONS = {option.name: option for option in OF_GROUP}


def test_the_table_is_whole() -> None:
    """Each preset there is says something about each control, and nothing that could not be set."""
    assert tuple(presets.PRESETS) == NAMES
    for name, preset in presets.PRESETS.items():
        assert preset.name == name
        assert preset.about.endswith(".")
        assert preset.keeping.endswith(".")
        assert preset.settings.keys() == presets.PRESETS["medium"].settings.keys()
        for setting, value in preset.settings.items():
            assert OPTIONS[setting].read(str(value)) == value


def test_the_default_is_the_default() -> None:
    """A group of which nothing was said is as the preset medium has it, and as the model has it."""
    assert presets.begin_with(presets.DEFAULT) == GroupSettings()


def test_the_more_there_is_to_fear_the_more_is_off() -> None:
    """From low over medium to high no control that hides or asks becomes weaker."""
    settings = [presets.begin_with(name) for name in ("low", "medium", "high")]
    for weaker, stronger in itertools.pairwise(settings):
        for name in ("pictures", "html", "private", "text_pictures", "tell_joined", "tell_left"):
            assert getattr(stronger, name) <= getattr(weaker, name)
        for name in ("jitter", "moderated_first", "pulse_from", "held_from", "name_rest"):
            assert getattr(stronger, name) >= getattr(weaker, name)
        assert stronger.page_after <= weaker.page_after
    high = settings[-1]
    assert high.contacts == "ask"
    assert (high.vetting, high.narrow, high.quiet) == ("approve", False, "20:00-09:00")
    assert 30 <= high.keep_roster <= 90


def test_retention_is_what_each_preset_says() -> None:
    """Three months; six to twelve; 30 to 90 days; as long as a profession demands."""
    kept = {name: presets.begin_with(name).keep_roster for name in NAMES}
    assert 89 <= kept["low"] <= 92
    assert 182 <= kept["medium"] <= 366
    assert 30 <= kept["high"] <= 90
    assert kept["professional"] >= 5 * 365


def test_differences_are_told_and_followed() -> None:
    """What was set otherwise is named with both values; following the preset ends all of it."""
    settings = GroupSettings(preset="low", quiet="22:00-07:00", vetting="vouch1")
    changed = presets.differences(settings, "low")
    assert changed["vetting"] == ("vouch1", "none")
    assert changed["quiet"] == ("22:00-07:00", "")
    followed = presets.follow(settings, "high")
    assert presets.differences(followed, "high") == {"quiet": ("22:00-07:00", "20:00-09:00")}
    assert presets.differences(presets.follow(GroupSettings(), "high"), "high") == {}


async def test_a_group_begins_with_its_preset(registrar: Registrar) -> None:
    """What is wished for wins over the preset; the preset wins over nothing; a wrong name fails."""
    group = await registrar.create_group("Tuesday", {"preset": "high", "vetting": "vouch2"})
    assert group.settings == GroupSettings(
        preset="high", **dict(presets.PRESETS["high"].settings) | {"vetting": "vouch2"}
    )
    with pytest.raises(RefusalError):
        await registrar.create_group("Friday", {"preset": "extreme"})
    assert [g.name.reveal() for g in await registrar.groups()] == ["Tuesday"]


async def test_a_preset_is_followed_later(registrar: Registrar) -> None:
    """A group changes to another preset as a whole, or not at all; never by setting its name."""
    await registrar.create_group("Tuesday", {"timezone": "Europe/Berlin", "reach": "call Ana"})
    with pytest.raises(RefusalError):
        await registrar.change_group("Tuesday", {"preset": "high", "reach": "call Sol"})
    with pytest.raises(RefusalError):
        await registrar.follow_preset("Tuesday", "extreme")
    before, _ = await registrar.group("Tuesday")
    assert before.settings == GroupSettings(timezone="Europe/Berlin", reach="call Ana")
    await registrar.follow_preset("Tuesday", "high")
    after, _ = await registrar.group("Tuesday")
    assert after.settings == GroupSettings(
        preset="high",
        timezone="Europe/Berlin",
        reach="call Ana",
        **presets.PRESETS["high"].settings,
    )


@pytest.fixture
def registrar(house: House) -> Registrar:
    """Of an empty house."""
    return house.engine.registrar
