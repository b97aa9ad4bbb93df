"""Checkpoints that refine what another one restores."""

import json
from dataclasses import asdict, replace

import pytest
import torch

from tests.imaging.checkpoints.made import FACTS, make
from tests.imaging.scans import head, kspace_of
from uplapp.errors import BadCheckpoint
from uplapp.imaging.case import Case
from uplapp.imaging.checkpoints import Checkpoints, adding, build_network, write_checkpoint
from uplapp.imaging.checkpoints.card import card_of
from uplapp.imaging.evaluation.candidates import of_cards
from uplapp.imaging.evaluation.job import run_job
from uplapp.imaging.evaluation.provenance import describe_job
from uplapp.imaging.physics import Slice, Undersampling
from uplapp.imaging.recipes.spec import one_stage
from uplapp.imaging.restorers import NetworkRestorer, RefinedRestorer, unwatched

SPEC = one_stage(
    "mri", "refinement", "refinement", 1, network_options={"width": 4}, loss_options={"backbone": "squeeze"}
)


def refining(folder, base, gamma: float = 0.0):
    """A refinement checkpoint of that base, and its network."""
    torch.manual_seed(0)
    network = build_network(SPEC)
    network.gamma.data.fill_(gamma)
    return write_checkpoint(folder, SPEC, network, {}, **FACTS, base=base), network.eval()


@pytest.fixture
def pair(tmp_path):
    """The cards of a base and of what refines it, with the network of the latter, in one folder."""
    base, _ = make(tmp_path, "l2", 0, "mri")
    return base, *refining(tmp_path, {"name": base.name, "sha256": base.sha256}, 0.3)


@pytest.fixture
def case() -> Case:
    clean = torch.from_numpy(head(64, 48)).float()[None]
    return Case("head", "mri", Undersampling(acceleration=4).measure(clean), clean)


@pytest.mark.parametrize("coils", [1, 3])
def test_restores_raw_k_space_of_one_coil_and_of_several(coils, pair, tmp_path):
    picture = head(48, 40)
    part = Slice("raw", 0, (40, 36), torch.from_numpy(picture[4:44, 2:38]).float()[None])
    part = replace(part, kspace=torch.from_numpy(kspace_of(picture, coils)))
    (candidate,) = of_cards(Checkpoints((tmp_path,)), [pair[1]])
    restored = candidate.build().restore(Case("raw", "mri", Undersampling(4).measure(part)), unwatched)
    assert restored.shape == (1, 40, 36)


def test_the_provenance_names_the_base(pair, case, tmp_path):
    (candidate,) = of_cards(Checkpoints((tmp_path,)), [pair[1]])
    facts = describe_job(run_job(case, [candidate]), {})
    assert facts["results"][0]["base"] == {"name": "mri-unet-l2", "sha256": pair[0].sha256}


def test_is_added_only_where_its_base_is(pair, tmp_path):
    card, weights = (
        (tmp_path / f"{pair[1].name}{suffix}").read_bytes() for suffix in (".json", ".safetensors")
    )
    alone = Checkpoints((tmp_path / "ships", tmp_path / "models"))
    with pytest.raises(BadCheckpoint, match="add that checkpoint too"):
        adding.add(alone, card, weights, "theirs")
    make(tmp_path / "ships", "l2", 0, "mri")
    assert adding.add(alone, card, weights, "theirs").base["name"] == "mri-unet-l2"


def test_restores_by_itself_as_its_base_and_then_its_network(pair, case, tmp_path):
    base, card, network = pair
    checkpoints = Checkpoints((tmp_path,))
    (candidate,) = of_cards(checkpoints, [card])
    first = NetworkRestorer(checkpoints.load(base)).restore(case)
    with torch.no_grad():
        expected = network(first[None])[0].clamp(0, 1)
    torch.testing.assert_close(candidate.build().restore(case, unwatched), expected)
    (result,) = run_job(case, [candidate]).results
    assert result.scores["psnr"] > 0


def test_the_switch_of_consistency_is_its_bases(pair, case, tmp_path):
    checkpoints = Checkpoints((tmp_path,))
    for consistency in (True, False):
        restorer = of_cards(checkpoints, [pair[1]], consistency)[0].build()
        assert (restorer.base.consistency, restorer.consistency) == (consistency, False)


def test_measured_data_can_be_put_back_after_refining_too(pair, case, tmp_path):
    base, network = Checkpoints((tmp_path,)).load(pair[0]), pair[2]
    with_data, without = (RefinedRestorer(NetworkRestorer(base), network, on) for on in (True, False))
    assert not torch.equal(with_data.restore(case), without.restore(case))


def test_hears_of_both_halves_of_the_work(pair, case, tmp_path):
    heard = []
    (candidate,) = of_cards(Checkpoints((tmp_path,)), [pair[1]])
    candidate.build().restore(case, lambda share, text, preview: heard.append(share) or True)
    assert list(dict.fromkeys(heard)) == [0.0, 0.5, 1.0]


def test_without_its_base_it_says_which_one_to_add(pair, tmp_path):
    (tmp_path / "mri-unet-l2.json").unlink()
    (candidate,) = of_cards(Checkpoints((tmp_path,)), [pair[1]])
    with pytest.raises(BadCheckpoint, match="refines what 'mri-unet-l2' restores; add that checkpoint"):
        candidate.build()


def test_another_base_of_that_name_is_refused(pair, tmp_path):
    make(tmp_path, "l2", 0, "mri", width=8)
    (tmp_path / "mri-unet-l2.json").unlink()
    make(tmp_path, "l2", 0, "mri", width=8)
    with pytest.raises(BadCheckpoint, match="another 'mri-unet-l2' than the one here"):
        Checkpoints((tmp_path,)).base_of(pair[1])


def test_a_base_that_needs_a_base_is_refused(pair, tmp_path):
    card = pair[1]
    itself = {**asdict(card), "base": {"name": card.name, "sha256": card.sha256}}
    (tmp_path / f"{card.name}.json").write_text(json.dumps(itself))
    checkpoints = Checkpoints((tmp_path,))
    with pytest.raises(BadCheckpoint, match="fetch the one that its card describes"):
        checkpoints.base_of(checkpoints.find(card.name))


def test_a_card_names_its_base_whole_or_not_at_all(pair):
    with pytest.raises(BadCheckpoint, match="lacks the name or the sha256"):
        card_of({**asdict(pair[1]), "base": {"name": "mri-unet-l2"}})
