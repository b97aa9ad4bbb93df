"""The limits: who asks too often waits, a class behind one router does not, nobody's address is kept."""

import gc
import os
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from tests.study.tiny import open_tiny
from tests.web.serving import serving
from uplapp.settings import Settings, believe_no_header
from uplapp.web import page
from uplapp.web.observer.limits import Buckets, Limiter, Limits, Rate, Turnstile, address
from uplapp.web.observer.routes import build

CLASS = 60


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def limited(limits=None, clock=None, client=("203.0.113.9", 1), headers=None):
    """A client of an application behind the limiter, with the default limits unless others are given."""

    async def fine(request):
        return PlainTextResponse("fine")

    app = Starlette(routes=[Route("/{path:path}", fine, methods=["GET", "POST"])])
    return TestClient(Limiter(app, limits, clock or Clock()), client=client, headers=headers)


def statuses(client: httpx.Client, times: int, method="GET", path="/x", **options):
    return [client.request(method, path, **options).status_code for _ in range(times)]


def test_a_bucket_gives_its_burst_then_its_rate():
    buckets = Buckets(Rate(burst=3, per_minute=60))
    assert [buckets.wait_s("a", 0.0) for _ in range(4)] == [0, 0, 0, 1.0]
    assert buckets.wait_s("a", 0.75) == pytest.approx(0.25)
    assert buckets.wait_s("a", 1.0) == 0
    assert buckets.wait_s("a", 1.0) == 1.0


def test_an_address_that_loads_what_is_costly_too_often_waits_for_that_alone():
    async def fine(request):
        return PlainTextResponse("fine")

    app = Starlette(routes=[Route("/{path:path}", fine)])
    gate = Turnstile(app, page.COSTLY, Rate(burst=2, per_minute=60), clock=Clock())
    here, there = (TestClient(gate, client=(whose, 1)) for whose in ("203.0.113.9", "203.0.113.8"))
    assert statuses(here, 2, path="/") + statuses(here, 2, path="/config") == [200, 200, 429, 429]
    assert here.get("/config").headers["retry-after"] == "1"
    assert here.get("/study/x").status_code == 200
    assert there.get("/").status_code == 200


def test_asking_while_empty_does_not_make_the_wait_longer():
    buckets = Buckets(Rate(burst=1, per_minute=60))
    buckets.wait_s("a", 0.0)
    assert [buckets.wait_s("a", 0.5) for _ in range(100)] == [0.5] * 100
    assert buckets.wait_s("a", 1.0) == 0


def test_one_keys_waste_is_not_anothers():
    buckets = Buckets(Rate(burst=1, per_minute=1))
    buckets.wait_s("a", 0.0)
    assert buckets.wait_s("a", 0.0) > 0
    assert buckets.wait_s("b", 0.0) == 0


def test_a_bucket_never_holds_more_than_its_burst():
    buckets = Buckets(Rate(burst=2, per_minute=60))
    buckets.wait_s("a", 0.0)
    assert [buckets.wait_s("a", 1e6) == 0 for _ in range(3)] == [True, True, False]


def test_a_clock_set_back_gives_no_token_and_takes_none():
    buckets = Buckets(Rate(burst=2, per_minute=60))
    assert [buckets.wait_s("a", at_s) == 0 for at_s in (100.0, 0.0, 0.0)] == [True, True, False]


def test_memory_is_bounded_however_many_keys_ask():
    buckets = Buckets(Rate(burst=5, per_minute=1), most=50)
    waits = [buckets.wait_s(str(key), 0.0) for key in range(1000)]
    assert (len(buckets), max(waits)) == (50, 0)


def test_a_key_that_is_full_again_is_forgotten():
    buckets = Buckets(Rate(burst=5, per_minute=60))
    buckets.wait_s("a", 0.0)
    buckets.wait_s("b", 6.0)
    assert len(buckets) == 1


def test_too_many_requests_get_the_time_to_wait():
    client = limited(Limits(address=Rate(2, 12)))
    assert statuses(client, 3) == [200, 200, 429]
    refused = client.get("/x")
    assert refused.headers["retry-after"] == "5"
    assert refused.json() == {"error": "too many requests from here; wait a moment", "reason": "slow_down"}


