import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.web.processes import free_port, wait_for

HOUSE = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_an_app_that_is_stopped_sends_its_last_lines_first(hub, endpoint, tmp_path):
    port = free_port()
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "UPLAPP_ANSWERS_REPO": "lab/answers",
        "UPLAPP_DATA": str(tmp_path),
        "GRADIO_SERVER_PORT": str(port),
    }
    app = subprocess.Popen([sys.executable, "app.py"], cwd=HOUSE, env=environment, stderr=subprocess.DEVNULL)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/study/api/demo") as client:

        def welcomes():
            try:
                return client.get("welcome").status_code == 200
            except httpx.TransportError:
                return False

        try:
            wait_for(welcomes)
            consent = client.get("welcome").json()["consent"]["version"]
            assert client.post("join", json={"consent_version": consent}).status_code == 201
            app.send_signal(signal.SIGTERM)
            app.wait(180)
        finally:
            app.kill()
            app.wait()
    lines = [line for data in hub.repos["dataset", "lab/answers"].values() for line in data.splitlines()]
    assert sum(b'"table": "observers"' in line for line in lines) == 1
