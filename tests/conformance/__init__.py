"""The contract of a channel as tests: one suite that every channel passes (`suite`)."""

import pytest

for half in ("copies", "suite", "suite_in"):
    pytest.register_assert_rewrite(f"tests.conformance.{half}")
