"""DMARC records and the walk up the tree, over a real name server."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail import dmarc
from channels.mail.dmarc import Policy, Record
from channels.mail.dns import DnsTroubleError, Resolver
from relay.demo.nameserver import DnsFault, NameServer

RECORDS = {
    b"v=DMARC1; p=reject": Record(own="reject", below="reject", missing="reject"),
    b"v=DMARC1;p=quarantine;": Record(own="quarantine", below="quarantine", missing="quarantine"),
    b"v=DMARC1; p=reject; sp=none": Record(own="reject", below="none", missing="none"),
    b"v=DMARC1; p=none; np=reject": Record(missing="reject"),
    b"v=DMARC1; p=none; sp=reject; np=none": Record(below="reject"),
    b"v = DMARC1 ; P = REJECT ; ADKIM = S": Record(
        own="reject", below="reject", missing="reject", strict_dkim=True
    ),
    b"v=DMARC1; p=none; aspf=s; adkim=x": Record(strict_spf=True),
    b"v=DMARC1; p=none; psd=y": Record(suffix=True),
    b"v=DMARC1; p=none; psd=n": Record(suffix=False),
    b"v=DMARC1; p=none; psd=u; t=y": Record(testing=True),
    b"v=DMARC1; p=reject; pct=0; rf=afrf; ri=1; unknown=1; =; junk": Record(
        own="reject", below="reject", missing="reject"
    ),
    b"v=DMARC1": Record(),
    b"v=DMARC1; p=rejekt": Record(),
    b"v=DMARC1; p=reject; sp=nothing": Record(),
    b"v=DMARC1; p=reject; np=": Record(),
    b"v=DMARC1; p=reject; p=none": Record(),
    b"v=DMARC1; p=\xff\xfe": Record(),
    b"v=DMARC2; p=reject": None,
    b"v=dmarc1; p=reject": None,
    b"v=DMARC10; p=reject": None,
    b"p=reject; v=DMARC1": None,
    b"v=spf1 -all": None,
    b"": None,
    b"v=DMARC1; p=reject;" + b" " * 5_000: None,
}


@pytest.mark.parametrize("raw", RECORDS, ids=repr)
def test_what_a_record_says(raw: bytes) -> None:
    """Each record of the table is read as the standard reads it."""
    assert dmarc.read(raw) == RECORDS[raw]


@given(st.binary(max_size=200))
def test_any_octets_are_a_record_or_none(octets: bytes) -> None:
    """Nothing in TXT raises."""
    for raw in (octets, b"v=DMARC1;" + octets):
        found = dmarc.read(raw)
        assert found is None or found.own in ("none", "quarantine", "reject")


@dataclass
class Tree:
    """Records by domain; what is the organisation of a domain, and whether it enforces."""

    domain: str
    records: dict[str, str | list[str]]
    organisation: str
    enforced: bool
    exists: bool = True


P = "v=DMARC1; p=reject"
N = "v=DMARC1; p=none"

TREES = {
    "nothing anywhere": Tree("a.willow.example", {}, "a.willow.example", False),
    "own record": Tree("willow.example", {"willow.example": P}, "willow.example", True),
    "parent's record": Tree("a.willow.example", {"willow.example": P}, "willow.example", True),
    "own before the parent's": Tree(
        "a.willow.example", {"a.willow.example": N, "willow.example": P}, "willow.example", False
    ),
    "sp": Tree("a.willow.example", {"willow.example": P + "; sp=none"}, "willow.example", False),
    "sp does not bind the domain itself": Tree(
        "willow.example", {"willow.example": P + "; sp=none"}, "willow.example", True
    ),
    "np for a name that is not there": Tree(
        "a.willow.example", {"willow.example": N + "; np=reject"}, "willow.example", True, False
    ),
    "np does not bind a name that is there": Tree(
        "a.willow.example", {"willow.example": N + "; np=reject"}, "willow.example", False
    ),
    "np=none spares a name that is not there": Tree(
        "a.willow.example", {"willow.example": P + "; np=none"}, "willow.example", False, False
    ),
    "the shortest name is the organisation": Tree(
        "a.b.willow.example", {"b.willow.example": N, "willow.example": P}, "willow.example", True
    ),
    "psd=n ends the walk": Tree(
        "a.b.willow.example",
        {"b.willow.example": N + "; psd=n", "willow.example": P},
        "b.willow.example",
        False,
    ),
    "psd=y is the suffix": Tree(
        "a.shop.host.example",
        {"host.example": P + "; psd=y", "shop.host.example": N},
        "shop.host.example",
        False,
    ),
    "policy of the suffix": Tree(
        "a.shop.host.example", {"host.example": P + "; psd=y"}, "shop.host.example", True
    ),
    "the suffix itself writes": Tree(
        "host.example", {"host.example": P + "; psd=y"}, "host.example", True
    ),
    "the suffix itself writes, below a record": Tree(
        "blog.host.example",
        {"blog.host.example": P + "; psd=y", "host.example": N},
        "blog.host.example",
        True,
    ),
    "a top level is nobody's own": Tree("a.willow.example", {"example": P}, "willow.example", True),
    "several records are none": Tree(
        "a.willow.example",
        {"a.willow.example": [N, N + ";"], "willow.example": P},
        "willow.example",
        True,
    ),
    "another text beside it": Tree(
        "willow.example", {"willow.example": ["hello", P]}, "willow.example", True
    ),
    "testing": Tree("willow.example", {"willow.example": P + "; t=y"}, "willow.example", False),
    "malformed": Tree("willow.example", {"willow.example": "v=DMARC1; p"}, "willow.example", False),
    "long names skip the middle": Tree(
        "a.b.c.d.e.f.g.h.i.willow.example",
        {"c.d.e.f.g.h.i.willow.example": P + "; psd=n", "e.f.g.h.i.willow.example": N + "; psd=n"},
        "e.f.g.h.i.willow.example",
        False,
    ),
}


async def _served(tree: Tree) -> NameServer:
    server = NameServer()
    for name, texts in tree.records.items():
        for text in [texts] if isinstance(texts, str) else texts:
            server.add_text(f"_dmarc.{name}", text)
    if tree.exists:
        server.add(tree.domain, "A", "192.0.2.1")
    await server.start()
    return server


@pytest.mark.parametrize("name", TREES)
async def test_whose_policy_binds_a_domain(name: str) -> None:
    """Each tree has the organisation and the policy that stand beside it."""
    tree = TREES[name]
    server = await _served(tree)
    try:
        names = Resolver(server.address, seconds=20)
        assert await dmarc.organisation(tree.domain, names) == tree.organisation
        assert (await dmarc.policy(tree.domain, names)).enforced is tree.enforced
        assert len({one for one, _ in server.asked if one.startswith("_dmarc.")}) <= 8
    finally:
        await server.close()


@pytest.mark.parametrize("where", ["_dmarc.a.willow.example", "_dmarc.willow.example"])
async def test_trouble_on_the_way_up_is_trouble(where: str) -> None:
    """A record that cannot be had now is not "no record"."""
    server = await _served(Tree("a.willow.example", {"willow.example": P}, "", True))
    server.fail(DnsFault.SERVFAIL, where)
    try:
        with pytest.raises(DnsTroubleError):
            await dmarc.policy("a.willow.example", Resolver(server.address, seconds=20))
    finally:
        await server.close()


async def test_trouble_where_nobody_needs_to_look_is_none() -> None:
    """Above a record that ends the walk, and above a domain's own policy, nothing matters."""
    tree = Tree("willow.example", {"willow.example": P + "; psd=n"}, "", True)
    server = await _served(tree)
    server.fail(DnsFault.SERVFAIL, "_dmarc.example")
    try:
        names = Resolver(server.address, seconds=20)
        assert await dmarc.policy("willow.example", names) == Policy(enforced=True)
        assert await dmarc.organisation("willow.example", names) == "willow.example"
    finally:
        await server.close()


async def test_whether_a_name_exists_must_be_known_where_it_matters() -> None:
    """`np=` differs from `sp=` and the name does not answer: later."""
    tree = Tree("a.willow.example", {"willow.example": N + "; np=reject"}, "", True, exists=False)
    server = await _served(tree)
    server.fail(DnsFault.SERVFAIL, "a.willow.example")
    try:
        with pytest.raises(DnsTroubleError):
            await dmarc.policy("a.willow.example", Resolver(server.address, seconds=20))
    finally:
        await server.close()
