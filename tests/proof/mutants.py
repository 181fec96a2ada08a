"""Cleaners and guards switched off one at a time, each in a copy of the tree.

A mutant is a small named change after which something that must not pass would pass. It is killed
when at least one of the tests that concern it fails. A change that no longer fits the code, or
after which the tests cannot even be collected, counts as neither: it must be mended here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("relay", "channels", "policies", "tests", "pyproject.toml")
_FAILED = 1
"""pytest's exit status when tests ran and at least one failed."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One cleaner switched off: `old` becomes `new`, or `new` is put at the end of the file."""

    name: str
    file: str
    new: str
    tests: str
    """What pytest is given, separated by spaces."""
    old: str = ""

    def changed(self, source: str) -> str:
        """The source with the change. Raises `ValueError` where it does not fit."""
        if not self.old:
            return f"{source}\n\n{self.new}\n"
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: what it changes stands {source.count(self.old)} times")
        return source.replace(self.old, self.new)


_MAIL, _ENGINE, _GUARD = "tests/channels/mail/test_mail_", "tests/engine/test_", "tests/guard/test_guard_"
_SQLITE = "-k sqlite"
_IDENTITY = "lambda text, *_, **__: text"


def _mail(*names: str) -> str:
    return " ".join(f"{_MAIL}{name}.py" for name in names)


def _engine(name: str) -> str:
    return f"{_ENGINE}{name}.py {_SQLITE}"


def _quotes() -> Iterator[Mutant]:
    file, tests = "channels/mail/quotes.py", _mail("quotes", "parse")
    for name, function, body in (
        ("quoted history stays", "_without_history", "lambda lines, ours: lines"),
        ("quoted tail stays", "_without_tail", "lambda lines, ours: lines"),
        ("unmarked tail stays", "_without_unmarked_tail", "lambda lines, ours: lines"),
        ("signature stays", "_without_signature", "lambda lines: lines"),
        ("unmarked signature stays", "_without_nameplate", "lambda lines: lines"),
        ("device line stays", "_without_devices", "lambda lines: lines"),
        ("attribution above a quote stays", "_without_attributions", "lambda lines, ours: lines"),
        ("quoted alias stays", "_without_our_names", "lambda lines, ours: lines"),
        ("MIME left in the text stays", "_without_machinery", "lambda lines: lines"),
        ("broken attribution is not mended", "_mended", "lambda lines: lines"),
    ):
        yield Mutant(name, file, f"{function} = {body}", tests)


def _words() -> Iterator[Mutant]:
    plain, headers = "channels/mail/plain.py", "channels/mail/headers.py"
    yield Mutant("controls and bidi overrides stay", plain, f"clean = {_IDENTITY}", _mail("parse", "compose"))
    yield Mutant("flowed text is not joined", plain, f"unflow = {_IDENTITY}", _mail("parse"))
    yield Mutant("keys and cards stay in the text", "channels/mail/armour.py", "without_armour = lambda text: (text, False)", _mail("files"))
    yield Mutant("marks of pictures stay", "channels/mail/armour.py", f"without_places = {_IDENTITY}", _mail("files"))
    yield Mutant("what does not fit a charset is dropped", "channels/mail/charsets.py", "_as_windows_1252 = None\ncodecs.register_error(_HANDLER, lambda error: ('', error.end))", _mail("charsets", "parse"))
    yield Mutant("a label of a charset is always believed", "channels/mail/charsets.py", "_is_utf8_after_all = lambda data: False", _mail("charsets"))
    yield Mutant("header values are not cleaned", headers, f"safe_header = {_IDENTITY}", _mail("compose", "parse"))
    yield Mutant("encoded words stay decodable", headers, 'while "=?" in "":', _mail("parse", "compose"), old='while "=?" in text:')
    yield Mutant("zero-width signs stay in headers", headers, '_UNSAFE = re.compile("[\\x00-\\x1f]")', _mail("parse", "compose"))
    yield Mutant("a pseudonym may turn its line around", headers, f"isolated = {_IDENTITY}", _mail("headers", "compose"))
    yield Mutant("prefixes of answers pile up", headers, f"one_reply_prefix = {_IDENTITY}", _mail("headers", "compose"))
    yield Mutant("a display name poses as an address", headers, f"_bare = {_IDENTITY}", _mail("parse"))


