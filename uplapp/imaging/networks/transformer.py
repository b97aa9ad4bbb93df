"""A windowed transformer for volumes, of MONAI's blocks."""

from typing import Any

from torch import Tensor, nn

from uplapp.errors import UplappError
from uplapp.imaging.networks.layers import padded
from uplapp.imaging.networks.unet_unshuffle import shuffle

PATCH, WINDOW = 2, 4


class WindowTransformer(nn.Module):
    """Attention among the patches of a window, windows moved by half from block to block.

    From (B,C,D,H,W) in [0,1] to (B,C,D,H,W): patches of 2x2x2 become tokens of `width`, `depth` blocks of
    `heads` heads look at windows of 4x4x4 tokens, and what they make of these is added to the volume. Sides
    that are no multiple of 8 are padded by replication and cropped back. The defaults have 119,400 parameters
    on volumes of one channel. The blocks are MONAI's. Source: Liu et al. (2021), Swin Transformer.
    """

    multiple = PATCH * WINDOW

    def __init__(self, channels: int = 1, width: int = 48, depth: int = 4, heads: int = 4) -> None:
        super().__init__()
        if width % heads:
            raise UplappError(f"width is {width}; it needs a multiple of the {heads} heads")
        self.channels = channels
        # A block sees the rest of its window, 3 tokens away at most.
        self.receptive_radius = depth * (WINDOW - 1) * PATCH + PATCH
        self.enter = nn.Conv3d(channels, width, PATCH, stride=PATCH)
        self.blocks = _blocks(width, depth, heads)
        self.leave = nn.Conv3d(width, channels * PATCH**3, 1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(self, volume: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        sides = volume.shape[2:]
        whole = padded(volume, self.multiple)
        tokens = self.blocks(self.enter(whole - 0.5))
        change = shuffle(self.leave(tokens).to(volume.dtype), (PATCH,) * 3)
        return (whole + change)[..., : sides[0], : sides[1], : sides[2]]


def _blocks(width: int, depth: int, heads: int) -> nn.Module:
    """Build MONAI's layer of blocks, its tables of places left out of the weights."""
    try:
        # Two seconds, which only who uses this network waits.
        from monai.networks.nets.swin_unetr import BasicLayer
    except ImportError as error:
        raise UplappError("the network 'transformer' needs MONAI; pip install monai einops") from error
    layer: nn.Module = BasicLayer(width, depth, heads, (WINDOW,) * 3, [0.0] * depth, qkv_bias=True)
    for module in layer.modules():
        places: Any = getattr(module, "relative_position_index", None)
        if places is not None:
            module.register_buffer("relative_position_index", places, persistent=False)
    return layer
