"""A stranger's network: what fits is added and used, what does not is refused and leaves nothing."""

import errno
import hashlib
import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors
import safetensors.torch
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.imaging.checkpoints.made import FITTING, SPEC, card, left, make, network, saved
from uplapp.errors import BadCheckpoint, UnknownName
from uplapp.imaging.checkpoints import adding, weights
from uplapp.imaging.checkpoints.folder import Checkpoints
from uplapp.imaging.checkpoints.weights import build_network, outline, read_shapes
from uplapp.imaging.recipes.spec import RunSpec, one_stage


def file_of(header: object, body: bytes = b"") -> bytes:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def tensor(shape=(1,), start=0, end=4, dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


@pytest.fixture
def checkpoints(tmp_path) -> Checkpoints:
    """One that ships, and an empty folder to add to."""
    make(tmp_path / "ships", "l2")
    return Checkpoints((tmp_path / "ships", tmp_path / "data" / "models"))


def test_a_network_with_the_smallest_card_is_added_and_restores(checkpoints):
    made = adding.add(checkpoints, card(), FITTING)
    assert (made.name, made.label) == ("theirs", "Charbonnier (theirs)")
    assert made.parameters == sum(p.numel() for p in network().parameters())
    assert left(checkpoints) == ["theirs.json", "theirs.safetensors"]
    assert checkpoints.cards("denoise")[-1] == checkpoints.find("theirs") == made
    image = torch.rand(1, 3, 40, 40)
    assert torch.equal(checkpoints.load(made)(image), network()(image))


def test_the_smallest_card_of_the_documentation_is_one(checkpoints, house):
    shown = (house / "docs" / "models.md").read_text().split("```json\n")[1].split("```")[0]
    values = json.loads(shown)
    content = saved(network(**values["spec"]).state_dict())
    values["sha256"] = hashlib.sha256(content).hexdigest()
    assert adding.add(checkpoints, json.dumps(values).encode(), content).label == "Charbonnier (sharp)"


def test_the_file_of_weights_is_kept_as_it_came(checkpoints):
    adding.add(checkpoints, card(), FITTING)
    assert (checkpoints.folders[-1] / "theirs.safetensors").read_bytes() == FITTING


def test_the_card_that_is_kept_claims_nothing_that_the_stranger_did_not(checkpoints):
    adding.add(checkpoints, card(data={"images": 3}), FITTING, origin={"hub": "lab/net"})
    kept = json.loads((checkpoints.folders[-1] / "theirs.json").read_text())
    assert kept["spec"] == SPEC
    assert kept["data"] == {"images": 3, "hub": "lab/net"}
    assert set(kept) == {"name", "spec", "sha256", "parameters", "data"}


def test_a_checkpoint_made_here_is_added_elsewhere_under_another_name(checkpoints, tmp_path):
    made, _ = make(tmp_path / "elsewhere", "l2", seed=3)
    files = adding.read_files(tmp_path / "elsewhere" / f"{made.name}.safetensors")
    with pytest.raises(BadCheckpoint, match="the name 'denoise-unet-l2' is taken"):
        adding.add(checkpoints, *files)
    assert adding.add(checkpoints, *files, name="denoise-unet-anna").label == "L2 (denoise-unet-anna)"


def test_what_a_loss_learned_does_not_count_as_the_networks(checkpoints):
    content = saved({**network().state_dict(), "loss.alpha": torch.ones(3)})
    made = adding.add(checkpoints, card(content), content)
    assert made.parameters == sum(p.numel() for p in network().parameters())
    checkpoints.load(made)


def test_a_hash_in_capitals_is_the_same_hash(checkpoints):
    adding.add(checkpoints, card(sha256=hashlib.sha256(FITTING).hexdigest().upper()), FITTING)
    stored = checkpoints.load(checkpoints.find("theirs")).state_dict()
    assert all(torch.equal(stored[name], value) for name, value in safetensors.torch.load(FITTING).items())


@pytest.mark.parametrize("name", ["theirs", "THEIRS", "denoise-unet-l2", "Reference", "noisy", "zero-filled"])
def test_a_name_that_is_taken_is_refused(checkpoints, name):
    adding.add(checkpoints, card(title="first"), FITTING)
    with pytest.raises(BadCheckpoint, match="is taken"):
        adding.add(checkpoints, card(title="second"), FITTING, name)
    assert left(checkpoints) == ["theirs.json", "theirs.safetensors"]


@pytest.mark.parametrize("name", ["../x", "a/b", "a.b", "-x", ".", "ä", "x" * 65, "a\n", "a b", "con:"])
def test_a_name_that_is_no_plain_file_name_is_refused(checkpoints, name):
    with pytest.raises(BadCheckpoint, match="cannot be its name"):
        adding.add(checkpoints, card(), FITTING, name)
    assert left(checkpoints) == []


def test_two_networks_of_one_task_never_look_the_same_in_a_menu(checkpoints):
    with pytest.raises(BadCheckpoint, match="'denoise-unet-l2' is shown as 'L2' too"):
        adding.add(checkpoints, card(title="L2"), FITTING)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sha256": "0" * 64}, "sha256 differs"),
        ({"spec": {**SPEC, "network": "vgg"}}, "unknown network 'vgg'; choose one of"),
        ({"spec": {**SPEC, "task": "fly"}}, "unknown task 'fly'; choose one of"),
        ({"spec": {**SPEC, "loss": ""}}, "loss '' cannot be shown"),
        ({"spec": {**SPEC, "loss": 3}}, r"stages\[0\]: loss = 3 must be a text"),
        ({"spec": {"task": "denoise", "network": "unet"}}, r"stages\[0\]: 'loss' is missing"),
        ({"spec": {**SPEC, "schedule": {"steps": -1}}}, "steps of a schedule is -1; it needs 1 or more"),
        ({"spec": {**SPEC, "network_options": {"width": 12}}}, "is 6x3x3x3, the network's is 12x3x3x3"),
        ({"spec": {**SPEC, "network_options": {"depth": 2}}}, "has no option 'depth'"),
        ({"spec": {**SPEC, "network_options": {"width": 10**9}}}, "nor a number up to 4096"),
        ({"spec": {**SPEC, "network_options": {"width": float("nan")}}}, "nor a number up to 4096"),
        ({"spec": {**SPEC, "network_options": {"width": {}}}}, "nor a number up to 4096"),
        ({"spec": {**SPEC, "network_options": {"width": 4096}}}, "more than 64 million parameters"),
        ({"spec": {**SPEC, "network_options": {"width": 0}}}, "cannot be built: "),
        ({"spec": {**SPEC, "network_options": {"width": "six"}}}, "cannot be built: TypeError"),
        ({"spec": {**SPEC, "network_options": {"width": -6}}}, "cannot be built"),
        ({"spec": {**SPEC, "network_options": {"width": 6, "channels": 2}}}, "2 channels, which the task"),
        ({"spec": {**SPEC, "task": "mri"}}, "tensor 'network.bottleneck.bias' is missing, and"),
        ({"more": 1}, "unknown key 'more'"),
        ({"title": "a|b"}, "cannot be shown"),
    ],
)
def test_a_card_that_does_not_fit_is_refused_in_one_line_and_leaves_nothing(checkpoints, changes, sentence):
    with pytest.raises(BadCheckpoint, match=sentence) as caught:
        adding.add(checkpoints, card(**changes), FITTING)
    assert "\n" not in str(caught.value)
    assert left(checkpoints) == []