def test_the_time_to_wait_is_long_enough():
    clock = Clock()
    client = limited(Limits(address=Rate(1, 7)), clock)
    client.get("/x")
    clock.now += int(client.get("/x").headers["retry-after"])
    assert client.get("/x").status_code == 200


def test_a_class_behind_one_router_joins_within_a_second():
    client = limited()
    assert statuses(client, CLASS, "POST", "/study/api/tiny/join") == [200] * CLASS


def test_a_class_behind_one_router_loads_the_page_and_answers_without_waiting():
    buckets = Buckets(Limits().address)
    loading = [buckets.wait_s("router", 0.0) for _ in range(20 * CLASS)]
    rounds = [3.0 * number for number in range(1, 200) for _ in range(6 * CLASS)]
    answering = [buckets.wait_s("router", now_s) for now_s in rounds]
    assert {*loading, *answering} == {0.0}


def test_a_thousand_joins_from_one_address_in_per_minute_are_slowed_down():
    buckets = Buckets(Limits().joins)
    taken = [buckets.wait_s("router", 0.06 * number) == 0 for number in range(1000)]
    assert 100 <= sum(taken) <= 130


def test_who_may_not_join_any_more_still_answers():
    client = limited(Limits(joins=Rate(1, 1)))
    assert statuses(client, 2, "POST", "/study/api/tiny/join") == [200, 429]
    assert statuses(client, 5, "POST", "/study/api/tiny/answer") == [200] * 5


def test_one_session_is_slowed_down_from_whatever_address():
    clients = [limited(Limits(session=Rate(2, 1)))]
    app = clients[0].app
    clients += [TestClient(app, client=(f"198.51.100.{n}", 1)) for n in range(3)]
    taken = [client.get("/x", headers={"Authorization": "Bearer s"}).status_code for client in clients]
    assert taken == [200, 200, 429, 429]
    assert clients[0].get("/x", headers={"Authorization": "Bearer other"}).status_code == 200


def test_an_observers_own_pace_is_never_slowed_down():
    buckets = Buckets(Limits().session)
    times_s = [float(number) for number in range(3600) for _ in range(6)]
    assert {buckets.wait_s("session", now_s) for now_s in times_s} == {0.0}


def whose(entries, behind_proxy, client=("10.0.0.1", 1)):
    headers = Headers(raw=[(b"x-forwarded-for", text.encode()) for text in entries])
    return address({"client": client}, headers, behind_proxy)


@pytest.mark.parametrize(
    ("entries", "behind_proxy", "expected"),
    [
        pytest.param(["1.1.1.1"], False, "10.0.0.1", id="no proxy, so nobody's word"),
        pytest.param([], True, "10.0.0.1", id="a proxy that says nothing"),
        pytest.param(["8.8.8.8"], True, "8.8.8.8", id="the proxy's word"),
        pytest.param(["1.1.1.1, 8.8.8.8"], True, "8.8.8.8", id="the sender's own entry comes first"),
        pytest.param(["1.1.1.1", "8.8.8.8"], True, "8.8.8.8", id="or in a header of its own"),
        pytest.param(["1.1.1.1, 8.8.8.8, 10.3.2.1"], True, "8.8.8.8", id="a machine of the proxy's last"),
        pytest.param(["10.1.1.1, 10.2.2.2"], True, "10.2.2.2", id="nothing public"),
        pytest.param(["x, , <script>"], True, "<script>", id="no addresses at all"),
        pytest.param(["2a00:1:2:3:4:5:6:7"], True, "2a00:1:2:3::/64", id="a household of IPv6"),
        pytest.param(["::ffff:8.8.4.4"], True, "8.8.4.4", id="IPv4 in the clothes of IPv6"),
    ],
)
def test_an_address_is_the_proxys_word_never_the_senders(entries, behind_proxy, expected):
    assert whose(entries, behind_proxy) == expected


def test_a_header_of_the_senders_own_does_not_lift_the_limit():
    client = limited(Limits(address=Rate(2, 1)))
    taken = [client.get("/x", headers={"X-Forwarded-For": f"8.8.8.{n}"}).status_code for n in range(4)]
    assert taken == [200, 200, 429, 429]


def test_behind_a_proxy_a_forged_first_entry_does_not_lift_the_limit():
    client = limited(Limits(address=Rate(2, 1), behind_proxy=True))
    requests = [{"X-Forwarded-For": f"8.8.8.{n}, 9.9.9.9"} for n in range(4)]
    assert [client.get("/x", headers=one).status_code for one in requests] == [200, 200, 429, 429]


