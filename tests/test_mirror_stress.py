"""Everything at once for half a minute; for as long as SITO_STRESS_MINUTES says, by `make stress`."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

SCRIPT = Path(__file__).with_name("stress_mirror.py")


@pytest.mark.slow
def test_every_count_is_what_the_database_says_whatever_goes_on(committed, account):
    minutes = float(os.environ.get("SITO_STRESS_MINUTES") or 0.3)
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--account", "acme", "--seconds", str(60 * minutes)],
        env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "'comparisons'" in done.stdout
    assert "'compactions'" in done.stdout
