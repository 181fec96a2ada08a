"""A fake Twilio with the phones behind it, over real HTTP on 127.0.0.1.

It stands alone: anything that talks to Twilio's REST API and takes its webhooks can be tested
against it. It needs `aiohttp`, and `twilio` for signing. `docs/fake-twilio.md` tells everything.

    carrier = Carrier()
    await carrier.start()
    carrier.set_webhook("http://127.0.0.1:8080")        # where /twilio/sms is served
    carrier.rent("+15552000001")                        # optional: before the first, any is ours
    # program under test: base URL carrier.api_url, carrier.account_sid, carrier.auth_token
    robin = carrier.phone("+15551000001")
    assert await robin.text("+15552000001", "hello") == 200
    await carrier.wait_for(lambda: len(robin.inbox) == 1, timeout=5)
    await carrier.close()

Not simulated: prices, queues and rates, scheduling, RCS, outgoing calls. What it makes up (numbers,
places, ids) belongs to nobody.
"""

# Siblings are imported as such, so that the folder can be copied into another project.
from .fake import Carrier
from .faults import Fault
from .model import LeftBehind, Media, Taken, TextMessage
from .phones import Phone

__all__ = ["Carrier", "Fault", "LeftBehind", "Media", "Phone", "Taken", "TextMessage"]
