"""`python -m relay.languages missing` and `update`, for translators (docs/languages.md)."""

from __future__ import annotations

import sys

from relay.languages.catalogue import TRANSLATED
from relay.languages.upkeep import missing, update


def main(wish: str) -> int:
    """Do it. Returns the exit code: 1 if something is missing, 2 if nobody knows the wish."""
    if wish == "update":
        update()
        return 0
    if wish != "missing":
        sys.stderr.write("Say `missing` or `update`.\n")
        return 2
    found = [f"{language}: {name}\n" for language in TRANSLATED for name in missing(language)]
    sys.stdout.write("".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:])))
