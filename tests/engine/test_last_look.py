"""The last look at a finished mail costs one search a post, not one a copy."""

from __future__ import annotations

import re
from datetime import timedelta

from channels.contract import Outgoing
from channels.mail.bodies import Bodies
from channels.mail.compose import Voice, compose
from channels.mail.readable import readable_head
from relay.looks import OURS
from tests.engine.conftest import House

IVY, OAK, ELM = "ivy@willow.example", "oak@willow.example", "elm@willow.example"
VOICE = Voice(
    domain="relay.example",
    programme_name="Group relay",
    notice_address="programme@relay.example",
    public_url="https://relay.example",
)


async def test_but_for_our_own_tokens_the_heads_of_a_post_are_one(house: House) -> None:
    """Aliases, masks, ids, links and list names are all recognised as ours, and nothing else."""
    group = await house.group()
    ivy, oak, _ = [
        await house.member(group, name, contact)
        for name, contact in (("Ivy", IVY), ("Oak", OAK), ("Elm", ELM))
    ]
    await house.say(ivy, IVY, "one", subject="Tea")
    await house.deliver()
    first = next(out for out in house.email.sent if out.to.reveal() == OAK)
    await house.say(oak, OAK, "two", subject="Re: Tea", answers=(first.message_id,))
    await house.deliver()
    copies = [out for out in house.email.sent if out.text.reveal() == "two"]
    heads = {_looked_at(out, house) for out in copies}
    assert len(copies) == 2
    assert len(heads) == 1
    assert "@" not in re.sub("^From:.*", "", heads.pop(), flags=re.MULTILINE)


def _looked_at(out: Outgoing, house: House) -> str:
    headers = compose(out, VOICE, Bodies().get(out), house.clock.now() + timedelta(minutes=1))
    head = readable_head(b"".join([b"%b:%b" % each for each in headers]))
    return re.sub(OURS.format(domain=re.escape("relay.example")), "", head)
