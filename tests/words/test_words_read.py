"""What is a word to the relay acts in every dress, and what people say to each other does not."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.pseudonym import skeleton
from relay.words.folding import folded
from relay.words.ordinary import ORDINARY
from relay.words.reading import Doubt, doubt, fits_as_code, is_yes, matches, parse
from relay.words.slips import within
from relay.words.vocabulary import LANGUAGES, WORDS, Command, Form, Owner, Place

HERE = Path(__file__).parent
TALK = (HERE / "ordinary_talk.txt").read_text(encoding="utf-8").splitlines()
TRUE = tomllib.loads((HERE / "true_commands.toml").read_text(encoding="utf-8"))
GSM_PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,;.'")


def dressed(word: str) -> Iterator[str]:
    """Yield a word as phones, hands and mail programs deliver it."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in word)
    yield from (word, word.upper(), word.lower(), word.title(), word.swapcase(), wide)
    yield from (f"{word}.", f"{word}!!!", f"¡{word}!", f"“{word}.”", f"'{word}'", f"«{word}»")
    yield from (
        f"  {word}\r\n",
        f"\n{word}\n\n",
        f"*{word}*",
        f"({word})",
        f"- {word} -",
        f"{word}…",
    )
    yield from (f"{word} 🙏", f"🛑{word}🛑", f"{word}\ufe0f", f"{word}👍🏽", f"{word} ❤\ufe0f")
    yield from (f"\ufeff{word}", f"\u202b{word}\u202c", f"\u200e{word}\u200f", f"{word}\u2060")
    yield from (c.join(word) for c in ("\u200b", "\u00ad", " ", "-", ".", "\u034f", "\u2066"))
    yield f"{word[:1]}\u0301{word[1:]}"


def required(place: str) -> list[tuple[Command, str]]:
    """Return the spellings that are written down apart from the code, with what they mean."""
    return [(Command(name), word) for name, words in TRUE[place].items() for word in words]


def declared(place: Place, *, followed: bool = False) -> list[tuple[Command, str]]:
    """Return the spellings that are a whole message in a place; or those too that begin one."""
    return [
        (word.command, spelling)
        for word in WORDS
        if place in word.where and (word.stands_alone or followed)
        for spellings in word.spellings.values()
        for spelling in spellings
    ]


def alone(place: Place) -> list[tuple[Command, str]]:
    """Return those that are a whole message by themselves."""
    acting = {word.command for word in WORDS if word.form is Form.ALONE or word.fits("")}
    return [(command, spelling) for command, spelling in declared(place) if command in acting]


def test_every_spelling_acts_in_every_dress() -> None:
    """Case, accents, width, punctuation, emoji, line ends, invisible characters change nothing."""
    to_group = required("everywhere") + alone(Place.GROUP)
    to_mask = to_group + required("to_mask") + alone(Place.MASK)
    lost = [(c, d) for c, word in to_group for d in dressed(word) if parse(d) is not c]
    lost += [
        (c, d) for c, word in to_mask for d in dressed(word) if parse(d, to_mask=True) is not c
    ]
    assert len(to_mask) > 150
    assert [pair for pair in lost if len(pair[1]) <= 60] == []


def test_what_looks_like_stop_is_stop() -> None:
    """Letters of other scripts that look like a word of stop count as it, everywhere."""
    looks = TRUE["like_stop"]["looks"]
    assert [look for look in looks if parse(look) is not Command.STOP] == []
    assert [look for look in looks if parse(look, to_mask=True) is not Command.STOP] == []


def test_a_cry_for_help_may_be_mistyped() -> None:
    """A drawl or one slip of a word of help is that word; ordinary words beside it are talk.

    As near to another word as to help, it is asked about; so is a slip in `info`.
    """
    slips = TRUE["like_help"]["slips"]
    assert [slip for slip in slips if parse(slip) is not Command.HELP] == []
    assert [slip for slip in slips if parse(slip, to_mask=True) is not Command.HELP] == []
    talk = ("hell", "held", "yelp", "helps", "helped", "hilft", "aides", "heap", "hlep me")
    assert [word for word in talk if parse(word) is not None] == []
    assert (parse("infoo"), doubt("infoo")) == (None, Doubt.NEAR_MISS)


def test_a_cry_in_a_crisis_may_be_mistyped() -> None:
    """The longer words of CRISIS are obeyed with one slip; a slip in a short one is asked about."""
    slips = TRUE["like_crisis"]["slips"]
    assert [slip for slip in slips if parse(slip) is not Command.CRISIS] == []
    talk = (
        "crises",
        "cris",
        "urgency",
        "urgente",
        "emergencies",
        "cries",
        "krisen",
        "emergency room",
    )
    assert [word for word in talk if parse(word) or doubt(word)] == []
    assert (parse("crize"), doubt("crize")) == (None, Doubt.NEAR_MISS)


