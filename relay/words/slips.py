"""How many slips of the finger lie between what was typed and what was meant."""

from __future__ import annotations

from relay.words.folding import has_letters_for_slips


def forgiven(meant: str) -> int:
    """Return how many slips in a word still show that it was meant; its folded form is given."""
    if not has_letters_for_slips(meant):
        return 0
    return 2 if len(meant) >= 8 else 1


def within(said: str, meant: str, most: int) -> bool:
    """Tell whether at most so many slips turn the one into the other.

    A slip is one letter too many, too few, or another, or two neighbours swapped (the distance
    of Damerau and Levenshtein, no letter touched twice).
    """
    return abs(len(said) - len(meant)) <= most and _distance(said, meant) <= most


def _distance(said: str, meant: str) -> int:
    before: list[int] = []
    last = list(range(len(meant) + 1))
    for i, typed in enumerate(said, 1):
        row = [i]
        for j, letter in enumerate(meant, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (typed != letter))
            if i > 1 and j > 1 and typed == meant[j - 2] and said[i - 2] == letter:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]