def _html() -> Iterator[Mutant]:
    html, markup = "channels/mail/cleanhtml.py", "channels/mail/markup.py"
    yield Mutant("html goes as it came", html, f"clean_html = {_IDENTITY}", _mail("html"))
    yield Mutant("html may say something else", html, "same_words = lambda made, text: True", _mail("html"))
    yield Mutant("nh3 is left out", html, f"_through_nh3 = {_IDENTITY}", _mail("html"))
    yield Mutant("the last look at html is left out", html, f"_plain_or_nothing = {_IDENTITY}", _mail("html"))
    yield Mutant("scripts and titles are words", markup, "_SILENT = frozenset()", _mail("html", "parse"))
    yield Mutant("hidden html is words", markup, "_hidden = lambda attributes: False", _mail("html", "parse"))
    yield Mutant("history marked in html stays", markup, "_is_history = lambda tag, attributes: False", _mail("html", "parse", "quotes"))
    yield Mutant("html bombs are read", markup, "_is_a_bomb = lambda source: False", _mail("parse", "html"))
    yield Mutant("html that loads may be composed", "channels/mail/bodies.py", '_NO_HARM = re.compile("(?s).*")', _mail("compose"))


def _files() -> Iterator[Mutant]:
    files, pictures, tests = "channels/files.py", "channels/pictures.py", "tests/channels/test_files.py"
    yield Mutant("pictures pass as they came", files, "_picture = lambda octets, *_: Picture(PictureKind(pictures.kind_of(octets)), octets)", tests)
    yield Mutant("texts for machines pass", files, '_NOT_FOR_PEOPLE = re.compile("(?!)")', tests)
    yield Mutant("address books pass", files, "_is_address_book = lambda text: False", tests)
    yield Mutant("overrides stay in text files", files, '_OVERRIDES = re.compile("(?!)")', tests)
    yield Mutant("pictures lie on their side", pictures, "method = None", tests, old="method = turns[turn - 1]")
    yield Mutant("what was rubbed out stays", pictures, "return image", tests, old='return alpha_composite(new("RGBA", image.size, (0, 0, 0, 0)), image)')
    yield Mutant("metadata is copied along", pictures, "return image", tests, old="    fresh = new(image.mode, image.size)\n    fresh.paste(image)\n    return fresh")
    yield Mutant("picture bombs are decoded", pictures, "if False:", tests, old="if size[0] * size[1] > most:")
    yield Mutant("the decoder is not confined", pictures, "    from PIL.Image import DecompressionBombError\n\n    most_octets", tests, old="    _confine()\n    from PIL.Image import DecompressionBombError\n\n    most_octets")
    tree = "channels/mail/tree.py"
    yield Mutant("what never crosses is not told", tree, "return Found(text, _html(found.source, text), tuple(files), False)", _mail("files"), old="return Found(text, _html(found.source, text), tuple(files), left_out)")
    yield Mutant("any part is a file", tree, "could_go = lambda octets: True", _mail("files"))
    yield Mutant("embedded messages are opened", tree, "return self.kind", _mail("files", "parse"), old='return "application/octet-stream" if self.kind.startswith("message/") else self.kind')
    yield Mutant("files have no bound", tree, "MOST_FILES, MOST_FILE_OCTETS = 10**6, 10**9", _mail("files"))
    yield Mutant("parts have no bound", tree, "MOST_PARTS = 10**9", _mail("parse"))
    yield Mutant("nesting has no bound", tree, "DEEPEST = 10**9", _mail("parse"))


