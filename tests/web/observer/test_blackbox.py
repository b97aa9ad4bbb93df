"""The black-box client of `benchmarks/blackbox.py`, in small."""

import json
import subprocess
import sys

import pytest

from tests.web.processes import HOUSE, PATIENCE_S


@pytest.mark.slow
def test_kills_a_second_process_edits_and_an_empty_machine_lose_and_double_no_answer():
    command = [sys.executable, "benchmarks/blackbox.py", "--observers=3", "--kills=3", "--pause=0.1"]
    played = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=PATIENCE_S)
    assert played.returncode == 0, played.stdout + played.stderr
    said = json.loads(played.stdout)
    assert said["finished"] == 3
    assert said["rows"] == said["acknowledged"] == 3 * 16
