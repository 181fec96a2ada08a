"""The SMS channel over Twilio: webhooks in (`webhook`), the REST API out (`send`).

`parse`, `segments` and `errors` are pure; `config` holds what the two edges must be told. Nothing
is imported here, so that a mail-only relay never pays for the `twilio` library.
"""