def _composing() -> Iterator[Mutant]:
    file, tests = "channels/mail/compose.py", _mail("compose")
    yield Mutant("display names are not quoted", file, "return clean_name", tests, old='''return '"' + clean_name.replace("\\\\", "\\\\\\\\").replace('"', '\\\\"') + '"\'''')
    yield Mutant("Date tells the second", file, "_date(now.astimezone(UTC)),", tests, old="_date(now.astimezone(UTC).replace(second=0, microsecond=0)),")
    yield Mutant("a contact may stand in a header", file, "_ours = lambda address, voice: address.reveal()", tests)
    yield Mutant("anything may be a token", file, "_token = lambda token: token.reveal()", tests)
    yield Mutant("the gate of headers is open", file, 'header = lambda name, value: (name.encode(), b" %b\\r\\n" % value.encode("utf-8"))', tests)
    yield Mutant("the self-test at start is left out", file, "self_test = lambda: None", _mail("compose", "send"))
    yield Mutant("robots are not told to keep still", file, "_MANNERS = {key: () for key in _MANNERS}", tests)
    yield Mutant("ids are not of this copy", file, 'opaque = lambda use, delivery: "a" * 26', tests)
    yield Mutant("headers can be added behind DKIM", "channels/mail/dkim.py", "for _ in range(name in present)]", _mail("dkim"), old="for _ in range(1 + (name in present))]")
    yield Mutant("the body may hold controls", "channels/mail/bodies.py", f"clean = {_IDENTITY}", tests)


def _coming_in() -> Iterator[Mutant]:
    parse, proof = "channels/mail/parse.py", "channels/mail/authentic.py"
    tests = _mail("authentic")
    yield Mutant("machines reach the group", "channels/mail/robots.py", "automatic = lambda *_, **__: False", _mail("robots", "parse"))
    yield Mutant("out of office is told by headers only", "channels/mail/robots.py", "_reads_so = lambda *_: False", _mail("robots"))
    yield Mutant("our own mail may come round", "channels/mail/robots.py", "_is_loop = lambda *_: False", _mail("robots"))
    yield Mutant("the head has no bound", parse, "_head_limit = lambda raw: None", _mail("parse"))
    yield Mutant("the first of several From counts", parse, "_sender = lambda values: mailbox(values[0]) if values else None", _mail("parse"))
    yield Mutant("ids of other domains count", parse, "tokens = dict.fromkeys(token for token, domain in found)", _mail("files"), old="tokens = dict.fromkeys(token for token, domain in found if ours and domain == ours.lower())")
    yield Mutant("no signature is checked", proof, "_verifies = lambda *_: True", tests)
    yield Mutant("To need not be signed", proof, "_covers_all = lambda *_: True", tests)
    yield Mutant("l= is allowed", proof, "if algorithm not in _ALGORITHMS or not _in_time(tags, now):", tests, old='if b"l" in tags or algorithm not in _ALGORITHMS or not _in_time(tags, now):')
    yield Mutant("old mail counts, and twice the same header", proof, "_is_plain_and_fresh = lambda *_: True", tests)
    yield Mutant("expired signatures count", proof, "_in_time = lambda *_: True", tests)
    yield Mutant("the verifier may see another sender", proof, "_same_author = lambda *_: True", tests)
    yield Mutant("any domain may vouch", proof, "async def _any(*_, **__):\n    return True\n\n\n_Case.aligned = _any\n_may_be_related = lambda *_: True", tests)
    yield Mutant("small keys count", proof, "_SMALLEST_KEY = 1", tests)
    yield Mutant("keys in testing count", proof, "_record_allows = lambda *_: True", tests)
    listen = "channels/mail/listen.py"
    yield Mutant("outsiders get an answer of their own", listen, "if checked.proof is Proof.FORGED:\n            return '550 5.7.1 Not you'\n        inbound = _inbound(", f"{_mail('outsiders', 'posting')} tests/e2e/test_main_job.py -k sqlite or outsider or may_post", old="inbound = _inbound(")
    yield Mutant("bare line ends pass", listen, '_BARE = re.compile(b"(?!)")', _mail("listen"))
    yield Mutant("a replay is a new message", listen, "_provider_id = lambda *_: __import__('secrets').token_hex(16)", _mail("listen", "posting"))
    yield Mutant("unknown tokens are turned away", "channels/mail/reports.py", "_own_token = lambda local: None", _mail("reports"))


