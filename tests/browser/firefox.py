"""Firefox as Debian has it, which Playwright cannot drive, over WebDriver BiDi."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.browser.launching import PATIENCE_S

# The keys that WebDriver has no character for: https://www.w3.org/TR/webdriver2/#keyboard-actions
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": " ", "ArrowLeft": "\ue012", "ArrowRight": "\ue014"}
# A test's Firefox asks nobody for updates, experiments or lists.
PREFERENCES = {
    "app.normandy.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


class Tab:
    """A tab with a storage of its own, as far as a sitting needs it."""

    def __init__(self, ask, context: str) -> None:
        self._ask, self.context = ask, context

    def goto(self, address: str) -> None:
        """Load an address."""
        self._ask("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def press(self, key: str) -> None:
        """Press a key, named as in Playwright, and let it go."""
        character = KEYS.get(key, key)
        actions = [{"type": kind, "value": character} for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self._ask("input.performActions", context=self.context, actions=[source])

    def evaluate(self, expression: str) -> object:
        """What an expression gives, once its promise has settled."""
        settled = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        target = {"context": self.context}
        given = self._ask("script.evaluate", expression=settled, target=target, awaitPromise=True)
        assert given["type"] == "success", given["exceptionDetails"]["text"]
        return json.loads(given["result"]["value"])

    def wait(self, expression: str) -> None:
        """Wait until an expression is true."""
        self.evaluate(
            f"new Promise((done) => {{ const look = () => ({expression}) ? done(true) : setTimeout(look, 10);"
            " look(); })"
        )


class Firefox:
    """A running Firefox."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._asked = socket, 0
        self.version = self.ask("session.new", capabilities={})["capabilities"]["browserVersion"]

    def ask(self, method: str, **params: object) -> dict:
        """The reply to a command, past the events that come before it."""
        self._asked += 1
        self._socket.send(json.dumps({"id": self._asked, "method": method, "params": params}))
        while True:
            reply = json.loads(self._socket.recv(PATIENCE_S))
            if reply.get("id") == self._asked:
                assert reply["type"] == "success", f"{method}: {reply['error']}: {reply['message']}"
                return reply["result"]

    @contextmanager
    def tab(self, width: int, height: int, ratio: float) -> Iterator[Tab]:
        """A tab of somebody who was never here, with a size in CSS pixels of so many device pixels each."""
        container = self.ask("browser.createUserContext")["userContext"]
        context = self.ask("browsingContext.create", type="tab", userContext=container)["context"]
        viewport = {"width": width, "height": height}
        self.ask("browsingContext.setViewport", context=context, viewport=viewport, devicePixelRatio=ratio)
        yield Tab(self.ask, context)
        self.ask("browser.removeUserContext", userContext=container)


@contextmanager
def started(profile: Path, preferences: Mapping[str, object]) -> Iterator[Firefox]:
    """A headless Firefox with these preferences and a folder of its own.

    Where it is missing the test is skipped, or fails under UPLAPP_REQUIRE_BROWSER.
    """
    if shutil.which("firefox-esr") is None:
        report = pytest.fail if os.environ.get("UPLAPP_REQUIRE_BROWSER") else pytest.skip
        report("Firefox is not installed (Debian: apt-get install firefox-esr)")
    chosen = {**PREFERENCES, **preferences}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in chosen.items()]
    (profile / "user.js").write_text("\n".join(lines))
    command = ["firefox-esr", "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile]
    log = profile / "log.txt"
    with log.open("w") as file:
        process = subprocess.Popen([*map(str, command), "about:blank"], stdout=file, stderr=file)
    try:
        with connect(f"{_address(process, log)}/session", max_size=None) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


def _address(process: subprocess.Popen, log: Path) -> str:
    """Where a starting Firefox listens, as it writes into its log."""
    while True:
        found = re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text())
        if found:
            return found[1]
        assert process.poll() is None, log.read_text()
        time.sleep(0.02)
