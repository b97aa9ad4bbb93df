"""Two processes on one PostgreSQL database: observers among both, a move, kills, and a server that ends."""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest

from tests.study.tiny import body, write_study
from tests.web.processes import free_port, start, wait_for, wait_until_up
from tests.web.serving import Observer
from uplapp.study.session import editions, lifecycle
from uplapp.study.store.store import Store

QUOTA, PEOPLE = 6, 8


class Wanderer(Observer):
    """An observer whom a proxy sends to a process of its choice, and to another where that one is gone."""

    def __init__(self, clients, choice: random.Random) -> None:
        super().__init__(clients[0])
        self.clients, self.choice, self.given = clients, choice, []

    def insist(self, ask):
        """Ask some process until one has decided."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.client = self.choice.choice(self.clients)
            try:
                reply = ask()
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if reply.status_code < 500 and reply.status_code != 429:
                return reply
        raise TimeoutError

    def take_part(self) -> str:
        """Go through the whole study. Returns the code, or why it was refused."""
        key = f"{self.choice.getrandbits(128):032x}"
        joined = self.insist(lambda: self.post("join", {"consent_version": "1", "key": key})).json()
        if "session" not in joined:
            return joined["reason"]
        self.headers = {"Authorization": f"Bearer {joined['session']}"}
        state = self.insist(lambda: self.get("state")).json()
        while state["trial"]:
            token = state["trial"]["token"]
            picture = self.insist(lambda: self.get(f"picture/{state['trial']['left']}"))  # noqa: B023
            assert picture.status_code == 200
            sent = body(token, key=token[::-1])
            reply = self.insist(lambda: self.post("answer", sent))  # noqa: B023
            assert reply.status_code == 200, reply.text
            self.given.append((token, sent["key"]))
            state = reply.json()
        return state["code"]


def answered(people) -> int:
    """How many answers were acknowledged so far."""
    return sum(len(one.given) for one in people)


@pytest.fixture
def processes(postgres, tmp_path):
    """Two servers on one database, and a store to look at it."""
    address, ports, running = postgres.cleared(), [free_port(), free_port()], []
    for n in range(2):
        write_study(tmp_path / str(n) / "tiny")
        running.append(start(tmp_path / str(n), ports[n], database=address))
    with closing(Store(address)) as store:
        try:
            for process, port in zip(running, ports, strict=True):
                wait_until_up(process, port)
            yield running, ports, store, lambda n: start(tmp_path / str(n), ports[n], database=address)
        finally:
            for process in running:
                process.kill()
                process.wait()


@pytest.mark.slow
def test_observers_of_two_processes_lose_and_double_nothing_whatever_ends(processes, postgres):
    running, ports, store, again = processes
    study = editions.served(store, "tiny")
    assert len(editions.listing(store, "tiny")) == 1
    lifecycle.limit(store, study, QUOTA)
    clients = [httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) for port in ports]
    people = [Wanderer(clients, random.Random(n)) for n in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as pool:
        done = [pool.submit(one.take_part) for one in people[:QUOTA]]
        wait_for(lambda: all(one.given for one in people[:QUOTA]))  # who is silent may hold no place
        done += [pool.submit(one.take_part) for one in people[QUOTA:]]
        for n in (0, 1):
            wait_for(lambda: answered(people) > 15 * (n + 1))  # noqa: B023
            running[n].send_signal(signal.SIGKILL)
            running[n].wait()
            running[n] = again(n)
        wait_for(lambda: answered(people) > 45)
        postgres.stop()
        assert answered(people) < QUOTA * 14
        postgres.start()
        said = [one.result(timeout=120) for one in done]
    for client in clients:
        client.close()
    given = sorted(pair for one in people for pair in one.given)
    rows = store.rows("SELECT trial, key FROM answers", {})
    assert sorted((row["trial"], row["key"]) for row in rows) == given
    assert said[QUOTA:] == ["full"] * (PEOPLE - QUOTA)
    assert len(set(said[:QUOTA])) == QUOTA
    assert len(given) == QUOTA * 14