HOSTILE = [
    *({"X-Forwarded-For": f"8.8.8.{n}"} for n in range(4)),
    *({"X-Forwarded-For": f"8.8.8.{n}, 127.0.0.1"} for n in range(4)),
    *({"X-Forwarded-For": "127.0.0.1", "Forwarded": f"for=8.8.8.{n}"} for n in range(4)),
    *({"X-Real-IP": f"8.8.8.{n}", "X-Forwarded-Host": f"8.8.8.{n}"} for n in range(4)),
]


@pytest.fixture
def served(monkeypatch, tmp_path):
    """`served(space)` answers with the statuses of the hostile requests, from a real server."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "")
    monkeypatch.delenv("FORWARDED_ALLOW_IPS")

    def ask(space, sent):
        believe_no_header(replace(Settings.from_env(), data=tmp_path, space=space))
        app = limited(Limits(address=Rate(2, 1), behind_proxy=space)).app
        with serving(app) as address:
            return [httpx.get(f"{address}/x", headers=one, timeout=60).status_code for one in sent]

    return ask


def test_off_a_space_no_header_gives_a_stranger_a_new_address(served):
    assert served(False, HOSTILE) == [200, 200] + [429] * (len(HOSTILE) - 2)


def test_on_a_space_the_proxys_entry_is_the_address_whatever_stands_before_it(served):
    hostile = [{"X-Forwarded-For": f"8.8.8.{n}, 9.9.9.9"} for n in range(4)]
    others = [{"X-Forwarded-For": f"1.1.1.1, 9.9.8.{n}"} for n in range(4)]
    assert served(True, hostile + others) == [200, 200, 429, 429] + [200] * 4


def test_the_app_decides_whom_to_believe_before_it_opens_anything(served, monkeypatch, tmp_path):
    class Opened(Exception):
        pass

    def open_store(settings):
        raise Opened

    monkeypatch.setattr(page.safekeeping, "open_store", open_store)
    monkeypatch.setattr(page.signal, "signal", lambda *handler: None)
    with pytest.raises(Opened):
        page.serve(replace(Settings.from_env(), data=tmp_path, space=False))
    assert os.environ["FORWARDED_ALLOW_IPS"] == ""


def test_a_proxy_that_the_host_named_himself_is_still_believed(monkeypatch, tmp_path):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.0.0.1")
    believe_no_header(replace(Settings.from_env(), data=tmp_path, space=False))
    assert os.environ["FORWARDED_ALLOW_IPS"] == "10.0.0.1"


def test_no_address_and_no_session_is_kept_even_in_memory():
    client = limited(headers={"Authorization": "Bearer known-to-nobody"}, client=("203.0.113.77", 4))
    client.get("/x")
    limiter = client.app
    kept = [entry for one in (limiter.addresses, limiter.sessions) for entry in gc.get_referents(one._left)]
    assert len(kept) >= 2
    assert not [entry for entry in kept if isinstance(entry, str | bytes)]


def test_the_observers_page_slows_down_who_asks_too_often_with_all_its_headers(store, tmp_path):
    studies = {"tiny": open_tiny(store, tmp_path / "tiny")}
    app = Starlette(routes=[Mount("/study", app=build(store, studies, limits=Limits(joins=Rate(1, 1))))])
    with TestClient(app) as client:
        first, second = (client.post("/study/api/tiny/join", json={"consent_version": "1"}) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 429)
        assert second.json()["reason"] == "slow_down"
        assert second.headers["x-content-type-options"] == "nosniff"
        assert client.get("/study/api/tiny/welcome").status_code == 200
    assert store.row("SELECT count(*) AS n FROM observers")["n"] == 1


def test_a_class_joins_the_observers_page_from_one_address_with_the_usual_limits(store, tmp_path):
    studies = {"tiny": open_tiny(store, tmp_path / "tiny")}
    app = Starlette(routes=[Mount("/study", app=build(store, studies))])
    with TestClient(app) as client:
        sent = {"consent_version": "1"}
        joined = [client.post("/study/api/tiny/join", json=sent).status_code for _ in range(CLASS)]
    assert set(joined) == {201}
