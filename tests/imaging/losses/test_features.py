"""Where the weights of pretrained networks come from, and what is said when they do not come."""

import hashlib

import pytest
import torch

from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.losses import features
from uplapp.imaging.losses.features import (
    OFFICIAL,
    SMALLEST_PX,
    Features,
    build_layers,
    feature_weights,
    linear_weights,
)

LPIPS_CHANNELS = {
    "alex": [64, 192, 384, 256, 256],
    "squeeze": [64, 128, 256, 384, 384, 512, 512],
    "vgg": [64, 128, 256, 512, 512],
}


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A folder that stands for the official address. Nothing is downloaded or remembered yet."""
    (tmp_path / "server").mkdir()
    monkeypatch.delenv("UPLAPP_WEIGHTS")
    monkeypatch.setattr(features, "ADDRESS", (tmp_path / "server").as_uri() + "/")
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    features._fetch.cache_clear()
    yield tmp_path / "server"
    features._fetch.cache_clear()


def put(server, monkeypatch, digest=None):
    """Offer a file under the name of AlexNet, with its own digest unless another is given."""
    torch.save({"features.0.weight": torch.ones(2), "classifier.1.weight": torch.ones(3)}, server / "file")
    own = hashlib.sha256((server / "file").read_bytes()).hexdigest()[:8]
    name = f"alexnet-owt-{digest or own}.pth"
    (server / "file").rename(server / name)
    monkeypatch.setitem(OFFICIAL, "alexnet", name)


class TestFolder:
    def test_gives_torchvisions_file_without_its_classifier(self, tmp_path):
        file = {"features.0.weight": torch.ones(2), "classifier.1.weight": torch.ones(3)}
        torch.save(file, tmp_path / OFFICIAL["vgg19"])
        assert list(feature_weights("vgg19", tmp_path)) == ["0.weight"]

    def test_gives_a_file_of_features_alone(self, tmp_path):
        torch.save({"0.weight": torch.ones(2)}, tmp_path / "squeezenet1_1_features.pth")
        assert list(feature_weights("squeezenet1_1", str(tmp_path))) == ["0.weight"]

    def test_is_the_setting_unless_told(self, tmp_path, monkeypatch):
        torch.save({"0.weight": torch.ones(2)}, tmp_path / "vgg16_features.pth")
        monkeypatch.setenv("UPLAPP_WEIGHTS", str(tmp_path))
        assert list(feature_weights("vgg16")) == ["0.weight"]

    def test_without_the_file_is_named_with_what_it_lacks(self, tmp_path):
        lacking = f"{tmp_path} holds no {OFFICIAL['alexnet']} .* nor alexnet_features.pth"
        with pytest.raises(UplappError, match=lacking):
            feature_weights("alexnet", tmp_path)

    @pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 broken"])
    def test_with_a_broken_file_is_refused(self, tmp_path, content):
        (tmp_path / "alexnet_features.pth").write_bytes(content)
        with pytest.raises(UplappError, match=r"alexnet_features.pth cannot be read as weights"):
            feature_weights("alexnet", tmp_path)

    @pytest.mark.parametrize("content", [[torch.ones(2)], {"epoch": 3}])
    def test_with_anything_but_tensors_is_refused(self, tmp_path, content):
        torch.save(content, tmp_path / "alexnet_features.pth")
        with pytest.raises(UplappError, match=r"alexnet_features.pth holds no named tensors"):
            feature_weights("alexnet", tmp_path)

    def test_with_weights_of_another_network_is_refused(self, tmp_path, random_weights):
        other = random_weights / OFFICIAL["squeezenet1_1"]
        (tmp_path / OFFICIAL["alexnet"]).write_bytes(other.read_bytes())
        with pytest.raises(UplappError, match="weights for alexnet do not fit"):
            Features("alexnet", (1,), tmp_path)


class TestDownload:
    def test_is_checked_and_kept(self, server, monkeypatch):
        put(server, monkeypatch)
        assert list(feature_weights("alexnet")) == ["0.weight"]
        (server / OFFICIAL["alexnet"]).unlink()
        features._fetch.cache_clear()
        assert list(feature_weights("alexnet")) == ["0.weight"]

    def test_tells_of_itself_on_stderr_alone(self, server, monkeypatch, capsys):
        put(server, monkeypatch)
        feature_weights("alexnet")
        said = capsys.readouterr()
        assert said.out == ""
        assert "Downloading" in said.err

    def test_with_another_hash_is_refused(self, server, monkeypatch):
        put(server, monkeypatch, digest="00000000")
        with pytest.raises(UplappError, match=r"could not be fetched \(invalid hash value"):
            feature_weights("alexnet")

    def test_that_failed_is_not_tried_again(self, server, monkeypatch):
        with pytest.raises(UplappError, match=r"could not be fetched .*; set UPLAPP_WEIGHTS to a folder"):
            feature_weights("vgg16")
        monkeypatch.setattr(
            torch.hub, "load_state_dict_from_url", lambda *_, **__: pytest.fail("tried again")
        )
        with pytest.raises(UplappError, match="could not be fetched"):
            feature_weights("vgg16")

    def test_is_not_tried_where_a_folder_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda *_, **__: pytest.fail("tried"))
        with pytest.raises(UplappError, match="holds no"):
            feature_weights("vgg16", tmp_path)


def test_an_unknown_network_lists_the_choices():
    with pytest.raises(UnknownName, match="unknown pretrained network 'vgg11'; choose one of: alexnet"):
        feature_weights("vgg11")


class TestLinearWeights:
    @pytest.mark.parametrize(("backbone", "channels"), LPIPS_CHANNELS.items())
    def test_ship_with_torchmetrics(self, backbone, channels):
        layers = linear_weights(backbone)
        assert [len(layer) for layer in layers] == channels
        assert min(layer.min() for layer in layers) >= 0

    def test_of_the_folder_come_first(self, tmp_path):
        torch.save({"lin0.model.1.weight": torch.ones(1, 2, 1, 1)}, tmp_path / "lpips_lin_v0.1_alex.pth")
        assert [layer.tolist() for layer in linear_weights("alex", tmp_path)] == [[1, 1]]

    def test_under_other_names_are_refused(self, tmp_path):
        torch.save({"lin1.weight": torch.ones(1, 2, 1, 1)}, tmp_path / "lpips_lin_v0.1_alex.pth")
        with pytest.raises(UplappError, match=r"lpips_lin_v0.1_alex.pth holds no linear weights of LPIPS"):
            linear_weights("alex", tmp_path)

    def test_say_who_ships_them(self, monkeypatch):
        monkeypatch.setattr(features, "find_spec", lambda _: None)
        with pytest.raises(UplappError, match="install torchmetrics"):
            linear_weights("alex")

    def test_of_an_unknown_backbone_are_refused(self):
        with pytest.raises(UplappError, match="no linear weights of LPIPS for 'vgg19'"):
            linear_weights("vgg19")


@pytest.mark.parametrize("network", SMALLEST_PX)
class TestFeatures:
    def last(self, network):
        return len(build_layers(network)) - 1 - network.startswith("vgg")

    def test_are_neither_trained_nor_saved(self, network):
        features = Features(network, (self.last(network),))
        assert list(features.parameters()) == []
        assert features.state_dict() == {}
        assert not any(buffer.requires_grad for buffer in features.buffers())

    def test_see_grey_as_three_equal_channels(self, network):
        grey = torch.rand(1, 1, 40, 37, generator=torch.Generator().manual_seed(0))
        features = Features(network, (0, self.last(network)))
        torch.testing.assert_close(features(grey), features(grey.expand(-1, 3, -1, -1)))

    def test_name_the_smallest_side(self, network):
        least, features = SMALLEST_PX[network], Features(network, (self.last(network),))
        assert min(features(torch.zeros(1, 3, least, least))[0].shape) > 0
        too_small = f"64x{least - 1} px is too small for {network}; each side needs {least} px or more"
        with pytest.raises(UplappError, match=too_small):
            features(torch.zeros(1, 3, least - 1, 64))

    @pytest.mark.parametrize("shape", [(1, 2, 64, 64), (3, 64, 64), (1, 1, 64, 64, 64)])
    def test_refuse_what_is_no_image(self, network, shape):
        with pytest.raises(UplappError, match=f"{network} takes images \\(B,C,H,W\\) of 1 or 3 channels"):
            Features(network, (1,))(torch.zeros(shape))

    def test_are_built_without_a_random_draw(self, network):
        before = torch.random.get_rng_state()
        Features(network, (1,))
        assert torch.equal(torch.random.get_rng_state(), before)

    def test_leave_the_image_as_it_was(self, network):
        image = torch.rand(1, 3, 33, 33, generator=torch.Generator().manual_seed(0))
        before = image.clone()
        Features(network, (self.last(network),))(image)
        assert torch.equal(image, before)

    def test_compute_in_the_precision_of_the_image(self, network):
        image = torch.rand(1, 3, 33, 33, generator=torch.Generator().manual_seed(0))
        features = Features(network, (self.last(network),))
        single, double = features(image)[0], features(image.double())[0]
        assert double.dtype == torch.float64
        torch.testing.assert_close(single.double(), double, rtol=1e-3, atol=1e-4)
