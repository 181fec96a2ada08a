"""The SMS channel over Twilio: webhooks in (`webhook`), texts out (`send`), and its `account`.

`parse`, `media`, `segments`, `pictures` and `errors` are pure; `config` holds what the edges must
be told. Nothing is imported here, so that a mail-only relay never pays for the `twilio` library.
"""
