"""Every sentence of the programme, by name: what there is to translate, and to reword."""

from __future__ import annotations

import importlib
import pkgutil
import string
from functools import cache

from relay import wording
from relay.wording.text import Text


@cache
def all_texts() -> dict[str, Text]:
    """The texts of `relay.wording` by name, such as `STOPPED`; of a module in it, `hours.OFF`.

    Each is a constant of its module. One that is only taken over from another module is not
    counted twice.
    """
    found: dict[str, Text] = {}
    known: set[int] = set()
    for module in ("", *sorted(m.name for m in pkgutil.iter_modules(wording.__path__))):
        source = importlib.import_module(f"relay.wording.{module}".rstrip("."))
        for name, value in vars(source).items():
            if isinstance(value, Text) and id(value) not in known:
                known.add(id(value))
                found[f"{module}.{name}".lstrip(".")] = value
    return found


@cache
def name_of(template: str) -> str:
    """The name of the text that was made from this template; empty if there is none."""
    names = (name for name, text in all_texts().items() if text.template == template)
    return next(names, "")


@cache
def gaps(template: str) -> frozenset[str]:
    """The names of what is filled in. Raises `ValueError` where the braces are wrong.

    A gap is a bare name: `{name}`. Anything that reaches into what is filled in is wrong.
    """
    found = set()
    for _, name, form, change in string.Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or form or change:
            raise ValueError("A gap is a name in braces.")
        found.add(name)
    return frozenset(found)


def has_gaps_of(words: str, template: str) -> bool:
    """Whether these words can stand in place of the template: they have no gap it has not."""
    try:
        return gaps(words) <= gaps(template)
    except ValueError:
        return False