def _guarding() -> Iterator[Mutant]:
    find, shadow = "relay/guard/find.py", "relay/guard/shadow.py"
    members, contacts = f"{_GUARD}members.py", _engine("contacts")
    yield Mutant("the contact guard finds nothing", find, "Guard.find = lambda self, text: ()", f"{members} {contacts} or found")
    yield Mutant("what is found is not replaced", "relay/guard/mask.py", "masked = lambda text, *_: text", contacts)
    yield Mutant("names are not found", "relay/guard/names.py", "Names.sightings = lambda *_: iter(())", members)
    yield Mutant("strangers' addresses are not found", "relay/guard/strangers.py", "addresses = lambda view: iter(())", f"{_GUARD}strangers.py")
    yield Mutant("strangers' numbers are not found", "relay/guard/strangers.py", "numbers = lambda *_: iter(())", f"{_GUARD}strangers.py")
    yield Mutant("hotlines are replaced", find, "_kept = lambda *_: frozenset()", f"{_GUARD}strangers.py")
    yield Mutant("invisible signs hide", shadow, "if _within(code, _MARKS):", f"{members} {_GUARD}random.py", old='if category == "Cf" or _within(code, _MARKS) or _within(code, _UNSEEN):')
    yield Mutant("letters of other scripts hide", shadow, "_LOOKALIKES.clear()", members)
    yield Mutant("entities and percent signs hide", shadow, "_may_be_coded = lambda text: False", members)
    yield Mutant("spelled signs hide", "relay/guard/words.py", f"signs = {_IDENTITY}", members)
    yield Mutant("spelled digits hide", "relay/guard/words.py", f"numbers = {_IDENTITY}", members)
    yield Mutant("tags hide", "relay/guard/watch.py", "_tag_starts = lambda *_: []", members)
    yield Mutant("the last look sees nothing", "relay/guard/watch.py", "Watch.exposed = lambda self, text: frozenset()", f"{members} {contacts} or egress")
    yield Mutant("the last look lets all pass", "relay/looks.py", "Look.allows = lambda *_: True", contacts)
    yield Mutant("mail asks for no last look", "channels/mail/send.py", "MailChannel._may_leave = lambda *_: True", _mail("send"))
    yield Mutant("texts ask for no last look", "channels/sms/send.py", "if False:", "tests/channels/sms/test_sms_send.py", old='if not all(map(out.may_leave, [out.text.reveal(), "".join(bodies), *bodies])):')
    yield Mutant("the last look reads no body", "channels/mail/readable.py", 'readable_body = lambda octets: ""', f"{_GUARD}egress.py")
    yield Mutant("the last look reads no tags", "channels/mail/readable.py", '_TAG = re.compile("(?!)")', f"{_GUARD}egress.py")
    yield Mutant("the last look reads no encoded words", "channels/mail/readable.py", f"_unfolded = {_IDENTITY}", f"{_GUARD}egress.py")


