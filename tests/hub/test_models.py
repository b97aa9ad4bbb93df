"""Networks from a Hub on this machine: found at one commit, checked, added, with faults in words."""

import json

import pytest

from tests.hub.model_hub import COMMIT, REPO
from tests.imaging.checkpoints.made import FITTING, SPEC, card
from uplapp.errors import BadCheckpoint, Cancelled, UplappError
from uplapp.hub import networks as hub_models
from uplapp.hub.client import HubError
from uplapp.imaging.checkpoints import Checkpoints, adding
from uplapp.workflows.networks import LARGEST, add_from_hub


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints((tmp_path / "ships", tmp_path / "models"))


def left(checkpoints):
    return sorted(path.name for path in checkpoints.folders[-1].glob("*"))


def fetched(hub):
    return [path.rpartition("/")[2] for _, path in hub.requests if "/resolve/" in path]


@pytest.mark.parametrize("text", [REPO, f" {REPO} ", f"https://huggingface.co/{REPO}", f"{REPO}/"])
def test_a_network_on_the_hub_is_added_with_its_commit(hub, endpoint, checkpoints, text):
    made = add_from_hub(checkpoints, text, endpoint=endpoint)
    assert checkpoints.find("theirs") == made
    assert dict(made.data) == {"hub": REPO, "revision": COMMIT}
    checkpoints.load(made)
    assert fetched(hub) == ["net.json", "net.safetensors"]
    assert all(f"/{COMMIT}/" in path for _, path in hub.requests if "/resolve/" in path)


def test_progress_is_told_in_bytes(endpoint, checkpoints):
    seen = []
    add_from_hub(checkpoints, REPO, endpoint=endpoint, watch=lambda *done: seen.append(done))
    assert seen[-1] == (len(FITTING), len(FITTING))
    assert seen == sorted(seen)


def test_a_download_that_a_person_stops_leaves_nothing(endpoint, checkpoints):
    def stop(done, total):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        add_from_hub(checkpoints, REPO, endpoint=endpoint, watch=stop)
    assert left(checkpoints) == []


@pytest.mark.parametrize(
    "text", ["net", "lab/", "/net", "a/b/c", "../x", "lab/n et", "lab/é", "", "lab/a..b", "http://lab/net"]
)
def test_what_is_no_repository_is_refused_before_anything_is_asked(hub, endpoint, text):
    with pytest.raises(UplappError, match="OWNER/NAME"):
        hub_models.find(text, LARGEST, endpoint=endpoint)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "holds no .safetensors with its card"),
        ({"net.safetensors": FITTING}, "holds no .safetensors with its card"),
        ({"net.json": b"{}", "pytorch_model.bin": b"pickle"}, "holds no .safetensors with its card"),
        ({"a/net.json": b"{}", "a/net.safetensors": FITTING}, "in its first folder"),
        ({"config.json": b"{}", "tokens.json": b"{}", "net.safetensors": FITTING}, "holds no .safetensors"),
        (
            {f"{name}.{kind}": b"{}" for name in "ab" for kind in ("json", "safetensors")},
            "choose one of its networks by its file: a, b",
        ),
    ],
)
def test_a_repository_without_one_card_and_its_weights_is_told(hub, endpoint, files, sentence):
    hub.models[REPO] = files
    with pytest.raises(HubError, match=sentence):
        hub_models.find(REPO, LARGEST, endpoint=endpoint)
    assert fetched(hub) == []


@pytest.mark.parametrize("file", ["b", "b.json", "b.safetensors"])
def test_of_several_networks_one_is_chosen(hub, endpoint, checkpoints, file):
    both = {"a.json": b"{}", "a.safetensors": b"", "b.json": card(), "b.safetensors": FITTING}
    hub.models[REPO] = both
    assert add_from_hub(checkpoints, REPO, "mine", file, endpoint=endpoint).name == "mine"


def test_a_card_of_another_name_goes_with_the_only_weights(hub, endpoint, checkpoints):
    hub.models[REPO] = {"card.json": card(), "model.safetensors": FITTING}
    assert add_from_hub(checkpoints, REPO, endpoint=endpoint).name == "theirs"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("net.safetensors", r"net.safetensors has 300.0 MB; at most 256 MB"),
        ("net.json", "net.json has 300.0 MB"),
    ],
)
def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(hub, endpoint, file, words):
    hub.claims[file] = 300_000_000
    with pytest.raises(HubError, match=words):
        hub_models.find(REPO, LARGEST, endpoint=endpoint)
    assert fetched(hub) == []


