"""What the programme says, in English and ready to be said in another language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Translate = Callable[[str, str | None, int], str]
"""From a template, its plural and a count to the template in some language."""


class Text(str):
    """A sentence of the programme: it reads as English, and knows what it was made of.

    A template names what is filled in, as `{name}`, and may have a plural for `{count}`. Formatting
    gives another `Text`, so that who brings it to a reader can say it in her language.
    """

    __slots__ = ("plural", "template", "values")

    template: str
    plural: str | None
    values: dict[str, Any]

    def __new__(cls, template: str, plural: str | None = None, **values: Any) -> Text:
        """`values` fill in the template; without any it stands as it is."""
        chosen = plural if plural is not None and values.get("count", 1) != 1 else template
        text = super().__new__(cls, str.format(chosen, **values) if values else chosen)
        text.template, text.plural, text.values = template, plural, values
        return text

    def format(self, *args: object, **values: object) -> Text:
        """The same with something filled in."""
        if args:
            raise TypeError("what is filled in has a name")
        return Text(self.template, self.plural, **{**self.values, **values})

    def said(self, translate: Translate, dress: Callable[[object], str] = str) -> str:
        """The same by a translator; texts that were filled in are translated as well.

        `dress` is given what else is filled in.
        """
        template = translate(self.template, self.plural, self.values.get("count", 1))
        if not self.values:
            return template
        inner = {
            name: value.said(translate, dress) if isinstance(value, Text) else dress(value)
            for name, value in self.values.items()
        }
        return template.format(**inner)
