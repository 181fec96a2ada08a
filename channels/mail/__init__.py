"""Mail, in and out: parse, authenticate, listen; compose, sign, send."""
