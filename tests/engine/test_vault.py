"""The vault: what is sealed stays where it was sealed, and what is shredded is gone."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from channels.secret import Secret
from relay.errors import RefusalError
from relay.model import Body
from relay.vault import master
from relay.vault.keyring import KeyRing
from relay.vault.vault import Purpose, UnsealError, Vault
from tests.support.clock import StoppedClock

BODY = Body(author=Secret("Robin"), mask=Secret("m"), subject=Secret("s"), text=Secret("hello 😀"))


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A new vault."""
    path = tmp_path / "master.key"
    master.create(path)
    return Vault(tmp_path / "keys", master.load(path))


def test_a_contact_opens_only_in_its_own_row(vault: Vault) -> None:
    """Moving a ciphertext to another row, or under another label, makes it unreadable."""
    clock = StoppedClock()
    for owner in range(1, 21):
        vault.admit(owner, clock.now())
    sealed = {owner: vault.seal(owner, "contact", f"+1202555{owner:04}") for owner in range(1, 21)}
    for owner, other in itertools.permutations(sealed, 2):
        with pytest.raises(UnsealError):
            vault.open(owner, "contact", sealed[other])
    with pytest.raises(UnsealError):
        vault.open(1, "member", sealed[1])
    assert vault.open(1, "contact", sealed[1]) == "+12025550001"


def test_a_forgotten_person_is_noise(vault: Vault, tmp_path: Path) -> None:
    """After `forget` nothing of hers opens, in this process or a new one."""
    vault.admit(1, StoppedClock().now())
    sealed = vault.seal(1, "contact", "+12025550101")
    assert vault.forget([1]) == 1
    again = Vault(tmp_path / "keys", master.load(tmp_path / "master.key"))
    for each in (vault, again):
        with pytest.raises(UnsealError):
            each.open(1, "contact", sealed)


def test_bodies_are_bound_to_post_group_and_life(vault: Vault) -> None:
    """A body moved to another post or group, or with another life, does not open."""
    now = StoppedClock().now()
    expires = now + timedelta(hours=36)
    sealed = vault.seal_body(1, 2, expires, BODY, now)
    assert vault.open_body(1, 2, expires, sealed) == BODY
    for post, group, until in ((9, 2, expires), (1, 9, expires), (1, 2, now)):
        with pytest.raises(UnsealError):
            vault.open_body(post, group, until, sealed)


def test_shredding_spares_what_is_in_use(vault: Vault) -> None:
    """A key that seals something stored stays; any other dies, and its bodies are noise."""
    clock = StoppedClock()
    expires = clock.now() + timedelta(hours=36)
    first = vault.seal_body(1, 1, expires, BODY, clock.now())
    assert vault.seal_body(9, 1, expires, BODY, clock.now()).key_id == first.key_id
    clock.forward(hours=1)
    second = vault.seal_body(2, 1, expires, BODY, clock.now())
    assert first.key_id != second.key_id
    assert vault.shred({first.key_id, second.key_id}) == 0
    assert vault.shred({second.key_id}) == 1
    with pytest.raises(UnsealError):
        vault.open_body(1, 1, expires, first)
    assert vault.open_body(2, 1, expires, second) == BODY


def test_a_key_that_another_process_destroyed_seals_nothing_more(tmp_path: Path) -> None:
    """Each process looks at the file before it seals: a dead key would lose the message."""
    path = tmp_path / "master.key"
    master.create(path)
    one, two = (Vault(tmp_path / "keys", master.load(path)) for _ in range(2))
    now = StoppedClock().now()
    first = one.seal_body(1, 1, now, BODY, now)
    assert two.shred(set()) == 1
    second = one.seal_body(2, 1, now, BODY, now)
    assert second.key_id != first.key_id
    assert two.open_body(2, 1, now, second) == BODY


def test_the_length_of_a_body_does_not_show(vault: Vault) -> None:
    """Bodies of many lengths have few sizes."""
    now = StoppedClock().now()
    sizes = set()
    for length in range(0, 1000, 7):
        body = Body(author=None, mask=Secret(""), subject=Secret(""), text=Secret("x" * length))
        sizes.add(len(vault.seal_body(1, 1, now, body, now).blob))
    assert len(sizes) == 2


def test_an_index_depends_on_purpose_parts_and_key(vault: Vault, tmp_path: Path) -> None:
    """Equal values give equal indexes only under one purpose, one split, one master key."""
    other_key = tmp_path / "other.key"
    master.create(other_key)
    other = Vault(tmp_path / "other", master.load(other_key))
    found = {
        vault.index(Purpose.PAIR, "+1", "+2"),
        vault.index(Purpose.PAIR, "+1+2"),
        vault.index(Purpose.SEEN, "+1", "+2"),
        other.index(Purpose.PAIR, "+1", "+2"),
    }
    assert len(found) == 4
    assert vault.index(Purpose.PAIR, "+1", "+2") in found


def test_a_destroyed_key_is_gone_from_the_file(tmp_path: Path) -> None:
    """Destroying overwrites in place: same file, same size, no byte of the slot left."""
    ring = KeyRing(tmp_path / "ring", "test", b"k" * 32, slots=8)
    for key_id in range(1, 9):
        ring.add(key_id, 0)
    before = (tmp_path / "ring").read_bytes()
    inode = (tmp_path / "ring").stat().st_ino
    slot = next(s for s in ring.slots() if s.key_id == 3).number
    ring.destroy([3])
    after = (tmp_path / "ring").read_bytes()
    assert len(after) == len(before)
    assert (tmp_path / "ring").stat().st_ino == inode
    old = before[slot * 128 : (slot + 1) * 128]
    assert all(old[i : i + 16] not in after for i in range(0, 112, 8))
    assert ring.get(3) is None
    assert sorted(s.key_id for s in ring.slots()) == [1, 2, 4, 5, 6, 7, 8]


def test_two_processes_share_a_ring(tmp_path: Path) -> None:
    """What one adds or destroys, the other sees; a full ring grows; nothing is overwritten."""
    one = KeyRing(tmp_path / "ring", "test", b"k" * 32, slots=4)
    two = KeyRing(tmp_path / "ring", "test", b"k" * 32, slots=4)
    keys = {n: (one if n % 2 else two).add(n, 0) for n in range(1, 40)}
    assert all(one.get(n) == key and two.get(n) == key for n, key in keys.items())
    one.destroy([5])
    assert [slot for slot in two.slots() if slot.key_id == 5] == []
    assert two.get(5) is None


def test_a_ring_of_another_master_key_is_refused(tmp_path: Path) -> None:
    """A key that does not unwrap is reported plainly, not used."""
    KeyRing(tmp_path / "ring", "test", b"k" * 32, slots=4).add(1, 0)
    with pytest.raises(RefusalError, match="does not belong"):
        KeyRing(tmp_path / "ring", "test", b"x" * 32, slots=4).get(1)


def test_a_master_key_open_to_others_is_refused(tmp_path: Path) -> None:
    """A missing, damaged or readable master key is one plain sentence; it is never made anew."""
    path = tmp_path / "master.key"
    with pytest.raises(RefusalError, match="relay init"):
        master.load(path)
    assert master.create(path)
    content = path.read_text()
    assert not master.create(path)
    assert path.read_text() == content
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(RefusalError, match="0600"):
        master.load(path)
    path.chmod(0o600)
    path.write_text("not hexadecimal")
    with pytest.raises(RefusalError, match="damaged"):
        master.load(path)