def test_a_file_longer_than_the_hub_lists_is_not_read_on(hub, endpoint, checkpoints, monkeypatch):
    monkeypatch.setattr(hub_models, "CHUNK_BYTES", 1000)
    hub.claims["net.safetensors"] = 2000
    seen = []
    with pytest.raises(HubError, match="other bytes than the Hub lists"):
        add_from_hub(checkpoints, REPO, endpoint=endpoint, watch=lambda *done: seen.append(done))
    assert max(seen) == (2000, 2000)
    assert left(checkpoints) == []


@pytest.mark.parametrize("changes", [{"spec": {**SPEC, "network": "vgg"}}, {"name": "../up"}])
def test_a_card_that_does_not_fit_spares_the_download_of_its_weights(hub, endpoint, checkpoints, changes):
    hub.models[REPO]["net.json"] = card(**changes)
    with pytest.raises(BadCheckpoint, match="the card cannot be used"):
        add_from_hub(checkpoints, REPO, endpoint=endpoint)
    assert fetched(hub) == ["net.json"]


def test_a_card_without_a_hash_is_told(hub, endpoint, checkpoints):
    values = {key: value for key, value in json.loads(card()).items() if key != "sha256"}
    hub.models[REPO]["net.json"] = json.dumps(values).encode()
    with pytest.raises(BadCheckpoint, match="lacks 'sha256'; write the hash"):
        add_from_hub(checkpoints, REPO, endpoint=endpoint)


def test_weights_that_are_not_those_of_the_card_are_refused(hub, endpoint, checkpoints):
    hub.models[REPO]["net.json"] = card(b"others")
    with pytest.raises(BadCheckpoint, match="sha256 differs"):
        add_from_hub(checkpoints, REPO, endpoint=endpoint)
    assert left(checkpoints) == []


def test_a_truncated_download_is_noticed_and_tried_again(hub, endpoint, checkpoints):
    hub.faults = [("resolve", "truncated"), ("net.safetensors", "truncated"), ("net.safetensors", "lost")]
    checkpoints.load(add_from_hub(checkpoints, REPO, endpoint=endpoint))
    assert fetched(hub) == ["net.json"] * 2 + ["net.safetensors"] * 3


def test_a_download_that_stays_truncated_is_refused_and_leaves_nothing(hub, endpoint, checkpoints):
    hub.faults = [("net.safetensors", "truncated")] * 9
    with pytest.raises(HubError, match="other bytes"):
        add_from_hub(checkpoints, REPO, endpoint=endpoint)
    assert left(checkpoints) == []


def test_a_download_has_a_time_limit(endpoint):
    offer = hub_models.find(REPO, LARGEST, endpoint=endpoint)
    times = iter([0.0, hub_models.DOWNLOAD_S + 1])
    with pytest.raises(HubError, match="took longer than 10 minutes"):
        hub_models.download(offer, offer.weights, endpoint=endpoint, clock=lambda: next(times))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "no such model"),
        (404, "no such model"),
        (403, "accept them on the Hub"),
        (429, "too many requests"),
        (500, r"has an error \(500\)"),
    ],
)
@pytest.mark.parametrize("where", ["/api/models", "/resolve/"])
def test_an_error_of_the_hub_is_told_in_words(hub, endpoint, checkpoints, where, status, words):
    hub.faults = [(where, status)] * 20
    with pytest.raises(HubError, match=f"^{REPO}: .*{words}"):
        add_from_hub(checkpoints, REPO, endpoint=endpoint)
    assert left(checkpoints) == []


def test_a_hub_that_cannot_be_reached_is_told(checkpoints):
    with pytest.raises(HubError, match=f"{REPO}: the Hub cannot be reached"):
        add_from_hub(checkpoints, REPO, endpoint="http://127.0.0.1:9")


def test_what_came_from_the_hub_can_be_removed(endpoint, checkpoints):
    add_from_hub(checkpoints, REPO, "mine", endpoint=endpoint)
    adding.remove(checkpoints, "mine")
    assert left(checkpoints) == []