def test_a_card_without_a_hash_gets_that_of_the_weights(checkpoints):
    values = json.loads(card())
    actual = values.pop("sha256")
    assert adding.add(checkpoints, json.dumps(values).encode(), FITTING).sha256 == actual


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod.", "generator.net."])
def test_the_name_of_a_wrapper_is_taken_off_and_said(checkpoints, wrapper):
    wrapped = saved({f"{wrapper}{name}": one for name, one in network().state_dict().items()})
    values = {**json.loads(card()), "sha256": hashlib.sha256(wrapped).hexdigest()}
    made = adding.add(checkpoints, json.dumps(values).encode(), wrapped)
    assert adding.notes(made) == [f"'{wrapper}' was taken off the names of its tensors"]
    image = torch.rand(1, 3, 40, 40)
    assert torch.equal(checkpoints.load(made)(image), network()(image))


def test_names_of_which_only_some_have_a_wrapper_are_told_beside_those_that_are_wanted(checkpoints):
    tensors = network().state_dict()
    first, *others = tensors
    mixed = saved({f"module.{first}": tensors[first], **{name: tensors[name] for name in others}})
    values = {**json.loads(card()), "sha256": hashlib.sha256(mixed).hexdigest()}
    with pytest.raises(BadCheckpoint, match=f"'{first}' is missing; found instead: 'module.{first}'"):
        adding.add(checkpoints, json.dumps(values).encode(), mixed)
    assert left(checkpoints) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("net.onnx", "is an ONNX graph"),
        ("net.pt", "is a pickle, which can run code"),
        ("a.txt", "is no .saf"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(BadCheckpoint, match=words):
        adding.read_files(tmp_path / name)


@pytest.mark.parametrize("key", adding.OF_LIBRARIES)
def test_the_configuration_of_another_library_is_called_that(checkpoints, key):
    with pytest.raises(BadCheckpoint, match=f"another library.*'{key}'"):
        adding.add(checkpoints, json.dumps({key: "Net", "name": "x"}).encode(), FITTING)


@pytest.mark.parametrize("content", [b"", b"null", b"{" * 9999, b"\x80\x04K\x01.", b" " * 256_001])
def test_a_file_that_is_no_card_is_refused(checkpoints, content):
    with pytest.raises(BadCheckpoint, match="the card cannot be used: it is"):
        adding.add(checkpoints, content, FITTING)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(checkpoints, value):
    tensors = network().state_dict()
    tensors["enter.bias"][0] = value
    with pytest.raises(BadCheckpoint, match=r"NaN or infinite values, in tensor 'enter\.bias'"):
        adding.add(checkpoints, card(content := saved(tensors)), content)
    assert left(checkpoints) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.pop("enter.weight"), "tensor 'enter.weight' is missing"),
        (lambda t: t.update(stranger=torch.zeros(2)), "the network has no tensor 'stranger'"),
        (lambda t: t.update({"enter.bias": torch.zeros(7)}), "'enter.bias' is 7, the network's is 6"),
        (lambda t: t.update({"enter.bias": torch.zeros(6).double()}), "of type 'F64'; F32, F16, BF16 are"),
        (lambda t: t.update({"enter.bias": torch.zeros(6).int()}), "of type 'I32'; F32, F16, BF16 are"),
    ],
)
def test_weights_of_another_network_are_refused(checkpoints, change, sentence):
    tensors = network().state_dict()
    change(tensors)
    with pytest.raises(BadCheckpoint, match=sentence):
        adding.add(checkpoints, card(content := saved(tensors)), content)
    assert left(checkpoints) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a pickle in a zip",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 10) + b"{}",
        struct.pack("<Q", 2) + b"{",
        file_of(b"{" * 100_000),
        file_of(b"\xff\xff\xff"),
        file_of([]),
        file_of({"a": 3}),
        file_of(b'{"a": {}, "a": {}}'),
        file_of({"a": {}}),
        file_of({"a": tensor(dtype="U8", end=1)}, b"1"),
        file_of({"a": tensor(dtype=["F32"])}, b"1234"),
        file_of({"a": tensor(shape=(-1, -1))}, b"1234"),
        file_of({"a": tensor(shape=(2.0,), end=8)}, b"12345678"),
        file_of({"a": tensor(shape=(True,))}, b"1234"),
        file_of({"a": tensor(shape=(2**40, 2**40), end=2**82)}),
        file_of({"a": tensor(shape=(1,) * 9)}, b"1234"),
        file_of({"a": tensor(start=4, end=8)}, b"12345678"),
        file_of({"a": tensor(), "b": tensor()}, b"1234"),
        file_of({"a": tensor(), "b": tensor(start=8, end=12)}, b"123456789012"),
        file_of({"a": tensor()}, b"12345"),
        file_of({"a": tensor()}, b"123"),
        file_of({"a": tensor(end=0, start=4)}, b"1234"),
    ],
)
def test_a_header_that_lies_is_refused(content):
    with pytest.raises(BadCheckpoint):
        read_shapes(content)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(monkeypatch, tmp_path):
    with (tmp_path / "big.safetensors").open("wb") as file:
        file.truncate(weights.MAX_BYTES + 1)
    (tmp_path / "big.json").write_bytes(card())
    monkeypatch.setattr(Path, "read_bytes", lambda path: card() if path.suffix == ".json" else None)
    with pytest.raises(BadCheckpoint, match=r"big\.safetensors has 256\.0 MB; at most 256 MB are read"):
        adding.read_files(tmp_path / "big.safetensors")