def test_words_to_a_mask_are_talk_in_the_group() -> None:
    """`block` concerns one member; without one it is nothing, in any language."""
    assert [word for _, word in required("to_mask") if parse(word) is not None] == []


def test_ordinary_talk_neither_acts_nor_waits() -> None:
    """Of hundreds of lines people write to each other, none is a word, a slip or a request."""
    assert len(TALK) > 650
    assert len(set(TALK)) == len(TALK)
    assert [line for line in TALK for mask in (False, True) if parse(line, to_mask=mask)] == []
    assert [line for line in TALK for mask in (False, True) if doubt(line, to_mask=mask)] == []


def test_a_word_is_the_whole_message() -> None:
    """Nothing that goes on after a word, or before it, is that word."""
    words = [word for _, word in declared(Place.MASK)]
    acted = [word for word in words if parse(f"{word} the line at gate 3", to_mask=True)]
    acted += [word for word in words if parse(f"he said it to me: {word}", to_mask=True)]
    acted += [word for word in words if parse(word + "!" * 60, to_mask=True)]
    assert acted == []
    assert parse("") is None
    assert parse("🙏 \u200b!") is None


def test_requests_in_her_own_words_are_doubted() -> None:
    """Each listed way of asking to be let go is a possible revocation, and none acts by itself."""
    wishes = TRUE["doubtful"]["revocations"]
    assert len(wishes) > 100
    assert [w for w in wishes if parse(w) or doubt(w) is not Doubt.REVOCATION] == []
    louder = [w for w in wishes if doubt(w.upper() + " 🙏") is not Doubt.REVOCATION]
    assert louder == []


def test_a_stop_may_be_signed_with_her_own_name() -> None:
    """Whose name it is decides: `Stop, Robin` from Robin may be a stop, from Ivy it is talk."""
    signed = ("Stop, Robin", "CANCEL Robin", "quit please Robin", "Baja. Robin Ray")
    names = ("Robin", "robin", "Robin", "Robin Ray")
    assert [doubt(t, name=n) for t, n in zip(signed, names, strict=True)] == [Doubt.REVOCATION] * 4
    assert [text for text in signed[:2] if doubt(text, name="Ivy") or doubt(text)] == []
    assert doubt("Robin", name="Robin") is None


@pytest.mark.parametrize(
    "text",
    [
        "I told him. Stop texting me.",
        "Stop texting me is what I said to him",
        "he said no more texts and blocked me",
        "take me off guard and I cry",
        "remove me from his will, he said",
        "I want out of this marriage",
        "how do I stop?",
        "stop it",
        "Remove me. Then he signed the paper at the court and we all went home",
        "wrong number " * 20,
    ],
)
def test_requests_to_somebody_else_are_talk(text: str) -> None:
    """What was said to another, or goes on into a story, is not held."""
    assert doubt(text) is None


def test_slips_are_doubted_and_never_act() -> None:
    """A word with a slip of the finger in it waits: it is neither obeyed nor passed on."""
    slips = TRUE["doubtful"]["near_misses"]
    assert len(slips) >= 60
    assert [slip for slip in slips if parse(slip)] == []
    assert [slip for slip in slips if doubt(slip) is not Doubt.NEAR_MISS] == []


def test_ordinary_neighbours_are_declared_sensibly() -> None:
    """The list holds folded words that are no spellings, each close to one; none of them waits."""
    spellings = {folded(word) for _, word in declared(Place.MASK)}
    assert {word for word in ORDINARY if folded(word) != word} == set()
    assert ORDINARY & spellings == set()
    far = {w for w in ORDINARY if not any(within(w, s, 3) for s in spellings)}
    assert far == set()
    assert [word for word in ORDINARY if parse(word) or doubt(word)] == []


@pytest.mark.parametrize(
    ("said", "meant", "slips"),
    [
        ("stop", "stop", 0),
        ("stpo", "stop", 1),
        ("sto", "stop", 1),
        ("stoop", "stop", 1),
        ("stip", "stop", 1),
        ("tsop", "stop", 1),
        ("tspo", "stop", 2),
        ("shops", "stop", 2),
        ("", "stop", 4),
        ("unsubscirbee", "unsubscribe", 2),
    ],
)
def test_slips_are_counted(said: str, meant: str, slips: int) -> None:
    """One letter more, fewer or other is one slip, and so is a swap of two neighbours."""
    assert within(said, meant, slips)
    assert within(meant, said, slips)
    assert slips == 0 or not within(said, meant, slips - 1)


