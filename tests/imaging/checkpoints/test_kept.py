"""Networks stay loaded within a limit, and are loaded anew when their files change."""

import shutil

import pytest
from torch import nn

from tests.imaging.checkpoints.made import make
from uplapp.errors import BadCheckpoint
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.checkpoints.kept import Kept, bytes_of


def network(floats):
    return nn.Linear(floats, 1, bias=False)


def test_a_network_is_loaded_once_until_it_is_the_longest_unused_above_the_limit():
    kept, loaded = Kept(most_bytes=2 * 400), []

    def get(name):
        return kept.get(name, lambda: loaded.append(name) or network(100))

    first = get("a")
    assert bytes_of(first) == 400
    get("b")
    assert get("a") is first
    get("c")  # the third takes the place of b, which was not used for longest
    assert get("a") is first
    get("b")
    assert loaded == ["a", "b", "c", "b"]
    assert kept.bytes == 800


def test_one_above_the_limit_is_kept_alone():
    kept = Kept(most_bytes=10)
    big = kept.get("big", lambda: network(100))
    assert kept.get("big", lambda: pytest.fail("it was loaded again")) is big


def test_a_checkpoint_is_kept_until_its_file_is_another(tmp_path):
    card, _ = make(tmp_path)
    checkpoints = Checkpoints((tmp_path,))
    first = checkpoints.kept(card)
    assert checkpoints.kept(card) is first
    assert checkpoints.load(card) is not first
    other, _ = make(tmp_path, seed=1)
    changed = checkpoints.kept(other)
    assert changed is not first
    shutil.copy(__file__, tmp_path / f"{other.name}.safetensors")
    with pytest.raises(BadCheckpoint):
        checkpoints.kept(other)
