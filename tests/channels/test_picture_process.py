"""The process in which pictures are decoded, as it is started."""

from __future__ import annotations

import subprocess
import sys

from channels import pictures


def test_the_process_confines_itself_before_it_reads() -> None:
    """Started by its path, with octets that are no picture: its limits are set all the same."""
    code = (
        "import io, resource, runpy, sys; sys.argv = ['x', '1', '1']\n"
        "sys.stdin = io.TextIOWrapper(io.BytesIO(b'no picture'))\n"
        f"try:\n    runpy.run_path({pictures.__file__!r}, run_name='__main__')\n"
        "except SystemExit as end:\n    print(end.code)\n"
        "print(*(resource.getrlimit(one)[0] for one in (resource.RLIMIT_FSIZE,"
        " resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_AS)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    wanted = f"{pictures.BROKEN_EXIT}\n0 0 {pictures.MOST_SECONDS} {pictures.MOST_MEMORY}\n"
    assert done.stdout.decode() == wanted
