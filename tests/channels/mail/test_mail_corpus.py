"""Real messages of other projects, where their folder is present: 0 exceptions."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from channels.mail.parse import Limit, Unreadable, parse, read

DEFAULT = Path(__file__).resolve().parents[4] / "shared" / "corpus"
CORPUS = Path(os.environ.get("RELAY_CORPUS", DEFAULT))


def test_every_message_of_the_corpus_is_read() -> None:
    """Each file of kind `message` gives a value, without the net that catches exceptions."""
    manifest = CORPUS / "MANIFEST.tsv"
    if not manifest.is_file():
        pytest.skip(
            f"no corpus: set RELAY_CORPUS to a folder with MANIFEST.tsv (not {CORPUS.name})"
        )
    with manifest.open(encoding="utf-8", newline="") as lines:
        files = [
            row["file"]
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if row["kind"] == "message"
        ]
    assert files
    refused = {}
    for name in files:
        raw = (CORPUS / name).read_bytes()
        read(raw, ours="relay.example").text.reveal().encode()
        got = parse(raw, ours="relay.example")
        if isinstance(got, Unreadable):
            refused[name] = got.why
    assert set(refused.values()) <= {Limit.HEAD_TOO_LARGE}
    assert len(refused) <= 1
