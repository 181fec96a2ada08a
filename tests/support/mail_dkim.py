"""Perl's Mail::DKIM as a verifier (Debian: `libmail-dkim-perl`), with names answered from here.

It knows RSA. What it says of an algorithm it does not know is `invalid`.
"""

from __future__ import annotations

import os
import subprocess

_PROGRAM = r"""
use strict; use warnings;
use Mail::DKIM::Verifier; use Net::DNS;
no warnings 'redefine';
*Mail::DKIM::DNS::query = sub {
    my ($name, $type) = @_;
    return () unless $type eq 'TXT' and lc($name) eq $ENV{KEY_NAME};
    return Net::DNS::RR->new(name => $name, type => 'TXT', txtdata => [$ENV{KEY_RECORD}]);
};
my $verifier = Mail::DKIM::Verifier->new();
binmode STDIN;
while (read STDIN, my $octets, 65536) { $verifier->PRINT($octets) }
$verifier->CLOSE;
print join("\n", map { $_->algorithm . ' ' . $_->result } $verifier->signatures), "\n";
"""


def is_there() -> bool:
    """Whether Mail::DKIM is installed here."""
    try:
        asked = ["perl", "-MMail::DKIM::Verifier", "-e", "1"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def verdicts(raw: bytes, name: str, record: str) -> list[str]:
    """`rsa-sha256 pass`, `rsa-sha256 fail`…, one a signature, from top to bottom."""
    ended = subprocess.run(
        ["perl", "-e", _PROGRAM],
        input=raw,
        capture_output=True,
        check=True,
        env={**os.environ, "KEY_NAME": name, "KEY_RECORD": record},
    )
    return ended.stdout.decode().split("\n")[:-1]