def _engines() -> Iterator[Mutant]:
    draft, intake, courier = "relay/draft.py", "relay/intake.py", "relay/courier.py"
    leaks = "tests/e2e/test_mail_leaks.py"
    yield Mutant("subjects are not guarded", draft, "subject=inbound.subject,", _engine("contacts"), old="subject=rules.masked(subject, found[0]),")
    yield Mutant("html passes beside masked words", draft, "html=inbound.html if settings.html else NO_WORDS,", f"tests/engine {leaks} -k sqlite or open", old="html=inbound.html if settings.html and same_words else NO_WORDS,")
    yield Mutant("html passes in every group", draft, "html=inbound.html if same_words else NO_WORDS,", f"tests/engine {leaks} -k sqlite or default", old="html=inbound.html if settings.html and same_words else NO_WORDS,")
    yield Mutant("files pass in every group", draft, "if False:", f"tests/engine {leaks} -k sqlite or default", old="if not allowed:")
    yield Mutant("left files are not told", draft, "files_left_out=False,", "tests/engine -k sqlite", old="files_left_out=left_out,")
    yield Mutant("SEND AS IS shows everybody's", draft, "others: list[list[Finding]] = [[], []]", _engine("contacts"), old="others = [[f for f in findings if f.whose != rules.author.id] for findings in found]")
    yield Mutant("a line may speak as another member", intake, "if True:\n            return text\n        named =", "tests/engine -k sqlite", old="named =")
    yield Mutant("another reader's id joins a thread", intake, "return tuple(found[0] for found in read if found is not None)", _engine("threads"), old="return tuple(found[0] for found in read if found is not None and found[1] == author.id)")
    yield Mutant("a forger commands", intake, "_is_forged = lambda verdict: False", "tests/engine -k sqlite")
    yield Mutant("a repeat is a new post", intake, "if False:", "tests/engine tests/e2e/test_main_job.py -k sqlite", old="if not await self._outbox.is_new(c, self._seen(inbound), now):")
    yield Mutant("all readers have one Message-ID", courier, "message_id=mint(Use.MESSAGE, due.post_id, 1),", f"{_ENGINE}threads.py {leaks} -k sqlite or tokens", old="message_id=mint(Use.MESSAGE, due.post_id, reader),")
    yield Mutant("all readers have one return path", courier, "return_path=mint(Use.BOUNCE, 1, issued),", f"{_ENGINE}feedback.py {leaks} -k sqlite or tokens", old="return_path=mint(Use.BOUNCE, reader, issued),")
    yield Mutant("all readers have one way to unsubscribe", courier, "unsubscribe=mint(Use.UNSUBSCRIBE, 1, due.group_id),", f"{_ENGINE}feedback.py {leaks} -k sqlite or tokens", old="unsubscribe=mint(Use.UNSUBSCRIBE, reader, due.group_id),")
    yield Mutant("who is blocked may write", "relay/posting.py", "return True", _engine("private"), old="return not await self._roster.is_blocked(c, reader, author)")
    yield Mutant("masks lead on in every group", "relay/posting.py", "if found is None:", _engine("private"), old="if found is None or not group.settings.private:")
    yield Mutant("return paths never end", "relay/feedback.py", "RETURN_PATH_DAYS = 10**6", _engine("feedback"))
    yield Mutant("nothing has to be proven", "policies/authenticity.py", "authenticity = lambda facts, now: Pass()", "tests/engine/test_confirm.py tests/policies -k sqlite or policy")
    yield Mutant("the log repeats what errors say", "relay/log.py", "describe = lambda error: str(error)", "tests/e2e/test_log_canary.py -k sqlite")


def mutants() -> list[Mutant]:
    """All of them."""
    found: list[Mutant] = []
    for some in (_quotes, _words, _html, _files, _composing, _coming_in, _guarding, _engines):
        found += some()
    return found


class Bench:
    """A copy of the tree in which one mutant after the other is tried."""

    def __init__(self, folder: Path) -> None:
        """`folder` is empty, and nobody else's."""
        self._folder = folder
        self._sound: dict[str, bool] = {}
        """Whether the tests pass while nothing is changed, by what pytest is given."""
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)

    def fits(self, mutant: Mutant) -> bool:
        """Whether what it changes is there."""
        try:
            mutant.changed((self._folder / mutant.file).read_text("utf-8"))
        except ValueError:
            return False
        return True

    def try_out(self, mutant: Mutant) -> str:
        """`killed` or `survived`; or that the change does not fit, or what is wrong without it."""
        if not self.fits(mutant):
            return "unfit"
        if mutant.tests not in self._sound:
            self._sound[mutant.tests] = self.run(mutant.tests) == 0
        if not self._sound[mutant.tests]:
            return "unsound"
        with self._mutated(mutant):
            status = self.run(mutant.tests)
        return {0: "survived", _FAILED: "killed"}.get(status, "broken")

    def run(self, tests: str) -> int:
        """pytest's exit status on some tests."""
        paths, _, wanted = tests.partition(" -k ")
        chosen = ["-k", wanted] if wanted else []
        fixed = ("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-m", "not proof")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *fixed, *paths.split(), *chosen],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(self._folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=900,
        )
        return done.returncode

    @contextmanager
    def _mutated(self, mutant: Mutant) -> Iterator[None]:
        file = self._folder / mutant.file
        before, stat = file.read_text("utf-8"), file.stat()
        file.write_text(mutant.changed(before), "utf-8")
        try:
            yield
        finally:
            file.write_text(before, "utf-8")
            os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as compiled before


def main(wanted: Iterable[str]) -> None:
    """Try those whose name holds one of the given words; all of them where none is given."""
    import tempfile

    words = list(wanted)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench(Path(folder))
        for mutant in mutants():
            if words and not any(word in mutant.name for word in words):
                continue
            print(f"mutation {bench.try_out(mutant)}: {mutant.name} ({mutant.file})", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
