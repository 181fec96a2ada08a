"""Our own MTA-STS policy and the records that announce it."""

from __future__ import annotations

import re

import pytest

from channels.mail.mtasts import Mode, dns_records, mta_sts_host, mta_sts_policy


def test_a_policy_as_the_rfc_writes_it() -> None:
    """Version first, each MX host once, CR LF, a week (RFC 8461 section 3.2)."""
    policy = mta_sts_policy("relay.example", ["MX1.relay.example.", "*.mail.example"], Mode.ENFORCE)
    assert policy == (
        "version: STSv1\r\nmode: enforce\r\nmx: mx1.relay.example\r\nmx: *.mail.example\r\n"
        "max_age: 604800\r\n"
    )
    assert "mx: relay.example\r\n" in mta_sts_policy("relay.example", [], Mode.TESTING)
    assert mta_sts_host("relay.example") == "mta-sts.relay.example"


@pytest.mark.parametrize("bad", ["mx1\r\nmode: none", "", "mx", "a b.example", "mx.*.example"])
def test_what_is_no_host_stands_in_no_policy(bad: str) -> None:
    """Nobody can write a second line into it."""
    with pytest.raises(ValueError, match="MX"):
        mta_sts_policy("relay.example", [bad], Mode.ENFORCE)


def test_the_id_changes_with_the_policy_and_only_then() -> None:
    """Senders fetch the policy anew exactly when it is a new one (section 3.1)."""
    one, two = (mta_sts_policy("relay.example", [], mode) for mode in (Mode.TESTING, Mode.ENFORCE))
    assert dns_records("relay.example", one) == dns_records("relay.example", one)
    assert dns_records("relay.example", one) != dns_records("relay.example", two)
    ((name, value),) = dns_records("relay.example", one)
    assert name == "_mta-sts.relay.example"
    assert re.fullmatch(r"v=STSv1; id=[0-9a-z]{1,32}", value)


def test_reports_only_where_they_are_wanted() -> None:
    """TLS reports (RFC 8460) are asked for only with an address to send them to."""
    policy = mta_sts_policy("relay.example", [], Mode.TESTING)
    records = dict(dns_records("relay.example", policy, "tls@relay.example"))
    assert records["_smtp._tls.relay.example"] == "v=TLSRPTv1; rua=mailto:tls@relay.example"