@example(changes=[], cut=0)
@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3), st.integers(0, 60))
def test_what_is_accepted_of_a_damaged_file_is_what_the_library_reads(changes, cut):
    whole = file_of({"a": tensor((2,), 0, 8), "b": tensor((2, 1), 8, 12, "F16")}, bytes(12))
    content = bytearray(whole)
    for place, value in changes:
        content[place % len(content)] = value
    damaged = bytes(content[: len(content) - cut])
    try:
        shapes = read_shapes(damaged)
    except BadCheckpoint:
        assert damaged != whole
        return
    assert shapes == {name: tuple(value.shape) for name, value in safetensors.torch.load(damaged).items()}


@pytest.mark.parametrize("task", ["denoise", "mri"])
def test_the_outline_of_a_network_is_that_of_the_network(task):
    spec = RunSpec.from_json({**SPEC, "task": task})
    assert outline(spec) == {name: tuple(t.shape) for name, t in build_network(spec).state_dict().items()}


def test_a_network_is_outlined_without_loading_a_compiler(house):
    code = (
        "import sys; from uplapp.imaging.checkpoints.weights import outline;"
        "from uplapp.imaging.recipes.spec import one_stage;"
        "outline(one_stage('mri', 'unet', 'l2')); print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=house, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("at", [1, 2])
def test_a_full_disk_leaves_nothing(checkpoints, monkeypatch, at):
    writes = []
    honest = Path.write_bytes

    def full(path, data):
        writes.append(path)
        if len(writes) == at:
            honest(path, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return honest(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(BadCheckpoint, match="'theirs' cannot be written: No space left"):
        adding.add(checkpoints, card(), FITTING)
    assert left(checkpoints) == []


def test_a_crash_between_weights_and_card_leaves_no_checkpoint_and_can_be_repeated(checkpoints):
    home = checkpoints.folders[-1]
    home.mkdir(parents=True)
    (home / "theirs.safetensors").write_bytes(b"from before the crash")
    (home / "theirs.json.partial").write_bytes(b"{")
    assert [one.name for one in checkpoints.cards()] == ["denoise-unet-l2"]
    checkpoints.load(adding.add(checkpoints, card(), FITTING))
    assert left(checkpoints) == ["theirs.json", "theirs.json.partial", "theirs.safetensors"]


def test_a_card_of_stages_is_added(checkpoints):
    spec = one_stage("denoise", "unet", "Charbonnier", network_options={"width": 6}).to_json()
    made = adding.add(checkpoints, card(spec=spec), FITTING)
    assert (made.label, made.recipe.last.loss) == ("Charbonnier (theirs)", "Charbonnier")


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({**SPEC, "start": 3}, "its spec is invalid"),
        ({**SPEC, "start": {"loss": 3}}, r"stages\[0\]: loss = 3 must be a text"),
        ({**SPEC, "schedule": {"steps": "many"}}, r"schedule: steps = 'many' must be a whole number"),
        ({**SPEC, "schedule": {"steps": 0}}, "steps of a schedule is 0; it needs 1 or more"),
        ({"task": "denoise", "network": "unet", "stages": []}, "a run has no stage"),
        ({"task": "denoise", "network": "unet", "stages": 3}, "stages = 3 must be a list"),
        ({"task": "denoise", "network": "unet"}, "'loss' is missing"),
        ("unet", "its spec is invalid"),
        ([SPEC], "its spec is invalid"),
        (None, "it lacks 'spec'"),
    ],
)
def test_a_recipe_that_cannot_be_read_is_refused_in_a_sentence(checkpoints, spec, sentence):
    with pytest.raises(BadCheckpoint, match=sentence) as caught:
        adding.add(checkpoints, card(spec=spec), FITTING)
    assert "\n" not in str(caught.value)
    assert left(checkpoints) == []


def test_a_network_that_was_added_can_be_removed_even_if_it_is_damaged(checkpoints):
    adding.add(checkpoints, card(), FITTING)
    (checkpoints.folders[-1] / "theirs.json").write_text("{")
    assert adding.added(checkpoints) == ["theirs"]
    adding.remove(checkpoints, "theirs")
    assert left(checkpoints) == []


def test_what_ships_is_never_removed_nor_what_lies_elsewhere(checkpoints, tmp_path):
    (tmp_path / "data" / "secret.json").parent.mkdir()
    (tmp_path / "data" / "secret.json").write_text("{}")
    with pytest.raises(BadCheckpoint, match="ships with uplapp"):
        adding.remove(checkpoints, "denoise-unet-l2")
    with pytest.raises(UnknownName, match="there is none to choose"):
        adding.remove(checkpoints, "../secret")
    assert (tmp_path / "data" / "secret.json").exists()


@pytest.mark.parametrize("name", ["net.pt", "net.bin", "net.safetensors"])
def test_a_file_that_is_not_there_or_is_a_pickle_is_told(tmp_path, name):
    with pytest.raises(BadCheckpoint, match="a pickle" if "safe" not in name else "net.json cannot be read"):
        adding.read_files(tmp_path / name)


@pytest.mark.parametrize("first", ["", "model."])
def test_of_a_network_that_is_there_twice_none_is_taken(checkpoints, first):
    tensors = network().state_dict()
    averaged = {f"ema.{name}": 1 + one for name, one in tensors.items()}
    both = saved({first + name: one for name, one in tensors.items()} | averaged)
    values = {**json.loads(card()), "sha256": hashlib.sha256(both).hexdigest()}
    with pytest.raises(BadCheckpoint, match=r"holds the network 2 times, under .*'ema\.'"):
        adding.add(checkpoints, json.dumps(values).encode(), both)
    assert left(checkpoints) == []


def test_weights_without_a_card_show_one_that_is_read(checkpoints, tmp_path):
    (tmp_path / "own.safetensors").write_bytes(FITTING)
    with pytest.raises(BadCheckpoint, match=r"has no card own\.json beside it; (.*) is one$") as caught:
        adding.read_files(tmp_path / "own.safetensors")
    shown = str(caught.value).partition("; ")[2].removesuffix(" is one")
    hashed = json.dumps({**json.loads(shown), "sha256": "0" * 64}).encode()
    assert adding.describe(checkpoints, hashed).name == "mine"
