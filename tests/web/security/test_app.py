"""The whole app as `python app.py` starts it: what its addresses, log, disk and calls give away."""

import json
import os
import re
import socket
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from tests.study.tiny import body
from tests.web.processes import HOUSE, free_port, wait_for
from tests.web.serving import Observer

pytestmark = pytest.mark.slow
VISITOR = "203.0.113."  # reserved for documentation, so it stands nowhere by chance
TOLD = {"X-Forwarded-For": f"{VISITOR}77", "User-Agent": "Peculiar/7 (Windows) Chrome/999.1"}
SMALLEST = {"Simulated studies": 50, "Numbers of observers": "4"}
TOKEN = "a-token-of-the-researcher-0123456789"


@dataclass
class Lived:
    """The running app after an observer took part, and the hosts that its process contacted."""

    address: str
    data: Path
    log: Path
    contacted: list[str] = field(default_factory=list)

    def get(self, path: str, **options) -> httpx.Response:
        return httpx.get(f"{self.address}/{path}", headers=TOLD, timeout=20, **options)

    def kept(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.data.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def proxy():
    """A proxy that lets nothing through, and the list of hosts that requests were for."""
    contacted = []

    class Refusal(socketserver.StreamRequestHandler):
        def handle(self):
            contacted.append(self.rfile.readline().decode("latin-1").strip())
            self.wfile.write(b"HTTP/1.1 502 Nothing\r\nContent-Length: 0\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusal) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", contacted
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def app(tmp_path_factory, proxy):
    folder, port = tmp_path_factory.mktemp("app"), free_port()
    address = f"http://127.0.0.1:{port}"
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    settings = {
        **dict.fromkeys(names, proxy[0]),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
        "UPLAPP_DATA": str(folder / "data"),
        "GRADIO_SERVER_PORT": str(port),
        "UPLAPP_ADMIN_TOKEN": TOKEN,
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=HOUSE, env={**os.environ, **settings}, stdout=log, stderr=log
        )
        try:
            wait_for(lambda: answers(address))
            lived = Lived(address, folder / "data", folder / "log", proxy[1])
            take_part(lived)
            yield lived
        finally:
            process.terminate()
            process.wait(timeout=180)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/study/api/demo/welcome", timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def take_part(lived: Lived) -> None:
    """A few answers, events, refusals and faults, so that there is something to give away."""
    with httpx.Client(base_url=lived.address, headers=TOLD) as client:
        observer = Observer(client, "demo")
        state = observer.join()
        for _ in range(3):
            observer.pictures(state["trial"])
            state = observer.answer(state["trial"]).json()
        observer.post("events", {"events": [{"kind": "blur", "at_ms": 1.0}]})
        observer.post("answer", {**body("no such token"), "swaps_ms": "text"})
        observer.get("picture/none")
        client.get("/study/none")
        client.post("/gradio_api/call/nothing", json={"data": []})
        client.get("/gradio_api/file=none")
    fault = {"data": [], "fn_index": 999, "session_hash": "x"}  # the server closes the connection after it
    httpx.post(f"{lived.address}/gradio_api/queue/join", json=fault, headers=TOLD)


def rows(lived: Lived, query: str) -> list[str]:
    with closing(sqlite3.connect(f"file:{lived.data / 'uplapp.db'}?mode=ro", uri=True)) as connection:
        return [str(value) for row in connection.execute(query) for value in row]


def secrets(lived: Lived) -> list[str]:
    """Every key and secret of the database, the trials with what they show, and where the disk is."""
    return [
        *rows(lived, "SELECT id, secret, hash FROM studies"),
        *rows(lived, "SELECT id, session FROM observers"),
        *rows(lived, "SELECT token, original_token, left_token, right_token FROM trials"),
        *rows(lived, "SELECT id FROM events"),
        str(lived.data),
        "20250917",  # the seed of the demo's plan
        TOKEN,
    ]


PUBLIC = ("", "config", "gradio_api/info", "gradio_api/startup-events", "theme.css", "study/demo")


@pytest.mark.parametrize("path", PUBLIC)
def test_no_public_address_holds_a_secret_of_a_study_or_of_the_researcher(app, path):
    reply = app.get(path)
    assert reply.status_code == 200
    assert [secret for secret in secrets(app) if secret in reply.text] == []


@pytest.mark.parametrize("path", ["", "config"])
def test_no_public_address_names_a_folder_of_the_servers_disk(app, path):
    text = app.get(path).text
    assert tempfile.gettempdir() + "/" not in text
    (name,) = set(re.findall(r"/gradio_api/file=(/[^\"]*/astronaut\.png)", text))
    assert app.get(f"gradio_api/file={name}").headers["content-type"] == "image/png"


def test_the_search_for_secrets_knows_every_trial(app):
    assert len(secrets(app)) > 4 * 22


def test_the_pages_description_is_the_same_whatever_was_answered(app):
    before = app.get("config").json()
    with httpx.Client(base_url=app.address, headers=TOLD) as client:
        observer = Observer(client, "demo")
        observer.answer(observer.join()["trial"])
    assert app.get("config").json() == before


def test_three_calls_have_names_and_all_others_are_private(app):
    described = app.get("gradio_api/info").json()
    assert set(described["named_endpoints"]) == {"/list_networks", "/restore", "/analyse"}
    assert described["unnamed_endpoints"] == {}
    visible = [entry.get("api_visibility") for entry in app.get("config").json()["dependencies"]]
    assert len(visible) > 10
    assert visible.count("private") == len(visible) - 3


def test_the_readmes_program_runs_against_the_app(app, tmp_path):
    (program,) = re.findall(r"^```py\n(.*?)^```", (HOUSE / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    Image.fromarray(np.full((64, 48, 3), 128, np.uint8)).save(tmp_path / "photo.png")
    rows = [f"{name},a,b,{choice}" for name in "xyz" for choice in (1, 1, 0)]
    (tmp_path / "votes.csv").write_text(
        "\n".join(["observer,condition_A,condition_B,is_A_selected", *rows, ""])
    )
    code = program.replace("http://127.0.0.1:7860", app.address)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    *_, made, scores = done.stdout.splitlines()
    archive, psnr = made.rsplit(" ", 1)
    assert Path(archive).suffix == ".zip"
    assert float(psnr) > 25
    assert json.loads(scores.replace("'", '"'))["a"] > 0


def test_no_call_makes_the_app_fetch_an_address(app):
    file = {"path": "https://lab.example/votes.csv", "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(AppError, match="fetches none"):
        Client(app.address, verbose=False).predict(file, api_name="/analyse")


@pytest.mark.parametrize("way", ["call", "call/v2", "run", "api"])
@pytest.mark.parametrize("name", ["restore", "0", "predict"])
def test_nothing_can_be_called_by_its_name(app, way, name):
    assert httpx.post(f"{app.address}/gradio_api/{way}/{name}", json={"data": []}).status_code == 404


def test_no_file_is_written_but_by_the_upload_that_counts_it(app):
    recorded = {"video": ("v.mp4", b"\0" * 64, "video/mp4")}
    assert httpx.post(f"{app.address}/gradio_api/process_recording", files=recorded).status_code == 404
    listener, own = listeners(app)[0]
    assert call(app, listener, [little(part) for part in own])["text"]
    assert app.get(f"gradio_api/deep_link?session_hash=stranger{listener}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("docs", "redoc", "openapi.json", "docs/oauth2-redirect", "gradio_api/openapi.json"),
        *("gradio_api/docs", "study/docs", "study/redoc", "study/openapi.json"),
        *("monitoring", "monitoring/summary", "monitoring/x", "gradio_api/monitoring", "gradio_api/mcp/"),
        *("gradio_api/dev/reload", "dev/reload", "gradio_api/mcp/schema", "gradio_api/mcp/sse"),
        "gradio_api/deep_link?session_hash=x",
    ],
)
def test_there_are_no_pages_for_developers(app, path):
    assert app.get(path).status_code in (403, 404, 405)


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "app.py"),
        *("%2e%2e/app.py", "..\\..\\app.py", "uplapp/settings.py", "studies/demo/study.toml"),
        *("file:///etc/passwd", "/etc/passwd%00.png", "／etc／passwd", "/proc/self/environ"),
    ],
)
def test_no_file_of_the_machine_can_be_read(app, path):
    reply = httpx.get(f"{app.address}/gradio_api/file={path}", timeout=20, follow_redirects=False)
    assert reply.status_code in (403, 404)


@pytest.mark.parametrize("name", ["uplapp.db", "uplapp.db-wal", "journal/*.jsonl"])
def test_neither_database_nor_journal_can_be_read(app, name):
    (path,) = app.data.glob(name)
    assert app.get(f"gradio_api/file={path}").status_code in (403, 404)


def test_no_stimulus_can_be_read_under_its_name(app):
    paths = sorted((HOUSE / "studies" / "demo").rglob("*.png"))
    statuses = {str(path): app.get(f"gradio_api/file={path}").status_code for path in paths}
    assert len(statuses) > 10
    assert {path: status for path, status in statuses.items() if status not in (403, 404)} == {}


def test_the_app_asks_no_machine_for_others(app):
    reply = app.get("gradio_api/proxy=http://127.0.0.1:9/secret")
    assert reply.status_code in (400, 403, 404, 405)


@pytest.mark.parametrize("path", ["", "config", "none", "gradio_api/info", "study/demo", "theme.css"])
def test_every_answer_forbids_sniffing_referrers_and_foreign_frames(app, path):
    headers = app.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'self' https://huggingface.co" in headers["content-security-policy"]


def test_the_observers_page_keeps_its_own_stricter_policy(app):
    policies = app.get("study/demo").headers.get_list("content-security-policy")
    assert [policy.startswith("default-src 'none'") for policy in policies] == [True]


def test_another_site_cannot_read_what_the_app_answers(app):
    headers = {**TOLD, "Origin": "https://evil.example"}
    reply = httpx.get(f"{app.address}/config", headers=headers, timeout=20)
    assert reply.headers.get("access-control-allow-origin") not in ("*", "https://evil.example")


def test_errors_are_not_shown_and_nothing_is_reported_home(app):
    config = app.get("config").json()
    assert config["show_error"] is False
    assert config["analytics_enabled"] is False


def test_the_process_asks_no_other_host(app):
    assert app.contacted == []


def test_a_proxy_that_is_asked_is_noticed(proxy):
    address, contacted = proxy
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as connection:
        connection.sendall(b"CONNECT example.org:443 HTTP/1.1\r\n\r\n")
        connection.recv(100)
    assert contacted.pop() == "CONNECT example.org:443 HTTP/1.1"


def test_no_address_and_no_full_user_agent_is_stored_or_logged(app):
    kept = app.kept()
    assert b"consent_version" in kept
    log = app.log.read_bytes()
    assert b"Running on local URL" in log
    wanted = [VISITOR.encode(), b"Peculiar", b"999.1"]
    assert [word for word in wanted if word in kept or word in log] == []
    assert b"127.0.0.1" not in kept


def test_the_log_holds_no_session_no_answer_and_no_token(app):
    log = app.log.read_text()
    sessions = rows(app, "SELECT session FROM observers UNION SELECT token FROM trials")
    assert [word for word in (*sessions, TOKEN) if word in log] == []


def test_the_consent_is_in_the_database_and_in_its_journal(app):
    (journal,) = (app.data / "journal").glob("*.jsonl")
    observers = [
        json.loads(line)["row"] for line in journal.read_text().splitlines() if '"observers"' in line
    ]
    assert {row["consent_version"] for row in observers} == set(
        rows(app, "SELECT consent_version FROM observers")
    )


def call(app: Lived, number: int, data: list) -> dict:
    """What one listener of the page answers to whoever calls it without the page."""
    session = {"fn_index": number, "session_hash": f"stranger{number}"}
    joined = httpx.post(f"{app.address}/gradio_api/queue/join", json={"data": data, **session}, timeout=180)
    if joined.status_code != 200:
        return {"success": False, "text": joined.text}
    address = f"{app.address}/gradio_api/queue/data?session_hash={session['session_hash']}"
    with httpx.stream("GET", address, timeout=180) as stream:
        for line in stream.iter_lines():
            said = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if said.get("msg") in ("process_completed", "unexpected_error", "close_stream"):
                return {"success": bool(said.get("success")), "text": line}
    return {"success": False, "text": ""}


def listeners(app: Lived, *kinds: str) -> list[tuple[int, list[dict]]]:
    """(number, components) of the listeners that take a component of one of the kinds, or of all."""
    config = app.get("config").json()
    parts = {part["id"]: part for part in config["components"]}
    entries = [
        (entry["id"], [parts[number] for number in entry["inputs"]])
        for entry in config["dependencies"]
        if entry["backend_fn"]
    ]
    return [(at, own) for at, own in entries if not kinds or any(part["type"] in kinds for part in own)]


def little(part: dict) -> object:
    """The value that a component has at first, but one of several ticks and the smallest simulation."""
    value = part["props"].get("value")
    if part["type"] == "checkboxgroup":
        return value[:1]
    return SMALLEST.get(part["props"].get("label"), value)


def test_no_call_can_name_a_file_of_the_machine(app):
    secret = app.data.parent / "secret.csv"
    secret.write_text("observer,condition_A,condition_B,is_A_selected\nknown-to-nobody,a,b,1\n")
    named = {"path": str(secret), "meta": {"_type": "gradio.FileData"}, "orig_name": "secret.csv"}
    kinds = ("file", "uploadbutton", "image", "gallery")
    replies = [
        call(app, at, [named if part["type"] in kinds else part["props"].get("value") for part in own])
        for at, own in listeners(app, *kinds)
    ]
    assert len(replies) >= 3
    assert [reply for reply in replies if reply["success"] or "known-to-nobody" in reply["text"]] == []


def test_no_call_of_a_stranger_changes_a_study_or_an_observer(app):
    kept = (
        "SELECT id, state, coalesce(quota, '') FROM studies ORDER BY id",
        "SELECT id, excluded FROM observers WHERE simulated = 0 ORDER BY id",
        "SELECT id FROM links ORDER BY id",
        "SELECT observer FROM withdrawals",
        "SELECT count(*) FROM answers JOIN trials ON token = trial JOIN observers ON observers.id = observer "
        "WHERE simulated = 0",
    )
    before = [rows(app, query) for query in kept]
    studies = sorted(path.name for path in (HOUSE / "studies").iterdir())
    with ThreadPoolExecutor(4) as pool:  # at once, and the most part of each call is to wait in the queue
        waiting = [pool.submit(call, app, at, [little(part) for part in own]) for at, own in listeners(app)]
        called = [one.result() for one in waiting]
    assert len(called) > 15
    assert [rows(app, query) for query in kept] == before
    assert sorted(path.name for path in (HOUSE / "studies").iterdir()) == studies
    assert [reply for reply in called if TOKEN in reply["text"] or str(app.data) in reply["text"]] == []


def test_an_upload_above_the_cap_is_refused(app):
    files = {"files": ("big.png", bytes(256 * 2**20 + 1), "image/png")}
    assert httpx.post(f"{app.address}/gradio_api/upload", files=files, timeout=180).status_code == 413
