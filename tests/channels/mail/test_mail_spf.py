"""SPF over a real name server: every mechanism, every limit, and records that mean harm."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.dns import Address, Resolver
from channels.mail.spf import MOST_QUESTIONS, MOST_TERMS, MOST_VOID, Spf, check_host
from relay.demo.nameserver import DnsFault, NameServer

W = "willow.example"
OUT = "203.0.113.5"
OUT6 = "2001:db8::5"
Record = tuple[str, str, str]
"""Name, type, value."""


@dataclass
class Case:
    """A record, what else is in the zone, who asks, and the result."""

    record: str
    expect: Spf
    more: tuple[Record, ...] = ()
    client: str = OUT
    sender: str = f"mara@{W}"
    helo: str = "mx.willow.example"


def _hosts(count: int) -> tuple[Record, ...]:
    """Mail hosts, all of them elsewhere."""
    hosts = tuple((W, "MX", f"{at} h{at}.{W}.") for at in range(count))
    return (*hosts, *((f"h{at}.{W}", "A", "192.0.2.9") for at in range(count)))


def _chain(length: int) -> tuple[Record, ...]:
    """Records that each include the next; the last lets everybody pass."""
    links = [(f"c{at}.{W}", "TXT", f"v=spf1 include:c{at + 1}.{W} -all") for at in range(length)]
    return (*links, (f"c{length}.{W}", "TXT", "v=spf1 +all"))


PTR = "5.113.0.203.in-addr.arpa"
PASS, FAIL, SOFT, NEUTRAL = Spf.PASS, Spf.FAIL, Spf.SOFTFAIL, Spf.NEUTRAL
NONE, PERM, TEMP = Spf.NONE, Spf.PERMERROR, Spf.TEMPERROR

CASES = {
    "ip4": Case(f"v=spf1 ip4:{OUT} -all", PASS),
    "ip4 network": Case("v=spf1 ip4:203.0.113.0/29 -all", PASS),
    "ip4 beside it": Case("v=spf1 ip4:203.0.113.8/29 -all", FAIL),
    "ip4 of length nothing": Case("v=spf1 ip4:0.0.0.0/0 -all", PASS),
    "ip6": Case("v=spf1 ip6:2001:db8::/64 -all", PASS, client=OUT6),
    "ip6 for an IPv4 client": Case("v=spf1 ip6:::/0 -all", FAIL),
    "IPv4 inside IPv6": Case(f"v=spf1 ip4:{OUT} -all", PASS, client=f"::ffff:{OUT}"),
    "a": Case("v=spf1 a -all", PASS, ((W, "A", OUT),)),
    "a of another name": Case(f"v=spf1 a:out.{W} -all", PASS, ((f"out.{W}", "A", OUT),)),
    "a with a length": Case("v=spf1 a/24 -all", PASS, ((W, "A", "203.0.113.77"),)),
    "a with a length of nothing": Case("v=spf1 a/0 -all", PASS, ((W, "A", "192.0.2.1"),)),
    "a with two lengths": Case(
        "v=spf1 a/32//64 -all", PASS, ((W, "AAAA", "2001:db8::77"),), client=OUT6
    ),
    "mx": Case("v=spf1 mx -all", PASS, ((W, "MX", f"10 h.{W}."), (f"h.{W}", "A", OUT))),
    "mx elsewhere": Case(
        "v=spf1 mx -all", FAIL, ((W, "MX", f"10 h.{W}."), (f"h.{W}", "A", "192.0.2.9"))
    ),
    "ptr": Case("v=spf1 ptr -all", PASS, ((PTR, "PTR", f"o.{W}."), (f"o.{W}", "A", OUT))),
    "ptr that does not lead back": Case(
        "v=spf1 ptr -all", FAIL, ((PTR, "PTR", f"o.{W}."), (f"o.{W}", "A", "192.0.2.9"))
    ),
    "ptr of a neighbour": Case(
        "v=spf1 ptr -all",
        FAIL,
        ((PTR, "PTR", "o.notwillow.example."), ("o.notwillow.example", "A", OUT)),
    ),
    "exists with the client's address": Case(
        "v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all",
        PASS,
        ((f"5.113.0.203.in-addr._spf.{W}", "A", "127.0.0.2"),),
    ),
    "exists with the local part": Case(
        f"v=spf1 exists:%{{l1r-}}.lp.{W} -all",
        PASS,
        ((f"mara.lp.{W}", "A", "127.0.0.2"),),
        sender=f"mara-x-y@{W}",
    ),
    "include that passes": Case(
        "v=spf1 include:p.example -all", PASS, (("p.example", "TXT", f"v=spf1 ip4:{OUT} -all"),)
    ),
    "include that fails is no match": Case(
        "v=spf1 include:p.example ~all", SOFT, (("p.example", "TXT", "v=spf1 -all"),)
    ),
    "include of nothing": Case("v=spf1 include:p.example +all", PERM),
    "redirect": Case(
        "v=spf1 redirect=p.example", PASS, (("p.example", "TXT", f"v=spf1 ip4:{OUT} -all"),)
    ),
    "redirect is not followed after a match": Case("v=spf1 ?all redirect=p.example", NEUTRAL),
    "redirect to nothing": Case("v=spf1 redirect=p.example", PERM),
    "by an alias of the name server": Case(
        "v=spf1 include:p.example -all",
        PASS,
        (("p.example", "CNAME", "q.example."), ("q.example", "TXT", f"v=spf1 ip4:{OUT} -all")),
    ),
    "no mechanism matches": Case("v=spf1 ip4:192.0.2.1", NEUTRAL),
    "upper case": Case(f"V=SPF1 IP4:{OUT} -ALL", PASS),
    "no record": Case("something else", NONE),
    "version ten": Case("v=spf10 +all", NONE),
    "two records": Case("v=spf1 +all", PERM, ((W, "TXT", "v=spf1 -all"),)),
    "beside many other texts": Case(
        f"v=spf1 ip4:{OUT} -all", PASS, tuple((W, "TXT", f"site-check-{at}") for at in range(30))
    ),
    "mistake behind the match": Case(f"v=spf1 ip4:{OUT} nonsense -all", PERM),
    "bad address": Case("v=spf1 ip4:203.0.113.500 +all", PERM),
    "bad length": Case("v=spf1 ip4:203.0.113.5/33 +all", PERM),
    "bad macro": Case(f"v=spf1 exists:%{{z}}.{W} +all", PERM),
    "macro of an explanation": Case(f"v=spf1 exists:%{{t}}.{W} +all", PERM),
    "macro of no parts": Case(f"v=spf1 exists:%{{d0}}.{W} +all", PERM),
    "unknown modifier": Case(f"v=spf1 x-y=%{{d}} ip4:{OUT} -all", PASS),
    "two redirects": Case("v=spf1 redirect=a.example redirect=b.example", PERM),
    "explanation is not fetched": Case(f"v=spf1 -all exp=why.{W}", FAIL),
    "ten terms": Case(f"v=spf1 include:c1.{W} -all", PASS, _chain(MOST_TERMS)),
    "eleven terms": Case(f"v=spf1 include:c0.{W} -all", PERM, _chain(MOST_TERMS)),
    "includes itself": Case(f"v=spf1 include:{W} -all", PERM),
    "redirects to itself": Case(f"v=spf1 redirect={W}", PERM),
    "a loop of two": Case(
        "v=spf1 include:p.example -all", PERM, (("p.example", "TXT", f"v=spf1 include:{W} -all"),)
    ),
    "two look-ups in vain": Case(f"v=spf1 a:x1.{W} a:x2.{W} ip4:{OUT} -all", PASS),
    "three look-ups in vain": Case(f"v=spf1 a:x1.{W} a:x2.{W} a:x3.{W} ip4:{OUT} -all", PERM),
    "ten mail hosts": Case("v=spf1 mx +all", PASS, _hosts(10)),
    "eleven mail hosts": Case("v=spf1 mx +all", PERM, _hosts(11)),
    "macro bomb": Case("v=spf1 exists:" + "%{s}" * 200 + f".{W} +all", PERM),
    "macro bomb within the length of a term": Case(
        "v=spf1 exists:" + "%{s}" * 100 + f".{W} ?all", NEUTRAL
    ),
    "huge record": Case("v=spf1 " + f"ip4:{OUT} " * 400 + "-all", PERM),
    "huge number of parts": Case(
        f"v=spf1 exists:%{{d99999999999999999999}}.x.{W} -all",
        PASS,
        ((f"{W}.x.{W}", "A", "127.0.0.2"),),
    ),
    "null sender is HELO": Case(
        "v=spf1 -all", PASS, (("mx.willow.example", "TXT", f"v=spf1 ip4:{OUT} -all"),), sender=""
    ),
    "backslashes": Case(
        f"v=spf1 exists:\\\\\\\\0%{{l}}\\\\\\\\.{W} ?all", NEUTRAL, sender=f"a\\b@{W}"
    ),
}


def _fill(server: NameServer, case: Case) -> None:
    if "\\\\" in case.record:
        server.add(W, "TXT", f'"{case.record}"')
    else:
        server.add_text(W, case.record)
    for name, kind, value in case.more:
        server.add_text(name, value) if kind == "TXT" else server.add(name, kind, value)


async def _ask(server: NameServer, case: Case, seconds: float = 20) -> Spf:
    domain = case.sender.rpartition("@")[2] if case.sender else case.helo
    resolver = Resolver(server.address, seconds=seconds)
    return await check_host(ip_address(case.client), domain, case.sender, case.helo, resolver)


@pytest.mark.parametrize("name", CASES)
async def test_who_may_send(name: str) -> None:
    """Each record of the table gives the result beside it."""
    case, server = CASES[name], NameServer()
    _fill(server, case)
    await server.start()
    try:
        assert await _ask(server, case) is case.expect
        assert len(server.asked) <= MOST_QUESTIONS
        assert not [one for one, _ in server.asked if one.startswith("why.")]
    finally:
        await server.close()


@pytest.mark.parametrize("how", [DnsFault.SERVFAIL, DnsFault.REFUSED, DnsFault.TIMEOUT])
@pytest.mark.parametrize("where", [W, "p.example", f"out.{W}"])
async def test_trouble_with_dns_is_temporary(where: str, how: DnsFault) -> None:
    """No answer at any step is `temperror`, never a result."""
    case = Case(
        f"v=spf1 a:out.{W} include:p.example -all",
        TEMP,
        (("p.example", "TXT", "v=spf1 +all"), (f"out.{W}", "A", "192.0.2.9")),
    )
    server = NameServer()
    _fill(server, case)
    await server.start()
    server.fail(how, where)
    try:
        assert await _ask(server, case, seconds=0.2) is TEMP
        server.heal()
        assert await _ask(server, case) is PASS
    finally:
        await server.close()


async def test_trouble_with_the_clients_name_is_no_match() -> None:
    """The name of the client is asked of its own owner: his trouble decides nothing."""
    case, server = Case("v=spf1 ptr ?all", NEUTRAL), NameServer()
    _fill(server, case)
    await server.start()
    server.fail(DnsFault.SERVFAIL, PTR)
    try:
        assert await _ask(server, case) is NEUTRAL
    finally:
        await server.close()


async def test_ten_times_ten_mail_hosts_are_too_many() -> None:
    """What the count of terms would allow is cut by the count of questions."""
    server = NameServer()
    server.add_text(W, "v=spf1 " + " ".join(f"mx:m{at}.{W}" for at in range(10)) + " +all")
    for at in range(10):
        for host in range(10):
            server.add(f"m{at}.{W}", "MX", f"10 h{at}-{host}.{W}.")
            server.add(f"h{at}-{host}.{W}", "A", "192.0.2.9")
    await server.start()
    try:
        assert await _ask(server, Case("", PERM)) is PERM
        assert len(server.asked) <= MOST_QUESTIONS
    finally:
        await server.close()


@pytest.mark.parametrize(
    "domain", ["", "com", "a..example", "x" * 64 + ".example", "münchen.example"]
)
async def test_a_sender_of_no_domain_has_no_record(domain: str) -> None:
    """What cannot be looked up is `none` (section 4.3), without a question."""
    server = NameServer()
    await server.start()
    try:
        assert await _ask(server, Case("", NONE, sender=f"m@{domain}")) is NONE
        assert server.asked == []
    finally:
        await server.close()


class _Anything:
    """Gives every name the same records."""

    def __init__(self, record: bytes) -> None:
        self.record, self.asked = record, 0

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """The record."""
        self.asked += 1
        return (self.record,)

    async def addresses(self, name: str, version: int) -> tuple[Address, ...]:
        """One, not the client's."""
        self.asked += 1
        return (ip_address("192.0.2.1" if version == 4 else "2001:db8::99"),)

    async def mail_hosts(self, name: str) -> tuple[str, ...]:
        """Ten."""
        self.asked += 1
        return tuple(f"h{at}.example" for at in range(10))

    async def names_of(self, address: Address) -> tuple[str, ...]:
        """Ten."""
        self.asked += 1
        return tuple(f"n{at}.example" for at in range(10))


_WORDS = st.sampled_from(
    [
        *("a", "mx", "ptr", "all", "mx/8", "a/", "x:y", "?", "-", "=", "%", "ip6:::/0"),
        *("include:%{o}", "exists:%{ir}.%{p}.x.example", "redirect=%{d}", "exp=%{d}"),
        "a:%{S}.example/0//0",
    ]
)


@given(st.one_of(st.lists(_WORDS, max_size=30).map(" ".join), st.text(max_size=300)))
async def test_hostile_records_end(text: str) -> None:
    """Whatever the record says, there is a result, after a bounded number of questions."""
    names = _Anything(b"v=spf1 " + text.encode())
    sender = "a.b-c@" + W
    assert await check_host(ip_address(OUT), W, sender, "h.example", names) in Spf
    assert names.asked <= MOST_QUESTIONS


def test_limits_are_those_of_the_standard() -> None:
    """Ten terms, two look-ups in vain."""
    assert (MOST_TERMS, MOST_VOID) == (10, 2)
