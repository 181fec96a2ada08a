"""A group's settings, each with what it does, and where they differ from the group's preset."""

from __future__ import annotations

from typing import Any

from relay.cli.output import cell, table
from relay.lastday import closing_at, gone_on
from relay.model import Group, Member, read_zone
from relay.options import OF_GROUP
from relay.presets import PRESETS, differences
from relay.registrar import show_group

_INDENT = 20
_VALUE = 24


def explained(group: Group, members: list[Member]) -> str:
    """The whole group, for people."""
    shown = show_group(group, members)
    preset = PRESETS[group.settings.preset]
    changed = differences(group.settings, preset.name)
    settings = {option.name for option in OF_GROUP}
    head = [f"{name:<{_INDENT}}{cell(shown[name])}" for name in shown if name not in settings]
    lines = [
        *head,
        *_end(group),
        *to_mind(group),
        "",
        f"Preset {preset.name}. {preset.about} {preset.keeping}",
        _how_many(changed, preset.name),
        "",
    ]
    for option in OF_GROUP:
        lines += _setting(option.name, shown[option.name], option.about)
        if option.name in changed:
            lines.append(f"{'':<{_INDENT}}* preset {preset.name}: {_said(changed[option.name][1])}")
    return "\n".join(lines)


def _end(group: Group) -> list[str]:
    """When a group that has a last day is closed, and when the rest of a closed one goes."""
    settings = group.settings
    day, closing = gone_on(settings), closing_at(settings)
    if day is not None:
        return [f"{'destroyed after':<{_INDENT}}{day} (`relay group destroy` does it at once)"]
    if closing is None:
        return []
    at = closing.astimezone(read_zone(settings.timezone))
    kept = f"destroyed when keep_roster ({settings.keep_roster} days) is over"
    return [f"{'closed':<{_INDENT}}{at:%Y-%m-%d %H:%M} at the earliest, {kept}"]


def to_mind(group: Group) -> list[str]:
    """What is easily forgotten, and lights up a phone at night."""
    settings, found = group.settings, []
    if settings.timezone == "UTC":
        found.append("Its clock is UTC. If its people live by another one, set timezone.")
    if not settings.quiet:
        found.append("It has no quiet hours: posts come at night too. To change that, set quiet.")
    return found


def _how_many(changed: dict[str, Any], name: str) -> str:
    if not changed:
        return f"All is as the preset {name} has it."
    verb = "setting differs" if len(changed) == 1 else "settings differ"
    return f"{len(changed)} {verb} from the preset; marked with *."


def _setting(name: str, value: Any, about: str) -> list[str]:
    """One line, or two where the value is long."""
    said = _said(value)
    if len(said) < _VALUE:
        return [f"{name:<{_INDENT}}{said:<{_VALUE}}{about}"]
    return [f"{name:<{_INDENT}}{said}", f"{'':<{_INDENT + _VALUE}}{about}"]


def _said(value: Any) -> str:
    return cell(value) or "none"


def compared(before: Group, after: Group, *, done: bool) -> dict[str, Any]:
    """What a preset changes, as a flat object of objects."""
    return {
        "preset": after.settings.preset,
        "done": done,
        "changes": {
            name: {"from": old, "to": new} for name, (old, new) in _changes(before, after).items()
        },
    }


def comparison(before: Group, after: Group, *, done: bool) -> str:
    """The same for people."""
    preset, changes = PRESETS[after.settings.preset], _changes(before, after)
    lines = [f"Preset {preset.name}. {preset.about} {preset.keeping}"]
    if not changes:
        return "\n".join([*lines, "It changes nothing in this group."])
    rows = [
        {"name": name, "old": _said(old), "new": _said(new)} for name, (old, new) in changes.items()
    ]
    old, new = ("BEFORE", "NOW") if done else ("NOW", "THEN")
    end = "Done." if done else "Nothing is changed yet; --yes does it."
    columns = {"name": "SETTING", "old": old, "new": new}
    return "\n".join([*lines, "", table(rows, columns), "", end])


def _changes(before: Group, after: Group) -> dict[str, tuple[Any, Any]]:
    pairs = {
        option.name: (getattr(before.settings, option.name), getattr(after.settings, option.name))
        for option in OF_GROUP
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