def test_code_words_match_as_a_whole() -> None:
    """A code word is a whole message, folded as every word; nothing matches an empty one."""
    good = ("Blue Heron", "blue-heron", "BLUEHERON!", "ｂｌｕｅ heron", "b\u200blue héron 🙏")
    assert [text for text in good if not matches("blue heron", text)] == []
    bad = ("blue", "blue heron now", "blue herom", "", "blue heron" + "!" * 60)
    assert [text for text in bad if matches("blue heron", text)] == []
    assert matches("río 7", "RIO ٧")
    assert not matches("🙏", "🙏")
    assert not matches("", "")
    assert not matches("\ud800", "🌹")


def test_slips_in_a_code_word_wait() -> None:
    """Her code word, or what it became under a thumb, is held, even where that is another word."""
    own = ("jello", "blue heron")
    held = ("jello", "jelo", "Jlelo!", "hello", "blue heron", "blue herno", "bleu hreon")
    assert [text for text in held if doubt(text, own=own) is not Doubt.NEAR_MISS] == []
    assert [line for line in TALK if doubt(line, own=("river rose", "marmalade"))] == []
    assert doubt("jello and ice cream", own=own) is None
    assert doubt("tea", own=("sea",)) is None
    assert doubt("sea", own=("sea",)) is Doubt.NEAR_MISS
    assert doubt("🙏", own=("🙏",)) is None


def test_code_words_stay_clear_of_commands() -> None:
    """Nobody's code word is a command, one slip away from one, too short, or nothing but signs."""
    assert [
        code for code in ("blue heron", "marmalade", "río de agua") if not fits_as_code(code)
    ] == []
    unfit = ("stop", "shop", "leaves", "block", "cat", "🙏🙏🙏🙏", "", "st0p", "x" * 61, "更多的爱")
    assert [code for code in unfit if fits_as_code(code)] == []


def test_yes_is_a_word_or_the_beginning_of_one_answer() -> None:
    """An answer to a question says yes by a word, by nothing at all, or by how it begins."""
    yes = ("yes", "YES!", "y", "ok", "Sí", "oui", "ja, gern", "yes it was me", "", "sim")
    assert [text for text in yes if not is_yes(text)] == []
    no = ("no", "not me", "yesterday", "okay but no", "yes " * 20)
    assert [text for text in no if is_yes(text)] == []


def test_a_yes_with_a_no_in_it_is_none() -> None:
    """Whatever begins with yes and denies something is no yes, in any language."""
    no = (
        *("Ja, das war ich nicht", "yes but I did not write that", "Yes I didn’t", "yes, wasnt me"),
        *("Si no fui yo", "Sí, pero no", "sí nunca", "Oui mais ce n'est pas moi", "oui, jamais"),
        *("Ja, aber von wem?", "ja kein Plan", "Sim, não fui eu", "sim nada", "ja, nie", "yes нет"),
        *("ja niet", "yes لا", "yes 不是我"),
    )
    assert [text for text in no if is_yes(text)] == []
    yes = (
        "Ja, das war ich",
        "Sí, fui yo",
        "Oui c'est moi",
        "Sim, fui eu",
        "yes I know",
        "yes want",
    )
    assert [text for text in yes if not is_yes(text)] == []


def test_every_command_is_one_complete_entry() -> None:
    """Each command has one entry, spelled in every language, explained in one plain sentence."""
    assert sorted(word.command for word in WORDS) == sorted(Command)
    for word in WORDS:
        assert set(LANGUAGES) <= set(word.spellings)
        assert all(folded(s) for written in word.spellings.values() for s in written)
        assert word.meaning[0].isupper()
        assert word.meaning.endswith(".")
        assert word.meaning.count(".") == 1
        assert set(word.meaning) <= GSM_PLAIN
        assert word.who
        assert word.where


def test_no_spelling_means_two_things() -> None:
    """No two words share a spelling, and nothing but stop looks like a word of stop.

    `REMOVE` alone is a stop by law; with a name behind it, it is what a facilitator does.
    """
    meant: dict[str, Command] = {}
    for command, spelling in declared(Place.MASK, followed=True):
        if (command, spelling) != (Command.REMOVE, "remove"):
            assert meant.setdefault(folded(spelling), command) is command, spelling
    assert parse("remove") is Command.STOP
    looks = {skeleton(s) for c, s in declared(Place.MASK) if c is Command.STOP and s.isascii()}
    others = [s for c, s in declared(Place.MASK) if c is not Command.STOP and skeleton(s) in looks]
    assert others == []
    assert WORDS[0].command is Command.STOP


def test_what_the_law_owns_needs_no_code() -> None:
    """Stop is asked of nobody twice; what else changes anything may need a code word."""
    free = {word.command for word in WORDS if not word.may_need_code}
    safe = {Command.AGREEMENT, Command.CRISIS, Command.READ, Command.REPORT, Command.TELL}
    assert free == {Command.STOP, Command.START, Command.HELP, Command.MORE} | safe
    assert [word.command for word in WORDS if word.owner is Owner.LAW] == [Command.STOP]
