"""A Hub of one page: repositories, preupload, commit, tree, resolve, and faults that tests ask for."""

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

VERBS = {"commits": "log", "super-squash": "super_squash"}


class FakeHub:
    """`repos` maps (kind, name) to files, `faults` are (part of a path, fault), each used once.

    A fault is a status, "lost" (done, but never acknowledged) or "truncated" (half of the bytes).
    `history` has the title and the files of every commit.
    """

    def __init__(self):
        self.repos, self.private, self.faults, self.requests, self.commits = {}, {}, [], [], 0
        self.environment, self.history = {}, []
        self.stages = ["RUNNING"]  # of the Space, the last for good
        self.down = False

    def fault(self, path):
        for entry in self.faults:
            if entry[0] in path:
                self.faults.remove(entry)
                return entry[1]
        return 503 if self.down else None

    def create(self, wish):
        kind, name = wish["type"], f"{wish['organization']}/{wish['name']}"
        if (kind, name) in self.repos:
            return 409, {"error": "exists", "url": f"/{name}"}
        self.repos[kind, name], self.private[kind, name] = {}, wish.get("visibility") == "private"
        return 200, {"url": f"https://huggingface.co/{kind}s/{name}"}

    def commit(self, files, body):
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            elif line["key"] == "deletedFile":
                del files[line["value"]["path"]]
        self.commits += 1
        titles = [
            line["value"]["summary"] for line in map(json.loads, body.splitlines()) if line["key"] == "header"
        ]
        self.history.append((titles[0], dict(files)))
        return {
            "commitUrl": "https://huggingface.co/datasets/lab/answers/commit/0",
            "commitOid": "0" * 40,
            "success": True,
        }

    def answer(self, method, path, body):
        """Status and JSON, or bytes of a file."""
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        words = path.removeprefix("/api").strip("/").split("/")
        kind, name, rest = words[0].removesuffix("s"), "/".join(words[1:3]), words[3:]
        files = self.repos.get((kind, name))
        if files is None:
            return 404, {"error": "Repository not found"}
        if not rest or rest[0] == "revision":
            return 200, {"id": name, "sha": "0" * 40, "private": self.private[kind, name]}
        if rest[0] == "resolve":
            return 200, files[unquote("/".join(rest[2:]))]
        return 200, getattr(self, VERBS.get(rest[0], rest[0]))(files, body)

    def preupload(self, files, body):
        paths = [file["path"] for file in json.loads(body)["files"]]
        return {"files": [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]}

    def tree(self, files, body):
        return [
            {"type": "file", "path": path, "size": len(data), "oid": git_hash(data)}
            for path, data in files.items()
        ]

    def log(self, files, body):
        entry = {"id": "0" * 40, "authors": [], "date": "2026-01-01T00:00:00.000Z", "message": ""}
        return [entry | {"title": title} for title, _ in reversed(self.history)]

    def super_squash(self, files, body):
        self.history = [(json.loads(body)["message"], dict(files))]
        return {}

    def runtime(self, files, body):
        stage = self.stages.pop(0) if len(self.stages) > 1 else self.stages[0]
        return {"stage": stage, "hardware": {"current": None, "requested": "cpu-basic"}}

    def variables(self, files, body):
        setting = json.loads(body or "{}")
        self.environment |= {setting["key"]: setting} if setting else {}
        return self.environment


def git_hash(data: bytes) -> str:
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()


@contextmanager
def serving(hub):
    """Run the Hub on a free port of this machine. Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = urlsplit(self.path).path
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            hub.requests.append((self.command, path))
            fault = hub.fault(path)
            status, reply = (
                (fault, {"error": "injected"})
                if isinstance(fault, int)
                else hub.answer(self.command, path, body)
            )
            if fault == "lost":
                return
            data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            data = data[: len(data) // 2] if fault == "truncated" else data
            self.send_response(status)
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            if status == 429:
                self.send_header("Retry-After", "7")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_HEAD = do_DELETE = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
