"""Addresses of people who do not write in ASCII."""

from __future__ import annotations

import pytest

from channels.contact import BadContactError, address, fold


def test_letters_of_any_script_are_kept() -> None:
    """A local part in any script is hers as she writes it, in one composed form."""
    for text in (
        "zoë@willow.example",
        "用户@willow.example",
        "मारा.क@willow.example",
        "ÆØ@a.example",
    ):
        assert address(text, any_script=True).reveal() == text
        with pytest.raises(BadContactError, match="ASCII"):
            address(text)
    composed = address("zo\u00eb@willow.example", any_script=True)
    assert address("zoe\u0308@willow.example", any_script=True) == composed
    assert fold(address("ZOË@Willow.example", any_script=True)) == fold(composed)


def test_domains_are_kept_as_they_stand_in_dns() -> None:
    """However it is written, one domain is one string, and an ASCII one."""
    written = ("mara@BÜCHER.example", "mara@bücher.example", "mara@bu\u0308cher.example")
    for text in (*written, "mara@xn--bcher-kva.example", "mara@XN--BCHER-KVA.example"):
        assert address(text).reveal() == "mara@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "domain", ["straße.example", "βόλος.example", "a\u200db.example", "ａ.example"]
)
def test_a_domain_that_would_become_another_is_refused(domain: str) -> None:
    """Rather no member than mail to somebody else's domain."""
    with pytest.raises(BadContactError) as refused:
        address(f"mara@{domain}")
    assert domain not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "ma\u200bra@willow.example",
        "ma\u202era@willow.example",
        "ma\u00a0ra@willow.example",
        "ma\u2028ra@willow.example",
        "ma\U0001f600ra@willow.example",
        "ma\ud800ra@willow.example",
        "ma\uff20ra.example",
        "é" * 33 + "@willow.example",
        ".zoë@willow.example",
        "zoë..a@willow.example",
        "zoë@willow\u3002example\u3002",
        "zoë@",
        "zo<ë@willow.example",
    ],
)
def test_what_is_invisible_or_misleading_is_refused(text: str) -> None:
    """Nothing that cannot be seen, turns lines around, or does not fit into a command."""
    with pytest.raises(BadContactError):
        address(text, any_script=True)
